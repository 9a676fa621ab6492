"""The simulated aircraft without sockets and wall time, for many flights with faults.

The product's own MAVLink code on one side, the autopilot on the other, and a clock that runs as fast as it can. Every
message is packed and parsed.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, TypeVar

from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flights.mavlink_autopilot import MavlinkAutopilot
from flights.simulator.aircraft import Aircraft
from flights.simulator.simulation import STEP_S, Simulation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from flights.simulator.faults import Fault
    from flights.simulator.wire import Message
T = TypeVar("T")

HEARTBEAT_S = 0.5
QUIET_S = 0.1  # a real client hears things in gusts, too


class MemoryLink:
    """The simulator's link, in memory."""

    def __init__(self) -> None:
        self.connected = True
        self.inbox: list[Message] = []
        self.heard: list[Message] = []
        self._encoders: dict[int, Any] = {}
        self._parser = mavlink.MAVLink(None)

    def listen(self) -> None:
        """The radio is back."""
        self.connected = True

    def drop(self) -> None:
        """The radio is gone, with everything under way."""
        self.connected = False
        self.inbox.clear()

    def receive(self) -> list[Message]:
        """What the client sent."""
        received, self.inbox = self.inbox, []
        return received

    def send(self, messages: Iterable[tuple[int, Message]]) -> None:
        """To the client."""
        for component, message in messages if self.connected else ():
            encoder = self._encoders.setdefault(component, mavlink.MAVLink(None, 1, component))
            self.heard += self._parser.parse_buffer(message.pack(encoder)) or []

    def wait(self, timeout_s: float, others: Iterable[int] = ()) -> list[int]:  # noqa: ARG002 - the port's signature
        """Nothing is waited for in memory."""
        return []


class InProcessAutopilot(MavlinkAutopilot):
    """Autopilot and clock in one: waiting is what makes it fly.

    Attributes:
        simulation: the aircraft, its autopilot and its faults.
        alive: False: our process is dead, and sends nothing more.
        sent: (simulated second, message) of all that was sent, heartbeats left out.
    """

    def __init__(
        self, home: tuple[float, float, float], *, start_utc_s: float, seed: int = 0, faults: Iterable[Fault] = ()
    ) -> None:
        super().__init__()
        self._link = MemoryLink()
        self.simulation = Simulation(
            Aircraft(*home, seed=seed), self._link, io.StringIO(), start_utc_s=start_utc_s, faults=faults
        )
        self.alive = True
        self.sent: list[tuple[float, Message]] = []
        self._encoder = mavlink.MAVLink(None, 255, 0)
        self._parser = mavlink.MAVLink(None)
        self._heard_s = self._beat_s = 0.0
        self.ask_for_streams()

    def now_s(self) -> float:
        """Simulated seconds since boot."""
        return self.simulation.pilot.now_s

    def sleep(self, seconds: float) -> None:
        """Fly for so long."""
        until_s = self.now_s() + seconds
        while self.now_s() < until_s - STEP_S / 2:
            self._step()

    def _step(self) -> None:
        if self.alive and self.now_s() >= self._beat_s:
            self._beat_s = self.now_s() + HEARTBEAT_S
            self._transmit(mavlink.MAVLink_heartbeat_message(6, 8, 0, 0, 0, 3))
        self.simulation.step()
        self.simulation.exchange()
        heard, self._link.heard = self._link.heard, []
        for message in heard if self.alive else ():
            self._hear(message)

    def _heartbeat(self) -> None:
        self._heard_s = self.now_s()

    def _link_age_s(self) -> float:
        return self.now_s() - self._heard_s

    def _send(self, message: Message) -> None:
        self.sent.append((self.now_s(), message))
        self._transmit(message)

    def _transmit(self, message: Message) -> None:
        if self._link.connected and self.alive:
            self._link.inbox += self._parser.parse_buffer(message.pack(self._encoder)) or []

    def _await(self, take: Callable[[], T | None], timeout_s: float) -> T | None:
        until_s = self.now_s() + timeout_s
        while (found := take()) is None and self.now_s() < until_s:
            self.sleep(QUIET_S)
        return found

    def close(self) -> None:
        """Nothing to let go of."""
