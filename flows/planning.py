"""What a site asks of a planner: its aircraft, airspace, ground, no-fly areas, crowds and obstacles as a request."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import shapely
from shapely.geometry import LineString, Point

from flights.airframe import Airframe
from flights.corridor import plan_corridor, plan_reinspection
from flights.course import plan_of_course
from flights.course_files import read_course
from flights.plan_checks import Obstacle
from flights.sorties import plan_sorties
from flights.survey import planned
from flights.survey_request import SurveyRequest
from flights.telemetry.poses import pose_track
from flights.telemetry.reader import read_telemetry
from flows.assembly import open_store
from flows.registers import current_approval, site_now_s
from geofences.position import Geodetic
from geofences.zone import ZoneKind, parts_of
from pipeline.errors import BadInput
from pipeline.site import read_text

if TYPE_CHECKING:
    from pathlib import Path

    from flights.plan_checks import Terrain
    from flights.survey_plan import SurveyPlan
    from geofences.zone import Zone
    from pipeline.site import Site

LOG = "flight.jsonl"  # of a flight, in its folder


def plan_zone(site: Site, zone_id: str) -> SurveyPlan:
    """Plan one flight over one of the site's patrol zones.

    Raises:
        BadInput: no such zone, or the site lacks an aircraft, an approval or the ground's height.
        PlanRefused: a leg may not be flown, or it takes more than one battery.
    """
    return planned(_zone_request(site, zone_id))


def plan_zone_sorties(site: Site, zone_id: str) -> tuple[SurveyPlan, ...]:
    """Plan as many flights over a zone as batteries ask for; raises as `plan_zone`."""
    return plan_sorties(_zone_request(site, zone_id))


def plan_street(site: Site, line_file: Path, *, width_m: float) -> SurveyPlan:
    """Plan a patrol along the line of a GeoJSON file (a LineString, a Feature or a collection that begins with one).

    Raises:
        BadInput: it holds no line, or as in `plan_zone`.
        PlanRefused: a leg may not be flown.
    """
    try:
        first = json.loads(read_text(line_file))
        first = first["features"][0] if first.get("type") == "FeatureCollection" else first
        line = shapely.geometry.shape(first.get("geometry", first))
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, shapely.errors.ShapelyError) as error:
        raise BadInput(path=str(line_file), field="geometry", fault=repr(error), remedy="Draw one line") from error
    if not isinstance(line, LineString):
        raise BadInput(path=str(line_file), field="geometry", fault="is no LineString", remedy="Draw one line")
    return plan_corridor(_request(site, line_file.stem, None), shapely.force_2d(line), width_m=width_m)


def plan_case(site: Site, case_id: str) -> SurveyPlan:
    """Plan a flight back to where the aircraft was when it last saw a case.

    Raises:
        BadInput: no flight saw it, or as in `plan_zone`.
        CaseNotFound: there is no such case.
        PlanRefused: a leg may not be flown.
    """
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
            return plan_reinspection(_request(site, case_id, None), pose)
    raise BadInput(
        path="--case", field=case_id, fault="no flight of this site saw it", remedy="Patrol its zone instead"
    )


def judge_file(site: Site, zone_id: str, path: Path) -> SurveyPlan:
    """The plan that a file of another program holds, judged like one of our own.

    Raises:
        PlanUnreadable: the file holds no plan that could be read whole.
        BadInput: as in `plan_zone`.
        PlanRefused: a leg may not be flown.
    """
    separation_m = site.settings.site.geoid_separation_m
    return plan_of_course(read_course(path), _zone_request(site, zone_id), geoid_separation_m=separation_m)


def _zone_request(site: Site, zone_id: str) -> SurveyRequest:
    patrols = {zone.zone_id: zone for zone in site.zones if zone.kind is ZoneKind.PATROL}
    if zone_id not in patrols:
        raise BadInput(
            path=str(site.folder / "zones.geojson"),
            field="zone_id",
            fault=f"there is no patrol zone {zone_id}",
            remedy=f"Patrol zones: {', '.join(patrols) or 'none'}",
        )
    return _request(site, zone_id, patrols[zone_id])


def _request(site: Site, name: str, zone: Zone | None) -> SurveyRequest:
    """What is to be planned; without a zone the outline is a metre about home, for the planner to replace."""
    aircraft, approval = site.settings.aircraft, current_approval(site, site_now_s(site))
    if aircraft is None or approval is None:
        raise site_lacks(site, "approval" if aircraft else "aircraft")
    terrain = site_terrain(site)
    lat, lon = aircraft.home_lat_deg, aircraft.home_lon_deg
    ground_m = site.ground.alt_ellipsoid_m if terrain is None else terrain(lat, lon)
    if math.isnan(ground_m):
        raise BadInput(
            path=str(site.folder / "site.toml"), field="aircraft.home_lat_deg",
            fault="home lies outside the height model", remedy="Take one that holds home, airspace and zones",
        )  # fmt: skip
    areas = {kind: tuple(p for z in site.zones if z.kind is kind for p in parts_of(z.outline)) for kind in _CLOSED}
    return SurveyRequest(
        zone_id=name,
        outline=zone.outline if zone else Point(lon, lat).buffer(1e-5),
        home=Geodetic(lat_deg=lat, lon_deg=lon, alt_ellipsoid_m=ground_m),
        height_agl_m=aircraft.height_agl_m,
        camera=aircraft.lens.camera(aircraft.name),
        no_fly=areas[ZoneKind.NO_FLY],
        crowds=areas[ZoneKind.CROWD],
        airspace=approval.outline,
        gimbal_pitch_deg=aircraft.gimbal_pitch_deg,
        front_overlap=aircraft.front_overlap,
        side_overlap=aircraft.side_overlap,
        speed_m_s=aircraft.speed_m_s,
        airframe=Airframe(name=aircraft.name, battery_wh=aircraft.battery_wh),
        terrain=terrain,
        obstacles=site_obstacles(site),
    )


_CLOSED = (ZoneKind.NO_FLY, ZoneKind.CROWD)


def site_obstacles(site: Site) -> tuple[Obstacle, ...]:
    """What stands on the ground, one a part; a height that is not stated is nan."""
    return tuple(
        Obstacle(name=zone.name, outline=part, height_m=math.nan if zone.height_m is None else zone.height_m)
        for zone in site.zones
        if zone.kind is ZoneKind.OBSTACLE
        for part in parts_of(zone.outline)
    )


def site_lacks(site: Site, table: str) -> BadInput:
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
