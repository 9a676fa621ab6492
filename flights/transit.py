"""The shortest way between two points that never leaves an allowed area: a visibility graph over its corners."""

from __future__ import annotations

from dataclasses import dataclass
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

ROUNDING_M = 0.01  # a way along the border counts as inside, through degrees of 1e-7 and back


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ways:
    """Ways from n starts to m ends; every array is (n, m), headings anticlockwise from east.

    Attributes:
        length_m: of the way.
        leave_rad: heading at the start.
        enter_rad: heading at the end.
        bends_rad: turned on the way.
    """

    length_m: NDArray[np.float64]
    leave_rad: NDArray[np.float64]
    enter_rad: NDArray[np.float64]
    bends_rad: NDArray[np.float64]


def turn_rad(before: NDArray[np.float64], after: NDArray[np.float64]) -> NDArray[np.float64]:
    """The change of direction between two headings, 0 to pi."""
    turn: NDArray[np.float64] = np.abs((after - before + np.pi) % (2 * np.pi) - np.pi)
    return turn


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
        self._chained: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]] | None = None

    def ways(self, starts: NDArray[np.float64], ends: NDArray[np.float64]) -> Ways:
        """The shortest ways from each start to each end, lengths infinite where there is none."""
        length = self._straight(starts, ends)
        legs = ends[None] - starts[:, None]
        leave = np.arctan2(legs[..., 1], legs[..., 0])
        ways = Ways(length_m=length, leave_rad=leave, enter_rad=leave.copy(), bends_rad=np.zeros_like(length))
        rows, columns = np.nonzero(np.isinf(length))
        if len(rows) and len(self._corners):
            near, far = self._straight(starts, self._corners), self._straight(self._corners, ends)
            to_end = self._between[:, :, None] + far[None]  # first corner, last corner, end
            last = to_end.argmin(axis=1)
            through = near[:, :, None] + to_end.min(axis=1)[None]
            first = through.argmin(axis=1)[rows, columns]
            self._bend(
                ways, (rows, columns), through.min(axis=1)[rows, columns], first, last[first, columns], starts, ends
            )
        return ways

    def _bend(
        self,
        ways: Ways,
        where: tuple[NDArray[np.int64], NDArray[np.int64]],
        length_m: NDArray[np.float64],
        first: NDArray[np.int64],
        last: NDArray[np.int64],
        starts: NDArray[np.float64],
        ends: NDArray[np.float64],
    ) -> None:
        """Lead ways from their first to their last corner."""
        out, home = self._corners[first] - starts[where[0]], ends[where[1]] - self._corners[last]
        leave, enter = np.arctan2(out[:, 1], out[:, 0]), np.arctan2(home[:, 1], home[:, 0])
        chain_out, chain_in, chain_bends = (table[first, last] for table in self._chains())
        chained = turn_rad(leave, chain_out) + chain_bends + turn_rad(chain_in, enter)
        ways.length_m[where], ways.leave_rad[where], ways.enter_rad[where] = length_m, leave, enter
        ways.bends_rad[where] = np.where(first == last, turn_rad(leave, enter), chained)

    def _chains(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """For the way from each corner to each other: its first and last heading and the turns between."""
        if self._chained is None:
            count = len(self._corners)
            legs = self._corners[None] - self._corners[:, None]
            heading = np.arctan2(legs[..., 1], legs[..., 0])
            leave, enter, bends = heading.copy(), heading.copy(), np.zeros((count, count))
            for start, end in np.argwhere(np.isfinite(self._between) & ~np.eye(count, dtype=bool)).tolist():
                chain = self._chain(start, end)
                along = heading[chain[:-1], chain[1:]]
                leave[start, end], enter[start, end] = along[0], along[-1]
                bends[start, end] = turn_rad(along[:-1], along[1:]).sum()
            self._chained = leave, enter, bends
        return self._chained

    def _chain(self, first: int, last: int) -> list[int]:
        """Corners from one to another."""
        back = [last]
        while back[-1] != first:
            back.append(int(self._before[first, back[-1]]))
        return back[::-1]

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
        first, last = divmod(int(lengths.argmin()), len(self._corners))
        corners = [(float(x), float(y)) for x, y in self._corners[self._chain(first, last)]]
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
