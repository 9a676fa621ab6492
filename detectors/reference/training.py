"""Fine-tunes a YOLOv8 detector on partly labelled pictures, on a GPU where there is one, resumably.

`python -m detectors.training RECIPE --pictures FOLDER --start WEIGHTS --run FOLDER [--renderings FOLDER] [--resume]`

The rule kept here: `heldout` is never opened. Checkpoints are chosen on scene groups split off `train`.
"""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import torch

from detectors import scoring
from detectors.detections import CLASS_NAMES, ModelIdentity
from detectors.evaluation import SCORE_FLOOR, detect_in_shares, looks_of
from detectors.picture_folder import LabelledPicture, read_picture_folder, read_picture_folders
from detectors.reference.quiet import give_back_pillow
from detectors.reference.recipe import Recipe, check_manifest, read_recipe, split_off_validation
from detectors.reference.training_set import TrainingSet
from detectors.torch_engine import DetectionModel, TorchEngine  # silences ultralytics, which comes next

from ultralytics.data.build import build_dataloader  # isort: skip
from ultralytics.models.yolo.detect import DetectionTrainer  # isort: skip

from detectors.reference.masked_loss import MaskedDetectionLoss  # isort: skip

if TYPE_CHECKING:
    from collections.abc import Sequence

give_back_pillow()

VALIDATION_INPUT_PX = {"real": 640, "scene": 1280, "new": 640}
"""Longer side at which each part of the validation pictures is looked at: as it is in use."""

VALIDATION_NMS_IOU = 0.5

DEVICE = torch.device("cuda:0" if torch.cuda.is_available() else "cpu")

LOADERS = max(1, len(os.sched_getaffinity(0)) - 1) if DEVICE.type == "cuda" else 1
"""Processes that draw samples, 0.1 s each: on a CPU, where the network is slower than that, one beside it pays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A recipe with its pictures, for training and for validation: real, rendered, and of sources left out."""

    recipe: Recipe
    real: tuple[LabelledPicture, ...]
    rendered: tuple[LabelledPicture, ...]
    validation: dict[str, tuple[LabelledPicture, ...]]
    threads: int


