"""The scenery nobody is asked about: two crossing streets, houses, a building site, a dirt lot, trees, parked cars.

East-north-up metres about the crossing. What is planted later stays clear: scenery keeps away from given discs.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipeline.scene.ground import TEXTURED, Extent, Surface, fractal
from pipeline.scene.props import canopy, car, excavator, heap, hoarding, house, person, tree
from pipeline.scene.solids import Bgr, Solid, Xy, rectangle, ring, toned

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


PATROLLED = Extent(west_m=-80.0, south_m=-55.0, east_m=80.0, north_m=55.0)
ROAD_EW = Extent(west_m=-125.0, south_m=-9.0, east_m=125.0, north_m=9.0)
ROAD_NS = Extent(west_m=-8.0, south_m=-100.0, east_m=8.0, north_m=100.0)
SITE = Extent(west_m=22.0, south_m=19.0, east_m=64.0, north_m=52.0)
DIRT_LOT = Extent(west_m=40.0, south_m=-51.0, east_m=74.0, north_m=-21.0)
PLAZA = Extent(west_m=-42.0, south_m=-46.0, east_m=-13.0, north_m=-15.0)
FOOD_COURT = Extent(west_m=13.0, south_m=-46.0, east_m=37.0, north_m=-15.0)
FLATS = Extent(west_m=-62.0, south_m=37.0, east_m=-26.0, north_m=51.0)
BAY_MOUTH_M = 3.8
_BAY_M = 2.6
_BAYS_Y_M = (BAY_MOUTH_M + 9) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """Mean ground colours (BGR, before light)."""

    asphalt: Bgr = (92, 90, 88)
    pavement: Bgr = (150, 158, 165)
    soil: Bgr = (66, 98, 130)
    lot: Bgr = (80, 108, 132)
    grass: Bgr = (58, 100, 84)
    plaza: Bgr = (142, 150, 160)
    concrete: Bgr = (168, 172, 174)
    forecourt: Bgr = (140, 146, 150)
    paint: Bgr = (215, 218, 220)
    hoarding: Bgr = (150, 110, 60)


def _surface(outline_m: NDArray[np.float64], colour_bgr: Bgr, grain: str) -> Surface:
    return Surface(outline_m=outline_m, colour_bgr=colour_bgr, grain=grain)


def _stripe(centre_m: Xy, length_m: float, heading_deg: float, paint: Bgr, width_m: float = 0.15) -> Surface:
    return _surface(rectangle(centre_m, length_m, width_m, heading_deg), paint, "paint")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scenery:
    """What stands and lies about: `surfaces` in painting order, `solids` in any order."""

    surfaces: tuple[Surface, ...]
    solids: tuple[Solid, ...]


def _streets(rng: np.random.Generator, palette: Palette) -> list[Surface]:
    """Grass, pavements, carriageways with patches and stains, and the open places."""
    kerb: Bgr = (190, 192, 192)
    layers: tuple[tuple[Extent, float, Bgr, str], ...] = (
        (TEXTURED, 0.0, palette.grass, "grass"),
        (FLATS, 12.0, palette.concrete, "concrete"),
        (SITE, 0.0, palette.soil, "soil"),
        (DIRT_LOT, 0.0, palette.lot, "soil"),
        (PLAZA, 0.0, palette.plaza, "paving"),
        (FOOD_COURT, 0.0, palette.concrete, "concrete"),
        (ROAD_EW, 11.0, palette.forecourt, "concrete"),
        (ROAD_EW, 6.0, palette.pavement, "paving"),
        (ROAD_NS, 5.0, palette.pavement, "paving"),
        (ROAD_EW, 0.2, kerb, "concrete"),
        (ROAD_NS, 0.2, kerb, "concrete"),
        (ROAD_EW, 0.0, palette.asphalt, "asphalt"),
        (ROAD_NS, 0.0, palette.asphalt, "asphalt"),
    )
    found = [_surface(np.array(extent.corners_m(grow_m)), colour, grain) for extent, grow_m, colour, grain in layers]
    for _ in range(26):
        across = rng.random() < 0.6
        spot = (rng.uniform(-90, 90), rng.uniform(-5, 5)) if across else (rng.uniform(-4, 4), rng.uniform(-80, 80))
        colour = toned(palette.asphalt, float(rng.uniform(0.78, 1.16)))
        outline = rectangle(spot, rng.uniform(1, 7), rng.uniform(0.5, 2.5), 90.0 * int(rng.integers(2)))
        found.append(_surface(outline, colour, "asphalt"))
    for _ in range(8):
        spot = (rng.uniform(-75, 75), float(rng.choice([-12, 12])) + rng.uniform(-2, 2))
        found.append(_surface(rectangle(spot, 2.2, 1.6, 0.0), (185, 188, 190), "concrete"))
    return found


def _markings(paint: Bgr) -> list[Surface]:
    """Lane lines, zebra crossings, parking bays."""
    yellow: Bgr = (60, 175, 215)
    found = []
    for x in np.arange(-122.0, 122.0, 6.0):
        if abs(x) > 16:
            found += [_stripe((x, -5.8), 3.0, 90.0, paint), _stripe((x, -2.7), 6.0, 90.0, yellow)]
    for y in np.arange(-98.0, 98.0, 6.0):
        if abs(y) > 16:
            found += [_stripe((x, y), 3.0, 0.0, paint) for x in (-4.5, 4.5)] + [_stripe((0.0, y), 6.0, 0.0, yellow)]
    for side in (-1, 1):
        found += [_stripe((side * 11.0, y), 3.5, 90.0, paint, 0.45) for y in np.arange(-8.2, 8.5, 0.95)]
        found += [_stripe((x, side * 12.0), 3.5, 0.0, paint, 0.45) for x in np.arange(-7.2, 7.5, 0.95)]
    found += [_stripe((-x, _BAYS_Y_M), 9 - BAY_MOUTH_M, 0.0, paint, 0.12) for x in np.arange(16.0, 76.0, _BAY_M)]
    found.append(_stripe((-45.0, BAY_MOUTH_M), 60.0, 90.0, paint, 0.1))
    return found


def _houses(rng: np.random.Generator) -> list[Solid]:
    """Rows of shops set back from the pavements, flats behind and around, in modules about eight metres square."""
    noise = 1 + 0.07 * fractal(rng, 128, (64, 16, 4))[..., None]
    plots = [(x, 24.5, 9.0, 8.0, True) for x in np.arange(-72.0, -15.0, 8.3)]
    plots += [(x, -24.5, 9.0, 8.0, True) for x in np.arange(-72.0, -44.0, 8.3)]
    plots += [(x, 44.0, 10.0, 8.0, False) for x in np.arange(-57.0, -24.0, 8.3)]
    plots += [(x, y, 9.5, 10.0, False) for y in np.arange(-92.0, 100.0, 11.0) for x in (-100.0, 92.0) if abs(y) > 20]
    plots += [(x, y, 10.0, 9.0, False) for x in np.arange(-80.0, 84.0, 11.0) for y in (-72.0, 74.0) if abs(x) > 18]
    found = []
    for x, y, depth_m, width_m, shop in plots:
        tint = rng.uniform(105, 185) * np.array([rng.uniform(0.85, 1.05), 0.98, rng.uniform(0.95, 1.1)])
        roof = np.clip(np.rot90(noise, int(rng.integers(4))) * tint, 0, 255).astype(np.uint8)
        found.append(house(rng, (x, y), (depth_m, width_m, float(rng.uniform(6, 9))), roof, shop=shop))
    return found


def _site(rng: np.random.Generator, palette: Palette) -> list[Solid]:
    """The building site's fence, heaps and digger, kept to its edges."""
    south_west, south_east, north_east, north_west = SITE.corners_m()
    fence = (south_west, north_west, north_east, south_east, (SITE.west_m + 8, SITE.south_m))
    found = [panel for side in itertools.pairwise(fence) for panel in hoarding(*side, palette.hoarding)]
    found += [heap((27.5, 46.0), 4.0, toned(palette.soil, 1.15)), heap((57.5, 25.0), 3.0, (150, 155, 158))]
    found.append(excavator((54.0 + rng.uniform(-2, 2), 43.0), float(rng.uniform(180, 260))))
    for _ in range(5):
        spot = (float(rng.uniform(26, 34)), float(rng.uniform(23, 30)))
        found.append(heap(spot, 0.8, (120, 125, 130)))
    return found


