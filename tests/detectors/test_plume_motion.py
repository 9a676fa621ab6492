"""What boils is confirmed, what keeps its pattern is static, and what cannot be told is said to be undecided."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from detectors.plume_motion import Moving, PlumeMotion, measure_motion

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

SIZE_PX = (320, 240)
BOX = np.array([120.0, 80.0, 200.0, 150.0])
HZ, COUNT = 8, 21


def cloud_texture(rng: np.random.Generator, width_px: int, height_px: int, grain_px: int) -> NDArray[np.float32]:
    """Smooth random grey about 0, one sigma 1."""
    coarse = rng.normal(size=(height_px // grain_px + 2, width_px // grain_px + 2)).astype(np.float32)
    return cv2.resize(coarse, (width_px, height_px), interpolation=cv2.INTER_CUBIC)


def street(rng: np.random.Generator) -> NDArray[np.float32]:
    """A still, textured background."""
    return 110 + 25 * cloud_texture(rng, *SIZE_PX, 6)


def blob() -> NDArray[np.float32]:
    """How much the thing in the box covers, 0..1."""
    y, x = np.mgrid[: SIZE_PX[1], : SIZE_PX[0]].astype(np.float32)
    return np.exp(-((((x - 160) / 28) ** 2 + ((y - 115) / 25) ** 2) ** 2))


def boiling(rng: np.random.Generator) -> Callable[[float], NDArray[np.float32]]:
    """Puffs that rise and change into others within a second."""
    layers = [cloud_texture(rng, 320, 240 + 300, 12) for _ in range(6)]

    def at(t_s: float) -> NDArray[np.float32]:
        up = int(30 * t_s)
        weights = [np.cos(2 * np.pi * (t_s / 1.5 + k / 6)) for k in range(6)]
        rising = sum(w * layer[up : up + 240] for w, layer in zip(weights, layers, strict=True))
        return np.asarray(175 + 14 * rising, dtype=np.float32)

    return at


def film(
    rng: np.random.Generator,
    inside: Callable[[float], NDArray[np.float32]],
    *,
    shake_px: float = 0.0,
    everywhere: bool = False,
) -> list[NDArray[np.uint8]]:
    """Pictures with noise, the thing over the street, the camera shaking."""
    ground, cover = street(rng), np.ones((240, 320), np.float32) if everywhere else blob()
    frames = []
    for number in range(COUNT):
        image = ground * (1 - cover) + inside(number / HZ) * cover
        dx, dy = rng.uniform(-shake_px, shake_px, 2)
        image = cv2.warpAffine(image, np.float32([[1, 0, dx], [0, 1, dy]]), SIZE_PX, borderMode=cv2.BORDER_REFLECT)
        frames.append(np.clip(image + rng.normal(0, 1.5, image.shape), 0, 255).astype(np.uint8))
    return frames


def measured(frames: list[NDArray[np.uint8]], *, fixed: bool = True) -> PlumeMotion:
    """Seen by a fixed camera, or stabilised by the background."""
    given = [np.eye(3)] * len(frames) if fixed else None
    times_s = [number / HZ for number in range(len(frames))]
    return measure_motion(frames, times_s, BOX, middle=len(frames) // 2, middle_from_frame=given)


def still_heap(rng: np.random.Generator) -> Callable[[float], NDArray[np.float32]]:
    """A heap of soil: one texture for ever."""
    heap = 150 + 20 * cloud_texture(rng, 320, 240, 8)
    return lambda _t_s: heap


def drifting_cloud(rng: np.random.Generator) -> Callable[[float], NDArray[np.float32]]:
    """One pattern that moves as a whole, 6 px a second."""
    wide = 170 + 18 * cloud_texture(rng, 400, 240, 16)
    return lambda t_s: wide[:, int(6 * t_s) : int(6 * t_s) + 320]


def dimming_lamp(rng: np.random.Generator) -> Callable[[float], NDArray[np.float32]]:
    """A lit wall that brightens and dims."""
    wall = 20 * cloud_texture(rng, 320, 240, 8)
    return lambda t_s: 150 + (1 + 0.15 * np.sin(4 * t_s)) * wall + 4 * np.sin(4 * t_s)


def blinking_lamp(rng: np.random.Generator) -> Callable[[float], NDArray[np.float32]]:
    """A wall on which something flares up once, for a quarter of a second."""
    wall = 150 + 20 * cloud_texture(rng, 320, 240, 8)
    flare = 150 + 40 * cloud_texture(rng, 320, 240, 8)
    return lambda t_s: flare if 1.0 <= t_s < 1.25 else wall


@pytest.mark.parametrize("seed", range(2))
def test_a_boiling_plume_is_confirmed(seed: int) -> None:
    """A plume over a street changes as no rigid thing does."""
    rng = np.random.default_rng(seed)
    motion = measured(film(rng, boiling(rng)))
    assert motion.moving is Moving.CONFIRMED
    assert motion.persistence > 0.9


@pytest.mark.parametrize("thing", [still_heap, drifting_cloud, dimming_lamp, blinking_lamp])
@pytest.mark.parametrize("seed", range(2))
def test_rigid_things_are_static(thing: Callable[..., Callable[[float], NDArray[np.float32]]], seed: int) -> None:
    """A heap, a cloud that drifts as one, a lamp that dims and one that flares once keep their pattern."""
    rng = np.random.default_rng(seed)
    assert measured(film(rng, thing(rng), everywhere=thing is drifting_cloud)).moving is Moving.STATIC


@pytest.mark.parametrize(("make", "verdict"), [(boiling, Moving.CONFIRMED), (still_heap, Moving.STATIC)])
def test_a_shaking_camera_is_steadied_by_the_background(
    make: Callable[..., Callable[[float], NDArray[np.float32]]], verdict: Moving
) -> None:
    """Shaken by up to 4 px and told nothing, the verdict is that of a fixed camera."""
    rng = np.random.default_rng(5)
    assert measured(film(rng, make(rng), shake_px=4.0), fixed=False).moving is verdict


def test_what_cannot_be_told_says_why() -> None:
    """Too few pictures, a tiny box, a picture without texture: undecided, each with its reason."""
    rng = np.random.default_rng(6)
    frames = film(rng, boiling(rng))
    assert measured(frames[:4]).why == "too_short"
    tiny = measure_motion(frames, [n / HZ for n in range(COUNT)], np.array([10.0, 10, 18, 18]), middle=10)
    assert (tiny.moving, tiny.why) == (Moving.UNDECIDED, "too_small")
    blank = [np.full((240, 320), 90, np.uint8)] * COUNT
    assert measured(blank, fixed=False).why == "no_background"
    assert measured(blank).why == "flat"
