"""The desk where pilots from afar take command: one lease, one holder, every request admitted or refused. Pure.

A pilot commands only while the lease is theirs and has not run out. Once anybody else has taken the aircraft, nothing
is admitted but giving the lease back. An aircraft held off its plan with nobody in command comes home.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from shapely.geometry import LineString
from shapely.geometry import Point as ShapelyPoint

from flights.patrol_states import GROUND, PatrolState
from flights.pilot_request import Action, Answer, PilotRequest, Refusal
from flights.plan_checks import MAX_HEIGHT_AGL_M, MIN_HEIGHT_AGL_M
from flights.plane import plane_from_map

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flights.flight_monitors import Route
    from flights.plane import Point
    from flights.samples import PositionSample

LEASE_S = 30.0  # a page renews it every 10 s: two renewals may be lost on the way
UNHELD_S = 20.0  # off its plan with nobody in command for so long, it comes home
STALE_S = 5.0  # an older request was meant for another moment
CLOCK_SLACK_S = 1.0
MARGIN_M = 3.0  # of a leg to the fence and to no-fly areas: twice the monitors' own
AIR = frozenset({PatrolState.TAKEOFF, PatrolState.ON_MISSION, PatrolState.HELD, PatrolState.RETURNING})
ON_PLAN_OR_HELD = frozenset({PatrolState.ON_MISSION, PatrolState.HELD})
ADMITTED_IN = {
    Action.PAUSE: ON_PLAN_OR_HELD,
    Action.GO_TO: ON_PLAN_OR_HELD,
    Action.LOOK_AT: ON_PLAN_OR_HELD,
    Action.RESUME: frozenset({PatrolState.HELD}),
    Action.RETURN: (GROUND | AIR) - {PatrolState.RETURNING},
    Action.LAND: AIR,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """Who may do what. There are no accounts yet: a name is what its bearer says.

    Attributes:
        pilots: may take command.
        supervisors: may take it from them.
        ceiling_m: the approval's, above home.
    """

    pilots: frozenset[str]
    supervisors: frozenset[str] = frozenset()
    ceiling_m: float = MAX_HEIGHT_AGL_M


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """One pilot's command of the flight.

    Attributes:
        pilot: who.
        key: shown with every request.
        until_s: from then on it is nobody's, UTC seconds.
        offered_to: this pilot may take it over at once.
    """

    pilot: str
    key: str
    until_s: float
    offered_to: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The desk's memory.

    Attributes:
        lease: the latest; it may have run out.
        free_since_s: when it was given back or taken away.
        barred: pilots from whom it was taken.
        answers: by command id.
    """

    lease: Lease | None = None
    free_since_s: float = -math.inf
    barred: frozenset[str] = frozenset()
    answers: Mapping[str, Answer] = field(default_factory=dict)

    def holder(self, at_s: float) -> Lease | None:
        """The lease in force."""
        return self.lease if self.lease is not None and at_s < self.lease.until_s else None

    def answered(self, answer: Answer) -> Desk:
        """With one more answer."""
        return replace(self, answers={**self.answers, answer.command_id: answer})


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """The flight at the moment of a request.

    Attributes:
        state: of the patrol.
        reason: why it left its plan.
        position: newest.
        route: what is flown.
        crew: who may command.
        held_since_s: since when a pilot keeps it off its plan, UTC seconds; None when none does.
    """

    state: PatrolState
    reason: str
    position: PositionSample | None
    route: Route
    crew: Crew
    held_since_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What the desk says to a request.

    Attributes:
        desk: the new memory.
        answer: at once; None when the machine has to act first.
        admitted: for the machine.
    """

    desk: Desk
    answer: Answer | None = None
    admitted: PilotRequest | None = None


class _Refused(Exception):
    def __init__(self, why: Refusal, detail: str = "") -> None:
        self.why, self.detail = why, detail
        super().__init__(why)


def receive(desk: Desk, request: PilotRequest, scene: Scene, *, at_s: float) -> Ruling:
    """Rule on one request.

    Args:
        desk: the memory.
        request: as taken in.
        scene: the flight now.
        at_s: UTC seconds.
    """
    earlier = desk.answers.get(request.command_id)
    if earlier is not None:
        return Ruling(desk=desk, answer=earlier.again(request))
    try:
        desk, acts = _rule(desk, request, scene, at_s)
    except _Refused as refused:
        answer = Answer.to_request(request, at_s, refused.why, refused.detail)
        return Ruling(desk=desk.answered(answer), answer=answer)
    if acts:
        return Ruling(desk=desk, admitted=request)
    answer = Answer.to_request(request, at_s)
    return Ruling(desk=desk.answered(answer), answer=answer)


def unheld(desk: Desk, scene: Scene, *, at_s: float) -> PilotRequest | None:
    """The way home for an aircraft that is held off its plan while nobody commands it."""
    free_since_s = desk.lease.until_s if desk.lease else desk.free_since_s
    if scene.held_since_s is None or at_s < max(free_since_s, scene.held_since_s) + UNHELD_S:
        return None
    return PilotRequest(command_id=f"unheld-{at_s:.0f}", action=Action.RETURN, pilot="nobody in command", sent_s=at_s)


def _rule(desk: Desk, request: PilotRequest, scene: Scene, at_s: float) -> tuple[Desk, bool]:
    """The new memory, and whether the machine has to act."""
    _refuse_moment(request, scene, at_s)
    lease = desk.holder(at_s)
    if request.action is Action.REVOKE:
        if request.pilot not in scene.crew.supervisors:
            raise _Refused(Refusal.NOT_A_SUPERVISOR, request.pilot)
        barred = desk.barred | ({lease.pilot} if lease else set())
        return replace(desk, lease=None, free_since_s=at_s, barred=barred), False
    if request.action is Action.ACQUIRE:
        return _acquire(desk, lease, request, scene.crew, at_s), False
    if lease is None:
        raise _Refused(Refusal.NO_LEASE)
    if (lease.pilot, lease.key) != (request.pilot, request.key):
        raise _Refused(Refusal.HELD_BY_ANOTHER, lease.pilot)
    if request.action is Action.RENEW:
        return replace(desk, lease=replace(lease, until_s=at_s + LEASE_S)), False
    if request.action is Action.RELEASE:
        return replace(desk, lease=None, free_since_s=at_s), False
    if request.action is Action.HAND_OVER:
        _refuse_stranger(request.to, desk, scene.crew)
        return replace(desk, lease=replace(lease, offered_to=request.to)), False
    _refuse_act(request, scene)
    return desk, True


def _refuse_moment(request: PilotRequest, scene: Scene, at_s: float) -> None:
    age_s = at_s - request.sent_s
    if not -CLOCK_SLACK_S <= age_s <= STALE_S:
        raise _Refused(Refusal.STALE, f"{age_s:.0f} s > {STALE_S:.0f} s")
    if scene.state is PatrolState.CONTROL_LOST and request.action is not Action.RELEASE:
        raise _Refused(Refusal.CONTROL_LOST, scene.reason)


def _acquire(desk: Desk, lease: Lease | None, request: PilotRequest, crew: Crew, at_s: float) -> Desk:
    _refuse_stranger(request.pilot, desk, crew)
    own = lease is not None and (lease.pilot, lease.key) == (request.pilot, request.key)
    if lease is not None and not own and request.pilot != lease.offered_to:
        raise _Refused(Refusal.HELD_BY_ANOTHER, lease.pilot)
    if not request.key:
        raise _Refused(Refusal.BAD_REQUEST, "key")
    return replace(desk, lease=Lease(pilot=request.pilot, key=request.key, until_s=at_s + LEASE_S))


def _refuse_stranger(pilot: str, desk: Desk, crew: Crew) -> None:
    if pilot not in crew.pilots or pilot in desk.barred:
        raise _Refused(Refusal.NOT_A_PILOT, pilot)


def _refuse_act(request: PilotRequest, scene: Scene) -> None:
    if scene.state not in ADMITTED_IN[request.action]:
        raise _Refused(Refusal.STATE_FORBIDS, scene.state.value)
    if request.action is not Action.GO_TO:
        return
    if scene.position is None:
        raise _Refused(Refusal.NO_POSITION)
    height_m = scene.position.height_home_m if request.height_home_m is None else request.height_home_m
    lowest_m, highest_m = MIN_HEIGHT_AGL_M, min(MAX_HEIGHT_AGL_M, scene.crew.ceiling_m)
    if height_m > highest_m:
        raise _Refused(Refusal.TOO_HIGH, f"{height_m:.0f} m > {highest_m:.0f} m")
    if height_m < lowest_m:
        raise _Refused(Refusal.TOO_LOW, f"{height_m:.0f} m < {lowest_m:.0f} m")
    _refuse_leg(scene.route, scene.route.point(scene.position), target_m(scene.route, request))


def target_m(route: Route, request: PilotRequest) -> Point:
    """The request's point, east, north metres of home."""
    at = plane_from_map(ShapelyPoint(request.lon_deg or 0.0, request.lat_deg or 0.0), route.plan.frame)
    return at.x, at.y


def _refuse_leg(route: Route, here: Point, goal: Point) -> None:
    """Every leg keeps its margin, but for what lies about the place where the aircraft is already."""
    way = LineString([here, goal]) if here != goal else ShapelyPoint(here)
    about_here = ShapelyPoint(here).buffer(2 * MARGIN_M)
    airspace = route.plan.airspace_m
    if not airspace.covers(way) or not airspace.buffer(-MARGIN_M).union(about_here).covers(way):
        outside_m = way.difference(airspace.buffer(-MARGIN_M)).length
        raise _Refused(Refusal.OUTSIDE_FENCE, f"{outside_m:.0f} m")
    for area in route.plan.no_fly_m:
        inside = way.difference(about_here).intersection(area.buffer(MARGIN_M))
        if way.intersects(area) or not inside.is_empty:
            raise _Refused(Refusal.CROSSES_NO_FLY, f"{inside.length:.0f} m")
