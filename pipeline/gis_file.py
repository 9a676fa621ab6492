"""Files of other programs (GeoJSON, KML, Shapefile ...) through GDAL: every layer, in degrees, nothing guessed."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from pipeline.errors import BadInput

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

# Source: NIMA TR8350.2, the semi-major axis of WGS 84; CGCS2000 has the same. Systems on other ellipsoids
# (Beijing 1954, Xian 1980) are off by some hundred metres, and what takes them to WGS 84 is not public.
_AXIS_M = 6378137.0
# What GDAL takes for granted where a Shapefile does not say how its texts are encoded.
_UNSTATED = "ISO-8859-1"
# What a KML says only about how it is drawn.
_DRAWING = {"altitudeMode", "tessellate", "extrude", "visibility", "drawOrder", "icon"}
_MANGLED = "names of <Data> that are not ASCII read as underscores, and hide each other: export with a <Schema>"
_EXPORT = "Export it in CGCS2000 or WGS 84"


@dataclass(frozen=True, slots=True, kw_only=True)
class GisLayer:
    """One layer of a file; all of one length.

    Attributes:
        columns: (n,) cells by column name.
        shapes: (n,) geometries, lon, lat, in two dimensions, open rings closed; None where there is none.
        was_open: (n,) whether a ring had to be closed.
        remarks: what holds for the whole layer.
    """

    columns: dict[str, NDArray[Any]]
    shapes: NDArray[np.object_]
    was_open: NDArray[np.bool_]
    remarks: tuple[str, ...]


def read_layers(path: Path, *, encoding: str | None, in_degrees: bool) -> tuple[GisLayer, ...]:
    """Read a file.

    Args:
        path: the file.
        encoding: of its texts; None is what it says.
        in_degrees: take it for degrees where it states no coordinate system.

    Raises:
        BadInput: it cannot be read, states no encoding or no coordinate system, or is in one that cannot be taken to
            WGS 84; or the extra `gis` is not installed.
    """
    try:
        import pyogrio  # noqa: PLC0415 - an optional extra
        import pyproj  # noqa: F401, PLC0415 - the same
    except ImportError as error:
        remedy = "Run: pip install 'offsite-enforcement[gis]'"
        raise _bad(path, "gis", f"{error.name} is not installed", remedy) from error
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            names = pyogrio.list_layers(path)[:, 0]
            read = [pyogrio.raw.read(path, layer=name, encoding=encoding, datetime_as_string=True) for name in names]
        except (UnicodeError, LookupError) as error:
            fault = f"its texts are not {encoding or 'in the encoding it states'}"
            raise _bad(path, "encoding", fault, "Give --encoding, such as gbk") from error
        except (RuntimeError, ValueError) as error:
            raise _bad(path, "file", f"cannot be read ({error})", "Give GeoJSON, KML or a Shapefile") from error
    # GDAL's warning of an open ring does not say which: `was_open` does.
    told = tuple(str(one.message) for one in said if "Non closed ring" not in str(one.message))
    return tuple(_layer(path, layer, told, encoding=encoding, in_degrees=in_degrees) for layer in read)


def _layer(
    path: Path, read: tuple[Any, ...], told: tuple[str, ...], *, encoding: str | None, in_degrees: bool
) -> GisLayer:
    meta, _, wkb, values = read
    columns = dict(zip(map(str, meta["fields"]), values, strict=True))
    if path.suffix.lower() in {".kml", ".kmz"}:
        columns = {name: cells for name, cells in columns.items() if name not in _DRAWING}
        told = (*told, _MANGLED) if any(not name.strip("_") for name in columns) else told
    if encoding is None and meta["encoding"].upper() == _UNSTATED:
        _refuse_guessed(path, columns)
    blobs = np.full(max([0, *map(len, values)]), None) if wkb is None else wkb
    shapes = shapely.from_wkb(blobs, on_invalid="fix")
    was_open = shapely.is_missing(shapely.from_wkb(blobs, on_invalid="ignore")) & ~shapely.is_missing(shapes)
    if np.nan_to_num(shapely.get_coordinates(shapes, include_z=True)[:, 2]).any():
        told = (*told, "heights are left out: zones are flat")
    shapes = shapely.force_2d(shapes)
    if meta["crs"] is not None:
        shapes, name = _in_degrees(path, shapes, meta["crs"])
        told = (*told, f"coordinates are in {name}")
    elif not in_degrees:
        remedy = "Add the .prj that belongs to it, or say with --datum which degrees it is in"
        raise _bad(path, "coordinate system", "is not stated", remedy)
    return GisLayer(columns=columns, shapes=shapes, was_open=was_open, remarks=told)


def _refuse_guessed(path: Path, columns: dict[str, NDArray[Any]]) -> None:
    """Read in the wrong encoding, Chinese becomes other letters without an error."""
    cells = (str(value) for column in columns.values() if column.dtype == object for value in column)
    if not all(map(str.isascii, (*columns, *cells))):
        remedy = "Give --encoding: Chinese files are mostly gbk, else utf-8"
        raise _bad(path, "encoding", "is not stated", remedy)


def _in_degrees(path: Path, shapes: NDArray[np.object_], stated: str) -> tuple[NDArray[np.object_], str]:
    """Shapes as lon, lat of their own coordinate system, and its name."""
    import pyproj  # noqa: PLC0415 - an optional extra

    try:
        system = pyproj.CRS(stated)
        degrees = system.geodetic_crs
        if degrees is None or degrees.ellipsoid is None or degrees.ellipsoid.semi_major_metre != _AXIS_M:
            raise _bad(path, "coordinate system", f"{system.name} is not based on WGS 84 or CGCS2000", _EXPORT)
        move = pyproj.Transformer.from_crs(system, degrees, always_xy=True).transform
    except pyproj.exceptions.ProjError as error:
        raise _bad(path, "coordinate system", f"is not understood ({error})", _EXPORT) from error
    return shapely.transform(shapes, lambda x_y: np.stack(move(*x_y.T), axis=-1)), system.name


def _bad(path: Path, what: str, fault: str, remedy: str) -> BadInput:
    return BadInput(path=str(path), field=what, fault=fault, remedy=remedy)
