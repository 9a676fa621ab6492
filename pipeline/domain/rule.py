"""Rules: versioned data that says when a sighting is worth an officer's minute."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from geofences.zone import is_within
from pipeline.domain.frame import SourceKind

if TYPE_CHECKING:
    from geofences.zone import ZoneKind
    from pipeline.domain.offence import Offence


@dataclass(frozen=True, slots=True, kw_only=True)
class Persistence:
    """How long and how steadily a thing must be seen by one kind of source.

    Attributes:
        min_hits: observations needed (N of N-of-M).
        min_share: observations as a share of the frames examined while it was followed.
        min_dwell_s: time between first and last observation.
        min_peak_score: the detector must have been this sure at least once.
    """

    min_hits: int
    min_share: float
    min_dwell_s: float
    min_peak_score: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One offence under one version of the law.

    Attributes:
        rule_id: stable id.
        version: of this row.
        offence: the detector class it is about.
        zone_kinds: the thing must lie inside a zone of one of these kinds, in force at the time.
        fixed: persistence asked of a fixed camera.
        drone: persistence asked of a drone pass.
        stills: persistence asked of photographs, which are few and far between.
        merge_distance_m: sightings this close (beyond their error radii) are one incident.
        merge_window_s: and at most this far apart in time.
        statute: legal basis, as shown to officers.
        event_code: the city's event code.
        valid_from_s: the act must not be earlier, UTC; None = no limit.
        valid_until_s: nor at or after this, UTC; None = no limit.
        source: where the row comes from.
    """

    rule_id: str
    version: int
    offence: Offence
    zone_kinds: frozenset[ZoneKind]
    fixed: Persistence
    drone: Persistence
    stills: Persistence
    merge_distance_m: float
    merge_window_s: float
    statute: str
    event_code: str
    valid_from_s: float | None = None
    valid_until_s: float | None = None
    source: str = ""

    def persistence_for(self, kind: SourceKind) -> Persistence:
        """What this rule asks of a source of that kind."""
        asked = {SourceKind.CITY_EYE: self.fixed, SourceKind.DRONE: self.drone, SourceKind.STILLS: self.stills}
        return asked[kind]

    def in_force(self, at_s: float) -> bool:
        """Whether an act at that time is judged by this row."""
        return is_within(self.valid_from_s, at_s, self.valid_until_s)
