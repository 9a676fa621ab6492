"""Between rows and domain types: the only place that knows both. JSON columns are written and read here, typed."""

from __future__ import annotations

from dataclasses import asdict, fields
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from geofences.local_frame import LocalFrame
from geofences.location import ErrorEllipse, GroundFix
from geofences.position import Geodetic
from pipeline.domain.case import Case, CaseEvent, CaseState, EventKind, Grade, SealedFinding
from pipeline.domain.finding import Drop, DropReason, Explanation, PermitConsidered
from pipeline.domain.frame import SourceKind
from pipeline.domain.look import FrameFault
from pipeline.domain.manifest import EvidenceItem, EvidenceRole
from pipeline.domain.message import QueuedMessage
from pipeline.domain.offence import Offence
from pipeline.store.models import Base, CaseRow, DropRow, EventRow, FindingRow, FrameFaultRow, LookRow, OutboxRow

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from pipeline.domain.look import LookReport
    from pipeline.domain.message import CaseMessage


def rows_of_look(report: LookReport, *, now_s: float) -> list[LookRow | DropRow | FrameFaultRow]:
    """The look's own row first, then those of its drops and faults."""
    look = LookRow(
        look_id=report.look_id,
        source_id=report.source_id,
        source_kind=report.source_kind.value,
        started_s=report.started_s,
        ended_s=report.ended_s,
        frames_examined=report.frames_examined,
        drill=report.drill,
        filed_s=now_s,
    )
    drops = [DropRow(look_id=report.look_id, **asdict(drop, dict_factory=_plain)) for drop in report.drops]
    faults = [FrameFaultRow(look_id=report.look_id, **asdict(fault)) for fault in report.faults]
    return [look, *drops, *faults]


def drop_of(row: DropRow) -> Drop:
    """The drop a row holds."""
    return Drop(**{**_same(row, Drop), "offence": Offence(row.offence), "reason": DropReason(row.reason)})


def fault_of(row: FrameFaultRow) -> FrameFault:
    """The frame fault a row holds."""
    return FrameFault(**_same(row, FrameFault))


def row_of_finding(finding: SealedFinding, case_id: str) -> FindingRow:
    """The row of a finding in its case."""
    columns = asdict(finding, dict_factory=_plain)
    return FindingRow(**{**columns, "case_id": case_id, "fix": encode_fix(finding.fix)})


def finding_of(row: FindingRow) -> SealedFinding:
    """The finding a row holds."""
    columns = {
        **_same(row, SealedFinding),
        "source_kind": SourceKind(row.source_kind),
        "offence": Offence(row.offence),
        "fix": decode_fix(row.fix),
        "why": decode_why(row.why),
        "items": tuple(decode_item(item) for item in row.items),
    }
    return SealedFinding(**columns)


def row_of_event(event: CaseEvent, case_id: str) -> EventRow:
    """The row of a link of a case's log."""
    return EventRow(case_id=case_id, **asdict(event, dict_factory=_plain))


def event_of(row: EventRow) -> CaseEvent:
    """The event a row holds."""
    return CaseEvent(**{**_same(row, CaseEvent), "kind": EventKind(row.kind)})


def row_of_case(case: Case) -> CaseRow:
    """The case's own row, without its findings and events."""
    return CaseRow(
        case_id=case.case_id,
        offence=case.offence.value,
        state=case.state.value,
        grade=case.grade.value,
        drill=case.drill,
        first_s=case.first_s,
        last_s=case.last_s,
        fix=encode_fix(case.fix),
    )


def case_of(row: CaseRow) -> Case:
    """The case a row and its findings and events hold."""
    return Case(
        case_id=row.case_id,
        offence=Offence(row.offence),
        state=CaseState(row.state),
        grade=Grade(row.grade),
        fix=decode_fix(row.fix),
        findings=tuple(finding_of(finding) for finding in row.findings),
        events=tuple(event_of(event) for event in row.events),
        drill=row.drill,
    )


def row_of_message(message: CaseMessage, *, now_s: float, next_try_s: float) -> OutboxRow:
    """The outbox row of a message not yet tried."""
    return OutboxRow(
        key=message.key,
        case_id=message.case_id,
        payload=message.to_json(),
        created_s=now_s,
        next_try_s=next_try_s,
        attempts=0,
        last_error="",
    )


def queued_of(row: OutboxRow) -> QueuedMessage:
    """The waiting message a row holds."""
    return QueuedMessage(**_same(row, QueuedMessage))


def encode_fix(fix: GroundFix) -> dict[str, Any]:
    """A fix as JSON. Its local coordinates are left out: they mean nothing away from their look's frame."""
    return {"position": asdict(fix.position), "ellipse": asdict(fix.ellipse), "budget": list(map(list, fix.budget))}


def decode_fix(body: dict[str, Any]) -> GroundFix:
    """A fix from JSON; its local frame is the one about its own position."""
    position = Geodetic(**body["position"])
    return GroundFix(
        position=position,
        enu_m=LocalFrame(origin=position).enu_from_geodetic(position),
        ellipse=ErrorEllipse(**body["ellipse"]),
        budget=tuple((str(cause), float(share)) for cause, share in body["budget"]),
    )


def decode_why(body: dict[str, Any]) -> Explanation:
    """An explanation from JSON."""
    permits = tuple(PermitConsidered(**permit) for permit in body["permits"])
    return Explanation(**{**body, "permits": permits})


def decode_item(body: dict[str, Any]) -> EvidenceItem:
    """An evidence item from JSON."""
    return EvidenceItem(**{**body, "role": EvidenceRole(body["role"])})


def _same(row: Base, kind: type[DataclassInstance]) -> dict[str, Any]:
    """The columns of a row that are attributes of a domain type."""
    return {field.name: getattr(row, field.name) for field in fields(kind)}


def _plain(columns: list[tuple[str, Any]]) -> dict[str, Any]:
    """Columns of a dataclass: an enumeration as its plain text, which every database driver takes alike."""
    return {name: value.value if isinstance(value, StrEnum) else value for name, value in columns}
