"""Scores detections against labels: matching, average precision, precision and recall at a threshold. Pure.

The rule kept here: a class counts only in pictures where it was looked for. Matching and average precision are those of
pycocotools (101 recall levels, no cut at 100 boxes a picture); a test compares them.
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

COCO_IOUS = np.linspace(0.5, 0.95, 10)
"""Source: COCO's AP50-95, the mean over these overlaps."""

ANY_AREA = (0.0, float("inf"))


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """Every found box of one class over a set of looks, best score first, boxes that do not count left out.

    Attributes:
        score: (n,).
        right: (n,) whether it claims a label.
        look: (n,) which look it is in.
        objects: (looks,) labels that count, per look.
    """

    score: NDArray[np.float32]
    right: NDArray[np.bool_]
    look: NDArray[np.int64]
    objects: NDArray[np.int64]


def match(look: Look, *, iou_at_least: float, counts: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
    """(n,) which label each found box claims, -1 for none: best score first, the free label it overlaps most.

    Args:
        look: one class in one picture.
        iou_at_least: overlap that is enough.
        counts: (m,) labels that count; one that does not is claimed only where no other is overlapped enough.
    """
    claimed = np.full(len(look.score), -1, dtype=np.int64)
    overlap = boxes.iou(look.found_xyxy, look.truth_xyxy)
    if not overlap.size:
        return claimed
    preferred = np.ones(overlap.shape[1], np.bool_) if counts is None else counts
    for row in np.argsort(-look.score, kind="stable"):
        enough = np.where(overlap[row] >= iou_at_least, overlap[row], -1.0)
        best = np.where(preferred, enough, -1.0) if (enough[preferred] >= 0).any() else enough
        column = len(best) - 1 - int(np.argmax(best[::-1]))  # of equal overlaps the last, as pycocotools does
        if best[column] >= 0:
            claimed[row] = column
            overlap[:, column] = -1.0
    return claimed


def rank(looks: Iterable[Look], *, iou_at_least: float, area: tuple[float, float] = ANY_AREA) -> Ranked:
    """Match every look; labels outside the `area` range, and unmatched boxes outside it, do not count."""
    score, right, where, objects = [], [], [], []
    for number, look in enumerate(looks):
        counts = _within(look.truth_xyxy, area)
        claimed = match(look, iou_at_least=iou_at_least, counts=counts)
        hit = claimed >= 0
        matters = hit & counts[claimed] if len(counts) else hit
        keep = matters | (~hit & _within(look.found_xyxy, area))
        score.append(look.score[keep])
        right.append(hit[keep])
        where.append(np.full(int(keep.sum()), number, np.int64))
        objects.append(int(counts.sum()))
    scores = np.concatenate([np.zeros(0, np.float32), *score])
    order = np.argsort(-scores, kind="stable")
    return Ranked(
        score=scores[order],
        right=np.concatenate([np.zeros(0, np.bool_), *right])[order],
        look=np.concatenate([np.zeros(0, np.int64), *where])[order],
        objects=np.array(objects, np.int64),
    )


def curve(ranked: Ranked, weight: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
    """(101,) precision, made non-increasing, at each of `RECALL_POINTS`; `weight` says how often each look counts."""
    often = np.ones(len(ranked.objects)) if weight is None else weight
    each = often[ranked.look]
    hits, seen = np.cumsum(ranked.right * each), np.cumsum(each)
    objects = float(ranked.objects @ often)
    if objects == 0 or len(hits) == 0:
        return np.zeros(len(RECALL_POINTS))
    precision = np.divide(hits, seen, out=np.zeros_like(hits), where=seen > 0)
    envelope = np.append(np.maximum.accumulate(precision[::-1])[::-1], 0.0)
    read: NDArray[np.float64] = envelope[np.searchsorted(hits / objects, RECALL_POINTS, side="left")]
    return read


def average_precision(ranked: Ranked, weight: NDArray[np.float64] | None = None) -> float:
    """Area under the precision-recall curve, read at 101 recall levels."""
    return float(curve(ranked, weight).mean())


def _within(xyxy: boxes.Boxes, area: tuple[float, float]) -> NDArray[np.bool_]:
    size = boxes.area(xyxy)
    return np.asarray((size >= area[0]) & (size <= area[1]))


def judge(
    looks: Iterable[Look], *, threshold: float, iou_at_least: float, area: tuple[float, float] = ANY_AREA
) -> Figures:
    """Figures of one class over its looks, precision and recall at `threshold`; `area` as in `rank`."""
    looks = list(looks)
    ranked = rank(looks, iou_at_least=iou_at_least, area=area)
    objects = int(ranked.objects.sum())
    above = ranked.score >= threshold
    hits = int(ranked.right[above].sum())
    empty = [look for look in looks if not len(look.truth_xyxy)]
    return Figures(
        pictures=len(looks),
        objects=objects,
        average_precision=average_precision(ranked) if objects else None,
        precision=hits / int(above.sum()) if above.any() else None,
        recall=hits / objects if objects else None,
        false_alarms=int(above.sum()) - hits,
        negative_pictures=len(empty),
        negative_pictures_alarmed=sum(bool((look.score >= threshold).any()) for look in empty),
    )


def bootstrap(ranked: Ranked, *, threshold: float, draws: int, seed: int) -> dict[str, tuple[float, float]]:
    """95 % percentile intervals over pictures of average precision, precision and recall at `threshold`.

    Source: Efron and Tibshirani, "An Introduction to the Bootstrap" (1993), section 13.3. Looks are drawn with
    replacement; draws in which a measure is undefined are left out of it, and a measure never defined has no entry.
    """
    rng = np.random.default_rng(seed)
    pictures = len(ranked.objects)
    weights = rng.multinomial(pictures, np.full(pictures, 1 / pictures), size=draws).astype(np.float64)
    above = ranked.score >= threshold
    hits = weights @ np.bincount(ranked.look[above & ranked.right], minlength=pictures)
    shown = weights @ np.bincount(ranked.look[above], minlength=pictures)
    objects = weights @ ranked.objects
    areas = np.array([average_precision(ranked, weight) for weight in weights])
    with np.errstate(invalid="ignore", divide="ignore"):
        drawn = {
            "average_precision": areas[objects > 0],
            "precision": (hits / shown)[shown > 0],
            "recall": (hits / objects)[objects > 0],
        }
    ends = {name: np.percentile(values, [2.5, 97.5]) for name, values in drawn.items() if len(values)}
    return {name: (float(low), float(high)) for name, (low, high) in ends.items()}
