"""Scores detections against labels: matching, average precision, precision and recall at a threshold. Pure.

The rule kept here: a class counts only in pictures where it was looked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from detectors import boxes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

RECALL_POINTS = np.linspace(0.0, 1.0, 101)
"""Source: COCO's detection metric, precision read at 101 recall levels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One class in one picture: what was found and what is there.

    Attributes:
        source: where the picture comes from, for figures per source.
        found_xyxy: (n, 4) boxes found, in the unit of `truth_xyxy`.
        score: (n,) their scores.
        truth_xyxy: (m, 4) labelled boxes.
    """

    source: str
    found_xyxy: NDArray[np.float32]
    score: NDArray[np.float32]
    truth_xyxy: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How well one class does over a set of pictures.

    Attributes:
        pictures: how many were looked at for this class.
        objects: how many labelled boxes they hold.
        average_precision: 0..1, None where there is nothing to find.
        precision: of boxes at or above the threshold, the share that are right; None where there are none.
        recall: of labelled boxes, the share found at or above the threshold; None where there is nothing to find.
        false_alarms: boxes at or above the threshold that match nothing.
        negative_pictures: pictures that hold no object of the class.
        negative_pictures_alarmed: of those, how many raised at least one box.
    """

    pictures: int
    objects: int
    average_precision: float | None
    precision: float | None
    recall: float | None
    false_alarms: int
    negative_pictures: int
    negative_pictures_alarmed: int


def match(look: Look, *, iou_at_least: float) -> NDArray[np.bool_]:
    """(n,) which found boxes are right: best score first, each takes the unclaimed label it overlaps most."""
    right = np.zeros(len(look.score), dtype=np.bool_)
    overlap = boxes.iou(look.found_xyxy, look.truth_xyxy)
    for row in np.argsort(-look.score, kind="stable"):
        if not overlap.shape[1]:
            break
        column = int(np.argmax(overlap[row]))
        if overlap[row, column] >= iou_at_least:
            right[row] = True
            overlap[:, column] = -1.0
    return right


def average_precision(score: NDArray[np.float32], right: NDArray[np.bool_], objects: int) -> float:
    """Area under the precision-recall curve, precision made non-increasing and read at 101 recall levels."""
    order = np.argsort(-score, kind="stable")
    hits = np.cumsum(right[order])
    if objects == 0 or len(hits) == 0:
        return 0.0
    recall = hits / objects
    precision = hits / np.arange(1, len(hits) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    place = np.searchsorted(recall, RECALL_POINTS, side="left")
    return float(np.where(place < len(envelope), envelope[np.minimum(place, len(envelope) - 1)], 0.0).mean())


def judge(looks: Iterable[Look], *, threshold: float, iou_at_least: float) -> Figures:
    """Figures of one class over its looks, precision and recall at `threshold`."""
    looks = list(looks)
    rights = [match(look, iou_at_least=iou_at_least) for look in looks]
    score = np.concatenate([look.score for look in looks] or [np.zeros(0, np.float32)])
    right = np.concatenate([*rights, np.zeros(0, np.bool_)])
    objects = sum(len(look.truth_xyxy) for look in looks)
    above = score >= threshold
    hits = int(right[above].sum())
    empty = [look for look in looks if not len(look.truth_xyxy)]
    return Figures(
        pictures=len(looks),
        objects=objects,
        average_precision=average_precision(score, right, objects) if objects else None,
        precision=hits / int(above.sum()) if above.any() else None,
        recall=hits / objects if objects else None,
        false_alarms=int(above.sum()) - hits,
        negative_pictures=len(empty),
        negative_pictures_alarmed=sum(bool((look.score >= threshold).any()) for look in empty),
    )
