"""The fence: inclusion and exclusion polygons, and the greatest height. Pure geometry in local metres."""

from __future__ import annotations

from enum import IntFlag
from typing import TYPE_CHECKING

import shapely
from pymavlink.dialects.v20 import ardupilotmega as mavlink

if TYPE_CHECKING:
    from collections.abc import Callable

    from shapely.geometry.base import BaseGeometry

    from flights.mission_items import MissionItem
    from flights.simulator.dynamics import Vector
    from flights.simulator.params import Parameters


class FenceType(IntFlag):
    """Bits of FENCE_TYPE. Source: ArduPilot AC_Fence."""

    NONE = 0
    ALT_MAX = 1
    POLYGON = 4


EVERYWHERE = shapely.box(-1e8, -1e8, 1e8, 1e8)


def allowed_ground(items: tuple[MissionItem, ...], local: Callable[[int, int], tuple[float, float]]) -> BaseGeometry:
    """Where the polygons let it be, in local metres: inside every inclusion, outside every exclusion.

    Args:
        items: the fence list, which must have passed `judge_fence`.
        local: takes latitude and longitude (degrees * 1e7) to east, north metres.
    """
    ground: BaseGeometry = EVERYWHERE
    place = 0
    while place < len(items):
        first, count = items[place], int(items[place].params[0])
        corners = [local(item.lat_e7, item.lon_e7) for item in items[place : place + count]]
        outline = shapely.make_valid(shapely.Polygon(corners))
        included = first.command == mavlink.MAV_CMD_NAV_FENCE_POLYGON_VERTEX_INCLUSION
        ground = ground.intersection(outline) if included else ground.difference(outline)
        place += count
    shapely.prepare(ground)
    return ground


def breaches(ground: BaseGeometry, params: Parameters, place_m: Vector, home_m: Vector) -> FenceType:
    """Which parts of the fence a place breaks.

    Args:
        ground: where the polygons let it be.
        params: FENCE_ENABLE, FENCE_TYPE and FENCE_ALT_MAX decide what counts.
        place_m: east, north, up.
        home_m: where heights are counted from.
    """
    broken = FenceType.NONE
    if not params["FENCE_ENABLE"]:
        return broken
    watched = FenceType(int(params["FENCE_TYPE"]) & 5)
    if FenceType.ALT_MAX in watched and place_m[2] - home_m[2] > params["FENCE_ALT_MAX"]:
        broken |= FenceType.ALT_MAX
    if FenceType.POLYGON in watched and not shapely.contains_properly(ground, shapely.Point(place_m[:2])):
        broken |= FenceType.POLYGON
    return broken
