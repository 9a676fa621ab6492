"""A sortie: one planned zone flown once, its record and recording kept in the site's folder under its id.

A sortie that has landed is not flown again: its id finds its record. One that was cut off is set aside, never resumed.
"""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import shapely

from flights.telemetry.poses import pose_track
from flights.telemetry.reader import read_telemetry
from flows.children import Child
from flows.errors import FlightFailed
from flows.ingest import camera_source, telemetry_faults
from flows.recording import DRONE_RATE_HZ, render_clip, scene_world
from geofences.attitude import Attitude
from geofences.pose import Pose, PoseTrack
from geofences.position import Geodetic
from geofences.zone import ZoneKind, parts_of
from pipeline.errors import BadInput
from pipeline.sources import media
from pipeline.sources.camera_file import CameraEntry

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flights.preflight import Briefing
    from flights.recorder import FlightRecord
    from flights.survey_plan import SurveyPlan
    from geofences.zone import Zone
    from pipeline.site import Aircraft, Site
    from pipeline.sources.clip import ClipSource

SIMULATOR = "simulator"
SIMULATOR_READY_S = 30.0
CONNECT_TIMEOUT_S = 60.0
RECORD, LOG, VIDEO, TRUTH = "record.json", "flight.jsonl", "video.mp4", "simulator-truth.jsonl"
# The camera records while the aircraft is this close to its patrol height.
AT_HEIGHT_M = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Sortie:
    """A sortie that landed.

    Attributes:
        sortie_id: its name, which is also its look's id.
        outcome: how the flight ended.
        reason: why it left the planned course, or "".
        flown_m: over ground.
    """

    sortie_id: str
    outcome: str
    reason: str
    flown_m: float


def plan_zone(site: Site, zone_id: str) -> SurveyPlan:
    """Plan a survey of one of the site's patrol zones.

    Raises:
        BadInput: no such zone, or the site lacks an aircraft or an approval.
        PlanRefused: a leg may not be flown.
    """
    from flights.airframe import Airframe  # noqa: PLC0415 - planning only
    from flights.survey import plan_survey  # noqa: PLC0415 - planning only

    aircraft = _aircraft(site)
    zone = _zone(site, zone_id)
    home = Geodetic(
        lat_deg=aircraft.home_lat_deg,
        lon_deg=aircraft.home_lon_deg,
        alt_ellipsoid_m=site.ground.alt_ellipsoid_m,
    )
    no_fly = tuple(part for each in site.zones if each.kind is ZoneKind.NO_FLY for part in parts_of(each.outline))
    return plan_survey(
        zone_id=zone_id,
        outline=zone.outline,
        home=home,
        height_agl_m=aircraft.height_agl_m,
        camera=aircraft.lens.camera(aircraft.name),
        no_fly=no_fly,
        airspace=_airspace(site),
        gimbal_pitch_deg=aircraft.gimbal_pitch_deg,
        front_overlap=aircraft.front_overlap,
        side_overlap=aircraft.side_overlap,
        speed_m_s=aircraft.speed_m_s,
        airframe=Airframe(name=aircraft.name, battery_wh=aircraft.battery_wh),
    )


def fly_sortie(
    site: Site,
    zone_id: str,
    *,
    sortie_id: str | None,
    now_s: float,
    time_speed: float,
    connection: str | None,
    say: Callable[[str], None],
) -> Sortie:
    """Fly a zone once, or find that this sortie has landed already.

    Raises:
        BadInput: the site lacks something a patrol needs.
        FlightError: plan, link or autopilot refused.
        FlightFailed: preflight failed, or the aircraft did not land where it should.
    """
    from flights.plan_picture import write_plan_picture  # noqa: PLC0415 - OpenCV only when something is drawn

    name = sortie_id or f"{zone_id}-{datetime.fromtimestamp(now_s, UTC).strftime('%Y%m%dT%H%M%SZ')}"
    folder = site.flights_folder / name
    if (folder / RECORD).exists():
        say(f"{name}: has landed already")
        return Sortie(**json.loads((folder / RECORD).read_text(encoding="utf-8")))
    _set_aside(folder)
    folder.mkdir(parents=True)
    plan = plan_zone(site, zone_id)
    say(f"{name}: {plan.length_m:.0f} m, {plan.duration_s:.0f} s, {plan.coverage_share:.0%} of the zone covered")
    flown = _fly(site, plan, folder, name, time_speed=time_speed, connection=connection, say=say)
    sortie = Sortie(sortie_id=name, outcome=flown.outcome, reason=flown.reason, flown_m=flown.flown_m)
    if flown.outcome != "landed":
        raise FlightFailed(name, f"{flown.outcome}: {flown.reason}", str(folder / LOG))
    (folder / RECORD).write_text(json.dumps(asdict(sortie)), encoding="utf-8")
    write_plan_picture(folder / "plan.png", plan, flown=flown.pose_track)
    say(f"{name}: landed after {flown.flown_m:.0f} m" + (f", cut short: {flown.reason}" if flown.reason else ""))
    return sortie


