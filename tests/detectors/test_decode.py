"""From raw head output to detections."""

from __future__ import annotations

import numpy as np

from detectors.decode import MOST_CANDIDATES, decode
from detectors.detections import Detections, ModelIdentity
from detectors.letterbox import fit

MODEL = ModelIdentity(name="hand", weights_sha256="00")
THRESHOLDS = np.array([0.3, 0.5, 0.3, 0.3], np.float32)


def decoded(*anchors: tuple[float, ...]) -> Detections:
    """Detections of (x, y, width, height, four scores) anchors in a 640 x 320 picture seen at 320 px."""
    raw = np.array(anchors, np.float32).reshape(-1, 8).T
    box = fit(width_px=640, height_px=320, long_side_px=320)
    return decode(raw[4:], lambda: raw[:4], letterbox=box, thresholds=THRESHOLDS, nms_iou=0.5, model=MODEL)


def test_boxes_are_scaled_to_the_picture() -> None:
    """A centre-and-size box at half scale becomes corners in the picture's own pixels."""
    found = decoded((50, 40, 20, 10, 0.1, 0.9, 0, 0))
    assert found.xyxy_px.tolist() == [[80, 70, 120, 90]]
    assert found.class_id.tolist() == [1]
    assert found.model == MODEL


def test_each_class_has_its_own_threshold() -> None:
    """The same score is enough for one class and too little for another."""
    found = decoded((50, 40, 20, 10, 0, 0.4, 0, 0), (150, 40, 20, 10, 0, 0, 0.4, 0))
    assert found.class_id.tolist() == [2]


def test_a_weaker_class_does_not_stand_in_for_the_best() -> None:
    """An anchor speaks for its best class only, even if that one stays below its threshold."""
    assert len(decoded((50, 40, 20, 10, 0.35, 0.45, 0, 0))) == 0


def test_a_plume_is_dust_or_fumes() -> None:
    """Of overlapping dust and fumes boxes the surer one stays; a sign in the same place is none of their business."""
    found = decoded((50, 40, 20, 10, 0.5, 0, 0, 0), (51, 40, 20, 10, 0, 0, 0, 0.7), (50, 41, 20, 10, 0, 0, 0.6, 0))
    assert found.class_id.tolist() == [3, 2]


def test_no_anchor_above_threshold_is_no_detection() -> None:
    """An empty picture yields an empty set of the right shape."""
    assert decoded((50, 40, 20, 10, 0, 0, 0, 0)).xyxy_px.shape == (0, 4)


def test_a_noisy_frame_is_bounded() -> None:
    """More candidates than the limit are cut to the best ones before suppression."""
    rng = np.random.default_rng(1)
    raw = np.zeros((8, MOST_CANDIDATES + 500), np.float32)
    raw[0], raw[1], raw[2:4] = rng.uniform(0, 320, raw.shape[1]), rng.uniform(0, 160, raw.shape[1]), 1
    raw[4] = np.linspace(0.4, 0.9, raw.shape[1])
    box = fit(width_px=640, height_px=320, long_side_px=320)
    found = decode(raw[4:], lambda: raw[:4], letterbox=box, thresholds=THRESHOLDS, nms_iou=0.5, model=MODEL)
    assert 0 < len(found) <= MOST_CANDIDATES
    assert found.score.min() > 0.45
