"""Delivery rounds against a fake case system, and against a real one that is killed."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING

import numpy as np
import pytest

from geofences.datum import Datum, to_wgs84
from pipeline.delivery.case_system import CaseSystemAddress, CaseSystemClient
from pipeline.delivery.deliver import GIVE_UP_AFTER, DeliveryRound, deliver_pending, wait_s
from pipeline.delivery.received import read_received
from pipeline.domain.case import Decision, EventKind
from pipeline.domain.message import parse_message
from pipeline.errors import DeliveryFailed

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from pipeline.domain.message import CaseMessage
    from pipeline.evidence.vault import FolderVault
    from pipeline.store.case_store import SqlCaseStore

    type_receiver = Callable[..., AbstractContextManager[tuple[subprocess.Popen[str], str]]]
    type_file_cases = Callable[[int], list[str]]
    type_rows = Callable[[str], list[tuple[str, str]]]

RECEIPTS = "SELECT key, receipt FROM deliveries"
CONFIRM = Decision(kind=EventKind.CONFIRMED, actor="li")


class CaseSystem:
    """A `Sender` in memory that refuses what it is told to."""

    def __init__(self) -> None:
        self.refused: set[str] = set()
        self.evidence: set[str] = set()
        self.taken: list[str] = []
        self.messages: list[CaseMessage] = []

    def put_evidence(self, sha256: str, content: bytes) -> None:
        """See `Sender.put_evidence`."""
        assert content
        self.evidence.add(sha256)

    def post_event(self, key: str, payload: str) -> str:
        """See `Sender.post_event`."""
        if key in self.refused:
            raise DeliveryFailed(f"{key} refused")
        self.messages.append(parse_message(payload))
        assert self.evidence.issuperset(self.messages[-1].masked_sha256s)
        self.taken.append(key)
        return f"R{len(self.taken)}"


def test_a_round_delivers_what_is_due_with_its_pictures(
    store: SqlCaseStore, vault: FolderVault, file_cases: type_file_cases, rows: type_rows
) -> None:
    """Drafts leave with their masked pictures put before, in order, once; the next round has nothing to do."""
    ids = file_cases(3)
    store.decide(ids[0], CONFIRM, version=1, now_s=101.0)
    system = CaseSystem()
    assert deliver_pending(store.outbox, system, vault, now_s=101.0) == DeliveryRound(delivered=4, failed=0, left=0)
    assert system.taken == [*(f"{case_id}:1" for case_id in ids), f"{ids[0]}:2"]
    assert len(system.evidence) == 3
    assert (f"{ids[0]}:2", "R4") in rows(RECEIPTS)
    assert deliver_pending(store.outbox, system, vault, now_s=102.0) == DeliveryRound(delivered=0, failed=0, left=0)


@pytest.mark.parametrize("datum", list(Datum))
def test_places_leave_in_the_datum_the_case_system_wants(
    store: SqlCaseStore, vault: FolderVault, file_cases: type_file_cases, datum: Datum
) -> None:
    """The event says which it is, and taken back it is the case's own place; all else stays as it is."""
    (case_id,) = file_cases(1)
    (queued,) = store.outbox.pending(101.0)
    system = CaseSystem()
    deliver_pending(store.outbox, system, vault, now_s=101.0, datum=datum)
    (sent,), stored = system.messages, parse_message(queued.payload)
    assert (sent.case_id, sent.datum) == (case_id, datum.name)
    back = to_wgs84(np.array([[sent.lat_deg, sent.lon_deg]]), datum)[0]
    assert back == pytest.approx((stored.lat_deg, stored.lon_deg), abs=1e-9)
    assert (sent.lat_deg == stored.lat_deg) is (datum in {Datum.WGS84, Datum.CGCS2000})
    assert replace(sent, lat_deg=0.0, lon_deg=0.0, datum="WGS84") == replace(stored, lat_deg=0.0, lon_deg=0.0)


def test_what_fails_waits_longer_each_time_and_holds_its_case_back(
    store: SqlCaseStore, vault: FolderVault, file_cases: type_file_cases
) -> None:
    """A refused draft keeps its confirmation waiting, is tried again after the wait, and others are not held up."""
    ids = file_cases(2)
    store.decide(ids[0], CONFIRM, version=1, now_s=100.0)
    system = CaseSystem()
    system.refused = {f"{ids[0]}:1"}
    assert deliver_pending(store.outbox, system, vault, now_s=100.0) == DeliveryRound(delivered=1, failed=1, left=1)
    assert deliver_pending(store.outbox, system, vault, now_s=101.9) == DeliveryRound(delivered=0, failed=0, left=0)
    assert deliver_pending(store.outbox, system, vault, now_s=102.0).failed == 1
    first = store.outbox.pending(inf)[0]
    assert (first.attempts, first.next_try_s, first.last_error) == (2, 106.0, f"{ids[0]}:1 refused")
    system.refused = set()
    assert deliver_pending(store.outbox, system, vault, now_s=106.0).delivered == 2
    assert system.taken == [f"{ids[1]}:1", f"{ids[0]}:1", f"{ids[0]}:2"]


def test_waits_double_up_to_a_cap() -> None:
    """The wait after the n-th failure is 2, 4, 8 ... seconds, and never more than a quarter of an hour."""
    assert [wait_s(attempts) for attempts in (0, 1, 2, 8, 9, 10**6)] == [2, 4, 8, 512, 900, 900]


