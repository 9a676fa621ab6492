"""The flight modes offered, by their ArduCopter numbers."""

from __future__ import annotations

from enum import IntEnum


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
