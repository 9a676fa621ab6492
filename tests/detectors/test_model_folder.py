"""Model folders and their manifests."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from detectors.detections import CLASS_NAMES
from detectors.errors import ModelUnusable
from detectors.model_folder import (
    MANIFEST_NAME,
    SHIPPED,
    ModelManifest,
    dump_manifest,
    identity,
    load_manifest,
    parse_manifest,
    sha256_of,
    verify_file,
)

HERE = Path("model") / MANIFEST_NAME

GOOD = ModelManifest(
    name="tiny",
    sha256={"tiny.pt": "aa"},
    class_names=CLASS_NAMES,
    thresholds=(0.2, 0.3, 0.4, 0.5),
    nms_iou=0.5,
    input_px=640,
    training={"note": "by hand"},
)


def test_a_manifest_survives_writing_and_reading() -> None:
    """Nothing is lost on the way through JSON."""
    assert parse_manifest(dump_manifest(GOOD), path=HERE) == GOOD


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        (replace(GOOD, input_px=650), "input_px"),
        (replace(GOOD, input_px=0), "input_px"),
        (replace(GOOD, thresholds=(0.2, 0.3, 0.4, 1.5)), "thresholds"),
        (replace(GOOD, nms_iou=0.0), "nms_iou"),
        (replace(GOOD, precision="fp8"), "precision"),
        (replace(GOOD, class_names=tuple(reversed(CLASS_NAMES))), "class_names"),
    ],
)
def test_a_wrong_field_is_named(wrong: ModelManifest, named: str) -> None:
    """The message names file and field."""
    with pytest.raises(ModelUnusable, match=rf"manifest\.json: `{named}`"):
        parse_manifest(dump_manifest(wrong), path=HERE)


@pytest.mark.parametrize("field", ["name", "files", "class_names", "thresholds", "nms_iou", "input_px", "training"])
def test_a_missing_field_is_refused(field: str) -> None:
    """No field has a silent default."""
    table = json.loads(dump_manifest(GOOD))
    del table[field]
    with pytest.raises(ModelUnusable, match=field):
        parse_manifest(json.dumps(table), path=HERE)


@pytest.mark.parametrize("text", ["", "[]", "3", '{"name": '])
def test_what_is_no_manifest_is_refused(text: str) -> None:
    """Broken or foreign JSON is an error of ours, not of the parser."""
    with pytest.raises(ModelUnusable, match=r"manifest\.json"):
        parse_manifest(text, path=HERE)


def test_a_missing_folder_names_the_path_and_the_remedy(tmp_path: Path) -> None:
    """The exact file and the command that brings it back."""
    with pytest.raises(ModelUnusable, match=r"git checkout -- .*manifest\.json"):
        load_manifest(tmp_path / "gone")


def test_missing_and_altered_weights_are_refused(tmp_path: Path) -> None:
    """Bytes are compared before use; the remedy names the file."""
    path = tmp_path / "tiny.pt"
    with pytest.raises(ModelUnusable, match=r"git checkout -- .*tiny\.pt"):
        verify_file(tmp_path, GOOD, "tiny.pt")
    path.write_bytes(b"weights")
    with pytest.raises(ModelUnusable, match="sha256"):
        verify_file(tmp_path, GOOD, "tiny.pt")
    assert verify_file(tmp_path, replace(GOOD, sha256={"tiny.pt": sha256_of(path)}), "tiny.pt") == path


def test_a_form_that_is_not_listed_is_refused() -> None:
    """Asking for a suffix the folder does not hold says so."""
    assert GOOD.file_with(".pt") == "tiny.pt"
    assert identity(GOOD, "tiny.pt").weights_sha256 == "aa"
    with pytest.raises(ModelUnusable, match=r"\.xml"):
        GOOD.file_with(".xml")


def test_the_int8_form_is_told_from_the_other() -> None:
    """Both forms lie in one folder; each precision gets its own file, and an unknown one is refused."""
    both = replace(GOOD, sha256={"tiny.xml": "aa", "tiny-int8.xml": "bb"})
    assert both.file_with(".xml") == "tiny.xml"
    assert both.file_with(".xml", precision="int8") == "tiny-int8.xml"
    with pytest.raises(ModelUnusable, match="precision int8"):
        GOOD.file_with(".xml", precision="int8")
    with pytest.raises(ModelUnusable, match="bf16, int8"):
        both.file_with(".xml", precision="fp8")


def test_a_score_floor_replaces_every_threshold() -> None:
    """Evaluation looks below the shipped thresholds."""
    assert GOOD.threshold_row(None).tolist() == pytest.approx([0.2, 0.3, 0.4, 0.5])
    assert GOOD.threshold_row(0.01).tolist() == pytest.approx([0.01] * 4)


def test_the_shipped_folder_is_whole_and_small() -> None:
    """Every listed file is there with the stated bytes, in three forms together under 18 MB, with a model card."""
    manifest = load_manifest(SHIPPED)
    paths = [verify_file(SHIPPED, manifest, name) for name in manifest.sha256]
    assert {path.suffix for path in paths} == {".pt", ".xml", ".bin"}
    assert sum(path.stat().st_size for path in paths) < 18e6
    assert (SHIPPED / "MODEL_CARD.md").is_file()
