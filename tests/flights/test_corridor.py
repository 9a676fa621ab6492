"""Patrols along a street, and back to a piece of evidence."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import shapely

from flights.corridor import plan_corridor, plan_reinspection
from flights.coverage import ground_seen
from flights.errors import PlanRefused
from flights.plane import map_from_plane, plane_point
from flights.sorties import passes_of
from flights.survey_plan import WaypointKind
from flights.survey_request import SurveyRequest
from geofences.attitude import Attitude
from geofences.pose import Pose

if TYPE_CHECKING:
    from geofences.camera import Camera
    from geofences.position import Geodetic
    from tests.flights.conftest import OutlineFrom

STREET = shapely.LineString([(20, 0), (150, 10), (260, 120), (400, 130)])


@pytest.fixture
def wish(camera: Camera, home: Geodetic, outline: OutlineFrom) -> SurveyRequest:
    """A wide airspace about home."""
    sky = outline((-100, -150), (550, -150), (550, 300), (-100, 300))
    return SurveyRequest(zone_id="street", outline=sky, airspace=sky, home=home, height_agl_m=40.0, camera=camera)


@pytest.mark.parametrize(("width_m", "lanes"), [(30.0, 1), (90.0, 2)])
def test_a_street_is_seen_over_its_width(wish: SurveyRequest, width_m: float, lanes: int) -> None:
    """As many lanes as its width asks for, each one strip with bends on which the trigger stays on."""
    plan = plan_corridor(wish, map_from_plane(STREET, wish.frame), width_m=width_m)
    kinds = [waypoint.kind for waypoint in plan.waypoints]
    assert kinds.count(WaypointKind.STRIP_START) == kinds.count(WaypointKind.STRIP_END) == lanes
    assert kinds.count(WaypointKind.BEND) == 2 * lanes
    assert plan.coverage_share > 0.98


def test_a_lens_that_looks_ahead_begins_before_the_street(wish: SurveyRequest) -> None:
    """At 60 degrees down, the first metres of the street are seen as well."""
    wish = replace(wish, gimbal_pitch_deg=-60.0)
    plan = plan_corridor(wish, map_from_plane(STREET, wish.frame), width_m=20.0)
    seen = ground_seen(passes_of(plan), wish.footprint, front_overlap=wish.front_overlap)
    assert seen.buffer(0.1).covers(shapely.Point(20, 0))


def test_a_street_under_a_no_fly_area_is_refused(wish: SurveyRequest, outline: OutlineFrom) -> None:
    """The lane is named."""
    wish = replace(wish, no_fly=(outline((140, -20), (160, -20), (160, 40), (140, 40)),))
    with pytest.raises(PlanRefused, match="lane 1: it leaves the airspace"):
        plan_corridor(wish, map_from_plane(STREET, wish.frame), width_m=20.0)


@pytest.mark.parametrize(("yaw_deg", "pitch_deg"), [(0.0, -90.0), (135.0, -45.0), (-80.0, -60.0)])
def test_evidence_is_looked_at_again_from_where_it_was_taken(
    wish: SurveyRequest, yaw_deg: float, pitch_deg: float
) -> None:
    """A picture falls on the pose, at its height, flying the way the camera looked."""
    at = wish.frame.geodetic_from_enu((120.0, 60.0, 55.0))  # type: ignore[arg-type]  # a plain row
    look = Attitude(yaw_deg=yaw_deg, pitch_deg=pitch_deg)
    plan = plan_reinspection(wish, Pose(at_s=0.0, position=at, body=look, gimbal=look))
    (run,) = passes_of(plan)
    there = plane_point(at, wish.frame)
    assert shapely.LineString([run.start_m, run.end_m]).distance(shapely.Point(there)) < 0.05
    turned_deg = math.degrees(math.pi / 2 - run.heading_rad) - yaw_deg
    assert (turned_deg + 180) % 360 - 180 == pytest.approx(0.0, abs=0.1)
    assert plan.gimbal_pitch_deg == pitch_deg
    assert plan.height_home_m == pytest.approx(55.0, abs=0.05)
    before_m = math.dist(run.start_m, there)
    assert before_m / plan.trigger_m == pytest.approx(round(before_m / plan.trigger_m), abs=0.02)
    assert plan.coverage_share > 0.0


def test_evidence_from_where_nothing_may_fly_now_is_refused(wish: SurveyRequest) -> None:
    """Beyond the airspace."""
    at = wish.frame.geodetic_from_enu((900.0, 60.0, 55.0))  # type: ignore[arg-type]  # a plain row
    look = Attitude(yaw_deg=0.0, pitch_deg=-90.0)
    with pytest.raises(PlanRefused, match="may not be now"):
        plan_reinspection(wish, Pose(at_s=0.0, position=at, body=look, gimbal=look))
