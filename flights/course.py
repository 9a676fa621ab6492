"""A course: the part of a plan that other programs' files can hold, and the way back to a plan.

Files say where to go and what the trigger does; what a place is for (transit, strip, way home) follows from that.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from shapely.geometry import Polygon

from flights.composition import plan_of_waypoints
from flights.errors import PlanUnreadable
from flights.plan_checks import validated
from flights.survey_plan import Waypoint, WaypointKind
from geofences.position import Geodetic

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flights.survey_plan import SurveyPlan
    from flights.survey_request import SurveyRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A place to pass, and the trigger from there on.

    Attributes:
        lat_deg: latitude.
        lon_deg: longitude.
        height_home_m: above the take-off point.
        trigger_m: a picture every so many metres from here on; 0 is none.
    """

    lat_deg: float
    lon_deg: float
    height_home_m: float
    trigger_m: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What files hold of a plan.

    Attributes:
        home_lat_deg: of the take-off point.
        home_lon_deg: of the take-off point.
        home_alt_amsl_m: of the take-off point, above sea level, as flight planners state heights.
        marks: from above the take-off point to above it again.
        speed_m_s: over ground.
        gimbal_pitch_deg: of the lens on the strips.
        fence: where the aircraft may be, (lon, lat); None in formats that hold none.
        no_fly: where it may not be, (lon, lat).
    """

    home_lat_deg: float
    home_lon_deg: float
    home_alt_amsl_m: float
    marks: tuple[Mark, ...]
    speed_m_s: float
    gimbal_pitch_deg: float
    fence: Polygon | None = None
    no_fly: tuple[Polygon, ...] = ()


def course_of(plan: SurveyPlan, *, geoid_separation_m: float) -> Course:
    """What files hold of a plan. The trigger of a bend is that of its strip."""
    marks: list[Mark] = []
    for waypoint in plan.waypoints:
        at, trigger_m = waypoint.position, waypoint.trigger_m
        if waypoint.kind is WaypointKind.BEND:
            trigger_m = marks[-1].trigger_m
        marks.append(
            Mark(lat_deg=at.lat_deg, lon_deg=at.lon_deg, height_home_m=waypoint.height_home_m, trigger_m=trigger_m)
        )
    holes = (Polygon(ring) for ring in plan.airspace.interiors)
    return Course(
        home_lat_deg=plan.home.lat_deg, home_lon_deg=plan.home.lon_deg,
        home_alt_amsl_m=plan.home.alt_ellipsoid_m - geoid_separation_m, marks=tuple(marks),
        speed_m_s=plan.speed_m_s, gimbal_pitch_deg=plan.gimbal_pitch_deg,
        fence=Polygon(plan.airspace.exterior), no_fly=(*plan.no_fly, *holes),
    )  # fmt: skip


def plan_of_course(course: Course, request: SurveyRequest, *, geoid_separation_m: float) -> SurveyPlan:
    """The plan that flies a course as it is, judged like any other.

    Args:
        course: as read from a file.
        request: zone, camera, airframe, terrain and obstacles it is judged by; airspace and no-fly areas of the
            request hold as well as those of the file.
        geoid_separation_m: ellipsoid height minus height above sea level.

    Raises:
        PlanRefused: a leg may not be flown.
    """
    home = Geodetic(
        lat_deg=course.home_lat_deg, lon_deg=course.home_lon_deg,
        alt_ellipsoid_m=course.home_alt_amsl_m + geoid_separation_m,
    )  # fmt: skip
    asked = replace(
        request, home=home, speed_m_s=course.speed_m_s, gimbal_pitch_deg=course.gimbal_pitch_deg,
        height_agl_m=course.marks[0].height_home_m, no_fly=(*request.no_fly, *course.no_fly),
        airspace=request.airspace or course.fence,
    )  # fmt: skip
    return validated(plan_of_waypoints(asked, _waypoints(course.marks, home), strip_angle_deg=0.0), asked)


def _waypoints(marks: Sequence[Mark], home: Geodetic) -> tuple[Waypoint, ...]:
    last_on = max((i for i, mark in enumerate(marks) if mark.trigger_m > 0), default=0)
    waypoints: list[Waypoint] = []
    on, strip = False, 0
    for i, mark in enumerate(marks):
        starts = mark.trigger_m > 0 and not on
        if starts:
            kind = WaypointKind.STRIP_START
        elif on:
            kind = WaypointKind.BEND if mark.trigger_m > 0 else WaypointKind.STRIP_END
        else:
            kind = WaypointKind.TAKEOFF if i == 0 else WaypointKind.TRANSIT
            kind = WaypointKind.RETURN if i > last_on + 1 else kind
        strip += starts
        position = Geodetic(
            lat_deg=mark.lat_deg, lon_deg=mark.lon_deg, alt_ellipsoid_m=home.alt_ellipsoid_m + mark.height_home_m
        )
        waypoints.append(
            Waypoint(
                kind=kind, position=position, height_home_m=mark.height_home_m,
                trigger_m=mark.trigger_m if starts else 0.0, strip=strip if starts or on else None,
            )
        )  # fmt: skip
        on = mark.trigger_m > 0
    return tuple(waypoints)


def checked_course(path: str, course: Course) -> Course:
    """The course, when it can be one at all.

    Raises:
        PlanUnreadable: it has fewer than two places, a number is none or out of range, or the trigger is never switched
            off.
    """
    numbers = [course.home_lat_deg, course.home_lon_deg, course.home_alt_amsl_m, course.gimbal_pitch_deg]
    numbers += [value for mark in course.marks for value in (mark.lat_deg, mark.lon_deg, mark.height_home_m)]
    lats = [course.home_lat_deg, *(mark.lat_deg for mark in course.marks)]
    lons = [course.home_lon_deg, *(mark.lon_deg for mark in course.marks)]
    faults = (
        (len(course.marks) < 2, "waypoints", f"it has {len(course.marks)}, a flight takes at least two"),
        (not all(map(math.isfinite, numbers)), "waypoints", "a number is missing or not finite"),
        (not max(map(abs, lats)) <= 90 or not max(map(abs, lons)) <= 180, "waypoints", "a place is not on Earth"),
        (not 0 < course.speed_m_s < math.inf, "speed", f"{course.speed_m_s} m/s is no speed"),
        (any(not 0 <= mark.trigger_m < math.inf for mark in course.marks), "trigger", "a distance is negative"),
        (bool(course.marks) and course.marks[-1].trigger_m > 0, "trigger", "it is never switched off"),
    )
    for wrong, field, fault in faults:
        if wrong:
            raise PlanUnreadable(path=path, field=field, fault=fault, remedy="Export the plan again.")
    return course


def ring_polygon(path: str, corners: Sequence[tuple[float, float]], *, field: str) -> Polygon:
    """The polygon of (lon, lat) corners, closed or not.

    Raises:
        PlanUnreadable: it has fewer than three corners, crosses itself, or encloses nothing.
    """
    distinct = list(corners[:-1] if len(corners) > 1 and corners[0] == corners[-1] else corners)
    fault = f"a polygon has {len(distinct)} corners" if len(distinct) < 3 else ""
    if not fault:
        polygon = Polygon(distinct)
        if polygon.is_valid and polygon.area > 0:
            return polygon
        fault = "a polygon crosses itself or encloses nothing"
    raise PlanUnreadable(path=path, field=field, fault=fault, remedy="Draw it with three corners or more, none twice.")
