"""How well a detector does on a labelled picture folder: figures per class, source, kind and size, with intervals.

The rule kept here: the held-out pictures are opened by this evaluation only, and every time it is written down where.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from detectors import scoring
from detectors.decode import RIVALS
from detectors.detections import CLASS_NAMES, Detections, Engine
from detectors.errors import DatasetError
from detectors.model_folder import SHIPPED, load_manifest
from detectors.near_duplicates import Twin, find_twins
from detectors.picture_folder import LabelledPicture, read_picture_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

SCORE_FLOOR = 0.01
"""Scores below are not gathered for average precision: they no longer change it."""

RUN_LOG = Path(".train") / "heldout_runs.jsonl"
"""Where every evaluation of a folder called `heldout` is written down, below the working folder."""

ALL = "*"
NEGATIVE = "negative"
PLUME_IOU = 0.3
"""Overlap at which plumes, coarsely boxed, are scored beside the asked one. Source: SOURCES.md, on dust's boxes."""

PLUMES = (CLASS_NAMES.index("dust"), CLASS_NAMES.index("cooking_fumes"))
SIZES = {"size small": (0.0, 32.0**2), "size medium": (32.0**2, 96.0**2), "size large": (96.0**2, float("inf"))}
"""Area ranges in square pixels of the network's input. Source: COCO's detection metric."""

