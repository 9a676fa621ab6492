"""The ground a site stands on, and how pixels reach it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from geofences.error_terms import ALONE, Sharing
from geofences.location import locate
from geofences.projection import view_rays_enu

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geofences.camera import Camera
    from geofences.ground_fix import GroundFix
    from geofences.local_frame import LocalFrame
    from geofences.pose import Pose
    from geofences.terrain import Terrain


# Rays this close to the horizon have no useful foot on the ground.
MIN_SIN_DEPRESSION = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """The ground of a site: level, or with a height model.

    Attributes:
        frame: the site's local frame.
        alt_ellipsoid_m: height of the ground above the ellipsoid, where there is no height model.
        sigma_m: one-sigma error of the height, of either.
        terrain: the height model, in `frame`.
    """

    frame: LocalFrame
    alt_ellipsoid_m: float
    sigma_m: float = 0.3
    terrain: Terrain | None = None

    def level_feet(self, camera: Camera, pose: Pose, xy_px: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n, 2) east, north metres of pixels on level ground, without errors: for association and matching.

        Level ground is that under the lens, where a height model tells it.

        Args:
            camera: the lens.
            pose: of the lens.
            xy_px: (n, 2) pixels; those whose ray is too flat to have a useful foot give nan.
        """
        rays = view_rays_enu(camera, pose, xy_px)
        eye = self.frame.enu_from_geodetic(pose.position)
        drop_m = self.height_below_m(pose)
        down = np.where(-rays[:, 2] > MIN_SIN_DEPRESSION, -rays[:, 2], np.nan)
        feet_m: NDArray[np.float64] = eye[:2] + rays[:, :2] * (drop_m / down)[:, None]
        return feet_m

    def height_below_m(self, pose: Pose) -> float:
        """How far the lens is above the ground under it."""
        eye = self.frame.enu_from_geodetic(pose.position)
        under_m = float(self.terrain.height_m(eye[None, :2])[0]) if self.terrain else math.nan
        level_m = pose.position.alt_ellipsoid_m - self.alt_ellipsoid_m
        return level_m if math.isnan(under_m) else float(eye[2]) - under_m

    def locate(
        self,
        camera: Camera,
        pose: Pose,
        xy_px: tuple[float, float],
        *,
        pixel_sigma_px: float = 2.0,
        sharing: Sharing = ALONE,
    ) -> GroundFix:
        """Where a pixel's ray meets the ground, with its 95 % ellipse.

        Raises:
            UnlocatableRay: above the horizon or grazing, or beyond the height model.
        """
        return locate(
            camera,
            self.frame,
            pose,
            np.array(xy_px),
            ground_alt_ellipsoid_m=self.alt_ellipsoid_m,
            pixel_sigma_px=pixel_sigma_px,
            terrain=self.terrain,
            ground_sigma_m=self.sigma_m,
            sharing=sharing,
        )
