"""The TCP link against clients that behave, wait, babble, sleep and vanish."""

from __future__ import annotations

import random
import socket
import time
from typing import TYPE_CHECKING, Any

import pytest
from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flights.errors import SimulatorError
from flights.simulator.link import Link

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Client

BEAT = mavlink.MAVLink_heartbeat_message(2, 3, 0, 0, 4, 3)


@pytest.fixture
def link() -> Iterator[Link]:
    """A link on a free port."""
    made = Link(0)
    yield made
    made.drop()


def receive(link: Link, seconds: float = 2.0) -> list[Any]:
    """Messages, as soon as there are any."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        link.wait(0.02)
        if messages := link.receive():
            return messages
    return []


def test_messages_go_both_ways(link: Link, connect: Callable[[int], Client]) -> None:
    """A heartbeat in, a heartbeat out, from the component asked for."""
    client = connect(link.port)
    client.send(BEAT)
    assert receive(link)[0].get_type() == "HEARTBEAT"
    link.send([(1, BEAT), (100, BEAT)])
    assert client.wait("HEARTBEAT").get_srcComponent() == 1
    assert client.wait("HEARTBEAT").get_srcComponent() == 100


def test_a_taken_port_is_one_clear_error(link: Link) -> None:
    """The message names the option and the remedy."""
    with pytest.raises(SimulatorError, match=r"--listen: .*choose another port"):
        Link(link.port)


def test_a_second_client_waits_for_the_first_to_leave(link: Link, connect: Callable[[int], Client]) -> None:
    """One at a time; after a hang-up the next is served."""
    first, second = connect(link.port), connect(link.port)
    first.send(BEAT)
    second.send(BEAT)
    assert len(receive(link)) == 1
    assert receive(link, 0.2) == []
    first.close()
    assert len(receive(link)) == 1


def test_garbage_is_survived(link: Link, connect: Callable[[int], Client]) -> None:
    """Random bytes, then a good message: the good one arrives."""
    client = connect(link.port)
    rng = random.Random(3)  # noqa: S311 - reproducible garbage
    client.socket.sendall(bytes(rng.randrange(256) for _ in range(20_000)))
    receive(link, 0.3)
    for _ in range(20):
        client.send(BEAT)
    assert any(message.get_type() == "HEARTBEAT" for message in receive(link))


def test_a_client_that_does_not_read_costs_no_memory_and_no_time(link: Link, connect: Callable[[int], Client]) -> None:
    """Writing never blocks; what the socket does not take is dropped, not kept, and the client may read again."""
    client = connect(link.port)
    client.send(BEAT)
    receive(link)
    long = mavlink.MAVLink_statustext_message(6, b"x" * 50)
    began = time.monotonic()
    for _ in range(300):
        link.send([(1, long)] * 1000)
    assert time.monotonic() - began < 30
    received = drain(client, link)
    assert 0 < received < 300 * 1000 * len(long.get_msgbuf()) / 2


def drain(client: Client, link: Link) -> int:
    """Bytes that still arrive once the client reads."""
    received = 0
    while True:
        try:
            received += len(client.socket.recv(65536))
        except TimeoutError:
            return received
        link.send([])


def test_a_reset_is_survived(link: Link, connect: Callable[[int], Client]) -> None:
    """A client that dies with a reset leaves room for the next."""
    dying = connect(link.port)
    dying.send(BEAT)
    receive(link)
    dying.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    dying.close()
    for _ in range(5):
        link.send([(1, BEAT)])
        link.receive()
    connect(link.port).send(BEAT)
    assert len(receive(link)) == 1


def test_a_dropped_link_refuses_and_comes_back(link: Link, connect: Callable[[int], Client]) -> None:
    """While the radio is gone nobody connects; later the same port serves again."""
    client = connect(link.port)
    client.send(BEAT)
    receive(link)
    link.drop()
    assert client.socket.recv(10) == b""
    with pytest.raises(ConnectionRefusedError):
        connect(link.port)
    link.listen()
    connect(link.port).send(BEAT)
    assert len(receive(link)) == 1
