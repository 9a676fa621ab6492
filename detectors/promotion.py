"""Whether a candidate may replace the model in service: only if no class gets worse on the same pictures. Pure.

The rule: a figure is worse if it fell by more than `MOST_LOST`, or if it fell and does so in `SURE` of the draws of a
paired bootstrap over pictures. Figures are each class's average precision, and the share of negatives with no alarm at
each model's own thresholds. A class with fewer than `FEWEST` labelled boxes cannot be judged, which counts as worse.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from detectors import scoring
from detectors.detections import CLASS_NAMES
from detectors.evaluation import DRAWS, PLUME_IOU, PLUMES, SEED, alarms_in, look_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from detectors.evaluation import Seen

MOST_LOST = 0.02
"""Source: issue 4's floor for what INT8 may lose."""

SURE = 0.9
FEWEST = 10
QUIET = "negatives without alarm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One figure of both models on the same pictures.

    Attributes:
        name: class, or `QUIET`.
        objects: labelled boxes, or negatives.
        in_service: the figure of the model in service.
        candidate: of the candidate.
        interval: 95 % bootstrap interval of the difference.
        lower_share: share of draws in which the candidate's is lower.
        worse: whether that speaks against the candidate.
    """

    name: str
    objects: int
    in_service: float
    candidate: float
    interval: tuple[float, float]
    lower_share: float
    worse: bool


def compare(
    in_service: tuple[Sequence[Seen], Sequence[float]], candidate: tuple[Sequence[Seen], Sequence[float]]
) -> tuple[Change, ...]:
    """Every figure of both models.

    Args:
        in_service: what it found, picture by picture, and its thresholds.
        candidate: the same of the candidate, over the same pictures in the same order.
    """
    sides = (in_service, candidate)
    changes = []
    for class_id, name in enumerate(CLASS_NAMES):
        iou = PLUME_IOU if class_id in PLUMES else 0.5
        old, new = (
            scoring.rank([look_at(class_id, s) for s in seen if class_id in s.picture.verified], iou_at_least=iou)
            for seen, _ in sides
        )
        weights = _weights(len(old.objects))
        drawn = [[scoring.average_precision(ranked, weight) for weight in weights] for ranked in (old, new)]
        whole = [scoring.average_precision(ranked) for ranked in (old, new)]
        known = weights @ old.objects > 0
        changes.append(_change(name, int(old.objects.sum()), whole, np.array(drawn)[:, known], FEWEST))
    quiet = np.array([alarms_in(seen, thresholds=thresholds) == 0 for seen, thresholds in sides], np.float64)
    weights = _weights(quiet.shape[1])
    drawn_quiet = quiet @ weights.T / max(quiet.shape[1], 1)
    changes.append(_change(QUIET, quiet.shape[1], list(quiet.sum(axis=1) / max(quiet.shape[1], 1)), drawn_quiet, 0))
    return tuple(changes)


def _weights(pictures: int) -> NDArray[np.float64]:
    """(draws, pictures) how often each picture counts; the same for both models."""
    if not pictures:
        return np.zeros((DRAWS, 0))
    drawn = np.random.default_rng(SEED).multinomial(pictures, np.full(pictures, 1 / pictures), size=DRAWS)
    return drawn.astype(np.float64)


def _change(name: str, objects: int, whole: list[float], drawn: NDArray[np.float64], fewest: int) -> Change:
    old, new = (float(value) for value in whole)
    moved = drawn[1] - drawn[0] if drawn.shape[1] else np.zeros(1)
    low, high = np.percentile(moved, [2.5, 97.5])
    lower = float((moved < 0).mean())
    fell = new < old and (lower >= SURE or old - new > MOST_LOST)
    return Change(
        name=name,
        objects=objects,
        in_service=round(old, 4),
        candidate=round(new, 4),
        interval=(round(float(low), 4), round(float(high), 4)),
        lower_share=round(lower, 3),
        worse=fell or objects < fewest,
    )
