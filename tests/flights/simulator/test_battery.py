"""The battery."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flights.simulator.battery import Battery


@given(left=st.lists(st.floats(0, 1), min_size=2, max_size=2))
def test_voltage_falls_with_charge(left: list[float]) -> None:
    """A battery with less charge never shows more voltage."""
    low, high = sorted(left)
    assert Battery(low).voltage_v <= Battery(high).voltage_v + 1e-9


def test_a_full_battery_hovers_for_the_time_its_capacity_gives() -> None:
    """10 Ah at 22 A last 27 minutes, and 10 m/s against the air costs more."""
    full, hover, fast = Battery(), Battery(), Battery()
    hover.drain(flying=True, climb_m_s=0, airspeed_m_s=0, dt_s=60)
    fast.drain(flying=True, climb_m_s=2, airspeed_m_s=10, dt_s=60)
    assert 1 / (1 - hover.remaining) == pytest.approx(10 / 22 * 60, rel=0.01)
    assert fast.remaining < hover.remaining
    assert fast.voltage_v < hover.voltage_v < full.voltage_v


def test_an_empty_battery_stays_empty() -> None:
    """Charge never goes below nothing."""
    empty = Battery(0.0)
    empty.drain(flying=True, climb_m_s=0, airspeed_m_s=0, dt_s=9)
    assert empty.remaining == 0
