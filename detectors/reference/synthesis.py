"""Draws what the pictures lack: boards at many scales and in perspective, and plumes that drift from a source point.

The rule kept here: what is drawn is labelled and judged where it is drawn; a class that was not looked for in the
background stays unjudged everywhere else (`augmentation.Easel` sees to it).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from detectors.reference.augmentation import PLUMES, LoadedPicture

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

DUST, SIGN, FUMES = 0, 2, 3

BOARD_COUNT = 240
"""Boards drawn beforehand; real sign crops come on top."""

REAL_CROP_SHARE = 0.45
LEAST_CROP_PX = 32

WORDS = (
    *(
        "烧烤",
        "火锅",
        "酒店",
        "超市",
        "药房",
        "牛肉面",
        "水果",
        "理发",
        "宾馆",
        "茶",
        "便利店",
        "招聘",
        "出租",
        "五金",
        "建材",
    ),
    *(
        "广告",
        "优惠",
        "开业",
        "大酒楼",
        "网吧",
        "眼镜",
        "家具",
        "SALE",
        "HOTEL",
        "CAFE",
        "BANK",
        "OPEN",
        "PIZZA",
        "MOTEL",
    ),
    *("FRESH", "PHARMACY", "AUTO", "GRAND", "TOURS", "FOOD", "SHOP", "NEW", "RENT", "CALL", "24H", "CENTRE", "HOME"),
)

FONT_NAMES = ("NotoSansCJK-Bold.ttc", "NotoSerifCJK-Bold.ttc", "NotoSansCJK-Regular.ttc")

PLUME_GRID_PX = 128
FAINTEST_ALPHA = 0.12
"""A plume's box ends where it covers less than this of the background: hardly seen by eye in a still picture."""


class Synthesis:
    """Draws boards and plumes into pictures; made once from the training pictures."""

    def __init__(self, pictures: Sequence[LoadedPicture], seed: int) -> None:
        rng = np.random.default_rng(seed)
        self._crops = [crop for picture in pictures for crop in _sign_crops(picture)]
        self._boards = [draw_board(pictures[int(rng.integers(len(pictures)))], rng) for _ in range(BOARD_COUNT)]

    def with_signs(self, picture: LoadedPicture, rng: np.random.Generator) -> LoadedPicture:
        """The picture with one to four boards pasted where they cover no labelled object."""
        image, boxes = picture.image_bgr.copy(), picture.xyxy_share
        for _ in range(int(rng.choice([1, 1, 2, 3, 4]))):
            real = len(self._crops) and rng.random() < REAL_CROP_SHARE
            pool = self._crops if real else self._boards
            quad = draw_quad(pool[int(rng.integers(len(pool)))], image.shape[1::-1], rng)
            box = np.concatenate([quad[1].min(axis=0), quad[1].max(axis=0)]) / np.tile(image.shape[1::-1], 2)
            if not _overlaps(box, boxes):
                paste_board(image, *quad, rng)
                boxes = np.concatenate([boxes, box.clip(0, 1)[None]])
        return _labelled(picture, image, boxes, SIGN)

    def with_plume(self, picture: LoadedPicture, rng: np.random.Generator) -> LoadedPicture:
        """The picture with one plume of dust or fumes; pictures that hold a plume or a board are left as they are."""
        if np.isin(picture.class_id, (*PLUMES, SIGN)).any():
            return picture
        class_id = FUMES if rng.random() < 0.65 else DUST
        height, width = picture.image_bgr.shape[:2]
        side = round(max(height, width) * float(np.exp(rng.uniform(np.log(0.06), np.log(0.7)))))
        alpha = cv2.resize(draw_plume(rng, rises=class_id == FUMES), (side, side), interpolation=cv2.INTER_CUBIC)
        x, y = round(rng.uniform(-0.1, 1.1) * width - side / 2), round(rng.uniform(0.3, 0.95) * height - side)
        left, top, right, bottom = max(x, 0), max(y, 0), min(x + side, width), min(y + side, height)
        if right <= left or bottom <= top:
            return picture
        alpha = alpha[top - y : bottom - y, left - x : right - x].clip(0, 1)
        seen = np.argwhere(alpha > FAINTEST_ALPHA)
        if len(seen) < 25 or alpha.max() < 0.3:
            return picture
        corner = np.array([top, left])
        low, high = seen.min(axis=0) + corner, seen.max(axis=0) + 1 + corner
        box = np.array([low[1], low[0], high[1], high[0]]) / np.tile([width, height], 2)
        if _overlaps(box, picture.xyxy_share):
            return picture
        image = picture.image_bgr.copy()
        part = image[top:bottom, left:right].astype(np.float32)
        colour = _plume_colour(image, class_id, rng)
        shade = (
            1
            + rng.uniform(0, 0.12)
            * cv2.GaussianBlur(rng.standard_normal(alpha.shape).astype(np.float32), (0, 0), side / 20 + 1)
            * side
            / 20
        )
        image[top:bottom, left:right] = (part + (colour * shade[..., None] - part) * alpha[..., None]).clip(0, 255)
        return _labelled(picture, image, np.concatenate([picture.xyxy_share, box[None]]), class_id)


