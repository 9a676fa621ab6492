"""Operating points chosen together for one budget of alarmed pictures."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.detections import Detections, ModelIdentity
from detectors.operating_points import CANDIDATES, Part, choose, part_of
from detectors.picture_folder import LabelledPicture

SHARES = st.floats(0.0, 1.0, width=32)


@st.composite
def parts(draw: st.DrawFn) -> Part:
    """Two classes with falling recall and any F1, and up to 40 negatives."""
    count = draw(st.integers(1, 40))
    rows = [sorted(draw(st.lists(SHARES, min_size=6, max_size=6)), reverse=True) for _ in range(2)]
    recall = np.repeat(np.array(rows, float), len(CANDIDATES) // 6, axis=1)
    f1 = np.repeat(np.array([draw(st.lists(SHARES, min_size=6, max_size=6)) for _ in range(2)], float), 6, axis=1)
    loudest = draw(st.lists(st.tuples(SHARES, SHARES), min_size=count, max_size=count))
    return Part(f1=f1, recall=recall, loudest=np.array(loudest, np.float32))


def alarmed(part: Part, thresholds: tuple[float, ...]) -> int:
    """Negatives with any alarm, counted as an engine would."""
    return int((part.loudest >= np.array(thresholds, np.float32)).any(axis=1).sum())


@settings(max_examples=30, deadline=None)
@given(parts(), st.floats(0.0, 0.5))
def test_no_better_pair_keeps_the_budget(part: Part, budget: float) -> None:
    """The budget is kept where it can be, and then no pair that keeps it and both floors has a higher mean F1."""
    points = choose([part], budget=budget)
    most = budget * len(part.loudest) + 1e-9
    every = list(itertools.product(range(len(CANDIDATES)), repeat=2))
    kept = [pair for pair in every if alarmed(part, tuple(CANDIDATES[list(pair)])) <= most]
    assert points.alarmed == alarmed(part, points.thresholds)
    assert points.budget_kept == bool(kept)
    if kept:
        assert points.alarmed <= most
        rows = [int(np.argmin(abs(CANDIDATES - t))) for t in points.thresholds]
        alone = [
            max(part.f1[c, t] for t in range(len(CANDIDATES)) if (part.loudest[:, c] >= CANDIDATES[t]).sum() <= most)
            for c in range(2)
        ]
        held = [pair for pair in kept if all(part.f1[c, pair[c]] >= 0.8 * alone[c] for c in range(2))]
        assert points.floor_kept == bool(held)
        best = max(part.f1[0, a] + part.f1[1, b] for a, b in held or kept)
        assert part.f1[0, rows[0]] + part.f1[1, rows[1]] == pytest.approx(best, abs=1e-8)


@settings(max_examples=30, deadline=None)
@given(parts(), st.floats(0.0, 0.3), st.floats(0.0, 0.3))
def test_a_larger_budget_is_never_worth_less(part: Part, low: float, more: float) -> None:
    """Without floors, mean F1 does not fall when more alarms are allowed."""

    def worth(budget: float) -> float:
        points = choose([part], budget=budget, floor=0.0)
        rows = [int(np.argmin(abs(CANDIDATES - t))) for t in points.thresholds]
        return float(part.f1[range(2), rows].sum()) if points.budget_kept else -1.0

    assert worth(low + more) >= worth(low) - 1e-8


def test_the_budget_is_joint_and_holds_in_the_first_part() -> None:
    """Two classes that each alarm another picture may not both do so, and a quiet part does not pay for a loud one."""
    f1 = np.tile(np.linspace(0.9, 0.5, len(CANDIDATES)), (2, 1))
    loud = Part(f1=f1, recall=f1, loudest=np.array([[0.5, 0], [0, 0.5], *[[0, 0]] * 18], np.float32))
    quiet = Part(f1=f1, recall=f1, loudest=np.zeros((500, 2), np.float32))
    assert choose([loud], budget=0.10).alarmed == 2
    assert choose([loud], budget=0.05).alarmed == 1
    assert choose([loud, quiet], budget=0.04).alarmed == 0
    nothing = Part(f1=f1, recall=f1, loudest=np.zeros((0, 2), np.float32))
    assert (choose([nothing]).negatives, choose([nothing]).budget_kept) == (0, True)
    few = Part(f1=f1, recall=f1, loudest=loud.loudest[:2])
    assert choose([quiet, few], budget=0.04).alarmed == 2


def test_no_class_pays_for_the_others() -> None:
    """One of two loud pictures may stay: the sum would silence the second class, its floor does not."""
    low = CANDIDATES <= 0.5
    f1 = np.stack([np.where(low, 0.9, 0.75), np.where(low, 0.4, 0.3)])
    part = Part(f1=f1, recall=f1, loudest=np.array([[0.5, 0.0], [0.0, 0.5]], np.float32))
    assert choose([part], budget=0.5, floor=0.0).thresholds == (0.5, 0.9)
    floored = choose([part], budget=0.5)
    assert (floored.thresholds, floored.floor_kept) == ((0.9, 0.5), True)
    assert not choose([part], budget=0.0, floor=1.0 + 1e-6).floor_kept


def test_a_part_is_made_of_what_was_looked_for() -> None:
    """Recall counts labelled boxes; an alarm of a class nobody looked for, or in a picture with labels, is none."""
    box, nothing = np.array([[0.1, 0.1, 0.5, 0.5]]), np.zeros((0, 4))

    def picture(classes: list[int], verified: set[int]) -> LabelledPicture:
        xyxy = box if classes else nothing
        path = Path("a.jpg")
        ids = np.array(classes, np.int64)
        return LabelledPicture(path=path, source="a", class_id=ids, xyxy_share=xyxy, verified=frozenset(verified))

    found = Detections(
        xyxy_px=np.repeat(box, 2, axis=0),
        score=np.array([0.6, 0.3]),
        class_id=np.array([0, 1]),
        model=ModelIdentity(name="hand", weights_sha256=""),
    )
    part = part_of([picture([0], {0, 1}), picture([], {1}), picture([], {0, 1})], [found] * 3, 2)
    np.testing.assert_allclose(part.loudest, [[0.0, 0.3], [0.6, 0.3]])
    assert part.recall[0, 0] == 1.0
    assert part.recall[0, -1] == 0.0
    assert np.isnan(part.recall[1]).all()
