"""Looking at a large picture twice: as a whole for what is large, and in tiles at native scale for what is small.

The rule kept here: a thing seen in several tiles, or in a tile and in the whole, is one detection; a box that a tile's
edge cut is replaced by, or joined with, the box that holds the rest. Which tiles are worth it is the caller's to say.
Overlap is measured over the smaller box, because a cut piece lies inside the whole thing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from detectors.boxes import area
from detectors.decode import RIVALS
from detectors.detections import Detections

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from detectors.detections import Engine

SAME_ABOVE = 0.6
"""Share of the smaller box from which two boxes of a class are one thing. Source: docs/benchmarks.md, Tiles."""
CUT_PX = 3.0
"""A box ending this close to a tile's inner edge may go on beyond it."""

Tile = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels of the picture."""


def detect_tiles(whole: Engine, native: Engine, image_bgr: NDArray[np.uint8], tiles_px: Sequence[Tile]) -> Detections:
    """Detections of the whole picture and of the given tiles, each thing once.

    Args:
        whole: looks at the picture as a whole, scaled down as it was made to.
        native: looks at tiles; its input is as large as a tile, so that nothing is scaled.
        image_bgr: (h, w, 3) uint8.
        tiles_px: within the picture; empty: only the whole is looked at.
    """
    found = whole.detect(image_bgr)
    if not tiles_px:
        return found
    height, width = image_bgr.shape[:2]
    xyxy, score, class_id = [found.xyxy_px], [found.score], [found.class_id]
    cut = [np.zeros(len(found), dtype=np.bool_)]
    for left, top, right, bottom in tiles_px:
        seen = native.detect(np.ascontiguousarray(image_bgr[top:bottom, left:right]))
        moved = seen.xyxy_px + np.array([left, top, left, top], dtype=np.float32)
        inner = np.array([left > 0, top > 0, right < width, bottom < height])
        near = np.abs(moved - np.array([left, top, right, bottom], dtype=np.float32)) < CUT_PX
        cut.append((near & inner).any(axis=1))
        xyxy.append(moved)
        score.append(seen.score)
        class_id.append(seen.class_id)
    boxes, kept = merge(np.concatenate(xyxy), np.concatenate(score), np.concatenate(class_id), np.concatenate(cut))
    return Detections(
        xyxy_px=boxes, score=np.concatenate(score)[kept], class_id=np.concatenate(class_id)[kept], model=found.model
    )


def merge(
    xyxy_px: NDArray[np.float32], score: NDArray[np.float32], class_id: NDArray[np.int64], cut: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Boxes of overlapping looks as one box a thing.

    Whole boxes are kept before cut ones, then the surer; a cut box that is kept grows over the cut boxes it overlaps.

    Args:
        xyxy_px: (n, 4).
        score: (n,).
        class_id: (n,); rivals (dust and fumes) count as one class.
        cut: (n,) whether a tile's edge cut the box.

    Returns:
        (k, 4) boxes, and the (k,) rows they had.
    """
    boxes, group = xyxy_px.copy(), RIVALS[class_id]
    left = list(np.lexsort((-score, cut)))
    kept: list[int] = []
    while left:
        best = left.pop(0)
        kept.append(int(best))
        same = [
            row for row in left if group[row] == group[best] and _share_of_smaller(boxes[best], boxes[row]) > SAME_ABOVE
        ]
        if cut[best]:
            together = boxes[[best, *same]]
            boxes[best] = np.concatenate([together[:, :2].min(axis=0), together[:, 2:].max(axis=0)])
        left = [row for row in left if row not in same]
    rows = np.array(kept, dtype=np.int64)
    return boxes[rows], rows


def _share_of_smaller(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    shared = float(np.maximum(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0.0).prod())
    return shared / max(float(area(np.stack((a, b))).min()), 1e-6)
