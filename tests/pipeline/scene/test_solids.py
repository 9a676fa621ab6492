"""Solids face outwards."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.scene.props import car, cone, excavator, hoarding, standing_banner
from pipeline.scene.solids import Face, beam, box

RNG = np.random.default_rng(0)
BODIES = {
    "box": box((3.0, 2.0), (4.0, 2.0, 1.5), 30.0, (1, 1, 1)),
    "beam": beam(np.array([0.0, 0.0, 1.0]), np.array([3.0, 1.0, 4.0]), 0.3, (1, 1, 1)),
    "upright beam": beam(np.array([0.0, 0.0, 0.0]), np.array([0.0, 0.0, 4.0]), 0.3, (1, 1, 1)),
}


@pytest.mark.parametrize("faces", BODIES.values(), ids=BODIES.keys())
def test_every_face_of_a_convex_body_looks_away_from_its_middle(faces: list[Face]) -> None:
    """A face's normal points from the body's middle to the face."""
    middle = np.concatenate([f.corners_m for f in faces]).mean(axis=0)
    for face in faces:
        assert np.linalg.norm(face.normal) == pytest.approx(1)
        assert (face.corners_m.mean(axis=0) - middle) @ face.normal > 0


@pytest.mark.parametrize(
    ("solid", "height_m"),
    [
        (cone((0.0, 0.0), "c"), 0.9),
        (car(RNG, (0.0, 0.0), 30.0), 1.45),
        (standing_banner(RNG, (0.0, 0.0), 30.0, "s"), 1.7),
        (hoarding((0.0, 0.0), (9.0, 0.0), (1, 1, 1))[0], 2.0),
        (excavator((0.0, 0.0), 30.0), 4.4),
    ],
    ids=["cone", "car", "banner", "hoarding", "excavator"],
)
def test_things_stand_on_the_ground_at_their_own_height(solid: object, height_m: float) -> None:
    """Nothing sinks into the ground, and everything is as high as it should be."""
    heights = solid.vertices_m[:, 2]  # type: ignore[attr-defined]  # a Solid, kept loose for the table
    assert heights.min() >= -0.05
    assert heights.max() == pytest.approx(height_m, abs=0.2)
