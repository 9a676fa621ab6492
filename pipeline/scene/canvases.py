"""What can be drawn on: a picture in colours, or a map of which planted thing each pixel shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray  # noqa: TC002 - a dataclass field's type

from pipeline.scene.ground import fractal

if TYPE_CHECKING:
    from pipeline.scene.plumes import Puffs
    from pipeline.scene.view import View

_FINE = 4
_FAR_PX = 30000.0
NOTICEABLE = 0.25
"""A plume's pixel counts as plume from this alpha on."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Layer:
    """A soft picture patch.

    Attributes:
        left_px: first column in the picture.
        top_px: first row.
        alpha: (h, w) float32 how much it hides.
        light: (h, w) float32 brightness already weighted by alpha.
    """

    left_px: int
    top_px: int
    alpha: NDArray[np.float32]
    light: NDArray[np.float32]


def _fixed(polygon_px: NDArray[np.float64]) -> NDArray[np.int32]:
    fixed: NDArray[np.int32] = np.round(np.clip(polygon_px, -_FAR_PX, _FAR_PX) * 2**_FINE).astype(np.int32)
    return fixed


def _window(
    centre_px: NDArray[np.float64], radius_px: float, shape: tuple[int, int]
) -> tuple[int, int, int, int, int, int] | None:
    """Rows and columns (top, bottom, left, right) of a square cut to a picture, and its uncut top and left."""
    size = max(2, round(2 * radius_px))
    left, top = round(float(centre_px[0]) - size / 2), round(float(centre_px[1]) - size / 2)
    t, b, le, r = max(0, top), min(shape[0], top + size), max(0, left), min(shape[1], left + size)
    return (t, b, le, r, top, left) if b > t and r > le else None


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
        self.puffs = []
        self.leaves = []
        for _ in range(6):
            cloud = fractal(rng, 96, (6, 12, 24, 48))
            soft = np.clip(1 - far, 0, 1) ** 1.1 * np.clip(1 + 0.45 * cloud, 0, 2)
            self.puffs.append(np.clip(soft, 0, 1).astype(np.float32))
            leafy = fractal(rng, 96, (12, 24, 48))
            edge = np.clip((1 - far + 0.12 * leafy) * 6, 0, 1)
            self.leaves.append((edge.astype(np.float32), (1 + 0.2 * leafy - 0.18 * y - 0.1 * x).astype(np.float32)))


