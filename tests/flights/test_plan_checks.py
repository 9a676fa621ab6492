"""The last word on a plan: whoever made it, a bad leg is named."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from flights.airframe import Airframe
from flights.errors import PlanRefused
from flights.plan_checks import Obstacle, blocked_returns, validate_plan
from flights.survey import plan_survey
from flights.survey_request import SurveyRequest
from geofences.position import Geodetic

if TYPE_CHECKING:
    from flights.survey_plan import SurveyPlan
    from geofences.camera import Camera
    from tests.flights.conftest import OutlineFrom


@pytest.fixture(scope="module")
def plan(camera: Camera, home: Geodetic, outline: OutlineFrom) -> SurveyPlan:
    """A survey north-east of home."""
    zone = outline((-20, 20), (180, 20), (180, 140), (-20, 140))
    return plan_survey(SurveyRequest(zone_id="z", outline=zone, home=home, height_agl_m=40.0, camera=camera))


def moved(plan: SurveyPlan, index: int, **changes: float) -> SurveyPlan:
    """A plan whose waypoint was moved, as a broken planner or editor would."""
    waypoints = list(plan.waypoints)
    position = waypoints[index].position
    heights = {"height_home_m": changes.pop("height_home_m")} if "height_home_m" in changes else {}
    place = {name: getattr(position, name) + by for name, by in changes.items()}
    waypoints[index] = replace(waypoints[index], position=replace(position, **place), **heights)
    return replace(plan, waypoints=tuple(waypoints))


def test_a_good_plan_passes(plan: SurveyPlan) -> None:
    """What the planner made is accepted."""
    validate_plan(plan, airframe=Airframe())


@pytest.mark.parametrize(
    ("change", "leg", "fault"),
    [
        ({"index": 1, "lat_deg": 0.01}, "transit 1", "outside the approved airspace"),
        ({"index": 2, "lon_deg": 0.01}, "strip 1", "outside the approved airspace"),
        ({"index": -1, "lat_deg": -0.01}, "return 1", "outside the approved airspace"),
        ({"index": 2, "height_home_m": 130.0}, "strip 1", "above the ground"),
        ({"index": 2, "height_home_m": 3.0}, "strip 1", "above the ground"),
    ],
)
def test_a_leg_that_was_tampered_with_is_named(
    plan: SurveyPlan, change: dict[str, float], leg: str, fault: str
) -> None:
    """The transit, a strip and the way home are all judged; the message names the leg."""
    with pytest.raises(PlanRefused, match=fault) as refused:
        validate_plan(
            moved(plan, int(change["index"]), **{k: v for k, v in change.items() if k != "index"}), airframe=Airframe()
        )
    assert refused.value.leg == leg


def test_a_no_fly_area_that_came_later_is_noticed(plan: SurveyPlan, outline: OutlineFrom) -> None:
    """A leg through it is refused; one that lies on a straight way home only is named as blocked."""
    through = replace(plan, no_fly=(outline((60, 10), (70, 10), (70, 150), (60, 150)),))
    with pytest.raises(PlanRefused, match="no-fly area"):
        validate_plan(through, airframe=Airframe())
    assert blocked_returns(plan) == ()
    assert blocked_returns(replace(plan, no_fly=(outline((10, 8), (14, 8), (14, 12), (10, 12)),)))


def test_a_home_that_moved_is_refused(plan: SurveyPlan) -> None:
    """Home outside the fence stops the plan."""
    with pytest.raises(PlanRefused, match="home is outside"):
        validate_plan(replace(plan, home=Geodetic(lat_deg=30.4, lon_deg=120.139)), airframe=Airframe())


@pytest.mark.parametrize(("height_m", "refused"), [(29.0, False), (31.0, True), (float("nan"), True)])
def test_a_building_taller_than_the_lane_is_refused(
    plan: SurveyPlan,
    outline: OutlineFrom,
    height_m: float,
    refused: bool,  # noqa: FBT001 - a table's column
) -> None:
    """At 40 m with 10 m of clearance, a block of 29 m passes; one of 31 m does not, nor one whose height is unknown."""
    block = Obstacle(name="block 7", outline=outline((60, 10), (70, 10), (70, 150), (60, 150)), height_m=height_m)
    if refused:
        with pytest.raises(PlanRefused, match="block 7"):
            validate_plan(plan, airframe=Airframe(), obstacles=[block])
    else:
        validate_plan(plan, airframe=Airframe(), obstacles=[block])


def test_a_hill_under_a_level_flight_is_refused(plan: SurveyPlan) -> None:
    """35 m of hill leave 5 m."""
    with pytest.raises(PlanRefused, match="above the ground"):
        validate_plan(plan, airframe=Airframe(), terrain=lambda lat, _lon: 15.0 if lat < 30.3203 else 50.0)


def test_a_plan_over_a_hill_follows_it(camera: Camera, home: Geodetic, outline: OutlineFrom) -> None:
    """Over a slope of one in five every point of the route is about as high above the ground as asked."""

    def slope(lat: float, _lon: float) -> float:
        return home.alt_ellipsoid_m + max(0.0, (lat - 30.3203) * 111_000 * 0.2)

    zone = outline((-20, 20), (180, 20), (180, 240), (-20, 240))
    made = plan_survey(
        SurveyRequest(zone_id="z", outline=zone, home=home, height_agl_m=40.0, camera=camera, terrain=slope)
    )
    heights = [w.height_home_m for w in made.waypoints]
    assert max(heights) > min(heights) + 20
    for waypoint in made.waypoints:
        above_m = waypoint.position.alt_ellipsoid_m - slope(waypoint.position.lat_deg, 0.0)
        assert 39.9 <= above_m <= 44.5
