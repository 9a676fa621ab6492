"""Plans as MAVLink items."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from flights.mission_items import Command, fence_of, mission_of, return_item, strip_items
from flights.survey import plan_survey
from flights.survey_request import SurveyRequest

if TYPE_CHECKING:
    from flights.survey_plan import SurveyPlan
    from geofences.camera import Camera
    from geofences.position import Geodetic
    from tests.flights.conftest import OutlineFrom


@pytest.fixture(scope="module")
def plan(camera: Camera, home: Geodetic, outline: OutlineFrom) -> SurveyPlan:
    """A survey round a house."""
    return plan_survey(
        SurveyRequest(
            zone_id="z",
            outline=outline((-20, 20), (180, 20), (180, 140), (-20, 140)),
            no_fly=(outline((60, 60), (100, 60), (100, 90), (60, 90)),),
            home=home,
            height_agl_m=40.0,
            camera=camera,
        )
    )


def test_the_trigger_is_off_at_every_strip_end(plan: SurveyPlan) -> None:
    """On and off alternate, and the last word is off before the way home."""
    items = mission_of(plan)
    words = [item.params[0] > 0 for item in items if item.command == Command.TRIGGER_DISTANCE]
    strips = sum(waypoint.trigger_m > 0 for waypoint in plan.waypoints)
    assert words == [False, *[True, False] * strips]
    assert len(strip_items(items)) == strips
    assert return_item(items) > max(strip_items(items))
    assert items[-1].command == Command.RETURN_TO_LAUNCH


def test_the_fence_is_the_airspace_and_the_no_fly_areas(plan: SurveyPlan) -> None:
    """Each polygon comes whole, announced with its number of corners, to 1e-7 of a degree."""
    items = fence_of(plan)
    inside = [item for item in items if item.command == Command.FENCE_INCLUSION_VERTEX]
    outside = [item for item in items if item.command == Command.FENCE_EXCLUSION_VERTEX]
    assert len(inside) == len(plan.airspace.exterior.coords) - 1 == inside[0].params[0]
    assert len(outside) == 4 == outside[0].params[0]
    lon, lat = plan.no_fly[0].exterior.coords[0]
    assert (outside[0].lat_e7, outside[0].lon_e7) == (round(lat * 1e7), round(lon * 1e7))
