"""Plumes are watched for some seconds before they are drafted: what keeps its pattern is no plume.

The rule kept here: only what was seen to stand still is dropped; what could not be told stays, and says so.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from detectors.plume_motion import LAG_S, LONG_LAG_S, STATIC_BELOW_PX, Moving, PlumeMotion, measure_motion
from geofences.errors import OutsideTrack
from geofences.projection import project
from pipeline.domain.finding import Drop, DropReason
from pipeline.domain.frame import SourceKind
from pipeline.geotag.sight import PLUMES, drop

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from pipeline.domain.frame import Frame
    from pipeline.domain.judge import Flagged
    from pipeline.domain.sighting import Sighting
    from pipeline.geotag.ground import Ground
    from pipeline.ports import FrameSource

# Source of all: docs/adr/0013-plumes-need-time.md.
BURST_HZ = 8.0
# Watched before and after the best sight, by whether the camera moves.
HALF_S = {SourceKind.DRONE: 1.5, SourceKind.CITY_EYE: 3.0, SourceKind.STILLS: 0.0}
LAG_OF = {SourceKind.DRONE: LAG_S, SourceKind.CITY_EYE: LONG_LAG_S, SourceKind.STILLS: LAG_S}
# Further off, even a large plume changes too slowly to be seen to.
FARTHEST_M = 300.0
# Half side of the square of ground by which pictures from the air are brought onto each other.
PATCH_M = 8.0

Judged = tuple["Sighting", "Flagged"]


@dataclass(slots=True, kw_only=True)
class _Watch:
    row: Judged
    frames: list[tuple[Frame, NDArray[np.uint8]]] = field(default_factory=list)

    @property
    def from_s(self) -> float:
        """Start of the window about the best sight, moved to lie within the track where that is long enough."""
        track, half_s = self.row[0].track, HALF_S[self.row[0].source_kind]
        return max(0.0, min(track.best.pts_s - half_s, track.observations[-1].pts_s - 2 * half_s))

    @property
    def until_s(self) -> float:
        """End of the window."""
        return max(self.from_s + 2 * HALF_S[self.row[0].source_kind], self.row[0].track.best.pts_s)


def watch_plumes(
    flagged: Sequence[Judged], source: FrameSource, ground: Ground
) -> tuple[list[Judged], tuple[Drop, ...]]:
    """Watch every flagged plume in one second reading of the look.

    Args:
        flagged: what would be drafted; other things than plumes are passed on.
        source: the look.
        ground: the site's ground.

    Returns:
        what stays, plumes with what was seen of their motion in their explanation; and those that stand still.
    """
    watches = [_Watch(row=row) for row in flagged if row[0].track.offence in PLUMES]
    motions: dict[int, PlumeMotion] = {}
    if watches:
        span_s = min(watch.from_s for watch in watches), max(watch.until_s for watch in watches)
        for frame in source.burst(*span_s, BURST_HZ):
            _share(frame, watches)
            _finish(watches, frame.pts_s, source, ground, motions)
        _finish(watches, float("inf"), source, ground, motions)
    kept: list[Judged] = []
    dropped: list[Drop] = []
    for seen, verdict in flagged:
        motion = motions.get(seen.track.track_id)
        if motion is None:
            kept.append((seen, verdict))
        elif motion.moving is Moving.STATIC:
            detail = f"{motion.misfit_px:.2f} px < {STATIC_BELOW_PX} px"
            dropped.append(drop(seen.track, DropReason.PLUME_STATIC, detail, seen.fix))
        else:
            said = motion.why or str(motion.moving)
            kept.append((seen, replace(verdict, why=replace(verdict.why, motion=said))))
    return kept, tuple(dropped)


def _share(frame: Frame, watches: Sequence[_Watch]) -> None:
    watching = [watch for watch in watches if watch.from_s <= frame.pts_s <= watch.until_s]
    if watching:
        grey = np.asarray(cv2.cvtColor(frame.image_bgr, cv2.COLOR_BGR2GRAY), dtype=np.uint8)
        bare = replace(frame, image_bgr=frame.image_bgr[:0])
        for watch in watching:
            watch.frames.append((bare, grey))


def _finish(
    watches: list[_Watch], now_s: float, source: FrameSource, ground: Ground, motions: dict[int, PlumeMotion]
) -> None:
    """Measure the watches that are over and let go of their pictures."""
    for watch in [watch for watch in watches if watch.until_s < now_s]:
        motions[watch.row[0].track.track_id] = _measured(watch, source, ground)
        watches.remove(watch)


def _measured(watch: _Watch, source: FrameSource, ground: Ground) -> PlumeMotion:
    seen = watch.row[0]
    best = seen.track.best
    if not watch.frames:
        return PlumeMotion(moving=Moving.UNDECIDED, why="too_short")
    if _range_m(seen, source, ground) > FARTHEST_M:
        return PlumeMotion(moving=Moving.UNDECIDED, why="too_far")
    times_s = [frame.pts_s for frame, _ in watch.frames]
    middle = int(np.argmin(np.abs(np.array(times_s) - best.pts_s)))
    still = seen.source_kind is SourceKind.CITY_EYE
    corners = [None if still else _patch_px(seen, frame.captured_at_s, source, ground) for frame, _ in watch.frames]
    return measure_motion(
        [grey for _, grey in watch.frames],
        times_s,
        np.array(best.xyxy_px),
        middle=middle,
        middle_from_frame=[np.eye(3) if still else _onto(corners[middle], corner) for corner in corners],
        lag_s=LAG_OF[seen.source_kind],
    )


def _range_m(seen: Sighting, source: FrameSource, ground: Ground) -> float:
    try:
        pose = source.pose_at(seen.track.best.at_s)
    except OutsideTrack:
        return 0.0
    return float(np.linalg.norm(ground.frame.enu_from_geodetic(pose.position) - seen.fix.enu_m))


def _patch_px(seen: Sighting, at_s: float, source: FrameSource, ground: Ground) -> NDArray[np.float32] | None:
    """(4, 2) where the corners of the square of ground about a thing fall in the picture of a moment."""
    square = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]]) * PATCH_M
    try:
        shown = project(source.profile.camera, ground.frame, source.pose_at(at_s), seen.fix.enu_m + square)
    except OutsideTrack:
        return None
    return shown.xy_px.astype(np.float32) if np.isfinite(shown.xy_px).all() else None


def _onto(middle: NDArray[np.float32] | None, other: NDArray[np.float32] | None) -> NDArray[np.float64] | None:
    if middle is None or other is None:
        return None
    return np.asarray(cv2.getPerspectiveTransform(other, middle), dtype=np.float64)
