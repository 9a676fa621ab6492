"""Zones and permits as GeoJSON text, both ways. The only place where longitude comes before latitude.

Source: RFC 7946. One walk over the text builds zones and permits and collects every fault; `parse_` raises the first,
`parse_features` answers them all. A collection may state a `datum` beside its features; outlines come out in WGS 84.
"""

from __future__ import annotations

import dataclasses
import difflib
import gc
import json
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import shapely

from geofences.datum import Datum, shape_to_wgs84
from geofences.errors import InvalidGeometry, ZoneFileError
from geofences.feature_reader import (
    Fault,
    read_height,
    read_kind,
    read_moment_s,
    read_note,
    read_schedule,
    read_text,
    write_moment,
    write_schedule,
)
from geofences.outline_reader import build_outlines, read_outline
from geofences.zone import Permit, Standardised, Zone, standardise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from geofences.zone import Outline

_Item = TypeVar("_Item", Zone, Permit)


@dataclass(frozen=True, slots=True)
class _Form:
    """How a property is read and written."""

    read: Callable[[object], object]
    write: Callable[[Any], object] = str


@dataclass(frozen=True)
class _Layer(Generic[_Item]):
    """A kind of feature: its properties by name, the id first; those the type has a default for may be absent."""

    kind: type[_Item]
    forms: dict[str, _Form]

    @property
    def id_name(self) -> str:
        return next(iter(self.forms))

    @cached_property
    def needed(self) -> frozenset[str]:
        """The attributes that have no default."""
        return frozenset(one.name for one in dataclasses.fields(self.kind) if one.default is dataclasses.MISSING)


_TEXT, _NOTE, _MOMENT = _Form(read_text), _Form(read_note), _Form(read_moment_s, write_moment)
_ZONES = _Layer(
    Zone,
    {
        "zone_id": _TEXT,
        "name": _TEXT,
        "kind": _Form(read_kind),
        "schedule": _Form(read_schedule, write_schedule),
        "valid_from": _MOMENT,
        "valid_until": _MOMENT,
        "source": _NOTE,
        "owner": _NOTE,
        "height_m": _Form(read_height, float),
    },
)
_PERMITS = _Layer(
    Permit,
    {
        "permit_id": _TEXT,
        "number": _TEXT,
        "allows": _TEXT,
        "valid_from": _MOMENT,
        "valid_until": _MOMENT,
        "holder": _TEXT,
        "source": _NOTE,
        "text": _NOTE,
    },
)


ZONE_PROPERTIES = tuple(_ZONES.forms)


def parse_zones(text: str, *, path: str) -> tuple[Zone, ...]:
    """Zones of a GeoJSON FeatureCollection.

    Args:
        text: the file's content.
        path: the file's name, for the error.

    Raises:
        ZoneFileError: the first fault found.
    """
    return _parse(text, path, _ZONES)


def parse_permits(text: str, *, path: str) -> tuple[Permit, ...]:
    """Permits of a GeoJSON FeatureCollection; as `parse_zones`.

    Raises:
        ZoneFileError: the first fault found.
    """
    return _parse(text, path, _PERMITS)


def parse_features(text: str, *, path: str) -> tuple[tuple[Zone | Permit | None, list[ZoneFileError]], ...]:
    """Of each feature the zone or permit (one with a `permit_id`), or else its faults; or the file's fault alone."""
    with _no_collector():
        return tuple((None if faults else item, faults) for item, faults in _walk(text, path, None))


def dump_zones(zones: Iterable[Zone]) -> str:
    """Zones as a GeoJSON FeatureCollection; `parse_zones` gives the same zones back (times to the microsecond)."""
    return _dump(zones, _ZONES)


def dump_permits(permits: Iterable[Permit]) -> str:
    """Permits as a GeoJSON FeatureCollection; `parse_permits` gives the same back (times to the microsecond)."""
    return _dump(permits, _PERMITS)


@cache
def _attribute(name: str) -> str:
    return f"{name}_s" if name.startswith("valid_") else name


def _parse(text: str, path: str, layer: _Layer[_Item]) -> tuple[_Item, ...]:
    items: list[_Item] = []
    with _no_collector():
        for item, faults in _walk(text, path, layer):
            if faults:
                raise faults[0]
            items += [item] if isinstance(item, layer.kind) else []
    return tuple(items)


@contextmanager
def _no_collector() -> Iterator[None]:
    """Python's search for reference cycles paused: JSON holds none, and over millions of lists it is half the time."""
    paused = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if paused:
            gc.enable()


def _walk(
    text: str, path: str, layer: _Layer[Any] | None
) -> Iterator[tuple[Zone | Permit | None, list[ZoneFileError]]]:
    """Each feature's item or its faults, in file order; without a layer each feature chooses its own."""
    try:
        features, datum = _features(text, path)
    except ZoneFileError as error:
        yield None, [error]
        return
    seen: dict[tuple[str, object], int] = {}
    members_of = [feature if isinstance(feature, dict) else {} for feature in features]
    outlines = _outlines([members.get("geometry") for members in members_of], datum)
    for index, (members, outline) in enumerate(zip(members_of, outlines, strict=True)):
        properties = members.get("properties")
        properties = properties if isinstance(properties, dict) else {}
        of = layer or (_PERMITS if "permit_id" in properties else _ZONES)
        name = properties.get(of.id_name)
        label = str(index) if name is None else f"{index} ({name!r})"
        notes = _Notes(path, label)
        item = _read(of, members, properties, notes, datum, outline)
        first = seen.setdefault((of.id_name, name), index) if isinstance(name, str) else index
        if first != index:
            notes.add(of.id_name, Fault(f"{name!r} is also the id of feature {first}", "Give each its own id."))
        yield item, notes.faults


