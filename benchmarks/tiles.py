"""Small things from the air: the whole picture, every tile with SAHI's own slices and merging, and only tiles worth it.

Rendered 4K frames with known boxes (worlds no detector was trained on), the shipped detector on one thread. SAHI is
for this comparison only (`pip install sahi==0.12.8`); without it, its row is left out.
"""

from __future__ import annotations

import sys
import time

sys.path.pop(0)  # this folder, where `detectors.py` would hide the package of that name

import numpy as np

from detectors.boxes import iou
from detectors.detections import Detections, Engine
from detectors.model_folder import SHIPPED
from detectors.openvino_engine import OpenVinoEngine
from detectors.tiles import detect_tiles
from geofences.attitude import Attitude
from geofences.camera import Camera
from geofences.pose import Pose
from geofences.zone_index import ZoneIndex
from pipeline.geotag.ground import Ground
from pipeline.geotag.tiles import OVERLAP, TILE_PX, TilePlan, grid
from pipeline.scene.render import SceneRenderer
from pipeline.scene.world import build_world
from pipeline.scene.zones import zones_of

try:
    from sahi.postprocess.combine import GreedyNMMPostprocess
    from sahi.prediction import ObjectPrediction
    from sahi.slicing import get_slice_bboxes
except ImportError:
    GreedyNMMPostprocess = None

LONG_SIDE_PX = 1280
SEEDS, FRAMES, HEIGHTS_M = (57, 88, 101), 4, (60.0, 90.0)
SMALL_PX, MATCH_IOU = 16.0, 0.3
COMPACT = (1, 2)  # cones and signs; plumes are large


def with_sahi(whole: Engine, native: Engine, image: np.ndarray) -> Detections:
    """The picture and SAHI's slices of it by our engines, merged by SAHI as `get_sliced_prediction` does by default."""
    height, width = image.shape[:2]
    slices = get_slice_bboxes(
        height, width, TILE_PX, TILE_PX, overlap_height_ratio=OVERLAP, overlap_width_ratio=OVERLAP
    )
    found, looks = [], [((0, 0), whole.detect(image))]
    for left, top, right, bottom in slices:
        looks.append(((left, top), native.detect(np.ascontiguousarray(image[top:bottom, left:right]))))
    for (left, top), seen in looks:
        for box, score, class_id in zip(seen.xyxy_px.tolist(), seen.score, seen.class_id, strict=True):
            found.append(
                ObjectPrediction(
                    bbox=[box[0] + left, box[1] + top, box[2] + left, box[3] + top], category_id=int(class_id),
                    category_name=str(class_id), score=float(score), full_shape=[height, width],
                )
            )  # fmt: skip
    merged = GreedyNMMPostprocess(match_threshold=0.5, match_metric="IOS", class_agnostic=False)(found)
    return Detections(
        xyxy_px=np.array([row.bbox.to_xyxy() for row in merged], dtype=np.float32).reshape(-1, 4),
        score=np.array([row.score.value for row in merged]), class_id=np.array([row.category.id for row in merged]),
        model=whole.model,
    )  # fmt: skip


def main() -> None:
    """Print recall of small and other compact things, false boxes and time for each way of looking."""
    whole = OpenVinoEngine(SHIPPED, long_side_px=LONG_SIDE_PX)
    native = OpenVinoEngine(SHIPPED, long_side_px=TILE_PX)
    camera = Camera.from_fov(size_px=(3840, 2160), hfov_deg=70.0, name="4K")
    tally: dict[str, dict[str, list[float]]] = {}
    for seed in SEEDS:
        world = build_world(seed, start_s=1.79e9)
        renderer, rng = SceneRenderer(world), np.random.default_rng(seed)
        ground = Ground(frame=world.frame, alt_ellipsoid_m=world.frame.origin.alt_ellipsoid_m)
        plan = TilePlan(camera=camera, ground=ground, index=ZoneIndex(zones_of(world)), long_side_px=LONG_SIDE_PX)
        for number in range(FRAMES):
            height_m = HEIGHTS_M[number % len(HEIGHTS_M)]
            look = Attitude(yaw_deg=float(rng.uniform(0, 360)), pitch_deg=float(rng.uniform(-90, -60)))
            place = world.frame.geodetic_from_enu(np.array([*rng.uniform(-25, 25, 2), height_m]))
            pose = Pose(at_s=world.start_s + 30, position=place, body=look, gimbal=look)
            image, truth = renderer.render(camera, pose, pose.at_s), renderer.boxes(camera, pose, pose.at_s)
            ways = {
                "whole picture at 1280": lambda i=image: whole.detect(i),
                "every tile, our merge": lambda i=image: detect_tiles(whole, native, i, grid(3840, 2160)),
                "tiles chosen, our merge": lambda i=image, p=pose, q=plan: detect_tiles(whole, native, i, q.tiles(p)),
            }
            if GreedyNMMPostprocess is not None:
                ways["SAHI slices and merge"] = lambda i=image: with_sahi(whole, native, i)
            inside = in_zones(truth.xyxy_px, plan, pose)
            for way, see in ways.items():
                begun_s = time.perf_counter()
                found = see()
                row = tally.setdefault(way, {"ms": [], "small": [], "small in zones": [], "other": [], "false": []})
                row["ms"].append(1000 * (time.perf_counter() - begun_s))
                judge(row, found, truth.xyxy_px, truth.class_id, inside)
    for way, row in tally.items():
        recall = ", ".join(f"{k} {np.mean(row[k]):.2f} (n {len(row[k])})" for k in ("small", "small in zones", "other"))
        print(f"{way:26} recall: {recall}; false {np.mean(row['false']):.1f} a frame; {np.median(row['ms']):.0f} ms")


def in_zones(xyxy: np.ndarray, plan: TilePlan, pose: Pose) -> np.ndarray:
    """(n,) whether a box's middle lies in a tile the plan asks for."""
    middle = (xyxy[:, :2] + xyxy[:, 2:]) / 2
    tiles = np.array(plan.tiles(pose)).reshape(-1, 4)
    return ((middle[:, None] >= tiles[:, :2]) & (middle[:, None] < tiles[:, 2:])).all(axis=2).any(axis=1)


def judge(
    row: dict[str, list[float]], found: Detections, xyxy: np.ndarray, class_id: np.ndarray, inside: np.ndarray
) -> None:
    """Add one frame's hits and false boxes of cones and signs."""
    matched = np.zeros(len(found), dtype=bool)
    for box, kind, zoned in zip(xyxy, class_id, inside, strict=True):
        if kind not in COMPACT:
            continue
        hits = (iou(box[None], found.xyxy_px)[0] >= MATCH_IOU) & (found.class_id == kind) & ~matched
        if hits.any():
            matched[np.flatnonzero(hits)[0]] = True
        side_px = float(np.sqrt(np.prod(box[2:] - box[:2]))) * LONG_SIDE_PX / 3840
        if side_px >= SMALL_PX:
            row["other"].append(float(hits.any()))
            continue
        row["small"].append(float(hits.any()))
        if zoned:
            row["small in zones"].append(float(hits.any()))
    row["false"].append(float((~matched & np.isin(found.class_id, COMPACT)).sum()))


if __name__ == "__main__":
    main()
