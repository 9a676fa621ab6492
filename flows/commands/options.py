"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

SiteFolder = Annotated[Path, typer.Option("--site", "-s", envvar="OFFSITE_SITE", help="The site's folder.")]
DEFAULT_SITE = Path("site")

# Piped output is not folded to a terminal's width, so that ids can be picked out of it.
PIPED_WIDTH = 150


def report_console() -> Console:
    """Where commands print their reports."""
    console = Console(soft_wrap=True, highlight=False)
    if not console.is_terminal:
        console.width = PIPED_WIDTH
    return console
