"""A flight's record in a page, for people who look at the run and not at the log."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

TOLD = ("state", "order", "note", "pilot")


def flight_summary(log: Path) -> str:
    """What was flown, by whom, how it ended, what failed in the checklist and what happened, as Markdown."""
    header: dict[str, object] = {}
    failed, told = [], []
    for line in log.read_text(encoding="utf-8").splitlines():
        try:
            row = json.loads(line)
        except ValueError:  # the last line of a flight that was cut off
            continue
        if row["kind"] == "header":
            header = row
        elif row["kind"] == "check" and not row["ok"]:
            waived = f", waived: {row['waived']}" if row.get("waived") else ""
            failed.append(f"- {row['name']}: {row['measured']}, required {row['required']}{waived}")
        elif row["kind"] == "event" and row["name"] in TOLD:
            told.append(f"| {row['at_s'] or ''} | {row['name']} | {str(row['text']).replace('|', '/')} |")
    drill = " (演练 drill)" if header.get("drill") else ""
    facts = [
        f"- {name}: {value}"
        for name, value in header.items()
        if isinstance(value, str) and value and name not in {"kind", "flight_id"}
    ]
    lines = [f"# {header.get('flight_id', log.parent.name)}{drill}", *facts, "", "## Checklist"]
    lines += failed or ["- nothing failed"]
    return "\n".join([*lines, "", "| UTC, s | what | |", "|---|---|---|", *told])


def picture_address(png: Path) -> str:
    """A picture as an address that holds it, since no server of ours gives out files of flights."""
    return f"data:image/png;base64,{base64.b64encode(png.read_bytes()).decode()}"
