"""The one outbox: what has to leave, in order within each case, until the case system has given a receipt for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import aliased

from pipeline.domain.message import QueuedMessage
from pipeline.errors import NotFound
from pipeline.store.mapping import value_of
from pipeline.store.models import DeliveryRow, OutboxRow

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from pipeline.store.database import Database

_ERROR_LENGTH = 500


class SqlOutbox:
    """The outbox of a store; rows are added by the store in the transaction of their event."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def pending(self, now_s: float, limit: int = 100) -> tuple[QueuedMessage, ...]:
        """Messages due now, oldest first; none whose case has an earlier one that is not due yet."""
        earlier = aliased(OutboxRow)
        held_back = exists().where(
            earlier.case_id == OutboxRow.case_id,
            earlier.position < OutboxRow.position,
            earlier.next_try_s > now_s,
            ~_delivered(earlier),
        )
        due = (
            select(OutboxRow)
            .where(OutboxRow.next_try_s <= now_s, ~_delivered(OutboxRow), ~held_back)
            .order_by(OutboxRow.position)
            .limit(limit)
        )
        with self._database.reading() as session:
            return tuple(value_of(QueuedMessage, row) for row in session.scalars(due))

    def mark_delivered(self, key: str, receipt: str, now_s: float) -> None:
        """Record the receipt; a second one for the same message changes nothing.

        Raises:
            NotFound: no such message.
        """
        with self._database.writing() as session:
            row = _row(session, key)
            if session.get(DeliveryRow, row.key) is None:
                session.add(DeliveryRow(key=row.key, receipt=receipt, delivered_s=now_s))

    def mark_failed(self, key: str, error: str, next_try_s: float) -> None:
        """Record a failed try and when to try again.

        Raises:
            NotFound: no such message.
        """
        with self._database.writing() as session:
            row = _row(session, key)
            row.attempts += 1
            row.last_error = error[:_ERROR_LENGTH]
            row.next_try_s = next_try_s


def _delivered(row: type[OutboxRow]) -> ColumnElement[bool]:
    return exists().where(DeliveryRow.key == row.key)


def _row(session: Session, key: str) -> OutboxRow:
    row = session.scalar(select(OutboxRow).where(OutboxRow.key == key))
    if row is None:
        raise NotFound(f"no message {key} in the outbox")
    return row
