"""Fence geometry."""

from __future__ import annotations

import pytest

from flights.mission_items import MissionItem
from flights.simulator.fence import FenceType, allowed_ground, breaches
from flights.simulator.params import Parameters

INCLUSION, EXCLUSION = 5001, 5002


def polygon(command: int, corners: list[tuple[int, int]]) -> tuple[MissionItem, ...]:
    """Vertices whose degrees * 1e7 are taken as metres below."""
    count = float(len(corners))
    return tuple(
        MissionItem(frame=0, command=command, params=(count, 0, 0, 0), lat_e7=north, lon_e7=east)
        for east, north in corners
    )


GROUND = allowed_ground(
    polygon(INCLUSION, [(-100, -100), (100, -100), (100, 100), (-100, 100)])
    + polygon(EXCLUSION, [(20, 20), (40, 20), (40, 40), (20, 40)]),
    lambda lat_e7, lon_e7: (float(lon_e7), float(lat_e7)),
)


@pytest.mark.parametrize(
    ("place", "broken"),
    [
        ((0, 0, 50), FenceType.NONE),
        ((0, 0, 126), FenceType.NONE),
        ((0, 0, 127), FenceType.ALT_MAX),
        ((101, 0, 50), FenceType.POLYGON),
        ((30, 30, 50), FenceType.POLYGON),
        ((500, 0, 300), FenceType.POLYGON | FenceType.ALT_MAX),
    ],
)
def test_places_break_what_they_are_outside_of(place: tuple[float, float, float], broken: FenceType) -> None:
    """Outside the inclusion, inside the exclusion, above 120 m over a home 6.5 m up."""
    assert breaches(GROUND, Parameters(), place, (0.0, 0.0, 6.5)) == broken


def test_parameters_switch_parts_off() -> None:
    """FENCE_ENABLE 0 allows everything, FENCE_TYPE 1 watches the height alone."""
    params = Parameters()
    params.set("FENCE_TYPE", 1)
    assert breaches(GROUND, params, (500, 0, 300), (0, 0, 0)) == FenceType.ALT_MAX
    params.set("FENCE_ENABLE", 0)
    assert breaches(GROUND, params, (500, 0, 300), (0, 0, 0)) == FenceType.NONE


def test_no_stored_fence_limits_only_the_height() -> None:
    """An empty list is no polygon at all."""
    ground = allowed_ground((), lambda lat, lon: (lat, lon))
    assert breaches(ground, Parameters(), (9e5, 0, 10), (0, 0, 0)) == FenceType.NONE
