"""Flying a plan: the thin loop between the state machine and an autopilot. It decides nothing, and it starts once.

Whatever happens to this process, the autopilot's own failsafes bring the aircraft home; the checklist saw to them.
"""

from __future__ import annotations

import math
import time
from itertools import pairwise
from typing import TYPE_CHECKING, Protocol

from shapely.geometry import Point as ShapelyPoint

from flights.checks import audited_parameters
from flights.cut_off import ITEM
from flights.errors import AutopilotError, CommandRefused, LinkLost, TelemetryError
from flights.flight_monitors import PatrolLimits, Route
from flights.mission_items import ListKind, fence_of, mission_of
from flights.mission_transfer import differing_item
from flights.patrol_machine import advance
from flights.patrol_states import Machine, Order, Outcome, PatrolState, Seen, Target
from flights.plan_checks import MAX_HEIGHT_AGL_M
from flights.plane import map_from_plane
from flights.preflight import Preflight, preflight
from flights.recorder import FlightEvent, FlightRecord
from flights.samples import CaptureSample, TextSample
from flights.telemetry.poses import pose_track
from flights.telemetry.reader import read_telemetry

if TYPE_CHECKING:
    from collections.abc import Callable

    from flights.autopilot import Autopilot, VehicleState
    from flights.patrol_states import Step, Wish
    from flights.preflight import Briefing
    from flights.recorder import FlightRecorder
    from flights.survey_plan import SurveyPlan
    from geofences.pose import PoseTrack

    Progress = Callable[[PatrolState, float], None]

MOVING_M_S = 0.5  # slower is noise
LOOK_S = 0.25  # between two looks at the telemetry, vehicle seconds


