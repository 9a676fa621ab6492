"""Reads the geometry of one GeoJSON feature as an outline, and says what is wrong with it in a surveyor's words."""

from __future__ import annotations

import math
import re
from itertools import chain
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon
from shapely.validation import explain_validity

from geofences.feature_reader import Fault

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from geofences.zone import Outline

_Ring = list[tuple[float, float]]
_SWAPPED = "coordinates look swapped"
_LON_FIRST = "GeoJSON wants longitude first."
# Source: China's longitudes, and a bound on its latitudes.
_SWAPPED_DEG, _LAT_MOST_DEG = (73.0, 135.0), 55.0


def read_outline(geometry: object) -> Outline:
    """The outline a feature's `geometry` member says.

    Raises:
        Fault: it is no area, or not one on Earth.
    """
    shapes = [Polygon(rings[0], rings[1:]) for rings in map(_rings, _polygons(geometry))]
    is_single = isinstance(geometry, dict) and geometry["type"] == "Polygon"
    outline = shapes[0] if is_single else MultiPolygon(shapes)
    if not outline.is_valid:
        raise Fault(in_words(explain_validity(outline)), "Redraw the outline around that place.")
    return outline


def build_outlines(geometries: Sequence[object]) -> NDArray[np.object_]:
    """(n,) outlines of the geometries that are plainly rings of lon, lat, built at once and not checked for validity.

    None stands where `read_outline` has to be asked: for anything else, and near the Arctic Ocean, where it may refuse.
    """
    found = np.full(len(geometries), None, dtype=object)
    plain = np.array([number for number, geometry in enumerate(geometries) if _is_plain(geometry)], dtype=np.intp)
    if not len(plain):
        return found
    parts = [_polygons(geometries[number]) for number in plain]
    polygons = cast("list[list[Any]]", list(chain.from_iterable(parts)))
    rings = list(chain.from_iterable(polygons))
    rows = np.fromiter(chain.from_iterable(chain.from_iterable(rings)), dtype=np.float64).reshape(-1, 2)
    closed: Any = shapely.linearrings(rows, indices=_numbers(rings))
    shells: Any = shapely.polygons(closed, indices=_numbers(polygons))
    of = plain[_numbers(parts)]
    many = np.array([cast("dict[str, str]", geometries[number])["type"] == "MultiPolygon" for number in of])
    found[of[~many]] = shells[~many]
    shapely.multipolygons(shells[many], indices=of[many], out=found)
    west, _, east, north = shapely.bounds(found).T
    found[(north >= _SWAPPED_DEG[0]) & (west <= _LAT_MOST_DEG) & (east >= -_LAT_MOST_DEG)] = None
    return found


def _is_plain(geometry: object) -> bool:
    """Whether it is closed rings of pairs of numbers and nothing else."""
    try:
        polygons = cast("list[list[list[list[float]]]]", _polygons(geometry))
        return all(polygons) and all(
            len(ring) >= 4
            and ring[0] == ring[-1]
            and set(map(len, ring)) == {2}
            and set(map(type, chain.from_iterable(ring))) == {float}
            for ring in chain.from_iterable(polygons)
        )
    except (Fault, TypeError, LookupError):
        return False


def _numbers(groups: Sequence[Sequence[object]]) -> NDArray[np.intp]:
    """The number of its group for each member."""
    return np.repeat(np.arange(len(groups)), [len(group) for group in groups])


def _polygons(geometry: object) -> list[object]:
    """The coordinates of each polygon of a Polygon or MultiPolygon."""
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if not isinstance(geometry, dict) or kind not in ("Polygon", "MultiPolygon"):
        raise Fault(f"is {kind or 'missing'}, not an area", "Draw it as a Polygon or MultiPolygon.")
    coordinates = geometry.get("coordinates")
    if not isinstance(coordinates, list) or not coordinates:
        raise Fault("has no coordinates", "Draw the outline, or delete the feature.")
    return [coordinates] if kind == "Polygon" else coordinates


def _rings(polygon: object) -> list[_Ring]:
    if not isinstance(polygon, list) or not polygon:
        raise Fault("has a polygon without rings", "Draw its outline, or delete it.")
    return [_ring(ring) for ring in polygon]


def _ring(value: object) -> _Ring:
    if not isinstance(value, list) or not value:
        raise Fault("has an empty ring", "Draw it, or delete it.")
    ring = [_position(position) for position in value]
    _refuse_swapped(ring)
    if ring[0] != ring[-1]:
        raise Fault(f"a ring is not closed: it starts at {ring[0]}, ends at {ring[-1]}", "Repeat the first position.")
    if len(ring) < 4:
        raise Fault(f"a ring has {len(ring)} positions", "It takes at least 4, the last repeating the first.")
    return ring


def _position(value: object) -> tuple[float, float]:
    """Longitude and latitude; a third number (height) is read over."""
    if not isinstance(value, list) or len(value) < 2 or not all(map(_is_number, value)):
        raise Fault(f"{value!r:.40} is no position", "A position is [longitude, latitude] in degrees.")
    lon_deg, lat_deg = float(value[0]), float(value[1])
    if abs(lat_deg) > 90 and abs(lon_deg) <= 90 and abs(lat_deg) <= 180:
        raise Fault(f"{_SWAPPED}: latitude {lat_deg} is outside -90..90", _LON_FIRST)
    if abs(lat_deg) > 90 or abs(lon_deg) > 180:
        raise Fault(f"[{lon_deg}, {lat_deg}] is not on Earth", "Use WGS 84 degrees, not map metres.")
    return lon_deg, lat_deg


def _is_number(value: object) -> bool:
    return isinstance(value, float) and math.isfinite(value)


def _refuse_swapped(ring: _Ring) -> None:
    """Refuse what would lie in China with its numbers exchanged: as written it would lie in the Arctic Ocean."""
    low, high = _SWAPPED_DEG
    if all(abs(first) <= _LAT_MOST_DEG and low <= second <= high for first, second in ring):
        raise Fault(f"{_SWAPPED}: {ring[0]}", _LON_FIRST)


def in_words(reason: str) -> str:
    """Shapely's reason for an outline not to be valid, with its place, in words: 'Self-intersection[120.1 30.3]'."""
    found = re.fullmatch(r"(.+)\[(\S+) (\S+)\]", reason)
    return f"{found[1].lower()} at lon {found[2]}, lat {found[3]}" if found else reason
