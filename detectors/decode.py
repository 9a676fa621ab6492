"""Turns a YOLO head's raw output into boxes: threshold per class, suppression, back to the picture's pixels.

The rule kept here: boxes are asked for only where a score is high enough, so that a picture of nothing costs none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from detectors import boxes
from detectors.detections import Detections, ModelIdentity

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from detectors.letterbox import Letterbox

MOST_CANDIDATES = 2000
"""Boxes that go into suppression at most, best first: bounds the cost of a noisy frame."""

RIVALS = np.array([0, 1, 2, 0])
"""Per class, the group it competes in where boxes overlap: a plume is dust or fumes, never both."""


def decode(
    scores: NDArray[np.float32],
    boxes_of_all: Callable[[], NDArray[np.float32]],
    *,
    letterbox: Letterbox,
    thresholds: NDArray[np.float32],
    nms_iou: float,
    model: ModelIdentity,
) -> Detections:
    """Detections from one picture's head output.

    Args:
        scores: (classes, anchors), 0..1.
        boxes_of_all: gives (4, anchors): centre x, centre y, width, height in network pixels.
        letterbox: how the picture was fitted.
        thresholds: (classes,) lowest score kept, per class.
        nms_iou: overlap above which the weaker of two boxes of a class goes.
        model: whose output this is.
    """
    hit = np.flatnonzero((scores >= thresholds[:, None]).any(axis=0))
    class_id = np.argmax(scores[:, hit], axis=0)
    score = scores[class_id, hit]
    sure = np.flatnonzero(score >= thresholds[class_id])
    if len(sure) > MOST_CANDIDATES:
        sure = sure[np.argsort(-score[sure], kind="stable")[:MOST_CANDIDATES]]
    hit, class_id, score = hit[sure], class_id[sure].astype(np.int64), score[sure]
    found = boxes_of_all()[:, hit].T if len(hit) else np.zeros((0, 4), np.float32)
    centre, half = found[:, :2], found[:, 2:] / 2
    xyxy = np.concatenate([centre - half, centre + half], axis=1)
    kept = boxes.suppress(xyxy, score, RIVALS[class_id], iou_above=nms_iou)
    return Detections(xyxy_px=letterbox.restore(xyxy[kept]), score=score[kept], class_id=class_id[kept], model=model)
