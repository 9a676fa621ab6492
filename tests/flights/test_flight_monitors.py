"""Soft limits in flight: each alone brings the aircraft home, and nothing does when all is well."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from shapely.geometry import LineString

from flights.airframe import Airframe
from flights.autopilot import VehicleState
from flights.flight_monitors import (
    CONFIRM_S,
    FIX_LOST_S,
    POLICY,
    Action,
    Alarm,
    Event,
    PatrolLimits,
    Route,
    Watch,
    confirm,
    events,
    watch_captures,
    watch_progress,
)  # fmt: skip
from flights.samples import PositionSample
from flights.survey import plan_survey
from flights.survey_request import SurveyRequest

if TYPE_CHECKING:
    from geofences.camera import Camera
    from geofences.position import Geodetic
    from tests.flights.conftest import OutlineFrom

LIMITS = PatrolLimits(airspace_until_s=2000.0)


def seen(route: Route, **changes: Any) -> VehicleState:
    """An aircraft at the start of the first strip."""
    start = route.plan.waypoints[1].position
    position = PositionSample(
        boot_s=0.0,
        lat_deg=start.lat_deg + changes.pop("north_deg", 0.0),
        lon_deg=start.lon_deg,
        alt_amsl_m=36.0,
        height_home_m=changes.pop("height_home_m", 30.0),
        velocity_enu_m_s=(0.0, 0.0, 0.0),
    )
    facts: dict[str, Any] = {
        "link_age_s": 0.1, "utc_s": 1000.0, "position": position, "battery_share": 0.8, "wind_m_s": 3.0,
        "wind_from_deg": 90.0, "ekf_ok": True, "gps_fix": 3, "satellites": 14,
    }  # fmt: skip
    return VehicleState(**{**facts, **changes})


@pytest.mark.parametrize(
    ("changes", "event", "action", "text"),
    [
        ({}, None, None, ""),
        ({"position": None}, Event.POSITION_LOST, Action.LAND, "position unknown"),
        ({"ekf_ok": False}, Event.POSITION_LOST, Action.LAND, "position unknown"),
        ({"satellites": 5}, Event.GPS_WEAK, Action.PAUSE, "with 5 satellites"),
        ({"gps_glitch": True}, Event.GPS_GLITCH, Action.PAUSE, "jumps"),
        ({"battery_share": None}, Event.BATTERY_RETURN, Action.RETURN, "battery unknown"),
        ({"battery_share": 0.255}, Event.BATTERY_RETURN, Action.RETURN, "the way home needs"),
        ({"battery_share": 0.001}, Event.BATTERY_LAND, Action.LAND, "the way home needs"),
        ({"link_age_s": 3.0}, Event.HEARTBEAT_LATE, Action.WARN, "no heartbeat for 3.0 s"),
        ({"wind_m_s": 10.5}, Event.WIND_RISING, Action.WARN, "wind 10.5 m/s, limit 12.0"),
        ({"wind_m_s": 12.5}, Event.WIND, Action.RETURN, "wind 12.5 m/s"),
        ({"utc_s": 2001.0}, Event.APPROVAL_EXPIRED, Action.RETURN, "approval expired"),
        ({"height_home_m": 45.0}, Event.TOO_HIGH, Action.RETURN, "height 45 m, limit 40"),
    ],
)
def test_each_limit_alone_is_noticed_and_has_its_consequence(
    route: Route, changes: dict[str, Any], event: Event | None, action: Action | None, text: str
) -> None:
    """One thing wrong is enough, is named with its number, and leads to what the table says."""
    found = list(events(route, LIMITS, seen(route, **changes)))
    assert [(each.event, each.action) for each in found] == ([(event, action)] if event else [])
    assert all(text in each.text for each in found)


def test_without_a_fix_it_holds_then_lands_while_the_estimator_coasts(route: Route) -> None:
    """After one second the pause counts, after two the landing: seconds before the autopilot would land blind."""
    found = list(events(route, LIMITS, seen(route, gps_fix=1)))
    watch, counting, _ = confirm(Watch(), found, 0.0)
    watch, counting, _ = confirm(watch, found, CONFIRM_S)
    assert [(each.event, each.action) for each in counting] == [(Event.GPS_WEAK, Action.PAUSE)]
    _, counting, _ = confirm(watch, found, FIX_LOST_S)
    assert max(counting, key=lambda each: each.action).event is Event.FIX_LOST
    assert POLICY[Event.FIX_LOST] is Action.LAND


def test_over_terrain_the_highest_waypoint_is_not_too_high(route: Route) -> None:
    """A plan that climbs from 30 m to 70 m above home may be flown at 75 m; ten more than planned is too much."""
    plan = route.plan
    hill = replace(plan.waypoints[2], height_home_m=70.0)
    over = Route(plan=replace(plan, waypoints=(*plan.waypoints[:2], hill, *plan.waypoints[3:])))
    assert (over.plan.height_home_m, over.top_m) == (30.0, 70.0)
    assert not list(events(over, LIMITS, seen(over, height_home_m=75.0)))
    assert [each.event for each in events(over, LIMITS, seen(over, height_home_m=81.0))] == [Event.TOO_HIGH]
    assert [each.event for each in events(route, LIMITS, seen(route, height_home_m=75.0))] == [Event.TOO_HIGH]


def test_every_event_has_its_row() -> None:
    """Nothing can be noticed without a consequence."""
    assert set(POLICY) == set(Event)


def test_far_outside_it_is_off_track_and_beyond_the_fence(route: Route) -> None:
    """A kilometre away, however far from the fence's border."""
    found = {each.event for each in events(route, LIMITS, seen(route, north_deg=0.01))}
    assert found == {Event.OFF_TRACK, Event.FENCE_NEAR}