class Clock(Protocol):
    """Seconds that pass; only differences matter."""

    def now_s(self) -> float:
        """Now."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class VehicleSpeedClock:
    """A wall clock that runs as fast as the vehicle's: 1 for a real one, more for a simulated one.

    Attributes:
        speed: vehicle seconds per wall second.
    """

    def __init__(self, speed: float = 1.0) -> None:
        self.speed = speed

    def now_s(self) -> float:
        """Vehicle seconds since some moment."""
        return time.monotonic() * self.speed

    def sleep(self, seconds: float) -> None:
        """Wait so many vehicle seconds."""
        time.sleep(seconds / self.speed)


class Desk(Protocol):
    """Where pilots from afar ask for things; see `flights.patrol_states.Wish`."""

    def next_wish(self, machine: Machine, vehicle: VehicleState, route: Route) -> Wish | None:
        """What is asked now, if anything."""

    def answered(self, wish: Wish, refusal: str, step: Step, outcome: Outcome | None) -> None:
        """A wish was done and acknowledged by the aircraft (empty), or not, and why; and what was made of it."""


class NoDesk:
    """Nobody asks for anything."""

    def next_wish(self, machine: Machine, vehicle: VehicleState, route: Route) -> Wish | None:
        """Nothing."""

    def answered(self, wish: Wish, refusal: str, step: Step, outcome: Outcome | None) -> None:
        """Nothing was asked."""


def fly(
    plan: SurveyPlan,
    autopilot: Autopilot,
    *,
    briefing: Briefing,
    recorder: FlightRecorder,
    geoid_separation_m: float,
    clock: Clock | None = None,
    progress: Progress | None = None,
    desk: Desk | None = None,
) -> FlightRecord:
    """Fly a plan once, from upload to landing, and record it. An aircraft that flies this plan already is attached to.

    Args:
        plan: what to fly; it was validated when it was planned.
        autopilot: connected; it is not closed here.
        briefing: what people state; the checklist fails without it.
        recorder: open; it is closed here.
        geoid_separation_m: ellipsoid height minus height above mean sea level, for the poses.
        clock: runs as fast as the vehicle's; the wall clock when None.
        progress: called with the state and the share of the mission flown, at each look.
        desk: asked at each look for what a pilot from afar wishes.

    Returns:
        What happened. Refusals, early returns and a lost control are outcomes, not errors.
    """
    flight = _Flight(plan, autopilot, briefing, recorder, clock or VehicleSpeedClock())
    approval = briefing.approval
    limits = PatrolLimits(
        airframe=briefing.airframe,
        max_wind_m_s=briefing.max_wind_m_s,
        airspace_until_s=approval.valid_until_s if approval else None,
        ceiling_m=approval.ceiling_m if approval else MAX_HEIGHT_AGL_M,
    )
    with recorder:
        machine = flight.run(limits, progress or (lambda _state, _share: None), desk or NoDesk())
    return _record(flight, machine, geoid_separation_m)


class _Flight:
    """One flight's moving parts."""

    def __init__(
        self, plan: SurveyPlan, autopilot: Autopilot, briefing: Briefing, recorder: FlightRecorder, clock: Clock
    ) -> None:
        self.plan, self.autopilot, self.briefing, self.recorder, self.clock = plan, autopilot, briefing, recorder, clock
        self.route = Route(plan=plan)
        self.vehicle: VehicleState = autopilot.observe()
        self._last_capture_s: float | None = None
        self._transferred = False
        self._item: int | None = None
        self._asked = ""  # the mode asked for last, until it is seen
        self._target = Target(point_m=(0.0, 0.0), height_m=0.0)
        self._orders: dict[Order, Callable[[], None]] = {
            Order.ATTACH: self._attach,
            Order.UPLOAD: self._upload,
            Order.CHECK: self._check,
            Order.ARM: self._arm,
            Order.DISARM: autopilot.disarm,
            Order.TAKE_OFF: lambda: autopilot.take_off(plan.height_home_m),
            Order.START_MISSION: lambda: self._change_mode("AUTO"),
            Order.HOLD: lambda: self._leave_mission("GUIDED"),
            Order.GO_TO: self._go_to,
            Order.LOOK_AT: self._look_at,
            Order.RESUME: self._resume,
            Order.RETURN: lambda: self._leave_mission("RTL"),
            Order.LAND: lambda: self._leave_mission("LAND"),
        }

    def run(self, limits: PatrolLimits, progress: Progress, desk: Desk) -> Machine:
        """Look, decide, do, until it is over."""
        approval, release, aircraft = self.briefing.approval, self.briefing.release, self.briefing.aircraft
        self.recorder.header(
            self.plan,
            pilot=release.pilot.name if release else "",
            released="" if release is None else "by itself" if release.by_itself else "by hand",
            registration=aircraft.registration if aircraft else "",
            remote_id=aircraft.remote_id if aircraft else "",
            approval=approval.number if approval else "",
        )
        now_s = self.clock.now_s()
        machine, outcome = Machine(since_s=now_s, ordered_s=now_s), None
        seen = self._look(outcome, None)
        while not machine.over(seen):
            step = advance(machine, seen, route=self.route, limits=limits)
            self._note(machine, step)
            machine = step.machine
            outcome = self._do(step.order, step.target) if step.order else None
            if seen.wish is not None:
                refusal = step.refusal or ("" if outcome is None or outcome.ok else outcome.reason)
                self.recorder.wish(seen.wish, refusal, at_s=self.vehicle.utc_s)
                desk.answered(seen.wish, refusal, step, outcome)
            if outcome is None:
                self.clock.sleep(LOOK_S)
            seen = self._look(outcome, desk.next_wish(machine, self.vehicle, self.route))
            self._note_item(machine)
            progress(machine.state, min(1.0, (seen.vehicle.mission_seq or 0) / self.route.last_seq))
        self.recorder.event("state", f"ended {machine.state.value} {machine.reason}".strip(), at_s=self.vehicle.utc_s)
        self.recorder.end(machine.state, machine.reason, self.vehicle)
        return machine

    def _look(self, outcome: Outcome | None, wish: Wish | None) -> Seen:
        samples = self.autopilot.drain()
        self.vehicle = self.autopilot.observe()
        self._asked = "" if self.vehicle.mode == self._asked else self._asked
        self.recorder.samples(samples)
        for sample in samples:
            if isinstance(sample, TextSample):
                self.recorder.event("text", sample.text, at_s=self.vehicle.utc_s)
            elif isinstance(sample, CaptureSample):
                self._last_capture_s = self.clock.now_s()
        return Seen(
            at_s=self.clock.now_s(),
            vehicle=self.vehicle,
            outcome=outcome,
            last_capture_s=self._last_capture_s,
            wish=wish,
        )

    def _note(self, before: Machine, step: Step) -> None:
        if step.note:
            self.recorder.event("note", step.note, at_s=self.vehicle.utc_s)
        if step.machine.state is not before.state:
            self.recorder.event("state", step.machine.state.value, at_s=self.vehicle.utc_s)

    def _note_item(self, machine: Machine) -> None:
        """Which mission item it flies towards, for whoever takes the flight up again."""
        seq = self.vehicle.mission_seq
        if machine.settled and machine.state is PatrolState.ON_MISSION and seq not in {None, self._item}:
            self._item = seq
            self.recorder.event(ITEM, str(seq), at_s=self.vehicle.utc_s)

    def _do(self, order: Order, target: Target | None) -> Outcome:
        self._target = target or self._target
        try:
            self._orders[order]()
            outcome = Outcome(order=order, ok=True)
        except AutopilotError as error:
            heard = not isinstance(error, LinkLost)
            outcome = Outcome(order=order, ok=False, reason=str(error), heard=heard)
        self.recorder.outcome(outcome, at_s=self.vehicle.utc_s)
        return outcome

    def _attach(self) -> None:
        held = self.autopilot.held(ListKind.MISSION)
        seq = differing_item(ListKind.MISSION, mission_of(self.plan), held)
        if seq is not None:
            raise AutopilotError(f"item {seq} of its mission is not this plan's")

    def _upload(self) -> None:
        self.autopilot.transfer(ListKind.FENCE, fence_of(self.plan))
        self.autopilot.transfer(ListKind.RALLY, ())  # an old rally point elsewhere would be flown to instead of home
        self.autopilot.transfer(ListKind.MISSION, mission_of(self.plan))
        self._transferred = True

    def _check(self) -> None:
        gimbal = ""
        try:
            self.autopilot.point_gimbal(self.plan.gimbal_pitch_deg)
        except AutopilotError as error:
            gimbal = str(error)
        vehicle = self.autopilot.observe()
        checks = preflight(
            Preflight(
                at_s=vehicle.utc_s if vehicle.utc_s is not None else math.nan,
                plan=self.plan,
                vehicle=vehicle,
                parameters=self.autopilot.parameters(audited_parameters()),
                mission_equal=self._transferred,
                fence_equal=self._transferred,
                gimbal=gimbal,
                storage_free_bytes=self.recorder.storage_free_bytes(),
                briefing=self.briefing,
            )
        )
        self.recorder.checklist(checks)
        failed = [f"{check.name} is {check.measured}, must be {check.required}" for check in checks if not check.passes]
        if failed:
            raise AutopilotError("; ".join(failed))

    def _arm(self) -> None:
        self.autopilot.set_mode("GUIDED")
        self.autopilot.arm()

    def _is_ours(self, mode: str) -> bool:
        """Whether a mode is still to be asked for: not when the autopilot has chosen it by itself since the last look.

        Raises:
            CommandRefused: somebody has changed to another mode since: nothing is sent any more.
        """
        now, seen = self.autopilot.observe().mode, self.vehicle.mode
        if now not in {seen, mode, self._asked}:
            raise CommandRefused(command=f"mode {mode}", result=f"not sent: somebody changed the mode to {now}")
        return now != mode or now == seen

    def _change_mode(self, mode: str) -> None:
        if self._is_ours(mode):
            self._asked = mode
            self.autopilot.set_mode(mode)

    def _leave_mission(self, mode: str) -> None:
        if not self._is_ours(mode):
            return
        self._try_payload(self.autopilot.trigger, 0.0)
        self._change_mode(mode)

    def _try_payload(self, ask: Callable[[float], None], value: float) -> None:
        """Pictures are worth less than the aircraft: a refusal is noted."""
        try:
            ask(value)
        except AutopilotError as error:
            self.recorder.event("note", f"lens or camera trigger: {error}", at_s=self.vehicle.utc_s)

    def _place(self) -> tuple[float, float, float]:
        at = map_from_plane(ShapelyPoint(self._target.point_m), self.plan.frame)
        return at.y, at.x, self._target.height_m

    def _go_to(self) -> None:
        if self.vehicle.mode != "GUIDED":
            self._leave_mission("GUIDED")
        self.autopilot.go_to(*self._place())

    def _look_at(self) -> None:
        if self.vehicle.mode != "GUIDED":
            self._leave_mission("GUIDED")
        self.autopilot.look_at(*self._place())

    def _resume(self) -> None:
        self._try_payload(self.autopilot.point_gimbal, self.plan.gimbal_pitch_deg)
        on_strip = self.vehicle.mission_seq in self.route.strip_seqs
        self._try_payload(self.autopilot.trigger, self.plan.trigger_m if on_strip else 0.0)
        self._change_mode("AUTO")


