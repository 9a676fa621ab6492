"""The gimbal."""

from __future__ import annotations

import pytest

from flights.simulator import gimbal


def test_gimbal_points_down_and_follows_the_nose() -> None:
    """Pitch is held against the earth; yaw lags the nose and catches up; a target out of reach is clamped."""
    now = gimbal.aimed(gimbal.Gimbal(), pitch_deg=-120)
    for _ in range(50):
        now = gimbal.step(now, vehicle_yaw_deg=350, dt_s=0.02)
    assert -61 < now.pitch_deg < -45
    for _ in range(150):
        now = gimbal.step(now, vehicle_yaw_deg=350, dt_s=0.02)
    assert now.pitch_deg == pytest.approx(-90, abs=0.2)
    assert now.yaw_deg == pytest.approx(350, abs=0.2)


def test_a_locked_gimbal_keeps_its_heading() -> None:
    """With yaw lock the nose may turn as it likes."""
    now = gimbal.aimed(gimbal.Gimbal(), pitch_deg=-45, locked_yaw_deg=30)
    for _ in range(150):
        now = gimbal.step(now, vehicle_yaw_deg=200, dt_s=0.02)
    assert now.yaw_deg == pytest.approx(30, abs=0.1)
