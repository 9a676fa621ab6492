"""The shift in time between a clip and its log, found in how the picture moves."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from geofences.attitude import Attitude
from geofences.camera import Camera
from geofences.errors import OutsideTrack
from geofences.local_frame import LocalFrame
from geofences.pose import Pose
from geofences.position import Geodetic
from geofences.projection import project
from pipeline.geotag.calibration import turned_pose
from pipeline.geotag.clip_time import clip_time
from pipeline.geotag.ground import Ground
from pipeline.geotag.tie_points import Pair

if TYPE_CHECKING:
    from collections.abc import Callable

FRAME = LocalFrame(origin=Geodetic(lat_deg=30.3, lon_deg=120.1, alt_ellipsoid_m=15.0))
GROUND = Ground(frame=FRAME, alt_ellipsoid_m=15.0)
CAMERA = Camera.from_fov(size_px=(640, 360), hfov_deg=62.0)
HZ, FRAMES = 4.0, 60


def flown(at_s: float, *, turning: bool = True) -> Pose:
    """Turning and speeding up, or straight on."""
    yaw_deg = 20 + 25 * np.sin(0.7 * at_s) if turning else 20.0
    along = 2 * at_s + (3 * np.sin(0.9 * at_s) if turning else 0.0)
    look = Attitude(yaw_deg=float(yaw_deg), pitch_deg=-70.0)
    return Pose(at_s=at_s, position=FRAME.geodetic_from_enu(np.array([0.0, along, 35.0])), body=look, gimbal=look)


def filmed(pose_at: Callable[[float], Pose], *, spread_px: float = 0.5) -> list[Pair]:
    """Points of the ground in each picture and the next."""
    rng, pairs = np.random.default_rng(3), []
    for number in range(0, FRAMES - 1, 3):
        first, second = pose_at(number / HZ), pose_at((number + 1) / HZ)
        seen_px = rng.uniform((60, 60), (580, 300), (30, 2))
        feet_m = np.column_stack((GROUND.level_feet(CAMERA, first, seen_px), np.zeros(30)))
        then_px = project(CAMERA, FRAME, second, feet_m).xy_px + rng.normal(0, spread_px, (30, 2))
        at = np.zeros((30, 2), np.int64)
        pairs.append(Pair(first=number, second=number + 1, features=at, first_px=seen_px, second_px=then_px))
    return pairs


def logged(late_s: float, *, turn_deg: int = 0, turning: bool = True) -> Callable[[float], Pose]:
    """The log's poses: its clock is ahead by `late_s`, its compass wrong by 3 degrees, its position by a metre."""

    def pose_at(at_s: float) -> Pose:
        if not -1.0 <= at_s <= 16.0:
            raise OutsideTrack("outside")
        pose = turned_pose(flown(at_s - late_s, turning=turning), turn_deg)
        position = FRAME.geodetic_from_enu(FRAME.enu_from_geodetic(pose.position) + np.array([1.0, 0.5, 0.6]))
        return replace(pose, position=position, gimbal=replace(pose.gimbal, yaw_deg=pose.gimbal.yaw_deg + 3))

    return pose_at


@pytest.mark.parametrize("late_s", [0.73, -1.2])
def test_a_planted_offset_is_found(late_s: float) -> None:
    """To a tenth of a second, with a compass and a position that are wrong."""
    taken_s = [number / HZ for number in range(FRAMES)]
    found = clip_time(filmed(flown), taken_s, logged(late_s), CAMERA, GROUND)
    assert found is not None
    assert found.offset_s == pytest.approx(late_s, abs=0.1)
    assert found.sigma_s < 0.1
    assert found.turn_deg == 0
    assert found.after_px < found.before_px


def test_half_a_turn_is_told() -> None:
    """A clip that lies turned against the heading its log states."""
    taken_s = [number / HZ for number in range(FRAMES)]
    found = clip_time(filmed(flown), taken_s, logged(0.4, turn_deg=180), CAMERA, GROUND)
    assert found is not None
    assert found.turn_deg == 180
    assert found.offset_s == pytest.approx(0.4, abs=0.1)


def test_straight_flight_tells_nothing() -> None:
    """At one speed and heading every shift fits: the sigma says so, and too short a clip gives none."""
    taken_s = [number / HZ for number in range(FRAMES)]
    pairs = filmed(lambda at_s: flown(at_s, turning=False))
    found = clip_time(pairs, taken_s, logged(0.4, turning=False), CAMERA, GROUND)
    assert found is not None
    assert found.sigma_s > 0.2
    assert clip_time(pairs[:8], taken_s, logged(0.4), CAMERA, GROUND) is None
