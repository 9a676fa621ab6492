"""One lease, one holder, every request admitted or refused by name: as tables, and under arbitrary histories."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from shapely.geometry import Polygon

from flights.flight_monitors import Route
from flights.patrol_states import PatrolState
from flights.pilot_desk import (
    ADMITTED_IN,
    LEASE_S,
    STALE_S,
    UNHELD_S,
    Crew,
    Desk,
    Lease,
    Scene,
    receive,
    target_m,
    unheld,
)
from flights.pilot_request import Action, PilotRequest, Refusal
from flights.samples import PositionSample
from flights.survey import plan_survey
from flights.survey_request import SurveyRequest
from geofences.camera import Camera
from geofences.local_frame import LocalFrame
from tests.flights.conftest import HOME

if TYPE_CHECKING:
    from collections.abc import Callable

    from flights.survey_plan import SurveyPlan

CREW = Crew(pilots=frozenset({"Li Wei", "Zhao Min"}), supervisors=frozenset({"Wang Fang"}), ceiling_m=60.0)
NOW_S = 1_772_416_800.0
ACTS = tuple(ADMITTED_IN)


def request(
    action: Action, pilot: str = "Li Wei", *, number: int = 0, at_s: float = NOW_S, **more: object
) -> PilotRequest:
    """A request of Li Wei's own device unless said otherwise."""
    place = {"lat_deg": HOME.lat_deg, "lon_deg": HOME.lon_deg} if action in {Action.GO_TO, Action.LOOK_AT} else {}
    about = {"key": f"key of {pilot}", "sent_s": at_s, "to": "Zhao Min", **place, **more}
    return PilotRequest(command_id=f"c{number}", action=action, pilot=pilot, **about)  # type: ignore[arg-type]


def at(east_m: float, north_m: float, height_m: float = 30.0) -> PositionSample:
    """Where the aircraft is."""
    place = LocalFrame(origin=HOME).geodetic_from_enu((east_m, north_m, height_m))  # type: ignore[arg-type]
    return PositionSample(
        boot_s=0.0,
        lat_deg=place.lat_deg,
        lon_deg=place.lon_deg,
        alt_amsl_m=36.0,
        height_home_m=height_m,
        velocity_enu_m_s=(0.0, 0.0, 0.0),
    )


def place(east_m: float, north_m: float) -> dict[str, float]:
    """A point to go to."""
    there = at(east_m, north_m)
    return {"lat_deg": there.lat_deg, "lon_deg": there.lon_deg}


@pytest.fixture(scope="module")
def scene(plan: SurveyPlan, outline: Callable[..., object]) -> Scene:
    """On its mission, in a fence of 200 m by 200 m about home with a no-fly area in its north."""
    fence = outline((-50, -50), (150, -50), (150, 150), (-50, 150))
    no_fly = outline((60, 90), (90, 90), (90, 120), (60, 120))
    flown = replace(plan, airspace=fence, no_fly=(no_fly,))  # type: ignore[arg-type]
    return Scene(state=PatrolState.ON_MISSION, reason="", position=at(50, 40), route=Route(plan=flown), crew=CREW)


@pytest.fixture
def held() -> Desk:
    """Li Wei commands."""
    return Desk(lease=Lease(pilot="Li Wei", key="key of Li Wei", until_s=NOW_S + LEASE_S))


