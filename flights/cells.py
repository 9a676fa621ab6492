"""Cells of an area: groups of neighbouring strips that can be flown to and fro (boustrophedon decomposition).

A strip is where the picture's centre line must pass over the ground; an oblique camera looks ahead, so the aircraft
flies the same strip displaced backwards by the look-ahead. Within this module x runs along the strips.
Source: Choset (2000), "Coverage of known spaces: the boustrophedon cellular decomposition".
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely
from shapely import affinity

from flights.coverage import Pass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from shapely.geometry import Polygon
    from shapely.geometry.base import BaseGeometry

    from flights.coverage import Footprint

SLIVER_M2 = 0.5  # pieces of a slab smaller than this are rounding, not ground
SHORTEST_STRIP_M = 4.0  # room for the autopilot to tell the start of a strip from its end


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One strip, and how the aircraft flies it.

    Attributes:
        from_m: where the ground begins along x.
        until_m: where the ground ends along x.
        ways: the passes towards +x and those towards -x; more than one where the strip is interrupted.
    """

    from_m: float
    until_m: float
    ways: tuple[tuple[Pass, ...], tuple[Pass, ...]]


Cell = tuple[Lane, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How strips lie.

    Attributes:
        footprint: of one picture.
        side_overlap: share of a picture's width seen again by the next strip.
        front_overlap: share of a picture's depth seen again by the next picture.
        tight: strips end where their neighbours show the rest, if they have any; elsewhere that leaves gaps.
    """

    footprint: Footprint
    side_overlap: float
    front_overlap: float
    tight: bool = False

    @property
    def spacing_m(self) -> float:
        """The widest distance between neighbouring strips."""
        return self.footprint.width_m * (1 - self.side_overlap)

    @property
    def beyond_m(self) -> float:
        """Ground seen beyond both ends of a strip."""
        return self.footprint.beyond_m(self.front_overlap)

    def laterals_m(self, low_m: float, high_m: float) -> NDArray[np.float64]:
        """Where strips lie across an area. At its borders half of the overlap is kept, as a margin."""
        edge_m = (self.footprint.width_m + self.spacing_m) / 4
        count = max(1, math.ceil((high_m - low_m - 2 * edge_m) / self.spacing_m - 1e-9) + 1)
        if count == 1:
            return np.array([(low_m + high_m) / 2])
        return np.linspace(low_m + edge_m, high_m - edge_m, count)


def cells_of(target: BaseGeometry, allowed: Polygon, layout: Layout, *, angle_deg: float) -> tuple[Cell, ...]:
    """Split an area into cells.

    Args:
        target: the ground to cover, east, north metres; may be concave, in parts, with holes.
        allowed: where the aircraft may be.
        layout: how strips lie.
        angle_deg: direction of the strips, anticlockwise from east.

    Returns:
        Cells; within one, each strip has at most one neighbour before and one after.
    """
    turned, flown = affinity.rotate(target, -angle_deg, origin=(0, 0)), affinity.rotate(allowed, -angle_deg, (0, 0))
    _, south, _, north = turned.bounds
    laterals = layout.laterals_m(south, north)
    row, ground = _ground(turned, laterals, layout)
    # Strips end at areas that may not be flown over; an oblique camera sees beyond the outer border.
    reach = shapely.Polygon(flown.exterior).buffer(abs(layout.footprint.centre_m)).difference(_holes(flown))
    which, ground = _clipped(ground, laterals[row], reach)
    row = row[which]
    lanes = _lanes(ground, laterals[row], flown, layout.footprint.centre_m, angle_deg)
    open_cells: list[list[Lane]] = []
    closed: list[list[Lane]] = []
    for i in range(len(laterals)):
        here = [lane for lane, at in zip(lanes, row, strict=True) if at == i and lane.ways[0] and lane.ways[1]]
        open_cells, ended = _continue_cells(open_cells, here)
        closed += ended
    return tuple(tuple(cell) for cell in closed + open_cells)


def entries_of(cell: Cell) -> list[tuple[Pass, ...]]:
    """The four ways to fly a cell: from either side, the first strip in either direction."""
    return [
        tuple(one for i, lane in enumerate(lanes) for one in lane.ways[(first + i) % 2])
        for lanes in (cell, cell[::-1])
        for first in (0, 1)
    ]


def _holes(area: Polygon) -> BaseGeometry:
    return shapely.union_all([shapely.Polygon(ring) for ring in area.interiors])


def _ground(
    turned: BaseGeometry, laterals: NDArray[np.float64], layout: Layout
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The rows and (n, 2) extents along x of the ground in each row's slab, less what is seen beyond the ends."""
    west, south, east, north = turned.bounds
    between = (laterals[1:] - laterals[:-1]) / 2
    if layout.tight:
        between = np.clip(2 * between - layout.footprint.width_m / 2, 0.05 * between, between)
    low = np.concatenate(([south], laterals[1:] - between))
    high = np.concatenate((laterals[:-1] + between, [north]))
    far = np.ones(len(laterals))
    slabs = shapely.intersection(turned, shapely.box(far * (west - 1), low, far * (east + 1), high))
    parts, rows = shapely.get_parts(slabs, return_index=True)
    real = shapely.area(parts) > SLIVER_M2
    merged: list[tuple[int, float, float]] = []
    for row, (start, _, end, _) in sorted(
        zip(rows[real].tolist(), shapely.bounds(parts[real]).tolist(), strict=True), key=lambda part: part[:2]
    ):
        if merged and merged[-1][0] == row and start <= merged[-1][2]:
            merged[-1] = (row, merged[-1][1], max(end, merged[-1][2]))
        else:
            merged.append((row, start, end))
    table = np.array(merged, dtype=np.float64).reshape(-1, 3)
    middle = (table[:, 1] + table[:, 2]) / 2
    half = np.maximum((table[:, 2] - table[:, 1]) / 2 - layout.beyond_m, SHORTEST_STRIP_M / 2)
    return table[:, 0].astype(np.int64), np.stack((middle - half, middle + half), axis=1)


def _clipped(
    extents: NDArray[np.float64], laterals: NDArray[np.float64], area: BaseGeometry
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Which extents the pieces inside an area belong to, and (m, 2) the pieces, long enough to be flown."""
    ends = np.stack((extents, np.repeat(laterals[:, None], 2, axis=1)), axis=2)
    parts, which = shapely.get_parts(shapely.intersection(shapely.linestrings(ends), area), return_index=True)
    bounds = shapely.bounds(parts).reshape(-1, 4)
    long = bounds[:, 2] - bounds[:, 0] >= SHORTEST_STRIP_M / 2
    return which[long], bounds[long][:, [0, 2]]


def _lanes(
    ground: NDArray[np.float64], laterals: NDArray[np.float64], flown: Polygon, ahead_m: float, angle_deg: float
) -> list[Lane]:
    """A lane for each extent of ground."""
    cos_a, sin_a = math.cos(math.radians(angle_deg)), math.sin(math.radians(angle_deg))

    def passes(shift_m: float) -> list[list[Pass]]:
        found: list[list[Pass]] = [[] for _ in ground]
        which, pieces = _clipped(ground + shift_m, laterals, flown)
        for i, (a, b) in zip(which.tolist(), pieces.tolist(), strict=True):
            y = laterals[i]
            start, end = ((float(x * cos_a - y * sin_a), float(x * sin_a + y * cos_a)) for x in (a, b))
            found[i].append(Pass(start_m=start, end_m=end))
        return found

    forward = passes(-ahead_m)
    backward = passes(ahead_m) if ahead_m else forward
    lanes = []
    for (a, b), there, back in zip(ground.tolist(), forward, backward, strict=True):
        ways = (tuple(there), tuple(one.reversed() for one in reversed(back)))
        lanes.append(Lane(from_m=a, until_m=b, ways=ways))
    return lanes


def _continue_cells(open_cells: list[list[Lane]], lanes: Sequence[Lane]) -> tuple[list[list[Lane]], list[list[Lane]]]:
    """Join each lane to the one cell it continues; splits and merges end cells and begin new ones."""

    def touches(cell: list[Lane], lane: Lane) -> bool:
        return cell[-1].from_m < lane.until_m and lane.from_m < cell[-1].until_m

    still_open: list[list[Lane]] = []
    continued: list[int] = []
    for lane in lanes:
        before = [i for i, cell in enumerate(open_cells) if touches(cell, lane)]
        if len(before) == 1 and sum(touches(open_cells[before[0]], other) for other in lanes) == 1:
            continued.append(before[0])
            still_open.append([*open_cells[before[0]], lane])
        else:
            still_open.append([lane])
    return still_open, [cell for i, cell in enumerate(open_cells) if i not in continued]
