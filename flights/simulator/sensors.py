"""What the autopilot believes: truth plus errors. The errors are drawn from one seed, so a run can be repeated."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flights.simulator.dynamics import Motion, Vector

HORIZONTAL_SIGMA_M = 0.4
VERTICAL_SIGMA_M = 0.5
DRIFT_TIME_S = 90.0
WHITE_SIGMA_M = 0.03
ATTITUDE_SIGMA_DEG = 0.2
YAW_BIAS_SIGMA_DEG = 0.5
DEAD_RECKONING_M_S = 0.5  # how fast the believed position runs away without a fix
GUST_TIME_S = 4.0


class Drift:
    """A correlated random error. Source: Gelb, Applied Optimal Estimation (1974), 3.8, first-order Gauss-Markov.

    Attributes:
        value: the error now.
    """

    def __init__(self, *, sigma: float, time_s: float, rng: random.Random) -> None:
        self.value = rng.gauss(0.0, sigma)
        self._sigma, self._time_s, self._rng = sigma, time_s, rng

    def step(self, dt_s: float) -> None:
        """Let the error wander."""
        kept = math.exp(-dt_s / self._time_s)
        self.value = self.value * kept + self._rng.gauss(0.0, self._sigma * math.sqrt(1 - kept * kept))


class Wind:
    """A mean wind with gusts. Direction is where the wind comes from, degrees clockwise from north."""

    def __init__(self, *, speed_m_s: float, from_deg: float, rng: random.Random) -> None:
        self.speed_m_s, self.from_deg = speed_m_s, from_deg
        self._gusts = tuple(Drift(sigma=1.0, time_s=GUST_TIME_S, rng=rng) for _ in range(2))

    @property
    def velocity_m_s(self) -> tuple[float, float]:
        """East, north velocity of the air; gusts have a tenth of the mean speed as their sigma."""
        towards = math.radians(self.from_deg + 180.0)
        gust_east, gust_north = (self.speed_m_s * 0.1 * gust.value for gust in self._gusts)
        return self.speed_m_s * math.sin(towards) + gust_east, self.speed_m_s * math.cos(towards) + gust_north

    def step(self, dt_s: float) -> None:
        """Let the gusts wander."""
        for gust in self._gusts:
            gust.step(dt_s)


class Sensors:
    """The estimator's errors.

    Attributes:
        gps_healthy: whether there is a fix.
        glitch_m: east, north jump of the GPS receiver, which the estimator rejects.
    """

    def __init__(self, rng: random.Random) -> None:
        # Readings have noise of their own, or a client's message rates would change where the errors wander.
        self._readings = random.Random(rng.random())  # noqa: S311 - reproducible noise, no secret
        self._drift = tuple(
            Drift(sigma=sigma, time_s=DRIFT_TIME_S, rng=rng)
            for sigma in (HORIZONTAL_SIGMA_M, HORIZONTAL_SIGMA_M, VERTICAL_SIGMA_M)
        )
        self._yaw_bias_deg = rng.gauss(0.0, YAW_BIAS_SIGMA_DEG)
        self.gps_healthy = True
        self.glitch_m = (0.0, 0.0)
        self._glitch_left_s = 0.0

    def glitch(self, by_m: tuple[float, float], for_s: float) -> None:
        """Let the receiver jump for some seconds."""
        self.glitch_m, self._glitch_left_s = by_m, for_s

    def step(self, dt_s: float) -> None:
        """Let the errors wander."""
        self._glitch_left_s -= dt_s
        if self._glitch_left_s <= 0:
            self.glitch_m = (0.0, 0.0)
        for drift in self._drift:
            drift.step(dt_s)
        if not self.gps_healthy:
            self._drift[0].value += DEAD_RECKONING_M_S * dt_s

    def believed(self, motion: Motion) -> Motion:
        """The motion as the autopilot estimates it: it steers by this, so its errors become real offsets."""
        east, north, up = (true + drift.value for true, drift in zip(motion.enu_m, self._drift, strict=True))
        return replace(motion, enu_m=(east, north, up), yaw_deg=(motion.yaw_deg + self._yaw_bias_deg) % 360.0)

    def received(self, believed: Motion) -> Vector:
        """East, north, up as the GPS receiver alone reports it."""
        east, north, up = (value + self._readings.gauss(0.0, WHITE_SIGMA_M) for value in believed.enu_m)
        return east + self.glitch_m[0], north + self.glitch_m[1], up

    def angle(self, true_deg: float, sigma_deg: float = ATTITUDE_SIGMA_DEG) -> float:
        """One noisy reading of an angle."""
        return true_deg + self._readings.gauss(0.0, sigma_deg)
