"""Whether a plan may be flown: every leg, the way home included, judged afresh and not by the code that planned it.

The autopilot accepts waypoints outside its own fence, so this is the last place where an unsafe plan is stopped.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import shapely
from shapely.geometry import LineString, MultiPoint

from flights.errors import PlanRefused
from flights.plane import plane_from_map

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from shapely.geometry import Polygon

    from flights.airframe import Airframe
    from flights.survey_plan import Leg, SurveyPlan
    from flights.survey_request import SurveyRequest
    from geofences.local_frame import LocalFrame
    from geofences.position import Geodetic

    Terrain = Callable[[float, float], float]

# Source: Interim Regulation on the Administration of Unmanned Aircraft Flights (State Council no. 761, 2024), art. 19:
# airspace above 120 m true height is controlled.
MAX_HEIGHT_AGL_M = 120.0
MIN_HEIGHT_AGL_M = 10.0  # trees and lamp posts; our own choice
TERRAIN_STEP_M = 5.0
# Source: EASA, GM1 UAS.OPEN.030(1), the 1:1 rule: no nearer to people than the aircraft is high, and never under 30 m.
CROWD_DISTANCE_M = 30.0
ROUNDING_M = 0.05  # of degrees sent as integers of 1e-7: 1.1 cm


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """Something that stands on the ground: a building, a mast, a crane.

    Attributes:
        name: as messages name it.
        outline: (lon, lat).
        height_m: of its top above the ground at its middle.
        clearance_m: distance kept from it, above and beside.
    """

    name: str
    outline: Polygon
    height_m: float
    clearance_m: float = 10.0


def validate_plan(
    plan: SurveyPlan,
    *,
    airframe: Airframe,
    terrain: Terrain | None = None,
    obstacles: Sequence[Obstacle] = (),
    crowds: Sequence[Polygon] = (),
) -> None:
    """Refuse a plan with a leg that may not be flown.

    Args:
        plan: what is to be flown.
        airframe: what flies it.
        terrain: ellipsoid height of the ground at a (lat, lon); flat at home's height when None.
        obstacles: what stands on the ground.
        crowds: where people gather while it is flown, (lon, lat).

    Raises:
        PlanRefused: a leg leaves the airspace, enters a no-fly area, is too high or too low above the ground under it,
            comes too near to an obstacle or a crowd, or the whole needs more energy than the battery holds above its
            reserve.
    """
    airspace = plan.airspace_m.buffer(ROUNDING_M)
    shapely.prepare(airspace)
    no_fly = plan.no_fly_m
    if not airspace.covers(shapely.Point(0, 0)):
        raise PlanRefused(leg="take-off", fault="home is outside the airspace", remedy="Move the take-off point.")
    for leg in plan.legs():
        _refuse_outside(leg, airspace, no_fly)
        _refuse_height(leg, plan.home, terrain)
    for obstacle in obstacles:
        _refuse_obstacle(plan, obstacle, terrain)
    for crowd in crowds:
        _refuse_crowd(plan, crowd)
    usable_wh = airframe.battery_wh - airframe.reserve_wh
    if plan.energy_wh > usable_wh:
        raise PlanRefused(
            leg="the whole flight",
            fault=f"needs {plan.energy_wh:.0f} Wh, the battery gives {usable_wh:.0f} Wh above its reserve",
            remedy="Split the zone into several flights, fly higher, or reduce the overlap.",
        )


def validated(plan: SurveyPlan, request: SurveyRequest) -> SurveyPlan:
    """The plan, judged by what its request says; raises as `validate_plan`."""
    validate_plan(
        plan, airframe=request.airframe, terrain=request.terrain, obstacles=request.obstacles, crowds=request.crowds
    )
    return plan


def _refuse_outside(leg: Leg, airspace: Polygon, no_fly: list[Polygon]) -> None:
    way = LineString([leg.start_m, leg.end_m]) if leg.start_m != leg.end_m else shapely.Point(leg.start_m)
    if not airspace.covers(way):
        outside_m = way.difference(airspace).length
        raise PlanRefused(
            leg=leg.name,
            fault=f"{outside_m:.1f} m of it lie outside the approved airspace",
            remedy="Plan again with the airspace as approved, or apply for a larger one.",
        )
    for polygon in no_fly:
        inside_m = way.intersection(polygon).length
        if inside_m > ROUNDING_M:
            raise PlanRefused(
                leg=leg.name,
                fault=f"{inside_m:.1f} m of it lie inside a no-fly area",
                remedy="Plan again with all no-fly areas given.",
            )


def _refuse_height(leg: Leg, home: Geodetic, terrain: Terrain | None) -> None:
    steps = max(1, math.ceil(math.dist(leg.start_m, leg.end_m) / TERRAIN_STEP_M))
    a, b = leg.start.position, leg.end.position
    for i in range(steps + 1):
        share = i / steps
        lat = a.lat_deg + (b.lat_deg - a.lat_deg) * share
        lon = a.lon_deg + (b.lon_deg - a.lon_deg) * share
        above_home = leg.start.height_home_m + (leg.end.height_home_m - leg.start.height_home_m) * share
        ground = home.alt_ellipsoid_m if terrain is None else terrain(lat, lon)
        height = home.alt_ellipsoid_m + above_home - ground
        if not MIN_HEIGHT_AGL_M <= height <= MAX_HEIGHT_AGL_M:
            raise PlanRefused(
                leg=leg.name,
                fault=f"{height:.0f} m above the ground at {lat:.6f}, {lon:.6f}, allowed "
                f"{MIN_HEIGHT_AGL_M:.0f} to {MAX_HEIGHT_AGL_M:.0f} m",
                remedy="Change the height, or split the zone where the ground rises or falls.",
            )


def _refuse_obstacle(plan: SurveyPlan, obstacle: Obstacle, terrain: Terrain | None) -> None:
    around = plane_from_map(obstacle.outline, plan.frame).buffer(obstacle.clearance_m)
    foot = obstacle.outline.centroid
    ground_m = 0.0 if terrain is None else terrain(foot.y, foot.x) - plan.home.alt_ellipsoid_m
    needed_m = ground_m + obstacle.height_m + obstacle.clearance_m
    for leg in plan.legs():
        lowest_m = min(leg.start.height_home_m, leg.end.height_home_m)
        # `not >=`, so that an unknown height is refused as well.
        if not lowest_m >= needed_m and around.intersects(LineString([leg.start_m, leg.end_m])):
            raise PlanRefused(
                leg=leg.name,
                fault=f"{lowest_m:.0f} m high at {obstacle.name}, which asks for {needed_m:.0f} m above the take-off "
                f"point ({obstacle.height_m:.0f} m tall, clearance {obstacle.clearance_m:.0f} m)",
                remedy="Fly higher, or give it as a no-fly area.",
            )


def _refuse_crowd(plan: SurveyPlan, crowd: Polygon) -> None:
    around = around_crowd(crowd, plan.frame, height_agl_m=plan.height_agl_m)
    for leg in plan.legs():
        inside_m = LineString([leg.start_m, leg.end_m]).intersection(around).length
        if inside_m > ROUNDING_M:
            raise PlanRefused(
                leg=leg.name,
                fault=f"{inside_m:.1f} m of it lie too near to where people gather then",
                remedy="Plan again for the time of the flight.",
            )


def around_crowd(crowd: Polygon, frame: LocalFrame, *, height_agl_m: float) -> Polygon:
    """The surroundings of a crowd, (lon, lat), that a flight at a height keeps out of; east, north metres."""
    return plane_from_map(crowd, frame).buffer(max(height_agl_m, CROWD_DISTANCE_M), quad_segs=4)


def blocked_returns(plan: SurveyPlan) -> tuple[str, ...]:
    """Names of legs from which the autopilot's own straight way home would leave the airspace or cross a no-fly area.

    The straight ways home from all points of a leg fill the triangle of the leg and home.
    """
    airspace = plan.airspace_m.buffer(ROUNDING_M)
    no_fly = shapely.union_all([polygon.buffer(-ROUNDING_M) for polygon in plan.no_fly_m])
    names = []
    for leg in plan.legs():
        ways = MultiPoint([leg.start_m, leg.end_m, (0.0, 0.0)]).convex_hull
        if not airspace.covers(ways) or no_fly.intersects(ways):
            names.append(leg.name)
    return tuple(names)
