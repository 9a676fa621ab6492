"""The parameter set: real ArduCopter names, complete and indexed, kept as single-precision floats like the real one."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum

# Source: ArduCopter 4.5 parameter reference. Values are ArduPilot's defaults, except the failsafe, fence and battery
# settings, which are those of an aircraft set up for patrols (6-cell battery; every failsafe on).
_DEFAULTS: dict[str, tuple[float, str]] = {
    "ACRO_RP_RATE": (360, "f"), "AHRS_EKF_TYPE": (3, "b"), "ANGLE_MAX": (3000, "h"), "ARMING_CHECK": (1, "i"),
    "ATC_SLEW_YAW": (6000, "f"), "AUTO_OPTIONS": (0, "i"), "BATT_ARM_VOLT": (0, "f"), "BATT_CAPACITY": (10000, "i"),
    "BATT_CRT_MAH": (0, "f"), "BATT_CRT_VOLT": (21.0, "f"), "BATT_FS_CRT_ACT": (1, "b"), "BATT_FS_LOW_ACT": (2, "b"),
    "BATT_FS_VOLTSRC": (0, "b"), "BATT_LOW_MAH": (0, "f"), "BATT_LOW_TIMER": (10, "b"), "BATT_LOW_VOLT": (21.6, "f"),
    "BATT_MONITOR": (4, "b"), "CAM1_TYPE": (1, "b"), "CAM_AUTO_ONLY": (0, "b"), "CAM_MAX_ROLL": (0, "h"),
    "CIRCLE_RADIUS": (1000, "f"), "COMPASS_ENABLE": (1, "b"), "DISARM_DELAY": (10, "b"), "EK3_ENABLE": (1, "b"),
    "FENCE_ACTION": (1, "b"), "FENCE_ALT_MAX": (120, "f"), "FENCE_ALT_MIN": (-10, "f"), "FENCE_ENABLE": (1, "b"),
    "FENCE_MARGIN": (2, "f"), "FENCE_TOTAL": (0, "b"), "FENCE_TYPE": (5, "b"),
    "FLTMODE1": (5, "b"), "FRAME_CLASS": (1, "b"), "FRAME_TYPE": (1, "b"), "FS_CRASH_CHECK": (1, "b"),
    "FS_EKF_ACTION": (1, "b"), "FS_EKF_THRESH": (0.8, "f"), "FS_GCS_ENABLE": (1, "b"), "FS_GCS_TIMEOUT": (5, "f"),
    "FS_OPTIONS": (16, "i"), "FS_THR_ENABLE": (1, "b"), "FS_THR_VALUE": (975, "h"), "FS_VIBE_ENABLE": (1, "b"),
    "GPS_TYPE": (1, "b"), "LAND_ALT_LOW": (1000, "h"), "LAND_SPEED": (50, "h"), "LAND_SPEED_HIGH": (0, "h"),
    "LOG_DISARMED": (0, "b"), "MIS_OPTIONS": (0, "h"), "MIS_RESTART": (0, "b"), "MIS_TOTAL": (0, "h"),
    "MNT1_PITCH_MAX": (30, "f"), "MNT1_PITCH_MIN": (-90, "f"), "MNT1_TYPE": (1, "b"), "PILOT_SPEED_DN": (0, "h"),
    "PILOT_SPEED_UP": (250, "h"), "RALLY_TOTAL": (0, "b"), "RTL_ALT": (1500, "i"), "RTL_ALT_FINAL": (0, "h"),
    "RTL_CLIMB_MIN": (0, "h"), "RTL_LOIT_TIME": (5000, "i"), "RTL_SPEED": (0, "h"), "SCHED_LOOP_RATE": (400, "h"),
    "SR0_EXTRA1": (10, "h"), "SR0_POSITION": (10, "h"), "SYSID_MYGCS": (255, "h"), "SYSID_THISMAV": (1, "h"),
    "WPNAV_ACCEL": (250, "f"), "WPNAV_RADIUS": (200, "f"), "WPNAV_SPEED": (1000, "f"), "WPNAV_SPEED_DN": (150, "f"),
    "WPNAV_SPEED_UP": (250, "f"), "WP_YAW_BEHAVIOR": (2, "b"),
}  # fmt: skip
_READ_ONLY = frozenset({"FENCE_TOTAL", "MIS_TOTAL", "RALLY_TOTAL"})


class ParamType(IntEnum):
    """MAV_PARAM_TYPE of the kinds used here."""

    INT8 = 2
    INT16 = 4
    INT32 = 6
    REAL32 = 9


_TYPES = {"b": ParamType.INT8, "h": ParamType.INT16, "i": ParamType.INT32, "f": ParamType.REAL32}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter as it goes over the wire."""

    name: str
    value: float
    kind: ParamType
    index: int
    count: int


class Parameters:
    """All parameters by name and by index; names never change, so indices do not either."""

    def __init__(self) -> None:
        self._names = tuple(sorted(_DEFAULTS))
        self._values = {name: _as_float32(value) for name, (value, _) in _DEFAULTS.items()}

    def __len__(self) -> int:
        return len(self._names)

    def __getitem__(self, name: str) -> float:
        return self._values[name]

    def at(self, index: int) -> Parameter:
        """The parameter with an index; IndexError when there is none."""
        name = self._names[index]
        return Parameter(
            name=name, value=self._values[name], kind=_TYPES[_DEFAULTS[name][1]], index=index, count=len(self)
        )

    def find(self, name: str) -> Parameter | None:
        """The parameter with a name, or None."""
        return self.at(self._names.index(name)) if name in self._values else None

    def set(self, name: str, value: float, *, internally: bool = False) -> Parameter | None:
        """Store a value as the type keeps it (integers lose their fraction); the result is the read-back.

        Args:
            name: parameter name.
            value: wanted value.
            internally: by the autopilot itself, which may also change the read-only counts.

        Returns:
            What is stored now, or None for an unknown name.
        """
        known = self.find(name)
        if known is not None and (internally or name not in _READ_ONLY):
            stored = value if known.kind is ParamType.REAL32 else float(int(value))
            self._values[name] = _as_float32(stored)
        return self.find(name)


def _as_float32(value: float) -> float:
    return float(struct.unpack("<f", struct.pack("<f", value))[0])
