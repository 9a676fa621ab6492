"""`offsite patrol`: plan a patrol and look at it; fly it; have the running site fly it; command a flight from afar."""

from __future__ import annotations

import os
import secrets
import time
from pathlib import Path
from typing import Annotated

import typer

from flights.pilot_request import Action, PilotRequest
from flights.registers import Waiver
from flows.commands.options import DEFAULT_SITE, SiteFolder, parse_time, report_console
from pipeline.errors import BadInput
from pipeline.site import read_site

app = typer.Typer(help="Drone patrols.", no_args_is_help=True)
Drill = Annotated[bool, typer.Option("--drill", help="Exercise (演练): mark all it makes, cases too; send nothing.")]
Along = Annotated[Path | None, typer.Option(help="Along the line of this GeoJSON file instead of over a zone.")]
Width = Annotated[float, typer.Option(min=1, help="With --along: metres to see across the line.")]
CaseId = Annotated[str, typer.Option(help="Back to where a flight saw this case instead of over a zone.")]
TimeSpeed = Annotated[float, typer.Option(min=1, max=8, help="Simulator only: run so much faster.")]
ZoneId = Annotated[str, typer.Argument(help="The zone to patrol, of kind `patrol`.")]


@app.command()
def plan(
    zone: Annotated[str, typer.Argument(help="The zone, of kind `patrol`; none with --along or --case.")] = "",
    site: SiteFolder = DEFAULT_SITE,
    picture: Annotated[Path | None, typer.Option(help="Draw the plan into this PNG.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write the plan for another program: .plan, .geojson, .kml or .kmz.")
    ] = None,
    along: Along = None,
    width: Width = 20.0,
    case: CaseId = "",
    at: Annotated[str | None, typer.Option(help="When it is to be flown, ISO 8601 with offset; default: now.")] = None,
    in_: Annotated[Path | None, typer.Option("--in", help="Judge the plan in this file instead of making one.")] = None,
) -> None:
    """Plan a survey, as many flights as batteries ask for, and say what they cost; nothing flies."""
    from flights.course import course_of  # noqa: PLC0415 - planning only
    from flights.course_files import write_course  # noqa: PLC0415 - the same
    from flights.plan_picture import write_plan_picture  # noqa: PLC0415 - OpenCV is not in the import path
    from flows import planning  # noqa: PLC0415 - heavy imports stay out of the CLI's start
    from flows.registers import site_now_s  # noqa: PLC0415 - the same

    given = [name for name, value in (("--along", along), ("--case", case), ("--in", in_)) if value]
    if len(given) > 1 or bool(zone) != (given in ([], ["--in"])):
        raise typer.BadParameter("give a zone (--in may stand beside it), or --along, or --case", param_hint="ZONE")
    place = read_site(site)
    at_s = parse_time("--at", at) or site_now_s(place)
    errand = planning.Errand(zone_id=zone, along=along, width_m=width, case_id=case)
    plans = (
        planning.plan_errand(place, errand, at_s=at_s)
        if in_ is None
        else (planning.judge_file(place, zone, in_, at_s=at_s),)
    )
    said = report_console()
    for number, made in enumerate(plans, start=1):
        several = len(plans) > 1
        said.print(f"{made.zone_id}{f', flight {number} of {len(plans)}' if several else ''}: {made.summary}")
        for warning in made.warnings:
            said.print(f"  note: {warning}")
        for path in (one for one in (picture, out) if one is not None):
            to = path.with_stem(f"{path.stem}-{number}") if several else path
            if path is picture:
                write_plan_picture(to, made)
            else:
                write_course(to, course_of(made, geoid_separation_m=place.settings.site.geoid_separation_m))
            said.print(f"  written to {to}")


