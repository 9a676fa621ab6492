"""From a telemetry log to poses: heights onto the ellipsoid, missing attitudes stated, uncertainties attached."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from flights.errors import TelemetryError
from flights.telemetry.log import STATION_CLOCK, TelemetryFault
from geofences.attitude import Attitude
from geofences.errors import InvalidGeometry
from geofences.pose import Pose, PoseSigmas, PoseTrack
from geofences.position import Geodetic

if TYPE_CHECKING:
    from flights.telemetry.log import TelemetryLog, TelemetryRow

# Of a recording through an autopilot's own telemetry. Source: ArduPilot EKF3 innovations on a GNSS with ten satellites.
RECORDED_SIGMAS = PoseSigmas(horizontal_m=0.8, vertical_m=0.8, yaw_deg=1.0, tilt_deg=0.4, time_s=0.05)
# Of consumer logs with a stated lens attitude: compass heading and one picture's time. Source: DJI specification sheets
# (hover accuracy 1.5 m horizontally, 0.5 m vertically; 0.02 deg gimbal jitter, compass not stated).
LOGGED_SIGMAS = PoseSigmas(horizontal_m=1.5, vertical_m=1.5, yaw_deg=3.0, tilt_deg=1.0, time_s=0.1)
# With an attitude that a person stated: known to about how well one sets a gimbal wheel and estimates a heading.
ASSUMED_YAW_DEG, ASSUMED_TILT_DEG = 20.0, 5.0
UNCERTAIN_ALTITUDE_M = 10.0  # heights given above an uncertain datum
STATION_CLOCK_S = 0.5  # times taken from a ground station. Source: our choice, a usual radio's delay and a PC's clock
DATAFLASH_CLOCK_S = 0.2  # written down after the receiver's fix. Source: ArduPilot, AP_GPS_UBLOX::get_lag
RECORDED = frozenset({"flight-log", "dataflash", "tlog"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Posed:
    """What a log gives.

    Attributes:
        track: the poses.
        faults: every row of the log that gave none, with its reason; the reader's own faults included.
    """

    track: PoseTrack
    faults: tuple[TelemetryFault, ...]


def pose_track(
    log: TelemetryLog,
    *,
    geoid_separation_m: float,
    home_alt_amsl_m: float | None = None,
    assumed_gimbal: Attitude | None = None,
    max_gap_s: float = 2.0,
) -> Posed:
    """Poses by the log's own UTC; rows without time, height or attitude, and rows that go back in time, give a fault.

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
    faults: list[TelemetryFault] = []
    for row in log.rows:
        stated = replace(row, alt_amsl_m=_altitude_m(row, home_alt_amsl_m), gimbal=row.gimbal or assumed_gimbal)
        try:
            pose = _pose(stated, geoid_separation_m, _sigmas(log, row), poses[-1].at_s if poses else None)
        except _NoPoseError as lacking:
            faults.append(TelemetryFault(row=row.row, field=lacking.field, reason=lacking.reason))
        else:
            poses.append(pose)
    if not poses:
        first = faults[0]
        raise TelemetryError(
            path=log.source,
            row=first.row,
            field=first.field,
            fault=first.reason,
            remedy="Give a log that states time, height and where the lens looked.",
        )
    return Posed(track=PoseTrack(poses=tuple(poses), max_gap_s=max_gap_s), faults=log.faults + tuple(faults))


class _NoPoseError(Exception):
    def __init__(self, field: str, reason: str = "the log does not state it") -> None:
        self.field, self.reason = field, reason
        super().__init__(field, reason)


def _pose(row: TelemetryRow, geoid_separation_m: float, sigmas: PoseSigmas, last_s: float | None) -> Pose:
    """The pose of a row.

    Raises:
        _NoPoseError: it lacks something, goes back in time, or holds numbers that are none.
    """
    if row.at_s is None:
        raise _NoPoseError("time")
    if row.alt_amsl_m is None:
        raise _NoPoseError("altitude")
    if row.gimbal is None:
        raise _NoPoseError("attitude")
    if last_s is not None and row.at_s <= last_s:
        raise _NoPoseError("time", "does not go on from the row before")
    alt_m = row.alt_amsl_m + geoid_separation_m
    try:
        return Pose(
            at_s=row.at_s,
            position=Geodetic(lat_deg=row.lat_deg, lon_deg=row.lon_deg, alt_ellipsoid_m=alt_m),
            body=row.body or Attitude(yaw_deg=row.gimbal.yaw_deg, pitch_deg=0.0),
            gimbal=row.gimbal,
            sigmas=sigmas,
            velocity_enu_m_s=row.velocity_enu_m_s or (0.0, 0.0, 0.0),
        )
    except InvalidGeometry as error:
        raise _NoPoseError("position", str(error)) from error


def pose_track_by_pts(
    log: TelemetryLog,
    *,
    start_utc_s: float,
    geoid_separation_m: float,
    home_alt_amsl_m: float | None = None,
    assumed_gimbal: Attitude | None = None,
) -> Posed:
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
    sigmas = RECORDED_SIGMAS if log.format in RECORDED else LOGGED_SIGMAS
    if log.format == "dataflash":
        sigmas = replace(sigmas, time_s=DATAFLASH_CLOCK_S)
    if STATION_CLOCK in log.assumptions:
        sigmas = replace(sigmas, time_s=STATION_CLOCK_S)
    if any("altitude" in assumption for assumption in log.assumptions):
        sigmas = replace(sigmas, vertical_m=UNCERTAIN_ALTITUDE_M)
    if row.gimbal is None:
        sigmas = replace(sigmas, yaw_deg=ASSUMED_YAW_DEG, tilt_deg=ASSUMED_TILT_DEG)
    return sigmas
