"""Importing ultralytics leaves Pillow as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PIL import Image, UnidentifiedImageError

from detectors import torch_engine

if TYPE_CHECKING:
    from pathlib import Path


def test_pillow_still_names_what_is_no_picture(tmp_path: Path) -> None:
    """With ultralytics loaded, a file that is no picture is Pillow's own error, not a missing plugin."""
    assert torch_engine.DetectionModel
    path = tmp_path / "c.jpg"
    path.write_bytes(b"no picture")
    with pytest.raises(UnidentifiedImageError):
        Image.open(path)
