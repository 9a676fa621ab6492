"""Outlines as other programs draw them, made fit to be zones: what was done is said, what has no area is refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely
from shapely import GEOSException, LinearRing, MultiPolygon, Polygon
from shapely.validation import explain_validity

from geofences.feature_reader import Fault
from geofences.outline_reader import in_words
from geofences.zone import parts_of

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

    from geofences.zone import Outline


@dataclass(frozen=True, slots=True, kw_only=True)
class Repaired:
    """An outline that is valid.

    Attributes:
        outline: in two dimensions, lon, lat.
        repairs: what was done to it, in words; empty if nothing.
    """

    outline: Outline
    repairs: tuple[str, ...]


def repair_outline(shape: BaseGeometry | None, *, is_wound: bool) -> Repaired:
    """Make a valid outline of a geometry.

    Repeated vertices go; a collection gives up what is no area; where an outline crosses itself every part it encloses
    is kept, so that a bow-tie becomes two triangles. Whether it lies on Earth is for the reader of zones to say.

    Args:
        shape: lon, lat; None is no geometry.
        is_wound: outer rings have to be counter-clockwise where it comes from, so that others are said.

    Raises:
        Fault: it encloses nothing.
    """
    if shape is None or shape.is_empty:
        raise Fault("has no geometry", "Draw the outline, or delete the feature.")
    if not np.isfinite(shapely.get_coordinates(shape)).all():
        raise Fault("is not on Earth", "Correct the file's coordinate system.")
    outline, repairs = _areas(shape)
    tidy = _without_repeats(outline)
    repeated = shapely.get_num_coordinates(outline) - shapely.get_num_coordinates(tidy)
    if repeated:
        repairs.append(f"{repeated} repeated vertices left out")
    if tidy.is_valid:
        if is_wound and not all(part.exterior.is_ccw for part in parts_of(tidy)):
            repairs.append("wound the wrong way: turned")
        return Repaired(outline=tidy, repairs=tuple(repairs))
    reason = in_words(explain_validity(tidy))
    sound, _ = _areas(shapely.union_all([_redrawn(part) for part in parts_of(tidy)]))
    repairs.append(f"{reason}: redrawn without, now in {len(parts_of(sound))} parts")
    return Repaired(outline=sound, repairs=tuple(repairs))


def _without_repeats(outline: Outline) -> Outline:
    try:
        return shapely.remove_repeated_points(outline, 0.0)
    except GEOSException:  # a ring is a single point: redrawing drops it
        return outline


def _redrawn(part: Polygon) -> BaseGeometry:
    """What the outer ring encloses without what the inner ones do; GEOS alone would make areas of holes outside."""
    shell, *holes = (_enclosed(ring) for ring in (part.exterior, *part.interiors))
    return shapely.difference(shell, shapely.union_all(holes))


def _enclosed(ring: LinearRing) -> BaseGeometry:
    return shapely.make_valid(Polygon(ring), method="structure", keep_collapsed=False)


def _areas(shape: BaseGeometry) -> tuple[Outline, list[str]]:
    """The polygons of a geometry, and what was left out."""
    parts = _parts(shape)
    areas = [part for part in parts if isinstance(part, Polygon) and not part.is_empty]
    if not areas:
        raise Fault(f"is {shape.geom_type} that encloses nothing", "Draw it as a Polygon or MultiPolygon.")
    said = [f"{len(parts) - len(areas)} parts without area left out"] if len(areas) < len(parts) else []
    return areas[0] if len(areas) == 1 else MultiPolygon(areas), said


def _parts(shape: BaseGeometry) -> list[BaseGeometry]:
    """Single geometries, out of collections in collections too."""
    members = getattr(shape, "geoms", None)
    return [shape] if members is None else [part for member in members for part in _parts(member)]
