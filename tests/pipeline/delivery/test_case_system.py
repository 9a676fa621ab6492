"""The HTTP client of the case system: bounded, honest about failures, silent about its token."""

from __future__ import annotations

import logging
import socket
import threading
import time
from typing import TYPE_CHECKING

import pytest

from pipeline.delivery.case_system import CaseSystemAddress, CaseSystemClient
from pipeline.errors import BadInput, DeliveryFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN = "s3cret-token"  # noqa: S105 - made up


@pytest.fixture
def answering() -> Iterator[tuple[str, list[bytes]]]:
    """A raw socket that answers every request with the bytes put in the list; with none it stays silent."""
    answers: list[bytes] = []
    asked: list[socket.socket] = []
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            asked.append(connection)
            connection.recv(65536)
            for answer in answers:
                connection.sendall(answer)
                connection.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.getsockname()[1]}", answers
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join(5)
    for connection in asked:
        connection.close()


def http(status: str, body: str = "", header: str = "") -> bytes:
    """A raw answer."""
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n{header}\r\n{body}".encode()


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (http("500 Oops", "disk\nfull"), "status 500: disk full"),
        (http("302 Found", "", "Location: http://elsewhere.example/\r\n"), "status 302"),
        (http("401 No", f"wrong token {TOKEN}"), r"wrong token \*\*\*"),
        (http("200 OK", "{}"), "no receipt"),
        (http("200 OK", "nonsense"), "no receipt"),
        (http("200 OK", '{"receipt": 7}'), "no receipt"),
        (b"garbage\r\n\r\n", "POST cases/events"),
    ],
    ids=["error", "redirect", "echo", "empty", "no json", "no text", "no http"],
)
def test_anything_but_a_receipt_is_a_failure(answering: tuple[str, list[bytes]], answer: bytes, told: str) -> None:
    """Every answer but a receipt is DeliveryFailed with the reason on one line, the token struck out."""
    url, answers = answering
    answers.append(answer)
    with (
        CaseSystemClient(CaseSystemAddress(url=url, token=TOKEN), timeout_s=5.0) as client,
        pytest.raises(DeliveryFailed, match=told) as caught,
    ):
        client.post_event("C1:1", "{}")
    assert TOKEN not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_receipt_is_given_back(answering: tuple[str, list[bytes]]) -> None:
    """The receipt in the answer is what `post_event` returns; evidence needs none."""
    url, answers = answering
    answers.append(http("201 Created", '{"receipt": "R7"}'))
    with CaseSystemClient(CaseSystemAddress(url=f"{url}/api/")) as client:
        assert client.post_event("C1:1", "{}") == "R7"
        client.put_evidence("0" * 64, b"x")


def test_a_silent_system_is_not_waited_for(answering: tuple[str, list[bytes]]) -> None:
    """A system that accepts and never answers costs the timeout, not more."""
    started_s = time.monotonic()
    with (
        CaseSystemClient(CaseSystemAddress(url=answering[0]), timeout_s=0.3) as client,
        pytest.raises(DeliveryFailed, match=r"timed out|Timeout"),
    ):
        client.post_event("C1:1", "{}")
    assert time.monotonic() - started_s < 3


def test_a_system_that_is_not_there_is_told() -> None:
    """A refused connection is DeliveryFailed with the address."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with (
        CaseSystemClient(CaseSystemAddress(url=f"http://127.0.0.1:{port}")) as client,
        pytest.raises(DeliveryFailed, match=f"127.0.0.1:{port}"),
    ):
        client.put_evidence("0" * 64, b"x")


def test_the_token_is_never_shown(answering: tuple[str, list[bytes]], caplog: pytest.LogCaptureFixture) -> None:
    """Neither the address nor the client nor any log record at any level shows the token."""
    url, answers = answering
    answers.append(http("201 Created", '{"receipt": "R7"}'))
    caplog.set_level(logging.DEBUG)
    address = CaseSystemAddress(url=url, token=TOKEN)
    with CaseSystemClient(address) as client:
        client.post_event("C1:1", "{}")
        assert TOKEN not in f"{address!r} {address} {client!r}"
    assert TOKEN not in caplog.text


@pytest.mark.parametrize(
    "url",
    [
        "",
        "cases.example",
        "ftp://cases.example",
        "http://",
        "http://li:secret@cases.example",
        "http://c.example/?key=secret",
    ],
)
def test_an_unusable_address_is_bad_input(url: str) -> None:
    """No address, another scheme, or a secret within the address: refused without repeating it."""
    with pytest.raises(BadInput, match="url") as caught:
        CaseSystemAddress(url=url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("token", ["two words", "line\nbreak", "口令"])
def test_an_unusable_token_is_bad_input(token: str) -> None:
    """A token no header can carry is refused without repeating it."""
    with pytest.raises(BadInput, match="token") as caught:
        CaseSystemAddress(url="http://cases.example", token=token)
    assert token not in str(caught.value)
