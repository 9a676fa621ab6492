"""A reference case system: `python -m pipeline.delivery.receiver --listen 127.0.0.1:8765 --folder DIR`.

It shows what a receiver has to keep to: an event is on the disk before it is answered, the same idempotency key gives
the same receipt, and a draft is only taken after its masked pictures, whose hashes are checked.

    PUT  /evidence/{sha256}   201; 422 when the bytes have another hash
    POST /cases/events        201, or 200 for a duplicate; both {"receipt": ...}; header Idempotency-Key
    GET  /cases               200, every event taken in with its receipt, in order of arrival
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import json
import os
import signal
import socketserver
import sys
import threading
import time
from dataclasses import asdict
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.delivery.received import ReceivedEvents
from pipeline.domain.message import parse_message
from pipeline.errors import BadInput, NotFound, PipelineError, StorageFull
from pipeline.evidence.vault import FolderVault

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from socket import socket

LARGEST_BODY = 64 * 1024 * 1024
_IDLE_S = 30
_UNUSABLE = 2


class Refused(Exception):
    """A request answered with an error status; never leaves this module."""

    def __init__(self, status: HTTPStatus, fault: str) -> None:
        self.status = status
        super().__init__(fault)


class Receiver(ThreadingHTTPServer):
    """The server, with what it keeps and what opens it."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], folder: Path, token: str) -> None:
        self.vault = FolderVault(folder / "evidence")
        self.events = ReceivedEvents(folder)
        self.token = token
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        """Bind without asking a name server who we are, as the base class would."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "receiver", int(self.server_address[1])

    def handle_error(self, request: socket | tuple[bytes, socket], client_address: object) -> None:
        """A sender that hangs up is no fault of ours; anything else is told."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: Receiver
    protocol_version = "HTTP/1.1"
    timeout = _IDLE_S
    # Answers go out whole: with small writes each would wait for the peer's delayed acknowledgement.
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._answer(self._list_cases)

    def do_PUT(self) -> None:
        self._answer(self._put_evidence)

    def do_POST(self) -> None:
        self._answer(self._post_event)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Stay silent: what was taken in is in the database."""

    def _answer(self, work: Callable[[bytes], tuple[HTTPStatus, object]]) -> None:
        try:
            # The body is read even when it is refused: closing on unread bytes would lose the answer.
            content = self._body()
            self._check_token()
            status, body = work(content)
        except Refused as refused:
            status, body = refused.status, {"fault": str(refused)}
        except StorageFull as full:
            status, body = HTTPStatus.INSUFFICIENT_STORAGE, {"fault": str(full)}
        except PipelineError as error:
            status, body = HTTPStatus.INTERNAL_SERVER_ERROR, {"fault": str(error)}
        said = json.dumps(body, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def _body(self) -> bytes:
        stated = self.headers.get("Content-Length", "0")
        if not stated.isdecimal() or "Transfer-Encoding" in self.headers or int(stated) > LARGEST_BODY:
            self.close_connection = True
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"state a length up to {LARGEST_BODY} bytes")
        return self.rfile.read(int(stated))

    def _check_token(self) -> None:
        wanted = f"Bearer {self.server.token}".encode()
        given = self.headers.get("Authorization", "").encode("utf-8", "replace")
        if self.server.token and not hmac.compare_digest(given, wanted):
            raise Refused(HTTPStatus.UNAUTHORIZED, "the bearer token is missing or wrong")

    def _check_path(self, wanted: str) -> None:
        if self.path != wanted and not (wanted.endswith("/") and self.path.startswith(wanted)):
            raise Refused(HTTPStatus.NOT_FOUND, "no such place")

    def _put_evidence(self, content: bytes) -> tuple[HTTPStatus, object]:
        self._check_path("/evidence/")
        sha256 = self.path.removeprefix("/evidence/")
        if hashlib.sha256(content).hexdigest() != sha256:
            raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "the bytes do not have that sha256")
        return HTTPStatus.CREATED, {"sha256": self.server.vault.put(content)}

    def _post_event(self, content: bytes) -> tuple[HTTPStatus, object]:
        self._check_path("/cases/events")
        try:
            payload = content.decode()
            message = parse_message(payload)
            for sha256 in message.masked_sha256s:
                self.server.vault.get(sha256)
        except (BadInput, UnicodeDecodeError) as error:
            raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, str(error)) from error
        except NotFound as error:
            raise Refused(HTTPStatus.CONFLICT, f"put the evidence first: {error}") from error
        if self.headers.get("Idempotency-Key") != message.key:
            raise Refused(HTTPStatus.BAD_REQUEST, f"the Idempotency-Key of this event is {message.key}")
        taken = self.server.events.take(message.key, payload, time.time())
        if taken is None:
            raise Refused(HTTPStatus.CONFLICT, f"another event was taken under {message.key}")
        receipt, duplicates = taken
        return HTTPStatus.OK if duplicates else HTTPStatus.CREATED, {"receipt": receipt}

    def _list_cases(self, _content: bytes) -> tuple[HTTPStatus, object]:
        self._check_path("/cases")
        taken = [
            {"receipt": one.receipt, "duplicates": one.duplicates, **asdict(one.message)}
            for one in self.server.events.all()
        ]
        return HTTPStatus.OK, taken


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; 2 when it cannot be started."""
    parser = argparse.ArgumentParser(prog="pipeline.delivery.receiver", description="A reference case system")
    parser.add_argument("--listen", required=True, metavar="HOST:PORT", help="port 0 chooses a free one")
    parser.add_argument("--folder", required=True, type=Path, help="where it keeps what it takes in")
    parser.add_argument("--token-env", metavar="NAME", help="environment variable that holds the bearer token")
    given = parser.parse_args(arguments)
    host, _, port = given.listen.rpartition(":")
    token = os.environ.get(given.token_env, "") if given.token_env else ""
    if not host or not port.isdecimal() or int(port) > 65535:
        return _cannot_start(f"--listen {given.listen}: write it as HOST:PORT")
    if given.token_env and not token:
        return _cannot_start(f"--token-env {given.token_env}: is not set")
    try:
        receiver = Receiver((host, int(port)), given.folder, token)
    except OSError as error:
        return _cannot_start(f"{given.listen}: {error.strerror}. Choose another port, or 0 for any free one")
    except PipelineError as error:
        return _cannot_start(str(error))
    _serve(receiver, host)
    return 0


def _serve(receiver: Receiver, host: str) -> None:
    ends = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)  # waited for below: a handler could come while a lock is held
    threading.Thread(target=receiver.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
    sys.stdout.write(f"ready http://{host}:{receiver.server_port}\n")
    sys.stdout.flush()
    signal.sigwait(ends)
    receiver.shutdown()
    receiver.server_close()
    receiver.events.close()


def _cannot_start(fault: str) -> int:
    sys.stderr.write(f"receiver: {fault}\n")
    return _UNUSABLE


if __name__ == "__main__":
    sys.exit(main())
