"""Says whether a frame is worth a look: something moved, or it has been long enough.

The rule kept here: a scene that stands still is still looked at every `longest_wait_s`, since an offence need not move.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray  # noqa: TC002 - a dataclass field's type

GRID_PX = (90, 160)
"""Rows and columns of the luma grid that is compared: .1 ms to gather from 1080p. Source: stack.md, section 3."""


class LookReason(StrEnum):
    """Why a frame is looked at."""

    FIRST = "first"
    CHANGED = "changed"
    WAITED = "waited"


@dataclass(slots=True, kw_only=True)
class ChangeGate:
    """Compares each frame with the last one that was looked at.

    Attributes:
        longest_wait_s: a look is due after this long, whatever moves.
        luma_step: brightness difference (0..255), beyond the change common to the whole picture, at which a grid cell
            has changed.
        changed_share: share of changed cells at which the frame is looked at.
    """

    longest_wait_s: float = 5.0
    luma_step: float = 18.0
    changed_share: float = 0.004
    _last_look_s: float | None = None
    _last_grid: NDArray[np.float32] | None = None

    def judge(self, image_bgr: NDArray[np.uint8], at_s: float) -> LookReason | None:
        """Why the (h, w, 3) frame captured at `at_s` needs a look, or None. A yes becomes the new reference."""
        grid = luma_grid(image_bgr)
        reason = self._reason(grid, at_s)
        if reason is not None:
            self._last_look_s, self._last_grid = at_s, grid
        return reason

    def _reason(self, grid: NDArray[np.float32], at_s: float) -> LookReason | None:
        if self._last_grid is None or self._last_look_s is None or self._last_grid.shape != grid.shape:
            return LookReason.FIRST
        waited_s = at_s - self._last_look_s
        if waited_s >= self.longest_wait_s or waited_s < 0:
            return LookReason.WAITED
        difference = grid - self._last_grid
        moved = np.abs(difference - np.median(difference)) >= self.luma_step
        return LookReason.CHANGED if moved.mean() >= self.changed_share else None


def luma_grid(image_bgr: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Brightness on a coarse grid of pixels, at most 90 x 160, picked by stride.

    Source: luma weights of Rec. ITU-R BT.601.
    """
    rows = max(1, image_bgr.shape[0] // GRID_PX[0])
    columns = max(1, image_bgr.shape[1] // GRID_PX[1])
    picked = image_bgr[::rows, ::columns].astype(np.float32)
    luma: NDArray[np.float32] = picked @ np.array([0.114, 0.587, 0.299], dtype=np.float32)
    return luma
