"""A local tangent frame: east, north, up in metres about an origin. Rigid, so distances are true."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from geofences.position import Geodetic

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Source: NIMA TR8350.2 (2000), table 3.1, WGS 84 defining parameters.
SEMI_MAJOR_M = 6378137.0
FLATTENING = 1 / 298.257223563
ECCENTRICITY_SQ = FLATTENING * (2 - FLATTENING)


def ecef_from_geodetic(
    lat_deg: NDArray[np.float64], lon_deg: NDArray[np.float64], alt_ellipsoid_m: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Earth-centred coordinates of positions.

    Args:
        lat_deg: (n,) geodetic latitudes.
        lon_deg: (n,) longitudes.
        alt_ellipsoid_m: (n,) heights above the ellipsoid.

    Returns:
        (n, 3) ECEF metres. Source: IOGP 373-7-2, section 4.1.1.
    """
    lat, lon = np.radians(lat_deg), np.radians(lon_deg)
    normal_m = SEMI_MAJOR_M / np.sqrt(1 - ECCENTRICITY_SQ * np.sin(lat) ** 2)
    return np.stack(
        (
            (normal_m + alt_ellipsoid_m) * np.cos(lat) * np.cos(lon),
            (normal_m + alt_ellipsoid_m) * np.cos(lat) * np.sin(lon),
            (normal_m * (1 - ECCENTRICITY_SQ) + alt_ellipsoid_m) * np.sin(lat),
        ),
        axis=-1,
    )


def geodetic_from_ecef(ecef_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Positions of earth-centred points near the surface.

    Args:
        ecef_m: (n, 3) ECEF metres.

    Returns:
        (n, 3) latitude deg, longitude deg, ellipsoid height m. Source: Bowring (1985), two rounds, error
        under a micrometre below 100 km.
    """
    x, y, z = ecef_m[..., 0], ecef_m[..., 1], ecef_m[..., 2]
    minor_m = SEMI_MAJOR_M * (1 - FLATTENING)
    second_sq = ECCENTRICITY_SQ / (1 - ECCENTRICITY_SQ)
    radial = np.hypot(x, y)
    beta = np.arctan2(z * SEMI_MAJOR_M, radial * minor_m)
    lat = beta
    for _ in range(2):
        lat = np.arctan2(
            z + second_sq * minor_m * np.sin(beta) ** 3,
            radial - ECCENTRICITY_SQ * SEMI_MAJOR_M * np.cos(beta) ** 3,
        )
        beta = np.arctan2((1 - FLATTENING) * np.sin(lat), np.cos(lat))
    normal_m = SEMI_MAJOR_M / np.sqrt(1 - ECCENTRICITY_SQ * np.sin(lat) ** 2)
    # The form without division by cos(lat) stays good at the poles.
    alt = radial * np.cos(lat) + z * np.sin(lat) - normal_m * (1 - ECCENTRICITY_SQ * np.sin(lat) ** 2)
    return np.stack((np.degrees(lat), np.degrees(np.arctan2(y, x)), alt), axis=-1)


def metres_per_degree(lat_deg: float) -> tuple[float, float]:
    """Ground metres per degree of longitude and per degree of latitude, on the ellipsoid at a latitude.

    Source: prime vertical and meridian radii of curvature, IOGP 373-7-2, section 4.1.1.
    """
    lat = math.radians(lat_deg)
    flat = 1 - ECCENTRICITY_SQ * math.sin(lat) ** 2
    normal_m = SEMI_MAJOR_M / math.sqrt(flat)
    meridian_m = normal_m * (1 - ECCENTRICITY_SQ) / flat
    return math.radians(normal_m * math.cos(lat)), math.radians(meridian_m)


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalFrame:
    """East-north-up metres about `origin`; `enu` is always in that order.

    Attributes:
        origin: where (0, 0, 0) is.
    """

    origin: Geodetic
    _origin_ecef_m: NDArray[np.float64] = field(init=False, repr=False, compare=False)
    _enu_from_ecef: NDArray[np.float64] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Compute the rotation once."""
        lat, lon = math.radians(self.origin.lat_deg), math.radians(self.origin.lon_deg)
        sin_lat, cos_lat, sin_lon, cos_lon = math.sin(lat), math.cos(lat), math.sin(lon), math.cos(lon)
        rotation = np.array(
            [
                [-sin_lon, cos_lon, 0.0],
                [-sin_lat * cos_lon, -sin_lat * sin_lon, cos_lat],
                [cos_lat * cos_lon, cos_lat * sin_lon, sin_lat],
            ]
        )
        origin = ecef_from_geodetic(
            np.array(self.origin.lat_deg), np.array(self.origin.lon_deg), np.array(self.origin.alt_ellipsoid_m)
        )
        rotation.flags.writeable = False
        origin.flags.writeable = False
        object.__setattr__(self, "_enu_from_ecef", rotation)
        object.__setattr__(self, "_origin_ecef_m", origin)

    def enu_from_geodetic(self, position: Geodetic) -> NDArray[np.float64]:
        """(3,) east, north, up metres of one position."""
        row = np.array([[position.lat_deg, position.lon_deg, position.alt_ellipsoid_m]])
        enu_m: NDArray[np.float64] = self.enu_from_geodetics(row)[0]
        return enu_m

    def enu_from_geodetics(self, geodetic: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n, 3) east, north, up metres of (n, 3) rows of lat deg, lon deg, ellipsoid height m."""
        ecef = ecef_from_geodetic(geodetic[:, 0], geodetic[:, 1], geodetic[:, 2])
        enu_m: NDArray[np.float64] = (ecef - self._origin_ecef_m) @ self._enu_from_ecef.T
        return enu_m

    def geodetics_from_enu(self, enu_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n, 3) lat deg, lon deg, ellipsoid height m of (n, 3) east, north, up metres."""
        return geodetic_from_ecef(enu_m @ self._enu_from_ecef + self._origin_ecef_m)

    def geodetic_from_enu(self, enu_m: NDArray[np.float64]) -> Geodetic:
        """The position of one (3,) east, north, up point."""
        lat_deg, lon_deg, alt_m = self.geodetics_from_enu(np.asarray(enu_m, dtype=np.float64)[None])[0]
        return Geodetic(lat_deg=float(lat_deg), lon_deg=float(lon_deg), alt_ellipsoid_m=float(alt_m))
