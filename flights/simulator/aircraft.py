"""The airframe with everything bolted to it, and the one place where local metres become latitude and longitude."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from flights.simulator import battery, dynamics, gimbal
from flights.simulator.sensors import Sensors, Wind
from geofences.local_frame import LocalFrame
from geofences.position import Geodetic

if TYPE_CHECKING:
    from flights.simulator.dynamics import Demand, Vector

CALM_WIND_M_S = 2.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the simulation is.

    Attributes:
        lat_deg: latitude of the start.
        lon_deg: longitude of the start.
        alt_amsl_m: ground height above sea level; the ground is flat.
    """

    lat_deg: float
    lon_deg: float
    alt_amsl_m: float


class Aircraft:
    """Truth: motion, battery, gimbal, wind; and the errors of what is believed about it."""

    def __init__(self, place: Place, *, seed: int) -> None:
        rng = random.Random(seed)  # noqa: S311 - reproducible noise, no secret
        self.place = place
        self.motion = dynamics.Motion()
        self.battery = battery.Battery()
        self.gimbal = gimbal.Gimbal()
        self.sensors = Sensors(rng)
        self.wind = Wind(speed_m_s=CALM_WIND_M_S, from_deg=rng.uniform(0.0, 360.0), rng=rng)
        self.believed = self.sensors.believed(self.motion)
        # Horizontal only: up stays a plain height difference, as a barometer gives it.
        self._frame = LocalFrame(origin=Geodetic(lat_deg=place.lat_deg, lon_deg=place.lon_deg))

    def step(self, demand: Demand | None, dt_s: float) -> None:
        """Move on by one time step."""
        self.wind.step(dt_s)
        self.sensors.step(dt_s)
        wind = self.wind.velocity_m_s
        self.motion = dynamics.step(self.motion, demand, wind, dt_s)
        self.believed = self.sensors.believed(self.motion)
        self.gimbal = gimbal.step(self.gimbal, vehicle_yaw_deg=self.motion.yaw_deg, dt_s=dt_s)
        east, north, up = self.motion.velocity_m_s
        self.battery = battery.drained(
            self.battery, flying=demand is not None, climb_m_s=up,
            airspeed_m_s=math.hypot(east - wind[0], north - wind[1]), dt_s=dt_s,
        )  # fmt: skip

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
        return self.place.alt_amsl_m + up_m
