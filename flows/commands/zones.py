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
    from pipeline.zone_import import import_zones  # noqa: PLC0415 - numpy is not in the CLI's import path

    if out.exists():
        raise BadInput(path=str(out), field="--out", fault="exists", remedy="Name a file that does not")
    columns = {"zone_id": id_from, "name": name_from, "kind": kind_from}
    kinds = {word: ours for word, _, ours in (given.rpartition("=") for given in kind or ())}
    done = import_zones(file, datum=datum, encoding=encoding, columns=columns, kinds=kinds)
    out.write_text(dump_zones(done.zones), encoding="utf-8")
    console = report_console()
    for remark in done.remarks:
        console.print(f"{file.name}: {escape(remark)}")
    for number, one in enumerate(done.features, 1):
        for word, told in (("[yellow]repaired[/yellow]", one.repairs), ("[red]refused[/red]", one.refusals)):
            if told:
                console.print(f"feature {number} {escape(one.name)}: {word}: {escape('; '.join(told))}")
    refused = len(done.features) - len(done.zones)
    console.print(f"{out}: {len(done.zones)} zones of {len(done.features)} features, {refused} refused")
    if refused:
        raise typer.Exit(2)


def _row(item: Zone | Permit) -> tuple[str, str, str, str]:
    if isinstance(item, Permit):
        return item.permit_id, item.allows, item.holder, _until(item.valid_until_s)
    return item.zone_id, item.kind, item.name, "by schedule" if item.schedule else "always"


def _until(at_s: float) -> str:
    return f"until {datetime.fromtimestamp(at_s, UTC):%Y-%m-%dT%H:%MZ}"
