"""From a telemetry log to poses: heights onto the ellipsoid, missing attitudes stated, uncertainties attached."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from flights.errors import TelemetryError
from flights.telemetry.log import TelemetryFault, TelemetryLog, TelemetryRow
from geofences.pose import Pose, PoseSigmas, PoseTrack
from geofences.position import Geodetic

if TYPE_CHECKING:
    from collections.abc import Callable

    from geofences.attitude import Attitude

# Of a recording through an autopilot's own telemetry. Source: ArduPilot EKF3 innovations on a GNSS with ten satellites.
RECORDED_SIGMAS = PoseSigmas(horizontal_m=0.8, vertical_m=0.8, yaw_deg=1.0, tilt_deg=0.4, time_s=0.05)
# Of consumer logs with a stated lens attitude: compass heading and one picture's time. Source: DJI specification sheets
# (hover accuracy 1.5 m horizontally, 0.5 m vertically; 0.02 deg gimbal jitter, compass not stated).
LOGGED_SIGMAS = PoseSigmas(horizontal_m=1.5, vertical_m=1.5, yaw_deg=3.0, tilt_deg=1.0, time_s=0.1)
# With an attitude that a person stated: known to about how well one sets a gimbal wheel and estimates a heading.
ASSUMED_YAW_DEG, ASSUMED_TILT_DEG = 20.0, 5.0
UNCERTAIN_ALTITUDE_M = 10.0  # heights given above an uncertain datum


@dataclass(frozen=True, slots=True, kw_only=True)
class PoseSettings:
    """What the log does not say.

    Attributes:
        geoid_separation_m: ellipsoid height minus height above mean sea level, at the place.
        home_alt_amsl_m: of the take-off point, for logs with heights above home only.
        assumed_gimbal: the lens, for rows without an attitude; those rows are unusable without it.
        sigmas: uncertainties; by the kind of log when None.
        max_gap_s: neighbours further apart are not interpolated between.
    """

    geoid_separation_m: float
    home_alt_amsl_m: float | None = None
    assumed_gimbal: Attitude | None = None
    sigmas: PoseSigmas | None = None
    max_gap_s: float = 2.0


def pose_track(
    log: TelemetryLog,
    *,
    geoid_separation_m: float,
    home_alt_amsl_m: float | None = None,
    assumed_gimbal: Attitude | None = None,
    sigmas: PoseSigmas | None = None,
    max_gap_s: float = 2.0,
) -> PoseTrack:
    """Poses by the log's own UTC.

    Args:
        log: as read.
        geoid_separation_m: ellipsoid height minus height above mean sea level, at the place.
        home_alt_amsl_m: of the take-off point, for logs with heights above home only; preferred where both are known.
        assumed_gimbal: the lens, for rows that state no attitude.
        sigmas: uncertainties; by the kind of log when None.
        max_gap_s: neighbours further apart are not interpolated between.

    Raises:
        TelemetryError: no row has time, height and attitude; `unposed_rows` lists all that were left out.
    """
    return _track(log, lambda row: row.at_s, _settings(locals()))


def pose_track_by_pts(
    log: TelemetryLog,
    *,
    start_utc_s: float,
    geoid_separation_m: float,
    home_alt_amsl_m: float | None = None,
    assumed_gimbal: Attitude | None = None,
    sigmas: PoseSigmas | None = None,
    max_gap_s: float = 2.0,
) -> PoseTrack:
    """Poses by the clip's own time: `start_utc_s` plus the time at which each row's picture is shown.

    Args:
        log: as read.
        start_utc_s: UTC of the clip's first picture.
        geoid_separation_m: as in `pose_track`.
        home_alt_amsl_m: as in `pose_track`.
        assumed_gimbal: as in `pose_track`.
        sigmas: as in `pose_track`.
        max_gap_s: as in `pose_track`.

    Raises:
        TelemetryError: no row has cue time, height and attitude.
    """
    return _track(log, lambda row: None if row.pts_s is None else start_utc_s + row.pts_s, _settings(locals()))


def _settings(given: dict[str, object]) -> PoseSettings:
    names = PoseSettings.__dataclass_fields__
    return PoseSettings(**{name: value for name, value in given.items() if name in names})  # type: ignore[arg-type]  # same names, same types


def unposed_rows(log: TelemetryLog, settings: PoseSettings, *, by_pts: bool = False) -> tuple[TelemetryFault, ...]:
    """Rows of a log that give no pose under these settings, and why. With `log.faults` these are all left out."""
    clock: Callable[[TelemetryRow], float | None] = (lambda row: row.pts_s) if by_pts else (lambda row: row.at_s)
    return _poses(log, clock, settings)[1]


def _track(log: TelemetryLog, clock: Callable[[TelemetryRow], float | None], settings: PoseSettings) -> PoseTrack:
    poses, faults = _poses(log, clock, settings)
    if not poses:
        raise TelemetryError(
            path=log.source,
            row=faults[0].row,
            field=faults[0].field,
            fault=faults[0].reason,
            remedy="State what the log does not say: assumed_gimbal, home_alt_amsl_m, or use pose_track_by_pts.",
        )
    return PoseTrack(poses=tuple(poses), max_gap_s=settings.max_gap_s)


def _poses(
    log: TelemetryLog, clock: Callable[[TelemetryRow], float | None], settings: PoseSettings
) -> tuple[list[Pose], tuple[TelemetryFault, ...]]:
    poses: list[Pose] = []
    faults: list[TelemetryFault] = []
    for row in log.rows:
        at_s, alt_m = clock(row), _altitude(row, settings)
        gimbal = row.gimbal or settings.assumed_gimbal
        if at_s is None or alt_m is None or gimbal is None:
            missing = "time" if at_s is None else "altitude" if alt_m is None else "attitude"
            faults.append(TelemetryFault(row=row.row, field=missing, reason="the log does not state it"))
        elif poses and at_s <= poses[-1].at_s:
            faults.append(TelemetryFault(row=row.row, field="time", reason="not later than the row before"))
        else:
            poses.append(_pose(log, row, settings, at_s=at_s, alt_m=alt_m, gimbal=gimbal))
    return poses, tuple(faults)


def _pose(
    log: TelemetryLog, row: TelemetryRow, settings: PoseSettings, *, at_s: float, alt_m: float, gimbal: Attitude
) -> Pose:
    position = Geodetic(lat_deg=row.lat_deg, lon_deg=row.lon_deg, alt_ellipsoid_m=alt_m)
    return Pose(
        at_s=at_s,
        position=position,
        body=row.body or gimbal,
        gimbal=gimbal,
        sigmas=settings.sigmas or _sigmas(log, row),
        velocity_enu_m_s=row.velocity_enu_m_s or (0.0, 0.0, 0.0),
    )


def _altitude(row: TelemetryRow, settings: PoseSettings) -> float | None:
    if row.height_home_m is not None and settings.home_alt_amsl_m is not None:
        return settings.home_alt_amsl_m + row.height_home_m + settings.geoid_separation_m
    return None if row.alt_amsl_m is None else row.alt_amsl_m + settings.geoid_separation_m


def _sigmas(log: TelemetryLog, row: TelemetryRow) -> PoseSigmas:
    if log.format == "flight-log":
        return RECORDED_SIGMAS
    sigmas = LOGGED_SIGMAS
    if any("altitude" in assumption for assumption in log.assumptions):
        sigmas = replace(sigmas, vertical_m=UNCERTAIN_ALTITUDE_M)
    if row.gimbal is None:
        sigmas = replace(sigmas, yaw_deg=ASSUMED_YAW_DEG, tilt_deg=ASSUMED_TILT_DEG)
    return sigmas
