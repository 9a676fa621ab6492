"""Starting the command line pays for nothing it may not need."""

from __future__ import annotations

import subprocess
import sys

HEAVY = ("torch", "ultralytics", "prefect", "openvino", "dronekit", "av", "cv2", "supervision", "fastapi")


def test_the_command_line_starts_light() -> None:
    """None of the heavy packages is imported before a command asks for it."""
    code = f"import sys, flows.cli; print([name for name in {HEAVY!r} if name in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)  # noqa: S603
    assert ran.stdout.strip() == "[]"