def _fly(
    site: Site,
    plan: SurveyPlan,
    folder: Path,
    name: str,
    *,
    time_speed: float,
    connection: str | None,
    say: Callable[[str], None],
) -> FlightRecord:
    from flights.dronekit_autopilot import DroneKitAutopilot  # noqa: PLC0415 - DroneKit only when something flies
    from flights.patrol import VehicleSpeedClock, fly  # noqa: PLC0415 - the same
    from flights.recorder import FlightRecorder  # noqa: PLC0415 - the same

    briefing = _briefing(site)
    address = connection or _aircraft(site).connection
    with ExitStack() as stack:
        if address == SIMULATOR:
            simulator = stack.enter_context(_simulator(site, folder, time_speed))
            address = simulator.wait_ready(timeout_s=SIMULATOR_READY_S)
        elif time_speed != 1.0:
            raise BadInput(
                path="--time-speed", field="value", fault="only the simulator can be sped up", remedy="Leave it out"
            )
        autopilot = stack.enter_context(
            DroneKitAutopilot.connect(address, timeout_s=CONNECT_TIMEOUT_S, time_speed=time_speed)
        )
        told: set[str] = set()

        def progress(state: str, share: float) -> None:
            line = f"{state} {int(share * 4) * 25} %" if state == "on_mission" else str(state)
            if line not in told:
                told.add(line)
                say(f"{name}: {line}")

        return fly(
            plan,
            autopilot,
            briefing=briefing,
            recorder=FlightRecorder(folder / LOG, flight_id=name),
            geoid_separation_m=site.settings.site.geoid_separation_m,
            clock=VehicleSpeedClock(time_speed),
            progress=progress,
        )


def _simulator(site: Site, folder: Path, time_speed: float) -> Child:
    aircraft, place, scene = _aircraft(site), site.settings.site, site.settings.scene
    start = scene.start if scene else datetime.now(UTC)
    arguments = ["--listen", "tcp:127.0.0.1:0", "--start-utc", start.isoformat(), "--speed", str(time_speed)]
    arguments += [f"--home={aircraft.home_lat_deg},{aircraft.home_lon_deg},{place.ground_alt_amsl_m}"]
    arguments += ["--seed", str(scene.seed if scene else 0), "--truth", str((folder / TRUTH).resolve())]
    return Child("simulator", "flights.simulator", arguments, log=folder / "simulator.log")


def sortie_source(site: Site, sortie: Sortie) -> ClipSource:
    """The aircraft's recording as a look, posed by the flight record.

    Raises:
        BadInput: the recording is not there.
        TelemetryError: the flight record gives no poses.
    """
    folder = site.flights_folder / sortie.sortie_id
    aircraft = _aircraft(site)
    separation_m = site.settings.site.geoid_separation_m
    log = read_telemetry(folder / LOG)
    posed = pose_track(log, geoid_separation_m=separation_m)
    if site.settings.scene is not None:
        video = _render_recording(site, folder)
    else:
        video = site.folder / (aircraft.video or f"flights/{sortie.sortie_id}/{VIDEO}").format(
            sortie_id=sortie.sortie_id
        )
    facts = media.read_facts(video)
    if facts.created_s is None:
        raise BadInput(
            path=str(video),
            field="creation_time",
            fault="the recording does not say when it began",
            remedy=f"offsite ingest {video} --telemetry {folder / LOG} --start TIME",
        )
    entry = CameraEntry(id=aircraft.id, name=aircraft.name, kind="drone", lens=aircraft.lens, look_hz=aircraft.look_hz)
    pose = aircraft.mount.mount().through(posed.track.at) if aircraft.mount else posed.track.at
    source = camera_source(entry, video, start_s=facts.created_s, look_id=sortie.sortie_id, pose=pose)
    return replace(source, left_out=telemetry_faults(log, posed.faults))