DRAWS, SEED = 500, 20260101
"""Bootstrap draws and their seed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Figures of one class over one part of the pictures.

    Attributes:
        class_name: which class.
        part: `*`, a kind of the manifest (alone, or with the negatives added), an object size, or a source.
        iou_at_least: overlap at which a box counts as found.
        figures: at the shipped threshold.
        ap50_95: mean average precision over COCO's ten overlaps; None where there is nothing to find.
        interval: 95 % bootstrap interval over pictures, by name of the figure.
    """

    class_name: str
    part: str
    iou_at_least: float
    figures: scoring.Figures
    ap50_95: float | None
    interval: Mapping[str, tuple[float, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlumeCalls:
    """What labelled plumes of one class in one part were called, at the shipped thresholds and `PLUME_IOU`."""

    class_name: str
    part: str
    labelled: int
    called_dust: int
    called_fumes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarms:
    """Alarms on negative pictures at the shipped thresholds; a class counts in pictures where it was looked for.

    Attributes:
        pictures: how many negatives: of kind `negative`, or without any label where there is no manifest.
        alarmed: of those, how many raised any alarm.
        alarmed_share_interval: 95 % bootstrap interval of their share.
        alarms_per_picture: mean number.
        alarmed_by_class: per class name, pictures alarmed and pictures where it was looked for.
        alarmed_even_unlooked: pictures with any box at all, also of classes nobody looked for.
    """

    pictures: int
    alarmed: int
    alarmed_share_interval: tuple[float, float] | None
    alarms_per_picture: float | None
    alarmed_by_class: Mapping[str, tuple[int, int]]
    alarmed_even_unlooked: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """An evaluation: which weights, which pictures, how scored, and the figures."""

    folder: str
    model: str
    weights_sha256: str
    precision: str
    input_px: int
    iou_at_least: float
    thresholds: Mapping[str, float]
    pictures: int
    faults: tuple[str, ...]
    rows: tuple[Row, ...]
    plume_calls: tuple[PlumeCalls, ...]
    alarms: Alarms
    twins: tuple[Twin, ...]
    twins_sought_in: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A picture with its labels and what was found; all boxes in pixels of the network's input, `input_px` long."""

    picture: LabelledPicture
    input_px: int
    truth_px: NDArray[np.float64]
    found: Detections


def evaluate(seen: Sequence[Seen], *, thresholds: Sequence[float], iou_at_least: float) -> tuple[Row, ...]:
    """Figures per class: over all, per kind, per object size, per source; plumes also at `PLUME_IOU`."""
    rows = []
    for class_id in range(len(CLASS_NAMES)):
        looked = [each for each in seen if class_id in each.picture.verified]
        looks = [look_at(class_id, each) for each in looked]
        ious = (iou_at_least, PLUME_IOU) if class_id in PLUMES and iou_at_least != PLUME_IOU else (iou_at_least,)
        for part, chosen in parts_of(looked).items():
            some = [looks[place] for place in chosen]
            rows += [row_of(class_id, part, some, threshold=thresholds[class_id], iou=iou) for iou in ious]
    return tuple(rows)


def parts_of(looked: Sequence[Seen]) -> dict[str, list[int]]:
    """Part name to places in `looked`: all, object sizes (all pictures), kinds, sources."""
    kinds = {place: each.picture.kind for place, each in enumerate(looked)}
    parts = {name: list(kinds) for name in (ALL, *SIZES)}
    for kind in sorted(set(kinds.values()) - {""}):
        parts[kind] = [place for place, of in kinds.items() if of == kind]
        if kind != NEGATIVE:
            parts[f"{kind} + negative"] = [place for place, of in kinds.items() if of in (kind, NEGATIVE)]
    for source in sorted({each.picture.source for each in looked}):
        parts[f"source {source}"] = [place for place, each in enumerate(looked) if each.picture.source == source]
    return parts


def row_of(class_id: int, part: str, looks: Sequence[scoring.Look], *, threshold: float, iou: float) -> Row:
    """One row."""
    area = SIZES.get(part, scoring.ANY_AREA)
    figures = scoring.judge(looks, threshold=threshold, iou_at_least=iou, area=area)
    row = Row(class_name=CLASS_NAMES[class_id], part=part, iou_at_least=iou, figures=figures, ap50_95=None, interval={})
    if not figures.objects:
        return row
    ranked = scoring.rank(looks, iou_at_least=iou, area=area)
    strict = [scoring.average_precision(scoring.rank(looks, iou_at_least=t, area=area)) for t in scoring.COCO_IOUS]
    interval = scoring.bootstrap(ranked, threshold=threshold, draws=DRAWS, seed=SEED)
    return replace(row, ap50_95=float(np.mean(strict)), interval=interval)


def look_at(class_id: int, seen: Seen) -> scoring.Look:
    """One class in one picture."""
    found = seen.found.keep(seen.found.class_id == class_id)
    return scoring.Look(
        source=seen.picture.source,
        found_xyxy=found.xyxy_px,
        score=found.score,
        truth_xyxy=seen.truth_px[seen.picture.class_id == class_id],
    )


def call_plumes(seen: Sequence[Seen], *, thresholds: Sequence[float]) -> tuple[PlumeCalls, ...]:
    """What each labelled plume was called, over all and per kind: its surest box decides, whatever it calls it."""
    calls = []
    for class_id in PLUMES:
        looked = [each for each in seen if (each.picture.class_id == class_id).any()]
        for part, chosen in parts_of(looked).items():
            if part in SIZES or part.endswith(NEGATIVE):
                continue
            called = [name for place in chosen for name in _calls_in(class_id, looked[place], thresholds)]
            calls.append(
                PlumeCalls(
                    class_name=CLASS_NAMES[class_id],
                    part=part,
                    labelled=len(called),
                    called_dust=called.count(PLUMES[0]),
                    called_fumes=called.count(PLUMES[1]),
                )
            )
    return tuple(calls)


def _calls_in(class_id: int, seen: Seen, thresholds: Sequence[float]) -> list[int | None]:
    """Per labelled plume of the class, the class of the plume box that claims it, None if none does."""
    sure = _sure(seen.found, thresholds)
    plumes = sure.keep(RIVALS[sure.class_id] == RIVALS[class_id])
    truth = seen.truth_px[seen.picture.class_id == class_id]
    look = scoring.Look(source="", found_xyxy=plumes.xyxy_px, score=plumes.score, truth_xyxy=truth)
    by_label = {
        int(label): int(plumes.class_id[box]) for box, label in enumerate(scoring.match(look, iou_at_least=PLUME_IOU))
    }
    return [by_label.get(label) for label in range(len(truth))]


def count_alarms(seen: Sequence[Seen], *, thresholds: Sequence[float]) -> Alarms:
    """Alarms on the negatives."""
    negatives = _negatives(seen)
    sure = [_sure(each.found, thresholds).class_id for each in negatives]
    by_class = {
        name: (
            sum(c in ids for e, ids in zip(negatives, sure, strict=True) if c in e.picture.verified),
            sum(c in e.picture.verified for e in negatives),
        )
        for c, name in enumerate(CLASS_NAMES)
    }
    false = alarms_in(seen, thresholds=thresholds)
    rng, count = np.random.default_rng(SEED), len(negatives)
    drawn = (rng.choice(false > 0, (DRAWS, count)).mean(axis=1)) if count else None
    return Alarms(
        pictures=count,
        alarmed=int((false > 0).sum()),
        alarmed_share_interval=None if drawn is None else _ends(drawn),
        alarms_per_picture=float(false.mean()) if count else None,
        alarmed_by_class=by_class,
        alarmed_even_unlooked=sum(len(ids) > 0 for ids in sure),
    )


def alarms_in(seen: Sequence[Seen], *, thresholds: Sequence[float]) -> NDArray[np.int64]:
    """(negatives,) alarms of classes that were looked for, in each negative."""
    sure = [(each.picture.verified, _sure(each.found, thresholds).class_id) for each in _negatives(seen)]
    return np.array([np.isin(ids, list(verified)).sum() for verified, ids in sure], np.int64)


def _negatives(seen: Sequence[Seen]) -> list[Seen]:
    kinds = any(each.picture.kind for each in seen)
    return [e for e in seen if (e.picture.kind == NEGATIVE if kinds else not len(e.picture.class_id))]


def _ends(drawn: NDArray[np.float64]) -> tuple[float, float]:
    low, high = np.percentile(drawn, [2.5, 97.5])
    return float(low), float(high)


def _sure(found: Detections, thresholds: Sequence[float]) -> Detections:
    """What the shipped thresholds let through."""
    return found.keep(found.score >= np.array(thresholds, np.float32)[found.class_id])


def looks_of(class_id: int, pictures: Iterable[LabelledPicture], found: Iterable[Detections]) -> list[scoring.Look]:
    """One class in every picture where it was looked for; boxes as shares of the picture."""
    return [
        scoring.Look(
            source=picture.source,
            found_xyxy=detections.xyxy_px[detections.class_id == class_id],
            score=detections.score[detections.class_id == class_id],
            truth_xyxy=picture.xyxy_share[picture.class_id == class_id],
        )
        for picture, detections in zip(pictures, found, strict=True)
        if class_id in picture.verified
    ]


def detect_in_shares(engine: Engine, picture: LabelledPicture) -> Detections:
    """Detections in one picture, boxes as shares of its width and height.

    Raises:
        DatasetError: the picture cannot be read.
    """
    image = read_picture(picture)
    found = engine.detect(image)
    height, width = image.shape[:2]
    size = np.array([width, height, width, height], dtype=np.float32)
    return Detections(
        xyxy_px=np.divide(found.xyxy_px, size), score=found.score, class_id=found.class_id, model=found.model
    )


def read_picture(picture: LabelledPicture) -> NDArray[np.uint8]:
    """The (h, w, 3) BGR pixels.

    Raises:
        DatasetError: the picture cannot be read.
    """
    image = cv2.imread(str(picture.path), cv2.IMREAD_COLOR)
    if image is None:
        msg = f"{picture.path}: cannot be read as a picture; restore or remove it"
        raise DatasetError(msg)
    pixels: NDArray[np.uint8] = image.astype(np.uint8, copy=False)
    return pixels


def see(engine: Engine, picture: LabelledPicture, input_px: int) -> Seen:
    """What the engine finds in a picture, in pixels of a network input of that longer side.

    Raises:
        DatasetError: the picture cannot be read.
    """
    image = read_picture(picture)
    found, (height, width) = engine.detect(image), image.shape[:2]
    scale = input_px / max(height, width)
    size = np.array([width, height, width, height]) * scale
    moved = replace(found, xyxy_px=(found.xyxy_px * np.float32(scale)).astype(np.float32))
    return Seen(picture=picture, input_px=input_px, truth_px=picture.xyxy_share * size, found=moved)


def run(
    folder: Path,
    model_folder: Path = SHIPPED,
    *,
    input_px: int | None = None,
    iou_at_least: float = 0.5,
    threads: int = 2,
    precision: str | None = None,
    train: Path | None = None,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> tuple[Report, tuple[Seen, ...]]:
    """Evaluate a model folder on a picture folder; a picture that cannot be used is named in `faults`, not counted.

    Raises:
        DatasetError: the picture folder cannot be used.
        ModelUnusable: the model folder cannot be used.
    """
    from detectors.openvino_engine import OpenVinoEngine  # noqa: PLC0415 - not needed by those who only score

    manifest = load_manifest(model_folder)
    faults: list[str] = []
    pictures = read_picture_folder(folder, faults=faults)
    engine = OpenVinoEngine(
        model_folder, long_side_px=input_px, threads=threads, score_floor=SCORE_FLOOR, precision=precision
    )
    side_px, seen = input_px or manifest.input_px, []
    for number, picture in enumerate(pictures, start=1):
        try:
            seen.append(see(engine, picture, side_px))
        except DatasetError as error:
            faults.append(str(error))
        progress(number, len(pictures))
    if not seen:
        msg = f"{folder}: no picture could be used; the first fault: {faults[0]}"
        raise DatasetError(msg)
    report = Report(
        folder=str(folder.resolve()),
        model=engine.model.name,
        weights_sha256=engine.model.weights_sha256,
        precision=precision or manifest.precision,
        input_px=side_px,
        iou_at_least=iou_at_least,
        thresholds=dict(zip(CLASS_NAMES, manifest.thresholds, strict=True)),
        pictures=len(seen),
        faults=tuple(faults),
        rows=evaluate(seen, thresholds=manifest.thresholds, iou_at_least=iou_at_least),
        plume_calls=call_plumes(seen, thresholds=manifest.thresholds),
        alarms=count_alarms(seen, thresholds=manifest.thresholds),
        twins=find_twins([e.picture.path for e in seen], train) if train else (),
        twins_sought_in=str(train) if train else "",
    )
    if folder.resolve().name == "heldout":
        log_heldout(report, RUN_LOG)
    return report, tuple(seen)


def log_heldout(report: Report, log: Path) -> None:
    """Append one line saying that the held-out pictures were looked at, with which weights, and what came out."""
    log.parent.mkdir(parents=True, exist_ok=True)
    overall = {row.class_name: row.figures.average_precision for row in report.rows if row.part == ALL}
    entry = {
        "at_s": round(time.time()),
        "folder": report.folder,
        "weights_sha256": report.weights_sha256,
        "precision": report.precision,
        "input_px": report.input_px,
        "iou_at_least": report.iou_at_least,
        "average_precision": overall,
    }
    with log.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(entry) + "\n")
