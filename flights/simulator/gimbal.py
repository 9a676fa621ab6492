"""The gimbal: holds a pitch against the earth, follows the nose in yaw (or keeps a heading), with a small lag."""

from __future__ import annotations

from dataclasses import dataclass, replace

from flights.simulator.dynamics import turn_between

PITCH_RATE_DEG_S = 60.0
LAG_S = 0.25
PITCH_RANGE_DEG = (-90.0, 30.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gimbal:
    """Pointing in the earth frame.

    Attributes:
        yaw_deg: clockwise from true north, 0..360.
        pitch_deg: -90 is straight down.
        target_pitch_deg: what was last commanded.
        locked_yaw_deg: heading to keep, or None to follow the nose.
    """

    yaw_deg: float = 0.0
    pitch_deg: float = 0.0
    target_pitch_deg: float = 0.0
    locked_yaw_deg: float | None = None


def aimed(gimbal: Gimbal, *, pitch_deg: float, locked_yaw_deg: float | None = None) -> Gimbal:
    """The gimbal with a new target, clamped to what it can reach."""
    low, high = PITCH_RANGE_DEG
    return replace(gimbal, target_pitch_deg=max(low, min(high, pitch_deg)), locked_yaw_deg=locked_yaw_deg)


def step(gimbal: Gimbal, *, vehicle_yaw_deg: float, dt_s: float) -> Gimbal:
    """The gimbal `dt_s` later."""
    share = min(1.0, dt_s / LAG_S)
    error = gimbal.target_pitch_deg - gimbal.pitch_deg
    move = max(-PITCH_RATE_DEG_S * dt_s, min(PITCH_RATE_DEG_S * dt_s, error * share))
    target_yaw = vehicle_yaw_deg if gimbal.locked_yaw_deg is None else gimbal.locked_yaw_deg
    yaw = (gimbal.yaw_deg + turn_between(gimbal.yaw_deg, target_yaw) * share) % 360.0
    return replace(gimbal, pitch_deg=gimbal.pitch_deg + move, yaw_deg=yaw)
