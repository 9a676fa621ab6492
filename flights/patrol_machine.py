"""The patrol as an explicit state machine: telemetry in, at most one order out. Pure; time comes in.

Rules it keeps: a flight starts once and is never tried again; every state ends, by itself or by its timeout; when
anybody else changes the mode (a pilot, a failsafe) or the link is silent, nothing is ordered any more; no order leads
outside the fence. An aircraft found in the air is attached to when it flies this plan, and only watched when not.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from flights.flight_monitors import (
    POLICY,
    Action,
    Event,
    confirm,
    events,
    highest_m,
    watch_captures,
    watch_progress,
)  # fmt: skip
from flights.patrol_states import GROUND, OVER, TIMEOUT_S, Held, Machine, Order, PatrolState, Step, Target
from flights.patrol_steps import ARRIVED_M, enter, go_home, hold, hop, land, place_of, refuse, resume
from flights.plan_checks import MIN_HEIGHT_AGL_M

if TYPE_CHECKING:
    from flights.flight_monitors import Alarm, PatrolLimits, Route, Watch
    from flights.patrol_states import Seen

ARRIVED_SHARE = 0.95
ARMABLE_WAIT_S = 60.0  # after its start an autopilot aligns; longer than this, the checklist names what is wrong
LANDED_BELOW_M = 5.0  # disarmed higher than this above home is no landing
CLIMBING_M = 1.0
TAKEOFF_DOUBT_S = 5.0  # a take-off whose answer was lost is refused when it is repeated: look whether it climbs
CLEAR_S = 5.0  # a monitor's pause ends when nothing was wrong for so long
MOST_TRIES = 3
PAUSING = frozenset(event for event, action in POLICY.items() if action is Action.PAUSE)


def advance(machine: Machine, seen: Seen, *, route: Route, limits: PatrolLimits) -> Step:
    """Look once and decide.

    Args:
        machine: the memory of the step before.
        seen: telemetry now, how the last order went, and what a pilot wishes.
        route: what is flown.
        limits: our own limits.
    """
    if machine.state in OVER:
        return Step(machine=machine, refusal="the flight is over" if seen.wish else "")
    machine = _settle(machine, seen)
    taken_over = _taken_over(machine, seen, limits)
    if taken_over:
        return _stop_commanding(machine, seen, taken_over)
    if seen.at_s - machine.since_s > _timeout_s(machine, route, limits):
        return _time_out(machine, seen, route)
    if machine.state in GROUND:
        return _on_ground(machine, seen)
    if machine.state is PatrolState.ATTACHING:
        return _attaching(machine, seen, route)
    return _in_air(machine, seen, route, limits)


def _settle(machine: Machine, seen: Seen) -> Machine:
    if seen.outcome is not None:
        machine = replace(machine, ordered_s=seen.at_s)
    if not machine.settled and machine.modes and seen.vehicle.mode in machine.modes:
        return replace(machine, settled=True)
    return machine


def _taken_over(machine: Machine, seen: Seen, limits: PatrolLimits) -> str:
    """Why we may not command any more, or empty."""
    vehicle = seen.vehicle
    if machine.state is not PatrolState.IDLE and vehicle.link_age_s > limits.link_lost_s:
        return f"link silent for {vehicle.link_age_s:.1f} s"
    landed = machine.state is PatrolState.RETURNING and not vehicle.armed  # the mode does not matter any more
    if not machine.modes or vehicle.mode in machine.modes or landed:
        return ""
    graced = not machine.settled and seen.at_s - machine.ordered_s <= limits.mode_grace_s
    if graced and vehicle.mode in machine.left:
        return ""
    if seen.outcome is not None and not seen.outcome.ok and vehicle.mode in machine.left:
        return ""
    return f"mode changed to {vehicle.mode} by someone else"


def _stop_commanding(machine: Machine, seen: Seen, reason: str) -> Step:
    state = PatrolState.CONTROL_LOST if machine.state not in GROUND or seen.vehicle.armed else PatrolState.ABORTED
    refusal = reason if seen.wish else ""
    return Step(machine=enter(machine, seen, state, reason=reason), note=reason, refusal=refusal)


def _timeout_s(machine: Machine, route: Route, limits: PatrolLimits) -> float:
    if machine.held is not None and machine.held.waiting:
        return limits.pause_s
    planned = {
        PatrolState.TAKEOFF: route.plan.height_home_m,  # at 1 m/s, slower than any
        PatrolState.ON_MISSION: 1.5 * route.plan.duration_s,
        PatrolState.RETURNING: 0.5 * route.plan.duration_s + 2 * route.top_m,
    }
    return TIMEOUT_S[machine.state] + planned.get(machine.state, 0.0)


def _time_out(machine: Machine, seen: Seen, route: Route) -> Step:
    waited = "waiting for telemetry" if machine.state is PatrolState.IDLE else machine.state.value
    reason = f"{waited} took longer than allowed"
    if machine.state is PatrolState.ATTACHING:
        return _stop_commanding(machine, seen, reason)
    if machine.state is PatrolState.DISARMING:
        return land(machine, seen, reason)
    if machine.state in GROUND:
        return _give_up(machine, seen, reason)
    if machine.state is PatrolState.RETURNING:
        return _stop_commanding(machine, seen, reason) if "LAND" in machine.modes else land(machine, seen, reason)
    return go_home(machine, seen, route, reason)


# --- on the ground --------------------------------------------------------------------------------------------------


def _on_ground(machine: Machine, seen: Seen) -> Step:  # noqa: PLR0911 - one return a way off the ground
    outcome, vehicle = seen.outcome, seen.vehicle
    if machine.state is PatrolState.DISARMING:
        if not vehicle.armed:
            return Step(machine=enter(machine, seen, PatrolState.ABORTED))
        refused = outcome is not None and not outcome.ok
        return land(machine, seen, f"disarm: {outcome.reason}") if outcome and refused else Step(machine=machine)
    if outcome is not None and not outcome.ok:
        return _give_up(machine, seen, f"{outcome.order.value}: {outcome.reason}")
    if seen.wish is not None and seen.wish.action in {"return", "land"}:
        return _give_up(machine, seen, "recalled before take-off")
    refusal = "on the ground" if seen.wish else ""
    if machine.state is PatrolState.IDLE and vehicle.armed and vehicle.position is not None:
        return Step(machine=enter(machine, seen, PatrolState.ATTACHING), order=Order.ATTACH, refusal=refusal)
    heard = None not in {vehicle.utc_s, vehicle.battery_share, vehicle.gps_fix} and vehicle.position is not None
    done = {
        PatrolState.IDLE: heard and (vehicle.armable or seen.at_s - machine.since_s > ARMABLE_WAIT_S),
        PatrolState.ARMING: machine.settled and vehicle.armed,
    }.get(machine.state, outcome is not None)
    if not done:
        return Step(machine=machine, refusal=refusal)
    state, order, modes = _AFTER[machine.state]
    return Step(machine=enter(machine, seen, state, modes=modes), order=order, refusal=refusal)


_AFTER = {
    PatrolState.IDLE: (PatrolState.UPLOADING, Order.UPLOAD, ()),
    PatrolState.UPLOADING: (PatrolState.PREFLIGHT, Order.CHECK, ()),
    PatrolState.PREFLIGHT: (PatrolState.ARMING, Order.ARM, ("GUIDED",)),
    PatrolState.ARMING: (PatrolState.TAKEOFF, Order.TAKE_OFF, ("GUIDED",)),
}


def _give_up(machine: Machine, seen: Seen, reason: str) -> Step:
    """Stay on the ground."""
    if seen.vehicle.armed:
        disarming = enter(machine, seen, PatrolState.DISARMING, reason=reason)
        return Step(machine=disarming, order=Order.DISARM, note=reason)
    return Step(machine=enter(machine, seen, PatrolState.ABORTED, reason=reason), note=reason)


# --- found in the air -----------------------------------------------------------------------------------------------


def _attaching(machine: Machine, seen: Seen, route: Route) -> Step:
    """After a restart: go on where the flight is, as its mode says."""
    vehicle, outcome = seen.vehicle, seen.outcome
    if outcome is None:
        return Step(machine=machine, refusal="attaching" if seen.wish else "")
    if not outcome.ok:
        return _stop_commanding(machine, seen, f"in the air, and not with this plan: {outcome.reason}")
    told, mode = f"attached to the flight in the air, mode {vehicle.mode}", vehicle.mode or "none"
    if mode == "AUTO" and (vehicle.mission_seq or 0) < route.return_seq:
        attached = enter(machine, seen, PatrolState.ON_MISSION, modes=("AUTO",))
    elif mode in {"AUTO", "RTL", "LAND"}:
        modes = ("AUTO", "RTL") if mode == "AUTO" else (mode,)
        attached = enter(machine, seen, PatrolState.RETURNING, modes=modes, reason=told)
    elif mode == "GUIDED" and vehicle.position is not None:
        held = enter(machine, seen, PatrolState.HELD, modes=("GUIDED",))
        attached = replace(held, held=Held(left_at=vehicle.position))
    else:
        return _stop_commanding(machine, seen, f"found in the air in mode {mode}: someone else flies")
    return Step(machine=attached, note=told)


# --- in the air -----------------------------------------------------------------------------------------------------


def _in_air(machine: Machine, seen: Seen, route: Route, limits: PatrolLimits) -> Step:
    if not seen.vehicle.armed:
        return _disarmed(machine, seen)
    watch, alarms, told = _watch(machine, seen, route, limits)
    machine = replace(machine, watch=watch)
    step = _respond(machine, seen, route, alarms)
    if step is not None:
        return replace(step, refusal=step.note if seen.wish else "")
    step = _obey(machine, seen, route, limits) or _HANDLERS[machine.state](machine, seen, route)
    return replace(step, note=step.note or told)


def _disarmed(machine: Machine, seen: Seen) -> Step:
    position = seen.vehicle.position
    height = 0.0 if position is None else position.height_home_m
    if machine.state is PatrolState.RETURNING and height <= LANDED_BELOW_M:
        return Step(machine=enter(machine, seen, PatrolState.LANDED))
    if machine.state is PatrolState.TAKEOFF and height < CLIMBING_M:
        return _give_up(machine, seen, "disarmed during take-off")
    return _stop_commanding(machine, seen, "disarmed in flight")


def _watch(machine: Machine, seen: Seen, route: Route, limits: PatrolLimits) -> tuple[Watch, list[Alarm], str]:
    watch, noticed, vehicle = machine.watch, list(events(route, limits, seen.vehicle)), seen.vehicle
    if machine.state is PatrolState.ON_MISSION and vehicle.position is not None:
        watch, stalled = watch_progress(watch, limits, route.point(vehicle.position), seen.at_s)
        watch, gap = watch_captures(
            watch, route, limits, seq=vehicle.mission_seq, at_s=seen.at_s, last_capture_s=seen.last_capture_s
        )
        noticed += [alarm for alarm in (stalled, gap) if alarm is not None]
    else:
        noticed = [alarm for alarm in noticed if alarm.event is not Event.OFF_TRACK]
    return confirm(watch, noticed, seen.at_s)


def _respond(machine: Machine, seen: Seen, route: Route, alarms: list[Alarm]) -> Step | None:
    """What the policy says to the worst event."""
    if not alarms:
        return None
    worst = max(alarms, key=lambda alarm: alarm.action)
    if worst.action is Action.LAND:
        return None if "LAND" in machine.modes else land(machine, seen, worst.text)
    if machine.state is PatrolState.RETURNING or worst.action is Action.WARN:
        return None
    if worst.action is Action.RETURN or machine.state is PatrolState.TAKEOFF:
        return go_home(machine, seen, route, worst.text)
    if machine.state is PatrolState.HELD:
        return None
    return hold(machine, seen, worst.text, waiting=True)


def _obey(machine: Machine, seen: Seen, route: Route, limits: PatrolLimits) -> Step | None:  # noqa: PLR0911 - a table
    """What a pilot asks from afar; None when nothing is asked."""
    wish, returning = seen.wish, machine.state is PatrolState.RETURNING
    if wish is None:
        return None
    if wish.action == "land":
        return None if "LAND" in machine.modes else land(machine, seen, f"landing asked for by {wish.pilot}")
    if wish.action == "return":
        home = returning and seen.vehicle.mode != "AUTO"
        return refuse(machine, "coming home") if home else go_home(machine, seen, route, f"recalled by {wish.pilot}")
    if returning or machine.state is PatrolState.TAKEOFF:
        return refuse(machine, machine.reason or machine.state.value)
    if wish.action == "resume":
        return resume(machine, seen, route)
    if wish.action == "pause":
        return hold(machine, seen, f"paused by {wish.pilot}")
    if wish.lat_deg is None or wish.lon_deg is None or seen.vehicle.position is None:
        return refuse(machine, f"{wish.action}: place or position unknown")
    place, height = route.place(wish.lat_deg, wish.lon_deg), wish.height_home_m
    if wish.action == "look_at":
        return replace(hold(machine, seen, ""), order=Order.LOOK_AT, target=Target(point_m=place, height_m=height or 0))
    return _send_to(machine, seen, route, limits, Target(point_m=place, height_m=_height_m(seen, height)))


def _height_m(seen: Seen, wanted_m: float | None) -> float:
    present_m = seen.vehicle.position.height_home_m if seen.vehicle.position else 0.0
    return present_m if wanted_m is None else wanted_m


def _send_to(machine: Machine, seen: Seen, route: Route, limits: PatrolLimits, target: Target) -> Step:
    lowest, highest = MIN_HEIGHT_AGL_M, highest_m(route, limits)
    way = route.way(place_of(seen, route), target.point_m)
    if not lowest <= target.height_m <= highest:
        return refuse(machine, f"height {target.height_m:.0f} m, allowed {lowest:.0f} to {highest:.0f} m")
    if not way or not route.is_inside(target.point_m):
        return refuse(machine, "no way inside the fence and round the no-fly areas leads there")
    held = hold(machine, seen, "").machine
    return hop(replace(held, way=way, height_m=target.height_m))


def _taking_off(machine: Machine, seen: Seen, route: Route) -> Step:
    height = 0.0 if seen.vehicle.position is None else seen.vehicle.position.height_home_m
    if seen.outcome is not None and not seen.outcome.ok:
        machine = replace(machine, doubt=f"{seen.outcome.order.value}: {seen.outcome.reason}")
    if height >= ARRIVED_SHARE * route.plan.height_home_m:
        return Step(machine=enter(machine, seen, PatrolState.ON_MISSION, modes=("AUTO",)), order=Order.START_MISSION)
    if machine.doubt and height < CLIMBING_M and seen.at_s - machine.ordered_s > TAKEOFF_DOUBT_S:
        return _give_up(machine, seen, machine.doubt)
    return Step(machine=machine)


def _on_mission(machine: Machine, seen: Seen, route: Route) -> Step:
    outcome, seq = seen.outcome, seen.vehicle.mission_seq
    if outcome is not None and not outcome.ok:
        return go_home(machine, seen, route, f"{outcome.order.value}: {outcome.reason}")
    if machine.settled and seq is not None and seq >= route.return_seq:
        # The mission's own way home and landing: AUTO, or RTL where the last item switches to it.
        return Step(machine=enter(machine, seen, PatrolState.RETURNING, modes=("AUTO", "RTL")))
    return Step(machine=machine)


def _held(machine: Machine, seen: Seen, route: Route) -> Step:
    outcome, held = seen.outcome, machine.held
    if outcome is not None and not outcome.ok and outcome.order is not Order.LOOK_AT:
        return go_home(machine, seen, route, f"{outcome.order.value}: {outcome.reason}")
    if machine.way and math.dist(place_of(seen, route), machine.way[0]) <= ARRIVED_M:
        machine = replace(machine, way=machine.way[1:])
        if machine.way:
            return hop(machine)
        if held is not None and held.resuming:
            return resume(machine, seen, route)
    if held is not None and held.waiting and not held.resuming:
        if any(event in PAUSING for event, _ in machine.watch.since_s):
            return Step(machine=replace(machine, held=replace(held, clear_since_s=seen.at_s)))
        if seen.at_s - held.clear_since_s >= CLEAR_S:
            return replace(resume(machine, seen, route), note="goes on")
    return Step(machine=machine)


def _returning(machine: Machine, seen: Seen, route: Route) -> Step:
    outcome = seen.outcome
    if outcome is not None and not outcome.ok:
        return _again(machine, seen, route, f"{outcome.order.value}: {outcome.reason}")
    if machine.way and math.dist(place_of(seen, route), machine.way[0]) <= ARRIVED_M:
        machine = replace(machine, way=machine.way[1:])
        if len(machine.way) < 2:
            return go_home(machine, seen, route, machine.reason, straight=True)
        return hop(machine)
    return Step(machine=machine)


def _again(machine: Machine, seen: Seen, route: Route, reason: str) -> Step:
    """A refused way home is asked for again, then a landing here; after that there is nothing left to order."""
    tries = machine.tries + 1
    if "LAND" in machine.modes:
        if tries >= MOST_TRIES:
            return _stop_commanding(machine, seen, reason)
        step = land(machine, seen, reason)
    elif "GUIDED" in machine.modes or tries == 1:
        step = go_home(machine, seen, route, reason, straight=True)
    else:
        step, tries = land(machine, seen, reason), 0
    return replace(step, machine=replace(step.machine, tries=tries))


_HANDLERS = {
    PatrolState.TAKEOFF: _taking_off,
    PatrolState.ON_MISSION: _on_mission,
    PatrolState.HELD: _held,
    PatrolState.RETURNING: _returning,
}
