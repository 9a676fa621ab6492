"""Tiles and the whole picture give each thing once, at its full size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest

from detectors.detections import Detections, ModelIdentity
from detectors.tiles import detect_tiles, merge

if TYPE_CHECKING:
    from numpy.typing import NDArray

MODEL = ModelIdentity(name="spots", weights_sha256="0" * 64)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpotEngine:
    """Sees each white rectangle that is at least so many pixels wide."""

    least_px: int
    model: ModelIdentity = MODEL

    def detect(self, image_bgr: NDArray[np.uint8]) -> Detections:
        """One box of class 1 for each run of white columns."""
        columns = np.flatnonzero(image_bgr[..., 0].max(axis=0) > 0)
        runs = np.split(columns, np.flatnonzero(np.diff(columns) > 1) + 1) if len(columns) else []
        boxes = []
        for run in runs:
            rows = np.flatnonzero(image_bgr[:, run, 0].max(axis=1) > 0)
            if len(run) >= self.least_px:
                boxes.append([run[0], rows[0], run[-1] + 1, rows[-1] + 1])
        count = len(boxes)
        return Detections(
            xyxy_px=np.array(boxes, dtype=np.float32).reshape(-1, 4),
            score=np.full(count, 0.8, dtype=np.float32),
            class_id=np.ones(count, dtype=np.int64),
            model=MODEL,
        )


TILES = ((0, 0, 120, 100), (80, 0, 200, 100))
SPOTS = {
    "small, in one tile": [(10, 20, 15, 26)],
    "small, in the overlap": [(90, 20, 96, 26)],
    "small, cut by a tile's edge": [(114, 20, 124, 26)],
    "large, over both tiles": [(20, 10, 190, 80)],
    "three of them": [(10, 20, 15, 26), (90, 20, 96, 26), (150, 40, 156, 50)],
}


@pytest.mark.parametrize("name", SPOTS)
def test_each_thing_is_found_once(name: str) -> None:
    """Whatever a tile's edge cuts, the answer is the thing itself, once."""
    image = np.zeros((100, 200, 3), dtype=np.uint8)
    for left, top, right, bottom in SPOTS[name]:
        image[top:bottom, left:right] = 255
    found = detect_tiles(SpotEngine(least_px=30), SpotEngine(least_px=3), image, TILES)
    assert sorted(tuple(box) for box in found.xyxy_px.tolist()) == [tuple(map(float, spot)) for spot in SPOTS[name]]


def test_without_tiles_the_whole_is_looked_at() -> None:
    """No tile, no second look."""
    image = np.zeros((100, 200, 3), dtype=np.uint8)
    image[10:20, 10:15] = 255
    assert len(detect_tiles(SpotEngine(least_px=30), SpotEngine(least_px=3), image, ())) == 0


def test_neighbours_of_one_class_stay_apart_and_rivals_do_not() -> None:
    """Two cones side by side are two; dust and fumes in one place are one plume."""
    boxes = np.array([[0, 0, 10, 10], [9, 0, 19, 10], [50, 50, 90, 90], [52, 52, 88, 88]], dtype=np.float32)
    kept_boxes, rows = merge(boxes, np.float32([0.9, 0.8, 0.7, 0.6]), np.array([1, 1, 0, 3]), np.zeros(4, dtype=bool))
    assert rows.tolist() == [0, 1, 2]
    assert kept_boxes.tolist() == boxes[:3].tolist()
