"""The camera model is checked when it is made."""

from __future__ import annotations

import numpy as np
import pytest

from geofences.camera import Camera
from geofences.errors import InvalidGeometry

_K = np.array([[1000.0, 0, 639.5], [0, 1000.0, 359.5], [0, 0, 1]])


def test_field_of_view_gives_the_focal_length() -> None:
    """A 90 degree lens is half a picture width away from the picture, and centred on it."""
    camera = Camera.from_fov(size_px=(1280, 720), hfov_deg=90)
    assert camera.focal_px == pytest.approx(640)
    assert camera.k[:2, 2] == pytest.approx([639.5, 359.5])


def test_arrays_are_copied_and_read_only() -> None:
    """A camera cannot change after it was made, not even through the array it was made from."""
    k = _K.copy()
    camera = Camera(size_px=(1280, 720), k=k, distortion=np.zeros(5))
    k[0, 0] = 5
    assert camera.k[0, 0] == 1000
    with pytest.raises(ValueError, match="read-only"):
        camera.k[0, 0] = 5


@pytest.mark.parametrize(
    ("size_px", "k", "distortion"),
    [
        ((0, 720), _K, np.zeros(5)),
        ((1280, 720), _K[:2], np.zeros(5)),
        ((1280, 720), _K, np.zeros(4)),
        ((1280, 720), -_K, np.zeros(5)),
        ((1280, 720), _K * 2, np.zeros(5)),
        ((1280, 720), _K, np.full(5, np.nan)),
    ],
)
def test_what_is_no_camera_is_refused(size_px: tuple[int, int], k: np.ndarray, distortion: np.ndarray) -> None:
    """A wrong shape, a scaled matrix, a mirrored lens or a missing number is refused."""
    with pytest.raises(InvalidGeometry):
        Camera(size_px=size_px, k=k, distortion=distortion)


@pytest.mark.parametrize("hfov_deg", [0.5, 175.0])
def test_a_field_of_view_out_of_range_is_refused(hfov_deg: float) -> None:
    """Fish-eyes and telescopes are no pinhole cameras."""
    with pytest.raises(InvalidGeometry, match="hfov_deg"):
        Camera.from_fov(size_px=(1280, 720), hfov_deg=hfov_deg)
