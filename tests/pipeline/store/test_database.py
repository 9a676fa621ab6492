"""The database under the store: made, migrated, shared, full, killed."""

from __future__ import annotations

import multiprocessing
import random
import time
from math import inf
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from pipeline.domain.message import parse_message
from pipeline.errors import BadInput, StorageFull
from pipeline.store.case_store import SqlCaseStore
from pipeline.store.models import Base

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pipeline.domain.case import SealedFinding
    from pipeline.domain.look import LookReport

    type_sealed = Callable[..., SealedFinding]
    type_report = Callable[..., LookReport]
    type_rows = Callable[..., list[tuple[object, ...]]]

FORK = multiprocessing.get_context("fork")
ZONE = ZoneInfo("Asia/Shanghai")


def test_migrations_make_what_the_models_say(store: SqlCaseStore, url: str) -> None:
    """The tables the migrations make are those of the models, column by column."""
    engine = create_engine(url)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
    engine.dispose()
    assert store.cases() == ()


def test_opening_again_keeps_everything(
    store: SqlCaseStore, url: str, sealed: type_sealed, report: type_report
) -> None:
    """A second opening migrates nothing and sees what the first wrote."""
    filed = store.file_look(report("look-1", sealed("f1")), now_s=1.0)
    again = SqlCaseStore(url, timezone=ZONE)
    assert [case.case_id for case in again.cases()] == list(filed.drafted)
    again.close()


def test_a_newer_database_is_refused(store: SqlCaseStore, url: str, rows: type_rows) -> None:
    """A database whose version is unknown here is left alone, with a message that says why."""
    rows("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(BadInput, match="another version"):
        SqlCaseStore(url, timezone=ZONE)
    assert store.cases() == ()


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("sqlite:////no/such/folder/cases.db", "/no/such/folder/cases.db"),
        ("cases.db", "sqlite:////folder"),
        ("nosuchbase:///cases.db", "sqlite:////folder"),
        ("postgresql+psycopg://li:secret@127.0.0.1:1/cases", "127.0.0.1:1"),
    ],
)
def test_an_unusable_address_is_bad_input(url: str, told: str) -> None:
    """An address that cannot be opened is named with a remedy, and never with its password."""
    with pytest.raises(BadInput, match=told) as caught:
        SqlCaseStore(url, timezone=ZONE)
    assert "secret" not in str(caught.value)


def test_a_file_that_is_no_database_is_bad_input(tmp_path: Path) -> None:
    """A file of something else is refused and left as it was."""
    (tmp_path / "cases.db").write_bytes(b"not a database " * 200)
    with pytest.raises(BadInput, match=r"cases\.db"):
        SqlCaseStore(f"sqlite:///{tmp_path}/cases.db", timezone=ZONE)
    assert (tmp_path / "cases.db").read_bytes().startswith(b"not a database")


def test_a_full_disk_is_told_and_files_nothing_by_halves(
    small_disk: Path, sealed: type_sealed, report: type_report, rows: type_rows
) -> None:
    """On a full disk filing raises StorageFull naming the file; earlier looks stay, and after clearing it goes on."""
    store = SqlCaseStore(f"sqlite:///{small_disk}/cases.db", timezone=ZONE)
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"x" * 400_000)

    def fill() -> None:
        for number in range(10_000):
            findings = [sealed(f"{number}-{n}", look_id=f"look-{number}", north_m=50.0 * n) for n in range(10)]
            store.file_look(report(f"look-{number}", *findings), now_s=1.0)

    with pytest.raises(StorageFull, match=r"cases\.db"):
        fill()
    filed = len(rows("SELECT * FROM looks", small_disk))
    assert filed > 0
    ballast.unlink()
    store.file_look(report(f"look-{filed}"), now_s=2.0)
    assert len(rows("SELECT * FROM looks", small_disk)) == filed + 1
    assert len(rows("SELECT * FROM findings", small_disk)) == 10 * filed
    store.close()


def file_all(url: str, reports: list[LookReport], seed: int) -> None:
    """Open the store and file every look not filed yet, in an order of one's own."""
    store = SqlCaseStore(url, timezone=ZONE)
    for look in random.Random(seed).sample(reports, len(reports)):  # noqa: S311 - only an order
        store.file_look(look, now_s=time.time())


def passes_over_one_street(sealed: type_sealed, report: type_report, looks: int) -> list[LookReport]:
    """Looks that each see the same five things."""
    return [
        report(
            f"look-{look}",
            *(sealed(f"{look}-{n}", look_id=f"look-{look}", north_m=100.0 * n, east_m=look % 3) for n in range(5)),
        )
        for look in range(looks)
    ]


def check_whole(url: str, rows: type_rows, looks: int) -> None:
    """Five cases, each seen in every look once, each event in its log and in the outbox once."""
    store = SqlCaseStore(url, timezone=ZONE)
    assert len(rows("SELECT * FROM looks")) == looks
    cases = store.cases()
    assert len(cases) == 5
    for case in cases:
        assert sorted(finding.look_id for finding in case.findings) == sorted(f"look-{n}" for n in range(looks))
        assert store.verify_log(case.case_id) == ()
    told = [parse_message(queued.payload) for queued in store.outbox.pending(inf, 1000)]
    assert sorted(message.event_sha256 for message in told) == sorted(
        event.sha256 for case in cases for event in case.events
    )
    store.close()


def test_programs_filing_the_same_looks_at_once_file_each_once(
    url: str, sealed: type_sealed, report: type_report, rows: type_rows
) -> None:
    """Four programs that open a new database and file the same looks together neither lose nor double one."""
    looks = passes_over_one_street(sealed, report, 12)
    programs = [FORK.Process(target=file_all, args=(url, looks, seed)) for seed in range(4)]
    for program in programs:
        program.start()
    for program in programs:
        program.join(60)
    assert [program.exitcode for program in programs] == [0, 0, 0, 0]
    check_whole(url, rows, 12)


def test_a_killed_program_loses_and_doubles_nothing(
    url: str, sealed: type_sealed, report: type_report, rows: type_rows
) -> None:
    """A program filing looks is killed again and again; when one has got through, everything is there once."""
    looks = passes_over_one_street(sealed, report, 30)
    for attempt in range(8):
        program = FORK.Process(target=file_all, args=(url, looks, attempt))
        program.start()
        program.join(0.1 + 0.03 * attempt)
        program.kill()
        program.join(10)
    program = FORK.Process(target=file_all, args=(url, looks, 8))
    program.start()
    program.join(120)
    assert program.exitcode == 0
    check_whole(url, rows, 30)
