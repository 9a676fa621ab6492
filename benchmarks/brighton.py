"""Real truth: the Brighton beach survey, each picture placed by a calibration that never saw it.

17 photographs of a DJI FC300S from 40 m with 314 points on the ground (`../shared/data/geo/brighton_beach`). For each
picture: calibrate from the ties between the *other* pictures (no surveyed point is used), place the left-out picture's
points by its own telemetry and that calibration, compare. Uncalibrated beside it, and with the picture's own ties too.

The surveyed points were made from these pictures' own satellite positions, so they are wrong by the mean of the
pictures' position errors. The ellipse is about the place on Earth; to be compared, that shared part is taken out of it.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections import defaultdict
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.pop(0)  # this folder, where `detectors.py` would hide the package of that name

import numpy as np

from flows.flight_calibration import FLATTEST_DEG, solve
from flows.stills import compare, stills_source
from geofences.bundle import COMMON
from geofences.camera import Camera
from geofences.ellipse import CHI2_95
from geofences.error_terms import ALONE, CAUSES, ErrorTerm, JointErrors, Sharing, covariance_of
from geofences.local_frame import LocalFrame
from geofences.pose import PoseSigmas
from geofences.position import Geodetic
from pipeline.geotag.calibration import headings_of, turned_pose
from pipeline.geotag.ground import Ground
from pipeline.geotag.tie_points import Pair, ties_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geofences.adjustment import Calibrated
    from geofences.pose import Pose
    from pipeline.sources.camera_file import MountEntry

PIXEL_SIGMA_PX = 2.0
"""As of a solid thing's foot (`pipeline.geotag.sight`)."""
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
    """The pictures, their poses by telemetry, ways they look, matched pairs and surveyed points (px, east north)."""

    names: tuple[str, ...]
    poses: tuple[Pose, ...]
    flights: tuple[int, ...]
    headings: tuple[float, ...]
    pairs: tuple[Pair, ...]
    turned: dict[int, int]
    points: dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]


def read_survey() -> Survey:
    """Read and match as `offsite calibrate flight` does, and turn pictures that contradict their heading."""
    source = stills_source(BEACH / "images", camera=None, timezone="America/Chicago", geoid_separation_m=0.0)
    found = compare(source, GROUND, flattest_deg=FLATTEST_DEG)
    names = tuple(source.stills[number].path.name for number in found.numbers)
    turned = {place: found.turned[n] for place, n in enumerate(found.numbers) if n in found.turned}
    upright = tuple(turned_pose(pose, turned.get(i, 0)) for i, pose in enumerate(found.poses))
    ways, headings = headings_of(found.poses)
    return Survey(
        names=names, poses=upright, flights=ways, headings=headings, pairs=found.pairs, turned=turned, points=truth()
    )


