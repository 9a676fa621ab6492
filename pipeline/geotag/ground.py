"""The ground a site stands on, and how pixels reach it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from geofences.location import GroundFix, locate

if TYPE_CHECKING:
    from geofences.camera import Camera
    from geofences.local_frame import LocalFrame
    from geofences.pose import Pose


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """A level ground.

    Attributes:
        frame: the site's local frame.
        alt_ellipsoid_m: height of the ground above the ellipsoid.
        sigma_m: one-sigma error of that height.
    """

    frame: LocalFrame
    alt_ellipsoid_m: float
    sigma_m: float = 0.3

    def locate(
        self, camera: Camera, pose: Pose, xy_px: tuple[float, float], *, pixel_sigma_px: float = 2.0
    ) -> GroundFix:
        """Where a pixel's ray meets the ground, with its 95 % ellipse.

        Raises:
            UnlocatableRay: above the horizon or grazing.
        """
        return locate(
            camera,
            self.frame,
            pose,
            np.array(xy_px),
            ground_alt_ellipsoid_m=self.alt_ellipsoid_m,
            pixel_sigma_px=pixel_sigma_px,
            ground_sigma_m=self.sigma_m,
        )
