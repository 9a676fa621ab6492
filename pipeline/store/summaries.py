"""What the store tells of drops, besides the cases themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.domain.finding import Drop, DropReason
    from pipeline.domain.offence import Offence


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
