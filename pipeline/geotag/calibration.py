"""Between matched pictures and the calibration: points on the ground, and poses turned upright."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from geofences.contradiction import OnGround
from geofences.mount import SAME_WAY_DEG

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from geofences.camera import Camera
    from geofences.pose import Pose
    from pipeline.geotag.ground import Ground
    from pipeline.geotag.tie_points import Pair

# Rays flatter than this are put on the ground as if they were so steep: they only vote.
_LEAST_DOWN = 0.2


def on_ground(pairs: Iterable[Pair], camera: Camera, poses: Sequence[Pose], ground: Ground) -> Iterator[OnGround]:
    """Matched points as each picture's stated pose puts them on the ground."""
    for pair in pairs:
        first, second = poses[pair.first], poses[pair.second]
        yield OnGround(
            first=pair.first,
            second=pair.second,
            first_m=ground.level_feet(camera, first, pair.first_px),
            second_m=ground.level_feet(camera, second, pair.second_px),
            first_below_m=ground.frame.enu_from_geodetic(first.position)[:2],
            second_below_m=ground.frame.enu_from_geodetic(second.position)[:2],
        )


def headings_of(poses: Sequence[Pose]) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Which pictures look the same way, over all lines, and each way's heading."""
    ways: list[int] = []
    headings: list[float] = []
    for pose in poses:
        yaw_deg = pose.gimbal.yaw_deg
        apart = [(abs((yaw_deg - heading + 180) % 360 - 180), way) for way, heading in enumerate(headings)]
        if not apart or min(apart)[0] > SAME_WAY_DEG:
            headings.append(yaw_deg)
        ways.append(len(headings) - 1 if not apart or min(apart)[0] > SAME_WAY_DEG else min(apart)[1])
    return tuple(ways), tuple(headings)


def turned_pose(pose: Pose, clockwise_deg: int) -> Pose:
    """The pose with its lens's heading turned."""
    yaw_deg = (pose.gimbal.yaw_deg + clockwise_deg + 180) % 360 - 180
    return replace(pose, gimbal=replace(pose.gimbal, yaw_deg=yaw_deg)) if clockwise_deg else pose
