"""A flight calibrated by itself: photographs by what they share, a clip by how its picture moves."""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from flows.ingest import clip_source
from flows.stills import compare, count_steeper, stills_source
from geofences.adjustment import Ties, calibrate
from geofences.errors import GeofenceError
from geofences.position import Geodetic
from pipeline.errors import BadInput
from pipeline.geotag.calibration import headings_of, turned_pose
from pipeline.geotag.clip_time import REACH_S, clip_time
from pipeline.geotag.tie_points import match_pictures, ties_of
from pipeline.site import read_text
from pipeline.sources import media
from pipeline.sources.camera_file import CameraEntry, Correlated, HeadingSeat, Lens, LogSigmas, MountEntry

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from geofences.adjustment import Calibrated
    from geofences.camera import Camera
    from geofences.error_terms import JointErrors
    from geofences.pose import Pose
    from pipeline.geotag.clip_time import ClipTime
    from pipeline.geotag.ground import Ground
    from pipeline.site import Site
    from pipeline.sources.stills import StillSource

FLATTEST_DEG, FEWEST_PICTURES = -30.0, 3
# Pictures of a clip compared with the next one, how long after, and how badly known an offset may be.
MOST_PAIRS, PAIR_HZ, WORST_SIGMA_S = 120, 4.0, 0.2
MARK_COLUMNS = ("picture", "mark", "lat_deg", "lon_deg", "alt_ellipsoid_m", "x_px", "y_px")
# How badly a level plane stands for real ground. Source: Brighton survey, docs/geotagging.md.
LEVEL_SIGMA_M = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FlightCalibration:
    """What a flight says of its lens.

    Attributes:
        settings: lens and `[mount]`, as a camera file.
        pictures: how many took part.
        sights: of points that several pictures show.
        turned: pictures that lie turned against their heading, by name; turned back for this.
        apart_m: median distance on the ground between what two pictures make of one point, before and after.
        marks_m: median error of surveyed marks, before and after, or None.
        residual_px: median, each picture's own error taken out.
    """

    settings: CameraEntry
    pictures: int
    sights: int
    turned: dict[str, int]
    apart_m: tuple[float, float]
    marks_m: tuple[float, float] | None
    residual_px: float


def calibrate_photographs(
    path: Path, site: Site, *, camera: CameraEntry | None, marks: Path | None
) -> FlightCalibration:
    """Calibrate from a folder of photographs.

    Args:
        path: the folder.
        site: whose ground and datum.
        camera: its lens; without one as in `offsite ingest`.
        marks: surveyed ground control points (CSV).

    Raises:
        BadInput: too few photographs look down or share too little, or a file is wrong.
        TelemetryError: none tells where it was taken.
    """
    ground, place = site.ground, site.settings.site
    bare = camera.model_copy(update={"mount": None}) if camera else None
    source = stills_source(path, camera=bare, timezone=place.timezone, geoid_separation_m=place.geoid_separation_m)
    if count_steeper(source, FLATTEST_DEG) < FEWEST_PICTURES:
        fault = f"fewer than {FEWEST_PICTURES} photographs state where they are and look down"
        raise BadInput(path=str(path), field="photographs", fault=fault, remedy="Give a flight over open ground")
    found = compare(source, ground, flattest_deg=FLATTEST_DEG)
    upright = [
        turned_pose(pose, found.turned.get(number, 0)) for number, pose in zip(found.numbers, found.poses, strict=True)
    ]
    names = [source.stills[number].path.name for number in found.numbers]
    free = ties_of(found.pairs)
    ties = _with_marks(free, marks, names, ground) if marks else free
    lens = source.profile.camera
    ways, headings = headings_of(found.poses)
    try:
        solved, mount = solve(lens, ground, upright, ways, headings, ties)
    except GeofenceError as error:
        remedy = "Give a flight whose pictures overlap by half, over ground with texture"
        raise BadInput(path=str(path), field="photographs", fault=str(error), remedy=remedy) from error
    settings = _settings(source, solved.camera(lens), mount)
    seats, after = [seat.mount() for seat in mount.by_heading], settings.lens.camera(settings.name)
    seated = [seats[way].corrected(pose) for way, pose in zip(ways, upright, strict=True)]
    surveyed = (_missed_m(ties, lens, upright, ground), _missed_m(ties, after, seated, ground)) if marks else None
    return FlightCalibration(
        settings=settings,
        pictures=len(upright),
        sights=len(free.picture),
        turned={source.stills[number].path.name: turn for number, turn in found.turned.items()},
        apart_m=(_apart_m(free, lens, upright, ground), _apart_m(free, after, seated, ground)),
        marks_m=surveyed,
        residual_px=float(np.median(solved.residual_px)),
    )