def draw_board(ground: LoadedPicture, rng: np.random.Generator) -> NDArray[np.uint8]:
    """A flat board, (h, w, 3): shop board, banner, light box, A-board or a poster that shows part of a photograph."""
    aspect = float(np.exp(rng.uniform(np.log(0.5), np.log(5.0))))
    height = round(240 / np.sqrt(aspect))
    size = (round(height * aspect), height)
    ink, paper = (tuple(int(v) for v in rng.integers(0, 256, 3)) for _ in range(2))
    if rng.random() < 0.3:
        paper, ink = ((200, 20, 25), (250, 225, 60)) if rng.random() < 0.5 else ((245, 245, 240), (170, 20, 30))
    board = Image.new("RGB", size, paper)
    if rng.random() < 0.4:
        photo = Image.fromarray(np.ascontiguousarray(ground.image_bgr[:, :, ::-1]))
        reach = rng.uniform(0.3, 0.8)
        x, y = rng.uniform(0, 1 - reach, 2)
        patch = photo.crop((x * photo.width, y * photo.height, (x + reach) * photo.width, (y + reach) * photo.height))
        share = rng.uniform(0.3, 1.0)
        board.paste(patch.resize((max(1, round(size[0] * share)), size[1])), (0, 0))
    pen = ImageDraw.Draw(board)
    for _ in range(int(rng.integers(1, 5))):
        words = " ".join(str(w) for w in rng.choice(WORDS, int(rng.integers(1, 4))))
        place = (int(rng.uniform(0, 0.4) * size[0]), int(rng.uniform(0.02, 0.75) * size[1]))
        pen.text(place, words, fill=ink, font=_font(rng, round(size[1] * float(rng.uniform(0.12, 0.5)))))
    if rng.random() < 0.5:
        edge = tuple(int(v) for v in rng.integers(0, 256, 3))
        pen.rectangle((0, 0, size[0] - 1, size[1] - 1), outline=edge, width=int(rng.integers(2, 10)))
    return np.ascontiguousarray(np.asarray(board)[:, :, ::-1])


