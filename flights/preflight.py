"""The checklist before take-off. Pure, and it fails closed: what is not known counts as not met.

Every result is kept in the flight record, the ones that passed as well.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import shapely
from shapely.geometry import Point as ShapelyPoint

from flights.airframe import Airframe
from flights.checks import Check
from flights.parameter_audit import audit_parameters
from flights.plan_checks import MAX_HEIGHT_AGL_M
from flights.plane import plane_from_map
from flights.sun import sun_elevation_deg

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shapely.geometry import Polygon

    from flights.autopilot import VehicleState
    from flights.survey_plan import SurveyPlan

MIN_SATELLITES = 10
FIX_3D = 3
# Source: Interim Regulation on the Administration of Unmanned Aircraft Flights (State Council no. 761, 2024), which
# asks for lights at night; below civil twilight this programme does not fly at all.
CIVIL_TWILIGHT_DEG = -6.0
BYTES_PER_FLIGHT_SECOND = 20_000
MIN_STORAGE_BYTES = 200_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """Permission to use a volume of air for some time.

    Attributes:
        number: as the authority issued it.
        outline: (lon, lat).
        floor_m: lowest height above ground.
        ceiling_m: greatest height above ground.
        valid_from_s: UTC.
        valid_until_s: UTC.
    """

    number: str
    outline: Polygon
    floor_m: float = 0.0
    ceiling_m: float = MAX_HEIGHT_AGL_M
    valid_from_s: float
    valid_until_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """Weather as somebody entered it.

    Attributes:
        wind_m_s: mean wind.
        gust_m_s: strongest gust.
        visibility_m: horizontal.
        precipitation: rain, snow, hail.
        entered_by: who says so.
    """

    wind_m_s: float
    gust_m_s: float
    visibility_m: float
    precipitation: bool
    entered_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Briefing:
    """What people state before a flight.

    Attributes:
        approval: the airspace permission, or None when there is none.
        pilot: name of the remote pilot who watches and can take over.
        pilot_licence: number.
        registration: of the aircraft.
        weather: as entered, or None.
        airframe: what flies.
        max_wind_m_s: of aircraft and operator, whichever is less.
        volume_busy_with: id of another flight in the same airspace, or empty.
        waivers: reasons by check name, for checks that may be waived.
    """

    approval: Approval | None
    pilot: str
    pilot_licence: str
    registration: str
    weather: Weather | None
    airframe: Airframe = field(default_factory=Airframe)
    max_wind_m_s: float = 10.0
    volume_busy_with: str = ""
    waivers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preflight:
    """Everything the checklist looks at, at one moment.

    Attributes:
        at_s: the vehicle's UTC.
        plan: what is to be flown.
        vehicle: newest state.
        parameters: the autopilot's, by name.
        mission_equal: the mission read back equals the one sent; None before the transfer.
        fence_equal: the same for the fence.
        storage_free_bytes: where the flight is recorded.
        briefing: what people state.
    """

    at_s: float
    plan: SurveyPlan
    vehicle: VehicleState
    parameters: Mapping[str, float]
    mission_equal: bool | None
    fence_equal: bool | None
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
        *audit_parameters(seen.parameters, height_m=seen.plan.height_home_m),
    )
    return tuple(_waive(check, seen.briefing.waivers) for check in checks)


def _waive(check: Check, waivers: Mapping[str, str]) -> Check:
    if check.ok or not check.waivable or not waivers.get(check.name):
        return check
    return replace(check, waived=waivers[check.name])


def _aircraft_checks(seen: Preflight) -> list[Check]:
    vehicle, airframe = seen.vehicle, seen.briefing.airframe
    share = vehicle.battery_share
    have_wh = None if share is None else share * airframe.battery_wh
    need_wh = seen.plan.energy_wh + airframe.reserve_wh
    storage_need = max(MIN_STORAGE_BYTES, int(seen.plan.duration_s * BYTES_PER_FLIGHT_SECOND))
    return [
        Check(name="armable", ok=vehicle.armable, measured=str(vehicle.armable), required="pre-arm checks pass"),
        Check(
            name="disarmed", ok=not vehicle.armed, measured=f"armed {vehicle.armed}", required="on the ground, disarmed"
        ),
        Check(
            name="satellite_fix",
            ok=vehicle.gps_fix is not None and vehicle.gps_fix >= FIX_3D,
            measured=f"fix type {vehicle.gps_fix}",
            required=f"at least {FIX_3D}",
        ),
        Check(
            name="satellites",
            ok=vehicle.satellites is not None and vehicle.satellites >= MIN_SATELLITES,
            measured=str(vehicle.satellites),
            required=f"at least {MIN_SATELLITES}",
        ),
        Check(name="position_estimate", ok=vehicle.ekf_ok, measured=f"good {vehicle.ekf_ok}", required="good"),
        Check(
            name="battery",
            ok=have_wh is not None and have_wh >= need_wh,
            measured="unknown" if have_wh is None else f"{have_wh:.0f} Wh",
            required=f"{need_wh:.0f} Wh for the flight, the way home and the reserve",
        ),
        Check(
            name="storage",
            ok=seen.storage_free_bytes >= storage_need,
            measured=f"{seen.storage_free_bytes / 1e6:.0f} MB",
            required=f"{storage_need / 1e6:.0f} MB",
        ),
        Check(
            name="mission_read_back",
            ok=seen.mission_equal is True,
            measured=str(seen.mission_equal),
            required="the autopilot holds the mission as sent",
        ),
        Check(
            name="fence_read_back",
            ok=seen.fence_equal is True,
            measured=str(seen.fence_equal),
            required="the autopilot holds the fence as sent",
        ),
    ]


def _place_checks(seen: Preflight) -> list[Check]:
    plan, position = seen.plan, seen.vehicle.position
    off_m = math.inf
    inside = False
    if position is not None:  # the autopilot makes the place where it is armed its home
        at = ShapelyPoint(position.lon_deg, position.lat_deg)
        inside = bool(plan.airspace.contains(at))
        off_m = math.hypot(*plane_from_map(at, plan.frame).coords[0])
    elevation = sun_elevation_deg(
        lat_deg=plan.home.lat_deg, lon_deg=plan.home.lon_deg, at_s=seen.at_s + plan.duration_s
    )
    return [
        Check(name="home_in_fence", ok=inside, measured=f"inside {inside}", required="home inside the fence"),
        Check(
            name="home_as_planned", ok=off_m <= 10, measured=f"{off_m:.1f} m off", required="within 10 m of the plan"
        ),
        Check(
            name="daylight",
            ok=elevation >= CIVIL_TWILIGHT_DEG,
            measured=f"sun at {elevation:.1f} deg when landing",
            required=f"at least {CIVIL_TWILIGHT_DEG:.0f} deg",
            waivable=True,
        ),
        Check(
            name="plan_warnings",
            ok=not plan.warnings,
            measured="; ".join(plan.warnings) or "none",
            required="none, or accepted by the pilot",
            waivable=True,
        ),
    ]


def _approval_checks(seen: Preflight) -> list[Check]:
    approval, plan = seen.briefing.approval, seen.plan
    number = approval.number.strip() if approval else ""
    band = approval is not None and approval.floor_m <= plan.height_home_m <= min(approval.ceiling_m, MAX_HEIGHT_AGL_M)
    until_s = seen.at_s + plan.duration_s
    window = approval is not None and approval.valid_from_s <= seen.at_s and until_s <= approval.valid_until_s
    outside_m2 = math.inf
    if approval is not None:
        frame = plan.frame
        approved = plane_from_map(approval.outline, frame).buffer(0.05)
        outside_m2 = float(shapely.difference(plane_from_map(plan.airspace, frame), approved).area)
    busy = seen.briefing.volume_busy_with
    return [
        Check(name="approval_number", ok=bool(number), measured=number or "none", required="an approval number"),
        Check(
            name="approval_band",
            ok=band,
            measured=f"{plan.height_home_m:.0f} m",
            required=f"{approval.floor_m:.0f} to {approval.ceiling_m:.0f} m" if approval else "an approval",
        ),
        Check(
            name="approval_area",
            ok=outside_m2 <= 1.0,
            measured=f"{outside_m2:.0f} m2 of the fence outside",
            required="the fence lies inside the approved area",
        ),
        Check(
            name="approval_window",
            ok=window,
            measured=f"flight from {seen.at_s:.0f} to {until_s:.0f}",
            required=f"{approval.valid_from_s:.0f} to {approval.valid_until_s:.0f}" if approval else "an approval",
        ),
        Check(name="airspace_free", ok=not busy, measured=busy or "free", required="one flight per airspace volume"),
    ]


def _people_checks(seen: Preflight) -> list[Check]:
    briefing, weather = seen.briefing, seen.briefing.weather
    stated = weather is not None and bool(weather.entered_by.strip())
    wind = math.inf if weather is None else max(weather.wind_m_s, weather.gust_m_s)
    return [
        Check(
            name=name,
            ok=bool(value.strip()),
            measured=value.strip() or "not stated",
            required=required,
        )
        for name, value, required in (
            ("remote_pilot", briefing.pilot, "a remote pilot, named"),
            ("pilot_licence", briefing.pilot_licence, "the pilot's licence number"),
            ("registration", briefing.registration, "the aircraft's registration"),
        )
    ] + [
        Check(
            name="weather_entered",
            ok=stated,
            measured=weather.entered_by if weather and stated else "not entered",
            required="weather entered by a named person",
        ),
        Check(
            name="wind",
            ok=wind <= briefing.max_wind_m_s,
            measured=f"{wind:.1f} m/s",
            required=f"at most {briefing.max_wind_m_s:.1f} m/s with gusts",
        ),
        Check(
            name="visibility",
            ok=weather is not None and weather.visibility_m >= 1500 and not weather.precipitation,
            measured="unknown" if weather is None else f"{weather.visibility_m:.0f} m, wet {weather.precipitation}",
            required="at least 1500 m and dry",
            waivable=True,
        ),
    ]
