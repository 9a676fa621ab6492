"""Courses as GeoJSON (RFC 7946): the route as a line with heights and trigger distances, fence and no-fly areas."""

from __future__ import annotations

import json
from typing import Any

from shapely.geometry import mapping

from flights.course import Course, Mark, ring_polygon
from flights.errors import PlanUnreadable


def format_course(course: Course) -> bytes:
    """A course as a feature collection."""
    route = {
        "role": "route", "home_lat_deg": course.home_lat_deg, "home_lon_deg": course.home_lon_deg,
        "home_alt_amsl_m": course.home_alt_amsl_m, "speed_m_s": course.speed_m_s,
        "gimbal_pitch_deg": course.gimbal_pitch_deg,
        "heights_home_m": [mark.height_home_m for mark in course.marks],
        "triggers_m": [mark.trigger_m for mark in course.marks],
    }  # fmt: skip
    line = {"type": "LineString", "coordinates": [[mark.lon_deg, mark.lat_deg] for mark in course.marks]}
    features = [_feature(route, line)]
    features += [_feature({"role": "fence"}, mapping(area)) for area in (course.fence,) if area is not None]
    features += [_feature({"role": "no_fly"}, mapping(area)) for area in course.no_fly]
    return json.dumps({"type": "FeatureCollection", "features": features}, indent=1).encode()


def parse_course(path: str, content: bytes) -> Course:
    """A course of a feature collection's bytes.

    Raises:
        PlanUnreadable: it is none, or none that was written here.
    """
    try:
        features = json.loads(content)["features"]
        by_role: dict[str, list[Any]] = {"route": [], "fence": [], "no_fly": []}
        for feature in features:
            by_role[feature["properties"]["role"]].append(feature)
        ((route,), fences) = by_role["route"], by_role["fence"]
        said = route["properties"]
        places = zip(route["geometry"]["coordinates"], said["heights_home_m"], said["triggers_m"], strict=True)
        marks = tuple(
            Mark(lat_deg=float(at[1]), lon_deg=float(at[0]), height_home_m=float(height), trigger_m=float(trigger))
            for at, height, trigger in places
        )
        areas = [_area(path, feature) for feature in (*fences, *by_role["no_fly"])]
        return Course(
            home_lat_deg=float(said["home_lat_deg"]), home_lon_deg=float(said["home_lon_deg"]),
            home_alt_amsl_m=float(said["home_alt_amsl_m"]), marks=marks, speed_m_s=float(said["speed_m_s"]),
            gimbal_pitch_deg=float(said["gimbal_pitch_deg"]),
            fence=areas[0] if fences else None, no_fly=tuple(areas[len(fences):]),
        )  # fmt: skip
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise PlanUnreadable(
            path=path, field="GeoJSON", fault=f"{type(error).__name__}: {error}",
            remedy="It takes one feature of role route, as `offsite patrol plan --out` writes it.",
        ) from error  # fmt: skip


def _area(path: str, feature: dict[str, Any]) -> Any:  # noqa: ANN401 - a polygon; shapely's stubs are partial
    ring = feature["geometry"]["coordinates"][0]
    return ring_polygon(path, [(float(at[0]), float(at[1])) for at in ring], field=feature["properties"]["role"])


def _feature(properties: dict[str, Any], geometry: dict[str, Any]) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties, "geometry": geometry}
