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

_LOCKED = 1e-9


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


def attitude_from_enu_cam(rotation: NDArray[np.float64]) -> Attitude:
    """The lens attitude of a (3, 3) rotation taking camera vectors to east-north-up: the inverse of `enu_from_cam`.

    Straight up or down, where yaw and roll turn about the same axis, the roll is zero.
    """
    ned_from_frd = ENU_FROM_NED.T @ rotation @ FRD_FROM_CAM.T
    pitch = math.asin(max(-1.0, min(1.0, -float(ned_from_frd[2, 0]))))
    if math.hypot(ned_from_frd[2, 1], ned_from_frd[2, 2]) < _LOCKED:
        yaw, roll = math.atan2(-ned_from_frd[0, 1], ned_from_frd[1, 1]), 0.0
    else:
        yaw = math.atan2(ned_from_frd[1, 0], ned_from_frd[0, 0])
        roll = math.atan2(ned_from_frd[2, 1], ned_from_frd[2, 2])
    return Attitude(yaw_deg=math.degrees(yaw), pitch_deg=math.degrees(pitch), roll_deg=math.degrees(roll))


def turned_by(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    """(3, 3) rotation about a (3,) vector by its length in radians. Source: Rodrigues' rotation formula."""
    angle = float(np.linalg.norm(vector))
    if angle == 0:
        return np.eye(3)
    x, y, z = vector / angle
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    rotation: NDArray[np.float64] = np.eye(3) + math.sin(angle) * cross + (1 - math.cos(angle)) * (cross @ cross)
    return rotation
