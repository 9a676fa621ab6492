"""Flying on an autopilot in memory: what each disturbance leads to."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from flights.patrol import fly
from flights.patrol_machine import PatrolState
from flights.preflight import Briefing
from flights.recorder import FlightRecorder
from tests.flights.fake_autopilot import FakeAutopilot, briefing_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flights.recorder import FlightRecord
    from flights.survey_plan import SurveyPlan
    from geofences.position import Geodetic


def flown(
    plan: SurveyPlan, fake: FakeAutopilot, folder: Path, recall: Callable[[], bool] | None = None
) -> FlightRecord:
    """One flight with a complete briefing."""
    recorder = FlightRecorder(folder / "f.jsonl", flight_id="F1")
    briefing = briefing_for(plan)
    return fly(plan, fake, briefing=briefing, recorder=recorder, geoid_separation_m=9.0, clock=fake, recall=recall)


DISTURBANCES = {
    # name: (faults by second, refused commands, outcome, reason, last mode commanded)
    "none": ({}, (), PatrolState.LANDED, "", "mode AUTO"),
    "pilot takes over": ({20.0: "loiter"}, (), PatrolState.CONTROL_LOST, "mode changed to LOITER", "mode AUTO"),
    "wind": ({20.0: "wind"}, (), PatrolState.LANDED, "wind 14.0 m/s", "mode RTL"),
    "battery": ({20.0: "drain"}, (), PatrolState.LANDED, "battery", "mode RTL"),
    "link": ({20.0: "silence"}, (), PatrolState.CONTROL_LOST, "link silent", "mode AUTO"),
    "motors stop": ({20.0: "disarm"}, (), PatrolState.CONTROL_LOST, "disarmed in flight", "mode AUTO"),
    "upload refused": ({}, ("transfer MISSION",), PatrolState.ABORTED, "upload", None),
    "arming refused": ({}, ("arm",), PatrolState.ABORTED, "arm: ", "mode GUIDED"),
    "take-off refused": ({}, ("take_off",), PatrolState.ABORTED, "take_off", "mode GUIDED"),
    "mission refused": ({}, ("mode AUTO",), PatrolState.LANDED, "start_mission", "mode RTL"),
    "return refused": ({20.0: "wind"}, ("mode RTL",), PatrolState.LANDED, "return", "mode LAND"),
}


@pytest.mark.parametrize("case", DISTURBANCES)
def test_each_disturbance_ends_as_it_should(case: str, plan: SurveyPlan, home: Geodetic, tmp_path: Path) -> None:
    """Outcome, reason and the last mode that we commanded."""
    faults, refused, outcome, reason, last_mode = DISTURBANCES[case]
    fake = FakeAutopilot(home, faults=faults, refuse=frozenset(refused))
    record = flown(plan, fake, tmp_path)
    assert record.outcome is outcome
    assert reason in record.reason
    assert record.completed == (case == "none")
    modes = [command for command in fake.commands if command.startswith("mode ")]
    assert (modes[-1] if modes else None) == last_mode


def test_coming_home_early_stops_the_camera_trigger(plan: SurveyPlan, home: Geodetic, tmp_path: Path) -> None:
    """The trigger is switched off before the mode changes; otherwise it goes on all the way home."""
    fake = FakeAutopilot(home, faults={20.0: "wind"})
    flown(plan, fake, tmp_path)
    assert fake.commands.index("stop_trigger") + 1 == fake.commands.index("mode RTL")


def test_a_recall_brings_the_aircraft_home(plan: SurveyPlan, home: Geodetic, tmp_path: Path) -> None:
    """An operator's wish ends the mission and is named as the reason."""
    fake = FakeAutopilot(home)
    record = flown(plan, fake, tmp_path, recall=lambda: fake.now > 25)
    assert (record.outcome, record.reason) == (PatrolState.LANDED, "recalled by the operator")


def test_a_missing_pilot_keeps_the_aircraft_on_the_ground(plan: SurveyPlan, home: Geodetic, tmp_path: Path) -> None:
    """The checklist's failure is the outcome, and every result is in the log."""
    fake = FakeAutopilot(home)
    briefing = Briefing(approval=None, pilot="", pilot_licence="", registration="", weather=None)
    recorder = FlightRecorder(tmp_path / "f.jsonl", flight_id="F1")
    record = fly(plan, fake, briefing=briefing, recorder=recorder, geoid_separation_m=9.0, clock=fake)
    assert record.outcome is PatrolState.ABORTED
    assert "arm" not in fake.commands
    entries = [json.loads(line) for line in record.path.read_text(encoding="utf-8").splitlines()]
    logged = {entry["name"]: entry["ok"] for entry in entries if entry["kind"] == "check"}
    assert {name for name, ok in logged.items() if not ok} >= {"remote_pilot", "approval_number", "weather_entered"}
    assert logged["satellites"]


def test_no_flight_log_is_ever_overwritten(tmp_path: Path) -> None:
    """A second recorder on the same path is refused."""
    with FlightRecorder(tmp_path / "f.jsonl", flight_id="F1"), pytest.raises(FileExistsError):
        FlightRecorder(tmp_path / "f.jsonl", flight_id="F1")
