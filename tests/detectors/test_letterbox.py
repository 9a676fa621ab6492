"""Fitting pictures into network inputs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.letterbox import PAD_GREY, fit


@pytest.mark.parametrize(
    ("picture", "long_side", "network"),
    [
        ((1280, 720), 1280, (1280, 736)),
        ((1920, 1080), 640, (640, 384)),
        ((300, 400), 416, (320, 416)),
        ((64, 64), 64, (64, 64)),
    ],
)
def test_input_size_is_the_smallest_that_holds_the_picture(
    picture: tuple[int, int], long_side: int, network: tuple[int, int]
) -> None:
    """Width and height go up to the next multiple of 32, no further."""
    box = fit(width_px=picture[0], height_px=picture[1], long_side_px=long_side)
    assert (box.input_width_px, box.input_height_px) == network


@given(st.integers(8, 2000), st.integers(8, 2000), st.sampled_from([320, 640, 1280]))
def test_boxes_come_back_where_they_were(width: int, height: int, long_side: int) -> None:
    """A box moved into the network's pixels by hand is restored to within a thousandth of the picture's longer side."""
    box = fit(width_px=width, height_px=height, long_side_px=long_side)
    there = np.array([[0.1 * width, 0.2 * height, 0.9 * width, 0.7 * height]], np.float32)
    border = np.array([box.left_px, box.top_px, box.left_px, box.top_px], np.float32)
    back = box.restore(there * np.float32(box.scale) + border)
    np.testing.assert_allclose(back, there, atol=max(width, height) / 1000)


def test_apply_centres_the_picture_on_grey() -> None:
    """The picture keeps its shape and the borders are the grey of training."""
    canvas = fit(width_px=64, height_px=40, long_side_px=64).apply(np.full((40, 64, 3), 7, np.uint8))
    assert canvas.shape == (64, 64, 3)
    assert (canvas[12:52] == 7).all()
    assert (canvas[:12] == PAD_GREY).all()
    assert (canvas[52:] == PAD_GREY).all()