@app.command()
def fly(
    zone: Annotated[
        str, typer.Argument(help="The zone to patrol, of kind `patrol`; none with --along, --case or --resume.")
    ] = "",
    site: SiteFolder = DEFAULT_SITE,
    connect: Annotated[
        str, typer.Option(help="Autopilot: tcp:HOST:PORT, udp:..., or `simulator`; default: the site's.")
    ] = "",
    sortie: Annotated[str, typer.Option(help="Name of the sortie; one that has landed is not flown again.")] = "",
    time_speed: TimeSpeed = 1.0,
    pilot: Annotated[
        str, typer.Option(envvar="OFFSITE_PILOT", help="Who releases it, on duty; default: the only one registered.")
    ] = "",
    waive: Annotated[
        list[str] | None, typer.Option(metavar="CHECK=REASON", help="The pilot's reason why a check may fail.")
    ] = None,
    drill: Drill = False,
    along: Along = None,
    width: Width = 20.0,
    case: CaseId = "",
    resume: Annotated[str, typer.Option(metavar="SORTIE", help="Fly what this sortie left to do instead.")] = "",
) -> None:
    """Fly a patrol (preflight, fence, mission, flight, landing), then examine and file what the aircraft saw."""
    from flows import planning, work  # noqa: PLC0415 - heavy imports stay out of the CLI's start
    from flows.registers import read_pilots  # noqa: PLC0415 - the same
    from flows.sortie import FlightRequest  # noqa: PLC0415 - the same

    if sum(map(bool, (zone, along, case, resume))) != 1:
        raise typer.BadParameter("give a zone, or --along, or --case, or --resume", param_hint="ZONE")
    at = read_site(site)
    known = read_pilots(at)
    pilot = pilot or (known[0].name if len(known) == 1 else "")
    said = report_console()
    errand = planning.Errand(
        zone_id=planning.flown_zone(at, resume) if resume else zone,
        along=along,
        width_m=width,
        case_id=case,
        rest_of=resume,
    )
    asked = FlightRequest(
        errand=errand, sortie_id=sortie, now_s=time.time(), time_speed=time_speed, connection=connect, pilot=pilot,
        waivers=_waivers(waive or [], pilot), drill=drill,
    )  # fmt: skip
    said.print(work.patrol(at, asked, say=said.print))


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


@app.command()
def now(
    zone: ZoneId,
    site: SiteFolder = DEFAULT_SITE,
    drill: Drill = False,
    key: Annotated[str, typer.Option(help="Idempotency key: the same one never flies twice.")] = "",
    time_speed: TimeSpeed = 1.0,
    pilot: Annotated[str, typer.Option(envvar="OFFSITE_PILOT", help="Who releases it, on duty.")] = "",
) -> None:
    """Have the site that `offsite up` runs fly a zone now; says the run's name and does not wait for it."""
    from flows.orchestrator import running_server  # noqa: PLC0415 - heavy imports stay out of the CLI's start

    os.environ.update(running_server(site))
    from flows.prefect_flows import fly_now  # noqa: PLC0415 - it reads the address when it is imported

    wanted: dict[str, object] = {"zone_id": zone, "drill": drill, "time_speed": time_speed, "pilot": pilot}
    report_console().print(f"{zone}: run {fly_now(read_site(site), wanted, key or secrets.token_hex(8))}")


@app.command()
def ask(
    action: Annotated[Action, typer.Argument(help="What is asked of the flight.")],
    flight: Annotated[str, typer.Option(help="The sortie's name.")],
    pilot: Annotated[str, typer.Option(help="Who asks.")],
    site: SiteFolder = DEFAULT_SITE,
    lat: Annotated[float | None, typer.Option(help="Of the point to go to or look at, WGS 84.")] = None,
    lon: Annotated[float | None, typer.Option(help="Likewise.")] = None,
    height: Annotated[float | None, typer.Option(help="Metres above home.")] = None,
    to: Annotated[str, typer.Option(help="The pilot to hand over to.")] = "",
) -> None:
    """Command a flight from afar: takes or renews command for 30 s, asks, and says the answer; exit code 1 for a no."""
    from flights.pilot_spool import PilotSpool  # noqa: PLC0415 - heavy imports stay out of the CLI's start

    folder = read_site(site).flights_folder / flight
    said, spool = report_console(), PilotSpool(folder)
    wanted = [action]
    if action not in {Action.ACQUIRE, Action.REVOKE, Action.RELEASE, Action.RENEW}:
        wanted.insert(0, Action.ACQUIRE)
    for each in wanted:
        request = PilotRequest(
            command_id=secrets.token_hex(8),
            action=each,
            pilot=pilot,
            key=_device_key(folder),
            lat_deg=lat,
            lon_deg=lon,
            height_home_m=height,
            to=to,
        )
        answer = spool.ask(request, now_s=time.time())
        if answer.refusal:
            said.print(f"{each}: refused: {answer.refusal} {answer.detail}".rstrip())
            raise typer.Exit(1)
    said.print(f"{action}: done")


def _device_key(folder: Path) -> str:
    """This machine's key to a flight, so that commands given one after the other are one pilot's."""
    path = folder / "pilot.key"
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(secrets.token_hex(16))
    except FileExistsError:
        pass
    except FileNotFoundError as error:
        raise BadInput(path=str(folder), field="--flight", fault="no such flight", remedy="See flights/") from error
    return path.read_text(encoding="utf-8")
