"""Write the docs that are made from the program: docs/site.md (fields of site.toml) and docs/commands.md (--help)."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import typer
from typer.main import get_command

from flows.cli import app
from pipeline.site import SiteFile
from pipeline.toml_file import Entry

if TYPE_CHECKING:
    from click import Command

HERE = Path(__file__).resolve().parent


def _models_in(annotation: object) -> list[type[Entry]]:
    if isinstance(annotation, type) and issubclass(annotation, Entry):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models_in(part)]


def _shown(annotation: object) -> str:
    text = getattr(annotation, "__name__", str(annotation)) if not get_args(annotation) else str(annotation)
    return text.replace("typing.", "").replace("pipeline.sources.camera_file.", "").replace("|", "or")


def _table(name: str, model: type[Entry]) -> list[str]:
    lines = [
        f"\n## {name}\n",
        (model.__doc__ or "").strip() + "\n",
        "| field | type | default | meaning |",
        "|---|---|---|---|",
    ]
    for field, about in model.model_fields.items():
        default = "required" if about.is_required() else f"`{about.default!r}`"
        lines.append(f"| `{field}` | {_shown(about.annotation)} | {default} | {about.description or ''} |")
    for field, about in model.model_fields.items():
        for nested in _models_in(about.annotation):
            lines += _table(f"{name}.{field}", nested)
    return lines


def site_reference() -> str:
    """Every table and field of site.toml."""
    lines = ["# site.toml, field by field", "", "Made by `python docs/generate.py`; a test keeps it true."]
    for field, about in SiteFile.model_fields.items():
        for model in _models_in(about.annotation):
            lines += _table(field, model)
    return "\n".join(lines) + "\n"


def _help(command: Command, name: str) -> list[str]:
    context = typer.Context(command, info_name=name, terminal_width=100, max_content_width=100)
    lines = [f"\n## {name}\n", (command.help or "").strip() + "\n"]
    rows = []
    for parameter in command.params:
        names = ", ".join((*parameter.opts, *parameter.secondary_opts))
        if parameter.name == "help":
            continue
        shown = f"`{names}`" if names.startswith("-") else f"`{names.upper()}`"
        rows.append(f"- {shown}: {getattr(parameter, 'help', '') or ''}".rstrip(": "))
    for sub in getattr(command, "commands", {}).values():
        lines += _help(sub, f"{context.command_path} {sub.name}")
    return lines[:2] + rows + lines[2:]


def command_reference() -> str:
    """Every command and option."""
    lines = ["# The `offsite` command", "", "Made by `python docs/generate.py`; a test keeps it true."]
    return "\n".join(lines + _help(get_command(app), "offsite")) + "\n"


DOCUMENTS = {"site.md": site_reference, "commands.md": command_reference}

if __name__ == "__main__":
    for file_name, make in DOCUMENTS.items():
        (HERE / file_name).write_text(make(), encoding="utf-8")
        sys.stdout.write(f"wrote docs/{file_name}\n")
