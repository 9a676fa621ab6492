"""`offsite zones`: look at a site's zones and permits before they decide anything."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from flows.commands.options import report_console
from geofences.geojson import parse_features
from geofences.zone import Permit, Zone
from pipeline.plausibility import suspect_files
from pipeline.site import read_site, read_text

app = typer.Typer(help="Zones and permits.", no_args_is_help=True)


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="A zones or permits file (GeoJSON), or a site's folder.")],
) -> None:
    """Name every fault in a zone or permit file, exit code 2 if there is one; of a site, files in another datum too."""
    files = [file / "zones.geojson", file / "permits.geojson"] if file.is_dir() else [file]
    console = report_console()
    table = Table("file", "id", "kind or offence", "name or holder", "in force")
    faulty = False
    for path in files:
        items, faults = parse_features(read_text(path), path=str(path))
        for fault in faults:
            console.print(f"[red]{fault.code}[/red]: {escape(str(fault))}", highlight=False)
        faulty = faulty or bool(faults)
        for item in items:
            table.add_row(path.name, *_row(item))
    if faulty:
        raise typer.Exit(2)
    console.print(table)
    if (file / "site.toml").is_file():
        for warning in suspect_files(read_site(file)):
            console.print(f"[yellow]datum[/yellow]: {escape(warning)}", highlight=False)


def _row(item: Zone | Permit) -> tuple[str, str, str, str]:
    if isinstance(item, Permit):
        return item.permit_id, item.allows, item.holder, _until(item.valid_until_s)
    return item.zone_id, item.kind, item.name, "by schedule" if item.schedule else "always"


def _until(at_s: float) -> str:
    return f"until {datetime.fromtimestamp(at_s, UTC):%Y-%m-%dT%H:%MZ}"
