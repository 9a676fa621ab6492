"""Planning a survey: which way to lay the strips, in which order to fly them, how to get there and home.

Strips run along the direction, among the zone's edges and every 15 degrees, that takes the least time with its turns.
Source: direction search over edges, Huang (2001), "Optimal line-sweep-based decompositions for coverage algorithms".
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import shapely

from flights.airframe import Airframe
from flights.cells import cells_of, entries_of
from flights.composition import compose_plan, route_of
from flights.coverage import ground_seen
from flights.errors import PlanRefused
from flights.gaps import gap_passes
from flights.plan_checks import validate_plan
from flights.survey_request import SurveyRequest
from flights.tour import best_tour

if TYPE_CHECKING:
    from shapely.geometry import MultiPolygon, Polygon
    from shapely.geometry.base import BaseGeometry

    from flights.cells import Cell
    from flights.coverage import Pass
    from flights.plan_checks import Obstacle, Terrain
    from flights.survey_plan import SurveyPlan
    from geofences.camera import Camera
    from geofences.position import Geodetic

ANGLE_STEP_DEG = 15
MISSED_PENALTY = 5.0  # ground left out costs as much as flying it five times
FULL_SEARCHES = 4  # directions that are routed exactly, after ranking all by their strips


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
    obstacles: tuple[Obstacle, ...] = (),
    crowds: tuple[Polygon, ...] = (),
) -> SurveyPlan:
    """Plan one flight that shows all of a zone to the camera; the arguments are those of `SurveyRequest`.

    Raises:
        PlanRefused: nothing can be reached, or a leg may not be flown; names the leg and the remedy.
    """
    request = SurveyRequest(
        zone_id=zone_id, outline=outline, home=home, height_agl_m=height_agl_m, camera=camera, no_fly=no_fly,
        crowds=crowds, airspace=airspace, gimbal_pitch_deg=gimbal_pitch_deg, front_overlap=front_overlap,
        side_overlap=side_overlap, speed_m_s=speed_m_s, border_inset_m=border_inset_m,
        airframe=airframe or Airframe(), terrain=terrain, obstacles=obstacles,
    )  # fmt: skip
    plan = draft_survey(request)
    validate_plan(plan, airframe=request.airframe, terrain=terrain, obstacles=obstacles)
    return plan


def draft_survey(request: SurveyRequest) -> SurveyPlan:
    """The fastest plan found for all of a zone, not yet validated: it may need more than one battery.

    Raises:
        PlanRefused: no part of the zone can be reached.
    """
    target = request.zone_m.intersection(request.transit.allowed)
    tried = [(angle, cells_of(request.zone_m, request.transit.allowed, request.layout, angle_deg=angle))
             for angle in _angles(request.zone_m)]  # fmt: skip
    ranked = sorted((one for one in tried if one[1]), key=lambda one: _rough_time_s(request, one[1]))
    found = []
    for angle, cells in ranked[:FULL_SEARCHES]:
        passes = _tour(request, cells, target)
        route = [point for _, point in route_of(passes, request.transit)]
        missed_m = _missed_m2(request, passes, target) / request.layout.spacing_m
        seconds = request.airframe.route_time_s(route, request.speed_m_s)
        found.append((seconds + MISSED_PENALTY * missed_m / request.speed_m_s, angle, passes))
    if not found:
        raise PlanRefused(
            leg="all strips",
            fault="no part of the zone can be reached from home",
            remedy="Check that zone, airspace and home lie together, and that no-fly areas leave a way.",
        )
    _, angle, passes = min(found, key=lambda one: one[0])
    return compose_plan(request, passes, strip_angle_deg=angle)


def _angles(zone: BaseGeometry) -> list[float]:
    """Candidate strip directions: the longer edges of the zone's outline and every 15 degrees, in 0..180."""
    edges: list[tuple[float, float]] = []
    for part in shapely.get_parts(zone):
        for ring in (part.exterior, *part.interiors) if part.geom_type == "Polygon" else ():
            for dx, dy in np.diff(np.asarray(ring.coords), axis=0).tolist():
                edges.append((math.hypot(dx, dy), math.degrees(math.atan2(dy, dx)) % 180))
    longest = [angle for _, angle in sorted(edges, reverse=True)[:12]]
    kept: list[float] = []
    for angle in [*longest, *range(0, 180, ANGLE_STEP_DEG)]:
        if all(abs((angle - other + 90) % 180 - 90) > 2 for other in kept):
            kept.append(float(angle))
    return kept


def _rough_time_s(request: SurveyRequest, cells: tuple[Cell, ...]) -> float:
    """Strips, a half turn and a step aside for each, and the way to another cell."""
    lanes = [lane for cell in cells for lane in cell]
    flown_m = sum(one.length_m for lane in lanes for one in lane.ways[0])
    aside_m = request.layout.spacing_m * len(lanes)
    apart_m = math.sqrt(request.zone_m.area) / 3 * len(cells)
    turns = sum(len(lane.ways[0]) for lane in lanes) + len(cells)
    return (flown_m + aside_m + apart_m) / request.speed_m_s + turns * request.airframe.half_turn_s


def _tour(request: SurveyRequest, cells: tuple[Cell, ...], target: BaseGeometry) -> tuple[Pass, ...]:
    """All passes at one direction, the gaps they leave closed, in a good order."""
    ways = [entries_of(cell) for cell in cells]
    flown = [one for cell in ways for one in cell[0]]
    down = request.footprint.centre_m == 0  # an oblique lens sees a gap from one side only
    closing = gap_passes(flown, target, request.transit.allowed, request.layout)
    ways += [[(one,), (one.reversed(),)] if down else [(one,)] for one in closing]
    return best_tour(ways, request.transit, request.airframe, request.speed_m_s)


def _missed_m2(request: SurveyRequest, passes: tuple[Pass, ...], target: BaseGeometry) -> float:
    seen = ground_seen(passes, request.footprint, front_overlap=request.front_overlap)
    return float(target.difference(seen).area)
