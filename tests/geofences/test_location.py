"""Ground positions, and whether their 95 % ellipses keep the promise."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geofences.attitude import Attitude
from geofences.camera import Camera
from geofences.ellipse import CHI2_95
from geofences.errors import UnlocatableRay
from geofences.local_frame import LocalFrame
from geofences.location import locate
from geofences.pose import Pose, PoseSigmas
from geofences.position import Geodetic
from geofences.projection import project, view_rays_enu
from geofences.terrain import Terrain

if TYPE_CHECKING:
    from geofences.ground_fix import GroundFix

_GROUND_M = 15.0
_FRAME = LocalFrame(origin=Geodetic(lat_deg=30.3195, lon_deg=120.139, alt_ellipsoid_m=_GROUND_M))
_CAMERA = Camera.from_fov(size_px=(1280, 720), hfov_deg=60)
_BARREL = Camera(size_px=(1280, 720), k=_CAMERA.k, distortion=np.array([-0.1, 0.02, 1e-3, -1e-3, 0]))
_MIDDLE = np.array([639.5, 359.5])
_EXACT = PoseSigmas(horizontal_m=0, vertical_m=0, yaw_deg=0, tilt_deg=0, time_s=0)
_CAUSES = {"yaw", "tilt", "position", "height", "time", "lens", "pixel", "ground"}


def _pose(
    yaw_deg: float, pitch_deg: float, *, height_m: float = 100, sigmas: PoseSigmas | None = None, at: float = 0
) -> Pose:
    attitude = Attitude(yaw_deg=yaw_deg, pitch_deg=pitch_deg)
    return Pose(
        at_s=at,
        position=_FRAME.geodetic_from_enu(np.array([20.0, -30.0, height_m])),
        body=attitude,
        gimbal=attitude,
        sigmas=sigmas or PoseSigmas(),
        velocity_enu_m_s=(6.0, 3.0, 1.0),
    )


def _locate_by_pose_only(yaw_deg: float, pitch_deg: float, sigmas: PoseSigmas) -> GroundFix:
    """The middle of the picture on the ground, with no errors but the pose's."""
    pose = _pose(yaw_deg, pitch_deg, sigmas=sigmas)
    exact = {"ground_alt_ellipsoid_m": _GROUND_M, "pixel_sigma_px": 0, "ground_sigma_m": 0}
    return locate(_CAMERA, _FRAME, pose, _MIDDLE, **exact)


@pytest.mark.parametrize(
    ("yaw", "pitch", "east_north"),
    [(0, -90, (20, -30)), (0, -45, (20, 70)), (90, -45, (120, -30)), (180, -60, (20, -87.735))],
)
def test_literal_places(yaw: float, pitch: float, east_north: tuple[float, float]) -> None:
    """The middle of the picture meets the ground at height / tan(depression) along the heading."""
    fix = locate(_CAMERA, _FRAME, _pose(yaw, pitch), _MIDDLE, ground_alt_ellipsoid_m=_GROUND_M)
    assert fix.enu_m == pytest.approx((*east_north, 0), abs=0.005)
    assert _FRAME.enu_from_geodetic(fix.position) == pytest.approx(fix.enu_m, abs=1e-6)


@given(
    yaw=st.floats(-180, 180),
    pitch=st.floats(-90, -35),
    x=st.floats(0, 1279),
    y=st.floats(0, 719),
    camera=st.sampled_from([_CAMERA, _BARREL]),
)
@settings(deadline=None, max_examples=80)
def test_projecting_a_located_point_gives_the_pixel_back(
    yaw: float, pitch: float, x: float, y: float, camera: Camera
) -> None:
    """Project after locate is the identity, and the ground point is at the ground height (bar the Earth's curve)."""
    pose = _pose(yaw, pitch)
    fix = locate(camera, _FRAME, pose, np.array([x, y]), ground_alt_ellipsoid_m=_GROUND_M)
    assert project(camera, _FRAME, pose, fix.enu_m[None]).xy_px[0] == pytest.approx([x, y], abs=1e-3)
    assert fix.position.alt_ellipsoid_m == pytest.approx(_GROUND_M, abs=0.03)