def _street_life(rng: np.random.Generator, is_clear: NDArray[np.float64], traffic: float) -> list[Solid]:
    """Trees, cars, a van, people, a canopy without a fire; each only where the discs (x, y, radius) leave room."""

    def free(x: float, y: float, margin_m: float) -> bool:
        return bool((np.hypot(is_clear[:, 0] - x, is_clear[:, 1] - y) > is_clear[:, 2] + margin_m).all())

    found: list[Solid] = []
    spots = [(x, y) for x in np.arange(-88, 90, 11.0) for y in (-13.6, 13.6) if abs(x) > 16]
    spots += [(x, y) for y in np.arange(-88, 90, 12.0) for x in (-11.8, 11.8) if abs(y) > 20]
    spots += [
        (float(x), float(y))
        for x, y in rng.uniform((-90, -65), (90, 66), (46, 2))
        if (abs(y) > 53 and abs(x) > 16) or (x > 76 and abs(y) > 22)
    ]
    for x, y in spots:
        height = float(rng.uniform(4.2, 6.5))
        if free(x, y, 2.8):
            found.append(tree(rng, (x, y), height))
    bays = [(-x - _BAY_M / 2, _BAYS_Y_M, 0.0) for x in np.arange(16.0, 73.0, _BAY_M)]
    lanes = [(x, -4.3, 90.0) for x in np.arange(-85, 86, 14.0)] + [(x, 7.7, 90.0) for x in np.arange(20, 80, 7.0)]
    lanes += [(6.6, y, 0.0) for y in np.arange(-78, -20, 7.0)] + [(-6.6, y, 0.0) for y in np.arange(22, 80, 7.0)]
    for x, y, heading in bays + lanes:
        chance, turned = rng.random(), heading + 180.0 * int(rng.integers(2)) + rng.uniform(-2, 2)
        if chance < traffic and free(x, y, 1.6):
            found.append(car(rng, (x, y), turned, van=rng.random() < 0.12))
    for x, y in rng.uniform((-78, -16), (78, 16), (40, 2)):
        if abs(y) > 9.5 and free(x, y, 0.5):
            found.append(person(rng, (float(x), float(y))))
    found += [canopy(rng, spot) for spot in ((-19.0, -41.0), (31.5, -20.0)) if free(*spot, 2.0)]
    return found


def lay_out(
    rng: np.random.Generator, clear: Sequence[tuple[float, float, float]], palette: Palette, *, traffic: float = 0.5
) -> Scenery:
    """Build the scenery.

    Args:
        rng: where chance comes from.
        clear: discs (east, north, radius in metres) where nothing that stands may be.
        palette: ground colours.
        traffic: share of parking places taken, 0..1.
    """
    stains = [
        _surface(ring((x, y), r, 12), (70, 68, 66), "asphalt")
        for x, y, r in rng.uniform((-75, -8, 0.15), (75, 8, 0.5), (30, 3)).tolist()
    ]
    surfaces = [*_streets(rng, palette), *stains, *_markings(palette.paint)]
    discs = np.array([*clear]).reshape(-1, 3)
    solids = [*_houses(rng), *_site(rng, palette), *_street_life(rng, discs, traffic)]
    return Scenery(surfaces=tuple(surfaces), solids=tuple(solids))