def _record(flight: _Flight, machine: Machine, geoid_separation_m: float) -> FlightRecord:
    recorder = flight.recorder
    events = tuple(recorder.events)
    track = None
    try:
        posed = pose_track(read_telemetry(recorder.path), geoid_separation_m=geoid_separation_m)
        track, told = posed.track, f"{len(posed.faults)} telemetry rows give no pose" if posed.faults else ""
    except TelemetryError as error:
        told = str(error)
    if told:
        events += (FlightEvent(at_s=flight.vehicle.utc_s, name="note", text=told),)
    return FlightRecord(
        flight_id=recorder.flight_id,
        path=recorder.path,
        plan=flight.plan,
        outcome=machine.state,
        reason=machine.reason,
        pose_track=track,
        events=events,
        checks=recorder.checks,
        captures=tuple(recorder.captures),
        flown_m=_flown_m(track) if track else 0.0,
    )


def _flown_m(track: PoseTrack) -> float:
    """Metres over ground, from the speeds: adding up positions would count their noise while standing."""
    total = 0.0
    for a, b in pairwise(track.poses):
        speed_m_s = math.hypot(*b.velocity_enu_m_s[:2])
        if speed_m_s > MOVING_M_S and b.at_s - a.at_s <= track.max_gap_s:
            total += speed_m_s * (b.at_s - a.at_s)
    return total
