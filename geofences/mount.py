"""How a lens sits on what carries it: lever arm, seat (boresight) and the lag of its clock, each as well as known."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from geofences.attitude import attitude_from_enu_cam, enu_from_cam, enu_from_frd, turned_by
from geofences.errors import InvalidGeometry
from geofences.local_frame import LocalFrame
from geofences.pose import PoseSigmas

if TYPE_CHECKING:
    from collections.abc import Callable

    from geofences.error_terms import JointErrors
    from geofences.pose import Pose

Vector = tuple[float, float, float]
SAME_WAY_DEG = 45.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """Corrections between what telemetry says and where the lens is and looks.

    Attributes:
        lever_arm_frd_m: from the point whose position is logged to the lens: forward, right, down of the airframe.
        seat_cam_deg: how the lens is turned against what is logged, about its own right, down and forward axes.
        time_offset_s: add this to a picture's time to find its row of the log.
        offset_enu_m: added to every logged position, such as a flight's satellite bias found by calibration.
        horizontal_sigma_m: one sigma of lever arm and offset together, per horizontal axis.
        vertical_sigma_m: and of their height.
        seat_sigma_cam_deg: one sigma of each angle of the seat.
        time_sigma_s: one sigma of the time offset.
        by_heading: mounts instead of this one where the lens's heading is within 45 degrees of theirs, the nearest.
            Source: a compass errs by its heading (Bowditch, chapter 6).
        log_sigmas: what each logged pose errs by on its own besides, where a calibration says; else the log's sigmas.
        joint: what the calibration left wrong of lens, offset and seat together, instead of their sigmas here.
    """

    lever_arm_frd_m: Vector = (0.0, 0.0, 0.0)
    seat_cam_deg: Vector = (0.0, 0.0, 0.0)
    time_offset_s: float = 0.0
    offset_enu_m: Vector = (0.0, 0.0, 0.0)
    horizontal_sigma_m: float = 0.0
    vertical_sigma_m: float = 0.0
    seat_sigma_cam_deg: Vector = (0.0, 0.0, 0.0)
    time_sigma_s: float = 0.0
    log_sigmas: PoseSigmas | None = None
    joint: JointErrors | None = None
    by_heading: tuple[tuple[float, Mount], ...] = ()

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
        near = [(abs((pose.gimbal.yaw_deg - deg + 180) % 360 - 180), n) for n, (deg, _) in enumerate(self.by_heading)]
        if near and min(near)[0] <= SAME_WAY_DEG:
            mount = self.by_heading[min(near)[1]][1]
            return replace(mount, time_offset_s=self.time_offset_s, time_sigma_s=self.time_sigma_s).corrected(pose)
        frame = LocalFrame(origin=pose.position)
        arm_m = enu_from_frd(pose.body) @ np.array(self.lever_arm_frd_m) + self.offset_enu_m
        seat = turned_by(np.radians(self.seat_cam_deg))
        look = attitude_from_enu_cam(enu_from_cam(pose.gimbal) @ seat) if any(self.seat_cam_deg) else pose.gimbal
        position = frame.geodetic_from_enu(arm_m) if arm_m.any() else pose.position
        at_s = pose.at_s - self.time_offset_s
        return replace(pose, position=position, gimbal=look, at_s=at_s, sigmas=self._sigmas(pose), joint=self.joint)

    def through(self, logged: Callable[[float], Pose]) -> Callable[[float], Pose]:
        """The lens's pose at the picture's time, from a log's poses by the log's time."""
        return lambda at_s: self.corrected(logged(at_s + self.time_offset_s))

    def _sigmas(self, pose: Pose) -> PoseSigmas:
        """The log's errors and the mount's, which are independent; those of the seat turned to the horizon's axes.

        Source: law of propagation of uncertainty, JCGM 100:2008, 5.1.2.
        """
        own = self.log_sigmas or pose.sigmas
        if self.joint is not None:
            return replace(own, time_s=math.hypot(own.time_s, self.time_sigma_s))
        seat = enu_from_cam(pose.gimbal) @ np.diag(self.seat_sigma_cam_deg)
        east, north, up = (float(variance) for variance in (seat**2).sum(axis=1))
        return PoseSigmas(
            horizontal_m=math.hypot(own.horizontal_m, self.horizontal_sigma_m),
            vertical_m=math.hypot(own.vertical_m, self.vertical_sigma_m),
            yaw_deg=math.hypot(own.yaw_deg, math.sqrt(up)),
            tilt_deg=math.hypot(own.tilt_deg, math.sqrt((east + north) / 2)),
            time_s=math.hypot(own.time_s, self.time_sigma_s),
        )
