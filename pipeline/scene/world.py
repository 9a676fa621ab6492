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
from pipeline.scene.solids import Solid, Xy, beside
from pipeline.scene.truth import Planted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipeline.scene.layout import Scenery

ORIGIN_LAT_DEG = 30.3195
ORIGIN_LON_DEG = 120.1390
GROUND_ALT_AMSL_M = 6.0
GEOID_SEPARATION_M = 9.0
EYE_SPOTS: tuple[tuple[float, float, float], ...] = ((-12.0, -14.0, 11.0), (14.0, 14.0, 12.0))
"""East, north and height above ground of the two street cameras."""
_CONE_STEP_M = 1.15
_AMBIENT, _FROM_ABOVE, _DIRECT = 0.6, 0.08, 0.48


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class World:
    """Everything there is, from one seed.

    Attributes:
        seed: what it was built from.
        start_s: when the patrol may start, seconds since the Unix epoch, UTC.
        frame: local frame whose z = 0 is the flat ground.
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
    surfaces: tuple[Surface, ...]
    solids: tuple[Solid, ...]
    plumes: tuple[Plume, ...]
    planted: tuple[Planted, ...]
    sun_enu: NDArray[np.float64]
    light_bgr: tuple[float, float, float]
    haze: float

    def __post_init__(self) -> None:
        """Make the sun's direction read-only."""
        self.sun_enu.flags.writeable = False

    def light_on(self, normal: NDArray[np.float64]) -> NDArray[np.float64]:
        """(3,) BGR factor on the colour of what faces along a unit vector (3,), east, north, up.

        Source: Lambert's cosine law for the sun, with light from the sky added, a little more from above.
        """
        sun = max(0.0, float(normal @ self.sun_enu))
        light: NDArray[np.float64] = np.array(self.light_bgr) * (_AMBIENT + _FROM_ABOVE * normal[2] + _DIRECT * sun)
        return light


class Planter:
    """Plants things at the demo place and writes down their truth.

    Attributes:
        rng: where chance comes from.
        frame: local frame whose z = 0 is the ground.
        planted: the truth of what was planted so far.
        discs: where each of them is and how far it reaches: east, north, radius in metres.
        solids: what is drawn of them.
        plumes: what drifts from them.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        ground_m = GROUND_ALT_AMSL_M + GEOID_SEPARATION_M
        self.frame = LocalFrame(
            origin=Geodetic(lat_deg=ORIGIN_LAT_DEG, lon_deg=ORIGIN_LON_DEG, alt_ellipsoid_m=ground_m)
        )
        self.planted: list[Planted] = []
        self.discs: list[tuple[float, float, float]] = []
        self.solids: list[Solid] = []
        self.plumes: list[Plume] = []

    def plant(
        self,
        truth_id: str,
        class_name: str,
        at_m: Xy,
        reason: str = "",
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
        position, *parts = (self.frame.geodetic_from_enu(np.array([*at, 0.0])) for at in (at_m, *(parts_m or [at_m])))
        self.planted.append(
            Planted(
                truth_id=truth_id,
                class_name=class_name,
                lawful=bool(reason),
                expected_reason=reason,
                position=position,
                radius_m=radius_m,
                parts=tuple(parts),
            )
        )
        self.discs.append((*at_m, radius_m))
        self.solids += solids
        self.plumes += plumes

    def world(
        self,
        seed: int,
        start_s: float,
        scenery: Scenery,
        *,
        sun_deg: tuple[float, float],
        light_bgr: tuple[float, float, float] = (1.0, 1.0, 1.0),
        haze: float = 0.08,
    ) -> World:
        """What was planted, amid scenery; `sun_deg` is the sun's azimuth and height."""
        azimuth, height = (math.radians(angle) for angle in sun_deg)
        flat = math.cos(height)
        return World(
            seed=seed,
            start_s=start_s,
            frame=self.frame,
            surfaces=scenery.surfaces,
            solids=(*scenery.solids, *self.solids),
            plumes=tuple(self.plumes),
            planted=tuple(self.planted),
            sun_enu=np.array([flat * math.sin(azimuth), flat * math.cos(azimuth), math.sin(height)]),
            light_bgr=light_bgr,
            haze=haze,
        )


