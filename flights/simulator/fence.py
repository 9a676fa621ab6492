"""The fence: inclusion and exclusion polygons, and the greatest height. Pure geometry in local metres."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag
from typing import TYPE_CHECKING

import shapely
from pymavlink.dialects.v20 import ardupilotmega as mavlink

if TYPE_CHECKING:
    from collections.abc import Callable

    from shapely import Polygon

    from flights.mission_items import MissionItem
    from flights.simulator.dynamics import Vector
    from flights.simulator.params import Parameters


class FenceType(IntFlag):
    """Bits of FENCE_TYPE. Source: ArduPilot AC_Fence."""

    NONE = 0
    ALT_MAX = 1
    POLYGON = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class FenceShape:
    """The stored outlines in local metres: inside every inclusion, outside every exclusion."""

    inclusions: tuple[Polygon, ...] = ()
    exclusions: tuple[Polygon, ...] = ()


def shape_of(items: tuple[MissionItem, ...], local: Callable[[int, int], tuple[float, float]]) -> FenceShape:
    """Outlines from stored fence items, which must have passed `judge_fence`.

    Args:
        items: the fence list.
        local: takes latitude and longitude (degrees * 1e7) to east, north metres.
    """
    inclusions: list[Polygon] = []
    exclusions: list[Polygon] = []
    place = 0
    while place < len(items):
        first = items[place]
        count = int(first.params[0])
        outline = shapely.Polygon([local(item.lat_e7, item.lon_e7) for item in items[place : place + count]])
        included = first.command == mavlink.MAV_CMD_NAV_FENCE_POLYGON_VERTEX_INCLUSION
        (inclusions if included else exclusions).append(outline)
        place += count
    for outline in (*inclusions, *exclusions):
        shapely.prepare(outline)
    return FenceShape(inclusions=tuple(inclusions), exclusions=tuple(exclusions))


def breaches(shape: FenceShape, params: Parameters, place_m: Vector, home_m: Vector) -> FenceType:
    """Which parts of the fence a place breaks.

    Args:
        shape: the outlines.
        params: FENCE_ENABLE, FENCE_TYPE and FENCE_ALT_MAX decide what counts.
        place_m: east, north, up.
        home_m: where heights are counted from.
    """
    broken = FenceType.NONE
    if not params["FENCE_ENABLE"]:
        return broken
    watched = FenceType(int(params["FENCE_TYPE"]) & 5)
    east, north = place_m[0], place_m[1]
    if FenceType.ALT_MAX in watched and place_m[2] - home_m[2] > params["FENCE_ALT_MAX"]:
        broken |= FenceType.ALT_MAX
    if FenceType.POLYGON in watched and (
        any(not outline.contains_properly(shapely.Point(east, north)) for outline in shape.inclusions)
        or any(outline.intersects(shapely.Point(east, north)) for outline in shape.exclusions)
    ):
        broken |= FenceType.POLYGON
    return broken
