"""The autopilot port over DroneKit. The only file that imports DroneKit, and it does so late.

DroneKit keeps the link and parses; it checks no answer to anything it sends, so it sends nothing of ours by itself.
A TCP link that breaks is dialled again once a second for as long as the flight lasts.
"""

from __future__ import annotations

import os

os.environ["MAVLINK20"] = "1"  # before pymavlink's first import, or the v1 dialect without fence lists is used

import select
import socket
import threading
import time
from queue import Empty, Queue
from typing import TYPE_CHECKING, Any, Self, TypeVar

from pymavlink import mavutil

from flights.errors import AutopilotError, LinkLost
from flights.mavlink_autopilot import MavlinkAutopilot

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
T = TypeVar("T")

HEARTBEAT_S = 0.5  # vehicle seconds; FS_GCS_TIMEOUT is 5
HICCUP_S = 1.5  # wall seconds; heartbeats come every second at most
REDIAL_S = 0.5
DIAL_S = 0.3


class DroneKitAutopilot(MavlinkAutopilot):
    """One aircraft behind a connection string such as `tcp:127.0.0.1:5760` or `udpin:0.0.0.0:14550`.

    Use `DroneKitAutopilot.connect(...)`, as a context manager.
    """

    def __init__(self, vehicle: Any, *, time_speed: float = 1.0) -> None:  # noqa: ANN401 - DroneKit has no type stubs
        super().__init__()
        self._vehicle = vehicle
        self._system = int(vehicle._handler.target_system)  # noqa: SLF001 - nowhere public
        self._speed = time_speed
        self._heard_at = time.monotonic()
        self._heard = threading.Condition()
        self._closing = threading.Event()
        vehicle.add_message_listener("*", self._on_message)
        self._heartbeats = threading.Thread(target=self._send_heartbeats, name="gcs-heartbeat", daemon=True)
        self._heartbeats.start()
        self.ask_for_streams()

    @classmethod
    def connect(cls, address: str, *, timeout_s: float = 30.0, time_speed: float = 1.0) -> DroneKitAutopilot:
        """Connect and wait for a heartbeat, the mode, a position fix and attitude.

        Args:
            address: DroneKit connection string.
            timeout_s: wall seconds until giving up.
            time_speed: how much faster than real time the (simulated) vehicle's clock runs.

        Raises:
            LinkLost: no autopilot answered in time.
        """
        started = time.monotonic()
        vehicle = _dial(address, timeout_s)
        vehicle._heartbeat_error = 0  # noqa: SLF001 - else its reader dies after 30 s of silence; we watch the age
        link = vehicle._handler.master  # noqa: SLF001 - DroneKit offers no way to choose the link
        if type(link) is mavutil.mavtcp:
            link.__class__ = _RedialledTcp
        autopilot = cls(vehicle, time_speed=time_speed)
        left_s = max(1.0, timeout_s - (time.monotonic() - started))
        wanted = {"HEARTBEAT", "ATTITUDE", "GPS_RAW_INT", "SYS_STATUS"}
        if not autopilot._await(lambda: wanted <= autopilot._latest.keys() or None, left_s * time_speed):
            autopilot.close()
            missing = ", ".join(sorted(wanted - autopilot._latest.keys()))
            raise LinkLost(f"{address}: incomplete telemetry after {timeout_s:.0f} s: no {missing}")
        return autopilot

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _on_message(self, _vehicle: Any, _name: str, message: Any) -> None:  # noqa: ANN401 - DroneKit's listener
        """On DroneKit's reader thread."""
        with self._heard:
            self._hear(message)
            self._heard.notify_all()

    def _heartbeat(self) -> None:
        self._heard_at = time.monotonic()

    def _link_age_s(self) -> float:
        """Vehicle seconds since the last heartbeat; a hiccup of this machine does not count for a fast clock."""
        wall_s = time.monotonic() - self._heard_at
        return wall_s * self._speed if wall_s > HICCUP_S else min(wall_s * self._speed, HICCUP_S)

    def _send(self, message: Any) -> None:  # noqa: ANN401 - as above
        self._vehicle.send_mavlink(message)

    def _await(self, take: Callable[[], T | None], timeout_s: float) -> T | None:
        """Wall seconds where an answer crosses a real link: a fast vehicle clock does not make that faster."""
        deadline = time.monotonic() + (timeout_s if timeout_s >= 1 else timeout_s / self._speed)
        with self._heard:
            while (found := take()) is None and (left_s := deadline - time.monotonic()) > 0:
                self._heard.wait(left_s)
        return found

    def _send_heartbeats(self) -> None:
        mav = self._vehicle._master.mav  # noqa: SLF001 - DroneKit has no public sender for heartbeats
        while not self._closing.wait(HEARTBEAT_S / self._speed):
            mav.heartbeat_send(6, 8, 0, 0, 0)  # MAV_TYPE_GCS, MAV_AUTOPILOT_INVALID

    def close(self) -> None:
        """Let go of the link; the aircraft is left to its own failsafes.

        Raises:
            AutopilotError: DroneKit does not let go.
        """
        self._closing.set()
        self._heartbeats.join(timeout=2.0)
        closer = threading.Thread(target=self._vehicle.close, name="dronekit-close", daemon=True)
        closer.start()
        closer.join(timeout=5.0)
        if closer.is_alive():
            raise AutopilotError("the link does not close: DroneKit's threads hang.")


