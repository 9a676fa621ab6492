"""A clip as a look: a file of video, who took it, and where the camera was at each moment."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from geofences.errors import OutsideTrack
from pipeline.domain.frame import Frame
from pipeline.sources import media

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from geofences.pose import Pose
    from pipeline.domain.frame import SourceProfile
    from pipeline.domain.look import FrameFault


def content_look_id(*paths: Path, source_id: str) -> str:
    """A look id that the same bytes from the same source always get."""
    digest = hashlib.sha256(source_id.encode())
    for path in paths:
        with path.open("rb") as content:
            while block := content.read(1 << 20):
                digest.update(block)
    return f"L{digest.hexdigest()[:16]}"


def nowhere(at_s: float) -> Pose:
    """The pose of a camera nobody located.

    Raises:
        OutsideTrack: always.
    """
    raise OutsideTrack(f"no telemetry and no mounting: nothing says where the camera was at {at_s:.1f}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipSource:
    """One clip as a `FrameSource`.

    Attributes:
        path: the video file.
        profile: who took it.
        look_id: deterministic id.
        start_s: UTC of the clip's first picture by the source's own clock.
        clock_offset_s: added to that clock.
        look_hz: pictures examined a second.
        pose: the camera's pose at a UTC time; raises OutsideTrack.
        left_out: telemetry that could not be used, and why.
    """

    path: Path
    profile: SourceProfile
    look_id: str
    start_s: float
    look_hz: float
    pose: Callable[[float], Pose] = nowhere
    clock_offset_s: float = 0.0
    left_out: tuple[FrameFault, ...] = ()

    def frames(self) -> Iterator[Frame]:
        """Pictures in time order, about `look_hz` a second."""
        return self._read(self.look_hz, 0.0)

    def burst(self, from_pts_s: float, until_pts_s: float, hz: float) -> Iterator[Frame]:
        """Pictures of one stretch, about `hz` a second."""
        for frame in self._read(hz, from_pts_s):
            if frame.pts_s > until_pts_s:
                return
            yield frame

    def _read(self, hz: float, from_pts_s: float) -> Iterator[Frame]:
        for number, pts_s, image_bgr in media.read_frames(self.path, look_hz=hz, from_pts_s=from_pts_s):
            yield Frame(
                frame_id=number,
                source_id=self.profile.source_id,
                pts_s=pts_s,
                captured_at_s=self.start_s + pts_s + self.clock_offset_s,
                clock_offset_s=self.clock_offset_s,
                image_bgr=image_bgr,
            )

    def pose_at(self, at_s: float) -> Pose:
        """Where the camera was."""
        return self.pose(at_s)

    def original(self, from_pts_s: float, until_pts_s: float) -> tuple[bytes, str]:
        """The clip's own packets covering that stretch."""
        return media.cut(self.path, from_pts_s=from_pts_s, until_pts_s=until_pts_s)
