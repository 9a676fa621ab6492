"""Solids: convex frusta with flat or textured faces, and leafy blobs. Metres, east-north-up, ground at z = 0.

A face's corners run clockwise seen from outside, starting top left, so that in the picture (y down) a face turned
towards the lens has positive area and a texture lies the right way up.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

Bgr = tuple[float, float, float]
Thing = TypeVar("Thing")
Xy = tuple[float, float]
Range = tuple[float, float]
Texture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Face:
    """A convex polygon.

    Attributes:
        corners_m: (k, 3) clockwise seen from outside.
        colour_bgr: before light.
        texture: (h, w, 3) uint8 BGR stretched over a quad, instead of the colour.
    """

    corners_m: NDArray[np.float64]
    colour_bgr: Bgr
    texture: Texture | None = None

    def __post_init__(self) -> None:
        """Make the arrays read-only."""
        self.corners_m.flags.writeable = False
        if self.texture is not None:
            self.texture.flags.writeable = False

    @property
    def normal(self) -> NDArray[np.float64]:
        """(3,) outward unit vector."""
        a, b, c = self.corners_m[:3]
        n = np.cross(c - b, b - a)
        unit: NDArray[np.float64] = n / max(float(np.linalg.norm(n)), 1e-12)
        return unit


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Solid:
    """What is drawn as one thing, in the order of its faces, then its blobs.

    Attributes:
        faces: drawn first to last; hidden ones are left out.
        blobs_m: (n, 4) centre and radius of leafy balls.
        blobs_bgr: (n, 3) their colours.
        truth_id: which planted thing this is a part of; empty for scenery.
    """

    faces: tuple[Face, ...]
    blobs_m: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 4)))
    blobs_bgr: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 3)))
    truth_id: str = ""

    def __post_init__(self) -> None:
        """Make the arrays read-only."""
        self.blobs_m.flags.writeable = False
        self.blobs_bgr.flags.writeable = False

    @property
    def vertices_m(self) -> NDArray[np.float64]:
        """(n, 3) every corner and blob centre."""
        return np.concatenate([*(f.corners_m for f in self.faces), self.blobs_m[:, :3]])


def one_of(rng: np.random.Generator, things: Sequence[Thing]) -> Thing:
    """One of some things, each as likely."""
    return things[int(rng.integers(len(things)))]


def toned(colour_bgr: Bgr, tone: float) -> Bgr:
    """A colour made lighter or darker by a factor."""
    b, g, r = colour_bgr
    return b * tone, g * tone, r * tone


def beside(at_m: Xy, heading_deg: float, ahead_m: float, right_m: float = 0.0) -> Xy:
    """The spot so far ahead and to the right of `at_m` for somebody who looks along `heading_deg`."""
    turn = math.radians(heading_deg)
    east, north = math.sin(turn), math.cos(turn)
    return at_m[0] + ahead_m * east + right_m * north, at_m[1] + ahead_m * north - right_m * east


def rectangle(centre_m: Xy, length_m: float, width_m: float, heading_deg: float) -> NDArray[np.float64]:
    """(4, 2) corners of a rectangle whose length points along `heading_deg`, clockwise seen from above."""
    ahead, right = length_m / 2, width_m / 2
    corners = ((ahead, -right), (ahead, right), (-ahead, right), (-ahead, -right))
    return np.array([beside(centre_m, heading_deg, *corner) for corner in corners])


def ring(centre_m: Xy, radius_m: float, sides: int) -> NDArray[np.float64]:
    """(sides, 2) a regular polygon, clockwise seen from above."""
    turn = -np.linspace(0, 2 * np.pi, sides, endpoint=False)
    corners: NDArray[np.float64] = np.array(centre_m) + radius_m * np.stack((np.cos(turn), np.sin(turn)), axis=-1)
    return corners


def frustum(
    bottom_m: NDArray[np.float64],
    top_m: NDArray[np.float64],
    heights_m: tuple[float, float],
    colour_bgr: Bgr,
    *,
    top_bgr: Bgr | None = None,
    textures: Sequence[Texture | None] = (),
) -> list[Face]:
    """Side faces and the top between two outlines of equal length.

    Args:
        bottom_m: (k, 2) clockwise seen from above.
        top_m: (k, 2) likewise.
        heights_m: of the bottom and the top.
        colour_bgr: of the sides.
        top_bgr: of the top; as the sides when None.
        textures: of the first faces; side i stands between corners i and i + 1, the top is the last.
    """
    low, high = (
        np.column_stack((outline, np.full(len(outline), z_m)))
        for outline, z_m in zip((bottom_m, top_m), heights_m, strict=True)
    )
    after = np.roll(np.arange(len(low)), -1)
    corners = [np.array([high[j], high[i], low[i], low[j]]) for i, j in enumerate(after)] + [high]
    colours = [colour_bgr] * len(low) + [top_bgr or colour_bgr]
    return [
        Face(corners_m=c, colour_bgr=paint, texture=texture)
        for c, paint, texture in itertools.zip_longest(corners, colours, textures)
    ]


def box(
    centre_m: Xy,
    size_m: tuple[float, float, float],
    heading_deg: float,
    colour_bgr: Bgr,
    *,
    base_z_m: float = 0.0,
    inset_m: float = 0.0,
    top_bgr: Bgr | None = None,
    textures: Sequence[Texture | None] = (),
) -> list[Face]:
    """A box of length, width, height; `inset_m` narrows its top on every side. Faces: front, right, back, left, top."""
    length, width, height = size_m
    bottom = rectangle(centre_m, length, width, heading_deg)
    top = rectangle(centre_m, length - 2 * inset_m, width - 2 * inset_m, heading_deg)
    return frustum(bottom, top, (base_z_m, base_z_m + height), colour_bgr, top_bgr=top_bgr, textures=textures)


def beam(start_m: NDArray[np.float64], end_m: NDArray[np.float64], width_m: float, colour_bgr: Bgr) -> list[Face]:
    """A straight square bar between two points, its ends open."""
    axis = (end_m - start_m) / np.linalg.norm(end_m - start_m)
    side = np.cross(axis, (0.0, 0.0, 1.0) if abs(axis[2]) < 0.9 else (1.0, 0.0, 0.0))
    side *= width_m / 2 / np.linalg.norm(side)
    up = np.cross(side, axis)
    edges = [(start_m + rim, end_m + rim) for rim in (side + up, side - up, -side - up, -side + up)]
    return [
        Face(corners_m=np.array([*one, *other[::-1]]), colour_bgr=colour_bgr)
        for one, other in itertools.pairwise([*edges, edges[0]])
    ]
