"""`python -m detectors.evaluation FOLDER`: how well the shipped detector does on a labelled picture folder.

The rule kept here: the held-out pictures are opened by this command only, and every time it is written down where.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from detectors import scoring
from detectors.detections import CLASS_NAMES, Detections, Engine
from detectors.errors import DatasetError, DetectorError
from detectors.model_folder import SHIPPED, load_manifest
from detectors.picture_folder import LabelledPicture, read_picture_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SCORE_FLOOR = 0.01
"""Scores below are not gathered for average precision: they no longer change it."""

RUN_LOG = Path(".train") / "heldout_runs.jsonl"
"""Where every evaluation of a folder called `heldout` is written down, below the working folder."""

ALL_SOURCES = "*"
TABLE_LINE = "{:16} {:22} {:>5} {:>7} {:>6} {:>6} {:>6} {:>6} {:>12}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Figures of one class over one source, or over all (`*`)."""

    class_name: str
    source: str
    figures: scoring.Figures


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """An evaluation: which weights, which pictures, how scored, and the figures."""

    folder: str
    model: str
    weights_sha256: str
    input_px: int
    iou_at_least: float
    pictures: int
    rows: tuple[Row, ...]


def evaluate(
    pictures: Sequence[LabelledPicture],
    found: Sequence[Detections],
    *,
    thresholds: Sequence[float],
    iou_at_least: float,
) -> tuple[Row, ...]:
    """Figures per class, over all sources and per source, from detections in shares of each picture's size."""
    rows = []
    for class_id, name in enumerate(CLASS_NAMES):
        looks = looks_of(class_id, pictures, found)
        for source in (ALL_SOURCES, *sorted({look.source for look in looks})):
            chosen = [look for look in looks if source in (ALL_SOURCES, look.source)]
            figures = scoring.judge(chosen, threshold=thresholds[class_id], iou_at_least=iou_at_least)
            rows.append(Row(class_name=name, source=source, figures=figures))
    return tuple(rows)


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
    image = cv2.imread(str(picture.path), cv2.IMREAD_COLOR)
    if image is None:
        msg = f"{picture.path}: cannot be read as a picture; restore or remove it"
        raise DatasetError(msg)
    found = engine.detect(image.astype(np.uint8, copy=False))
    height, width = image.shape[:2]
    size = np.array([width, height, width, height], dtype=np.float32)
    return Detections(
        xyxy_px=np.divide(found.xyxy_px, size), score=found.score, class_id=found.class_id, model=found.model
    )


def run(folder: Path, model_folder: Path, *, input_px: int | None, iou_at_least: float, threads: int) -> Report:
    """Evaluate a model folder on a picture folder.

    Raises:
        DatasetError: the picture folder cannot be used.
        ModelUnusable: the model folder cannot be used.
    """
    from detectors.openvino_engine import OpenVinoEngine  # noqa: PLC0415 - not needed by those who only score

    manifest = load_manifest(model_folder)
    pictures = read_picture_folder(folder)
    engine = OpenVinoEngine(model_folder, long_side_px=input_px, threads=threads, score_floor=SCORE_FLOOR)
    found = [detect_in_shares(engine, picture) for picture in pictures]
    return Report(
        folder=str(folder.resolve()),
        model=engine.model.name,
        weights_sha256=engine.model.weights_sha256,
        input_px=input_px or manifest.input_px,
        iou_at_least=iou_at_least,
        pictures=len(pictures),
        rows=evaluate(pictures, found, thresholds=manifest.thresholds, iou_at_least=iou_at_least),
    )


def table_of(report: Report) -> str:
    """The report as aligned text."""
    columns = ("class", "source", "pics", "objects", "AP", "prec", "recall", "false", "neg alarmed")
    body = [
        (
            row.class_name,
            row.source,
            *(str(count) for count in (row.figures.pictures, row.figures.objects)),
            *("-" if share is None else f"{share:.3f}" for share in _shares(row.figures)),
            str(row.figures.false_alarms),
            f"{row.figures.negative_pictures_alarmed}/{row.figures.negative_pictures}",
        )
        for row in report.rows
    ]
    head = f"{report.model} {report.weights_sha256[:12]} at {report.input_px} px, IoU {report.iou_at_least}"
    return "\n".join([head, *(TABLE_LINE.format(*cells).rstrip() for cells in (columns, *body))])


def _shares(figures: scoring.Figures) -> tuple[float | None, float | None, float | None]:
    return figures.average_precision, figures.precision, figures.recall


def log_heldout(report: Report, log: Path) -> None:
    """Append one line saying that the held-out pictures were looked at, with which weights, and what came out."""
    log.parent.mkdir(parents=True, exist_ok=True)
    overall = {row.class_name: row.figures.average_precision for row in report.rows if row.source == ALL_SOURCES}
    entry = {
        "at_s": round(time.time()),
        "folder": report.folder,
        "weights_sha256": report.weights_sha256,
        "input_px": report.input_px,
        "iou_at_least": report.iou_at_least,
        "average_precision": overall,
    }
    with log.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(entry) + "\n")


def main(argv: list[str] | None = None) -> int:
    """Evaluate from the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m detectors.evaluation", description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="YOLO folder: images/, labels/, manifest.csv beside or above it")
    parser.add_argument("--model", type=Path, default=SHIPPED, help="model folder")
    parser.add_argument("--input-px", type=int, help="longer side of the network input; the manifest's by default")
    parser.add_argument("--iou", type=float, default=0.5, help="overlap at which a box counts as found")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads")
    parser.add_argument("--json", type=Path, help="also write the report to this file")
    choice = parser.parse_args(argv)
    try:
        report = run(
            choice.folder, choice.model, input_px=choice.input_px, iou_at_least=choice.iou, threads=choice.threads
        )
    except DetectorError as error:
        print(f"{error.code}: {error}", file=sys.stderr)  # noqa: T201 - a command's output
        return 2
    if choice.folder.resolve().name == "heldout":
        log_heldout(report, RUN_LOG)
    if choice.json:
        choice.json.write_text(json.dumps(asdict(report), indent=1) + "\n", encoding="utf-8")
    print(table_of(report))  # noqa: T201 - a command's output
    return 0


if __name__ == "__main__":
    sys.exit(main())
