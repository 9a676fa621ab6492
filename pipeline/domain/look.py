"""A look: one source watched for one stretch of time, and the account of what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.domain.case import SealedFinding
    from pipeline.domain.finding import Drop
    from pipeline.domain.frame import SourceKind


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameFault:
    """A frame or row that could not be used; the look went on.

    Attributes:
        pts_s: where in the clip.
        code: machine code of the error.
        message: for people.
    """

    pts_s: float
    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LookReport:
    """Everything one look produced; filed in one transaction, once.

    Attributes:
        look_id: deterministic id of source and stretch (for a clip: of its bytes), so that a repeat is recognised.
        source_id: aircraft or camera.
        source_kind: how it looks.
        started_s: UTC of the first frame.
        ended_s: UTC of the last frame.
        frames_examined: frames the detector saw.
        findings: what was flagged, evidence sealed.
        drops: what was left alone, and why.
        faults: what could not be used.
        drill: made in an exercise.
    """

    look_id: str
    source_id: str
    source_kind: SourceKind
    started_s: float
    ended_s: float
    frames_examined: int
    findings: tuple[SealedFinding, ...]
    drops: tuple[Drop, ...]
    faults: tuple[FrameFault, ...] = ()
    drill: bool = False
