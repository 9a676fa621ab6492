"""Datums of Chinese maps, to and from WGS 84: latitude before longitude, rows of degrees.

Only what reads foreign files or draws and sends to foreign systems converts; everything in between is WGS 84.

GCJ-02 and BD-09 were never published. What is written here is the form that is commonly known, a WGS 84 position moved
by a smooth offset; map makers' own services can differ from it by a metre or two. Outside the box below both are taken
to be WGS 84 (so commonly for GCJ-02; of BD-09 abroad nothing is known).
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import shapely

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    _Shape = TypeVar("_Shape", bound=BaseGeometry | NDArray[np.object_])

# Source: ellipsoid of Krasovsky (1940), semi-major axis and squared eccentricity; the offset is scaled on it.
_KRASOVSKY_M = 6378245.0
_KRASOVSKY_ECC_SQ = 0.00669342162296594323
# Source: the commonly known box in which GCJ-02 differs: south, west, north, east.
_BOX_DEG = (0.8293, 72.004, 55.8271, 137.8347)
# Source: the commonly known form of BD-09; a full turn of its ripple is 0.12 degrees.
_BD_RIPPLE = np.pi * 3000 / 180
# Source: our choice, 0.01 mm on the ground; the offset changes by at most 3 % of a step, so seven rounds reach it.
_SETTLED_DEG = 1e-10
_MOST_ROUNDS = 30
# Wider than any offset, in degrees: what lies further outside the box has no origin in it.
_WIDEST_DEG = 0.05


class Datum(StrEnum):
    """What latitudes and longitudes are stated against.

    CGCS2000 is numerically taken as WGS 84: the ellipsoids agree to a tenth of a millimetre, but it is fixed at the
    year 2000 while eastern China moves about 3 cm a year, so the two now differ by most of a metre.
    """

    WGS84 = "wgs84"
    CGCS2000 = "cgcs2000"
    GCJ02 = "gcj02"
    BD09 = "bd09"


def from_wgs84(lat_lon_deg: NDArray[np.float64], datum: Datum) -> NDArray[np.float64]:
    """Positions in another datum.

    Args:
        lat_lon_deg: (n, 2) WGS 84 latitude, longitude.
        datum: the datum wanted.

    Returns:
        (n, 2) latitude, longitude in `datum`.
    """
    moved = np.array(lat_lon_deg, dtype=np.float64)
    inside = _inside(moved, 0.0)
    moved[inside] = _FORWARD[datum](moved[inside])
    return moved


def to_wgs84(lat_lon_deg: NDArray[np.float64], datum: Datum) -> NDArray[np.float64]:
    """Positions of another datum in WGS 84, to well under a millimetre.

    At the border of the box the offset ends with a step of some hundred metres, so that in a strip of that width the
    datum is not one to one: what has an origin inside the box is taken back to it, and all else is returned unchanged.

    Args:
        lat_lon_deg: (n, 2) latitude, longitude in `datum`.
        datum: the datum they are in.

    Returns:
        (n, 2) WGS 84 latitude, longitude. Source: fixed-point iteration; the offset is a contraction.
    """
    stated = np.array(lat_lon_deg, dtype=np.float64)
    near = _inside(stated, _WIDEST_DEG)
    origin = stated[near]
    for _ in range(_MOST_ROUNDS):
        step = stated[near] - _FORWARD[datum](origin)
        origin += step
        if not np.any(np.abs(step) > _SETTLED_DEG):
            break
    stated[near] = np.where(_inside(origin, 0.0)[:, None], origin, stated[near])
    return stated


def shape_from_wgs84(shape: _Shape, datum: Datum) -> _Shape:
    """A lon, lat geometry (or an array of them) in another datum, corner by corner."""
    return _transformed(shape, lambda lat_lon_deg: from_wgs84(lat_lon_deg, datum))


def shape_to_wgs84(shape: _Shape, datum: Datum) -> _Shape:
    """A lon, lat geometry (or an array of them) of another datum in WGS 84, corner by corner."""
    return _transformed(shape, lambda lat_lon_deg: to_wgs84(lat_lon_deg, datum))


def _transformed(shape: _Shape, move: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> _Shape:
    moved: _Shape = shapely.transform(cast("Any", shape), lambda lon_lat: move(lon_lat[:, ::-1])[:, ::-1])
    return moved


def _inside(lat_lon_deg: NDArray[np.float64], margin_deg: float) -> NDArray[np.bool_]:
    """(n,) whether each row lies in the box widened by a margin; what is not finite does not."""
    low, high = np.array(_BOX_DEG[:2]) - margin_deg, np.array(_BOX_DEG[2:]) + margin_deg
    return np.asarray(np.logical_and(lat_lon_deg >= low, lat_lon_deg <= high).all(axis=1), dtype=np.bool_)


def _same(lat_lon_deg: NDArray[np.float64]) -> NDArray[np.float64]:
    return lat_lon_deg


def _gcj02(lat_lon_deg: NDArray[np.float64]) -> NDArray[np.float64]:
    """The commonly known offset: a quadratic and waves about 35 N 105 E in metres, made degrees on the ellipsoid."""
    lat = np.radians(lat_lon_deg[:, 0])
    y, x = lat_lon_deg[:, 0] - 35.0, lat_lon_deg[:, 1] - 105.0
    ripple = 20 * np.sin(6 * np.pi * x) + 20 * np.sin(2 * np.pi * x)
    waves_n = 20 * np.sin(np.pi * y) + 40 * np.sin(np.pi * y / 3) + 160 * np.sin(np.pi * y / 12)
    waves_n += 320 * np.sin(np.pi * y / 30)
    waves_e = 20 * np.sin(np.pi * x) + 40 * np.sin(np.pi * x / 3) + 150 * np.sin(np.pi * x / 12)
    waves_e += 300 * np.sin(np.pi * x / 30)
    root = np.sqrt(np.abs(x))
    north_m = -100 + 2 * x + 3 * y + 0.2 * y**2 + 0.1 * x * y + 0.2 * root + (ripple + waves_n) * 2 / 3
    east_m = 300 + x + 2 * y + 0.1 * x**2 + 0.1 * x * y + 0.1 * root + (ripple + waves_e) * 2 / 3
    flat = 1 - _KRASOVSKY_ECC_SQ * np.sin(lat) ** 2
    per_lat_m = np.radians(_KRASOVSKY_M * (1 - _KRASOVSKY_ECC_SQ) / flat**1.5)
    per_lon_m = np.radians(_KRASOVSKY_M / np.sqrt(flat) * np.cos(lat))
    moved: NDArray[np.float64] = lat_lon_deg + np.stack((north_m / per_lat_m, east_m / per_lon_m), axis=-1)
    return moved


def _bd09(lat_lon_deg: NDArray[np.float64]) -> NDArray[np.float64]:
    """GCJ-02, rippled in length and angle about 0 N 0 E and moved once more."""
    y, x = _gcj02(lat_lon_deg).T
    length = np.hypot(x, y) + 2e-5 * np.sin(y * _BD_RIPPLE)
    angle = np.arctan2(y, x) + 3e-6 * np.cos(x * _BD_RIPPLE)
    return np.stack((length * np.sin(angle) + 0.006, length * np.cos(angle) + 0.0065), axis=-1)


_FORWARD: dict[Datum, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
    Datum.WGS84: _same,
    Datum.CGCS2000: _same,
    Datum.GCJ02: _gcj02,
    Datum.BD09: _bd09,
}