def draw_quad(
    board: NDArray[np.uint8], size: Sequence[int], rng: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """A board and the four corners (px) it is put to: 3 to 55 % of the longer side, turned about an upright axis."""
    wide = max(size) * float(np.exp(rng.uniform(np.log(0.03), np.log(0.55))))
    half_w, half_h = wide / 2, min(wide / 2 * board.shape[0] / board.shape[1], size[1] * 0.35)
    half_w *= rng.uniform(0.5, 1.0)
    turn, tilt = rng.uniform(-0.3, 0.3), rng.uniform(-0.12, 0.12)
    corners = np.array([[-1, -1 - turn], [1, -1 + turn], [1, 1 - turn], [-1, 1 + turn]]) * (half_w, half_h)
    corners = corners @ np.array([[np.cos(tilt), np.sin(tilt)], [-np.sin(tilt), np.cos(tilt)]])
    centre = rng.uniform((0.02, 0.08), (0.98, 0.8)) * size
    return board, corners + centre


def paste_board(
    image: NDArray[np.uint8], board: NDArray[np.uint8], corners: NDArray[np.float64], rng: np.random.Generator
) -> None:
    """Warp the board onto the corners, in place, in the picture's light; half of the boards stand on a pole."""
    size = image.shape[1::-1]
    wide = np.linalg.norm(corners[1] - corners[0])
    if rng.random() < 0.5:
        foot = corners[2:].mean(axis=0)
        end = (int(foot[0]), int(foot[1] + rng.uniform(0.3, 2.5) * wide))
        cv2.line(image, (int(foot[0]), int(foot[1])), end, [int(rng.integers(30, 150))] * 3, max(1, round(wide / 14)))
    if wide < board.shape[1] * 0.6:
        scale = max(0.05, wide / board.shape[1])
        board = cv2.resize(board, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA).astype(np.uint8)
    flat = np.array([[0, 0], [board.shape[1], 0], [board.shape[1], board.shape[0]], [0, board.shape[0]]], np.float32)
    turn = cv2.getPerspectiveTransform(flat, corners.astype(np.float32))
    cover = cv2.warpPerspective(np.ones(board.shape[:2], np.float32), turn, size)
    light = board * rng.uniform(0.45, 1.25) + rng.uniform(-10, 30)
    drawn = cv2.warpPerspective(light.clip(0, 255).astype(np.uint8), turn, size, borderMode=cv2.BORDER_REPLICATE)
    if rng.random() < 0.5:
        drawn, cover = (cv2.GaussianBlur(layer, (3, 3), 0) for layer in (drawn, cover))
    image[:] = image + (drawn.astype(np.float32) - image) * cover[..., None]


def draw_plume(rng: np.random.Generator, *, rises: bool) -> NDArray[np.float32]:
    """Cover (0..1) of a plume on a square grid: puffs leave a point, drift, rise, grow and thin out."""
    side = PLUME_GRID_PX
    age = np.sort(rng.uniform(0.02, 1.0, 45))
    wind = rng.uniform(-0.7, 0.7)
    climb = rng.uniform(0.4, 0.85) if rises else rng.uniform(0.1, 0.45)
    sway = np.cumsum(rng.normal(0, 0.02, (45, 2)), axis=0)
    start = 0.5 - wind * 0.4
    x = (start + wind * age + sway[:, 0]) * side
    y = (0.93 - climb * age ** rng.uniform(0.6, 1.2) + sway[:, 1]) * side
    radius = (0.02 + rng.uniform(0.06, 0.2) * age ** rng.uniform(0.5, 1.0)) * side
    rows, columns = np.mgrid[0:side, 0:side].astype(np.float32)
    bend = _cloud(rng, side, 5) * side * 0.05
    depth = np.zeros((side, side), np.float32)
    for px, py, r in zip(x, y, radius, strict=True):
        depth += (
            np.exp(-((columns + bend - px) ** 2 + (rows + bend.T - py) ** 2) / (2 * r * r)) * (side * 0.05 / r) ** 1.2
        )
    depth *= (0.6 + 0.8 * _cloud(rng, side, 8)).clip(0.05, None)
    cover = 1 - np.exp(-depth * rng.uniform(0.4, 2.0))
    rim = np.minimum(np.minimum(columns, side - 1 - columns), np.minimum(rows, side - 1 - rows)) / (side * 0.06)
    return np.asarray(cover * rim.clip(0, 1) * rng.uniform(0.5, 0.97), np.float32)


def _cloud(rng: np.random.Generator, side: int, cells: int) -> NDArray[np.float32]:
    """Noise of several sizes, about -1..1."""
    layers = [
        cv2.resize(
            rng.standard_normal((cells * 2**k,) * 2).astype(np.float32), (side, side), interpolation=cv2.INTER_CUBIC
        )
        / 1.8**k
        for k in range(3)
    ]
    return np.asarray(sum(layers), np.float32) * 0.6


def with_cloud(picture: LoadedPicture, rng: np.random.Generator) -> LoadedPicture:
    """The picture under drifting white: a wide bank with soft ends anywhere above the lowest third, never labelled."""
    height, width = picture.image_bgr.shape[:2]
    grain = cv2.resize(_cloud(rng, 64, int(rng.integers(2, 5))), (width, height), interpolation=cv2.INTER_LINEAR)
    rows = np.arange(height, dtype=np.float32)[:, None] / height
    band = np.exp(-(((rows - rng.uniform(0, 0.65)) / rng.uniform(0.06, 0.3)) ** 2))
    alpha = ((grain + rng.uniform(0, 0.8)).clip(0, 1) * band * rng.uniform(0.3, 0.9))[..., None]
    white = np.asarray(rng.uniform(185, 250) + rng.uniform(-6, 6, 3), np.float32)
    image = (picture.image_bgr + (white - picture.image_bgr) * alpha).clip(0, 255).astype(np.uint8)
    return replace(picture, image_bgr=image)


def _plume_colour(image: NDArray[np.uint8], class_id: int, rng: np.random.Generator) -> NDArray[np.float32]:
    if class_id == FUMES:
        return np.asarray(rng.uniform(95, 245) + rng.uniform(-8, 8, 3), np.float32)
    soil = np.median(image[image.shape[0] * 2 // 3 :].reshape(-1, 3), axis=0)
    tan = np.array([120, 155, 185]) * rng.uniform(0.75, 1.25)
    mixed = soil + (tan - soil) * rng.uniform(0.3, 1.0)
    return np.asarray(mixed + (215 - mixed) * rng.uniform(0, 0.4), np.float32)


def _sign_crops(picture: LoadedPicture) -> list[NDArray[np.uint8]]:
    corners = np.round(
        picture.xyxy_share[picture.class_id == SIGN] * np.tile(picture.image_bgr.shape[1::-1], 2)
    ).astype(int)
    return [picture.image_bgr[t:b, le:r] for le, t, r, b in corners.tolist() if min(r - le, b - t) >= LEAST_CROP_PX]


def _overlaps(box: NDArray[np.float64], others: NDArray[np.float64]) -> bool:
    return bool(((np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2])) > 0).all(axis=1).any())


def _labelled(
    picture: LoadedPicture, image: NDArray[np.uint8], boxes: NDArray[np.float64], class_id: int
) -> LoadedPicture:
    added = np.full(len(boxes) - len(picture.class_id), class_id, np.int64)
    return replace(picture, image_bgr=image, xyxy_share=boxes, class_id=np.concatenate([picture.class_id, added]))


def _font(rng: np.random.Generator, size_px: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """One of the system's fonts that hold Chinese; Pillow's own where there is none."""
    try:
        return ImageFont.truetype(str(rng.choice(FONT_NAMES)), max(8, size_px))
    except OSError:
        return ImageFont.load_default(max(8, size_px))
