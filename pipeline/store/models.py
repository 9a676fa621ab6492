"""Tables. Types are chosen to mean the same on SQLite and PostgreSQL; times are seconds since the Unix epoch, UTC.

Columns hold domain values: an enumeration is kept as its text, a dataclass as JSON, and both are checked when read.
"""

from __future__ import annotations

from dataclasses import asdict, astuple
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter
from sqlalchemy import JSON, Double, ForeignKey, Index, MetaData, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from sqlalchemy.types import TypeDecorator

from geofences.ellipse import ErrorEllipse
from geofences.error_terms import ErrorTerm
from geofences.ground_fix import GroundFix
from geofences.local_frame import LocalFrame
from geofences.position import Geodetic
from pipeline.domain.case import CaseState, EventKind, Grade
from pipeline.domain.finding import DropReason, Explanation
from pipeline.domain.frame import SourceKind
from pipeline.domain.manifest import EvidenceItem
from pipeline.domain.offence import Offence

if TYPE_CHECKING:
    from sqlalchemy import Dialect

_WORDS: tuple[type[StrEnum], ...] = (Offence, SourceKind, DropReason, CaseState, Grade, EventKind)


class Word(TypeDecorator[StrEnum]):
    """An enumeration as its plain text, which every database driver takes alike."""

    impl = Text
    cache_ok = True

    def __init__(self, kind: type[StrEnum]) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: StrEnum | None, _dialect: Dialect) -> str | None:
        """To the database."""
        return None if value is None else value.value

    def process_result_value(self, value: str | None, _dialect: Dialect) -> StrEnum | None:
        """From the database."""
        return None if value is None else self.kind(value)


class Document(TypeDecorator[Any]):
    """Frozen dataclasses as JSON."""

    impl = JSON
    cache_ok = True

    def __init__(self, kind: Any) -> None:  # noqa: ANN401 - a type, or a tuple of them as an annotation has it
        super().__init__()
        self.kind = kind
        self._adapter = TypeAdapter(kind)

    def process_bind_param(self, value: object, _dialect: Dialect) -> object:
        """To the database."""
        return self._adapter.dump_python(value, mode="json")

    def process_result_value(self, value: object, _dialect: Dialect) -> object:
        """From the database."""
        return self._adapter.validate_python(value)


class Fix(TypeDecorator[GroundFix]):
    """A fix as JSON. Its local coordinates are left out: they mean nothing away from their look's frame."""

    impl = JSON
    cache_ok = True

    def process_bind_param(self, value: GroundFix | None, _dialect: Dialect) -> dict[str, object] | None:
        """To the database."""
        if value is None:
            return None
        return {
            "position": asdict(value.position),
            "ellipse": asdict(value.ellipse),
            "budget": value.budget,
            "terms": [astuple(term) for term in value.terms],
        }

    def process_result_value(self, value: dict[str, Any] | None, _dialect: Dialect) -> GroundFix | None:
        """From the database; the local frame is the one about the fix's own position."""
        if value is None:
            return None
        position = Geodetic(**value["position"])
        return GroundFix(
            position=position,
            enu_m=LocalFrame(origin=position).enu_from_geodetic(position),
            ellipse=ErrorEllipse(**value["ellipse"]),
            budget=tuple((cause, share) for cause, share in value["budget"]),
            terms=tuple(
                ErrorTerm(cause=cause, axis=axis, shared_by=by, east_m=east_m, north_m=north_m)
                for cause, axis, by, east_m, north_m in value.get(
                    "terms", ()
                )  # rows of before they were kept have none
            ),
        )


