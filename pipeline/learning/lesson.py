"""Lessons: what an officer's decision says of the frame it rests on. Pure.

The rule kept here: only what the officer saw and judged teaches. A thing that is lawful, permitted, misplaced or filed
twice is still the thing; only `not_the_object` says that nothing of its class is there.
"""

from __future__ import annotations

import hashlib
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.domain.case import CaseState, EventKind, RejectReason
from pipeline.domain.frame import SourceKind
from pipeline.domain.manifest import EvidenceRole

if TYPE_CHECKING:
    from collections.abc import Iterable

    from geofences.position import Geodetic
    from pipeline.domain.case import Case, SealedFinding

CELL_M = 250.0
"""Side of the square of ground that is one scene for what moves."""

BORDER_M = 60.0
"""A picture from the air shows about so much ground: this near to a scene of the other split, it is left out."""

VALIDATION_SHARE = 0.2
_METRES_PER_DEGREE = 111_320.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """One finding, as judged.

    Attributes:
        case_id: of which case.
        finding: what was sealed.
        present: whether the marked things are of the finding's class, the only one the judgement speaks of.
        decision: `confirmed`, or why it was rejected.
        scene: what the picture shows, such that one scene lies on one side of the split.
        split: `train` or `val`; "" between two scenes of different sides.
    """

    case_id: str
    finding: SealedFinding
    present: bool
    decision: str
    scene: str
    split: str

    @property
    def frame_sha256(self) -> str:
        """The sealed frame, or "" where none was sealed."""
        return next((item.sha256 for item in self.finding.items if item.role is EvidenceRole.FRAME), "")


def lessons_of(cases: Iterable[Case]) -> tuple[tuple[Lesson, ...], dict[str, str]]:
    """Lessons of all decided cases, and finding ids of what teaches nothing, each with the reason.

    Drills and drafts teach nothing and are not listed. A finding added after the decision was judged by nobody. Where
    the same look holds another thing of the class, a rejected frame may show it too, and says nothing.
    """
    cases = [case for case in cases if not case.drill]
    left_out: dict[str, str] = {}
    lessons: list[Lesson] = []
    for case in cases:
        for finding, why_not, decision in _judged(case):
            if why_not:
                left_out[finding.finding_id] = why_not
            else:
                lessons.append(_lesson(case, finding, decision))
    absent = {lesson.finding.finding_id for lesson in lessons if not lesson.present}
    standing = {
        (finding.look_id, finding.offence)
        for case in cases
        for finding in case.findings
        if finding.finding_id not in absent
    }
    for lesson in lessons:
        if not lesson.split:
            left_out[lesson.finding.finding_id] = "between_scenes"
        elif not lesson.present and (lesson.finding.look_id, lesson.finding.offence) in standing:
            left_out[lesson.finding.finding_id] = "another_in_the_same_look"
    return tuple(one for one in lessons if one.finding.finding_id not in left_out), left_out


def _judged(case: Case) -> list[tuple[SealedFinding, str, str]]:
    """Each finding with why it teaches nothing ("" where it does) and the decision."""
    if case.state is CaseState.DRAFT:
        return []
    last = next(e for e in reversed(case.events) if e.kind in {EventKind.CONFIRMED, EventKind.REJECTED})
    seen = {event.finding_id for event in case.events if event.sequence < last.sequence}
    unclear = last.reason if last.reason == RejectReason.UNCLEAR else ""
    return [
        (finding, "not_judged" if finding.finding_id not in seen else unclear, last.reason or "confirmed")
        for finding in case.findings
    ]


def _lesson(case: Case, finding: SealedFinding, decision: str) -> Lesson:
    if finding.source_kind is SourceKind.CITY_EYE:
        scene = "cam_" + re.sub(r"[^A-Za-z0-9]+", "_", finding.source_id)
        split = split_of(scene)
    else:
        near = [_cell(finding.fix.position, n, e) for n in (-BORDER_M, BORDER_M) for e in (-BORDER_M, BORDER_M)]
        scene = _cell(finding.fix.position, 0.0, 0.0)
        sides = {split_of(each) for each in (scene, *near)}
        split = sides.pop() if len(sides) == 1 else ""
    return Lesson(
        case_id=case.case_id,
        finding=finding,
        present=decision != RejectReason.NOT_THE_OBJECT.value,
        decision=decision,
        scene=scene,
        split=split,
    )


def split_of(scene: str) -> str:
    """On which side a scene lies, by its name alone: the same in every harvest."""
    drawn = int(hashlib.sha256(scene.encode()).hexdigest()[:8], 16) / 2**32
    return "val" if drawn < VALIDATION_SHARE else "train"


def _cell(place: Geodetic, north_m: float, east_m: float) -> str:
    """The square of ground so many metres from a place."""
    row = math.floor((place.lat_deg * _METRES_PER_DEGREE + north_m) / CELL_M)
    shrink = math.cos(math.radians(row * CELL_M / _METRES_PER_DEGREE))
    column = math.floor((place.lon_deg * _METRES_PER_DEGREE * shrink + east_m) / CELL_M)
    return f"at_{row}_{column}"
