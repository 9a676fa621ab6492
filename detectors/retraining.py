"""Retraining: train on base and harvest, measure beside the model in service, promote only what is nowhere worse."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from detectors import evaluation
from detectors.errors import DatasetError
from detectors.model_folder import load_manifest, sha256_of, verify_file
from detectors.models_register import PROMOTED, REFUSED, Entry, enter, in_service
from detectors.picture_folder import read_picture_folder
from detectors.promotion import compare

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from detectors.promotion import Change


@dataclass(frozen=True, slots=True, kw_only=True)
class Retraining:
    """What a retraining needs.

    Attributes:
        recipe: the recipe's file.
        pictures: picture folders to learn from, the base first.
        renderings: rendered frames to learn from too.
        judged_on: the picture folder both models are measured on; none of its pictures may be among those.
        register: the models register.
        first: the site's own model, in service before anything was promoted.
        run: folder for checkpoints; a run broken off in it is gone on with.
        who: account or person.
        why: their words.
    """

    recipe: Path
    pictures: tuple[Path, ...]
    judged_on: Path
    register: Path
    first: Path
    run: Path
    who: str
    why: str
    renderings: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrained:
    """What became of it: the version's folder, whether it is in service, and every figure beside the old model's."""

    version: Path
    promoted: bool
    changes: tuple[Change, ...]


def retrain(
    job: Retraining, *, now_s: float, train: Callable[[Retraining, Path], Path] | None = None, threads: int = 2
) -> Retrained:
    """Train a candidate, judge it, keep it as a version, and put it into service if no figure got worse.

    Args:
        job: what to do.
        now_s: UTC.
        train: makes a candidate's model folder from the job and the model in service; default: `train_and_export`.
        threads: CPU threads of the evaluation.

    Raises:
        DatasetError: a folder cannot be used, or pictures are both learnt from and judged on.
        ModelUnusable: the register, the model in service or the candidate cannot be used.
    """
    service = in_service(job.register, job.first)
    _refuse_shared(job)
    candidate = (train or train_and_export)(job, service)
    old, new = (evaluation.run(job.judged_on, folder, threads=threads) for folder in (service, candidate))
    thresholds = [tuple(report.thresholds.values()) for report, _ in (old, new)]
    changes = compare((old[1], thresholds[0]), (new[1], thresholds[1]))
    promoted = not any(change.worse for change in changes)
    lineage = {
        "from": service.name,
        "from_sha256": old[0].weights_sha256,
        "recipe": f"{job.recipe.name} {sha256_of(job.recipe)}",
        "pictures": "; ".join(f"{folder} {_data_sha256(folder)}" for folder in job.pictures),
        "judged_on": f"{job.judged_on} {_data_sha256(job.judged_on)}",
    }
    figures = {change.name: asdict(change) for change in changes}
    what = PROMOTED if promoted else REFUSED
    entry = Entry(what=what, model="", at_s=now_s, who=job.who, why=job.why, lineage=lineage, figures=figures)
    return Retrained(version=enter(job.register, candidate, entry), promoted=promoted, changes=changes)


def train_and_export(job: Retraining, service: Path) -> Path:
    """Fine-tune the model in service by the recipe and export it in the same precision."""
    from detectors.reference import export, training  # noqa: PLC0415 - torch is loaded by those who train only

    manifest = load_manifest(service)
    start = verify_file(service, manifest, manifest.file_with(".pt"))
    learn = ["--pictures", *map(str, job.pictures), *(["--renderings", str(job.renderings)] if job.renderings else [])]
    resume = ["--resume"] if (job.run / "weights" / "last.pt").exists() else []
    training.main([str(job.recipe), *learn, "--start", str(start), "--run", str(job.run), *resume])
    made, out = job.run / "weights" / "best.pt", job.run / "model"
    int8 = ["--int8"] if manifest.precision == "int8" else []
    note = f"retrained from {manifest.name} {manifest.sha256[start.name][:16]}: {job.why}"
    export.main([str(made), str(out), "--recipe", str(job.recipe), *learn, *int8, "--note", note])
    return out


def _refuse_shared(job: Retraining) -> None:
    """See that no picture is both learnt from and judged on, by its bytes."""
    judged = {sha256_of(picture.path): picture.path for picture in read_picture_folder(job.judged_on, faults=[])}
    for folder in job.pictures:
        for picture in read_picture_folder(folder, faults=[]):
            if (sha256 := sha256_of(picture.path)) in judged:
                msg = f"{judged[sha256]}: is learnt from too ({picture.path}); judge on pictures kept apart"
                raise DatasetError(msg)


def _data_sha256(folder: Path) -> str:
    """Of the manifest that goes with a picture folder, or "no manifest"."""
    found = [p / "manifest.csv" for p in (folder, folder.resolve().parent) if (p / "manifest.csv").is_file()]
    return sha256_of(found[0]) if found else "no manifest"
