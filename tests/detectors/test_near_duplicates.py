"""Near-duplicates of training pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from detectors.near_duplicates import find_twins

if TYPE_CHECKING:
    from pathlib import Path


def test_a_smaller_recompressed_copy_is_found_and_a_stranger_is_not(tmp_path: Path) -> None:
    """Half the size at a low JPEG quality is the same picture; another is not; a broken file is passed over."""
    rng = np.random.default_rng(5)
    first, other = (cv2.resize(rng.integers(0, 255, (9, 12, 3), dtype=np.uint8), (640, 480)) for _ in range(2))
    (tmp_path / "images").mkdir()
    cv2.imwrite(str(tmp_path / "images" / "known.png"), first)
    (tmp_path / "images" / "broken.png").write_bytes(b"")
    copy, stranger = tmp_path / "copy.jpg", tmp_path / "stranger.png"
    cv2.imwrite(str(copy), cv2.resize(first, (320, 240)), [cv2.IMWRITE_JPEG_QUALITY, 30])
    cv2.imwrite(str(stranger), other)
    twins = find_twins([copy, stranger, tmp_path / "images" / "broken.png"], tmp_path)
    assert [(twin.file, twin.train_file) for twin in twins] == [("copy.jpg", "known.png")]
