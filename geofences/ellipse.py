"""The 95 % error ellipse of a ground position, and its outline on the map (drawn never too small)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from shapely import Polygon

from geofences.errors import InvalidGeometry
from geofences.local_frame import metres_per_degree

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geofences.position import Geodetic

# Source: chi-square distribution, 2 degrees of freedom, 0.95 quantile: -2 ln 0.05.
CHI2_95 = -2 * math.log(0.05)
_CORNERS = 64
_SMALLEST_M = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorEllipse:
    """The region that holds the true ground position in 95 of 100 cases.

    Attributes:
        semi_major_m: half the longest diameter.
        semi_minor_m: half the shortest diameter, not more than `semi_major_m`.
        bearing_deg: of the major axis, clockwise from true north; an axis has no head, so 0..180 says it all.
    """

    semi_major_m: float
    semi_minor_m: float
    bearing_deg: float

    def __post_init__(self) -> None:
        """Refuse what is no ellipse.

        Raises:
            InvalidGeometry: a value is not finite, or not 0 <= minor <= major.
        """
        if not all(map(math.isfinite, (self.semi_major_m, self.semi_minor_m, self.bearing_deg))):
            raise InvalidGeometry(f"error ellipse is not finite: {self}")
        if not 0 <= self.semi_minor_m <= self.semi_major_m:
            raise InvalidGeometry(f"error ellipse needs 0 <= semi_minor_m <= semi_major_m: {self}")

    @classmethod
    def from_covariance(cls, covariance_m2: NDArray[np.float64]) -> ErrorEllipse:
        """The 95 % ellipse of a (2, 2) covariance of east, north in square metres.

        Source: principal axes of the covariance, scaled by the root of the chi-square quantile (Wolf and
        Ghilani, Adjustment Computations, chapter on error ellipses).

        Raises:
            InvalidGeometry: the covariance is not finite.
        """
        if not np.isfinite(covariance_m2).all():
            raise InvalidGeometry(f"covariance is not finite: {covariance_m2.tolist()}")
        variances, axes = np.linalg.eigh(covariance_m2)
        minor_m, major_m = np.sqrt(np.maximum(variances, 0.0) * CHI2_95)
        bearing_deg = math.degrees(math.atan2(axes[0, 1], axes[1, 1])) % 180.0
        return cls(semi_major_m=float(major_m), semi_minor_m=float(minor_m), bearing_deg=bearing_deg)

    @property
    def covariance_m2(self) -> NDArray[np.float64]:
        """(2, 2) covariance of east, north in square metres: the inverse of `from_covariance`."""
        axes = self._axes()
        variances = np.array([self.semi_major_m, self.semi_minor_m]) ** 2 / CHI2_95
        covariance: NDArray[np.float64] = (axes * variances) @ axes.T
        return covariance

    def outline_at(self, position: Geodetic) -> Polygon:
        """The ellipse about a position, as a lon, lat polygon circumscribed about it (at most 0.13 % too large).

        The step from metres to degrees is affine, so an edge that is straight on the map (as RFC 7946 has it)
        stays straight, and the circumscription holds. An ellipse smaller than a millimetre is drawn at one.
        """
        turn = (np.arange(_CORNERS) + 0.5) * (2 * math.pi / _CORNERS)
        semi_m = np.maximum([self.semi_major_m, self.semi_minor_m], _SMALLEST_M) / math.cos(math.pi / _CORNERS)
        east_north_m = (self._axes() @ (semi_m[:, None] * np.stack((np.cos(turn), np.sin(turn))))).T
        per_lon_m, per_lat_m = metres_per_degree(position.lat_deg)
        return Polygon(east_north_m / (per_lon_m, per_lat_m) + (position.lon_deg, position.lat_deg))

    def _axes(self) -> NDArray[np.float64]:
        """(2, 2) columns: unit major and minor axis, each east, north."""
        bearing = math.radians(self.bearing_deg)
        return np.array([[math.sin(bearing), math.cos(bearing)], [math.cos(bearing), -math.sin(bearing)]])
