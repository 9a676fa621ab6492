"""The fence: inclusion and exclusion polygons and circles, and the greatest height. Pure geometry in local metres."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag
from typing import TYPE_CHECKING

import shapely
from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flights.simulator.mission_store import CIRCLE_COMMANDS, StoredItem

if TYPE_CHECKING:
    from collections.abc import Callable

    from shapely import Polygon

    from flights.simulator.dynamics import Vector
    from flights.simulator.params import Parameters

_INCLUSIONS = frozenset(
    {mavlink.MAV_CMD_NAV_FENCE_POLYGON_VERTEX_INCLUSION, mavlink.MAV_CMD_NAV_FENCE_CIRCLE_INCLUSION}
)


class FenceType(IntFlag):
    """Bits of FENCE_TYPE. Source: ArduPilot AC_Fence."""

    NONE = 0
    ALT_MAX = 1
    CIRCLE = 2
    POLYGON = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class FenceShape:
    """The stored outlines in local metres: inside every inclusion, outside every exclusion."""

    inclusions: tuple[Polygon, ...] = ()
    exclusions: tuple[Polygon, ...] = ()


def shape_of(items: tuple[StoredItem, ...], local: Callable[[int, int], tuple[float, float]]) -> FenceShape:
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
        if first.command in CIRCLE_COMMANDS:
            count, outline = 1, shapely.Point(local(first.x, first.y)).buffer(first.params[0], quad_segs=16)
        else:
            count = int(first.params[0])
            outline = shapely.Polygon([local(item.x, item.y) for item in items[place : place + count]])
        (inclusions if first.command in _INCLUSIONS else exclusions).append(outline)
        place += count
    for outline in (*inclusions, *exclusions):
        shapely.prepare(outline)
    return FenceShape(inclusions=tuple(inclusions), exclusions=tuple(exclusions))


def breaches(shape: FenceShape, params: Parameters, place_m: Vector, home_m: Vector) -> FenceType:
    """Which parts of the fence a place breaks.

    Args:
        shape: the outlines.
        params: FENCE_ENABLE, FENCE_TYPE, FENCE_ALT_MAX and FENCE_RADIUS decide what counts.
        place_m: east, north, up.
        home_m: where heights and the circle are counted from.
    """
    broken = FenceType.NONE
    if not params["FENCE_ENABLE"]:
        return broken
    watched = FenceType(int(params["FENCE_TYPE"]) & 7)
    east, north = place_m[0], place_m[1]
    if FenceType.ALT_MAX in watched and place_m[2] - home_m[2] > params["FENCE_ALT_MAX"]:
        broken |= FenceType.ALT_MAX
    if FenceType.CIRCLE in watched and _far(place_m, home_m, params["FENCE_RADIUS"]):
        broken |= FenceType.CIRCLE
    if FenceType.POLYGON in watched and (
        any(not outline.contains_properly(shapely.Point(east, north)) for outline in shape.inclusions)
        or any(outline.intersects(shapely.Point(east, north)) for outline in shape.exclusions)
    ):
        broken |= FenceType.POLYGON
    return broken


def _far(place_m: Vector, home_m: Vector, radius_m: float) -> bool:
    return (place_m[0] - home_m[0]) ** 2 + (place_m[1] - home_m[1]) ** 2 > radius_m**2