def truth() -> dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Surveyed points by picture: (n, 2) pixels and (n, 3) east, north, up."""
    rows = defaultdict(list)
    for row in csv.DictReader((BEACH / "tiepoints.csv").read_text().splitlines()):
        place = Geodetic(lat_deg=float(row["lat"]), lon_deg=float(row["lon"]), alt_ellipsoid_m=float(row["elev_m"]))
        rows[row["image"]].append([float(row["u_px_1600x900"]), float(row["v_px"]), *FRAME.enu_from_geodetic(place)])
    return {name: (np.array(r)[:, :2], np.array(r)[:, 2:]) for name, r in rows.items()}


def calibration(survey: Survey, kept: list[int]) -> tuple[Calibrated, MountEntry]:
    """By some pictures, as the command does."""
    at = {picture: place for place, picture in enumerate(kept)}
    pairs = [
        replace(pair, first=at[pair.first], second=at[pair.second])
        for pair in survey.pairs
        if pair.first in at and pair.second in at
    ]
    poses, ways = [survey.poses[i] for i in kept], [survey.flights[i] for i in kept]
    return solve(CAMERA, GROUND, poses, ways, survey.headings, ties_of(pairs))


@dataclass(frozen=True, slots=True, kw_only=True)
class Miss:
    """One point: how far off, and its square in units of what was predicted (2 on average, `CHI2_95` at most)."""

    metres: float
    on_earth: float
    in_datum: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way to place a picture's points.

    Attributes:
        datum: the error that the truth has too, in the same terms.
        datum_m: how far the calibration says that it is off.
    """

    pose: Pose
    camera: Camera
    ground: Ground
    sharing: Sharing = ALONE
    datum: tuple[ErrorTerm, ...] = ()
    datum_m: NDArray[np.float64] = field(default_factory=lambda: np.zeros(2))

    def misses(self, xy_px: NDArray[np.float64], enu_m: NDArray[np.float64]) -> list[Miss]:
        """Of a picture's points."""
        found = []
        for xy, truth_m in zip(xy_px, enu_m, strict=True):
            fix = self.ground.locate(
                self.camera, self.pose, (float(xy[0]), float(xy[1])), pixel_sigma_px=PIXEL_SIGMA_PX,
                sharing=self.sharing,
            )  # fmt: skip
            miss = fix.enu_m[:2] - truth_m[:2]
            relative = covariance_of(apart(fix.terms, self.datum))
            found.append(
                Miss(
                    metres=float(np.hypot(*miss)),
                    on_earth=float(miss @ np.linalg.inv(fix.ellipse.covariance_m2) @ miss),
                    in_datum=float((miss - self.datum_m) @ np.linalg.inv(relative) @ (miss - self.datum_m)),
                )
            )
        return found


def apart(terms: tuple[ErrorTerm, ...], others: tuple[ErrorTerm, ...]) -> list[ErrorTerm]:
    """The errors of one position less those of another: what both have in common cancels."""
    shared = {term.key: term for term in others}
    return [
        replace(term, east_m=term.east_m - shared[term.key].east_m, north_m=term.north_m - shared[term.key].north_m)
        if term.key in shared
        else term
        for term in terms
    ]


def uncalibrated(pose: Pose) -> Way:
    """By telemetry alone; the truth has the position error that all lines have in common."""
    common = Sharing(parts=(("position", float(COMMON[0]), "survey"),))
    effects = pose.sigmas.horizontal_m * np.eye(2)
    datum = tuple(term for term in common.terms("position", effects) if term.shared_by)
    return Way(pose=pose, camera=CAMERA, ground=GROUND, sharing=common, datum=datum)


def by_file(found: Calibrated, mount: MountEntry, survey: Survey, others: list[int], number: int) -> Way:
    """As `offsite ingest --camera` places on level ground; the truth has the mean of the others' position errors."""
    seats = [seat.mount() for seat in mount.by_heading]
    datum, datum_m = in_truth([seats[survey.flights[i]].joint for i in others], found, survey, others)
    seated = seats[survey.flights[number]].corrected(survey.poses[number])
    return Way(pose=seated, camera=found.camera(CAMERA), ground=GROUND, datum=datum, datum_m=datum_m)


def in_truth(
    of: list[JointErrors], found: Calibrated, survey: Survey, others: list[int]
) -> tuple[tuple[ErrorTerm, ...], NDArray[np.float64]]:
    """The mean of the position errors of pictures, as terms, and how far the calibration says that it is off."""
    mean = replace(of[0], effects=np.mean([errors.effects for errors in of], axis=0))
    by_position = np.zeros((2, len(CAUSES)))
    by_position[:, 5:7] = np.eye(2)
    logged = [FRAME.enu_from_geodetic(survey.poses[i].position) for i in others]
    corrected = [FRAME.enu_from_geodetic(adjusted.position) for adjusted in found.poses]
    return tuple(mean.terms(by_position)), np.mean(corrected, axis=0)[:2] - np.mean(logged, axis=0)[:2]


def exact(pose: Pose) -> Pose:
    """A pose whose errors are told elsewhere."""
    return replace(pose, sigmas=PoseSigmas(horizontal_m=0, vertical_m=0, yaw_deg=0, tilt_deg=0, time_s=0))


