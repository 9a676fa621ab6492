"""Plumes need time: whether what a box holds boils, as dust and smoke do, or stands still or moves as one piece.

The rule kept here: a box is called static only where its content was seen and seen to keep its pattern; where nothing
can be said, that is said. Pictures are brought onto the middle one by the ground's homographies, or by the
background outside the box. Two pictures some time apart are then fitted to each other inside the box (affine, gain
and offset: so a drifting cloud, a heap seen in parallax and a lamp that dims all fit), and what does not fit is
expressed as the misfit in pixels that would explain it. The ring about the box says what the method itself misfits.
Source: E = d^2 G / 2, the first-order error of registration (Lucas and Kanade, 1981); thresholds: docs/adr/0013.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Grey = NDArray[np.float32]
    Matrix = NDArray[np.float64]

LAG_S = 0.5
"""Time between the two pictures of a pair seen from the air: a plume has changed, the drone has not flown far."""
LONG_LAG_S = 2.0
"""The same for a camera that stands still: what is far off changes slowly."""
MIN_PAIRS = 4
BOX_SIDE_PX = 64.0
"""Mean side of the box on the working grid; boxes smaller than that stay as they are."""
MIN_SIDE_PX = 12.0
MARGIN = 0.5
"""Ring about the box, as a share of its sides."""
MOVES_ABOVE_PX = 0.8
"""Misfit of a boiling box at least."""
STATIC_BELOW_PX = 0.65
"""Misfit of what keeps its pattern at most."""
NOISE = 0.4
"""Variance, in grey levels squared, that coding and the sensor leave in the difference of two smoothed patches."""
PERSISTENT_SHARE = 0.6
"""Share of the pairs that must misfit: a lamp that blinks or steam that is gone misfits in few."""
BLOCK_PX = 9
"""Misfit is taken over squares of this side, so that one person who walks through a box is not all of it."""
QUANTILE = 0.7
"""Of the squares in the box: the misfit that so many of them do not exceed."""
FAINTEST_SLOPE = 0.2
"""Grey levels per pixel, squared: below it slopes are noise."""
MIN_CONTRAST = 2.0
"""Grey levels, one sigma: a box flatter than that shows no pattern that could stay or change."""
MIN_FEATURES = 12
MIN_INLIERS = 0.5
_WHOLE = 0.7


class Moving(StrEnum):
    """What was seen of a plume's motion."""

    CONFIRMED = "confirmed"
    STATIC = "static"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlumeMotion:
    """What a box did over a window of pictures. Figures are 0 where nothing was measured.

    Attributes:
        moving: the verdict.
        why: why it is undecided: `too_short`, `too_small`, `no_background`, `flat` or `between`; else "".
        misfit_px: median over pairs of the misfit inside the box, pixels of the working grid.
        ring_misfit_px: the same in the ring.
        persistence: share of pairs in which the box misfits by more than `MOVES_ABOVE_PX`.
    """

    moving: Moving
    why: str = ""
    misfit_px: float = 0.0
    ring_misfit_px: float = 0.0
    persistence: float = 0.0


def measure_motion(
    frames: Sequence[NDArray[np.uint8]],
    times_s: Sequence[float],
    xyxy_px: NDArray[np.float64],
    *,
    middle: int,
    middle_from_frame: Sequence[Matrix | None] | None = None,
    lag_s: float = LAG_S,
) -> PlumeMotion:
    """Whether a box holds a plume that moves.

    Args:
        frames: n pictures of one size, (h, w, 3) BGR or (h, w) grey, in time order.
        times_s: (n,) when each was taken.
        xyxy_px: (4,) the box in the middle picture, left, top, right, bottom.
        middle: index of that picture; all others are brought onto it.
        middle_from_frame: n (3, 3) homographies of the ground from each picture to the middle one (identities for a
            fixed camera), None where nothing is known; None: by the background alone. The background refines
            what is given where it can.
        lag_s: time between the two pictures of a pair.
    """
    lag = _lag(times_s, lag_s)
    if lag is None or len(frames) - lag < MIN_PAIRS:
        return PlumeMotion(moving=Moving.UNDECIDED, why="too_short")
    left, top, right, bottom = (float(v) for v in xyxy_px)
    if min(right - left, bottom - top) < MIN_SIDE_PX:
        return PlumeMotion(moving=Moving.UNDECIDED, why="too_small")
    greys = [frame if frame.ndim == 2 else cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY) for frame in frames]
    warps = [
        _registered(
            greys[middle], grey, (left, top, right, bottom), middle_from_frame[i] if middle_from_frame else None
        )
        for i, grey in enumerate(greys)
    ]
    if sum(warp is not None for warp in warps) < lag + MIN_PAIRS:
        return PlumeMotion(moving=Moving.UNDECIDED, why="no_background")
    grid = _Grid.about((left, top, right, bottom), (greys[middle].shape[1], greys[middle].shape[0]))
    patches = [None if warp is None else grid.cut(grey, warp) for grey, warp in zip(greys, warps, strict=True)]
    return _judged(patches, times_s, lag, grid)


