"""A flight in memory, commanded from afar through the real spool: what is asked, done and told."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from flights.patrol import fly
from flights.patrol_states import PatrolState
from flights.pilot_desk import UNHELD_S, Crew
from flights.pilot_post import PilotPost
from flights.pilot_request import Action, Answer, PilotRequest, Refusal
from flights.pilot_spool import PilotSpool
from flights.recorder import FlightRecorder
from tests.flights.fake_autopilot import START_UNIX_S, FakeAutopilot, briefing_for

if TYPE_CHECKING:
    from pathlib import Path

    from flights.recorder import FlightRecord
    from flights.survey_plan import SurveyPlan
    from geofences.position import Geodetic

CREW = Crew(pilots=frozenset({"Li Wei", "Zhao Min"}), supervisors=frozenset({"Wang Fang"}), ceiling_m=60.0)
Script = dict[float, tuple[Action, dict[str, object]]]


class Commanded(FakeAutopilot):
    """An autopilot whose clock is what asks: at these seconds of it, these things."""

    def __init__(self, home: Geodetic, spool: PilotSpool, script: Script, **more: object) -> None:
        super().__init__(home, **more)  # type: ignore[arg-type]
        self.spool, self.script, self.asking = spool, dict(script), {}  # type: ignore[var-annotated]
        self.answers: dict[float, Answer] = {}

    def sleep(self, seconds: float) -> None:
        """Fly, and ask what is due."""
        super().sleep(seconds)
        for at_s in [at_s for at_s in self.script if at_s <= self.now]:
            self._ask(at_s, *self.script.pop(at_s))

    def _ask(self, at_s: float, action: Action, more: dict[str, object]) -> None:
        about: dict[str, object] = {"command_id": f"c{at_s:.0f}", "pilot": "Li Wei", "key": "k", **more}
        request = PilotRequest(action=action, **about)  # type: ignore[arg-type]

        def ask() -> None:
            self.answers[at_s] = self.spool.ask(request, now_s=START_UNIX_S + self.now)

        thread = self.asking[at_s] = threading.Thread(target=ask)
        thread.start()
        while thread.is_alive() and not any((self.spool.folder / "asked").glob("[!.]*.json")):
            time.sleep(0.001)


def commanded(
    plan: SurveyPlan, home: Geodetic, folder: Path, script: Script, **more: object
) -> tuple[FlightRecord, Commanded, list[str]]:
    """One flight under a script: its record, its autopilot with the answers, and the pilots' lines of its log."""
    recorder = FlightRecorder(folder / "f.jsonl", flight_id="F1", drill=True)
    fake = Commanded(home, PilotSpool(folder), script, **more)
    post = PilotPost(recorder, plan, CREW, now=lambda: START_UNIX_S + fake.now)
    briefing = briefing_for(plan)
    record = fly(plan, fake, briefing=briefing, recorder=recorder, geoid_separation_m=9.0, clock=fake, desk=post)
    post.close(record.outcome.value, record.reason)
    for thread in fake.asking.values():
        thread.join(timeout=30)
    rows = [json.loads(line) for line in record.path.read_text(encoding="utf-8").splitlines()]
    assert rows[0]["drill"] is True
    return record, fake, [row["text"] for row in rows if row["kind"] == "event" and row["name"] == "pilot"]


ACQUIRE = (Action.ACQUIRE, {})
RENEW = (Action.RENEW, {})


def test_a_pilot_pauses_goes_looks_and_resumes(plan: SurveyPlan, home: Geodetic, tmp_path: Path) -> None:
    """Each is done by the aircraft and answered; the plan is flown to its end, and the log names who asked what."""
    at = plan.waypoints[2].position
    place = {"lat_deg": at.lat_deg, "lon_deg": at.lon_deg}
    script: Script = {
        20.0: ACQUIRE,
        21.0: (Action.PAUSE, {}),
        24.0: (Action.GO_TO, {**place, "height_home_m": 34.0}),
        40.0: (Action.LOOK_AT, place),
        45.0: RENEW,
        46.0: (Action.RESUME, {}),
        60.0: (Action.RELEASE, {}),
    }
    record, fake, told = commanded(plan, home, tmp_path, script)
    assert {at_s: answer.refusal for at_s, answer in fake.answers.items()} == dict.fromkeys(script, "")
    assert (record.outcome, record.reason) == (PatrolState.LANDED, "")
    states = [event.text for event in record.events if event.name == "state"]
    assert states[3:] == ["takeoff", "on_mission", "held", "on_mission", "returning", "landed", "ended landed"]
    assert [line.split(" (")[0] for line in told] == [f"{action} by Li Wei" for action, _ in script.values()]


