"""Were positions and outlines taken from maps of different datums? Then one lies beside the other as a whole.

GCJ-02 is mostly off by 100 to 700 m, BD-09 by about a kilometre, always in a known direction. Where most positions lie
away from all outlines as they are given, and nearly all lie at them once moved by that known offset, a mix-up is the
likely reason. Where at least half of the positions are at outlines as given nothing is suspected, so a consistent site
never alarms; nor can a mix-up be seen where zones cover everything for a kilometre around.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from geofences.datum import Datum, from_wgs84, to_wgs84
from geofences.local_frame import metres_per_degree

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from geofences.zone import Outline

# Source: our choice: a camera or a drone's home stands at most this far from what it is there for; GCJ-02 is off by
# some four times as much in Hangzhou.
NEAR_M = 120.0
_SHARE_AS_GIVEN = 0.5
_SHARE_MOVED = 0.9
_MOVES = ((to_wgs84, "positions"), (from_wgs84, "outlines"))
_SHIFTED = (Datum.GCJ02, Datum.BD09)


@dataclass(frozen=True, slots=True, kw_only=True)
class DatumMixUp:
    """What was probably stated in another datum than WGS 84.

    Attributes:
        side: `positions` or `outlines`.
        datum: the datum they seem to be in.
    """

    side: str
    datum: Datum


def suspect_datum(lat_lon_deg: NDArray[np.float64], outlines: Sequence[Outline]) -> DatumMixUp | None:
    """Whether positions and the outlines they belong to look shifted against each other by a Chinese map's offset.

    Args:
        lat_lon_deg: (n, 2) latitude, longitude, taken for WGS 84: of cameras, of a flight.
        outlines: taken for WGS 84, lon, lat: where those positions should be.

    Returns:
        the likeliest mix-up, or None.
    """
    if not len(lat_lon_deg) or not outlines:
        return None
    scale = np.array(metres_per_degree(float(np.median(lat_lon_deg[:, 0]))))
    scaled = shapely.transform(np.array(outlines, dtype=object), lambda corners: corners * scale)
    tree = shapely.STRtree(scaled)

    def share_near(places: NDArray[np.float64]) -> tuple[float, float]:
        """The share of positions near an outline, and how far from one they are on average (negated)."""
        dots = shapely.points(places[:, ::-1] * scale)
        _, away_m = tree.query_nearest(dots, return_distance=True, all_matches=False)
        return float(np.mean(away_m <= NEAR_M)), -float(np.mean(away_m))

    if share_near(lat_lon_deg)[0] >= _SHARE_AS_GIVEN:
        return None
    found = [(share_near(move(lat_lon_deg, datum)), datum, side) for move, side in _MOVES for datum in _SHIFTED]
    (share, _), datum, side = max(found, key=lambda each: each[0])
    return DatumMixUp(side=side, datum=datum) if share >= _SHARE_MOVED else None
