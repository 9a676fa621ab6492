"""What is drawn into training pictures."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.reference.augmentation import CELL_PX, Easel, LoadedPicture
from detectors.reference.synthesis import FAINTEST_ALPHA, Synthesis, draw_board, draw_plume, with_cloud


def street(classes: list[int], boxes: list[list[float]]) -> LoadedPicture:
    """A 320 x 240 picture of noise in which only cones were looked for."""
    pixels = np.random.default_rng(5).integers(90, 150, (240, 320, 3)).astype(np.uint8)
    share = np.array(boxes, float).reshape(-1, 4)
    return LoadedPicture(
        image_bgr=pixels, class_id=np.array(classes, np.int64), xyxy_share=share, verified=frozenset({1})
    )


@pytest.fixture(scope="module")
def synthesis() -> Synthesis:
    """Made from one street and one labelled sign."""
    return Synthesis([street([1], [[0.1, 0.6, 0.2, 0.8]]), street([2], [[0.1, 0.1, 0.6, 0.6]])], seed=3)


@pytest.mark.parametrize("seed", range(12))
def test_pixels_change_only_where_a_sign_or_its_pole_stands(synthesis: Synthesis, seed: int) -> None:
    """A drawn board is labelled within the picture, away from the cone, and what it was drawn on is left as it was."""
    ground = street([1], [[0.1, 0.6, 0.2, 0.8]])
    before = ground.image_bgr.copy()
    drawn = synthesis.with_signs(ground, np.random.default_rng(seed))
    added = drawn.xyxy_share[1:]
    assert (drawn.class_id[1:] == 2).all()
    assert (added >= 0).all()
    assert (added <= 1).all()
    assert (ground.image_bgr == before).all()
    for left, top, right, bottom in (added * (320, 240, 320, 240)).round().astype(int).tolist():
        assert (drawn.image_bgr[top:bottom, left:right] != before[top:bottom, left:right]).any()


@pytest.mark.parametrize("seed", range(12))
def test_a_plume_is_boxed_where_it_is_seen(synthesis: Synthesis, seed: int) -> None:
    """Nearly all the change lies in the box; the rest is fainter than the limit."""
    ground = street([], [])
    drawn = synthesis.with_plume(ground, np.random.default_rng(seed))
    change = np.abs(drawn.image_bgr.astype(int) - ground.image_bgr).max(axis=2)
    for left, top, right, bottom in np.round(drawn.xyxy_share * (320, 240, 320, 240)).astype(int).tolist():
        assert change[top:bottom, left:right].max() > 0
        change[top:bottom, left:right] = 0
    assert change.max() <= 255 * FAINTEST_ALPHA


def test_the_same_seed_draws_the_same() -> None:
    """Boards and plumes depend on the random numbers alone."""
    once, twice = np.random.default_rng(8), np.random.default_rng(8)
    assert np.array_equal(draw_board(street([], []), once), draw_board(street([], []), twice))
    assert np.array_equal(draw_plume(once, rises=True), draw_plume(twice, rises=True))


def test_a_drawn_class_is_judged_round_its_box_only() -> None:
    """In a picture where signs were not looked for, they are judged at the drawn sign and nowhere far from it."""
    easel = Easel(128, np.random.default_rng(0))
    easel.place(street([2], [[0.4, 0.4, 0.6, 0.6]]), (0, 0, 128, 128), 128.0)
    judged = easel.finish().looked_for[2]
    side = 128 // CELL_PX
    assert judged[side // 2, side // 2]
    assert not judged[side // 2, 0]
    assert not judged[side // 2, -1]


@pytest.mark.parametrize("seed", range(4))
def test_cloud_whitens_the_picture_and_is_no_finding(seed: int) -> None:
    """A bank of cloud makes the picture lighter and labels nothing."""
    ground = street([], [])
    drawn = with_cloud(ground, np.random.default_rng(seed))
    assert drawn.image_bgr.mean() > ground.image_bgr.mean()
    assert len(drawn.xyxy_share) == 0
