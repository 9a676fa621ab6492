"""Reads the geometry of one GeoJSON feature as an outline, and says what is wrong with it in a surveyor's words."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from shapely import MultiPolygon, Polygon
from shapely.validation import explain_validity

from geofences.feature_reader import Fault

if TYPE_CHECKING:
    from geofences.zone import Outline

_Ring = list[tuple[float, float]]
_SWAPPED = "coordinates look swapped"
_LON_FIRST = "GeoJSON wants longitude first."


def read_outline(geometry: object) -> Outline:
    """The outline a feature's `geometry` member says.

    Raises:
        Fault: it is no area, or not one on Earth.
    """
    shapes = [Polygon(rings[0], rings[1:]) for rings in map(_rings, _polygons(geometry))]
    is_single = isinstance(geometry, dict) and geometry["type"] == "Polygon"
    outline = shapes[0] if is_single else MultiPolygon(shapes)
    if not outline.is_valid:
        raise Fault(_crossing(explain_validity(outline)), "Redraw the outline around that place.")
    return outline


def _polygons(geometry: object) -> list[object]:
    """The coordinates of each polygon of a Polygon or MultiPolygon."""
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if not isinstance(geometry, dict) or kind not in {"Polygon", "MultiPolygon"}:
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
    if all(abs(first) <= 55 and 73 <= second <= 135 for first, second in ring):
        raise Fault(f"{_SWAPPED}: {ring[0]}", _LON_FIRST)


def _crossing(reason: str) -> str:
    """Shapely's reason with its place in words: 'Self-intersection[120.1 30.3]'."""
    found = re.fullmatch(r"(.+)\[(\S+) (\S+)\]", reason)
    return f"{found[1].lower()} at lon {found[2]}, lat {found[3]}" if found else reason
