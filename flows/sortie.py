"""A sortie: one plan flown once, its record and recording kept in the site's folder under its id.

A sortie that has landed is not flown again: its id finds its record. One whose program died is attached to while its
aircraft is in the air; after that it is set aside. What a sortie left to do is another one, planned by its record.
"""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from flights.airspace import airspace_claim
from flights.errors import NotReleased
from flights.patrol_states import PatrolState
from flights.registers import release
from flights.telemetry.poses import pose_track
from flights.telemetry.reader import read_telemetry
from flows.captures import write_captures
from flows.children import Child
from flows.errors import FlightFailed
from flows.ingest import camera_source, telemetry_faults
from flows.one_flight import alone
from flows.planning import (
    LOG,
    keep_plans,
    plan_errand,
    site_aircraft,
    site_crowds,
    site_obstacles,
    site_terrain,
)  # fmt: skip
from flows.recording import DRONE_RATE_HZ, render_clip, scene_world
from flows.registers import current_approval, entered_weather, read_pilots, registered_aircraft, site_now_s
from geofences.attitude import Attitude
from geofences.pose import Pose, PoseTrack
from geofences.position import Geodetic
from pipeline.errors import BadInput
from pipeline.sources import media
from pipeline.sources.camera_file import CameraEntry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from flights.pilot_desk import Crew
    from flights.preflight import Briefing
    from flights.recorder import FlightRecord
    from flights.registers import Release, Waiver
    from flights.survey_plan import SurveyPlan
    from flows.planning import Errand
    from pipeline.site import Site
    from pipeline.sources.clip import ClipSource

