"""How the quadcopter moves: a point mass with limits on speed change, tilt and turn rate, in wind. Pure.

Frame: east, north, up metres about the place the simulator was started at; up 0 is the ground.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

Vector = tuple[float, float, float]

GRAVITY_M_S2 = 9.80665
ACCEL_HORIZONTAL_M_S2 = 2.5  # Source: ArduCopter WPNAV_ACCEL default 250 cm/s^2
ACCEL_VERTICAL_M_S2 = 2.5  # Source: ArduCopter PILOT_ACCEL_Z default 250 cm/s^2
MAX_TILT_DEG = 30.0  # Source: ArduCopter ANGLE_MAX default 3000 cdeg
YAW_RATE_DEG_S = 60.0  # Source: ArduCopter ATC_SLEW_YAW default 6000 cdeg/s
YAW_ACCEL_DEG_S2 = 90.0
TILT_LAG_S = 0.15
VELOCITY_LAG_S = 0.5
# Drag acceleration per airspeed (the rotors') and per its square (the body's). Source: ArduPilot SIM_Frame, momentum
# drag of its 32 kg octocopter (mdrag_coef 0.10, disc_area 1.82); both: 23 m/s at 30 deg of tilt, as DJI states (M350).
DRAG_PER_S, DRAG_PER_M = 0.08, 0.0072


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What the autopilot asks of the airframe.

    Attributes:
        velocity_m_s: east, north, up.
        yaw_deg: heading to turn to, clockwise from north; None keeps the present one.
        level: keep the motors' thrust upright, whatever the horizontal velocity (nobody holds the position).
    """

    velocity_m_s: Vector
    yaw_deg: float | None = None
    level: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Motion:
    """Where the airframe is and how it moves.

    Attributes:
        enu_m: east, north, up.
        velocity_m_s: east, north, up over the ground.
        thrust_m_s2: horizontal part (east, north) of the thrust acceleration; it is what tilts the body.
        yaw_deg: heading, clockwise from true north, 0..360.
        yaw_rate_deg_s: clockwise.
    """

    enu_m: Vector = (0.0, 0.0, 0.0)
    velocity_m_s: Vector = (0.0, 0.0, 0.0)
    thrust_m_s2: tuple[float, float] = (0.0, 0.0)
    yaw_deg: float = 0.0
    yaw_rate_deg_s: float = 0.0

    @property
    def pitch_deg(self) -> float:
        """Nose up positive: the body tilts so that thrust minus weight gives the demanded acceleration."""
        yaw = math.radians(self.yaw_deg)
        forward = self.thrust_m_s2[1] * math.cos(yaw) + self.thrust_m_s2[0] * math.sin(yaw)
        return -math.degrees(math.atan2(forward, GRAVITY_M_S2))

    @property
    def roll_deg(self) -> float:
        """Right side down positive."""
        yaw = math.radians(self.yaw_deg)
        right = self.thrust_m_s2[0] * math.cos(yaw) - self.thrust_m_s2[1] * math.sin(yaw)
        return math.degrees(math.atan2(right * math.cos(math.radians(self.pitch_deg)), GRAVITY_M_S2))

    @property
    def ground_speed_m_s(self) -> float:
        """Horizontal speed over the ground."""
        return math.hypot(self.velocity_m_s[0], self.velocity_m_s[1])


