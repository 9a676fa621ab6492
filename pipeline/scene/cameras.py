"""Who looks at the demo's world: two street cameras on poles, and the drone's camera."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from geofences.attitude import Attitude
from geofences.camera import Camera
from geofences.pose import Pose, PoseSigmas
from pipeline.scene.world import EYE_SPOTS

if TYPE_CHECKING:
    from pipeline.scene.world import World

SIZE_PX = (1280, 720)


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedCamera:
    """A street camera.

    Attributes:
        source_id: what its feed is called.
        name: where it hangs, for people.
        camera: its lens.
        pose: where it is and looks, as surveyed.
    """

    source_id: str
    name: str
    camera: Camera
    pose: Pose


def drone_camera() -> Camera:
    """The drone's camera."""
    return Camera.from_fov(size_px=SIZE_PX, hfov_deg=62.0, name="scene drone camera")


def city_eyes(world: World) -> tuple[FixedCamera, FixedCamera]:
    """The two street cameras, each turned to the middle between the two things it is there to see."""
    first = _eye(world, 0, "eye-01", "路口西南杆 South-west pole", ("cones-held-bay", "sign-pavement"), 66.0)
    second = _eye(world, 1, "eye-02", "路口东北杆 North-east pole", ("dust-site", "cones-works"), 84.0)
    return first, second


def _eye(
    world: World, number: int, source_id: str, name: str, targets: tuple[str, str], hfov_deg: float
) -> FixedCamera:
    spot = np.array(EYE_SPOTS[number])
    aims = [world.frame.enu_from_geodetic(p.position) - spot for p in world.planted if p.truth_id in targets]
    flat = sum((a / np.linalg.norm(a) for a in aims), np.zeros(3))
    attitude = Attitude(yaw_deg=math.degrees(math.atan2(flat[0], flat[1])), pitch_deg=-21.0)
    pose = Pose(
        at_s=world.start_s,
        position=world.frame.geodetic_from_enu(spot),
        body=attitude,
        gimbal=attitude,
        sigmas=PoseSigmas(horizontal_m=0.1, vertical_m=0.1, yaw_deg=0.2, tilt_deg=0.2, time_s=0.0),
    )
    camera = Camera.from_fov(size_px=SIZE_PX, hfov_deg=hfov_deg, name=f"scene street camera {hfov_deg:g}")
    return FixedCamera(source_id=source_id, name=name, camera=camera, pose=pose)
