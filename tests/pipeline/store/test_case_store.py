"""The case store: filing looks, deciding cases, asking what became of things."""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING

import pytest

from pipeline.domain.case import Case, CaseState, Decision, EventKind, Grade, RejectReason, SealedFinding
from pipeline.domain.finding import Drop, DropReason
from pipeline.domain.incident import separation_m
from pipeline.domain.look import FrameFault, LookReport
from pipeline.domain.offence import Offence
from pipeline.errors import IllegalTransition, NotFound, StaleCase
from pipeline.store.summaries import DropCount

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.ports import FiledLook
    from pipeline.store.case_store import SqlCaseStore

    type_sealed = Callable[..., SealedFinding]
    type_report = Callable[..., LookReport]
    type_see = Callable[..., FiledLook]
    type_rows = Callable[[str], list[tuple[object, ...]]]

DAY_S = 86400.0
CONFIRM = Decision(kind=EventKind.CONFIRMED, actor="li")
REJECT = Decision(kind=EventKind.REJECTED, actor="li", reason=RejectReason.LAWFUL, note="works hoarding")
REOPEN = Decision(kind=EventKind.REOPENED, actor="li")


@pytest.fixture
def drafted(store: SqlCaseStore, see: type_see) -> Case:
    """One case drafted by one look."""
    return store.case(see("look-1", finding_id="f1", now_s=1000.0).drafted[0])


def test_a_finding_becomes_a_draft_graded_lead(store: SqlCaseStore, drafted: Case) -> None:
    """A new finding is one draft with one event, and all of it comes back as it went in."""
    assert (drafted.state, drafted.grade, drafted.drill) == (CaseState.DRAFT, Grade.LEAD, False)
    assert [(event.kind, event.at_s, event.actor) for event in drafted.events] == [
        (EventKind.DRAFTED, 1000.0, "offsite")
    ]
    assert store.look_filed("look-1")
    assert not store.look_filed("look-2")


def test_a_finding_comes_back_as_it_went_in(store: SqlCaseStore, drafted: Case, sealed: type_sealed) -> None:
    """Every field survives the database exactly, the place to a micrometre."""
    (kept,) = drafted.findings
    given = sealed("f1")
    assert replace(kept, fix=given.fix) == given
    assert (kept.fix.position, kept.fix.ellipse, kept.fix.budget) == (
        given.fix.position,
        given.fix.ellipse,
        given.fix.budget,
    )
    assert separation_m(drafted.fix, given.fix) < 1e-6
    assert store.cases() != ()


@pytest.mark.parametrize(("hour_utc", "day"), [(15.9, "20261101"), (16.1, "20261102")])
def test_the_id_carries_the_local_day(see: type_see, hour_utc: float, day: str) -> None:
    """A first sight after 16:00 UTC belongs to the next day in Shanghai."""
    midnight_utc_s = 1793491200.0
    (case_id,) = see("look-1", finding_id="f1", first_s=midnight_utc_s + hour_utc * 3600).drafted
    assert case_id == f"C{day}-{hashlib.sha256(b'f1').hexdigest()[:6]}"


def test_colliding_ids_grow_longer(store: SqlCaseStore, sealed: type_sealed, report: type_report) -> None:
    """Two findings whose six digits are the same become two cases."""
    seen: dict[str, str] = {}
    for number in itertools.count():
        digits = hashlib.sha256(str(number).encode()).hexdigest()[:6]
        if digits in seen:
            break
        seen[digits] = str(number)
    pair = sealed(seen[digits]), sealed(str(number), north_m=500)
    first, second = store.file_look(report("look-1", *pair), now_s=1.0).drafted
    assert second.startswith(first)
    assert len(second) == len(first) + 1


def test_filing_again_changes_nothing(store: SqlCaseStore, drafted: Case, see: type_see) -> None:
    """The same look filed twice is filed once."""
    again = see("look-1", finding_id="f1", now_s=2000.0)
    assert (again.already_filed, again.drafted, again.extended) == (True, (), ())
    assert [case.version for case in store.cases()] == [1]
    assert len(store.outbox.pending(inf)) == 1
    assert store.case(drafted.case_id).events == drafted.events


def test_a_later_look_at_the_same_thing_extends_the_case(store: SqlCaseStore, drafted: Case, see: type_see) -> None:
    """Another sight near in space and time joins the case, moves it towards the middle and stretches its times."""
    later_s = drafted.last_s + 600
    filed = see("look-2", finding_id="f2", east_m=6.0, first_s=later_s)
    case = store.case(drafted.case_id)
    assert (filed.drafted, filed.extended) == ((), (drafted.case_id,))
    assert [event.kind for event in case.events] == [EventKind.DRAFTED, EventKind.SIGHTING_ADDED]
    assert [finding.finding_id for finding in case.findings] == ["f1", "f2"]
    assert case.last_s == later_s + 4
    assert separation_m(case.fix, drafted.fix) == pytest.approx(3.0, abs=0.01)
    assert store.verify_log(case.case_id) == ()


