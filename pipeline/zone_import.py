"""Zones out of other programs' files (GeoJSON, KML, Shapefile, GeoPackage): each feature becomes a zone or a named refusal.

Geometry is brought to degrees and repaired, columns get our names; the reader of zone files judges the rest and converts
the datum, as it does for every file.
"""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from geofences.datum import Datum
from geofences.feature_reader import Fault
from geofences.geojson import ZONE_PROPERTIES, parse_features
from geofences.outline_repair import Repaired, repair_outline
from geofences.zone import Zone
from pipeline.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

# Column names of a Shapefile are cut to this.
_DBF_LETTERS = 10
# Source: NIMA TR8350.2, the semi-major axis of WGS 84; CGCS2000 has the same. Systems on other ellipsoids (Beijing 1954,
# Xian 1980) are off by some hundred metres, and what takes them to WGS 84 is not public.
_AXIS_M = 6378137.0
_NAMES_NO_ENCODING = "ISO-8859-1"  # what GDAL takes where a Shapefile does not say


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportForm:
    """How a file is to be read.

    Attributes:
        datum: what its degrees are in; None is WGS 84, if the file states a coordinate system at all.
        encoding: of its texts; None is what the file says.
        columns: the file's column for each of our properties that it names differently.
        kinds: our zone kind for each of the file's words.
        kind: of features that state none; "" refuses them.
    """

    datum: Datum | None = None
    encoding: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)
    kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportNote:
    """What became of a feature that was not taken as it is.

    Attributes:
        feature: its number in the file, from 1.
        name: as the file has it, or "".
        refused: it is no zone now; else it is one, repaired.
        what: why, or how.
    """

    feature: int
    name: str
    refused: bool
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedZones:
    """What a file held.

    Attributes:
        zones: in WGS 84.
        notes: one for each repaired and each refused feature, in file order.
        remarks: what holds for the whole file.
        count: features it has.
    """

    zones: tuple[Zone, ...]
    notes: tuple[ImportNote, ...]
    remarks: tuple[str, ...]
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Feature:
    properties: dict[str, object]
    shape: Any
    unclosed: bool


def import_zones(path: Path, form: ImportForm) -> ImportedZones:
    """Read a file of zones, all its layers.

    Raises:
        BadInput: the file as a whole is unusable, or `pyogrio` or `pyproj` (extra `gis`) is not installed.
    """
    remarks: dict[str, None] = {}
    features = [one for layer in _layers(path, form.encoding, remarks) for one in _features(path, layer, form, remarks)]
    datum = _datum(path, form)
    remarks[f"degrees are taken as {datum}, zones are wgs84"] = None
    notes: dict[int, ImportNote] = {}
    taken: dict[int, Repaired] = {}
    for number, feature in enumerate(features, 1):
        name = str(feature.properties.get("name", ""))
        try:
            # A Shapefile's own form winds outer rings clockwise.
            taken[number] = repair_outline(feature.shape, is_wound=path.suffix.lower() != ".shp")
        except Fault as fault:
            notes[number] = ImportNote(feature=number, name=name, refused=True, what=f"{fault.fault}. {fault.remedy}")
            continue
        said = ("a ring was not closed",) * feature.unclosed + taken[number].repairs
        if said:
            notes[number] = ImportNote(feature=number, name=name, refused=False, what="; ".join(said))
    members = [_member(features[number - 1], path.stem, number, one) for number, one in taken.items()]
    text = json.dumps({"type": "FeatureCollection", "datum": datum, "features": members})
    zones: list[Zone] = []
    for number, (item, faults) in zip(taken, parse_features(text, path=str(path)), strict=True):
        if isinstance(item, Zone) and not faults:
            zones.append(item)
            continue
        what = "; ".join(f"{fault.field}: {fault.fault}. {fault.remedy}" for fault in faults)
        name = str(features[number - 1].properties.get("name", ""))
        notes[number] = ImportNote(feature=number, name=name, refused=True, what=what)
    in_order = tuple(notes[number] for number in sorted(notes))
    return ImportedZones(zones=tuple(zones), notes=in_order, remarks=tuple(remarks), count=len(features))


def _member(feature: _Feature, stem: str, number: int, repaired: Repaired) -> dict[str, object]:
    named = {"zone_id": f"{stem}-{number}", **feature.properties}
    geometry = shapely.geometry.mapping(repaired.outline)
    return {"type": "Feature", "properties": {"name": named["zone_id"], **named}, "geometry": geometry}


def _layers(path: Path, encoding: str | None, remarks: dict[str, None]) -> list[Any]:
    """Each layer as GDAL has it: its facts, feature ids, geometries as WKB, columns."""
    try:
        import pyogrio  # noqa: PLC0415 - an optional extra
    except ImportError as error:
        raise _not_installed(path, error) from error
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            names = pyogrio.list_layers(path)[:, 0]
            layers = [pyogrio.raw.read(path, layer=name, encoding=encoding, datetime_as_string=True) for name in names]
        except (UnicodeError, LookupError) as error:
            fault = f"its texts are not {encoding or 'in the encoding it states'}"
            raise _bad(path, "encoding", fault, "Give --encoding, such as gbk") from error
        except (RuntimeError, ValueError) as error:
            raise _bad(path, "file", f"cannot be read ({error})", "Give GeoJSON, KML or a Shapefile") from error
    # Open rings are noted with their feature.
    remarks.update(dict.fromkeys(str(one.message) for one in said if "Non closed ring" not in str(one.message)))
    return layers


