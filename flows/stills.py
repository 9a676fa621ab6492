"""From photographs on disk to a look: places and times from EXIF and XMP, the lens from a camera file or EXIF."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from flights.errors import TelemetryError
from flights.telemetry.poses import pose_track
from flights.telemetry.reader import STILLS, read_telemetry
from flows.ingest import telemetry_faults
from geofences.contradiction import contradictions
from geofences.mount import Mount
from pipeline.domain.frame import SourceKind, SourceProfile
from pipeline.domain.look import FrameFault
from pipeline.errors import BadInput
from pipeline.geotag.calibration import on_ground
from pipeline.geotag.tie_points import match_pictures, near_pairs
from pipeline.sources.camera_file import CameraEntry, Lens
from pipeline.sources.clip import content_look_id
from pipeline.sources.stills import Still, StillSource, read_still_facts

if TYPE_CHECKING:
    from pathlib import Path

    from flights.telemetry.log import TelemetryLog, TelemetryRow
    from geofences.pose import Pose
    from pipeline.geotag.ground import Ground
    from pipeline.geotag.tie_points import Pair

# Cameras without fractions of a second stamp a burst with one time: its pictures are kept apart by this.
APART_S = 0.001
# Photographs steeper than this are compared with their neighbours, if there are enough to outvote one.
STEEP_DEG, FEWEST_COMPARED = -70.0, 3


def is_stills(path: Path) -> bool:
    """Whether this is a folder or a photograph, and not a clip."""
    return path.is_dir() or path.suffix.lower() in STILLS


def stills_source(path: Path, *, camera: CameraEntry | None, timezone: str, geoid_separation_m: float) -> StillSource:
    """Photographs given by hand.

    Args:
        path: a folder of JPEG files, or one.
        camera: its lens; without one, the lens EXIF states, else a usual one, and said so.
        timezone: of the camera's clock.
        geoid_separation_m: ellipsoid minus sea level, at the place.

    Raises:
        BadInput: there is none, one cannot be read, or the camera does not fit.
        TelemetryError: none tells where it was taken.
    """
    files = _files(path)
    log = read_telemetry(path, timezone=timezone)
    rows = _in_order(log)
    entry = camera or _camera_of(files[0])
    if entry.mounting is not None:
        fault = "is given with photographs, which state their own place"
        raise BadInput(path=str(path), field="mounting", fault=fault, remedy="Leave it out of the camera file")
    mount = entry.mount.mount() if entry.mount else Mount()
    if mount.time_offset_s:
        fault = "is given with photographs, each of which states its own place"
        raise BadInput(path=str(path), field="mount.time_offset_s", fault=fault, remedy="Leave it out")
    poses, unposed = _poses(log, rows, geoid_separation_m)
    seated = {number: mount.corrected(pose) for number, pose in poses.items()}
    stills = tuple(Still(path=files[row.row - 1], at_s=row.at_s or 0.0, pose=seated.get(row.row)) for row in rows)
    _check_sizes(stills, entry)
    profile = SourceProfile(
        source_id=entry.id, kind=SourceKind.STILLS, name=entry.name, camera=entry.lens.camera(entry.name)
    )
    return StillSource(
        stills=stills,
        profile=profile,
        look_id=content_look_id(*(still.path for still in stills), source_id=entry.id),
        left_out=(*_left_out(log, files), *_blind(unposed, files), *telemetry_faults(log, ())),
        clock_offset_s=entry.clock_offset_s,
    )


def withhold_contradicted(source: StillSource, ground: Ground) -> StillSource:
    """The photographs without the places of those that lie turned against the heading they state, each a named fault.

    Args:
        source: photographs as read; those that look about straight down are compared with their neighbours.
        ground: of the site.
    """
    if count_steeper(source, STEEP_DEG) < FEWEST_COMPARED:
        return source
    turns = compare(source, ground, flattest_deg=STEEP_DEG).turned
    return replace(
        source,
        stills=tuple(replace(s, pose=None) if n in turns else s for n, s in enumerate(source.stills)),
        left_out=(*source.left_out, *(_turned(source.stills[n], turn_deg) for n, turn_deg in turns.items())),
    )


def count_steeper(source: StillSource, pitch_deg: float) -> int:
    """How many photographs state a pose that looks down more steeply."""
    return sum(still.pose is not None and still.pose.gimbal.pitch_deg < pitch_deg for still in source.stills)


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Photographs compared with their neighbours.

    Attributes:
        numbers: which of the source's photographs.
        poses: of these, as stated.
        pairs: points they share, by their place in `numbers`.
        turned: by number, how far one lies turned against its heading.
    """

    numbers: tuple[int, ...]
    poses: tuple[Pose, ...]
    pairs: tuple[Pair, ...]
    turned: dict[int, int]


