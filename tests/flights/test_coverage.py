"""Footprints, and the ground that passes show."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from flights.coverage import Pass, footprint_on_ground, ground_seen
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


def test_a_pass_straight_down_shows_the_picture_beyond_its_ends(camera: Camera) -> None:
    """Half a picture's depth less one trigger distance, on both sides; an oblique lens is credited with nothing."""
    down = footprint_on_ground(camera, height_agl_m=40.0, gimbal_pitch_deg=-90.0)
    depth_m = down.far_m - down.near_m
    one = Pass(start_m=(0.0, 0.0), end_m=(100.0, 0.0))
    seen = ground_seen([one], down, front_overlap=0.8)
    assert seen.bounds == pytest.approx((-0.3 * depth_m, -down.width_m / 2, 100 + 0.3 * depth_m, down.width_m / 2))
    ahead = footprint_on_ground(camera, height_agl_m=40.0, gimbal_pitch_deg=-60.0)
    seen = ground_seen([one], ahead, front_overlap=0.8)
    assert seen.bounds[::2] == pytest.approx((ahead.centre_m, 100 + ahead.centre_m))
