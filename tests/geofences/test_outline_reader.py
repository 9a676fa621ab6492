"""Outlines built many at once are what each is when read by itself, among whatever else a file may hold."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from random_outlines import outlines

from geofences.feature_reader import Fault
from geofences.outline_reader import build_outlines, read_outline
from geofences.zone import standard_outline, standardise

if TYPE_CHECKING:
    from collections.abc import Callable

    from geofences.zone import Outline


def _rings(geometry: dict) -> list:
    nested = geometry["coordinates"]
    return nested[0] if geometry["type"] == "MultiPolygon" else nested


def _whole(_geometry: dict) -> None:
    """As it was drawn."""


def _put(value: object, *place: int) -> Callable[[dict], None]:
    """What puts a value at ring, position, number of the first polygon."""

    def change(geometry: dict) -> None:
        at = _rings(geometry)
        for step in place[:-1]:
            at = at[step]
        at[place[-1]] = value

    return change


def _heights(geometry: dict) -> None:
    for position in _rings(geometry)[0]:
        position.append(12.0)


def _swapped(geometry: dict) -> None:
    for ring in _rings(geometry):
        for position in ring:
            position.reverse()


def _bow_tie(geometry: dict) -> None:
    ring = _rings(geometry)[0]
    ring[1], ring[2] = ring[2], ring[1]


CHANGES = [
    _whole,
    _whole,
    _heights,
    _swapped,
    _bow_tie,
    *(lambda geometry, kind=kind: geometry.update(type=kind) for kind in ("Point", [], {"a": 1}, "Polygon")),
    *(lambda geometry, it=it: geometry.update(coordinates=it) for it in ([], [[]], "ab", [["ab"] * 5], 1.0)),
    *(_put(value, 0, 1) for value in (None, [], [1.0], ["1.0", "2.0"], {"a": 1.0, "b": 2.0}, [True, False], "ab")),
    *(_put(value, 0, 2, 0) for value in (math.nan, math.inf, 500.0, 10**400, "120.1")),
    _put([119.0, 29.0], 0, -1),
    _put([], 0),
    _put("abcda", 0),
]


@given(drawn=st.lists(st.tuples(outlines(), st.sampled_from(CHANGES)), max_size=6))
@settings(deadline=None, max_examples=150)
def test_together_is_as_apart(drawn: list[tuple[Outline, Callable[[dict], None]]]) -> None:
    """Sound outlines are the same either way, and nothing that reading refuses is standardised."""
    geometries = []
    for outline, change in drawn:
        geometry = json.loads(json.dumps(shapely.geometry.mapping(outline)))
        change(geometry)
        geometries.append(geometry)
    built = build_outlines([*geometries, None, 3.0])
    assert built[len(geometries) :].tolist() == [None, None]
    for geometry, (_, change), standard in zip(geometries, drawn, standardise(built)[:-2], strict=True):
        try:
            alone = read_outline(geometry)
        except Fault:
            assert standard is None
        else:
            assert standard is not None or change is not _whole
            assert standard is None or standard.outline == standard_outline(alone)
