"""The sun's height, against published values."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from flights.sun import sun_elevation_deg


@pytest.mark.parametrize(
    ("at", "lat_deg", "lon_deg", "elevation_deg"),
    [
        # Noon on the equator at the equinox: overhead but for the equation of time; solstices: 90 - lat +- 23.44.
        (datetime(2025, 3, 20, 12, 7, 25, tzinfo=UTC), 0.0, 0.0, 89.9),
        (datetime(2025, 6, 21, 4, 1, 20, tzinfo=UTC), 30.3195, 120.139, 83.12),
        (datetime(2025, 12, 21, 3, 57, 40, tzinfo=UTC), 30.3195, 120.139, 36.24),
        (datetime(2025, 6, 21, 16, 1, 0, tzinfo=UTC), 30.3195, 120.139, -36.24),
    ],
)
def test_noon_heights_follow_from_latitude_and_declination(
    at: datetime, lat_deg: float, lon_deg: float, elevation_deg: float
) -> None:
    """Within a fifth of a degree of 90 - |lat - declination|."""
    found = sun_elevation_deg(lat_deg=lat_deg, lon_deg=lon_deg, at_s=at.timestamp())
    assert found == pytest.approx(elevation_deg, abs=0.2)
