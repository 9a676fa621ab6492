"""A model folder: the weights in their forms (training, BF16, INT8), and what they are and how sure to be.

The rule kept here: no weights are used whose bytes differ from what the manifest states.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from detectors.detections import CLASS_NAMES, ModelIdentity
from detectors.errors import ModelUnusable
from detectors.letterbox import STRIDE_PX

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

SHIPPED = Path(__file__).parent / "weights" / "offsite-v8n"
"""The model that comes with the program."""

MANIFEST_NAME = "manifest.json"

PRECISIONS = ("bf16", "int8")
"""Forms of the network; on a CPU without BF16 the first is computed in FP32."""

INT8_MARK = "-int8"
"""Ends the stem of the INT8 form's files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelManifest:
    """What a model folder holds.

    Attributes:
        name: of the model, for people.
        sha256: file name to hex digest, for every weights file of the folder.
        class_names: in the order of the network's outputs.
        thresholds: per class, the lowest score that counts as a detection.
        nms_iou: overlap above which the weaker of two boxes of a class goes.
        input_px: longer side of the network input, a multiple of 32.
        precision: the form used where none is asked for, one of `PRECISIONS`.
        alarm_budget: share of pictures without anything that may raise any alarm, which the thresholds were chosen for.
        validation: what validation measured at the thresholds, by name of the figure.
        training: how the weights came to be, as text by topic.
    """

    name: str
    sha256: Mapping[str, str]
    class_names: tuple[str, ...]
    thresholds: tuple[float, ...]
    nms_iou: float
    input_px: int
    training: Mapping[str, str]
    precision: str = "bf16"
    alarm_budget: float | None = None
    validation: Mapping[str, float] = field(default_factory=dict)

    def file_with(self, suffix: str, *, precision: str = "bf16") -> str:
        """The name of the folder's one file with this suffix, of the INT8 form if so asked.

        Raises:
            ModelUnusable: the manifest lists none, or there is no such precision.
        """
        if precision not in PRECISIONS:
            msg = f"precision is {precision!r}; give one of {', '.join(PRECISIONS)}"
            raise ModelUnusable(msg)
        int8 = precision == "int8"
        names = sorted(n for n in self.sha256 if n.endswith(suffix) and Path(n).stem.endswith(INT8_MARK) == int8)
        if not names:
            form = f"{suffix} file of precision {precision}" if int8 else f"{suffix} file"
            msg = f"{MANIFEST_NAME}: `files` lists no {form}; export the model again"
            raise ModelUnusable(msg)
        return names[0]

    def long_side(self, asked_px: int | None) -> int:
        """Longer side of the network input: the one asked for, else the manifest's.

        Raises:
            ModelUnusable: it is no multiple of 32.
        """
        side_px = self.input_px if asked_px is None else asked_px
        if side_px < STRIDE_PX or side_px % STRIDE_PX:
            msg = f"long_side_px is {side_px}; give a positive multiple of {STRIDE_PX}"
            raise ModelUnusable(msg)
        return side_px

    def threshold_row(self, score_floor: float | None) -> NDArray[np.float32]:
        """(classes,) thresholds; all are `score_floor` where one is given."""
        return np.array(self.thresholds if score_floor is None else [score_floor] * len(self.thresholds), np.float32)


def load_manifest(folder: Path) -> ModelManifest:
    """Read `folder`/manifest.json.

    Raises:
        ModelUnusable: it is missing, no JSON, or a field is missing or wrong.
    """
    path = folder / MANIFEST_NAME
    try:
        return parse_manifest(path.read_text(encoding="utf-8"), path=path)
    except FileNotFoundError as error:
        raise ModelUnusable(_missing(path)) from error


def parse_manifest(text: str, *, path: Path) -> ModelManifest:
    """A manifest from its JSON text; `path` is named in errors.

    Raises:
        ModelUnusable: the text is no JSON object, or a field is missing or wrong.
    """
    try:
        table = json.loads(text)
        manifest = ModelManifest(
            name=str(table["name"]),
            sha256={str(name): str(digest) for name, digest in table["files"].items()},
            class_names=tuple(table["class_names"]),
            thresholds=tuple(float(table["thresholds"][name]) for name in table["class_names"]),
            nms_iou=float(table["nms_iou"]),
            input_px=int(table["input_px"]),
            training={str(topic): str(text) for topic, text in table["training"].items()},
            precision=str(table.get("precision", "bf16")),
            alarm_budget=None if table.get("alarm_budget") is None else float(table["alarm_budget"]),
            validation={str(name): float(value) for name, value in table.get("validation", {}).items()},
        )
    except json.JSONDecodeError as error:
        msg = f"{path}: not JSON ({error}); restore it: git checkout -- {path}"
        raise ModelUnusable(msg) from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        msg = f"{path}: a field is missing or of the wrong kind ({error!r}); export the model again"
        raise ModelUnusable(msg) from error
    _check_fields(manifest, path)
    return manifest


def dump_manifest(manifest: ModelManifest) -> str:
    """The manifest's JSON text, readable by `parse_manifest`."""
    table = {
        "name": manifest.name,
        "class_names": list(manifest.class_names),
        "thresholds": dict(zip(manifest.class_names, manifest.thresholds, strict=True)),
        "nms_iou": manifest.nms_iou,
        "input_px": manifest.input_px,
        "precision": manifest.precision,
        "alarm_budget": manifest.alarm_budget,
        "validation": dict(manifest.validation),
        "files": dict(manifest.sha256),
        "training": dict(manifest.training),
    }
    return json.dumps(table, indent=2, ensure_ascii=False) + "\n"


def verify_file(folder: Path, manifest: ModelManifest, name: str) -> Path:
    """The path of one of the folder's files, after its bytes were checked against the manifest.

    Raises:
        ModelUnusable: the file is missing or its sha256 differs.
    """
    path = folder / name
    try:
        found = sha256_of(path)
    except FileNotFoundError as error:
        raise ModelUnusable(_missing(path)) from error
    if found != manifest.sha256[name]:
        msg = (
            f"{path}: sha256 is {found}, the manifest says {manifest.sha256[name]}; restore it: git checkout -- {path}"
        )
        raise ModelUnusable(msg)
    return path


def identity(manifest: ModelManifest, name: str) -> ModelIdentity:
    """Which weights speak when the folder's file `name` is loaded."""
    return ModelIdentity(name=manifest.name, weights_sha256=manifest.sha256[name])


def sha256_of(path: Path) -> str:
    """Hex digest of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _check_fields(manifest: ModelManifest, path: Path) -> None:
    faults = [
        (manifest.class_names != CLASS_NAMES, f"`class_names` must be {list(CLASS_NAMES)}"),
        (not all(0.0 < t < 1.0 for t in manifest.thresholds), "`thresholds` must lie between 0 and 1"),
        (manifest.precision not in PRECISIONS, f"`precision` must be one of {', '.join(PRECISIONS)}"),
        (not (math.isfinite(manifest.nms_iou) and 0.0 < manifest.nms_iou < 1.0), "`nms_iou` must lie between 0 and 1"),
        (
            manifest.input_px < STRIDE_PX or manifest.input_px % STRIDE_PX > 0,
            f"`input_px` must be a multiple of {STRIDE_PX}",
        ),
    ]
    for wrong, rule in faults:
        if wrong:
            msg = f"{path}: {rule}; export the model again"
            raise ModelUnusable(msg)


def _missing(path: Path) -> str:
    return f"{path}: not there; restore it from the repository: git checkout -- {path}"
