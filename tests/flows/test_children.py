"""Child processes are waited for with a limit, tell why they failed, and never outlive who started them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from flows.children import Child
from flows.errors import ChildFailed

if TYPE_CHECKING:
    from pathlib import Path

READY = "import time; print('ready here', flush=True); time.sleep(60)"
SILENT = "import time; time.sleep(60)"
BROKEN = "raise SystemExit('no such luck')"


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the module path of children."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return tmp_path


def child(folder: Path, code: str) -> Child:
    """A child running that code."""
    (folder / "child_module.py").write_text(code)
    return Child("the child", "child_module", [], log=folder / "child.log")


def test_a_ready_child_tells_its_address_and_is_stopped(module: Path) -> None:
    """The address follows `ready`; after the block the process is gone."""
    with child(module, READY) as one:
        assert one.wait_ready(timeout_s=20) == "here"
        assert one.running
    assert not one.running


def test_a_silent_child_is_not_waited_for_for_ever(module: Path) -> None:
    """No `ready` in time is a failure."""
    with child(module, SILENT) as one, pytest.raises(ChildFailed):
        one.wait_ready(timeout_s=0.5)


def test_a_broken_child_says_why(module: Path) -> None:
    """The end of what it printed is in the error."""
    with child(module, BROKEN) as one, pytest.raises(ChildFailed, match="no such luck"):
        one.wait(timeout_s=20)


def test_a_child_that_takes_too_long_is_stopped(module: Path) -> None:
    """Waiting has a limit, after which the child is ended and said to have been slow."""
    with child(module, SILENT) as one, pytest.raises(ChildFailed, match="did not end"):
        one.wait(timeout_s=0.5)
    assert not one.running


@pytest.mark.skipif(sys.platform != "linux", reason="the leash is Linux's")
def test_a_child_dies_with_a_killed_parent(module: Path) -> None:
    """When the parent is killed outright, the child ends too."""
    (module / "child_module.py").write_text(f"import os; print('ready', os.getpid(), flush=True); {SILENT}")
    parent = (
        "from pathlib import Path; from flows.children import Child; import time\n"
        f"c = Child('c', 'child_module', [], log=Path({str(module / 'c.log')!r}))\n"
        "print(c.wait_ready(timeout_s=20), flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
    deadline_s = time.monotonic() + 10
    while time.monotonic() < deadline_s and _runs(pid):
        time.sleep(0.05)
    assert not _runs(pid)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:  # noqa: PTH123 - proc
        return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
