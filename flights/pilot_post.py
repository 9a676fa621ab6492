"""The flight's end of remote control: takes requests off the spool, has the desk rule, answers, and records it all."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import shapely

from flights.patrol_states import PatrolState
from flights.pilot_desk import Desk, Scene, receive, unheld
from flights.pilot_request import Action, Answer, Refusal
from flights.pilot_spool import FlightView, PilotSpool

if TYPE_CHECKING:
    from collections.abc import Callable

    from flights.autopilot import VehicleState
    from flights.flight_monitors import Route
    from flights.patrol_states import Machine, Outcome, Step, Wish
    from flights.pilot_desk import Crew
    from flights.pilot_request import PilotRequest
    from flights.recorder import FlightRecorder
    from flights.survey_plan import SurveyPlan

SHOW_S = 0.25
_HELD, _DOWN = {PatrolState.HELD}, {PatrolState.RETURNING, PatrolState.DISARMING, PatrolState.ABORTED}
# Where a request leads when it is followed; anything else was more urgent.
LEADS_TO: dict[str, set[PatrolState]] = {
    Action.PAUSE: _HELD,
    Action.GO_TO: _HELD,
    Action.LOOK_AT: _HELD,
    Action.RESUME: {PatrolState.ON_MISSION, PatrolState.HELD},
    Action.RETURN: _DOWN,
    Action.LAND: _DOWN,
}


class PilotPost:
    """One flight's post; the `flights.patrol.Desk` of people.

    Args:
        recorder: of the flight; the spool lies beside its file.
        plan: what is flown.
        crew: who may command.
        now: UTC seconds; pilots are people, so this is a wall clock whatever the vehicle's.
    """

    def __init__(
        self, recorder: FlightRecorder, plan: SurveyPlan, crew: Crew, *, now: Callable[[], float] = time.time
    ) -> None:
        self._recorder, self._crew, self._now = recorder, crew, now
        self._spool = PilotSpool(recorder.path.parent)
        self._spool.open(chart_of(plan))
        self._desk = Desk(answers={answer.command_id: answer for answer in self._spool.answers()})
        self._pending: PilotRequest | None = None
        self._view = FlightView(flight_id=recorder.flight_id, drill=recorder.drill, at_s=-math.inf)
        self._held_since_s: float | None = None
        self._utc_s: float | None = None

    def next_wish(self, machine: Machine, vehicle: VehicleState, route: Route) -> PilotRequest | None:
        """What the machine is to be shown now, if anything; everything refused on the way is answered."""
        by_pilot = machine.held is not None and not machine.held.waiting
        self._held_since_s = (self._held_since_s or self._now()) if by_pilot else None
        scene = Scene(
            state=machine.state,
            reason=machine.reason,
            position=vehicle.position,
            route=route,
            crew=self._crew,
            held_since_s=self._held_since_s,
        )
        self._pending = self._admitted(scene, vehicle) or unheld(self._desk, scene, at_s=self._now())
        self._utc_s = vehicle.utc_s
        self._show(machine, vehicle, route)
        return self._pending

    def _admitted(self, scene: Scene, vehicle: VehicleState) -> PilotRequest | None:
        for request in self._spool.asked():
            ruling = receive(self._desk, request, scene, at_s=self._now())
            self._desk = ruling.desk
            if ruling.admitted is not None:
                return ruling.admitted
            if ruling.answer is not None:
                self._answer(ruling.answer, vehicle.utc_s)
        return None

    def answered(self, _wish: Wish, _refusal: str, step: Step, outcome: Outcome | None) -> None:
        """What became of the request that the machine was shown, by what it made of it and how its order went."""
        request, self._pending = self._pending, None
        if request is None:
            return
        why, detail = None, ""
        if step.refusal:
            why, detail = Refusal.STATE_FORBIDS, step.refusal
        elif step.machine.state not in LEADS_TO[request.action]:
            why, detail = Refusal.OVERTAKEN, step.machine.reason
        elif outcome is not None and not outcome.ok:
            why, detail = Refusal.AIRCRAFT_REFUSED if outcome.heard else Refusal.NO_ACK, outcome.reason
        answer = Answer.to_request(request, self._now(), why, detail)
        self._desk = self._desk.answered(answer)
        self._answer(answer, self._utc_s)

    def _answer(self, answer: Answer, at_s: float | None) -> None:
        self._spool.answer(answer)
        if answer.action != Action.RENEW or answer.refusal:
            self._view = replace(self._view, last=answer)
        told = f"refused: {answer.refusal} {answer.detail}".strip() if answer.refusal else "done"
        self._recorder.event("pilot", f"{answer.action} by {answer.pilot} ({answer.command_id}): {told}", at_s=at_s)

    def _show(self, machine: Machine, vehicle: VehicleState, route: Route) -> None:
        now_s, position = self._now(), vehicle.position
        if now_s - self._view.at_s < SHOW_S:
            return
        lease = self._desk.holder(now_s)
        view = replace(
            self._view,
            at_s=now_s,
            state=machine.state.value,
            reason=machine.reason,
            mode=vehicle.mode or "",
            armed=vehicle.armed,
            battery_share=vehicle.battery_share,
            link_age_s=vehicle.link_age_s,
            wind_m_s=vehicle.wind_m_s,
            progress=min(1.0, (vehicle.mission_seq or 0) / route.last_seq),
            pilot=lease.pilot if lease else "",
            lease_until_s=lease.until_s if lease else 0.0,
            offered_to=lease.offered_to if lease else "",
        )
        if position is not None:
            east, north, _ = position.velocity_enu_m_s
            view = replace(
                view,
                lat_deg=position.lat_deg,
                lon_deg=position.lon_deg,
                height_home_m=position.height_home_m,
                speed_m_s=math.hypot(east, north),
                course_deg=math.degrees(math.atan2(east, north)) % 360,
            )
        self._view = view
        self._spool.show(view)

    def close(self, state: str, reason: str) -> None:
        """Say how it ended; nothing is taken in any more."""
        ended = {"state": state, "reason": reason, "over": True, "pilot": "", "offered_to": ""}
        self._spool.show(replace(self._view, at_s=self._now(), **ended))  # type: ignore[arg-type]  # a plain row


def chart_of(plan: SurveyPlan) -> dict[str, object]:
    """A plan as GeoJSON for a pilot's map."""
    track = shapely.LineString([(w.position.lon_deg, w.position.lat_deg) for w in plan.waypoints])
    home = shapely.Point(plan.home.lon_deg, plan.home.lat_deg)
    rows = [("fence", plan.airspace), *(("no_fly", area) for area in plan.no_fly), ("route", track), ("home", home)]
    features = [
        {"type": "Feature", "properties": {"role": role}, "geometry": shapely.geometry.mapping(shape)}
        for role, shape in rows
    ]
    return {"type": "FeatureCollection", "features": features}
