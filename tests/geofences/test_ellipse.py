"""Error ellipses are covariances seen another way, and are never drawn too small."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geofences.ellipse import ErrorEllipse
from geofences.errors import InvalidGeometry
from geofences.local_frame import metres_per_degree
from geofences.position import Geodetic

_PLACE = Geodetic(lat_deg=30.3195, lon_deg=120.139)
_sizes = st.floats(0.2, 200)
_bearings = st.floats(0, 180, exclude_max=True)


@pytest.mark.parametrize(
    ("covariance", "major_m", "minor_m", "bearing_deg"),
    [
        ([[4, 0], [0, 1]], 2 * 2.4477, 2.4477, 90),
        ([[1, 0], [0, 4]], 2 * 2.4477, 2.4477, 0),
        ([[2.5, 1.5], [1.5, 2.5]], 2 * 2.4477, 2.4477, 45),
        ([[2.5, -1.5], [-1.5, 2.5]], 2 * 2.4477, 2.4477, 135),
    ],
)
def test_literal_ellipses(covariance: list[list[float]], major_m: float, minor_m: float, bearing_deg: float) -> None:
    """East-west variance lies at bearing 90, and 95 % is 2.4477 sigma in two dimensions."""
    ellipse = ErrorEllipse.from_covariance(np.array(covariance))
    assert (ellipse.semi_major_m, ellipse.semi_minor_m) == pytest.approx((major_m, minor_m), rel=1e-4)
    assert ellipse.bearing_deg % 180 == pytest.approx(bearing_deg)


@given(major=_sizes, share=st.floats(0.01, 1), bearing=_bearings)
def test_covariance_round_trip(major: float, share: float, bearing: float) -> None:
    """An ellipse's covariance has that ellipse."""
    covariance = ErrorEllipse(semi_major_m=major, semi_minor_m=major * share, bearing_deg=bearing).covariance_m2
    again = ErrorEllipse.from_covariance(covariance)
    assert again.covariance_m2 == pytest.approx(covariance, rel=1e-9, abs=1e-9 * major**2)
    assert again.semi_major_m == pytest.approx(major)


@given(major=_sizes, share=st.floats(0.01, 1), bearing=_bearings)
@settings(deadline=None, max_examples=50)
def test_the_outline_holds_the_ellipse_and_little_more(major: float, share: float, bearing: float) -> None:
    """Every corner lies on or outside the true ellipse by at most 0.3 %, and no edge cuts into it."""
    ellipse = ErrorEllipse(semi_major_m=major, semi_minor_m=major * share, bearing_deg=bearing)
    lon_lat = np.array(ellipse.outline_at(_PLACE).exterior.coords)
    east_north_m = (lon_lat - (_PLACE.lon_deg, _PLACE.lat_deg)) * metres_per_degree(_PLACE.lat_deg)
    turn = math.radians(bearing)
    axes = np.array([[math.sin(turn), math.cos(turn)], [math.cos(turn), -math.sin(turn)]])
    local = east_north_m @ axes / (major, major * share)
    middles = (local[1:] + local[:-1]) / 2
    assert np.hypot(*local.T) == pytest.approx(1, abs=0.003)
    assert np.hypot(*middles.T).min() >= 1 - 1e-5


def test_a_perfect_position_still_has_an_outline() -> None:
    """Zero error is drawn a millimetre wide, so that containment can be asked."""
    outline = ErrorEllipse(semi_major_m=0, semi_minor_m=0, bearing_deg=0).outline_at(_PLACE)
    assert outline.is_valid
    assert outline.area > 0


@pytest.mark.parametrize(("major", "minor"), [(1, 2), (1, -1), (math.nan, 0), (math.inf, 1)])
def test_what_is_no_ellipse_is_refused(major: float, minor: float) -> None:
    """Axes are finite, not negative, and in order."""
    with pytest.raises(InvalidGeometry):
        ErrorEllipse(semi_major_m=major, semi_minor_m=minor, bearing_deg=0)
    with pytest.raises(InvalidGeometry):
        ErrorEllipse.from_covariance(np.array([[math.nan, 0], [0, 1]]))
