"""From a pixel to a place on the ground, with its 95 % error ellipse and what the error is made of.

The ground is a horizontal plane at a stated ellipsoid height below the camera, or a height model. The Earth curves away
from that plane by distance^2 / 2R: 2 cm at 500 m, far below every other cause, so it is left out.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from geofences.attitude import enu_from_cam, turned_by
from geofences.error_terms import ALONE
from geofences.errors import UnlocatableRay
from geofences.ground_fix import GroundFix
from geofences.projection import view_rays_cam
from geofences.terrain import UP, Plane

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geofences.camera import Camera
    from geofences.error_terms import Sharing
    from geofences.local_frame import LocalFrame
    from geofences.pose import Pose, PoseSigmas
    from geofences.terrain import Terrain

_EAST, _NORTH = np.eye(3)[:2]


def locate(
    camera: Camera,
    frame: LocalFrame,
    pose: Pose,
    xy_px: NDArray[np.float64],
    *,
    ground_alt_ellipsoid_m: float,
    terrain: Terrain | None = None,
    pixel_sigma_px: float = 2.0,
    ground_sigma_m: float = 0.5,
    min_depression_deg: float = 8.0,
    sharing: Sharing = ALONE,
) -> GroundFix:
    """Where the viewing ray of a pixel meets the ground.

    Args:
        camera: the lens.
        frame: the local frame to answer in.
        pose: where the camera was and looked, with sigmas.
        xy_px: (2,) the pixel where the thing touches the ground.
        ground_alt_ellipsoid_m: ellipsoid height of the ground there, where no height model is given.
        terrain: a height model in `frame`, instead.
        pixel_sigma_px: one sigma of the pixel, per axis.
        ground_sigma_m: one sigma of the ground height.
        min_depression_deg: shallowest accepted angle of the ray below the horizon.
        sharing: which part of each cause other looks have in common with this one.

    Raises:
        UnlocatableRay: the camera is not above the ground, or the ray points above the horizon, or is shallower
            than `min_depression_deg`, or its errors reach the horizon, or the lens shows nothing at the pixel, or the
            ray leaves the height model.
    """
    height_m = pose.position.alt_ellipsoid_m - ground_alt_ellipsoid_m
    eye_m = frame.enu_from_geodetic(pose.position)
    steps_px = np.vstack((np.zeros((1, 2)), _pixel_steps(camera, xy_px, pixel_sigma_px)))
    rays = view_rays_cam(camera, np.asarray(xy_px, dtype=np.float64) + steps_px) @ enu_from_cam(pose.gimbal).T
    _refuse_shallow(rays[0], None if terrain else height_m, min_depression_deg)
    ground = terrain.plane_where(eye_m, rays[0]) if terrain else Plane(point_m=eye_m - height_m * UP, normal=UP)
    effects = _pose_effects(eye_m, rays[0], ground, pose.sigmas, pose)
    met = [ground.meet(eye_m, ray)[:2] for ray in rays]
    effects["pixel"] = [(met[1] - met[2]) / 2, (met[3] - met[4]) / 2]
    effects["lens"] = [(met[5] - met[6]) / 2]
    # A ground that is higher by one sigma meets the ray as if the eye were lower by it.
    effects["ground"] = [ground.meet(eye_m, rays[0])[:2] - ground.meet(eye_m - ground_sigma_m * UP, rays[0])[:2]]
    return GroundFix.from_terms(
        enu_m=ground.meet(eye_m, rays[0]),
        frame=frame,
        terms=[term for cause, columns in effects.items() for term in sharing.terms(cause, columns)],
    )


def _pixel_steps(camera: Camera, xy_px: NDArray[np.float64], sigma_px: float) -> NDArray[np.float64]:
    """(6, 2) pixels to try: a sigma right and left, down and up, then of a longer and of a shorter lens."""
    along = sigma_px * np.array([[1, 0], [-1, 0], [0, 1], [0, -1]])
    longer = (np.asarray(xy_px, dtype=np.float64) - camera.k[:2, 2]) * camera.focal_sigma_share
    return np.vstack((along, longer, -longer))


def _refuse_shallow(ray: NDArray[np.float64], height_m: float | None, min_depression_deg: float) -> None:
    if height_m is not None and height_m <= 0:
        raise UnlocatableRay(f"the camera is {-height_m:.1f} m below the ground height: check the altitude datum")
    depression_deg = math.degrees(math.asin(np.clip(-ray[2], -1, 1)))
    if depression_deg < min_depression_deg:
        raise UnlocatableRay(f"the ray points {depression_deg:.1f} deg below the horizon, under {min_depression_deg}")


def _pose_effects(
    eye_m: NDArray[np.float64], ray: NDArray[np.float64], ground: Plane, sigmas: PoseSigmas, pose: Pose
) -> dict[str, list[NDArray[np.float64]]]:
    """How far one sigma of each cause moves the ground point: (2,) east, north metres each.

    Central differences over plus and minus one sigma, so the column is Jacobian times sigma. Source: law of
    propagation of uncertainty, JCGM 100:2008, 5.1.2 and note 2 of 5.1.3. Tilt turns the ray about the two horizontal
    axes across and along the heading rather than in Euler pitch and roll: with the lens straight down, Euler roll would
    be a second yaw and the sideways tilt would be missed; and an error of the lens's seat turns with the heading too.
    """

    def turned(axis: NDArray[np.float64], sigma_deg: float) -> NDArray[np.float64]:
        there, back = (ground.meet(eye_m, turned_by(axis * math.radians(sign * sigma_deg)) @ ray) for sign in (1, -1))
        half: NDArray[np.float64] = (there - back)[:2] / 2
        return half

    def moved(by_m: NDArray[np.float64]) -> NDArray[np.float64]:
        half: NDArray[np.float64] = (ground.meet(eye_m + by_m, ray) - ground.meet(eye_m - by_m, ray))[:2] / 2
        return half

    yaw = math.radians(pose.gimbal.yaw_deg)
    across, along = (np.array([math.cos(a), -math.sin(a), 0.0]) for a in (yaw, yaw - math.pi / 2))
    return {
        "yaw": [turned(UP, sigmas.yaw_deg)],
        "tilt": [turned(across, sigmas.tilt_deg), turned(along, sigmas.tilt_deg)],
        "position": [moved(sigmas.horizontal_m * _EAST), moved(sigmas.horizontal_m * _NORTH)],
        "height": [moved(sigmas.vertical_m * UP)],
        "time": [moved(np.array(pose.velocity_enu_m_s) * sigmas.time_s)],
    }