class HalfPrecisionModel(DetectionModel):  # type: ignore[misc]  # ultralytics is not typed
    """A detection model whose training forward runs in bfloat16, channels last (2.5 times faster on AVX512-BF16).

    Ultralytics' own `amp` tries a model it would download, and has no bfloat16 on CPUs.
    """

    def predict(self, x: torch.Tensor, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - ultralytics' signature
        """Forward pass."""
        with torch.autocast(x.device.type, dtype=torch.bfloat16, enabled=self.training):
            return super().predict(x.contiguous(memory_format=torch.channels_last), *args, **kwargs)


class Trainer(DetectionTrainer):  # type: ignore[misc]  # as above
    """Ultralytics' trainer with our pictures, our masked loss and our validation."""

    def __init__(self, job: Job, overrides: dict[str, Any]) -> None:
        self._job = job
        super().__init__(overrides=overrides)

    def get_dataset(self) -> dict[str, Any]:
        """Class names; the pictures themselves come from the job."""
        names = dict(enumerate(CLASS_NAMES))
        return {"train": "job", "val": "job", "nc": len(names), "names": names, "channels": 3}

    def get_dataloader(self, dataset_path: str, batch_size: int = 16, rank: int = 0, mode: str = "train") -> Any:  # noqa: ANN401 - ultralytics' signature
        """The training set; in `val` mode an idle loader, since validation is our own."""
        del dataset_path, rank
        real = self._job.real if mode == "train" else self._job.real[:1]
        rendered = self._job.rendered if mode == "train" else ()
        workers = LOADERS if mode == "train" else 0
        dataset = TrainingSet(real, rendered, self._job.recipe)
        return build_dataloader(dataset, batch_size, workers, shuffle=mode == "train", rank=-1, device=self.device)

    def get_model(self, cfg: Any = None, weights: Any = None, verbose: bool = True) -> DetectionModel:  # noqa: ANN401, FBT001, FBT002 - ultralytics' signature
        """A model with four classes; the start's weights are loaded where their shapes fit."""
        kind = HalfPrecisionModel if self._job.recipe.bf16 and computes_in_bf16() else DetectionModel
        model = kind(cfg, nc=len(CLASS_NAMES), ch=3, verbose=verbose)
        if weights:
            model.load(weights)
        return model.to(memory_format=torch.channels_last)

    def _model_train(self) -> None:
        """Training mode, with the threads asked for: ultralytics keeps one core for itself."""
        torch.set_num_threads(self._job.threads)
        super()._model_train()

    def set_model_attributes(self) -> None:
        """Attach names and hyperparameters, then the masked loss."""
        super().set_model_attributes()
        self.model.criterion = MaskedDetectionLoss(self.model)

    def validate(self) -> tuple[dict[str, float], float]:
        """Average precision at IoU 0.5 per class, counting a class only where it was looked for."""
        network = self.ema.ema.eval()
        metrics: dict[str, float] = {}
        for part, pictures in self._job.validation.items():
            engine = in_training(network, VALIDATION_INPUT_PX[part])
            found = [detect_in_shares(engine, picture) for picture in pictures]
            for class_id, name in enumerate(CLASS_NAMES):
                figures = scoring.judge(looks_of(class_id, pictures, found), threshold=0.3, iou_at_least=0.5)
                if figures.average_precision is not None:
                    metrics[f"{part}/{name}"] = round(figures.average_precision, 4)
        fitness = float(np.mean(list(metrics.values()) or [0.0]))
        self.best_fitness: float = max(self.best_fitness or 0.0, fitness)
        return metrics, fitness

    def save_metrics(self, metrics: dict[str, float]) -> None:
        """One JSON line an epoch."""
        with (Path(self.save_dir) / "epochs.jsonl").open("a", encoding="utf-8") as stream:
            row = {name: round(float(value), 5) for name, value in metrics.items()}
            stream.write(json.dumps({"epoch": self.epoch + 1, "fitness": round(self.fitness, 4)} | row) + "\n")

    def save_model(self) -> bool:
        """Write the checkpoint as a plain ultralytics model, which loads without this package."""
        ours = type(self.ema.ema)
        self.ema.ema.__class__ = DetectionModel
        saved: bool = super().save_model()
        self.ema.ema.__class__ = ours
        return saved

    def final_eval(self) -> None:
        """Nothing: the last epoch was validated like the others."""

    def plot_metrics(self) -> None:
        """Nothing: figures are in epochs.jsonl."""


def computes_in_bf16() -> bool:
    """Whether the GPU, or the CPU where there is none, multiplies bfloat16 itself and does not emulate it."""
    if DEVICE.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return bool(torch.cpu.get_capabilities().get("avx512_bf16", False))


def in_training(network: DetectionModel, long_side_px: int) -> TorchEngine:
    """The network of the running epoch as an engine, which says boxes of any score worth ranking."""
    return TorchEngine(
        network=network,
        model=ModelIdentity(name="in training", weights_sha256=""),
        long_side_px=long_side_px,
        thresholds=np.full(len(CLASS_NAMES), SCORE_FLOOR, np.float32),
        nms_iou=VALIDATION_NMS_IOU,
    )


def gather(recipe: Recipe, pictures: Sequence[Path], renderings: Path | None, *, threads: int) -> Job:
    """The job's pictures, of which the recipe names the first folder's; some rendered seeds are kept for validation."""
    check_manifest(recipe, pictures[0].parent / "manifest.csv")
    known = read_picture_folders(pictures)
    new = tuple(picture for picture in known if picture.source in recipe.leave_out)
    known = tuple(picture for picture in known if picture.source not in recipe.leave_out)
    real, validation = split_off_validation(known, recipe.validation_share)
    frames = read_picture_folder(renderings) if renderings else ()
    rendered, rendered_validation = split_off_validation(frames, recipe.validation_share)
    return Job(
        recipe=recipe,
        real=real,
        rendered=rendered,
        validation={"real": validation, "scene": rendered_validation[:60], "new": new},
        threads=threads,
    )


def overrides_of(recipe: Recipe, *, start: Path, run: Path, resume: bool) -> dict[str, Any]:
    """Ultralytics' own settings for a recipe."""
    run = run.resolve()
    return {
        "model": str(start), "data": "job", "project": str(run.parent), "name": run.name, "exist_ok": True,
        "save_dir": str(run), "epochs": recipe.epochs, "imgsz": recipe.input_px, "batch": recipe.batch,
        "nbs": recipe.nominal_batch, "optimizer": "AdamW", "lr0": recipe.lr0, "lrf": recipe.lrf, "momentum": 0.9,
        "weight_decay": 0.0005, "warmup_epochs": recipe.warmup_epochs, "warmup_bias_lr": 0.0, "cos_lr": True,
        "freeze": recipe.freeze_layers, "close_mosaic": recipe.close_mosaic_epochs, "seed": recipe.seed,
        "workers": LOADERS, "amp": False, "plots": False, "device": str(DEVICE), "patience": 1000, "save_period": 1,
        "resume": str(run / "weights" / "last.pt") if resume else False,
    }  # fmt: skip


def main(argv: list[str] | None = None) -> int:
    """Train from the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m detectors.training", description=__doc__.splitlines()[0])
    parser.add_argument("recipe", type=Path, help="TOML file, see detectors/reference/recipes/")
    parser.add_argument("--pictures", type=Path, nargs="+", required=True, help="YOLO folders, manifest.csv above each")
    parser.add_argument("--start", type=Path, required=True, help="weights to start from (.pt)")
    parser.add_argument("--run", type=Path, required=True, help="folder for checkpoints and figures")
    parser.add_argument("--renderings", type=Path, help="YOLO folder of rendered scene frames")
    parser.add_argument("--resume", action="store_true", help="go on from the run folder's last checkpoint")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads for torch")
    choice = parser.parse_args(argv)
    cv2.setNumThreads(1)
    recipe = read_recipe(choice.recipe)
    job = gather(recipe, choice.pictures, choice.renderings, threads=choice.threads)
    choice.run.mkdir(parents=True, exist_ok=True)
    (choice.run / "recipe.json").write_text(json.dumps(asdict(recipe), indent=1) + "\n", encoding="utf-8")
    Trainer(job, overrides_of(recipe, start=choice.start, run=choice.run, resume=choice.resume)).train()
    return 0
