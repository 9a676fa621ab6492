"""Real truth: the Brighton beach survey, each picture placed by a calibration that never saw it.

17 photographs of a DJI FC300S from 40 m with 314 points on the ground (`../shared/data/geo/brighton_beach`). For each
picture: calibrate from the ties between the *other* pictures (no surveyed point is used), place the left-out picture's
points by its own telemetry and that calibration, compare. Uncalibrated beside it, and with the picture's own ties too.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.pop(0)  # this folder, where `detectors.py` would hide the package of that name

import cv2
import numpy as np

from flights.telemetry.poses import pose_track
from flights.telemetry.reader import read_telemetry
from geofences.adjustment import OWN_SIGMAS, Calibrated, calibrate
from geofences.camera import Camera
from geofences.contradiction import contradictions
from geofences.ellipse import CHI2_95
from geofences.local_frame import LocalFrame
from geofences.position import Geodetic
from pipeline.geotag.calibration import legs_of, on_ground, turned_pose
from pipeline.geotag.ground import Ground
from pipeline.geotag.tie_points import Pair, match_pictures, near_pairs, ties_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geofences.pose import Pose

BEACH = Path(__file__).resolve().parents[2] / "shared" / "data" / "geo" / "brighton_beach"
GROUND_M, GROUND_SIGMA_M = 163.0, 1.0
"""The beach's height as the site states it."""
CAMERA = Camera(
    size_px=(1600, 900),
    k=np.array([[1600 * 20 / 36, 0, 799.5], [0, 1600 * 20 / 36, 449.5], [0, 0, 1]]),
    distortion=np.zeros(5),
    name="FC300S, 20 mm on 35 mm film",
    focal_sigma_share=0.04,
)
FRAME = LocalFrame(origin=Geodetic(lat_deg=46.8427, lon_deg=-91.9943, alt_ellipsoid_m=GROUND_M))
GROUND = Ground(frame=FRAME, alt_ellipsoid_m=GROUND_M, sigma_m=GROUND_SIGMA_M)


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """The pictures, their poses by telemetry, flights, matched pairs and surveyed points (px, east north)."""

    names: tuple[str, ...]
    poses: tuple[Pose, ...]
    flights: tuple[int, ...]
    pairs: tuple[Pair, ...]
    turned: dict[int, int]
    points: dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]


def read_survey() -> Survey:
    """Read telemetry and pictures, match them, and turn those that contradict their heading."""
    files = sorted((BEACH / "images").glob("*.JPG"))
    log = read_telemetry(BEACH / "images", timezone="America/Chicago")
    track = pose_track(log, geoid_separation_m=0.0)
    poses = track.track.poses
    names = tuple(files[row.row - 1].name for row in log.rows)
    eyes_m = np.array([FRAME.enu_from_geodetic(pose.position) for pose in poses])
    pictures = (cv2.imread(str(BEACH / "images" / name)) for name in names)
    pairs = match_pictures(pictures, near_pairs(eyes_m))
    turned = contradictions(on_ground(pairs, CAMERA, poses, GROUND))
    upright = tuple(turned_pose(pose, turned.get(i, 0)) for i, pose in enumerate(poses))
    return Survey(names=names, poses=upright, flights=legs_of(poses), pairs=pairs, turned=turned, points=truth())


