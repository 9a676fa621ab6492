"""`offsite ingest`: a clip by hand."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from flows.commands.options import DEFAULT_SITE, SiteFolder, parse_time
from pipeline.errors import BadInput

if TYPE_CHECKING:
    from flows.ingest import Ingested
    from pipeline.ports import FrameSource

# Pictures that are looked at all the same; all but those of the last place nothing.
_LOOKED_AT = {"still_unposed", "heading_contradicted", "datum_suspected", "datum_checked"}


def ingest(
    clip: Annotated[Path, typer.Argument(help="The video; or a photograph, or a folder of them (JPEG with EXIF).")],
    site: SiteFolder = DEFAULT_SITE,
    telemetry: Annotated[
        Path | None, typer.Option(help="Its telemetry: DJI SRT, ArduPilot .bin or .tlog, our log.")
    ] = None,
    camera: Annotated[Path | None, typer.Option(help="Camera file (TOML): lens, and mounting if fixed.")] = None,
    start: Annotated[str | None, typer.Option(help="When its first picture was taken, ISO 8601 with offset.")] = None,
    look_hz: Annotated[float | None, typer.Option(help="Pictures examined a second.")] = None,
    datum_checked: Annotated[
        bool,
        typer.Option("--datum-checked", help="It really was there: place things though its datum seems wrong."),
    ] = False,
    drill: Annotated[bool, typer.Option("--drill", help="Exercise (演练): mark everything, send nothing.")] = False,
) -> None:
    """Examine a clip or photographs: draft cases, or a named reason for every track left alone."""
    from flows.ingest import clip_source, ingest_look, is_filed  # noqa: PLC0415 - OpenCV is not in the CLI's import path
    from flows.misplaced import withhold_misplaced  # noqa: PLC0415
    from flows.stills import is_stills, stills_source, withhold_contradicted  # noqa: PLC0415
    from pipeline.site import read_site  # noqa: PLC0415
    from pipeline.sources.camera_file import CameraEntry  # noqa: PLC0415
    from pipeline.sources.media import read_facts  # noqa: PLC0415
    from pipeline.toml_file import read_toml  # noqa: PLC0415

    at = read_site(site)
    place = at.settings.site
    entry = read_toml(CameraEntry, camera) if camera else None
    source: FrameSource
    if is_stills(clip):
        _refuse_clip_options(clip, telemetry=telemetry, start=start, look_hz=look_hz)
        stills = stills_source(clip, camera=entry, timezone=place.timezone, geoid_separation_m=place.geoid_separation_m)
        stills = withhold_misplaced(stills, at, checked=datum_checked)
        source = stills if is_filed(at, stills.look_id) else withhold_contradicted(stills, at.ground)
        length_s = stills.stills[-1].at_s - stills.stills[0].at_s
    else:
        flight = clip_source(
            clip,
            telemetry=telemetry,
            camera=entry,
            start_s=parse_time("--start", start),
            look_hz=look_hz,
            geoid_separation_m=place.geoid_separation_m,
            ground_alt_amsl_m=place.ground_alt_amsl_m,
            timezone=place.timezone,
        )
        source = withhold_misplaced(flight, at, checked=datum_checked)
        length_s = read_facts(clip).duration_s
    with _progress(clip.name, length_s) as progress:
        done = ingest_look(at, source, now_s=time.time(), drill=drill, progress=progress)
    _print(done)


@contextmanager
def _progress(name: str, length_s: float) -> Iterator[Callable[[float], None]]:
    """A bar told how far into the look we are."""
    with Progress(transient=True) as bar:
        task = bar.add_task(name, total=length_s)
        yield lambda pts_s: bar.update(task, completed=pts_s)


def _refuse_clip_options(path: Path, **given: object) -> None:
    for name, value in given.items():
        if value is not None:
            raise BadInput(
                path=str(path),
                field=f"--{name.replace('_', '-')}",
                fault="is for clips; photographs state their own time and place",
                remedy="Leave it out",
            )


def _print(done: Ingested) -> None:
    console = Console(soft_wrap=True, highlight=False)
    if done.report is None:
        console.print(f"look {done.filed.look_id} was filed before: nothing changed")
        return
    report = done.report
    console.print(
        f"look {report.look_id}: {report.frames_examined} frames, {len(report.findings)} findings "
        f"({len(done.filed.drafted)} new drafts, {len(done.filed.extended)} added to open cases), "
        f"{len(report.drops)} tracks left alone"
    )
    for fault in report.faults:
        said = "looked at" if fault.code in _LOOKED_AT else "not looked at"
        said = "telemetry" if fault.code.startswith("telemetry") else said
        console.print(f"  {said}: {fault.message}")
    for case_id in done.filed.drafted:
        console.print(f"  draft {case_id}")
    table = Table("left alone as", "why", "tracks", "for example")
    counts = Counter((drop.offence, drop.reason) for drop in report.drops)
    for (offence, reason), count in counts.most_common():
        example = next(drop.detail for drop in report.drops if (drop.offence, drop.reason) == (offence, reason))
        table.add_row(offence, reason, str(count), example)
    if counts:
        console.print(table)
