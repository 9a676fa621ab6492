"""One world and its renderer, shared: they never change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from geofences.attitude import Attitude
from geofences.pose import Pose
from pipeline.scene.render import SceneRenderer
from pipeline.scene.world import World, build_world

if TYPE_CHECKING:
    from collections.abc import Callable

START_S = 1.79e9


@pytest.fixture(scope="session")
def world() -> World:
    """The demo's world."""
    return build_world(7, start_s=START_S)


@pytest.fixture(scope="session")
def renderer(world: World) -> SceneRenderer:
    """Its renderer."""
    return SceneRenderer(world)


@pytest.fixture(scope="session")
def pose_at(world: World) -> Callable[..., Pose]:
    """Makes poses from east, north, up, yaw and pitch."""

    def make(east_m: float, north_m: float, up_m: float, yaw_deg: float, pitch_deg: float) -> Pose:
        attitude = Attitude(yaw_deg=yaw_deg, pitch_deg=pitch_deg)
        position = world.frame.geodetic_from_enu(np.array([east_m, north_m, up_m]))
        return Pose(at_s=START_S, position=position, body=attitude, gimbal=attitude)

    return make
