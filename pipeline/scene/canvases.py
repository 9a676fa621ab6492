"""What can be drawn on: a picture in colours, or a map of which planted thing each pixel shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray  # noqa: TC002 - a dataclass field's type

from pipeline.scene.ground import FINE_BITS, fixed_px, fractal
from pipeline.scene.solids import Texture  # noqa: TC001 - a dataclass field's type

if TYPE_CHECKING:
    from pipeline.scene.plumes import Puffs
    from pipeline.scene.view import View

NOTICEABLE = 0.25
"""A plume's pixel counts as plume from this alpha on."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Finish:
    """How a face looks in the world's light.

    Attributes:
        colour: lit BGR, 0..255.
        light: (3,) BGR factor on a texture.
        levels: the texture in halving sizes; none for a plain face.
    """

    colour: list[float]
    light: NDArray[np.float32]
    levels: tuple[Texture, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Layer:
    """A soft picture patch.

    Attributes:
        at: its rows and columns in the picture.
        alpha: (h, w) float32 how much it hides.
        light: (h, w) float32 brightness already weighted by alpha.
    """

    at: tuple[slice, slice]
    alpha: NDArray[np.float32]
    light: NDArray[np.float32]


def _stamp(
    sprite: NDArray[np.float32], centre_px: NDArray[np.float64], radius_px: float, shape: tuple[int, int]
) -> tuple[tuple[slice, slice], NDArray[np.float32]] | None:
    """Rows and columns of a picture which a round sprite covers, and its part there; None outside."""
    size = max(2, round(2 * radius_px))
    left, top = (round(float(middle) - size / 2) for middle in centre_px)
    rows = slice(max(0, top), min(shape[0], top + size))
    columns = slice(max(0, left), min(shape[1], left + size))
    if rows.stop <= rows.start or columns.stop <= columns.start:
        return None
    whole = cv2.resize(sprite, (size, size), interpolation=cv2.INTER_AREA)
    return (rows, columns), whole[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]


class Sprites:
    """Soft shapes stamped for puffs and leaves.

    Attributes:
        puffs: (n) square float32 alphas.
        leaves: (n) square float32 pairs of alpha and brightness.
    """

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng([seed, 5])
        y, x = np.mgrid[-1:1:96j, -1:1:96j]
        far = np.hypot(x, y)
        self.puffs: list[NDArray[np.float32]] = []
        self.leaves: list[NDArray[np.float32]] = []
        for _ in range(6):
            cloud = fractal(rng, 96, (6, 12, 24, 48))
            soft = np.clip(1 - far, 0, 1) ** 1.1 * np.clip(1 + 0.45 * cloud, 0, 2)
            self.puffs.append(np.clip(soft, 0, 1).astype(np.float32))
            leafy = fractal(rng, 96, (12, 24, 48))
            edge = np.clip((1 - far + 0.12 * leafy) * 6, 0, 1)
            self.leaves.append(np.dstack((edge, 1 + 0.2 * leafy - 0.18 * y - 0.1 * x)).astype(np.float32))


def puff_layer(view: View, puffs: Puffs, sprites: Sprites) -> Layer | None:
    """Blend a plume's puffs, oldest first, into one patch; None when nothing of it is in the picture."""
    points = view.camera_points(puffs.centre_m)
    near = points[:, 2] > 2
    if not near.any():
        return None
    centres = view.pixels(points[near])
    radii = view.focal_px * puffs.radius_m[near] / points[near, 2]
    low = np.maximum(np.floor((centres - radii[:, None]).min(axis=0)).astype(int), 0)
    high = np.minimum(np.ceil((centres + radii[:, None]).max(axis=0)).astype(int), view.size_px)
    if (high - low < 2).any():
        return None
    coarse = max(1, min(4, int(np.median(radii) // 14)))
    width, height = (high - low).tolist()
    shape = (-(-height // coarse), -(-width // coarse))
    through, light = np.ones(shape, np.float32), np.zeros(shape, np.float32)
    puff_rows = zip(centres, radii, puffs.alpha[near], puffs.brightness[near], puffs.variant[near], strict=True)
    for centre, radius, alpha, brightness, variant in puff_rows:
        sprite = sprites.puffs[variant % len(sprites.puffs)]
        stamp = _stamp(sprite, (centre - low) / coarse, radius / coarse, shape)
        if stamp is None or alpha < 0.01:
            continue
        at, cut = stamp[0], stamp[1] * np.float32(min(0.95, alpha))
        through[at] *= 1 - cut
        light[at] *= 1 - cut
        light[at] += np.float32(brightness) * cut
    alpha_px, light_px = (
        cv2.resize(a, (shape[1] * coarse, shape[0] * coarse), interpolation=cv2.INTER_LINEAR)[:height, :width]
        for a in (1 - through, light)
    )
    at = (slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0])))
    return Layer(at=at, alpha=alpha_px, light=light_px)


class ColourCanvas:
    """Draws into a (h, w, 3) uint8 BGR picture, in place."""

    def __init__(self, image: NDArray[np.uint8], sprites: Sprites) -> None:
        self.image = image
        self._sprites = sprites

    def face(self, polygon_px: NDArray[np.float64], finish: Finish, owner: int) -> None:
        """A convex polygon (k, 2), a quad (4, 2) where the finish has a texture; `owner` is 0 for scenery."""
        del owner
        if finish.levels:
            self._texture(polygon_px, finish)
        else:
            cv2.fillConvexPoly(self.image, fixed_px(polygon_px), finish.colour, cv2.LINE_AA, FINE_BITS)

    def leaves(self, centre_px: NDArray[np.float64], radius_px: float, colour: NDArray[np.float64], kind: int) -> None:
        """A leafy ball."""
        sprite = self._sprites.leaves[kind % len(self._sprites.leaves)]
        stamp = _stamp(sprite, centre_px, radius_px, (self.image.shape[0], self.image.shape[1]))
        if stamp is None:
            return
        at, cut = stamp
        alpha, tone = cut[..., :1], cut[..., 1:]
        self._blend(at, alpha, colour.astype(np.float32) * tone * alpha)

    def plume(self, layer: Layer, colour: NDArray[np.float64], owner: int) -> None:
        """A soft patch."""
        del owner
        self._blend(layer.at, layer.alpha[..., None], layer.light[..., None] * colour.astype(np.float32))

    def _texture(self, quad_px: NDArray[np.float64], finish: Finish) -> None:
        """Stretch the texture over a quad."""
        height, width = self.image.shape[:2]
        left, top = np.maximum(np.floor(quad_px.min(axis=0)).astype(int) - 1, 0).tolist()
        right, bottom = np.minimum(np.ceil(quad_px.max(axis=0)).astype(int) + 2, (width, height)).tolist()
        if right <= left or bottom <= top:
            return
        sides = np.linalg.norm(quad_px - np.roll(quad_px, -1, axis=0), axis=1)
        shrink = finish.levels[0].shape[0] / max(1.0, float(max(sides[1], sides[3])))
        picture = finish.levels[int(np.clip(np.log2(max(shrink, 1.0)) + 0.3, 0, len(finish.levels) - 1))]
        rows, columns = picture.shape[:2]
        source = np.array([[-0.5, -0.5], [columns - 0.5, -0.5], [columns - 0.5, rows - 0.5], [-0.5, rows - 0.5]])
        local, size = (quad_px - (left, top)).astype(np.float32), (right - left, bottom - top)
        matrix = cv2.getPerspectiveTransform(source.astype(np.float32), local)
        flat = cv2.warpPerspective(picture, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        mask = np.zeros((bottom - top, right - left), np.uint8)
        cv2.fillConvexPoly(mask, fixed_px(local), 255, cv2.LINE_AA, FINE_BITS)
        alpha = mask.astype(np.float32)[..., None] / 255
        at = (slice(top, bottom), slice(left, right))
        self._blend(at, alpha, flat * finish.light * alpha)  # type: ignore[arg-type]  # uint8 * float32

    def _blend(self, at: tuple[slice, slice], alpha: NDArray[np.float32], veil: NDArray[np.float32]) -> None:
        """Let a share of the picture through and add what covers it."""
        self.image[at] = np.clip(self.image[at] * (1 - alpha) + veil, 0, 255).astype(np.uint8)


class OwnerCanvas:
    """Draws who is seen, by the same calls: a (h, w) uint16 map of owners, 0 for scenery and ground."""

    def __init__(self, size_px: tuple[int, int]) -> None:
        self.owners = np.zeros((size_px[1], size_px[0]), np.uint16)

    def face(self, polygon_px: NDArray[np.float64], finish: Finish, owner: int) -> None:
        """A convex polygon (k, 2)."""
        del finish
        cv2.fillConvexPoly(self.owners, fixed_px(polygon_px), owner, cv2.LINE_8, FINE_BITS)

    def leaves(self, centre_px: NDArray[np.float64], radius_px: float, colour: NDArray[np.float64], kind: int) -> None:
        """A leafy ball, a little smaller than its ragged edge."""
        del colour, kind
        cv2.circle(self.owners, np.round(centre_px).astype(int).tolist(), round(0.9 * radius_px), 0, -1)

    def plume(self, layer: Layer, colour: NDArray[np.float64], owner: int) -> None:
        """Where a soft patch is noticeable."""
        del colour
        self.owners[layer.at][layer.alpha > NOTICEABLE] = owner


Canvas = ColourCanvas | OwnerCanvas
"""Where the painter draws, far things first."""
