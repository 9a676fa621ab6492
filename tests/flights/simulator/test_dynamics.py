"""The point-mass quadcopter."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flights.simulator.dynamics import (
    ACCEL_HORIZONTAL_M_S2,
    MAX_TILT_DEG,
    YAW_RATE_DEG_S,
    Demand,
    Motion,
    limited,
    step,
    turn_between,
)

speed = st.floats(-15, 15)
wind = st.tuples(st.floats(-12, 12), st.floats(-12, 12))


def fly(motion: Motion, demand: Demand | None, seconds: float, wind_m_s: tuple[float, float] = (0.0, 0.0)) -> Motion:
    """Step for some seconds."""
    for _ in range(round(seconds / 0.02)):
        motion = step(motion, demand, wind_m_s, 0.02)
    return motion


@given(demand=st.tuples(speed, speed, speed), wind_m_s=wind, up_m=st.floats(0, 50), yaw_deg=st.floats(0, 359))
def test_no_demand_breaks_the_limits(
    demand: tuple[float, float, float], wind_m_s: tuple[float, float], up_m: float, yaw_deg: float
) -> None:
    """Whatever is demanded in whatever wind, it stays above ground, tilts and turns no more than it can."""
    motion = Motion(enu_m=(0.0, 0.0, up_m), yaw_deg=100.0)
    for _ in range(150):
        after = step(motion, Demand(velocity_m_s=demand, yaw_deg=yaw_deg), wind_m_s, 0.02)
        assert after.enu_m[2] >= 0
        assert math.hypot(after.pitch_deg, after.roll_deg) <= MAX_TILT_DEG + 1
        assert abs(after.yaw_rate_deg_s) <= YAW_RATE_DEG_S
        assert 0 <= after.yaw_deg < 360
        motion = after


def test_speeding_up_north_with_the_nose_north_pitches_down() -> None:
    """Tilt follows acceleration: nose down to speed up, nose up to brake, level roll."""
    motion = fly(Motion(enu_m=(0, 0, 30)), Demand(velocity_m_s=(0, 8, 0)), 1.0)
    assert motion.pitch_deg == pytest.approx(-math.degrees(math.atan(ACCEL_HORIZONTAL_M_S2 / 9.81)), abs=2)
    assert motion.roll_deg == pytest.approx(0, abs=0.1)
    assert fly(motion, Demand(velocity_m_s=(0, 0, 0)), 0.7).pitch_deg > 5


def test_speeding_up_east_with_the_nose_north_rolls_right() -> None:
    """Roll is right side down positive."""
    motion = fly(Motion(enu_m=(0, 0, 30)), Demand(velocity_m_s=(8, 0, 0)), 1.0)
    assert motion.roll_deg > 10


def test_hover_in_strong_wind_leans_and_stays() -> None:
    """In 20 m/s from the west it leans into the wind and keeps its ground speed at zero."""
    motion = fly(Motion(enu_m=(0, 0, 30)), Demand(velocity_m_s=(0, 0, 0)), 20, (20.0, 0.0))
    assert motion.ground_speed_m_s < 0.1
    assert -26 < motion.roll_deg < -23


def test_level_thrust_drifts_with_the_wind() -> None:
    """With nobody holding the position the air takes it along."""
    motion = fly(Motion(enu_m=(0, 0, 30)), Demand(velocity_m_s=(0, 0, 0), level=True), 20, (5.0, 0.0))
    assert motion.enu_m[0] > 20


def test_demanded_velocity_is_reached() -> None:
    """A steady demand becomes a steady velocity."""
    motion = fly(Motion(enu_m=(0, 0, 30)), Demand(velocity_m_s=(3, -4, 1), yaw_deg=200), 10, (2.0, 1.0))
    assert motion.velocity_m_s == pytest.approx((3, -4, 1), abs=0.05)
    assert motion.yaw_deg == pytest.approx(200, abs=0.5)


@pytest.mark.parametrize(("start", "end", "turn"), [(350, 10, 20), (10, 350, -20), (0, 179, 179), (90, 90, 0)])
def test_turns_take_the_shorter_way(start: float, end: float, turn: float) -> None:
    """Headings wrap round north."""
    assert turn_between(start, end) == pytest.approx(turn)


@given(vector=st.tuples(speed, speed), length=st.floats(0.1, 10))
def test_limited_vectors_keep_their_direction(vector: tuple[float, float], length: float) -> None:
    """Shortening changes the length only."""
    east, north = limited(vector, length)
    assert math.hypot(east, north) <= length * (1 + 1e-9)
    assert east * vector[1] == pytest.approx(north * vector[0], abs=1e-6)
