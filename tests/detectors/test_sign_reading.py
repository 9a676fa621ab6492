"""Signs are read: Chinese and Latin, small, tilted and in perspective; what holds no text reads as nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from detectors.sign_reading import RapidOcrReader, enlarged

if TYPE_CHECKING:
    from numpy.typing import NDArray

FONT = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
TRAIN = Path(__file__).resolve().parents[3] / "shared" / "data" / "train" / "images"
with_font = pytest.mark.skipif(not FONT.is_file(), reason="needs fonts-noto-cjk")


@pytest.fixture(scope="module")
def reader() -> RapidOcrReader:
    """One reader for all: loading its models takes a second."""
    return RapidOcrReader()


def street_with(text: str, *, letter_px: int, skew_px: float = 0.0) -> tuple[NDArray[np.uint8], tuple[float, ...]]:
    """A grey street with a red board of white letters, its right side seen from further away; and the board's box."""
    font = ImageFont.truetype(str(FONT), letter_px)
    width = int(font.getlength(text)) + letter_px
    board = Image.new("RGB", (width, 2 * letter_px), (190, 30, 35))
    ImageDraw.Draw(board).text((letter_px // 2, letter_px // 4), text, font=font, fill=(250, 248, 240))
    flat = np.asarray(board)[..., ::-1]
    height = flat.shape[0]
    to = np.float32([[40, 40], [40 + width, 40 + skew_px], [40 + width, 40 + height - skew_px], [40, 40 + height]])
    warp = cv2.getPerspectiveTransform(np.float32([[0, 0], [width, 0], [width, height], [0, height]]), to)
    street = np.full((height + 80, width + 80, 3), 128, dtype=np.uint8)
    cv2.warpPerspective(flat, warp, (width + 80, height + 80), dst=street, borderMode=cv2.BORDER_TRANSPARENT)
    noisy = street + np.random.default_rng(1).normal(0, 4, street.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8), (40.0, 40.0, 40.0 + width, 40.0 + height)


@with_font
@pytest.mark.parametrize(
    ("text", "letter_px", "skew_px"),
    [
        ("桥西烧烤店", 40, 0.0),
        ("桥西烧烤店", 18, 0.0),
        ("母婴生活馆", 40, 10.0),
        ("GRAND OPENING", 28, 6.0),
        ("老王面馆 88062211", 24, 4.0),
    ],
)
def test_a_board_is_read(reader: RapidOcrReader, text: str, letter_px: int, skew_px: float) -> None:
    """Letters down to 18 px, and a board turned away, are read as they stand."""
    image, box = street_with(text, letter_px=letter_px, skew_px=skew_px)
    read = reader.read(image, box)
    assert read.text.replace(" ", "") == text.replace(" ", "")
    assert min(read.scores) > 0.6


def test_what_holds_no_text_reads_as_nothing(reader: RapidOcrReader) -> None:
    """A bare wall, and a box smaller than any letter."""
    wall = np.full((120, 200, 3), 140, dtype=np.uint8)
    assert reader.read(wall, (20.0, 20.0, 180.0, 100.0)).lines == ()
    assert reader.read(wall, (20.0, 20.0, 24.0, 24.0)).text == ""


def test_a_crop_stays_in_the_picture_and_in_bounds() -> None:
    """A box at the border is cut there; a small one is enlarged at most fourfold."""
    crop = enlarged(np.zeros((100, 100, 3), dtype=np.uint8), (-10.0, 70.0, 30.0, 130.0))
    assert crop is not None
    assert crop.shape[0] == ((100 - 65) * 4)


@pytest.mark.real
@pytest.mark.skipif(not TRAIN.is_dir(), reason="needs ../shared/data")
def test_real_shop_signs_are_read(reader: RapidOcrReader) -> None:
    """Of twelve labelled shop signs of the training part, most give text that has letters."""
    read = 0
    labels = TRAIN.parent / "labels"
    pictures = sorted(path for path in TRAIN.iterdir() if path.name.startswith("vnsign"))[:60:5]
    for path in pictures:
        image = cv2.imread(str(path))
        height, width = image.shape[:2]
        rows = [line.split() for line in (labels / f"{path.stem}.txt").read_text().splitlines()]
        x, y, w, h = max(
            (tuple(map(float, row[1:5])) for row in rows if row[0] == "2"), key=lambda box: box[2] * box[3]
        )
        box = ((x - w / 2) * width, (y - h / 2) * height, (x + w / 2) * width, (y + h / 2) * height)
        read += sum(letter.isalpha() for letter in reader.read(image, box).text) >= 3
    assert len(pictures) == 12
    assert read >= 8
