"""Cases: the only state machine of a case. Draft, then an officer's decision; nothing is deleted."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from pipeline.errors import IllegalTransition

if TYPE_CHECKING:
    from geofences.ground_fix import GroundFix
    from pipeline.domain.finding import Explanation
    from pipeline.domain.frame import SourceKind
    from pipeline.domain.manifest import EvidenceItem
    from pipeline.domain.offence import Offence


class CaseState(StrEnum):
    """Where a case stands."""

    DRAFT = "draft"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"


class Grade(StrEnum):
    """What may be done with it: a lead starts a check, evidence may carry a penalty."""

    LEAD = "lead"
    EVIDENCE = "evidence"


class EventKind(StrEnum):
    """What happened to a case; each is one link of its log, and the drafted/confirmed/... ones leave by the outbox."""

    DRAFTED = "case.drafted"
    SIGHTING_ADDED = "case.sighting_added"
    CONFIRMED = "case.confirmed"
    REJECTED = "case.rejected"
    REOPENED = "case.reopened"


class RejectReason(StrEnum):
    """Why an officer turned a draft down; one is always given."""

    NOT_THE_OBJECT = "not_the_object"
    LAWFUL = "lawful"
    PERMITTED = "permitted"
    WRONG_PLACE = "wrong_place"
    UNCLEAR = "unclear"
    DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedFinding:
    """A finding of one look as the store keeps it, its evidence sealed.

    Attributes:
        finding_id: deterministic: the same look examined again gives the same id.
        look_id: the look.
        source_id: aircraft or camera.
        source_kind: how it looks.
        offence: what.
        first_s: first sight, UTC.
        last_s: last sight, UTC.
        fix: place with 95 % ellipse.
        why: why it was flagged.
        merge_distance_m: from the rule.
        merge_window_s: from the rule.
        manifest_sha256: the sealed manifest.
        items: the sealed files.
    """

    finding_id: str
    look_id: str
    source_id: str
    source_kind: SourceKind
    offence: Offence
    first_s: float
    last_s: float
    fix: GroundFix
    why: Explanation
    merge_distance_m: float
    merge_window_s: float
    manifest_sha256: str
    items: tuple[EvidenceItem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseEvent:
    """One link of a case's log.

    Attributes:
        sequence: 1, 2, 3 ... within the case.
        kind: what happened.
        at_s: when, UTC.
        actor: account or program that did it.
        reason: rejection reason code, or "".
        note: free text, or "".
        finding_id: for drafted and sighting_added.
        previous_sha256: hash of the event before ("" for the first).
        sha256: hash of this event.
    """

    sequence: int
    kind: EventKind
    at_s: float
    actor: str
    reason: str
    note: str
    finding_id: str
    previous_sha256: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One incident, however many frames, flights and cameras saw it.

    Attributes:
        case_id: such as "C20261102-3fa9c1".
        offence: what.
        state: where it stands.
        grade: lead or evidence.
        fix: fused position of all findings.
        findings: what it rests on, oldest first, at least one.
        events: its log, oldest first.
        version: number of events; a decision names the version it was made on.
        drill: made in an exercise; files nothing.
    """

    case_id: str
    offence: Offence
    state: CaseState
    grade: Grade
    fix: GroundFix
    findings: tuple[SealedFinding, ...]
    events: tuple[CaseEvent, ...]
    drill: bool = False

    @property
    def version(self) -> int:
        """How many events it has."""
        return len(self.events)

    @property
    def first_s(self) -> float:
        """UTC of the first sight."""
        return min(finding.first_s for finding in self.findings)

    @property
    def last_s(self) -> float:
        """UTC of the last sight."""
        return max(finding.last_s for finding in self.findings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What an officer said of a case.

    Attributes:
        kind: CONFIRMED, REJECTED or REOPENED (undo before hand-over).
        actor: the officer's account.
        reason: required for REJECTED.
        note: free text.
    """

    kind: EventKind
    actor: str
    reason: RejectReason | None = None
    note: str = ""


# From each state, which decision leads where. Source: field/law-and-codes.md, sections 1 and 5.
TRANSITIONS: dict[tuple[CaseState, EventKind], CaseState] = {
    (CaseState.DRAFT, EventKind.CONFIRMED): CaseState.CONFIRMED,
    (CaseState.DRAFT, EventKind.REJECTED): CaseState.REJECTED,
    (CaseState.CONFIRMED, EventKind.REOPENED): CaseState.DRAFT,
    (CaseState.REJECTED, EventKind.REOPENED): CaseState.DRAFT,
}


def state_after(state: CaseState, decision: Decision) -> CaseState:
    """Where a decision takes a case.

    Raises:
        IllegalTransition: the decision is not open from `state`, or a rejection lacks its reason.
    """
    if decision.kind is EventKind.REJECTED and decision.reason is None:
        raise IllegalTransition("a rejection needs a reason")
    after = TRANSITIONS.get((state, decision.kind))
    if after is None:
        raise IllegalTransition(f"a {state} case cannot take {decision.kind}")
    return after
