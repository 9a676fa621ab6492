"""Messages to samples: units, signs and frames."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flights.mavlink_decode import YAW_IN_EARTH_FRAME, YAW_IN_VEHICLE_FRAME, YAW_LOCK, euler_deg, sample_of
from flights.samples import GimbalSample, PositionSample
from geofences.attitude import Attitude, enu_from_frd


def quaternion(yaw_deg: float, pitch_deg: float, roll_deg: float) -> list[float]:
    """w, x, y, z of yaw, then pitch, then roll."""
    y, p, r = (math.radians(a) / 2 for a in (yaw_deg, pitch_deg, roll_deg))
    cy, sy, cp, sp, cr, sr = math.cos(y), math.sin(y), math.cos(p), math.sin(p), math.cos(r), math.sin(r)
    return [
        cr * cp * cy + sr * sp * sy, sr * cp * cy - cr * sp * sy,
        cr * sp * cy + sr * cp * sy, cr * cp * sy - sr * sp * cy,
    ]  # fmt: skip


@given(yaw=st.floats(-180, 180), pitch=st.floats(-120, 45), roll=st.floats(-60, 60))
def test_angles_of_a_quaternion_turn_the_lens_the_same_way(yaw: float, pitch: float, roll: float) -> None:
    """Whatever triple is chosen, it is the same rotation, straight down included, and roll stays within 90 degrees."""
    found = euler_deg(quaternion(yaw, pitch, roll))
    wanted = enu_from_frd(Attitude(yaw_deg=yaw, pitch_deg=pitch, roll_deg=roll))
    assert np.allclose(
        enu_from_frd(Attitude(yaw_deg=found[0], pitch_deg=found[1], roll_deg=found[2])), wanted, atol=2e-4
    )
    assert abs(found[2]) <= 90


def test_a_lens_swinging_through_straight_down_does_not_turn_round() -> None:
    """A degree before and after straight down, yaw is the same and pitch goes on."""
    before, after = euler_deg(quaternion(30, -89, 0)), euler_deg(quaternion(30, -91, 0))
    assert before == pytest.approx((30, -89, 0), abs=1e-6)
    assert after == pytest.approx((30, -91, 0), abs=1e-6)


@pytest.mark.parametrize(
    ("flags", "from_north"),
    [
        (YAW_IN_EARTH_FRAME, True),
        (YAW_IN_VEHICLE_FRAME, False),
        (YAW_LOCK, True),
        (0, False),
        (YAW_LOCK | YAW_IN_VEHICLE_FRAME, False),
    ],
)
def test_the_yaw_frame_follows_the_flags(flags: int, from_north: bool) -> None:  # noqa: FBT001 - a table's column
    """A stated frame counts; without one a locked yaw is from north."""
    message = mavlink.MAVLink_gimbal_device_attitude_status_message(
        255, 190, 1500, flags, quaternion(10, -60, 0), 0, 0, 0, 0
    )
    sample = sample_of(message, 0.0)
    assert isinstance(sample, GimbalSample)
    assert sample.from_north is from_north
    assert sample.pitch_deg == pytest.approx(-60)


def test_a_position_is_in_degrees_metres_and_east_north_up() -> None:
    """Scaled integers and north-east-down become plain units."""
    message = mavlink.MAVLink_global_position_int_message(
        2500, 303195000, 1201390000, 36_000, 30_000, 100, 200, -50, 4500
    )
    assert sample_of(message, 0.0) == PositionSample(
        boot_s=2.5, lat_deg=30.3195, lon_deg=120.139, alt_amsl_m=36.0, height_home_m=30.0,
        velocity_enu_m_s=(2.0, 1.0, 0.5),
    )  # fmt: skip
