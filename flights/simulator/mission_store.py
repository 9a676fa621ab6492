"""What the autopilot stores: mission, fence and rally points, and which single items it accepts.

Like ArduPilot it judges each item by itself: a waypoint far outside every fence, or at 500 m, is accepted.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flights.mission_items import PLAIN_FRAME, ListKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flights.mission_items import MissionItem

CAPACITY = {ListKind.MISSION: 724, ListKind.FENCE: 84, ListKind.RALLY: 10}
ALT_LIMIT_M = 83_000.0  # Source: ArduPilot AP_Mission, LOCATION_ALT_MAX_M
POLYGON_COMMANDS = frozenset(
    {mavlink.MAV_CMD_NAV_FENCE_POLYGON_VERTEX_INCLUSION, mavlink.MAV_CMD_NAV_FENCE_POLYGON_VERTEX_EXCLUSION}
)
LOCATED_COMMANDS = frozenset({mavlink.MAV_CMD_NAV_WAYPOINT, mavlink.MAV_CMD_NAV_TAKEOFF, mavlink.MAV_CMD_NAV_LAND})
NAV_COMMANDS = LOCATED_COMMANDS | {mavlink.MAV_CMD_NAV_RETURN_TO_LAUNCH}
# Which of param1..param4 survive storage. Source: ArduPilot AP_Mission, its conversion back.
_PARAMS_KEPT: dict[int, set[int]] = {
    mavlink.MAV_CMD_NAV_WAYPOINT: {0}, mavlink.MAV_CMD_NAV_TAKEOFF: {0}, mavlink.MAV_CMD_NAV_LAND: {0},
    mavlink.MAV_CMD_NAV_RETURN_TO_LAUNCH: set(), mavlink.MAV_CMD_DO_MOUNT_CONTROL: {0, 1, 2},
    mavlink.MAV_CMD_DO_CHANGE_SPEED: {0, 1, 2}, mavlink.MAV_CMD_DO_SET_CAM_TRIGG_DIST: {0, 2},
    mavlink.MAV_CMD_DO_DIGICAM_CONTROL: {0, 1, 2, 3},
}  # fmt: skip


def as_stored(item: MissionItem, kind: ListKind) -> MissionItem:
    """What is left of an item after storage, as a download shows it: unused fields and fractions are gone.

    The *_INT frames come back as their plain twins, altitudes in whole centimetres, a NaN yaw as 0; fence vertices
    without any height.
    """
    if kind is ListKind.FENCE:
        return replace(item, frame=mavlink.MAV_FRAME_GLOBAL, params=(item.params[0], 0.0, 0.0, 0.0), height_m=0.0)
    frame, height_m = PLAIN_FRAME.get(item.frame, item.frame), round(item.height_m, 2)
    if kind is ListKind.RALLY:
        return replace(item, frame=frame, height_m=height_m)
    kept = _PARAMS_KEPT[item.command]
    p1, p2, p3, p4 = (value if place in kept else 0.0 for place, value in enumerate(item.params))
    if item.command == mavlink.MAV_CMD_NAV_WAYPOINT:
        p1 = float(int(p1))
    elif item.command == mavlink.MAV_CMD_NAV_LAND:
        p4 = 1.0
    if item.command in LOCATED_COMMANDS:
        return replace(item, frame=frame, params=(p1, p2, p3, p4), height_m=height_m)
    is_shot = item.command == mavlink.MAV_CMD_DO_DIGICAM_CONTROL  # its param5 says so
    x, y = (item.lat_e7, item.lon_e7) if is_shot else (0, 0)
    return replace(item, frame=0, params=(p1, p2, p3, p4), lat_e7=x, lon_e7=y, height_m=0.0)


def judge_item(item: MissionItem, kind: ListKind) -> int:
    """MAV_MISSION_RESULT for one item. Source: ArduPilot AP_Mission (mavlink_int_to_mission_cmd), AC_PolyFence."""
    for place, value in enumerate(item.params):
        # ArduPilot reads a NaN in param4 of a place as "keep the yaw".
        if not math.isfinite(value) and not (place == 3 and math.isnan(value)):
            return int(mavlink.MAV_MISSION_INVALID_PARAM1) + place
    if not math.isfinite(item.height_m) or abs(item.height_m) > ALT_LIMIT_M:
        return int(mavlink.MAV_MISSION_INVALID_PARAM7)
    if kind is ListKind.MISSION and item.command not in LOCATED_COMMANDS:
        known = item.command in _PARAMS_KEPT
        return int(mavlink.MAV_MISSION_ACCEPTED if known else mavlink.MAV_MISSION_UNSUPPORTED)
    if kind is ListKind.FENCE and item.command not in POLYGON_COMMANDS:
        return int(mavlink.MAV_MISSION_UNSUPPORTED)
    if kind is ListKind.FENCE and item.params[0] < 3:
        return int(mavlink.MAV_MISSION_INVALID_PARAM1)
    return _judge_place(item)


def _judge_place(item: MissionItem) -> int:
    if item.frame not in PLAIN_FRAME:
        return int(mavlink.MAV_MISSION_UNSUPPORTED_FRAME)
    if abs(item.lat_e7) > 900_000_000:
        return int(mavlink.MAV_MISSION_INVALID_PARAM5_X)
    if abs(item.lon_e7) > 1_800_000_000:
        return int(mavlink.MAV_MISSION_INVALID_PARAM6_Y)
    return int(mavlink.MAV_MISSION_ACCEPTED)


def judge_fence(items: Sequence[MissionItem]) -> int:
    """MAV_MISSION_RESULT for a whole fence: the vertices of a polygon come together and as many as announced."""
    place = 0
    while place < len(items):
        first = items[place]
        corners = items[place : place + int(first.params[0])]
        same = all(c.command == first.command and c.params[0] == first.params[0] for c in corners)
        if len(corners) < first.params[0] or not same:
            return int(mavlink.MAV_MISSION_INVALID_PARAM1)
        place += len(corners)
    return int(mavlink.MAV_MISSION_ACCEPTED)


class MissionStore:
    """The three lists. Item 0 of the mission is home and belongs to the autopilot."""

    def __init__(self, home: MissionItem) -> None:
        self._lists: dict[ListKind, list[MissionItem]] = {kind: [] for kind in ListKind}
        self._lists[ListKind.MISSION] = [home]

    def items(self, kind: ListKind) -> tuple[MissionItem, ...]:
        """What is stored, in order."""
        return tuple(self._lists[kind])

    @property
    def mission(self) -> tuple[MissionItem, ...]:
        """The mission with home as item 0."""
        return self.items(ListKind.MISSION)

    def set_home(self, home: MissionItem) -> None:
        """Replace item 0 of the mission."""
        self._lists[ListKind.MISSION][0] = home

    def truncate(self, kind: ListKind, count: int) -> None:
        """Keep the first `count` items; home always stays."""
        del self._lists[kind][max(count, 1) if kind is ListKind.MISSION else count :]

    def put(self, kind: ListKind, seq: int, item: MissionItem) -> None:
        """Replace or append one item as storage keeps it; a client's mission item 0 is ignored, home stays."""
        if kind is not ListKind.MISSION or seq > 0:
            self._lists[kind][seq : seq + 1] = [as_stored(item, kind)]
