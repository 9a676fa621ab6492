"""A real store on a temporary file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from pipeline.store.case_store import SqlCaseStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pipeline.domain.case import SealedFinding
    from pipeline.domain.look import LookReport
    from pipeline.ports import FiledLook


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Address of a database that does not exist yet."""
    return f"sqlite:///{tmp_path}/cases.db"


@pytest.fixture
def store(url: str) -> Iterator[SqlCaseStore]:
    """An empty store of the demo's city."""
    opened = SqlCaseStore(url, timezone=ZoneInfo("Asia/Shanghai"))
    yield opened
    opened.close()


@pytest.fixture
def see(
    store: SqlCaseStore, sealed: Callable[..., SealedFinding], report: Callable[..., LookReport]
) -> Callable[..., FiledLook]:
    """Files a look that has one finding, about the demo's place unless said otherwise."""

    def seen(look_id: str, *, now_s: float = 1.0, finding_id: str = "", **change: Any) -> FiledLook:
        finding = sealed(finding_id or f"f-{look_id}", look_id=look_id, **change)
        return store.file_look(report(look_id, finding), now_s=now_s)

    return seen
