"""From a pixel to a place on the ground, with its 95 % error ellipse and what the error is made of.

The ground is a horizontal plane at a stated ellipsoid height below the camera. The Earth curves away from that plane by
distance^2 / 2R: 2 cm at 500 m, far below every other cause, so it is left out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from geofences.attitude import enu_from_cam
from geofences.ellipse import CHI2_95, ErrorEllipse
from geofences.errors import InvalidGeometry, UnlocatableRay
from geofences.projection import view_rays_cam

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geofences.camera import Camera
    from geofences.local_frame import LocalFrame
    from geofences.pose import Pose, PoseSigmas
    from geofences.position import Geodetic

__all__ = ["ErrorEllipse", "GroundFix", "fuse", "locate"]

_Effects = dict[str, list[NDArray[np.float64]]]
_EAST, _NORTH, _UP = np.eye(3)
# A look claimed to be better than a millimetre is taken as one millimetre, so that it can be inverted.
_SMALLEST_M2 = 1e-6
# Up component of a ray 0.06 degrees below the horizon: no error of a usable pose may lead above it.
_HORIZON = -1e-3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GroundFix:
    """A place on the ground and how well it is known.

    Attributes:
        position: of the ground point.
        enu_m: (3,) the same in the local frame it was located in.
        ellipse: 95 % error ellipse.
        budget: share of the variance per cause (yaw, tilt, position, height, time, pixel, ground), largest first.
    """

    position: Geodetic
    enu_m: NDArray[np.float64]
    ellipse: ErrorEllipse
    budget: tuple[tuple[str, float], ...]

    def __post_init__(self) -> None:
        """Make the array read-only."""
        enu_m = np.array(self.enu_m, dtype=np.float64)
        enu_m.flags.writeable = False
        object.__setattr__(self, "enu_m", enu_m)


def locate(
    camera: Camera,
    frame: LocalFrame,
    pose: Pose,
    xy_px: NDArray[np.float64],
    *,
    ground_alt_ellipsoid_m: float,
    pixel_sigma_px: float = 2.0,
    ground_sigma_m: float = 0.5,
    min_depression_deg: float = 8.0,
) -> GroundFix:
    """Where the viewing ray of a pixel meets the ground.

    Args:
        camera: the lens.
        frame: the local frame to answer in.
        pose: where the camera was and looked, with sigmas.
        xy_px: (2,) the pixel where the thing touches the ground.
        ground_alt_ellipsoid_m: ellipsoid height of the ground there.
        pixel_sigma_px: one sigma of the pixel, per axis.
        ground_sigma_m: one sigma of the ground height.
        min_depression_deg: shallowest accepted angle of the ray below the horizon.

    Raises:
        UnlocatableRay: the camera is not above the ground, or the ray points above the horizon, or is shallower
            than `min_depression_deg`, or its errors reach the horizon, or the lens shows nothing at the pixel.
    """
    height_m = pose.position.alt_ellipsoid_m - ground_alt_ellipsoid_m
    step_px = pixel_sigma_px * np.array([[0, 0], [1, 0], [-1, 0], [0, 1], [0, -1]])
    rays = view_rays_cam(camera, np.asarray(xy_px, dtype=np.float64) + step_px) @ enu_from_cam(pose.gimbal).T
    _refuse_shallow(rays[0], height_m, min_depression_deg)
    enu_m = frame.enu_from_geodetic(pose.position) + np.array([*_reach(rays[0], height_m), -height_m])
    effects = _pose_effects(rays[0], height_m, pose.sigmas, pose.velocity_enu_m_s)
    effects["pixel"] = [
        (_reach(rays[1], height_m) - _reach(rays[2], height_m)) / 2,
        (_reach(rays[3], height_m) - _reach(rays[4], height_m)) / 2,
    ]
    effects["ground"] = [_reach(rays[0], ground_sigma_m)]
    jacobian = np.array([effect for cause in effects.values() for effect in cause])
    return GroundFix(
        position=frame.geodetic_from_enu(enu_m),
        enu_m=enu_m,
        ellipse=ErrorEllipse.from_covariance(jacobian.T @ jacobian),
        budget=_budget(effects),
    )


def _refuse_shallow(ray: NDArray[np.float64], height_m: float, min_depression_deg: float) -> None:
    if height_m <= 0:
        raise UnlocatableRay(f"the camera is {-height_m:.1f} m below the ground height: check the altitude datum")
    depression_deg = math.degrees(math.asin(np.clip(-ray[2], -1, 1)))
    if depression_deg < min_depression_deg:
        raise UnlocatableRay(f"the ray points {depression_deg:.1f} deg below the horizon, under {min_depression_deg}")


def _reach(ray: NDArray[np.float64], height_m: float) -> NDArray[np.float64]:
    """(2,) east, north metres from below the camera to where the ray meets the ground `height_m` below it."""
    if ray[2] > _HORIZON:
        raise UnlocatableRay("the ray reaches the horizon within the errors of the pose")
    offset: NDArray[np.float64] = ray[:2] * (height_m / -ray[2])
    return offset


def _pose_effects(
    ray: NDArray[np.float64], height_m: float, sigmas: PoseSigmas, velocity_enu_m_s: tuple[float, float, float]
) -> _Effects:
    """How far one sigma of each cause moves the ground point: (2,) east, north metres each.

    Central differences over plus and minus one sigma, so the column is Jacobian times sigma. Source: law of
    propagation of uncertainty, JCGM 100:2008, 5.1.2 and note 2 of 5.1.3. Tilt turns the ray about the two horizontal
    axes rather than in Euler pitch and roll: with the lens straight down, Euler roll would be a second yaw and the
    sideways tilt would be missed.
    """

    def turned(axis: NDArray[np.float64], sigma_deg: float) -> NDArray[np.float64]:
        there, back = (_reach(_turn(ray, axis, sign * sigma_deg), height_m) for sign in (1, -1))
        half: NDArray[np.float64] = (there - back) / 2
        return half

    moved_m = np.array(velocity_enu_m_s) * sigmas.time_s
    return {
        "yaw": [turned(_UP, sigmas.yaw_deg)],
        "tilt": [turned(_EAST, sigmas.tilt_deg), turned(_NORTH, sigmas.tilt_deg)],
        "position": [sigmas.horizontal_m * _EAST[:2], sigmas.horizontal_m * _NORTH[:2]],
        "height": [_reach(ray, sigmas.vertical_m)],
        "time": [moved_m[:2] + _reach(ray, moved_m[2])],
    }


def _turn(ray: NDArray[np.float64], axis: NDArray[np.float64], angle_deg: float) -> NDArray[np.float64]:
    """Turn a ray about a unit axis. Source: Rodrigues' rotation formula."""
    angle = math.radians(angle_deg)
    turned: NDArray[np.float64] = (
        ray * math.cos(angle) + np.cross(axis, ray) * math.sin(angle) + axis * (axis @ ray) * (1 - math.cos(angle))
    )
    return turned


