"""Planning a survey: which way to lay the strips, in which order to fly them, how to get there and home.

Strips run along the direction, among the zone's edges and every 15 degrees, that takes the least time with its turns.
Source: direction search over edges, Huang (2001), "Optimal line-sweep-based decompositions for coverage algorithms".
"""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np
import shapely

from flights.cells import cells_of, entries_of
from flights.composition import compose_plan, route_of
from flights.coverage import ground_seen
from flights.errors import PlanRefused
from flights.gaps import gap_passes
from flights.plan_checks import validated
from flights.tour import best_tour

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shapely.geometry.base import BaseGeometry

    from flights.cells import Cell
    from flights.coverage import Pass
    from flights.survey_plan import SurveyPlan
    from flights.survey_request import SurveyRequest

ANGLE_STEP_DEG = 15
MISSED_PENALTY = 3.0  # ground left out costs as much as flying it three times
LEAST_SEARCHES, MOST_CELLS = 3, 26  # directions that are routed exactly, after ranking: as many as cells allow
REFINED = 6  # of them, improved strip by strip
MOST_REFINED = 60  # strips


def plan_survey(request: SurveyRequest) -> SurveyPlan:
    """Plan one flight that shows all of a zone to the camera.

    Raises:
        PlanRefused: nothing can be reached, or a leg may not be flown; names the leg and the remedy.
    """
    return validated(draft_survey(request), request)


def draft_survey(request: SurveyRequest) -> SurveyPlan:
    """The fastest plan found for all of a zone, not yet validated: it may need more than one battery.

    Raises:
        PlanRefused: no part of the zone can be reached.
    """
    target = request.zone_m.intersection(request.transit.allowed)
    ranked = _ranked(request, target)
    if not ranked:
        raise PlanRefused(
            leg="all strips",
            fault="no part of the zone can be reached from home",
            remedy="Check that zone, airspace and home lie together, and that no-fly areas leave a way.",
        )
    cells_so_far = accumulate(len(cells) for _, cells in ranked)
    tight = [one for i, (one, total) in enumerate(zip(ranked, cells_so_far, strict=True))
             if i < LEAST_SEARCHES or total <= MOST_CELLS]  # fmt: skip
    loose = [(angle, _cells(request, angle, tight=False)) for angle, _ in tight]
    toured = [(angle, _tour(request, cells, target)) for angle, cells in (*tight, *loose)]
    toured.sort(key=lambda one: _time_s(request, one[1], target))
    toured += [(angle, _refined(request, passes)) for angle, passes in toured[:REFINED]]
    angle, passes = min(toured, key=lambda one: _time_s(request, one[1], target))
    return compose_plan(request, passes, strip_angle_deg=angle)


def _ranked(request: SurveyRequest, target: BaseGeometry) -> list[tuple[float, tuple[Cell, ...]]]:
    """Directions and their cells, the fastest first as far as strips, turns and unseen ground tell."""
    ranked = []
    for angle in _angles(request.zone_m):
        cells = _cells(request, angle, tight=True)
        if cells:
            ranked.append((_rough_time_s(request, cells, target), angle, cells))
    return [(angle, cells) for _, angle, cells in sorted(ranked, key=lambda one: one[0])]


def _cells(request: SurveyRequest, angle_deg: float, *, tight: bool) -> tuple[Cell, ...]:
    layout = replace(request.layout, tight=tight)
    return cells_of(request.zone_m, request.transit.allowed, layout, angle_deg=angle_deg)


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


def _rough_time_s(request: SurveyRequest, cells: tuple[Cell, ...], target: BaseGeometry) -> float:
    """Strips, a half turn and a step aside for each, and the way to another cell."""
    passes = [one for cell in cells for lane in cell for one in lane.ways[0]]
    aside_m = request.layout.spacing_m * len(passes)
    apart_m = math.sqrt(target.area) / 6 * len(cells)
    turns_s = len(passes) * request.airframe.half_turn_s
    flown_m = sum(one.length_m for one in passes)
    return (flown_m + aside_m + apart_m) / request.speed_m_s + turns_s + _penalty_s(request, passes, target)


def _tour(request: SurveyRequest, cells: tuple[Cell, ...], target: BaseGeometry) -> tuple[Pass, ...]:
    """All passes at one direction, the gaps they leave closed, in a good order."""
    ways = [entries_of(cell) for cell in cells]
    flown = [one for cell in ways for one in cell[0]]
    down = request.footprint.centre_m == 0  # an oblique lens sees a gap from one side only
    closing = gap_passes(flown, target, request.transit.allowed, request.layout)
    ways += [[(one,), (one.reversed(),)] if down else [(one,)] for one in closing]
    return best_tour(ways, request.transit, request.airframe, request.speed_m_s)


def _refined(request: SurveyRequest, passes: tuple[Pass, ...]) -> tuple[Pass, ...]:
    """The same passes with single strips moved and turned, where the lens sees the same from both directions."""
    if request.footprint.centre_m != 0 or len(passes) > MOST_REFINED:
        return passes
    single = [[(one,), (one.reversed(),)] for one in passes]
    return best_tour(single, request.transit, request.airframe, request.speed_m_s, start=range(len(passes)))


def _time_s(request: SurveyRequest, passes: tuple[Pass, ...], target: BaseGeometry) -> float:
    route = [point for _, point in route_of(passes, request.transit)]
    return request.airframe.route_time_s(route, request.speed_m_s) + _penalty_s(request, passes, target)


def _penalty_s(request: SurveyRequest, passes: Sequence[Pass], target: BaseGeometry) -> float:
    """What ground that passes leave unseen would cost to fly over, several times."""
    seen = ground_seen(passes, request.footprint, front_overlap=request.front_overlap)
    missed_m2 = float(target.difference(seen).area)
    return MISSED_PENALTY * missed_m2 / request.layout.spacing_m / request.speed_m_s
