"""Draws training samples from labelled pictures: scale, crop, mosaic, mirror, colour.

The rule kept here: every sample carries, per class and per 8 px cell, whether that class was looked for there. A mosaic
of pictures labelled for different classes therefore never teaches that an unlabelled object is background.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray  # noqa: TC002 - a dataclass field's type

from detectors.detections import CLASS_NAMES
from detectors.letterbox import PAD_GREY

CELL_PX = 8
"""Finest cell of the network's head. Source: YOLOv8's first detection level."""

LEAST_SHARE_LEFT = np.array([0.15, 0.4, 0.3, 0.15])
"""Per class: a box cut by the crop keeps its label if this share of its area is left; else its cells are not judged."""

PLUMES = (0, 3)
"""Dust and fumes: a box labelled as one is verified not to be the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One training input.

    Attributes:
        image_bgr: (s, s, 3) uint8.
        class_id: (n,) int64.
        xyxy_px: (n, 4) float64.
        looked_for: (classes, s / 8, s / 8) uint8, 1 where the class was looked for.
    """

    image_bgr: NDArray[np.uint8]
    class_id: NDArray[np.int64]
    xyxy_px: NDArray[np.float64]
    looked_for: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedPicture:
    """A picture in memory: (h, w, 3) BGR, its boxes as shares of width and height, classes, and verified classes."""

    image_bgr: NDArray[np.uint8]
    class_id: NDArray[np.int64]
    xyxy_share: NDArray[np.float64]
    verified: frozenset[int]


class Easel:
    """A square canvas onto which pictures are placed, with their labels."""

    def __init__(self, side_px: int, rng: np.random.Generator) -> None:
        self._rng = rng
        self._canvas = np.full((side_px, side_px, 3), PAD_GREY, dtype=np.uint8)
        cells = side_px // CELL_PX
        self._looked_for = np.ones((len(CLASS_NAMES), cells, cells), dtype=np.uint8)
        self._class_id: list[NDArray[np.int64]] = [np.zeros(0, np.int64)]
        self._xyxy: list[NDArray[np.float64]] = [np.zeros((0, 4))]

    def place(self, picture: LoadedPicture, region: tuple[int, int, int, int], long_side_px: float) -> None:
        """Put a picture, scaled to `long_side_px`, into the region (left, top, right, bottom px)."""
        left, top, right, bottom = region
        height, width = picture.image_bgr.shape[:2]
        scale = long_side_px / max(height, width)
        size = np.array([max(1, round(width * scale)), max(1, round(height * scale))])
        boxes = picture.xyxy_share * np.tile(size, 2)
        origin = np.array([left, top]) + self._shift(np.array([right - left, bottom - top]), size, boxes)
        low = np.maximum(origin, (left, top))
        high = np.minimum(origin + size, (right, bottom))
        if (high <= low).any():
            return
        self._copy(picture.image_bgr, size, low - origin, high - origin, low)
        self._mark(low, high, [c for c in range(len(CLASS_NAMES)) if c not in picture.verified], value=0)
        window = np.concatenate([low, high]).astype(np.float64)
        self._label(boxes + np.tile(origin, 2), picture.class_id, window, picture.verified)

    def finish(self) -> Sample:
        """What has been placed, mirrored and recoloured at random."""
        image, looked_for = self._canvas, self._looked_for
        xyxy = np.concatenate(self._xyxy)
        if self._rng.random() < 0.5:
            image, looked_for = image[:, ::-1], looked_for[:, :, ::-1]
            xyxy = np.stack([image.shape[1] - xyxy[:, 2], xyxy[:, 1], image.shape[1] - xyxy[:, 0], xyxy[:, 3]], axis=1)
        return Sample(
            image_bgr=recolour(np.ascontiguousarray(image), self._rng),
            class_id=np.concatenate(self._class_id),
            xyxy_px=xyxy,
            looked_for=np.ascontiguousarray(looked_for),
        )

    def _shift(self, room: NDArray[np.int64], size: NDArray[np.int64], boxes: NDArray[np.float64]) -> NDArray[np.int64]:
        """Where the picture's corner goes, relative to the region's; half of the crops are drawn around an object."""
        slack = room - size
        shift = np.floor(self._rng.random(2) * (np.abs(slack) + 1)).astype(np.int64) * np.sign(slack)
        if len(boxes) and self._rng.random() < 0.5:
            box = boxes[self._rng.integers(len(boxes))]
            centre = (box[:2] + box[2:]) / 2
            aim = np.round(self._rng.uniform(0.2, 0.8, 2) * room - centre).astype(np.int64)
            shift = np.where(slack < 0, np.clip(aim, slack, 0), shift)
        moved: NDArray[np.int64] = shift.astype(np.int64)
        return moved

    def _copy(
        self,
        image: NDArray[np.uint8],
        size: NDArray[np.int64],
        low: NDArray[np.int64],
        high: NDArray[np.int64],
        corner: NDArray[np.int64],
    ) -> None:
        """Scale only the part of the picture that is needed and copy it to the canvas at `corner`."""
        scale = size / np.array([image.shape[1], image.shape[0]])
        first = np.floor(low / scale).astype(int)
        last = np.minimum(np.ceil(high / scale).astype(int), [image.shape[1], image.shape[0]])
        width, height = high - low
        part = image[first[1] : last[1], first[0] : last[0]]
        method = cv2.INTER_AREA if scale[0] < 0.7 else cv2.INTER_LINEAR
        scaled = cv2.resize(part, (int(width), int(height)), interpolation=method)
        self._canvas[corner[1] : corner[1] + height, corner[0] : corner[0] + width] = scaled

    def _label(
        self,
        boxes: NDArray[np.float64],
        class_id: NDArray[np.int64],
        window: NDArray[np.float64],
        verified: frozenset[int],
    ) -> None:
        """Keep the boxes that are still there, cut to the window; leave the remains of the others unjudged.

        Round a box of a class that was not looked for in the picture (it was drawn in), that class is judged.
        """
        cut = np.concatenate([np.maximum(boxes[:, :2], window[:2]), np.minimum(boxes[:, 2:], window[2:])], axis=1)
        size = np.maximum(cut[:, 2:] - cut[:, :2], 0.0)
        whole = np.maximum((boxes[:, 2:] - boxes[:, :2]).prod(axis=1), 1e-9)
        kept = (size.prod(axis=1) / whole >= LEAST_SHARE_LEFT[class_id]) & (size.min(axis=1, initial=np.inf) >= 3.0)
        for box, class_here, good in zip(cut, class_id.tolist(), kept, strict=True):
            if (box[2:] <= box[:2]).any():
                continue
            if good and class_here not in verified:
                reach = (box[2:] - box[:2]) / 2
                low, high = np.maximum(box[:2] - reach, window[:2]), np.minimum(box[2:] + reach, window[2:])
                self._mark(low, high, [class_here], value=1)
            if good and class_here in PLUMES:
                self._mark(box[:2], box[2:], [c for c in PLUMES if c != class_here], value=1)
            if not good:
                self._mark(box[:2], box[2:], [class_here], value=0)
        self._class_id.append(class_id[kept])
        self._xyxy.append(cut[kept])

    def _mark(
        self,
        low: NDArray[np.int64] | NDArray[np.float64],
        high: NDArray[np.int64] | NDArray[np.float64],
        classes: list[int],
        *,
        value: int,
    ) -> None:
        left, top = np.floor(low / CELL_PX).astype(int)
        right, bottom = np.ceil(high / CELL_PX).astype(int)
        self._looked_for[classes, top:bottom, left:right] = value


def recolour(image_bgr: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Hue, saturation, brightness and, now and then, blur: what cameras and daylight vary."""
    gain = 1.0 + rng.uniform(-1.0, 1.0, 3) * np.array([0.012, 0.6, 0.4])
    ramp = np.arange(256, dtype=np.float64)
    hue, saturation, value = cv2.split(cv2.cvtColor(image_bgr, cv2.COLOR_BGR2HSV))
    tables = ((ramp * gain[0]) % 180, (ramp * gain[1]).clip(0, 255), (ramp * gain[2]).clip(0, 255))
    channels = [cv2.LUT(c, t.astype(np.uint8)) for c, t in zip((hue, saturation, value), tables, strict=True)]
    image = cv2.cvtColor(cv2.merge(channels), cv2.COLOR_HSV2BGR)
    if rng.random() < 0.1:
        image = cv2.GaussianBlur(image, (3, 3), 0)
    if rng.random() < 0.1:
        image = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    return np.asarray(image, dtype=np.uint8)


def draw_long_side(rng: np.random.Generator, low_px: float, high_px: float) -> float:
    """A longer side drawn evenly in its logarithm."""
    return math.exp(rng.uniform(math.log(low_px), math.log(high_px)))
