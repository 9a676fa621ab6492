"""Zones out of other programs' files: each feature becomes a zone, repaired where it must be, or a named refusal.

Geometry is repaired and columns get our names here; the reader of zone files judges the rest and converts the datum, as
it does for every file.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shapely.geometry import mapping

from geofences.datum import Datum
from geofences.feature_reader import Fault
from geofences.geojson import ZONE_PROPERTIES, parse_features
from geofences.outline_repair import repair_outline
from geofences.zone import Zone
from pipeline.gis_file import bad_file, read_rows

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pipeline.gis_file import GisRow

# Column names of a Shapefile are cut to this.
_DBF_LETTERS = 10


@dataclass(slots=True, kw_only=True)
class ImportedFeature:
    """What became of a feature of the file.

    Attributes:
        name: as the file has it, or "".
        repairs: what was done to it.
        refusals: why it is no zone; empty if it is one.
    """

    name: str
    repairs: tuple[str, ...] = ()
    refusals: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedZones:
    """What a file held.

    Attributes:
        zones: in WGS 84.
        features: every feature of the file, in its order.
        remarks: what holds for the whole file.
    """

    zones: tuple[Zone, ...]
    features: tuple[ImportedFeature, ...]
    remarks: tuple[str, ...]


def import_zones(
    path: Path,
    *,
    datum: Datum | None = None,
    encoding: str | None = None,
    columns: Mapping[str, str | None],
    kinds: Mapping[str, str],
) -> ImportedZones:
    """Read a file of zones, all its layers.

    Args:
        path: the file.
        datum: what its degrees are in; None is WGS 84, if the file states a coordinate system at all.
        encoding: of its texts; None is what the file says.
        columns: the file's column for each of our properties that it names differently.
        kinds: our zone kind for each of the file's words; that of "" is for features without one.

    Raises:
        BadInput: the file as a whole is unusable, a column is not there, or the extra `gis` is not installed.
    """
    rows, remarks = read_rows(path, encoding=encoding, in_degrees=datum is not None)
    datum = _datum(path, datum)
    named, rest = _named(path, {name for row in rows for name in row.cells}, columns)
    made = [_feature(path, row, number, named, kinds) for number, row in enumerate(rows, 1)]
    features = tuple(feature for feature, _ in made)
    text = json.dumps({"type": "FeatureCollection", "datum": datum, "features": [member for _, member in made]})
    zones: list[Zone] = []
    for feature, (item, faults) in zip(features, parse_features(text, path=str(path)), strict=True):
        zones += [item] if isinstance(item, Zone) else []
        told = [one for one in faults if one.field != "geometry" or not feature.refusals]
        feature.refusals += tuple(f"{one.field}: {one.fault}. {one.remedy}" for one in told)
    remarks = [*dict.fromkeys(remarks), f"degrees are taken for {datum}"]
    remarks += [f"columns left out: {', '.join(rest)}"] if rest else []
    remarks += [] if "zone_id" in named else ["no column of ids: zones are numbered (--id-from names one)"]
    return ImportedZones(zones=tuple(zones), features=features, remarks=tuple(remarks))


def _named(path: Path, known: set[str], columns: Mapping[str, str | None]) -> tuple[dict[str, str], list[str]]:
    """The file's column for each of our properties it has, and its other columns."""
    lower = {name.lower(): name for name in sorted(known)}
    named: dict[str, str] = {}
    for ours in ZONE_PROPERTIES:
        theirs = columns.get(ours) or lower.get(ours) or lower.get(ours[:_DBF_LETTERS])
        if theirs and theirs not in known:
            fault = f"there is no column {theirs} that says anything"
            raise bad_file(path, ours, fault, f"There are: {', '.join(sorted(known))}")
        named |= {ours: theirs} if theirs else {}
    return named, sorted(known.difference(named.values()))


def _feature(
    path: Path, row: GisRow, number: int, named: Mapping[str, str], kinds: Mapping[str, str]
) -> tuple[ImportedFeature, dict[str, object]]:
    """What was done to a feature, and what it is in a zone file; without a geometry where that is refused."""
    cells = {ours: row.cells[theirs] for ours, theirs in named.items() if theirs in row.cells}
    default = {} if "zone_id" in named else {"zone_id": f"{path.stem}-{number}"}
    default |= {} if "name" in named else {"name": cells.get("zone_id") or default.get("zone_id", "")}
    properties: dict[str, object] = {**default, **cells}
    word = cells.get("kind", "")
    properties["kind"] = kinds.get(word, word) or None
    with suppress(KeyError, json.JSONDecodeError):  # what is no JSON stays a text, for the reader to refuse
        properties["schedule"] = json.loads(cells["schedule"])
    feature = ImportedFeature(name=cells.get("name", ""))
    geometry = None
    try:
        # A Shapefile's own form winds outer rings clockwise.
        repaired = repair_outline(row.shape, is_wound=path.suffix.lower() != ".shp")
    except Fault as fault:
        feature.refusals = (f"{fault.fault}. {fault.remedy}",)
    else:
        feature.repairs = ("a ring was not closed",) * row.was_open + repaired.repairs
        geometry = mapping(repaired.outline)
    return feature, {"type": "Feature", "properties": properties, "geometry": geometry}


def _datum(path: Path, given: Datum | None) -> Datum:
    """What the degrees are in: as given, or as a GeoJSON collection states beside its features, as ours do."""
    stated = given or Datum.WGS84
    if path.suffix.lower() in {".json", ".geojson"}:
        stated = json.loads(path.read_text(encoding="utf-8-sig")).get("datum", stated)
    if stated not in set(Datum) or given not in {None, stated}:
        fault = f"the file says {stated}" + (f", --datum says {given}" if given else "")
        raise bad_file(path, "datum", fault, f"Correct the one that is wrong; known: {', '.join(Datum)}")
    return Datum(stated)
