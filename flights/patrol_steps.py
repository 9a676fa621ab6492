"""Steps of the patrol machine that any state may take: hold, hop, go on, land, come home. Pure."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from flights.patrol_states import Held, Machine, Order, PatrolState, Step, Target
from flights.plan_checks import MIN_HEIGHT_AGL_M

if TYPE_CHECKING:
    from flights.flight_monitors import Route
    from flights.patrol_states import Seen
    from flights.plane import Point

ARRIVED_M = 3.0


def enter(
    machine: Machine, seen: Seen, state: PatrolState, *, modes: tuple[str, ...] = (), reason: str = ""
) -> Machine:
    """The machine in another state, entered now; what was watched of progress starts anew."""
    mode = seen.vehicle.mode
    asked = frozenset() if machine.settled else machine.modes  # may show yet, though another is asked for by now
    return Machine(
        state=state,
        since_s=seen.at_s,
        ordered_s=seen.at_s,
        reason=reason or machine.reason,
        modes=frozenset(modes),
        left=asked | ({mode} if mode else set()),
        watch=replace(machine.watch, moved_from_m=None, strip_seq=None),
    )


def refuse(machine: Machine, why: str) -> Step:
    """Nothing changes, and why."""
    return Step(machine=machine, refusal=why)


def place_of(seen: Seen, route: Route) -> Point:
    """Where the aircraft is on the plane of the plan; home when it is not known."""
    return (0.0, 0.0) if seen.vehicle.position is None else route.point(seen.vehicle.position)


def hold(machine: Machine, seen: Seen, reason: str, *, waiting: bool = False) -> Step:
    """Stay here; where it left the plan is kept when it is held already."""
    position = seen.vehicle.position
    if position is None:
        return land(machine, seen, "position unknown")
    left_at = machine.held.left_at if machine.held else position
    held = replace(
        enter(machine, seen, PatrolState.HELD, modes=("GUIDED",), reason=reason),
        held=Held(left_at=left_at, waiting=waiting, clear_since_s=seen.at_s),
    )
    return Step(machine=held, order=Order.HOLD, note=reason)


def hop(machine: Machine) -> Step:
    """Fly to the next corner of the way."""
    target = Target(point_m=machine.way[0], height_m=machine.height_m)
    return Step(machine=machine, order=Order.GO_TO, target=target)


def resume(machine: Machine, seen: Seen, route: Route) -> Step:
    """Back to where the plan was left, then on with it."""
    if machine.held is None:
        return refuse(machine, "not paused")
    left_m, here = route.point(machine.held.left_at), place_of(seen, route)
    if math.dist(here, left_m) <= ARRIVED_M:
        going = enter(replace(machine, reason=""), seen, PatrolState.ON_MISSION, modes=("AUTO",))
        return Step(machine=going, order=Order.RESUME)
    way = route.way(here, left_m)
    if not way:
        return refuse(machine, "no way inside the fence leads back to where the plan was left")
    height_m = machine.held.left_at.height_home_m
    back = replace(machine, way=way, height_m=height_m, since_s=seen.at_s, held=replace(machine.held, resuming=True))
    return hop(back)


def land(machine: Machine, seen: Seen, reason: str) -> Step:
    """Down where it is."""
    landing = enter(machine, seen, PatrolState.RETURNING, modes=("LAND",), reason=reason)
    return Step(machine=landing, order=Order.LAND, note=reason)


def go_home(machine: Machine, seen: Seen, route: Route, reason: str, *, straight: bool = False) -> Step:
    """By RTL where the straight way home is clear, else from corner to corner until it is."""
    if seen.vehicle.position is None:
        return land(machine, seen, reason)
    way = route.way(place_of(seen, route), (0.0, 0.0))
    if straight or len(way) < 2:
        home = enter(machine, seen, PatrolState.RETURNING, modes=("RTL",), reason=reason)
        return Step(machine=home, order=Order.RETURN, note=reason)
    home = enter(machine, seen, PatrolState.RETURNING, modes=("GUIDED",), reason=reason)
    height_m = max(MIN_HEIGHT_AGL_M, seen.vehicle.position.height_home_m)
    return replace(hop(replace(home, way=way, height_m=height_m)), note=reason)
