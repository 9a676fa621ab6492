"""The ground as one picture: surfaces with their own grain, markings, stains, and shadows baked in.

Pixel (column, row) of the texture lies at east = west_m + column / PX_PER_M, north = north_m - row / PX_PER_M.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray  # noqa: TC002 - a dataclass field's type

from pipeline.scene.solids import Bgr  # noqa: TC001 - a dataclass field's type

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.scene.solids import Solid

PX_PER_M = 20.0
_TILE_PX = 1024
_FINE = 4
_SHADOW_PX_PER_M = 10.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Surface:
    """A flat patch of ground, painted over what lies below it in the list.

    Attributes:
        outline_m: (k, 2) east, north.
        colour_bgr: mean colour.
        grain: which grain: asphalt, paving, soil, grass, concrete, paint.
    """

    outline_m: NDArray[np.float64]
    colour_bgr: Bgr
    grain: str

    def __post_init__(self) -> None:
        """Make the outline read-only."""
        self.outline_m.flags.writeable = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """A rectangle of ground, metres.

    Attributes:
        west_m: least east.
        south_m: least north.
        east_m: greatest east.
        north_m: greatest north.
    """

    west_m: float
    south_m: float
    east_m: float
    north_m: float

    def pixels(self, outline_m: NDArray[np.float64], px_per_m: float) -> NDArray[np.float64]:
        """(k, 2) texture columns and rows of (k, 2) east, north."""
        return np.stack((outline_m[:, 0] - self.west_m, self.north_m - outline_m[:, 1]), axis=-1) * px_per_m

    def size_px(self, px_per_m: float) -> tuple[int, int]:
        """Width and height of its texture."""
        return int((self.east_m - self.west_m) * px_per_m), int((self.north_m - self.south_m) * px_per_m)


def fractal(rng: np.random.Generator, size_px: int, octaves: Sequence[int]) -> NDArray[np.float32]:
    """(size, size) noise of mean 0 and standard deviation 1 that tiles; `octaves` are grid sizes, equal in weight."""
    total = np.zeros((size_px, size_px), np.float32)
    for cells in octaves:
        grid = rng.standard_normal((cells, cells)).astype(np.float32)
        wrapped = np.pad(grid, 2, mode="wrap")
        scale = size_px / cells
        margin = round(2 * scale)
        big = cv2.resize(wrapped, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
        total += big[margin : margin + size_px, margin : margin + size_px]
    even: NDArray[np.float32] = (total - total.mean()) / total.std()
    return even


def _grain_tiles(rng: np.random.Generator) -> dict[str, NDArray[np.float32]]:
    """Relative brightness of each grain over a tile, about 1."""
    fine = fractal(rng, _TILE_PX, (1024, 512))
    middle = fractal(rng, _TILE_PX, (256, 128, 64))
    broad = fractal(rng, _TILE_PX, (32, 16, 8, 4))
    rows, columns = np.mgrid[0:_TILE_PX, 0:_TILE_PX]
    slab = np.where((rows % 16 == 0) | ((columns + 8 * (rows // 16 % 2)) % 16 == 0), -0.13, 0.0).astype(np.float32)
    slab_tone = cv2.resize(
        rng.standard_normal((64, 64)).astype(np.float32), (_TILE_PX, _TILE_PX), interpolation=cv2.INTER_NEAREST
    )
    joint = np.where((rows % 102 == 0) | (columns % 102 == 0), -0.12, 0.0).astype(np.float32)
    return {
        "asphalt": 1 + 0.07 * fine + 0.035 * middle + 0.05 * broad,
        "paving": 1 + slab + 0.045 * slab_tone + 0.035 * fine + 0.03 * broad,
        "soil": 1 + 0.06 * fine + 0.06 * middle + 0.07 * broad,
        "grass": 1 + 0.12 * fine + 0.1 * middle + 0.09 * broad,
        "concrete": 1 + joint + 0.03 * fine + 0.03 * middle + 0.05 * broad,
        "paint": 1 + 0.07 * fine + 0.05 * middle,
    }


def paint_ground(
    surfaces: Sequence[Surface], solids: Sequence[Solid], sun_enu: NDArray[np.float64], extent: Extent, seed: int
) -> NDArray[np.uint8]:
    """The ground texture, (rows, columns, 3) uint8 BGR in white light with the solids' shadows."""
    rng = np.random.default_rng([seed, 11])
    width, height = extent.size_px(PX_PER_M)
    image = np.zeros((height, width, 3), np.uint8)
    tiles = _grain_tiles(rng)
    made: dict[tuple[str, Bgr], NDArray[np.uint8]] = {}
    for surface in surfaces:
        key = (surface.grain, surface.colour_bgr)
        if key not in made:
            made[key] = np.clip(tiles[surface.grain][..., None] * np.array(surface.colour_bgr), 0, 255).astype(np.uint8)
        _lay(image, extent.pixels(surface.outline_m, PX_PER_M), made[key])
    light = _shadows(solids, sun_enu, extent, (width, height))
    shaded: NDArray[np.uint8] = cv2.multiply(image, light, scale=1 / 255)
    return shaded


def _lay(image: NDArray[np.uint8], outline_px: NDArray[np.float64], tile: NDArray[np.uint8]) -> None:
    """Cover a polygon of the image with a repeating tile."""
    height, width = image.shape[:2]
    left, top = np.clip(np.floor(outline_px.min(axis=0)).astype(int), 0, (width, height))
    right, bottom = np.clip(np.ceil(outline_px.max(axis=0)).astype(int) + 1, 0, (width, height))
    if right <= left or bottom <= top:
        return
    mask = np.zeros((bottom - top, right - left), np.uint8)
    shifted = np.round((outline_px - (left, top)) * 2**_FINE).astype(np.int32)
    cv2.fillPoly(mask, [shifted], 255, cv2.LINE_8, _FINE)
    rows, columns = np.arange(top, bottom) % len(tile), np.arange(left, right) % len(tile)
    patch = tile[rows][:, columns]
    cv2.copyTo(patch, mask, image[top:bottom, left:right])


def _shadows(
    solids: Sequence[Solid], sun_enu: NDArray[np.float64], extent: Extent, size_px: tuple[int, int]
) -> NDArray[np.uint8]:
    """How much light arrives, (rows, columns, 3) uint8, 255 in the sun."""
    width, height = extent.size_px(_SHADOW_PX_PER_M)
    light = np.full((height, width), 255, np.uint8)
    slope = -sun_enu[:2] / sun_enu[2]

    def fall(points_m: NDArray[np.float64]) -> NDArray[np.int32]:
        fallen = points_m[:, :2] + points_m[:, 2:3] * slope
        fixed: NDArray[np.int32] = np.round(extent.pixels(fallen, _SHADOW_PX_PER_M) * 2**_FINE).astype(np.int32)
        return fixed

    for solid in solids:
        for face in solid.faces:
            cv2.fillConvexPoly(light, cv2.convexHull(fall(face.corners_m)), 120, cv2.LINE_AA, _FINE)
        for *centre, radius in solid.blobs_m:
            spot = fall(np.array([centre]))[0]
            cv2.circle(light, spot.tolist(), int(radius * _SHADOW_PX_PER_M * 2**_FINE), 125, -1, cv2.LINE_AA, _FINE)
    soft = cv2.resize(cv2.GaussianBlur(light, (0, 0), 1.2), size_px, interpolation=cv2.INTER_LINEAR)
    arriving: NDArray[np.uint8] = cv2.cvtColor(soft, cv2.COLOR_GRAY2BGR)
    return arriving
