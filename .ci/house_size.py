"""Print product lines per room against the aim; growth past it wants an ADR that says what was removed."""

from __future__ import annotations

import sys
from pathlib import Path

AIM_LINES = 15_000
ROOMS = ("geofences", "detectors", "flights", "pipeline", "flows")


def main() -> None:
    """Count and print; past the aim, name the ADR."""
    root = Path(__file__).resolve().parent.parent
    counts = {room: sum(len(path.read_text().splitlines()) for path in (root / room).rglob("*.py")) for room in ROOMS}
    total = sum(counts.values())
    rooms = ", ".join(f"{room} {lines}" for room, lines in counts.items())
    past = "" if total <= AIM_LINES else "; past the aim, see docs/adr/0009-how-big-the-house-is.md"
    sys.stdout.write(f"product lines: {rooms} = {total}; aim {AIM_LINES}{past}\n")


if __name__ == "__main__":
    main()
