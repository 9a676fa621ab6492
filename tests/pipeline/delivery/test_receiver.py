"""The reference receiver as a program, spoken to over real HTTP."""

from __future__ import annotations

import hashlib
import http.client
import json
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from pipeline.delivery.received import read_received
from pipeline.delivery.receiver import main
from pipeline.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from pipeline.evidence.vault import FolderVault
    from pipeline.store.case_store import SqlCaseStore

    type_receiver = Callable[..., AbstractContextManager[tuple[subprocess.Popen[str], str]]]
    type_file_cases = Callable[[int], list[str]]


OTHERS = (("GET", "/elsewhere"), ("PUT", "/elsewhere"), ("POST", "/cases"))


def ask(url: str, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, object]:
    """Status and JSON body of one request, made without any code of ours."""
    host, port = url.removeprefix("http://").split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=10)
    connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    said = json.loads(answer.read())
    connection.close()
    return answer.status, said


@pytest.fixture
def draft(store: SqlCaseStore, vault: FolderVault, file_cases: type_file_cases) -> tuple[str, bytes, bytes]:
    """A draft's key and payload, and the masked picture it names."""
    file_cases(1)
    (queued,) = store.outbox.pending(200.0)
    (sha256,) = json.loads(queued.payload)["masked_sha256s"]
    return queued.key, queued.payload.encode(), vault.get(sha256)


def test_an_event_is_taken_once_with_one_receipt(
    receiver: type_receiver, draft: tuple[str, bytes, bytes], tmp_path: Path
) -> None:
    """Evidence first, then the event; sent again it has the same receipt and is counted as a duplicate."""
    key, payload, picture = draft
    with receiver() as (_, url):
        sha256 = hashlib.sha256(picture).hexdigest()
        assert ask(url, "PUT", f"/evidence/{sha256}", picture)[0] == 201
        assert ask(url, "PUT", f"/evidence/{sha256}", picture)[0] == 201
        first = ask(url, "POST", "/cases/events", payload, Idempotency_Key=key)
        again = ask(url, "POST", "/cases/events", payload, Idempotency_Key=key)
        assert (first[0], again[0]) == (201, 200)
        assert first[1] == again[1] == {"receipt": "R00000001"}
        status, cases = ask(url, "GET", "/cases")
    assert status == 200
    (received,) = read_received(tmp_path / "received")
    assert (received.key, received.receipt, received.duplicates) == (key, "R00000001", 1)
    assert received.message.to_json().encode() == payload
    assert cases == [{"receipt": "R00000001", "duplicates": 1, **json.loads(payload)}]


def test_what_is_wrong_is_refused_and_not_kept(
    receiver: type_receiver, draft: tuple[str, bytes, bytes], tmp_path: Path
) -> None:
    """Wrong hashes, missing evidence, other keys, broken bodies and unknown places each have their status."""
    key, payload, picture = draft
    sha256 = hashlib.sha256(picture).hexdigest()
    with receiver() as (_, url):
        assert ask(url, "PUT", f"/evidence/{sha256}", b"other")[0] == 422
        assert ask(url, "PUT", "/evidence/../../x", b"other")[0] == 422
        assert ask(url, "POST", "/cases/events", payload, Idempotency_Key=key)[0] == 409
        ask(url, "PUT", f"/evidence/{sha256}", picture)
        assert ask(url, "POST", "/cases/events", payload, Idempotency_Key="C1:1")[0] == 400
        assert ask(url, "POST", "/cases/events", payload)[0] == 400
        assert ask(url, "POST", "/cases/events", b"{", Idempotency_Key=key)[0] == 422
        assert ask(url, "POST", "/cases/events", b"\xff", Idempotency_Key=key)[0] == 422
        assert [ask(url, *other)[0] for other in OTHERS] == [404] * 3
        assert ask(url, "PUT", f"/evidence/{sha256}", b"", Content_Length=str(10**12))[0] == 413
        assert read_received(tmp_path / "received") == ()
        assert ask(url, "POST", "/cases/events", payload, Idempotency_Key=key)[0] == 201
        changed = payload.replace(b'"reason": ""', b'"reason": "lawful"')
        status, said = ask(url, "POST", "/cases/events", changed, Idempotency_Key=key)
    assert (status, key in str(said)) == (409, True)
    assert len(read_received(tmp_path / "received")) == 1


@pytest.mark.parametrize("given", ["", "Bearer wrong", "s3cret-token", "Bearer s3cret-token"])
def test_a_token_opens_every_place(receiver: type_receiver, given: str) -> None:
    """With a token set, only who has it is answered."""
    wanted = 200 if given == "Bearer s3cret-token" else 401
    with receiver("--token-env", "RECEIVER_TOKEN") as (_, url):
        assert ask(url, "GET", "/cases", Authorization=given)[0] == wanted
        assert ask(url, "PUT", f"/evidence/{'0' * 64}", b"x", Authorization=given)[0] == (422 if wanted == 200 else 401)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(receiver: type_receiver, number: int) -> None:
    """SIGTERM and SIGINT end it with 0, even while a connection is open."""
    with receiver() as (process, url), socket.create_connection(("127.0.0.1", int(url.rsplit(":", 1)[1])), timeout=5):
        process.send_signal(number)
        assert process.wait(timeout=5) == 0


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--listen", "127.0.0.1:{taken}"], "use"),
        (["--listen", "nonsense"], "HOST:PORT"),
        (["--listen", "127.0.0.1:99999"], "HOST:PORT"),
        (["--listen", "127.0.0.1:0", "--token-env", "NO_SUCH_NAME"], "NO_SUCH_NAME"),
        (["--listen", "127.0.0.1:0", "--folder", "/proc/none"], "/proc/none"),
    ],
)
def test_what_cannot_start_says_why_on_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, options: list[str], told: str
) -> None:
    """A port in use, a bad address, a missing token or an impossible folder: one clear line, exit 2."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["--folder", str(tmp_path), *(one.format(taken=port) for one in options)]) == 2
    said = capsys.readouterr().err
    assert told in said
    assert said.count("\n") == 1


def test_a_port_in_use_ends_the_program_with_two(receiver: type_receiver, tmp_path: Path) -> None:
    """A second receiver on the same port ends by itself with status 2 and no traceback."""
    with receiver() as (_, url):
        listen = url.removeprefix("http://")
        command = [sys.executable, "-m", "pipeline.delivery.receiver", "--listen", listen]
        second = subprocess.run(  # noqa: S603 - our own words
            [*command, "--folder", str(tmp_path / "other")], capture_output=True, text=True, check=False, timeout=20
        )
    assert second.returncode == 2
    assert "Traceback" not in second.stderr


def test_reading_where_no_receiver_worked_is_bad_input(tmp_path: Path) -> None:
    """A folder without received events is named, and nothing is made in it."""
    with pytest.raises(BadInput, match="not found"):
        read_received(tmp_path)
    assert list(tmp_path.iterdir()) == []
