"""QGroundControl .plan files: mission and fence as JSON.

Source: QGroundControl developer guide, "Plan File Format", version 1 with mission and fence version 2.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from flights.course import Course, Mark, ring_polygon
from flights.errors import PlanUnreadable
from flights.mission_items import Command, Frame

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shapely.geometry import Polygon

ARDUPILOT, QUADCOPTER = 3, 2
GIMBAL_PITCH_YAW = 1000  # MAV_CMD_DO_GIMBAL_MANAGER_PITCHYAW: newer plans' way to point the lens
_JSON_REMEDY = "Save the plan from QGroundControl again."


def format_course(course: Course) -> bytes:
    """A course as a .plan file."""
    first = course.marks[0]
    items = [
        _item(Command.TAKEOFF, place=(first.lat_deg, first.lon_deg, first.height_home_m)),
        _item(Command.CHANGE_SPEED, (1.0, course.speed_m_s, -1.0)),
        _item(Command.MOUNT_CONTROL, (course.gimbal_pitch_deg, 0.0, 0.0), place=(0.0, 0.0, 2.0)),
        _item(Command.TRIGGER_DISTANCE, (0.0, 0.0, 1.0)),
    ]
    trigger_m = 0.0
    for mark in course.marks[1:]:
        items.append(_item(Command.WAYPOINT, place=(mark.lat_deg, mark.lon_deg, mark.height_home_m)))
        if mark.trigger_m != trigger_m:
            items.append(_item(Command.TRIGGER_DISTANCE, (mark.trigger_m, 0.0, 1.0)))
        trigger_m = mark.trigger_m
    items.append(_item(Command.RETURN_TO_LAUNCH))
    for number, item in enumerate(items, start=1):
        item["doJumpId"] = number
    fences = [(course.fence, True)] if course.fence else []
    polygons = [
        {"polygon": [[lat, lon] for lon, lat in _corners(area)], "inclusion": inside, "version": 1}
        for area, inside in (*fences, *((area, False) for area in course.no_fly))
    ]
    mission = {
        "version": 2, "firmwareType": ARDUPILOT, "vehicleType": QUADCOPTER, "globalPlanAltitudeMode": 1,
        "cruiseSpeed": course.speed_m_s, "hoverSpeed": course.speed_m_s, "items": items,
        "plannedHomePosition": [course.home_lat_deg, course.home_lon_deg, course.home_alt_amsl_m],
    }  # fmt: skip
    document = {
        "fileType": "Plan", "version": 1, "groundStation": "QGroundControl", "mission": mission,
        "geoFence": {"version": 2, "circles": [], "polygons": polygons}, "rallyPoints": {"version": 2, "points": []},
    }  # fmt: skip
    return json.dumps(document, indent=1).encode()


def parse_course(path: str, content: bytes) -> Course:
    """A course of a .plan file's bytes.

    Raises:
        PlanUnreadable: it is no such file, or holds items that would be lost.
    """
    try:
        document = json.loads(content)
        mission, fence = document["mission"], document.get("geoFence", {})
        marks, speed_m_s, pitch_deg = _marks(path, mission["items"])
        home_lat, home_lon, home_alt = map(float, mission["plannedHomePosition"])
        if fence.get("circles"):
            raise _unreadable(path, "geoFence", "it has a circle", "Draw the fence as polygons.")
        areas = [
            (bool(one["inclusion"]), ring_polygon(path, [(lon, lat) for lat, lon in one["polygon"]], field="geoFence"))
            for one in fence.get("polygons", ())
        ]
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise _unreadable(path, "JSON", f"{type(error).__name__}: {error}", _JSON_REMEDY) from error
    inside = [area for inclusion, area in areas if inclusion]
    if len(inside) > 1:
        raise _unreadable(path, "geoFence", "it has several inclusion polygons", "Draw the fence as one polygon.")
    return Course(
        home_lat_deg=home_lat, home_lon_deg=home_lon, home_alt_amsl_m=home_alt, marks=marks,
        speed_m_s=speed_m_s or float(mission.get("hoverSpeed", 0.0)), gimbal_pitch_deg=pitch_deg,
        fence=inside[0] if inside else None, no_fly=tuple(area for inclusion, area in areas if not inclusion),
    )  # fmt: skip


def _marks(path: str, items: Sequence[dict[str, Any]]) -> tuple[tuple[Mark, ...], float, float]:
    """Places with their trigger, the speed (0 when none is set), and the lens's pitch."""
    places: list[tuple[float, float, float]] = []
    triggers: list[float] = []
    speed_m_s, pitch_deg = 0.0, -90.0
    for number, item in enumerate(items, start=1):
        if item.get("type") != "SimpleItem":
            raise _unreadable(path, f"item {number}", f"it is a {item.get('complexItemType')}", "Plan it here instead.")
        command, values = int(item["command"]), [0.0 if value is None else float(value) for value in item["params"]]
        if command in {Command.TAKEOFF, Command.WAYPOINT}:
            if item["frame"] not in {Frame.RELATIVE, 6}:
                raise _unreadable(
                    path, f"item {number}", "its height is not above home", "Set heights relative to launch."
                )
            places.append((values[4], values[5], values[6]))
            triggers.append(triggers[-1] if triggers else 0.0)
        elif command == Command.TRIGGER_DISTANCE and triggers:
            triggers[-1] = values[0]
        elif command == Command.CHANGE_SPEED:
            speed_m_s = values[1]
        elif command in {Command.MOUNT_CONTROL, GIMBAL_PITCH_YAW}:
            pitch_deg = values[0]
        elif command not in {Command.RETURN_TO_LAUNCH, Command.LAND}:
            raise _unreadable(
                path, f"item {number}", f"command {command} is not known here", "Remove it in QGroundControl."
            )
    marks = (
        Mark(lat_deg=lat, lon_deg=lon, height_home_m=height, trigger_m=trigger)
        for (lat, lon, height), trigger in zip(places, triggers, strict=True)
    )
    return tuple(marks), speed_m_s, pitch_deg


def _item(
    command: int, values: tuple[float, ...] = (), *, place: tuple[float, float, float] | None = None
) -> dict[str, Any]:
    on_ground = command in {Command.TAKEOFF, Command.WAYPOINT}
    params = [*values, *([0.0] * (4 - len(values))), *(place or (0.0, 0.0, 0.0))]
    frame = Frame.RELATIVE if on_ground else Frame.MISSION
    return {"type": "SimpleItem", "autoContinue": True, "command": int(command), "frame": int(frame), "params": params}


def _corners(area: Polygon) -> list[tuple[float, float]]:
    return [(lon, lat) for lon, lat, *_ in area.exterior.coords][:-1]


def _unreadable(path: str, field: str, fault: str, remedy: str) -> PlanUnreadable:
    return PlanUnreadable(path=path, field=field, fault=fault, remedy=remedy)