CASES = {
    # name: (request, changes of the scene, refusal, part of its detail)
    "pause": (request(Action.PAUSE), {}, None, ""),
    "no such pilot": (request(Action.ACQUIRE, "Sun Qi"), {}, Refusal.NOT_A_PILOT, "Sun Qi"),
    "held by another": (request(Action.ACQUIRE, "Zhao Min"), {}, Refusal.HELD_BY_ANOTHER, "Li Wei"),
    "another's command": (request(Action.LAND, "Zhao Min"), {}, Refusal.HELD_BY_ANOTHER, "Li Wei"),
    "right name, other device": (request(Action.LAND, key="x"), {}, Refusal.HELD_BY_ANOTHER, "Li Wei"),
    "lease run out": (
        request(Action.PAUSE, at_s=NOW_S + LEASE_S), {"now": NOW_S + LEASE_S}, Refusal.NO_LEASE, ""
    ),
    "too old": (request(Action.PAUSE, at_s=NOW_S - STALE_S - 1), {}, Refusal.STALE, "6 s > 5 s"),
    "from the future": (request(Action.PAUSE, at_s=NOW_S + 60), {}, Refusal.STALE, "-60 s"),
    "no supervisor": (request(Action.REVOKE), {}, Refusal.NOT_A_SUPERVISOR, "Li Wei"),
    "handed to a stranger": (request(Action.HAND_OVER, to="Sun Qi"), {}, Refusal.NOT_A_PILOT, "Sun Qi"),
    "pilot on the sticks": (
        request(Action.RETURN), {"state": PatrolState.CONTROL_LOST, "reason": "LOITER"}, Refusal.CONTROL_LOST, "LOITER"
    ),
    "not paused": (request(Action.RESUME), {}, Refusal.STATE_FORBIDS, "on_mission"),
    "paused on the ground": (
        request(Action.PAUSE), {"state": PatrolState.PREFLIGHT}, Refusal.STATE_FORBIDS, "preflight"
    ),
    "go to": (request(Action.GO_TO, **place(120, 40)), {}, None, ""),
    "outside": (request(Action.GO_TO, **place(151, 40)), {}, Refusal.OUTSIDE_FENCE, "m"),
    "too near the fence": (request(Action.GO_TO, **place(148, 40)), {}, Refusal.OUTSIDE_FENCE, "1 m"),
    "into the no-fly area": (request(Action.GO_TO, **place(75, 105)), {}, Refusal.CROSSES_NO_FLY, "m"),
    "through it": (request(Action.GO_TO, **place(100, 140)), {"position": at(50, 85)}, Refusal.CROSSES_NO_FLY, "m"),
    "too high": (request(Action.GO_TO, height_home_m=61.0), {}, Refusal.TOO_HIGH, "61 m > 60 m"),
    "too low": (request(Action.GO_TO, height_home_m=9.0), {}, Refusal.TOO_LOW, "9 m < 10 m"),
    "lost": (request(Action.GO_TO), {"position": None}, Refusal.NO_POSITION, ""),
    "look outside": (request(Action.LOOK_AT, **place(400, 40)), {}, None, ""),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_each_request_is_admitted_or_refused_by_name(case: str, scene: Scene, held: Desk) -> None:
    """The reason is a code with its numbers, and a refusal changes nothing but the list of answers."""
    asked, changes, why, detail = CASES[case]
    at_s = float(changes.get("now", NOW_S))  # type: ignore[arg-type]
    now = replace(scene, **{name: value for name, value in changes.items() if name != "now"})  # type: ignore[arg-type]
    ruling = receive(held, asked, now, at_s=at_s)
    assert (ruling.admitted is None) == (why is not None)
    if why is not None:
        assert ruling.answer is not None
        assert ruling.answer.refusal == why
        assert detail in ruling.answer.detail
        assert replace(ruling.desk, answers={}) == held


def test_an_aircraft_away_from_its_plan_comes_home_when_nobody_commands(scene: Scene, held: Desk) -> None:
    """After the lease has run out and the grace is over; not on its plan, and not while somebody commands."""
    late_s = NOW_S + LEASE_S + UNHELD_S
    off = replace(scene, state=PatrolState.HELD, held_since_s=NOW_S)
    assert unheld(held, off, at_s=late_s - 1) is None
    assert unheld(held, scene, at_s=late_s) is None
    home = unheld(held, off, at_s=late_s)
    assert home is not None
    assert home.action is Action.RETURN


def test_one_id_is_one_command(scene: Scene, held: Desk) -> None:
    """Asked again, the first answer comes back and nothing is done; another command under its id is refused."""
    first = receive(held, request(Action.RELEASE, number=7), scene, at_s=NOW_S)
    again = receive(first.desk, request(Action.RELEASE, number=7, at_s=NOW_S + 9), scene, at_s=NOW_S + 9)
    assert again.answer == first.answer
    other = receive(first.desk, request(Action.LAND, number=7), scene, at_s=NOW_S)
    assert other.answer is not None
    assert other.answer.refusal == Refusal.ID_USED


class Pilots(RuleBasedStateMachine):
    """Three people, one of them a supervisor, ask for anything at any time; the flight changes under them."""

    def __init__(self) -> None:
        super().__init__()
        self.desk, self.now_s, self.number = Desk(), NOW_S, 0
        self.state = PatrolState.ON_MISSION
        self.commander, self.key, self.until_s, self.offered = "", "", NOW_S, ""  # a model: who, with what, until when

    @rule(seconds=st.sampled_from([0.0, 1.0, 9.0, LEASE_S - 0.5, LEASE_S, 100.0]))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.now_s += seconds

    @precondition(lambda self: self.state is not PatrolState.CONTROL_LOST)
    @rule(state=st.sampled_from(list(PatrolState)))
    def moves_on(self, state: PatrolState) -> None:
        """The flight goes on; control once lost is not won back."""
        self.state = state

    @rule(
        action=st.sampled_from(list(Action)),
        pilot=st.sampled_from(["Li Wei", "Zhao Min", "Wang Fang"]),
        stolen=st.booleans(),
        old=st.booleans(),
    )
    def ask(self, action: Action, pilot: str, *, stolen: bool, old: bool) -> None:
        """Somebody asks something, perhaps under another's key, perhaps late."""
        self.number += 1
        key = "key of somebody else" if stolen else f"key of {pilot}"
        sent_s = self.now_s - (STALE_S + 1 if old else 0)
        asked = request(action, pilot, number=self.number, at_s=sent_s, key=key)
        before, scene = self.desk, replace(SCENE, state=self.state)
        ruling = receive(before, asked, scene, at_s=self.now_s)
        self.desk = ruling.desk
        granted = ruling.answer is not None and not ruling.answer.refusal
        if ruling.admitted is not None:
            assert action in ADMITTED_IN
            assert self.state in ADMITTED_IN[action]
            assert (self.commander, self.key) == (pilot, key)
            assert self.now_s < self.until_s
        if self.state is PatrolState.CONTROL_LOST:
            assert ruling.admitted is None
            assert not granted or action is Action.RELEASE
        if old:
            assert not granted
            assert ruling.admitted is None
        self._follow(action, pilot, key, granted=granted)

    def _follow(self, action: Action, pilot: str, key: str, *, granted: bool) -> None:
        if not granted:
            return
        if action is Action.ACQUIRE:
            own = (self.commander, self.key) == (pilot, key)
            assert self.now_s >= self.until_s or own or pilot == self.offered
            self.commander, self.key, self.until_s, self.offered = pilot, key, self.now_s + LEASE_S, ""
        elif action is Action.REVOKE:
            assert pilot == "Wang Fang"
            self.until_s, self.offered = self.now_s, ""
        else:
            assert self.now_s < self.until_s
            assert (self.commander, self.key) == (pilot, key)
            self.until_s = {Action.RENEW: self.now_s + LEASE_S, Action.RELEASE: self.now_s}.get(action, self.until_s)
            self.offered = "Zhao Min" if action is Action.HAND_OVER else self.offered

    @invariant()
    def there_is_at_most_one_holder_and_it_is_the_right_one(self) -> None:
        """The lease in force is the model's."""
        holder = self.desk.holder(self.now_s)
        assert (holder.pilot if holder else "") == (self.commander if self.now_s < self.until_s else "")
        assert holder is None or holder.pilot in CREW.pilots - self.desk.barred


def _scene() -> Scene:
    frame = LocalFrame(origin=HOME)
    corners = [frame.geodetic_from_enu(corner) for corner in ((20, 10, 0), (100, 10, 0), (100, 70, 0), (20, 70, 0))]  # type: ignore[arg-type]
    zone = Polygon([(corner.lon_deg, corner.lat_deg) for corner in corners])
    lens = Camera.from_fov(size_px=(1920, 1080), hfov_deg=73.0, name="test camera")
    plan = plan_survey(SurveyRequest(zone_id="z", outline=zone, home=HOME, height_agl_m=30.0, camera=lens))
    return Scene(state=PatrolState.ON_MISSION, reason="", position=at(50, 40), route=Route(plan=plan), crew=CREW)


SCENE = _scene()
Pilots.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestPilots = Pilots.TestCase


def test_a_point_is_where_it_says(scene: Scene) -> None:
    """Degrees become metres of home."""
    assert target_m(scene.route, request(Action.GO_TO, **place(12, 34))) == pytest.approx((12.0, 34.0), abs=0.01)


@pytest.mark.parametrize(
    "fault",
    [
        {"command_id": "../x"},
        {"command_id": ""},
        {"pilot": " "},
        {"action": "fly away"},
        {"action": "go_to"},
        {"action": "hand_over"},
        {"action": "go_to", "lat_deg": 91.0, "lon_deg": 0.0},
        {"action": "go_to", "lat_deg": float("nan"), "lon_deg": 0.0},
    ],
)
def test_nonsense_is_no_request(fault: dict[str, object]) -> None:
    """Ids that are no file names, nobody, no place: refused at construction."""
    whole: dict[str, object] = {"command_id": "c", "action": "pause", "pilot": "Li Wei"}
    with pytest.raises(ValueError, match=r"command_id|pilot|Action|lat_deg|to:"):
        PilotRequest(**whole | fault)  # type: ignore[arg-type]
