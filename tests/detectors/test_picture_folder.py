"""Reading labelled picture folders."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from detectors.errors import DatasetError
from detectors.picture_folder import EVERY_CLASS, parse_labels, parse_verified, read_picture_folder

HERE = Path("labels.txt")


def test_labels_become_corners() -> None:
    """Centre and size in shares become corners, cut to the picture."""
    class_id, xyxy = parse_labels("1 0.5 0.5 0.2 0.4\n\n0 0 0 0.2 0.2\n", path=HERE)
    assert class_id.tolist() == [1, 0]
    np.testing.assert_allclose(xyxy, [[0.4, 0.3, 0.6, 0.7], [0, 0, 0.1, 0.1]])


@pytest.mark.parametrize("text", ["1 0.5 0.5 0.2", "7 0.5 0.5 0.2 0.2", "cone 0 0 1 1", "0.5 0 0 1 1"])
def test_bad_label_lines_name_file_and_line(text: str) -> None:
    """A malformed line or an unknown class is refused with its place."""
    with pytest.raises(DatasetError, match=r"labels\.txt line 1"):
        parse_labels(text, path=HERE)


@pytest.mark.parametrize(("text", "classes"), [("0;1;3", {0, 1, 3}), ("3|2", {2, 3}), ("", set()), ("1", {1})])
def test_verified_takes_both_separators(text: str, classes: set[int]) -> None:
    """`;` and `|` both separate classes."""
    assert parse_verified(text, path=HERE) == classes


def test_verified_refuses_unknown_classes() -> None:
    """A class that does not exist is an error, not silence."""
    with pytest.raises(DatasetError, match="verified"):
        parse_verified("1;9", path=HERE)


def folder_with(tmp_path: Path, name: str, manifest: str | None) -> Path:
    """A folder of two pictures, one labelled."""
    folder = tmp_path / name
    (folder / "images").mkdir(parents=True)
    (folder / "labels").mkdir()
    (folder / "images" / "a__1.jpg").write_bytes(b"")
    (folder / "images" / "b.jpg").write_bytes(b"")
    (folder / "labels" / "a__1.txt").write_text("1 .5 .5 .1 .1\n")
    if manifest is not None:
        (tmp_path / "manifest.csv").write_text(manifest)
    return folder


def test_manifest_rows_of_the_own_split_are_used(tmp_path: Path) -> None:
    """A row of another split does not speak for this folder's picture of the same name."""
    manifest = "split,file,verified\nheldout,a__1.jpg,1\ntrain,a__1.jpg,0|1\n"
    first, second = read_picture_folder(folder_with(tmp_path, "heldout", manifest))
    assert (first.source, first.verified, len(first.class_id)) == ("a", {1}, 1)
    assert (second.source, second.verified, len(second.class_id)) == ("heldout", EVERY_CLASS, 0)


def test_without_a_manifest_everything_was_looked_for(tmp_path: Path) -> None:
    """Every class counts as verified."""
    assert {p.verified for p in read_picture_folder(folder_with(tmp_path, "x", None))} == {EVERY_CLASS}


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    """A folder without pictures names what was expected."""
    with pytest.raises(DatasetError, match="images/ and labels/"):
        read_picture_folder(tmp_path)


def test_a_manifest_without_the_columns_is_refused(tmp_path: Path) -> None:
    """The missing column is named."""
    with pytest.raises(DatasetError, match="verified"):
        read_picture_folder(folder_with(tmp_path, "x", "file,other\na,b\n"))


def test_a_labels_folder_is_asked_for(tmp_path: Path) -> None:
    """Pictures without labels/ are no labelled set."""
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "a.jpg").write_bytes(b"")
    with pytest.raises(DatasetError, match="labels: not there"):
        read_picture_folder(tmp_path)
