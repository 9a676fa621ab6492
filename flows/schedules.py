"""`python -m flows.schedules SITE`: a Prefect server and this site's deployments, until stopped."""

from __future__ import annotations

import sys
from pathlib import Path

from flows.children import Child
from flows.orchestrator import prefect_server

LONGEST_RUN_S = 366 * 86400.0


def main(folder: Path) -> None:
    """Serve a site's schedules.

    Raises:
        ChildFailed: the server or the deployments ended; the end of their log is in the message.
    """
    with prefect_server(folder) as environment:
        log = folder / "prefect" / "serve.log"
        with Child(
            "deployments", "flows.prefect_flows", ["serve", str(folder)], log=log, environment=environment
        ) as one:
            sys.stdout.write(f"ready {environment['PREFECT_API_URL']}\n")
            one.wait(timeout_s=LONGEST_RUN_S)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