def compare(source: StillSource, ground: Ground, *, flattest_deg: float) -> Compared:
    """Match the photographs that look down at least so steeply; those that look about straight down vote on turns.

    Args:
        source: photographs as read.
        ground: of the site.
        flattest_deg: pitch.
    """
    down = [(n, still.pose) for n, still in enumerate(source.stills) if still.pose is not None]
    down = [(number, pose) for number, pose in down if pose.gimbal.pitch_deg < flattest_deg]
    poses = tuple(pose for _, pose in down)
    eyes_m = np.array([ground.frame.enu_from_geodetic(pose.position) for pose in poses])
    wanted = {number for number, _ in down}
    pictures = (frame.image_bgr for frame in source.frames() if frame.frame_id in wanted)
    pairs = match_pictures(pictures, near_pairs(eyes_m))
    steep = {place for place, pose in enumerate(poses) if pose.gimbal.pitch_deg < STEEP_DEG}
    voting = [pair for pair in pairs if {pair.first, pair.second} <= steep]
    turned = contradictions(on_ground(voting, source.profile.camera, poses, ground))
    by_number = {down[place][0]: turn_deg for place, turn_deg in turned.items()}
    return Compared(numbers=tuple(number for number, _ in down), poses=poses, pairs=pairs, turned=by_number)


def _turned(still: Still, turn_deg: int) -> FrameFault:
    said = f"{still.path.name}: places nothing: it lies turned by {turn_deg} deg against the heading it states"
    return FrameFault(pts_s=0.0, code="heading_contradicted", message=said)


def _files(path: Path) -> list[Path]:
    """In the order in which the flights room numbers them."""
    files = sorted(file for file in path.iterdir() if file.suffix.lower() in STILLS) if path.is_dir() else [path]
    if not files or not files[0].is_file():
        fault = "holds no photograph" if path.is_dir() else "does not exist"
        raise BadInput(path=str(path), field="folder", fault=fault, remedy="Give a folder of .jpg files, or one")
    return files


def _in_order(log: TelemetryLog) -> tuple[TelemetryRow, ...]:
    """Rows with a time, strictly in its order.

    Raises:
        BadInput: none has a time.
    """
    rows: list[TelemetryRow] = []
    for row in log.rows:
        if row.at_s is not None:
            earliest_s = rows[-1].at_s + APART_S if rows and rows[-1].at_s is not None else row.at_s
            rows.append(replace(row, at_s=max(row.at_s, earliest_s)))
    if not rows:
        fault, remedy = "no photograph states when it was taken", "Use the files as the camera wrote them"
        raise BadInput(path=log.source, field="EXIF DateTimeOriginal", fault=fault, remedy=remedy)
    return tuple(rows)


def _poses(
    log: TelemetryLog, rows: tuple[TelemetryRow, ...], geoid_separation_m: float
) -> tuple[dict[int, Pose], dict[int, str]]:
    """Pose by row number; and for rows that do not state height and attitude, what they lack."""
    by_time = {row.at_s: row.row for row in rows}
    try:
        posed = pose_track(replace(log, rows=rows, faults=()), geoid_separation_m=geoid_separation_m)
    except TelemetryError as error:
        return {}, {row.row: f"{error.field}: {error.fault}" for row in rows}
    lacking = {fault.row: f"{fault.field}: {fault.reason}" for fault in posed.faults}
    return {by_time[pose.at_s]: pose for pose in posed.track.poses}, lacking


def _blind(unposed: dict[int, str], files: list[Path]) -> tuple[FrameFault, ...]:
    """Pictures that are looked at, but cannot place what they show."""
    return tuple(
        FrameFault(pts_s=0.0, code="still_unposed", message=f"{files[row - 1].name}: places nothing: {lacking}")
        for row, lacking in unposed.items()
    )


def _camera_of(file: Path) -> CameraEntry:
    facts = read_still_facts(file)
    if facts.focal is None:
        fault = f"is not told by the photograph, and its camera {facts.model or 'without a name'} is not a known one"
        remedy = "Give a camera file (--camera) with lens.hfov_deg or lens.focal_px"
        raise BadInput(path=str(file), field="lens.focal_px", fault=fault, remedy=remedy)
    focal_px, sigma_share, told = facts.focal
    width_px, height_px = facts.size_px
    lens = Lens(width_px=width_px, height_px=height_px, focal_px=focal_px, focal_sigma_share=sigma_share)
    safe_id = "".join(letter if letter.isalnum() else "-" for letter in facts.model) or "stills"
    return CameraEntry(id=safe_id, name=f"{facts.model or 'camera'}: {told}", kind="stills", lens=lens)


def _check_sizes(stills: tuple[Still, ...], entry: CameraEntry) -> None:
    stated = (entry.lens.width_px, entry.lens.height_px)
    for still in stills:
        size_px = read_still_facts(still.path).size_px
        if size_px != stated:
            raise BadInput(
                path=str(still.path),
                field="picture size",
                fault=f"is {size_px[0]}x{size_px[1]}, but camera {entry.id} states {stated[0]}x{stated[1]}",
                remedy="Put photographs of one size in a folder, and give the camera file that belongs to them",
            )


def _left_out(log: TelemetryLog, files: list[Path]) -> tuple[FrameFault, ...]:
    unplaced = [FrameFault(pts_s=0.0, code="still_unplaced", message=fault.reason) for fault in log.faults]
    undated = [
        FrameFault(pts_s=0.0, code="still_undated", message=f"{files[row.row - 1].name}: no time of capture")
        for row in log.rows
        if row.at_s is None
    ]
    return (*unplaced, *undated)
