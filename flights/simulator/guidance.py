"""From a manoeuvre (climb, fly a leg, hold, land, come home) to velocity demands. Knows no MAVLink and no mode."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Protocol

from flights.simulator.dynamics import ACCEL_HORIZONTAL_M_S2, ACCEL_VERTICAL_M_S2, Demand, Motion, Vector, limited

POSITION_GAIN_PER_S = 0.8
ARRIVED_VERTICALLY_M = 1.0
STOPPED_M_S = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Speeds:
    """Speed limits of a manoeuvre, metres per second, all positive."""

    cruise_m_s: float
    climb_m_s: float
    descend_m_s: float
    land_m_s: float
    land_slow_below_m: float = 10.0


class Manoeuvre(Protocol):
    """Something to fly until it is done; a done manoeuvre goes on holding its last point."""

    done: bool

    def fly(self, motion: Motion, dt_s: float) -> Demand:
        """The demand for the next step, from where the autopilot believes it is."""


def _approach(error_m: float, limit_m_s: float, accel_m_s2: float) -> float:
    """Speed towards a point `error_m` away that can still be braked: linear near, square root far."""
    linear_m = accel_m_s2 / POSITION_GAIN_PER_S**2
    distance = abs(error_m)
    if distance <= linear_m:
        speed = POSITION_GAIN_PER_S * distance
    else:
        speed = math.sqrt(2 * accel_m_s2 * (distance - linear_m / 2))
    return math.copysign(min(speed, limit_m_s), error_m)


def _climb_rate(motion: Motion, up_m: float, speeds: Speeds) -> float:
    error = up_m - motion.enu_m[2]
    return _approach(error, speeds.climb_m_s if error > 0 else speeds.descend_m_s, ACCEL_VERTICAL_M_S2 / 2)


def _hold_point(motion: Motion, at_m: Vector, speeds: Speeds, yaw_deg: float | None = None) -> Demand:
    """Stand at a point."""
    east, north = at_m[0] - motion.enu_m[0], at_m[1] - motion.enu_m[1]
    distance = math.hypot(east, north)
    speed = _approach(distance, speeds.cruise_m_s, ACCEL_HORIZONTAL_M_S2 / 2)
    scale = speed / distance if distance > 1e-9 else 0.0
    return Demand(velocity_m_s=(east * scale, north * scale, _climb_rate(motion, at_m[2], speeds)), yaw_deg=yaw_deg)


@dataclass(slots=True, kw_only=True)
class Hold:
    """Brake, then hold the place where the aircraft came to a stop, for `for_s` or for ever."""

    speeds: Speeds
    for_s: float = math.inf
    done: bool = False
    _at_m: Vector | None = None

    def fly(self, motion: Motion, dt_s: float) -> Demand:
        """Brake, hold and count down."""
        self.for_s -= dt_s
        self.done = self.for_s <= 0
        if self._at_m is None:
            if motion.ground_speed_m_s > STOPPED_M_S or abs(motion.velocity_m_s[2]) > STOPPED_M_S:
                return Demand(velocity_m_s=(0.0, 0.0, 0.0))
            self._at_m = motion.enu_m
        return _hold_point(motion, self._at_m, self.speeds)


@dataclass(slots=True, kw_only=True)
class Climb:
    """Straight up (or down) to a height."""

    up_m: float
    speeds: Speeds
    done: bool = False
    _over_m: Vector | None = None

    def fly(self, motion: Motion, dt_s: float) -> Demand:  # noqa: ARG002 - the protocol's signature
        """Climb over the point where the manoeuvre began."""
        self._over_m = self._over_m or (motion.enu_m[0], motion.enu_m[1], self.up_m)
        self.done = self.done or abs(self.up_m - motion.enu_m[2]) < ARRIVED_VERTICALLY_M / 2
        return _hold_point(motion, self._over_m, self.speeds)


@dataclass(slots=True, kw_only=True)
class FlyLeg:
    """Follow the straight line from where the manoeuvre begins (or `start_m`) to a point.

    Attributes:
        end_m: east, north, up.
        radius_m: horizontal distance at which the point counts as reached.
        end_speed_m_s: speed carried through the point into the next leg.
        face_leg: turn the nose along the leg.
    """

    end_m: Vector
    speeds: Speeds
    radius_m: float = 2.0
    end_speed_m_s: float = 0.0
    face_leg: bool = True
    start_m: Vector | None = None
    done: bool = False

    def fly(self, motion: Motion, dt_s: float) -> Demand:  # noqa: ARG002 - the protocol's signature
        """Speed along the line, braked for its end, plus a pull back onto it."""
        start = self.start_m = self.start_m or motion.enu_m
        leg = (self.end_m[0] - start[0], self.end_m[1] - start[1])
        length = math.hypot(*leg)
        yaw = math.degrees(math.atan2(leg[0], leg[1])) % 360 if self.face_leg and length > 1.0 else None
        left = math.dist(motion.enu_m[:2], self.end_m[:2])
        near_height = abs(motion.enu_m[2] - self.end_m[2]) < ARRIVED_VERTICALLY_M
        along = ((motion.enu_m[0] - start[0]) * leg[0] + (motion.enu_m[1] - start[1]) * leg[1]) / max(length, 1e-9)
        passed = self.end_speed_m_s > 0 and along >= length and left < 3 * self.radius_m
        self.done = self.done or ((left < self.radius_m or passed) and near_height)
        if self.done or length < self.radius_m or along >= length:
            return _hold_point(motion, self.end_m, self.speeds, yaw)
        return self._along(motion, start, (leg[0] / length, leg[1] / length), along, length, yaw)

    def _along(
        self, motion: Motion, start: Vector, unit: tuple[float, float], along: float, length: float, yaw: float | None
    ) -> Demand:
        rise = (self.end_m[2] - start[2]) / length
        room = length - along + self.end_speed_m_s**2 / ACCEL_HORIZONTAL_M_S2
        limit = self.speeds.cruise_m_s
        if abs(rise) > 1e-6:
            limit = min(limit, (self.speeds.climb_m_s if rise > 0 else self.speeds.descend_m_s) / abs(rise))
        speed = max(_approach(room, limit, ACCEL_HORIZONTAL_M_S2 / 2), 0.2)
        off = (start[0] + unit[0] * along - motion.enu_m[0], start[1] + unit[1] * along - motion.enu_m[1])
        pull = limited((off[0] * POSITION_GAIN_PER_S, off[1] * POSITION_GAIN_PER_S), self.speeds.cruise_m_s)
        planned_up = start[2] + rise * max(0.0, along)
        climb = speed * rise + (planned_up - motion.enu_m[2]) * POSITION_GAIN_PER_S
        climb = max(-self.speeds.descend_m_s, min(self.speeds.climb_m_s, climb))
        return Demand(velocity_m_s=(unit[0] * speed + pull[0], unit[1] * speed + pull[1], climb), yaw_deg=yaw)


@dataclass(slots=True, kw_only=True)
class Land:
    """Straight down, slowly near the ground, until somebody notices the ground."""

    speeds: Speeds
    at_m: Vector | None = None
    hold_position: bool = True
    done: bool = False

    def fly(self, motion: Motion, dt_s: float) -> Demand:  # noqa: ARG002 - the protocol's signature
        """Descend over the point where the landing began; without a position, only descend."""
        self.at_m = self.at_m or motion.enu_m
        down = self.speeds.descend_m_s if motion.enu_m[2] > self.speeds.land_slow_below_m else self.speeds.land_m_s
        if not self.hold_position:
            return Demand(velocity_m_s=(0.0, 0.0, -down), level=True)
        over = _hold_point(motion, self.at_m, self.speeds).velocity_m_s
        return Demand(velocity_m_s=(over[0], over[1], -down))


@dataclass(slots=True, kw_only=True)
class Sequence:
    """Manoeuvres flown one after the other."""

    parts: list[Manoeuvre] = field(default_factory=list)
    done: bool = False

    def fly(self, motion: Motion, dt_s: float) -> Demand:
        """Fly the first part that is not done."""
        while len(self.parts) > 1 and self.parts[0].done:
            self.parts.pop(0)
        demand = self.parts[0].fly(motion, dt_s)
        self.done = len(self.parts) == 1 and self.parts[0].done
        return demand


def come_home(motion: Motion, home_m: Vector, speeds: Speeds, *, height_m: float, loiter_s: float) -> Sequence:
    """Climb, fly over home, wait, land. Source: ArduCopter RTL, without the cone slope and the final altitude."""
    up_m = max(motion.enu_m[2], home_m[2] + height_m)
    over_home = (home_m[0], home_m[1], up_m)
    return Sequence(
        parts=[
            Climb(up_m=up_m, speeds=speeds),
            FlyLeg(end_m=over_home, speeds=speeds, face_leg=False),
            Hold(speeds=speeds, for_s=loiter_s),
            Land(speeds=speeds),
        ]
    )
