"""The checklist: complete, it passes; with anything missing or wrong, exactly the right check fails."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from flights.airframe import Airframe
from flights.autopilot import VehicleState
from flights.preflight import Preflight, Weather, preflight
from flights.samples import PositionSample
from tests.flights.fake_autopilot import SAFE, START_UNIX_S, briefing_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from flights.survey_plan import SurveyPlan
    from geofences.position import Geodetic
    from tests.flights.conftest import OutlineFrom


@pytest.fixture(scope="module")
def good(plan: SurveyPlan, home: Geodetic) -> Preflight:
    """A flight with nothing wrong."""
    here = PositionSample(
        boot_s=60.0, lat_deg=home.lat_deg, lon_deg=home.lon_deg, alt_amsl_m=6.0, height_home_m=0.0,
        velocity_enu_m_s=(0.0, 0.0, 0.0),
    )  # fmt: skip
    return Preflight(
        at_s=START_UNIX_S,
        plan=plan,
        vehicle=VehicleState(
            link_age_s=0.1, mode="STABILIZE", armable=True, utc_s=START_UNIX_S, position=here, gps_fix=3,
            satellites=17, ekf_ok=True, battery_share=0.98,
        ),
        parameters=SAFE,
        mission_equal=True,
        fence_equal=True,
        storage_free_bytes=10**10,
        briefing=briefing_for(plan),
    )  # fmt: skip


def failed(seen: Preflight) -> set[str]:
    """Names of the checks that do not pass."""
    return {check.name for check in preflight(seen) if not check.passes}


def test_a_complete_flight_passes(good: Preflight) -> None:
    """Nothing fails, and every check says what it measured and required."""
    assert failed(good) == set()
    assert all(check.measured and check.required for check in preflight(good))


def briefing(**changes: Any) -> Callable[[Preflight], Preflight]:
    """Change what people state."""
    return lambda seen: replace(seen, briefing=replace(seen.briefing, **changes))


def vehicle(**changes: Any) -> Callable[[Preflight], Preflight]:
    """Change what the aircraft tells."""
    return lambda seen: replace(seen, vehicle=replace(seen.vehicle, **changes))


def approval(**changes: Any) -> Callable[[Preflight], Preflight]:
    """Change the approval."""

    def change(seen: Preflight) -> Preflight:
        assert seen.briefing.approval is not None
        return briefing(approval=replace(seen.briefing.approval, **changes))(seen)

    return change


def parameter(name: str, value: float | None) -> Callable[[Preflight], Preflight]:
    """Change or remove a parameter."""
    kept = {k: v for k, v in SAFE.items() if k != name}
    return lambda seen: replace(seen, parameters=kept if value is None else {**kept, name: value})


def weather(**changes: Any) -> Callable[[Preflight], Preflight]:
    """Change the weather."""
    calm = {"wind_m_s": 3.0, "gust_m_s": 6.0, "visibility_m": 8000.0, "precipitation": False, "entered_by": "Li"}
    return briefing(weather=Weather(**{**calm, **changes}))


FAULTS: dict[str, tuple[Callable[[Preflight], Preflight], set[str]]] = {
    "not armable": (vehicle(armable=False), {"armable"}),
    "armed already": (vehicle(armed=True), {"disarmed"}),
    "no fix": (vehicle(gps_fix=2), {"satellite_fix"}),
    "fix unknown": (vehicle(gps_fix=None), {"satellite_fix"}),
    "few satellites": (vehicle(satellites=6), {"satellites"}),
    "battery half empty": (vehicle(battery_share=0.26), {"battery"}),
    "battery unknown": (vehicle(battery_share=None), {"battery"}),
    "small battery": (briefing(airframe=Airframe(battery_wh=10.0)), {"battery"}),
    "position unknown": (vehicle(position=None), {"home_in_fence", "home_as_planned"}),
    "mission not read back": (lambda seen: replace(seen, mission_equal=None), {"mission_read_back"}),
    "fence differs": (lambda seen: replace(seen, fence_equal=False), {"fence_read_back"}),
    "disk full": (lambda seen: replace(seen, storage_free_bytes=10**6), {"storage"}),
    "night": (lambda seen: replace(seen, at_s=seen.at_s + 10 * 3600), {"daylight", "approval_window"}),
    "clock unknown": (lambda seen: replace(seen, at_s=float("nan")), {"daylight", "approval_window"}),
    "no approval": (
        briefing(approval=None), {"approval_number", "approval_band", "approval_area", "approval_window"},
    ),
    "approval without number": (approval(number=" "), {"approval_number"}),
    "approval too low": (approval(ceiling_m=20.0), {"approval_band"}),
    "approval ends in flight": (approval(valid_until_s=START_UNIX_S + 10), {"approval_window"}),
    "no pilot": (briefing(pilot=""), {"remote_pilot"}),
    "no licence": (briefing(pilot_licence=" "), {"pilot_licence"}),
    "no registration": (briefing(registration=""), {"registration"}),
    "no weather": (briefing(weather=None), {"weather_entered", "wind", "visibility"}),
    "gusts": (weather(gust_m_s=14.0), {"wind"}),
    "rain": (weather(precipitation=True), {"visibility"}),
    "airspace busy": (briefing(volume_busy_with="F0"), {"airspace_free"}),
    "ground station failsafe off": (parameter("FS_GCS_ENABLE", 0.0), {"parameter_FS_GCS_ENABLE"}),
    "mission goes on without link": (parameter("FS_OPTIONS", 2.0), {"parameter_FS_OPTIONS"}),
    "fence off": (parameter("FENCE_ENABLE", 0.0), {"parameter_FENCE_ENABLE"}),
    "fence missing": (parameter("FENCE_TYPE", None), {"parameter_FENCE_TYPE"}),
    "fence below the plan": (parameter("FENCE_ALT_MAX", 25.0), {"parameter_FENCE_ALT_MAX"}),
    "critical above low": (parameter("BATT_CRT_VOLT", 22.0), {"parameter_battery_order"}),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_exactly_what_is_wrong_fails(fault: str, good: Preflight) -> None:
    """One fault fails its own checks and no others."""
    change, expected = FAULTS[fault]
    assert failed(change(good)) == expected


def test_only_waivable_checks_can_be_waived(good: Preflight) -> None:
    """A reason lets a night flight pass where that is allowed, and never one without a pilot."""
    dark = replace(
        good,
        at_s=good.at_s + 10 * 3600,
        briefing=replace(
            good.briefing,
            pilot="",
            waivers={"daylight": "lit area, permit 7", "remote_pilot": "busy", "approval_window": "x"},
        ),
    )
    assert failed(dark) == {"remote_pilot", "approval_window"}
    waived = next(check for check in preflight(dark) if check.name == "daylight")
    assert not waived.ok
    assert waived.waived == "lit area, permit 7"


def test_a_fence_beyond_the_approved_area_fails(good: Preflight, outline: OutlineFrom) -> None:
    """The approval must hold the whole fence, not only the zone."""
    small = outline((20, 10), (100, 10), (100, 70), (20, 70))
    assert failed(approval(outline=small)(good)) == {"approval_area"}
