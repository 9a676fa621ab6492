"""The demo's world: the scenery with offences and their lawful look-alikes planted where the law decides clearly."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray  # noqa: TC002 - a dataclass field's type

from geofences.local_frame import LocalFrame
from geofences.position import Geodetic
from pipeline.scene.ground import Surface  # noqa: TC001 - a dataclass field's type
from pipeline.scene.layout import Palette, lay_out
from pipeline.scene.plumes import Plume, dust_plume, fumes_plume
from pipeline.scene.props import a_board, cone, grill_stall, light_box, standing_banner
from pipeline.scene.solids import Solid  # noqa: TC001 - a dataclass field's type
from pipeline.scene.truth import Planted

if TYPE_CHECKING:
    from collections.abc import Sequence

Xy = tuple[float, float]

ORIGIN_LAT_DEG = 30.3195
ORIGIN_LON_DEG = 120.1390
GROUND_ALT_AMSL_M = 6.0
GEOID_SEPARATION_M = 9.0
EYE_SPOTS: tuple[tuple[float, float, float], ...] = ((-12.0, -14.0, 11.0), (14.0, 14.0, 12.0))
"""East, north and height above ground of the two street cameras."""
_CONE_STEP_M = 1.15


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class World:
    """Everything there is, from one seed.

    Attributes:
        seed: what it was built from.
        start_s: when the patrol may start, seconds since the Unix epoch, UTC.
        frame: local frame whose z = 0 is the ground.
        ground_alt_ellipsoid_m: height of the flat ground.
        surfaces: ground patches in painting order.
        solids: what stands.
        plumes: what drifts.
        planted: the truth.
        sun_enu: (3,) unit vector towards the sun.
        light_bgr: colour of the light, 1 = white.
        haze: share of the horizon's colour at 100 m.
    """

    seed: int
    start_s: float
    frame: LocalFrame
    ground_alt_ellipsoid_m: float
    surfaces: tuple[Surface, ...]
    solids: tuple[Solid, ...]
    plumes: tuple[Plume, ...]
    planted: tuple[Planted, ...]
    sun_enu: NDArray[np.float64]
    light_bgr: tuple[float, float, float] = (1.0, 1.0, 1.0)
    haze: float = 0.08

    def __post_init__(self) -> None:
        """Make the sun's direction read-only."""
        self.sun_enu.flags.writeable = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Planting:
    """A planted thing with what is drawn of it: its truth, its solids, its plumes and where scenery must keep off."""

    planted: Planted
    solids: tuple[Solid, ...]
    plumes: tuple[Plume, ...]
    at_m: Xy


def demo_frame() -> LocalFrame:
    """The local frame at the demo place, its origin on the ground."""
    return LocalFrame(
        origin=Geodetic(
            lat_deg=ORIGIN_LAT_DEG, lon_deg=ORIGIN_LON_DEG, alt_ellipsoid_m=GROUND_ALT_AMSL_M + GEOID_SEPARATION_M
        )
    )


def sun_towards(azimuth_deg: float, height_deg: float) -> NDArray[np.float64]:
    """(3,) east, north, up unit vector towards the sun."""
    azimuth, height = math.radians(azimuth_deg), math.radians(height_deg)
    flat = math.cos(height)
    sun: NDArray[np.float64] = np.array([flat * math.sin(azimuth), flat * math.cos(azimuth), math.sin(height)])
    return sun


class Planter:
    """Plants things and writes down their truth.

    Attributes:
        frame: local frame whose z = 0 is the ground.
        rng: where chance comes from.
        plantings: what was planted so far.
    """

    def __init__(self, frame: LocalFrame, rng: np.random.Generator) -> None:
        self.frame = frame
        self.rng = rng
        self.plantings: list[Planting] = []

    def plant(
        self,
        truth_id: str,
        class_name: str,
        at_m: Xy,
        reason: str,
        *,
        radius_m: float,
        parts_m: Sequence[Xy] = (),
        solids: Sequence[Solid] = (),
        plumes: Sequence[Plume] = (),
    ) -> None:
        """Plant one thing.

        Args:
            truth_id: unique in its world.
            class_name: what a detector should call it.
            at_m: its middle, east and north.
            reason: why it is lawful; empty when it is an offence.
            radius_m: how far it reaches.
            parts_m: where its parts stand; itself when empty.
            solids: what is drawn of it; those with a truth_id get a box of their own.
            plumes: what drifts from it.
        """
        spots = [self.frame.geodetic_from_enu(np.array([x, y, 0.0])) for x, y in (at_m, *(parts_m or [at_m]))]
        planted = Planted(
            truth_id=truth_id,
            class_name=class_name,
            lawful=bool(reason),
            expected_reason=reason,
            position=spots[0],
            radius_m=radius_m,
            parts=tuple(spots[1:]),
        )
        self.plantings.append(Planting(planted=planted, solids=tuple(solids), plumes=tuple(plumes), at_m=at_m))

    def cones(self, truth_id: str, at_m: Xy, heading_deg: float, reason: str = "") -> None:
        """Three or four cones in a row along `heading_deg`, the row's middle at `at_m`."""
        count, turn = int(self.rng.integers(3, 5)), math.radians(heading_deg)
        steps = (np.arange(count) - (count - 1) / 2) * _CONE_STEP_M
        spots = [(at_m[0] + float(s) * math.sin(turn), at_m[1] + float(s) * math.cos(turn)) for s in steps]
        solids = [cone(spot, truth_id) for spot in spots]
        radius_m = float(steps[-1]) + 0.25
        self.plant(truth_id, "traffic_cone", at_m, reason, radius_m=radius_m, parts_m=spots, solids=solids)

    def sign(self, truth_id: str, at_m: Xy, look: str, reason: str = "") -> None:
        """A sign of one `look` (banner, board, box), turned so that it is seen along either street."""
        heading = 45.0 + 90.0 * int(self.rng.integers(4)) + float(self.rng.uniform(-12, 12))
        if look == "banner":
            solid = standing_banner(self.rng, at_m, heading, truth_id)
        elif look == "board":
            solid = a_board(self.rng, at_m, heading, truth_id)
        else:
            solid = light_box(self.rng, at_m, heading, truth_id)
        self.plant(truth_id, "illegal_signage", at_m, reason, radius_m=1.2, solids=[solid])

    def dust(self, truth_id: str, at_m: Xy, reason: str = "", *, strength: float = 0.75) -> None:
        """A dust plume."""
        plume = dust_plume(self.rng, at_m, truth_id, strength=strength)
        self.plant(truth_id, "dust", at_m, reason, radius_m=5.0, plumes=[plume])

    def fumes(self, truth_id: str, at_m: Xy, reason: str = "", *, strength: float = 0.55) -> None:
        """A grill stall with its fumes."""
        plume = fumes_plume(self.rng, at_m, truth_id, strength=strength)
        stall = grill_stall(self.rng, at_m)
        self.plant(truth_id, "cooking_fumes", at_m, reason, radius_m=3.0, solids=stall, plumes=[plume])