def _turned(rays: np.ndarray, axis: np.ndarray, angles: np.ndarray) -> np.ndarray:
    """Turn each ray by the exponential of the axis's cross-product matrix, one angle each."""
    x, y, z = axis
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    turned: np.ndarray = (
        rays + np.sin(angles)[:, None] * (rays @ cross.T) + (1 - np.cos(angles))[:, None] * (rays @ (cross @ cross).T)
    )
    return turned


@pytest.mark.parametrize("pitch_deg", [-90.0, -60.0, -25.0])
@pytest.mark.parametrize("xy", [(639.5, 359.5), (900.0, 500.0)])
def test_the_ellipse_holds_95_of_100(pitch_deg: float, xy: tuple[float, float]) -> None:
    """Monte Carlo over every cause at once: 93.5 to 96 % of the points fall into the ellipse."""
    rng = np.random.default_rng(20260101)
    sigmas = PoseSigmas(horizontal_m=1.0, vertical_m=1.5, yaw_deg=2.0, tilt_deg=0.6, time_s=0.2)
    pose, count = _pose(35, pitch_deg, sigmas=sigmas), 20_000
    camera = replace(_CAMERA, focal_sigma_share=0.03)
    fix = locate(camera, _FRAME, pose, np.array(xy), ground_alt_ellipsoid_m=_GROUND_M)
    off_axis = (np.array(xy) - camera.k[:2, 2]) * rng.normal(0, 0.03, (count, 1))
    rays = view_rays_enu(camera, pose, np.array(xy) + off_axis + rng.normal(0, 2.0, (count, 2)))
    for axis, sigma_deg in zip(np.eye(3), (0.6, 0.6, 2.0), strict=True):
        rays = _turned(rays, axis, np.radians(rng.normal(0, sigma_deg, count)))
    shift_m = np.outer(rng.normal(0, 0.2, count), pose.velocity_enu_m_s)
    start_m = np.array([20.0, -30.0, 100.0]) + shift_m + rng.normal(0, (1.0, 1.0, 1.5), (count, 3))
    height_m = start_m[:, 2] - rng.normal(0, 0.5, count)
    found_m = start_m[:, :2] + rays[:, :2] * (height_m / -rays[:, 2])[:, None]
    miss_m = found_m - fix.enu_m[:2]
    inside = np.einsum("ni,ij,nj->n", miss_m, np.linalg.inv(fix.ellipse.covariance_m2), miss_m) <= CHI2_95
    assert 0.935 <= inside.mean() <= 0.96


@pytest.mark.parametrize(
    ("sigma", "cause", "variance_m2"),
    [
        ({"horizontal_m": 2}, "position", 2 * 4),
        ({"vertical_m": 2}, "height", 4),
        ({"yaw_deg": 1}, "yaw", (100 * math.radians(1)) ** 2),
        ({"tilt_deg": 1}, "tilt", (200 * math.radians(1)) ** 2 + (100 * math.radians(1)) ** 2),
        ({"time_s": 1}, "time", 6**2 + 4**2),
    ],
)
def test_each_cause_by_hand(sigma: dict[str, float], cause: str, variance_m2: float) -> None:
    """At 45 degrees from 100 m, each cause alone gives the variance that a sketch on paper gives."""
    fix = _locate_by_pose_only(0, -45, replace(_EXACT, **sigma))
    assert np.trace(fix.ellipse.covariance_m2) == pytest.approx(variance_m2, rel=0.01)
    assert dict(fix.budget)[cause] == pytest.approx(1)


def test_the_budget_names_every_cause_and_sums_to_one() -> None:
    """Eight causes, largest share first."""
    budget = locate(_CAMERA, _FRAME, _pose(10, -50), _MIDDLE, ground_alt_ellipsoid_m=_GROUND_M).budget
    shares = [share for _, share in budget]
    assert {cause for cause, _ in budget} == _CAUSES
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) == pytest.approx(1)


def test_looking_straight_down_tilt_errs_in_every_direction() -> None:
    """At nadir a tilt error is as large sideways as ahead: the ellipse is a circle."""
    ellipse = _locate_by_pose_only(70, -90, replace(_EXACT, tilt_deg=1)).ellipse
    assert ellipse.semi_minor_m == pytest.approx(ellipse.semi_major_m, rel=1e-6)
    assert ellipse.semi_major_m == pytest.approx(100 * math.radians(1) * math.sqrt(CHI2_95), rel=1e-3)


