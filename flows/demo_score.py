"""Judging the demonstration: what was planted against what was filed and delivered.

Pure. It reads the truth, so nothing in the pipeline may import it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from geofences.local_frame import LocalFrame
from geofences.position import Geodetic

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.domain.case import Case
    from pipeline.domain.finding import Drop
    from pipeline.scene.truth import Planted

# A case belongs to a planted thing of its class this near: half of the least distance between two of one class.
MATCH_M = 6.0
MAX_MEDIAN_ERROR_M = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class OffenceRow:
    """One planted offence and what became of it.

    Attributes:
        planted: the truth.
        case_ids: drafts that are it; right is exactly one.
        sources: who found it.
        error_m: from the truth to the case's position, or None.
        radius_m: the case's 95 % semi-major axis, or None.
        deliveries: how often its draft arrived at the case system; right is exactly one.
    """

    planted: Planted
    case_ids: tuple[str, ...]
    sources: tuple[str, ...]
    error_m: float | None
    radius_m: float | None
    deliveries: int

    @property
    def right(self) -> bool:
        """One case, delivered once."""
        return len(self.case_ids) == 1 and self.deliveries == 1


@dataclass(frozen=True, slots=True, kw_only=True)
class LookAlikeRow:
    """One lawful look-alike and why it was left alone.

    Attributes:
        planted: the truth.
        case_ids: drafts that are it; right is none.
        reasons: drop reasons of tracks at its place, most frequent first.
    """

    planted: Planted
    case_ids: tuple[str, ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """The whole demonstration.

    Attributes:
        offences: a row each.
        look_alikes: a row each.
        strays: cases that are nothing planted.
    """

    offences: tuple[OffenceRow, ...]
    look_alikes: tuple[LookAlikeRow, ...]
    strays: tuple[str, ...]

    @property
    def median_error_m(self) -> float:
        """Median position error of the offences found; infinite when none was."""
        errors = [row.error_m for row in self.offences if row.error_m is not None]
        return median(errors) if errors else float("inf")

    def faults(self) -> tuple[str, ...]:
        """Everything that is not right, in words; empty when all is."""
        said = [
            f"{row.planted.truth_id}: {len(row.case_ids)} drafts, delivered {row.deliveries} times"
            for row in self.offences
            if not row.right
        ]
        said += [
            f"{row.planted.truth_id} is lawful but became {row.case_ids}" for row in self.look_alikes if row.case_ids
        ]
        said += [f"{case_id} is nothing that was planted" for case_id in self.strays]
        if self.median_error_m > MAX_MEDIAN_ERROR_M:
            said.append(f"median position error {self.median_error_m:.2f} m is above {MAX_MEDIAN_ERROR_M} m")
        return tuple(said)


def score_demo(
    planted: Sequence[Planted], cases: Sequence[Case], drops: Sequence[Drop], delivered_drafts: Mapping[str, int]
) -> Score:
    """Compare truth and outcome.

    Args:
        planted: everything that was planted.
        cases: everything in the case store.
        drops: every track left alone.
        delivered_drafts: how often each case's draft is at the case system.
    """
    owner = {case.case_id: _nearest(planted, case) for case in cases}
    offences, look_alikes = [], []
    for thing in planted:
        own = [case for case in cases if owner[case.case_id] == thing.truth_id]
        case_ids = tuple(case.case_id for case in own)
        if thing.lawful:
            look_alikes.append(LookAlikeRow(planted=thing, case_ids=case_ids, reasons=_reasons(thing, drops)))
            continue
        offences.append(
            OffenceRow(
                planted=thing,
                case_ids=case_ids,
                sources=tuple(sorted({finding.source_id for case in own for finding in case.findings})),
                error_m=min((_apart_m(thing.position, case.fix.position) for case in own), default=None),
                radius_m=own[0].fix.ellipse.semi_major_m if own else None,
                deliveries=sum(delivered_drafts.get(case_id, 0) for case_id in case_ids),
            )
        )
    strays = tuple(case_id for case_id, truth_id in owner.items() if truth_id is None)
    return Score(offences=tuple(offences), look_alikes=tuple(look_alikes), strays=strays)


def _apart_m(a: Geodetic, b: Geodetic) -> float:
    east_m, north_m, _ = LocalFrame(origin=a).enu_from_geodetic(b)
    return float((east_m**2 + north_m**2) ** 0.5)


def _nearest(planted: Sequence[Planted], case: Case) -> str | None:
    near = [
        (_apart_m(thing.position, case.fix.position), thing.truth_id)
        for thing in planted
        if thing.class_name == case.offence
    ]
    near = [row for row in near if row[0] <= MATCH_M]
    return min(near)[1] if near else None


def _reasons(thing: Planted, drops: Sequence[Drop]) -> tuple[str, ...]:
    counts: Counter[str] = Counter()
    for drop in drops:
        if drop.offence != thing.class_name or drop.lat_deg is None or drop.lon_deg is None:
            continue
        place = Geodetic(lat_deg=drop.lat_deg, lon_deg=drop.lon_deg, alt_ellipsoid_m=thing.position.alt_ellipsoid_m)
        if _apart_m(thing.position, place) <= MATCH_M:
            counts[drop.reason] += 1
    return tuple(reason for reason, _ in counts.most_common())
