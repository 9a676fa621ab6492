"""A labelled picture folder in YOLO layout, with what was looked for in each picture.

The rule kept here: a class outside a picture's `verified` set is unlabelled, not absent. Without a `manifest.csv`
beside or above the folder every class counts as looked for.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray  # noqa: TC002 - a dataclass field's type

from detectors.detections import CLASS_NAMES
from detectors.errors import DatasetError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

PICTURE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png"})
EVERY_CLASS = frozenset(range(len(CLASS_NAMES)))


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledPicture:
    """One picture and its labels.

    Attributes:
        path: the picture file.
        source: the file name's prefix before `__`, or the folder's name where there is none.
        class_id: (n,) int64, index into `CLASS_NAMES`.
        xyxy_share: (n, 4) float64, left, top, right, bottom as shares (0..1) of the picture's width and height.
        verified: the classes that were looked for; the others are unlabelled.
        kind: the manifest's word for what it is there for (cross, within, negative), empty where it says none.
    """

    path: Path
    source: str
    class_id: NDArray[np.int64]
    xyxy_share: NDArray[np.float64]
    verified: frozenset[int]
    kind: str = ""

    def __post_init__(self) -> None:
        """Make the arrays read-only."""
        self.class_id.flags.writeable = False
        self.xyxy_share.flags.writeable = False


def read_picture_folder(folder: Path, *, faults: list[str] | None = None) -> tuple[LabelledPicture, ...]:
    """Every picture under `folder`/images with its labels from `folder`/labels, in name order.

    Args:
        folder: the picture folder.
        faults: where given, pictures with a malformed label line are left out and named here.

    Raises:
        DatasetError: no pictures, no labels/, a malformed label line, or an unknown class in the manifest.
    """
    images = folder / "images"
    paths = sorted(p for p in images.glob("*") if p.suffix.lower() in PICTURE_SUFFIXES) if images.is_dir() else []
    if not paths or not (folder / "labels").is_dir():
        lacking = f"{images}: no .jpg or .png pictures here" if not paths else f"{folder / 'labels'}: not there"
        msg = f"{lacking}; give a folder in YOLO layout, that holds images/ and labels/"
        raise DatasetError(msg)
    rows = _read_rows(folder)
    pictures = []
    for path in paths:
        try:
            pictures.append(_read_picture(folder, path, *rows.get(path.name, (EVERY_CLASS, ""))))
        except DatasetError as error:
            if faults is None:
                raise
            faults.append(str(error))
    return tuple(pictures)


def read_picture_folders(folders: Iterable[Path]) -> tuple[LabelledPicture, ...]:
    """Every picture of several folders, one folder after the other.

    Raises:
        DatasetError: as `read_picture_folder`.
    """
    return tuple(picture for folder in folders for picture in read_picture_folder(folder))


def parse_labels(text: str, *, path: Path) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Classes and boxes from a YOLO label file: one `class x_centre y_centre width height` a line, in shares.

    Raises:
        DatasetError: a line does not hold five numbers, or its class is unknown.
    """
    rows = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            class_id, x, y, width, height = (float(word) for word in line.split())
        except ValueError as error:
            msg = f"{path} line {number}: expected `class x y width height`, found {line!r}"
            raise DatasetError(msg) from error
        if class_id not in EVERY_CLASS:
            msg = f"{path} line {number}: class {class_id:g} is not one of 0..{len(CLASS_NAMES) - 1}"
            raise DatasetError(msg)
        rows.append((class_id, x - width / 2, y - height / 2, x + width / 2, y + height / 2))
    table = np.array(rows, dtype=np.float64).reshape(-1, 5)
    return table[:, 0].astype(np.int64), table[:, 1:].clip(0.0, 1.0)


def parse_verified(text: str, *, path: Path) -> frozenset[int]:
    """Class ids separated by `;` or `|`.

    Raises:
        DatasetError: an entry is no known class id.
    """
    words = [word for word in re.split(r"[;|\s]+", text) if word]
    if any(not word.isdigit() or int(word) not in EVERY_CLASS for word in words):
        msg = f"{path}: field `verified` holds {text!r}; expected class ids 0..{len(CLASS_NAMES) - 1} separated by ;"
        raise DatasetError(msg)
    return frozenset(int(word) for word in words)


def _read_picture(folder: Path, path: Path, verified: frozenset[int], kind: str) -> LabelledPicture:
    label = folder / "labels" / f"{path.stem}.txt"
    class_id, xyxy_share = parse_labels(label.read_text() if label.is_file() else "", path=label)
    source = path.name.split("__", 1)[0] if "__" in path.name else folder.resolve().name
    return LabelledPicture(
        path=path, source=source, class_id=class_id, xyxy_share=xyxy_share, verified=verified, kind=kind
    )


def _read_rows(folder: Path) -> dict[str, tuple[frozenset[int], str]]:
    """File name to verified classes and kind, from the manifest's rows for this folder's split."""
    folder = folder.resolve()
    path = next((p / "manifest.csv" for p in (folder, folder.parent) if (p / "manifest.csv").is_file()), None)
    if path is None:
        return {}
    with path.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    if rows and not {"file", "verified"} <= rows[0].keys():
        msg = f"{path}: needs the columns `file` and `verified`"
        raise DatasetError(msg)
    splits = {row.get("split", folder.name) for row in rows}
    wanted = [row for row in rows if folder.name not in splits or row.get("split", folder.name) == folder.name]
    return {row["file"]: (parse_verified(row["verified"], path=path), row.get("kind") or "") for row in wanted}
