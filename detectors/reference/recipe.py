"""A training recipe: everything that decides what a training run yields, in one small TOML file."""

from __future__ import annotations

import hashlib
import math
import re
import tomllib
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

from detectors.errors import DatasetError

if TYPE_CHECKING:
    from pathlib import Path

    from detectors.picture_folder import LabelledPicture


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """One training run.

    Attributes:
        name: of the run and of the model it yields.
        seed: of every random choice.
        epochs: passes over the picture list.
        input_px: side of the square training input, a multiple of 32.
        batch: pictures a step.
        nominal_batch: pictures per optimizer step; gradients are gathered until then.
        lr0: AdamW learning rate after warm-up.
        lrf: share of `lr0` left at the end of the cosine.
        warmup_epochs: over which the rate rises.
        freeze_layers: first layers of the backbone that stay as they are.
        bf16: compute the network in bfloat16 where the CPU has it (the loss stays in float32).
        mosaic_share: share of samples put together from four pictures.
        close_mosaic_epochs: last epochs without mosaics.
        long_side_low_px: real pictures are scaled so that the longer side is at least this.
        long_side_high_px: and at most this.
        samples_per_epoch: drawn at random from that list; 0: the whole list once.
        sign_share: share of real pictures into which boards are drawn.
        plume_share: share of real pictures into which a plume is drawn.
        far_share: share of pictures of plumes and cones that are shrunk until they look far away.
        renderings_per_epoch: rendered scene frames mixed in, drawn at random each epoch.
        validation_share: share of scene groups split off `train` for choosing checkpoint and thresholds.
        manifest_sha256: of the data set's manifest.csv; training refuses another one. Empty: not checked.
        repeat: source prefix to how often its pictures appear in an epoch (1 where not named).
        leave_out: sources whose pictures are judged each epoch as `new/CLASS` and never trained on.
    """

    name: str
    seed: int
    epochs: int
    input_px: int
    batch: int = 16
    nominal_batch: int = 32
    lr0: float = 0.001
    lrf: float = 0.05
    warmup_epochs: float = 0.5
    freeze_layers: int = 3
    bf16: bool = True
    mosaic_share: float = 0.5
    close_mosaic_epochs: int = 2
    long_side_low_px: int = 384
    long_side_high_px: int = 1100
    samples_per_epoch: int = 0
    sign_share: float = 0.0
    plume_share: float = 0.0
    far_share: float = 0.0
    renderings_per_epoch: int = 0
    validation_share: float = 0.08
    manifest_sha256: str = ""
    repeat: dict[str, int] = field(default_factory=dict)
    leave_out: list[str] = field(default_factory=list)


def read_recipe(path: Path) -> Recipe:
    """Read a recipe file.

    Raises:
        DatasetError: the file is no TOML, a field is unknown, missing or of the wrong type.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        unknown = sorted(table.keys() - {entry.name for entry in fields(Recipe)})
        if unknown:
            msg = f"{path}: unknown field {unknown[0]!r}; remove it or see detectors/reference/recipe.py"
            raise DatasetError(msg)
        return Recipe(**table)
    except (tomllib.TOMLDecodeError, TypeError, OSError) as error:
        msg = f"{path}: {error}"
        raise DatasetError(msg) from error


def check_manifest(recipe: Recipe, manifest: Path) -> None:
    """Make sure the data set is the one the recipe was written for.

    Raises:
        DatasetError: the manifest's sha256 differs from the recipe's.
    """
    found = hashlib.sha256(manifest.read_bytes()).hexdigest()
    if recipe.manifest_sha256 and found != recipe.manifest_sha256:
        msg = f"{manifest}: sha256 {found} is not the recipe's {recipe.manifest_sha256}; update the recipe's field"
        raise DatasetError(msg)


def scene_group(file_name: str) -> str:
    """Pictures that show the same scene share a group, so that validation never sees a scene that training saw.

    Frames of one video, augmented copies of one picture, neighbours in one numbered sequence, composites over one
    background, frames of one rendered world and what was harvested at one place belong together.
    """
    source, _, stem = file_name.rpartition("__")
    stem = re.split(r"[_-](?:mp4|jpg|png)[-._]|\.rf\.|\.(?:jpg|jpeg|png)$", stem, maxsplit=1)[0]
    if source.startswith(("syn_", "comp_")):
        stem = re.sub(r"_\d+$", "", stem)
    if source == "harvest":
        stem = stem.rpartition("-")[0]
    rendered = re.match(r"scene_\d+", stem)
    sequence = re.match(r"img_(\d+)", stem)
    return rendered[0] if rendered else f"img_block_{int(sequence[1]) // 40}" if sequence else stem


def split_off_validation(
    pictures: tuple[LabelledPicture, ...], share: float
) -> tuple[tuple[LabelledPicture, ...], tuple[LabelledPicture, ...]]:
    """Training and validation pictures, whole scene groups at a time, decided by each group's name alone."""
    salt = "split 128: "  # of the salts tried, one that gives every source with few groups a place on both sides
    limit = math.floor(share * 2**32)
    held = {
        picture.path: int(hashlib.sha256((salt + scene_group(picture.path.name)).encode()).hexdigest()[:8], 16) < limit
        for picture in pictures
    }
    return (
        tuple(picture for picture in pictures if not held[picture.path]),
        tuple(picture for picture in pictures if held[picture.path]),
    )
