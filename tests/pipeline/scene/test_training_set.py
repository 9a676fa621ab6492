"""Training pictures come with labels that fit them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2

from detectors.detections import CLASS_NAMES
from pipeline.scene.training_set import main, training_world

if TYPE_CHECKING:
    from pathlib import Path


def test_a_set_is_pictures_labels_and_a_mark_that_it_is_whole(tmp_path: Path) -> None:
    """Every picture has a label file of lines in range, and READY is there at the end."""
    assert main([str(tmp_path), "--first-seed", "1000", "--seeds", "1", "--frames", "3"]) == 0
    pictures = sorted((tmp_path / "images").glob("*.jpg"))
    assert len(pictures) == 3
    assert (tmp_path / "READY").exists()
    lines = []
    for picture in pictures:
        assert cv2.imread(str(picture)).shape == (720, 1280, 3)
        lines += (tmp_path / "labels" / f"{picture.stem}.txt").read_text("utf-8").splitlines()
    assert lines
    for line in lines:
        class_id, *box = line.split()
        assert int(class_id) in range(len(CLASS_NAMES))
        assert all(0 <= float(value) <= 1 for value in box)


def test_training_worlds_hold_all_classes_and_differ() -> None:
    """Every class is planted in every training world, and no two worlds are alike."""
    one, other = training_world(1001), training_world(1002)
    assert {p.class_name for p in one.planted} == set(CLASS_NAMES)
    assert one.planted != other.planted
    assert one.light_bgr != other.light_bgr
