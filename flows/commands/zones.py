"""`offsite zones`: look at a site's zones and permits before they decide anything."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from flows.commands.options import report_console
from geofences.geojson import find_faults, parse_permits, parse_zones
from pipeline.site import read_text

app = typer.Typer(help="Zones and permits.", no_args_is_help=True)


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="A zones or permits file (GeoJSON), or a site's folder.")],
) -> None:
    """Name every fault in a zone or permit file; exit code 2 if there is one."""
    files = [file / "zones.geojson", file / "permits.geojson"] if file.is_dir() else [file]
    console = report_console()
    faults = [fault for path in files for fault in find_faults(read_text(path), path=str(path))]
    for fault in faults:
        console.print(f"[red]{fault.code}[/red]: {fault}", highlight=False)
    if faults:
        raise typer.Exit(2)
    table = Table("file", "id", "kind or offence", "name or holder", "in force")
    for path in files:
        _add_rows(table, path)
    console.print(table)


def _add_rows(table: Table, path: Path) -> None:
    text = read_text(path)
    if '"permit_id"' in text:
        for permit in parse_permits(text, path=str(path)):
            table.add_row(path.name, permit.permit_id, permit.allows, permit.holder, _until(permit.valid_until_s))
        return
    for zone in parse_zones(text, path=str(path)):
        table.add_row(path.name, zone.zone_id, zone.kind, zone.name, "by schedule" if zone.schedule else "always")


def _until(at_s: float) -> str:
    return f"until {datetime.fromtimestamp(at_s, UTC):%Y-%m-%dT%H:%MZ}"