def _lag(times_s: Sequence[float], lag_s: float) -> int | None:
    """Pictures between the two of a pair."""
    if len(times_s) < 2 or times_s[-1] <= times_s[0]:
        return None
    return max(1, round(lag_s * (len(times_s) - 1) / (times_s[-1] - times_s[0])))


def _registered(
    middle: NDArray[np.uint8], grey: NDArray[np.uint8], box: tuple[float, ...], given: Matrix | None
) -> Matrix | None:
    """(3, 3) middle picture from this one, by features outside the box; what was given where they are too few."""
    height, width = middle.shape
    start = np.eye(3) if given is None else given
    moved = cv2.warpPerspective(grey, start, (width, height))
    outside = np.full(middle.shape, 255, dtype=np.uint8)
    left, top, right, bottom = (round(v) for v in box)
    outside[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)] = 0
    outside[cv2.warpPerspective(np.full_like(grey, 255), start, (width, height)) < 255] = 0
    corners = cv2.goodFeaturesToTrack(middle, 300, 0.01, 8, mask=outside)
    if corners is None or len(corners) < MIN_FEATURES:
        return given
    found, status, _ = cv2.calcOpticalFlowPyrLK(middle, moved, corners, np.zeros_like(corners), winSize=(21, 21))
    kept = status[:, 0] == 1
    if kept.sum() < MIN_FEATURES:
        return given
    fine, inliers = cv2.findHomography(found[kept], corners[kept], cv2.RANSAC, 2.0)
    if fine is None or inliers.mean() < MIN_INLIERS:
        return given
    refined: Matrix = fine @ start
    return refined


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Grid:
    """The working grid: the box and a ring about it, cut out of the middle picture's plane."""

    grid_from_middle: Matrix
    size_px: tuple[int, int]
    box: NDArray[np.uint8]
    ring: NDArray[np.uint8]
    scale: float

    @classmethod
    def about(cls, box: tuple[float, float, float, float], picture_px: tuple[int, int]) -> _Grid:
        left, top, right, bottom = box
        scale = min(1.0, BOX_SIDE_PX / float(np.sqrt((right - left) * (bottom - top))))
        margin_x, margin_y = MARGIN * (right - left), MARGIN * (bottom - top)
        x, y = max(left - margin_x, 0.0), max(top - margin_y, 0.0)
        size_px = (
            round((min(right + margin_x, picture_px[0]) - x) * scale),
            round((min(bottom + margin_y, picture_px[1]) - y) * scale),
        )
        inner = np.zeros(size_px[::-1], dtype=np.uint8)
        inner[
            round((top - y) * scale) : round((bottom - y) * scale),
            round((left - x) * scale) : round((right - x) * scale),
        ] = 1
        return cls(
            grid_from_middle=np.array([[scale, 0, -x * scale], [0, scale, -y * scale], [0, 0, 1.0]]),
            size_px=size_px,
            box=inner,
            ring=(1 - cv2.dilate(inner, np.ones((5, 5), np.uint8))).astype(np.uint8),
            scale=scale,
        )

    def cut(self, grey: NDArray[np.uint8], middle_from_frame: Matrix) -> tuple[Grey, NDArray[np.uint8]]:
        """The patch, smoothed against noise and coding, and where it is known."""
        warp = self.grid_from_middle @ middle_from_frame
        smooth = cv2.GaussianBlur(grey, (0, 0), max(0.5 / self.scale, 0.8))
        patch = cv2.warpPerspective(smooth, warp, self.size_px, flags=cv2.INTER_LINEAR).astype(np.float32)
        known = cv2.warpPerspective(np.ones_like(grey), warp, self.size_px, flags=cv2.INTER_NEAREST)
        return cv2.GaussianBlur(patch, (0, 0), 1.0), cv2.erode(known, np.ones((5, 5), np.uint8))


