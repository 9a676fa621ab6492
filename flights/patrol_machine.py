"""The patrol as an explicit state machine: telemetry in, at most one order out. Pure; time comes in.

Rules it keeps: a flight starts once and is never tried again; every state ends, by itself or by its timeout; when
anybody else changes the mode (a pilot, a failsafe) or the link is silent, nothing is ordered any more.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from flights.flight_monitors import Watch, alarm, watch_captures, watch_progress

if TYPE_CHECKING:
    from flights.autopilot import VehicleState
    from flights.flight_monitors import PatrolLimits, Route


class PatrolState(StrEnum):
    """Where a patrol is."""

    IDLE = "idle"
    UPLOADING = "uploading"
    PREFLIGHT = "preflight"
    ARMING = "arming"
    TAKEOFF = "takeoff"
    ON_MISSION = "on_mission"
    RETURNING = "returning"
    LANDED = "landed"
    ABORTED = "aborted"
    CONTROL_LOST = "control_lost"


class Order(StrEnum):
    """What the machine may ask of the loop."""

    UPLOAD = "upload"
    CHECK = "check"
    ARM = "arm"
    DISARM = "disarm"
    TAKE_OFF = "take_off"
    START_MISSION = "start_mission"
    RETURN = "return"
    LAND = "land"


GROUND = frozenset({PatrolState.IDLE, PatrolState.UPLOADING, PatrolState.PREFLIGHT, PatrolState.ARMING})
# Without an answer by then, the state is left: by giving up on the ground, by coming home in the air. The states in the
# air get the planned time on top. Source: flights design; a real upload of 700 items takes about a minute.
TIMEOUT_S = {
    PatrolState.IDLE: 30.0,
    PatrolState.UPLOADING: 180.0,
    PatrolState.PREFLIGHT: 60.0,
    PatrolState.ARMING: 30.0,
    PatrolState.TAKEOFF: 60.0,
    PatrolState.ON_MISSION: 120.0,
    PatrolState.RETURNING: 240.0,
    PatrolState.CONTROL_LOST: 900.0,
}
ARRIVED_SHARE = 0.95
LINK_GONE_S = 120.0  # silent for so long after control was lost: there is nothing left to record
ARMABLE_WAIT_S = 20.0  # after its start an autopilot aligns; longer than this, the checklist names what is wrong
LANDED_BELOW_M = 5.0  # disarmed higher than this above home is no landing


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How the last order went.

    Attributes:
        order: which.
        ok: done and acknowledged.
        reason: why not.
    """

    order: Order
    ok: bool
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the machine is shown at one moment.

    Attributes:
        at_s: patrol clock; only differences matter.
        vehicle: newest state.
        outcome: of the order given in the step before, if any.
        last_capture_s: patrol clock of the last picture.
        recall: an operator asks the aircraft home.
    """

    at_s: float
    vehicle: VehicleState
    outcome: Outcome | None = None
    last_capture_s: float | None = None
    recall: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """The machine's memory.

    Attributes:
        state: where it is.
        since_s: when it came there, patrol clock.
        reason: why it left the planned course; empty on it.
        modes: flight modes that are right in this state; empty when any is.
        settled: one of them was seen since.
        watch: the monitors' memory.
    """

    state: PatrolState = PatrolState.IDLE
    since_s: float = 0.0
    reason: str = ""
    modes: frozenset[str] = frozenset()
    settled: bool = False
    watch: Watch = field(default_factory=Watch)

    def over(self, seen: Seen) -> bool:
        """Whether there is nothing more to watch."""
        if self.state is PatrolState.CONTROL_LOST:
            down = not seen.vehicle.armed and seen.vehicle.link_age_s < 3
            waited_s = seen.at_s - self.since_s
            gone = min(waited_s, seen.vehicle.link_age_s) > LINK_GONE_S
            return down or gone or waited_s > TIMEOUT_S[PatrolState.CONTROL_LOST]
        return self.state in {PatrolState.LANDED, PatrolState.ABORTED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step's result.

    Attributes:
        machine: the new memory.
        order: what to do now, if anything.
        note: worth recording, if anything.
    """

    machine: Machine
    order: Order | None = None
    note: str = ""


