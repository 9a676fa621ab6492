"""Operating points: per class the lowest score that counts, chosen together for one budget of alarmed pictures. Pure.

The rule kept here: a picture without anything is alarmed by whichever class speaks, so the budget is joint; no class is
given up to pay for the others while the budget can be kept without that.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np

from detectors import scoring
from detectors.detections import CLASS_NAMES
from detectors.evaluation import looks_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from detectors.detections import Detections
    from detectors.picture_folder import LabelledPicture

CANDIDATES = np.arange(0.2, 0.91, 0.02).round(2).astype(np.float32)
"""Source: the lowest is the score from which a detection may start a track, `tracker.LOWEST_SHIPPED_SCORE`."""

ALARM_BUDGET = 0.03
"""Share of pictures without anything that may raise any alarm. Source: issue 4's goal."""

CLASS_FLOOR = 0.8
"""Share of the F1 that a class reaches with the whole budget to itself, which it keeps at least. Source: our choice."""

_ROUNDING = 1e-9

MATCH_IOU = 0.4
"""Overlap at which a box counts as found: half way between what plumes and what cones are judged at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Validation pictures looked at alike.

    Attributes:
        f1: (classes, candidates) F1 of a class at each of `CANDIDATES`; NaN where there is nothing to find.
        recall: the same of recall.
        loudest: (negatives, classes) best score of a class in a picture without any label; 0 where it saw nothing or
            nobody looked for it.
    """

    f1: NDArray[np.float64]
    recall: NDArray[np.float64]
    loudest: NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatingPoints:
    """What was chosen, and what validation measured there.

    Attributes:
        thresholds: per class.
        negatives: pictures without anything, all parts together.
        alarmed: of those, how many raise any alarm.
        recall: per class, mean over the parts that hold it; None where none does.
        floor_kept: whether every class kept its floor.
        budget_kept: whether the budget was kept.
    """

    thresholds: tuple[float, ...]
    negatives: int
    alarmed: int
    recall: tuple[float | None, ...]
    floor_kept: bool
    budget_kept: bool

    @property
    def measured(self) -> dict[str, float]:
        """The figures by name, for the manifest."""
        recall = {f"recall {CLASS_NAMES[row]}": round(r, 3) for row, r in enumerate(self.recall) if r is not None}
        kept = {"floor_kept": float(self.floor_kept), "budget_kept": float(self.budget_kept)}
        return {"negatives": float(self.negatives), "alarmed": float(self.alarmed), **kept, **recall}


def part_of(pictures: Sequence[LabelledPicture], found: Sequence[Detections], classes: int = len(CLASS_NAMES)) -> Part:
    """A part from its pictures and what was found in them, boxes as shares of the picture."""
    curves = [_curves(looks_of(class_id, pictures, found)) for class_id in range(classes)]
    loudest = [
        [
            seen.score[seen.class_id == class_id].max(initial=0.0) if class_id in picture.verified else 0.0
            for class_id in range(classes)
        ]
        for picture, seen in zip(pictures, found, strict=True)
        if not len(picture.class_id)
    ]
    return Part(
        f1=np.array([f1 for f1, _ in curves]),
        recall=np.array([recall for _, recall in curves]),
        loudest=np.array(loudest, np.float32).reshape(-1, classes),
    )


def _curves(looks: Sequence[scoring.Look]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """F1 and recall at each candidate."""
    ranked = scoring.rank(looks, iou_at_least=MATCH_IOU)
    objects = int(ranked.objects.sum())
    if not objects:
        return np.full(len(CANDIDATES), np.nan), np.full(len(CANDIDATES), np.nan)
    above = ranked.score[None, :] >= CANDIDATES[:, None]
    hits = (above & ranked.right).sum(axis=1)
    return 2 * hits / (above.sum(axis=1) + objects), hits / objects


def choose(parts: Sequence[Part], *, budget: float = ALARM_BUDGET, floor: float = CLASS_FLOOR) -> OperatingPoints:
    """Of all combinations that keep the budget and each class's floor, the one of the best mean F1.

    The budget holds in the first part, and in each further one together with those before it: a few quiet renderings
    do not pay for loud pictures, and a handful of loud ones do not rule the rest.

    Where no combination keeps both, the floor is given up; where none keeps the budget, the quietest is taken. Of
    equals the one with the higher thresholds.

    Args:
        parts: at least one, real pictures first.
        budget: share of the pictures without anything that may raise any alarm.
        floor: share of the F1 a class reaches with the budget to itself, which it keeps at least.
    """
    worth = np.nan_to_num(_mean_of([part.f1 for part in parts]))
    alarmed = np.array([_alarmed(part.loudest) for part in parts])
    most = np.cumsum([budget * len(part.loudest) for part in parts]) + _ROUNDING
    kept = np.all(np.cumsum(alarmed, axis=0) <= most[:, None], axis=0)
    held = _combined([row >= least for row, least in zip(worth, floor * _alone(parts, worth, most), strict=True)])
    open_ = kept & held if (kept & held).any() else kept
    value = _combined(list(worth), np.add) if kept.any() else -alarmed.sum(axis=0)
    value = np.where(open_ if kept.any() else True, np.round(value, 9), -np.inf)
    best = len(value) - 1 - int(np.argmax(value[::-1]))
    rows = np.unravel_index(best, (len(CANDIDATES),) * len(worth))
    recall = _mean_of([part.recall for part in parts])[range(len(worth)), rows]
    return OperatingPoints(
        thresholds=tuple(round(float(CANDIDATES[row]), 2) for row in rows),
        negatives=sum(len(part.loudest) for part in parts),
        alarmed=int(alarmed[:, best].sum()),
        recall=tuple(None if np.isnan(share) else float(share) for share in recall),
        floor_kept=bool(held[best]),
        budget_kept=bool(kept[best]),
    )


def _alone(parts: Sequence[Part], worth: NDArray[np.float64], most: NDArray[np.float64]) -> NDArray[np.float64]:
    """(classes,) the best F1 a class reaches where it alone raises alarms within the budget; 0 where it cannot."""
    loud = [(part.loudest.T[:, None, :] >= CANDIDATES[None, :, None]).sum(axis=2) for part in parts]
    quiet = np.all(np.cumsum(loud, axis=0) <= most[:, None, None], axis=0)
    best: NDArray[np.float64] = np.where(quiet, worth, 0.0).max(axis=1)
    return best


def _alarmed(loudest: NDArray[np.float32]) -> NDArray[np.int64]:
    """(candidates ** classes,) pictures alarmed by any class, for every combination in the order of `_combined`."""
    quiet = [(column[None, :] < CANDIDATES[:, None]).astype(np.float32) for column in loudest.T]
    silence, half = np.ones((1, len(loudest)), np.float32), len(quiet) // 2
    first, second = (_combined([silence, *some], np.multiply) for some in (quiet[:half], quiet[half:]))
    return np.asarray(len(loudest) - (first @ second.T).ravel().round(), np.int64)


def _combined(tables: Sequence[NDArray[Any]], join: np.ufunc = np.logical_and) -> NDArray[Any]:
    """Every row of each table joined with every row of the others, the last table's rows changing fastest."""
    return reduce(lambda a, b: join(a[:, None], b[None, :]).reshape(len(a) * len(b), *a.shape[1:]), tables)


def _mean_of(tables: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Mean over the parts that know a figure; NaN where none does."""
    known = np.sum([~np.isnan(table) for table in tables], axis=0)
    mean: NDArray[np.float64] = np.full(tables[0].shape, np.nan)
    np.divide(np.nansum(tables, axis=0), known, out=mean, where=known > 0)
    return mean
