"""The gimbal; the camera's trigger is tested with the autopilot that flies it."""

from __future__ import annotations

import pytest

from flights.simulator.payload import Gimbal


def test_gimbal_points_down_and_follows_the_nose() -> None:
    """Pitch is held against the earth; yaw lags the nose and catches up; a target out of reach is clamped."""
    gimbal = Gimbal()
    gimbal.aim(-120)
    for _ in range(50):
        gimbal.step(vehicle_yaw_deg=350, dt_s=0.02)
    assert -61 < gimbal.pitch_deg < -45
    for _ in range(150):
        gimbal.step(vehicle_yaw_deg=350, dt_s=0.02)
    assert gimbal.pitch_deg == pytest.approx(-90, abs=0.2)
    assert gimbal.yaw_deg == pytest.approx(350, abs=0.2)
