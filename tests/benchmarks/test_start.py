"""Every benchmark starts from its own folder, where `detectors.py` would hide the package of that name."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = sorted((ROOT / "benchmarks").glob("*.py"))
LOAD = "import runpy, sys; sys.path[0] = sys.argv[1]; runpy.run_path(sys.argv[2], run_name='loaded')"


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_benchmark_loads_as_a_script_does(script: Path) -> None:
    """With its folder first on the path, all that it imports is found."""
    command = [sys.executable, "-c", LOAD, str(script.parent), str(script)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)  # noqa: S603 - ours
    assert ran.returncode == 0, ran.stderr[-500:]
