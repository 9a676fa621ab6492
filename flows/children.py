"""Child processes: started, waited for, and always stopped. Nothing of ours outlives the command that began it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Self

from flows.errors import ChildFailed

if TYPE_CHECKING:
    from pathlib import Path

STOP_TIMEOUT_S = 8.0
TAIL_CHARACTERS = 1500


class Child:
    """One process of ours; a context manager that stops it.

    Args:
        name: for messages.
        module: run as `python -m module`.
        arguments: its command line.
        log: file that takes its output.
        environment: added to ours.
    """

    def __init__(
        self, name: str, module: str, arguments: list[str], *, log: Path, environment: dict[str, str] | None = None
    ) -> None:
        self.name = name
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("w", encoding="utf-8") as sink:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and modules, no shell
                [sys.executable, "-m", "flows.leash", module, *arguments],
                stdin=subprocess.PIPE,  # some children end when we do: their stdin closes
                stdout=sink,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONUNBUFFERED": "1", **(environment or {})},
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.stop()

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def said(self) -> str:
        """Everything it printed so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def failure(self) -> ChildFailed:
        """An error carrying the end of its output."""
        return ChildFailed(self.name, self.said()[-TAIL_CHARACTERS:].strip())

    def wait_ready(self, *, timeout_s: float) -> str:
        """Wait for its line `ready ADDRESS` and return the address.

        Raises:
            ChildFailed: it ended, or said nothing in time.
        """
        deadline_s = time.monotonic() + timeout_s
        while time.monotonic() < deadline_s:
            for line in self.said().splitlines():
                if line.startswith("ready "):
                    return line.removeprefix("ready ").strip()
            if not self.running:
                break
            time.sleep(0.05)
        raise self.failure()

    def wait(self, *, timeout_s: float) -> None:
        """Wait until it ends well.

        Raises:
            ChildFailed: it ended with an error, or did not end in time (it is stopped then).
        """
        try:
            code = self._process.wait(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            self.stop()
            raise ChildFailed(self.name, f"did not end within {timeout_s:.0f} s") from None
        if code != 0:
            raise self.failure()

    def stop(self) -> None:
        """Ask it and its children to end; insist after a while."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        for how in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, how)
            try:
                self._process.wait(timeout=STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                continue
            return
