"""World points fall where they should in the picture, and only where a lens can show them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geofences.attitude import Attitude
from geofences.camera import Camera
from geofences.errors import UnlocatableRay
from geofences.local_frame import LocalFrame
from geofences.pose import Pose
from geofences.position import Geodetic
from geofences.projection import project, view_rays_enu

_FRAME = LocalFrame(origin=Geodetic(lat_deg=30.3195, lon_deg=120.139, alt_ellipsoid_m=15))


def _camera(*distortion: float) -> Camera:
    k = np.array([[640, 0, 640], [0, 640, 360], [0, 0, 1]])
    return Camera(size_px=(1281, 721), k=k, distortion=np.array(distortion), name="barrel")


_CAMERA, _BARREL, _FOLDING = _camera(0, 0, 0, 0, 0), _camera(-0.1, 0.02, 1e-3, -1e-3, 0), _camera(-0.3, 0, 0, 0, 0)


def _pose(yaw_deg: float, pitch_deg: float, enu: tuple[float, float, float] = (0, 0, 100)) -> Pose:
    attitude = Attitude(yaw_deg=yaw_deg, pitch_deg=pitch_deg)
    return Pose(at_s=0, position=_FRAME.geodetic_from_enu(np.array(enu)), body=attitude, gimbal=attitude)


@pytest.mark.parametrize(
    ("yaw", "pitch", "enu", "xy"),
    [
        (0, -90, (0, 0, 0), (640, 360)),
        (0, -90, (10, 0, 0), (704, 360)),
        (0, -90, (0, 10, 0), (640, 296)),
        (90, -90, (10, 0, 0), (640, 296)),
        (90, -90, (0, 10, 0), (576, 360)),
        (0, 0, (0, 50, 100), (640, 360)),
        (0, 0, (5, 50, 95), (704, 424)),
        (0, -45, (0, 100, 0), (640, 360)),
    ],
)
def test_literal_pixels(yaw: float, pitch: float, enu: tuple[float, float, float], xy: tuple[float, float]) -> None:
    """Looking down from 100 m, 10 m on the ground are 64 pixels; with yaw 90 the picture's top is east."""
    seen = project(_CAMERA, _FRAME, _pose(yaw, pitch), np.array([enu]))
    assert seen.xy_px[0] == pytest.approx(xy, abs=1e-3)
    assert seen.in_view.tolist() == [True]


@pytest.mark.parametrize(
    ("enu", "has_pixel"),
    [((0, -50, 100), False), ((0, 0, 100), False), ((60, 50, 100), True), ((0, 50, 145), True)],
)
def test_what_is_behind_or_beside_is_not_in_view(enu: tuple[float, float, float], has_pixel: bool) -> None:  # noqa: FBT001 - a table's column
    """Points behind the lens have no pixel; points beside the picture have one outside it; neither is in view."""
    seen = project(_CAMERA, _FRAME, _pose(0, 0), np.array([enu]))
    assert seen.in_view.tolist() == [False]
    assert np.isfinite(seen.xy_px).all() == has_pixel


def test_a_folding_lens_shows_nothing_beyond_its_fold() -> None:
    """A point far off-axis, which the polynomial would fold back into the picture, is not in view."""
    off_axis = np.array([[180.0, 100.0, 100.0]])
    folded_x = 1.8 * (1 - 0.3 * 1.8**2)
    assert abs(folded_x) * 640 < 640, "the bare polynomial would put it into the picture"
    seen = project(_FOLDING, _FRAME, _pose(0, 0), off_axis)
    assert seen.in_view.tolist() == [False]
    assert np.isnan(seen.xy_px).all()


@pytest.mark.parametrize(("x", "inside"), [(-0.51, False), (-0.49, True), (1280.49, True), (1280.51, False)])
def test_a_picture_ends_half_a_pixel_beyond_the_last_centre(x: float, inside: bool) -> None:  # noqa: FBT001 - a column
    """The picture covers its pixels' whole squares."""
    point = np.array([[(x - 640) / 640 * 50, 50, 100]])
    assert project(_CAMERA, _FRAME, _pose(0, 0), point).in_view.tolist() == [inside]


def test_no_points_project_to_no_pixels() -> None:
    """Empty in, empty out."""
    seen = project(_CAMERA, _FRAME, _pose(0, -90), np.empty((0, 3)))
    assert seen.xy_px.shape == (0, 2)
    assert seen.in_view.shape == (0,)
    assert view_rays_enu(_CAMERA, _pose(0, -90), np.empty((0, 2))).shape == (0, 3)


@given(
    yaw=st.floats(-180, 180),
    pitch=st.floats(-90, 30),
    x=st.floats(0, 1280),
    y=st.floats(0, 720),
    distance_m=st.floats(1, 500),
    camera=st.sampled_from([_CAMERA, _BARREL]),
)
@settings(deadline=None, max_examples=80)
def test_a_point_on_a_pixels_ray_projects_to_the_pixel(
    yaw: float, pitch: float, x: float, y: float, distance_m: float, camera: Camera
) -> None:
    """Rays are unit vectors and the inverse of projection, at any distance."""
    pose = _pose(yaw, pitch)
    rays = view_rays_enu(camera, pose, np.array([[x, y]]))
    assert np.linalg.norm(rays, axis=1) == pytest.approx(1)
    seen = project(camera, _FRAME, pose, _FRAME.enu_from_geodetic(pose.position) + rays * distance_m)
    assert seen.xy_px[0] == pytest.approx([x, y], abs=1e-4)
    assert seen.in_view.all()


def test_a_pixel_without_a_ray_is_refused() -> None:
    """Where the lens model shows nothing there is no direction, and the message names the camera and the pixel."""
    with pytest.raises(UnlocatableRay, match=r"barrel.*1280"):
        view_rays_enu(_FOLDING, _pose(0, 0), np.array([[640, 360], [1280, 720]]))
