"""`offsite patrol`: plan a patrol and look at it; fly it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from flights.registers import Waiver
from flows.commands.options import DEFAULT_SITE, SiteFolder, report_console
from pipeline.site import read_site

app = typer.Typer(help="Drone patrols.", no_args_is_help=True)
ZoneId = Annotated[str, typer.Argument(help="The zone to patrol, of kind `patrol`.")]


@app.command()
def plan(
    zone: ZoneId,
    site: SiteFolder = DEFAULT_SITE,
    picture: Annotated[Path | None, typer.Option(help="Draw the plan into this PNG.")] = None,
) -> None:
    """Plan a survey of a zone and say what it costs; nothing flies."""
    from flights.plan_picture import write_plan_picture  # noqa: PLC0415 - OpenCV is not in the import path
    from flows.sortie import plan_zone  # noqa: PLC0415

    made = plan_zone(read_site(site), zone)
    said = report_console()
    said.print(
        f"{zone}: {made.length_m:.0f} m, {made.duration_s:.0f} s, {made.images} pictures, "
        f"{made.coverage_share:.1%} covered, {made.energy_wh:.0f} Wh, {made.gsd_m * 100:.1f} cm a pixel"
    )
    for warning in made.warnings:
        said.print(f"  note: {warning}")
    if picture is not None:
        write_plan_picture(picture, made)
        said.print(f"  drawn in {picture}")


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
    pilot: Annotated[
        str, typer.Option(envvar="OFFSITE_PILOT", help="Who releases it, on duty; default: the only one registered.")
    ] = "",
    waive: Annotated[
        list[str] | None, typer.Option(metavar="CHECK=REASON", help="The pilot's reason why a check may fail.")
    ] = None,
) -> None:
    """Fly a patrol (preflight, fence, mission, flight, landing), then examine and file what the aircraft saw."""
    from flows import work  # noqa: PLC0415 - heavy imports stay out of the CLI's start
    from flows.registers import read_pilots  # noqa: PLC0415 - the same

    at = read_site(site)
    known = read_pilots(at)
    pilot = pilot or (known[0].name if len(known) == 1 else "")
    said = report_console()
    said.print(
        work.patrol(
            at,
            zone,
            sortie_id=sortie,
            now_s=time.time(),
            time_speed=time_speed,
            connection=connect,
            say=said.print,
            pilot=pilot,
            waivers=_waivers(waive or [], pilot),
        )
    )


def _waivers(texts: list[str], pilot: str) -> dict[str, Waiver]:
    pairs = [text.partition("=") for text in texts]
    for name, _, reason in pairs:
        if not reason.strip() or not pilot:
            raise typer.BadParameter(f"{name}: want CHECK=REASON, and --pilot", param_hint="--waive")
    return {name: Waiver(by=pilot, reason=reason) for name, _, reason in pairs}


@app.command()
def weather(
    wind: Annotated[float, typer.Option(help="Mean wind, m/s.")],
    gust: Annotated[float, typer.Option(help="Strongest gust, m/s.")],
    visibility: Annotated[float, typer.Option(help="Metres.")],
    by: Annotated[str, typer.Option(help="Who says so.")],
    site: SiteFolder = DEFAULT_SITE,
    wet: Annotated[bool, typer.Option("--wet", help="Rain, snow or hail.")] = False,
) -> None:
    """Enter the weather; a patrol asks for one not older than three hours."""
    from flows.registers import enter_weather  # noqa: PLC0415 - heavy imports stay out of the CLI's start

    path = enter_weather(site, wind_m_s=wind, gust_m_s=gust, visibility_m=visibility, wet=wet, by=by)
    report_console().print(f"written to {path}")