def calibrated(found: Calibrated, survey: Survey, others: list[int], pose: Pose, number: int) -> Way:
    """By a calibration from `others`; the truth has the mean of their position errors."""
    among = others.index(number) if number in others else None
    flights = [survey.flights[i] for i in others]
    joint = found.errors(survey.flights[number], among, by="survey")
    of = [found.errors(leg, among if among is None else i, by="survey") for i, leg in enumerate(flights)]
    datum, datum_m = in_truth(of, found, survey, others)
    return Way(
        pose=replace(pose, joint=joint),
        camera=found.camera(CAMERA),
        ground=replace(GROUND, terrain=found.terrain, sigma_m=found.roughness_m),
        datum=datum,
        datum_m=datum_m,
    )


def tell(title: str, by_picture: dict[str, list[Miss]], seed: int = 1) -> None:
    """Median, 90th percentile, shares inside with a bootstrap over pictures, and medians by picture."""
    errors = np.array([miss.metres for rows in by_picture.values() for miss in rows])
    print(
        f"{title}: n {len(errors)} in {len(by_picture)} pictures, median {np.median(errors):.2f} m, 90th percentile "
        f"{np.quantile(errors, 0.9):.2f} m"
    )
    for against in ("on_earth", "in_datum"):
        normed = [np.array([getattr(miss, against) for miss in rows]) for rows in by_picture.values()]
        rng, inside, squares = np.random.default_rng(seed), [], []
        for _ in range(2000):
            drawn = np.concatenate([normed[i] for i in rng.integers(len(normed), size=len(normed))])
            inside.append(100 * np.mean(drawn <= CHI2_95))
            squares.append(drawn.mean())
        all_of = np.concatenate(normed)
        low, high = np.quantile(inside, (0.025, 0.975))
        least, most = np.quantile(squares, (0.025, 0.975))
        print(
            f"   {against}: inside the 95 % ellipse {100 * np.mean(all_of <= CHI2_95):.1f} % ({low:.1f} to {high:.1f}),"
            f" mean square {all_of.mean():.2f} ({least:.2f} to {most:.2f}; 2 expected)"
        )
    print("   " + ", ".join(f"{n[4:8]} {np.median([m.metres for m in rows]):.2f}" for n, rows in by_picture.items()))


def main() -> None:
    """Print the figures."""
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    survey = read_survey()
    print(f"{len(survey.names)} pictures, {len(survey.headings)} ways to look, {len(survey.pairs)} matched pairs")
    print("turned against their heading:", {survey.names[i]: turn for i, turn in survey.turned.items()})
    everyone = list(range(len(survey.names)))
    whole, _ = calibration(survey, everyone)
    residual_px = np.median(whole.residual_px)
    print(
        f"focal x {whole.focal_share:.4f} +-{whole.focal_sigma_share:.4f}, residual {residual_px:.2f} px, ties "
        f"{whole.pixel_sigma_px:.2f} px, roughness {whole.roughness_m:.2f} m, slope {np.round(whole.ground_slope, 3)}"
    )
    for mount, sigmas in zip(whole.mounts, whole.mount_sigmas, strict=True):
        found = np.round((*mount.offset_enu_m, *mount.seat_cam_deg), 2)
        print("  way:", found[:3], "m, seat", found[3:], "deg, sigmas", np.round(sigmas, 2))
    ways: dict[str, dict[str, list[Miss]]] = defaultdict(dict)
    for number, name in enumerate(survey.names):
        if name not in survey.points:
            continue
        pose, flight = survey.poses[number], survey.flights[number]
        kept = [i for i in everyone if i != number]
        others, mount = calibration(survey, kept)
        left_out = others.place(pose, flight, own=True)
        for title, way in (
            ("uncalibrated", uncalibrated(pose)),
            ("by the others' camera file", by_file(others, mount, survey, kept, number)),
            ("calibrated by the others", calibrated(others, survey, kept, left_out, number)),
            ("with its own ties too", calibrated(whole, survey, everyone, exact(whole.poses[number]), number)),
        ):
            ways[title][name] = way.misses(*survey.points[name])
    consistent = [name for i, name in enumerate(survey.names) if i not in survey.turned and name in survey.points]
    for title, rows in ways.items():
        tell(title, rows)
        tell(f"{title}, consistent pictures only", {name: rows[name] for name in consistent})


if __name__ == "__main__":
    main()
