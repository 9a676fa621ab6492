"""The checklist: complete, it passes; with anything missing or wrong, exactly the right check fails."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from flights.airframe import Airframe
from flights.autopilot import VehicleState
from flights.preflight import Preflight, preflight
from flights.registers import RegisteredAircraft, Waiver, Weather
from flights.samples import PositionSample
from geofences.zone import Schedule, Window, Zone, ZoneKind
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


def pilot(**changes: Any) -> Callable[[Preflight], Preflight]:
    """Change who released it."""

    def change(seen: Preflight) -> Preflight:
        assert seen.briefing.release is not None
        release = replace(seen.briefing.release, pilot=replace(seen.briefing.release.pilot, **changes))
        return briefing(release=release)(seen)

    return change


def parameter(name: str, value: float | None) -> Callable[[Preflight], Preflight]:
    """Change or remove a parameter."""

    def change(seen: Preflight) -> Preflight:
        kept = {k: v for k, v in seen.parameters.items() if k != name}
        return replace(seen, parameters=kept if value is None else {**kept, name: value})

    return change


def weather(**changes: Any) -> Callable[[Preflight], Preflight]:
    """Change the weather."""
    calm = {
        "wind_m_s": 3.0, "gust_m_s": 6.0, "visibility_m": 8000.0, "precipitation": False, "entered_by": "Li",
        "entered_s": START_UNIX_S,
    }  # fmt: skip
    return briefing(weather=Weather(**{**calm, **changes}))


FAULTS: dict[str, tuple[Callable[[Preflight], Preflight], set[str]]] = {
    "not armable": (vehicle(armable=False), {"armable"}),
    "armed already": (vehicle(armed=True), {"disarmed"}),
    "no fix": (vehicle(gps_fix=2), {"satellite_fix"}),
    "fix unknown": (vehicle(gps_fix=None), {"satellite_fix"}),
    "position jumps": (vehicle(gps_glitch=True), {"position_estimate"}),
    "few satellites": (vehicle(satellites=6), {"satellites"}),
    "battery half empty": (vehicle(battery_share=0.26), {"battery"}),
    "battery unknown": (vehicle(battery_share=None), {"battery"}),
    "a hill under the way": (briefing(terrain=lambda _lat, _lon: 500.0), {"every_leg"}),
    "small battery": (briefing(airframe=Airframe(battery_wh=10.0)), {"battery", "every_leg"}),
    "position unknown": (vehicle(position=None), {"home_in_fence", "home_as_planned"}),
    "mission not read back": (lambda seen: replace(seen, mission_equal=None), {"mission_read_back"}),
    "fence differs": (lambda seen: replace(seen, fence_equal=False), {"fence_read_back"}),
    "disk full": (lambda seen: replace(seen, storage_free_bytes=10**6), {"storage"}),
    "night": (
        lambda seen: replace(seen, at_s=seen.at_s + 10 * 3600),
        {"daylight", "approval_window", "released", "weather_fresh"},
    ),
    "clock unknown": (
        lambda seen: replace(seen, at_s=float("nan")),
        {"daylight", "approval_window", "released", "weather_fresh", "licence_valid"},
    ),
    "no approval": (
        briefing(approval=None), {"approval_number", "approval_band", "approval_area", "approval_window"},
    ),
    "approval without number": (approval(number=" "), {"approval_number"}),
    "approval too low": (approval(ceiling_m=20.0), {"approval_band"}),
    "approval ends in flight": (approval(valid_until_s=START_UNIX_S + 10), {"approval_window"}),
    "nobody released it": (
        briefing(release=None), {"remote_pilot", "pilot_licence", "licence_valid", "released"},
    ),
    "no pilot named": (pilot(name=" "), {"remote_pilot"}),
    "no licence": (pilot(licence=" "), {"pilot_licence", "licence_valid"}),
    "licence runs out today": (pilot(licence_until_s=START_UNIX_S - 1), {"licence_valid"}),
    "licence's end unknown": (pilot(licence_until_s=None), {"licence_valid"}),
    "pilot off duty": (pilot(duty=((START_UNIX_S + 60, START_UNIX_S + 3600),)), {"released"}),
    "no roster": (pilot(duty=()), {"released"}),
    "aircraft not on the register": (briefing(aircraft=None), {"registration", "remote_id"}),
    "no remote id": (
        briefing(aircraft=RegisteredAircraft(id="uav-01", registration="UAS123", remote_id="")), {"remote_id"},
    ),
    "no weather": (briefing(weather=None), {"weather_entered", "wind", "visibility", "weather_fresh"}),
    "weather of this morning": (weather(entered_s=START_UNIX_S - 4 * 3600), {"weather_fresh"}),
    "lens stuck": (lambda seen: replace(seen, gimbal="no answer"), {"gimbal"}),
    "a leg 40 m up under a ceiling of 30 m": (approval(ceiling_m=29.0), {"approval_band"}),
    "gusts": (weather(gust_m_s=14.0), {"wind"}),
    "rain": (weather(precipitation=True), {"visibility"}),
    "airspace busy": (briefing(volume_busy_with="F0"), {"airspace_free"}),
    "ground station failsafe off": (parameter("FS_GCS_ENABLE", 0.0), {"parameter_FS_GCS_ENABLE"}),
    "estimator failsafe off": (parameter("FS_EKF_THRESH", 0.0), {"parameter_FS_EKF_THRESH"}),
    "mission goes on without link": (parameter("FS_OPTIONS", 2.0), {"parameter_FS_OPTIONS"}),
    "circle fence smaller than the plan": (
        lambda seen: parameter("FENCE_TYPE", 7.0)(parameter("FENCE_RADIUS", 50.0)(seen)), {"parameter_FENCE_RADIUS"},
    ),
    "missions begin again after a pause": (parameter("MIS_RESTART", 1.0), {"parameter_MIS_RESTART"}),
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


@pytest.mark.parametrize(
    ("by", "reason", "left"),
    [
        ("Li Wei", "lit area, permit 7", {"satellites"}),
        ("Li Wei", " ", {"satellites", "visibility"}),
        ("somebody else", "lit area, permit 7", {"satellites", "visibility"}),
    ],
)
def test_only_the_releasing_pilot_waives_only_what_may_be_waived(
    good: Preflight, by: str, reason: str, left: set[str]
) -> None:
    """A reason lets a flight in haze pass, and never one without satellites; it is kept with its author."""
    waivers = {name: Waiver(by=by, reason=reason) for name in ("visibility", "satellites")}
    bad = briefing(waivers=waivers)(vehicle(satellites=5)(weather(visibility_m=800.0)(good)))
    assert failed(bad) == left
    found = next(check for check in preflight(bad) if check.name == "visibility")
    assert not found.ok
    assert (found.waived, found.waived_by) == (("", "") if "visibility" in left else (reason, by))


@pytest.mark.parametrize(
    ("day", "begins", "expected"),
    [(0, (10, 30), {"every_leg"}), (0, (10, 40), set()), (1, (10, 30), set()), (None, None, {"every_leg"})],
)
def test_a_crowd_closes_its_surroundings_while_the_battery_could_last(
    good: Preflight, outline: OutlineFrom, day: int | None, begins: tuple[int, int] | None, expected: set[str]
) -> None:
    """A flight of 10:00 on a Monday lasts until 10:37 at most: what begins then, or has no schedule, closes."""
    schedule = None
    if day is not None and begins is not None:
        window = Window(weekdays=frozenset({day}), from_time=dt.time(*begins), until_time=dt.time(12, 0))
        schedule = Schedule(windows=(window,), timezone="Asia/Shanghai")
    market = outline((40, 20), (60, 20), (60, 40), (40, 40))
    crowd = Zone(zone_id="c", name="market", kind=ZoneKind.CROWD, outline=market, schedule=schedule)
    assert failed(briefing(crowds=(crowd,))(good)) == expected
    assert "every_leg" in failed(replace(briefing(crowds=(crowd,))(good), at_s=float("nan")))


def test_a_fence_beyond_the_approved_area_fails(good: Preflight, outline: OutlineFrom) -> None:
    """The approval must hold the whole fence, not only the zone."""
    small = outline((20, 10), (100, 10), (100, 70), (20, 70))
    assert failed(approval(outline=small)(good)) == {"approval_area"}
