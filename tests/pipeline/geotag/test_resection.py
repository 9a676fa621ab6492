"""Placing a fixed camera by point pairs: right within its sigmas, or refused by name."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from geofences.attitude import Attitude, attitude_from_enu_cam, enu_from_cam
from geofences.camera import Camera
from geofences.ellipse import CHI2_95
from geofences.local_frame import LocalFrame
from geofences.location import locate
from geofences.pose import Pose, PoseSigmas
from geofences.position import Geodetic
from geofences.projection import project
from pipeline.geotag.resection import Pairs, PoorPairs, resect
from pipeline.sources.camera_file import Correlated

FRAME = LocalFrame(origin=Geodetic(lat_deg=30.3, lon_deg=120.1, alt_ellipsoid_m=15.0))
EYE_M = np.array([3.0, -2.0, 6.5])
LOOK = Attitude(yaw_deg=40.0, pitch_deg=-21.0, roll_deg=1.0)
CAMERA = Camera(
    size_px=(1280, 720),
    k=np.array([[985.0, 0, 639.5], [0, 985.0, 359.5], [0, 0, 1]]),
    distortion=np.array([-0.08, 0.01, 0, 0, 0]),
)
# Where in the picture the points are looked for, and their heights.
SPOTS_PX = [
    (120, 640),
    (1180, 650),
    (640, 420),
    (210, 250),
    (1120, 270),
    (650, 660),
    (420, 500),
    (930, 480),
    (300, 380),
]
HEIGHTS_M = [0, 0, 0, 3.0, 2.0, 0, 1.0, 0, 0]


def pairs_at(count: int, *, flat: bool = False, seed: int = 1, spots: list[tuple[int, int]] = SPOTS_PX) -> Pairs:
    """Points seen at the first so many spots, surveyed to 3 cm and marked to 1.5 px."""
    rng = np.random.default_rng(seed)
    rays = (np.array(spots[:count]) - CAMERA.k[:2, 2]) / 985.0
    rays = np.column_stack((rays, np.ones(len(rays)))) @ enu_from_cam(LOOK).T
    heights = np.zeros(count) if flat else np.array(HEIGHTS_M[:count], dtype=np.float64)
    enu_m = EYE_M + rays * ((heights - EYE_M[2]) / rays[:, 2])[:, None]
    pose = Pose(at_s=0.0, position=FRAME.geodetic_from_enu(EYE_M), body=LOOK, gimbal=LOOK)
    xy_px = project(CAMERA, FRAME, pose, enu_m).xy_px + rng.normal(0, 1.5, (count, 2))
    return Pairs(enu_m=enu_m + rng.normal(0, 0.03, enu_m.shape), xy_px=xy_px, sigma_px=1.5, sigma_m=0.03)


@pytest.mark.parametrize(
    ("count", "flat", "known"), [(4, True, True), (5, False, True), (6, False, False), (8, True, False)]
)
@pytest.mark.parametrize("seed", [1, 2])
def test_the_camera_is_where_it_stands(count: int, flat: bool, known: bool, seed: int) -> None:  # noqa: FBT001
    """Place, attitude and focal length within four of the sigmas stated, and these are small."""
    found = resect(CAMERA, pairs_at(count, flat=flat, seed=seed), focal_known=known)
    look = attitude_from_enu_cam(found.enu_from_cam)
    turned = np.array([look.yaw_deg - 40.0, look.pitch_deg + 21.0, look.roll_deg - 1.0])
    assert np.abs(found.eye_m - EYE_M).max() < 4 * found.sigma_m < 2.4
    assert np.abs(turned).max() < 4 * found.sigma_deg < 2.4
    assert abs(found.camera.focal_px / 985.0 - 1) <= 4 * found.camera.focal_sigma_share < 0.2
    assert found.left_out is None


@pytest.mark.parametrize(("share", "tries"), [(0.0, 60), (0.03, 60), (None, 15)])
def test_the_ellipse_of_what_a_placed_camera_locates_holds_it(share: float | None, tries: int) -> None:
    """In about 95 of 100 resections, through the camera file's rounding; a lens stated, badly stated, and found."""
    feet_m = np.array([[10.0, 8.0, 0.0], [4.0, 14.0, 0.0], [20.0, 12.0, 0.0]])
    truth = Pose(at_s=0.0, position=FRAME.geodetic_from_enu(EYE_M), body=LOOK, gimbal=LOOK)
    exact = PoseSigmas(horizontal_m=0, vertical_m=0, yaw_deg=0, tilt_deg=0, time_s=0)
    rng, shown_px, squares = np.random.default_rng(11), project(CAMERA, FRAME, truth, feet_m).xy_px, []
    for seed in range(tries):
        k = CAMERA.k * (1 + (share or 0.0) * rng.normal())
        k[:, 2] = CAMERA.k[:, 2]
        camera = replace(CAMERA, k=k, focal_sigma_share=share or 0.0)
        found = resect(camera, pairs_at(8, seed=100 + seed), focal_known=share is not None)
        look, joint = attitude_from_enu_cam(found.enu_from_cam), Correlated.of([found.joint])[0].joint()
        place = FRAME.geodetic_from_enu(found.eye_m)
        pose = Pose(at_s=0.0, position=place, body=look, gimbal=look, sigmas=exact, joint=joint)
        for foot_m, xy_px in zip(feet_m, shown_px + rng.normal(0, 2, shown_px.shape), strict=True):
            fix = locate(found.camera, FRAME, pose, xy_px, ground_alt_ellipsoid_m=15.0, ground_sigma_m=0.0)
            miss_m = fix.enu_m[:2] - foot_m[:2]
            squares.append(miss_m @ np.linalg.inv(fix.ellipse.covariance_m2) @ miss_m)
    assert np.mean(np.array(squares) <= CHI2_95) > 0.89
    assert np.mean(squares) == pytest.approx(2.0, abs=0.8)