class _Notes:
    """The faults of one feature."""

    def __init__(self, path: str, label: str) -> None:
        self.faults: list[ZoneFileError] = []
        self._path = path
        self._label = label

    def add(self, field: str, fault: Fault) -> None:
        error = ZoneFileError(path=self._path, feature=self._label, field=field, fault=fault.fault, remedy=fault.remedy)
        self.faults.append(error)

    def read(self, field: str, reader: Callable[[object], object], value: object) -> object:
        try:
            return reader(value)
        except Fault as fault:
            self.add(field, fault)
            return None


def _read(
    layer: _Layer[_Item],
    members: dict[str, object],
    properties: dict[str, object],
    notes: _Notes,
    datum: Datum,
    outline: Standardised | None,
) -> _Item | None:
    """Build one item; what is wrong is noted, all of it, and the answer is then None."""
    if members.get("type") != "Feature":
        remedy = 'Write {"type": "Feature", "properties": ..., "geometry": ...}.'
        notes.add("feature", Fault("is no GeoJSON Feature", remedy))
        return None
    for name in (name for name in properties if name not in layer.forms):
        near = _near(name, tuple(layer.forms))
        if near:
            notes.add(name, Fault("unknown property", f"Did you mean {near[0]!r}?"))
    values: dict[str, Any] = {}
    for name, form in layer.forms.items():
        if properties.get(name) is not None:
            values[_attribute(name)] = notes.read(name, form.read, properties[name])
        elif _attribute(name) in layer.needed:
            notes.add(name, Fault("is missing", f"Add the property {name!r}."))
    from_s, until_s = values.get("valid_from_s"), values.get("valid_until_s")
    if from_s is not None and until_s is not None and until_s <= from_s:
        notes.add("valid_until", Fault("is not after valid_from", "Correct one of the two."))
    values["outline"] = outline or notes.read("geometry", lambda value: _outline(value, datum), members.get("geometry"))
    try:
        return None if notes.faults else layer.kind(**values)
    except InvalidGeometry as error:
        notes.add("feature", Fault(str(error), "Correct it."))
        return None


@lru_cache(maxsize=1024)
def _near(name: str, known: tuple[str, ...]) -> list[str]:
    return difflib.get_close_matches(name, known, n=1, cutoff=0.8)


def _outlines(geometries: list[object], datum: Datum) -> list[Standardised | None]:
    """Outlines in WGS 84, all at once; None for one that has to be read by itself, which says what is wrong with it."""
    built = build_outlines(geometries)
    if datum is not Datum.WGS84:
        built = shape_to_wgs84(built, datum)
    return standardise(built)


def _outline(geometry: object, datum: Datum) -> Outline:
    """The outline in WGS 84."""
    outline = read_outline(geometry)
    return outline if datum is Datum.WGS84 else shape_to_wgs84(outline, datum)


def _features(text: str, path: str) -> tuple[list[object], Datum]:
    """The features of a collection and the datum it states."""

    def whole(field: str, fault: str, remedy: str) -> ZoneFileError:
        return ZoneFileError(path=path, feature=None, field=field, fault=fault, remedy=remedy)

    try:
        # Whole numbers are read as float too, so that no coordinate, however long, can overflow.
        collection = json.loads(text.removeprefix("\ufeff"), parse_int=float)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise whole(place, f"not JSON: {error.msg}", "Correct it, or export the file again.") from error
    except RecursionError as error:
        raise whole("file", "nested too deeply", "Export the file again.") from error
    if not isinstance(collection, dict) or collection.get("type") != "FeatureCollection":
        raise whole("type", "not a GeoJSON FeatureCollection", "Wrap the features in one.")
    features = collection.get("features")
    if not isinstance(features, list):
        raise whole("features", "is not a list", "Put the features in a list, even if it is empty.")
    stated = collection.get("datum", Datum.WGS84.value)
    try:
        return features, Datum(stated)
    except ValueError as error:
        raise whole("datum", f"unknown datum {stated!r}", f"Known: {', '.join(Datum)}.") from error


def _dump(items: Iterable[_Item], layer: _Layer[_Item]) -> str:
    """Write features, one a line; properties that are None or empty are left out."""
    features = []
    for item in items:
        values = {name: getattr(item, _attribute(name)) for name in layer.forms}
        features.append(
            {
                "type": "Feature",
                "properties": {
                    name: layer.forms[name].write(value) for name, value in values.items() if value not in (None, "")
                },
                "geometry": shapely.geometry.mapping(item.outline),
            }
        )
    lines = ",\n".join(json.dumps(feature, ensure_ascii=False) for feature in features)
    return f'{{"type": "FeatureCollection", "features": [\n{lines}\n]}}\n'
