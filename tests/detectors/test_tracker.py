"""Following detections."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.detections import Detections, ModelIdentity
from detectors.errors import InvalidDetections
from detectors.tracker import ByteTracker

MODEL = ModelIdentity(name="hand", weights_sha256="00")


def seen(*rows: tuple[float, float, int], score: float = 0.8) -> Detections:
    """20 x 20 px boxes at (x, y) of a class."""
    table = np.array(rows, float).reshape(-1, 3)
    corner = table[:, :2]
    return Detections(
        xyxy_px=np.concatenate([corner, corner + 20], axis=1),
        score=np.full(len(table), score),
        class_id=table[:, 2].astype(int),
        model=MODEL,
    )


def test_an_object_keeps_its_id() -> None:
    """Untracked at first sight, then one id, however the rows are ordered."""
    tracker = ByteTracker(5.0)
    first = tracker.update(seen((10, 10, 1), (200, 50, 1)))
    second = tracker.update(seen((12, 10, 1), (202, 50, 1)))
    third = tracker.update(seen((204, 50, 1), (14, 10, 1)))
    assert first.tolist() == [-1, -1]
    assert sorted(second.tolist()) == [0, 1]
    assert third.tolist() == second[::-1].tolist()


def test_classes_never_mix() -> None:
    """Dust where a cone was tracked starts its own track, and ids are unique over classes."""
    tracker = ByteTracker(5.0)
    for _ in range(3):
        cone = tracker.update(seen((10, 10, 1)))
    swapped = [tracker.update(seen((10, 10, 0))).tolist() for _ in range(3)]
    assert swapped[0] == [-1]
    assert swapped[2][0] not in {-1, int(cone[0])}


def test_a_short_gap_is_bridged_and_a_long_one_is_not() -> None:
    """A track survives a missed look; past its lifetime the object gets a new id."""
    tracker = ByteTracker(5.0, lost_after_s=1.0)
    for _ in range(3):
        before = tracker.update(seen((10, 10, 2)))
    tracker.update(seen())
    assert tracker.update(seen((10, 10, 2))).tolist() == before.tolist()
    for _ in range(12):
        tracker.update(seen())
    after = [tracker.update(seen((10, 10, 2))).tolist() for _ in range(3)]
    assert after[-1][0] > before[0]


def test_anchors_stand_in_for_pixels() -> None:
    """Boxes far apart in pixels are one track when their anchors lie still."""
    tracker = ByteTracker(1.0)
    still = np.array([[100.0, 100.0, 120.0, 120.0]])
    ids = [tracker.update(seen((300.0 * k, 10, 1)), anchors_xyxy=still).tolist() for k in range(4)]
    assert ids == [[-1], [0], [0], [0]]


def test_a_doubtful_detection_starts_no_track_but_keeps_one() -> None:
    """Below the sure score nothing starts; what runs goes on."""
    tracker = ByteTracker(5.0, sure_score=0.5)
    assert [tracker.update(seen((10, 10, 1), score=0.3)).tolist() for _ in range(3)] == [[-1]] * 3
    for _ in range(2):
        sure = tracker.update(seen((10, 10, 1)))
    assert tracker.update(seen((10, 10, 1), score=0.3)).tolist() == sure.tolist()


def test_every_detection_may_have_a_track_from_its_first_sight_on() -> None:
    """With one look until tracked, first sights have ids, keep them when seen again, and strangers get their own."""
    tracker = ByteTracker(1.0, looks_until_tracked=1)
    first = tracker.update(seen((10, 10, 1), (200, 50, 1), (300, 50, 0)))
    second = tracker.update(seen((202, 50, 1), (12, 10, 1), (500, 50, 0)))
    third = tracker.update(seen((12, 10, 1)))
    assert sorted(first.tolist()) == [0, 1, 2]
    assert second[:2].tolist() == first[:2].tolist()[::-1]
    assert second[2] not in first
    assert third.tolist() == [first[0]]


def test_no_detections_is_an_empty_answer() -> None:
    """An empty look yields an empty int64 array."""
    ids = ByteTracker(5.0).update(seen())
    assert ids.shape == (0,)
    assert ids.dtype == np.int64


def test_an_anchor_per_detection() -> None:
    """Missing anchors are refused."""
    with pytest.raises(InvalidDetections, match="one box per detection"):
        ByteTracker(5.0).update(seen((10, 10, 1)), anchors_xyxy=np.zeros((0, 4)))
