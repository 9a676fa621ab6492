"""Flown through the real DroneKit over TCP, as the product does it."""

from __future__ import annotations

import json
import logging
import threading
import time
from typing import TYPE_CHECKING, Any

import dronekit
import pytest
from dronekit import Command, LocationGlobalRelative
from pymavlink import mavutil

from flights.simulator.params import Parameters

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Running

SPEED = 8.0
WALL_S = 60.0  # patience on a busy machine; what must be fast is measured on the vehicle's clock
HOME = (30.3195, 120.1390)


class Flight:
    """A DroneKit vehicle with heartbeats as fast as simulated time, and everything it was told."""

    def __init__(self, address: str) -> None:
        self.vehicle = dronekit.connect(address, wait_ready=True, timeout=WALL_S, heartbeat_timeout=WALL_S, rate=10)
        self.heard: dict[str, list[Any]] = {}
        self.vehicle.add_message_listener("*", self._hear)
        self._stop = threading.Event()
        self._beats = threading.Thread(target=self._beat, daemon=True)
        self._beats.start()

    def _hear(self, _vehicle: Any, name: str, message: Any) -> None:
        self.heard.setdefault(name, []).append(message)

    def _beat(self) -> None:
        while not self._stop.wait(1 / SPEED):
            self.vehicle.message_factory.heartbeat_send(6, 8, 0, 0, 0)

    def wait(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Wait for something, in wall seconds."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and not condition():
            time.sleep(0.02)
        return condition()

    def silence(self) -> None:
        """Stop our heartbeats. DroneKit's own go out once a wall second: too seldom at this speed."""
        self._stop.set()
        self._beats.join(2)

    def close(self) -> None:
        """Hang up, once."""
        if not self._stop.is_set() or self.vehicle._handler._alive:
            self.silence()
            self.vehicle.close()

    def goes_up(self, height_m: float) -> None:
        """GUIDED, armed, in the air."""
        self.vehicle.wait_for_armable(timeout=WALL_S)
        self.vehicle.wait_for_mode("GUIDED", timeout=WALL_S)
        self.vehicle.arm(timeout=WALL_S)
        self.vehicle.wait_simple_takeoff(height_m, epsilon=1.0, timeout=WALL_S)


@pytest.fixture
def fly(launch: Callable[..., Running]) -> Iterator[Callable[..., tuple[Flight, Running]]]:
    """Starts a simulator and a DroneKit flight on it."""
    flights: list[Flight] = []

    def start(*extra: str) -> tuple[Flight, Running]:
        running = launch(*extra, speed=SPEED)
        flights.append(Flight(running.address))
        return flights[-1], running

    yield start
    for flight in flights:
        flight.close()


def place(command: int, east_m: float, north_m: float, height_m: float, frame: int = 3) -> Command:
    """A mission item at a local place."""
    lat, lon = HOME[0] + north_m / 110_860, HOME[1] + east_m / 96_200
    return Command(0, 0, 0, frame, command, 0, 0, 0, 0, 0, 0, lat, lon, height_m)


def do(command: int, *params: float) -> Command:
    """A DO item."""
    filled = (*params, *(0.0,) * (7 - len(params)))
    return Command(0, 0, 0, 2, command, 0, 0, *filled)


def test_a_short_patrol(fly: Callable[..., tuple[Flight, Running]]) -> None:
    """Upload, arm, take-off, AUTO with pictures, RTL, landed and disarmed, not 100 s in the air."""
    flight, running = fly()
    vehicle = flight.vehicle
    vehicle.parameters["LAND_SPEED"], vehicle.parameters["RTL_LOIT_TIME"] = 150, 1000
    assert len(vehicle.parameters) == len(Parameters())
    commands = vehicle.commands
    commands.clear()
    for item in (
        place(16, 0, 0, 0), place(22, 0, 0, 25), do(205, -90), place(16, 0, 50, 25), do(206, 10, 0, 1),
        place(16, 50, 50, 25), do(206, 0), do(20),
    ):  # fmt: skip
        commands.add(item)
    commands.upload(timeout=WALL_S)
    assert flight.wait(lambda: bool(flight.heard.get("MISSION_ACK")), WALL_S)
    commands.download()
    commands.wait_ready(timeout=WALL_S)
    assert [item.command for item in commands] == [22, 205, 16, 206, 16, 206, 20]
    flight.goes_up(15)
    vehicle.wait_for_mode("AUTO", timeout=WALL_S)
    assert flight.wait(lambda: not vehicle.armed, WALL_S)
    assert {m.seq for m in flight.heard["MISSION_ITEM_REACHED"]} >= {1, 3, 5}
    assert len(flight.heard["CAMERA_FEEDBACK"]) in {5, 6}
    rows = [json.loads(line) for line in running.truth.read_text().splitlines()[:-1]]
    assert max(row["alt_amsl_m"] for row in rows) == pytest.approx(31, abs=1.5)
    assert rows[-1]["alt_amsl_m"] == 6.0
    aloft_s = [row["at_s"] for row in rows if row["alt_amsl_m"] > 6.2]
    assert aloft_s[-1] - aloft_s[0] < 100
    assert min(row["gimbal_pitch_deg"] for row in rows) == pytest.approx(-90, abs=0.5)


def test_goto_and_refusals(fly: Callable[..., tuple[Flight, Running]]) -> None:
    """simple_goto flies; too high for the fence it is refused, with only an ACK to tell; LOITER by DroneKit."""
    flight, _ = fly()
    flight.goes_up(15)
    target = LocationGlobalRelative(HOME[0] + 30 / 110_860, HOME[1], 20)
    flight.vehicle.simple_goto(target)
    assert flight.wait(lambda: abs(flight.vehicle.location.global_relative_frame.lat - target.lat) < 2e-5, WALL_S)
    flight.vehicle.simple_goto(LocationGlobalRelative(HOME[0], HOME[1], 300))
    assert flight.wait(lambda: len(flight.heard["MISSION_ACK"]) >= 2, WALL_S)
    assert [ack.type for ack in flight.heard["MISSION_ACK"][-2:]] == [0, 1]
    flight.vehicle.wait_for_mode("LOITER", timeout=WALL_S)


def test_a_foreign_camera_does_not_disarm_it(fly: Callable[..., tuple[Flight, Running]]) -> None:
    """With a camera's heartbeats on the link DroneKit still sees the aircraft armed."""
    flight, _ = fly("--fault", "foreign_camera_heartbeat@0")
    flight.goes_up(10)
    seen = {flight.vehicle.armed for _ in range(50) if time.sleep(0.02) is None}
    assert seen == {True}
    beats = flight.heard["HEARTBEAT"]
    assert {beat.type for beat in beats} >= {mavutil.mavlink.MAV_TYPE_CAMERA, mavutil.mavlink.MAV_TYPE_QUADROTOR}


def test_slow_heartbeats_reach_the_failsafe_at_high_speed(fly: Callable[..., tuple[Flight, Running]]) -> None:
    """DroneKit's one heartbeat a wall second is eight simulated seconds apart: the autopilot goes home."""
    flight, _ = fly()
    flight.goes_up(15)
    flight.silence()
    assert flight.wait(lambda: flight.vehicle.mode.name == "RTL", WALL_S)


@pytest.mark.filterwarnings(
    # DroneKit's reader thread dies in its own way when the peer hangs up; that the link is gone is what is tested.
    "ignore::pytest.PytestUnhandledThreadExceptionWarning"
)
def test_a_dropped_link_brings_it_home_and_can_be_rejoined(
    fly: Callable[..., tuple[Flight, Running]], caplog: pytest.LogCaptureFixture
) -> None:
    """The port closes in flight, the aircraft lands by itself; later a new connection sees it disarmed."""
    caplog.set_level(logging.CRITICAL)
    flight, running = fly("--fault", "link_drop@20")
    flight.goes_up(10)
    assert flight.wait(lambda: flight.vehicle.last_heartbeat > 1, WALL_S)
    flight.close()
    time.sleep(5)
    again = dronekit.connect(running.address, wait_ready=["armed", "mode"], heartbeat_timeout=WALL_S, timeout=WALL_S)
    assert not again.armed
    assert again.mode.name == "RTL"
    again.close()
