"""Between matched pictures and the calibration: points on the ground, and poses turned upright."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from geofences.contradiction import OnGround
from geofences.projection import view_rays_enu

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from geofences.camera import Camera
    from geofences.pose import Pose
    from pipeline.geotag.ground import Ground
    from pipeline.geotag.tie_points import Pair

# Rays flatter than this are put on the ground as if they were so steep: they only vote.
_LEAST_DOWN = 0.2
FLIGHT_GAP_S, SAME_WAY_DEG = 600.0, 45.0


def on_ground(pairs: Iterable[Pair], camera: Camera, poses: Sequence[Pose], ground: Ground) -> Iterator[OnGround]:
    """Matched points as each picture's stated pose puts them on the ground."""
    for pair in pairs:
        first_m, first_below_m = _met(camera, poses[pair.first], ground, pair.first_px)
        second_m, second_below_m = _met(camera, poses[pair.second], ground, pair.second_px)
        yield OnGround(
            first=pair.first,
            second=pair.second,
            first_m=first_m,
            second_m=second_m,
            first_below_m=first_below_m,
            second_below_m=second_below_m,
        )


def legs_of(poses: Sequence[Pose]) -> tuple[int, ...]:
    """Which pictures share their errors: those of one flight and about one stated heading, as compasses err by heading.

    Source: deviation of a compass by the iron it is carried with varies with the heading (Bowditch, chapter 6).
    """
    flight, before_s = 0, poses[0].at_s
    legs: list[tuple[int, float]] = []
    of = []
    for pose in poses:
        flight += pose.at_s - before_s > FLIGHT_GAP_S
        before_s, yaw_deg = pose.at_s, pose.gimbal.yaw_deg
        known = (
            i for i, (f, y) in enumerate(legs) if f == flight and abs((y - yaw_deg + 180) % 360 - 180) < SAME_WAY_DEG
        )
        leg = next(known, len(legs))
        if leg == len(legs):
            legs.append((flight, yaw_deg))
        of.append(leg)
    return tuple(of)


def turned_pose(pose: Pose, clockwise_deg: int) -> Pose:
    """The pose with its lens's heading turned."""
    yaw_deg = (pose.gimbal.yaw_deg + clockwise_deg + 180) % 360 - 180
    return replace(pose, gimbal=replace(pose.gimbal, yaw_deg=yaw_deg)) if clockwise_deg else pose


def _met(
    camera: Camera, pose: Pose, ground: Ground, xy_px: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    rays = view_rays_enu(camera, pose, xy_px)
    eye_m = ground.frame.enu_from_geodetic(pose.position)
    drop_m = pose.position.alt_ellipsoid_m - ground.alt_ellipsoid_m
    met_m: NDArray[np.float64] = eye_m[:2] + rays[:, :2] * (drop_m / np.maximum(-rays[:, 2], _LEAST_DOWN))[:, None]
    return met_m, eye_m[:2]
