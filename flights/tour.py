"""In which order to fly cells, and how to enter each: a tour from home and back with the least time.

All cells' entries are weighed together: the best entries for an order come from dynamic programming, and orders are
improved by moving short runs of cells (or-opt) and by turning runs round (2-opt), all candidates of a round at once.
Source: Or (1976); Croes (1958), "A method for solving traveling-salesman problems".
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from flights.transit import turn_rad

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from flights.airframe import Airframe
    from flights.coverage import Pass
    from flights.transit import TransitMap

EXHAUSTIVE = 6  # cells whose every order is tried
WORK = 1_000_000  # stops weighed while an order is improved, at most
REACH = 12  # how far a run is moved, and the longest that is turned round
LONGEST_MOVED = 3  # cells moved together
SHAKES = 1  # times a good order is broken up and improved again


@dataclass(frozen=True, slots=True, kw_only=True)
class _Costs:
    """Seconds, by cell and way.

    Attributes:
        first: (n, w) from home to a way's start.
        last: (n, w) from a way's end to home.
        between: (n, n, w, w) from a way's end to another cell's way's start.
        inside: (n, w) along the way itself; infinite where a cell has fewer ways.
    """

    first: NDArray[np.float64]
    last: NDArray[np.float64]
    between: NDArray[np.float64]
    inside: NDArray[np.float64]

    def totals(self, orders: NDArray[np.int64]) -> NDArray[np.float64]:
        """(b,) seconds of the best ways through (b, n) orders."""
        cost = self.first[orders[:, 0]] + self.inside[orders[:, 0]]
        for before, after in itertools.pairwise(orders.T):
            hops = self.between[before, after]
            through = cost[:, :1] + hops[:, 0]
            for way in range(1, hops.shape[1]):  # faster than a minimum along so short an axis
                np.minimum(through, cost[:, way, None] + hops[:, way], out=through)
            cost = through + self.inside[after]
        total: NDArray[np.float64] = (cost + self.last[orders[:, -1]]).min(axis=1)
        return total

    def best_ways(self, order: NDArray[np.int64]) -> list[int]:
        """The ways through one order that give its total."""
        cost = self.first[order[0]] + self.inside[order[0]]
        chosen = []
        for before, after in itertools.pairwise(order):
            through = cost[:, None] + self.between[before, after]
            chosen.append(through.argmin(axis=0))
            cost = through.min(axis=0) + self.inside[after]
        ways = [int((cost + self.last[order[-1]]).argmin())]
        for back in reversed(chosen):
            ways.append(int(back[ways[-1]]))
        return ways[::-1]


def best_tour(
    cells: Sequence[Sequence[tuple[Pass, ...]]],
    transit: TransitMap,
    airframe: Airframe,
    speed_m_s: float,
    *,
    start: Sequence[int] | None = None,
) -> tuple[Pass, ...]:
    """All passes in a good order, from home at (0, 0) and back.

    Args:
        cells: for each cell the ways to fly it, at least one, none of them empty.
        transit: where the aircraft may be.
        airframe: for its turns.
        speed_m_s: over ground.
        start: an order that is good already, to be improved only.
    """
    costs = _costs(cells, transit, airframe, speed_m_s)
    count = len(cells)
    if start is not None:
        order = _improved(costs, np.array(start))
    elif count <= EXHAUSTIVE:
        orders = np.array(list(itertools.permutations(range(count))))
        order = orders[int(costs.totals(orders).argmin())]
    else:
        order = _improved(costs, _nearest_first(costs))
        rng = np.random.default_rng(count)
        for _ in range(SHAKES):
            a, b, c = np.sort(rng.choice(np.arange(1, count), 3, replace=False))
            shaken = _improved(costs, np.concatenate((order[:a], order[b:c], order[a:b], order[c:])))
            order = min(order, shaken, key=lambda one: float(costs.totals(one[None])[0]))
    return tuple(one for cell, way in zip(order, costs.best_ways(order), strict=True) for one in cells[cell][way])


def _costs(
    cells: Sequence[Sequence[tuple[Pass, ...]]], transit: TransitMap, airframe: Airframe, speed_m_s: float
) -> _Costs:
    shape = count, most = len(cells), max(map(len, cells))
    starts, ends = np.zeros((2, *shape, 2))
    enter, leave = np.zeros((2, *shape))
    inside = np.full(shape, np.inf)
    for i, ways in enumerate(cells):
        for j, way in enumerate(ways):
            starts[i, j], ends[i, j] = way[0].start_m, way[-1].end_m
            enter[i, j], leave[i, j] = way[0].heading_rad, way[-1].heading_rad
            inside[i, j] = airframe.route_time_s([p for one in way for p in (one.start_m, one.end_m)], speed_m_s)
    home, free = np.zeros((1, 2)), [math.nan]
    from_m, to_m = np.vstack((home, ends.reshape(-1, 2))), np.vstack((home, starts.reshape(-1, 2)))
    seconds = _leg_seconds(transit, airframe, speed_m_s, from_m, to_m, np.append(free, leave), np.append(free, enter))
    return _Costs(
        first=seconds[0, 1:].reshape(shape),
        last=seconds[1:, 0].reshape(shape),
        between=seconds[1:, 1:].reshape(count, most, count, most).transpose(0, 2, 1, 3),
        inside=inside,
    )


def _leg_seconds(
    transit: TransitMap,
    airframe: Airframe,
    speed_m_s: float,
    from_m: NDArray[np.float64],
    to_m: NDArray[np.float64],
    leave: NDArray[np.float64],
    enter: NDArray[np.float64],
) -> NDArray[np.float64]:
    """(n, m) seconds with the turns at both ends; a heading that is not a number asks for no turn."""
    # Points that coincide are looked at once.
    points, which = np.unique(np.vstack((from_m, to_m)).round(6), axis=0, return_inverse=True)
    ways = transit.ways(points, points)
    at = np.ix_(which[: len(from_m)], which[len(from_m) :])
    length_m = ways.length_m[at]
    bends = np.nan_to_num(turn_rad(leave[:, None], ways.leave_rad[at]))
    bends += ways.bends_rad[at] + np.nan_to_num(turn_rad(ways.enter_rad[at], enter[None]))
    bends = np.where(length_m > 0.01, bends, np.nan_to_num(turn_rad(leave[:, None], enter[None])))
    seconds: NDArray[np.float64] = length_m / speed_m_s + airframe.half_turn_s * bends / math.pi
    return seconds


def _nearest_first(costs: _Costs) -> NDArray[np.int64]:
    """From home, always the cell that is cheapest to reach."""
    between = costs.between.min(axis=(2, 3))
    order = [int(costs.first.min(axis=1).argmin())]
    waiting = set(range(len(between))) - set(order)
    while waiting:
        order.append(min(waiting, key=lambda cell: float(between[order[-1], cell])))
        waiting.remove(order[-1])
    return np.array(order)


def _improved(costs: _Costs, order: NDArray[np.int64]) -> NDArray[np.int64]:
    """The best neighbour, again and again, until there is no better one."""
    moves = _moves(len(order))
    best = float(costs.totals(order[None])[0])
    for _ in range(max(3, WORK // moves.size)):
        tried = order[moves]
        totals = costs.totals(tried)
        at = int(totals.argmin())
        if totals[at] >= best - 1e-6:
            break
        best, order = float(totals[at]), tried[at]
    return order


@lru_cache(maxsize=64)
def _moves(count: int) -> NDArray[np.int64]:
    """(moves, count) rearrangements: runs of up to three cells moved elsewhere, and runs turned round."""
    found = {tuple(range(count))}
    for start, end in itertools.combinations(range(count + 1), 2):
        run = tuple(range(start, end))
        if len(run) <= REACH:
            found.add((*range(start), *run[::-1], *range(end, count)))
        if len(run) <= LONGEST_MOVED:
            rest = (*range(start), *range(end, count))
            near = range(max(0, start - REACH), min(len(rest), start + REACH) + 1)
            found |= {(*rest[:at], *piece, *rest[at:]) for at in near for piece in (run, run[::-1])}
    return np.array(sorted(found))
