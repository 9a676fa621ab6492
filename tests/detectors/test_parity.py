"""The product's engine says what ultralytics says of the same weights."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from detectors import boxes
from detectors.model_folder import SHIPPED
from detectors.openvino_engine import OpenVinoEngine
from detectors.reference.ultralytics_engine import UltralyticsEngine

if TYPE_CHECKING:
    from detectors.detections import Detections

REAL = Path(__file__).parents[3] / "shared" / "data" / "train" / "images"
MARGIN = 0.06
"""Scores differ by bfloat16's rounding; boxes this close to the floor may be seen by one engine only."""


def cone_street() -> np.ndarray:
    """The picture the tests draw."""
    spec = importlib.util.spec_from_file_location("pictures", Path(__file__).parent / "pictures.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    picture: np.ndarray = module.cone_street()
    return picture


@pytest.fixture(scope="module")
def engines() -> tuple[OpenVinoEngine, UltralyticsEngine]:
    """Both engines at one input size and a low floor."""
    return (
        OpenVinoEngine(SHIPPED, long_side_px=640, score_floor=0.25),
        UltralyticsEngine(SHIPPED, long_side_px=640, score_floor=0.25),
    )


def assert_same(first: Detections, second: Detections) -> None:
    """Every sure box of one has its like in the other: same class, overlap above 0.9, score within the margin."""
    for one, other in ((first, second), (second, first)):
        sure = one.keep(one.score >= 0.25 + MARGIN)
        overlap = boxes.iou(sure.xyxy_px, other.xyxy_px) * (sure.class_id[:, None] == other.class_id[None, :])
        for row in range(len(sure)):
            assert overlap[row].max(initial=0.0) > 0.9
            assert abs(other.score[int(np.argmax(overlap[row]))] - sure.score[row]) < MARGIN


def test_both_engines_agree_on_a_drawn_picture(engines: tuple[OpenVinoEngine, UltralyticsEngine]) -> None:
    """Three drawn cones: the same boxes, at least one of them."""
    first, second = (engine.detect(cone_street()) for engine in engines)
    assert_same(first, second)
    assert 1 in first.class_id


@pytest.mark.real
@pytest.mark.skipif(not REAL.is_dir(), reason="shared pictures are absent")
def test_both_engines_agree_on_real_pictures(engines: tuple[OpenVinoEngine, UltralyticsEngine]) -> None:
    """A dozen pictures of all sizes and classes: the same boxes."""
    for path in sorted(REAL.glob("*.jpg"))[::200]:
        picture = np.asarray(cv2.imread(str(path)), dtype=np.uint8)
        assert_same(*(engine.detect(picture) for engine in engines))
