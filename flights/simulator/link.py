"""The TCP link: listens, serves one client at a time, never blocks, and survives clients that vanish."""

from __future__ import annotations

import select
import socket
from typing import TYPE_CHECKING, Any

from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flights.errors import SimulatorError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flights.simulator.wire import Message

BUFFER_LIMIT_BYTES = 262_144
AUTOPILOT_SYSTEM = 1
LOOPBACK = "127.0.0.1"


class Link:
    """One listening port and at most one client; a second client waits until the first is gone.

    Attributes:
        port: the port in use, also when 0 was asked for.
    """

    def __init__(self, port: int) -> None:
        self._server: socket.socket | None = None
        self._client: socket.socket | None = None
        self._out = bytearray()
        self._encoders: dict[int, Any] = {}
        self._parser = _parser()
        self.port = port
        self.listen()

    def listen(self) -> None:
        """Open the port, again after `drop`.

        Raises:
            SimulatorError: the port is taken.
        """
        if self._server is not None:
            return
        server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind((LOOPBACK, self.port))
        except OSError as error:
            server.close()
            where = f"tcp:{LOOPBACK}:{self.port}"
            raise SimulatorError(
                f"--listen: {where}: {error.strerror}; choose another port, or 0 for a free one"
            ) from error
        server.listen(1)
        server.settimeout(0.0)
        self._server = server
        self.port = int(server.getsockname()[1])

    def drop(self) -> None:
        """Close the client and the port: the radio is gone."""
        self._leave()
        if self._server is not None:
            self._server.close()
            self._server = None

    def wait(self, timeout_s: float, others: Iterable[int] = ()) -> list[int]:
        """Sleep until something arrives; the file descriptors of `others` that are readable."""
        watched = [s.fileno() for s in (self._client or self._server,) if s is not None]
        outgoing = [self._client.fileno()] if self._client is not None and self._out else []
        readable, _, _ = select.select([*watched, *others], outgoing, [], timeout_s)
        return [fd for fd in readable if fd not in watched]

    def receive(self) -> list[Message]:
        """All messages that have arrived."""
        if self._client is None:
            self._accept()
        if self._client is None:
            return []
        try:
            received = self._client.recv(65536)
        except BlockingIOError:
            return []
        except OSError:
            received = b""
        if not received:
            self._leave()
            return []
        messages = self._parser.parse_buffer(received) or []
        return [m for m in messages if m.get_type() != "BAD_DATA"]

    def send(self, messages: Iterable[tuple[int, Message]]) -> None:
        """Queue (component, message) pairs and write what the socket takes; a client that does not read loses some."""
        for component, message in messages:
            if self._client is not None and len(self._out) < BUFFER_LIMIT_BYTES:
                encoder = self._encoders.setdefault(component, mavlink.MAVLink(None, AUTOPILOT_SYSTEM, component))
                self._out += message.pack(encoder)
                encoder.seq = (encoder.seq + 1) % 256
        if self._client is None or not self._out:
            return
        try:
            sent = self._client.send(self._out)
        except BlockingIOError:
            return
        except OSError:
            self._leave()
            return
        del self._out[:sent]

    def _accept(self) -> None:
        if self._server is None:
            return
        try:
            self._client, _ = self._server.accept()
        except OSError:
            return
        self._client.settimeout(0.0)
        self._client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._parser = _parser()

    def _leave(self) -> None:
        if self._client is not None:
            self._client.close()
        self._client = None
        self._out.clear()


def _parser() -> Message:
    parser = mavlink.MAVLink(None)
    parser.robust_parsing = True
    return parser
