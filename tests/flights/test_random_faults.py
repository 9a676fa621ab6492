"""A hundred flights with random faults, refusals and wishes, on a clock that runs as fast as it can."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from shapely.geometry import LineString, Point

from flights.flight_monitors import Route
from flights.patrol_states import PatrolState
from flights.survey import plan_survey
from flights.survey_request import SurveyRequest
from tests.flights.fake_autopilot import FakeAutopilot
from tests.flights.test_patrol import Asked, Desk, flown

if TYPE_CHECKING:
    from pathlib import Path

    from flights.survey_plan import SurveyPlan
    from geofences.camera import Camera
    from geofences.position import Geodetic
    from tests.flights.conftest import OutlineFrom

FAULTS = (
    "loiter",
    "rtl",
    "wind",
    "silence",
    "disarm",
    "drain",
    "empty",
    "glitch",
    "steady",
    "weak",
    "no fix",
    "no position",
)
REFUSALS = ("mode GUIDED", "mode AUTO", "mode RTL", "mode LAND", "go_to", "stop_trigger", "trigger", "point_gimbal")
ACTIONS = ("pause", "resume", "go_to", "look_at", "return", "land")
CHANCE_LOST_S = 0.3  # one look: what happens in between cannot be known


@pytest.fixture(scope="module")
def walled(camera: Camera, home: Geodetic, outline: OutlineFrom) -> SurveyPlan:
    """A survey behind a no-fly area, so that the straight way home is often blocked."""
    return plan_survey(
        SurveyRequest(
            zone_id="z",
            outline=outline((60, -40), (120, -40), (120, 60), (60, 60)),
            home=home,
            height_agl_m=30.0,
            camera=camera,
            no_fly=(outline((25, -30), (45, -30), (45, 45), (25, 45)),),
            airspace=outline((-15, -70), (140, -70), (140, 90), (-15, 90)),
        )
    )


@pytest.mark.parametrize("tens", range(10))
def test_nothing_leads_outside_the_fence_or_follows_the_loss_of_control(
    walled: SurveyPlan, home: Geodetic, tmp_path: Path, tens: int
) -> None:
    """Every place ordered is inside, the way to it clear; whoever takes the aircraft keeps it; every flight ends."""
    route = Route(plan=walled)
    for seed in range(10 * tens, 10 * tens + 10):
        luck = random.Random(seed)  # noqa: S311 - reproducible, no secret
        faults = {luck.uniform(0, 110): luck.choice(FAULTS) for _ in range(luck.randint(1, 3))}
        refuse = frozenset(luck.sample(REFUSALS, luck.choice((0, 0, 1, 2))))
        fake = FakeAutopilot(home, faults=faults, refuse=refuse)
        wishes = [(luck.uniform(5, 100), _wish(luck, home)) for _ in range(luck.randint(0, 4))]
        folder = tmp_path / str(seed)
        record = flown(walled, fake, folder, desk=Desk(fake, wishes))
        told = f"seed {seed}: {faults}, refused {sorted(refuse)}: {record.outcome} {record.reason}"
        assert record.outcome in {PatrolState.LANDED, PatrolState.ABORTED, PatrolState.CONTROL_LOST}, told
        after = [each for each in fake.log if each[0] > fake.lost_s + CHANCE_LOST_S]
        assert not after, f"{told}: {after}"
        _judge_places(fake, route, told)


def _wish(luck: random.Random, home: Geodetic) -> Asked:
    """Something asked for a place that may be anywhere."""
    place = {"lat_deg": home.lat_deg + luck.uniform(-1e-3, 1e-3), "lon_deg": home.lon_deg + luck.uniform(-1e-3, 2e-3)}
    return Asked(action=luck.choice(ACTIONS), **place, height_home_m=luck.choice((None, 5.0, 25.0, 60.0, 130.0)))


def _judge_places(fake: FakeAutopilot, route: Route, told: str) -> None:
    goals = iter(fake.goals)
    for _, here, command in fake.log:
        inside = route.allowed.covers(Point(here))
        if command == "mode RTL" and inside:
            assert route.allowed.covers(LineString([here, (0.0, 0.0)])) or "go_to" in fake.refuse, f"{told}: RTL {here}"
        elif command == "go_to" and command not in fake.refuse:
            east, north, height = next(goals)
            assert 10 <= height <= 41, f"{told}: {height} m"
            assert not inside or route.allowed.covers(LineString([here, (east, north)])), (
                f"{told}: {here} {east, north}"
            )
