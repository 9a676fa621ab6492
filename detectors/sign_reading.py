"""What a sign says: a box in a picture to lines of text, Chinese and Latin.

The rule kept here: this is the only file that imports rapidocr; it is loaded at the first reading, its models lie in
its wheel, and it runs on one thread.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

MARGIN = 0.08
"""Added about the box, as a share of its sides: detectors cut letters off."""
TALL_PX, LONGEST_PX, MOST_UPSCALED = 320, 1280, 4.0
"""A crop is enlarged to this height, but to no longer side and by no factor above these. Source: tests/detectors."""
SURE = 0.6
"""Lines below this score are not said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignText:
    """What was read on one sign, top line first.

    Attributes:
        lines: as read.
        scores: how sure the reader was of each, 0..1.
    """

    lines: tuple[str, ...] = ()
    scores: tuple[float, ...] = ()

    @property
    def text(self) -> str:
        """The lines as one text."""
        return " ".join(self.lines)

    @property
    def weight(self) -> float:
        """Letters read, weighed by how surely: to choose the better of two readings."""
        return sum(len(line) * score for line, score in zip(self.lines, self.scores, strict=True))


class SignReader(Protocol):
    """Reads signs."""

    def read(self, image_bgr: NDArray[np.uint8], xyxy_px: tuple[float, float, float, float]) -> SignText:
        """What the sign in a box of a (h, w, 3) BGR picture says; no lines where nothing can be read."""
        ...


class RapidOcrReader:
    """PP-OCRv4 through RapidOCR. One reader is used by one thread at a time."""

    @cached_property
    def _ocr(self) -> Callable[..., tuple[list[list[object]] | None, object]]:
        from rapidocr_onnxruntime import RapidOCR  # noqa: PLC0415 - loads models; many looks hold no sign

        reader: Callable[..., tuple[list[list[object]] | None, object]] = RapidOCR(
            intra_op_num_threads=1, inter_op_num_threads=1
        )
        return reader

    def read(self, image_bgr: NDArray[np.uint8], xyxy_px: tuple[float, float, float, float]) -> SignText:
        """What the sign in a box says."""
        crop = enlarged(image_bgr, xyxy_px)
        if crop is None:
            return SignText()
        found, _ = self._ocr(crop)
        rows = [(str(text), float(str(score))) for _, text, score in found or () if float(str(score)) >= SURE]
        return SignText(lines=tuple(text for text, _ in rows), scores=tuple(score for _, score in rows))


def enlarged(image_bgr: NDArray[np.uint8], xyxy_px: tuple[float, float, float, float]) -> NDArray[np.uint8] | None:
    """The box with a margin, enlarged for reading; None where it is smaller than any letter."""
    left, top, right, bottom = xyxy_px
    across, down = MARGIN * (right - left), MARGIN * (bottom - top)
    rows = slice(max(round(top - down), 0), max(round(bottom + down), 0))
    crop = image_bgr[rows, max(round(left - across), 0) : max(round(right + across), 0)]
    height, width = crop.shape[:2]
    if min(height, width) < 8:
        return None
    factor = min(MOST_UPSCALED, max(1.0, TALL_PX / height), LONGEST_PX / max(height, width))
    size_px = (round(width * factor), round(height * factor))
    return np.asarray(cv2.resize(crop, size_px, interpolation=cv2.INTER_CUBIC), dtype=np.uint8)
