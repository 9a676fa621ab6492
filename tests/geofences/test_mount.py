"""Lever arm, seat and clock of a lens."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geofences.attitude import Attitude, attitude_from_enu_cam, enu_from_cam, turned_by
from geofences.errors import InvalidGeometry
from geofences.local_frame import LocalFrame
from geofences.mount import Mount
from geofences.pose import Pose, PoseSigmas
from geofences.position import Geodetic

FRAME = LocalFrame(origin=Geodetic(lat_deg=30.3, lon_deg=120.1, alt_ellipsoid_m=100.0))


def _pose(yaw_deg: float, pitch_deg: float) -> Pose:
    body = Attitude(yaw_deg=yaw_deg, pitch_deg=0.0)
    look = Attitude(yaw_deg=yaw_deg, pitch_deg=pitch_deg)
    return Pose(at_s=50.0, position=FRAME.origin, body=body, gimbal=look)


@given(yaw=st.floats(-179, 179), pitch=st.floats(-90, 60), roll=st.floats(-60, 60))
@settings(deadline=None)
def test_an_attitude_comes_back_from_its_rotation(yaw: float, pitch: float, roll: float) -> None:
    """The rotation is the same, also straight down where yaw and roll are one angle."""
    rotation = enu_from_cam(Attitude(yaw_deg=yaw, pitch_deg=pitch, roll_deg=roll))
    assert enu_from_cam(attitude_from_enu_cam(rotation)) == pytest.approx(rotation, abs=1e-6)


def test_turning_about_a_vector() -> None:
    """A quarter turn about up takes east to north."""
    assert turned_by(np.array([0, 0, np.pi / 2])) @ [1, 0, 0] == pytest.approx([0, 1, 0])


@pytest.mark.parametrize(("yaw_deg", "east_north"), [(0.0, (0.3, 2.0)), (90.0, (2.0, -0.3))])
def test_the_lever_arm_turns_with_the_airframe(yaw_deg: float, east_north: tuple[float, float]) -> None:
    """A lens 2 m ahead, 0.3 m right and 0.1 m below the antenna."""
    moved = Mount(lever_arm_frd_m=(2.0, 0.3, 0.1)).corrected(_pose(yaw_deg, -45))
    assert FRAME.enu_from_geodetic(moved.position) == pytest.approx((*east_north, -0.1), abs=1e-6)


@pytest.mark.parametrize("pitch_deg", [-90.0, -45.0, 0.0])
def test_a_seat_about_the_right_axis_lifts_the_lens(pitch_deg: float) -> None:
    """Two degrees about the picture's right axis raise what it looks at by two degrees, straight down included."""
    lifted = Mount(seat_cam_deg=(2.0, 0.0, 0.0)).corrected(_pose(30.0, pitch_deg)).gimbal
    assert enu_from_cam(lifted) == pytest.approx(
        enu_from_cam(Attitude(yaw_deg=30.0, pitch_deg=pitch_deg + 2)), abs=1e-9
    )


def test_nothing_to_correct_changes_nothing() -> None:
    """The empty mount gives the pose itself."""
    assert Mount().corrected(_pose(10, -60)) == _pose(10, -60)


@pytest.mark.parametrize(
    ("pitch_deg", "yaw_deg", "tilt_deg"),
    [
        (-90.0, 5.0, math.hypot(1.0, math.sqrt(5 / 2))),
        (0.0, math.hypot(3.0, 1.0), math.hypot(1.0, math.sqrt((4 + 16) / 2))),
    ],
)
def test_the_seats_sigmas_turn_with_the_lens(pitch_deg: float, yaw_deg: float, tilt_deg: float) -> None:
    """What is a heading straight down is a roll at the horizon; the log's own errors stay beside them."""
    log = PoseSigmas(horizontal_m=1.2, vertical_m=0.5, yaw_deg=3.0, tilt_deg=1.0, time_s=0.03)
    mount = Mount(horizontal_sigma_m=0.5, vertical_sigma_m=1.2, seat_sigma_cam_deg=(2.0, 1.0, 4.0), time_sigma_s=0.04)
    found = mount.corrected(replace(_pose(30.0, pitch_deg), sigmas=log)).sigmas
    assert (found.horizontal_m, found.vertical_m, found.time_s) == pytest.approx((1.3, 1.3, 0.05))
    assert (found.yaw_deg, found.tilt_deg) == pytest.approx((yaw_deg, tilt_deg))


def test_a_calibration_may_replace_the_logs_sigmas() -> None:
    """What a calibration says of each pose's own error stands for what is taken of logs of its kind."""
    own = PoseSigmas(horizontal_m=0.1, vertical_m=0.1, yaw_deg=0.3, tilt_deg=0.1, time_s=0.0)
    assert Mount(log_sigmas=own).corrected(_pose(0.0, -60.0)).sigmas == own


@pytest.mark.parametrize(("yaw_deg", "pitch_deg"), [(10.0, -58.0), (-165.0, -63.0), (90.0, -60.0)])
def test_a_seat_of_its_own_for_a_heading(yaw_deg: float, pitch_deg: float) -> None:
    """The nearest heading's seat within 45 degrees; else the mount's own."""
    north, south = Mount(seat_cam_deg=(2.0, 0.0, 0.0)), Mount(seat_cam_deg=(-3.0, 0.0, 0.0))
    mount = Mount(by_heading=((0.0, north), (180.0, south)))
    assert mount.corrected(_pose(yaw_deg, -60.0)).gimbal.pitch_deg == pytest.approx(pitch_deg)


def test_a_late_clip_is_looked_up_later_in_the_log() -> None:
    """The row is that of the picture's time and the offset; the pose bears the picture's time."""
    asked: list[float] = []

    def logged(at_s: float) -> Pose:
        asked.append(at_s)
        return replace(_pose(0.0, -60.0), at_s=at_s)

    assert Mount(time_offset_s=0.4).through(logged)(50.0).at_s == pytest.approx(50.0)
    assert asked == [pytest.approx(50.4)]


def test_what_is_not_finite_is_refused() -> None:
    """No nan gets into a position."""
    with pytest.raises(InvalidGeometry, match="finite"):
        Mount(time_offset_s=float("nan"))
