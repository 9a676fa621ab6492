"""The demonstration on worlds nobody tuned for: run as a user would, it must be right."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

TIMEOUT_S = 420


def demo(out: Path, seed: int) -> subprocess.CompletedProcess[str]:
    """Run `offsite demo`."""
    command = [sys.executable, "-m", "flows.cli", "demo", "--out", str(out), "--seed", str(seed)]
    return subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)  # noqa: S603 - ours


@pytest.mark.timeout(TIMEOUT_S + 10)
@pytest.mark.parametrize("seed", [23, *(pytest.param(seed, marks=pytest.mark.peers) for seed in (41, 57, 88))])
def test_the_demonstration_is_right_on_an_unseen_seed(tmp_path: Path, seed: int) -> None:
    """Every planted offence is one draft delivered once, no look-alike is a case, the median error is at most 2 m."""
    ran = demo(tmp_path / "demo", seed)
    assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr[-2000:]
    assert "right: every planted offence is one draft delivered once" in ran.stdout
    assert (tmp_path / "demo" / "overview.png").stat().st_size > 0
