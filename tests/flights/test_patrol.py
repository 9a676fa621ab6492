"""Flying on an autopilot in memory: what each disturbance leads to."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from flights.mission_items import ListKind, mission_of
from flights.patrol import fly
from flights.patrol_states import PatrolState
from flights.preflight import Briefing
from flights.recorder import FlightRecorder
from flights.registers import Waiver
from tests.flights.fake_autopilot import START_UNIX_S, FakeAutopilot, briefing_for

if TYPE_CHECKING:
    from pathlib import Path

    from flights.autopilot import VehicleState
    from flights.flight_monitors import Route
    from flights.patrol_states import Machine, Wish
    from flights.recorder import FlightRecord
    from flights.survey_plan import SurveyPlan
    from geofences.position import Geodetic


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A wish of a pilot from afar."""

    action: str
    pilot: str = "Li Wei"
    lat_deg: float | None = None
    lon_deg: float | None = None
    height_home_m: float | None = None


class Desk:
    """Asks for things at their seconds, and keeps the answers."""

    def __init__(self, fake: FakeAutopilot, wishes: list[tuple[float, Asked]]) -> None:
        self.fake, self.wishes = fake, sorted(wishes, key=lambda each: each[0])
        self.answers: list[tuple[str, str]] = []

    def next_wish(self, _machine: Machine, _vehicle: VehicleState, _route: Route) -> Asked | None:
        """What is due."""
        return self.wishes.pop(0)[1] if self.wishes and self.wishes[0][0] <= self.fake.now else None

    def answered(self, wish: Wish, refusal: str, *_more: object) -> None:
        """Keep it."""
        self.answers.append((wish.action, refusal))


def flown(
    plan: SurveyPlan, fake: FakeAutopilot, folder: Path, *, desk: Desk | None = None, attach: bool = False
) -> FlightRecord:
    """One flight with a complete briefing."""
    recorder = FlightRecorder(folder / "f.jsonl", flight_id="F1", attach=attach)
    accepted = {"plan_warnings": Waiver(by="Li Wei", reason="our own way home goes round")}
    briefing = replace(briefing_for(plan), waivers=accepted)
    return fly(plan, fake, briefing=briefing, recorder=recorder, geoid_separation_m=9.0, clock=fake, desk=desk)


