"""Planning a survey: which way to lay the strips, in which order to fly them, how to get there and home.

Strips run along the direction, among the zone's edges and every 15 degrees, that takes the least time with its turns.
Source: boustrophedon cellular decomposition, Choset (2000); direction search over edges, Huang (2001).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import shapely

from flights.airframe import Airframe
from flights.coverage import Pass, cells_of, footprint_on_ground, ground_seen, passes_of
from flights.errors import PlanRefused
from flights.plan_checks import blocked_returns, validate_plan
from flights.plane import map_from_plane, plane_from_map
from flights.survey_plan import SurveyPlan, Waypoint, WaypointKind
from flights.transit import TransitMap
from geofences.local_frame import LocalFrame
from geofences.position import Geodetic

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shapely.geometry import MultiPolygon, Polygon
    from shapely.geometry.base import BaseGeometry

    from flights.coverage import Cell, Footprint
    from flights.plan_checks import Terrain
    from flights.plane import Point
    from geofences.camera import Camera

ANGLE_STEP_DEG = 15
MISSED_PENALTY = 5.0  # ground left out costs as much as flying it five times
FULL_SEARCHES = 3  # directions that are routed exactly, after ranking all by straight distances


def plan_survey(
    *,
    zone_id: str,
    outline: Polygon | MultiPolygon,
    home: Geodetic,
    height_agl_m: float,
    camera: Camera,
    no_fly: tuple[Polygon, ...] = (),
    airspace: Polygon | None = None,
    gimbal_pitch_deg: float = -90.0,
    front_overlap: float = 0.7,
    side_overlap: float = 0.3,
    speed_m_s: float = 8.0,
    border_inset_m: float = 5.0,
    airframe: Airframe | None = None,
    terrain: Terrain | None = None,
) -> SurveyPlan:
    """Plan a flight that shows all of a zone to the camera.

    Args:
        zone_id: name of what is covered.
        outline: the ground to see, (lon, lat); may be concave, in parts, with holes.
        home: the take-off point, on the ground, ellipsoid height.
        height_agl_m: flying height above home's ground.
        camera: its lens and picture size; it looks along the track.
        no_fly: where the aircraft may not be, (lon, lat); the camera may still look there.
        airspace: where the aircraft may be, (lon, lat). Without one: the convex hull of zone and home, widened by the
            look-ahead of the camera and twice the inset.
        gimbal_pitch_deg: -90 straight down; flatter lenses look ahead along the track.
        front_overlap: share of a picture's depth seen again by the next, 0..0.95.
        side_overlap: share of a picture's width seen again by the next strip, 0..0.95.
        speed_m_s: over ground.
        border_inset_m: distance kept from the airspace's border and from no-fly areas.
        airframe: what flies; a small quadcopter when None.
        terrain: ellipsoid height of the ground at a (lat, lon); flat at home's height when None.

    Raises:
        PlanRefused: nothing can be reached, or a leg may not be flown; names the leg and the remedy.
    """
    airframe = airframe or Airframe()
    _refuse_settings(front_overlap, side_overlap, speed_m_s, height_agl_m, airframe)
    footprint = footprint_on_ground(camera, height_agl_m=height_agl_m, gimbal_pitch_deg=gimbal_pitch_deg)
    frame = LocalFrame(origin=home)
    zone = shapely.make_valid(plane_from_map(outline, frame))
    if airspace is None:
        hull = shapely.union_all([zone, shapely.Point(0, 0)]).convex_hull
        width_m = footprint.centre_m + 2 * border_inset_m
        airspace = map_from_plane(hull.buffer(width_m, join_style="mitre", mitre_limit=2), frame)
    houses = [plane_from_map(polygon, frame) for polygon in no_fly]
    area = _Area(
        zone=zone,
        transit=_allowed(plane_from_map(airspace, frame), houses, border_inset_m),
        footprint=footprint,
        spacing_m=footprint.width_m * (1 - side_overlap),
        airframe=airframe,
        speed_m_s=speed_m_s,
    )
    angle_deg, passes, route = _best_route(area)
    level_s = airframe.route_time_s([point for _, point in route], speed_m_s) + height_agl_m / airframe.descend_m_s
    trigger_m = (footprint.far_m - footprint.near_m) * (1 - front_overlap)
    plan = SurveyPlan(
        zone_id=zone_id, home=home, outline=outline, airspace=airspace, no_fly=no_fly, speed_m_s=speed_m_s,
        gimbal_pitch_deg=gimbal_pitch_deg, trigger_m=trigger_m, strip_angle_deg=angle_deg, gsd_m=footprint.gsd_m,
        waypoints=_waypoints(route, frame, height_agl_m, trigger_m),
        images=sum(math.floor(math.dist(one.start_m, one.end_m) / trigger_m) + 1 for one in passes),
        coverage_share=_coverage_share(area, passes, houses),
        length_m=sum(math.dist(a[1], b[1]) for a, b in pairwise(route)),
        duration_s=level_s + height_agl_m / airframe.climb_m_s,
        energy_wh=level_s * airframe.cruise_power_w / 3600 + airframe.climb_wh(height_agl_m),
    )  # fmt: skip
    validate_plan(plan, airframe=airframe, terrain=terrain)
    return replace(plan, warnings=_warnings(plan))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Area:
    """What the search works on, east, north metres of home."""

    zone: BaseGeometry
    transit: TransitMap
    footprint: Footprint
    spacing_m: float
    airframe: Airframe
    speed_m_s: float


_Stop = tuple[WaypointKind, "Point"]


def _refuse_settings(front: float, side: float, speed_m_s: float, height_agl_m: float, airframe: Airframe) -> None:
    faults = (
        (not 0 <= front <= 0.95, f"front overlap {front}, allowed 0 to 0.95"),
        (not 0 <= side <= 0.95, f"side overlap {side}, allowed 0 to 0.95"),
        (
            not 0.5 <= speed_m_s <= airframe.max_speed_m_s,
            f"speed {speed_m_s} m/s, allowed 0.5 to {airframe.max_speed_m_s}",
        ),
        (not height_agl_m > 0, f"height {height_agl_m} m above ground, must be positive"),
    )
    for wrong, fault in faults:
        if wrong:
            raise PlanRefused(leg="all strips", fault=fault, remedy="Change this setting.")


def _allowed(airspace: Polygon, no_fly: Sequence[Polygon], inset_m: float) -> TransitMap:
    """The part of the airspace, inset and without no-fly areas, that can be reached from home."""
    inset = airspace.buffer(-inset_m, join_style="mitre")
    kept = inset.difference(shapely.union_all(no_fly).buffer(inset_m, join_style="mitre", mitre_limit=2))
    around_home = [part for part in shapely.get_parts(kept) if part.covers(shapely.Point(0, 0))]
    if not around_home:
        raise PlanRefused(
            leg="take-off",
            fault=f"home is not at least {inset_m:.0f} m inside the airspace and outside no-fly areas",
            remedy="Move the take-off point, or give an airspace that holds it.",
        )
    return TransitMap(around_home[0])


def _angles(zone: BaseGeometry) -> list[float]:
    """Candidate strip directions: the longer edges of the zone's outline and every 15 degrees, in 0..180."""
    edges: list[tuple[float, float]] = []
    for part in shapely.get_parts(zone):
        xy = np.asarray(part.exterior.coords) if part.geom_type == "Polygon" else np.empty((0, 2))
        for dx, dy in np.diff(xy, axis=0):
            edges.append((math.hypot(dx, dy), math.degrees(math.atan2(dy, dx)) % 180))
    longest = [angle for _, angle in sorted(edges, reverse=True)[:12]]
    kept: list[float] = []
    for angle in [*longest, *range(0, 180, ANGLE_STEP_DEG)]:
        if all(abs((angle - other + 90) % 180 - 90) > 2 for other in kept):
            kept.append(float(angle))
    return kept


