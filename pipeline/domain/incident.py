"""Incidents: which findings are the same thing. Used inside a look and across looks."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from geofences.local_frame import LocalFrame
from pipeline.domain.case import CaseState, EventKind, RejectReason
from pipeline.domain.linkage import linked

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from geofences.ground_fix import GroundFix
    from pipeline.domain.case import Case, SealedFinding

# Rejections that say there is no offence, as against evidence that does not show it.
NO_OFFENCE = frozenset(
    {RejectReason.NOT_THE_OBJECT, RejectReason.LAWFUL, RejectReason.PERMITTED, RejectReason.DUPLICATE}
)


def separation_m(a: GroundFix, b: GroundFix) -> float:
    """Horizontal distance between two fixes, metres."""
    east_m, north_m, _ = LocalFrame(origin=a.position).enu_from_geodetic(b.position)
    return math.hypot(east_m, north_m)


def reach_m(a: GroundFix, b: GroundFix, merge_distance_m: float) -> float:
    """How far apart two fixes may be and still be one incident: the rule's distance beyond their joint 95 % radius."""
    return merge_distance_m + math.hypot(a.ellipse.semi_major_m, b.ellipse.semi_major_m)


def cluster(fixes: Sequence[GroundFix], merge_distance_m: float) -> tuple[tuple[int, ...], ...]:
    """Group the fixes of one look by single linkage on the rule's distance.

    Returns:
        groups of indices, each in rising order, ordered by first member.
    """
    groups = linked(range(len(fixes)), lambda i, j: separation_m(fixes[i], fixes[j]) <= merge_distance_m)
    return tuple(sorted(tuple(sorted(members)) for members in groups))


def merge_target(finding: SealedFinding, cases: Iterable[Case]) -> Case | None:
    """The case a finding belongs to: same offence, near in space and time; the nearest if several.

    What an officer found to be no offence keeps taking sights, so that it is not drafted again at each look; what was
    rejected because the evidence would not do is drafted anew when there is better.

    Args:
        finding: the newcomer.
        cases: candidates; those of other offences are ignored.
    """
    near = [
        (separation_m(case.fix, finding.fix), case.case_id, case)
        for case in cases
        if case.offence is finding.offence and _takes_sights(case) and _close_in_time(finding, case)
    ]
    near = [row for row in near if row[0] <= reach_m(row[2].fix, finding.fix, finding.merge_distance_m)]
    return min(near, key=lambda row: row[:2])[2] if near else None


def _takes_sights(case: Case) -> bool:
    if case.state is not CaseState.REJECTED:
        return True
    rejections = [event.reason for event in case.events if event.kind is EventKind.REJECTED]
    return bool(rejections) and rejections[-1] in NO_OFFENCE


def _close_in_time(finding: SealedFinding, case: Case) -> bool:
    gap_s = max(finding.first_s - case.last_s, case.first_s - finding.last_s, 0.0)
    return gap_s <= finding.merge_window_s
