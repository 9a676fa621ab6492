"""Frames to tracks: detect, steady, associate, collect."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from geofences.errors import OutsideTrack
from pipeline.domain.frame import SourceKind
from pipeline.domain.offence import Offence
from pipeline.domain.track import Observation, Track
from pipeline.geotag.anchors import ground_anchors

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from detectors.detections import Detections, Engine
    from pipeline.domain.frame import Frame
    from pipeline.geotag.ground import Ground
    from pipeline.ports import FrameSource


class Tracker(Protocol):
    """What the run asks of a tracker."""

    def update(self, detections: Detections, *, anchors_xyxy: NDArray[np.float32] | None = None) -> NDArray[np.int64]:
        """Track id per detection row, -1 when untracked."""
        ...


@dataclass(slots=True, kw_only=True)
class _Trail:
    offence: Offence
    first_index: int
    last_index: int = 0
    seen: list[Observation] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """What following a look gave.

    Attributes:
        tracks: every track, by id.
        frames_examined: frames the detector saw.
        first_s: UTC of the first frame, or None when there was none.
        last_s: UTC of the last frame.
        clock_offset_s: of the source.
    """

    tracks: tuple[Track, ...]
    frames_examined: int
    first_s: float | None
    last_s: float | None
    clock_offset_s: float


def follow(
    source: FrameSource,
    engine: Engine,
    tracker: Tracker,
    ground: Ground,
    progress: Callable[[float], None],
    look: Callable[[Frame], Detections] | None = None,
) -> Followed:
    """Examine every frame of a look.

    Args:
        source: the look.
        engine: the detector.
        tracker: a fresh tracker.
        ground: used to steady boxes seen from a moving aircraft.
        progress: told each frame's pts_s.
        look: how a frame is looked at; None: the engine sees it as a whole.
    """
    trails: dict[int, _Trail] = {}
    examined, first_s, last_s, offset_s = 0, None, None, 0.0
    for frame in source.frames():
        detections = look(frame) if look else engine.detect(frame.image_bgr)
        track_ids = tracker.update(detections, anchors_xyxy=_anchors(detections, frame, source, ground))
        for row, track_id in enumerate(track_ids):
            if track_id >= 0:
                _extend(trails, int(track_id), detections, row, frame, examined)
        examined += 1
        first_s = frame.captured_at_s if first_s is None else first_s
        last_s, offset_s = frame.captured_at_s, frame.clock_offset_s
        progress(frame.pts_s)
    tracks = tuple(
        Track(
            track_id=track_id,
            offence=trail.offence,
            observations=tuple(trail.seen),
            frames_covered=trail.last_index - trail.first_index + 1,
        )
        for track_id, trail in sorted(trails.items())
    )
    return Followed(tracks=tracks, frames_examined=examined, first_s=first_s, last_s=last_s, clock_offset_s=offset_s)


def _anchors(detections: Detections, frame: Frame, source: FrameSource, ground: Ground) -> NDArray[np.float32] | None:
    if source.profile.kind is SourceKind.CITY_EYE or not source.profile.located:
        return None
    try:
        pose = source.pose_at(frame.captured_at_s)
    except OutsideTrack:
        return None
    return ground_anchors(detections.xyxy_px, source.profile.camera, pose, ground)


def _extend(
    trails: dict[int, _Trail], track_id: int, detections: Detections, row: int, frame: Frame, index: int
) -> None:
    offence = tuple(Offence)[int(detections.class_id[row])]
    trail = trails.setdefault(track_id, _Trail(offence=offence, first_index=index))
    left, top, right, bottom = (float(value) for value in detections.xyxy_px[row])
    trail.last_index = index
    trail.seen.append(
        Observation(
            frame_id=frame.frame_id,
            pts_s=frame.pts_s,
            at_s=frame.captured_at_s,
            xyxy_px=(left, top, right, bottom),
            score=float(detections.score[row]),
        )
    )
