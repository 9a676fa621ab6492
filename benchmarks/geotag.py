"""Does the 95 % ellipse hold the truth? Passes over the rendered scene's things, seen with a drone's errors.

Each sighting goes the product's own way (`pipeline.geotag.sight`): a track of boxes in, a fused fix out. The true pose
makes the pixels; the believed one, with a bias a flight and jitter a look, locates them. Then how fast points are
projected and located, one core.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

sys.path.pop(0)  # this folder, where `detectors.py` would hide the package of that name

import numpy as np

from geofences.attitude import Attitude, attitude_from_enu_cam, enu_from_cam, turned_by
from geofences.ellipse import CHI2_95
from geofences.pose import Pose, PoseSigmas
from geofences.projection import project
from geofences.terrain import UP
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

    from geofences.local_frame import LocalFrame

START_S = 1_793_584_800.0
SIGMAS = PoseSigmas(horizontal_m=0.8, vertical_m=0.8, yaw_deg=1.0, tilt_deg=0.4, time_s=0.05)
"""As stated of recorded flights (`flights.telemetry.poses.RECORDED_SIGMAS`)."""
FOCAL_SIGMA_SHARE, GROUND_SIGMA_M, FOOT_SHARED = 0.005, 0.3, 0.3
DEPRESSIONS_DEG = (20.0, 30.0, 45.0, 60.0, 75.0, 90.0)
LOOKS = (1, 2, 4, 8, 16, 32)
SPEED_M_S, LOOK_HZ, HEIGHT_M = 6.0, 4.0, 60.0
WORLD = build_world(7, start_s=START_S)
GROUND = Ground(frame=WORLD.frame, alt_ellipsoid_m=WORLD.frame.origin.alt_ellipsoid_m, sigma_m=GROUND_SIGMA_M)
CAMERA = replace(drone_camera(), focal_sigma_share=FOCAL_SIGMA_SHARE)
PROFILE = SourceProfile(source_id="drone", kind=SourceKind.DRONE, name="drone", camera=CAMERA)


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


def believed(truth: Pose, frame: LocalFrame, flaws: Flaws, rng: np.random.Generator) -> Pose:
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
    yaw = math.radians(look.yaw_deg)
    across = np.array([math.cos(yaw), -math.sin(yaw), 0.0])
    along = np.array([math.sin(yaw), math.cos(yaw), 0.0])
    rotation = enu_from_cam(look)
    for axis, angle_deg in ((UP, yaw_deg), (across, across_deg), (along, along_deg)):
        rotation = turned_by(axis * math.radians(angle_deg)) @ rotation
    return attitude_from_enu_cam(rotation)


def passes(rng: np.random.Generator, spot_m: NDArray[np.float64], depression_deg: float, looks: int) -> list[Pose]:
    """True poses of a straight flight at 60 m that has the spot near the picture's middle half way."""
    yaw_deg, course = rng.uniform(-180, 180), rng.uniform(-math.pi, math.pi)
    away_m = HEIGHT_M / math.tan(math.radians(depression_deg)) if depression_deg < 90 else 0.0
    aim = np.array([math.sin(math.radians(yaw_deg)), math.cos(math.radians(yaw_deg))])
    middle_m = spot_m[:2] - aim * away_m + rng.normal(0, 3, 2)
    velocity = SPEED_M_S * np.array([math.sin(course), math.cos(course)])
    look = Attitude(yaw_deg=yaw_deg, pitch_deg=-depression_deg)
    poses = []
    for number in range(looks):
        since_s = (number - (looks - 1) / 2) / LOOK_HZ
        at_m = np.array([*(middle_m + velocity * since_s), HEIGHT_M])
        poses.append(
            Pose(
                at_s=START_S + since_s, position=WORLD.frame.geodetic_from_enu(at_m), body=look, gimbal=look,
                velocity_enu_m_s=(float(velocity[0]), float(velocity[1]), 0.0),
            )
        )  # fmt: skip
    return poses


