"""From passes to a plan: the ways between them, heights over the ground below, and what the flight costs."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from shapely.geometry import LineString

from flights.coverage import Pass, ground_seen
from flights.errors import PlanRefused
from flights.plan_checks import blocked_returns
from flights.plane import plane_point
from flights.survey_plan import SurveyPlan, Waypoint, WaypointKind
from geofences.position import Geodetic

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flights.plan_checks import Terrain
    from flights.plane import Point
    from flights.survey_request import SurveyRequest
    from flights.transit import TransitMap

Stop = tuple[WaypointKind, "Point"]
GROUND_STEP_M = 10.0
GROUND_FIT_M = 2.0  # how far the flown profile may be from the ground's, plus height
ON_STRIP = frozenset({WaypointKind.STRIP_START, WaypointKind.BEND, WaypointKind.STRIP_END})


def route_of(passes: Sequence[Pass], transit: TransitMap) -> list[Stop]:
    """Take-off, passes, the ways between them and the way home, all inside the allowed area.

    Passes that begin where the one before ends are one strip with a bend.
    """
    here: Point = (0.0, 0.0)
    stops: list[Stop] = [(WaypointKind.TAKEOFF, here)]
    for one in passes:
        if stops[-1][0] is WaypointKind.STRIP_END and math.dist(here, one.start_m) < 0.01:
            stops[-1] = (WaypointKind.BEND, here)
        else:
            stops += [(WaypointKind.TRANSIT, point) for point in transit.route(here, one.start_m)[1:-1]]
            stops.append((WaypointKind.STRIP_START, one.start_m))
        stops.append((WaypointKind.STRIP_END, one.end_m))
        here = one.end_m
    return stops + [(WaypointKind.RETURN, point) for point in transit.route(here, (0.0, 0.0))[1:]]


def compose_plan(
    request: SurveyRequest, passes: Sequence[Pass], *, strip_angle_deg: float, every: Sequence[Pass] = ()
) -> SurveyPlan:
    """The plan that flies passes in their order; not yet validated.

    Args:
        request: what it is made of.
        passes: what it flies.
        strip_angle_deg: direction of the strips, anticlockwise from east.
        every: all passes of the survey, where other flights fly the rest.

    Raises:
        PlanRefused: a pass cannot be reached, or the ground's height is not known.
    """
    waypoints = _waypoints(request, route_of(passes, request.transit))
    plan = plan_of_waypoints(request, waypoints, strip_angle_deg=strip_angle_deg)
    return replace(plan, warnings=_warnings(plan, _coverage_share(request, every))) if every else plan


def plan_of_waypoints(request: SurveyRequest, waypoints: tuple[Waypoint, ...], *, strip_angle_deg: float) -> SurveyPlan:
    """The plan that flies waypoints as they are, with what it costs; not yet validated."""
    airframe, speed_m_s = request.airframe, request.speed_m_s
    route = [plane_point(waypoint.position, request.frame) for waypoint in waypoints]
    heights = [waypoint.height_home_m for waypoint in waypoints]
    passes = [
        Pass(start_m=start, end_m=end)
        for start, end, waypoint in zip(route, route[1:], waypoints[1:], strict=False)
        if waypoint.kind in {WaypointKind.BEND, WaypointKind.STRIP_END}
    ]
    trigger_m = max((waypoint.trigger_m for waypoint in waypoints), default=0.0)
    level_s = airframe.route_time_s(route, speed_m_s)
    climb_m = heights[0] + sum(max(0.0, after - before) for before, after in pairwise(heights))
    plan = SurveyPlan(
        zone_id=request.zone_id, home=request.home, outline=request.outline, airspace=request.sky,
        no_fly=request.closed, height_agl_m=request.height_agl_m, speed_m_s=speed_m_s,
        gimbal_pitch_deg=request.gimbal_pitch_deg, trigger_m=trigger_m,
        strip_angle_deg=strip_angle_deg, gsd_m=request.footprint.gsd_m, waypoints=waypoints,
        images=sum(math.floor(one.length_m / trigger_m) + 1 for one in passes),
        coverage_share=_coverage_share(request, passes),
        length_m=sum(math.dist(a, b) for a, b in pairwise(route)),
        duration_s=level_s + heights[0] / airframe.climb_m_s + heights[-1] / airframe.descend_m_s,
        energy_wh=airframe.flight_wh(route, speed_m_s, climb_m=climb_m, descend_m=heights[-1]),
        crowds=request.crowds, obstacles=tuple(obstacle.outline for obstacle in request.obstacles),
    )  # fmt: skip
    return replace(plan, warnings=_warnings(plan, plan.coverage_share))


def energy_wh(request: SurveyRequest, stops: list[Stop]) -> float:
    """Energy from take-off to landing, the climbs over the ground below included."""
    over, ground = _over_ground(request, stops)
    height_m = ground[0] + request.height_agl_m - request.home.alt_ellipsoid_m
    climb_m = height_m + sum(max(0.0, after - before) for before, after in pairwise(ground))
    route = [point for _, point in over]
    return request.airframe.flight_wh(route, request.speed_m_s, climb_m=climb_m, descend_m=height_m)


def _waypoints(request: SurveyRequest, stops: list[Stop]) -> tuple[Waypoint, ...]:
    stops, ground = _over_ground(request, stops)
    places = request.frame.geodetics_from_enu(np.array([[x, y, 0.0] for _, (x, y) in stops]))
    waypoints = []
    strip = 0
    for (kind, _), (lat, lon, _), ground_m in zip(stops, places.tolist(), ground, strict=True):
        strip += kind is WaypointKind.STRIP_START
        alt_m = ground_m + request.height_agl_m
        waypoints.append(
            Waypoint(
                kind=kind,
                position=Geodetic(lat_deg=lat, lon_deg=lon, alt_ellipsoid_m=alt_m),
                height_home_m=alt_m - request.home.alt_ellipsoid_m,
                trigger_m=request.trigger_m if kind is WaypointKind.STRIP_START else 0.0,
                strip=strip if kind in ON_STRIP else None,
            )
        )
    return tuple(waypoints)


def _over_ground(request: SurveyRequest, stops: list[Stop]) -> tuple[list[Stop], list[float]]:
    """The stops, with more between them where the ground's profile bends, and the ground's height at each."""
    if request.terrain is None:
        return stops, [request.home.alt_ellipsoid_m] * len(stops)
    made, ground = [stops[0]], _ground_m(request, request.terrain, [stops[0][1]])
    for (_, start), (kind, end) in pairwise(stops):
        length_m = math.dist(start, end)
        shares = np.linspace(0, 1, max(1, math.ceil(length_m / GROUND_STEP_M)) + 1)
        points = [(start[0] + s * (end[0] - start[0]), start[1] + s * (end[1] - start[1])) for s in shares.tolist()]
        below = _ground_m(request, request.terrain, points)
        highest = [max(below[max(0, i - 1) : i + 2]) for i in range(len(below))]
        fitted = LineString(zip(shares * max(length_m, 1e-3), highest, strict=True)).simplify(GROUND_FIT_M)
        way = WaypointKind.BEND if kind is WaypointKind.STRIP_END else kind
        way = WaypointKind.TRANSIT if kind is WaypointKind.STRIP_START else way
        for along_m, ground_m in list(fitted.coords)[1:-1]:
            share = along_m / length_m
            made.append((way, (start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1]))))
            ground.append(ground_m)
        made.append((kind, end))
        ground.append(highest[-1])
    return made, ground


def _ground_m(request: SurveyRequest, terrain: Terrain, points: Sequence[Point]) -> list[float]:
    places = request.frame.geodetics_from_enu(np.array([[x, y, 0.0] for x, y in points])).tolist()
    ground = [terrain(lat, lon) for lat, lon, _ in places]
    for (lat, lon, _), height_m in zip(places, ground, strict=True):
        if not math.isfinite(height_m):
            raise PlanRefused(
                leg="the whole flight",
                fault=f"the height of the ground above which it leads is not known at {lat:.6f}, {lon:.6f}",
                remedy="Give a height model that holds the whole airspace, or plan over level ground.",
            )
    return ground


def _coverage_share(request: SurveyRequest, passes: Sequence[Pass]) -> float:
    wanted = request.zone_m.difference(request.closed_m)
    if wanted.area == 0:
        return 0.0
    seen = ground_seen(passes, request.footprint, front_overlap=request.front_overlap)
    return float(seen.intersection(wanted).area / wanted.area)


def _warnings(plan: SurveyPlan, coverage_share: float) -> tuple[str, ...]:
    warnings = []
    blocked = blocked_returns(plan)
    if blocked:
        shown = ", ".join(blocked[:4]) + (f" and {len(blocked) - 4} more" if len(blocked) > 4 else "")
        warnings.append(f"a failsafe's straight way home from {shown} crosses the fence")
    if coverage_share < 0.97:
        warnings.append(f"only {coverage_share:.0%} of the zone is seen: the airspace or a no-fly area cuts strips")
    return tuple(warnings)
