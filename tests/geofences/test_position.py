"""Positions are checked when they are made."""

from __future__ import annotations

import math

import pytest

from geofences.errors import InvalidGeometry
from geofences.position import Geodetic


@pytest.mark.parametrize(
    ("lat_deg", "lon_deg", "alt_m", "words"),
    [
        (120.1, 30.3, 0.0, "swapped"),
        (-90.1, 0.0, 0.0, "lat_deg"),
        (30.3, 180.1, 0.0, "lon_deg"),
        (math.nan, 0.0, 0.0, "not finite"),
        (0.0, 0.0, math.inf, "not finite"),
    ],
)
def test_values_that_are_no_position_are_refused(lat_deg: float, lon_deg: float, alt_m: float, words: str) -> None:
    """A value out of its domain is refused with a message that names it."""
    with pytest.raises(InvalidGeometry, match=words):
        Geodetic(lat_deg=lat_deg, lon_deg=lon_deg, alt_ellipsoid_m=alt_m)


@pytest.mark.parametrize(("lat_deg", "lon_deg"), [(90.0, 180.0), (-90.0, -180.0), (0.0, 0.0)])
def test_the_ends_of_the_ranges_are_positions(lat_deg: float, lon_deg: float) -> None:
    """Poles and the 180th meridian belong to the domain."""
    assert Geodetic(lat_deg=lat_deg, lon_deg=lon_deg).alt_ellipsoid_m == 0
