"""A million answers at once are the same as one after the other."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from random_outlines import FRAME, on_map, outlines, star
from shapely import box

from geofences.outline_grid import OutlineGrid


def _one_by_one(shapes: list, lon: np.ndarray, lat: np.ndarray) -> list[tuple[int, int]]:
    """Every point against every outline, no index."""
    points = shapely.points(lon, lat)
    return [tuple(pair) for pair in np.argwhere(shapely.intersects(points[:, None], np.array(shapes)[None])).tolist()]


@given(shapes=st.lists(outlines(), min_size=1, max_size=6), seed=st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=60)
def test_bulk_answers_equal_single_answers(shapes: list, seed: int) -> None:
    """Random points, and the corners of the outlines themselves, are found in exactly the outlines that hold them."""
    rng = np.random.default_rng(seed)
    inside = FRAME.geodetics_from_enu(np.column_stack((rng.uniform(-350, 350, (60, 2)), np.zeros(60))))[:, 1::-1]
    lon, lat = np.vstack((inside, *(shapely.get_coordinates(shape)[:5] for shape in shapes))).T
    found = OutlineGrid(shapes).pairs(lon, lat)
    assert list(zip(*map(np.ndarray.tolist, found), strict=True)) == _one_by_one(shapes, lon, lat)


@pytest.mark.parametrize(
    "shapes",
    [
        [box(120, 30, 120.001, 30.001), box(-170, -80, -169.999, -79.999)],
        [box(-180, -90, 180, 90), *(box(120 + i * 1e-4, 30, 120 + (i + 1) * 1e-4, 30.0001) for i in range(40))],
        [on_map(star(np.random.default_rng(1), (0, 0), 50))],
    ],
    ids=["worlds apart", "one holds all", "one alone"],
)
def test_odd_sets_of_outlines(shapes: list) -> None:
    """Outlines a world apart or of every size change nothing but speed."""
    rng = np.random.default_rng(5)
    lon, lat = rng.uniform((119.999, 29.999), (120.005, 30.002), (500, 2)).T
    found = OutlineGrid(shapes).pairs(lon, lat)
    assert list(zip(*map(np.ndarray.tolist, found), strict=True)) == _one_by_one(shapes, lon, lat)


def test_what_is_no_place_is_nowhere() -> None:
    """Not a number, infinity, or no points at all: no pairs and no warning."""
    grid = OutlineGrid([box(120, 30, 121, 31)])
    lon, lat = np.array([np.nan, 120.5, np.inf, 120.5]), np.array([30.5, np.nan, 30.5, 30.5])
    assert [found.tolist() for found in grid.pairs(lon, lat)] == [[3], [0]]
    assert [found.tolist() for found in grid.pairs(lon[:0], lat[:0])] == [[], []]
