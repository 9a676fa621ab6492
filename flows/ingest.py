"""Ingest: from a clip on disk to filed drafts or named reasons. Used by the command, the camera and patrol flows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from flights.telemetry.poses import pose_track, pose_track_by_pts
from flights.telemetry.reader import read_telemetry
from flows.assembly import make_examiner, open_store
from geofences.errors import OutsideTrack
from pipeline.domain.frame import SourceKind, SourceProfile
from pipeline.domain.look import FrameFault
from pipeline.errors import BadInput
from pipeline.ports import FiledLook
from pipeline.sources import media
from pipeline.sources.camera_file import Aim, CameraEntry, Lens
from pipeline.sources.clip import ClipSource, content_look_id, nowhere

if TYPE_CHECKING:
    from collections.abc import Callable

    from flights.telemetry.log import TelemetryFault, TelemetryLog
    from geofences.pose import Pose
    from pipeline.domain.look import LookReport
    from pipeline.ports import FrameSource
    from pipeline.site import Site
    from pipeline.sources.media import ClipFacts

# What is assumed of a lens nobody described; the evidence then says so in the camera's name.
ASSUMED_HFOV_DEG = 70.0


def _unheard(_pts_s: float) -> None:
    """Progress nobody follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingested:
    """What became of a look.

    Attributes:
        report: what was seen, flagged and left alone.
        filed: what filing it did.
    """

    report: LookReport | None
    filed: FiledLook


def ingest_look(
    site: Site,
    source: FrameSource,
    *,
    now_s: float,
    drill: bool = False,
    progress: Callable[[float], None] = _unheard,
) -> Ingested:
    """Examine a look and file it, unless it was filed before.

    Args:
        site: whose rules, vault and store.
        source: the look.
        now_s: UTC.
        drill: mark everything as an exercise.
        progress: told each frame's pts_s.

    Raises:
        BadInput: nothing in it can be read.
        StorageFull: no room for evidence or cases.
    """
    store = open_store(site)
    try:
        if store.look_filed(source.look_id):
            again = FiledLook(look_id=source.look_id, already_filed=True, drafted=(), extended=())
            return Ingested(report=None, filed=again)
        report = make_examiner(site, source.profile.kind, drill=drill).examine(source, progress)
        report = replace(report, faults=report.faults + source.left_out)
        return Ingested(report=report, filed=store.file_look(report, now_s=now_s))
    finally:
        store.close()


def is_filed(site: Site, look_id: str) -> bool:
    """Whether that look was filed already."""
    store = open_store(site)
    try:
        return store.look_filed(look_id)
    finally:
        store.close()


def camera_source(
    entry: CameraEntry, clip: Path, *, start_s: float, look_id: str, pose: Callable[[float], Pose] | None = None
) -> ClipSource:
    """A clip of one of the site's own cameras, or of its aircraft.

    Args:
        entry: the camera.
        clip: the file.
        start_s: UTC of its first picture.
        look_id: of the window or sortie it holds.
        pose: of a camera that moves; else its mounting is used.

    Raises:
        BadInput: the clip is unusable, or not of the size the camera states.
    """
    _check_size(clip, entry, media.read_facts(clip))
    mounted = entry.mounting.pose_at if entry.mounting else None
    return _source(clip, entry, pose or mounted, start_s=start_s, look_id=look_id)


def _source(
    clip: Path, entry: CameraEntry, pose: Callable[[float], Pose] | None, *, start_s: float, look_id: str
) -> ClipSource:
    profile = SourceProfile(
        source_id=entry.id,
        kind=SourceKind(entry.kind),
        name=entry.name,
        camera=entry.lens.camera(entry.name),
        located=pose is not None,
    )
    return ClipSource(
        path=clip,
        profile=profile,
        look_id=look_id,
        start_s=start_s,
        look_hz=entry.look_hz,
        pose=pose or nowhere,
        clock_offset_s=entry.clock_offset_s,
    )


def clip_source(
    clip: Path,
    *,
    telemetry: Path | None,
    camera: CameraEntry | None,
    start_s: float | None,
    look_hz: float | None,
    geoid_separation_m: float,
    ground_alt_amsl_m: float | None = None,
    timezone: str | None = None,
) -> ClipSource:
    """A clip given by hand, with whatever is known of where it was taken.

    Args:
        clip: the video.
        telemetry: SRT, JSONL or another log the flights room reads; makes it a drone's clip.
        camera: lens and mounting; without one, a usual lens is assumed and said so.
        start_s: UTC of the first picture; default: telemetry's, else the clip's own creation time, else its file date.
        look_hz: pictures examined a second; default: the camera's.
        geoid_separation_m: for telemetry that gives heights above sea level.
        ground_alt_amsl_m: of the take-off place, for telemetry that gives heights above it only.
        timezone: of telemetry that stamps local time; UTC when None.

    Raises:
        BadInput: the clip or the camera does not fit; telemetry does not overlap it.
    """
    facts = media.read_facts(clip)
    entry = camera or _assumed_camera(clip, facts, is_drone=telemetry is not None)
    _check_size(clip, entry, facts)
    if look_hz is not None:
        entry = entry.model_copy(update={"look_hz": look_hz})
    begun_s = _start_s(clip, facts) if start_s is None else start_s
    look_id = content_look_id(clip, source_id=entry.id)
    if telemetry is None:
        mounted = entry.mounting.pose_at if entry.mounting else None
        return _source(clip, entry, mounted, start_s=begun_s, look_id=look_id)
    log = read_telemetry(telemetry, timezone=timezone)
    begun_s = _begun_s(log, begun_s, given=start_s is not None)
    pose, faults = _flown(log, facts, begun_s, entry.aim, geoid_m=geoid_separation_m, ground_amsl_m=ground_alt_amsl_m)
    pose = entry.mount.mount().through(pose) if entry.mount else pose
    source = _source(clip, entry, pose, start_s=begun_s, look_id=look_id)
    return replace(source, left_out=telemetry_faults(log, faults))


