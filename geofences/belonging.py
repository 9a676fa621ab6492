"""Which one of several areas does a position belong to, given how well it is known? A border between two is doubt.

As in `verdict`, more error can only lead to doubt: both answers need the position itself to be on their side.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import shapely

from geofences.verdict import Containment, judge_containment

if TYPE_CHECKING:
    from collections.abc import Iterable

    from geofences.ellipse import ErrorEllipse
    from geofences.position import Geodetic
    from geofences.zone import Outline


@dataclass(frozen=True, slots=True, kw_only=True)
class Belonging:
    """The answer, at 95 % confidence.

    Attributes:
        verdict: INSIDE exactly one area, OUTSIDE all of them, or UNDECIDED between some.
        names: the areas the error ellipse reaches: one, none, or those in question.
    """

    verdict: Containment
    names: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The one area, or "" where there is none or it is undecided."""
        return self.names[0] if self.verdict is Containment.INSIDE else ""


def judge_belonging(position: Geodetic, ellipse: ErrorEllipse, areas: Iterable[tuple[str, Outline]]) -> Belonging:
    """Judge a position against named outlines; those of one name are one area.

    Args:
        position: the best estimate.
        ellipse: its 95 % error ellipse.
        areas: name and outline of each area near.
    """
    outlines: dict[str, list[Outline]] = {}
    for name, outline in areas:
        outlines.setdefault(name, []).append(outline)
    verdicts = {
        name: judge_containment(position, ellipse, cast("Outline", shapely.union_all(parts)))
        for name, parts in outlines.items()
    }
    reached = tuple(name for name, verdict in verdicts.items() if verdict is not Containment.OUTSIDE)
    if not reached:
        return Belonging(verdict=Containment.OUTSIDE)
    alone = len(reached) == 1 and verdicts[reached[0]] is Containment.INSIDE
    return Belonging(verdict=Containment.INSIDE if alone else Containment.UNDECIDED, names=reached)