class Base(DeclarativeBase):
    """Base of all rows. Constraints have names, so that a later migration can change them on every database."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy's own declaration
        str: Text,
        float: Double,
        GroundFix: Fix(),
        Explanation: Document(Explanation),
        tuple[EvidenceItem, ...]: Document(tuple[EvidenceItem, ...]),
        **{kind: Word(kind) for kind in _WORDS},
    }


class LookRow(Base):
    """A look that was filed; the row is what makes filing it again a no-op."""

    __tablename__ = "looks"

    look_id: Mapped[str] = mapped_column(primary_key=True)
    source_id: Mapped[str]
    source_kind: Mapped[SourceKind]
    started_s: Mapped[float]
    ended_s: Mapped[float]
    frames_examined: Mapped[int]
    drill: Mapped[bool]
    filed_s: Mapped[float]


class DropRow(Base):
    """A track that was left alone, with its reason."""

    __tablename__ = "drops"

    drop_id: Mapped[int] = mapped_column(primary_key=True)
    look_id: Mapped[str] = mapped_column(ForeignKey("looks.look_id"), index=True)
    track_id: Mapped[int]
    offence: Mapped[Offence]
    reason: Mapped[DropReason]
    detail: Mapped[str]
    at_s: Mapped[float]
    lat_deg: Mapped[float | None]
    lon_deg: Mapped[float | None]
    score: Mapped[float]


class FrameFaultRow(Base):
    """A frame that could not be used."""

    __tablename__ = "frame_faults"

    fault_id: Mapped[int] = mapped_column(primary_key=True)
    look_id: Mapped[str] = mapped_column(ForeignKey("looks.look_id"), index=True)
    pts_s: Mapped[float]
    code: Mapped[str]
    message: Mapped[str]


class FindingRow(Base):
    """A sealed finding; it belongs to one case for ever."""

    __tablename__ = "findings"

    finding_id: Mapped[str] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.case_id"), index=True)
    look_id: Mapped[str] = mapped_column(ForeignKey("looks.look_id"), index=True)
    source_id: Mapped[str]
    source_kind: Mapped[SourceKind]
    offence: Mapped[Offence]
    first_s: Mapped[float]
    last_s: Mapped[float]
    fix: Mapped[GroundFix]
    why: Mapped[Explanation]
    merge_distance_m: Mapped[float]
    merge_window_s: Mapped[float]
    manifest_sha256: Mapped[str]
    items: Mapped[tuple[EvidenceItem, ...]]


class EventRow(Base):
    """One link of a case's log; never changed, never deleted."""

    __tablename__ = "events"

    case_id: Mapped[str] = mapped_column(ForeignKey("cases.case_id"), primary_key=True)
    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[EventKind]
    at_s: Mapped[float]
    actor: Mapped[str]
    reason: Mapped[str]
    note: Mapped[str]
    finding_id: Mapped[str]
    previous_sha256: Mapped[str]
    sha256: Mapped[str]


class CaseRow(Base):
    """A case as it stands; its history is its events."""

    __tablename__ = "cases"
    __table_args__ = (Index(None, "offence", "last_s"),)

    case_id: Mapped[str] = mapped_column(primary_key=True)
    offence: Mapped[Offence]
    state: Mapped[CaseState]
    grade: Mapped[Grade]
    drill: Mapped[bool]
    first_s: Mapped[float]
    last_s: Mapped[float]
    fix: Mapped[GroundFix]
    findings: Mapped[list[FindingRow]] = relationship(order_by=(FindingRow.first_s, FindingRow.finding_id))
    events: Mapped[list[EventRow]] = relationship(order_by=EventRow.sequence)


class OutboxRow(Base):
    """A message that has to leave, written with the event it tells of; `position` is the order of writing."""

    __tablename__ = "outbox"

    position: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.case_id"), index=True)
    payload: Mapped[str]
    created_s: Mapped[float]
    next_try_s: Mapped[float]
    attempts: Mapped[int]
    last_error: Mapped[str]


class DeliveryRow(Base):
    """The case system's receipt for a message."""

    __tablename__ = "deliveries"

    key: Mapped[str] = mapped_column(ForeignKey("outbox.key"), primary_key=True)
    receipt: Mapped[str]
    delivered_s: Mapped[float]
