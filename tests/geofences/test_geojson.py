"""Zone and permit files: exact round trips, and every fault named with its feature, field and remedy."""

from __future__ import annotations

import copy
import datetime as dt
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import MultiPolygon, Polygon, box

from geofences.datum import Datum, shape_from_wgs84
from geofences.errors import ZoneFileError
from geofences.geojson import dump_permits, dump_zones, parse_features, parse_permits, parse_zones
from geofences.zone import Permit, Schedule, Window, Zone, ZoneKind

_RING = [[120.13, 30.31], [120.14, 30.31], [120.14, 30.32], [120.13, 30.31]]
_ZONE: dict[str, Any] = {
    "type": "Feature",
    "properties": {
        "zone_id": "ramp-7",
        "name": "拱宸桥匝道",
        "kind": "road",
        "schedule": {"timezone": "Asia/Shanghai", "windows": [{"days": ["mon"], "from": "18:00", "until": "24:00"}]},
        "valid_from": "2026-01-01T00:00:00+08:00",
        "valid_until": "2027-01-01T00:00:00+08:00",
    },
    "geometry": {"type": "Polygon", "coordinates": [_RING]},
}
_PERMIT: dict[str, Any] = {
    "type": "Feature",
    "properties": {
        "permit_id": "p-1",
        "number": "拱占〔2026〕1号",
        "allows": "traffic_cone",
        "valid_from": "2026-01-01T00:00:00+08:00",
        "valid_until": "2026-02-01T00:00:00Z",
        "holder": "某市政公司",
    },
    "geometry": {"type": "MultiPolygon", "coordinates": [[[[*p, 6.0] for p in _RING]]]},
}


def _file(*features: object) -> str:
    return json.dumps({"type": "FeatureCollection", "features": features})


def _with(feature: dict[str, Any], **changes: object) -> dict[str, Any]:
    """A copy with properties changed, or taken away where None; `geometry` and `coordinates` replace those."""
    changed = copy.deepcopy(feature)
    if "geometry" in changes:
        changed["geometry"] = changes.pop("geometry")
    if "coordinates" in changes:
        changed["geometry"] = {"type": "Polygon", "coordinates": changes.pop("coordinates")}
    changed["properties"].update(changes)
    changed["properties"] = {name: value for name, value in changed["properties"].items() if value is not None}
    return changed


def _schedule(**changes: object) -> dict[str, object]:
    schedule: dict[str, Any] = copy.deepcopy(_ZONE["properties"]["schedule"])
    schedule.update({name: value for name, value in changes.items() if name in {"timezone", "windows"}})
    if "windows" not in changes:
        schedule["windows"][0].update({n.rstrip("_"): v for n, v in changes.items() if n != "timezone"})
    return schedule


def find_faults(text: str, *, path: str) -> tuple[ZoneFileError, ...]:
    """Every fault of a file."""
    return tuple(fault for _, faults in parse_features(text, path=path) for fault in faults)


def test_a_zone_is_read() -> None:
    """Every property arrives: a Monday evening until midnight, and a year's validity."""
    (zone,) = parse_zones(_file(_ZONE), path="zones.geojson")
    assert (zone.zone_id, zone.name, zone.kind) == ("ramp-7", "拱宸桥匝道", ZoneKind.ROAD)
    assert zone.in_force(dt.datetime.fromisoformat("2026-01-05T23:59:59+08:00").timestamp())
    assert not zone.in_force(dt.datetime.fromisoformat("2026-01-06T00:00:00+08:00").timestamp())
    assert zone.valid_until_s == dt.datetime(2026, 12, 31, 16, tzinfo=dt.UTC).timestamp()


def test_a_permit_is_read() -> None:
    """A multipolygon with heights becomes a flat outline."""
    (permit,) = parse_permits(_file(_PERMIT), path="permits.geojson")
    assert (permit.permit_id, permit.allows, permit.holder) == ("p-1", "traffic_cone", "某市政公司")
    assert isinstance(permit.outline, MultiPolygon)
    assert not permit.outline.has_z


