"""What is reported, how often, and in which frame."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymavlink.dialects.v20 import ardupilotmega as mavlink
from pymavlink.rotmat import Matrix3

from flights.mavlink_decode import quaternion

if TYPE_CHECKING:
    from conftest import Bench

START_UTC_S = 1_772_416_800.0


def test_streams_keep_their_rates_in_simulated_time(bench: Bench) -> None:
    """10 Hz poses and gimbal, 1 Hz heartbeat and clock."""
    bench.run(20)
    for name, hz in (("ATTITUDE", 10), ("GLOBAL_POSITION_INT", 10), ("GIMBAL_DEVICE_ATTITUDE_STATUS", 10)):
        assert len(bench.all_of(name)) == pytest.approx(20 * hz, abs=2)
    assert len(bench.all_of("HEARTBEAT")) == pytest.approx(20, abs=1)
    stamps = [m.time_boot_ms for m in bench.all_of("ATTITUDE")]
    assert {b - a for a, b in itertools.pairwise(stamps[1:])} == {100}


def test_requested_rates_are_followed(bench: Bench) -> None:
    """REQUEST_DATA_STREAM sets a group or all; SET_MESSAGE_INTERVAL one message; never stops it."""
    bench.tell(mavlink.MAVLink_request_data_stream_message(1, 1, mavlink.MAV_DATA_STREAM_ALL, 4, 1))
    bench.command(511, mavlink.MAVLINK_MSG_ID_ATTITUDE, 50_000)
    bench.command(511, mavlink.MAVLINK_MSG_ID_WIND, -1)
    bench.run(10)
    assert len(bench.all_of("GLOBAL_POSITION_INT")) == pytest.approx(40, abs=2)
    assert len(bench.all_of("ATTITUDE")) == pytest.approx(170, abs=35)  # 20 Hz on a 50 Hz clock
    assert bench.all_of("WIND") == []
    bench.command(511, mavlink.MAVLINK_MSG_ID_WIND, 0)
    bench.run(10)
    assert len(bench.all_of("WIND")) == pytest.approx(20, abs=2)


def test_the_clock_is_utc(bench: Bench) -> None:
    """SYSTEM_TIME joins simulated boot time and the given start."""
    bench.run(5)
    last = bench.all_of("SYSTEM_TIME")[-1]
    assert last.time_unix_usec / 1e6 - last.time_boot_ms / 1e3 == pytest.approx(START_UTC_S, abs=1e-3)


def test_position_is_in_the_documented_units(bench: Bench) -> None:
    """Altitudes AMSL and over home in mm, velocity north-east-down in cm/s, heading in cdeg."""
    bench.airborne(25)
    bench.pilot.go_to((0.0, 100.0, 25.0))
    bench.run(5)
    last = bench.all_of("GLOBAL_POSITION_INT")[-1]
    true = bench.pilot.aircraft.motion
    assert last.alt / 1000 == pytest.approx(6 + true.enu_m[2], abs=2.5)
    assert last.relative_alt / 1000 == pytest.approx(25, abs=2.5)
    assert last.vx / 100 == pytest.approx(true.velocity_m_s[1], abs=0.3)
    assert last.vx > 500
    assert last.hdg / 100 == pytest.approx(bench.pilot.aircraft.believed.yaw_deg, abs=3)


def euler_of(message: mavlink.MAVLink_gimbal_device_attitude_status_message) -> tuple[float, float]:
    """Yaw and pitch of a reported quaternion, for no roll."""
    w, x, y, z = message.q
    pitch = math.degrees(math.asin(2 * (w * y - z * x)))
    yaw = math.degrees(math.atan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z)))
    return yaw % 360, pitch


def test_the_gimbal_is_reported_in_the_earth_frame(bench: Bench) -> None:
    """The flags say so, and yaw is the heading."""
    bench.command(205, -60, 0, 0, 0, 0, 0, 2)
    bench.airborne()
    bench.pilot.go_to((60.0, -34.64, 20.0))
    bench.run(8)
    last = bench.all_of("GIMBAL_DEVICE_ATTITUDE_STATUS")[-1]
    assert last.flags & mavlink.GIMBAL_DEVICE_FLAGS_YAW_IN_EARTH_FRAME
    assert last.flags & mavlink.GIMBAL_DEVICE_FLAGS_YAW_LOCK
    yaw, pitch = euler_of(last)
    assert yaw == pytest.approx(120, abs=2)
    assert pitch == pytest.approx(-60, abs=1)


@given(yaw=st.floats(-180, 180), pitch=st.floats(-89, 89), roll=st.floats(-60, 60))
def test_quaternions_turn_as_yaw_pitch_roll(yaw: float, pitch: float, roll: float) -> None:
    """They agree with pymavlink's rotation matrix from the same angles."""
    w, x, y, z = quaternion(yaw_deg=yaw, pitch_deg=pitch, roll_deg=roll)
    ours = np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )
    oracle = Matrix3()
    oracle.from_euler(math.radians(roll), math.radians(pitch), math.radians(yaw))
    theirs = [[v.x, v.y, v.z] for v in (oracle.a, oracle.b, oracle.c)]
    assert np.allclose(ours, theirs, atol=1e-9)


def test_health_is_shown_before_arming(bench: Bench) -> None:
    """The pre-arm bit of SYS_STATUS and the EKF flags turn good after booting; 831 is what clients wait for."""
    bench.run(1)
    early = bench.all_of("EKF_STATUS_REPORT")[-1].flags
    assert not early & mavlink.EKF_PRED_POS_HORIZ_ABS
    assert not bench.all_of("SYS_STATUS")[-1].onboard_control_sensors_health & 0x10000000
    bench.run(4)
    assert bench.all_of("EKF_STATUS_REPORT")[-1].flags == 831
    assert bench.all_of("SYS_STATUS")[-1].onboard_control_sensors_health & 0x10000000


def test_battery_is_reported_alike_in_both_messages(bench: Bench) -> None:
    """Millivolts, centiamperes, percent."""
    bench.airborne()
    bench.run(2)
    status, battery = bench.all_of("SYS_STATUS")[-1], bench.all_of("BATTERY_STATUS")[-1]
    assert status.voltage_battery == pytest.approx(battery.voltages[0], abs=200)
    assert 20_000 < battery.current_battery / 10 * 100 < 35_000
    assert battery.battery_remaining in range(95, 101)
    assert battery.current_consumed > 0
