"""How high the sun stands: enough to tell day from dusk."""

from __future__ import annotations

import math

J2000_UNIX_S = 946_728_000.0  # 2000-01-01 12:00 UTC


def sun_elevation_deg(*, lat_deg: float, lon_deg: float, at_s: float) -> float:
    """Elevation of the sun's centre above the horizon, without refraction; good to a few hundredths of a degree.

    Args:
        lat_deg: latitude.
        lon_deg: longitude.
        at_s: seconds since the Unix epoch, UTC.

    Returns:
        The elevation; not a number when a given value is none.

    Source: Astronomical Almanac, "Low precision formulas for the Sun" (0.01 deg, 1950 to 2050).
    """
    if not all(map(math.isfinite, (lat_deg, lon_deg, at_s))):
        return math.nan
    days = (at_s - J2000_UNIX_S) / 86400
    mean_longitude = math.radians((280.460 + 0.9856474 * days) % 360)
    anomaly = math.radians((357.528 + 0.9856003 * days) % 360)
    longitude = mean_longitude + math.radians(1.915 * math.sin(anomaly) + 0.020 * math.sin(2 * anomaly))
    obliquity = math.radians(23.439 - 0.0000004 * days)
    ascension = math.atan2(math.cos(obliquity) * math.sin(longitude), math.cos(longitude))
    declination = math.asin(math.sin(obliquity) * math.sin(longitude))
    sidereal = math.radians((280.46061837 + 360.98564736629 * days + lon_deg) % 360)
    hour_angle, lat = sidereal - ascension, math.radians(lat_deg)
    sine = math.sin(lat) * math.sin(declination) + math.cos(lat) * math.cos(declination) * math.cos(hour_angle)
    return math.degrees(math.asin(max(-1.0, min(1.0, sine))))
