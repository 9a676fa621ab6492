"""Cells and their strips."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Polygon, box

from flights.cells import Layout, cells_of, entries_of
from flights.coverage import Footprint, ground_seen


def layout(width_m: float, *, side_overlap: float = 0.0, depth_m: float = 0.0) -> Layout:
    """A lens that looks straight down."""
    footprint = Footprint(near_m=-depth_m / 2, centre_m=0.0, far_m=depth_m / 2, width_m=width_m, gsd_m=0.01)
    return Layout(footprint=footprint, side_overlap=side_overlap, front_overlap=0.7)


def test_a_hole_splits_an_area_into_four_cells() -> None:
    """Before, beside (two) and after a hole: boustrophedon decomposition of a square with a square hole."""
    area = box(0, 0, 100, 100).difference(box(40, 40, 60, 60))
    cells = cells_of(area, area, layout(5.0), angle_deg=0.0)
    assert sorted(len(cell) for cell in cells) == [4, 4, 8, 8]


def test_a_house_that_may_not_be_overflown_splits_cells_too() -> None:
    """Strips are not flown round a house on every line: it ends cells as a hole does."""
    area, house = box(0, 0, 100, 100), box(40, 40, 60, 60)
    cells = cells_of(area, area.difference(house), layout(5.0), angle_deg=0.0)
    assert sorted(len(cell) for cell in cells) == [4, 4, 8, 8]


def test_each_cell_can_be_entered_in_four_ways() -> None:
    """From either side and in either direction; neighbouring strips are flown to and fro."""
    (cell,) = cells_of(box(0, 0, 100, 20), box(-9, -9, 109, 29), layout(5.0), angle_deg=0.0)
    ways = entries_of(cell)
    assert {(way[0].start_m, way[-1].end_m) for way in ways} == {
        ((0.0, 2.5), (0.0, 17.5)), ((100.0, 2.5), (100.0, 17.5)),
        ((0.0, 17.5), (0.0, 2.5)), ((100.0, 17.5), (100.0, 2.5)),
    }  # fmt: skip


@pytest.mark.parametrize(("high_m", "strips"), [(10.0, 1), (16.9, 1), (17.1, 2), (31.0, 2), (31.1, 3), (300.0, 22)])
def test_as_many_strips_as_the_overlap_asks_for(high_m: float, strips: int) -> None:
    """20 m pictures, 14 m apart; the outer ones reach the border with half of the overlap to spare."""
    laterals = layout(20.0, side_overlap=0.3).laterals_m(0.0, high_m)
    assert len(laterals) == strips
    assert laterals[0] <= 8.5 or strips == 1
    assert max(laterals[1:] - laterals[:-1], default=0.0) <= 14.0 + 1e-9


@settings(max_examples=40, deadline=None)
@given(
    radii=st.lists(st.floats(20.0, 120.0), min_size=4, max_size=9),
    angle_deg=st.floats(0.0, 180.0),
    width_m=st.floats(8.0, 60.0),
    side_overlap=st.sampled_from([0.0, 0.4]),
    depth_m=st.sampled_from([0.0, 20.0]),
)
def test_strips_cover_all_of_any_area(
    radii: list[float], angle_deg: float, width_m: float, side_overlap: float, depth_m: float
) -> None:
    """Whatever the shape and direction, the swept strips leave less than a tenth of a percent uncovered."""
    turns = [math.tau * i / len(radii) for i in range(len(radii))]
    area = Polygon([(r * math.cos(t), r * math.sin(t)) for r, t in zip(radii, turns, strict=True)])
    drawn = layout(width_m, side_overlap=side_overlap, depth_m=depth_m)
    cells = cells_of(area, area.buffer(300), drawn, angle_deg=angle_deg)
    swept = ground_seen(
        [one for cell in cells for lane in cell for one in lane.ways[0]], drawn.footprint, front_overlap=0.7
    )
    assert area.difference(swept.buffer(0.01)).area <= 0.001 * area.area + 1.0