@pytest.mark.parametrize("wrong", [0, 3, 7])
def test_one_wrong_pair_is_found_and_left_out(wrong: int) -> None:
    """Marked 40 px aside, it is named and the camera is placed by the others."""
    pairs = pairs_at(9)
    pairs.xy_px[wrong] += (40, -30)
    found = resect(CAMERA, pairs, focal_known=True)
    assert found.left_out == wrong
    assert np.abs(found.eye_m - EYE_M).max() < 4 * found.sigma_m


def test_where_one_wrong_pair_cannot_be_told_all_are_refused() -> None:
    """Of five pairs any four agree."""
    pairs = pairs_at(5)
    pairs.xy_px[3] += (60, 0)
    with pytest.raises(PoorPairs, match="contradict each other") as caught:
        resect(CAMERA, pairs, focal_known=True)
    assert caught.value.pair is not None


def test_what_cannot_place_a_camera_is_refused() -> None:
    """Too few, in one line, in one corner, seen from below, marked hardly at all: each for its reason."""
    with pytest.raises(PoorPairs, match="3 pairs are too few: 4"):
        resect(CAMERA, pairs_at(3), focal_known=True)
    with pytest.raises(PoorPairs, match="5 pairs are too few: 6 are needed without hfov_deg"):
        resect(CAMERA, pairs_at(5), focal_known=False)
    line = [(100, 400), (400, 402), (700, 399), (1000, 401), (1200, 400)]
    with pytest.raises(PoorPairs, match="nearly in one line"):
        resect(CAMERA, pairs_at(5, flat=True, spots=line), focal_known=True)
    corner = [(100, 400), (250, 420), (120, 600), (300, 560), (200, 500), (240, 640)]
    with pytest.raises(PoorPairs, match=r"span \d+% by \d+% of the picture"):
        resect(CAMERA, pairs_at(6, flat=True, spots=corner), focal_known=False)
    sunk = pairs_at(4, flat=True)
    mirrored = Pairs(
        enu_m=sunk.enu_m * (1, 1, -1), xy_px=sunk.xy_px[:, :] * (1, -1) + (0, 720), sigma_px=3, sigma_m=0.1
    )
    with pytest.raises(PoorPairs, match="below the lowest pair"):
        resect(CAMERA, mirrored, focal_known=True)
    vague = pairs_at(4, flat=True)
    with pytest.raises(PoorPairs, match="known to"):
        resect(CAMERA, Pairs(enu_m=vague.enu_m, xy_px=vague.xy_px, sigma_px=60, sigma_m=0.5), focal_known=True)
