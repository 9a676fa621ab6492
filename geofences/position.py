"""Positions on the Earth: WGS 84, degrees, heights above the ellipsoid in metres."""

from __future__ import annotations

import math
from dataclasses import dataclass

from geofences.errors import InvalidGeometry


@dataclass(frozen=True, slots=True, kw_only=True)
class Geodetic:
    """A WGS 84 position.

    Attributes:
        lat_deg: geodetic latitude, north positive, -90..90.
        lon_deg: longitude, east positive, -180..180.
        alt_ellipsoid_m: height above the WGS 84 ellipsoid (not above sea level).
    """

    lat_deg: float
    lon_deg: float
    alt_ellipsoid_m: float = 0.0

    def __post_init__(self) -> None:
        """Refuse values that are no position.

        Raises:
            InvalidGeometry: a value is not finite or out of range.
        """
        if not all(map(math.isfinite, (self.lat_deg, self.lon_deg, self.alt_ellipsoid_m))):
            raise InvalidGeometry(f"position is not finite: {self.lat_deg}, {self.lon_deg}, {self.alt_ellipsoid_m}")
        if abs(self.lat_deg) > 90:
            raise InvalidGeometry(f"lat_deg {self.lat_deg} is outside -90..90: are latitude and longitude swapped?")
        if abs(self.lon_deg) > 180:
            raise InvalidGeometry(f"lon_deg {self.lon_deg} is outside -180..180")
