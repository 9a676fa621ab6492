"""Zones and permits as GeoJSON text, both ways. The only place where longitude comes before latitude.

Source: RFC 7946. One walk over the text builds zones and permits and collects every fault; `parse_` raises the first,
`find_faults` answers them all.
"""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, TypeVar

import shapely

from geofences.errors import InvalidGeometry, ZoneFileError
from geofences.feature_reader import WEEKDAYS, FeatureReader
from geofences.outline_reader import read_outline
from geofences.zone import Permit, Schedule, Zone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from geofences.zone import Outline

_ZONE_PROPERTIES = ("zone_id", "name", "kind", "schedule", "valid_from", "valid_until", "source", "owner")
_PERMIT_PROPERTIES = ("permit_id", "number", "allows", "valid_from", "valid_until", "holder", "source")

_Item = TypeVar("_Item")


def parse_zones(text: str, *, path: str) -> tuple[Zone, ...]:
    """Zones of a GeoJSON FeatureCollection.

    Args:
        text: the file's content.
        path: the file's name, for the error.

    Raises:
        ZoneFileError: the first fault found.
    """
    return _first_fault_raised(*_walk(text, path, _zone, "zone_id"))


def parse_permits(text: str, *, path: str) -> tuple[Permit, ...]:
    """Permits of a GeoJSON FeatureCollection.

    Args:
        text: the file's content.
        path: the file's name, for the error.

    Raises:
        ZoneFileError: the first fault found.
    """
    return _first_fault_raised(*_walk(text, path, _permit, "permit_id"))


def find_faults(text: str, *, path: str) -> tuple[ZoneFileError, ...]:
    """Every fault of a zone or permit file; a feature with a `permit_id` is taken for a permit, others for zones.

    Args:
        text: the file's content.
        path: the file's name, for the errors.
    """

    def either(reader: FeatureReader, geometry: object) -> Zone | Permit | None:
        return (_permit if "permit_id" in reader.properties else _zone)(reader, geometry)

    return tuple(_walk(text, path, either, "zone_id", "permit_id")[1])


def dump_zones(zones: Iterable[Zone]) -> str:
    """Zones as a GeoJSON FeatureCollection; `parse_zones` gives the same zones back (times to the microsecond)."""
    return _dump(
        (
            {
                "zone_id": zone.zone_id,
                "name": zone.name,
                "kind": zone.kind.value,
                "schedule": zone.schedule and _schedule_members(zone.schedule),
                "valid_from": _iso(zone.valid_from_s),
                "valid_until": _iso(zone.valid_until_s),
                "source": zone.source,
                "owner": zone.owner,
            },
            zone.outline,
        )
        for zone in zones
    )


def dump_permits(permits: Iterable[Permit]) -> str:
    """Permits as a GeoJSON FeatureCollection; `parse_permits` gives the same back (times to the microsecond)."""
    return _dump(
        (
            {
                "permit_id": permit.permit_id,
                "number": permit.number,
                "allows": permit.allows,
                "valid_from": _iso(permit.valid_from_s),
                "valid_until": _iso(permit.valid_until_s),
                "holder": permit.holder,
                "source": permit.source,
            },
            permit.outline,
        )
        for permit in permits
    )


def _first_fault_raised(items: list[_Item], faults: list[ZoneFileError]) -> tuple[_Item, ...]:
    if faults:
        raise faults[0]
    return tuple(items)


def _walk(
    text: str, path: str, build: Callable[[FeatureReader, object], _Item | None], *id_fields: str
) -> tuple[list[_Item], list[ZoneFileError]]:
    """Build every feature, collecting items and faults in file order."""
    try:
        features = _features(text, path)
    except ZoneFileError as error:
        return [], [error]
    items: list[_Item] = []
    faults: list[ZoneFileError] = []
    seen: dict[tuple[str, object], int] = {}
    for index, feature in enumerate(features):
        members = feature if isinstance(feature, dict) else {}
        reader = _reader(path, index, members, id_fields)
        try:
            item = None if reader.faults else build(reader, members.get("geometry"))
            items += [] if item is None else [item]
        except InvalidGeometry as error:
            reader.fault("feature", str(error), "Correct it.")
        for field in id_fields:
            _refuse_seen(reader, field, index, seen)
        faults += reader.faults
    return items, faults


