"""Soft limits in flight: each alone brings the aircraft home, and nothing does when all is well."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from flights.airframe import Airframe
from flights.autopilot import VehicleState
from flights.flight_monitors import PatrolLimits, Route, Watch, alarm, watch_captures, watch_progress
from flights.samples import PositionSample

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
        "wind_from_deg": 90.0,
    }  # fmt: skip
    return VehicleState(**{**facts, **changes})


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"position": None}, "position unknown"),
        ({"battery_share": None}, "battery unknown"),
        ({"battery_share": 0.255}, "the way home needs"),
        ({"wind_m_s": 12.5}, "wind 12.5 m/s"),
        ({"utc_s": 2001.0}, "approval expired"),
        ({"height_home_m": 45.0}, "height 45 m, limit 40"),
        ({"north_deg": 0.01}, "off the planned route"),
    ],
)
def test_each_limit_alone_raises_its_alarm(route: Route, changes: dict[str, Any], reason: str | None) -> None:
    """One thing wrong is enough, and is named with its number."""
    found = alarm(route, LIMITS, seen(route, **changes))
    assert found is None if reason is None else found is not None and reason in found


def test_the_fence_is_kept_at_a_distance(route: Route) -> None:
    """A metre from the border is too near."""
    border = route.plan.airspace.exterior.coords[0]
    near = seen(route)
    assert near.position is not None
    at_border = replace(near.position, lat_deg=border[1], lon_deg=border[0])
    found = alarm(route, replace(LIMITS, off_track_m=1e6), replace(near, position=at_border))
    assert found is not None
    assert "from the fence" in found


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
    assert why == "no progress for 41 s"
    _, why = watch_progress(watch, LIMITS, (9.0, 0.0), 41.0)
    assert why is None


def test_a_strip_without_pictures_is_noted_once(route: Route) -> None:
    """Beyond the planned interval plus five seconds, one note per strip."""
    seq = min(route.strip_seqs)
    watch, _ = watch_captures(Watch(), route, LIMITS, seq=seq, at_s=0.0, last_capture_s=None)
    watch, note = watch_captures(watch, route, LIMITS, seq=seq, at_s=3.0, last_capture_s=None)
    assert note is None
    watch, note = watch_captures(watch, route, LIMITS, seq=seq, at_s=30.0, last_capture_s=2.0)
    assert note is not None
    _, again = watch_captures(watch, route, LIMITS, seq=seq, at_s=40.0, last_capture_s=2.0)
    assert again is None
    _, elsewhere = watch_captures(watch, route, LIMITS, seq=route.return_seq, at_s=80.0, last_capture_s=2.0)
    assert elsewhere is None
