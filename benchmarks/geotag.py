"""Does the 95 % ellipse hold the truth? Passes over the rendered scene's things, seen with errors as a drone makes them.

Each sighting goes the product's own way (`pipeline.geotag.sight`): a track of boxes in, a fused fix out. The true pose
makes the pixels, the believed one (a bias a flight, a drift of 90 s, jitter a look) locates them. Then: error against looks, and
how fast points are projected and located, one core.
"""

from __future__ import annotations

import argparse
import math
import time
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from geofences.attitude import Attitude
from geofences.ellipse import CHI2_95
from geofences.pose import Pose, PoseSigmas
from geofences.projection import project
from pipeline.domain.frame import SourceKind, SourceProfile
from pipeline.domain.offence import Offence
from pipeline.domain.sighting import Sighting
from pipeline.domain.track import Observation, Track
from pipeline.geotag.ground import Ground
from pipeline.geotag.sharing import FLIGHT
from pipeline.geotag.sight import SOLID_FOOT_SIGMA_PX, sight
from pipeline.scene.cameras import drone_camera
from pipeline.scene.world import build_world

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

START_S = 1_793_584_800.0
SIGMAS = PoseSigmas(horizontal_m=0.8, vertical_m=0.8, yaw_deg=1.0, tilt_deg=0.4, time_s=0.05)
"""As stated of recorded flights (`flights.telemetry.poses.RECORDED_SIGMAS`)."""
FOCAL_SIGMA_SHARE, GROUND_SIGMA_M, FOOT_SHARED = 0.005, 0.3, 0.3
DEPRESSIONS_DEG = (20.0, 30.0, 45.0, 60.0, 75.0, 90.0)
LOOKS = (1, 2, 4, 8, 16, 32)
SPEED_M_S, LOOK_HZ = 6.0, 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaws:
    """The errors of one flight: what stays, in units of one sigma."""

    position: NDArray[np.float64]
    height: float
    yaw: float
    tilt: NDArray[np.float64]
    time: float
    foot: NDArray[np.float64]


def draw_flaws(rng: np.random.Generator) -> Flaws:
    """One flight's."""
    position, tilt, foot = rng.normal(size=(3, 2))
    height, yaw, clock = rng.normal(size=3)
    return Flaws(position=position, height=height, yaw=yaw, tilt=tilt, time=clock, foot=foot)


def mixed(rng: np.random.Generator, stays: NDArray[np.float64] | float, share: float) -> NDArray[np.float64]:
    """A unit error of which `share` of the variance stays and the rest is drawn anew."""
    fresh = rng.normal(size=np.shape(stays))
    return np.sqrt(share) * np.asarray(stays) + np.sqrt(1 - share) * fresh


def believed(truth: Pose, frame: object, flaws: Flaws, rng: np.random.Generator) -> Pose:
    """What the telemetry says of a true pose."""
    east, north = SIGMAS.horizontal_m * mixed(rng, flaws.position, FLIGHT["position"])
    up = SIGMAS.vertical_m * float(mixed(rng, flaws.height, FLIGHT["height"]))
    late_s = SIGMAS.time_s * float(mixed(rng, flaws.time, FLIGHT["time"]))
    at = frame.enu_from_geodetic(truth.position) + np.array(truth.velocity_enu_m_s) * late_s + [east, north, up]
    yaw_deg = SIGMAS.yaw_deg * float(mixed(rng, flaws.yaw, FLIGHT["yaw"]))
    across_deg, along_deg = SIGMAS.tilt_deg * mixed(rng, flaws.tilt, FLIGHT["tilt"])
    look = turned(truth.gimbal, yaw_deg, across_deg, along_deg)
    return replace(truth, position=frame.geodetic_from_enu(at), body=look, gimbal=look, sigmas=SIGMAS)


def turned(look: Attitude, yaw_deg: float, across_deg: float, along_deg: float) -> Attitude:
    """A lens turned about the up axis and about the two horizontal axes across and along its heading."""
    from geofences.attitude import attitude_from_enu_cam, enu_from_cam  # noqa: PLC0415

    yaw = math.radians(look.yaw_deg)
    axes = (
        (np.array([0.0, 0.0, 1.0]), yaw_deg),
        (np.array([math.cos(yaw), -math.sin(yaw), 0.0]), across_deg),
        (np.array([math.sin(yaw), math.cos(yaw), 0.0]), along_deg),
    )
    rotation = enu_from_cam(look)
    for axis, angle_deg in axes:
        cross = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
        angle = math.radians(angle_deg)
        rotation = (np.eye(3) + math.sin(angle) * cross + (1 - math.cos(angle)) * cross @ cross) @ rotation
    return attitude_from_enu_cam(rotation)