def telemetry_faults(log: TelemetryLog, faults: tuple[TelemetryFault, ...]) -> tuple[FrameFault, ...]:
    """What an officer should know of a log: rows without a pose, counted by what is wrong with them, and assumptions.

    Args:
        log: as read.
        faults: one a row.
    """
    name = Path(log.source).name
    alike: dict[tuple[str, str], list[int]] = {}
    for fault in faults:
        alike.setdefault((fault.field, fault.reason), []).append(fault.row)
    told = [
        ("telemetry", f"{len(rows)} telemetry rows from row {rows[0]} on: {field}: {reason}")
        for (field, reason), rows in alike.items()
    ]
    told += [("telemetry_assumed", f"taken for granted: {assumption}") for assumption in log.assumptions]
    return tuple(FrameFault(pts_s=0.0, code=code, message=f"{name}: {text}") for code, text in told)


def _assumed_camera(clip: Path, facts: ClipFacts, *, is_drone: bool) -> CameraEntry:
    width_px, height_px = facts.size_px
    lens = Lens(width_px=width_px, height_px=height_px, hfov_deg=ASSUMED_HFOV_DEG)
    name = f"{clip.name}: lens assumed {ASSUMED_HFOV_DEG:.0f} deg"
    safe_id = "".join(letter if letter.isalnum() else "-" for letter in clip.stem)
    return CameraEntry(id=safe_id, name=name, kind="drone" if is_drone else "city_eye", lens=lens, look_hz=4.0)


def _check_size(clip: Path, entry: CameraEntry, facts: ClipFacts) -> None:
    stated = (entry.lens.width_px, entry.lens.height_px)
    if stated != facts.size_px:
        raise BadInput(
            path=str(clip),
            field="picture size",
            fault=f"is {facts.size_px[0]}x{facts.size_px[1]}, but camera {entry.id} states {stated[0]}x{stated[1]}",
            remedy="Give the camera file that belongs to this recording mode",
        )


def _start_s(clip: Path, facts: ClipFacts) -> float:
    return clip.stat().st_mtime - facts.duration_s if facts.created_s is None else facts.created_s


def _begun_s(log: TelemetryLog, begun_s: float, *, given: bool) -> float:
    """When the clip begins: as given, else by the log's first stamped cue, else as the clip says."""
    stamped = next((row for row in log.rows if row.at_s is not None and row.pts_s is not None), None)
    return begun_s if given or stamped is None else (stamped.at_s or 0.0) - (stamped.pts_s or 0.0)


def _flown(
    log: TelemetryLog, facts: ClipFacts, begun_s: float, aim: Aim | None, *, geoid_m: float, ground_amsl_m: float | None
) -> tuple[Callable[[float], Pose], tuple[TelemetryFault, ...]]:
    """Poses of a clip from its telemetry, and the rows that give none.

    A log whose rows say at which time of the clip they belong (SRT) is joined by that; any other by UTC.
    A log that does not say where the lens looked locates nothing unless the pilot's `aim` does: its tracks are
    `no_pose`, never a guess.

    Raises:
        TelemetryError: nothing in the log can be used.
        BadInput: the log and the clip do not overlap.
    """
    if aim is None and all(row.gimbal is None for row in log.rows):
        return _unaimed, log.faults
    home_m = ground_amsl_m if all(row.alt_amsl_m is None for row in log.rows) else None
    gimbal = aim.attitude() if aim else None
    if any(row.pts_s is not None for row in log.rows):
        posed = pose_track_by_pts(
            log, start_utc_s=begun_s, geoid_separation_m=geoid_m, home_alt_amsl_m=home_m, assumed_gimbal=gimbal
        )
    else:
        posed = pose_track(log, geoid_separation_m=geoid_m, home_alt_amsl_m=home_m, assumed_gimbal=gimbal)
    track = posed.track
    if track.end_s < begun_s or track.start_s > begun_s + facts.duration_s:
        span = f"{_utc(track.start_s)} to {_utc(track.end_s)}"
        fault = f"covers {span} and does not overlap the clip, which begins {_utc(begun_s)}"
        raise BadInput(path=log.source, field="time", fault=fault, remedy="Give the clip's own log, or its --start")
    return track.at, posed.faults


def _unaimed(at_s: float) -> Pose:
    raise OutsideTrack(
        f"the telemetry does not say where the lens looked at {_utc(at_s)}: state `aim` in a camera file"
    )


def _utc(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
