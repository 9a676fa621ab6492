"""Attitudes and the axes they turn: body and gimbal angles to rotation matrices.

Frames (see docs/frames.md): `enu` east-north-up; `frd` forward-right-down of a body or gimbal; `cam` OpenCV's
x right, y down, z forward.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from geofences.errors import InvalidGeometry

if TYPE_CHECKING:
    from numpy.typing import NDArray

ENU_FROM_NED = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, -1.0]])
FRD_FROM_CAM = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])


@dataclass(frozen=True, slots=True, kw_only=True)
class Attitude:
    """Aerospace angles against local north-east-down, applied yaw, then pitch, then roll.

    Attributes:
        yaw_deg: clockwise from true north.
        pitch_deg: nose (or lens) up positive; a lens pointing straight down is -90.
        roll_deg: right side down positive.
    """

    yaw_deg: float
    pitch_deg: float
    roll_deg: float = 0.0

    def __post_init__(self) -> None:
        """Refuse angles that are not finite.

        Raises:
            InvalidGeometry: an angle is not finite.
        """
        if not all(map(math.isfinite, (self.yaw_deg, self.pitch_deg, self.roll_deg))):
            raise InvalidGeometry(f"attitude is not finite: {self}")


def enu_from_frd(attitude: Attitude) -> NDArray[np.float64]:
    """(3, 3) rotation taking forward-right-down vectors to east-north-up. Source: ISO 1151-2, Z-Y'-X''."""
    yaw, pitch, roll = (math.radians(a) for a in (attitude.yaw_deg, attitude.pitch_deg, attitude.roll_deg))
    cy, sy, cp, sp, cr, sr = (
        math.cos(yaw), math.sin(yaw), math.cos(pitch), math.sin(pitch), math.cos(roll), math.sin(roll),
    )  # fmt: skip
    ned_from_frd = np.array(
        [
            [cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr],
            [sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr],
            [-sp, cp * sr, cp * cr],
        ]
    )
    rotation: NDArray[np.float64] = ENU_FROM_NED @ ned_from_frd
    return rotation


def enu_from_cam(attitude: Attitude) -> NDArray[np.float64]:
    """(3, 3) rotation taking camera vectors (x right, y down, z forward) to east-north-up."""
    rotation: NDArray[np.float64] = enu_from_frd(attitude) @ FRD_FROM_CAM
    return rotation
