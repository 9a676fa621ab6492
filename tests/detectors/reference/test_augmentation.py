"""Training samples and their account of what was looked for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.reference.augmentation import CELL_PX, Easel, LoadedPicture, draw_long_side

SIDE = 128


def picture(classes: list[int], boxes: list[list[float]], verified: set[int]) -> LoadedPicture:
    """A 100 x 80 grey picture."""
    return LoadedPicture(
        image_bgr=np.full((80, 100, 3), 130, np.uint8),
        class_id=np.array(classes, np.int64),
        xyxy_share=np.array(boxes, float).reshape(-1, 4),
        verified=frozenset(verified),
    )


def test_unverified_classes_are_masked_where_the_picture_lies() -> None:
    """Inside the picture only the verified class is looked for; the border holds nothing for sure."""
    easel = Easel(SIDE, np.random.default_rng(0))
    easel.place(picture([1], [[0.2, 0.2, 0.8, 0.8]], {1}), (0, 0, SIDE, SIDE), 64.0)
    looked_for = easel.finish().looked_for
    assert looked_for[1].all()
    hidden = SIDE * SIDE // CELL_PX**2 - looked_for[2].sum()
    assert (64 * 51) / CELL_PX**2 <= hidden <= (9 * 8) + 9


def test_a_mosaic_keeps_each_part_to_itself() -> None:
    """Two pictures verified for different classes mask different halves."""
    easel = Easel(SIDE, np.random.default_rng(1))
    easel.place(picture([], [], {0}), (0, 0, 64, SIDE), 1000.0)
    easel.place(picture([], [], {2}), (64, 0, SIDE, SIDE), 1000.0)
    looked_for = easel.finish().looked_for
    left, right = looked_for[:, :, :8], looked_for[:, :, 8:]
    assert {(int(h[0].min()), int(h[2].min()), int(h[0].max()), int(h[2].max())) for h in (left, right)} == {
        (1, 0, 1, 0),
        (0, 1, 0, 1),
    }


def test_a_labelled_plume_is_not_the_other_plume() -> None:
    """Where fumes are labelled, dust counts as looked for although the picture was not verified for it."""
    easel = Easel(SIDE, np.random.default_rng(2))
    easel.place(picture([3], [[0.0, 0.0, 1.0, 1.0]], {3}), (0, 0, SIDE, SIDE), 128.0)
    looked_for = easel.finish().looked_for
    assert looked_for[0].all()
    assert not looked_for[1].all()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(40, 600))
def test_boxes_stay_inside_and_remains_are_unjudged(seed: int, long_side: float) -> None:
    """Kept boxes lie on the canvas; if a box is cut away but for a rest, that rest is not called background."""
    rng = np.random.default_rng(seed)
    corner = rng.uniform(0, 0.7, 2)
    box = [*corner, *(corner + rng.uniform(0.1, 0.3, 2))]
    easel = Easel(SIDE, rng)
    easel.place(picture([1], [box], {0, 1, 2, 3}), (0, 0, SIDE, SIDE), long_side)
    sample = easel.finish()
    assert sample.image_bgr.shape == (SIDE, SIDE, 3)
    assert (sample.xyxy_px >= 0).all()
    assert (sample.xyxy_px <= SIDE).all()
    assert (sample.xyxy_px[:, 2:] > sample.xyxy_px[:, :2]).all()
    assert sample.looked_for[[0, 2, 3]].all()
    if len(sample.class_id):
        assert sample.looked_for[1].all()


def test_pixels_and_boxes_move_together() -> None:
    """A bright patch stays under its box through scale, crop and mirror."""
    rng = np.random.default_rng(7)
    source = picture([2], [[0.3, 0.25, 0.6, 0.75]], {0, 1, 2, 3})
    image = np.zeros((80, 100, 3), np.uint8)
    image[20:60, 30:60] = 255
    bright = LoadedPicture(
        image_bgr=image, class_id=source.class_id, xyxy_share=source.xyxy_share, verified=source.verified
    )
    for _ in range(20):
        easel = Easel(SIDE, rng)
        easel.place(bright, (0, 0, SIDE, SIDE), float(rng.uniform(60, 300)))
        sample = easel.finish()
        for left, top, right, bottom in sample.xyxy_px.round().astype(int):
            inside = sample.image_bgr[top + 3 : bottom - 3, left + 3 : right - 3]
            assert inside.size == 0 or inside.mean() > 120


def test_scales_are_drawn_within_the_range() -> None:
    """The longer side stays between its bounds."""
    rng = np.random.default_rng(9)
    drawn = [draw_long_side(rng, 100.0, 400.0) for _ in range(200)]
    assert 100 <= min(drawn) < max(drawn) <= 400
    assert np.median(drawn) == pytest.approx(200, rel=0.2)
