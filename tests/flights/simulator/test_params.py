"""The parameter set."""

from __future__ import annotations

import pytest

from flights.checks import REQUIRED
from flights.simulator.params import INT8, Parameters


def test_parameters_are_indexed_without_a_gap() -> None:
    """Every index from 0 to count-1 has one name, and the audited ones are among them."""
    params = Parameters()
    messages = [params.message(i) for i in range(len(params))]
    names = [message.param_id for message in messages]
    assert len(set(names)) == len(names) == messages[0].param_count
    assert {*REQUIRED, "FENCE_ALT_MAX", "RTL_ALT", "WPNAV_SPEED", "LAND_SPEED"} <= set(names)
    assert max(map(len, names)) <= 16


@pytest.mark.parametrize(
    ("name", "value", "stored"), [("RTL_ALT", 2500.7, 2500.0), ("BATT_LOW_VOLT", 21.3, 21.299999237060547)]
)
def test_setting_a_parameter_reads_back_what_is_stored(name: str, value: float, stored: float) -> None:
    """Integers lose their fraction, floats are single precision."""
    params = Parameters()
    assert params.set(name, value)
    assert params.message(name).param_value == params[name] == stored


def test_an_unknown_parameter_is_not_made_up() -> None:
    """There is no answer for a name or an index that does not exist."""
    params = Parameters()
    assert not params.set("NO_SUCH", 1.0)
    assert params.message("NO_SUCH") is None
    assert params.message(len(params)) is None
    assert params.message("FENCE_ENABLE").param_type == INT8
