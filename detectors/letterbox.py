"""Fits a picture into a rectangular network input without distorting it, and maps boxes back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from detectors import boxes
from detectors.errors import DetectorError

if TYPE_CHECKING:
    from numpy.typing import NDArray

STRIDE_PX = 32
"""The network's coarsest cell; inputs are multiples of it. Source: YOLOv8's three levels of 8, 16 and 32 px."""

PAD_GREY = 114
"""Grey of the borders, as in training. Source: the YOLO family's convention since YOLOv3 (Ultralytics)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letterbox:
    """How one picture size fits into one network input.

    Attributes:
        width_px: of the picture.
        height_px: of the picture.
        scale: network pixels per picture pixel.
        left_px: grey border on the left, network pixels.
        top_px: grey border at the top, network pixels.
        input_width_px: of the network input, a multiple of 32.
        input_height_px: of the network input, a multiple of 32.
    """

    width_px: int
    height_px: int
    scale: float
    left_px: int
    top_px: int
    input_width_px: int
    input_height_px: int

    def apply(self, image_bgr: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The (input_height, input_width, 3) BGR picture, scaled and bordered."""
        inner = (round(self.width_px * self.scale), round(self.height_px * self.scale))
        canvas = np.full((self.input_height_px, self.input_width_px, 3), PAD_GREY, dtype=np.uint8)
        if inner != (self.width_px, self.height_px):
            image_bgr = cv2.resize(image_bgr, inner, interpolation=cv2.INTER_LINEAR).astype(np.uint8, copy=False)
        canvas[self.top_px : self.top_px + inner[1], self.left_px : self.left_px + inner[0]] = image_bgr
        return canvas

    def restore(self, xyxy_px: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n, 4) boxes in network pixels, as boxes in the picture's pixels, cut to the picture."""
        border = np.array([self.left_px, self.top_px, self.left_px, self.top_px], dtype=np.float32)
        back = ((xyxy_px - border) / self.scale).astype(np.float32)
        return boxes.clip(back, width_px=self.width_px, height_px=self.height_px)


def fit_picture(image_bgr: NDArray[np.uint8], long_side_px: int) -> Letterbox:
    """How one (h, w, 3) uint8 BGR picture fits.

    Raises:
        DetectorError: the array is no such picture.
    """
    if image_bgr.ndim != 3 or image_bgr.shape[2] != 3 or image_bgr.dtype != np.uint8 or not image_bgr.size:
        msg = f"expected a (h, w, 3) uint8 BGR picture, got shape {image_bgr.shape} of {image_bgr.dtype}"
        raise DetectorError(msg)
    return fit(width_px=image_bgr.shape[1], height_px=image_bgr.shape[0], long_side_px=long_side_px)


def fit(*, width_px: int, height_px: int, long_side_px: int) -> Letterbox:
    """The smallest input, in multiples of 32, that holds the picture scaled to `long_side_px` on its longer side."""
    scale = long_side_px / max(width_px, height_px)
    inner_width, inner_height = round(width_px * scale), round(height_px * scale)
    input_width, input_height = (-(-inner // STRIDE_PX) * STRIDE_PX for inner in (inner_width, inner_height))
    return Letterbox(
        width_px=width_px,
        height_px=height_px,
        scale=scale,
        left_px=(input_width - inner_width) // 2,
        top_px=(input_height - inner_height) // 2,
        input_width_px=input_width,
        input_height_px=input_height,
    )
