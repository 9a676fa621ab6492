"""`offsite doctor`: what is missing on this machine or in this site, and how to get it."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING

import typer
from rich.table import Table

from detectors.errors import DetectorError
from flows.commands.options import DEFAULT_SITE, SiteFolder, report_console
from geofences.errors import GeofenceError
from geofences.zone import ZoneKind
from pipeline.errors import PipelineError
from pipeline.site import read_site

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.site import Site

NEEDED_FREE_BYTES = 2_000_000_000
PACKAGES = ("opencv-python", "ultralytics", "numpy", "dronekit2", "shapely", "prefect", "openvino", "fastapi", "av")


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One thing looked at.

    Attributes:
        name: what.
        fine: whether it will do.
        found: what there is.
        remedy: how to get it right.
    """

    name: str
    fine: bool
    found: str
    remedy: str = ""


def doctor(site: SiteFolder = DEFAULT_SITE) -> None:
    """Check Python, packages, weights, disk, and the site's files; exit code 2 if something is missing."""
    rows = [*_check_machine(), _check_weights(), _check_disk(site), *_check_site(site)]
    table = Table("what", "", "found", "what to do")
    for row in rows:
        table.add_row(
            row.name,
            "[green]ok[/green]" if row.fine else "[red]missing[/red]",
            row.found,
            "" if row.fine else row.remedy,
        )
    report_console().print(table)
    if not all(row.fine for row in rows):
        raise typer.Exit(2)


def _check_machine() -> list[Checked]:
    version = ".".join(str(part) for part in sys.version_info[:3])
    rows = [Checked(name="Python", fine=sys.version_info[:2] == (3, 11), found=version, remedy="Python 3.11 is needed")]
    for name in PACKAGES:
        try:
            rows.append(Checked(name=name, fine=True, found=metadata.version(name)))
        except metadata.PackageNotFoundError:
            rows.append(Checked(name=name, fine=False, found="not installed", remedy="bash deploy/setup.sh"))
    return rows


def _check_weights() -> Checked:
    from detectors.model_folder import SHIPPED, load_manifest  # noqa: PLC0415 - brings OpenCV

    try:
        manifest = load_manifest(SHIPPED)
    except DetectorError as error:
        return Checked(name="detector weights", fine=False, found=str(error), remedy="see the message")
    return Checked(name="detector weights", fine=True, found=manifest.name)


def _check_disk(folder: Path) -> Checked:
    place = next(each for each in (folder, *folder.resolve().parents) if each.exists())
    free = shutil.disk_usage(place).free
    return Checked(
        name="free disk",
        fine=free >= NEEDED_FREE_BYTES,
        found=f"{free / 1e9:.1f} GB at {place}",
        remedy="evidence needs room: at least 2 GB",
    )


def _check_site(folder: Path) -> list[Checked]:
    try:
        site = read_site(folder)
    except (PipelineError, GeofenceError) as error:
        return [Checked(name="site", fine=False, found=str(error), remedy="mend it, or offsite init FOLDER")]
    rows = [Checked(name="site", fine=True, found=f"{len(site.zones)} zones, {len(site.permits)} permits")]
    rows += [_check_rules(site)]
    if site.settings.aircraft is not None:
        missing = [name for name in ("pilot", "approval") if getattr(site.settings, name) is None]
        fine = not missing and any(zone.kind is ZoneKind.PATROL for zone in site.zones)
        remedy = "a patrol needs [pilot], [approval] and a zone of kind patrol"
        rows.append(Checked(name="patrols", fine=fine, found=site.settings.aircraft.id, remedy=remedy))
    return rows


def _check_rules(site: Site) -> Checked:
    useless = [rule.rule_id for rule in site.rules if not any(zone.kind in rule.zone_kinds for zone in site.zones)]
    note = f"; no zone yet for {', '.join(sorted(set(useless)))}" if useless else ""
    return Checked(name="rules", fine=True, found=f"{len(site.rules)} rules{note}")
