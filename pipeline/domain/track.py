"""Tracks: one thing followed through the frames of one look, in pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.domain.offence import Offence


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One box in one frame.

    Attributes:
        frame_id: the frame it was seen in.
        pts_s: that frame's time within the clip.
        at_s: when the frame was taken, UTC.
        xyxy_px: left, top, right, bottom.
        score: the detector's, 0..1.
    """

    frame_id: int
    pts_s: float
    at_s: float
    xyxy_px: tuple[float, float, float, float]
    score: float

    @property
    def foot_px(self) -> tuple[float, float]:
        """Where the thing meets the ground: middle of the box's lower edge."""
        left, _, right, bottom = self.xyxy_px
        return (left + right) / 2, bottom


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """Observations of one thing, in time order, at least one.

    Attributes:
        track_id: unique within its look.
        offence: the detector's class.
        observations: where it was seen.
        frames_covered: how many examined frames lie between the first and the last observation, both included.
    """

    track_id: int
    offence: Offence
    observations: tuple[Observation, ...]
    frames_covered: int

    @property
    def best(self) -> Observation:
        """The highest-scoring observation."""
        return max(self.observations, key=lambda seen: seen.score)

    @property
    def first_s(self) -> float:
        """UTC of the first observation."""
        return self.observations[0].at_s

    @property
    def last_s(self) -> float:
        """UTC of the last observation."""
        return self.observations[-1].at_s
