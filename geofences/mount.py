"""How a lens sits on what carries it: lever arm, seat (boresight) and the lag of its clock."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from geofences.attitude import attitude_from_enu_cam, enu_from_cam, enu_from_frd, turned_by
from geofences.errors import InvalidGeometry
from geofences.local_frame import LocalFrame

if TYPE_CHECKING:
    from geofences.pose import Pose

Vector = tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """Corrections between what telemetry says and where the lens is and looks.

    Attributes:
        lever_arm_frd_m: from the point whose position is logged to the lens: forward, right, down of the airframe.
        seat_cam_deg: how the lens is turned against what is logged, about its own right, down and forward axes.
        time_offset_s: add this to a picture's time to find its row of the log.
        offset_enu_m: added to every logged position, such as a flight's satellite bias found by calibration.
    """

    lever_arm_frd_m: Vector = (0.0, 0.0, 0.0)
    seat_cam_deg: Vector = (0.0, 0.0, 0.0)
    time_offset_s: float = 0.0
    offset_enu_m: Vector = (0.0, 0.0, 0.0)

    def __post_init__(self) -> None:
        """Refuse what is not finite.

        Raises:
            InvalidGeometry: a value is not finite.
        """
        values = (*self.lever_arm_frd_m, *self.seat_cam_deg, self.time_offset_s, *self.offset_enu_m)
        if not all(map(math.isfinite, values)):
            raise InvalidGeometry(f"a mount needs finite values: {self}")

    def corrected(self, pose: Pose) -> Pose:
        """The lens's pose, from the logged one at the corrected time."""
        frame = LocalFrame(origin=pose.position)
        arm_m = enu_from_frd(pose.body) @ np.array(self.lever_arm_frd_m) + self.offset_enu_m
        seat = turned_by(np.radians(self.seat_cam_deg))
        look = attitude_from_enu_cam(enu_from_cam(pose.gimbal) @ seat) if any(self.seat_cam_deg) else pose.gimbal
        position = frame.geodetic_from_enu(arm_m) if arm_m.any() else pose.position
        return replace(pose, position=position, gimbal=look, at_s=pose.at_s - self.time_offset_s)