def sighting(
    rng: np.random.Generator, spot_m: NDArray[np.float64], depression_deg: float, looks: int
) -> tuple[Sighting, NDArray[np.float64]] | None:
    """One thing seen in one flight, and by how much its place is wrong, east and north; None when it was not seen."""
    flaws = draw_flaws(rng)
    ground_m = GROUND_SIGMA_M * float(rng.normal())
    lens = CAMERA.k.copy()
    lens[[0, 1], [0, 1]] *= 1 + FOCAL_SIGMA_SHARE * float(rng.normal())
    true_camera = replace(CAMERA, k=lens)
    told: dict[float, Pose] = {}
    seen: list[Observation] = []
    for number, truth in enumerate(passes(rng, spot_m, depression_deg, looks)):
        shown = project(true_camera, WORLD.frame, truth, (spot_m + ground_m * UP)[None])
        x, y = shown.xy_px[0] + SOLID_FOOT_SIGMA_PX * mixed(rng, flaws.foot, FOOT_SHARED)
        if not (shown.in_view[0] and 10 < x < CAMERA.size_px[0] - 10 and 30 < y < CAMERA.size_px[1] - 10):
            continue
        told[truth.at_s] = believed(truth, WORLD.frame, flaws, rng)
        box = (float(x) - 5, float(y) - 20, float(x) + 5, float(y))
        seen.append(Observation(frame_id=number, pts_s=0, at_s=truth.at_s, xyxy_px=box, score=0.9))
    if not seen:
        return None
    track = Track(track_id=1, offence=Offence.TRAFFIC_CONE, observations=tuple(seen), frames_covered=len(seen))
    found = sight(track, PROFILE, "flight", told.__getitem__, GROUND)
    return (found, found.fix.enu_m[:2] - spot_m[:2]) if isinstance(found, Sighting) else None


def covered(found: Sighting, miss_m: NDArray[np.float64]) -> bool:
    """Whether the ellipse holds the truth."""
    return bool(miss_m @ np.linalg.inv(found.fix.ellipse.covariance_m2) @ miss_m <= CHI2_95)


def closed_loop(sightings: int, seed: int) -> None:
    """Print coverage by depression and by looks."""
    rng = np.random.default_rng(seed)
    spots = [WORLD.frame.enu_from_geodetic(planted.position) for planted in WORLD.planted]
    rows: dict[tuple[str, float], list[tuple[bool, float, float]]] = defaultdict(list)
    done = 0
    while done < sightings:
        depression_deg = float(rng.choice(DEPRESSIONS_DEG))
        looks = int(rng.choice(LOOKS))
        spot_m = spots[int(rng.integers(len(spots)))] * [1, 1, 0]
        result = sighting(rng, spot_m, depression_deg, looks)
        if result is None:
            continue
        found, miss_m = result
        row = (covered(found, miss_m), float(miss_m @ miss_m), float(np.trace(found.fix.ellipse.covariance_m2)))
        for key in (("all", 0.0), ("depression", depression_deg), ("looks", float(looks))):
            rows[key].append(row)
        done += 1
    print(f"{sightings} sightings, seed {seed}: share of truths inside the 95 % ellipse; error RMS found and predicted")
    for key in sorted(rows):
        inside, miss_sq, predicted_sq = (np.array(column, dtype=float) for column in zip(*rows[key], strict=True))
        spread = 196 * math.sqrt(inside.mean() * (1 - inside.mean()) / len(inside))
        print(
            f"  {key[0]:>10} {key[1]:>4.0f}  n {len(inside):>6}  {100 * inside.mean():5.1f} % +-{spread:.1f}"
            f"  found {math.sqrt(miss_sq.mean()):6.2f} m  predicted {math.sqrt(predicted_sq.mean()):6.2f} m"
        )


def rates() -> None:
    """Print how fast one core projects and locates."""
    pose = passes(np.random.default_rng(1), np.zeros(3), 60.0, 1)[0]
    points_m = np.random.default_rng(2).uniform(-20, 20, (200_000, 3)) * [1, 1, 0]
    many = timed(lambda: project(CAMERA, WORLD.frame, pose, points_m), 15)
    one = timed(lambda: GROUND.locate(CAMERA, pose, (640.0, 400.0)), 400)
    print(f"projected: {len(points_m) / many[1] / 1e6:.2f} million points a second ({spread_of(many)})")
    print(f"located with ellipse and budget: {1 / one[1]:.0f} pixels a second ({spread_of(one)})")


def timed(act: Callable[[], object], times: int) -> tuple[float, float, float]:
    """10th percentile, median and 90th percentile of its time, seconds."""
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        act()
        taken.append(time.perf_counter() - begun)
    low, middle, high = np.quantile(taken, (0.1, 0.5, 0.9))
    return float(low), float(middle), float(high)


def spread_of(times: tuple[float, float, float]) -> str:
    """Times in milliseconds."""
    low, middle, high = (1e3 * t for t in times)
    return f"{middle:.2f} ms, 10th to 90th percentile {low:.2f} to {high:.2f}"


def main() -> None:
    """Run both."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sightings", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=20261125)
    chosen = parser.parse_args()
    closed_loop(chosen.sightings, chosen.seed)
    rates()


if __name__ == "__main__":
    main()
