"""Turns a training checkpoint into a model folder: both forms of the weights, thresholds, manifest.

`python -m detectors.reference.export CHECKPOINT FOLDER --recipe RECIPE --pictures FOLDER [--int8] ...`

The rule kept here: thresholds are chosen on the validation part of `train`, never on held-out pictures.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from detectors import scoring
from detectors.detections import CLASS_NAMES
from detectors.evaluation import SCORE_FLOOR, detect_in_shares, looks_of
from detectors.model_folder import INT8_MARK, MANIFEST_NAME, ModelManifest, dump_manifest, sha256_of
from detectors.openvino_engine import OpenVinoEngine
from detectors.picture_folder import LabelledPicture, read_picture_folder
from detectors.reference.quiet import give_back_pillow, silence_ultralytics
from detectors.reference.recipe import Recipe, read_recipe, split_off_validation
from detectors.tracker import LOWEST_SHIPPED_SCORE

silence_ultralytics()

from detectors.reference.torchvision_shim import ensure_torchvision  # noqa: E402 - the environment is set first

ensure_torchvision()

from ultralytics import YOLO  # noqa: E402 - needs the shim
from ultralytics.utils.torch_utils import strip_optimizer  # noqa: E402 - needs the shim

if TYPE_CHECKING:
    from collections.abc import Sequence

give_back_pillow()

CANDIDATE_THRESHOLDS = np.round(np.arange(LOWEST_SHIPPED_SCORE, 0.66, 0.01), 2)
ALARM_BUDGET = 0.03
"""Share of validation pictures without a class in which that class may raise an alarm. Source: issue 4's goal."""
NMS_IOU = 0.5
REAL_INPUT_PX = 640
SCENE_INPUT_PX = 1280


def export(checkpoint: Path, folder: Path, *, recipe: Recipe, input_px: int, training: dict[str, str]) -> ModelManifest:
    """Write the checkpoint, stripped to half precision, and its OpenVINO form into `folder`, with a first manifest."""
    folder.mkdir(parents=True, exist_ok=True)
    best = folder / f"{recipe.name}.pt"
    strip_optimizer(
        checkpoint, str(best), updates={"train_args": {"task": "detect"}, "train_results": None, "git": None}
    )
    with tempfile.TemporaryDirectory() as place:
        copy = Path(place) / best.name
        shutil.copyfile(best, copy)
        made = Path(YOLO(copy, task="detect").export(format="openvino", dynamic=True, quantize=16, imgsz=640))
        for suffix in (".xml", ".bin"):
            shutil.copyfile(next(made.glob(f"*{suffix}")), folder / f"{recipe.name}{suffix}")
    names = [f"{recipe.name}{suffix}" for suffix in (".pt", ".xml", ".bin")]
    manifest = ModelManifest(
        name=recipe.name,
        sha256={name: sha256_of(folder / name) for name in names},
        class_names=CLASS_NAMES,
        thresholds=(0.25,) * len(CLASS_NAMES),
        nms_iou=NMS_IOU,
        input_px=input_px,
        training=training,
    )
    write_manifest(folder, manifest)
    return manifest


def add_int8(
    folder: Path, manifest: ModelManifest, calibration: Sequence[LabelledPicture], *, kept: Sequence[str] = ()
) -> ModelManifest:
    """Put the INT8 form beside the others, make it the default, and return the manifest that says so."""
    from detectors.reference.quantise import quantise  # noqa: PLC0415 - nncf comes with the extra `export`

    xml = folder / manifest.file_with(".xml")
    small = xml.with_stem(xml.stem + INT8_MARK)
    quantise(xml, small, calibration, input_px=REAL_INPUT_PX, kept=kept)
    added = {path.name: sha256_of(path) for path in (small, small.with_suffix(".bin"))}
    manifest = replace(manifest, sha256={**manifest.sha256, **added}, precision="int8")
    write_manifest(folder, manifest)
    return manifest