SIMULATOR = "simulator"
SIMULATOR_READY_S = 30.0
CONNECT_TIMEOUT_S = 60.0
RECORD, VIDEO, TRUTH = "record.json", "video.mp4", "simulator-truth.jsonl"
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
        drill: an exercise (演练).
        continues: the sortie that it takes up again, or "".
    """

    sortie_id: str
    outcome: str
    reason: str
    flown_m: float
    drill: bool = False
    continues: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlightRequest:
    """What is to be flown, and how.

    Attributes:
        errand: what for.
        sortie_id: its name; made of what is patrolled and time when empty.
        now_s: UTC, for that name.
        time_speed: of the simulator.
        connection: the autopilot; the site's when empty.
        pilot: who releases it; empty: it releases itself where the site allows that and a pilot is on duty.
        waivers: by check name.
        drill: an exercise (演练); its log and record say so.
    """

    errand: Errand
    sortie_id: str = ""
    now_s: float
    time_speed: float = 1.0
    connection: str = ""
    pilot: str = ""
    waivers: Mapping[str, Waiver] = field(default_factory=dict)
    drill: bool = False

    @property
    def name(self) -> str:
        """Of the sortie."""
        return self.sortie_id or sortie_name(self.errand.name, self.now_s, drill=self.drill)


def sortie_name(zone_id: str, now_s: float, *, drill: bool = False) -> str:
    """The name of a sortie that was given none."""
    return f"{'drill-' if drill else ''}{zone_id}-{datetime.fromtimestamp(now_s, UTC).strftime('%Y%m%dT%H%M%SZ')}"


def pilot_names(site: Site) -> tuple[str, ...]:
    """Who may command a flight from afar: pilots on the register, and those named for that alone."""
    return tuple(dict.fromkeys([*(pilot.name for pilot in read_pilots(site)), *site.settings.remote.pilots]))


def fly_sortie(site: Site, asked: FlightRequest, *, say: Callable[[str], None]) -> Sortie:
    """Fly once, or find that this sortie has landed already.

    Args:
        site: whose zones, aircraft and registers.
        asked: what is to be flown, and how.
        say: told how it goes.

    Raises:
        AirspaceBusy: another process has the aircraft.
        BadInput: the site lacks something a patrol needs.
        FlightError: not released, or plan, link or autopilot refused.
        FlightFailed: preflight failed, or the aircraft did not land where it should.
    """
    from flights.plan_picture import write_plan_picture  # noqa: PLC0415 - OpenCV only when something is drawn

    name, drill = asked.name, asked.drill
    folder = site.flights_folder / name
    if (folder / RECORD).exists():
        say(f"{name}: has landed already")
        return Sortie(**json.loads((folder / RECORD).read_text(encoding="utf-8")))
    plans = plan_errand(site, asked.errand, at_s=site_now_s(site))
    plan = plans[0]
    say(f"{name}: {plan.length_m:.0f} m, {plan.duration_s:.0f} s, {plan.coverage_share:.0%} of the zone covered")
    with alone(site), airspace_claim(site.flights_folder, name, plan) as busy_with:
        may_attach = _unfinished(site.flights_folder, folder) is not None
        released = _release(site, asked.pilot, may_attach=may_attach)
        if released is not None:
            how = "by itself, on duty: " if released.by_itself else "by "
            say(f"{name}: released {how}{released.pilot.name}")
        briefing = _briefing(site, released, waivers=asked.waivers, busy_with=busy_with)
        flown = _fly(site, plans, folder, briefing, asked=asked, say=say)
    folder, name = flown.path.parent, flown.flight_id
    sortie = Sortie(
        sortie_id=name, outcome=flown.outcome, reason=flown.reason, flown_m=flown.flown_m, drill=drill,
        continues=asked.errand.rest_of,
    )  # fmt: skip
    write_plan_picture(folder / "plan.png", plan, flown=flown.pose_track)
    if flown.outcome != "landed":
        raise FlightFailed(name, f"{flown.outcome}: {flown.reason}", str(folder / LOG))
    (folder / RECORD).write_text(json.dumps(asdict(sortie)), encoding="utf-8")
    say(f"{name}: landed after {flown.flown_m:.0f} m" + (f", cut short: {flown.reason}" if flown.reason else ""))
    if asked.errand.zone_id and (flown.reason or len(plans) > 1):
        say(f"{name}: for what is left: offsite patrol fly --resume {name}")
    return sortie


def has_started(site: Site, name: str) -> bool:
    """Whether the motors of a sortie were asked to start, by its log."""
    log = site.flights_folder / name / LOG
    return log.exists() and f'"name":"state","text":"{PatrolState.ARMING}"' in log.read_text(encoding="utf-8")


def _fly(
    site: Site,
    plans: Sequence[SurveyPlan],
    folder: Path,
    briefing: Briefing,
    *,
    asked: FlightRequest,
    say: Callable[[str], None],
) -> FlightRecord:
    from flights.dronekit_autopilot import DroneKitAutopilot  # noqa: PLC0415 - DroneKit only when something flies
    from flights.patrol import VehicleSpeedClock, fly  # noqa: PLC0415 - the same
    from flights.pilot_post import PilotPost  # noqa: PLC0415 - the same
    from flights.recorder import FlightRecorder  # noqa: PLC0415 - the same

    address, time_speed = asked.connection or site_aircraft(site).connection, asked.time_speed
    with ExitStack() as stack:
        simulated = address == SIMULATOR
        if simulated:
            address = _start_simulator(stack, site, folder, time_speed)
        elif time_speed != 1.0:
            raise _not_sped_up()
        autopilot = stack.enter_context(
            DroneKitAutopilot.connect(address, timeout_s=CONNECT_TIMEOUT_S, time_speed=time_speed)
        )
        aloft = autopilot.observe().armed
        unfinished = _unfinished(site.flights_folder, folder) if aloft else None
        if unfinished is not None:
            say(f"{unfinished.name}: the aircraft is in the air; attaching to its flight")
            folder = unfinished
        elif not simulated:
            _set_aside(folder)
        recorder = FlightRecorder(
            folder / LOG, flight_id=folder.name, attach=unfinished is not None, drill=asked.drill,
            continues=asked.errand.rest_of,
        )  # fmt: skip
        if unfinished is None:
            keep_plans(site, folder, plans)
        desk = PilotPost(recorder, plans[0], _crew(site, briefing))
        flown = fly(
            plans[0],
            autopilot,
            briefing=briefing,
            recorder=recorder,
            geoid_separation_m=site.settings.site.geoid_separation_m,
            clock=VehicleSpeedClock(time_speed),
            progress=_progress(folder.name, say),
            desk=desk,
        )
        desk.close(flown.outcome, flown.reason)
        return flown


def _start_simulator(stack: ExitStack, site: Site, folder: Path, time_speed: float) -> str:
    """Its address, once it is ready; it writes into the sortie's new folder."""
    _set_aside(folder)
    folder.mkdir(parents=True)
    return stack.enter_context(_simulator(site, folder, time_speed)).wait_ready(timeout_s=SIMULATOR_READY_S)


