"""Which single items are accepted, and what is left of them after storage."""

from __future__ import annotations

import math

import pytest
from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flights.mission_items import ListKind, MissionItem
from flights.simulator.mission_store import MissionStore, as_stored, judge_fence, judge_item

HOME = MissionItem(frame=0, command=16, lat_e7=303195000, lon_e7=1201390000, height_m=6.0)
INCLUSION, EXCLUSION = 5001, 5002


def waypoint(**changes: object) -> MissionItem:
    """A good waypoint with changes."""
    fields = {"frame": 6, "command": 16, "lat_e7": 303200000, "lon_e7": 1201400000, "height_m": 40.0, **changes}
    return MissionItem(**fields)


@pytest.mark.parametrize(
    ("changes", "result"),
    [
        ({}, mavlink.MAV_MISSION_ACCEPTED),
        ({"lat_e7": 400000000}, mavlink.MAV_MISSION_ACCEPTED),  # a thousand kilometres away: nobody checks
        ({"height_m": 500.0}, mavlink.MAV_MISSION_ACCEPTED),
        ({"params": (0.0, 0.0, 0.0, math.nan)}, mavlink.MAV_MISSION_ACCEPTED),
        ({"command": 4242}, mavlink.MAV_MISSION_UNSUPPORTED),
        ({"frame": 1}, mavlink.MAV_MISSION_UNSUPPORTED_FRAME),
        ({"params": (math.nan, 0.0, 0.0, 0.0)}, mavlink.MAV_MISSION_INVALID_PARAM1),
        ({"params": (0.0, 0.0, math.inf, 0.0)}, mavlink.MAV_MISSION_INVALID_PARAM3),
        ({"lat_e7": 900000001}, mavlink.MAV_MISSION_INVALID_PARAM5_X),
        ({"lon_e7": -1800000001}, mavlink.MAV_MISSION_INVALID_PARAM6_Y),
        ({"height_m": 1e6}, mavlink.MAV_MISSION_INVALID_PARAM7),
        ({"height_m": math.nan}, mavlink.MAV_MISSION_INVALID_PARAM7),
        ({"command": 206, "frame": 2, "lat_e7": 0, "lon_e7": 0}, mavlink.MAV_MISSION_ACCEPTED),
    ],
)
def test_mission_items_are_judged_one_by_one(changes: dict[str, object], result: int) -> None:
    """Impossible values get their own error; unsafe ones are accepted, as the real autopilot does."""
    assert judge_item(waypoint(**changes), ListKind.MISSION) == result


@pytest.mark.parametrize(
    ("command", "count", "result"),
    [
        (INCLUSION, 3.0, mavlink.MAV_MISSION_ACCEPTED),
        (EXCLUSION, 4.0, mavlink.MAV_MISSION_ACCEPTED),
        (INCLUSION, 2.0, mavlink.MAV_MISSION_INVALID_PARAM1),
        (16, 3.0, mavlink.MAV_MISSION_UNSUPPORTED),
    ],
)
def test_fence_items_are_vertices(command: int, count: float, result: int) -> None:
    """A polygon has three corners at least, and nothing else is a fence."""
    item = waypoint(command=command, params=(count, 0.0, 0.0, 0.0), frame=0)
    assert judge_item(item, ListKind.FENCE) == result


def corners(command: int, announced: int, count: int) -> list[MissionItem]:
    """Vertices of one polygon."""
    return [waypoint(command=command, params=(float(announced), 0.0, 0.0, 0.0)) for _ in range(count)]


@pytest.mark.parametrize(
    ("items", "good"),
    [
        (corners(INCLUSION, 4, 4) + corners(EXCLUSION, 3, 3), True),
        (corners(INCLUSION, 4, 3), False),
        (corners(INCLUSION, 4, 2) + corners(EXCLUSION, 4, 2), False),
        ([], True),
    ],
)
def test_a_fence_is_judged_as_a_whole(items: list[MissionItem], *, good: bool) -> None:
    """The vertices of a polygon must be as many as announced, together."""
    assert (judge_fence(items) == mavlink.MAV_MISSION_ACCEPTED) is good


@pytest.mark.parametrize(
    ("kind", "given", "stored"),
    [
        (
            ListKind.MISSION,
            {"params": (2.7, 1.0, 5.0, math.nan), "height_m": 40.126},
            {"frame": 3, "params": (2.0, 0.0, 0.0, 0.0), "height_m": 40.13},
        ),
        (
            ListKind.MISSION,
            {"command": 205, "params": (-90.0, 0.0, 0.0, 7.0), "height_m": 2.0},
            {"command": 205, "frame": 0, "params": (-90.0, 0.0, 0.0, 0.0), "lat_e7": 0, "lon_e7": 0, "height_m": 0.0},
        ),
        (
            ListKind.MISSION,
            {"command": 206, "params": (12.5, 3.0, 1.0, 4.0), "frame": 2},
            {"command": 206, "frame": 0, "params": (12.5, 0.0, 1.0, 0.0), "lat_e7": 0, "lon_e7": 0, "height_m": 0.0},
        ),
        (
            ListKind.MISSION,
            {"command": 21, "params": (0.0, 0.0, 0.0, math.nan)},
            {"command": 21, "frame": 3, "params": (0.0, 0.0, 0.0, 1.0)},
        ),
        (
            ListKind.FENCE,
            {"command": 5001, "params": (4.0, 1.0, 0.0, 0.0)},
            {"command": 5001, "frame": 0, "params": (4.0, 0.0, 0.0, 0.0), "height_m": 0.0},
        ),
        (ListKind.RALLY, {"command": 5100}, {"command": 5100, "frame": 3}),
    ],
)
def test_storage_keeps_only_what_fits(kind: ListKind, given: dict[str, object], stored: dict[str, object]) -> None:
    """A download shows plain frames, whole centimetres, only the parameters in use, no place for a DO item."""
    assert as_stored(waypoint(**given), kind) == waypoint(**stored)


def test_home_is_item_0_and_stays() -> None:
    """Whatever a client uploads as item 0 or clears, home remains."""
    store = MissionStore(HOME)
    store.put(ListKind.MISSION, 0, waypoint())
    store.put(ListKind.MISSION, 1, waypoint())
    assert store.mission == (HOME, waypoint(frame=3))
    store.truncate(ListKind.MISSION, 0)
    assert store.mission == (HOME,)
