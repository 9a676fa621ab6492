"""Height models: heights between posts, and where rays first meet the ground."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geofences.errors import InvalidGeometry, UnlocatableRay
from geofences.terrain import UP, Plane, Terrain

POSTS = Terrain(up_m=np.array([[0.0, 2.0], [4.0, 6.0]]), west_m=0.0, north_m=10.0, cell_m=10.0)


def _ridge() -> Terrain:
    """Level at 0, with a wall of 40 m from north 40 to 60."""
    up_m = np.zeros((101, 101))
    up_m[40:61] = 40.0
    return Terrain(up_m=up_m, west_m=-50.0, north_m=100.0, cell_m=1.0)


@pytest.mark.parametrize(
    ("east_north", "up_m"), [((0, 10), 0), ((10, 10), 2), ((0, 0), 4), ((5, 5), 3), ((10, 0), 6), ((10.1, 5), np.nan)]
)
def test_heights_between_posts_are_bilinear(east_north: tuple[float, float], up_m: float) -> None:
    """At posts their height, in the middle the mean, outside nothing."""
    assert POSTS.height_m(np.array([east_north], dtype=float))[0] == pytest.approx(up_m, nan_ok=True)


@pytest.mark.parametrize(("pitch_deg", "north_m"), [(-20.0, 39.5), (-45.0, 39.3), (-60.0, 28.87), (-80.0, 8.82)])
def test_a_ray_ends_on_the_near_side(pitch_deg: float, north_m: float) -> None:
    """Behind a wall nothing is seen: flat rays end in its face, a cell wide, steep ones before it."""
    pitch = np.radians(pitch_deg)
    plane = _ridge().plane_where(np.array([0.0, 0.0, 50.0]), np.array([0.0, np.cos(pitch), np.sin(pitch)]))
    assert plane.point_m[1] == pytest.approx(north_m, abs=0.5)


@given(bearing=st.floats(0, 360), depression=st.floats(15, 89), seed=st.integers(0, 50), height_m=st.floats(30, 110))
@settings(deadline=None, max_examples=60)
def test_where_a_ray_ends_there_is_ground(bearing: float, depression: float, seed: int, height_m: float) -> None:
    """The point lies on the ray and on the ground, to a centimetre."""
    rng = np.random.default_rng(seed)
    knots = rng.uniform(0, 12, (13, 13))
    coarse = Terrain(up_m=knots, west_m=-600.0, north_m=600.0, cell_m=100.0)
    b, d = np.radians([bearing, depression])
    ray = np.array([np.sin(b) * np.cos(d), np.cos(b) * np.cos(d), -np.sin(d)])
    eye_m = np.array([3.0, -4.0, height_m])
    met_m = coarse.plane_where(eye_m, ray).point_m
    assert met_m[2] == pytest.approx(coarse.height_m(met_m[None, :2])[0], abs=0.01)
    assert np.linalg.norm(np.cross(met_m - eye_m, ray)) < 1e-6


@pytest.mark.parametrize(
    ("eye_m", "ray", "words"),
    [
        ((0, 0, 50), (0, -0.98, -0.2), "leaves the height model"),
        ((0, 50, 10), (0, 0, -1), "under the ground"),
        ((-80, 0, 10), (0, 0, -1), "leaves the height model"),
    ],
)
def test_rays_that_meet_no_known_ground_are_refused(
    eye_m: tuple[float, ...], ray: tuple[float, ...], words: str
) -> None:
    """Beyond the model, under it, or beside it: no height is made up."""
    with pytest.raises(UnlocatableRay, match=words):
        _ridge().plane_where(np.array(eye_m, dtype=float), np.array(ray, dtype=float))


def test_a_hole_in_the_model_is_not_bridged() -> None:
    """A post without height leaves the four cells about it unknown."""
    up_m = np.zeros((11, 11))
    up_m[5, 5] = np.nan
    with pytest.raises(UnlocatableRay, match="hole"):
        Terrain(up_m=up_m, west_m=-5, north_m=5, cell_m=1).plane_where(np.array([0.2, 0.2, 30.0]), -UP)


def test_a_plane_behind_the_ray_is_no_ground() -> None:
    """A ray that runs along the plane or away from it meets nothing."""
    with pytest.raises(UnlocatableRay, match="horizon"):
        Plane(point_m=np.zeros(3), normal=UP).meet(np.array([0.0, 0.0, 5.0]), np.array([0.0, 1.0, 0.0]))


@pytest.mark.parametrize("up_m", [np.zeros((1, 5)), np.full((3, 3), np.nan), np.zeros(4)])
def test_what_is_no_height_model_is_refused(up_m: np.ndarray) -> None:
    """Too small, empty, or no grid."""
    with pytest.raises(InvalidGeometry, match="height model"):
        Terrain(up_m=up_m, west_m=0, north_m=0, cell_m=1)