def test_a_system_that_is_down_is_not_asked_for_every_message(
    store: SqlCaseStore, vault: FolderVault, file_cases: type_file_cases
) -> None:
    """After a few failures in a row the rest of the round is left as it was."""
    system = CaseSystem()
    system.refused = {f"{case_id}:1" for case_id in file_cases(10)}
    outcome = deliver_pending(store.outbox, system, vault, now_s=100.0)
    assert outcome == DeliveryRound(delivered=0, failed=GIVE_UP_AFTER, left=10 - GIVE_UP_AFTER)
    assert sum(queued.attempts for queued in store.outbox.pending(inf)) == GIVE_UP_AFTER


def test_a_lost_picture_stops_its_case_only(
    store: SqlCaseStore, vault: FolderVault, file_cases: type_file_cases, tmp_path: Path
) -> None:
    """A masked picture missing from the vault is an error on its own message; the round goes on."""
    ids = file_cases(2)
    sha256 = parse_message(store.outbox.pending(inf)[0].payload).masked_sha256s[0]
    (tmp_path / "vault" / sha256[:2] / sha256[2:]).unlink()
    system = CaseSystem()
    assert deliver_pending(store.outbox, system, vault, now_s=100.0) == DeliveryRound(delivered=1, failed=1, left=0)
    assert system.taken == [f"{ids[1]}:1"]
    assert sha256 in store.outbox.pending(inf)[0].last_error


def test_what_leaves_arrives_at_a_real_receiver(
    store: SqlCaseStore,
    vault: FolderVault,
    file_cases: type_file_cases,
    receiver: type_receiver,
    rows: type_rows,
    tmp_path: Path,
) -> None:
    """Over real HTTP with a token: every event once, in order within its case, with its receipt on both sides."""
    ids = file_cases(5)
    store.decide(ids[3], CONFIRM, version=1, now_s=101.0)
    with (
        receiver("--token-env", "RECEIVER_TOKEN") as (_, url),
        CaseSystemClient(CaseSystemAddress(url=url, token="s3cret-token")) as client,  # noqa: S106 - made up
    ):
        assert deliver_pending(store.outbox, client, vault, now_s=101.0).delivered == 6
    received = read_received(tmp_path / "received")
    assert {one.key: one.receipt for one in received} == dict(rows(RECEIPTS))
    assert [one.key for one in received] == [*(f"{case_id}:1" for case_id in ids), f"{ids[3]}:2"]
    assert {one.duplicates for one in received} == {0}


class AnswerLost(CaseSystemClient):
    """A real client whose every fourth answer is lost after the event was taken."""

    posts = 0

    def post_event(self, key: str, payload: str) -> str:
        """See `CaseSystemClient.post_event`."""
        receipt = super().post_event(key, payload)
        self.posts += 1
        if self.posts % 4 == 0:
            raise DeliveryFailed("the answer was lost")
        return receipt


def test_killing_the_receiver_loses_and_doubles_nothing(
    store: SqlCaseStore,
    vault: FolderVault,
    file_cases: type_file_cases,
    receiver: type_receiver,
    rows: type_rows,
    tmp_path: Path,
) -> None:
    """The receiver is killed again and again while answers get lost; in the end every event is there exactly once."""
    ids = file_cases(30)
    for case_id in ids[:10]:
        store.decide(case_id, CONFIRM, version=1, now_s=100.0)
    now_s, give_up_s, lives = 200.0, time.monotonic() + 60, 0
    while store.outbox.pending(inf) and time.monotonic() < give_up_s:
        with receiver() as (process, url), AnswerLost(CaseSystemAddress(url=url), timeout_s=2.0) as client:
            lives += 1
            death = threading.Timer(0.1 + 0.04 * lives, process.kill)
            death.start()
            deliver_pending(store.outbox, client, vault, now_s=now_s)
            death.join(10)
        now_s += 1000.0
    received = read_received(tmp_path / "received")
    assert {one.key: one.receipt for one in received} == dict(rows(RECEIPTS))
    assert len(received) == 40
    assert lives >= 3
    assert sum(one.duplicates for one in received) > 0
    order = [one.key for one in received]
    assert all(order.index(f"{case_id}:1") < order.index(f"{case_id}:2") for case_id in ids[:10])


@pytest.mark.parametrize("after", ["the first", "the last"])
def test_killing_the_sender_between_answer_and_record_is_harmless(
    store: SqlCaseStore, vault: FolderVault, file_cases: type_file_cases, after: str
) -> None:
    """An event sent but not recorded as delivered is sent again under the same key."""
    file_cases(2)

    class Dead(Exception):
        """The sender dies here."""

    class Mortal(CaseSystem):
        """Dies after taking its first or last event."""

        def post_event(self, key: str, payload: str) -> str:
            """See `Sender.post_event`."""
            receipt = super().post_event(key, payload)
            if len(self.taken) == (1 if after == "the first" else 2):
                raise Dead
            return receipt

    system = Mortal()
    with pytest.raises(Dead):
        deliver_pending(store.outbox, system, vault, now_s=100.0)
    sent = list(system.taken)
    assert deliver_pending(store.outbox, system, vault, now_s=100.0).failed == 0
    assert sent[-1] in system.taken[len(sent) :]
    assert store.outbox.pending(inf) == ()