def test_an_empty_collection_and_a_byte_order_mark_are_fine() -> None:
    """Nothing to enforce is a valid file, also as Windows editors save it."""
    assert parse_zones("\ufeff" + _file(), path="x") == ()


def _ring_with(*positions: object) -> list[object]:
    return [[*_RING[:1], *positions, *_RING[-1:]]]


_HERE = "0 ('ramp-7')"
_FAULTS: dict[str, tuple[str, str | None, str, str, str]] = {
    "not JSON": ('{"type": }', None, "line 1, column 10", "not JSON", "export"),
    "nested too deeply": ("[" * 100_000, None, "file", "nested", "Export"),
    "not a collection": (json.dumps(_ZONE), None, "type", "FeatureCollection", "Wrap"),
    "features no list": ('{"type": "FeatureCollection"}', None, "features", "not a list", "list"),
    "no feature": (_file(7), "0", "feature", "no GeoJSON Feature", "geometry"),
    "missing id": (_file(_ZONE, _with(_ZONE, zone_id=None)), "1", "zone_id", "missing", "'zone_id'"),
    "missing name": (_file(_with(_ZONE, name=None)), _HERE, "name", "missing", "'name'"),
    "blank name": (_file(_with(_ZONE, name=" ")), _HERE, "name", "' '", "blank"),
    "a number for a name": (_file(_with(_ZONE, name=7)), _HERE, "name", "7", "text"),
    "a list for an owner": (_file(_with(_ZONE, owner=[1])), _HERE, "owner", "1", "text"),
    "unknown kind": (_file(_with(_ZONE, kind="raod")), _HERE, "kind", "'raod'", "road, construction_site"),
    "misspelt": (_file(_with(_ZONE, valid_untill="x")), _HERE, "valid_untill", "unknown", "'valid_until'"),
    "duplicate": (_file(_ZONE, _PERMIT, _ZONE), "2 ('ramp-7')", "zone_id", "feature 0", "own id"),
    "no offset": (
        _file(_with(_ZONE, valid_from="2026-01-01T00:00")), _HERE, "valid_from", "no offset", "+08:00",
    ),
    "no date": (_file(_with(_ZONE, valid_from="1.1.2026")), _HERE, "valid_from", "ISO 8601", "2026-01-31T"),
    "backwards": (
        _file(_with(_ZONE, valid_until="2025-12-31T23:00Z", valid_from="2026-01-01T08:00+08:00")),
        _HERE, "valid_until", "not after", "one of the two",
    ),
    "before the calendar": (
        _file(_with(_ZONE, valid_from="0001-01-01T00:00+08:00")), _HERE, "feature", "years 1 and 9999", "Correct",
    ),
    "permit without holder": (_file(_with(_PERMIT, holder=None)), "0 ('p-1')", "holder", "missing", "'holder'"),
    "permit without end": (_file(_with(_PERMIT, valid_until=None)), "0 ('p-1')", "valid_until", "missing", "Add"),
    "unknown time zone": (
        _file(_with(_ZONE, schedule=_schedule(timezone="Asia/Hangzhou"))), _HERE, "schedule", "Hangzhou", "Asia/",
    ),
    "unknown day": (_file(_with(_ZONE, schedule=_schedule(days=["Mo"]))), _HERE, "schedule", "Mo", "mon"),
    "no such time": (
        _file(_with(_ZONE, schedule=_schedule(from_="25:00"))), _HERE, "schedule", "25:00", "18:00",
    ),
    "no windows": (_file(_with(_ZONE, schedule=_schedule(windows=[]))), _HERE, "schedule", "at least", "windows"),
    "windows no list": (_file(_with(_ZONE, schedule=_schedule(windows=3))), _HERE, "schedule", "list", "windows"),
    "window no object": (_file(_with(_ZONE, schedule=_schedule(windows=[3]))), _HERE, "schedule", "object", "days"),
    "window without until": (
        _file(_with(_ZONE, schedule=_schedule(windows=[{"days": ["mon"], "from": "18:00"}]))),
        _HERE, "schedule", "lacks 'until'", "until",
    ),
    "schedule no object": (_file(_with(_ZONE, schedule="nights")), _HERE, "schedule", "object", "timezone"),
    "no geometry": (_file(_with(_ZONE, geometry=None)), _HERE, "geometry", "missing", "Polygon"),
    "a point": (
        _file(_with(_ZONE, geometry={"type": "Point", "coordinates": [120, 30]})),
        _HERE, "geometry", "Point", "Polygon",
    ),
    "no coordinates": (_file(_with(_ZONE, coordinates=[])), _HERE, "geometry", "no coordinates", "delete"),
    "no rings": (
        _file(_with(_ZONE, geometry={"type": "MultiPolygon", "coordinates": [[]]})),
        _HERE, "geometry", "without rings", "delete",
    ),
    "empty ring": (_file(_with(_ZONE, coordinates=[[]])), _HERE, "geometry", "empty ring", "delete"),
    "unclosed": (_file(_with(_ZONE, coordinates=[_RING[:3]])), _HERE, "geometry", "not closed", "Repeat"),
    "three positions": (_file(_with(_ZONE, coordinates=_ring_with(_RING[1]))), _HERE, "geometry", "3", "at least 4"),
    "no position": (
        _file(_with(_ZONE, coordinates=_ring_with("east", _RING[1]))), _HERE, "geometry", "'east'", "longitude",
    ),
    "a truth value": (
        _file(_with(_ZONE, coordinates=_ring_with([True, 30], _RING[1]))), _HERE, "geometry", "True", "longitude",
    ),
    "not a number": (
        _file(_with(_ZONE, coordinates=_ring_with([float("nan"), 30], _RING[1]))), _HERE, "geometry", "nan", "degrees",
    ),
    "a number without end": (
        _file(_with(_ZONE, coordinates=[[[120, 30]]])).replace("120", "9" * 5000), _HERE, "geometry", "inf", "degrees",
    ),
    "crossing itself": (
        _file(_with(_ZONE, coordinates=[[[120, 30], [121, 31], [121, 30], [120, 31], [120, 30]]])),
        _HERE, "geometry", "self-intersection at lon 120.5, lat 30.5", "Redraw",
    ),
    "swapped": (
        _file(_with(_ZONE, coordinates=[[[lat, lon] for lon, lat in _RING]])),
        _HERE, "geometry", "look swapped", "longitude first",
    ),
    "swapped in the west of China": (
        _file(_with(_ZONE, coordinates=[[[39.4, 75.9], [39.4, 76.1], [39.5, 76], [39.4, 75.9]]])),
        _HERE, "geometry", "look swapped", "longitude first",
    ),
    "map metres": (
        _file(_with(_ZONE, coordinates=[[[13374000, 3541000]] * 4])), _HERE, "geometry", "not on Earth", "WGS 84",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "feature", "field", "fault", "remedy"), _FAULTS.values(), ids=_FAULTS.keys())
