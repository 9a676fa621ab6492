"""From the world to the picture and back: points to pixels, pixels to viewing rays.

The lens attitude is read against the axes of the local frame. They turn by 0.009 degrees per kilometre from the
frame's origin, so a frame serves the few kilometres of one patrol.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from geofences.attitude import enu_from_cam
from geofences.errors import UnlocatableRay
from geofences.lens import distort, fold_radius, undistort

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geofences.camera import Camera
    from geofences.local_frame import LocalFrame
    from geofences.pose import Pose

_NEAREST_M = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Projected:
    """Where world points fall in a picture.

    Attributes:
        xy_px: (n, 2) float64, whole numbers at pixel centres; nan for a point the lens cannot show at all
            (behind it, or so far off-axis that the distortion would fold it back).
        in_view: (n,) bool, in front of the lens and inside the picture.
    """

    xy_px: NDArray[np.float64]
    in_view: NDArray[np.bool_]

    def __post_init__(self) -> None:
        """Make the arrays read-only."""
        self.xy_px.flags.writeable = False
        self.in_view.flags.writeable = False


def project(camera: Camera, frame: LocalFrame, pose: Pose, enu_m: NDArray[np.float64]) -> Projected:
    """Project world points into the picture.

    Args:
        camera: the lens and picture size.
        frame: the local frame of `enu_m`.
        pose: where the camera is and looks.
        enu_m: (n, 3) east, north, up metres in `frame`.
    """
    points_m = np.asarray(enu_m, dtype=np.float64).reshape(-1, 3)
    # Row vectors: multiplying by enu_from_cam from the right applies its transpose, cam_from_enu.
    seen_m = (points_m - frame.enu_from_geodetic(pose.position)) @ enu_from_cam(pose.gimbal)
    ahead = seen_m[:, 2] > _NEAREST_M
    plane = seen_m[:, :2] / np.where(ahead, seen_m[:, 2], 1.0)[:, None]
    shown = ahead & (np.hypot(*plane.T) < fold_radius(camera.distortion))
    xy_px = np.full(plane.shape, np.nan)
    xy_px[shown] = distort(camera.distortion, plane[shown]) @ camera.k[:2, :2].T + camera.k[:2, 2]
    inside = (xy_px >= -0.5) & (xy_px < np.array(camera.size_px) - 0.5)
    return Projected(xy_px=xy_px, in_view=shown & inside.all(axis=1))


def view_rays_cam(camera: Camera, xy_px: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, 3) unit viewing rays in the camera's own axes (x right, y down, z forward), distortion undone.

    Raises:
        UnlocatableRay: a pixel lies where the lens model shows nothing.
    """
    pixels = np.asarray(xy_px, dtype=np.float64).reshape(-1, 2)
    shown: NDArray[np.float64] = (pixels - camera.k[:2, 2]) @ np.linalg.inv(camera.k[:2, :2]).T
    plane = undistort(camera.distortion, shown)
    lost = np.isnan(plane).any(axis=1)
    if lost.any():
        raise UnlocatableRay(f"{camera.name}: no ray leads to pixel {pixels[lost][0]}: the lens model folds there")
    rays = np.column_stack((plane, np.ones(len(plane))))
    unit: NDArray[np.float64] = rays / np.linalg.norm(rays, axis=1, keepdims=True)
    return unit


def view_rays_enu(camera: Camera, pose: Pose, xy_px: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, 3) unit viewing rays, east, north, up, of (n, 2) pixels, distortion undone.

    Raises:
        UnlocatableRay: a pixel lies where the lens model shows nothing.
    """
    rays: NDArray[np.float64] = view_rays_cam(camera, xy_px) @ enu_from_cam(pose.gimbal).T
    return rays
