"""The camera and its gimbal, and the commands for them that a mission item and a COMMAND_LONG share."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flights.simulator.dynamics import turn_between

if TYPE_CHECKING:
    from flights.simulator.aircraft import Aircraft
    from flights.simulator.dynamics import Vector
    from flights.simulator.wire import Params

PITCH_RATE_DEG_S = 60.0
LAG_S = 0.25
PITCH_RANGE_DEG = (-90.0, 30.0)


class Gimbal:
    """Holds a pitch against the earth and follows the nose in yaw, with a small lag.

    Attributes:
        yaw_deg: clockwise from true north, 0..360.
        pitch_deg: against the horizon; -90 is straight down.
    """

    def __init__(self) -> None:
        self.yaw_deg = self.pitch_deg = self._target_deg = 0.0

    def aim(self, pitch_deg: float) -> None:
        """Turn to a pitch, as far as it can be reached."""
        self._target_deg = max(PITCH_RANGE_DEG[0], min(PITCH_RANGE_DEG[1], pitch_deg))

    def step(self, *, vehicle_yaw_deg: float, dt_s: float) -> None:
        """Follow the target and the nose."""
        share = min(1.0, dt_s / LAG_S)
        wanted = (self._target_deg - self.pitch_deg) * share
        self.pitch_deg += max(-PITCH_RATE_DEG_S * dt_s, min(PITCH_RATE_DEG_S * dt_s, wanted))
        self.yaw_deg = (self.yaw_deg + turn_between(self.yaw_deg, vehicle_yaw_deg) * share) % 360.0


class Payload:
    """The camera's trigger.

    Attributes:
        pictures: pictures taken since the start.
        pending: pictures taken and not yet reported.
    """

    def __init__(self, aircraft: Aircraft) -> None:
        self._aircraft = aircraft
        self._every_m = 0.0
        self._last_m: Vector = (0.0, 0.0, 0.0)
        self.pictures = self.pending = 0

    def command(self, command: int, params: Params) -> int:
        """MAV_RESULT of a payload command."""
        if command == mavlink.MAV_CMD_DO_SET_CAM_TRIGG_DIST:
            self._every_m = max(0.0, params[0])
            self._last_m = self._aircraft.believed.enu_m
            if params[2] and self._every_m:
                self._shoot()
        elif command == mavlink.MAV_CMD_DO_DIGICAM_CONTROL:
            if params[4]:
                self._shoot()
        elif command == mavlink.MAV_CMD_DO_MOUNT_CONTROL:
            self._aircraft.gimbal.aim(params[0])
        else:
            return int(mavlink.MAV_RESULT_UNSUPPORTED)
        return int(mavlink.MAV_RESULT_ACCEPTED)

    def step(self) -> None:
        """Take a picture when far enough from the last one. Nothing but an interval of 0 stops this."""
        if self._every_m and math.dist(self._aircraft.believed.enu_m, self._last_m) >= self._every_m:
            self._shoot()

    def _shoot(self) -> None:
        self._last_m = self._aircraft.believed.enu_m
        self.pictures += 1
        self.pending += 1
