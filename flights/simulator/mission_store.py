"""What the autopilot stores: mission, fence and rally points, and which single items it accepts.

Like ArduPilot it judges each item by itself: a waypoint far outside every fence, or at 500 m, is accepted.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import IntEnum

from pymavlink.dialects.v20 import ardupilotmega as mavlink


class StoreKind(IntEnum):
    """MAV_MISSION_TYPE."""

    MISSION = 0
    FENCE = 1
    RALLY = 2


CAPACITY = {StoreKind.MISSION: 724, StoreKind.FENCE: 84, StoreKind.RALLY: 10}
ALT_LIMIT_M = 83_000.0  # Source: ArduPilot AP_Mission, LOCATION_ALT_MAX_M
RELATIVE_FRAMES = frozenset({mavlink.MAV_FRAME_GLOBAL_RELATIVE_ALT, mavlink.MAV_FRAME_GLOBAL_RELATIVE_ALT_INT})
GLOBAL_FRAMES = RELATIVE_FRAMES | {mavlink.MAV_FRAME_GLOBAL, mavlink.MAV_FRAME_GLOBAL_INT}
POLYGON_COMMANDS = frozenset(
    {mavlink.MAV_CMD_NAV_FENCE_POLYGON_VERTEX_INCLUSION, mavlink.MAV_CMD_NAV_FENCE_POLYGON_VERTEX_EXCLUSION}
)
LOCATED_COMMANDS = frozenset({mavlink.MAV_CMD_NAV_WAYPOINT, mavlink.MAV_CMD_NAV_TAKEOFF, mavlink.MAV_CMD_NAV_LAND})
NAV_COMMANDS = LOCATED_COMMANDS | {mavlink.MAV_CMD_NAV_RETURN_TO_LAUNCH}
DO_COMMANDS = frozenset(
    {
        mavlink.MAV_CMD_DO_SET_CAM_TRIGG_DIST, mavlink.MAV_CMD_DO_DIGICAM_CONTROL, mavlink.MAV_CMD_DO_MOUNT_CONTROL,
        mavlink.MAV_CMD_DO_GIMBAL_MANAGER_PITCHYAW, mavlink.MAV_CMD_DO_CHANGE_SPEED,
        mavlink.MAV_CMD_CONDITION_YAW,
    }
)  # fmt: skip

# Which of param1..param4 survive storage; other commands keep all. Source: ArduPilot AP_Mission, its conversion back.
_PARAMS_KEPT = {
    mavlink.MAV_CMD_NAV_WAYPOINT: {0}, mavlink.MAV_CMD_NAV_TAKEOFF: {0}, mavlink.MAV_CMD_NAV_LAND: {0},
    mavlink.MAV_CMD_NAV_RETURN_TO_LAUNCH: set(), mavlink.MAV_CMD_DO_MOUNT_CONTROL: {0, 1, 2},
    mavlink.MAV_CMD_DO_CHANGE_SPEED: {0, 1, 2}, mavlink.MAV_CMD_DO_SET_CAM_TRIGG_DIST: {0, 2},
}  # fmt: skip
_PLAIN_FRAME = {
    mavlink.MAV_FRAME_GLOBAL_RELATIVE_ALT_INT: mavlink.MAV_FRAME_GLOBAL_RELATIVE_ALT,
    mavlink.MAV_FRAME_GLOBAL_INT: mavlink.MAV_FRAME_GLOBAL,
}
_KEEPS_XY = frozenset({mavlink.MAV_CMD_DO_DIGICAM_CONTROL, mavlink.MAV_CMD_DO_GIMBAL_MANAGER_PITCHYAW})


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredItem:
    """One item as MISSION_ITEM_INT carries it.

    Attributes:
        seq: place in the list.
        frame: MAV_FRAME.
        command: MAV_CMD.
        params: param1 to param4; their meaning is the command's.
        x: latitude, degrees * 1e7.
        y: longitude, degrees * 1e7.
        z: altitude in metres, in the frame.
    """

    seq: int
    frame: int
    command: int
    params: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    x: int = 0
    y: int = 0
    z: float = 0.0


def as_stored(item: StoredItem, kind: StoreKind) -> StoredItem:
    """What is left of an item after storage, as a download shows it: unused fields and fractions are gone.

    The *_INT frames come back as their plain twins, altitudes in whole centimetres, a NaN yaw as 0; fence vertices
    without any height.
    """
    if kind is StoreKind.FENCE:
        return replace(item, frame=mavlink.MAV_FRAME_GLOBAL, params=(item.params[0], 0.0, 0.0, 0.0), z=0.0)
    located = kind is StoreKind.RALLY or item.command in LOCATED_COMMANDS
    kept = _PARAMS_KEPT.get(item.command, {0, 1, 2, 3})
    p1, p2, p3, p4 = (value if place in kept else 0.0 for place, value in enumerate(item.params))
    if item.command == mavlink.MAV_CMD_NAV_WAYPOINT:
        p1 = float(int(p1))
    elif item.command == mavlink.MAV_CMD_NAV_LAND:
        p4 = 1.0
    if located:
        frame = _PLAIN_FRAME.get(item.frame, item.frame)
        return replace(item, frame=frame, params=(p1, p2, p3, p4), z=round(item.z, 2))
    x, y = (item.x, item.y) if item.command in _KEEPS_XY else (0, 0)
    return replace(item, frame=0, params=(p1, p2, p3, p4), x=x, y=y, z=0.0)


def judge_item(item: StoredItem, kind: StoreKind) -> int:
    """MAV_MISSION_RESULT for one item. Source: ArduPilot AP_Mission (mavlink_int_to_mission_cmd), AC_PolyFence."""
    for place, value in enumerate(item.params):
        # ArduPilot reads a NaN in param4 of a place as "keep the yaw".
        if not math.isfinite(value) and not (place == 3 and math.isnan(value)):
            return int(mavlink.MAV_MISSION_INVALID_PARAM1) + place
    if not math.isfinite(item.z) or abs(item.z) > ALT_LIMIT_M:
        return int(mavlink.MAV_MISSION_INVALID_PARAM7)
    if kind is StoreKind.MISSION:
        return _judge_mission_item(item)
    return _judge_fence_item(item) if kind is StoreKind.FENCE else _judge_place(item)


def _judge_place(item: StoredItem) -> int:
    if item.frame not in GLOBAL_FRAMES:
        return int(mavlink.MAV_MISSION_UNSUPPORTED_FRAME)
    if abs(item.x) > 900_000_000:
        return int(mavlink.MAV_MISSION_INVALID_PARAM5_X)
    if abs(item.y) > 1_800_000_000:
        return int(mavlink.MAV_MISSION_INVALID_PARAM6_Y)
    return int(mavlink.MAV_MISSION_ACCEPTED)


def _judge_mission_item(item: StoredItem) -> int:
    if item.command in LOCATED_COMMANDS:
        return _judge_place(item)
    if item.command in NAV_COMMANDS or item.command in DO_COMMANDS:
        return int(mavlink.MAV_MISSION_ACCEPTED)
    return int(mavlink.MAV_MISSION_UNSUPPORTED)


def _judge_fence_item(item: StoredItem) -> int:
    if item.command in POLYGON_COMMANDS and item.params[0] < 3:
        return int(mavlink.MAV_MISSION_INVALID_PARAM1)
    if item.command in POLYGON_COMMANDS:
        return _judge_place(item)
    return int(mavlink.MAV_MISSION_UNSUPPORTED)


def judge_fence(items: list[StoredItem]) -> int:
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

    def __init__(self, home: StoredItem) -> None:
        self._lists: dict[StoreKind, list[StoredItem]] = {kind: [] for kind in StoreKind}
        self._lists[StoreKind.MISSION] = [home]

    def items(self, kind: StoreKind) -> tuple[StoredItem, ...]:
        """What is stored, in order."""
        return tuple(self._lists[kind])

    @property
    def mission(self) -> tuple[StoredItem, ...]:
        """The mission with home as item 0."""
        return self.items(StoreKind.MISSION)

    def set_home(self, home: StoredItem) -> None:
        """Replace item 0 of the mission."""
        self._lists[StoreKind.MISSION][:1] = [home]

    def clear(self, kind: StoreKind) -> None:
        """Forget all items; home stays."""
        self.truncate(kind, 0)

    def truncate(self, kind: StoreKind, count: int) -> None:
        """Keep the first `count` items; home always stays."""
        keep = max(count, 1) if kind is StoreKind.MISSION else count
        del self._lists[kind][keep:]

    def put(self, kind: StoreKind, item: StoredItem) -> None:
        """Replace or append one item; what the client sends as mission item 0 is ignored, home stays."""
        items = self._lists[kind]
        if kind is StoreKind.MISSION and item.seq == 0:
            return
        if item.seq < len(items):
            items[item.seq] = item
        else:
            items.append(item)
