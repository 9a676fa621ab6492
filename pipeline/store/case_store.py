"""`CaseStore` on SQL: each call is one transaction, and an event, its effect and its message commit together."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from geofences.fusion import fuse
from geofences.local_frame import LocalFrame
from pipeline.domain.case import Case, CaseState, EventKind, Grade, state_after
from pipeline.domain.finding import Drop
from pipeline.domain.incident import merge_target
from pipeline.domain.message import QueuedMessage, message_of
from pipeline.errors import IllegalTransition, NotFound, StaleCase
from pipeline.evidence.chain import link, verify_chain
from pipeline.ports import FiledLook
from pipeline.store.database import Database
from pipeline.store.mapping import case_of, row_of, value_of
from pipeline.store.models import CaseRow, DeliveryRow, DropRow, EventRow, FindingRow, FrameFaultRow, LookRow, OutboxRow
from pipeline.store.outbox import SqlOutbox
from pipeline.store.summaries import DropCount, FiledDrop

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from sqlalchemy.orm import Session

    from geofences.ground_fix import GroundFix
    from pipeline.domain.case import CaseEvent, Decision, SealedFinding
    from pipeline.domain.look import LookReport

# Who is named in the log for what the program did by itself.
PROGRAM = "offsite"
_WHOLE_CASE = (selectinload(CaseRow.findings), selectinload(CaseRow.events))
_DECISIONS = (EventKind.CONFIRMED, EventKind.REJECTED)
_ID_DIGITS = 6


class SqlCaseStore:
    """Looks, cases, their logs and the outbox in one database, shared by threads and programs.

    Attributes:
        outbox: what has to leave.

    Args:
        url: `sqlite:////folder/cases.db` or `postgresql+psycopg://...`; made or migrated when opened.
        timezone: of the city; a case's id carries the local date of its first sight.
        undo_s: how long a decision waits in the outbox before it may leave, so that it can be undone.

    Raises:
        BadInput: the database cannot be opened, or was made by a newer version.
        StorageFull: no room to make it.
    """

    def __init__(self, url: str, *, timezone: ZoneInfo, undo_s: float = 0.0) -> None:
        self._database = Database(url)
        self._timezone = timezone
        self._undo_s = undo_s
        self.outbox = SqlOutbox(self._database)

    def close(self) -> None:
        """Give back all connections."""
        self._database.close()

    def look_filed(self, look_id: str) -> bool:
        """Whether that look was filed already."""
        with self._database.reading() as session:
            return session.get(LookRow, look_id) is not None

    def file_look(self, report: LookReport, *, now_s: float) -> FiledLook:
        """File a look once, in one transaction; see `CaseStore.file_look`.

        Findings of one look were told apart by the look itself, so they never join a case that the same look drafts;
        several may join one that was there before.

        Raises:
            StorageFull: no room; nothing of the look was filed.
        """
        drafted: list[str] = []
        extended: dict[str, Case] = {}
        with self._database.writing() as session:
            if session.get(LookRow, report.look_id) is not None:
                return FiledLook(look_id=report.look_id, already_filed=True, drafted=(), extended=())
            session.add(row_of(LookRow, report, filed_s=now_s))
            session.flush()
            session.add_all(row_of(DropRow, drop, look_id=report.look_id) for drop in report.drops)
            session.add_all(row_of(FrameFaultRow, fault, look_id=report.look_id) for fault in report.faults)
            known = _cases_near(session, report)
            for finding in report.findings:
                target = merge_target(finding, known)
                if target is None:
                    drafted.append(self._draft(session, finding, drill=report.drill, now_s=now_s).case_id)
                else:
                    case = extended.get(target.case_id, target)
                    extended[case.case_id] = self._extend(session, case, finding, now_s=now_s)
        return FiledLook(look_id=report.look_id, already_filed=False, drafted=tuple(drafted), extended=tuple(extended))

    def case(self, case_id: str) -> Case:
        """One case.

        Raises:
            NotFound: no such case.
        """
        with self._database.reading() as session:
            return case_of(_row(session, case_id))

    def cases(self, *, state: CaseState | None = None) -> tuple[Case, ...]:
        """Cases, newest sight first; drills among them."""
        query = select(CaseRow).options(*_WHOLE_CASE).order_by(CaseRow.last_s.desc(), CaseRow.case_id)
        if state is not None:
            query = query.where(CaseRow.state == state)
        with self._database.reading() as session:
            return tuple(case_of(row) for row in session.scalars(query))

    def decide(self, case_id: str, decision: Decision, *, version: int, now_s: float) -> Case:
        """Record an officer's decision made on that version of the case.

        A confirmed case stays graded LEAD: EVIDENCE needs a registered device, which this version does not know.

        Raises:
            NotFound: no such case.
            StaleCase: the case has moved on.
            IllegalTransition: not open from its state, a rejection without a reason, or an undo of a decision that
                has been handed over.
        """
        with self._database.writing() as session:
            row = _row(session, case_id)
            case = case_of(row)
            if case.version != version:
                raise StaleCase(f"{case_id}: decided on version {version}, is now at {case.version}; look again")
            after = state_after(case.state, decision)
            if decision.kind is EventKind.REOPENED and _handed_over(session, case):
                raise IllegalTransition(f"{case_id}: the decision was handed over and can no longer be undone")
            event = link(
                case_id,
                case.events,
                kind=decision.kind,
                at_s=now_s,
                actor=decision.actor,
                reason=decision.reason.value if decision.reason else "",
                note=decision.note,
            )
            row.state = after
            hold_s = self._undo_s if decision.kind in _DECISIONS else 0.0
            return _record(session, replace(case, state=after), event, hold_s=hold_s)

    def verify_log(self, case_id: str) -> tuple[str, ...]:
        """What is wrong with the case's log; nothing when every link holds.

        Raises:
            NotFound: no such case.
        """
        return verify_chain(self.case(case_id))

    def drop_counts(self, look_id: str | None = None) -> tuple[DropCount, ...]:
        """How many tracks were left alone per class and reason, of one look or of all."""
        query = select(DropRow.offence, DropRow.reason, func.count()).group_by(DropRow.offence, DropRow.reason)
        if look_id is not None:
            query = query.where(DropRow.look_id == look_id)
        with self._database.reading() as session:
            return tuple(
                DropCount(offence=offence, reason=reason, count=count)
                for offence, reason, count in session.execute(query.order_by(DropRow.offence, DropRow.reason))
            )

    def drops(self, look_id: str | None = None, *, limit: int = 1000) -> tuple[FiledDrop, ...]:
        """Tracks left alone, newest first, of one look or of all."""
        query = select(DropRow, LookRow.source_id).join(LookRow, LookRow.look_id == DropRow.look_id)
        if look_id is not None:
            query = query.where(DropRow.look_id == look_id)
        with self._database.reading() as session:
            return tuple(
                FiledDrop(look_id=row.look_id, source_id=source_id, drop=value_of(Drop, row))
                for row, source_id in session.execute(query.order_by(DropRow.at_s.desc(), DropRow.drop_id).limit(limit))
            )

    def _draft(self, session: Session, finding: SealedFinding, *, drill: bool, now_s: float) -> Case:
        case = Case(
            case_id=self._new_id(session, finding),
            offence=finding.offence,
            state=CaseState.DRAFT,
            grade=Grade.LEAD,
            fix=_fused((finding,)),
            findings=(finding,),
            events=(),
            drill=drill,
        )
        session.add(row_of(CaseRow, case))
        session.flush()
        session.add(row_of(FindingRow, finding, case_id=case.case_id))
        event = link(case.case_id, (), kind=EventKind.DRAFTED, at_s=now_s, actor=PROGRAM, finding=finding)
        return _record(session, case, event)

    def _extend(self, session: Session, case: Case, finding: SealedFinding, *, now_s: float) -> Case:
        findings = tuple(sorted((*case.findings, finding), key=lambda one: (one.first_s, one.finding_id)))
        case = replace(case, findings=findings, fix=_fused(findings))
        row = _row(session, case.case_id)
        row.first_s, row.last_s, row.fix = case.first_s, case.last_s, case.fix
        session.add(row_of(FindingRow, finding, case_id=case.case_id))
        sighted = EventKind.SIGHTING_ADDED
        event = link(case.case_id, case.events, kind=sighted, at_s=now_s, actor=PROGRAM, finding=finding)
        return _record(session, case, event)

    def _new_id(self, session: Session, finding: SealedFinding) -> str:
        """The local date of the first sight and as many hash digits as it takes to be new."""
        day = datetime.fromtimestamp(finding.first_s, self._timezone).strftime("%Y%m%d")
        digest = hashlib.sha256(finding.finding_id.encode()).hexdigest()
        ids = (f"C{day}-{digest[:digits]}" for digits in range(_ID_DIGITS, len(digest) + 1))
        return next(case_id for case_id in ids if session.get(CaseRow, case_id) is None)


def _record(session: Session, case: Case, event: CaseEvent, *, hold_s: float = 0.0) -> Case:
    """Write an event and, unless it is a drill, the message that tells of it."""
    case = replace(case, events=(*case.events, event))
    session.add(row_of(EventRow, event, case_id=case.case_id))
    if not case.drill:
        message = message_of(case, event)
        queued = QueuedMessage(
            key=message.key,
            case_id=case.case_id,
            payload=message.to_json(),
            created_s=event.at_s,
            next_try_s=event.at_s + hold_s,
        )
        session.add(row_of(OutboxRow, queued))
    session.flush()
    return case


def _cases_near(session: Session, report: LookReport) -> tuple[Case, ...]:
    """The cases a look's findings may join, as they are before it: near enough in time, drills apart."""
    if not report.findings:
        return ()
    query = (
        select(CaseRow)
        .options(*_WHOLE_CASE)
        .where(
            CaseRow.drill == report.drill,
            CaseRow.offence.in_({finding.offence for finding in report.findings}),
            CaseRow.last_s >= min(finding.first_s - finding.merge_window_s for finding in report.findings),
            CaseRow.first_s <= max(finding.last_s + finding.merge_window_s for finding in report.findings),
        )
    )
    return tuple(case_of(row) for row in session.scalars(query))


def _fused(findings: Sequence[SealedFinding]) -> GroundFix:
    frame = LocalFrame(origin=findings[0].fix.position)
    return fuse([finding.fix for finding in findings], frame)


def _handed_over(session: Session, case: Case) -> bool:
    """Whether the case system has a receipt for the last decision."""
    last = next(event for event in reversed(case.events) if event.kind in _DECISIONS)
    return session.get(DeliveryRow, f"{case.case_id}:{last.sequence}") is not None


def _row(session: Session, case_id: str) -> CaseRow:
    row = session.get(CaseRow, case_id)
    if row is None:
        raise NotFound(f"no case {case_id}")
    return row
