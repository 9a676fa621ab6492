"""Between them the cameras see everything they are there to see."""

from __future__ import annotations

import math

import numpy as np
import pytest

from geofences.attitude import Attitude
from geofences.pose import Pose
from pipeline.scene.cameras import city_eyes, drone_camera
from pipeline.scene.render import SceneRenderer
from pipeline.scene.world import build_world

START_S = 1.79e9


@pytest.mark.parametrize("seed", [7, 11, 12, 13])
def test_each_street_camera_sees_an_offence_and_two_things_steeply_enough(seed: int) -> None:
    """What a street camera is there for lies within its picture, not too far, and never at a grazing angle."""
    world = build_world(seed, start_s=START_S)
    renderer = SceneRenderer(world)
    for eye in city_eyes(world):
        seen = set(renderer.boxes(eye.camera, eye.pose, START_S + 30).truth_id)
        near = []
        for planted in world.planted:
            away = world.frame.enu_from_geodetic(planted.position) - world.frame.enu_from_geodetic(eye.pose.position)
            flat_m = math.hypot(*away[:2])
            if planted.truth_id in seen and 15 <= flat_m <= 45:
                assert math.degrees(math.atan2(-away[2], flat_m)) >= 12
                near.append(planted)
        assert 2 <= len(near) <= 4
        assert not all(p.lawful for p in near)


@pytest.mark.parametrize("along_east", [True, False])
def test_a_lawnmower_patrol_sees_everything(along_east: bool) -> None:  # noqa: FBT001 - a test's parameter
    """Flown 35 m up with the lens 60 degrees down, in lanes along either street, every planted thing has boxes."""
    world = build_world(9, start_s=START_S)
    renderer, camera = SceneRenderer(world), drone_camera()
    seen: list[str] = []
    for lane, across_m in enumerate(np.arange(-48, 49, 24.0)):
        attitude = Attitude(yaw_deg=(90 if along_east else 0) + 180 * (lane % 2), pitch_deg=-60)
        for along_m in np.arange(-90, 91, 9.0):
            spot = (along_m, across_m) if along_east else (across_m * 1.5, along_m)
            position = world.frame.geodetic_from_enu(np.array([*spot, 35.0]))
            pose = Pose(at_s=START_S, position=position, body=attitude, gimbal=attitude)
            seen += set(renderer.boxes(camera, pose, START_S + len(seen)).truth_id)
    assert all(seen.count(p.truth_id) >= 2 for p in world.planted)
