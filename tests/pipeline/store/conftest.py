"""A real store on a temporary file."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from pipeline.store.case_store import SqlCaseStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


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
