"""Random outlines for the property tests: concave, with holes, in several parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely
from hypothesis import strategies as st
from shapely import Polygon

from geofences.local_frame import LocalFrame
from geofences.position import Geodetic

if TYPE_CHECKING:
    from geofences.zone import Outline

FRAME = LocalFrame(origin=Geodetic(lat_deg=30.3195, lon_deg=120.139))


def on_map(outline_m: Outline) -> Outline:
    """East, north metres as lon, lat."""

    def lon_lat(east_north_m: np.ndarray) -> np.ndarray:
        rows = np.column_stack((east_north_m, np.zeros(len(east_north_m))))
        return FRAME.geodetics_from_enu(rows)[:, 1::-1]

    return shapely.transform(outline_m, lon_lat)


def star(rng: np.random.Generator, centre_m: tuple[float, float], radius_m: float) -> Polygon:
    """A concave polygon about a centre, half of them with a hole; corners a third to all of the radius away."""

    def ring(corners: int, low_m: float, high_m: float) -> np.ndarray:
        turn = (np.arange(corners) + rng.uniform(0.1, 0.9, corners)) * 2 * np.pi / corners
        reach_m = rng.uniform(low_m, high_m, corners)
        return np.column_stack((centre_m[0] + reach_m * np.cos(turn), centre_m[1] + reach_m * np.sin(turn)))

    holes = [ring(5, radius_m / 20, radius_m / 8)] if rng.random() < 0.5 else []
    return Polygon(ring(int(rng.integers(8, 30)), radius_m / 3, radius_m), holes)


@st.composite
def outlines(draw: st.DrawFn, extent_m: float = 150.0) -> Outline:
    """One to three stars, overlapping or apart, on the map."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    stars = [
        star(rng, tuple(rng.uniform(-extent_m, extent_m, 2)), rng.uniform(10, 120))
        for _ in range(draw(st.integers(1, 3)))
    ]
    return on_map(shapely.union_all(stars))