class _DemoPlanter(Planter):
    """Six offences and four look-alikes, each jittered within the room its zone leaves."""

    def cones(self, truth_id: str, at_m: Xy, heading_deg: float, reason: str = "") -> None:
        """Three or four cones in a row along `heading_deg`, the row's middle at `at_m`."""
        count = int(self.rng.integers(3, 5))
        reach_m = (count - 1) / 2 * _CONE_STEP_M
        spots = [beside(at_m, heading_deg, i * _CONE_STEP_M - reach_m) for i in range(count)]
        solids = [cone(spot, truth_id) for spot in spots]
        self.plant(truth_id, "traffic_cone", at_m, reason, radius_m=reach_m + 0.25, parts_m=spots, solids=solids)

    def sign(self, truth_id: str, at_m: Xy, look: Callable[..., Solid], reason: str = "") -> None:
        """A sign, turned so that it is seen along either street."""
        heading = 45.0 + 90.0 * int(self.rng.integers(4)) + float(self.rng.uniform(-12, 12))
        solid = look(self.rng, at_m, heading, truth_id)
        self.plant(truth_id, "illegal_signage", at_m, reason, radius_m=1.2, solids=[solid])

    def dust(self, truth_id: str, at_m: Xy, reason: str = "") -> None:
        """A dust plume."""
        plume = dust_plume(self.rng, at_m, truth_id)
        self.plant(truth_id, "dust", at_m, reason, radius_m=5.0, plumes=[plume])

    def fumes(self, truth_id: str, at_m: Xy, reason: str = "") -> None:
        """A grill stall with its fumes."""
        plume = fumes_plume(self.rng, at_m, truth_id)
        stall = grill_stall(self.rng, at_m)
        self.plant(truth_id, "cooking_fumes", at_m, reason, radius_m=3.0, solids=stall, plumes=[plume])

    def plant_all(self) -> None:
        """Plant the demo's ten things."""

        def near(x: float, y: float, dx: float, dy: float) -> Xy:
            return x + float(self.rng.uniform(-dx, dx)), y + float(self.rng.uniform(-dy, dy))

        self.cones("cones-held-bay", near(-46, 4.8, 4, 0.2), 90.0)
        self.cones("cones-in-lane", near(0.0, 36, 3.5, 5), 0.0)
        self.sign("sign-pavement", near(-29, 12.3, 3, 0.6), standing_banner)
        self.sign("sign-corner", near(-62, -12.2, 4, 0.6), a_board)
        self.dust("dust-site", near(42, 35, 3, 3))
        self.fumes("fumes-plaza", near(-27, -30, 3, 2.5))
        self.cones("cones-works", near(48, -3.6, 2.0, 0.8), 90.0, "permit_valid")
        self.sign("sign-permitted", near(-62, 12.3, 3, 0.6), light_box, "permit_valid")
        self.dust("dust-lot", near(57, -36, 3, 3), "outside_zone")
        self.fumes("fumes-court", near(25, -31, 2.5, 2.5), "outside_schedule")

    def keep_off(self) -> list[tuple[float, float, float]]:
        """Discs the scenery leaves free: around planted things, and under what the street cameras look along."""
        free = [(x, y, radius_m + 2.2) for x, y, radius_m in self.discs]
        for x, y, _ in EYE_SPOTS:
            free.append((x, y, 6.0))
            for to_x, to_y, _ in self.discs:
                reach = math.hypot(to_x - x, to_y - y)
                if reach < 46:
                    shares = np.arange(0.4, 1.0, 3.0 / reach)
                    free += [(x + s * (to_x - x), y + s * (to_y - y), 1.5) for s in shares.tolist()]
        return free


def build_world(seed: int, *, start_s: float) -> World:
    """Build the demo's world.

    Args:
        seed: any integer; the same seed gives the same world.
        start_s: when the patrol may start, seconds since the Unix epoch, UTC.
    """
    rng = np.random.default_rng(seed)
    planter = _DemoPlanter(rng)
    planter.plant_all()
    scenery = lay_out(rng, planter.keep_off(), Palette())
    return planter.world(seed, start_s, scenery, sun_deg=(rng.uniform(150, 215), 52.0))
