"""Overlap, suppression and clipping of boxes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors import boxes

TABLE = [
    ([0, 0, 2, 2], [0, 0, 2, 2], 1.0),
    ([0, 0, 2, 2], [1, 0, 3, 2], 1 / 3),
    ([0, 0, 2, 2], [2, 0, 4, 2], 0.0),
    ([0, 0, 4, 4], [1, 1, 3, 3], 0.25),
    ([1, 1, 1, 1], [1, 1, 1, 1], 0.0),
]

corner = st.floats(0, 100, allow_nan=False, width=32)
box = st.tuples(corner, corner, corner, corner).map(
    lambda c: (min(c[0], c[2]), min(c[1], c[3]), max(c[0], c[2]), max(c[1], c[3]))
)


@pytest.mark.parametrize(("first", "second", "share"), TABLE)
def test_iou_of_known_pairs(first: list[int], second: list[int], share: float) -> None:
    """Overlap of pairs worked out by hand."""
    assert boxes.iou(np.array([first], float), np.array([second], float))[0, 0] == pytest.approx(share)


@given(st.lists(box, max_size=6), st.lists(box, max_size=6))
def test_iou_is_symmetric_and_a_share(first: list[tuple[float, ...]], second: list[tuple[float, ...]]) -> None:
    """Overlap lies in 0..1 and does not depend on the order, also for no boxes at all."""
    a, b = np.array(first, float).reshape(-1, 4), np.array(second, float).reshape(-1, 4)
    overlap = boxes.iou(a, b)
    assert overlap.shape == (len(a), len(b))
    assert ((overlap >= 0) & (overlap <= 1 + 1e-9)).all()
    np.testing.assert_allclose(overlap, boxes.iou(b, a).T)


def test_suppress_keeps_the_best_of_a_group_only() -> None:
    """The weaker of two overlapping boxes goes if, and only if, both are of one class."""
    xyxy = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [0, 0, 10, 10], [50, 50, 60, 60]], np.float32)
    score = np.array([0.5, 0.9, 0.4, 0.3], np.float32)
    kept = boxes.suppress(xyxy, score, np.array([0, 0, 3, 0]), iou_above=0.5)
    assert kept.tolist() == [1, 2, 3]


def test_suppress_of_nothing() -> None:
    """No boxes in, no rows out."""
    none = boxes.suppress(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int64), iou_above=0.5)
    assert none.tolist() == []


@given(st.lists(box, min_size=1, max_size=12), st.data())
def test_suppress_leaves_no_overlap_and_drops_nothing_alone(many: list[tuple[float, ...]], data: st.DataObject) -> None:
    """Kept boxes overlap by at most the limit, and each dropped box overlaps a better kept one."""
    xyxy = np.array(many, np.float32)
    score = np.array(data.draw(st.lists(st.floats(0, 1, width=32), min_size=len(many), max_size=len(many))), np.float32)
    kept = boxes.suppress(xyxy, score, np.zeros(len(many), np.int64), iou_above=0.4)
    overlap = boxes.iou(xyxy, xyxy)
    assert (overlap[np.ix_(kept, kept)][~np.eye(len(kept), dtype=bool)] <= 0.4).all()
    for row in set(range(len(many))) - set(kept.tolist()):
        assert any(overlap[row, k] > 0.4 and score[k] >= score[row] for k in kept)


def test_clip_cuts_to_the_picture() -> None:
    """A box reaching out of the picture ends at its edge."""
    cut = boxes.clip(np.array([[-5, 2, 30, 50]], np.float32), width_px=20, height_px=40)
    assert cut.tolist() == [[0, 2, 20, 40]]