def advance(machine: Machine, seen: Seen, *, route: Route, limits: PatrolLimits) -> Step:
    """Look once and decide.

    Args:
        machine: the memory of the step before.
        seen: telemetry now, and how the last order went.
        route: what is flown.
        limits: our own limits.
    """
    if machine.state in {PatrolState.LANDED, PatrolState.ABORTED, PatrolState.CONTROL_LOST}:
        return Step(machine=machine)
    machine = _settle(machine, seen)
    taken_over = _taken_over(machine, seen, limits)
    if taken_over:
        return _stop_commanding(machine, seen, taken_over)
    if seen.at_s - machine.since_s > _timeout_s(machine, route):
        return _time_out(machine, seen)
    if machine.state in GROUND:
        return _on_ground(machine, seen)
    if machine.state is PatrolState.ON_MISSION:
        return _on_mission(machine, seen, route, limits)
    return _taking_off(machine, seen, route) if machine.state is PatrolState.TAKEOFF else _returning(machine, seen)


def _enter(
    machine: Machine, seen: Seen, state: PatrolState, *, modes: tuple[str, ...] = (), reason: str = ""
) -> Machine:
    return Machine(state=state, since_s=seen.at_s, reason=reason or machine.reason, modes=frozenset(modes))


def _settle(machine: Machine, seen: Seen) -> Machine:
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
    if machine.settled or seen.at_s - machine.since_s > limits.mode_grace_s:
        return f"mode changed to {vehicle.mode} by someone else"
    return ""


def _stop_commanding(machine: Machine, seen: Seen, reason: str) -> Step:
    state = PatrolState.CONTROL_LOST if machine.state not in GROUND or seen.vehicle.armed else PatrolState.ABORTED
    return Step(machine=_enter(machine, seen, state, reason=reason), note=reason)


def _timeout_s(machine: Machine, route: Route) -> float:
    planned = {
        PatrolState.TAKEOFF: route.plan.height_home_m,  # at 1 m/s, slower than any
        PatrolState.ON_MISSION: 1.5 * route.plan.duration_s,
        PatrolState.RETURNING: 0.5 * route.plan.duration_s + 2 * route.plan.height_home_m,
    }
    return TIMEOUT_S[machine.state] + planned.get(machine.state, 0.0)


def _time_out(machine: Machine, seen: Seen) -> Step:
    waited = "waiting for telemetry" if machine.state is PatrolState.IDLE else machine.state.value
    reason = f"{waited} took longer than allowed"
    if machine.state in GROUND:
        return _give_up(machine, seen, reason)
    if machine.state is PatrolState.RETURNING:
        return _land_here(machine, seen, reason)
    return _come_down(machine, seen, reason)


def _give_up(machine: Machine, seen: Seen, reason: str) -> Step:
    """Stay on the ground."""
    return Step(
        machine=_enter(machine, seen, PatrolState.ABORTED, reason=reason),
        order=Order.DISARM if seen.vehicle.armed else None,
        note=reason,
    )


def _come_down(machine: Machine, seen: Seen, reason: str, order: Order = Order.RETURN) -> Step:
    """Home, or by `Order.LAND` here."""
    modes = ("LAND",) if order is Order.LAND else ("RTL",)
    returning = _enter(machine, seen, PatrolState.RETURNING, modes=modes, reason=reason)
    return Step(machine=returning, order=order, note=reason)


def _land_here(machine: Machine, seen: Seen, reason: str) -> Step:
    """When coming home did not work; when landing does not either, there is nothing left to order."""
    if "LAND" in machine.modes:
        return _stop_commanding(machine, seen, reason)
    return _come_down(machine, seen, reason, Order.LAND)