def _render_recording(site: Site, folder: Path) -> Path:
    """What the aircraft's camera recorded in the rendered world: seen from its true pose, not from its telemetry."""
    path = folder / VIDEO
    if path.exists():
        return path
    world = scene_world(site)
    track = read_truth_track(folder / TRUTH, site.settings.site.geoid_separation_m)
    height_m = site.ground.alt_ellipsoid_m + _aircraft(site).height_agl_m
    high = [pose.at_s for pose in track.poses if abs(pose.position.alt_ellipsoid_m - height_m) < AT_HEIGHT_M]
    if not high:
        raise BadInput(
            path=str(folder), field="flight", fault="never reached its patrol height", remedy="See its flight.jsonl"
        )
    start_s, end_s = float(int(high[0]) + 1), high[-1]
    camera = _aircraft(site).lens.camera(_aircraft(site).name)
    render_clip(world, camera, track.at, path, start_s=start_s, duration_s=end_s - start_s, rate_hz=DRONE_RATE_HZ)
    return path


def read_truth_track(path: Path, geoid_separation_m: float) -> PoseTrack:
    """The simulator's true poses; read only to render what its camera saw."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.endswith("}")]
    poses: dict[float, Pose] = {}
    for row in rows:
        poses[row["at_s"]] = Pose(
            at_s=row["at_s"],
            position=Geodetic(
                lat_deg=row["lat_deg"], lon_deg=row["lon_deg"], alt_ellipsoid_m=row["alt_amsl_m"] + geoid_separation_m
            ),
            body=Attitude(yaw_deg=row["yaw_deg"], pitch_deg=row["pitch_deg"], roll_deg=row["roll_deg"]),
            gimbal=Attitude(
                yaw_deg=row["gimbal_yaw_deg"], pitch_deg=row["gimbal_pitch_deg"], roll_deg=row["gimbal_roll_deg"]
            ),
        )
    return PoseTrack(poses=tuple(poses[at_s] for at_s in sorted(poses)))


def _set_aside(folder: Path) -> None:
    """Keep what a cut-off attempt left, under another name."""
    if folder.exists():
        attempts = len(list(folder.parent.glob(f"{folder.name}.cut-off-*")))
        folder.rename(folder.with_name(f"{folder.name}.cut-off-{attempts + 1}"))


def _missing(site: Site, field: str, fault: str, remedy: str) -> BadInput:
    return BadInput(path=str(site.folder / "site.toml"), field=field, fault=fault, remedy=remedy)


def _aircraft(site: Site) -> Aircraft:
    if site.settings.aircraft is None:
        raise _missing(site, "aircraft", "is missing", "A patrol needs an [aircraft]; see docs/site.md")
    return site.settings.aircraft


def _zone(site: Site, zone_id: str) -> Zone:
    patrols = [zone for zone in site.zones if zone.kind is ZoneKind.PATROL]
    for zone in patrols:
        if zone.zone_id == zone_id:
            return zone
    known = ", ".join(zone.zone_id for zone in patrols) or "none"
    raise BadInput(
        path=str(site.folder / "zones.geojson"),
        field="zone_id",
        fault=f"there is no patrol zone {zone_id}",
        remedy=f"Patrol zones: {known}",
    )


def _airspace(site: Site) -> shapely.Polygon:
    approval = site.settings.approval
    if approval is None:
        raise _missing(site, "approval", "is missing", "A patrol needs an [approval]; see docs/site.md")
    return shapely.Polygon(approval.outline_lonlat)


def _briefing(site: Site) -> Briefing:
    from flights.airframe import Airframe  # noqa: PLC0415 - only when something flies
    from flights.preflight import Approval, Briefing, Weather  # noqa: PLC0415 - the same

    pilot, approval, weather = site.settings.pilot, site.settings.approval, site.settings.weather
    if pilot is None or approval is None:
        raise _missing(site, "pilot", "or [approval] is missing", "A patrol needs both; see docs/site.md")
    aircraft = _aircraft(site)
    return Briefing(
        approval=Approval(
            number=approval.number,
            outline=_airspace(site),
            ceiling_m=approval.max_height_agl_m,
            valid_from_s=approval.valid_from.timestamp(),
            valid_until_s=approval.valid_until.timestamp(),
        ),
        pilot=pilot.name,
        pilot_licence=pilot.licence,
        registration=aircraft.registration,
        weather=Weather(**weather.model_dump()) if weather else None,
        airframe=Airframe(name=aircraft.name, battery_wh=aircraft.battery_wh),
    )
