"""The outbox: what leaves, in which order, and what is remembered of it."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from pipeline.domain.case import Decision, EventKind, RejectReason
from pipeline.domain.manifest import EvidenceRole
from pipeline.domain.message import parse_message
from pipeline.errors import NotFound
from pipeline.store.case_store import SqlCaseStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.ports import FiledLook

CONFIRM = Decision(kind=EventKind.CONFIRMED, actor="officer li", note="seen on site")


@pytest.fixture
def two_cases(store: SqlCaseStore, see: Callable[..., FiledLook]) -> tuple[str, str]:
    """Two cases drafted at 100 and 101, the first then confirmed at 102."""
    ids = [see(f"look-{n}", north_m=900.0 * n, now_s=100.0 + n).drafted[0] for n in range(2)]
    store.decide(ids[0], CONFIRM, version=1, now_s=102.0)
    return ids[0], ids[1]


def keys(store: SqlCaseStore, now_s: float, limit: int = 100) -> list[str]:
    """What is due."""
    return [queued.key for queued in store.outbox.pending(now_s, limit)]


def test_every_event_waits_under_its_own_key(store: SqlCaseStore, two_cases: tuple[str, str]) -> None:
    """Each event of a case is one message, due at once, in the order of recording."""
    first, second = two_cases
    assert keys(store, 102.0) == [f"{first}:1", f"{second}:1", f"{first}:2"]
    assert keys(store, 101.5) == [f"{first}:1", f"{second}:1"]
    assert keys(store, 102.0, limit=1) == [f"{first}:1"]


def test_a_later_event_waits_for_an_earlier_one(store: SqlCaseStore, two_cases: tuple[str, str]) -> None:
    """While a case's draft waits for its next try, its confirmation is not due; other cases go on."""
    first, second = two_cases
    store.outbox.mark_failed(f"{first}:1", "refused", 200.0)
    assert keys(store, 150.0) == [f"{second}:1"]
    assert keys(store, 200.0) == [f"{first}:1", f"{second}:1", f"{first}:2"]
    waiting = {queued.key: queued for queued in store.outbox.pending(inf)}
    assert (waiting[f"{first}:1"].attempts, waiting[f"{first}:1"].last_error) == (1, "refused")
    assert len(waiting) == 3


def test_a_receipt_ends_the_waiting_for_good(
    store: SqlCaseStore, two_cases: tuple[str, str], rows: Callable[[str], list[tuple[object, ...]]]
) -> None:
    """What has a receipt is never due again, and a second receipt does not replace the first."""
    first, second = two_cases
    store.outbox.mark_delivered(f"{first}:1", "R1", 110.0)
    store.outbox.mark_delivered(f"{first}:1", "R9", 120.0)
    assert keys(store, 200.0) == [f"{second}:1", f"{first}:2"]
    assert rows("SELECT key, receipt FROM deliveries") == [(f"{first}:1", "R1")]


def test_an_unknown_key_is_not_found(store: SqlCaseStore) -> None:
    """Marking what is not there says so."""
    with pytest.raises(NotFound, match="C0:1"):
        store.outbox.mark_delivered("C0:1", "R1", 1.0)
    with pytest.raises(NotFound, match="C0:1"):
        store.outbox.mark_failed("C0:1", "x", 1.0)


def test_a_draft_says_what_where_and_why_and_names_masked_pictures_only(
    store: SqlCaseStore, two_cases: tuple[str, str]
) -> None:
    """The draft's message holds place, times, rule and manifest of the case; of its items only the masked one."""
    case = store.case(two_cases[0])
    draft, _, confirmed = (parse_message(queued.payload) for queued in store.outbox.pending(200.0))
    (finding,) = case.findings
    assert (draft.event, draft.grade, draft.key) == (EventKind.DRAFTED, "lead", f"{case.case_id}:1")
    assert (draft.lat_deg, draft.error_semi_major_m) == (case.fix.position.lat_deg, case.fix.ellipse.semi_major_m)
    assert (draft.first_s, draft.last_s, draft.datum) == (case.first_s, case.last_s, "WGS84")
    assert (draft.zone_name, draft.statute, draft.event_code) == ("拱宸桥路", "城市道路管理条例 27, 42", "03-02")
    assert draft.manifest_sha256s == confirmed.manifest_sha256s == (finding.manifest_sha256,)
    assert draft.masked_sha256s == tuple(i.sha256 for i in finding.items if i.role is EvidenceRole.MASKED)
    assert (confirmed.event, confirmed.masked_sha256s) == (EventKind.CONFIRMED, ())
    assert [draft.event_sha256, confirmed.event_sha256] == [event.sha256 for event in case.events]


def test_neither_officer_nor_note_nor_original_leaves(store: SqlCaseStore, two_cases: tuple[str, str]) -> None:
    """No payload holds the officer's account, the note, or the hash of an original."""
    original = store.case(two_cases[0]).findings[0].items[0].sha256
    text = " ".join(queued.payload for queued in store.outbox.pending(inf))
    assert not any(secret in text for secret in ("officer li", "seen on site", original))


def test_a_rejection_carries_its_reason(store: SqlCaseStore, two_cases: tuple[str, str]) -> None:
    """The case system learns why a draft it holds was turned down."""
    reject = Decision(kind=EventKind.REJECTED, actor="li", reason=RejectReason.PERMITTED)
    store.decide(two_cases[1], reject, version=1, now_s=103.0)
    assert parse_message(store.outbox.pending(inf)[-1].payload).reason == "permitted"


def test_decisions_wait_for_the_undo_time(url: str, see: Callable[..., FiledLook]) -> None:
    """With an undo time a decision is not due before it has passed; drafts leave at once."""
    (case_id,) = see("look-1", now_s=100.0).drafted
    store = SqlCaseStore(url, timezone=ZoneInfo("Asia/Shanghai"), undo_s=30.0)
    store.decide(case_id, CONFIRM, version=1, now_s=110.0)
    assert keys(store, 139.9) == [f"{case_id}:1"]
    assert keys(store, 140.0) == [f"{case_id}:1", f"{case_id}:2"]
    store.close()