def step(motion: Motion, demand: Demand | None, wind_m_s: tuple[float, float], dt_s: float) -> Motion:
    """Move on by one time step.

    Args:
        motion: now.
        demand: what the autopilot asks; None means motors off, which happens on the ground only.
        wind_m_s: east, north velocity of the air.
        dt_s: step length; up to 0.05 s is stable.

    Returns:
        The motion `dt_s` later; never below the ground.
    """
    if demand is None or (motion.enu_m[2] <= 0.0 and demand.velocity_m_s[2] <= 0.0):
        return Motion(enu_m=(motion.enu_m[0], motion.enu_m[1], 0.0), yaw_deg=motion.yaw_deg)
    thrust, accel = _horizontal(motion, demand, wind_m_s, dt_s)
    climb_change = (demand.velocity_m_s[2] - motion.velocity_m_s[2]) / VELOCITY_LAG_S
    accel_up = max(-ACCEL_VERTICAL_M_S2, min(ACCEL_VERTICAL_M_S2, climb_change))
    old, accel_enu = motion.velocity_m_s, (accel[0], accel[1], accel_up)
    velocity = (old[0] + accel_enu[0] * dt_s, old[1] + accel_enu[1] * dt_s, old[2] + accel_enu[2] * dt_s)
    east, north, up = (p + (v0 + v1) / 2 * dt_s for p, v0, v1 in zip(motion.enu_m, old, velocity, strict=True))
    yaw_deg, yaw_rate_deg_s = _turn(motion, demand.yaw_deg, dt_s)
    if up <= 0.0 and demand.velocity_m_s[2] <= 0.0:
        return Motion(enu_m=(east, north, 0.0), yaw_deg=yaw_deg)
    return Motion(
        enu_m=(east, north, max(0.0, up)), velocity_m_s=velocity, thrust_m_s2=thrust,
        yaw_deg=yaw_deg, yaw_rate_deg_s=yaw_rate_deg_s,
    )  # fmt: skip


def _horizontal(
    motion: Motion, demand: Demand, wind_m_s: tuple[float, float], dt_s: float
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Thrust (east, north) after this step, and the acceleration it leaves against drag."""
    air_east, air_north = motion.velocity_m_s[0] - wind_m_s[0], motion.velocity_m_s[1] - wind_m_s[1]
    airspeed = math.hypot(air_east, air_north)
    per_s = DRAG_PER_S + DRAG_PER_M * airspeed
    drag = (per_s * air_east, per_s * air_north)
    if demand.level:
        wanted = (0.0, 0.0)
    else:
        east = (demand.velocity_m_s[0] - motion.velocity_m_s[0]) / VELOCITY_LAG_S
        north = (demand.velocity_m_s[1] - motion.velocity_m_s[1]) / VELOCITY_LAG_S
        east, north = limited((east, north), ACCEL_HORIZONTAL_M_S2)
        wanted = limited((east + drag[0], north + drag[1]), GRAVITY_M_S2 * math.tan(math.radians(MAX_TILT_DEG)))
    share = min(1.0, dt_s / TILT_LAG_S)
    thrust = (
        motion.thrust_m_s2[0] + (wanted[0] - motion.thrust_m_s2[0]) * share,
        motion.thrust_m_s2[1] + (wanted[1] - motion.thrust_m_s2[1]) * share,
    )
    return thrust, (thrust[0] - drag[0], thrust[1] - drag[1])


def _turn(motion: Motion, target_deg: float | None, dt_s: float) -> tuple[float, float]:
    """Heading and turn rate after this step."""
    error_deg = 0.0 if target_deg is None else turn_between(motion.yaw_deg, target_deg)
    wanted = max(-YAW_RATE_DEG_S, min(YAW_RATE_DEG_S, 2.0 * error_deg))
    change = max(-YAW_ACCEL_DEG_S2 * dt_s, min(YAW_ACCEL_DEG_S2 * dt_s, wanted - motion.yaw_rate_deg_s))
    rate = motion.yaw_rate_deg_s + change
    return (motion.yaw_deg + rate * dt_s) % 360.0, rate


def turn_between(from_deg: float, to_deg: float) -> float:
    """The shorter turn from one heading to another, clockwise positive, -180..180."""
    return (to_deg - from_deg + 180.0) % 360.0 - 180.0


def limited(vector: tuple[float, float], length: float) -> tuple[float, float]:
    """The vector, shortened to `length` where it is longer."""
    norm = math.hypot(*vector)
    return vector if norm <= length else (vector[0] * length / norm, vector[1] * length / norm)
