"""Ground positions, and whether their 95 % ellipses keep the promise."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geofences.attitude import Attitude
from geofences.camera import Camera
from geofences.ellipse import CHI2_95
from geofences.errors import InvalidGeometry, UnlocatableRay
from geofences.local_frame import LocalFrame
from geofences.location import ErrorEllipse, GroundFix, fuse, locate
from geofences.pose import Pose, PoseSigmas
from geofences.position import Geodetic
from geofences.projection import project, view_rays_enu

_GROUND_M = 15.0
_FRAME = LocalFrame(origin=Geodetic(lat_deg=30.3195, lon_deg=120.139, alt_ellipsoid_m=_GROUND_M))
_CAMERA = Camera.from_fov(size_px=(1280, 720), hfov_deg=60)
_BARREL = Camera(size_px=(1280, 720), k=_CAMERA.k, distortion=np.array([-0.1, 0.02, 1e-3, -1e-3, 0]))
_MIDDLE = np.array([639.5, 359.5])
_EXACT = PoseSigmas(horizontal_m=0, vertical_m=0, yaw_deg=0, tilt_deg=0, time_s=0)
_CAUSES = {"yaw", "tilt", "position", "height", "time", "pixel", "ground"}


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


def _fix(east_m: float, north_m: float, major_m: float, minor_m: float, bearing_deg: float = 0.0) -> GroundFix:
    enu_m = np.array([east_m, north_m, 0.0])
    return GroundFix(
        position=_FRAME.geodetic_from_enu(enu_m),
        enu_m=enu_m,
        ellipse=ErrorEllipse(semi_major_m=major_m, semi_minor_m=minor_m, bearing_deg=bearing_deg),
        budget=(("yaw", 0.75), ("tilt", 0.25)),
    )


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
    fix = locate(_CAMERA, _FRAME, pose, np.array(xy), ground_alt_ellipsoid_m=_GROUND_M)
    rays = view_rays_enu(_CAMERA, pose, np.array(xy) + rng.normal(0, 2.0, (count, 2)))
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
    """Seven causes, largest share first."""
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


def test_fusing_one_look_changes_nothing() -> None:
    """One fix fused is that fix."""
    fused = fuse([_fix(3, 4, 6, 2, 30)], _FRAME)
    assert fused.enu_m == pytest.approx((3, 4, 0), abs=1e-6)
    assert (fused.ellipse.semi_major_m, fused.ellipse.semi_minor_m) == pytest.approx((6, 2), rel=1e-5)
    assert fused.ellipse.bearing_deg == pytest.approx(30)
    assert dict(fused.budget) == pytest.approx({"yaw": 0.75, "tilt": 0.25})


@pytest.mark.parametrize(("share", "semi_m"), [(0.0, 1.0), (0.8, math.sqrt(0.8 + 0.2 / 16) * 4), (1.0, 4.0)])
def test_only_the_uncorrelated_part_averages_away(share: float, semi_m: float) -> None:
    """Sixteen equal looks: quarter the error if independent, the same error if it is common to all."""
    fused = fuse([_fix(0, 0, 4, 4)] * 16, _FRAME, correlated_share=share)
    assert fused.ellipse.semi_major_m == pytest.approx(semi_m, rel=1e-5)


def test_an_outlier_has_little_say() -> None:
    """One of ten looks 60 m off moves the result by less than half a metre and widens it by less than a tenth."""
    good = [_fix(0.2 * i, -0.1 * i, 3, 2, 20) for i in range(9)]
    with_outlier, without = fuse([*good, _fix(60, 0, 3, 2, 20)], _FRAME), fuse(good, _FRAME)
    assert np.linalg.norm(with_outlier.enu_m - without.enu_m) < 0.5
    assert with_outlier.ellipse.semi_major_m < 1.1 * without.ellipse.semi_major_m


def test_two_looks_that_contradict_each_other_are_not_believed() -> None:
    """When two looks are ten ellipses apart, the fused ellipse covers most of the way between them."""
    fused = fuse([_fix(0, 0, 2, 2), _fix(20, 0, 2, 2)], _FRAME)
    assert fused.enu_m[0] == pytest.approx(10, abs=1e-3)
    assert fused.ellipse.semi_major_m > 8


@given(
    looks=st.lists(
        st.tuples(st.floats(-20, 20), st.floats(-20, 20), st.floats(0.5, 30), st.floats(0.05, 1), st.floats(0, 179)),
        min_size=1,
        max_size=6,
    ),
    share=st.floats(0, 1),
)
@settings(deadline=None, max_examples=60)
def test_fusing_never_claims_more_than_the_common_error_allows(
    looks: list[tuple[float, float, float, float, float]], share: float
) -> None:
    """The fused semi-minor axis is never below that of the best correlated part."""
    fixes = [_fix(east, north, major, major * part, bearing) for east, north, major, part, bearing in looks]
    fused = fuse(fixes, _FRAME, correlated_share=share)
    best_m = min(fix.ellipse.semi_minor_m for fix in fixes) * math.sqrt(share)
    assert fused.ellipse.semi_minor_m >= best_m * (1 - 1e-6)


def test_looks_with_a_shared_bias_stay_within_their_promise() -> None:
    """Monte Carlo with 80 % of the variance common to twelve looks: at least 94 % of the truths are covered."""
    rng, inside, rounds = np.random.default_rng(7), 0, 300
    spread = np.sqrt(np.linalg.eigvalsh(_fix(0, 0, 5, 3, 90).ellipse.covariance_m2))[::-1]
    for _ in range(rounds):
        common = rng.normal(0, spread) * math.sqrt(0.8)
        found = [common + rng.normal(0, spread) * math.sqrt(0.2) for _ in range(12)]
        fused = fuse([_fix(east, north, 5, 3, 90) for east, north in found], _FRAME)
        miss_m = fused.enu_m[:2]
        inside += int(miss_m @ np.linalg.inv(fused.ellipse.covariance_m2) @ miss_m <= CHI2_95)
    assert inside / rounds >= 0.94


@pytest.mark.parametrize(("count", "share"), [(0, 0.8), (1, -0.1), (1, 1.1)])
def test_nothing_to_fuse_is_refused(count: int, share: float) -> None:
    """Fusing takes a fix, and a share within 0..1."""
    with pytest.raises(InvalidGeometry, match="cannot fuse"):
        fuse([_fix(0, 0, 1, 1)] * count, _FRAME, correlated_share=share)