def _budget(effects: _Effects) -> tuple[tuple[str, float], ...]:
    """Each cause's share of the trace of the covariance, largest first."""
    variances = {cause: float(np.square(columns).sum()) for cause, columns in effects.items()}
    total = sum(variances.values()) or 1.0
    return tuple(sorted(((cause, v / total) for cause, v in variances.items()), key=lambda share: -share[1]))


def fuse(fixes: Sequence[GroundFix], frame: LocalFrame, *, correlated_share: float = 0.8) -> GroundFix:
    """One position from many looks at the same thing.

    `correlated_share` of each look's covariance may be the same error in every look (a heading bias, a wrong ground
    height) and does not average away; only the rest does. Source: split covariance intersection, Julier and Uhlmann
    (2001), General decentralized data fusion with covariance intersection, section 12.4; it is consistent for any
    weights that sum to one, here inverse to the square of the trace. First, a look whose 95 % ellipse misses the
    median of all looks is widened until it reaches it, so that one outlier has little say.

    Args:
        fixes: at least one.
        frame: the local frame to answer in.
        correlated_share: 0 (all errors independent) to 1 (nothing averages away).

    Returns:
        The fused fix; its smallest semi-axis is never below the root of `correlated_share` times the smallest one
        that went in. The budget is the mean over the looks by the same weights.

    Raises:
        InvalidGeometry: no fix, or the share is outside 0..1.
    """
    if not fixes or not 0 <= correlated_share <= 1:
        raise InvalidGeometry(f"cannot fuse {len(fixes)} fixes with a correlated share of {correlated_share}")
    enu_m = np.array([frame.enu_from_geodetic(fix.position) for fix in fixes])
    covariances = _widened(enu_m[:, :2], np.array([fix.ellipse.covariance_m2 for fix in fixes]))
    weights = np.trace(covariances, axis1=1, axis2=2) ** -2.0
    weights /= weights.sum()
    split = correlated_share / weights + (1 - correlated_share)
    precisions = np.linalg.inv(covariances * split[:, None, None])
    fused_m2 = np.linalg.inv(precisions.sum(axis=0))
    east_north_m = fused_m2 @ np.einsum("nij,nj->i", precisions, enu_m[:, :2])
    fused_enu_m = np.array([*east_north_m, weights @ enu_m[:, 2]])
    return GroundFix(
        position=frame.geodetic_from_enu(fused_enu_m),
        enu_m=fused_enu_m,
        ellipse=ErrorEllipse.from_covariance(fused_m2),
        budget=_mean_budget(fixes, weights),
    )


def _widened(east_north_m: NDArray[np.float64], covariances: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, 2, 2) covariances, each scaled up until its 95 % ellipse holds the median position."""
    sound = covariances + _SMALLEST_M2 * np.eye(2)
    miss_m = east_north_m - np.median(east_north_m, axis=0)
    distance_sq = np.einsum("ni,nij,nj->n", miss_m, np.linalg.inv(sound), miss_m)
    widened: NDArray[np.float64] = sound * np.maximum(1.0, distance_sq / CHI2_95)[:, None, None]
    return widened


def _mean_budget(fixes: Sequence[GroundFix], weights: NDArray[np.float64]) -> tuple[tuple[str, float], ...]:
    shares: dict[str, float] = {}
    for fix, weight in zip(fixes, weights, strict=True):
        for cause, share in fix.budget:
            shares[cause] = shares.get(cause, 0.0) + float(weight) * share
    return tuple(sorted(shares.items(), key=lambda share: -share[1]))
