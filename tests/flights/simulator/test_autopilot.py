"""Modes, arming, take-off, missions and landing, stepped in this process."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

import pytest
from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flights.simulator.wire import Mode

if TYPE_CHECKING:
    from conftest import Bench

TAKEOFF, WAYPOINT, RTL, LAND = 22, 16, 20, 21
TRIGGER, DIGICAM, MOUNT, SPEED = 206, 203, 205, 178
NOWHERE = (0.0, 0.0, 0.0)


def test_arming_is_refused_before_the_position_is_known(bench: Bench) -> None:
    """Just switched on there is no fix, and it says so."""
    bench.pilot.set_mode(Mode.GUIDED)
    assert not bench.pilot.arm()
    bench.collect()
    assert bench.texts == ["PreArm: GPS 1: Bad fix"]


def test_arming_in_auto_is_refused(bench: Bench) -> None:
    """AUTO is no mode to arm in."""
    bench.run(4)
    bench.load((TAKEOFF, (), (0, 0, 20)))
    assert bench.pilot.set_mode(Mode.AUTO)
    assert not bench.pilot.arm()
    bench.collect()
    assert bench.texts == ["Arm: AUTO mode not armable"]


def test_arming_sets_home_and_idling_disarms(bench: Bench) -> None:
    """HOME_POSITION goes out, and ten idle seconds later the motors stop."""
    bench.run(4)
    bench.pilot.set_mode(Mode.GUIDED)
    assert bench.pilot.arm()
    bench.run(9)
    assert bench.pilot.armed
    assert len(bench.all_of("HOME_POSITION")) == 1
    bench.run(2)
    assert not bench.pilot.armed


def test_arming_inside_a_forbidden_area_is_refused(bench: Bench) -> None:
    """A fence that excludes the start is a pre-arm fault."""
    bench.run(4)
    bench.fence((5002, [(-50, -50), (50, -50), (50, 50), (-50, 50)]))
    assert not bench.pilot.arm()


def test_take_off_needs_guided_and_armed(bench: Bench) -> None:
    """Neither on the ground disarmed, nor in LOITER, nor twice."""
    bench.run(4)
    assert not bench.pilot.take_off(20)
    bench.pilot.set_mode(Mode.LOITER)
    assert bench.pilot.arm()
    assert not bench.pilot.take_off(20)
    assert bench.pilot.set_mode(Mode.GUIDED)
    assert bench.pilot.take_off(20)
    assert bench.run(30, lambda: bench.height_m > 18)
    assert not bench.pilot.take_off(30)


def test_goto_flies_there_and_is_refused_outside_the_fence(bench: Bench) -> None:
    """Inside it arrives; outside nothing changes; in another mode it is refused, too."""
    bench.fence((5001, [(-60, -60), (60, -60), (60, 60), (-60, 60)]))
    bench.airborne()
    assert bench.pilot.go_to((30.0, 40.0, 25.0))
    assert bench.run(30, lambda: math.dist(bench.pilot.aircraft.believed.enu_m, (30, 40, 25)) < 1.5)
    assert not bench.pilot.go_to((70.0, 0.0, 25.0))
    assert not bench.pilot.go_to((0.0, 0.0, 200.0))
    bench.run(5)
    assert math.dist(bench.pilot.aircraft.believed.enu_m[:2], (30, 40)) < 2
    bench.pilot.set_mode(Mode.LOITER)
    assert not bench.pilot.go_to((0.0, 0.0, 25.0))


def test_a_whole_mission(bench: Bench) -> None:
    """Take-off, gimbal, strip with pictures, speed, home, landed, disarmed; each navigation item reported once."""
    bench.load(
        (TAKEOFF, (), (0, 0, 30)), (MOUNT, (-90.0,), NOWHERE), (SPEED, (1.0, 5.0, -1.0), NOWHERE),
        (WAYPOINT, (), (0, 60, 30)), (TRIGGER, (10.0, 0.0, 1.0), NOWHERE), (WAYPOINT, (), (60, 60, 30)),
        (TRIGGER, (0.0,), NOWHERE), (WAYPOINT, (3.0,), (60, 0, 35)), (DIGICAM, (), NOWHERE), (RTL, (), NOWHERE),
    )  # fmt: skip
    bench.run(4)
    bench.pilot.set_mode(Mode.GUIDED)
    assert bench.pilot.arm()
    assert bench.pilot.start_mission()
    seen_speed = 0.0
    while bench.pilot.armed and bench.pilot.now_s < 200:
        bench.run(0.5)
        seen_speed = max(seen_speed, bench.pilot.aircraft.motion.ground_speed_m_s)
    assert not bench.pilot.armed
    assert [m.seq for m in bench.all_of("MISSION_ITEM_REACHED")] == [1, 4, 6, 8]
    assert seen_speed < 5.5
    pictures = bench.all_of("CAMERA_FEEDBACK")
    assert [picture.img_idx for picture in pictures] == list(range(1, len(pictures) + 1))
    assert len(pictures) == 6
    gaps = [
        math.dist(bench.pilot.aircraft.local(a.lat, a.lng), bench.pilot.aircraft.local(b.lat, b.lng))
        for a, b in itertools.pairwise(pictures)
    ]
    assert gaps == pytest.approx([10] * 5, abs=0.6)
    assert bench.pilot.aircraft.gimbal.pitch_deg == pytest.approx(-90, abs=1)
    assert math.hypot(*bench.pilot.aircraft.motion.enu_m[:2]) < 2
    assert pictures[0].alt_rel == pytest.approx(30, abs=1.5)


def test_triggering_goes_on_until_it_is_switched_off(bench: Bench) -> None:
    """A strip left by a mode change still takes pictures on the way home."""
    bench.airborne()
    bench.command(TRIGGER, 5.0, 0.0, 1.0)
    assert bench.pilot.go_to((0.0, 60.0, 20.0))
    bench.run(15)
    taken = len(bench.all_of("CAMERA_FEEDBACK"))
    assert taken > 8
    bench.pilot.set_mode(Mode.RTL)
    bench.run(20)
    assert len(bench.all_of("CAMERA_FEEDBACK")) > taken + 5


def test_auto_needs_a_mission_and_a_takeoff_from_the_ground(bench: Bench) -> None:
    """An empty mission cannot be entered; armed on the ground it must begin with a take-off."""
    bench.run(4)
    assert not bench.pilot.set_mode(Mode.AUTO)
    bench.load((WAYPOINT, (), (0, 50, 20)))
    bench.pilot.set_mode(Mode.GUIDED)
    assert bench.pilot.arm()
    assert not bench.pilot.set_mode(Mode.AUTO)
    bench.collect()
    assert bench.texts[-1] == "Mode change to AUTO failed: Missing Takeoff Cmd"


def test_auto_on_the_ground_waits_for_mission_start(bench: Bench) -> None:
    """Entering AUTO armed does not leave the ground by itself."""
    bench.load((TAKEOFF, (), (0, 0, 20)))
    bench.run(4)
    bench.pilot.set_mode(Mode.GUIDED)
    assert bench.pilot.arm()
    assert bench.pilot.set_mode(Mode.AUTO)
    bench.run(5)
    assert bench.height_m == 0
    assert bench.pilot.start_mission()
    assert bench.run(20, lambda: bench.height_m > 15)


def test_a_mission_is_resumed_where_it_was_left_and_holds_at_its_end(bench: Bench) -> None:
    """LOITER and back goes on with the same item; after the last item it stays, still in AUTO."""
    bench.airborne()
    bench.load((WAYPOINT, (), (0, 40, 20)), (WAYPOINT, (), (40, 40, 20)))
    bench.pilot.set_mode(Mode.AUTO)
    assert bench.run(30, lambda: bench.pilot.run.index == 2)
    bench.pilot.set_mode(Mode.LOITER)
    bench.run(5)
    bench.pilot.set_mode(Mode.AUTO)
    assert bench.pilot.run.index == 2
    assert bench.run(40, lambda: bench.pilot.run.complete)
    bench.run(10)
    assert math.dist(bench.pilot.aircraft.believed.enu_m[:2], (40, 40)) < 3
    assert bench.pilot.mode is Mode.AUTO
    assert bench.pilot.armed


def test_a_speed_change_counts_for_the_leg_being_flown(bench: Bench) -> None:
    """DO_CHANGE_SPEED as a command slows a mission down at once."""
    bench.airborne()
    bench.load((WAYPOINT, (), (0, 400, 20)))
    bench.pilot.set_mode(Mode.AUTO)
    bench.run(10)
    assert bench.pilot.aircraft.motion.ground_speed_m_s > 9
    assert bench.command(SPEED, 1, 3, -1) == 0
    bench.run(8)
    assert bench.pilot.aircraft.motion.ground_speed_m_s == pytest.approx(3, abs=0.5)


def test_return_to_launch_climbs_and_lands_and_disarms(bench: Bench) -> None:
    """RTL_ALT is above where it was."""
    bench.airborne(10)
    bench.pilot.go_to((40.0, 0.0, 8.0))
    bench.run(12)
    bench.pilot.set_mode(Mode.RTL)
    highest = 0.0
    while bench.pilot.armed and bench.pilot.now_s < 150:
        bench.run(1)
        highest = max(highest, bench.height_m)
    assert highest == pytest.approx(15, abs=1.5)
    assert not bench.pilot.armed
    assert math.hypot(*bench.pilot.aircraft.motion.enu_m[:2]) < 2


@pytest.mark.parametrize("mode", [Mode.LOITER, Mode.BRAKE])
def test_loiter_and_brake_stop_and_hold(bench: Bench, mode: Mode) -> None:
    """The aircraft stops within its braking distance and stays there."""
    bench.airborne()
    bench.pilot.go_to((0.0, 300.0, 20.0))
    bench.run(10)
    assert bench.pilot.set_mode(mode)
    bench.run(10)
    stopped = bench.pilot.aircraft.believed.enu_m
    bench.run(10)
    assert math.dist(stopped, bench.pilot.aircraft.believed.enu_m) < 1.5


def test_disarming_in_the_air_is_refused(bench: Bench) -> None:
    """It flies on."""
    bench.airborne()
    assert not bench.pilot.disarm()
    bench.run(3)
    assert bench.height_m > 15


def test_telemetry_shows_what_is_believed(bench: Bench) -> None:
    """Reported and true position differ by the sensor error, not by more."""
    bench.airborne()
    bench.run(1)
    reported = bench.all_of("GLOBAL_POSITION_INT")[-1]
    true = bench.pilot.aircraft.motion.enu_m
    off = math.dist(bench.pilot.aircraft.local(reported.lat, reported.lon), true[:2])
    assert 0.001 < off < 2.5
    assert bench.all_of("HEARTBEAT")[-1].custom_mode == Mode.GUIDED
    assert bench.all_of("HEARTBEAT")[-1].base_mode & mavlink.MAV_MODE_FLAG_SAFETY_ARMED
