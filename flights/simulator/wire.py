"""Names for what goes over the wire: messages, command parameters, and the flight modes by their ArduCopter numbers."""

from __future__ import annotations

from enum import IntEnum
from typing import Any, TypeAlias

Message: TypeAlias = Any  # pymavlink has no types; every message has get_type(), and its fields as attributes
Params: TypeAlias = tuple[float, ...]  # param1 to param7 of a MAV_CMD


class Mode(IntEnum):
    """custom_mode of HEARTBEAT."""

    STABILIZE = 0
    AUTO = 3
    GUIDED = 4
    LOITER = 5
    RTL = 6
    LAND = 9
    BRAKE = 17


PILOT_MODES = frozenset({Mode.STABILIZE, Mode.LOITER})
ARMABLE = frozenset({Mode.STABILIZE, Mode.LOITER, Mode.GUIDED})
NEEDS_POSITION = frozenset({Mode.AUTO, Mode.GUIDED, Mode.LOITER, Mode.RTL, Mode.BRAKE})
