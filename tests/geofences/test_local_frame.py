"""The local frame agrees with PROJ to a millimetre and keeps distances."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod, Transformer

from geofences.local_frame import LocalFrame, ecef_from_geodetic, geodetic_from_ecef, metres_per_degree
from geofences.position import Geodetic

_latitudes = st.floats(-89.9, 89.9)
_longitudes = st.floats(-180, 180)
_heights = st.floats(-400, 9000)
_metres = st.floats(-5000, 5000)

_TO_ECEF = Transformer.from_crs("EPSG:4979", "EPSG:4978")
_GEOD = Geod(ellps="WGS84")


@given(lat=_latitudes, lon=_longitudes, alt=_heights)
@settings(deadline=None, max_examples=60)
def test_ecef_agrees_with_proj(lat: float, lon: float, alt: float) -> None:
    """Earth-centred coordinates are PROJ's to a millimetre, and come back to the same place."""
    ours = ecef_from_geodetic(np.array([lat]), np.array([lon]), np.array([alt]))
    assert ours[0] == pytest.approx(_TO_ECEF.transform(lat, lon, alt), abs=1e-3)
    back = geodetic_from_ecef(ours)[0]
    assert ecef_from_geodetic(*back[:, None])[0] == pytest.approx(ours[0], abs=1e-6)


@pytest.mark.parametrize(
    ("lat", "lon"), [(30.3195, 120.139), (-41.3, 174.8), (0.0, 0.0), (69.6, 18.9), (10.0, -179.99)]
)
@pytest.mark.parametrize("enu", [(0, 0, 0), (500, -300, 80), (-4000, 4000, -20)])
def test_enu_agrees_with_proj(lat: float, lon: float, enu: tuple[float, float, float]) -> None:
    """East, north, up about an origin are PROJ's topocentric coordinates to a millimetre, both ways."""
    frame = LocalFrame(origin=Geodetic(lat_deg=lat, lon_deg=lon, alt_ellipsoid_m=15))
    oracle = Transformer.from_pipeline(
        f"+proj=pipeline +step +proj=cart +ellps=WGS84 +step +proj=topocentric +ellps=WGS84 "
        f"+lat_0={lat} +lon_0={lon} +h_0=15"
    )
    position = frame.geodetic_from_enu(np.array(enu))
    theirs = oracle.transform(position.lon_deg, position.lat_deg, position.alt_ellipsoid_m)
    assert theirs == pytest.approx(enu, abs=1e-3)
    assert frame.enu_from_geodetic(position) == pytest.approx(enu, abs=1e-6)


@given(lat=_latitudes, lon=_longitudes, points=st.tuples(*[_metres] * 6))
@settings(deadline=None, max_examples=40)
def test_the_frame_is_rigid(lat: float, lon: float, points: tuple[float, ...]) -> None:
    """Distances in the frame are distances in space."""
    frame = LocalFrame(origin=Geodetic(lat_deg=lat, lon_deg=lon))
    enu = np.array(points).reshape(2, 3)
    ecef = ecef_from_geodetic(*frame.geodetics_from_enu(enu).T)
    assert np.linalg.norm(ecef[0] - ecef[1]) == pytest.approx(np.linalg.norm(enu[0] - enu[1]), abs=1e-5)


@pytest.mark.parametrize("lat", [-60.0, 0.0, 30.3195, 70.0])
def test_metres_per_degree_agree_with_the_geodesic(lat: float) -> None:
    """A thousandth of a degree either way is as long as PROJ's geodesic says, to a millimetre."""
    per_lon_m, per_lat_m = metres_per_degree(lat)
    _, _, east_m = _GEOD.inv(119.9995, lat, 120.0005, lat)
    _, _, north_m = _GEOD.inv(120, lat - 0.0005, 120, lat + 0.0005)
    assert (per_lon_m / 1000, per_lat_m / 1000) == pytest.approx((east_m, north_m), abs=1e-3)


def test_frames_about_the_same_origin_are_equal() -> None:
    """A frame is its origin: it compares and hashes by it."""
    frames = [LocalFrame(origin=Geodetic(lat_deg=30, lon_deg=120)) for _ in range(2)]
    assert frames[0] == frames[1]
    assert len(set(frames)) == 1
