"""A real receiver in its own process, and a store with something to deliver."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from pipeline.domain.manifest import EvidenceItem, EvidenceRole
from pipeline.evidence.vault import FolderVault
from pipeline.store.case_store import SqlCaseStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from pipeline.domain.case import SealedFinding
    from pipeline.domain.look import LookReport

ROOT = Path(__file__).parents[3]
TOKEN = "s3cret-token"  # noqa: S105 - made up


@pytest.fixture
def receiver(tmp_path: Path) -> Callable[..., AbstractContextManager[tuple[subprocess.Popen[str], str]]]:
    """Starts a receiver on `tmp_path/received` and gives its process and address; it is killed at the end."""

    @contextmanager
    def started(*options: str, port: int = 0) -> Iterator[tuple[subprocess.Popen[str], str]]:
        command = [sys.executable, "-m", "pipeline.delivery.receiver", "--listen", f"127.0.0.1:{port}"]
        command += ["--folder", str(tmp_path / "received"), *options]
        environment = {**os.environ, "RECEIVER_TOKEN": TOKEN}
        with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own words
            try:
                assert process.stdout is not None
                yield process, process.stdout.readline().removeprefix("ready ").strip()
            finally:
                process.kill()

    return started


@pytest.fixture
def vault(tmp_path: Path) -> FolderVault:
    """The sender's vault."""
    return FolderVault(tmp_path / "vault")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlCaseStore]:
    """The sender's store, empty."""
    opened = SqlCaseStore(f"sqlite:///{tmp_path}/cases.db", timezone=ZoneInfo("Asia/Shanghai"))
    yield opened
    opened.close()


@pytest.fixture
def file_cases(
    store: SqlCaseStore,
    vault: FolderVault,
    sealed: Callable[..., SealedFinding],
    report: Callable[..., LookReport],
) -> Callable[[int], list[str]]:
    """Files that many cases at time 100, each with a masked picture in the vault, and gives their ids."""

    def masked(number: int) -> tuple[EvidenceItem, ...]:
        content = b"masked picture %d" % number
        return (
            EvidenceItem(
                sha256=vault.put(content),
                byte_count=len(content),
                role=EvidenceRole.MASKED,
                media_type="image/jpeg",
            ),
        )

    def filed(count: int) -> list[str]:
        findings = [replace(sealed(f"f{n}", north_m=50.0 * n), items=masked(n)) for n in range(count)]
        return list(store.file_look(report("look-1", *findings), now_s=100.0).drafted)

    return filed
