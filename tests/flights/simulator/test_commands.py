"""Answers to single messages."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flights.simulator.commands import ACCEPTED, DENIED, FAILED, UNSUPPORTED
from flights.simulator.wire import Mode

if TYPE_CHECKING:
    from conftest import Bench

ARM, SET_MODE, TAKEOFF, START, INTERVAL = 400, 176, 22, 300, 511


@pytest.mark.parametrize(
    ("number", "params", "result"),
    [
        (31999, (), UNSUPPORTED),
        (SET_MODE, (1, 99), FAILED),
        (SET_MODE, (1, Mode.AUTO), FAILED),
        (SET_MODE, (1, Mode.GUIDED), ACCEPTED),
        (TAKEOFF, (0, 0, 0, 0, 0, 0, 20), FAILED),
        (START, (), FAILED),
        (START, (1, 2), DENIED),
        (ARM, (7,), UNSUPPORTED),
        (INTERVAL, (33, 100_000), ACCEPTED),
        (INTERVAL, (999, 100_000), FAILED),
        (520, (1,), ACCEPTED),
    ],
)
def test_every_command_is_answered(bench: Bench, number: int, params: tuple[float, ...], result: int) -> None:
    """On the ground, disarmed: one COMMAND_ACK with the command's number."""
    bench.run(4)
    assert bench.command(number, *params) == result
    assert [ack.command for ack in bench.all_of("COMMAND_ACK")] == [number]


def test_arm_take_off_and_land_by_command(bench: Bench) -> None:
    """The way DroneKit does it, with every answer checked; a disarm in the air is refused."""
    assert bench.command(SET_MODE, 1, Mode.GUIDED) == ACCEPTED
    assert bench.command(ARM, 1) == FAILED
    assert bench.texts == ["PreArm: GPS 1: Bad fix"]
    bench.run(4)
    assert bench.command(ARM, 1) == ACCEPTED
    assert bench.command(ARM, 1) == ACCEPTED
    assert bench.command(TAKEOFF, 0, 0, 0, 0, 0, 0, 10) == ACCEPTED
    assert bench.run(30, lambda: bench.height_m > 9)
    assert bench.command(ARM, 0) == FAILED
    assert bench.command(21) == ACCEPTED
    assert bench.run(60, lambda: not bench.pilot.armed)


def test_capabilities_say_what_it_can(bench: Bench) -> None:
    """AUTOPILOT_VERSION of a 4.5.2 with integer missions, fences and MAVLink 2."""
    bench.command(520, 1)
    version = bench.all_of("AUTOPILOT_VERSION")[-1]
    assert version.flight_sw_version >> 8 == 0x040502
    for bit in ("MISSION_INT", "MISSION_FENCE", "MAVLINK2"):
        assert version.capabilities & getattr(mavlink, f"MAV_PROTOCOL_CAPABILITY_{bit}")


def test_goto_is_a_mission_item_with_current_2(bench: Bench) -> None:
    """Inside the fence ACK 0 and it goes; outside ACK 1 and it stays; both kinds of item."""
    bench.fence((5001, [(-60, -60), (60, -60), (60, 60), (-60, 60)]))
    bench.airborne()
    lat, lon = bench.place(30, 30)
    bench.tell(mavlink.MAVLink_mission_item_message(1, 1, 0, 3, 16, 2, 0, 0, 0, 0, 0, lat / 1e7, lon / 1e7, 20))
    assert bench.all_of("MISSION_ACK")[-1].type == 0
    lat, lon = bench.place(90, 0)
    bench.tell(mavlink.MAVLink_mission_item_int_message(1, 1, 0, 6, 16, 2, 0, 0, 0, 0, 0, lat, lon, 20))
    assert bench.all_of("MISSION_ACK")[-1].type == 1
    bench.run(20)
    assert math.dist(bench.pilot.aircraft.believed.enu_m[:2], (30, 30)) < 3


def test_parameters_are_listed_read_and_set(bench: Bench) -> None:
    """The list is complete, a read goes by name or index, a set is read back, an unknown name is silence."""
    bench.tell(mavlink.MAVLink_param_request_list_message(1, 1))
    values = bench.all_of("PARAM_VALUE")
    assert [v.param_index for v in values] == list(range(values[0].param_count))
    bench.tell(mavlink.MAVLink_param_request_read_message(1, 1, b"FENCE_ALT_MAX", -1))
    assert bench.all_of("PARAM_VALUE")[-1].param_value == 120
    bench.tell(mavlink.MAVLink_param_request_read_message(1, 1, b"", 3))
    assert bench.all_of("PARAM_VALUE")[-1].param_id == values[3].param_id
    bench.tell(mavlink.MAVLink_param_set_message(1, 1, b"FENCE_ALT_MAX", 80.0, 9))
    assert bench.all_of("PARAM_VALUE")[-1].param_value == 80
    count = len(bench.all_of("PARAM_VALUE"))
    bench.tell(mavlink.MAVLink_param_set_message(1, 1, b"NO_SUCH", 80.0, 9))
    bench.tell(mavlink.MAVLink_param_set_message(1, 1, b"RTL_ALT", math.nan, 9))
    bench.tell(mavlink.MAVLink_param_request_read_message(1, 1, b"", 999))
    assert len(bench.all_of("PARAM_VALUE")) == count


def test_only_our_ground_station_feeds_the_failsafe(bench: Bench) -> None:
    """A heartbeat of a camera, or of another system, is not the ground station's."""
    bench.tell(mavlink.MAVLink_heartbeat_message(mavlink.MAV_TYPE_CAMERA, 8, 0, 0, 4, 3))
    assert bench.pilot.failsafes.gcs_heard_s is None
    bench.tell(mavlink.MAVLink_heartbeat_message(mavlink.MAV_TYPE_GCS, 8, 0, 0, 4, 3))
    assert bench.pilot.failsafes.gcs_heard_s == bench.pilot.now_s


def test_messages_for_another_system_are_ignored(bench: Bench) -> None:
    """target_system 2 is not this aircraft."""
    bench.tell(mavlink.MAVLink_command_long_message(2, 1, SET_MODE, 0, 1, Mode.GUIDED, 0, 0, 0, 0, 0))
    assert bench.all_of("COMMAND_ACK") == []


def test_gimbal_by_command_and_by_old_message(bench: Bench) -> None:
    """DO_MOUNT_CONTROL and MOUNT_CONTROL both aim."""
    assert bench.command(205, -60, 0, 0, 0, 0, 0, 2) == ACCEPTED
    bench.run(4)
    assert bench.pilot.aircraft.gimbal.pitch_deg == pytest.approx(-60, abs=0.5)
    bench.tell(mavlink.MAVLink_mount_control_message(1, 1, -9000, 0, 0, 0))
    bench.run(4)
    assert bench.pilot.aircraft.gimbal.pitch_deg == pytest.approx(-90, abs=0.5)


def test_set_current_jumps_in_the_mission(bench: Bench) -> None:
    """MISSION_CURRENT confirms it; a wrong number changes nothing."""
    bench.load((16, (), (0, 40, 20)), (16, (), (40, 40, 20)))
    bench.tell(mavlink.MAVLink_mission_set_current_message(1, 1, 2))
    assert bench.all_of("MISSION_CURRENT")[-1].seq == 2
    bench.tell(mavlink.MAVLink_mission_set_current_message(1, 1, 9))
    assert bench.pilot.run.index == 2
