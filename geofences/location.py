"""From a pixel to a place on the ground, with its 95 % error ellipse and what the error is made of.

The ground is a horizontal plane at a stated ellipsoid height below the camera, or a height model. The Earth curves away
from that plane by distance^2 / 2R: 2 cm at 500 m, far below every other cause, so it is left out.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from geofences.attitude import enu_from_cam, turned_by
from geofences.error_terms import ALONE
from geofences.errors import UnlocatableRay
from geofences.ground_fix import GroundFix
from geofences.projection import view_rays_cam, view_rays_enu
from geofences.terrain import UP, Plane

if TYPE_CHECKING:
    from geofences.camera import Camera
    from geofences.error_terms import Sharing
    from geofences.local_frame import LocalFrame
    from geofences.pose import Pose
    from geofences.terrain import Terrain

Array = NDArray[np.float64]
# Small enough to be linear: a share, a metre, a degree or a second.
_STEP = 1e-3


def locate(
    camera: Camera,
    frame: LocalFrame,
    pose: Pose,
    xy_px: Array,
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
        pose: where the camera was and looked, with sigmas, and what its calibration left wrong.
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
    ray = view_rays_enu(camera, pose, xy_px)[0]
    _refuse_shallow(ray, None if terrain else height_m, min_depression_deg)
    ground = terrain.plane_where(eye_m, ray) if terrain else Plane(point_m=eye_m - height_m * UP, normal=UP)
    look = _Look(camera, pose, np.asarray(xy_px, dtype=np.float64), eye_m, ray, ground)
    met_m = ground.meet(eye_m, ray)
    effects = look.effects(pixel_sigma_px, ground_sigma_m)
    terms = [term for cause, columns in effects.items() for term in sharing.terms(cause, columns)]
    if pose.joint is not None:
        terms += pose.joint.terms(look.moved_by_causes(met_m))
    return GroundFix.from_terms(enu_m=met_m, frame=frame, terms=terms)


def _refuse_shallow(ray: Array, height_m: float | None, min_depression_deg: float) -> None:
    if height_m is not None and height_m <= 0:
        raise UnlocatableRay(f"the camera is {-height_m:.1f} m below the ground height: check the altitude datum")
    depression_deg = math.degrees(math.asin(np.clip(-ray[2], -1, 1)))
    if depression_deg < min_depression_deg:
        raise UnlocatableRay(f"the ray points {depression_deg:.1f} deg below the horizon, under {min_depression_deg}")


class _Look:
    """One pixel's ray to the ground, and how it moves when something is moved.

    All by central differences over plus and minus one sigma, so a column is Jacobian times sigma. Source: law of
    propagation of uncertainty, JCGM 100:2008, 5.1.2 and note 2 of 5.1.3.
    """

    def __init__(self, camera: Camera, pose: Pose, xy_px: Array, eye_m: Array, ray: Array, ground: Plane) -> None:
        self.camera, self.pose, self.xy_px, self.eye_m, self.ray, self.ground = camera, pose, xy_px, eye_m, ray, ground
        self.off_px = xy_px - camera.k[:2, 2]

    def effects(self, pixel_sigma_px: float, ground_sigma_m: float) -> dict[str, Array]:
        """(n, 2) east, north metres that one sigma of each part of each cause moves the point.

        Tilt turns the ray about the two horizontal axes across and along the heading rather than in Euler pitch and
        roll: with the lens straight down, Euler roll would be a second yaw and the sideways tilt would be missed; and
        an error of the lens's seat turns with the heading too. A higher ground is a lower eye.
        """
        sigmas, yaw = self.pose.sigmas, math.radians(self.pose.gimbal.yaw_deg)
        across, along = (np.array([math.cos(a), -math.sin(a), 0.0]) for a in (yaw, yaw - math.pi / 2))
        focal_share = 0.0 if self.pose.joint else self.camera.focal_sigma_share
        steps_px = np.vstack((pixel_sigma_px * np.eye(2), self.off_px * focal_share))
        turns_deg = np.array([sigmas.yaw_deg * UP, sigmas.tilt_deg * across, sigmas.tilt_deg * along])
        moves_m = np.diag([sigmas.horizontal_m, sigmas.horizontal_m, sigmas.vertical_m])
        late_m = np.array(self.pose.velocity_enu_m_s) * sigmas.time_s
        moved = self._moved(steps_px, turns_deg, np.vstack((moves_m, late_m, ground_sigma_m * UP)))
        names = ("pixel", "lens", "yaw", "tilt", "position", "height", "time", "ground")
        return dict(zip(names, np.split(moved, (2, 3, 4, 6, 8, 9, 10)), strict=True))

    def moved_by_causes(self, met_m: Array) -> Array:
        """(2, 12) east, north metres that one unit of each of `CAUSES` moves the point."""
        ideal = view_rays_cam(self.camera, self.xy_px)[0]
        ideal = ideal[:2] / ideal[2]
        # A longer or less distorted lens sees the pixel nearer to the middle.
        steps_px = -np.vstack((self.off_px, self.camera.k[:2, :2] @ ideal * (ideal @ ideal)))
        axes = enu_from_cam(self.pose.gimbal).T
        moves = np.vstack((np.eye(3), self.pose.velocity_enu_m_s, -UP))
        moved = self._moved(steps_px * _STEP, axes * _STEP, moves * _STEP) / _STEP
        focal, k1, right, down, forward, east, north, up, late, ground = moved
        slopes = met_m[:2, None] * ground
        return np.array([focal, ground, k1, *slopes, east, north, up, right, down, forward, late]).T

    def _moved(self, steps_px: Array, turns_deg: Array, moves_m: Array) -> Array:
        """(n, 2) how far steps of the pixel, turns of the ray and moves of the eye move the point, in that order."""
        still = np.zeros((len(steps_px) + len(turns_deg), 3))
        sides = []
        for sign in (1, -1):
            stepped = view_rays_enu(self.camera, self.pose, self.xy_px + sign * steps_px)
            turned = [turned_by(np.radians(sign * turn)) @ self.ray for turn in turns_deg]
            rays = np.vstack((stepped, *turned, np.tile(self.ray, (len(moves_m), 1))))
            sides.append(self.ground.meet(self.eye_m + sign * np.vstack((still, moves_m)), rays)[:, :2])
        half: Array = (sides[0] - sides[1]) / 2
        return half
