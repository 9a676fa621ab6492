"""Detections: what a detector saw in one picture, as a struct of arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from detectors.errors import InvalidDetections

if TYPE_CHECKING:
    from numpy.typing import NDArray

CLASS_NAMES = ("dust", "traffic_cone", "illegal_signage", "cooking_fumes")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelIdentity:
    """Which weights spoke: `name` for people, `weights_sha256` (hex) for evidence."""

    name: str
    weights_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Detections:
    """Boxes found in one picture; arrays are read-only and of equal length n (n may be 0).

    Attributes:
        xyxy_px: (n, 4) float32, left, top, right, bottom in pixels of the full picture.
        score: (n,) float32, 0..1.
        class_id: (n,) int64, index into `CLASS_NAMES`.
        model: who found them.
    """

    xyxy_px: NDArray[np.float32]
    score: NDArray[np.float32]
    class_id: NDArray[np.int64]
    model: ModelIdentity

    def __post_init__(self) -> None:
        """Normalise types, check once, make read-only.

        Raises:
            InvalidDetections: shapes differ, a box is inverted, or a value is not finite.
        """
        xyxy = np.asarray(self.xyxy_px, dtype=np.float32).reshape(-1, 4).copy()
        score = np.asarray(self.score, dtype=np.float32).reshape(-1).copy()
        class_id = np.asarray(self.class_id, dtype=np.int64).reshape(-1).copy()
        if not len(xyxy) == len(score) == len(class_id):
            msg = f"detections differ in length: {len(xyxy)} boxes, {len(score)} scores, {len(class_id)} classes"
            raise InvalidDetections(msg)
        if not (np.isfinite(xyxy).all() and np.isfinite(score).all()):
            msg = "detections hold values that are not finite"
            raise InvalidDetections(msg)
        if (xyxy[:, 2:] < xyxy[:, :2]).any():
            msg = "a detection's right or bottom is before its left or top"
            raise InvalidDetections(msg)
        for array, name in ((xyxy, "xyxy_px"), (score, "score"), (class_id, "class_id")):
            array.flags.writeable = False
            object.__setattr__(self, name, array)

    def __len__(self) -> int:
        """How many boxes."""
        return len(self.score)

    def keep(self, mask: NDArray[np.bool_]) -> Detections:
        """Only the rows where the (n,) `mask` is true."""
        return Detections(
            xyxy_px=self.xyxy_px[mask], score=self.score[mask], class_id=self.class_id[mask], model=self.model
        )


class Engine(Protocol):
    """A loaded detector. One engine is used by one thread at a time."""

    @property
    def model(self) -> ModelIdentity:
        """Whose weights are loaded."""
        ...

    def detect(self, image_bgr: NDArray[np.uint8]) -> Detections:
        """Boxes in one (h, w, 3) uint8 BGR picture, at or above the shipped per-class thresholds, NMS applied."""
        ...
