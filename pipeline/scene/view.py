"""One look at the world: from east-north-up metres to pixels, with a near plane."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray  # noqa: TC002 - a dataclass field's type

from geofences.attitude import enu_from_cam
from pipeline.scene.errors import Unrenderable

if TYPE_CHECKING:
    from geofences.camera import Camera
    from geofences.local_frame import LocalFrame
    from geofences.pose import Pose

NEAR_M = 0.4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class View:
    """A pinhole at a place.

    Attributes:
        centre_m: (3,) optical centre, east, north, up.
        cam_from_enu: (3, 3) rotation.
        k: (3, 3) intrinsic matrix.
        size_px: width, height.
    """

    centre_m: NDArray[np.float64]
    cam_from_enu: NDArray[np.float64]
    k: NDArray[np.float64]
    size_px: tuple[int, int]

    @classmethod
    def of(cls, camera: Camera, frame: LocalFrame, pose: Pose) -> View:
        """The view of a camera at a pose.

        Raises:
            Unrenderable: the lens has distortion, or stands less than a metre above the ground.
        """
        centre_m = frame.enu_from_geodetic(pose.position)
        if np.any(camera.distortion):
            msg = f"camera {camera.name}: the scene has no distorted lenses. Use Camera.from_fov."
            raise Unrenderable(msg)
        if centre_m[2] < 1:
            msg = f"the camera is {centre_m[2]:.1f} m above ground; at least 1 m is needed. Check the height datum."
            raise Unrenderable(msg)
        return cls(centre_m=centre_m, cam_from_enu=enu_from_cam(pose.gimbal).T, k=camera.k, size_px=camera.size_px)

    @property
    def focal_px(self) -> float:
        """Focal length in pixels."""
        return float(self.k[0, 0])

    @property
    def picture_from_ground(self) -> NDArray[np.float64]:
        """(3, 3) homography from (east, north, 1) at z = 0 to pixels."""
        columns = np.column_stack((np.eye(3)[:, 0], np.eye(3)[:, 1], -self.centre_m))
        homography: NDArray[np.float64] = self.k @ self.cam_from_enu @ columns
        return homography

    def camera_points(self, enu_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n, 3) x right, y down, z forward of (n, 3) east, north, up."""
        points: NDArray[np.float64] = (enu_m - self.centre_m) @ self.cam_from_enu.T
        return points

    def pixels(self, points_cam_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n, 2) pixels of (n, 3) camera points; of no meaning for those behind the near plane."""
        projected = points_cam_m @ self.k.T
        with np.errstate(divide="ignore", invalid="ignore"):
            pixels: NDArray[np.float64] = projected[:, :2] / projected[:, 2:3]
        return pixels

    def up_of_pixels(self, columns: NDArray[np.float64], rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """How steeply pixels' rays rise: the up component of their unit vectors, broadcast over both arguments."""
        x, y = (columns - self.k[0, 2]) / self.k[0, 0], (rows - self.k[1, 2]) / self.k[1, 1]
        up = self.cam_from_enu[:, 2]
        rising: NDArray[np.float64] = (up[0] * x + up[1] * y + up[2]) / np.sqrt(x * x + y * y + 1)
        return rising


def clip_near(points_cam_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cut a convex polygon at the near plane. Source: Sutherland and Hodgman (1974)."""
    depth = points_cam_m[:, 2] - NEAR_M
    kept = []
    for i in range(len(points_cam_m)):
        j = (i + 1) % len(points_cam_m)
        if depth[i] > 0:
            kept.append(points_cam_m[i])
        if (depth[i] > 0) != (depth[j] > 0):
            share = depth[i] / (depth[i] - depth[j])
            kept.append(points_cam_m[i] + share * (points_cam_m[j] - points_cam_m[i]))
    return np.array(kept).reshape(-1, 3)
