"""Pictures the tests draw themselves."""

from __future__ import annotations

import cv2
import numpy as np


def cone_street(height: int = 480, width: int = 640) -> np.ndarray:
    """A grey road with three orange cones with white bands; (h, w, 3) uint8 BGR."""
    rng = np.random.default_rng(5)
    picture = rng.normal(105, 6, (height, width, 3)).clip(0, 255).astype(np.uint8)
    picture[: height // 3] = (205, 185, 165)
    for x, y, size in ((150, 300, 90), (320, 340, 110), (500, 290, 80)):
        foot, tip, half = y + size // 2, y - size // 2, size // 3
        cv2.rectangle(picture, (x - half - 6, foot), (x + half + 6, foot + 8), (20, 60, 200), -1)
        cone = np.array([[x - half, foot], [x + half, foot], [x + 4, tip], [x - 4, tip]])
        cv2.fillPoly(picture, [cone], (30, 95, 245))
        band = np.array(
            [
                [x - half // 2 - 3, y + 8],
                [x + half // 2 + 3, y + 8],
                [x + half // 2 - 4, y - 8],
                [x - half // 2 + 4, y - 8],
            ]
        )
        cv2.fillPoly(picture, [band], (235, 235, 235))
    return cv2.GaussianBlur(picture, (3, 3), 0)
