"""Operating points chosen for a budget of false alarms."""

from __future__ import annotations

import numpy as np
import pytest

from detectors import scoring
from detectors.reference.export import CANDIDATE_THRESHOLDS, choose_thresholds


def look(score: float, *, real: bool) -> scoring.Look:
    """A picture with one finding, right on a labelled object or with nothing there."""
    box = np.array([[0.1, 0.1, 0.5, 0.5]])
    return scoring.Look(
        source="s",
        found_xyxy=box.astype(np.float32),
        score=np.array([score], np.float32),
        truth_xyxy=box if real else np.zeros((0, 4)),
    )


@pytest.mark.parametrize(
    ("alarms", "budget", "low", "high"),
    [
        ([0.42, 0.1, 0.1, 0.1], 0.0, 0.42, 0.5),
        ([0.42, 0.1, 0.1, 0.1], 0.25, 0.1, 0.31),
        ([0.9, 0.9, 0.9, 0.9], 0.0, float(CANDIDATE_THRESHOLDS[-1]), float(CANDIDATE_THRESHOLDS[-1])),
    ],
)
def test_the_budget_bounds_the_threshold(alarms: list[float], budget: float, low: float, high: float) -> None:
    """The best F1 within the budget is taken; where nothing keeps it, the highest candidate."""
    looks = [look(score, real=True) for score in (0.3, 0.3, 0.3, 0.6)] + [look(a, real=False) for a in alarms]
    (chosen,) = choose_thresholds([looks], budget)
    assert low <= chosen <= high or chosen == pytest.approx(low)