def _not_sped_up() -> BadInput:
    fault = "only the simulator can be sped up"
    return BadInput(path="--time-speed", field="value", fault=fault, remedy="Leave it out")


def _progress(name: str, say: Callable[[str], None]) -> Callable[[str, float], None]:
    """Tells each state once, and every quarter of the mission."""
    told: set[str] = set()

    def progress(state: str, share: float) -> None:
        line = f"{state} {int(share * 4) * 25} %" if state == "on_mission" else str(state)
        if line not in told:
            told.add(line)
            say(f"{name}: {line}")

    return progress


def _crew(site: Site, briefing: Briefing) -> Crew:
    from flights.pilot_desk import Crew  # noqa: PLC0415 - only when something flies

    return Crew(
        pilots=frozenset(pilot_names(site)),
        supervisors=frozenset(site.settings.remote.supervisors),
        ceiling_m=briefing.approval.ceiling_m if briefing.approval else 0.0,
    )


def _simulator(site: Site, folder: Path, time_speed: float) -> Child:
    aircraft, place, scene = site_aircraft(site), site.settings.site, site.settings.scene
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
    aircraft = site_aircraft(site)
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
    write_captures(folder, log, facts, timezone=site.settings.site.timezone)
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
    height_m = site.ground.alt_ellipsoid_m + site_aircraft(site).height_agl_m
    high = [pose.at_s for pose in track.poses if abs(pose.position.alt_ellipsoid_m - height_m) < AT_HEIGHT_M]
    if not high:
        raise BadInput(
            path=str(folder), field="flight", fault="never reached its patrol height", remedy="See its flight.jsonl"
        )
    start_s, end_s = float(int(high[0]) + 1), high[-1]
    camera = site_aircraft(site).lens.camera(site_aircraft(site).name)
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


def _unfinished(flights: Path, folder: Path) -> Path | None:
    """The flight that the aircraft in the air must belong to: this one, or the latest whose log does not end."""
    logs = sorted(flights.glob(f"*/{LOG}"), key=lambda log: (log.parent == folder, log.stat().st_mtime), reverse=True)
    return next((log.parent for log in logs if b'"kind":"end"' not in _tail(log)), None)


def _tail(log: Path) -> bytes:
    with log.open("rb") as file:
        file.seek(-min(2000, log.stat().st_size), 2)
        return file.read()


def _set_aside(folder: Path) -> None:
    """Keep what a cut-off attempt left, under another name."""
    if folder.exists():
        attempts = len(list(folder.parent.glob(f"{folder.name}.cut-off-*")))
        folder.rename(folder.with_name(f"{folder.name}.cut-off-{attempts + 1}"))


def _release(site: Site, pilot: str, *, may_attach: bool) -> Release | None:
    """None only where there may be a flight in the air to attach to; the checklist lets nothing start without one.

    Raises:
        NotReleased: nobody who may release it does.
    """
    by_itself = site.settings.patrol.release_by_itself
    try:
        return release(read_pilots(site), at_s=site_now_s(site), named=pilot, may_by_itself=by_itself)
    except NotReleased:
        if may_attach:
            return None
        raise


def _briefing(site: Site, released: Release | None, *, waivers: Mapping[str, Waiver], busy_with: str) -> Briefing:
    from flights.airframe import Airframe  # noqa: PLC0415 - only when something flies
    from flights.preflight import Briefing  # noqa: PLC0415 - the same

    aircraft, patrol, at_s = site_aircraft(site), site.settings.patrol, site_now_s(site)
    return Briefing(
        approval=current_approval(site, at_s),
        release=released,
        aircraft=registered_aircraft(site),
        weather=entered_weather(site),
        airframe=Airframe(name=aircraft.name, battery_wh=aircraft.battery_wh),
        max_wind_m_s=patrol.max_wind_m_s,
        volume_busy_with=busy_with,
        waivers=waivers,
        terrain=site_terrain(site),
        obstacles=site_obstacles(site),
        crowds=site_crowds(site),
    )
