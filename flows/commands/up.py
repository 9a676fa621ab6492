"""`offsite up`: console, schedules and delivery in one process tree."""

from __future__ import annotations

import signal
import sys
from contextlib import ExitStack
from types import FrameType
from typing import Annotated

import typer
from rich.console import Console

from flows.children import Child
from flows.commands.options import DEFAULT_SITE, SiteFolder, report_console
from pipeline.site import Site, read_site


def up(
    site: SiteFolder = DEFAULT_SITE,
    port: Annotated[int | None, typer.Option(help="Console port; default: the site's.")] = None,
    schedules: Annotated[
        bool, typer.Option("--schedules/--no-schedules", help="Watch cameras and deliver on schedule.")
    ] = True,
) -> None:
    """Run a site: the console on loopback, camera windows, patrols on demand and delivery. Ctrl-C stops all of it."""
    from flows.console import console_app  # noqa: PLC0415 - the other commands need no web framework
    from pipeline.console.app import serve  # noqa: PLC0415 - the same

    at = read_site(site)
    for how in (signal.SIGTERM, signal.SIGINT):
        signal.signal(how, _end)
    said = report_console()
    with ExitStack() as stack:
        # The schedules start once the console has its port, so that a port in use starts nothing.
        serve(
            console_app(at),
            port=at.settings.console.port if port is None else port,
            on_ready=lambda address: _ready(said, stack, at, address, schedules=schedules),
        )


def _end(_number: int, _frame: FrameType | None) -> None:
    """Leave by the front door, so that everything started is stopped."""
    sys.exit(0)


def _ready(said: Console, stack: ExitStack, site: Site, address: str, *, schedules: bool) -> None:
    said.print(f"ready {address}")
    said.print("The console is on loopback only and has no accounts yet: whoever uses this machine is the officer.")
    if schedules:
        log = site.folder / "prefect" / "schedules.log"
        stack.enter_context(Child("schedules", "flows.schedules", [str(site.folder)], log=log))
        said.print(f"Cameras, patrols on demand and delivery start beside it; their log: {log}")
