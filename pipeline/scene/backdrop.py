"""What a picture starts from, the ground under the sky, and what the lens and the sensor do to it at the end."""

from __future__ import annotations

import functools
import itertools
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray  # noqa: TC002 - functools reads no types, but a signature here is public

from pipeline.scene.ground import PX_PER_M, ground_from_texture, paint_ground

if TYPE_CHECKING:
    from pipeline.scene.view import View
    from pipeline.scene.world import World

_SKY_BGR = (225.0, 214.0, 200.0)
_BAND_PX = 40
_LEVELS = 5
_HORIZON_UP = -0.02
_CLEAR_UP = -0.35
_CLEAR_M = 40.0
_GRAIN_ROOM_PX = 360
_FALL_OFF = 0.09


def halved(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A picture half as wide and high."""
    half: NDArray[np.uint8] = cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return half


class Backdrop:
    """The painted ground of one world in halving sizes, and its sky."""

    def __init__(self, world: World) -> None:
        self._haze = world.haze
        self._sky = np.array(_SKY_BGR) * np.array(world.light_bgr)
        light = world.light_on(np.array([0.0, 0.0, 1.0])).tolist()
        self._ground = [cv2.multiply(paint_ground(world), (*light, 1.0))]
        for _ in range(_LEVELS - 1):
            self._ground.append(halved(self._ground[-1]))

    def seen(self, view: View) -> NDArray[np.uint8]:
        """(h, w, 3) uint8 BGR of bare ground and sky."""
        image = self._ground_seen(view)
        self._cover_sky(view, image)
        return image

    def _ground_seen(self, view: View) -> NDArray[np.uint8]:
        """The ground in bands of rows, each from the texture whose pixels fit its ground sample distance."""
        width, height = view.size_px
        image = np.empty((height, width, 3), np.uint8)
        starts = np.arange(0, height, _BAND_PX)
        down = np.maximum(-view.up_of_pixels(np.array(width / 2), (starts + _BAND_PX / 2).astype(np.float64)), 0.02)
        gsd_m = view.centre_m[2] / down / view.focal_px / np.sqrt(down)
        levels = np.clip(np.round(np.log2(gsd_m * PX_PER_M) + 0.1), 0, _LEVELS - 1).astype(int)
        cuts = [0, *(np.flatnonzero(np.diff(levels)) + 1), len(levels)]
        for start, end in itertools.pairwise(cuts):
            top, bottom = int(starts[start]), min(height, int(starts[end - 1]) + _BAND_PX)
            level = int(levels[start])
            up_by_top = np.array([[1, 0, 0], [0, 1, -top], [0, 0, 1.0]])
            image[top:bottom] = cv2.warpPerspective(
                self._ground[level],
                up_by_top @ view.picture_from_ground @ ground_from_texture(level),
                (width, bottom - top),
                flags=cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_REFLECT,
            )
        return image

    def _cover_sky(self, view: View, image: NDArray[np.uint8]) -> None:
        """Paint the sky above the horizon and let far ground fade into it, in place."""
        width, height = view.size_px
        step = 8
        columns, rows = np.arange(step / 2, width, step)[None, :], np.arange(step / 2, height, step)[:, None]
        up = view.up_of_pixels(columns, rows)
        if up.max() < _CLEAR_UP:
            return
        far_m = view.centre_m[2] / np.maximum(-up, 1e-4)
        share = 1 - (1 - self._haze) ** (np.maximum(far_m - _CLEAR_M, 0) / 100)
        share = np.where(up > _HORIZON_UP, 1.0, share)
        deepest = min(height, (int(np.flatnonzero((share > 0.004).any(axis=1)).max(initial=0)) + 2) * step)
        weight = cv2.resize(share.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)[:deepest]
        sky = np.empty((deepest, width, 3), np.uint8)
        sky[:] = np.clip(self._sky, 0, 255).astype(np.uint8)
        image[:deepest] = cv2.blendLinear(image[:deepest], sky, 1 - weight, weight)


@functools.lru_cache(maxsize=8)
def _fall_off(size_px: tuple[int, int]) -> NDArray[np.uint8]:
    """(h, w, 3) how much of the light reaches each pixel, 255 for all."""
    y, x = np.mgrid[-1:1:36j, -1:1:64j]
    share = (255 * (1 - _FALL_OFF * (x * x + y * y))).astype(np.uint8)
    fall: NDArray[np.uint8] = cv2.cvtColor(cv2.resize(share, size_px), cv2.COLOR_GRAY2BGR)
    return fall


@functools.lru_cache(maxsize=2)
def _grain(seed: int, size_px: tuple[int, int]) -> NDArray[np.int8]:
    """Sensor noise with room to be cut at many places."""
    rng = np.random.default_rng([seed, 3])
    shape = (size_px[1] + _GRAIN_ROOM_PX, size_px[0] + _GRAIN_ROOM_PX, 3)
    return rng.normal(0, 2.2, shape).astype(np.int8)


def as_taken(image: NDArray[np.uint8], seed: int, key: int) -> NDArray[np.uint8]:
    """The picture through a slightly soft lens that darkens towards the corners, with sensor noise.

    Args:
        image: (h, w, 3) uint8 BGR, ideal.
        seed: of the sensor.
        key: chooses the noise; the same key gives the same noise.
    """
    height, width = image.shape[:2]
    soft = cv2.GaussianBlur(image, (3, 3), 0.55)
    shaded = cv2.multiply(soft, _fall_off((width, height)), scale=1 / 255)
    top, left = key % _GRAIN_ROOM_PX, key // _GRAIN_ROOM_PX % _GRAIN_ROOM_PX
    grain = _grain(seed, (width, height))[top : top + height, left : left + width]
    taken: NDArray[np.uint8] = cv2.add(shaded, grain, dtype=cv2.CV_8U)
    return taken
