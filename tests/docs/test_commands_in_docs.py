"""Every `offsite ...` command that the README and the docs show exists, with the options shown."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.main import get_command

from flows.cli import app

if TYPE_CHECKING:
    from click import Command

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SHOWN = re.compile(r"`offsite ([^`]+)`", re.DOTALL)


def shown_commands() -> list[tuple[str, str]]:
    """Page and command line, line breaks joined, alternatives and optional parts taken as written."""
    return [
        (page.name, " ".join(found.split()))
        for page in PAGES
        for found in SHOWN.findall(page.read_text(encoding="utf-8"))
    ]


@pytest.mark.parametrize(("page", "line"), shown_commands())
def test_a_shown_command_exists(page: str, line: str) -> None:
    """Its words lead to a command, and each option it shows is one of that command's."""
    command: Command = get_command(app)
    words = [word.strip("[],") for word in shlex.split(line.replace("...", ""))]
    while words and hasattr(command, "commands") and words[0] in command.commands:
        command = command.commands[words.pop(0)]
    families = "|" in line or "," in line
    assert families or not hasattr(command, "commands"), f"{page}: offsite {line}"
    known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    assert {word for word in words if word.startswith("-")} <= known, f"{page}: offsite {line}"