def test_an_event_counts_when_it_lasts_and_is_told_once() -> None:
    """One wild message is no event; a lasting one is told when it begins to count, and again after it was gone."""
    wind = Alarm(event=Event.WIND, text="wind")
    watch, counting, told = confirm(Watch(), [wind], 0.0)
    assert (counting, told) == ([], "")
    watch, counting, told = confirm(watch, [wind], CONFIRM_S)
    assert (counting, told) == ([wind], "wind")
    watch, counting, told = confirm(watch, [wind], CONFIRM_S + 1)
    assert (counting, told) == ([wind], "")
    watch, counting, told = confirm(watch, [], CONFIRM_S + 2)
    watch, counting, told = confirm(watch, [wind], CONFIRM_S + 3)
    assert counting == []


def test_the_fence_is_kept_at_a_distance(route: Route) -> None:
    """A metre from the border is too near."""
    border = route.plan.airspace.exterior.coords[0]
    near = seen(route)
    assert near.position is not None
    at_border = replace(near.position, lat_deg=border[1], lon_deg=border[0])
    found = list(events(route, replace(LIMITS, off_track_m=1e6), replace(near, position=at_border)))
    assert [each.event for each in found] == [Event.FENCE_NEAR]


def test_our_own_ways_stay_inside_and_go_round(home: Geodetic, camera: Camera, outline: OutlineFrom) -> None:
    """Round a no-fly area with three metres to spare; none leads out of the fence."""
    plan = plan_survey(
        SurveyRequest(
            zone_id="z",
            outline=outline((60, -20), (90, -20), (90, 20), (60, 20)),
            home=home,
            height_agl_m=30.0,
            camera=camera,
            no_fly=(outline((20, -30), (40, -30), (40, 30), (20, 30)),),
            airspace=outline((-20, -60), (110, -60), (110, 60), (-20, 60)),
        )
    )
    route = Route(plan=plan)
    way = route.way((70.0, 0.0), (0.0, 0.0))
    assert len(way) >= 3
    assert LineString([(70.0, 0.0), *way]).distance(plan.no_fly_m[0]) == pytest.approx(3.0, abs=0.2)
    assert route.way((70.0, 40.0), (0.0, 40.0)) == ((0.0, 40.0),)
    assert not route.is_inside((0.0, 80.0))
    assert not route.is_inside((30.0, 0.0))


def test_the_way_home_costs_more_against_the_wind() -> None:
    """A headwind raises the energy needed, a tailwind is not counted on, and too much wind costs without end."""
    costs = [Airframe().return_wh(distance_m=1000.0, height_m=50.0, headwind_m_s=wind) for wind in (-8, 0, 8, 15)]
    assert costs[0] == costs[1] < costs[2] < costs[3] == float("inf")


def test_an_aircraft_that_hangs_is_noticed() -> None:
    """Forty seconds within five metres is a stall; movement starts the count again."""
    watch, why = watch_progress(Watch(), LIMITS, (0.0, 0.0), 0.0)
    watch, why = watch_progress(watch, LIMITS, (2.0, 0.0), 39.0)
    assert why is None
    _, why = watch_progress(watch, LIMITS, (2.0, 0.0), 41.0)
    assert why == Alarm(event=Event.STALLED, text="no progress for 41 s")
    _, why = watch_progress(watch, LIMITS, (9.0, 0.0), 41.0)
    assert why is None


def test_a_strip_without_pictures_is_noticed(route: Route) -> None:
    """Beyond the planned interval plus five seconds, on a strip only."""
    seq = min(route.strip_seqs)
    watch, _ = watch_captures(Watch(), route, LIMITS, seq=seq, at_s=0.0, last_capture_s=None)
    watch, gap = watch_captures(watch, route, LIMITS, seq=seq, at_s=3.0, last_capture_s=None)
    assert gap is None
    watch, gap = watch_captures(watch, route, LIMITS, seq=seq, at_s=30.0, last_capture_s=2.0)
    assert gap is not None
    assert (gap.event, gap.action) == (Event.CAPTURE_GAP, Action.WARN)
    _, elsewhere = watch_captures(watch, route, LIMITS, seq=route.return_seq, at_s=80.0, last_capture_s=2.0)
    assert elsewhere is None
