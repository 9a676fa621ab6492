"""Zones, permits and schedules: when they hold, and what is refused."""

from __future__ import annotations

import datetime as dt
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import MultiPolygon, Point, Polygon, box

from geofences.errors import InvalidGeometry
from geofences.zone import Permit, Schedule, Window, Zone, ZoneKind

_BOX = box(120.13, 30.31, 120.14, 30.32)
_WORKDAYS = frozenset(range(5))
_MONDAY = dt.date(2026, 1, 5)


def _at_s(text: str) -> float:
    return dt.datetime.fromisoformat(text).timestamp()


def _window(start: str, until: str, days: frozenset[int] = _WORKDAYS) -> Window:
    return Window(weekdays=days, from_time=dt.time.fromisoformat(start), until_time=dt.time.fromisoformat(until))


def _zone(outline: object = _BOX, *, zone_id: str = "z", **rest: object) -> Zone:
    return Zone(zone_id=zone_id, name="n", kind=ZoneKind.ROAD, outline=outline, **rest)  # type: ignore[arg-type]  # wrong values are the point


@pytest.mark.parametrize(
    ("moment", "covered"),
    [
        ("2026-01-05T17:59+08:00", False),
        ("2026-01-05T18:00+08:00", True),
        ("2026-01-06T01:59+08:00", True),
        ("2026-01-06T02:00+08:00", False),
        ("2026-01-05T10:00+00:00", True),
        ("2026-01-05T01:00+08:00", False),
        ("2026-01-10T01:00+08:00", True),
        ("2026-01-10T19:00+08:00", False),
        ("2026-01-11T01:00+08:00", False),
    ],
)
def test_a_window_across_midnight_belongs_to_the_day_it_starts(moment: str, covered: bool) -> None:  # noqa: FBT001 - a table's column
    """Workdays 18:00 to 02:00: Saturday 01:00 is Friday's night, Monday 01:00 is Sunday's and not covered."""
    schedule = Schedule(windows=(_window("18:00", "02:00"),), timezone="Asia/Shanghai")
    assert schedule.covers(_at_s(moment)) is covered


def test_a_window_that_ends_where_it_starts_is_a_whole_day() -> None:
    """00:00 to 00:00 covers its day from midnight to midnight and nothing else."""
    schedule = Schedule(windows=(_window("00:00", "00:00", frozenset({0})),), timezone="Asia/Shanghai")
    covered = [
        schedule.covers(_at_s(f"2026-01-{day:02}T{clock}+08:00")) for day in (4, 5, 6) for clock in ("00:00", "23:59")
    ]
    assert covered == [False, False, True, True, False, False]


@given(
    days=st.frozensets(st.integers(0, 6), min_size=1),
    start=st.integers(0, 1439),
    length=st.integers(1, 1440),
    minute=st.integers(0, 7 * 1440 - 1),
)
def test_windows_cover_minutes_as_counted(days: frozenset[int], start: int, length: int, minute: int) -> None:
    """A window covers a minute of the week exactly if counting minutes from one of its starts says so."""
    until = (start + length) % 1440
    window = Window(
        weekdays=days, from_time=dt.time(start // 60, start % 60), until_time=dt.time(until // 60, until % 60)
    )
    local = dt.datetime.combine(_MONDAY, dt.time()) + dt.timedelta(minutes=minute)
    assert window.covers(local) is any((minute - day * 1440 - start) % (7 * 1440) < length for day in days)


def test_validity_includes_its_start_and_excludes_its_end() -> None:
    """A zone or permit holds from the first second and no longer at the last."""
    zone = _zone(valid_from_s=10.0, valid_until_s=20.0)
    permit = Permit(
        permit_id="p", number="1", allows="traffic_cone", outline=_BOX, valid_from_s=10, valid_until_s=20, holder="h"
    )
    assert [zone.in_force(t) for t in (9.9, 10, 19.9, 20)] == [False, True, True, False]
    assert [permit.valid_at(t) for t in (9.9, 10, 19.9, 20)] == [False, True, True, False]


def test_a_zone_without_limits_is_always_in_force() -> None:
    """No validity and no schedule is for ever; a schedule alone limits it to its windows."""
    evening = Schedule(windows=(_window("18:00", "22:00"),), timezone="Asia/Shanghai")
    noon_s = _at_s("2026-01-05T12:00+08:00")
    assert _zone().in_force(noon_s)
    assert not _zone(schedule=evening).in_force(noon_s)


def test_outlines_take_a_standard_form() -> None:
    """Clockwise rings are turned round and heights dropped, so equal regions compare equal."""
    clockwise = Polygon([(0, 0, 7), (0, 1, 7), (1, 1, 7), (1, 0, 7)])
    outline = _zone(clockwise).outline
    assert isinstance(outline, Polygon)
    assert outline.exterior.is_ccw
    assert not outline.has_z
    assert outline.equals(clockwise)


@pytest.mark.parametrize(
    ("outline", "words"),
    [
        (Point(1, 1), "polygon"),
        (Polygon(), "empty"),
        (box(30.3, 120.1, 30.4, 120.2), "swapped"),
        (Polygon([(0, 0), (1, 1), (1, 0), (0, 1)]), "Self-intersection"),
        (MultiPolygon([box(0, 0, 2, 2), box(1, 1, 3, 3)]), "not valid"),
    ],
)
def test_what_is_no_region_is_refused(outline: object, words: str) -> None:
    """Points, emptiness, swapped coordinates and crossings are refused by name."""
    with pytest.raises(InvalidGeometry, match=words):
        _zone(outline)


def test_blank_ids_and_impossible_times_are_refused() -> None:
    """An id has letters; validity runs forward through moments a calendar can write."""
    with pytest.raises(InvalidGeometry, match="zone_id"):
        _zone(zone_id=" ")
    for span in ((20.0, 10.0), (10.0, 10.0), (math.nan, None), (None, 1e15)):
        with pytest.raises(InvalidGeometry):
            _zone(valid_from_s=span[0], valid_until_s=span[1])


@pytest.mark.parametrize("timezone", ["Asia/Hangzhou", "", "../etc", "Asia"])
def test_an_unknown_time_zone_is_refused(timezone: str) -> None:
    """Only IANA names that resolve are accepted."""
    with pytest.raises(InvalidGeometry, match="unknown time zone"):
        Schedule(windows=(_window("18:00", "22:00"),), timezone=timezone)


def test_schedules_that_never_apply_are_refused() -> None:
    """No window, no weekday, a weekday 7, seconds or a zoned time are mistakes."""
    with pytest.raises(InvalidGeometry, match="at least one window"):
        Schedule(windows=(), timezone="Asia/Shanghai")
    for days, start in (
        (frozenset[int](), "18:00"),
        (frozenset({7}), "18:00"),
        (_WORKDAYS, "18:00:01"),
        (_WORKDAYS, "18:00+08:00"),
    ):
        with pytest.raises(InvalidGeometry, match="window"):
            _window(start, "22:00", days)