def _judged(
    patches: Sequence[tuple[Grey, NDArray[np.uint8]] | None], times_s: Sequence[float], lag: int, grid: _Grid
) -> PlumeMotion:
    boxes, rings = [], []
    for i in range(len(patches) - lag):
        first, second = patches[i], patches[i + lag]
        if first is None or second is None or times_s[i + lag] <= times_s[i]:
            continue
        known = first[1] & second[1]
        if (known & grid.box).sum() < _WHOLE * grid.box.sum():
            continue
        boxes.append(_misfit_px(first[0], second[0], known & grid.box))
        rings.append(_misfit_px(first[0], second[0], known & grid.ring))
    if len(boxes) < MIN_PAIRS:
        return PlumeMotion(moving=Moving.UNDECIDED, why="too_short")
    contrast = float(np.median([patch[0][grid.box > 0].std() for patch in patches if patch is not None]))
    misfit_px, ring_px = float(np.median(boxes)), float(np.median(rings))
    persistence = float(np.mean(np.array(boxes) > MOVES_ABOVE_PX))
    moving, why = _verdict(misfit_px, ring_px, persistence, contrast)
    return PlumeMotion(
        moving=moving,
        why=why,
        misfit_px=misfit_px,
        ring_misfit_px=ring_px,
        persistence=persistence,
    )


def _verdict(misfit_px: float, ring_px: float, persistence: float, contrast: float) -> tuple[Moving, str]:
    if contrast < MIN_CONTRAST:
        return Moving.UNDECIDED, "flat"
    if misfit_px > max(MOVES_ABOVE_PX, ring_px) and persistence >= PERSISTENT_SHARE:
        return Moving.CONFIRMED, ""
    if misfit_px < STATIC_BELOW_PX:
        return Moving.STATIC, ""
    return Moving.UNDECIDED, "between"


def _misfit_px(first: Grey, second: Grey, where: NDArray[np.uint8]) -> float:
    """How badly the second patch, moved as one piece, explains the first inside a mask."""
    if where.sum() < MIN_SIDE_PX**2:
        return 0.0
    inside = where > 0
    stay = _residual(first, second, inside)
    affine = np.eye(2, 3, dtype=np.float32)
    try:
        stop = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 30, 1e-3)
        _, affine = cv2.findTransformECC(first, second, affine, cv2.MOTION_AFFINE, stop, where, 3)
    except cv2.error:  # no correlation: nothing to fit
        pass
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    fitted = cv2.warpAffine(second, affine, first.shape[::-1], flags=flags, borderMode=cv2.BORDER_REPLICATE)
    moved = _residual(first, fitted, inside)
    residual = moved if (moved[inside] ** 2).mean() < (stay[inside] ** 2).mean() else stay
    slope = cv2.Sobel(first, cv2.CV_32F, 1, 0, scale=1 / 8) ** 2 + cv2.Sobel(first, cv2.CV_32F, 0, 1, scale=1 / 8) ** 2
    local = np.sqrt(
        2 * np.maximum(_mean_about(residual**2, where) - NOISE, 0.0) / (_mean_about(slope, where) + FAINTEST_SLOPE)
    )
    return float(np.quantile(local[inside], QUANTILE))


def _residual(first: Grey, second: Grey, inside: NDArray[np.bool_]) -> Grey:
    """What is left of the first after the best gain and offset of the second."""
    a, b = first[inside], second[inside]
    spread = float(b.var())
    gain = float(((a - a.mean()) * (b - b.mean())).mean()) / spread if spread > 1e-6 else 1.0
    left: Grey = (first - a.mean()) - np.float32(np.clip(gain, 0.5, 2.0)) * (second - b.mean())
    return left


def _mean_about(values: Grey, where: NDArray[np.uint8]) -> Grey:
    """Means over small squares, of what lies in the mask."""
    weight = cv2.blur(where.astype(np.float32), (BLOCK_PX, BLOCK_PX))
    mean: Grey = cv2.blur(values * where, (BLOCK_PX, BLOCK_PX)) / np.maximum(weight, 1e-3)
    return mean
