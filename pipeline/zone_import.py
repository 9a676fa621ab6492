"""Zones out of other programs' files: each feature becomes a zone, repaired where it must be, or a named refusal.

Geometry is repaired and columns get our names here; the reader of zone files judges the rest and converts the datum, as
it does for every file.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from shapely.geometry import mapping

from geofences.datum import Datum
from geofences.feature_reader import Fault
from geofences.geojson import ZONE_PROPERTIES, parse_features
from geofences.outline_repair import repair_outline
from geofences.zone import Zone
from pipeline.errors import BadInput
from pipeline.gis_file import read_layers

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from shapely.geometry.base import BaseGeometry

    from pipeline.gis_file import GisLayer

# Column names of a Shapefile are cut to this.
_DBF_LETTERS = 10


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


@dataclass(slots=True, kw_only=True)
class _Feature:
    """One on its way: what was done to it so far, and why it is refused, or ""."""

    name: str
    properties: dict[str, object]
    geometry: object = None
    repairs: tuple[str, ...] = ()
    refusal: str = ""


def import_zones(path: Path, form: ImportForm) -> ImportedZones:
    """Read a file of zones, all its layers.

    Raises:
        BadInput: the file as a whole is unusable, a column is not there, or the extra `gis` is not installed.
    """
    layers = read_layers(path, encoding=form.encoding, in_degrees=form.datum is not None)
    _check_columns(path, layers, form)
    datum = _datum(path, form)
    remarks = [f"degrees are taken for {datum}"]
    features: list[_Feature] = []
    for layer in layers:
        named = _named(layer, form)
        remarks += [*layer.remarks, *_left_out(layer, named)]
        features += _features(path, layer, named, form, first=len(features) + 1)
    zones = _judge(path, datum, features)
    notes = tuple(
        ImportNote(feature=number, name=one.name, refused=bool(one.refusal), what=one.refusal or "; ".join(one.repairs))
        for number, one in enumerate(features, 1)
        if one.refusal or one.repairs
    )
    return ImportedZones(zones=zones, notes=notes, remarks=tuple(dict.fromkeys(remarks)), count=len(features))


def _judge(path: Path, datum: Datum, features: list[_Feature]) -> tuple[Zone, ...]:
    """The zones among them, by the reader of zone files; what it says of the others is their refusal."""
    sound = [feature for feature in features if not feature.refusal]
    members = [{"type": "Feature", "properties": one.properties, "geometry": one.geometry} for one in sound]
    text = json.dumps({"type": "FeatureCollection", "datum": datum, "features": members})
    zones: list[Zone] = []
    for feature, (item, faults) in zip(sound, parse_features(text, path=str(path)), strict=True):
        zones += [item] if isinstance(item, Zone) else []
        feature.refusal = "; ".join(f"{fault.field}: {fault.fault}. {fault.remedy}" for fault in faults)
    return tuple(zones)


def _features(
    path: Path, layer: GisLayer, named: Mapping[str, str], form: ImportForm, *, first: int
) -> Iterable[_Feature]:
    for row, (shape, was_open) in enumerate(zip(layer.shapes, layer.was_open.tolist(), strict=True)):
        cells = {ours: text for ours, theirs in named.items() if (text := _text(layer.columns[theirs][row]))}
        made = {} if "zone_id" in named else {"zone_id": f"{path.stem}-{first + row}"}
        made |= {} if "name" in named else {"name": cells.get("zone_id", made.get("zone_id", ""))}
        feature = _Feature(name=cells.get("name", ""), properties=made | _properties(cells, form))
        _repair(feature, shape, was_open=was_open, is_wound=path.suffix.lower() != ".shp")
        yield feature


def _repair(feature: _Feature, shape: BaseGeometry | None, *, was_open: bool, is_wound: bool) -> None:
    try:
        # A Shapefile's own form winds outer rings clockwise.
        repaired = repair_outline(shape, is_wound=is_wound)
    except Fault as fault:
        feature.refusal = f"{fault.fault}. {fault.remedy}"
        return
    feature.geometry = mapping(repaired.outline)
    feature.repairs = ("a ring was not closed: closed",) * was_open + repaired.repairs


def _datum(path: Path, form: ImportForm) -> Datum:
    """What the degrees are in: as given, or as a GeoJSON collection states beside its features, as ours do."""
    datum = form.datum or Datum.WGS84
    if path.suffix.lower() in {".json", ".geojson"}:
        try:
            datum = Datum(json.loads(path.read_text(encoding="utf-8-sig")).get("datum", datum))
        except (ValueError, AttributeError) as error:
            raise _bad(path, "datum", f"cannot be read ({error})", f"Known: {', '.join(Datum)}") from error
    if form.datum not in {None, datum}:
        fault = f"the file says {datum}, --datum says {form.datum}"
        raise _bad(path, "datum", fault, "Leave --datum out, or correct the file")
    return datum


def _check_columns(path: Path, layers: Iterable[GisLayer], form: ImportForm) -> None:
    known = dict.fromkeys(name for layer in layers for name in layer.columns)
    for theirs in form.columns.values():
        if theirs not in known:
            raise _bad(path, theirs, "there is no such column", f"There are: {', '.join(known)}")


def _named(layer: GisLayer, form: ImportForm) -> dict[str, str]:
    """The layer's column for each of our properties it has."""
    known = {name.lower(): name for name in layer.columns}
    found = {
        ours: form.columns.get(ours) or known.get(ours) or known.get(ours[:_DBF_LETTERS], "")
        for ours in ZONE_PROPERTIES
    }
    return {ours: theirs for ours, theirs in found.items() if theirs in layer.columns}


def _left_out(layer: GisLayer, named: Mapping[str, str]) -> list[str]:
    """Columns that say something and are not taken, and that zones are numbered where there is no id."""
    rest = [name for name, cells in layer.columns.items() if name not in named.values() and any(map(_text, cells))]
    said = [f"columns left out: {', '.join(rest)}"] if rest else []
    return said if "zone_id" in named else [*said, "no column of ids: zones are numbered (--id-from names one)"]


def _properties(cells: Mapping[str, str], form: ImportForm) -> dict[str, object]:
    """In the form of a zone file; what is no schedule stays a text, for the reader to refuse."""
    properties: dict[str, object] = dict(cells)
    word = cells.get("kind", form.kind)
    if word:
        properties["kind"] = form.kinds.get(word, word)
    with suppress(KeyError, json.JSONDecodeError):
        properties["schedule"] = json.loads(cells["schedule"])
    return properties


def _text(cell: object) -> str:
    """A cell as text, whole numbers without a point; "" where it is empty."""
    if isinstance(cell, float | np.floating):
        return "" if np.isnan(cell) else f"{cell:.0f}" if cell.is_integer() else str(cell)
    return "" if cell is None else str(cell).strip()


def _bad(path: Path, what: str, fault: str, remedy: str) -> BadInput:
    return BadInput(path=str(path), field=what, fault=fault, remedy=remedy)