@pytest.mark.parametrize("other", [{"east_m": 40.0}, {"offence": Offence.DUST}, {"first_s": 1793579400.0 + DAY_S}])
def test_what_is_not_the_same_thing_is_a_new_case(
    store: SqlCaseStore, drafted: Case, see: type_see, other: dict[str, object]
) -> None:
    """A sight far off in space or time, or of another class, is drafted anew."""
    assert len(see("look-2", **other).drafted) == 1
    assert store.case(drafted.case_id).version == 1


def test_what_is_no_offence_is_not_drafted_again(store: SqlCaseStore, drafted: Case, see: type_see) -> None:
    """A case rejected as lawful takes the next sight and stays rejected; one rejected as unclear is drafted anew."""
    store.decide(drafted.case_id, REJECT, version=1, now_s=2.0)
    assert see("look-2").extended == (drafted.case_id,)
    assert store.case(drafted.case_id).state is CaseState.REJECTED
    store.decide(drafted.case_id, REOPEN, version=3, now_s=4.0)
    unclear = Decision(kind=EventKind.REJECTED, actor="li", reason=RejectReason.UNCLEAR)
    store.decide(drafted.case_id, unclear, version=4, now_s=5.0)
    assert see("look-3").drafted


def test_drills_stay_apart(
    store: SqlCaseStore, drafted: Case, see: type_see, sealed: type_sealed, report: type_report
) -> None:
    """A drill joins no real case, no real look joins a drill's case, and a drill sends nothing."""
    drill = store.file_look(report("drill-1", sealed("d1", look_id="drill-1"), drill=True), now_s=2.0)
    assert len(drill.drafted) == 1
    assert see("look-2").extended == (drafted.case_id,)
    store.decide(drill.drafted[0], CONFIRM, version=1, now_s=4.0)
    store.decide(drill.drafted[0], REOPEN, version=2, now_s=5.0)
    assert {queued.case_id for queued in store.outbox.pending(inf)} == {drafted.case_id}
    assert store.verify_log(drill.drafted[0]) == ()


def test_findings_of_one_look_stay_apart(
    store: SqlCaseStore, see: type_see, sealed: type_sealed, report: type_report
) -> None:
    """What one look told apart is two cases, however near; both may later join one case that was there before."""
    pair = sealed("f1"), sealed("f2", east_m=11.0)
    assert len(store.file_look(report("look-1", *pair), now_s=1.0).drafted) == 2
    (case_id,) = see("look-2", north_m=300.0).drafted
    both = (sealed(f"h{n}", look_id="look-3", north_m=300.0, east_m=-6.0 + 12.0 * n) for n in range(2))
    assert store.file_look(report("look-3", *both), now_s=3.0).extended == (case_id,)
    assert store.case(case_id).version == 3
    assert store.verify_log(case_id) == ()


def test_decisions_follow_the_state_machine(store: SqlCaseStore, drafted: Case) -> None:
    """Reject, undo, confirm: each is one event with its actor, reason and note; the grade stays lead."""
    rejected = store.decide(drafted.case_id, REJECT, version=1, now_s=2.0)
    assert rejected.state is CaseState.REJECTED
    assert (rejected.events[-1].reason, rejected.events[-1].note) == ("lawful", "works hoarding")
    assert store.decide(drafted.case_id, REOPEN, version=2, now_s=3.0).state is CaseState.DRAFT
    confirmed = store.decide(drafted.case_id, CONFIRM, version=3, now_s=4.0)
    assert (confirmed.state, confirmed.grade) == (CaseState.CONFIRMED, Grade.LEAD)
    kept = store.case(drafted.case_id)
    assert (kept.state, kept.events) == (CaseState.CONFIRMED, confirmed.events)
    assert store.verify_log(drafted.case_id) == ()


def test_a_decision_on_an_old_version_is_stale(store: SqlCaseStore, drafted: Case, see: type_see) -> None:
    """A case that got another sight since it was shown cannot be decided on the old view."""
    see("look-2")
    with pytest.raises(StaleCase, match="version 1, is now at 2"):
        store.decide(drafted.case_id, CONFIRM, version=1, now_s=3.0)
    assert store.case(drafted.case_id).state is CaseState.DRAFT


@pytest.mark.parametrize(
    "decision",
    [
        REOPEN,
        Decision(kind=EventKind.REJECTED, actor="li"),
        Decision(kind=EventKind.DRAFTED, actor="li"),
        Decision(kind=EventKind.SIGHTING_ADDED, actor="li"),
    ],
    ids=["undo of nothing", "no reason", "drafted", "sighting"],
)
def test_an_illegal_decision_leaves_no_trace(store: SqlCaseStore, drafted: Case, decision: Decision) -> None:
    """What the state does not allow is refused, and neither log nor outbox grow."""
    with pytest.raises(IllegalTransition):
        store.decide(drafted.case_id, decision, version=1, now_s=2.0)
    assert store.case(drafted.case_id).version == 1
    assert len(store.outbox.pending(inf)) == 1


