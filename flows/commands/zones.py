"""`offsite zones`: look at a site's zones and permits before they decide anything."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from flows.commands.options import report_console
from geofences.datum import Datum
from geofences.geojson import dump_zones, parse_features
from geofences.zone import Permit, Zone
from pipeline.errors import BadInput
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
        for item, faults in parse_features(read_text(path), path=str(path)):
            for fault in faults:
                console.print(f"[red]{fault.code}[/red]: {escape(str(fault))}", highlight=False)
            faulty = faulty or bool(faults)
            if item is not None:
                table.add_row(path.name, *_row(item))
    if faulty:
        raise typer.Exit(2)
    console.print(table)
    if (file / "site.toml").is_file():
        for warning in suspect_files(read_site(file)):
            console.print(f"[yellow]datum[/yellow]: {escape(warning)}", highlight=False)


@app.command(name="import")
def import_file(
    file: Annotated[Path, typer.Argument(help="GeoJSON, KML, Shapefile (.shp) or GeoPackage.")],
    out: Annotated[Path, typer.Option(help="The zones file (GeoJSON) to make; must not exist.")],
    datum: Annotated[Datum | None, typer.Option(help="What its degrees are in; default: wgs84, or as it says.")] = None,
    encoding: Annotated[str | None, typer.Option(help="Of its texts, such as gbk; default: as it says.")] = None,
    id_from: Annotated[str | None, typer.Option(help="Column of ids; default: zone_id, else numbered.")] = None,
    name_from: Annotated[str | None, typer.Option(help="Column of names; default: name, else the id.")] = None,
    kind_from: Annotated[str | None, typer.Option(help="Column of kinds; default: kind.")] = None,
    kind: Annotated[
        list[str] | None,
        typer.Option(help="WORD=KIND: what a word of that column means; or KIND, of zones without one. Repeatable."),
    ] = None,
) -> None:
    """Make zones of another program's file; say every repair and refusal, exit code 2 if a feature was refused."""
    from pipeline.zone_import import ImportForm, import_zones  # noqa: PLC0415 - numpy is not in the CLI's import path

    if out.exists():
        raise BadInput(path=str(out), field="--out", fault="exists", remedy="Name a file that does not")
    words = dict(given.rsplit("=", 1) for given in kind or () if "=" in given)
    plain = [given for given in kind or () if "=" not in given]
    columns = {"zone_id": id_from, "name": name_from, "kind": kind_from}
    form = ImportForm(
        datum=datum,
        encoding=encoding,
        columns={ours: theirs for ours, theirs in columns.items() if theirs},
        kinds=words,
        kind=plain[-1] if plain else "",
    )
    done = import_zones(file, form)
    out.write_text(dump_zones(done.zones), encoding="utf-8")
    console = report_console()
    for remark in done.remarks:
        console.print(f"{file.name}: {escape(remark)}")
    table = Table("feature", "name", "became", "why")
    for note in done.notes:
        became = "[red]refused[/red]" if note.refused else "[yellow]repaired[/yellow]"
        table.add_row(str(note.feature), escape(note.name), became, escape(note.what))
    if done.notes:
        console.print(table)
    refused = sum(note.refused for note in done.notes)
    repaired = len(done.notes) - refused
    console.print(f"{out}: {len(done.zones)} zones of {done.count} features, {repaired} repaired, {refused} refused")
    if refused:
        raise typer.Exit(2)


def _row(item: Zone | Permit) -> tuple[str, str, str, str]:
    if isinstance(item, Permit):
        return item.permit_id, item.allows, item.holder, _until(item.valid_until_s)
    return item.zone_id, item.kind, item.name, "by schedule" if item.schedule else "always"


def _until(at_s: float) -> str:
    return f"until {datetime.fromtimestamp(at_s, UTC):%Y-%m-%dT%H:%MZ}"
