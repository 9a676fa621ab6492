"""The Prefect server this program starts for itself: on loopback, its files in the site's folder, nothing sent home."""

from __future__ import annotations

import socket
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx

from flows.children import Child
from pipeline.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

START_TIMEOUT_S = 240.0  # 10 s on an idle machine; one that dies is noticed at once


def quiet_environment(home: Path) -> dict[str, str]:
    """Prefect settings that keep it local and silent."""
    return {
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_LOGGING_LEVEL": "WARNING",
        "PREFECT_SERVER_LOGGING_LEVEL": "ERROR",
        "PREFECT_CLI_COLORS": "false",
    }


def running_server(folder: Path) -> dict[str, str]:
    """The environment to talk to the Prefect server that `offsite up` runs for a site.

    Raises:
        BadInput: none answers.
    """
    log = folder / "prefect" / "schedules.log"
    said = log.read_text(encoding="utf-8").split() if log.exists() else []
    address = said[said.index("ready") + 1] if "ready" in said else ""
    try:
        if address and httpx.get(f"{address}/health", timeout=5.0).is_success:
            return {**quiet_environment((folder / "prefect").resolve()), "PREFECT_API_URL": address}
    except httpx.TransportError:
        pass
    remedy = "Start `offsite up`, or fly without it by `offsite patrol fly`"
    raise BadInput(path=str(folder), field="schedules", fault="of this site are not running", remedy=remedy)


def free_port() -> int:
    """A loopback port nobody uses right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def prefect_server(folder: Path) -> Iterator[dict[str, str]]:
    """Run a Prefect server while the block runs.

    Args:
        folder: where its database and log go.

    Yields:
        the environment a process needs to talk to it.

    Raises:
        ChildFailed: it did not come up in time.
    """
    home = (folder / "prefect").resolve()
    port = free_port()
    arguments = ["server", "start", "--host", "127.0.0.1", "--port", str(port), "--no-ui"]
    environment = quiet_environment(home)
    with Child("prefect server", "prefect", arguments, log=home / "server.log", environment=environment) as server:
        _wait_healthy(server, port)
        yield {**environment, "PREFECT_API_URL": f"http://127.0.0.1:{port}/api"}


def _wait_healthy(server: Child, port: int) -> None:
    deadline_s = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline_s and server.running:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/api/health", timeout=1.0).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    raise server.failure()