def _reader(path: str, index: int, members: dict[str, object], id_fields: Sequence[str]) -> FeatureReader:
    properties = members.get("properties")
    properties = properties if isinstance(properties, dict) else {}
    name = next((properties[field] for field in id_fields if field in properties), None)
    label = str(index) if name is None else f"{index} ({name!r})"
    reader = FeatureReader(path=path, label=label, properties=properties)
    if members.get("type") != "Feature":
        reader.fault(
            "feature", "is no GeoJSON Feature", 'Write {"type": "Feature", "properties": ..., "geometry": ...}.'
        )
    return reader


def _features(text: str, path: str) -> list[object]:
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
    return features


def _refuse_seen(reader: FeatureReader, field: str, index: int, seen: dict[tuple[str, object], int]) -> None:
    name = reader.properties.get(field)
    if not isinstance(name, str):
        return
    first = seen.setdefault((field, name), index)
    if first != index:
        reader.fault(field, f"{name!r} is also the id of feature {first}", "Give each its own id.")


def _zone(reader: FeatureReader, geometry: object) -> Zone | None:
    reader.check_names(_ZONE_PROPERTIES)
    zone_id, name, kind = reader.text("zone_id"), reader.text("name"), reader.kind()
    schedule, (from_s, until_s) = reader.schedule(), reader.span_s(required=False)
    source, owner = reader.optional_text("source"), reader.optional_text("owner")
    outline = read_outline(reader, geometry)
    if reader.faults or zone_id is None or name is None or kind is None or outline is None:
        return None
    return Zone(
        zone_id=zone_id,
        name=name,
        kind=kind,
        outline=outline,
        schedule=schedule,
        valid_from_s=from_s,
        valid_until_s=until_s,
        source=source,
        owner=owner,
    )


def _permit(reader: FeatureReader, geometry: object) -> Permit | None:
    reader.check_names(_PERMIT_PROPERTIES)
    permit_id, number, allows = reader.text("permit_id"), reader.text("number"), reader.text("allows")
    holder, source = reader.text("holder"), reader.optional_text("source")
    from_s, until_s = reader.span_s(required=True)
    outline = read_outline(reader, geometry)
    if permit_id is None or number is None or allows is None or holder is None:
        return None
    if reader.faults or outline is None or from_s is None or until_s is None:
        return None
    return Permit(
        permit_id=permit_id,
        number=number,
        allows=allows,
        outline=outline,
        valid_from_s=from_s,
        valid_until_s=until_s,
        holder=holder,
        source=source,
    )


def _dump(features: Iterable[tuple[dict[str, object], Outline]]) -> str:
    """Write features; properties that are None or empty are left out."""
    return json.dumps(
        {
            "type": "FeatureCollection",
            "features": [
                {
                    "type": "Feature",
                    "properties": {name: value for name, value in properties.items() if value},
                    "geometry": shapely.geometry.mapping(outline),
                }
                for properties, outline in features
            ],
        },
        ensure_ascii=False,
        indent=2,
    )


def _schedule_members(schedule: Schedule) -> dict[str, object]:
    return {
        "timezone": schedule.timezone,
        "windows": [
            {
                "days": [WEEKDAYS[day] for day in sorted(window.weekdays)],
                "from": f"{window.from_time:%H:%M}",
                "until": f"{window.until_time:%H:%M}",
            }
            for window in schedule.windows
        ],
    }


def _iso(at_s: float | None) -> str | None:
    return None if at_s is None else dt.datetime.fromtimestamp(at_s, dt.UTC).isoformat()
