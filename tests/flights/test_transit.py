"""Shortest ways inside an area."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from shapely.geometry import LineString, Polygon, box

from flights.errors import PlanRefused
from flights.transit import TransitMap

U_SHAPE = Polygon([(0, 0), (100, 0), (100, 100), (80, 100), (80, 20), (20, 20), (20, 100), (0, 100)])


def test_a_clear_way_is_straight() -> None:
    """With sight of the goal there is no corner."""
    assert TransitMap(box(0, 0, 10, 10)).route((1, 1), (9, 9)) == ((1, 1), (9, 9))


def test_the_way_round_a_bay_bends_at_its_corners() -> None:
    """From one arm of a U to the other, the shortest way touches both inner corners and stays inside."""
    route = TransitMap(U_SHAPE).route((10, 90), (90, 90))
    assert route[1:-1] == ((20.0, 20.0), (80.0, 20.0))
    assert U_SHAPE.buffer(1e-6).covers(LineString(route))


def test_the_way_round_a_hole_takes_the_shorter_side() -> None:
    """A hole off centre is passed on its near side."""
    area = box(0, 0, 100, 100).difference(box(40, 10, 60, 60))
    route = TransitMap(area).route((10, 50), (90, 50))
    assert route[1:-1] == ((40.0, 60.0), (60.0, 60.0))
    assert sum(math.dist(a, b) for a, b in pairwise(route)) < 90


def test_no_way_is_an_error_with_a_remedy() -> None:
    """A goal outside the area is refused."""
    with pytest.raises(PlanRefused, match="Widen the airspace"):
        TransitMap(box(0, 0, 10, 10)).route((1, 1), (20, 20))
