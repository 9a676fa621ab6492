"""An autopilot stepped in this process, a simulator in its own process, and a bare MAVLink client."""

from __future__ import annotations

import os

os.environ["MAVLINK20"] = "1"  # before the first import of pymavlink.mavutil: DroneKit takes the dialect of that moment

import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flights.mission_items import ListKind, MissionItem
from flights.simulator.aircraft import Aircraft
from flights.simulator.autopilot import BOOT_S, Autopilot
from flights.simulator.commands import Commands
from flights.simulator.telemetry import Telemetry
from flights.simulator.wire import Mode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HOME = (30.3195, 120.1390, 6.0)
START_UTC_S = 1_772_416_800.0
REPO = Path(__file__).parents[3]


@dataclass
class Bench:
    """One autopilot stepped by hand, with its commands and telemetry and everything it sent."""

    pilot: Autopilot
    telemetry: Telemetry
    commands: Commands
    sent: list[Any] = field(default_factory=list)
    gcs_alive: bool = True

    def run(self, seconds: float, until: Callable[[], bool] = lambda: False) -> bool:
        """Step simulated seconds, or until something holds; whether it held."""
        for _ in range(round(seconds / 0.02)):
            if until():
                return True
            if self.gcs_alive:
                self.pilot.failsafes.gcs_heard_s = self.pilot.now_s
            self.pilot.step(0.02)
            self.commands.missions.step(self.pilot.now_s)
            self.telemetry.step()
            self.collect()
        return until()

    def collect(self) -> None:
        """Take what was queued."""
        self.sent += [message for _, message in self.pilot.outbox]
        self.pilot.outbox.clear()

    def tell(self, message: Any) -> None:
        """Hand in a message as the client would send it: packed and parsed again."""
        sender = mavlink.MAVLink(None, 255, 0)
        self.commands.handle(mavlink.MAVLink(None).parse_buffer(message.pack(sender))[0])
        self.collect()

    def command(self, number: int, *params: float) -> int:
        """Send a COMMAND_LONG; its result."""
        filled = (*params, *(0.0,) * (7 - len(params)))
        self.tell(mavlink.MAVLink_command_long_message(1, 1, number, 0, *filled))
        return int(self.all_of("COMMAND_ACK")[-1].result)

    def all_of(self, name: str) -> list[Any]:
        """Everything of one kind that was sent so far."""
        return [message for message in self.sent if message.get_type() == name]

    @property
    def texts(self) -> list[str]:
        """All status texts so far."""
        return [message.text for message in self.all_of("STATUSTEXT")]

    def place(self, east_m: float, north_m: float) -> tuple[int, int]:
        """Latitude and longitude, degrees * 1e7, of a local place."""
        lat, lon = self.pilot.aircraft.lat_lon((east_m, north_m, 0.0))
        return round(lat * 1e7), round(lon * 1e7)

    def load(self, *items: tuple[int, tuple[float, ...], tuple[float, float, float]]) -> None:
        """Store a mission of (command, params, (east, north, height over home))."""
        for seq, (command, params, (east, north, height)) in enumerate(items, start=1):
            x, y = self.place(east, north) if east or north else (0, 0)
            filled = (*params, *(0.0,) * (4 - len(params)))
            item = MissionItem(command=command, frame=6, params=filled, lat_e7=x, lon_e7=y, height_m=height)
            self.pilot.store.put(ListKind.MISSION, seq, item)

    def fence(self, *outlines: tuple[int, list[tuple[float, float]]]) -> None:
        """Store polygons of (command, corners east and north)."""
        self.pilot.store.truncate(ListKind.FENCE, 0)
        corners = [(command, len(outline), self.place(*corner)) for command, outline in outlines for corner in outline]
        for seq, (command, count, (x, y)) in enumerate(corners):
            item = MissionItem(command=command, frame=0, params=(float(count), 0.0, 0.0, 0.0), lat_e7=x, lon_e7=y)
            self.pilot.store.put(ListKind.FENCE, seq, item)
        self.pilot.fence_changed()

    def airborne(self, height_m: float = 20.0) -> None:
        """Arm in GUIDED and climb."""
        self.run(BOOT_S + 0.1)
        assert self.pilot.set_mode(Mode.GUIDED)
        assert self.pilot.arm(), self.texts
        assert self.pilot.take_off(height_m)
        assert self.run(60, lambda: self.height_m > height_m - 0.5)

    @property
    def height_m(self) -> float:
        """True height over the ground."""
        return self.pilot.aircraft.motion.enu_m[2]


@pytest.fixture
def bench() -> Bench:
    """A fresh autopilot on the ground, switched on this moment, with a ground station that is heard."""
    pilot = Autopilot(Aircraft(*HOME, seed=7))
    telemetry = Telemetry(pilot, start_utc_s=START_UTC_S)
    return Bench(pilot=pilot, telemetry=telemetry, commands=Commands(pilot, telemetry))


@dataclass
class Running:
    """A simulator in its own process."""

    popen: subprocess.Popen[str]
    port: int
    truth: Path

    @property
    def address(self) -> str:
        """As DroneKit wants it."""
        return f"tcp:127.0.0.1:{self.port}"


class Client:
    """A bare MAVLink client on a socket."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=5)
        self.socket.settimeout(0.2)
        self._mav = mavlink.MAVLink(None, 255, 0)
        self.heard: list[Any] = []

    def send(self, message: Any) -> None:
        """Send one message."""
        self.socket.sendall(message.pack(self._mav))

    def wait(self, name: str, timeout_s: float = 5.0, **fields: Any) -> Any:
        """The next message of a kind (with these field values); AssertionError when none comes."""
        until = time.monotonic() + timeout_s
        while time.monotonic() < until:
            while self.heard:
                message = self.heard.pop(0)
                if message.get_type() == name and all(getattr(message, k) == v for k, v in fields.items()):
                    return message
            try:
                self.heard += self._mav.parse_buffer(self.socket.recv(65536)) or []
            except TimeoutError:
                continue
        raise AssertionError(f"no {name} with {fields} within {timeout_s} s")

    def close(self) -> None:
        """Hang up."""
        self.socket.close()


@pytest.fixture
def connect() -> Iterator[Callable[[int], Client]]:
    """Connects clients, and closes them in the end."""
    clients: list[Client] = []

    def make(port: int) -> Client:
        clients.append(Client(port))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Starts simulators and stops them in the end by closing their stdin."""
    running: list[Running] = []

    def start(*extra: str, speed: float = 8.0) -> Running:
        truth = tmp_path / f"truth{len(running)}.jsonl"
        popen = subprocess.Popen(  # noqa: S603 - our own program
            [
                sys.executable, "-W", "error", "-m", "flights.simulator", "--listen", "tcp:127.0.0.1:0",
                "--home", "30.3195,120.1390,6", "--start-utc", "2026-03-02T02:00:00Z", "--speed", str(speed),
                "--seed", "1", "--truth", str(truth), "--max-wall-s", "120", *extra,
            ],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=REPO,
        )  # fmt: skip
        assert popen.stdout is not None
        line = popen.stdout.readline()
        assert line.startswith("ready tcp:127.0.0.1:"), popen.communicate(timeout=10)
        running.append(Running(popen=popen, port=int(line.rsplit(":", 1)[1]), truth=truth))
        return running[-1]

    yield start
    for one in running:
        _, complaints = one.popen.communicate(timeout=15)
        assert complaints == ""
        assert one.popen.returncode in {0, -9}
