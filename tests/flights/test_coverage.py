"""Footprints, cells and strips."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Polygon, box

from flights.coverage import cells_of, footprint_on_ground, ground_seen, passes_of
from flights.errors import PlanRefused

if TYPE_CHECKING:
    from geofences.camera import Camera


def test_a_nadir_footprint_is_the_field_of_view_on_the_ground(camera: Camera) -> None:
    """Straight down, width over height is twice the tangent of half the field of view, and nothing lies ahead."""
    footprint = footprint_on_ground(camera, height_agl_m=40.0, gimbal_pitch_deg=-90.0)
    assert footprint.width_m == pytest.approx(80 * math.tan(math.radians(36.5)), rel=1e-6)
    assert footprint.centre_m == pytest.approx(0.0, abs=1e-9)
    assert footprint.far_m == pytest.approx(-footprint.near_m)


def test_an_oblique_lens_looks_ahead(camera: Camera) -> None:
    """At 45 degrees the centre lies as far ahead as the aircraft is high, and the far edge is cut at 20 degrees."""
    footprint = footprint_on_ground(camera, height_agl_m=40.0, gimbal_pitch_deg=-45.0)
    assert footprint.centre_m == pytest.approx(40.0)
    assert footprint.near_m < footprint.centre_m < footprint.far_m <= 40 / math.tan(math.radians(20)) + 1e-6


@pytest.mark.parametrize("pitch_deg", [-10.0, 0.0, -91.0])
def test_a_lens_that_sees_no_useful_ground_is_refused(camera: Camera, pitch_deg: float) -> None:
    """Too flat, level and beyond straight down are named, not flown."""
    with pytest.raises(PlanRefused, match="gimbal pitch"):
        footprint_on_ground(camera, height_agl_m=40.0, gimbal_pitch_deg=pitch_deg)


def test_a_hole_splits_an_area_into_four_cells() -> None:
    """Before, beside (two) and after a hole: boustrophedon decomposition of a square with a square hole."""
    area = box(0, 0, 100, 100).difference(box(40, 40, 60, 60))
    cells = cells_of(area, angle_deg=0.0, spacing_m=5.0)
    assert sorted(len(cell) for cell in cells) == [4, 4, 8, 8]


@settings(max_examples=40, deadline=None)
@given(
    radii=st.lists(st.floats(20.0, 120.0), min_size=4, max_size=9),
    angle_deg=st.floats(0.0, 180.0),
    spacing_m=st.floats(8.0, 60.0),
)
def test_strips_cover_all_of_any_area(radii: list[float], angle_deg: float, spacing_m: float) -> None:
    """Whatever the shape and direction, the swept strips leave less than a tenth of a percent uncovered."""
    turns = [math.tau * i / len(radii) for i in range(len(radii))]
    area = Polygon([(r * math.cos(t), r * math.sin(t)) for r, t in zip(radii, turns, strict=True)])
    swept = [
        ground_seen(one, look_ahead_m=0.0, width_m=spacing_m)
        for cell in cells_of(area, angle_deg=angle_deg, spacing_m=spacing_m)
        for strip in cell
        for one in passes_of(strip, forward=True, angle_deg=angle_deg, look_ahead_m=0.0, allowed=area.buffer(300))
    ]
    missed = area.difference(shapely.union_all(swept).buffer(0.01)).area
    assert missed <= 0.001 * area.area + 1.0
