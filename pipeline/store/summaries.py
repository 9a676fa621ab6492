"""What the store tells of looks and drops besides the cases themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.domain.finding import Drop, DropReason
    from pipeline.domain.frame import SourceKind
    from pipeline.domain.offence import Offence


@dataclass(frozen=True, slots=True, kw_only=True)
class LookSummary:
    """One filed look.

    Attributes:
        look_id: which.
        source_id: aircraft or camera.
        source_kind: how it looks.
        started_s: UTC of the first frame.
        ended_s: UTC of the last frame.
        frames_examined: frames the detector saw.
        findings: how many were flagged.
        drops: how many tracks were left alone.
        faults: how many frames could not be used.
        drill: made in an exercise.
        filed_s: when it was filed, UTC.
    """

    look_id: str
    source_id: str
    source_kind: SourceKind
    started_s: float
    ended_s: float
    frames_examined: int
    findings: int
    drops: int
    faults: int
    drill: bool
    filed_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DropCount:
    """How many tracks of one class were left alone for one reason.

    Attributes:
        offence: what they looked like.
        reason: why.
        count: how many.
    """

    offence: Offence
    reason: DropReason
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FiledDrop:
    """A drop and the look it comes from.

    Attributes:
        look_id: which.
        source_id: aircraft or camera.
        drop: the track left alone.
    """

    look_id: str
    source_id: str
    drop: Drop
