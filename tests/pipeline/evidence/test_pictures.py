"""Pictures made from frames: what they show, and what they must not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain.offence import Offence
from pipeline.evidence.pictures import COLOURS_BGR, LabelledBox, annotate, frame_jpeg, mask

if TYPE_CHECKING:
    from numpy.typing import NDArray

BOX = (100.0, 60.0, 160.0, 140.0)


def noise(height: int = 240, width: int = 320) -> NDArray[np.uint8]:
    """A grey picture of pure detail."""
    coarse = np.random.default_rng(7).integers(0, 256, (height // 2, width // 2, 1), np.uint8)
    return np.kron(coarse, np.ones((2, 2, 3), np.uint8))


def decode(content: bytes) -> NDArray[np.uint8]:
    """The picture in JPEG bytes."""
    assert content[:2] == b"\xff\xd8"
    return np.asarray(cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR), np.uint8)


def test_a_frame_keeps_its_size_and_looks() -> None:
    """The full frame comes back within what JPEG 95 loses."""
    image = cv2.GaussianBlur(noise(), (0, 0), 3)
    assert np.abs(decode(frame_jpeg(image)).astype(int) - image).mean() < 2


def test_the_marked_copy_draws_every_box_and_hides_nothing() -> None:
    """Each box is edged in its class colour, the frame's pixels elsewhere stay, and the caption comes below."""
    image = np.full((480, 640, 3), 90, np.uint8)
    boxes = [
        LabelledBox(xyxy_px=(50, 100, 150, 200), offence=Offence.DUST, score=0.5),
        LabelledBox(xyxy_px=(300, 300, 400, 380), offence=Offence.TRAFFIC_CONE, score=0.875),
    ]
    marked = decode(annotate(image, boxes, ["one", "two"]))
    assert marked.shape[0] > 480
    assert marked.shape[1] == 640
    for box in boxes:
        left, _, _, bottom = map(int, box.xyxy_px)
        assert np.abs(marked[bottom - 20, left].astype(int) - COLOURS_BGR[box.offence]).max() < 60
    assert np.abs(marked[420:470, 500:].astype(int) - 90).max() < 8
    assert marked[480:].max() > 200
    assert boxes[1].label == "traffic_cone 0.88"


def test_a_row_names_its_class_once() -> None:
    """Of cones side by side one carries the class, the others scores that hide neither it nor each other."""
    image = np.full((480, 640, 3), 90, np.uint8)
    row = [
        LabelledBox(xyxy_px=(60.0 * n, 200, 60.0 * n + 20, 230), offence=Offence.TRAFFIC_CONE, score=0.9 - n / 20)
        for n in range(1, 8)
    ]
    orange = np.abs(decode(annotate(image, row, ["c"]))[:480].astype(int) - (0, 90, 255)).max(axis=2) < 40
    wide, high = cv2.getTextSize(row[0].label, cv2.FONT_HERSHEY_SIMPLEX, 0.4, 1)[0]
    assert orange[200 - high - 2, 60 : 60 + wide].mean() > 0.95
    assert 0 < orange[200 - high - 2, 60 + wide + 3 :].mean() < 0.4
    assert all(orange[215, round(box.xyxy_px[0])] for box in row)


@pytest.mark.parametrize("xyxy_px", [(-50, -50, 20, 20), (300, 220, 400, 300), (0, 0, 320, 240), (500, 500, 600, 600)])
def test_boxes_beyond_the_edge_are_no_error(xyxy_px: tuple[float, float, float, float]) -> None:
    """A box that reaches over or lies outside the picture can be marked and kept; captions may be Chinese or long."""
    image = noise()
    box = LabelledBox(xyxy_px=xyxy_px, offence=Offence.DUST, score=1.0)
    assert decode(annotate(image, [box], ["拱墅区", "x" * 500])).shape[1] == 320
    assert decode(mask(image, [xyxy_px])).shape == image.shape


def test_the_masked_copy_shows_the_kept_box_only() -> None:
    """Inside the grown box the detail stays; outside, hardly any of it does."""
    image = noise()
    masked = decode(mask(image, [BOX])).astype(int)
    difference = np.abs(masked - image).mean(axis=2)
    kept = np.zeros(difference.shape, bool)
    kept[40:160, 85:175] = True
    assert difference[kept].mean() < 10
    assert difference[~kept].mean() > 50
    assert masked[~kept].std() < 0.3 * image[~kept].std()


def test_nothing_kept_masks_all() -> None:
    """Without boxes the whole picture is blocks."""
    masked = decode(mask(noise(), []))
    assert masked.std() < 0.3 * noise().std()


@settings(max_examples=40, deadline=None)
@given(st.tuples(*[st.floats(-100, 400)] * 4), st.integers(1, 90), st.integers(1, 90))
def test_no_box_and_no_size_breaks_the_mask(
    corners: tuple[float, float, float, float], height: int, width: int
) -> None:
    """Whatever the box and however small the picture, the masked copy has the picture's size."""
    left, right = sorted(corners[:2])
    top, bottom = sorted(corners[2:])
    image = np.zeros((height, width, 3), np.uint8)
    assert decode(mask(image, [(left, top, right, bottom)])).shape == image.shape
