"""The ground as one picture: surfaces with their own grain, markings, stains, and shadows baked in.

Pixel (column, row) of the texture lies at east = west_m + column / PX_PER_M, north = north_m - row / PX_PER_M.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray  # noqa: TC002 - a dataclass field's type

from pipeline.scene.solids import Bgr, Xy  # noqa: TC001 - a dataclass field's type

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.scene.world import World

PX_PER_M = 20.0
_TILE_PX = 1024
_FAR_PX = 30000.0
FINE_BITS = 4
"""Bits behind the point in the pixel coordinates of what is filled."""
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
    """A rectangle of ground, metres east and north of the crossing."""

    west_m: float
    south_m: float
    east_m: float
    north_m: float

    def corners_m(self, grow_m: float = 0.0) -> list[Xy]:
        """The four corners from the south-west by the south-east, each side `grow_m` further out."""
        west_m, east_m = self.west_m - grow_m, self.east_m + grow_m
        south_m, north_m = self.south_m - grow_m, self.north_m + grow_m
        return [(west_m, south_m), (east_m, south_m), (east_m, north_m), (west_m, north_m)]

    def random_spot(self, rng: np.random.Generator, margin_m: float = 0.0) -> Xy:
        """Somewhere in it, at least `margin_m` from its sides."""
        x = float(rng.uniform(self.west_m + margin_m, self.east_m - margin_m))
        return x, float(rng.uniform(self.south_m + margin_m, self.north_m - margin_m))


TEXTURED = Extent(west_m=-125.0, south_m=-100.0, east_m=125.0, north_m=100.0)
"""What the texture covers."""


def fixed_px(points_px: NDArray[np.float64]) -> NDArray[np.int32]:
    """Pixel coordinates as the fixed-point numbers OpenCV fills by; what is absurdly far off is brought nearer."""
    near = np.minimum(np.maximum(points_px, -_FAR_PX), _FAR_PX)
    fixed: NDArray[np.int32] = np.round(near * 2**FINE_BITS).astype(np.int32)
    return fixed


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


def paint_ground(world: World) -> NDArray[np.uint8]:
    """The ground texture, (rows, columns, 3) uint8 BGR in white light with the solids' shadows."""
    rng = np.random.default_rng([world.seed, 11])
    width, height = _size_px(PX_PER_M)
    image = np.zeros((height, width, 3), np.uint8)
    grains = _grain_tiles(rng)
    tiles: dict[tuple[str, Bgr], NDArray[np.uint8]] = {}
    for surface in world.surfaces:
        key = (surface.grain, surface.colour_bgr)
        if key not in tiles:
            channels = [grains[surface.grain] * np.float64(value) for value in surface.colour_bgr]
            tiles[key] = np.stack([np.clip(c, 0, 255).astype(np.uint8) for c in channels], axis=-1)
        _lay(image, _texture_px(surface.outline_m, PX_PER_M), tiles[key])
    light = cv2.resize(_shadows(world), (width, height), interpolation=cv2.INTER_LINEAR)
    shaded: NDArray[np.uint8] = cv2.multiply(image, cv2.cvtColor(light, cv2.COLOR_GRAY2BGR), scale=1 / 255)
    return shaded


def ground_from_texture(level: int) -> NDArray[np.float64]:
    """(3, 3) from (column, row, 1) to (east, north, 1) in a texture halved `level` times."""
    side = 2.0**level
    shift_m = (side - 1) / 2 / PX_PER_M
    west_m, north_m = TEXTURED.west_m + shift_m, TEXTURED.north_m - shift_m
    return np.array([[side / PX_PER_M, 0, west_m], [0, -side / PX_PER_M, north_m], [0, 0, 1]])


def _size_px(px_per_m: float) -> tuple[int, int]:
    width_m, height_m = TEXTURED.east_m - TEXTURED.west_m, TEXTURED.north_m - TEXTURED.south_m
    return int(width_m * px_per_m), int(height_m * px_per_m)


def _texture_px(points_m: NDArray[np.float64], px_per_m: float) -> NDArray[np.float64]:
    """(k, 2) texture columns and rows of (k, 2) east, north."""
    return (points_m - (TEXTURED.west_m, TEXTURED.north_m)) * (px_per_m, -px_per_m)


def _lay(image: NDArray[np.uint8], outline_px: NDArray[np.float64], tile: NDArray[np.uint8]) -> None:
    """Cover a polygon of the image with a repeating tile."""
    height, width = image.shape[:2]
    left, top = np.clip(np.floor(outline_px.min(axis=0)).astype(int), 0, (width, height)).tolist()
    right, bottom = np.clip(np.ceil(outline_px.max(axis=0)).astype(int) + 1, 0, (width, height)).tolist()
    if right <= left or bottom <= top:
        return
    mask = np.zeros((bottom - top, right - left), np.uint8)
    cv2.fillPoly(mask, [fixed_px(outline_px - (left, top))], 255, cv2.LINE_8, FINE_BITS)
    rows, columns = _tile_cuts(top, bottom), _tile_cuts(left, right)
    for (from_y, to_y), (from_x, to_x) in itertools.product(itertools.pairwise(rows), itertools.pairwise(columns)):
        y, x = from_y % _TILE_PX, from_x % _TILE_PX
        patch = tile[y : y + to_y - from_y, x : x + to_x - from_x]
        inside = mask[from_y - top : to_y - top, from_x - left : to_x - left]
        cv2.copyTo(patch, inside, image[from_y:to_y, from_x:to_x])


def _tile_cuts(start_px: int, end_px: int) -> list[int]:
    """Start, end and the borders of tiles between them."""
    return [start_px, *range(start_px - start_px % _TILE_PX + _TILE_PX, end_px, _TILE_PX), end_px]


def _shadows(world: World) -> NDArray[np.uint8]:
    """How much light arrives, (rows, columns) uint8, 255 in the sun."""
    width, height = _size_px(_SHADOW_PX_PER_M)
    light = np.full((height, width), 255, np.uint8)
    slope = -world.sun_enu[:2] / world.sun_enu[2]

    def fall(points_m: NDArray[np.float64]) -> NDArray[np.int32]:
        return fixed_px(_texture_px(points_m[:, :2] + points_m[:, 2:3] * slope, _SHADOW_PX_PER_M))

    for solid in world.solids:
        for face in solid.faces:
            cv2.fillConvexPoly(light, cv2.convexHull(fall(face.corners_m)), 120, cv2.LINE_AA, FINE_BITS)
        radii_px = (solid.blobs_m[:, 3] * _SHADOW_PX_PER_M * 2**FINE_BITS).astype(int)
        for spot, radius_px in zip(fall(solid.blobs_m).tolist(), radii_px.tolist(), strict=True):
            cv2.circle(light, spot, radius_px, 125, -1, cv2.LINE_AA, FINE_BITS)
    soft: NDArray[np.uint8] = cv2.GaussianBlur(light, (0, 0), 1.2)
    return soft
