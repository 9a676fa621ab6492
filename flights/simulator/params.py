"""The parameter set: real ArduCopter names, complete and indexed, kept as single-precision floats like the real one."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from pymavlink.dialects.v20 import ardupilotmega as mavlink

if TYPE_CHECKING:
    from flights.simulator.wire import Message

INT8, INT16, INT32, REAL32 = (
    mavlink.MAV_PARAM_TYPE_INT8, mavlink.MAV_PARAM_TYPE_INT16, mavlink.MAV_PARAM_TYPE_INT32,
    mavlink.MAV_PARAM_TYPE_REAL32,
)  # fmt: skip
# Source: ArduCopter 4.5 parameter reference. Values are ArduPilot's defaults, except the failsafe, fence and battery
# settings, which are those of an aircraft set up for patrols (6-cell battery; every failsafe on). Only what acts here,
# or what a checklist asks for, is listed.
_DEFAULTS: dict[str, tuple[float, int]] = {
    "ARMING_CHECK": (1, INT32), "BATT_CRT_VOLT": (21.0, REAL32), "BATT_FS_CRT_ACT": (1, INT8),
    "BATT_FS_LOW_ACT": (2, INT8), "BATT_LOW_TIMER": (10, INT8), "BATT_LOW_VOLT": (21.6, REAL32),
    "DISARM_DELAY": (10, INT8), "FENCE_ACTION": (1, INT8), "FENCE_ALT_MAX": (120, REAL32), "FENCE_ENABLE": (1, INT8),
    "FENCE_RADIUS": (300, REAL32),
    "FENCE_TYPE": (5, INT8), "FRAME_CLASS": (1, INT8), "FS_EKF_ACTION": (1, INT8), "FS_EKF_THRESH": (0.8, REAL32),
    "FS_GCS_ENABLE": (1, INT8),
    "FS_GCS_TIMEOUT": (5, REAL32), "FS_OPTIONS": (16, INT32), "FS_THR_ENABLE": (1, INT8),
    "MIS_RESTART": (0, INT8),
    "LAND_ALT_LOW": (1000, INT16), "LAND_SPEED": (50, INT16), "RTL_ALT": (1500, INT32), "RTL_LOIT_TIME": (5000, INT32),
    "SYSID_MYGCS": (255, INT16), "SYSID_THISMAV": (1, INT16), "WPNAV_RADIUS": (200, REAL32),
    "WPNAV_SPEED": (1000, REAL32), "WPNAV_SPEED_DN": (150, REAL32), "WPNAV_SPEED_UP": (250, REAL32),
}  # fmt: skip


class Parameters:
    """All parameters by name and by index; names never change, so indices do not either."""

    def __init__(self) -> None:
        self._values = {name: _as_float32(value) for name, (value, _) in sorted(_DEFAULTS.items())}

    def __len__(self) -> int:
        return len(self._values)

    def __getitem__(self, name: str) -> float:
        return self._values[name]

    def message(self, key: str | int) -> Message | None:
        """PARAM_VALUE of a name or an index, or None when there is no such parameter."""
        names = list(self._values)
        index = names.index(key) if isinstance(key, str) and key in names else key
        if not isinstance(index, int) or not 0 <= index < len(names):
            return None
        name = names[index]
        kind = _DEFAULTS[name][1]
        return mavlink.MAVLink_param_value_message(name.encode(), self._values[name], kind, len(names), index)

    def set(self, name: str, value: float) -> bool:
        """Store a value as its type keeps it (integers lose their fraction); False for an unknown name."""
        if name in self._values:
            self._values[name] = _as_float32(value if _DEFAULTS[name][1] == REAL32 else int(value))
        return name in self._values


def _as_float32(value: float) -> float:
    return float(struct.unpack("<f", struct.pack("<f", value))[0])
