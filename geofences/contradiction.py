"""Pictures that contradict the heading their telemetry states: turned by a quarter or half against their neighbours.

Two pictures of the same ground, both put on it by their stated poses, must agree. A picture stored half a turn round
does not, and two such pictures in a row, which agree with each other in rotation, still shift against each other by
twice the way flown between them. So each pair votes for the turns that make it agree best.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

QUARTERS = (0, 90, 180, 270)
# A pair votes when its best pair of turns fits so much better than the next best, and not by chance.
_CLEARER, _AGREED_M = 2.5, 12.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OnGround:
    """The same points put on the ground by two pictures.

    Attributes:
        first: index of one picture.
        second: of the other.
        first_m: (n, 2) east, north by the first; nan where a ray is too flat.
        second_m: (n, 2) by the second.
        first_below_m: (2,) point of the ground under the first lens, which a turned picture turns about.
        second_below_m: (2,) and under the second.
    """

    first: int
    second: int
    first_m: NDArray[np.float64]
    second_m: NDArray[np.float64]
    first_below_m: NDArray[np.float64]
    second_below_m: NDArray[np.float64]


def contradictions(pairs: Iterable[OnGround]) -> dict[int, int]:
    """Which pictures are turned against their stated heading, and by how many degrees: 90, 180 or 270.

    Args:
        pairs: pictures that show the same ground, looking about straight down.
    """
    votes: defaultdict[int, Counter[int]] = defaultdict(Counter)
    for pair in pairs:
        turns = _best_turns(pair)
        if turns is not None:
            votes[pair.first][turns[0]] += 1
            votes[pair.second][turns[1]] += 1
    told = {picture: count.most_common(1)[0] for picture, count in votes.items()}
    return {
        picture: turn
        for picture, (turn, times) in sorted(told.items())
        if turn and times * 2 > sum(votes[picture].values())
    }


def _best_turns(pair: OnGround) -> tuple[int, int] | None:
    ranked = sorted(
        (_apart_m(pair, first_deg, second_deg), first_deg, second_deg)
        for first_deg in QUARTERS
        for second_deg in QUARTERS
    )
    (best_m, first_deg, second_deg), (next_m, *_) = ranked[:2]
    return (first_deg, second_deg) if best_m < _AGREED_M and next_m > _CLEARER * best_m else None


def _apart_m(pair: OnGround, first_deg: int, second_deg: int) -> float:
    first = _turned(pair.first_m, pair.first_below_m, first_deg)
    second = _turned(pair.second_m, pair.second_below_m, second_deg)
    return float(np.nanmedian(np.linalg.norm(first - second, axis=1)))


def _turned(points_m: NDArray[np.float64], about_m: NDArray[np.float64], clockwise_deg: int) -> NDArray[np.float64]:
    angle = np.radians(clockwise_deg)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    turned: NDArray[np.float64] = (points_m - about_m) @ turn.T + about_m
    return turned
