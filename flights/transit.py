"""The shortest way between two points that never leaves an allowed area: a visibility graph over its corners."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import shapely
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
        self._between = self._lengths(self._corners, self._corners)

    def route(self, start: Point, goal: Point) -> tuple[Point, ...]:
        """Corner points from start to goal, both included.

        Raises:
            PlanRefused: there is no way.
        """
        nodes = np.vstack((np.array([start, goal]), self._corners))
        if np.isfinite(self._lengths(nodes[:1], nodes[1:2])[0, 0]):
            return (start, goal)
        lengths = np.full((len(nodes), len(nodes)), np.inf)
        lengths[2:, 2:] = self._between
        lengths[:2, :] = self._lengths(nodes[:2], nodes)
        lengths[:, :2] = lengths[:2, :].T
        order = _shortest(lengths)
        if order is None:
            raise PlanRefused(
                leg=f"transit from {start[0]:.0f} E {start[1]:.0f} N to {goal[0]:.0f} E {goal[1]:.0f} N (metres)",
                fault="no way inside the airspace leads there",
                remedy="Widen the airspace, or shrink the border inset.",
            )
        return tuple((float(nodes[i][0]), float(nodes[i][1])) for i in order)

    def _lengths(self, starts: NDArray[np.float64], ends: NDArray[np.float64]) -> NDArray[np.float64]:
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


def _shortest(lengths: NDArray[np.float64]) -> list[int] | None:
    """Dijkstra (1959) on a dense graph from node 0 to node 1."""
    distance = np.full(len(lengths), math.inf)
    distance[0] = 0.0
    before = np.zeros(len(lengths), dtype=int)
    settled = np.zeros(len(lengths), dtype=bool)
    for _ in range(len(lengths)):
        node = int(np.argmin(np.where(settled, math.inf, distance)))
        if settled[node] or not math.isfinite(distance[node]):
            return None
        if node == 1:
            break
        settled[node] = True
        through = distance[node] + lengths[node]
        better = through < distance
        distance[better] = through[better]
        before[better] = node
    order = [1]
    while order[-1] != 0:
        order.append(int(before[order[-1]]))
    return order[::-1]