def test_a_decision_can_be_undone_until_it_was_handed_over(store: SqlCaseStore, drafted: Case) -> None:
    """Once the case system has given a receipt for the decision, it can no longer be reopened."""
    store.decide(drafted.case_id, CONFIRM, version=1, now_s=2.0)
    store.outbox.mark_delivered(f"{drafted.case_id}:1", "R1", 3.0)
    store.decide(drafted.case_id, REOPEN, version=2, now_s=4.0)
    store.decide(drafted.case_id, CONFIRM, version=3, now_s=5.0)
    store.outbox.mark_delivered(f"{drafted.case_id}:4", "R2", 6.0)
    with pytest.raises(IllegalTransition, match="handed over"):
        store.decide(drafted.case_id, REOPEN, version=4, now_s=7.0)


def test_unknown_cases_are_not_found(store: SqlCaseStore) -> None:
    """Asking for, deciding or verifying a case that is not there says so."""
    for ask in (
        lambda: store.case("C0"),
        lambda: store.verify_log("C0"),
        lambda: store.decide("C0", CONFIRM, version=1, now_s=1.0),
    ):
        with pytest.raises(NotFound, match="C0"):
            ask()


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE events SET actor = 'wang' WHERE sequence = 2",
        "DELETE FROM events WHERE sequence = 2",
        "UPDATE cases SET state = 'rejected'",
        "UPDATE findings SET manifest_sha256 = 'other'",
    ],
)
def test_tampering_behind_the_programs_back_shows(
    store: SqlCaseStore, drafted: Case, rows: type_rows, tampering: str
) -> None:
    """A row changed in the file by other means is found by verify_log."""
    store.decide(drafted.case_id, CONFIRM, version=1, now_s=2.0)
    assert store.verify_log(drafted.case_id) == ()
    rows(tampering)
    assert store.verify_log(drafted.case_id)


def test_cases_come_newest_first_and_by_state(store: SqlCaseStore, see: type_see) -> None:
    """Cases are ordered by their last sight, and can be asked for by state."""
    ids = [see(f"look-{n}", first_s=1793579400.0 + n * DAY_S).drafted[0] for n in range(3)]
    assert [case.case_id for case in store.cases()] == ids[::-1]
    store.decide(ids[1], CONFIRM, version=1, now_s=2.0)
    assert [case.case_id for case in store.cases(state=CaseState.CONFIRMED)] == [ids[1]]
    assert [case.case_id for case in store.cases(state=CaseState.DRAFT)] == [ids[2], ids[0]]


def test_drops_and_faults_are_kept_and_counted(
    store: SqlCaseStore, sealed: type_sealed, report: type_report, rows: type_rows
) -> None:
    """Every drop and fault of a look comes back, and drops are counted per class and reason."""
    drops = [
        Drop(
            track_id=n,
            offence=Offence.TRAFFIC_CONE if n < 3 else Offence.DUST,
            reason=DropReason.PERMIT_VALID if n < 2 else DropReason.TOO_BRIEF,
            detail="P7",
            at_s=100.0 + n,
            lat_deg=30.3 if n else None,
            lon_deg=120.1 if n else None,
            score=0.5,
        )
        for n in range(4)
    ]
    faults = (FrameFault(pts_s=1.5, code="outside_track", message="no pose at 1.5 s"),)
    store.file_look(replace(report("look-1", sealed("f1")), drops=tuple(drops), faults=faults), now_s=9.0)
    store.file_look(replace(report("look-2"), drops=tuple(drops[:1])), now_s=9.0)
    assert [row.drop for row in store.drops("look-1")] == drops[::-1]
    assert [row.look_id for row in store.drops(limit=5)].count("look-2") == 1
    assert store.drop_counts("look-2") == (
        DropCount(offence=Offence.TRAFFIC_CONE, reason=DropReason.PERMIT_VALID, count=1),
    )
    assert [(row.offence, row.reason, row.count) for row in store.drop_counts()] == [
        (Offence.DUST, DropReason.TOO_BRIEF, 1),
        (Offence.TRAFFIC_CONE, DropReason.PERMIT_VALID, 3),
        (Offence.TRAFFIC_CONE, DropReason.TOO_BRIEF, 1),
    ]
    kept = rows("SELECT look_id, pts_s, code, message FROM frame_faults")
    assert kept == [("look-1", 1.5, "outside_track", "no pose at 1.5 s")]
    assert rows("SELECT look_id, filed_s FROM looks ORDER BY look_id") == [("look-1", 9.0), ("look-2", 9.0)]