def truth() -> dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Surveyed points by picture: (n, 2) pixels and (n, 3) east, north, up."""
    rows = defaultdict(list)
    for row in csv.DictReader((BEACH / "tiepoints.csv").read_text().splitlines()):
        place = Geodetic(lat_deg=float(row["lat"]), lon_deg=float(row["lon"]), alt_ellipsoid_m=float(row["elev_m"]))
        rows[row["image"]].append([float(row["u_px_1600x900"]), float(row["v_px"]), *FRAME.enu_from_geodetic(place)])
    return {name: (np.array(r)[:, :2], np.array(r)[:, 2:]) for name, r in rows.items()}


def without(survey: Survey, left_out: int) -> Calibrated:
    """The calibration by all other pictures."""
    kept = [i for i in range(len(survey.names)) if i != left_out]
    at = {picture: place for place, picture in enumerate(kept)}
    pairs = [
        replace(pair, first=at[pair.first], second=at[pair.second])
        for pair in survey.pairs
        if left_out not in (pair.first, pair.second)
    ]
    return calibrate(
        CAMERA,
        FRAME,
        [survey.poses[i] for i in kept],
        [survey.flights[i] for i in kept],
        ties_of(pairs),
        ground_up_m=0.0,
        ground_sigma_m=GROUND_SIGMA_M,
    )


def placed(
    pose: Pose, camera: Camera, ground: Ground, xy_px: NDArray[np.float64], enu_m: NDArray[np.float64]
) -> list[tuple[float, bool]]:
    """Error in metres, and whether the ellipse holds the truth, a point."""
    found = []
    for xy, truth_m in zip(xy_px, enu_m, strict=True):
        fix = ground.locate(camera, pose, (float(xy[0]), float(xy[1])))
        miss = fix.enu_m[:2] - truth_m[:2]
        inside = miss @ np.linalg.inv(fix.ellipse.covariance_m2) @ miss <= CHI2_95
        found.append((float(np.hypot(*miss)), bool(inside)))
    return found


def sloping(calibrated: Calibrated) -> Ground:
    """The ground as the calibration found it."""
    return replace(GROUND, terrain=calibrated.terrain)


def tell(title: str, by_picture: dict[str, list[tuple[float, bool]]], seed: int = 1) -> None:
    """Median, 90th percentile, coverage with a bootstrap over pictures, and medians by picture."""
    errors = np.array([error for rows in by_picture.values() for error, _ in rows])
    rng, names = np.random.default_rng(seed), list(by_picture)
    shares = []
    for _ in range(2000):
        drawn = [row for i in rng.integers(len(names), size=len(names)) for row in by_picture[names[i]]]
        shares.append(np.mean([inside for _, inside in drawn]))
    inside = np.mean([inside for rows in by_picture.values() for _, inside in rows])
    low, high = np.quantile(shares, (0.025, 0.975))
    print(
        f"{title}: n {len(errors)} in {len(names)} pictures, median {np.median(errors):.2f} m, 90th percentile "
        f"{np.quantile(errors, 0.9):.2f} m, inside the 95 % ellipse {100 * inside:.1f} % "
        f"({100 * low:.1f} to {100 * high:.1f})"
    )
    print("   " + ", ".join(f"{n[4:8]} {np.median([e for e, _ in rows]):.2f}" for n, rows in by_picture.items()))


def main() -> None:
    """Print the figures."""
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    survey = read_survey()
    print(f"{len(survey.names)} pictures, {len(set(survey.flights))} lines, {len(survey.pairs)} matched pairs")
    print("turned against their heading:", {survey.names[i]: turn for i, turn in survey.turned.items()})
    whole = calibrate(
        CAMERA,
        FRAME,
        survey.poses,
        survey.flights,
        ties_of(survey.pairs),
        ground_up_m=0.0,
        ground_sigma_m=GROUND_SIGMA_M,
    )
    residual_px = np.median(whole.residual_px)
    print(f"focal x {whole.focal_share:.4f} +-{whole.focal_sigma_share:.4f}, residual {residual_px:.2f} px")
    for mount in whole.mounts:
        print("  line:", np.round(mount.offset_enu_m, 2), "m, seat", np.round(mount.seat_cam_deg, 2), "deg")
    plain: dict[str, list[tuple[float, bool]]] = {}
    strict: dict[str, list[tuple[float, bool]]] = {}
    own_ties: dict[str, list[tuple[float, bool]]] = {}
    for number, name in enumerate(survey.names):
        if name not in survey.points:
            continue
        xy_px, enu_m = survey.points[name]
        plain[name] = placed(survey.poses[number], CAMERA, GROUND, xy_px, enu_m)
        others = without(survey, number)
        strict[name] = placed(
            others.place(survey.poses[number], survey.flights[number]),
            others.camera(CAMERA),
            sloping(others),
            xy_px,
            enu_m,
        )
        own_ties[name] = placed(whole.poses[number], whole.camera(CAMERA), sloping(whole), xy_px, enu_m)
    consistent = [name for i, name in enumerate(survey.names) if i not in survey.turned and name in plain]
    for title, rows in (
        ("uncalibrated", plain),
        ("calibrated by the others", strict),
        ("with its own ties too", own_ties),
    ):
        tell(title, rows)
        tell(f"{title}, consistent pictures only", {name: rows[name] for name in consistent})
    print("sigmas of a picture's own error:", OWN_SIGMAS)


if __name__ == "__main__":
    main()
