"""`offsite patrol`: plan a patrol and look at it; fly it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from flows.commands.options import DEFAULT_SITE, SiteFolder, report_console
from pipeline.site import read_site

app = typer.Typer(help="Drone patrols.", no_args_is_help=True)
ZoneId = Annotated[str, typer.Argument(help="The zone to patrol, of kind `patrol`.")]


@app.command()
def plan(
    zone: ZoneId,
    site: SiteFolder = DEFAULT_SITE,
    picture: Annotated[Path | None, typer.Option(help="Draw the plan into this PNG.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write the plan for another program: .plan, .geojson, .kml or .kmz.")
    ] = None,
) -> None:
    """Plan a survey of a zone and say what it costs; nothing flies."""
    from flights.course import course_of  # noqa: PLC0415 - planning only
    from flights.course_files import write_course  # noqa: PLC0415 - the same
    from flights.plan_picture import write_plan_picture  # noqa: PLC0415 - OpenCV is not in the import path
    from flows.sortie import plan_zone  # noqa: PLC0415

    at = read_site(site)
    made = plan_zone(at, zone)
    said = report_console()
    said.print(f"{zone}: {made.summary}")
    for warning in made.warnings:
        said.print(f"  note: {warning}")
    if picture is not None:
        write_plan_picture(picture, made)
        said.print(f"  drawn in {picture}")
    if out is not None:
        write_course(out, course_of(made, geoid_separation_m=at.settings.site.geoid_separation_m))
        said.print(f"  written to {out}")


@app.command()
def fly(
    zone: ZoneId,
    site: SiteFolder = DEFAULT_SITE,
    connect: Annotated[
        str | None, typer.Option(help="Autopilot: tcp:HOST:PORT, udp:..., or `simulator`; default: the site's.")
    ] = None,
    sortie: Annotated[
        str | None, typer.Option(help="Name of the sortie; one that has landed is not flown again.")
    ] = None,
    time_speed: Annotated[float, typer.Option(min=1, max=8, help="Simulator only: run so much faster.")] = 1.0,
) -> None:
    """Fly a patrol (preflight, fence, mission, flight, landing), then examine and file what the aircraft saw."""
    from flows import work  # noqa: PLC0415 - heavy imports stay out of the CLI's start

    at = read_site(site)
    said = report_console()
    said.print(
        work.patrol(
            at, zone, sortie_id=sortie, now_s=time.time(), time_speed=time_speed, connection=connect, say=said.print
        )
    )