REFUSED = {
    # name: (script, more, the second at which the refusal comes, why)
    "nobody's": ({20.0: (Action.PAUSE, {})}, {}, 20.0, Refusal.NO_LEASE),
    "on the ground": ({0.3: ACQUIRE, 0.6: (Action.PAUSE, {})}, {}, 0.6, Refusal.STATE_FORBIDS),
    "aircraft says no": (
        {20.0: ACQUIRE, 21.0: (Action.RETURN, {})}, {"refuse": frozenset({"mode RTL"})}, 21.0, Refusal.AIRCRAFT_REFUSED
    ),
    "too high": (
        {20.0: ACQUIRE, 21.0: (Action.GO_TO, {"lat_deg": 30.3197, "lon_deg": 120.1395, "height_home_m": 99.0})},
        {}, 21.0, Refusal.TOO_HIGH,
    ),
    "pilot on the sticks": (
        {20.0: ACQUIRE, 22.0: (Action.RETURN, {})}, {"faults": {21.0: "loiter", 30.0: "disarm"}}, 22.0,
        Refusal.CONTROL_LOST,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_a_refusal_says_why(case: str, plan: SurveyPlan, home: Geodetic, tmp_path: Path) -> None:
    """The answer's code, and the same in the log."""
    script, more, at_s, why = REFUSED[case]
    _, fake, told = commanded(plan, home, tmp_path, script, **more)  # type: ignore[arg-type]
    assert fake.answers[at_s].refusal == why
    assert any(f"refused: {why}" in line for line in told)


def test_control_taken_on_the_sticks_leaves_only_giving_back(plan: SurveyPlan, home: Geodetic, tmp_path: Path) -> None:
    """After a foreign mode change the lease can be given back, and nothing else can be done."""
    script: Script = {20.0: ACQUIRE, 22.0: (Action.LAND, {}), 23.0: RENEW, 24.0: (Action.RELEASE, {})}
    faults = {21.0: "loiter", 30.0: "disarm"}
    record, fake, _ = commanded(plan, home, tmp_path, script, faults=faults)
    assert record.outcome is PatrolState.CONTROL_LOST
    assert {at_s: answer.refusal for at_s, answer in fake.answers.items()} == {
        20.0: "", 22.0: Refusal.CONTROL_LOST, 23.0: Refusal.CONTROL_LOST, 24.0: "",
    }  # fmt: skip


def test_a_paused_aircraft_whose_pilot_is_gone_comes_home(plan: SurveyPlan, home: Geodetic, tmp_path: Path) -> None:
    """The lease runs out, nobody takes over, and it returns by itself."""
    record, fake, _ = commanded(plan, home, tmp_path, {20.0: ACQUIRE, 21.0: (Action.PAUSE, {})})
    assert (record.outcome, record.reason) == (PatrolState.LANDED, "recalled by nobody in command")
    held = next(event.at_s for event in record.events if (event.name, event.text) == ("state", "held"))
    home_s = next(event.at_s for event in record.events if (event.name, event.text) == ("state", "returning"))
    assert held is not None
    assert home_s is not None
    assert home_s - held == pytest.approx(30 + UNHELD_S, abs=2.5)
    assert fake.commands[-1] == "mode RTL"


def test_the_same_id_is_done_once_and_the_flight_s_end_is_told(
    plan: SurveyPlan, home: Geodetic, tmp_path: Path
) -> None:
    """Asked again after the flight, the answer is the first one; anything new is refused as over."""
    _, fake, told = commanded(plan, home, tmp_path, {20.0: ACQUIRE})
    spool, now_s = PilotSpool(tmp_path), START_UNIX_S + fake.now
    first = fake.answers[20.0]
    same = PilotRequest(command_id="c20", action=Action.ACQUIRE, pilot="Li Wei", key="k")
    assert spool.ask(same, now_s=now_s) == first
    assert spool.ask(replace(same, pilot="Zhao Min"), now_s=now_s).refusal == Refusal.ID_USED
    assert spool.ask(replace(same, command_id="c99"), now_s=now_s).refusal == Refusal.FLIGHT_OVER
    assert len(told) == 1
    view = spool.view()
    assert view is not None
    assert (view.state, view.over, view.drill) == ("landed", True, True)


def test_a_silent_flight_is_not_asked(tmp_path: Path) -> None:
    """No view, or an old one: the request is refused and never lies about to be done later."""
    spool = PilotSpool(tmp_path)
    asked = PilotRequest(command_id="c", action=Action.LAND, pilot="Li Wei", key="k")
    assert spool.ask(asked, now_s=START_UNIX_S).refusal == Refusal.FLIGHT_SILENT
    assert not (tmp_path / "remote").exists()


def test_the_key_is_nowhere_in_the_folder(plan: SurveyPlan, home: Geodetic, tmp_path: Path) -> None:
    """What proves a pilot is written only hashed, in a folder that is its owner's alone."""
    commanded(plan, home, tmp_path, {20.0: (Action.ACQUIRE, {"key": "very secret"})})
    assert not [path for path in tmp_path.rglob("*.json*") if "very secret" in path.read_text(encoding="utf-8")]
    assert (tmp_path / "remote").stat().st_mode & 0o77 == 0
