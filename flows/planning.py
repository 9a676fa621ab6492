"""What a site asks of a planner: its aircraft, airspace, ground, no-fly areas, crowds and obstacles as a request."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import shapely
from shapely.geometry import LineString, Point

from flights.airframe import Airframe
from flights.corridor import plan_corridor, plan_reinspection
from flights.course import course_of, plan_of_course
from flights.course_files import read_course, write_course
from flights.cut_off import cut_off
from flights.plan_checks import Obstacle
from flights.sorties import plan_sorties, resume
from flights.survey_request import SurveyRequest
from flights.telemetry.poses import pose_track
from flights.telemetry.reader import read_telemetry
from flows.assembly import open_store
from flows.registers import current_approval
from geofences.position import Geodetic
from geofences.zone import ZoneKind, parts_of
from pipeline.errors import BadInput
from pipeline.site import read_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from flights.plan_checks import Terrain
    from flights.survey_plan import SurveyPlan
    from geofences.zone import Zone
    from pipeline.site import Aircraft, Site

LOG = "flight.jsonl"  # of a flight, in its folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """What a patrol is for: a zone, or a line, or a case, or what another sortie left.

    Attributes:
        zone_id: of kind `patrol`; with `rest_of`, the zone that sortie flew over.
        along: a GeoJSON file with a line.
        width_m: to be seen across that line.
        case_id: flown back to where it was last seen.
        rest_of: a sortie.
    """

    zone_id: str = ""
    along: Path | None = None
    width_m: float = 20.0
    case_id: str = ""
    rest_of: str = ""

    @property
    def name(self) -> str:
        """Of what is patrolled."""
        return self.zone_id or self.case_id or (self.along.stem if self.along else "")


def plan_errand(site: Site, errand: Errand, *, at_s: float) -> tuple[SurveyPlan, ...]:
    """Plan as many flights as batteries ask for, to be flown at a time, UTC.

    Raises:
        BadInput: no such zone, line or sortie; or the site lacks an aircraft, an approval or the ground's height.
        CaseNotFound: there is no such case.
        PlanUnreadable: the plan of the sortie before cannot be read.
        PlanRefused: a leg may not be flown.
    """
    if errand.rest_of:
        return _plan_rest(site, errand, at_s=at_s)
    if errand.along is not None:
        return (_plan_street(site, errand.along, width_m=errand.width_m, at_s=at_s),)
    if errand.case_id:
        return (_plan_case(site, errand.case_id, at_s=at_s),)
    return plan_sorties(_zone_request(site, errand.zone_id, at_s))


def keep_plans(site: Site, folder: Path, plans: Sequence[SurveyPlan]) -> None:
    """Keep with a sortie the plan that it flies, and those that are to follow it."""
    for number, plan in enumerate(plans, start=1):
        course = course_of(plan, geoid_separation_m=site.settings.site.geoid_separation_m)
        write_course(folder / f"plan-{number:02}.geojson", course)


def _plan_rest(site: Site, errand: Errand, *, at_s: float) -> tuple[SurveyPlan, ...]:
    """What a sortie left to do, by its record."""
    folder, separation_m = site.flights_folder / errand.rest_of, site.settings.site.geoid_separation_m
    request = _zone_request(site, errand.zone_id, at_s)
    files = sorted(folder.glob("plan-*.geojson")) or [folder / "plan-01.geojson"]
    plans = [plan_of_course(read_course(file), request, geoid_separation_m=separation_m) for file in files]
    with (folder / LOG).open(encoding="utf-8") as log:
        return resume(request, plans, cut_off(plans[0], log, geoid_separation_m=separation_m))


def flown_zone(site: Site, sortie_id: str) -> str:
    """The zone that a sortie flew over.

    Raises:
        BadInput: there is no such sortie.
    """
    log = site.flights_folder / sortie_id / LOG
    try:
        return str(json.loads(read_text(log).partition("\n")[0])["plan"]["zone_id"])
    except (ValueError, KeyError, TypeError) as error:
        raise BadInput(path=str(log), field="header", fault="names no plan", remedy="Fly the zone again") from error


def _plan_street(site: Site, line_file: Path, *, width_m: float, at_s: float) -> SurveyPlan:
    """Along the line of a GeoJSON file: a LineString, a Feature or a collection that begins with one."""
    try:
        first = json.loads(read_text(line_file))
        first = first["features"][0] if first.get("type") == "FeatureCollection" else first
        line = shapely.geometry.shape(first.get("geometry", first))
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, shapely.errors.ShapelyError) as error:
        raise BadInput(path=str(line_file), field="geometry", fault=repr(error), remedy="Draw one line") from error
    if not isinstance(line, LineString):
        raise BadInput(path=str(line_file), field="geometry", fault="is no LineString", remedy="Draw one line")
    return plan_corridor(_request(site, line_file.stem, None, at_s), shapely.force_2d(line), width_m=width_m)


def _plan_case(site: Site, case_id: str, *, at_s: float) -> SurveyPlan:
    """Back to where the aircraft was when it last saw a case."""
    store = open_store(site)
    try:
        findings = store.case(case_id).findings
    finally:
        store.close()
    for finding in reversed(findings):
        log = site.flights_folder / finding.look_id / LOG
        if log.exists():
            posed = pose_track(read_telemetry(log), geoid_separation_m=site.settings.site.geoid_separation_m)
            pose = posed.track.at((finding.first_s + finding.last_s) / 2)
            return plan_reinspection(_request(site, case_id, None, at_s), pose)
    raise BadInput(
        path="--case", field=case_id, fault="no flight of this site saw it", remedy="Patrol its zone instead"
    )


def judge_file(site: Site, zone_id: str, path: Path, *, at_s: float) -> SurveyPlan:
    """The plan that a file of another program holds, judged like one of our own.

    Raises:
        PlanUnreadable: the file holds no plan that could be read whole.
        BadInput: as in `plan_errand`.
        PlanRefused: a leg may not be flown.
    """
    separation_m = site.settings.site.geoid_separation_m
    return plan_of_course(read_course(path), _zone_request(site, zone_id, at_s), geoid_separation_m=separation_m)


def _zone_request(site: Site, zone_id: str, at_s: float) -> SurveyRequest:
    patrols = {zone.zone_id: zone for zone in site.zones if zone.kind is ZoneKind.PATROL}
    if zone_id not in patrols:
        raise BadInput(
            path=str(site.folder / "zones.geojson"),
            field="zone_id",
            fault=f"there is no patrol zone {zone_id}",
            remedy=f"Patrol zones: {', '.join(patrols) or 'none'}",
        )
    return _request(site, zone_id, patrols[zone_id], at_s)


def _request(site: Site, name: str, zone: Zone | None, at_s: float) -> SurveyRequest:
    """What is to be planned; without a zone the outline is a metre about home, for the planner to replace."""
    aircraft, approval = site_aircraft(site), current_approval(site, at_s)
    if approval is None:
        raise _site_lacks(site, "approval")
    terrain = site_terrain(site)
    lat, lon = aircraft.home_lat_deg, aircraft.home_lon_deg
    ground_m = site.ground.alt_ellipsoid_m if terrain is None else terrain(lat, lon)
    if math.isnan(ground_m):
        raise BadInput(
            path=str(site.folder / "site.toml"), field="aircraft.home_lat_deg",
            fault="home lies outside the height model", remedy="Take one that holds home, airspace and zones",
        )  # fmt: skip
    airframe = Airframe(name=aircraft.name, battery_wh=aircraft.battery_wh)
    crowds = [zone for zone in site_crowds(site) if zone.in_force_between(at_s, at_s + airframe.endurance_s)]
    return SurveyRequest(
        zone_id=name,
        outline=zone.outline if zone else Point(lon, lat).buffer(1e-5),
        home=Geodetic(lat_deg=lat, lon_deg=lon, alt_ellipsoid_m=ground_m),
        height_agl_m=aircraft.height_agl_m,
        camera=aircraft.lens.camera(aircraft.name),
        no_fly=tuple(part for zone in _zones(site, ZoneKind.NO_FLY) for part in parts_of(zone.outline)),
        crowds=tuple(part for zone in crowds for part in parts_of(zone.outline)),
        airspace=approval.outline,
        gimbal_pitch_deg=aircraft.gimbal_pitch_deg,
        front_overlap=aircraft.front_overlap,
        side_overlap=aircraft.side_overlap,
        speed_m_s=aircraft.speed_m_s,
        airframe=airframe,
        terrain=terrain,
        obstacles=site_obstacles(site),
    )


def _zones(site: Site, kind: ZoneKind) -> tuple[Zone, ...]:
    return tuple(zone for zone in site.zones if zone.kind is kind)


def site_crowds(site: Site) -> tuple[Zone, ...]:
    """Where people gather, and when."""
    return _zones(site, ZoneKind.CROWD)


def site_obstacles(site: Site) -> tuple[Obstacle, ...]:
    """What stands on the ground, one a part; a height that is not stated is nan."""
    return tuple(
        Obstacle(name=zone.name, outline=part, height_m=math.nan if zone.height_m is None else zone.height_m)
        for zone in _zones(site, ZoneKind.OBSTACLE)
        for part in parts_of(zone.outline)
    )


def site_aircraft(site: Site) -> Aircraft:
    """The site's aircraft.

    Raises:
        BadInput: it has none.
    """
    if site.settings.aircraft is None:
        raise _site_lacks(site, "aircraft")
    return site.settings.aircraft


def _site_lacks(site: Site, table: str) -> BadInput:
    """The error for a table of site.toml that a patrol needs and that is not there."""
    remedy = f"A patrol needs [{table}]; see docs/site.md"
    return BadInput(path=str(site.folder / "site.toml"), field=table, fault="is missing", remedy=remedy)


def site_terrain(site: Site) -> Terrain | None:
    """Ellipsoid height of the site's height model by (lat, lon), nan where it is not known."""
    model, frame = site.terrain, site.ground.frame
    if model is None:
        return None
    level_m = frame.origin.alt_ellipsoid_m

    def ground_m(lat_deg: float, lon_deg: float) -> float:
        east_north_up = frame.enu_from_geodetic(Geodetic(lat_deg=lat_deg, lon_deg=lon_deg, alt_ellipsoid_m=level_m))
        return level_m + float(model.height_m(east_north_up[None, :2])[0]) - float(east_north_up[2])

    return ground_m
