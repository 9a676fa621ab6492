"""Rendered training pictures: `python -m pipeline.scene.training_set OUT --seeds 40 --frames 15`.

The streets are the demo's, everything else varies far more: colours, light, sizes, sign designs, plumes, places.
Detectors may train on these; they are judged on real pictures only. Writes OUT/images, OUT/labels and OUT/READY.
"""

from __future__ import annotations

import argparse
import math
import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from geofences.attitude import Attitude
from geofences.camera import Camera
from geofences.pose import Pose
from pipeline.scene.cameras import SIZE_PX
from pipeline.scene.layout import DIRT_LOT, PATROLLED, SITE, Palette, lay_out
from pipeline.scene.plumes import dust_plume, fumes_plume
from pipeline.scene.props import a_board, canopy, cone, grill_stall, light_box, roll_up, standing_banner
from pipeline.scene.render import SceneRenderer
from pipeline.scene.solids import Solid, box, one_of
from pipeline.scene.world import Planter

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.scene.plumes import Plume
    from pipeline.scene.render import Labels
    from pipeline.scene.solids import Bgr, Range, Xy
    from pipeline.scene.world import World

_START_S = 1.7e9
_CONE_COLOURS: tuple[Bgr, ...] = ((25, 80, 240), (15, 60, 225), (30, 110, 245), (40, 45, 215), (60, 120, 235))
_CLUTTER_COLOURS: tuple[Bgr, ...] = (
    (40, 40, 190), (25, 90, 230), (160, 110, 40), (60, 140, 60), (200, 200, 205), (60, 190, 220), (60, 60, 60),
)  # fmt: skip
_SIGNS: tuple[tuple[Callable[..., Solid], Range, Range | None], ...] = (
    (a_board, (0.7, 1.6), None),
    (standing_banner, (1.6, 3.6), (0.9, 1.9)),
    (light_box, (0.7, 1.4), (1.2, 2.2)),
    (roll_up, (0.7, 1.3), (1.5, 2.2)),
)
"""What is drawn, its range of widths and of heights in metres; a board's height follows from its width."""


def _vary(rng: np.random.Generator, colour: Bgr, spread: float) -> Bgr:
    tone = rng.uniform(1 - spread, 1 + spread)
    b, g, r = (float(np.clip(c * tone * rng.uniform(0.93, 1.07), 10, 245)) for c in colour)
    return b, g, r