def test_faults_are_named(text: str, feature: str | None, field: str, fault: str, remedy: str) -> None:
    """Each fault is found once, with the file, the feature, the field, what is wrong and what to do."""
    (error,) = find_faults(text, path="my.geojson")
    assert (error.path, error.feature, error.field) == ("my.geojson", feature, field)
    assert fault in error.fault
    assert remedy in error.remedy
    assert str(error).startswith("my.geojson: ")


def test_parsing_raises_the_first_of_many_faults() -> None:
    """A file with faults is refused as a whole; the check lists them all, in file order."""
    text = _file(_with(_ZONE, kind="x", name=None), _with(_ZONE, coordinates=[_RING[:3]]))
    faults = find_faults(text, path="z")
    assert [(fault.feature, fault.field) for fault in faults] == [
        (_HERE, "name"),
        (_HERE, "kind"),
        ("1 ('ramp-7')", "geometry"),
        ("1 ('ramp-7')", "zone_id"),
    ]
    with pytest.raises(ZoneFileError) as raised:
        parse_zones(text, path="z")
    assert str(raised.value) == str(faults[0])


def test_a_permit_is_no_zone_and_a_zone_no_permit() -> None:
    """Each parser wants its own kind of feature; the check takes both."""
    with pytest.raises(ZoneFileError, match="zone_id: is missing"):
        parse_zones(_file(_PERMIT), path="x")
    with pytest.raises(ZoneFileError, match="permit_id: is missing"):
        parse_permits(_file(_ZONE), path="x")
    assert find_faults(_file(_PERMIT, _ZONE), path="x") == ()


_texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12).filter(str.strip)
_degrees = st.floats(-60, 60, allow_nan=False)
_sides = st.floats(0.001, 5)
_starts_ms, _lengths_ms = st.integers(-60 * 10**12, 250 * 10**12), st.integers(1, 10**12)
_spans = st.tuples(_starts_ms, _lengths_ms).map(lambda ms: (ms[0] / 1000, (ms[0] + ms[1]) / 1000))
_times = st.integers(0, 1439).map(lambda minutes: dt.time(minutes // 60, minutes % 60))
_windows = st.builds(Window, weekdays=st.frozensets(st.integers(0, 6), min_size=1), from_time=_times, until_time=_times)
_schedules = st.builds(
    Schedule,
    windows=st.lists(_windows, min_size=1, max_size=3).map(tuple),
    timezone=st.sampled_from(["Asia/Shanghai", "Europe/Lisbon", "UTC"]),
)


@st.composite
def _outlines(draw: st.DrawFn) -> Polygon | MultiPolygon:
    west, south, wide, high = draw(_degrees), draw(_degrees), draw(_sides), draw(_sides)
    square = box(west, south, west + wide, south + high)
    kind = draw(st.sampled_from(["plain", "holed", "two"]))
    if kind == "holed":
        hole = box(west + wide / 4, south + high / 4, west + wide / 2, south + high / 2)
        return Polygon(square.exterior, [hole.exterior])
    return square if kind == "plain" else MultiPolygon([square, box(west, south + 10, west + wide, south + 12)])


@given(
    zones=st.lists(
        st.builds(
            lambda span, **rest: Zone(valid_from_s=span[0], valid_until_s=span[1], **rest),
            zone_id=_texts, name=_texts, kind=st.sampled_from(ZoneKind), outline=_outlines(),
            schedule=st.none() | _schedules, span=st.just((None, None)) | _spans,
            source=st.just("") | _texts, owner=st.just("") | _texts,
        ),
        max_size=3, unique_by=lambda zone: zone.zone_id,
    ),
)  # fmt: skip
@settings(deadline=None, max_examples=60)
def test_zones_round_trip(zones: list[Zone]) -> None:
    """What is written is read back equal, to the last bit of every coordinate."""
    assert parse_zones(dump_zones(zones), path="x") == tuple(zones)


@given(
    permits=st.lists(
        st.builds(
            lambda span, **rest: Permit(valid_from_s=span[0], valid_until_s=span[1], **rest),
            permit_id=_texts, number=_texts, allows=_texts, outline=_outlines(), span=_spans,
            holder=_texts, source=st.just("") | _texts,
        ),
        max_size=3, unique_by=lambda permit: permit.permit_id,
    ),
)  # fmt: skip
@settings(deadline=None, max_examples=40)
def test_permits_round_trip(permits: list[Permit]) -> None:
    """What is written is read back equal."""
    assert parse_permits(dump_permits(permits), path="x") == tuple(permits)


def test_a_stated_datum_is_left_at_the_door() -> None:
    """A collection in GCJ-02 comes out in WGS 84; a datum nobody knows is named with those there are."""
    collection = {"type": "FeatureCollection", "datum": "gcj02", "features": [_ZONE]}
    (zone,) = parse_zones(json.dumps(collection), path="z")
    (plain,) = parse_zones(_file(_ZONE), path="z")
    assert shape_from_wgs84(zone.outline, Datum.GCJ02).equals_exact(plain.outline, 1e-9)
    (fault,) = find_faults(json.dumps(collection | {"datum": ["pz90"]}), path="z")
    assert (fault.field, "wgs84, cgcs2000, gcj02, bd09" in fault.remedy) == ("datum", True)
