"""Sorties: a survey that needs more than one battery, flown in turns, and one that was cut off, taken up again.

Each sortie begins a little before the last one ended, so that no ground is left out between them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from flights.composition import compose_plan, energy_wh, route_of
from flights.coverage import Pass
from flights.errors import PlanRefused
from flights.plan_checks import validated
from flights.plane import plane_point
from flights.survey import draft_survey
from flights.survey_plan import WaypointKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flights.cut_off import CutOff
    from flights.plane import Point
    from flights.survey_plan import Leg, SurveyPlan
    from flights.survey_request import SurveyRequest

BACKED_UP_M = 10.0  # flown again when a strip is taken up; at least one picture
MOST_SORTIES = 50
ROUNDED = 0.9999  # a plan is judged by its places on Earth, which are not to the last digit those of the plane
SHORTEST_PIECE_M = 20.0  # no battery is changed for less of a strip


@dataclass(frozen=True, slots=True, kw_only=True)
class Wind:
    """The wind that the way home may have to be flown against.

    Attributes:
        speed_m_s: mean, at flying height.
        from_deg: where it comes from, clockwise from north.
    """

    speed_m_s: float = 0.0
    from_deg: float = 0.0

    def against_m_s(self, start: Point, end: Point) -> float:
        """Head wind on the straight way between two points; negative from behind."""
        bearing = math.atan2(end[0] - start[0], end[1] - start[1])
        return self.speed_m_s * math.cos(math.radians(self.from_deg) - bearing)


CALM = Wind()


def plan_sorties(request: SurveyRequest, *, wind: Wind = CALM) -> tuple[SurveyPlan, ...]:
    """Plan a zone in as few flights as its batteries allow, every one validated.

    Raises:
        PlanRefused: a leg may not be flown, or a strip cannot be reached on one battery.
    """
    whole = draft_survey(request)
    return _split(request, passes_of(whole), wind, whole.strip_angle_deg)


def resume(
    request: SurveyRequest, plans: Sequence[SurveyPlan], cut: CutOff, *, wind: Wind = CALM
) -> tuple[SurveyPlan, ...]:
    """Plan what a flight left to do, from a little before it stopped.

    Args:
        request: what the plans were made of.
        plans: the one that was flown, and those that were to follow it.
        cut: how far it came.
        wind: for the way home.

    Raises:
        PlanRefused: nothing is left, or as in `plan_sorties`.
    """
    flown, *following = plans
    legs = flown.legs()[cut.passed - 1 :]
    left = _passes(legs)
    if left and cut.stopped is not None and legs[0].end.kind in _ENDS:
        left[0] = _rest(left[0], _along_m(left[0], plane_point(cut.stopped, request.frame)), request)
    left += [one for plan in following for one in passes_of(plan)]
    if not left:
        raise PlanRefused(leg="all strips", fault="none is left, all were flown", remedy="Fly the zone again.")
    return _split(request, left, wind, flown.strip_angle_deg, before=passes_of(flown))


_ENDS = frozenset({WaypointKind.BEND, WaypointKind.STRIP_END})


def passes_of(plan: SurveyPlan) -> tuple[Pass, ...]:
    """The runs with the camera on that a plan flies, in order."""
    return tuple(_passes(plan.legs()))


def _passes(legs: Sequence[Leg]) -> list[Pass]:
    return [Pass(start_m=leg.start_m, end_m=leg.end_m) for leg in legs if leg.end.kind in _ENDS]


def _split(
    request: SurveyRequest, passes: Sequence[Pass], wind: Wind, strip_angle_deg: float, before: Sequence[Pass] = ()
) -> tuple[SurveyPlan, ...]:
    plans = []
    every = (*before, *passes)
    left = list(passes)
    while left:
        flown, left = _one_battery(request, left, wind)
        plans.append(validated(compose_plan(request, flown, strip_angle_deg=strip_angle_deg, every=every), request))
        if len(plans) > MOST_SORTIES:
            raise PlanRefused(
                leg="the whole flight",
                fault=f"it takes more than {MOST_SORTIES} batteries",
                remedy="Move the take-off point nearer, fly higher, or split the zone.",
            )
    return tuple(plans)


def _one_battery(request: SurveyRequest, passes: list[Pass], wind: Wind) -> tuple[list[Pass], list[Pass]]:
    """The passes that one battery flies, and those it leaves; the last one may be cut."""
    usable_wh = (request.airframe.battery_wh - request.airframe.reserve_wh) * ROUNDED
    low, high = 0, len(passes)
    while low < high:
        middle = (low + high + 1) // 2
        fits = _sortie_wh(request, passes[:middle], wind) <= usable_wh
        low, high = (middle, high) if fits else (low, middle - 1)
    if low == len(passes):
        return passes, []
    whole, cut = passes[:low], passes[low]
    shares = [i / 16 for i in range(15, 0, -1) if cut.length_m * i / 16 >= SHORTEST_PIECE_M]
    for share in shares:
        part = Pass(start_m=cut.start_m, end_m=_at(cut, share * cut.length_m))
        if _sortie_wh(request, [*whole, part], wind) <= usable_wh:
            return [*whole, part], [_rest(cut, part.length_m, request), *passes[low + 1 :]]
    if not whole:
        needed_wh = _sortie_wh(request, [cut], wind)
        raise PlanRefused(
            leg="the whole flight",
            fault=f"its next strip alone needs {needed_wh:.0f} Wh, the battery gives {usable_wh:.0f} above its reserve",
            remedy="Move the take-off point nearer, or take a larger battery.",
        )
    return whole, passes[low:]


def _sortie_wh(request: SurveyRequest, passes: Sequence[Pass], wind: Wind) -> float:
    """Energy of a sortie whose way home is flown against the wind."""
    if not passes:
        return 0.0
    airframe = request.airframe
    calm_wh = energy_wh(request, route_of(passes, request.transit))
    legs = list(pairwise(request.transit.route(passes[-1].end_m, (0.0, 0.0))))
    against_m_s = max(wind.against_m_s(start, end) for start, end in legs)
    length_m = sum(math.dist(start, end) for start, end in legs)
    windy_wh = airframe.return_wh(distance_m=length_m, height_m=0.0, headwind_m_s=against_m_s)
    return calm_wh + max(0.0, windy_wh - length_m / request.speed_m_s * airframe.cruise_power_w / 3600)


def _rest(cut: Pass, done_m: float, request: SurveyRequest) -> Pass:
    """A pass from a little before where it was left."""
    back_m = max(BACKED_UP_M, request.trigger_m)
    return Pass(start_m=_at(cut, max(0.0, min(done_m - back_m, cut.length_m - back_m))), end_m=cut.end_m)


def _at(one: Pass, along_m: float) -> Point:
    share = along_m / max(one.length_m, 1e-9)
    (x0, y0), (x1, y1) = one.start_m, one.end_m
    return (x0 + share * (x1 - x0), y0 + share * (y1 - y0))


def _along_m(one: Pass, point: Point) -> float:
    (x0, y0), (x1, y1) = one.start_m, one.end_m
    dot = (point[0] - x0) * (x1 - x0) + (point[1] - y0) * (y1 - y0)
    return min(one.length_m, max(0.0, dot / max(one.length_m, 1e-9)))