def puff_layer(view: View, puffs: Puffs, sprites: Sprites) -> Layer | None:
    """Blend a plume's puffs, oldest first, into one patch; None when nothing of it is in the picture."""
    points = view.camera_points(puffs.centre_m)
    near = points[:, 2] > 2
    if not near.any():
        return None
    centres = view.pixels(points[near])
    radii = view.focal_px * puffs.radius_m[near] / points[near, 2]
    low = np.floor((centres - radii[:, None]).min(axis=0)).astype(int)
    high = np.ceil((centres + radii[:, None]).max(axis=0)).astype(int)
    low, high = np.maximum(low, 0), np.minimum(high, view.size_px)
    if (high - low < 2).any():
        return None
    coarse = max(1, min(4, int(np.median(radii) // 14)))
    shape = (-(-int(high[1] - low[1]) // coarse), -(-int(high[0] - low[0]) // coarse))
    through, light = np.ones(shape, np.float32), np.zeros(shape, np.float32)
    stamps = zip(centres, radii, puffs.alpha[near], puffs.brightness[near], puffs.variant[near], strict=True)
    for centre, radius, alpha, brightness, variant in stamps:
        window = _window((centre - low) / coarse, radius / coarse, shape)
        if window is None or alpha < 0.01:
            continue
        top, bottom, left, right, y0, x0 = window
        size = max(2, round(2 * radius / coarse))
        stamp = cv2.resize(sprites.puffs[variant % len(sprites.puffs)], (size, size), interpolation=cv2.INTER_AREA)
        cut = stamp[top - y0 : bottom - y0, left - x0 : right - x0] * np.float32(min(0.95, alpha))
        through[top:bottom, left:right] *= 1 - cut
        light[top:bottom, left:right] *= 1 - cut
        light[top:bottom, left:right] += np.float32(brightness) * cut
    size_px = (shape[1] * coarse, shape[0] * coarse)
    alpha_px, light_px = (cv2.resize(a, size_px, interpolation=cv2.INTER_LINEAR) for a in (1 - through, light))
    rows, columns = int(high[1] - low[1]), int(high[0] - low[0])
    return Layer(
        left_px=int(low[0]), top_px=int(low[1]), alpha=alpha_px[:rows, :columns], light=light_px[:rows, :columns]
    )


class Canvas(Protocol):
    """Where the painter draws, far things first."""

    def polygon(self, polygon_px: NDArray[np.float64], colour: NDArray[np.float64], owner: int) -> None:
        """A convex polygon (k, 2) of one lit BGR colour, belonging to planted thing `owner` (0 for scenery)."""
        ...

    def texture(
        self, quad_px: NDArray[np.float64], levels: list[NDArray[np.uint8]], light: NDArray[np.float64], owner: int
    ) -> None:
        """A quad (4, 2) with a picture stretched over it: `levels` halve in size, `light` is a BGR factor."""
        ...

    def leaves(self, centre_px: NDArray[np.float64], radius_px: float, colour: NDArray[np.float64], kind: int) -> None:
        """A leafy ball."""
        ...

    def plume(self, layer: Layer, colour: NDArray[np.float64], owner: int) -> None:
        """A soft patch."""
        ...


class ColourCanvas:
    """Draws into a (h, w, 3) uint8 BGR picture, in place."""

    def __init__(self, image: NDArray[np.uint8], sprites: Sprites) -> None:
        self.image = image
        self._sprites = sprites

    def polygon(self, polygon_px: NDArray[np.float64], colour: NDArray[np.float64], owner: int) -> None:
        """See `Canvas`."""
        del owner
        cv2.fillConvexPoly(self.image, _fixed(polygon_px), np.clip(colour, 0, 255).tolist(), cv2.LINE_AA, _FINE)

    def texture(
        self, quad_px: NDArray[np.float64], levels: list[NDArray[np.uint8]], light: NDArray[np.float64], owner: int
    ) -> None:
        """See `Canvas`."""
        del owner
        height, width = self.image.shape[:2]
        left, top = np.maximum(np.floor(quad_px.min(axis=0)).astype(int) - 1, 0)
        right, bottom = np.minimum(np.ceil(quad_px.max(axis=0)).astype(int) + 2, (width, height))
        if right <= left or bottom <= top:
            return
        sides = np.linalg.norm(quad_px - np.roll(quad_px, -1, axis=0), axis=1)
        shrink = levels[0].shape[0] / max(1.0, float(max(sides[1], sides[3])))
        picture = levels[int(np.clip(np.log2(max(shrink, 1.0)) + 0.3, 0, len(levels) - 1))]
        rows, columns = picture.shape[:2]
        source = np.array([[-0.5, -0.5], [columns - 0.5, -0.5], [columns - 0.5, rows - 0.5], [-0.5, rows - 0.5]])
        local = (quad_px - (left, top)).astype(np.float32)
        matrix = cv2.getPerspectiveTransform(source.astype(np.float32), local)
        size = (int(right - left), int(bottom - top))
        flat = cv2.warpPerspective(picture, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        mask = np.zeros((size[1], size[0]), np.uint8)
        cv2.fillConvexPoly(mask, _fixed(local), 255, cv2.LINE_AA, _FINE)
        share = mask.astype(np.float32)[..., None] / 255
        patch = self.image[top:bottom, left:right]
        patch[:] = np.clip(patch * (1 - share) + flat * light.astype(np.float32) * share, 0, 255).astype(np.uint8)

    def leaves(self, centre_px: NDArray[np.float64], radius_px: float, colour: NDArray[np.float64], kind: int) -> None:
        """See `Canvas`."""
        window = _window(centre_px, radius_px, (self.image.shape[0], self.image.shape[1]))
        if window is None or radius_px > 400:
            return
        top, bottom, left, right, y0, x0 = window
        size = max(2, round(2 * radius_px))
        alpha, tone = (
            cv2.resize(a, (size, size), interpolation=cv2.INTER_AREA)[
                top - y0 : bottom - y0, left - x0 : right - x0, None
            ]
            for a in self._sprites.leaves[kind % len(self._sprites.leaves)]
        )
        patch = self.image[top:bottom, left:right]
        patch[:] = np.clip(patch * (1 - alpha) + colour.astype(np.float32) * tone * alpha, 0, 255).astype(np.uint8)

    def plume(self, layer: Layer, colour: NDArray[np.float64], owner: int) -> None:
        """See `Canvas`."""
        del owner
        rows, columns = layer.alpha.shape
        patch = self.image[layer.top_px : layer.top_px + rows, layer.left_px : layer.left_px + columns]
        veil = layer.light[..., None] * colour.astype(np.float32)
        patch[:] = np.clip(patch * (1 - layer.alpha[..., None]) + veil, 0, 255).astype(np.uint8)


class OwnerCanvas:
    """Draws who is seen: a (h, w) uint16 map of owners, 0 for scenery and ground."""

    def __init__(self, size_px: tuple[int, int]) -> None:
        self.owners = np.zeros((size_px[1], size_px[0]), np.uint16)

    def polygon(self, polygon_px: NDArray[np.float64], colour: NDArray[np.float64], owner: int) -> None:
        """See `Canvas`."""
        del colour
        cv2.fillConvexPoly(self.owners, _fixed(polygon_px), owner, cv2.LINE_8, _FINE)

    def texture(
        self, quad_px: NDArray[np.float64], levels: list[NDArray[np.uint8]], light: NDArray[np.float64], owner: int
    ) -> None:
        """See `Canvas`."""
        del levels
        self.polygon(quad_px, light, owner)

    def leaves(self, centre_px: NDArray[np.float64], radius_px: float, colour: NDArray[np.float64], kind: int) -> None:
        """See `Canvas`."""
        del colour, kind
        window = _window(centre_px, 0.8 * radius_px, (self.owners.shape[0], self.owners.shape[1]))
        if window is not None:
            cv2.circle(self.owners, np.round(centre_px).astype(int).tolist(), round(0.9 * radius_px), 0, -1)

    def plume(self, layer: Layer, colour: NDArray[np.float64], owner: int) -> None:
        """See `Canvas`."""
        del colour
        rows, columns = layer.alpha.shape
        patch = self.owners[layer.top_px : layer.top_px + rows, layer.left_px : layer.left_px + columns]
        patch[layer.alpha > NOTICEABLE] = owner
