"""Sightings: a track put on the ground."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from geofences.ground_fix import GroundFix
    from pipeline.domain.frame import SourceKind
    from pipeline.domain.track import Track


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One tracked thing with its place.

    Attributes:
        track: what was seen.
        source_id: who saw it.
        source_kind: how that source looks.
        fix: fused position and its 95 % error ellipse.
    """

    track: Track
    source_id: str
    source_kind: SourceKind
    fix: GroundFix