def _best_route(area: _Area) -> tuple[float, tuple[Pass, ...], list[_Stop]]:
    """Rank all directions by straight distances, route the best few exactly, keep the fastest."""
    ranked = []
    for angle in _angles(area.zone):
        cells = cells_of(area.zone, angle_deg=angle, spacing_m=area.spacing_m)
        passes = _ordered_passes(area, cells, angle)
        if passes:
            ends = [(0.0, 0.0), *(point for one in passes for point in (one.start_m, one.end_m)), (0.0, 0.0)]
            wanted_m = sum(strip.until_m - strip.from_m for cell in cells for strip in cell)
            missed_m = max(0.0, wanted_m - sum(math.dist(one.start_m, one.end_m) for one in passes))
            penalty_s = MISSED_PENALTY * missed_m / area.speed_m_s
            ranked.append((area.airframe.route_time_s(ends, area.speed_m_s) + penalty_s, penalty_s, angle, passes))
    if not ranked:
        raise PlanRefused(
            leg="all strips",
            fault="no part of the zone can be reached from home",
            remedy="Check that zone, airspace and home lie together, and that no-fly areas leave a way.",
        )
    routed = []
    for _, penalty_s, angle, passes in sorted(ranked, key=lambda entry: entry[0])[:FULL_SEARCHES]:
        route = _route(area, passes)
        seconds = area.airframe.route_time_s([point for _, point in route], area.speed_m_s)
        routed.append((seconds + penalty_s, angle, passes, route))
    _, angle, passes, route = min(routed, key=lambda entry: entry[0])
    return angle, passes, route


