"""Ground that strips leave unseen, and single passes over it.

Strips that end at a slanting border, at a corner or beside a house leave wedges; each gets a pass along its length.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import shapely
from shapely.geometry import LineString

from flights.cells import SHORTEST_STRIP_M
from flights.coverage import Pass, ground_seen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shapely.geometry import Polygon
    from shapely.geometry.base import BaseGeometry

    from flights.cells import Layout

SEEN_SHARE = 0.995  # of the ground that may be flown over: what gaps are closed to
MOST_PASSES = 24


def gap_passes(passes: Sequence[Pass], target: BaseGeometry, allowed: Polygon, layout: Layout) -> list[Pass]:
    """Passes over what is not seen yet, the largest gaps first, until 99.5 % of the target is seen.

    Args:
        passes: flown anyway.
        target: ground to see, inside `allowed`, east, north metres.
        allowed: where the aircraft may be.
        layout: how strips lie.
    """
    missed = target.difference(ground_seen(passes, layout.footprint, front_overlap=layout.front_overlap).buffer(0.01))
    added: list[Pass] = []
    while missed.area > (1 - SEEN_SHARE) * target.area and len(added) < MOST_PASSES:
        gap = max(shapely.get_parts(missed), key=lambda part: float(part.area))
        over = _along(gap, allowed, layout)
        if over is None:
            break
        added.append(over)
        missed = missed.difference(ground_seen([over], layout.footprint, front_overlap=layout.front_overlap))
    return added


def _along(gap: BaseGeometry, allowed: Polygon, layout: Layout) -> Pass | None:
    """A pass along the middle of the smallest rectangle about a gap; oblique lenses fly it from before it."""
    corners = shapely.get_coordinates(shapely.oriented_envelope(gap))
    sides = corners[1:3] - corners[:2]
    long = int(np.linalg.norm(sides[1]) > np.linalg.norm(sides[0]))
    length_m = float(np.linalg.norm(sides[long]))
    along = sides[long] / max(length_m, 1e-9)
    middle = corners[:4].mean(axis=0)
    half_m = max(length_m / 2 - layout.beyond_m, SHORTEST_STRIP_M / 2)
    best: LineString | None = None
    for direction in (along, -along):
        at = middle - layout.footprint.centre_m * direction
        line = LineString([at - half_m * direction, at + half_m * direction]).intersection(allowed)
        for part in shapely.get_parts(line):
            if part.geom_type == "LineString" and part.length > (best.length + 0.01 if best else 0.5):
                best = part
    if best is None or not math.isfinite(best.length):
        return None
    (x0, y0), (x1, y1) = best.coords[0], best.coords[-1]
    return Pass(start_m=(x0, y0), end_m=(x1, y1))
