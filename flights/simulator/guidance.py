"""From a manoeuvre (climb, fly a leg, hold, land, come home) to velocity demands. Knows no MAVLink and no mode."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

from flights.simulator.dynamics import ACCEL_HORIZONTAL_M_S2, ACCEL_VERTICAL_M_S2, Demand, Motion, Vector, limited

POSITION_GAIN_PER_S = 0.8
ARRIVED_VERTICALLY_M = 1.0
STOPPED_M_S = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Speeds:
    """Speed limits, metres per second, all positive; landing speed counts below the given height."""

    cruise_m_s: float
    climb_m_s: float
    descend_m_s: float
    land_m_s: float
    land_slow_below_m: float = 10.0


class Manoeuvre(Protocol):
    """Something to fly until it is done; a done manoeuvre goes on holding its last point."""

    done: bool

    def fly(self, motion: Motion, speeds: Speeds, dt_s: float) -> Demand:
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


def _hold_point(motion: Motion, at_m: Vector, speeds: Speeds, yaw_deg: float | None = None) -> Demand:
    east, north, up = (there - here for there, here in zip(at_m, motion.enu_m, strict=True))
    distance = math.hypot(east, north)
    speed = _approach(distance, speeds.cruise_m_s, ACCEL_HORIZONTAL_M_S2 / 2)
    scale = speed / distance if distance > 1e-9 else 0.0
    climb = _approach(up, speeds.climb_m_s if up > 0 else speeds.descend_m_s, ACCEL_VERTICAL_M_S2 / 2)
    return Demand(velocity_m_s=(east * scale, north * scale, climb), yaw_deg=yaw_deg)


@dataclass(slots=True, kw_only=True)
class Hold:
    """Brake, then hold the place where the aircraft came to a stop, for `for_s` or for ever."""

    for_s: float = math.inf
    done: bool = False
    _at_m: Vector | None = None

    def fly(self, motion: Motion, speeds: Speeds, dt_s: float) -> Demand:
        """Brake, hold and count down."""
        self.for_s -= dt_s
        self.done = self.for_s <= 0
        if self._at_m is None:
            if motion.ground_speed_m_s > STOPPED_M_S or abs(motion.velocity_m_s[2]) > STOPPED_M_S:
                return Demand(velocity_m_s=(0.0, 0.0, 0.0))
            self._at_m = motion.enu_m
        return _hold_point(motion, self._at_m, speeds)


@dataclass(slots=True, kw_only=True)
class Climb:
    """Straight up (or down) to a height."""

    up_m: float
    done: bool = False
    _over_m: Vector | None = None

    def fly(self, motion: Motion, speeds: Speeds, dt_s: float) -> Demand:  # noqa: ARG002 - the protocol's signature
        """Climb over the point where the manoeuvre began."""
        self._over_m = self._over_m or (motion.enu_m[0], motion.enu_m[1], self.up_m)
        self.done = self.done or abs(self.up_m - motion.enu_m[2]) < ARRIVED_VERTICALLY_M / 2
        return _hold_point(motion, self._over_m, speeds)


@dataclass(slots=True, kw_only=True)
class FlyLeg:
    """Follow the straight line from where the manoeuvre begins (or `start_m`) to a point, and stop there.

    Attributes:
        end_m: east, north, up.
        radius_m: horizontal distance at which the point counts as reached.
        face_leg: turn the nose along the leg.
        start_m: east, north, up.
    """

    end_m: Vector
    radius_m: float = 2.0
    face_leg: bool = True
    start_m: Vector | None = None
    done: bool = False

    def fly(self, motion: Motion, speeds: Speeds, dt_s: float) -> Demand:  # noqa: ARG002 - the protocol's signature
        """Speed along the line, braked for its end, plus a pull back onto it."""
        start = self.start_m = self.start_m or motion.enu_m
        leg = (self.end_m[0] - start[0], self.end_m[1] - start[1])
        length = math.hypot(*leg)
        yaw = math.degrees(math.atan2(*leg)) % 360 if self.face_leg and length > 1.0 else None
        near_height = abs(motion.enu_m[2] - self.end_m[2]) < ARRIVED_VERTICALLY_M
        self.done = self.done or (math.dist(motion.enu_m[:2], self.end_m[:2]) < self.radius_m and near_height)
        along = ((motion.enu_m[0] - start[0]) * leg[0] + (motion.enu_m[1] - start[1]) * leg[1]) / max(length, 1e-9)
        if self.done or length < self.radius_m or along >= length:
            return _hold_point(motion, self.end_m, speeds, yaw)
        velocity = self._along(motion, speeds, start, (leg[0] / length, leg[1] / length), along, length)
        return Demand(velocity_m_s=velocity, yaw_deg=yaw)

    def _along(
        self, motion: Motion, speeds: Speeds, start: Vector, unit: tuple[float, float], along: float, length: float
    ) -> Vector:
        rise = (self.end_m[2] - start[2]) / length
        limit = speeds.cruise_m_s
        if abs(rise) > 1e-6:
            limit = min(limit, (speeds.climb_m_s if rise > 0 else speeds.descend_m_s) / abs(rise))
        speed = max(_approach(length - along, limit, ACCEL_HORIZONTAL_M_S2 / 2), 0.2)
        off = (start[0] + unit[0] * along - motion.enu_m[0], start[1] + unit[1] * along - motion.enu_m[1])
        pull = limited((off[0] * POSITION_GAIN_PER_S, off[1] * POSITION_GAIN_PER_S), speeds.cruise_m_s)
        planned_up = start[2] + rise * max(0.0, along)
        climb = speed * rise + (planned_up - motion.enu_m[2]) * POSITION_GAIN_PER_S
        climb = max(-speeds.descend_m_s, min(speeds.climb_m_s, climb))
        return unit[0] * speed + pull[0], unit[1] * speed + pull[1], climb


@dataclass(slots=True, kw_only=True)
class Land:
    """Brake, then straight down, slowly near the ground, until somebody notices the ground.

    Source: ArduCopter ModeLand: the target is the stopping point, not the place where the landing began.
    """

    hold_position: bool = True
    done: bool = False
    _at_m: Vector | None = None

    def fly(self, motion: Motion, speeds: Speeds, dt_s: float) -> Demand:  # noqa: ARG002 - the protocol's signature
        """Descend over the point where it came to a stop; without a position, only descend."""
        down = speeds.descend_m_s if motion.enu_m[2] > speeds.land_slow_below_m else speeds.land_m_s
        if not self.hold_position:
            return Demand(velocity_m_s=(0.0, 0.0, -down), level=True)
        if self._at_m is None and motion.ground_speed_m_s <= STOPPED_M_S:
            self._at_m = motion.enu_m
        east, north, _ = (0.0, 0.0, 0.0) if self._at_m is None else _hold_point(motion, self._at_m, speeds).velocity_m_s
        return Demand(velocity_m_s=(east, north, -down))


@dataclass(slots=True, kw_only=True)
class Sequence:
    """Manoeuvres flown one after the other."""

    parts: list[Manoeuvre]
    done: bool = False

    def fly(self, motion: Motion, speeds: Speeds, dt_s: float) -> Demand:
        """Fly the first part that is not done."""
        while len(self.parts) > 1 and self.parts[0].done:
            self.parts.pop(0)
        demand = self.parts[0].fly(motion, speeds, dt_s)
        self.done = len(self.parts) == 1 and self.parts[0].done
        return demand


def come_home(motion: Motion, home_m: Vector, *, height_m: float, loiter_s: float) -> Sequence:
    """Climb, fly over home, wait, land. Source: ArduCopter RTL, without the cone slope and the final altitude."""
    up_m = max(motion.enu_m[2], home_m[2] + height_m)
    over_home = (home_m[0], home_m[1], up_m)
    return Sequence(parts=[Climb(up_m=up_m), FlyLeg(end_m=over_home, face_leg=False), Hold(for_s=loiter_s), Land()])
