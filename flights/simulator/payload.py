"""Camera trigger and gimbal: the commands that a mission item and a COMMAND_LONG share."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flights.simulator import gimbal

if TYPE_CHECKING:
    from flights.simulator.aircraft import Aircraft
    from flights.simulator.dynamics import Vector
    from flights.simulator.wire import Params


class Payload:
    """The camera and where it looks.

    Attributes:
        pictures: pictures taken since the start.
        every_m: distance between pictures, 0 when off.
        pending: pictures taken and not yet reported.
    """

    def __init__(self, aircraft: Aircraft) -> None:
        self._aircraft = aircraft
        self._last_m: Vector | None = None
        self.pictures = 0
        self.every_m = 0.0
        self.pending = 0

    def command(self, command: int, params: Params) -> int | None:
        """MAV_RESULT of a payload command, or None when it is none."""
        if command == mavlink.MAV_CMD_DO_SET_CAM_TRIGG_DIST:
            self.every_m = max(0.0, params[0])
            self._last_m = self._aircraft.believed.enu_m
            if params[2] and self.every_m:
                self._shoot()
        elif command == mavlink.MAV_CMD_DO_DIGICAM_CONTROL:
            if params[4]:
                self._shoot()
        elif command == mavlink.MAV_CMD_DO_MOUNT_CONTROL:
            self._aircraft.gimbal = gimbal.aimed(self._aircraft.gimbal, pitch_deg=params[0])
        elif command == mavlink.MAV_CMD_DO_GIMBAL_MANAGER_PITCHYAW:
            return self._aim(params)
        else:
            return None
        return int(mavlink.MAV_RESULT_ACCEPTED)

    def step(self) -> None:
        """Take a picture when far enough from the last one. Nothing but an interval of 0 stops this."""
        if not self.every_m or self._last_m is None:
            return
        if math.dist(self._aircraft.believed.enu_m, self._last_m) >= self.every_m:
            self._shoot()

    def _shoot(self) -> None:
        self._last_m = self._aircraft.believed.enu_m
        self.pictures += 1
        self.pending += 1

    def _aim(self, params: Params) -> int:
        pitch_deg, yaw_deg, flags = params[0], params[1], int(params[4])
        if math.isnan(pitch_deg):
            return int(mavlink.MAV_RESULT_FAILED)
        locked = bool(flags & mavlink.GIMBAL_MANAGER_FLAGS_YAW_LOCK) and not math.isnan(yaw_deg)
        self._aircraft.gimbal = gimbal.aimed(
            self._aircraft.gimbal, pitch_deg=pitch_deg, locked_yaw_deg=yaw_deg % 360.0 if locked else None
        )
        return int(mavlink.MAV_RESULT_ACCEPTED)
