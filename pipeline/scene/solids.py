"""Solids: convex frusta with flat or textured faces, and leafy blobs. Metres, east-north-up, ground at z = 0.

A face's corners run clockwise seen from outside, starting top left, so that in the picture (y down) a face turned
towards the lens has positive area and a texture lies the right way up.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray  # noqa: TC002 - a dataclass field's type

Bgr = tuple[float, float, float]


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
    texture: NDArray[np.uint8] | None = None

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


def rectangle(
    centre_m: tuple[float, float], length_m: float, width_m: float, heading_deg: float
) -> NDArray[np.float64]:
    """(4, 2) corners of a rectangle whose length points along `heading_deg`, clockwise seen from above."""
    turn = math.radians(heading_deg)
    along = np.array([math.sin(turn), math.cos(turn)]) * length_m / 2
    right = np.array([math.cos(turn), -math.sin(turn)]) * width_m / 2
    corners: NDArray[np.float64] = np.array(centre_m) + np.array(
        [along - right, along + right, -along + right, -along - right]
    )
    return corners


def ring(centre_m: tuple[float, float], radius_m: float, sides: int) -> NDArray[np.float64]:
    """(sides, 2) a regular polygon, clockwise seen from above."""
    turn = -np.linspace(0, 2 * np.pi, sides, endpoint=False)
    corners: NDArray[np.float64] = np.array(centre_m) + radius_m * np.stack((np.cos(turn), np.sin(turn)), axis=-1)
    return corners


def frustum(
    bottom_m: NDArray[np.float64],
    top_m: NDArray[np.float64],
    from_z_m: float,
    to_z_m: float,
    colour_bgr: Bgr,
    *,
    top_bgr: Bgr | None = None,
    walls: tuple[NDArray[np.uint8] | None, ...] = (),
    roof: NDArray[np.uint8] | None = None,
) -> list[Face]:
    """Side faces and the top between two outlines of equal length.

    Args:
        bottom_m: (k, 2) clockwise seen from above.
        top_m: (k, 2) likewise.
        from_z_m: height of the bottom.
        to_z_m: height of the top.
        colour_bgr: of the sides.
        top_bgr: of the top; as the sides when None.
        walls: textures of the first sides, side i between corners i and i + 1.
        roof: texture of the top.
    """
    low = np.column_stack((bottom_m, np.full(len(bottom_m), from_z_m)))
    high = np.column_stack((top_m, np.full(len(top_m), to_z_m)))
    sides = []
    for i in range(len(low)):
        j = (i + 1) % len(low)
        texture = walls[i] if i < len(walls) else None
        sides.append(
            Face(corners_m=np.array([high[j], high[i], low[i], low[j]]), colour_bgr=colour_bgr, texture=texture)
        )
    return [*sides, Face(corners_m=high, colour_bgr=top_bgr or colour_bgr, texture=roof)]


def box(
    centre_m: tuple[float, float],
    size_m: tuple[float, float, float],
    heading_deg: float,
    colour_bgr: Bgr,
    *,
    base_z_m: float = 0.0,
    inset_m: float = 0.0,
    top_bgr: Bgr | None = None,
    walls: tuple[NDArray[np.uint8] | None, ...] = (),
    roof: NDArray[np.uint8] | None = None,
) -> list[Face]:
    """A box of length, width, height; `inset_m` narrows its top on every side. Walls: front, right, back, left."""
    length, width, height = size_m
    return frustum(
        rectangle(centre_m, length, width, heading_deg),
        rectangle(centre_m, length - 2 * inset_m, width - 2 * inset_m, heading_deg),
        base_z_m,
        base_z_m + height,
        colour_bgr,
        top_bgr=top_bgr,
        walls=walls,
        roof=roof,
    )


def beam(start_m: NDArray[np.float64], end_m: NDArray[np.float64], width_m: float, colour_bgr: Bgr) -> list[Face]:
    """A straight square bar between two points, its ends open."""
    axis = (end_m - start_m) / np.linalg.norm(end_m - start_m)
    side = np.cross(axis, (0.0, 0.0, 1.0) if abs(axis[2]) < 0.9 else (1.0, 0.0, 0.0))
    side *= width_m / 2 / np.linalg.norm(side)
    up = np.cross(side, axis)
    rim = [side + up, side - up, -side - up, -side + up]
    return [
        Face(
            corners_m=np.array(
                [start_m + rim[i], end_m + rim[i], end_m + rim[(i + 1) % 4], start_m + rim[(i + 1) % 4]]
            ),
            colour_bgr=colour_bgr,
        )
        for i in range(4)
    ]