def _plant_demo(planter: Planter) -> None:
    """Six offences and four look-alikes, each jittered within the room its zone leaves."""

    def near(x: float, y: float, dx: float, dy: float) -> Xy:
        return x + float(planter.rng.uniform(-dx, dx)), y + float(planter.rng.uniform(-dy, dy))

    planter.cones("cones-held-bay", near(-46, 4.8, 4, 0.2), 90.0)
    planter.cones("cones-in-lane", near(0.0, 36, 3.5, 5), 0.0)
    planter.sign("sign-pavement", near(-29, 12.3, 3, 0.6), "banner")
    planter.sign("sign-corner", near(-62, -12.2, 4, 0.6), "board")
    planter.dust("dust-site", near(42, 35, 3, 3))
    planter.fumes("fumes-plaza", near(-27, -30, 3, 2.5))
    planter.cones("cones-works", near(48, -3.6, 2.0, 0.8), 90.0, "permit_valid")
    planter.sign("sign-permitted", near(-62, 12.3, 3, 0.6), "box", "permit_valid")
    planter.dust("dust-lot", near(57, -36, 3, 3), "outside_zone")
    planter.fumes("fumes-court", near(25, -31, 2.5, 2.5), "outside_schedule")


def _keep_off(plantings: Sequence[Planting]) -> list[tuple[float, float, float]]:
    """Discs the scenery leaves free: around planted things, and under what the street cameras look along."""
    discs = [(*p.at_m, p.planted.radius_m + 2.2) for p in plantings]
    for x, y, _ in EYE_SPOTS:
        discs.append((x, y, 6.0))
        for p in plantings:
            reach = math.hypot(p.at_m[0] - x, p.at_m[1] - y)
            if reach < 46:
                shares = np.arange(0.4, 1.0, 3.0 / reach)
                discs += [(x + s * (p.at_m[0] - x), y + s * (p.at_m[1] - y), 1.5) for s in shares.tolist()]
    return discs


def build_world(seed: int, *, start_s: float) -> World:
    """Build the demo's world.

    Args:
        seed: any integer; the same seed gives the same world.
        start_s: when the patrol may start, seconds since the Unix epoch, UTC.
    """
    rng = np.random.default_rng(seed)
    planter = Planter(demo_frame(), rng)
    _plant_demo(planter)
    scenery = lay_out(rng, _keep_off(planter.plantings), Palette())
    return assemble(seed, start_s, planter, scenery.surfaces, scenery.solids, sun=(rng.uniform(150, 215), 52.0))


def assemble(
    seed: int,
    start_s: float,
    planter: Planter,
    surfaces: Sequence[Surface],
    solids: Sequence[Solid],
    *,
    sun: tuple[float, float],
    light_bgr: tuple[float, float, float] = (1.0, 1.0, 1.0),
    haze: float = 0.08,
) -> World:
    """Put scenery and plantings together; `sun` is its azimuth and height in degrees."""
    return World(
        seed=seed,
        start_s=start_s,
        frame=planter.frame,
        ground_alt_ellipsoid_m=planter.frame.origin.alt_ellipsoid_m,
        surfaces=tuple(surfaces),
        solids=(*solids, *(s for p in planter.plantings for s in p.solids)),
        plumes=tuple(plume for p in planter.plantings for plume in p.plumes),
        planted=tuple(p.planted for p in planter.plantings),
        sun_enu=sun_towards(*sun),
        light_bgr=light_bgr,
        haze=haze,
    )
