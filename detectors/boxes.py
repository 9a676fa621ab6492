"""Small pure functions over boxes: overlap, suppression, clipping. Boxes are (n, 4) left, top, right, bottom."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.float32] | NDArray[np.float64]


def area(xyxy: Boxes) -> NDArray[np.float64]:
    """(n,) areas; a box turned inside out has none."""
    size = np.maximum(xyxy[:, 2:] - xyxy[:, :2], 0.0)
    return np.asarray(size[:, 0] * size[:, 1], dtype=np.float64)


def iou(first: Boxes, second: Boxes) -> NDArray[np.float64]:
    """(n, m) shared area over joint area of every pair of (n, 4) and (m, 4) boxes; two empty boxes share 0."""
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    shared = np.maximum(high - low, 0.0).prod(axis=2, dtype=np.float64)
    joint = area(first)[:, None] + area(second)[None, :] - shared
    share: NDArray[np.float64] = np.divide(shared, joint, out=np.zeros_like(shared), where=joint > 0)
    return share


def suppress(
    xyxy: Boxes, score: NDArray[np.float32], group: NDArray[np.int64], *, iou_above: float
) -> NDArray[np.int64]:
    """Greedy non-maximum suppression within each group (of classes).

    Args:
        xyxy: (n, 4) boxes.
        score: (n,) the higher is kept.
        group: (n,) boxes of different groups never suppress each other.
        iou_above: a box overlapping a kept one of its group by more than this is dropped.

    Returns:
        (k,) rows kept, best first; equal scores keep their order.
    """
    order = np.argsort(-score, kind="stable")
    kept: list[int] = []
    while len(order):
        best, rest = order[0], order[1:]
        kept.append(int(best))
        drop = (iou(xyxy[best : best + 1], xyxy[rest])[0] > iou_above) & (group[rest] == group[best])
        order = rest[~drop]
    return np.array(kept, dtype=np.int64)


def clip(xyxy: NDArray[np.float32], *, width_px: int, height_px: int) -> NDArray[np.float32]:
    """Boxes cut to a picture of the given size."""
    limit = np.array([width_px, height_px, width_px, height_px], dtype=np.float32)
    return np.clip(xyxy, 0.0, limit)
