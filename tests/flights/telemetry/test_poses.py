"""From logs to poses: datums, defaults, uncertainties, and what is left out."""

from __future__ import annotations

import pytest

from flights.errors import TelemetryError
from flights.telemetry.log import TelemetryLog, TelemetryRow
from flights.telemetry.poses import ASSUMED_YAW_DEG, RECORDED_SIGMAS, pose_track, pose_track_by_pts
from geofences.attitude import Attitude

DOWN = Attitude(yaw_deg=0.0, pitch_deg=-90.0)


def log_of(*rows: TelemetryRow, kind: str = "dji-srt") -> TelemetryLog:
    """A log."""
    return TelemetryLog(source="t.SRT", format=kind, rows=rows)


def row(number: int, at_s: float | None, **known: object) -> TelemetryRow:
    """A row above Hangzhou."""
    facts: dict[str, object] = {"alt_amsl_m": 46.0, "gimbal": DOWN, "pts_s": number - 1.0, **known}
    return TelemetryRow(row=number, lat_deg=30.3, lon_deg=120.1, at_s=at_s, **facts)  # type: ignore[arg-type]  # table


def test_heights_come_onto_the_ellipsoid() -> None:
    """Above the sea plus the separation; above home, where home is known, is preferred."""
    log = log_of(row(1, 100.0, height_home_m=40.0))
    assert pose_track(log, geoid_separation_m=9.0).poses[0].position.alt_ellipsoid_m == 55.0
    known = pose_track(log, geoid_separation_m=9.0, home_alt_amsl_m=7.0)
    assert known.poses[0].position.alt_ellipsoid_m == 56.0


def test_the_clips_own_time_is_an_alternative() -> None:
    """Poses by cue time need no stamps in the log."""
    log = log_of(row(1, None), row(2, None))
    track = pose_track_by_pts(log, start_utc_s=1000.0, geoid_separation_m=9.0)
    assert [pose.at_s for pose in track.poses] == [1000.0, 1001.0]
    with pytest.raises(TelemetryError, match="time: the log does not state it"):
        pose_track(log, geoid_separation_m=9.0)


def test_a_stated_attitude_is_used_with_larger_sigmas() -> None:
    """Without one the rows are unusable; with one their yaw is known to twenty degrees."""
    log = log_of(row(1, 100.0, gimbal=None))
    with pytest.raises(TelemetryError, match="attitude"):
        pose_track(log, geoid_separation_m=9.0)
    track = pose_track(log, geoid_separation_m=9.0, assumed_gimbal=DOWN)
    assert track.poses[0].gimbal == DOWN
    assert track.poses[0].sigmas.yaw_deg == ASSUMED_YAW_DEG
    assert pose_track(log_of(row(1, 1.0), kind="flight-log"), geoid_separation_m=9.0).poses[0].sigmas == RECORDED_SIGMAS


def test_rows_that_give_no_pose_are_left_out() -> None:
    """Missing height, missing time, and time that does not go on."""
    log = log_of(row(1, 100.0), row(2, 101.0, alt_amsl_m=None), row(3, None), row(4, 100.0), row(5, 103.0))
    assert [pose.at_s for pose in pose_track(log, geoid_separation_m=9.0).poses] == [100.0, 103.0]
    by_pts = pose_track_by_pts(log, start_utc_s=0.0, geoid_separation_m=9.0)
    assert [pose.at_s for pose in by_pts.poses] == [0.0, 2.0, 3.0, 4.0]