class _RedialledTcp(mavutil.mavtcp):  # type: ignore[misc]  # pymavlink has no types
    """pymavlink's TCP link, but a broken one is dialled again instead of ending the reader's thread.

    Only the reader's thread dials; what is written meanwhile is lost, as on a radio.
    """

    port: socket.socket | None
    _dialled_at = 0.0

    def recv(self, n: int | None = None) -> bytes:
        if self.port is None:
            self._redial()
            return b""
        try:
            received: bytes = self.port.recv(n or self.mav.bytes_needed())
        except BlockingIOError:
            return b""
        except OSError:
            received = b""
        if not received:
            self.port.close()
            self.port = None
        return received

    def write(self, buf: bytes) -> None:
        port = self.port
        try:
            if port is not None:
                port.send(buf)
        except OSError:  # the reader notices
            return

    def select(self, timeout: float) -> bool:
        if self.port is None:
            time.sleep(timeout)
            return True
        return bool(select.select([self.port], [], [], timeout)[0])

    def close(self) -> None:
        if self.port is not None:
            self.port.close()

    def _redial(self) -> None:
        if time.monotonic() - self._dialled_at < REDIAL_S:
            return
        self._dialled_at = time.monotonic()
        try:
            port = socket.create_connection(self.destination_addr, timeout=DIAL_S)
        except OSError:
            return
        port.setblocking(False)  # noqa: FBT003 - the socket's own call
        port.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.fd, self.port = port.fileno(), port


def _dial(address: str, timeout_s: float) -> Any:  # noqa: ANN401 - DroneKit has no type stubs
    """Connect on a thread of its own: DroneKit waits without end for the first parameter, and is left behind then."""
    found: Queue[Any] = Queue()
    abandoned = threading.Event()

    def dial() -> None:
        import dronekit  # noqa: PLC0415 - imported late so that the command line starts without it

        try:
            vehicle = dronekit.connect(address, rate=4, heartbeat_timeout=timeout_s)
        except (dronekit.APIException, OSError, ValueError) as error:
            found.put(error)
            return
        found.put(vehicle)
        if abandoned.is_set():
            vehicle.close()

    threading.Thread(target=dial, name="dronekit-connect", daemon=True).start()
    try:
        vehicle = found.get(timeout=timeout_s)
    except Empty:
        abandoned.set()
        raise LinkLost(f"{address}: no autopilot within {timeout_s:.0f} s. Check address and power.") from None
    if isinstance(vehicle, Exception):
        raise LinkLost(f"{address}: {vehicle}. Check address and power.") from vehicle
    return vehicle
