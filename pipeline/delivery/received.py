"""What a receiver has taken in: its own small database, readable while it runs and after it was killed."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.domain.message import CaseMessage, parse_message
from pipeline.errors import BadInput, StorageFull

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_WAIT_S = 10
_FILE = "received.db"
# The receipt number is the order of arrival.
_TABLE = """CREATE TABLE IF NOT EXISTS received (
    number INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, payload TEXT NOT NULL,
    received_s REAL NOT NULL, duplicates INTEGER NOT NULL DEFAULT 0)"""

_TAKE = """INSERT INTO received (key, payload, received_s) VALUES (?, ?, ?)
    ON CONFLICT (key) DO UPDATE SET duplicates = duplicates + 1 WHERE payload = excluded.payload
    RETURNING number, duplicates"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One event as it was taken in.

    Attributes:
        key: its idempotency key.
        receipt: what the sender was told.
        message: what it says.
        received_s: when it first came, UTC.
        duplicates: how many times it came again.
    """

    key: str
    receipt: str
    message: CaseMessage
    received_s: float
    duplicates: int


class ReceivedEvents:
    """The receiver's database; one connection, used by one thread at a time.

    Raises:
        BadInput: the file cannot be opened.
        StorageFull: no room.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / _FILE
        self._lock = threading.Lock()
        with _sqlite_errors(self._path):
            self._connection = sqlite3.connect(self._path, timeout=_WAIT_S, check_same_thread=False)
            self._connection.execute("PRAGMA synchronous=FULL")
            self._connection.execute(_TABLE)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def take(self, key: str, payload: str, now_s: float) -> tuple[str, int] | None:
        """Take an event in once, or count it as a duplicate.

        Returns:
            its receipt and how many times it came again; None when another payload lies under the key.
        """
        with self._lock, _sqlite_errors(self._path), self._connection as transaction:
            row = transaction.execute(_TAKE, (key, payload, now_s)).fetchone()
        return row and (_receipt(row[0]), row[1])

    def all(self) -> tuple[Received, ...]:
        """Everything taken in, in order of arrival."""
        with self._lock, _sqlite_errors(self._path):
            rows = self._connection.execute(
                "SELECT number, key, payload, received_s, duplicates FROM received ORDER BY number"
            ).fetchall()
        return tuple(
            Received(
                key=key,
                receipt=_receipt(number),
                message=parse_message(payload),
                received_s=received_s,
                duplicates=duplicates,
            )
            for number, key, payload, received_s, duplicates in rows
        )


def read_received(folder: Path) -> tuple[Received, ...]:
    """What a receiver has taken in, in order of arrival; it need not be running.

    Raises:
        BadInput: no receiver has worked in that folder.
    """
    if not (folder / _FILE).is_file():
        raise BadInput(
            path=str(folder), field=_FILE, fault="not found", remedy="Name the folder a receiver was started with"
        )
    with closing(ReceivedEvents(folder)) as events:
        return events.all()


def _receipt(number: int) -> str:
    return f"R{number:08d}"


@contextmanager
def _sqlite_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorname", "") == "SQLITE_FULL":
            raise StorageFull(str(path)) from error
        raise BadInput(
            path=str(path), field="database", fault=str(error), remedy="Name a folder this account may write"
        ) from error
