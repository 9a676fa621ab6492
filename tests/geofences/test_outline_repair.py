"""Every repair is said, every outline that comes out is valid, and what is sound is left alone."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from random_outlines import outlines
from shapely import GeometryCollection, LineString, MultiPolygon, Point, Polygon, box

from geofences.feature_reader import Fault
from geofences.outline_repair import repair_outline

BLOCK = box(120.0, 30.0, 120.1, 30.1)
FAR = box(121.0, 30.0, 121.1, 30.1)
BOW_TIE = Polygon([(120, 30), (120.1, 30.1), (120.1, 30), (120, 30.1)])


@pytest.mark.parametrize(
    ("shape", "area", "said"),
    [
        (BOW_TIE, 0.005, "self-intersection at lon 120.05, lat 30.05: redrawn without, now in 2 parts"),
        (MultiPolygon([BLOCK, box(120.05, 30.0, 120.15, 30.1)]), 0.015, "redrawn without, now in 1 parts"),
        (Polygon([(120, 30), (120, 30), (120.1, 30), (120.1, 30.1), (120.1, 30.1)]), 0.005, "2 repeated vertices"),
        (BLOCK.reverse(), 0.01, "wound the wrong way: turned"),
        (
            GeometryCollection([BLOCK, Point(120, 30), LineString([(0, 0), (1, 1)])]),
            0.01,
            "2 parts without area left out",
        ),
        (GeometryCollection([GeometryCollection([BLOCK]), FAR]), 0.02, ""),
        (Polygon(BLOCK.exterior.coords, [FAR.exterior.coords]), 0.01, "hole lies outside shell at lon 121"),
        (Polygon(BLOCK.exterior.coords, [box(120.05, 30.05, 120.2, 30.06).exterior.coords]), 0.0095, "redrawn without"),
    ],
)
def test_repairs_are_said(shape: shapely.Geometry, area: float, said: str) -> None:
    """What crosses itself keeps all it encloses; repeats, parts without area and winding are named."""
    oriented = shape if "wrong way" in said else shapely.orient_polygons(shape) if shape.is_valid else shape
    repaired = repair_outline(oriented, is_wound=True)
    assert repaired.outline.is_valid
    assert repaired.outline.area == pytest.approx(area)
    assert said in "; ".join(repaired.repairs)
    assert bool(repaired.repairs) is bool(said)


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        (None, "has no geometry"),
        (Polygon(), "has no geometry"),
        (Point(120, 30), "is Point that encloses nothing"),
        (LineString([(120, 30), (120.1, 30)]), "is LineString that encloses nothing"),
        (GeometryCollection([Point(120, 30)]), "encloses nothing"),
        (Polygon([(120, 30), (120.1, 30), (120, 30)]), "encloses nothing"),
        (Polygon([(120, 30), (np.inf, 30), (120.1, 30.1)]), "is not on Earth"),
    ],
)
def test_what_encloses_nothing_is_refused(shape: shapely.Geometry | None, said: str) -> None:
    """No geometry, points, lines, a fold without area and what is no number."""
    with pytest.raises(Fault, match=said):
        repair_outline(shape, is_wound=False)


@given(outline=outlines())
@settings(deadline=None, max_examples=50)
def test_a_sound_outline_is_left_alone(outline: shapely.Geometry) -> None:
    """Nothing is done to it, and nothing is said."""
    repaired = repair_outline(shapely.orient_polygons(outline), is_wound=True)
    assert repaired.repairs == ()
    assert repaired.outline == shapely.orient_polygons(outline)


@given(
    corners=st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=3, max_size=12),
    hole=st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=3, max_size=6),
)
@settings(deadline=None, max_examples=80)
def test_whatever_comes_out_is_valid(corners: list[tuple[int, int]], hole: list[tuple[int, int]]) -> None:
    """Scribbles on a grid, with scribbled holes: a valid outline within their bounds, or a refusal; never a crash."""
    drawn = Polygon(corners, [hole])
    try:
        repaired = repair_outline(drawn, is_wound=False)
    except Fault:
        return
    assert repaired.outline.is_valid
    assert repaired.outline.area > 0
    assert drawn.envelope.buffer(1e-9).contains(repaired.outline)
    assert repaired.repairs or drawn.is_valid