def solve(
    lens: Camera, ground: Ground, poses: Sequence[Pose], ways: Sequence[int], headings: Sequence[float], ties: Ties
) -> tuple[Calibrated, MountEntry]:
    """The calibration, and its mount for level ground: heights above the slope's in the middle of what was seen.

    Raises:
        InvalidGeometry: there are too few ties.
    """
    sigma_m = max(ground.sigma_m, LEVEL_SIGMA_M)
    solved = calibrate(lens, ground.frame, poses, ways, ties, ground_up_m=0.0, ground_sigma_m=sigma_m)
    across, _, up, tilt, _, yaw = (round(float(sigma), 3) for sigma in solved.own_sigmas)
    own = LogSigmas(horizontal_m=across, vertical_m=up, tilt_deg=tilt, yaw_deg=yaw)
    middle_m = np.nanmean(_feet_m(ties, lens, poses, ground), axis=0)
    too_high_m = (0.0, 0.0, solved.ground_up_m + float(middle_m @ solved.ground_slope))
    left = Correlated.of([_on_level_ground(solved.errors(leg, by=""), middle_m) for leg in range(len(headings))])
    seats = tuple(
        HeadingSeat(
            heading_deg=round(heading, 1),
            offset_enu_m=_rounded(np.subtract(mount.offset_enu_m, too_high_m)),
            seat_cam_deg=_rounded(mount.seat_cam_deg),
            horizontal_sigma_m=round(float(np.sqrt((sigmas[:2] ** 2).mean())), 3),
            vertical_sigma_m=round(float(sigmas[2]), 3),
            seat_sigma_cam_deg=_rounded(sigmas[3:]),
            log=own,
            errors=errors,
        )
        for heading, mount, sigmas, errors in zip(headings, solved.mounts, solved.mount_sigmas, left, strict=True)
    )
    return solved, MountEntry(by_heading=seats)


def _on_level_ground(joint: JointErrors, middle_m: NDArray[np.float64]) -> JointErrors:
    """A calibration's errors with those of its ground in the lens's height above the middle of what was seen."""
    effects = joint.effects.copy()
    effects[7] -= effects[1] + middle_m @ effects[3:5]
    return replace(joint, effects=effects)


def _settings(source: StillSource, camera: Camera, mount: MountEntry) -> CameraEntry:
    k1, k2, p1, p2, k3 = (round(float(term), 6) for term in camera.distortion)
    lens = Lens(
        width_px=camera.size_px[0],
        height_px=camera.size_px[1],
        focal_px=round(camera.focal_px, 3),
        principal_px=(float(camera.k[0, 2]), float(camera.k[1, 2])),
        distortion=(k1, k2, p1, p2, k3),
        focal_sigma_share=round(camera.focal_sigma_share, 5),
    )
    return CameraEntry(id=source.profile.source_id, name=source.profile.name, kind="stills", lens=lens, mount=mount)


def _rounded(values: Sequence[float] | NDArray[np.float64]) -> tuple[float, float, float]:
    first, second, third = (round(float(value), 3) for value in values)
    return first, second, third


def _with_marks(free: Ties, path: Path, names: Sequence[str], ground: Ground) -> Ties:
    """The ties with surveyed marks among them.

    Raises:
        BadInput: a column, a number or a picture is wrong.
    """
    table = csv.DictReader(read_text(path).splitlines())
    lacking = [column for column in MARK_COLUMNS if column not in (table.fieldnames or ())]
    if lacking:
        remedy = f"Columns: {', '.join(MARK_COLUMNS)}"
        raise BadInput(path=str(path), field=lacking[0], fault="the column is missing", remedy=remedy)
    points: dict[str, NDArray[np.float64]] = {}
    sights: list[tuple[int, int, float, float]] = []
    for line, row in enumerate(table, start=2):
        try:
            picture = names.index(row["picture"])
            lat, lon, alt, x, y = (float(row[column]) for column in MARK_COLUMNS[2:])
            place = Geodetic(lat_deg=lat, lon_deg=lon, alt_ellipsoid_m=alt)
        except (ValueError, TypeError, GeofenceError) as error:
            remedy = "Name a photograph of the folder that looks down, and numbers"
            raise BadInput(path=str(path), field=f"line {line}", fault=str(error), remedy=remedy) from error
        points.setdefault(row["mark"], ground.frame.enu_from_geodetic(place))
        sights.append((picture, len(free.surveyed_enu_m) + list(points).index(row["mark"]), x, y))
    seen = np.array(sights, dtype=np.float64).reshape(-1, 4)
    return Ties(
        picture=np.concatenate((free.picture, seen[:, 0].astype(np.int64))),
        point=np.concatenate((free.point, seen[:, 1].astype(np.int64))),
        xy_px=np.vstack((free.xy_px, seen[:, 2:])),
        surveyed_enu_m=np.vstack((free.surveyed_enu_m, np.array(list(points.values())).reshape(-1, 3))),
    )


