"""Ground that strips leave unseen, and single passes over it.

Strips that end at a slanting border, at a corner or beside a house leave wedges; each gets a pass along its length.
"""

from __future__ import annotations

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
SHORT_M = 0.5  # of a line that may be flown: rounding, not a way


def gap_passes(passes: Sequence[Pass], target: BaseGeometry, allowed: Polygon, layout: Layout) -> list[Pass]:
    """Passes over what is not seen yet, the largest gaps first, until 99.5 % of the target is seen.

    Args:
        passes: flown anyway.
        target: ground to see, inside `allowed`, east, north metres.
        allowed: where the aircraft may be.
        layout: how strips lie.
    """
    missed = target.difference(ground_seen(passes, layout.footprint, front_overlap=layout.front_overlap).buffer(0.01))
    gaps = [gap for gap in shapely.get_parts(missed) if gap.area > 0]
    added: list[Pass] = []
    while sum(gap.area for gap in gaps) > (1 - SEEN_SHARE) * target.area and len(added) < MOST_PASSES:
        gap = max(gaps, key=lambda part: float(part.area))
        over = _along(gap, allowed, layout)
        if over is None:
            gaps.remove(gap)
            continue
        added.append(over)
        seen = ground_seen([over], layout.footprint, front_overlap=layout.front_overlap)
        left = [part for one in gaps for part in shapely.get_parts(one.difference(seen)) if part.area > 0]
        # What a pass over it leaves of a gap is not tried again: the next pass would be the same.
        gaps = [part for part in left if not (part.within(gap.buffer(0.1)) and part.area > 0.9 * gap.area)]
    return added


def _along(gap: BaseGeometry, allowed: Polygon, layout: Layout) -> Pass | None:
    """A pass along the longest extent of a gap, through its middle; oblique lenses fly it from before it."""
    envelope = shapely.get_coordinates(shapely.oriented_envelope(gap))
    sides = envelope[1:3] - envelope[:2]
    along = sides[int(np.linalg.norm(sides[1]) > np.linalg.norm(sides[0]))]
    along = along / max(float(np.linalg.norm(along)), 1e-9)
    middle = gap.centroid if gap.contains(gap.centroid) else gap.representative_point()
    at = shapely.get_coordinates(middle)[0]
    reach = (shapely.get_coordinates(gap) - at) @ along
    back_m = min(float(reach.min()) + layout.beyond_m, -SHORTEST_STRIP_M / 2)
    ahead_m = max(float(reach.max()) - layout.beyond_m, SHORTEST_STRIP_M / 2)
    best: LineString | None = None
    for way, start_m, end_m in ((along, back_m, ahead_m), (-along, -ahead_m, -back_m)):
        over = at - layout.footprint.centre_m * way
        line = LineString([over + start_m * way, over + end_m * way]).intersection(allowed)
        parts = [part for part in shapely.get_parts(line) if part.geom_type == "LineString" and part.length > SHORT_M]
        nearest = min(parts, key=lambda part: float(part.distance(shapely.Point(over))), default=None)
        if nearest is not None and (best is None or nearest.length > best.length + SHORT_M):
            best = nearest
    if best is None:
        return None
    (x0, y0), (x1, y1) = best.coords[0], best.coords[-1]
    return Pass(start_m=(x0, y0), end_m=(x1, y1))
