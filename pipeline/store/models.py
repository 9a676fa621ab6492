"""Tables. Types are chosen to mean the same on SQLite and PostgreSQL; times are seconds since the Unix epoch, UTC."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, Double, ForeignKey, Index, MetaData, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


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
    type_annotation_map = {str: Text, float: Double, dict[str, Any]: JSON, list[Any]: JSON}  # noqa: RUF012 - SQLAlchemy's own declaration


class LookRow(Base):
    """A look that was filed; the row is what makes filing it again a no-op."""

    __tablename__ = "looks"

    look_id: Mapped[str] = mapped_column(primary_key=True)
    source_id: Mapped[str]
    source_kind: Mapped[str]
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
    offence: Mapped[str]
    reason: Mapped[str]
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
    source_kind: Mapped[str]
    offence: Mapped[str]
    first_s: Mapped[float]
    last_s: Mapped[float]
    fix: Mapped[dict[str, Any]]
    why: Mapped[dict[str, Any]]
    merge_distance_m: Mapped[float]
    merge_window_s: Mapped[float]
    manifest_sha256: Mapped[str]
    items: Mapped[list[Any]]


class EventRow(Base):
    """One link of a case's log; never changed, never deleted."""

    __tablename__ = "events"

    case_id: Mapped[str] = mapped_column(ForeignKey("cases.case_id"), primary_key=True)
    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str]
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
    offence: Mapped[str]
    state: Mapped[str]
    grade: Mapped[str]
    drill: Mapped[bool]
    first_s: Mapped[float]
    last_s: Mapped[float]
    fix: Mapped[dict[str, Any]]
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
