"""Dusk, haze and rain over a training picture: what a street's year holds and the pictures do not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

DUSK_SHARE, HAZE_SHARE, RAIN_SHARE = 0.06, 0.04, 0.04


def under_weather(image_bgr: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """The (h, w, 3) picture as it is, or now and then at dusk with a sensor's noise, in haze, or in rain."""
    chance = rng.random()
    if chance < DUSK_SHARE:
        cast = np.array([1.15, 1.0, 0.9]) if rng.random() < 0.5 else np.array([0.75, 0.95, 1.15])
        noise = rng.standard_normal(image_bgr.shape, dtype=np.float32) * rng.uniform(2, 9)
        return _clipped(image_bgr * (cast * rng.uniform(0.2, 0.55)) + noise)
    if chance < DUSK_SHARE + HAZE_SHARE:
        return _clipped(image_bgr + (rng.uniform(160, 235) - image_bgr) * rng.uniform(0.15, 0.5))
    if chance < DUSK_SHARE + HAZE_SHARE + RAIN_SHARE:
        drops = (rng.random(image_bgr.shape[:2], dtype=np.float32) > 0.996).astype(np.float32)
        length = int(rng.integers(5, 16))
        streak = np.eye(length, dtype=np.float32)[:: int(rng.choice([-1, 1]))] / length
        rain = cv2.filter2D(drops, -1, streak)[..., None] * rng.uniform(250, 700)
        return _clipped(image_bgr * rng.uniform(0.6, 0.95) + rain)
    return image_bgr


def _clipped(image: NDArray[np.floating]) -> NDArray[np.uint8]:
    return image.clip(0, 255).astype(np.uint8)
