"""Options that several commands share."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from pipeline.errors import BadInput

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


def parse_time(option: str, text: str | None) -> float | None:
    """UTC of a time with offset.

    Raises:
        BadInput: it is none; names the option.
    """
    if text is None:
        return None
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        value = None
    if value is None or value.tzinfo is None:
        raise BadInput(
            path=option,
            field="time",
            fault=f"{text!r} is no ISO 8601 time with offset",
            remedy="Such as 2026-11-02T10:00:00+08:00",
        )
    return value.timestamp()