DISTURBANCES = {
    # name: (faults by second, refused commands, outcome, reason, last mode commanded)
    "none": ({}, (), PatrolState.LANDED, "", "mode AUTO"),
    "pilot takes over": ({20.0: "loiter"}, (), PatrolState.CONTROL_LOST, "mode changed to LOITER", "mode AUTO"),
    "wind": ({20.0: "wind"}, (), PatrolState.LANDED, "wind 14.0 m/s", "mode RTL"),
    "battery": ({20.0: "drain"}, (), PatrolState.LANDED, "battery", "mode RTL"),
    "link": ({20.0: "silence"}, (), PatrolState.CONTROL_LOST, "link silent", "mode AUTO"),
    "no way home in the battery": ({20.0: "empty"}, (), PatrolState.LANDED, "battery", "mode LAND"),
    "position lost": ({20.0: "no position"}, (), PatrolState.LANDED, "position unknown", "mode LAND"),
    "no satellite fix": ({20.0: "no fix"}, (), PatrolState.LANDED, "no satellite fix", "mode LAND"),
    "no fix on the way home": ({10.0: "wind", 12.0: "no fix"}, (), PatrolState.LANDED, "no satellite", "mode LAND"),
    "satellites stay few": ({20.0: "weak"}, (), PatrolState.LANDED, "held took longer", "mode RTL"),
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


class LateAutopilot(FakeAutopilot):
    """One whose mode is heard a heartbeat late."""

    modes: tuple[tuple[float, str | None], ...] = ()

    def observe(self) -> VehicleState:
        """As it is, with the mode of 1.3 s before."""
        state = super().observe()
        self.modes = (*self.modes, (self.now, state.mode))
        return replace(state, mode=[mode for at_s, mode in self.modes if at_s <= max(0.0, self.now - 1.3)][-1])


def test_a_mode_asked_for_and_heard_late_is_nobody_else_s(plan: SurveyPlan, home: Geodetic, tmp_path: Path) -> None:
    """Held after a second without satellites, landing after two: GUIDED shows only then, and is ours."""
    fake = LateAutopilot(home, faults={20.0: "no fix"})
    record = flown(plan, fake, tmp_path)
    assert (record.outcome, record.reason) == (PatrolState.LANDED, "no satellite fix")
    assert [command for command in fake.commands if command.startswith("mode ")][-2:] == ["mode GUIDED", "mode LAND"]


def test_coming_home_early_stops_the_camera_trigger(plan: SurveyPlan, home: Geodetic, tmp_path: Path) -> None:
    """The trigger is switched off before the mode changes; otherwise it goes on all the way home."""
    fake = FakeAutopilot(home, faults={20.0: "wind"})
    flown(plan, fake, tmp_path)
    assert fake.commands.index("stop_trigger") + 1 == fake.commands.index("mode RTL")


def test_a_jumping_position_is_waited_for(plan: SurveyPlan, home: Geodetic, tmp_path: Path) -> None:
    """It holds, goes back to where it left its plan, takes pictures again, and lands as planned."""
    fake = FakeAutopilot(home, faults={24.0: "glitch", 34.0: "steady"})
    assert flown(plan, fake, tmp_path).completed
    modes = [command for command in fake.commands if command.startswith("mode ")]
    assert modes == ["mode GUIDED", "mode AUTO", "mode GUIDED", "mode AUTO"]
    assert fake.commands[-2:] == ["trigger", "mode AUTO"]


def test_a_pilot_from_afar_leads_and_gives_back(plan: SurveyPlan, home: Geodetic, tmp_path: Path) -> None:
    """Each wish is done and acknowledged, or refused with its reason; the plan is then flown to its end."""
    there = {"lat_deg": home.lat_deg + 30 / 110_850, "lon_deg": home.lon_deg + 0.0002}
    fake = FakeAutopilot(home)
    desk = Desk(
        fake,
        [
            (1.0, Asked(action="pause")),
            (20.0, Asked(action="resume")),
            (21.0, Asked(action="pause")),
            (25.0, Asked(action="go_to", **there)),
            (35.0, Asked(action="go_to", lat_deg=home.lat_deg + 0.1, lon_deg=home.lon_deg)),
            (36.0, Asked(action="go_to", **there, height_home_m=130.0)),
            (37.0, Asked(action="look_at", **there)),
            (40.0, Asked(action="resume")),
        ],
    )
    assert flown(plan, fake, tmp_path, desk=desk).completed
    refused = [why for _, why in desk.answers if why]
    assert [action for action, why in desk.answers if not why] == ["pause", "go_to", "look_at", "resume"]
    assert refused[:2] == ["takeoff", "not paused"]
    assert "no way inside the fence" in refused[2]
    assert "height 130 m, allowed 10 to" in refused[3]


def test_a_recall_brings_the_aircraft_home(plan: SurveyPlan, home: Geodetic, tmp_path: Path) -> None:
    """A pilot's wish ends the mission and is named as the reason."""
    fake = FakeAutopilot(home)
    record = flown(plan, fake, tmp_path, desk=Desk(fake, [(25.0, Asked(action="return"))]))
    assert (record.outcome, record.reason) == (PatrolState.LANDED, "recalled by Li Wei")


class _Died(Exception):
    """Our process is gone."""


def test_a_restart_attaches_to_the_flight_in_the_air(plan: SurveyPlan, home: Geodetic, tmp_path: Path) -> None:
    """A second process finds the aircraft on this plan, starts nothing, goes on watching, and keeps one log."""
    fake, calm = FakeAutopilot(home), FakeAutopilot.sleep

    def dies(_machine: Machine, _vehicle: VehicleState, _route: Route) -> None:
        if fake.now > 25:
            raise _Died

    desk = Desk(fake, [])
    desk.next_wish = dies  # type: ignore[assignment]  # a desk that ends the process
    with pytest.raises(_Died):
        flown(plan, fake, tmp_path, desk=desk)
    calm(fake, 2.0)
    before = list(fake.commands)
    with (tmp_path / "f.jsonl").open("a") as log:
        log.write('{"kind":"posit')
    record = flown(plan, fake, tmp_path, attach=True)
    assert record.completed
    assert fake.commands == before
    assert record.events[0].text == "attaching"
    assert record.pose_track is not None
    assert record.pose_track.start_s < START_UNIX_S + 25


@pytest.mark.parametrize(
    ("mode", "mission", "outcome", "reason"),
    [
        ("RTL", True, PatrolState.LANDED, "attached to the flight in the air, mode RTL"),
        ("GUIDED", True, PatrolState.LANDED, "held took longer than allowed"),
        ("LOITER", True, PatrolState.CONTROL_LOST, "someone else flies"),
        ("AUTO", False, PatrolState.CONTROL_LOST, "not with this plan"),
    ],
)
def test_an_aircraft_found_in_the_air_is_never_started_again(
    plan: SurveyPlan, home: Geodetic, tmp_path: Path, *, mode: str, mission: bool, outcome: PatrolState, reason: str
) -> None:
    """Whatever it does, nothing arms it or takes off; what is not this plan is only watched."""
    fake = FakeAutopilot(home, faults={120.0: "disarm"} if outcome is PatrolState.CONTROL_LOST else None)
    fake.set_mode("GUIDED")
    fake.arm()
    fake.take_off(30.0)
    fake.sleep(10.0)
    items = mission_of(plan)
    fake.transfer(ListKind.MISSION, items if mission else (*items[:-2], replace(items[-2], height_m=31.0), items[-1]))
    fake.set_mode(mode)
    before = len(fake.commands)
    record = flown(plan, fake, tmp_path)
    assert record.outcome is outcome
    assert reason in record.reason
    assert set(fake.commands[before:]) <= {"stop_trigger", "mode RTL"}


def test_a_missing_pilot_keeps_the_aircraft_on_the_ground(plan: SurveyPlan, home: Geodetic, tmp_path: Path) -> None:
    """The checklist's failure is the outcome, and every result is in the log."""
    fake = FakeAutopilot(home)
    briefing = Briefing(approval=None, release=None, aircraft=None, weather=None)
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