def _ordered_passes(area: _Area, cells: Sequence[Cell], angle_deg: float) -> tuple[Pass, ...]:
    """All passes at one direction: from home, always the nearest entry of a cell not flown yet."""
    waiting = [[entry for entry in _entries(area, cell, angle_deg) if entry] for cell in cells]
    waiting = [entries for entries in waiting if entries]
    here: Point = (0.0, 0.0)
    ordered: list[Pass] = []
    while waiting:
        cell, entry = min(
            ((i, entry) for i, entries in enumerate(waiting) for entry in entries),
            key=lambda choice: math.dist(here, choice[1][0].start_m),
        )
        ordered += entry
        here = entry[-1].end_m
        del waiting[cell]
    return tuple(ordered)


def _entries(area: _Area, cell: Cell, angle_deg: float) -> list[list[Pass]]:
    """The four ways to fly a cell: from either side, the first strip in either direction."""
    flown = {
        (strip, forward): passes_of(
            strip,
            forward=forward,
            angle_deg=angle_deg,
            look_ahead_m=area.footprint.centre_m,
            allowed=area.transit.allowed,
        )
        for strip in cell
        for forward in (True, False)
    }
    ways = []
    for strips in (list(cell), list(reversed(cell))):
        ways += [
            [one for i, strip in enumerate(strips) for one in flown[strip, first ^ (i % 2 == 1)]]
            for first in (True, False)
        ]
    return ways


def _route(area: _Area, passes: Sequence[Pass]) -> list[_Stop]:
    """Take-off, passes, the ways between them and the way home, all inside the allowed area."""
    here: Point = (0.0, 0.0)
    stops: list[_Stop] = [(WaypointKind.TAKEOFF, here)]
    for one in passes:
        stops += [(WaypointKind.TRANSIT, point) for point in area.transit.route(here, one.start_m)[1:-1]]
        stops += [(WaypointKind.STRIP_START, one.start_m), (WaypointKind.STRIP_END, one.end_m)]
        here = one.end_m
    return stops + [(WaypointKind.RETURN, point) for point in area.transit.route(here, (0.0, 0.0))[1:]]


def _waypoints(route: list[_Stop], frame: LocalFrame, height_m: float, trigger_m: float) -> tuple[Waypoint, ...]:
    geodetics = frame.geodetics_from_enu(np.array([[x, y, 0.0] for _, (x, y) in route]))
    alt_m = frame.origin.alt_ellipsoid_m + height_m
    waypoints = []
    strip = 0
    for (kind, _), (lat, lon, _) in zip(route, geodetics, strict=True):
        strip += kind is WaypointKind.STRIP_START
        on_strip = kind in {WaypointKind.STRIP_START, WaypointKind.STRIP_END}
        waypoints.append(
            Waypoint(
                kind=kind,
                position=Geodetic(lat_deg=float(lat), lon_deg=float(lon), alt_ellipsoid_m=alt_m),
                height_home_m=height_m,
                trigger_m=trigger_m if kind is WaypointKind.STRIP_START else 0.0,
                strip=strip if on_strip else None,
            )
        )
    return tuple(waypoints)


def _coverage_share(area: _Area, passes: Sequence[Pass], no_fly: Sequence[Polygon]) -> float:
    wanted = area.zone.difference(shapely.union_all(no_fly))
    if wanted.area == 0:
        return 0.0
    look_ahead_m, width_m = area.footprint.centre_m, area.footprint.width_m
    seen = shapely.union_all([ground_seen(one, look_ahead_m=look_ahead_m, width_m=width_m) for one in passes])
    return float(seen.intersection(wanted).area / wanted.area)


def _warnings(plan: SurveyPlan) -> tuple[str, ...]:
    warnings = []
    blocked = blocked_returns(plan)
    if blocked:
        shown = ", ".join(blocked[:4]) + (f" and {len(blocked) - 4} more" if len(blocked) > 4 else "")
        warnings.append(f"a failsafe's straight way home from {shown} crosses the fence")
    if plan.coverage_share < 0.97:
        warnings.append(
            f"only {plan.coverage_share:.0%} of the zone is seen: the airspace or a no-fly area cuts strips"
        )
    return tuple(warnings)