def write_manifest(folder: Path, manifest: ModelManifest) -> None:
    """Write `folder`/manifest.json."""
    (folder / MANIFEST_NAME).write_text(dump_manifest(manifest), encoding="utf-8")


def choose_thresholds(
    looks_by_class: list[list[scoring.Look]], alarm_budget: float = ALARM_BUDGET
) -> tuple[float, ...]:
    """Per class, the score with the highest F1 measure among those that keep the budget.

    Args:
        looks_by_class: what was found and what is there, per class.
        alarm_budget: share of the pictures without the class that may raise an alarm. Where no candidate keeps it, the
            highest candidate is chosen.
    """
    chosen = []
    for looks in looks_by_class:
        figures = [scoring.judge(looks, threshold=float(t), iou_at_least=0.4) for t in CANDIDATE_THRESHOLDS]
        quiet = [f.negative_pictures_alarmed <= alarm_budget * f.negative_pictures for f in figures]
        first = quiet.index(True) if any(quiet) else len(figures) - 1
        chosen.append(float(CANDIDATE_THRESHOLDS[first + int(np.argmax([f1_of(f) for f in figures[first:]]))]))
    return tuple(chosen)


def f1_of(figures: scoring.Figures) -> float:
    """Harmonic mean of precision and recall; 0 where either is not known."""
    precision, recall = figures.precision or 0.0, figures.recall or 0.0
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def validation_looks(folder: Path, parts: list[tuple[tuple[LabelledPicture, ...], int]]) -> list[list[scoring.Look]]:
    """Per class, what the exported network finds in the pictures, each part at its own input size."""
    looks: list[list[scoring.Look]] = [[] for _ in CLASS_NAMES]
    for pictures, input_px in parts:
        engine = OpenVinoEngine(folder, long_side_px=input_px, threads=2, score_floor=SCORE_FLOOR)
        found = [detect_in_shares(engine, picture) for picture in pictures]
        for class_id in range(len(CLASS_NAMES)):
            looks[class_id] += looks_of(class_id, pictures, found)
    return looks


def main(argv: list[str] | None = None) -> int:
    """Export from the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m detectors.reference.export", description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("folder", type=Path, help="model folder to write")
    parser.add_argument("--recipe", type=Path, required=True)
    parser.add_argument("--pictures", type=Path, required=True, help="the training folder, for its validation part")
    parser.add_argument("--renderings", type=Path, help="rendered scene frames, for their validation part")
    parser.add_argument("--input-px", type=int, default=REAL_INPUT_PX, help="longer side where none is asked for")
    parser.add_argument("--int8", action="store_true", help="also make the INT8 form, and make it the default")
    parser.add_argument("--keep", action="append", default=[], help="pattern of layers that INT8 leaves alone")
    parser.add_argument("--note", default="", help="how the checkpoint came to be")
    choice = parser.parse_args(argv)
    recipe = read_recipe(choice.recipe)
    training = {"recipe": choice.recipe.name, "data_manifest_sha256": recipe.manifest_sha256, "note": choice.note}
    manifest = export(choice.checkpoint, choice.folder, recipe=recipe, input_px=choice.input_px, training=training)
    learned, held = split_off_validation(read_picture_folder(choice.pictures), recipe.validation_share)
    if choice.int8:
        manifest = add_int8(choice.folder, manifest, learned, kept=choice.keep)
    parts = [(held, REAL_INPUT_PX)]
    if choice.renderings:
        frames = split_off_validation(read_picture_folder(choice.renderings), recipe.validation_share)[1]
        parts.append((frames, SCENE_INPUT_PX))
    thresholds = choose_thresholds(validation_looks(choice.folder, parts))
    write_manifest(choice.folder, replace(manifest, thresholds=thresholds))
    print(json.dumps(dict(zip(CLASS_NAMES, thresholds, strict=True))))  # noqa: T201 - a command's output
    return 0


if __name__ == "__main__":
    sys.exit(main())
