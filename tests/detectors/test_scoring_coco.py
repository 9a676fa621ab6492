"""Average precision against pycocotools, on boxes drawn at random and on boxes such as a detector gives."""

from __future__ import annotations

import contextlib
import io

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from detectors import scoring

AREAS = {"all": (0.0, 1e10), "small": (0.0, 32.0**2), "medium": (32.0**2, 96.0**2), "large": (96.0**2, 1e10)}


def random_looks(seed: int) -> list[scoring.Look]:
    """Found boxes unrelated to the labels, many of them: every kind of chance overlap."""
    rng = np.random.default_rng(seed)

    def some(count: int) -> np.ndarray:
        corner = rng.integers(0, 60, (count, 2))
        return np.hstack([corner, corner + rng.integers(1, 120, (count, 2))]).astype(np.float32)

    return [_look(some(n := int(rng.integers(0, 40))), rng.random(n), some(int(rng.integers(0, 8)))) for _ in range(30)]


def likely_looks(seed: int) -> list[scoring.Look]:
    """Labels of all sizes found with jitter, some twice, some missed, with a few false alarms and tied scores."""
    rng = np.random.default_rng(seed)
    looks = []
    for _ in range(60):
        count = int(rng.integers(0, 6))
        corner = rng.integers(0, 400, (count, 2))
        truth = np.hstack([corner, corner + np.exp(rng.uniform(1.5, 5.5, (count, 2)))]).astype(np.float32)
        again = truth[rng.integers(0, count, int(rng.integers(0, 2 * count + 1)))] if count else truth
        size = np.tile(again[:, 2:] - again[:, :2], 2)
        found = again + rng.normal(0, 0.08, again.shape) * size
        stray = rng.integers(0, 300, (int(rng.integers(0, 3)), 2))
        found = np.vstack([found, np.hstack([stray, stray + rng.integers(5, 200, stray.shape)])]).astype(np.float32)
        found[:, 2:] = np.maximum(found[:, 2:], found[:, :2] + 1)
        looks.append(_look(found, rng.integers(1, 20, len(found)) / 20, truth))
    return looks


def _look(found: np.ndarray, score: np.ndarray, truth: np.ndarray) -> scoring.Look:
    return scoring.Look(source="s", found_xyxy=found, score=score.astype(np.float32), truth_xyxy=truth.astype(float))


def theirs(looks: list[scoring.Look]) -> np.ndarray:
    """Precision as pycocotools has it, (overlaps, 101, areas)."""
    labels, found = [], []
    for image, look in enumerate(looks, start=1):
        for rows, boxes, more in ((labels, look.truth_xyxy, None), (found, look.found_xyxy, look.score)):
            for place, box in enumerate(boxes.astype(float)):
                left, top, right, bottom = box.tolist()
                row = {"id": len(rows) + 1, "image_id": image, "category_id": 1, "iscrowd": 0}
                row |= {"bbox": [left, top, right - left, bottom - top], "area": (right - left) * (bottom - top)}
                rows.append(row | ({} if more is None else {"score": float(more[place])}))
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        images = [{"id": image} for image in range(1, len(looks) + 1)]
        coco.dataset = {"images": images, "categories": [{"id": 1}], "annotations": labels}
        coco.createIndex()
        judged = COCOeval(coco, coco.loadRes(found), "bbox")
        judged.params.maxDets = [10000]
        judged.params.areaRng = [list(area) for area in AREAS.values()]
        judged.params.areaRngLbl = list(AREAS)
        judged.evaluate()
        judged.accumulate()
    precision: np.ndarray = judged.eval["precision"][:, :, 0, :, 0]
    return precision


@pytest.mark.parametrize("draw", [random_looks, likely_looks])
@pytest.mark.parametrize("seed", range(4))
def test_average_precision_is_pycocotools(draw: object, seed: int) -> None:
    """At each overlap and object size the whole 101-point curve is theirs to 1e-6."""
    looks = draw(seed)  # type: ignore[operator]
    expected = theirs(looks)
    for column, area in enumerate(AREAS.values()):
        for row, iou in enumerate(scoring.COCO_IOUS):
            own = scoring.curve(scoring.rank(looks, iou_at_least=iou, area=area))
            np.testing.assert_allclose(own, expected[row, :, column], atol=1e-6)