def test_without_any_error_the_ellipse_is_a_point() -> None:
    """Zero in, zero out; the budget then blames nothing."""
    fix = _locate_by_pose_only(0, -60, _EXACT)
    assert fix.ellipse.semi_major_m == 0
    assert sum(share for _, share in fix.budget) == 0


@pytest.mark.parametrize(
    ("pitch", "height_m", "tilt_deg", "words"),
    [
        (10, 100, 0.5, "horizon"),
        (-7.9, 100, 0.5, r"7\.9 deg below the horizon, under 8"),
        (-60, -3, 0.5, "3.0 m below the ground"),
        (-9, 100, 12, "within the errors"),
    ],
)
def test_rays_that_do_not_meet_the_ground_well_are_refused(
    pitch: float, height_m: float, tilt_deg: float, words: str
) -> None:
    """Above the horizon, too shallow, from below the ground, or uncertain to the horizon: no position is made up."""
    pose = _pose(0, pitch, height_m=height_m, sigmas=PoseSigmas(tilt_deg=tilt_deg))
    with pytest.raises(UnlocatableRay, match=words):
        locate(_CAMERA, _FRAME, pose, _MIDDLE, ground_alt_ellipsoid_m=_GROUND_M)


def _hill(slope: float) -> Terrain:
    """Ground that rises to the north by `slope`, 400 m square about the frame's origin, level with it at north 0."""
    posts_m = np.arange(-200.0, 201.0, 2.0)
    return Terrain(up_m=np.tile(-posts_m[:, None] * slope, (1, len(posts_m))), west_m=-200, north_m=200, cell_m=2)


def test_level_terrain_is_the_plane() -> None:
    """A flat height model gives the plane's place, ellipse and budget."""
    of_plane = locate(_CAMERA, _FRAME, _pose(30, -50), _MIDDLE, ground_alt_ellipsoid_m=_GROUND_M)
    of_model = locate(_CAMERA, _FRAME, _pose(30, -50), _MIDDLE, ground_alt_ellipsoid_m=0.0, terrain=_hill(0.0))
    assert of_model.enu_m == pytest.approx(of_plane.enu_m, abs=2e-3)
    assert of_model.ellipse.semi_major_m == pytest.approx(of_plane.ellipse.semi_major_m, rel=1e-4)


def test_on_a_slope_the_ray_ends_early_and_the_point_projects_back() -> None:
    """Looking uphill the point is nearer than on the plane, on the slope, and seen where it was picked."""
    pose = _pose(0, -40)
    fix = locate(_CAMERA, _FRAME, pose, _MIDDLE, ground_alt_ellipsoid_m=_GROUND_M, terrain=_hill(0.2))
    # From north -30, up 100: a distance d ahead, 100 - d tan 40 = 0.2 (d - 30).
    assert fix.enu_m[1] == pytest.approx(106 / (math.tan(math.radians(40)) + 0.2) - 30, abs=0.01)
    assert fix.enu_m[2] == pytest.approx(0.2 * fix.enu_m[1], abs=0.01)
    assert project(_CAMERA, _FRAME, pose, fix.enu_m[None]).xy_px[0] == pytest.approx(_MIDDLE, abs=0.1)


def test_a_slope_towards_the_camera_makes_the_position_surer() -> None:
    """The steeper the ray meets the ground, the less a height error moves the point."""
    height_only = replace(_EXACT, vertical_m=2)
    uphill, downhill = (
        locate(
            _CAMERA, _FRAME, _pose(0, -40, sigmas=height_only), _MIDDLE, ground_alt_ellipsoid_m=_GROUND_M,
            terrain=_hill(slope), pixel_sigma_px=0, ground_sigma_m=0,
        ).ellipse.semi_major_m
        for slope in (0.2, -0.2)
    )  # fmt: skip
    assert uphill == pytest.approx(2 / (math.tan(math.radians(40)) + 0.2) * math.sqrt(CHI2_95), rel=1e-3)
    assert downhill > 1.4 * uphill
