"""The shortest way between two points that never leaves an allowed area: a visibility graph over its corners."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely
from scipy.sparse.csgraph import shortest_path
from shapely.geometry.polygon import orient

from flights.errors import PlanRefused

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely.geometry import Polygon

    from flights.plane import Point

ROUNDING_M = 1e-6  # a way along the border counts as inside


class TransitMap:
    """Ways inside one polygon with holes, east, north metres.

    Attributes:
        allowed: where the aircraft may be.
    """

    def __init__(self, allowed: Polygon) -> None:
        self.allowed = allowed
        shapely.prepare(allowed)
        self._inside = allowed.buffer(ROUNDING_M, join_style="mitre")
        shapely.prepare(self._inside)
        self._corners = _inner_corners(allowed)
        direct = self._straight(self._corners, self._corners)
        self._between, self._before = shortest_path(direct, directed=False, return_predecessors=True)

    def distances(self, starts: NDArray[np.float64], ends: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n, m) lengths of the shortest ways from each start to each end, infinite where there is none."""
        found = self._straight(starts, ends)
        blocked = np.isinf(found)
        if blocked.any() and len(self._corners):
            to_end = (self._between[:, :, None] + self._straight(self._corners, ends)[None]).min(axis=1)
            round_m = (self._straight(starts, self._corners)[:, :, None] + to_end[None]).min(axis=1)
            found = np.where(blocked, round_m, found)
        return found

    def route(self, start: Point, goal: Point) -> tuple[Point, ...]:
        """Corner points from start to goal, both included.

        Raises:
            PlanRefused: there is no way.
        """
        ends = np.array([start, goal])
        if np.isfinite(self._straight(ends[:1], ends[1:])[0, 0]):
            return (start, goal)
        near = self._straight(ends, self._corners)
        lengths = near[0][:, None] + self._between + near[1][None]
        if not lengths.size or np.isinf(lengths.min()):
            raise PlanRefused(
                leg=f"transit from {start[0]:.0f} E {start[1]:.0f} N to {goal[0]:.0f} E {goal[1]:.0f} N (metres)",
                fault="no way inside the airspace leads there",
                remedy="Widen the airspace, or shrink the border inset.",
            )
        first, node = divmod(int(lengths.argmin()), len(self._corners))
        back = [node]
        while node != first:
            node = int(self._before[first, node])
            back.append(node)
        corners = [(float(x), float(y)) for x, y in self._corners[back[::-1]]]
        return (start, *corners, goal)

    def _straight(self, starts: NDArray[np.float64], ends: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n, m) straight distances; infinite where the straight way leaves the area."""
        pairs = np.empty((len(starts), len(ends), 2, 2))
        pairs[:, :, 0] = starts[:, None]
        pairs[:, :, 1] = ends[None]
        if not pairs.size:
            return np.empty((len(starts), len(ends)))
        visible = shapely.covers(self._inside, shapely.linestrings(pairs))
        return np.where(visible, np.linalg.norm(pairs[:, :, 0] - pairs[:, :, 1], axis=-1), np.inf)


def _inner_corners(allowed: Polygon) -> NDArray[np.float64]:
    """(n, 2) corners that a shortest way can bend round: those where the area's angle exceeds 180 degrees."""
    corners: list[NDArray[np.float64]] = []
    turned = orient(allowed)
    for ring in (turned.exterior, *turned.interiors):
        xy = np.asarray(ring.coords)[:-1]
        into, out = xy - np.roll(xy, 1, axis=0), np.roll(xy, -1, axis=0) - xy
        corners.append(xy[into[:, 0] * out[:, 1] - into[:, 1] * out[:, 0] < 0])
    return np.vstack(corners)
