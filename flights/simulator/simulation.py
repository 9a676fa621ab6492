"""The loop: simulated time against wall time, faults, the link, and the truth file."""

from __future__ import annotations

import json
import os
import random
import time
from typing import TYPE_CHECKING, Protocol, TextIO, TypeVar

from flights.simulator.autopilot import Autopilot
from flights.simulator.commands import Commands
from flights.simulator.faults import Fault, strike
from flights.simulator.telemetry import Telemetry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from flights.simulator.aircraft import Aircraft
    from flights.simulator.wire import Message

T = TypeVar("T")

STEP_S = 0.02
NAP_S = 0.01
TRUTH_EVERY_S = 0.05
MOST_LAG_S = 0.5  # wall seconds behind schedule after which the schedule is moved instead of caught up


class Radio(Protocol):
    """What carries messages: a socket, or memory."""

    def listen(self) -> None:
        """Open it, again after `drop`."""

    def drop(self) -> None:
        """Close it with everything under way."""

    def receive(self) -> list[Message]:
        """All messages that have arrived."""

    def send(self, messages: Iterable[tuple[int, Message]]) -> None:
        """Send (component, message) pairs."""

    def wait(self, timeout_s: float, others: Iterable[int] = ()) -> list[int]:
        """Sleep until something arrives; the file descriptors of `others` that are readable."""


class Simulation:
    """One flight of one aircraft.

    Attributes:
        pilot: the autopilot, with its aircraft.
        telemetry: what it reports.
        commands: what it answers.
        link: the client's connection.
        lost_share: a fault: share of all messages that do not arrive, each way.
    """

    def __init__(
        self,
        aircraft: Aircraft,
        link: Radio,
        truth: TextIO,
        *,
        start_utc_s: float,
        faults: Iterable[Fault],
    ) -> None:
        self.pilot = Autopilot(aircraft)
        self.telemetry = Telemetry(self.pilot, start_utc_s=start_utc_s)
        self.commands = Commands(self.pilot, self.telemetry)
        self.link, self._truth = link, truth
        self._faults = sorted(faults)
        self.lost_share = 0.0
        self._luck = random.Random(start_utc_s)  # noqa: S311 - reproducible, no secret
        self._silent_until_s: float | None = None
        self._next_truth_s = 0.0

    def silence_link(self, for_s: float) -> None:
        """Close the link for some simulated seconds."""
        self._silent_until_s = self.pilot.now_s + for_s
        self.link.drop()

    def step(self) -> None:
        """One step of simulated time."""
        while self._faults and self._faults[0][0] <= self.pilot.now_s:
            strike(self._faults.pop(0)[1], self)
        if self._silent_until_s is not None and self.pilot.now_s >= self._silent_until_s:
            self._silent_until_s = None
            self.link.listen()
        self.pilot.step(STEP_S)
        self.commands.missions.step(self.pilot.now_s)
        self.telemetry.step()
        if self.pilot.now_s >= self._next_truth_s - 1e-6:
            self._next_truth_s += TRUTH_EVERY_S
            self._write_truth()

    def exchange(self) -> None:
        """Answer what arrived, send what is queued."""
        for message in self._arriving(self.link.receive()):
            self.commands.handle(message)
        self.link.send(self._arriving(self.pilot.outbox))
        self.pilot.outbox.clear()

    def _arriving(self, messages: list[T]) -> list[T]:
        return [each for each in messages if self._luck.random() >= self.lost_share] if self.lost_share else messages

    def run(self, *, speed: float, until_wall_s: float, should_stop: Callable[[], bool], stdin: int | None) -> None:
        """Run until told to stop.

        Args:
            speed: simulated seconds per wall second.
            until_wall_s: wall seconds after which to stop by itself.
            should_stop: asked every round.
            stdin: file descriptor whose end means stop; None when there is none to watch.
        """
        began = behind_since = time.monotonic()
        simulated_s = 0.0
        watched = [] if stdin is None else [stdin]
        while not should_stop() and time.monotonic() - began < until_wall_s:
            if any(not os.read(fd, 4096) for fd in self.link.wait(NAP_S, watched)):
                return
            due_s = (time.monotonic() - behind_since) * speed
            if due_s - simulated_s > MOST_LAG_S * speed:
                behind_since, simulated_s, due_s = time.monotonic(), 0.0, STEP_S
            self.exchange()
            while simulated_s < due_s:
                self.step()
                simulated_s += STEP_S
            self.exchange()

    def _write_truth(self) -> None:
        air = self.pilot.aircraft
        lat, lon = air.lat_lon(air.motion.enu_m)
        row = {"at_s": round(self.telemetry.utc_s, 3), "lat_deg": round(lat, 9), "lon_deg": round(lon, 9)}
        row["alt_amsl_m"] = round(air.alt_amsl_m(air.motion.enu_m[2]), 3)
        row |= {f"{name}_deg": round(getattr(air.motion, f"{name}_deg"), 3) for name in ("yaw", "pitch", "roll")}
        row |= {"gimbal_yaw_deg": round(air.gimbal.yaw_deg, 3), "gimbal_pitch_deg": round(air.gimbal.pitch_deg, 3)}
        self._truth.write(json.dumps(row | {"gimbal_roll_deg": 0.0}) + "\n")
