"""Which of many outlines hold which of many points: a grid of cells names candidates, prepared geometry decides.

Candidates are tested outline by outline, so that each prepared outline stays in the processor's cache.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from geofences.zone import Outline

    _Pairs = tuple[NDArray[np.intp], NDArray[np.intp]]

# Source: our choices. Cells a quarter of the usual outline wide (measured: finer ones gain nothing); so many cells, and
# entries of outlines in cells, that the grid stays under about 100 MB; so many points at once for the same reason.
_CELLS_ACROSS = 4
_MOST_CELLS = 2**22
_MOST_ENTRIES = 2**22
_BLOCK = 2**19


class OutlineGrid:
    """A grid over outlines; it does not change once built. It prepares the outlines it is given.

    Args:
        outlines: polygons or multipolygons in lon, lat; at least one.
    """

    def __init__(self, outlines: Sequence[Outline]) -> None:
        self._outlines = np.array(outlines, dtype=object)
        shapely.prepare(self._outlines)
        self._bounds = shapely.bounds(self._outlines)
        self._low = self._bounds[:, :2].min(axis=0)
        span = self._bounds[:, 2:].max(axis=0) - self._low
        sizes = self._bounds[:, 2:] - self._bounds[:, :2]
        self._step = np.median(sizes, axis=0) / _CELLS_ACROSS
        least_entries = 4 * len(outlines)
        while np.prod(span / self._step + 1) > _MOST_CELLS or (
            np.prod(sizes / self._step + 1, axis=1).sum() > max(_MOST_ENTRIES, least_entries)
        ):
            self._step = self._step * 2
        self._shape = self._cells(span + self._low) + 1
        self._fill()

    def pairs(self, lon_deg: NDArray[np.float64], lat_deg: NDArray[np.float64]) -> _Pairs:
        """Every point with every outline that holds it, borders included.

        Args:
            lon_deg: (n,) longitudes.
            lat_deg: (n,) latitudes; a point that is not finite is held by nothing.

        Returns:
            (m,) numbers of points and (m,) numbers of outlines, in order of points, then outlines.
        """
        blocks = [self._block(lon_deg, lat_deg, start) for start in range(0, len(lon_deg), _BLOCK)]
        none = np.empty(0, dtype=np.intp)
        return np.concatenate([none, *(p for p, _ in blocks)]), np.concatenate([none, *(o for _, o in blocks)])

    def _fill(self) -> None:
        """Enter each outline in every cell its bounds touch, entries sorted by cell."""
        first, last = self._cells(self._bounds[:, :2]), self._cells(self._bounds[:, 2:])
        width, height = (last - first + 1).T
        outline, nth = _repeat(width * height)
        column, row = first[outline, 0] + nth % width[outline], first[outline, 1] + nth // width[outline]
        cell = row * self._shape[0] + column
        order = np.argsort(cell, kind="stable")
        self._entries = outline[order]
        self._starts = np.searchsorted(cell[order], np.arange(np.prod(self._shape) + 1))

    def _cells(self, lon_lat_deg: NDArray[np.float64]) -> NDArray[np.int64]:
        """Column and row; the same rounding for points and bounds, so that no candidate is missed."""
        return np.asarray((lon_lat_deg - self._low) / self._step).astype(np.int64)

    def _block(self, lon_deg: NDArray[np.float64], lat_deg: NDArray[np.float64], start: int) -> _Pairs:
        x, y = lon_deg[start : start + _BLOCK], lat_deg[start : start + _BLOCK]
        west, south = self._low
        east, north = self._bounds[:, 2:].max(axis=0)
        held = np.flatnonzero((x >= west) & (x <= east) & (y >= south) & (y <= north))
        cell = self._cells(np.stack((x[held], y[held]), axis=-1)) @ (1, self._shape[0])
        first = self._starts[cell]
        which, nth = _repeat(self._starts[cell + 1] - first)
        point, outline = held[which], self._entries[first[which] + nth]
        low_x, low_y, high_x, high_y = self._bounds[outline].T
        near = (x[point] >= low_x) & (x[point] <= high_x) & (y[point] >= low_y) & (y[point] <= high_y)
        point, outline = point[near], outline[near]
        by_outline = np.argsort(outline, kind="stable")
        point, outline = point[by_outline], outline[by_outline]
        hit = shapely.intersects_xy(self._outlines[outline], x[point], y[point])
        point, outline = point[hit], outline[hit]
        by_point = np.argsort(point, kind="stable")
        return point[by_point] + start, outline[by_point]


def _repeat(counts: NDArray[np.int64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Each index as often as its count says, and the running number within it."""
    index = np.repeat(np.arange(len(counts)), counts)
    return index, np.arange(len(index)) - np.repeat(np.cumsum(counts) - counts, counts)
