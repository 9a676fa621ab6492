"""Findings and drops: what became of every track, and exactly why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from geofences.ground_fix import GroundFix
    from pipeline.domain.offence import Offence
    from pipeline.domain.sighting import Sighting


class DropReason(StrEnum):
    """Why a track did not become a finding. Every dropped track has exactly one."""

    TOO_BRIEF = "too_brief"
    TOO_FEW_HITS = "too_few_hits"
    NEVER_SURE = "never_sure"
    NO_POSE = "no_pose"
    ABOVE_HORIZON = "above_horizon"
    NO_RULE = "no_rule"
    OUTSIDE_ZONE = "outside_zone"
    OUTSIDE_SCHEDULE = "outside_schedule"
    POSITION_UNDECIDED = "position_undecided"
    PERMIT_VALID = "permit_valid"
    PRIVACY_ZONE = "privacy_zone"
    PLUME_STATIC = "plume_static"


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """A track that was left alone.

    Attributes:
        track_id: which, within its look.
        offence: what it looked like.
        reason: the named reason.
        detail: the value that decided it, the same in every language: a permit number, a zone id, "1.5 s < 30 s".
        at_s: when it was best seen, UTC.
        lat_deg: where, if known.
        lon_deg: where, if known.
        score: its best score.
    """

    track_id: int
    offence: Offence
    reason: DropReason
    detail: str
    at_s: float
    lat_deg: float | None
    lon_deg: float | None
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PermitConsidered:
    """A permit near the place, and why it did not help.

    Attributes:
        permit_id: which.
        why_not: `elsewhere`, `not_valid_then`, or `another_sign`.
    """

    permit_id: str
    why_not: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why something was flagged, in values the console can say in any language.

    Attributes:
        rule_id: the rule that flagged it.
        rule_version: its version.
        statute: its legal basis.
        event_code: the city's code.
        zone_id: the zone it lies in.
        zone_name: that zone's name.
        hits: frames it was seen in.
        frames_covered: frames examined while it was followed.
        dwell_s: time between first and last sight.
        best_score: the detector's best score.
        permits: permits looked at.
        motion: of a plume: `confirmed`, or why its motion could not be told, such as `no_background`; else "".
        sign_text: of a sign: what it reads, or "".
        shop: the shop of the register whose sign it is, or "".
        grid_cell_id: the city's grid cell it surely lies in, or "".
    """

    rule_id: str
    rule_version: int
    statute: str
    event_code: str
    zone_id: str
    zone_name: str
    hits: int
    frames_covered: int
    dwell_s: float
    best_score: float
    permits: tuple[PermitConsidered, ...] = ()
    motion: str = ""
    sign_text: str = ""
    shop: str = ""
    grid_cell_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One or more sightings in one look that are one incident (a row of cones is one).

    Attributes:
        offence: what.
        sightings: its members, best score first.
        fix: the place of the whole: middle of the members, with their mean error.
        why: why it was flagged.
        merge_distance_m: from the rule.
        merge_window_s: from the rule.
    """

    offence: Offence
    sightings: tuple[Sighting, ...]
    fix: GroundFix
    why: Explanation
    merge_distance_m: float
    merge_window_s: float

    @property
    def first_s(self) -> float:
        """UTC of the first sight of any member."""
        return min(seen.track.first_s for seen in self.sightings)

    @property
    def last_s(self) -> float:
        """UTC of the last sight of any member."""
        return max(seen.track.last_s for seen in self.sightings)
