"""The checklist before take-off. Pure, and it fails closed: what is not known counts as not met.

Every result is kept in the flight record, the ones that passed as well.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from shapely.geometry import Point as ShapelyPoint

from flights.airframe import Airframe
from flights.checks import Check, audit_parameters
from flights.errors import PlanRefused
from flights.plan_checks import MAX_HEIGHT_AGL_M, validate_plan
from flights.plane import plane_from_map
from flights.sun import sun_elevation_deg
from geofences.zone import parts_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shapely import Polygon

    from flights.autopilot import VehicleState
    from flights.plan_checks import Obstacle, Terrain
    from flights.registers import Approval, RegisteredAircraft, Release, Waiver, Weather
    from flights.survey_plan import SurveyPlan
    from geofences.zone import Zone

MIN_SATELLITES = 10
FIX_3D = 3
# Source: Interim Regulation on the Administration of Unmanned Aircraft Flights (State Council no. 761, 2024), which
# asks for lights at night; below civil twilight this programme does not fly at all.
CIVIL_TWILIGHT_DEG = -6.0
BYTES_PER_FLIGHT_SECOND = 20_000
MIN_STORAGE_BYTES = 200_000_000
MIN_VISIBILITY_M = 1500
WEATHER_FRESH_S = 3 * 3600.0  # our own choice; aerodrome forecasts are renewed every 3 to 6 hours
FRESH_SLACK_S = 600.0  # clocks of the aircraft and of who entered it


@dataclass(frozen=True, slots=True, kw_only=True)
class Briefing:
    """What people state before a flight.

    Attributes:
        approval: the airspace permission, or None when there is none.
        release: the remote pilot who is responsible and can take over, and how the flight was released.
        aircraft: from the register.
        weather: as entered, or None.
        airframe: what flies.
        max_wind_m_s: of aircraft and operator, whichever is less.
        volume_busy_with: id of another flight in the same airspace, or empty.
        waivers: by check name, for checks that may be waived; only the releasing pilot's count.
        terrain: ellipsoid height of the ground at a (lat, lon), as the plan was made with; flat when None.
        obstacles: what stands on the ground.
        crowds: where people gather, and when.
    """

    approval: Approval | None
    release: Release | None
    aircraft: RegisteredAircraft | None
    weather: Weather | None
    airframe: Airframe = field(default_factory=Airframe)
    max_wind_m_s: float = 10.0
    volume_busy_with: str = ""
    waivers: Mapping[str, Waiver] = field(default_factory=dict)
    terrain: Terrain | None = None
    obstacles: tuple[Obstacle, ...] = ()
    crowds: tuple[Zone, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Preflight:
    """Everything the checklist looks at, at one moment.

    Attributes:
        at_s: the vehicle's UTC.
        plan: what is to be flown.
        vehicle: newest state.
        parameters: the autopilot's, by name.
        mission_equal: the mission read back equals the one sent; None before the transfer.
        fence_equal: the same for the fence and the rally points.
        gimbal: why the lens does not point as planned, or empty.
        storage_free_bytes: where the flight is recorded.
        briefing: what people state.
    """

    at_s: float
    plan: SurveyPlan
    vehicle: VehicleState
    parameters: Mapping[str, float]
    mission_equal: bool | None
    fence_equal: bool | None
    gimbal: str = ""
    storage_free_bytes: int
    briefing: Briefing


def preflight(seen: Preflight) -> tuple[Check, ...]:
    """Run the checklist.

    Args:
        seen: everything the checklist looks at.

    Returns:
        One result per check, passed ones included. The flight may start only when all of them pass.
    """
    checks = (
        *_aircraft_checks(seen),
        *_place_checks(seen),
        *_approval_checks(seen),
        *_people_checks(seen),
        *audit_parameters(
            seen.parameters,
            height_m=max(waypoint.height_home_m for waypoint in seen.plan.waypoints),
            reach_m=max(math.hypot(*leg.end_m) for leg in seen.plan.legs()),
        ),
    )
    return tuple(_waive(check, seen.briefing) for check in checks)


def _waive(check: Check, briefing: Briefing) -> Check:
    waiver = briefing.waivers.get(check.name)
    if check.ok or not check.waivable or waiver is None or not waiver.reason.strip():
        return check
    if briefing.release is None or waiver.by != briefing.release.pilot.name:
        return check
    return replace(check, waived=waiver.reason, waived_by=waiver.by)


def _aircraft_checks(seen: Preflight) -> list[Check]:
    vehicle, airframe = seen.vehicle, seen.briefing.airframe
    have_wh = math.nan if vehicle.battery_share is None else vehicle.battery_share * airframe.battery_wh
    need_wh = seen.plan.energy_wh + airframe.reserve_wh
    steady = vehicle.ekf_ok and not vehicle.gps_glitch
    fix, satellites = vehicle.gps_fix or 0, vehicle.satellites or 0
    need_bytes = max(MIN_STORAGE_BYTES, int(seen.plan.duration_s * BYTES_PER_FLIGHT_SECOND))
    free, held = seen.storage_free_bytes, "the autopilot holds the {} as sent"
    energy = f"{need_wh:.0f} Wh for the flight, the way home and the reserve"
    return [
        _check("armable", vehicle.armable, "; ".join(vehicle.prearm) or vehicle.armable, "pre-arm checks pass"),
        _check("disarmed", not vehicle.armed, f"armed {vehicle.armed}", "on the ground, disarmed"),
        _check("satellite_fix", fix >= FIX_3D, f"fix type {vehicle.gps_fix}", f"at least {FIX_3D}"),
        _check("satellites", satellites >= MIN_SATELLITES, vehicle.satellites, f"at least {MIN_SATELLITES}"),
        _check("position_estimate", steady, f"good {vehicle.ekf_ok}, jumps {vehicle.gps_glitch}", "good and steady"),
        _check("battery", have_wh >= need_wh, f"{have_wh:.0f} Wh", energy),
        _check("storage", free >= need_bytes, f"{free / 1e6:.0f} MB", f"{need_bytes / 1e6:.0f} MB"),
        _check("mission_read_back", seen.mission_equal is True, seen.mission_equal, held.format("mission")),
        _check("fence_read_back", seen.fence_equal is True, seen.fence_equal, held.format("fence")),
        _check("gimbal", not seen.gimbal, seen.gimbal or "points", "the lens points as planned", waivable=True),
    ]


def _check(name: str, ok: bool, measured: object, required: str, *, waivable: bool = False) -> Check:  # noqa: FBT001 - a table's column
    return Check(name=name, ok=ok, measured=str(measured), required=required, waivable=waivable)


def _place_checks(seen: Preflight) -> list[Check]:
    plan, position = seen.plan, seen.vehicle.position
    off_m, inside = math.inf, False
    if position is not None:  # the autopilot makes the place where it is armed its home
        at = ShapelyPoint(position.lon_deg, position.lat_deg)
        inside = bool(plan.airspace.contains(at))
        off_m = math.hypot(*plane_from_map(at, plan.frame).coords[0])
    sun_deg = sun_elevation_deg(lat_deg=plan.home.lat_deg, lon_deg=plan.home.lon_deg, at_s=seen.at_s + plan.duration_s)
    light, dusk = f"sun at {sun_deg:.1f} deg when landing", f"at least {CIVIL_TWILIGHT_DEG:.0f} deg"
    warned, refused = "; ".join(plan.warnings), _refusal(seen)
    return [
        _check("every_leg", not refused, refused or "all may be flown", "inside the airspace, at legal height"),
        _check("home_in_fence", inside, f"inside {inside}", "home inside the fence"),
        _check("home_as_planned", off_m <= 10, f"{off_m:.1f} m off", "within 10 m of the plan"),
        _check("daylight", sun_deg >= CIVIL_TWILIGHT_DEG, light, dusk, waivable=True),
        _check("plan_warnings", not warned, warned or "none", "none, or accepted by the pilot", waivable=True),
    ]


def _refusal(seen: Preflight) -> str:
    said = seen.briefing
    try:
        validate_plan(
            seen.plan, airframe=said.airframe, terrain=said.terrain, obstacles=said.obstacles, crowds=_crowds(seen)
        )
    except PlanRefused as error:
        return str(error)
    return ""


def _crowds(seen: Preflight) -> list[Polygon]:
    """Where people gather before the battery is empty; without a clock, wherever they ever do."""
    said, from_s = seen.briefing, seen.at_s
    until_s = from_s + said.airframe.endurance_s
    due = (zone for zone in said.crowds if math.isnan(from_s) or zone.in_force_between(from_s, until_s))
    return [part for zone in due for part in parts_of(zone.outline)]


def _approval_checks(seen: Preflight) -> list[Check]:
    approval, plan, busy = seen.briefing.approval, seen.plan, seen.briefing.volume_busy_with
    free = _check("airspace_free", not busy, busy or "free", "one flight per airspace volume")
    if approval is None:
        names = ("approval_number", "approval_band", "approval_area", "approval_window")
        return [free, *(_check(name, False, "none", "an approval") for name in names)]  # noqa: FBT003 - a table's column
    heights = [waypoint.height_home_m for waypoint in plan.waypoints]
    until_s = seen.at_s + plan.duration_s
    band = f"{approval.floor_m:.0f} to {min(approval.ceiling_m, MAX_HEIGHT_AGL_M):.0f} m"
    approved = plane_from_map(approval.outline, plan.frame).buffer(0.05)
    outside_m2 = float(plan.airspace_m.difference(approved).area)
    in_band = approval.floor_m <= min(heights) and max(heights) <= min(approval.ceiling_m, MAX_HEIGHT_AGL_M)
    in_time = approval.valid_from_s <= seen.at_s and until_s <= approval.valid_until_s
    flight = f"flight from {seen.at_s:.0f} to {until_s:.0f}"
    window = f"{approval.valid_from_s:.0f} to {approval.valid_until_s:.0f}"
    area = f"{outside_m2:.0f} m2 of the fence outside"
    return [
        free,
        _check("approval_number", bool(approval.number.strip()), approval.number or "none", "an approval number"),
        _check("approval_band", in_band, f"{min(heights):.0f} to {max(heights):.0f} m", band),
        _check("approval_area", outside_m2 <= 1.0, area, "the fence lies inside the approved area"),
        _check("approval_window", in_time, flight, window),
    ]


def _people_checks(seen: Preflight) -> list[Check]:
    briefing, weather, at_s = seen.briefing, seen.briefing.weather, seen.at_s
    released, aircraft = briefing.release, briefing.aircraft
    pilot = released.pilot if released else None
    stated = (
        ("remote_pilot", pilot.name if pilot else "", "a remote pilot, named"),
        ("pilot_licence", pilot.licence if pilot else "", "the pilot's licence number"),
        ("registration", aircraft.registration if aircraft else "", "the aircraft's registration"),
        ("remote_id", aircraft.remote_id if aircraft else "", "the number that the aircraft broadcasts"),
        ("weather_entered", weather.entered_by if weather else "", "weather entered by a named person"),
    )
    until_s = pilot.licence_until_s if pilot else None
    licensed = pilot is not None and pilot.licensed(at_s)
    on_duty = pilot is not None and pilot.on_duty(at_s)
    how = "nobody" if released is None else f"{released.pilot.name}{', by itself' if released.by_itself else ''}"
    valid = "unknown" if until_s is None else f"until {until_s:.0f}"
    return [
        *(_check(name, bool(text.strip()), text.strip() or "not stated", wanted) for name, text, wanted in stated),
        _check("licence_valid", licensed, valid, f"licence_valid_until on record, after {at_s:.0f}"),
        _check("released", on_duty, how, "released by a pilot who is on duty now"),
        *_weather_checks(weather, at_s, briefing.max_wind_m_s),
    ]


def _weather_checks(weather: Weather | None, at_s: float, max_wind_m_s: float) -> list[Check]:
    wind = math.nan if weather is None else max(weather.wind_m_s, weather.gust_m_s)
    sight = "unknown" if weather is None else f"{weather.visibility_m:.0f} m, wet {weather.precipitation}"
    clear = weather is not None and weather.visibility_m >= MIN_VISIBILITY_M and not weather.precipitation
    entered_s = None if weather is None else weather.entered_s
    age_s = math.nan if entered_s is None else at_s - entered_s
    fresh = -FRESH_SLACK_S <= age_s <= WEATHER_FRESH_S
    return [
        _check("wind", wind <= max_wind_m_s, f"{wind:.1f} m/s", f"at most {max_wind_m_s:.1f} m/s with gusts"),
        _check("visibility", clear, sight, f"at least {MIN_VISIBILITY_M} m and dry", waivable=True),
        _check("weather_fresh", fresh, f"{age_s / 60:.0f} min old", "entered within 3 h", waivable=True),
    ]
