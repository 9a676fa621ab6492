"""Pixels to detections on one core: the product's OpenVINO engine against ultralytics on the same weights, same frames.

Both see the same rendered 1280x720 frames at the same input size, interleaved, one thread each; ratios with spread.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import TYPE_CHECKING

import numpy as np
import torch

from detectors.model_folder import SHIPPED
from detectors.openvino_engine import OpenVinoEngine
from detectors.reference.ultralytics_engine import UltralyticsEngine
from geofences.attitude import Attitude
from geofences.pose import Pose
from pipeline.scene.cameras import drone_camera
from pipeline.scene.render import SceneRenderer
from pipeline.scene.world import build_world

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from detectors.detections import Detections

START_S = 1_793_584_800.0
LONG_SIDE_PX = 1280


def frames(count: int) -> list[NDArray[np.uint8]]:
    """Frames of a flight over the demonstration's world."""
    world = build_world(7, start_s=START_S)
    renderer, camera = SceneRenderer(world), drone_camera()
    look = Attitude(yaw_deg=90.0, pitch_deg=-60.0)
    shown = []
    for number in range(count):
        position = world.frame.geodetic_from_enu(np.array([-70.0 + 140.0 * number / count, -10.0, 35.0]))
        at_s = START_S + number / 2
        pose = Pose(at_s=at_s, position=position, body=look, gimbal=look)
        shown.append(renderer.render(camera, pose, at_s))
    return shown


def timed_ms(detect: Callable[[NDArray[np.uint8]], Detections], frame: NDArray[np.uint8]) -> tuple[float, int]:
    """Milliseconds and boxes of one detection."""
    begun = time.perf_counter()
    found = detect(frame)
    return (time.perf_counter() - begun) * 1e3, len(found)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=24)
    asked = parser.parse_args()
    ours = OpenVinoEngine(SHIPPED, long_side_px=LONG_SIDE_PX, threads=1)
    peer = UltralyticsEngine(SHIPPED, long_side_px=LONG_SIDE_PX)
    torch.set_num_threads(1)
    shown = frames(asked.frames)
    ours.detect(shown[0])
    peer.detect(shown[0])
    rows = [(timed_ms(ours.detect, frame), timed_ms(peer.detect, frame)) for frame in shown]
    ratios = sorted(theirs[0] / own[0] for own, theirs in rows)
    own_ms, peer_ms = (statistics.median(row[i][0] for row in rows) for i in (0, 1))
    boxes = tuple(sum(row[i][1] for row in rows) for i in (0, 1))
    print(f"1280x720 frames, one thread each, {len(rows)} frames interleaved")
    print(f"  OpenVINO engine  median {own_ms:6.1f} ms  {boxes[0]} boxes")
    print(f"  ultralytics      median {peer_ms:6.1f} ms  {boxes[1]} boxes")
    low, high = ratios[len(ratios) // 10], ratios[-len(ratios) // 10]
    print(f"  ratio {statistics.median(ratios):.2f}x (10th to 90th percentile {low:.2f} to {high:.2f})")


if __name__ == "__main__":
    main()
