"""Faces of signs and walls: drawn strokes that look like writing and are none, windows, shop fronts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from pipeline.scene.solids import one_of

if TYPE_CHECKING:
    from pipeline.scene.solids import Bgr, Texture

_GROUNDS: tuple[Bgr, ...] = (
    (40, 30, 200), (30, 190, 240), (190, 90, 20), (240, 240, 240), (60, 140, 30), (30, 110, 240), (150, 30, 130),
)  # fmt: skip
_INKS: tuple[Bgr, ...] = ((250, 250, 250), (20, 20, 190), (30, 220, 250), (30, 30, 30), (150, 50, 10))


def _contrasting(rng: np.random.Generator, ground: Bgr) -> Bgr:
    return one_of(rng, [ink for ink in _INKS if sum(abs(a - b) for a, b in zip(ink, ground, strict=True)) > 240])


def _draw_glyph(image: Texture, rng: np.random.Generator, left: int, top: int, size: int, ink: Bgr) -> None:
    """Draw one square of random strokes: bars, posts, falling strokes, sometimes a frame."""
    thick = max(1, size // 10)
    inner = max(3, int(size * 0.8))

    def at(x: float, y: float) -> tuple[int, int]:
        return left + int(x * inner), top + int(y * inner)

    rows = rng.choice([0.05, 0.25, 0.45, 0.65, 0.9], size=int(rng.integers(2, 4)), replace=False)
    for y in rows:
        cv2.line(image, at(rng.uniform(0, 0.25), y), at(rng.uniform(0.75, 1), y), ink, thick, cv2.LINE_AA)
    for x in rng.choice([0.1, 0.3, 0.5, 0.7, 0.9], size=int(rng.integers(1, 3)), replace=False):
        cv2.line(image, at(x, rng.uniform(0, 0.3)), at(x, rng.uniform(0.7, 1)), ink, thick, cv2.LINE_AA)
    if rng.random() < 0.5:
        cv2.line(image, at(0.5, 0.45), at(0.05, 1), ink, thick, cv2.LINE_AA)
        cv2.line(image, at(0.5, 0.45), at(0.98, 1), ink, thick, cv2.LINE_AA)
    if rng.random() < 0.4:
        cv2.rectangle(image, at(0.2, 0.35), at(0.8, 0.85), ink, thick, cv2.LINE_AA)


def _rows(image: Texture, rng: np.random.Generator, from_px: int, to_px: int, glyphs: int, ink: Bgr) -> None:
    """One line of `glyphs` signs filling the picture's width between two rows of pixels."""
    width = image.shape[1]
    size = max(4, min(to_px - from_px, int(width * 0.9 / glyphs)))
    left = (width - size * glyphs) // 2
    for i in range(glyphs):
        _draw_glyph(image, rng, left + i * size, from_px, size, ink)


def sign_face(rng: np.random.Generator, width_m: float, height_m: float) -> Texture:
    """A printed panel at 1 cm per pixel: a ground colour, a headline, smaller lines, sometimes a picture."""
    width, height = int(width_m * 100), int(height_m * 100)
    ground = one_of(rng, _GROUNDS)
    image = np.full((height, width, 3), ground, np.uint8)
    ink, second = _contrasting(rng, ground), _contrasting(rng, ground)
    if rng.random() < 0.5:
        cv2.rectangle(image, (3, 3), (width - 4, height - 4), second, 3)
    if height < 0.7 * width:
        _rows(image, rng, int(height * 0.15), int(height * 0.85), max(3, int(width / height * 1.2)), ink)
        return image
    _rows(image, rng, int(height * 0.07), int(height * 0.4), int(rng.integers(2, 5)), ink)
    if rng.random() < 0.5:
        centre = (int(width * rng.uniform(0.35, 0.65)), int(height * 0.62))
        picture = one_of(rng, _GROUNDS)
        cv2.ellipse(image, centre, (int(width * 0.3), int(height * 0.14)), 0, 0, 360, picture, -1, cv2.LINE_AA)
    else:
        _rows(image, rng, int(height * 0.47), int(height * 0.62), int(rng.integers(4, 7)), second)
    _rows(image, rng, int(height * 0.66), int(height * 0.78), int(rng.integers(5, 8)), second)
    _rows(image, rng, int(height * 0.82), int(height * 0.93), int(rng.integers(5, 9)), ink)
    return image


def house_wall(rng: np.random.Generator, width_m: float, height_m: float, wall: Bgr, *, shop: bool) -> Texture:
    """A wall at 5 cm per pixel: rows of windows, and for a shop a glass front under a plain fascia."""
    width, height = max(8, int(width_m * 20)), max(8, int(height_m * 20))
    image = np.full((height, width, 3), wall, np.uint8)
    floors = max(1, round(height_m / 3))
    bays = max(1, round(width_m / 2.6))
    for floor in range(floors):
        top = int(height * floor / floors)
        storey = height // floors
        if shop and floor == floors - 1:
            fascia = [float(c) for c in rng.choice([(60, 60, 150), (120, 80, 50), (70, 110, 60), (150, 150, 150)])]
            cv2.rectangle(image, (0, top), (width, top + storey // 4), fascia, -1)
            cv2.rectangle(image, (4, top + storey // 4), (width - 5, height), (70, 62, 54), -1)
            continue
        for bay in range(bays):
            left = int(width * (bay + 0.25) / bays)
            shade = float(rng.uniform(0.6, 1.3))
            glass = (95 * shade, 82 * shade, 70 * shade)
            low, right = top + int(storey * 0.72), left + int(width * 0.5 / bays)
            cv2.rectangle(image, (left, top + int(storey * 0.25)), (right, low), glass, -1)
            cv2.rectangle(image, (left, top + int(storey * 0.25)), (right, low), (205, 205, 205), 1)
    return image
