"""Pictures made from a frame: the full frame, a marked copy for the officer, a masked copy that may leave the house."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from pipeline.domain.linkage import linked
from pipeline.domain.offence import Offence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

# BGR; the label names the class too, so that nobody depends on the colour.
COLOURS_BGR: dict[Offence, tuple[int, int, int]] = {
    Offence.DUST: (0, 200, 255),
    Offence.TRAFFIC_CONE: (0, 90, 255),
    Offence.ILLEGAL_SIGNAGE: (255, 80, 200),
    Offence.COOKING_FUMES: (255, 220, 0),
}
# A masked block is this share of the picture's shorter side (54 px of 1080), and never under the least. Source: our
# choice; in views from a drone or a street camera a head or a number plate then fills about one block or less.
MASK_BLOCK_SHARE = 0.05
MASK_BLOCK_LEAST_PX = 12
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_BLACK, _WHITE = (0, 0, 0), (255, 255, 255)


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledBox:
    """A box to draw.

    Attributes:
        xyxy_px: left, top, right, bottom; may reach beyond the picture.
        offence: chooses the colour and names the class.
        score: the detector's, 0..1.
    """

    xyxy_px: tuple[float, float, float, float]
    offence: Offence
    score: float

    @property
    def label(self) -> str:
        """What is written on it."""
        return f"{self.offence} {self.score:.2f}"


def frame_jpeg(image_bgr: NDArray[np.uint8], *, quality: int = 95) -> bytes:
    """The picture as JPEG bytes, without metadata."""
    _, encoded = cv2.imencode(".jpg", image_bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    content: bytes = encoded.tobytes()
    return content


def annotate(image_bgr: NDArray[np.uint8], boxes: Sequence[LabelledBox], caption: Sequence[str]) -> bytes:
    """A marked copy: boxes with class and score, and a caption bar added below, so that it hides nothing.

    Boxes of one class close together name it once.

    Args:
        image_bgr: (h, w, 3) uint8.
        boxes: what to mark.
        caption: lines for the bar; letters outside ASCII are written as "?".

    Returns:
        JPEG bytes.
    """
    picture = np.ascontiguousarray(image_bgr.copy())
    scale = max(0.4, picture.shape[1] / 1800)
    _draw_boxes(picture, boxes, scale)
    return frame_jpeg(np.vstack((picture, _caption_bar(picture.shape[1], caption, scale))), quality=90)


def mask(
    image_bgr: NDArray[np.uint8], keep_xyxy_px: Sequence[tuple[float, float, float, float]], *, margin: float = 0.25
) -> bytes:
    """A copy in which only the kept boxes can be read; all else is coarse blocks.

    Source: minimum use, Personal Information Protection Law art. 6 and Public video regulation art. 22.

    Args:
        image_bgr: (h, w, 3) uint8.
        keep_xyxy_px: boxes to keep, each grown by `margin` of its own size on every side.
        margin: share of the box's width and height.

    Returns:
        JPEG bytes of the same size in pixels.
    """
    height, width = image_bgr.shape[:2]
    block_px = max(MASK_BLOCK_LEAST_PX, round(min(height, width) * MASK_BLOCK_SHARE))
    cells = (max(1, width // block_px), max(1, height // block_px))
    coarse = cv2.resize(image_bgr, cells, interpolation=cv2.INTER_AREA)
    masked = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_NEAREST)
    for left, top, right, bottom in keep_xyxy_px:
        grow_x, grow_y = (right - left) * margin, (bottom - top) * margin
        rows = slice(max(0, math.floor(top - grow_y)), max(0, math.ceil(bottom + grow_y)))
        columns = slice(max(0, math.floor(left - grow_x)), max(0, math.ceil(right + grow_x)))
        masked[rows, columns] = image_bgr[rows, columns]
    return frame_jpeg(masked, quality=90)


def _draw_boxes(picture: NDArray[np.uint8], boxes: Sequence[LabelledBox], scale: float) -> None:
    """Every edge, then the plates: of a group the class once, and each score that hides no other plate."""
    for box in boxes:
        left, top, right, bottom = (round(edge) for edge in box.xyxy_px)
        cv2.rectangle(picture, (left, top), (right, bottom), COLOURS_BGR[box.offence], max(2, round(3 * scale)))
    taken: list[_Plate] = []
    groups = [sorted(group, key=lambda box: -box.score) for group in linked(boxes, lambda a, b: _close(a, b, scale))]
    for first, *_ in groups:
        places = _plates(picture, first, first.label, scale)
        taken.append(next((place for place in places if not any(map(place.hides, taken))), places[0]))
    for box in [box for _, *others in groups for box in others]:
        places = _plates(picture, box, f"{box.score:.2f}", scale)
        taken += [place for place in places if not any(map(place.hides, taken))][:1]
    for plate in taken:
        corner, opposite = (plate.left, plate.top), (plate.right, plate.bottom)
        cv2.rectangle(picture, corner, opposite, plate.colour_bgr, cv2.FILLED)
        start = (plate.left, plate.bottom - plate.descent)
        cv2.putText(picture, plate.text, start, _FONT, scale, _BLACK, max(1, round(1.5 * scale)), cv2.LINE_AA)


def _close(a: LabelledBox, b: LabelledBox, scale: float) -> bool:
    """Boxes of one class so near that labels at both would run into each other."""
    (width_px, height_px), descent = cv2.getTextSize(a.label, _FONT, scale, 1)
    gap_x = max(a.xyxy_px[0], b.xyxy_px[0]) - min(a.xyxy_px[2], b.xyxy_px[2])
    gap_y = max(a.xyxy_px[1], b.xyxy_px[1]) - min(a.xyxy_px[3], b.xyxy_px[3])
    return a.offence is b.offence and gap_x < width_px and gap_y < 2 * (height_px + descent)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plate:
    """A text on a filled ground, in pixels of the picture."""

    left: int
    top: int
    right: int
    bottom: int
    descent: int
    text: str
    colour_bgr: tuple[int, int, int]

    def hides(self, other: _Plate) -> bool:
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom


def _plates(picture: NDArray[np.uint8], box: LabelledBox, text: str, scale: float) -> list[_Plate]:
    """Where a text may stand, best first: above its box, below it; never off the picture."""
    height, width = picture.shape[:2]
    (wide, high), descent = cv2.getTextSize(text, _FONT, scale, max(1, round(1.5 * scale)))
    high += descent + 2
    left = max(0, min(round(box.xyxy_px[0]), width - wide))
    tops = (max(0, min(top, height - high)) for top in (round(box.xyxy_px[1]) - high, round(box.xyxy_px[3])))
    colour = COLOURS_BGR[box.offence]
    return [
        _Plate(left=left, top=top, right=left + wide, bottom=top + high, descent=descent, text=text, colour_bgr=colour)
        for top in tops
    ]


def _caption_bar(width_px: int, lines: Sequence[str], scale: float) -> NDArray[np.uint8]:
    texts = [line.encode("ascii", "replace").decode() for line in lines]
    widest_px = max((cv2.getTextSize(text, _FONT, scale, 1)[0][0] for text in texts), default=1)
    scale = min(scale, scale * (width_px - 16) / max(1, widest_px))
    pitch_px = max(8, round(34 * scale))
    bar = np.zeros((pitch_px * len(texts) + pitch_px // 2, width_px, 3), np.uint8)
    for row, text in enumerate(texts, start=1):
        cv2.putText(bar, text, (8, row * pitch_px - pitch_px // 6), _FONT, scale, _WHITE, 1, cv2.LINE_AA)
    return bar
