"""The autopilot's own failsafes, each caused by its fault."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flights.simulator.faults import CRITICAL_CHARGE, LOW_CHARGE
from flights.simulator.wire import Mode

if TYPE_CHECKING:
    from conftest import Bench

SQUARE = [(-80.0, -80.0), (80.0, -80.0), (80.0, 80.0), (-80.0, 80.0)]


def test_a_silent_ground_station_sends_it_home(bench: Bench) -> None:
    """Five simulated seconds without a heartbeat: RTL, landed, disarmed; and it says so once."""
    bench.airborne()
    bench.gcs_alive = False
    bench.run(4.8)
    assert bench.pilot.mode is Mode.GUIDED
    bench.run(0.5)
    assert bench.pilot.mode is Mode.RTL
    assert bench.all_of("HEARTBEAT")[-1].system_status != mavlink.MAV_STATE_STANDBY
    assert bench.run(90, lambda: not bench.pilot.armed)
    assert bench.texts.count("GCS Failsafe") == 1


def test_a_ground_station_that_comes_back_is_noticed(bench: Bench) -> None:
    """The mode stays what the failsafe made it; a new mode may be asked for."""
    bench.airborne()
    bench.gcs_alive = False
    bench.run(6)
    bench.gcs_alive = True
    bench.run(1)
    assert "GCS Failsafe Cleared" in bench.texts
    assert bench.pilot.mode is Mode.RTL
    assert bench.pilot.set_mode(Mode.GUIDED)


@pytest.mark.parametrize(
    ("settings", "mode"),
    [
        ({"FS_GCS_ENABLE": 0}, Mode.AUTO),
        ({"FS_GCS_ENABLE": 5}, Mode.LAND),
        ({"FS_OPTIONS": 2}, Mode.AUTO),
        ({"FS_GCS_TIMEOUT": 30}, Mode.AUTO),
    ],
)
def test_parameters_decide_what_a_lost_ground_station_does(
    bench: Bench, settings: dict[str, float], mode: Mode
) -> None:
    """Off, land, go on in AUTO, or wait longer."""
    bench.airborne()
    bench.load((16, (), (0, 400, 20)))
    bench.pilot.set_mode(Mode.AUTO)
    for name, value in settings.items():
        bench.pilot.params.set(name, value)
    bench.gcs_alive = False
    bench.run(7)
    assert bench.pilot.mode is mode


def test_a_low_battery_returns_and_a_critical_one_lands(bench: Bench) -> None:
    """Ten seconds below each voltage: first RTL, then LAND, from wherever it is."""
    bench.airborne()
    bench.pilot.go_to((60.0, 0.0, 20.0))
    bench.run(15)
    bench.pilot.aircraft.battery.remaining = LOW_CHARGE
    bench.run(9)
    assert bench.pilot.mode is Mode.GUIDED
    bench.run(2)
    assert bench.pilot.mode is Mode.RTL
    assert any(text.startswith("Battery 1 is low 21.") for text in bench.texts)
    bench.pilot.aircraft.battery.remaining = CRITICAL_CHARGE
    bench.run(11)
    assert bench.pilot.mode is Mode.LAND
    assert bench.run(90, lambda: not bench.pilot.armed)
    assert not bench.pilot.arm()


def test_a_lost_position_lands_drifting(bench: Bench) -> None:
    """GPS gone in flight: it flies on by inertia, then EKF failsafe, LAND; modes that need a position are refused."""
    bench.airborne()
    bench.pilot.aircraft.sensors.gps_healthy = False
    bench.run(4)
    assert bench.pilot.mode is not Mode.LAND
    assert bench.all_of("EKF_STATUS_REPORT")[-1].flags == 831
    bench.run(4)
    assert bench.pilot.mode is Mode.LAND
    assert "EKF Failsafe: changed to LAND Mode" in bench.texts
    assert bench.all_of("GPS_RAW_INT")[-1].fix_type == mavlink.GPS_FIX_TYPE_NO_FIX
    assert bench.all_of("EKF_STATUS_REPORT")[-1].flags != 831
    assert not bench.pilot.set_mode(Mode.RTL)
    assert bench.run(90, lambda: not bench.pilot.armed)


def test_a_path_through_an_exclusion_ends_in_a_breach_and_at_home(bench: Bench) -> None:
    """The mission is accepted, the breach is noticed on the way, RTL, landed, disarmed."""
    bench.fence((5001, SQUARE), (5002, [(-10, 30), (10, 30), (10, 50), (-10, 50)]))
    bench.airborne()
    bench.load((16, (), (0, 70, 20)))
    assert bench.pilot.set_mode(Mode.AUTO)
    assert bench.run(30, lambda: bench.pilot.mode is Mode.RTL)
    assert "Fence Breached" in bench.texts
    bench.run(1)
    status = bench.all_of("FENCE_STATUS")[-1]
    assert (status.breach_status, status.breach_type) == (1, mavlink.FENCE_BREACH_BOUNDARY)
    assert bench.run(120, lambda: not bench.pilot.armed)


def test_too_high_is_a_breach(bench: Bench) -> None:
    """FENCE_ALT_MAX counts from home; with FENCE_ACTION 0 it is only reported."""
    bench.pilot.params.set("FENCE_ALT_MAX", 40)
    bench.airborne()
    bench.load((16, (), (0, 10, 60)))
    assert bench.pilot.set_mode(Mode.AUTO)
    assert bench.run(40, lambda: bench.pilot.mode is Mode.RTL)
    bench.run(1)
    assert bench.all_of("FENCE_STATUS")[-1].breach_type == mavlink.FENCE_BREACH_MAXALT


def test_strong_wind_moves_nobody(bench: Bench) -> None:
    """In 20 m/s it reports the wind and goes on: watching the wind is the client's business."""
    bench.airborne()
    bench.pilot.aircraft.wind.speed_m_s = 20.0
    bench.run(20)
    assert bench.pilot.mode is Mode.GUIDED
    speeds = [wind.speed for wind in bench.all_of("WIND")[-20:]]
    assert 14 < sum(speeds) / len(speeds) < 26


def test_failsafes_do_nothing_on_the_ground(bench: Bench) -> None:
    """Disarmed, nothing changes the mode; armed on the ground a failsafe disarms."""
    bench.run(4)
    bench.pilot.set_mode(Mode.GUIDED)
    bench.gcs_alive = False
    bench.run(10)
    assert bench.pilot.mode is Mode.GUIDED
    bench.gcs_alive = True
    bench.run(1)
    assert bench.pilot.arm()
    bench.gcs_alive = False
    bench.run(5.3)
    assert not bench.pilot.armed
