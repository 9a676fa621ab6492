"""Is a position inside an outline, given how well it is known? Three answers; doubt is one of them.

A growing ellipse about the same position can turn INSIDE or OUTSIDE into UNDECIDED, but never one into the other,
because both require the position itself to be on that side.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from geofences.ellipse import ErrorEllipse
    from geofences.position import Geodetic
    from geofences.zone import Outline


class Containment(StrEnum):
    """Where a position is with respect to an outline, at 95 % confidence."""

    INSIDE = "inside"
    OUTSIDE = "outside"
    UNDECIDED = "undecided"


def judge_containment(position: Geodetic, ellipse: ErrorEllipse, outline: Outline) -> Containment:
    """Judge a position against an outline.

    Args:
        position: the best estimate.
        ellipse: its 95 % error ellipse.
        outline: polygon or multipolygon in lon, lat; its holes are outside.

    Returns:
        INSIDE if the whole ellipse is, OUTSIDE if none of it is, else UNDECIDED.
    """
    region = ellipse.outline_at(position)
    if outline.disjoint(region):
        return Containment.OUTSIDE
    if outline.covers(region):
        return Containment.INSIDE
    return Containment.UNDECIDED
