"""One database: opened, brought to the newest form, and read or written a transaction at a time.

Rule: writers queue up, so that what a transaction read first still holds when it commits; every driver error leaves as
an error of this room.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError
from sqlalchemy import create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.orm import Session

from pipeline.errors import BadInput, PipelineError, StorageFull

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Connection, Engine

MIGRATIONS = Path(__file__).parent / "migrations"
WAIT_S = 10
# Any constant will do, as long as all writers use the same.
_WRITERS_LOCK = 0x0FF517E
_FULL = {"SQLITE_FULL", "SQLITE_IOERR_SHMSIZE", "53100"}
_REMEDIES = {
    "SQLITE_CANTOPEN": "Name a file in a folder that exists and that this account may write",
    "SQLITE_READONLY": "Give this account the right to write the file and its folder",
    "SQLITE_NOTADB": "Name a database made by this program, or a new file",
    "SQLITE_CORRUPT": "Restore the file from a copy; evidence in the vault is not affected",
    "SQLITE_IOERR": "Check the disk",
    "SQLITE_BUSY": f"Another program has kept the database locked for {WAIT_S} s: end it and run the same again",
}


class Database:
    """A migrated database and its transactions.

    Attributes:
        url: where it is, as SQLAlchemy writes it; `sqlite:////path/cases.db` or `postgresql+psycopg://...`.

    Raises:
        BadInput: the address is unusable, or the database was made by a newer version.
        StorageFull: no room to make it.
    """

    def __init__(self, url: str) -> None:
        try:
            parsed = make_url(url)
            self._sqlite = parsed.get_backend_name() == "sqlite"
            wait = {"timeout": WAIT_S} if self._sqlite else _POSTGRES_WAITS
            self._engine = create_engine(parsed, connect_args=wait, pool_timeout=WAIT_S)
        except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
            raise BadInput(
                path="store address", field="url", fault=str(error), remedy="Write it as sqlite:////folder/cases.db"
            ) from error
        # Never shown with its password.
        self._shown = (parsed.database or "memory") if self._sqlite else parsed.render_as_string(hide_password=True)
        if self._sqlite:
            _set_up_sqlite(self._engine)
        self._writer = self._engine.execution_options(sqlite_begin="IMMEDIATE")
        try:
            self._migrate()
        except PipelineError:
            self.close()
            raise

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A transaction that sees one state of the database throughout."""
        with self._errors_translated(), Session(self._engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A transaction no other writer runs beside; committed when the block ends well."""
        with self._errors_translated(), Session(self._writer, expire_on_commit=False) as session, session.begin():
            _queue_up(session.connection())
            yield session

    def close(self) -> None:
        """Give back all connections."""
        self._engine.dispose()

    def _migrate(self) -> None:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        try:
            with self._errors_translated(), self._writer.begin() as connection:
                _queue_up(connection)
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
        except CommandError as error:
            raise BadInput(
                path=self._shown,
                field="version",
                fault=f"made by another version of this program ({error})",
                remedy="Open it with the version that made it, or a newer one",
            ) from error

    @contextmanager
    def _errors_translated(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            translated = self._translate(error.orig)
            if translated is None:
                raise
            raise translated from error

    def _translate(self, error: BaseException | None) -> PipelineError | None:
        # The drivers' own codes: sqlite3 names, or PostgreSQL's SQLSTATE (empty when there was no connection).
        code = str(getattr(error, "sqlite_errorname", None) or getattr(error, "sqlstate", None) or "")
        if code in _FULL:
            return StorageFull(self._shown)
        remedy = next((remedy for name, remedy in _REMEDIES.items() if code.startswith(name)), None)
        if remedy is None and not self._sqlite and (not code or code.startswith(("08", "28", "3D", "55P03"))):
            remedy = "Check that the database server runs, and its address, account and locks"
        if remedy is None:
            return None
        return BadInput(path=self._shown, field="database", fault=str(error).strip(), remedy=remedy)


_POSTGRES_WAITS: dict[str, Any] = {"connect_timeout": WAIT_S, "options": f"-c lock_timeout={WAIT_S}s"}


def _set_up_sqlite(engine: Engine) -> None:
    """Leave BEGIN to us, so that reading is a transaction too and writers lock first.

    Source: SQLAlchemy documentation, SQLite dialect, "Enabling non-legacy SQLite transactional modes".
    """

    @event.listens_for(engine, "connect")
    def configure(dbapi_connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's own connection
        dbapi_connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            dbapi_connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        kind = connection.get_execution_options().get("sqlite_begin", "DEFERRED")
        connection.exec_driver_sql(f"BEGIN {kind}")


def _queue_up(connection: Connection) -> None:
    """Wait for other writers. SQLite did so at BEGIN IMMEDIATE; PostgreSQL needs to be told."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _WRITERS_LOCK})