def _on_ground(machine: Machine, seen: Seen) -> Step:
    outcome = seen.outcome
    if outcome is not None and not outcome.ok:
        return _give_up(machine, seen, f"{outcome.order.value}: {outcome.reason}")
    if seen.recall:
        return _give_up(machine, seen, "recalled before take-off")
    done = {
        PatrolState.IDLE: _is_heard(seen.vehicle)
        and (seen.vehicle.armable or seen.at_s - machine.since_s > ARMABLE_WAIT_S),
        PatrolState.ARMING: machine.settled and seen.vehicle.armed,
    }.get(machine.state, outcome is not None)
    if not done:
        return Step(machine=machine)
    state, order, modes = _AFTER[machine.state]
    return Step(machine=_enter(machine, seen, state, modes=modes), order=order)


def _is_heard(vehicle: VehicleState) -> bool:
    """The autopilot has told everything that the checklist asks."""
    return None not in {vehicle.utc_s, vehicle.battery_share, vehicle.gps_fix} and vehicle.position is not None


_AFTER = {
    PatrolState.IDLE: (PatrolState.UPLOADING, Order.UPLOAD, ()),
    PatrolState.UPLOADING: (PatrolState.PREFLIGHT, Order.CHECK, ()),
    PatrolState.PREFLIGHT: (PatrolState.ARMING, Order.ARM, ("GUIDED",)),
    PatrolState.ARMING: (PatrolState.TAKEOFF, Order.TAKE_OFF, ("GUIDED",)),
}


def _taking_off(machine: Machine, seen: Seen, route: Route) -> Step:
    height = 0.0 if seen.vehicle.position is None else seen.vehicle.position.height_home_m
    if not seen.vehicle.armed:
        return _give_up(machine, seen, "disarmed during take-off")
    reason = _refused(seen)
    if reason:
        return (_give_up if height < 1.0 else _come_down)(machine, seen, reason)
    if height >= ARRIVED_SHARE * route.plan.height_home_m:
        return Step(machine=_enter(machine, seen, PatrolState.ON_MISSION, modes=("AUTO",)), order=Order.START_MISSION)
    return Step(machine=machine)


def _on_mission(machine: Machine, seen: Seen, route: Route, limits: PatrolLimits) -> Step:
    vehicle = seen.vehicle
    if not vehicle.armed:
        return _stop_commanding(machine, seen, "disarmed in flight")
    here = (0.0, 0.0) if vehicle.position is None else route.point(vehicle.position)
    watch, stalled = watch_progress(machine.watch, limits, here, seen.at_s)
    reason = _refused(seen) or alarm(route, limits, vehicle) or stalled
    if reason:
        return _come_down(machine, seen, reason)
    if machine.settled and vehicle.mission_seq is not None and vehicle.mission_seq >= route.return_seq:
        # The mission's own way home and landing: AUTO, or RTL where the last item switches to it.
        return Step(machine=_enter(machine, seen, PatrolState.RETURNING, modes=("AUTO", "RTL")))
    watch, gap = watch_captures(
        watch, route, limits, seq=vehicle.mission_seq, at_s=seen.at_s, last_capture_s=seen.last_capture_s
    )
    return Step(machine=replace(machine, watch=watch), note=gap or "")


def _refused(seen: Seen) -> str:
    """The last order was refused, or an operator asks the aircraft home; or empty."""
    if seen.outcome is not None and not seen.outcome.ok:
        return f"{seen.outcome.order.value}: {seen.outcome.reason}"
    return "recalled by the operator" if seen.recall else ""


def _returning(machine: Machine, seen: Seen) -> Step:
    vehicle, outcome = seen.vehicle, seen.outcome
    if not vehicle.armed:
        if vehicle.position is not None and vehicle.position.height_home_m > LANDED_BELOW_M:
            return _stop_commanding(machine, seen, "disarmed in flight")
        return Step(machine=_enter(machine, seen, PatrolState.LANDED))
    if outcome is not None and not outcome.ok:
        return _land_here(machine, seen, f"{outcome.order.value}: {outcome.reason}")
    if seen.recall and "AUTO" in machine.modes and vehicle.mode == "AUTO":
        return _come_down(machine, seen, "recalled by the operator")
    return Step(machine=machine)
