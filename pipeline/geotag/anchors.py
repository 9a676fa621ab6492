"""Boxes that stand still on the ground, so that a tracker can follow things seen from a moving aircraft."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geofences.camera import Camera
    from geofences.pose import Pose
    from pipeline.geotag.ground import Ground

# The raster of the anchors: fine enough that rounding is nothing, and at least this wide, so that two looks a
# frame apart overlap although each is off by up to a metre.
ANCHOR_PX_PER_M = 100.0
MIN_WIDTH_M = 3.0
OFF_GROUND_PX = 1e6


def ground_anchors(xyxy_px: NDArray[np.float32], camera: Camera, pose: Pose, ground: Ground) -> NDArray[np.float32]:
    """Boxes in a ground-fixed raster, for association between frames only.

    Args:
        xyxy_px: (n, 4) detector boxes.
        camera: the lens.
        pose: of the lens when the frame was taken.
        ground: the level ground.

    Returns:
        (n, 4) float32: squares about each box's foot, east right and north down, as wide as the box is on the
        ground but at least `MIN_WIDTH_M`. Boxes without a foot on the ground keep their pixels, far off.
    """
    if not len(xyxy_px):
        return np.zeros((0, 4), dtype=np.float32)
    boxes = xyxy_px.astype(np.float64)
    left = ground.level_feet(camera, pose, boxes[:, [0, 3]])
    right = ground.level_feet(camera, pose, boxes[:, [2, 3]])
    middle = (left + right) / 2
    half_m = np.maximum(np.linalg.norm(right - left, axis=1), MIN_WIDTH_M)[:, None] / 2
    anchors = np.hstack((middle - half_m, middle + half_m)) * ANCHOR_PX_PER_M
    lost = ~np.isfinite(anchors).all(axis=1)
    anchors[lost] = boxes[lost] + OFF_GROUND_PX
    return anchors.astype(np.float32)
