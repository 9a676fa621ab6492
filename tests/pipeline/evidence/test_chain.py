"""The hash chain of a case's log."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pipeline.domain.case import Case, CaseEvent, CaseState, EventKind, Grade, SealedFinding
from pipeline.evidence.chain import link, verify_chain

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def case(sealed: Callable[..., SealedFinding]) -> Case:
    """A case drafted, seen again and confirmed."""
    findings = (sealed("f1"), sealed("f2"))
    log: list[CaseEvent] = []
    for kind, finding in (
        (EventKind.DRAFTED, findings[0]),
        (EventKind.SIGHTING_ADDED, findings[1]),
        (EventKind.CONFIRMED, None),
    ):
        log.append(link("C1", log, kind=kind, at_s=100.0 + len(log), actor="li", finding=finding))
    return Case(
        case_id="C1",
        offence=findings[0].offence,
        state=CaseState.CONFIRMED,
        grade=Grade.LEAD,
        fix=findings[0].fix,
        findings=findings,
        events=tuple(log),
    )


def test_an_untouched_log_holds(case: Case) -> None:
    """A log made by `link` has no problems, and its numbers run from 1."""
    assert verify_chain(case) == ()
    assert [event.sequence for event in case.events] == [1, 2, 3]


@pytest.mark.parametrize("index", [0, 1, 2])
@pytest.mark.parametrize(
    "change", [{"at_s": 1.0}, {"actor": "wang"}, {"reason": "lawful"}, {"note": "x"}, {"kind": EventKind.REJECTED}]
)
def test_any_changed_field_shows(case: Case, index: int, change: dict[str, str]) -> None:
    """Changing any field of any event breaks the chain."""
    events = list(case.events)
    events[index] = replace(events[index], **change)
    assert verify_chain(replace(case, events=tuple(events)))


def test_a_removed_or_swapped_event_shows(case: Case) -> None:
    """Events cannot be taken out of the middle or change places."""
    first, second, third = case.events
    assert verify_chain(replace(case, events=(first, third)))
    assert verify_chain(replace(case, events=(second, first, third)))


def test_other_evidence_shows(case: Case) -> None:
    """A finding given another manifest, left out or slipped in is told."""
    first, second = case.findings
    assert verify_chain(replace(case, findings=(replace(first, manifest_sha256="0" * 64), second)))
    assert verify_chain(replace(case, findings=(first,)))
    assert verify_chain(replace(case, findings=(first, second, replace(second, finding_id="f3"))))


def test_a_log_moved_to_another_case_shows(case: Case) -> None:
    """The same events under another case id do not hold."""
    assert verify_chain(replace(case, case_id="C2"))


def test_a_state_the_log_does_not_lead_to_shows(case: Case) -> None:
    """A case called rejected whose log ends confirmed is told, and so is a log cut at its end."""
    assert "leads to confirmed" in verify_chain(replace(case, state=CaseState.REJECTED))[0]
    assert verify_chain(replace(case, events=case.events[:2]))