def _feet_m(ties: Ties, camera: Camera, poses: Sequence[Pose], ground: Ground) -> NDArray[np.float64]:
    """(n, 2) where each sight's own picture puts it."""
    feet_m = np.full((len(ties.picture), 2), np.nan)
    for picture, pose in enumerate(poses):
        rows = ties.picture == picture
        feet_m[rows] = ground.level_feet(camera, pose, ties.xy_px[rows])
    return feet_m


def _apart_m(ties: Ties, camera: Camera, poses: Sequence[Pose], ground: Ground) -> float:
    """Median distance between what pictures make of one point and their middle, twice."""
    feet_m = _feet_m(ties, camera, poses, ground)
    middle_m = np.zeros((len(ties.surveyed_enu_m), 2))
    np.add.at(middle_m, ties.point, feet_m)
    middle_m /= np.maximum(np.bincount(ties.point, minlength=len(middle_m)), 1)[:, None]
    return float(2 * np.nanmedian(np.linalg.norm(feet_m - middle_m[ties.point], axis=1)))


def _missed_m(ties: Ties, camera: Camera, poses: Sequence[Pose], ground: Ground) -> float:
    missed = _feet_m(ties, camera, poses, ground) - ties.surveyed_enu_m[ties.point, :2]
    return float(np.nanmedian(np.linalg.norm(missed, axis=1)))


def calibrate_clip(
    clip: Path, telemetry: Path, site: Site, *, camera: CameraEntry | None, start_s: float | None
) -> tuple[ClipTime, CameraEntry | None]:
    """How late a clip is against its telemetry, and the camera file with that in it, where one was given.

    Raises:
        BadInput: the motion tells no offset, or the clip lies turned against its heading; or as in `clip_source`.
    """
    place, ground = site.settings.site, site.ground
    source = clip_source(
        clip,
        telemetry=telemetry,
        camera=camera.model_copy(update={"mount": None}) if camera else None,
        start_s=start_s,
        look_hz=PAIR_HZ,
        geoid_separation_m=place.geoid_separation_m,
        ground_alt_amsl_m=place.ground_alt_amsl_m,
        timezone=place.timezone,
    )
    stride = max(1, int(media.read_facts(clip).duration_s * PAIR_HZ / MOST_PAIRS))
    taken_s: list[float] = []
    wanted: list[NDArray[np.uint8]] = []
    for number, frame in enumerate(source.frames()):
        if number % stride in (0, 1):
            wanted.append(frame.image_bgr)
            taken_s.append(frame.captured_at_s)
    near = [(n, n + 1) for n in range(len(wanted) - 1) if taken_s[n + 1] - taken_s[n] < 1.5 / PAIR_HZ]
    found = clip_time(match_pictures(wanted, near), taken_s, source.pose_at, source.profile.camera, ground)
    if found is None or found.sigma_s > WORST_SIGMA_S or abs(found.offset_s) > REACH_S:
        told = "too little of it overlaps its telemetry" if found is None else f"known to {found.sigma_s:.2f} s only"
        remedy = f"Give a stretch that turns, starts and stops, {2 * REACH_S:.0f} s longer than the turns"
        raise BadInput(path=str(clip), field="motion", fault=f"does not tell the time offset: {told}", remedy=remedy)
    if found.turn_deg:
        fault = f"lies turned by {found.turn_deg} deg against the heading its telemetry states"
        raise BadInput(path=str(clip), field="heading", fault=fault, remedy="Turn the clip, or correct the telemetry")
    if camera is None:
        return found, None
    late = {"time_offset_s": round(found.offset_s, 3), "time_sigma_s": round(found.sigma_s, 3)}
    return found, camera.model_copy(update={"mount": (camera.mount or MountEntry()).model_copy(update=late)})
