"""Planned faults."""

from __future__ import annotations

import pytest

from flights.errors import SimulatorError
from flights.simulator.faults import Fault, FaultName, parse_fault


def test_a_fault_has_a_name_and_a_second() -> None:
    """NAME@SECOND."""
    assert parse_fault("gps_loss@42.5") == Fault(name=FaultName.GPS_LOSS, at_s=42.5)


@pytest.mark.parametrize("text", ["gps_loss", "gps_loss@soon", "no_such@3", "@3", ""])
def test_anything_else_is_refused_with_the_known_names(text: str) -> None:
    """The error lists what could have been meant."""
    with pytest.raises(SimulatorError, match=r"--fault: .*link_drop"):
        parse_fault(text)
