"""Plumes need time, measured: boxes on real clips and rendered flights, by verdict.

Boxes on the clips were drawn by eye. `choose` is what thresholds were set on, `report` what was only run; of the clips
all were looked at while the method was built, of the rendered worlds those of `report` were not.
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from pathlib import Path

sys.path.pop(0)  # this folder, where `detectors.py` would hide the package of that name

import numpy as np

from detectors.plume_motion import LAG_S, LONG_LAG_S, PlumeMotion, measure_motion
from geofences.attitude import Attitude
from geofences.pose import Pose
from pipeline.scene.cameras import drone_camera
from pipeline.scene.render import SceneRenderer
from pipeline.scene.view import View
from pipeline.scene.world import World, build_world
from pipeline.sources.media import read_frames

CLIPS = Path(__file__).resolve().parents[2] / "shared" / "data" / "clips"
BOXES: tuple[tuple[str, str, str, bool, dict[str, tuple[int, int, int, int]]], ...] = (
    ("choose", "furg_house6_light_smoke.mp4", "plume", True,
     {"roof": (120, 5, 260, 60), "chimney": (180, 0, 300, 40)}),
    ("choose", "furg_house6_light_smoke.mp4", "at rest", True,
     {"hedge": (60, 80, 120, 190), "lawn": (270, 120, 370, 200), "wall": (130, 120, 250, 210)}),
    ("choose", "andrew_highway_cctv1.avi", "at rest or traffic", True, {}),
    ("choose", "drone_intersection_DJI_0005_2fps.mp4", "at rest or traffic", False,
     {"plaza": (30, 60, 260, 180), "pit": (340, 100, 560, 260), "roof": (960, 80, 1180, 220),
      "cars": (180, 410, 260, 480), "lawn": (840, 520, 1000, 620), "grass": (480, 0, 600, 100)}),
    ("report", "su8y_ground_smoke.mp4", "plume", False,
     {"big": (300, 90, 620, 330), "middle": (80, 60, 300, 300), "right": (460, 180, 620, 340)}),
    ("report", "intel_car-detection_topdown.mp4", "at rest or traffic", True, {}),
    ("report", "drone_intersection_harlem_2fps.mp4", "at rest or traffic", False,
     {"bush": (0, 60, 200, 300), "trees": (880, 180, 1240, 360), "meadow": (420, 20, 560, 120),
      "road": (400, 300, 600, 420), "arrow": (480, 480, 620, 580)}),
    ("report", "fixedcam_smoke_test_8fps.mp4", "plume, kilometres off", True, {"plume": (230, 235, 320, 285)}),
    ("report", "fixedcam_smoke_test_8fps.mp4", "cloud, hill", True,
     {"cloud": (120, 190, 260, 250), "hill": (300, 280, 500, 400)}),
)  # fmt: skip
STARTS_S = (0.2, 3.0, 6.0, 9.0, 15.0, 20.0)
SEEDS = {"choose": (7, 23, 41), "report": (57, 88, 101)}
HEAPS = {"heap of soil": ((27.5, 46.0), 4.0, 2.0), "heap of gravel": ((57.5, 25.0), 3.0, 1.5)}


def random_boxes(width_px: int, height_px: int) -> dict[str, tuple[int, int, int, int]]:
    """Eight boxes anywhere, a tenth to a quarter of the picture wide and high."""
    chance, found = random.Random(1), {}  # noqa: S311 - a benchmark
    for n in range(8):
        w, h = chance.randint(width_px // 10, width_px // 4), chance.randint(height_px // 10, height_px // 4)
        x, y = chance.randint(0, width_px - w), chance.randint(0, height_px - h)
        found[f"random {n}"] = (x, y, x + w, y + h)
    return found


def of_clip(name: str, boxes: dict[str, tuple[int, int, int, int]], *, fixed: bool) -> list[PlumeMotion]:
    """Every box at every start the clip is long enough for."""
    rows = [(pts_s, image) for _, pts_s, image in read_frames(CLIPS / name, look_hz=8.0)]
    height, width = rows[0][1].shape[:2]
    span_s, found = (6.0 if fixed else 3.0), []
    for start_s in STARTS_S:
        shown = [row for row in rows if start_s <= row[0] <= start_s + span_s]
        if start_s + 0.8 * span_s > rows[-1][0]:
            continue
        for box in (boxes or random_boxes(width, height)).values():
            given = [np.eye(3)] * len(shown) if fixed else None
            motion = measure_motion(
                [image for _, image in shown], [pts_s for pts_s, _ in shown], np.array(box, dtype=float),
                middle=len(shown) // 2, middle_from_frame=given, lag_s=LONG_LAG_S if fixed else LAG_S,
            )  # fmt: skip
            found.append(motion)
    return found


def from_the_air(
    world: World, renderer: SceneRenderer, at_m: tuple[float, float], radius_m: float, height_m: float, seed: int
) -> PlumeMotion:
    """Three seconds at 35 m and 5 m/s, two pictures a second as in the demo, poses off by 0.1 m and 0.3 degrees."""
    rng, camera, at_s = np.random.default_rng(seed), drone_camera(), world.start_s + 40.0
    frames, true, told, times_s = [], [], [], []
    for i in range(7):
        yaw, north = float(rng.normal(0, 0.4)), at_m[1] - 20 + (i / 2 - 1.5) * 5.0
        times_s.append(at_s + i / 2)
        for views, error in ((true, 0.0), (told, 1.0)):
            look = Attitude(yaw_deg=yaw + error * float(rng.normal(0, 0.3)), pitch_deg=-60.0, roll_deg=0.0)
            off_m = error * rng.normal(0, 0.1, 2)
            place = world.frame.geodetic_from_enu(np.array([at_m[0] + off_m[0], north + off_m[1], 35.0]))
            pose = Pose(at_s=times_s[-1], position=place, body=look, gimbal=look)
            views.append(View.of(camera, world.frame, pose))
            if not error:
                frames.append(renderer.render(camera, pose, times_s[-1]))
    corners = [
        [at_m[0] + a * radius_m, at_m[1] + b * radius_m, z] for a in (-1, 1) for b in (-1, 1) for z in (0, height_m)
    ]
    seen = true[3].pixels(true[3].camera_points(np.array(corners)))
    ground = [told[3].picture_from_ground @ np.linalg.inv(view.picture_from_ground) for view in told]
    return measure_motion(frames, times_s, np.r_[seen.min(0), seen.max(0)], middle=3, middle_from_frame=ground)


def main() -> None:
    """Print a row a group: verdicts, and the range of misfit."""
    groups: dict[tuple[str, str, str], list[PlumeMotion]] = {}
    for half, name, what, fixed, boxes in BOXES:
        groups.setdefault((half, name, what), []).extend(of_clip(name, boxes, fixed=fixed))
    for half, seeds in SEEDS.items():
        for seed in seeds:
            world = build_world(seed, start_s=1.79e9)
            renderer = SceneRenderer(world)
            things = dict(HEAPS)
            for planted in world.planted:
                if planted.class_name in {"dust", "cooking_fumes"}:
                    east_m, north_m, _ = world.frame.enu_from_geodetic(planted.position)
                    things[f"plume {planted.truth_id}"] = ((float(east_m), float(north_m)), 2.5, 2.0)
            for name, (at_m, radius_m, height_m) in things.items():
                what = "plume" if name.startswith("plume") else "heap"
                motion = from_the_air(world, renderer, at_m, radius_m, height_m, seed)
                groups.setdefault((half, "rendered flight", what), []).append(motion)
    for (half, name, what), found in sorted(groups.items()):
        said = Counter(str(motion.moving) for motion in found)
        low, high = np.quantile([motion.misfit_px for motion in found], (0.0, 1.0))
        verdicts = " ".join(f"{said[key]:3d} {key}" for key in ("confirmed", "undecided", "static"))
        print(f"{half:7}{name:38}{what:22}n={len(found):3d} {verdicts}  misfit {low:.2f} to {high:.2f} px")


if __name__ == "__main__":
    main()
