"""Missions and fences as MAVLink items: what a plan becomes before it is sent, and when two items count as equal."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from flights.survey_plan import WaypointKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shapely.geometry.polygon import LinearRing

    from flights.survey_plan import SurveyPlan


class Command(IntEnum):
    """The MAV_CMD numbers used here. Source: MAVLink common.xml."""

    WAYPOINT = 16
    RETURN_TO_LAUNCH = 20
    LAND = 21
    TAKEOFF = 22
    SET_MODE = 176
    CHANGE_SPEED = 178
    REPOSITION = 192
    LOOK_AT = 195
    LOOK_NOWHERE = 197
    MOUNT_CONTROL = 205
    TRIGGER_DISTANCE = 206
    ARM_DISARM = 400
    MESSAGE_INTERVAL = 511
    FENCE_INCLUSION_VERTEX = 5001
    FENCE_EXCLUSION_VERTEX = 5002


class Frame(IntEnum):
    """The MAV_FRAME numbers used here."""

    GLOBAL = 0
    MISSION = 2
    RELATIVE = 3


class ListKind(IntEnum):
    """MAV_MISSION_TYPE: the three lists an autopilot keeps."""

    MISSION = 0
    FENCE = 1
    RALLY = 2


# The _INT frames and their plain twins, which mean the same.
PLAIN_FRAME = {5: Frame.GLOBAL, 6: Frame.RELATIVE, Frame.GLOBAL: Frame.GLOBAL, Frame.RELATIVE: Frame.RELATIVE}
PLACES = frozenset(
    {Command.WAYPOINT, Command.LAND, Command.TAKEOFF, Command.FENCE_INCLUSION_VERTEX, Command.FENCE_EXCLUSION_VERTEX}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MissionItem:
    """One item as MISSION_ITEM_INT carries it.

    Attributes:
        command: MAV_CMD number.
        frame: MAV_FRAME number.
        params: param1 to param4.
        lat_e7: latitude in 1e-7 degrees.
        lon_e7: longitude in 1e-7 degrees.
        height_m: in the frame.
    """

    command: int
    frame: int = Frame.MISSION
    params: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    lat_e7: int = 0
    lon_e7: int = 0
    height_m: float = 0.0

    def matches(self, other: MissionItem) -> bool:
        """Whether an autopilot that stores heights in centimetres and numbers in float32 means the same by both.

        The frame of an item without a place has no meaning and is not compared.
        """
        if self.command != other.command:
            return False
        same = all(
            math.isclose(a, b, rel_tol=1e-5, abs_tol=0.01) for a, b in zip(self.params, other.params, strict=True)
        )
        if self.command not in PLACES:
            return same
        at_home = self.command == Command.TAKEOFF and self.lat_e7 == self.lon_e7 == 0
        place = at_home or (self.lat_e7, self.lon_e7) == (other.lat_e7, other.lon_e7)
        same_frame = PLAIN_FRAME.get(self.frame, self.frame) == PLAIN_FRAME.get(other.frame, other.frame)
        return same and place and same_frame and math.isclose(self.height_m, other.height_m, abs_tol=0.011)


def mission_of(plan: SurveyPlan) -> tuple[MissionItem, ...]:
    """The whole mission of a plan: home, take-off, speed, lens, strips with their trigger, the way home, landing."""
    items = [
        _place(plan.home.lat_deg, plan.home.lon_deg, frame=Frame.GLOBAL),
        MissionItem(command=Command.TAKEOFF, frame=Frame.RELATIVE, height_m=plan.height_home_m),
        MissionItem(command=Command.CHANGE_SPEED, params=(1.0, plan.speed_m_s, -1.0, 0.0)),
        MissionItem(command=Command.TRIGGER_DISTANCE),
    ]
    for waypoint in plan.waypoints[1:]:
        at = waypoint.position
        items.append(_place(at.lat_deg, at.lon_deg, height_m=waypoint.height_home_m))
        if waypoint.kind is WaypointKind.STRIP_START:
            items.append(MissionItem(command=Command.TRIGGER_DISTANCE, params=(waypoint.trigger_m, 0.0, 1.0, 0.0)))
        elif waypoint.kind is WaypointKind.STRIP_END:
            items.append(MissionItem(command=Command.TRIGGER_DISTANCE))
    items.append(MissionItem(command=Command.RETURN_TO_LAUNCH))
    return tuple(items)


def strip_items(items: Sequence[MissionItem]) -> frozenset[int]:
    """Indices of the mission items towards which the aircraft flies with the trigger on."""
    on = False
    found = set()
    for seq, item in enumerate(items):
        if item.command == Command.TRIGGER_DISTANCE:
            on = item.params[0] > 0
        elif item.command == Command.WAYPOINT and on:
            found.add(seq)
    return frozenset(found)


def return_item(items: Sequence[MissionItem]) -> int:
    """Index of the first item of the way home: after the last trigger-off."""
    return max(seq for seq, item in enumerate(items) if item.command == Command.TRIGGER_DISTANCE) + 1


def fence_of(plan: SurveyPlan) -> tuple[MissionItem, ...]:
    """The airspace as an inclusion polygon, its holes and the no-fly areas as exclusion polygons."""
    items = _vertices(plan.airspace.exterior, Command.FENCE_INCLUSION_VERTEX)
    for ring in (*plan.airspace.interiors, *(polygon.exterior for polygon in plan.no_fly)):
        items += _vertices(ring, Command.FENCE_EXCLUSION_VERTEX)
    return tuple(items)


def _vertices(ring: LinearRing, command: Command) -> list[MissionItem]:
    corners = list(ring.coords)[:-1]
    params = (float(len(corners)), 0.0, 0.0, 0.0)
    return [_place(lat, lon, command=command, frame=Frame.GLOBAL, params=params) for lon, lat, *_ in corners]


def _place(
    lat_deg: float,
    lon_deg: float,
    *,
    command: Command = Command.WAYPOINT,
    frame: Frame = Frame.RELATIVE,
    params: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0),
    height_m: float = 0.0,
) -> MissionItem:
    lat_e7, lon_e7 = round(lat_deg * 1e7), round(lon_deg * 1e7)
    return MissionItem(command=command, frame=frame, params=params, lat_e7=lat_e7, lon_e7=lon_e7, height_m=height_m)