class _Garden(Planter):
    """Plants at random, never two things in one place.

    Attributes:
        taken: discs (east, north, radius m) in use.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        super().__init__(rng)
        self.taken: list[tuple[float, float, float]] = []

    def spot(self, radius_m: float) -> Xy:
        """A free place on a street, a pavement or an open place, now in use."""
        for _ in range(200):
            kind = self.rng.random()
            x, y = PATROLLED.random_spot(self.rng)
            if kind < 0.45:
                y = float(self.rng.uniform(-16, 16))
            elif kind < 0.65:
                x = float(self.rng.uniform(-13, 13))
            housed = x < -12 and (19 < abs(y) < 51) and not (x > -41 and y < -15)
            if not housed and all(math.hypot(x - a, y - b) > radius_m + r for a, b, r in self.taken):
                break
        self.taken.append((x, y, radius_m))
        return x, y

    def cones(self, number: int) -> None:
        """A row, an arc, or a few strewn cones of one make; a few lie tilted."""
        rng, centre = self.rng, self.spot(4.0)
        height_m, bands = float(rng.uniform(0.5, 1.05)), int(rng.choice([2, 2, 1, 0]))
        colour = _vary(rng, one_of(rng, _CONE_COLOURS), 0.12)
        count, step, turn = int(rng.integers(1, 7)), rng.uniform(0.8, 2.2), rng.uniform(0, 2 * np.pi)
        bend = rng.uniform(-0.25, 0.25)
        for i in range(count):
            reach = (i - (count - 1) / 2) * step
            at = (centre[0] + reach * math.cos(turn + bend * i), centre[1] + reach * math.sin(turn + bend * i))
            name, tilt = f"c{number}-{i}", float(rng.normal(0, 0.02))
            solid = cone(at, name, height_m=height_m, colour_bgr=colour, bands=bands, tilt=tilt)
            self.plant(name, "traffic_cone", at, radius_m=1.0, solids=[solid])

    def sign(self, number: int) -> None:
        """One of four kinds of sign, any size, turned any way."""
        rng, at, heading = self.rng, self.spot(2.5), float(self.rng.uniform(0, 360))
        look, widths_m, heights_m = one_of(rng, _SIGNS)
        width_m = float(rng.uniform(*widths_m))
        size_m = (width_m, float(rng.uniform(*heights_m)) if heights_m else 1.15 * width_m)
        solid = look(rng, at, heading, f"s{number}", size_m)
        self.plant(solid.truth_id, "illegal_signage", at, radius_m=1.0, solids=[solid])

    def dust(self, number: int) -> None:
        """A dust plume, mostly over bare soil."""
        rng = self.rng
        bare = rng.random() < 0.75
        at = one_of(rng, (SITE, DIRT_LOT)).random_spot(rng, 4.0) if bare else self.spot(5.0)
        self.taken.append((*at, 3.0))
        self.smoke("dust", dust_plume, at, f"d{number}")

    def fumes(self, number: int) -> None:
        """Fumes over a grill beside a canopy."""
        self.smoke("cooking_fumes", fumes_plume, self.spot(4.0), f"f{number}")

    def smoke(self, class_name: str, make: Callable[..., Plume], at: Xy, name: str) -> None:
        """A plume of another strength, size, colour and liveliness than usual."""
        rng = self.rng
        strength, plume = float(rng.uniform(0.45, 0.95)), make(rng, at, name)
        stall = grill_stall(rng, at) if class_name == "cooking_fumes" else []
        size, colour = float(rng.uniform(0.6, 1.7)), _vary(rng, plume.colour_bgr, 0.1)
        wide, thick, growing, rising = (size * float(rng.uniform(0.8, 1.25)) for _ in range(4))
        east_m_s, north_m_s = plume.wind_m_s
        varied = replace(
            plume,
            strength=strength,
            colour_bgr=colour,
            source_radius_m=plume.source_radius_m * wide,
            radius_m=plume.radius_m * thick,
            growth_m_s=plume.growth_m_s * growing,
            rise_m_s=plume.rise_m_s * rising,
            life_s=plume.life_s * float(rng.uniform(0.7, 1.3)),
            wind_m_s=(east_m_s * float(rng.uniform(0.6, 1.8)), north_m_s * float(rng.uniform(0.6, 1.8))),
        )
        self.plant(name, class_name, at, radius_m=1.0, solids=stall, plumes=[varied])

    def clutter(self) -> list[Solid]:
        """Boxes, barriers, bollards and canopies in the colours of what is sought: nothing a detector is asked for."""
        rng, found = self.rng, []
        for _ in range(int(rng.integers(8, 22))):
            at = self.spot(1.5)
            colour = _vary(rng, one_of(rng, _CLUTTER_COLOURS), 0.2)
            length, width, height = (float(v) for v in rng.uniform((0.2, 0.2, 0.15), (2.5, 1.2, 1.4)))
            faces = box(at, (length, width, height), float(rng.uniform(0, 180)), colour, inset_m=0.08)
            found.append(Solid(faces=tuple(faces)))
        return found + [canopy(rng, self.spot(2.5)) for _ in range(int(rng.integers(1, 5)))]


def training_world(seed: int) -> World:
    """A world with random plantings of all four classes and clutter."""
    rng = np.random.default_rng([seed, 77])
    garden = _Garden(rng)
    many = ((garden.cones, 9, 15), (garden.sign, 12, 20), (garden.dust, 5, 9), (garden.fumes, 6, 10))
    for plant, low, high in many:
        for number in range(int(rng.integers(low, high))):
            plant(number)
    clutter = garden.clutter()
    palette = Palette(**{f.name: _vary(rng, getattr(Palette(), f.name), 0.22) for f in fields(Palette)})
    clear = [(x, y, r * 0.6) for x, y, r in garden.taken]
    scenery = lay_out(rng, clear, palette, traffic=float(rng.uniform(0.2, 0.8)))
    gain, warmth = float(rng.uniform(0.75, 1.35)), float(rng.uniform(-0.12, 0.12))
    return garden.world(
        seed,
        _START_S,
        replace(scenery, solids=(*scenery.solids, *clutter)),
        sun_deg=(float(rng.uniform(90, 270)), float(rng.uniform(25, 75))),
        light_bgr=(gain * (1 - warmth), gain, gain * (1 + warmth)),
        haze=float(rng.uniform(0.02, 0.25)),
    )


def random_look(rng: np.random.Generator, world: World) -> tuple[Camera, Pose]:
    """A drone's or a street camera's look, near something planted more often than not."""
    aerial = rng.random() < 0.7
    height_m = float(rng.uniform(25, 45) if aerial else rng.uniform(8, 12))
    pitch_deg = float(rng.uniform(-90, -35) if aerial else rng.uniform(-42, -17))
    yaw_deg = float(rng.uniform(0, 360))
    x, y = PATROLLED.random_spot(rng)
    if rng.random() < 0.8:
        planted = one_of(rng, world.planted)
        at = world.frame.enu_from_geodetic(planted.position)
        off_axis = pitch_deg + float(rng.uniform(-12, 12))
        ahead = height_m / math.tan(math.radians(float(np.clip(-off_axis, 15, 89))))
        aside = math.radians(yaw_deg + rng.uniform(-22, 22))
        x, y = float(at[0]) - ahead * math.sin(aside), float(at[1]) - ahead * math.cos(aside)
    attitude = Attitude(yaw_deg=yaw_deg, pitch_deg=pitch_deg, roll_deg=float(rng.normal(0, 1.5)))
    position = world.frame.geodetic_from_enu(np.array([x, y, height_m]))
    hfov_deg = float(rng.uniform(55, 75) if aerial else rng.uniform(55, 88))
    camera = Camera.from_fov(size_px=SIZE_PX, hfov_deg=hfov_deg)
    return camera, Pose(at_s=_START_S, position=position, body=attitude, gimbal=attitude)


def _yolo_lines(labels: Labels) -> str:
    lines = []
    for (left, top, right, bottom), class_id in zip(labels.xyxy_px, labels.class_id, strict=True):
        x, y = (left + right) / 2 / SIZE_PX[0], (top + bottom) / 2 / SIZE_PX[1]
        width, height = (right - left) / SIZE_PX[0], (bottom - top) / SIZE_PX[1]
        lines.append(f"{class_id} {x:.6f} {y:.6f} {width:.6f} {height:.6f}\n")
    return "".join(lines)


def write_world(out: Path, seed: int, frames: int) -> None:
    """Render one world's pictures and labels into OUT/images and OUT/labels."""
    rng = np.random.default_rng([seed, 78])
    world = training_world(seed)
    renderer = SceneRenderer(world)
    for number in range(frames):
        camera, pose = random_look(rng, world)
        at_s = _START_S + float(rng.uniform(0, 600))
        name = f"scene_{seed}_{number:03d}"
        picture = renderer.render(camera, pose, at_s)
        cv2.imwrite(str(out / "images" / f"{name}.jpg"), picture, [cv2.IMWRITE_JPEG_QUALITY, 92])
        lines = _yolo_lines(renderer.boxes(camera, pose, at_s))
        (out / "labels" / f"{name}.txt").write_text(lines, encoding="utf-8")


def main(arguments: list[str]) -> int:
    """Write a training set; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.scene.training_set", description=__doc__)
    parser.add_argument("out", type=Path, help="folder to write into")
    parser.add_argument("--first-seed", type=int, default=1000, help="first world (demo worlds stay below 1000)")
    parser.add_argument("--seeds", type=int, default=40, help="how many worlds")
    parser.add_argument("--frames", type=int, default=15, help="pictures of each world")
    chosen = parser.parse_args(arguments)
    for folder in ("images", "labels"):
        (chosen.out / folder).mkdir(parents=True, exist_ok=True)
    for seed in range(chosen.first_seed, chosen.first_seed + chosen.seeds):
        write_world(chosen.out, seed, chosen.frames)
    (chosen.out / "READY").touch()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
