"""Files of other programs (GeoJSON, KML, Shapefile ...) through GDAL: every layer, in degrees, nothing guessed."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from pipeline.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

# Source: NIMA TR8350.2, the semi-major axis of WGS 84; CGCS2000 has the same. Systems on other ellipsoids
# (Beijing 1954, Xian 1980) are off by some hundred metres, and what takes them to WGS 84 is not public.
_AXIS_M = 6378137.0
# What GDAL takes for granted where a Shapefile does not say how its texts are encoded.
_UNSTATED = "ISO-8859-1"
# What a KML says only about how it is drawn.
_DRAWING = {"altitudeMode", "tessellate", "extrude", "visibility", "drawOrder", "icon"}
_MANGLED = "names of <Data> that are not ASCII read as underscores, and hide each other: export with a <Schema>"


@dataclass(frozen=True, slots=True, kw_only=True)
class GisRow:
    """One feature.

    Attributes:
        cells: its texts by column, whole numbers without a point; empty ones are left out.
        shape: lon, lat, in two dimensions, open rings closed; None where there is none.
        was_open: whether a ring had to be closed.
    """

    cells: dict[str, str]
    shape: BaseGeometry | None
    was_open: bool


def read_rows(path: Path, *, encoding: str | None, in_degrees: bool) -> tuple[list[GisRow], list[str]]:
    """Read a file.

    Args:
        path: the file.
        encoding: of its texts; None is what it says.
        in_degrees: take it for degrees where it states no coordinate system.

    Returns:
        its features, and what holds for the whole file.

    Raises:
        BadInput: it cannot be read, states no encoding or no coordinate system, or is in one that cannot be taken to
            WGS 84; or the extra `gis` is not installed.
    """
    try:
        import pyogrio  # noqa: PLC0415 - an optional extra
        import pyproj  # noqa: F401, PLC0415 - the same
    except ImportError as error:
        remedy = "Run: pip install 'offsite-enforcement[gis]'"
        raise bad_file(path, "gis", f"{error.name} is not installed", remedy) from error
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            names = pyogrio.list_layers(path)[:, 0]
            layers = [pyogrio.raw.read(path, layer=name, encoding=encoding, datetime_as_string=True) for name in names]
        except (UnicodeError, LookupError) as error:
            fault = f"its texts are not {encoding or 'in the encoding it states'}"
            raise bad_file(path, "encoding", fault, "Give --encoding, such as gbk") from error
        except (RuntimeError, ValueError) as error:
            raise bad_file(path, "file", f"cannot be read ({error})", "Give GeoJSON, KML or a Shapefile") from error
    # GDAL's warning of an open ring does not say which: `was_open` does.
    told = [str(one.message) for one in said if "Non closed ring" not in str(one.message)]
    rows = [row for layer in layers for row in _rows(path, layer, told, in_degrees=in_degrees)]
    stated = encoding or any(meta["encoding"].upper() != _UNSTATED for meta, *_ in layers)
    if not stated and not all(str.isascii(text) for row in rows for cell in row.cells.items() for text in cell):
        # Read in the wrong encoding, Chinese becomes other letters without an error.
        raise bad_file(path, "encoding", "is not stated", "Give --encoding: Chinese files are mostly gbk, else utf-8")
    return rows, told


def _rows(path: Path, layer: tuple[Any, ...], told: list[str], *, in_degrees: bool) -> Iterator[GisRow]:
    """The features of a layer as GDAL has it."""
    meta, _, wkb, values = layer
    columns = dict(zip(map(str, meta["fields"]), values, strict=True))
    if path.suffix.lower() in {".kml", ".kmz"}:
        columns = {name: cells for name, cells in columns.items() if name not in _DRAWING}
        told += [_MANGLED] * any(not name.strip("_") for name in columns)
    blobs = np.full(max([0, *map(len, values)]), None) if wkb is None else wkb
    shapes = shapely.from_wkb(blobs, on_invalid="fix")
    was_open = shapely.is_missing(shapely.from_wkb(blobs, on_invalid="ignore")) & ~shapely.is_missing(shapes)
    if np.nan_to_num(shapely.get_coordinates(shapes, include_z=True)[:, 2]).any():
        told.append("heights are left out: zones are flat")
    shapes = _degrees(path, shapely.force_2d(shapes), meta["crs"], told, in_degrees=in_degrees)
    for n, (shape, is_open) in enumerate(zip(shapes, was_open.tolist(), strict=True)):
        cells = {name: text for name, column in columns.items() if (text := _text(column[n]))}
        yield GisRow(cells=cells, shape=shape, was_open=is_open)


def _degrees(
    path: Path, shapes: NDArray[np.object_], stated: str | None, told: list[str], *, in_degrees: bool
) -> NDArray[np.object_]:
    """Shapes as lon, lat of their own coordinate system."""
    if stated is None and in_degrees:
        return shapes
    if stated is None:
        remedy = "Add the .prj that belongs to it, or say with --datum which degrees it is in"
        raise bad_file(path, "coordinate system", "is not stated", remedy)
    import pyproj  # noqa: PLC0415 - an optional extra

    system = pyproj.CRS(stated)
    degrees = system.geodetic_crs
    if degrees is None or degrees.ellipsoid is None or degrees.ellipsoid.semi_major_metre != _AXIS_M:
        fault = f"{system.name} is not based on WGS 84 or CGCS2000"
        raise bad_file(path, "coordinate system", fault, "Export it in one that is")
    told.append(f"coordinates are in {system.name}")
    move = pyproj.Transformer.from_crs(system, degrees, always_xy=True).transform
    return shapely.transform(shapes, lambda x_y: np.stack(move(*x_y.T), axis=-1))


def _text(cell: object) -> str:
    if isinstance(cell, float | np.floating):
        return "" if np.isnan(cell) else f"{cell:.0f}" if cell.is_integer() else str(cell)
    return "" if cell is None else str(cell).strip()


def bad_file(path: Path, what: str, fault: str, remedy: str) -> BadInput:
    """The error of a file that is unusable as a whole."""
    return BadInput(path=str(path), field=what, fault=fault, remedy=remedy)