def _features(path: Path, layer: Any, form: ImportForm, remarks: dict[str, None]) -> list[_Feature]:
    meta, _, wkb, values = layer
    columns = dict(zip(map(str, meta["fields"]), values, strict=True))
    _check_encoding(path, meta["encoding"], columns, form.encoding)
    count = max([0 if wkb is None else len(wkb), *map(len, values)])
    blobs = np.full(count, None) if wkb is None else wkb
    shapes = shapely.from_wkb(blobs, on_invalid="fix")
    unclosed = shapely.is_missing(shapely.from_wkb(blobs, on_invalid="ignore")) & ~shapely.is_missing(shapes)
    if np.nan_to_num(shapely.get_coordinates(shapes, include_z=True)[:, 2]).any():
        remarks["heights are left out: zones are flat"] = None
    shapes = _in_degrees(path, shapes, meta["crs"], form, remarks)
    named = _named(path, columns, form)
    rest = [name for name, column in columns.items() if name not in named.values() and any(map(_text, column))]
    if rest:
        remarks[f"columns left out: {', '.join(rest)}"] = None
    if "zone_id" not in named:
        remarks["no column gives an id: zones are numbered (see --id-from)"] = None
    rows = [{ours: _text(columns[theirs][n]) for ours, theirs in named.items()} for n in range(count)]
    return [
        _Feature(properties=_properties(row, form), shape=shape, unclosed=is_open)
        for row, shape, is_open in zip(rows, shapes, unclosed.tolist(), strict=True)
    ]


def _check_encoding(path: Path, read_as: str, columns: Mapping[str, NDArray[Any]], given: str | None) -> None:
    """Refuse to guess: read in the wrong encoding, Chinese becomes other letters without an error."""
    texts = [*columns, *(str(value) for column in columns.values() if column.dtype == object for value in column)]
    if given is None and read_as.upper() == _NAMES_NO_ENCODING and not all(map(str.isascii, texts)):
        remedy = "Give --encoding: Chinese files are mostly gbk, else utf-8"
        raise _bad(path, "encoding", "does not say how its texts are encoded", remedy)


def _in_degrees(
    path: Path, shapes: NDArray[np.object_], crs: str | None, form: ImportForm, remarks: dict[str, None]
) -> NDArray[np.object_]:
    """Shapes as lon, lat of the file's own coordinate system."""
    if crs is None:
        if form.datum is None:
            remedy = "Add the .prj that belongs to it, or state with --datum that it is in degrees, and which"
            raise _bad(path, "coordinate system", "is not stated", remedy)
        return shapes
    try:
        import pyproj  # noqa: PLC0415 - an optional extra
    except ImportError as error:
        raise _not_installed(path, error) from error
    try:
        system = pyproj.CRS(crs)
        geodetic = system.geodetic_crs
        if geodetic is None or geodetic.ellipsoid is None or geodetic.ellipsoid.semi_major_metre != _AXIS_M:
            raise _bad(path, "coordinate system", f"{system.name} cannot be taken to WGS 84", "Export it in CGCS2000")
        move = pyproj.Transformer.from_crs(system, geodetic, always_xy=True).transform
    except pyproj.exceptions.ProjError as error:
        raise _bad(path, "coordinate system", f"cannot be understood ({error})", "Export it in CGCS2000") from error
    remarks[f"coordinates are in {system.name}"] = None
    moved: NDArray[np.object_] = shapely.transform(shapes, lambda x_y: np.stack(move(*x_y.T), axis=-1))
    return moved


def _datum(path: Path, form: ImportForm) -> Datum:
    """What the degrees are in: as given, or as a GeoJSON collection states beside its features, as ours do."""
    stated = None
    if path.suffix.lower() in {".json", ".geojson"}:
        try:
            stated = json.loads(path.read_text(encoding="utf-8-sig")).get("datum")
            Datum(stated or Datum.WGS84)
        except (ValueError, AttributeError) as error:
            raise _bad(path, "datum", f"cannot be told ({error})", f"Known: {', '.join(Datum)}") from error
    datum = Datum(stated or form.datum or Datum.WGS84)
    if form.datum not in {None, datum}:
        fault = f"the file says {datum}, but --datum {form.datum}"
        raise _bad(path, "datum", fault, "Leave --datum out, or correct the file")
    return datum


def _named(path: Path, columns: Mapping[str, object], form: ImportForm) -> dict[str, str]:
    """The file's column for each of our properties it has."""
    known = {name.lower(): name for name in columns}
    found: dict[str, str] = {}
    for ours in ZONE_PROPERTIES:
        theirs = form.columns.get(ours)
        if theirs is not None and theirs not in columns:
            raise _bad(path, theirs, "there is no such column", f"There are: {', '.join(columns)}")
        theirs = theirs or known.get(ours) or known.get(ours[:_DBF_LETTERS])
        if theirs is not None:
            found[ours] = theirs
    return found


def _properties(row: Mapping[str, str], form: ImportForm) -> dict[str, object]:
    properties: dict[str, object] = {ours: text for ours, text in row.items() if text}
    word = row.get("kind") or form.kind
    if word:
        properties["kind"] = form.kinds.get(word, word)
    if row.get("schedule"):
        try:
            properties["schedule"] = json.loads(row["schedule"])
        except json.JSONDecodeError:
            pass  # the reader of zones says what it should be
    return properties


def _text(value: object) -> str:
    """A cell as text, whole numbers without a point; "" where it is empty."""
    if value is None or value != value or str(value) == "NaT":
        return ""
    return str(int(value) if isinstance(value, float | np.floating) and value.is_integer() else value).strip()


def _not_installed(path: Path, error: ImportError) -> BadInput:
    return _bad(path, "gis", f"{error.name} is not installed", "Run: pip install 'offsite-enforcement[gis]'")


def _bad(path: Path, what: str, fault: str, remedy: str) -> BadInput:
    return BadInput(path=str(path), field=what, fault=fault, remedy=remedy)
