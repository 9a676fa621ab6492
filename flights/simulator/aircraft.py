"""The airframe with everything bolted to it, and the one place where local metres become latitude and longitude."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING

import numpy as np

from flights.simulator import dynamics
from flights.simulator.battery import Battery
from flights.simulator.payload import Gimbal
from flights.simulator.sensors import Sensors, Wind
from geofences.local_frame import LocalFrame
from geofences.position import Geodetic

if TYPE_CHECKING:
    from flights.simulator.dynamics import Demand, Vector

CALM_WIND_M_S = 2.5


class Aircraft:
    """Truth: motion, battery, gimbal, wind; and the errors of what is believed about it.

    Attributes:
        ground_alt_amsl_m: height of the flat ground above sea level.
    """

    def __init__(self, lat_deg: float, lon_deg: float, ground_alt_amsl_m: float, *, seed: int) -> None:
        rng = random.Random(seed)  # noqa: S311 - reproducible noise, no secret
        self.ground_alt_amsl_m = ground_alt_amsl_m
        self.motion = dynamics.Motion()
        self.battery = Battery()
        self.gimbal = Gimbal()
        self.sensors = Sensors(rng)
        self.wind = Wind(speed_m_s=CALM_WIND_M_S, from_deg=rng.uniform(0.0, 360.0), rng=rng)
        self.believed = self.sensors.believed(self.motion)
        # Horizontal only: up stays a plain height difference, as a barometer gives it.
        self._frame = LocalFrame(origin=Geodetic(lat_deg=lat_deg, lon_deg=lon_deg))

    def step(self, demand: Demand | None, dt_s: float) -> None:
        """Move on by one time step."""
        self.wind.step(dt_s)
        self.sensors.step(dt_s)
        wind = self.wind.velocity_m_s
        self.motion = dynamics.step(self.motion, demand, wind, dt_s)
        self.believed = self.sensors.believed(self.motion)
        self.gimbal.step(vehicle_yaw_deg=self.motion.yaw_deg, dt_s=dt_s)
        east, north, up = self.motion.velocity_m_s
        airspeed_m_s = math.hypot(east - wind[0], north - wind[1])
        self.battery.drain(flying=demand is not None, climb_m_s=up, airspeed_m_s=airspeed_m_s, dt_s=dt_s)

    def lat_lon(self, enu_m: Vector) -> tuple[float, float]:
        """Latitude and longitude of a local place."""
        position = self._frame.geodetic_from_enu(np.array((enu_m[0], enu_m[1], 0.0)))
        return position.lat_deg, position.lon_deg

    def local(self, lat_e7: int, lon_e7: int) -> tuple[float, float]:
        """East, north metres of a latitude and longitude in degrees * 1e7."""
        east, north, _ = self._frame.enu_from_geodetic(Geodetic(lat_deg=lat_e7 / 1e7, lon_deg=lon_e7 / 1e7))
        return float(east), float(north)

    def alt_amsl_m(self, up_m: float) -> float:
        """Height above sea level of a local height."""
        return self.ground_alt_amsl_m + up_m
