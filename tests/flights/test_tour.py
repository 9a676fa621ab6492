"""Tours over cells."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from shapely.geometry import box

from flights import tour
from flights.airframe import Airframe
from flights.coverage import Pass
from flights.tour import best_tour
from flights.transit import TransitMap

AIRFRAME = Airframe()
OPEN_SKY = TransitMap(box(-500, -500, 500, 500))


def single(x: float, y: float, heading_rad: float) -> list[tuple[Pass, ...]]:
    """A cell of one strip of 60 m, flown either way."""
    end = (x + 60 * math.cos(heading_rad), y + 60 * math.sin(heading_rad))
    one = Pass(start_m=(x, y), end_m=end)
    return [(one,), (one.reversed(),)]


def seconds(passes: tuple[Pass, ...]) -> float:
    """From home through all passes and home again, in an open sky."""
    points = [(0.0, 0.0), *(point for one in passes for point in (one.start_m, one.end_m)), (0.0, 0.0)]
    return AIRFRAME.route_time_s(points, 8.0)


def cells(seed: int, count: int) -> list[list[tuple[Pass, ...]]]:
    """Strips anywhere."""
    rng = np.random.default_rng(seed)
    return [single(*(float(v) for v in rng.uniform(-400, 400, 2)), float(rng.uniform(0, 6))) for _ in range(count)]


@pytest.mark.parametrize("seed", range(4))
def test_no_order_and_no_direction_is_faster(seed: int) -> None:
    """Against every order of five strips in every direction, timed by the airframe and not by the tour."""
    drawn = cells(seed, 5)
    best = min(
        seconds(tuple(one for cell, way in zip(order, ways, strict=True) for one in drawn[cell][way]))
        for order in itertools.permutations(range(5))
        for ways in itertools.product((0, 1), repeat=5)
    )
    assert seconds(best_tour(drawn, OPEN_SKY, AIRFRAME, 8.0)) == pytest.approx(best, abs=1e-3)


def test_improving_finds_what_trying_all_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    """On ten draws of six strips, local search loses less than 1 % to the exhaustive one."""
    lost = []
    for seed in range(10):
        drawn = cells(seed, 6)
        exact = seconds(best_tour(drawn, OPEN_SKY, AIRFRAME, 8.0))
        with monkeypatch.context() as patched:
            patched.setattr(tour, "EXHAUSTIVE", 0)
            lost.append(seconds(best_tour(drawn, OPEN_SKY, AIRFRAME, 8.0)) / exact - 1)
    assert sum(lost) / len(lost) < 0.01


def test_ways_round_a_wall_count() -> None:
    """A strip behind a wall is not the nearest, however near it looks."""
    wall = box(-500, 20, 400, 30)
    sky = TransitMap(box(-500, -500, 500, 500).difference(wall))
    behind, open_ = single(-30, 40, 0.0), single(300, -100, 0.0)
    flown = best_tour([behind, open_], sky, AIRFRAME, 8.0)
    assert len(flown) == 2
    assert {one.start_m[1] for one in flown} == {40.0, -100.0}
