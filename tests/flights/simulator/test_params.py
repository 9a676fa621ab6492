"""The parameter set."""

from __future__ import annotations

import pytest

from flights.simulator.params import Parameters, ParamType


def test_parameters_are_indexed_without_a_gap() -> None:
    """Every index from 0 to count-1 has one name, and the audited ones are among them."""
    params = Parameters()
    names = [params.at(i).name for i in range(len(params))]
    assert len(set(names)) == len(names) == params.at(0).count
    audited = {"FS_GCS_ENABLE", "FS_THR_ENABLE", "FS_EKF_ACTION", "FS_OPTIONS", "BATT_LOW_VOLT", "BATT_CRT_VOLT"}
    audited |= {"BATT_FS_LOW_ACT", "BATT_FS_CRT_ACT", "FENCE_ENABLE", "FENCE_TYPE", "FENCE_ACTION", "FENCE_ALT_MAX"}
    assert audited | {"RTL_ALT", "ARMING_CHECK", "WPNAV_SPEED", "LAND_SPEED", "RTL_CLIMB_MIN"} <= set(names)
    assert max(map(len, names)) <= 16


@pytest.mark.parametrize(
    ("name", "value", "stored"),
    [("RTL_ALT", 2500.7, 2500.0), ("BATT_LOW_VOLT", 21.3, 21.299999237060547), ("MIS_TOTAL", 9.0, 0.0)],
)
def test_setting_a_parameter_reads_back_what_is_stored(name: str, value: float, stored: float) -> None:
    """Integers lose their fraction, floats are single precision, counts are read-only."""
    kept = Parameters().set(name, value)
    assert kept is not None
    assert kept.value == stored


def test_an_unknown_parameter_is_not_made_up() -> None:
    """There is no answer for a name that does not exist."""
    assert Parameters().set("NO_SUCH", 1.0) is None
    assert Parameters().find("FENCE_ENABLE").kind is ParamType.INT8
