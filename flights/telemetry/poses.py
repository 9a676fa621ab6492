"""From a telemetry log to poses: heights onto the ellipsoid, missing attitudes stated, uncertainties attached."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from flights.errors import TelemetryError
from geofences.pose import Pose, PoseSigmas, PoseTrack
from geofences.position import Geodetic

if TYPE_CHECKING:
    from flights.telemetry.log import TelemetryLog, TelemetryRow
    from geofences.attitude import Attitude

# Of a recording through an autopilot's own telemetry. Source: ArduPilot EKF3 innovations on a GNSS with ten satellites.
RECORDED_SIGMAS = PoseSigmas(horizontal_m=0.8, vertical_m=0.8, yaw_deg=1.0, tilt_deg=0.4, time_s=0.05)
# Of consumer logs with a stated lens attitude: compass heading and one picture's time. Source: DJI specification sheets
# (hover accuracy 1.5 m horizontally, 0.5 m vertically; 0.02 deg gimbal jitter, compass not stated).
LOGGED_SIGMAS = PoseSigmas(horizontal_m=1.5, vertical_m=1.5, yaw_deg=3.0, tilt_deg=1.0, time_s=0.1)
# With an attitude that a person stated: known to about how well one sets a gimbal wheel and estimates a heading.
ASSUMED_YAW_DEG, ASSUMED_TILT_DEG = 20.0, 5.0
UNCERTAIN_ALTITUDE_M = 10.0  # heights given above an uncertain datum


def pose_track(
    log: TelemetryLog,
    *,
    geoid_separation_m: float,
    home_alt_amsl_m: float | None = None,
    assumed_gimbal: Attitude | None = None,
    max_gap_s: float = 2.0,
) -> PoseTrack:
    """Poses by the log's own UTC; rows without time, height or attitude, and rows that go back in time, give none.

    Args:
        log: as read.
        geoid_separation_m: ellipsoid height minus height above mean sea level, at the place.
        home_alt_amsl_m: of the take-off point, for logs with heights above home only; preferred where both are known.
        assumed_gimbal: the lens, for rows that state no attitude.
        max_gap_s: neighbours further apart are not interpolated between.

    Raises:
        TelemetryError: no row gives a pose; names what the first one lacks.
    """
    poses: list[Pose] = []
    for row in log.rows:
        alt_amsl_m, gimbal = _altitude_m(row, home_alt_amsl_m), row.gimbal or assumed_gimbal
        if row.at_s is None or alt_amsl_m is None or gimbal is None or (poses and row.at_s <= poses[-1].at_s):
            continue
        alt_m = alt_amsl_m + geoid_separation_m
        poses.append(
            Pose(
                at_s=row.at_s,
                position=Geodetic(lat_deg=row.lat_deg, lon_deg=row.lon_deg, alt_ellipsoid_m=alt_m),
                body=row.body or gimbal,
                gimbal=gimbal,
                sigmas=_sigmas(log, row),
                velocity_enu_m_s=row.velocity_enu_m_s or (0.0, 0.0, 0.0),
            )
        )
    if not poses:
        first = log.rows[0]
        unknown_height = _altitude_m(first, home_alt_amsl_m) is None
        raise TelemetryError(
            path=log.source,
            row=first.row,
            field="time" if first.at_s is None else "altitude" if unknown_height else "attitude",
            fault="the log does not state it",
            remedy="Give a log that states time, height and where the lens looked.",
        )
    return PoseTrack(poses=tuple(poses), max_gap_s=max_gap_s)


def pose_track_by_pts(
    log: TelemetryLog,
    *,
    start_utc_s: float,
    geoid_separation_m: float,
    home_alt_amsl_m: float | None = None,
    assumed_gimbal: Attitude | None = None,
) -> PoseTrack:
    """Poses by the clip's own time: `start_utc_s` plus the time at which each row's picture is shown.

    Args:
        log: as read.
        start_utc_s: UTC of the clip's first picture.
        geoid_separation_m: as in `pose_track`.
        home_alt_amsl_m: as in `pose_track`.
        assumed_gimbal: as in `pose_track`.

    Raises:
        TelemetryError: no row has cue time, height and attitude.
    """
    rows = tuple(replace(row, at_s=None if row.pts_s is None else start_utc_s + row.pts_s) for row in log.rows)
    shown = replace(log, rows=rows)
    return pose_track(
        shown, geoid_separation_m=geoid_separation_m, home_alt_amsl_m=home_alt_amsl_m, assumed_gimbal=assumed_gimbal
    )


def _altitude_m(row: TelemetryRow, home_alt_amsl_m: float | None) -> float | None:
    """Above mean sea level."""
    if row.height_home_m is None or home_alt_amsl_m is None:
        return row.alt_amsl_m
    return home_alt_amsl_m + row.height_home_m


def _sigmas(log: TelemetryLog, row: TelemetryRow) -> PoseSigmas:
    if log.format == "flight-log":
        return RECORDED_SIGMAS
    sigmas = LOGGED_SIGMAS
    if any("altitude" in assumption for assumption in log.assumptions):
        sigmas = replace(sigmas, vertical_m=UNCERTAIN_ALTITUDE_M)
    if row.gimbal is None:
        sigmas = replace(sigmas, yaw_deg=ASSUMED_YAW_DEG, tilt_deg=ASSUMED_TILT_DEG)
    return sigmas
