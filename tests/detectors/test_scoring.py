"""Matching, average precision, precision and recall, against cases worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors import scoring


def look(found: list[list[float]], score: list[float], truth: list[list[float]], source: str = "s") -> scoring.Look:
    """A look from plain lists."""
    return scoring.Look(
        source=source,
        found_xyxy=np.array(found, np.float32).reshape(-1, 4),
        score=np.array(score, np.float32),
        truth_xyxy=np.array(truth, float).reshape(-1, 4),
    )


def ranked(score: list[float], right: list[bool], objects: int) -> scoring.Ranked:
    """A ranking in one picture."""
    order = np.argsort(-np.array(score), kind="stable") if score else np.zeros(0, np.int64)
    return scoring.Ranked(
        score=np.array(score, np.float32)[order],
        right=np.array(right, bool)[order],
        look=np.zeros(len(score), np.int64),
        objects=np.array([objects]),
    )


A, B, FAR = [0.0, 0.0, 10.0, 10.0], [20.0, 0.0, 30.0, 10.0], [80.0, 80.0, 90.0, 90.0]


def test_a_label_is_found_once() -> None:
    """The second box on one label is a false alarm, whatever the order they come in."""
    assert scoring.match(look([A, A], [0.4, 0.9], [A]), iou_at_least=0.5).tolist() == [-1, 0]


def test_each_box_takes_the_label_it_overlaps_most() -> None:
    """Two neighbouring labels are both found."""
    near = [[0, 0, 9, 10], [19, 0, 29, 10]]
    assert scoring.match(look(near, [0.5, 0.6], [B, A]), iou_at_least=0.5).tolist() == [1, 0]


@pytest.mark.parametrize(
    ("score", "right", "objects", "expected"),
    [
        ([0.9, 0.8], [True, True], 2, 1.0),
        ([0.9, 0.8], [False, True], 1, 0.5),
        ([0.9, 0.8, 0.7], [True, False, True], 2, (51 + 50 * 2 / 3) / 101),
        ([0.9], [True], 2, 51 / 101),
        ([0.9], [False], 1, 0.0),
        ([], [], 3, 0.0),
    ],
)
def test_average_precision_of_known_rankings(
    score: list[float], right: list[bool], objects: int, expected: float
) -> None:
    """Rankings short enough to read 101 recall levels off by hand."""
    found = scoring.average_precision(ranked(score, right, objects))
    assert found == pytest.approx(expected)


@given(st.lists(st.tuples(st.floats(0, 1, width=32), st.booleans()), max_size=30), st.integers(0, 5))
def test_average_precision_is_a_share_and_likes_hits(ranking: list[tuple[float, bool]], missed: int) -> None:
    """It lies in 0..1 and never falls when a sure hit is put on top."""
    score, right = [s for s, _ in ranking], [r for _, r in ranking]
    objects = sum(right) + missed
    before = scoring.average_precision(ranked(score, right, objects))
    after = scoring.average_precision(ranked([*score, 2.0], [*right, True], objects + 1))
    assert 0.0 <= before <= 1.0 + 1e-9
    assert after >= before - 0.01  # the 101 levels are read at slightly shifted places


def test_figures_at_a_threshold() -> None:
    """Precision, recall and alarms count boxes at or above the threshold; negatives are counted by picture."""
    looks = [look([A, FAR], [0.9, 0.5], [A, B]), look([FAR, B], [0.6, 0.2], []), look([], [], [])]
    figures = scoring.judge(looks, threshold=0.5, iou_at_least=0.5)
    assert (figures.pictures, figures.objects, figures.false_alarms) == (3, 2, 2)
    assert (figures.negative_pictures, figures.negative_pictures_alarmed) == (2, 1)
    assert figures.precision == pytest.approx(1 / 3)
    assert figures.recall == pytest.approx(1 / 2)


def test_nothing_to_find_has_no_average_precision() -> None:
    """Negatives alone give alarms but neither recall nor average precision."""
    figures = scoring.judge([look([], [], [])], threshold=0.5, iou_at_least=0.5)
    assert (figures.average_precision, figures.precision, figures.recall) == (None, None, None)


def test_intervals_are_repeatable_and_hold_the_figure() -> None:
    """Half of many pictures found: the interval of recall holds one half, is narrow, and the seed fixes it."""
    looks = [look([A] if number % 2 else [], [0.9] if number % 2 else [], [A]) for number in range(200)]
    made = [
        scoring.bootstrap(scoring.rank(looks, iou_at_least=0.5), threshold=0.5, draws=200, seed=3) for _ in range(2)
    ]
    low, high = made[0]["recall"]
    assert made[0] == made[1]
    assert low < 0.5 < high
    assert high - low == pytest.approx(4 * (0.25 / 200) ** 0.5, rel=0.3)
