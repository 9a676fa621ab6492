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

from detectors.detections import CLASS_NAMES
from detectors.evaluation import SCORE_FLOOR, detect_in_shares
from detectors.model_folder import INT8_MARK, MANIFEST_NAME, ModelManifest, dump_manifest, load_manifest, sha256_of
from detectors.openvino_engine import OpenVinoEngine
from detectors.operating_points import ALARM_BUDGET, OperatingPoints, choose, part_of
from detectors.picture_folder import LabelledPicture, read_picture_folder, read_picture_folders
from detectors.reference.quiet import give_back_pillow, silence_ultralytics
from detectors.reference.recipe import Recipe, read_recipe, split_off_validation

silence_ultralytics()

from detectors.reference.torchvision_shim import ensure_torchvision  # noqa: E402 - the environment is set first

ensure_torchvision()

from ultralytics import YOLO  # noqa: E402 - needs the shim
from ultralytics.utils.torch_utils import strip_optimizer  # noqa: E402 - needs the shim

if TYPE_CHECKING:
    from collections.abc import Sequence

give_back_pillow()

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


def set_operating_points(
    folder: Path, parts: Sequence[tuple[tuple[LabelledPicture, ...], int]], *, budget: float
) -> OperatingPoints:
    """Choose the folder's thresholds on validation pictures, each part at its own input size, and write them down."""
    looked = []
    for pictures, input_px in parts:
        engine = OpenVinoEngine(folder, long_side_px=input_px, threads=2, score_floor=SCORE_FLOOR)
        looked.append(part_of(pictures, [detect_in_shares(engine, picture) for picture in pictures]))
    points = choose(looked, budget=budget)
    manifest = load_manifest(folder)
    write_manifest(
        folder, replace(manifest, thresholds=points.thresholds, alarm_budget=budget, validation=points.measured)
    )
    return points


def main(argv: list[str] | None = None) -> int:
    """Export from the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m detectors.reference.export", description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", help="training checkpoint (.pt), or - to keep the folder's weights")
    parser.add_argument("folder", type=Path, help="model folder to write")
    parser.add_argument("--recipe", type=Path, required=True)
    parser.add_argument(
        "--pictures", type=Path, nargs="+", required=True, help="those trained on, for their validation part"
    )
    parser.add_argument("--renderings", type=Path, help="rendered scene frames, for their validation part")
    parser.add_argument("--input-px", type=int, default=REAL_INPUT_PX, help="longer side where none is asked for")
    parser.add_argument("--int8", action="store_true", help="also make the INT8 form, and make it the default")
    parser.add_argument("--keep", action="append", default=[], help="pattern of layers that INT8 leaves alone")
    parser.add_argument("--alarm-budget", type=float, default=ALARM_BUDGET, help="share of negatives with any alarm")
    parser.add_argument("--note", default="", help="how the checkpoint came to be")
    choice = parser.parse_args(argv)
    recipe = read_recipe(choice.recipe)
    training = {"recipe": choice.recipe.name, "data_manifest_sha256": recipe.manifest_sha256, "note": choice.note}
    if choice.checkpoint != "-":
        export(Path(choice.checkpoint), choice.folder, recipe=recipe, input_px=choice.input_px, training=training)
    learned, held = split_off_validation(read_picture_folders(choice.pictures), recipe.validation_share)
    if choice.int8:
        add_int8(choice.folder, load_manifest(choice.folder), learned, kept=choice.keep)
    parts = [(held, REAL_INPUT_PX)]
    if choice.renderings:
        frames = split_off_validation(read_picture_folder(choice.renderings), recipe.validation_share)[1]
        parts.append((frames, SCENE_INPUT_PX))
    points = set_operating_points(choice.folder, parts, budget=choice.alarm_budget)
    print(json.dumps(dict(zip(CLASS_NAMES, points.thresholds, strict=True)) | points.measured))  # noqa: T201 - a command's output
    return 0


if __name__ == "__main__":
    sys.exit(main())
