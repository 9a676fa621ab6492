"""Points found in two pictures of one scene, and numbered over several pictures."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from geofences.attitude import Attitude
from geofences.local_frame import LocalFrame
from geofences.pose import Pose
from geofences.position import Geodetic
from pipeline.geotag.calibration import headings_of, turned_pose
from pipeline.geotag.tie_points import Pair, match_pictures, near_pairs, ties_of


def _texture() -> np.ndarray:
    """A ground full of corners, 900 px square."""
    rng = np.random.default_rng(8)
    ground = cv2.resize(rng.integers(0, 255, (90, 90, 3)).astype(np.uint8), (900, 900), interpolation=cv2.INTER_CUBIC)
    return np.asarray(ground)


@pytest.mark.parametrize("turn_deg", [0, 180])
def test_a_shifted_and_turned_picture_is_matched_to_a_pixel(turn_deg: int) -> None:
    """Every point kept is where the shift and turn put it; a picture of something else shares none."""
    ground = _texture()
    move = cv2.getRotationMatrix2D((300.0, 200.0), turn_deg, 1.0)
    first = np.ascontiguousarray(ground[100:500, 100:700])
    second = cv2.warpAffine(first, move, (600, 400))
    noise = np.random.default_rng(1).integers(0, 255, (400, 600, 3)).astype(np.uint8)
    (pair,) = match_pictures([first, second, noise], [(0, 1), (0, 2)])
    expected = pair.first_px @ move[:, :2].T + move[:, 2]
    assert len(pair.first_px) > 50
    assert np.median(np.linalg.norm(pair.second_px - expected, axis=1)) < 0.5


def _pair(first: int, second: int, *features: tuple[int, int]) -> Pair:
    at = np.array(features, dtype=np.int64).reshape(-1, 2)
    return Pair(
        first=first, second=second, features=at, first_px=at[:, :1] + [0.0, first], second_px=at[:, 1:] + [0.0, second]
    )


def test_a_point_keeps_its_number_through_pictures_and_a_contradicted_one_is_left_out() -> None:
    """Feature 1 of three pictures is one point; feature 5 of the first matches two places of the third: no point."""
    ties = ties_of([_pair(0, 1, (1, 1), (5, 7)), _pair(1, 2, (1, 1), (7, 8)), _pair(0, 2, (5, 9))])
    assert sorted(ties.picture.tolist()) == [0, 1, 2]
    assert set(ties.point.tolist()) == {0}
    assert ties.surveyed_enu_m.shape == (1, 3)


def test_neighbours_are_the_nearest() -> None:
    """Each picture with the one next to it, no pair twice."""
    eyes_m = np.array([[0.0, 0.0], [1.0, 0.0], [5.0, 0.0], [5.5, 0.0]])
    assert near_pairs(eyes_m, neighbours=1) == [(0, 1), (2, 3)]


def test_pictures_of_one_heading_go_together_over_all_lines() -> None:
    """Two lines of opposite heading, then a second flight that looks the way of the second line."""
    frame = LocalFrame(origin=Geodetic(lat_deg=30.0, lon_deg=120.0))
    stated = [(0, 10.0), (5, 12.0), (20, -170.0), (25, -172.0), (2000, -171.0)]
    poses = [
        turned_pose(
            Pose(
                at_s=float(at_s),
                position=frame.origin,
                body=Attitude(yaw_deg=0.0, pitch_deg=0.0),
                gimbal=Attitude(yaw_deg=yaw_deg - 90, pitch_deg=-90.0),
            ),
            90,
        )
        for at_s, yaw_deg in stated
    ]
    ways, headings = headings_of(poses)
    assert ways == (0, 0, 1, 1, 1)
    assert len(headings) == 2
