"""The things that stand in the world, each built from solids at a place on the ground."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

import numpy as np

from pipeline.scene.signs import house_wall, sign_face
from pipeline.scene.solids import Bgr, Face, Solid, Xy, beam, beside, box, frustum, one_of, rectangle, ring

if TYPE_CHECKING:
    from pipeline.scene.solids import Texture

CAR_COLOURS: tuple[Bgr, ...] = (
    (225, 225, 225), (45, 45, 48), (120, 118, 116), (160, 90, 40), (40, 40, 150), (170, 165, 160), (80, 90, 60),
)  # fmt: skip
WALL_COLOURS: tuple[Bgr, ...] = ((165, 190, 205), (190, 196, 200), (130, 150, 175), (175, 175, 165), (150, 170, 190))
AWNING_COLOURS: tuple[Bgr, ...] = ((45, 45, 185), (50, 45, 170), (120, 90, 40), (70, 120, 60))
CLOTH_COLOURS: tuple[Bgr, ...] = ((50, 45, 190), (150, 80, 30), (60, 130, 60), (215, 215, 215), (40, 150, 220))
ORANGE: Bgr = (25, 80, 240)
WHITE: Bgr = (225, 228, 230)
STEEL: Bgr = (110, 108, 105)
GLASS: Bgr = (70, 62, 55)
DIGGER: Bgr = (35, 165, 225)


def cone(
    at_m: Xy, truth_id: str, *, height_m: float = 0.9, colour_bgr: Bgr = ORANGE, bands: int = 2, tilt: float = 0.0
) -> Solid:
    """A traffic cone: dark square base, coloured body with white bands. `tilt` shifts its tip, in metres."""
    base_m = 0.48 * height_m
    faces = box(at_m, (base_m, base_m, 0.04), 20.0, (50, 48, 45))
    cuts = [0.05, 0.35, 0.52, 0.68, 0.82, 1.0] if bands == 2 else [0.05, 0.4, 0.66, 1.0]
    for i, (low, high) in enumerate(itertools.pairwise(cuts)):
        foot, tip = (ring((at_m[0] + tilt * s, at_m[1]), height_m * (0.19 - 0.15 * s), 10) for s in (low, high))
        faces += frustum(foot, tip, (low * height_m, high * height_m), WHITE if i % 2 and bands else colour_bgr)
    return Solid(faces=tuple(faces), truth_id=truth_id)


def a_board(
    rng: np.random.Generator, at_m: Xy, heading_deg: float, truth_id: str, size_m: Xy = (1.2, 1.15 * 1.2)
) -> Solid:
    """Two printed panels leaning against each other."""
    width_m, height_m = size_m
    front = sign_face(rng, width_m, height_m)
    back = front if rng.random() < 0.6 else sign_face(rng, width_m, height_m)
    bottom, top = (rectangle(at_m, depth_m, width_m, heading_deg) for depth_m in (0.85 * height_m, 0.06))
    faces = frustum(bottom, top, (0.02, height_m), (60, 60, 60), textures=(front, None, back))
    return Solid(faces=tuple(faces), truth_id=truth_id)


def standing_banner(
    rng: np.random.Generator, at_m: Xy, heading_deg: float, truth_id: str, size_m: Xy = (2.4, 1.5)
) -> Solid:
    """Two printed boards back to back on a frame with feet, a little above the ground."""
    width_m, height_m = size_m
    faces: list[Face] = []
    for side in (-0.46, 0.46):
        heel, toe = (np.array([*beside(at_m, heading_deg, reach, side * width_m), 0.04]) for reach in (-0.5, 0.5))
        faces += beam(heel, toe, 0.07, STEEL)
    front, other = sign_face(rng, width_m, height_m), sign_face(rng, width_m, height_m)
    back = front if rng.random() < 0.6 else other
    bottom, top = (rectangle(at_m, depth_m, width_m, heading_deg) for depth_m in (0.8, 0.1))
    faces += frustum(bottom, top, (0.2, 0.2 + height_m), (70, 70, 70), textures=(front, None, back))
    return Solid(faces=tuple(faces), truth_id=truth_id)


def light_box(rng: np.random.Generator, at_m: Xy, heading_deg: float, truth_id: str, size_m: Xy = (1.1, 1.8)) -> Solid:
    """A thick printed box standing on the ground."""
    width_m, height_m = size_m
    front, side = sign_face(rng, width_m, height_m), sign_face(rng, 0.5, height_m)
    prints = (front, side, front, side)
    faces = box(at_m, (0.45, width_m, height_m), heading_deg, (90, 90, 90), base_z_m=0.05, textures=prints)
    return Solid(faces=tuple(faces), truth_id=truth_id)


def roll_up(rng: np.random.Generator, at_m: Xy, heading_deg: float, truth_id: str, size_m: Xy = (1.0, 2.0)) -> Solid:
    """A tall thin panel leaning back."""
    width_m, height_m = size_m
    front = sign_face(rng, width_m, height_m)
    bottom = rectangle(at_m, 0.12, width_m, heading_deg)
    top = rectangle(beside(at_m, heading_deg, -0.35), 0.05, width_m, heading_deg)
    faces = frustum(bottom, top, (0.0, height_m), (200, 200, 200), textures=(front, None, front))
    return Solid(faces=tuple(faces), truth_id=truth_id)


def car(rng: np.random.Generator, at_m: Xy, heading_deg: float, *, van: bool = False) -> Solid:
    """A parked car, or a white van."""
    paint = (232.0, 232.0, 230.0) if van else one_of(rng, CAR_COLOURS)
    length_m, width_m = (5.3, 1.95) if van else (float(rng.uniform(4.2, 4.8)), 1.82)
    faces: list[Face] = []
    for end in (-0.3, 0.3):
        axle = beside(at_m, heading_deg, end * length_m)
        faces += box(axle, (0.65, width_m + 0.04, 0.6), heading_deg, (35, 35, 35))
    if van:
        faces += box(at_m, (length_m, width_m, 1.1), heading_deg, paint, base_z_m=0.3, inset_m=0.03)
        faces += box(at_m, (length_m - 0.1, width_m - 0.06, 0.75), heading_deg, paint, base_z_m=1.4, inset_m=0.12)
        nose = beside(at_m, heading_deg, 0.36 * length_m)
        faces += box(nose, (1.2, width_m - 0.05, 0.5), heading_deg, GLASS, base_z_m=1.35, inset_m=0.15, top_bgr=paint)
    else:
        faces += box(at_m, (length_m, width_m, 0.55), heading_deg, paint, base_z_m=0.28, inset_m=0.08)
        cabin = beside(at_m, heading_deg, -0.25)
        sill = rectangle(cabin, 0.58 * length_m, width_m - 0.16, heading_deg)
        roof = rectangle(cabin, 0.36 * length_m, width_m - 0.5, heading_deg)
        faces += frustum(sill, roof, (0.83, 1.45), GLASS, top_bgr=paint)
    return Solid(faces=tuple(faces))


def house(
    rng: np.random.Generator, at_m: Xy, size_m: tuple[float, float, float], roof: Texture, *, shop: bool
) -> Solid:
    """A flat-roofed house module facing south or north, with a unit or two on its roof and perhaps an awning."""
    depth_m, width_m, height_m = size_m
    wall = one_of(rng, WALL_COLOURS)
    walls = [
        house_wall(rng, side_m, height_m, wall, shop=front) for side_m, front in ((width_m, shop), (depth_m, False)) * 2
    ]
    faces = box(at_m, size_m, 0.0, wall, textures=(*walls, roof))
    for _ in range(int(rng.integers(1, 4))):
        spot = (at_m[0] + rng.uniform(-0.3, 0.3) * width_m, at_m[1] + rng.uniform(-0.3, 0.3) * depth_m)
        tone = float(rng.uniform(110, 215))
        size = (float(rng.uniform(0.8, 2.2)), float(rng.uniform(0.8, 1.8)), float(rng.uniform(0.5, 1.2)))
        faces += box(spot, size, 0.0, (tone, tone, tone * 0.97), base_z_m=height_m)
    if shop and rng.random() < 0.45:
        awning = one_of(rng, AWNING_COLOURS)
        strip = beside(at_m, 0.0 if at_m[1] < 0 else 180.0, depth_m / 2 + 0.6)
        faces += box(strip, (1.2, width_m * 0.85, 0.15), 0.0, awning, base_z_m=2.7)
    return Solid(faces=tuple(faces))


def tree(rng: np.random.Generator, at_m: Xy, height_m: float) -> Solid:
    """A street tree: a trunk under a crown of leafy balls, lighter towards the top."""
    trunk = frustum(ring(at_m, 0.14, 6), ring(at_m, 0.1, 6), (0, height_m * 0.6), (50, 65, 80))
    crown_m, n = height_m * 0.34, 16
    angle, reach = rng.uniform(0, 2 * np.pi, n), crown_m * np.sqrt(rng.uniform(0.02, 0.8, n))
    x, y = at_m[0] + reach * np.cos(angle), at_m[1] + reach * np.sin(angle)
    z = np.sort(rng.uniform(0.5, 0.95, n)) * height_m
    blobs = np.stack((x, y, z, crown_m * rng.uniform(0.35, 0.55, n)), axis=-1)
    tone = np.linspace(0.62, 1.15, n)[:, None] * rng.uniform(0.9, 1.1, (n, 1))
    return Solid(faces=tuple(trunk), blobs_m=blobs, blobs_bgr=np.array([[52.0, 104.0, 78.0]]) * tone)


def hoarding(start_m: Xy, end_m: Xy, colour_bgr: Bgr, height_m: float = 2.0) -> list[Solid]:
    """A site fence as separate panels of about four metres, so that each sorts by its own distance."""
    length_m = math.dist(start_m, end_m)
    count = max(1, round(length_m / 4))
    heading = math.degrees(math.atan2(end_m[0] - start_m[0], end_m[1] - start_m[1]))
    size = (length_m / count, 0.08, height_m)
    middles = [beside(start_m, heading, size[0] * (i + 0.5)) for i in range(count)]
    return [Solid(faces=tuple(box(m, size, heading, colour_bgr, top_bgr=(225, 225, 225)))) for m in middles]


def heap(at_m: Xy, radius_m: float, colour_bgr: Bgr) -> Solid:
    """A stockpile."""
    foot, waist, tip = (ring(at_m, radius_m * share, 14) for share in (1.0, 0.55, 0.1))
    faces = frustum(foot, waist, (0.0, radius_m * 0.4), colour_bgr)
    faces += frustum(waist, tip, (radius_m * 0.4, radius_m * 0.62), colour_bgr)
    return Solid(faces=tuple(faces))


def excavator(at_m: Xy, heading_deg: float) -> Solid:
    """A yellow digger: tracks, turret, cab, a boom in two pieces with a bucket."""
    faces: list[Face] = []
    for side in (-1.0, 1.0):
        faces += box(beside(at_m, heading_deg, 0, side), (3.6, 0.6, 0.8), heading_deg, (45, 45, 45))
    faces += box(at_m, (3.2, 2.5, 1.1), heading_deg, DIGGER, base_z_m=0.9)
    cab = beside(at_m, heading_deg, 0.7, -0.7)
    faces += box(cab, (1.4, 1.0, 1.1), heading_deg, (80, 70, 60), base_z_m=2.0, top_bgr=DIGGER)
    joints = ((1.2, 1.8), (3.4, 4.2), (5.6, 2.6), (5.3, 0.6))
    points = [np.array([*beside(at_m, heading_deg, reach, 0.3), z]) for reach, z in joints]
    limbs = ((0.5, DIGGER), (0.4, DIGGER), (0.7, (60, 60, 60)))
    for (start, end), (width, colour) in zip(itertools.pairwise(points), limbs, strict=True):
        faces += beam(start, end, width, colour)
    return Solid(faces=tuple(faces))


def grill_stall(rng: np.random.Generator, at_m: Xy) -> list[Solid]:
    """An open grill with glowing coals, and a canopied table beside it, clear of the grill."""
    grill = box(at_m, (0.5, 1.3, 0.85), 90.0 * int(rng.integers(2)), (60, 58, 56), top_bgr=(40, 60, 120))
    side = (at_m[0] + float(rng.choice([-2.6, 2.6])), at_m[1] + float(rng.uniform(-0.5, 0.5)))
    return [Solid(faces=tuple(grill)), canopy(rng, side)]


def canopy(rng: np.random.Generator, at_m: Xy) -> Solid:
    """A table under a square canopy on posts."""
    cloth = one_of(rng, CLOTH_COLOURS)
    faces = box(at_m, (0.9, 1.8, 0.8), 0.0, (120, 135, 150))
    for x, y in rectangle(at_m, 2.3, 2.3, 0.0).tolist():
        faces += box((x, y), (0.06, 0.06, 2.2), 0.0, STEEL)
    faces += box(at_m, (2.6, 2.6, 0.6), 0.0, cloth, base_z_m=2.2, inset_m=1.0)
    return Solid(faces=tuple(faces))


def person(rng: np.random.Generator, at_m: Xy) -> Solid:
    """Somebody standing: legs, a coloured coat, a head."""
    b, g, r = (float(c) for c in rng.uniform(30, 200, 3))
    heading = float(rng.uniform(0, 180))
    faces = box(at_m, (0.22, 0.32, 0.85), heading, (60, 50, 45))
    faces += box(at_m, (0.26, 0.46, 0.6), heading, (b, g, r), base_z_m=0.85, inset_m=0.03)
    faces += frustum(ring(at_m, 0.1, 6), ring(at_m, 0.09, 6), (1.45, 1.72), (80, 100, 140), top_bgr=(30, 30, 30))
    return Solid(faces=tuple(faces))
