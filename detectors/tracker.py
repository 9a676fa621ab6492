"""Follows detections from look to look: ByteTrack, one tracker per class.

The rule kept here: a track never changes its class, and every detection row gets an answer: -1 where it has no track.
Source: Zhang et al., "ByteTrack", ECCV 2022, as implemented by `trackers`.
"""

from __future__ import annotations

import os
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from detectors.boxes import iou
from detectors.detections import CLASS_NAMES
from detectors.errors import InvalidDetections

os.environ.setdefault("DO_NOT_TRACK", "1")

import supervision as sv
from trackers import ByteTrackTracker

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from detectors.detections import Detections

LOWEST_SHIPPED_SCORE = 0.2
"""No shipped threshold is below this (see reference/export.py), so whatever the engine reports may start a track."""

BUFFER_RATE_HZ = 30.0
"""`trackers` counts its lost-track buffer in frames of this rate, whatever the video's."""


class _FirstSight(NamedTuple):
    """A detection that was in no track yet, and the id it was given."""

    class_id: int
    box: NDArray[np.floating]
    track_id: int


class ByteTracker:
    """Track ids for a stream of detections at a steady rate."""

    def __init__(
        self,
        frame_rate_hz: float,
        *,
        lost_after_s: float = 2.0,
        looks_until_tracked: int = 2,
        least_iou: float = 0.1,
        sure_score: float = LOWEST_SHIPPED_SCORE,
    ) -> None:
        """Start without tracks.

        Args:
            frame_rate_hz: looks a second; `update` is called once for each, also when nothing was found.
            lost_after_s: a track not seen for this long ends; its id is not used again.
            looks_until_tracked: consecutive looks before a track gets its id; with 1 every detection has one, from its
                first sight on.
            least_iou: overlap of predicted and found box below which they are not the same object.
            sure_score: detections below it keep tracks alive but start none.
        """
        self._trackers = [
            ByteTrackTracker(
                lost_track_buffer=round(lost_after_s * BUFFER_RATE_HZ),
                frame_rate=frame_rate_hz,
                track_activation_threshold=sure_score,
                minimum_consecutive_frames=looks_until_tracked,
                minimum_iou_threshold=least_iou,
                high_conf_det_threshold=sure_score,
            )
            for _ in CLASS_NAMES
        ]
        self._ids: dict[tuple[int, int], int] = {}
        self._next_id = count()
        self._at_first_sight = looks_until_tracked == 1
        self._least_iou = least_iou
        self._first_sights: list[_FirstSight] = []

    def update(self, detections: Detections, *, anchors_xyxy: NDArray[np.floating] | None = None) -> NDArray[np.int64]:
        """Take in the next look.

        Args:
            detections: what was found.
            anchors_xyxy: (n, 4) boxes to associate by instead of the pixel boxes, of about the same size in their unit
                (a moving camera's boxes moved back to where they lie on the ground).

        Returns:
            (n,) track id per detection row, 0 or more and unique over all classes; -1 where there is none (yet).

        Raises:
            InvalidDetections: there is not one anchor per detection.
        """
        boxes = detections.xyxy_px if anchors_xyxy is None else np.asarray(anchors_xyxy, dtype=np.float64)
        if boxes.shape != (len(detections), 4):
            msg = f"anchors_xyxy has shape {boxes.shape}; expected ({len(detections)}, 4), one box per detection"
            raise InvalidDetections(msg)
        track_id = np.full(len(detections), -1, dtype=np.int64)
        before, self._first_sights = self._first_sights, []
        for class_id, tracker in enumerate(self._trackers):
            rows = np.flatnonzero(detections.class_id == class_id)
            found = sv.Detections(xyxy=boxes[rows], confidence=detections.score[rows], data={"row": rows})
            followed = tracker.update(found)
            for place, own_id in zip(followed.data.get("row", ()), followed.tracker_id, strict=True):
                key = (class_id, int(own_id))
                if own_id >= 0 and key not in self._ids:
                    self._ids[key] = self._id_of_new(class_id, boxes[place], before)
                if own_id >= 0:
                    track_id[place] = self._ids[key]
                elif self._at_first_sight:
                    track_id[place] = next(self._next_id)
                    self._first_sights.append(_FirstSight(class_id, boxes[place], int(track_id[place])))
        return track_id

    def _id_of_new(self, class_id: int, box: NDArray[np.floating], before: list[_FirstSight]) -> int:
        """The id its first sight, one look ago, was given; else a new one. `trackers` names a track at its second."""
        same = [seen for seen in before if seen.class_id == class_id]
        if same:
            overlaps = iou(box[None], np.array([seen.box for seen in same]))[0]
            best = int(np.argmax(overlaps))
            if overlaps[best] >= self._least_iou:
                before[:] = [seen for seen in before if seen.track_id != same[best].track_id]
                return same[best].track_id
        return next(self._next_id)
