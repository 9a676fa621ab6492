"""From logs to poses: datums, defaults, uncertainties, and what is left out."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flights.errors import TelemetryError
from flights.telemetry.log import STATION_CLOCK, TelemetryFault, TelemetryLog, TelemetryRow
from flights.telemetry.poses import (
    ASSUMED_YAW_DEG,
    DATAFLASH_CLOCK_S,
    RECORDED_SIGMAS,
    STATION_CLOCK_S,
    pose_track,
    pose_track_by_pts,
)  # fmt: skip
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
    assert pose_track(log, geoid_separation_m=9.0).track.poses[0].position.alt_ellipsoid_m == 55.0
    known = pose_track(log, geoid_separation_m=9.0, home_alt_amsl_m=7.0).track
    assert known.poses[0].position.alt_ellipsoid_m == 56.0


def test_the_clips_own_time_is_an_alternative() -> None:
    """Poses by cue time need no stamps in the log."""
    log = log_of(row(1, None), row(2, None))
    track = pose_track_by_pts(log, start_utc_s=1000.0, geoid_separation_m=9.0).track
    assert [pose.at_s for pose in track.poses] == [1000.0, 1001.0]
    with pytest.raises(TelemetryError, match="time: the log does not state it"):
        pose_track(log, geoid_separation_m=9.0)


def test_a_stated_attitude_is_used_with_larger_sigmas() -> None:
    """Without one the rows are unusable; with one their yaw is known to twenty degrees."""
    log = log_of(row(1, 100.0, gimbal=None))
    with pytest.raises(TelemetryError, match="attitude"):
        pose_track(log, geoid_separation_m=9.0)
    track = pose_track(log, geoid_separation_m=9.0, assumed_gimbal=DOWN).track
    assert track.poses[0].gimbal == DOWN
    assert track.poses[0].sigmas.yaw_deg == ASSUMED_YAW_DEG
    assert (
        pose_track(log_of(row(1, 1.0), kind="flight-log"), geoid_separation_m=9.0).track.poses[0].sigmas
        == RECORDED_SIGMAS
    )


def test_rows_that_give_no_pose_are_faults_with_their_reason() -> None:
    """Missing height, missing time, time that repeats or goes back, numbers that are none; the reader's faults too."""
    log = log_of(
        row(1, 100.0), row(2, 101.0, alt_amsl_m=None), row(3, None), row(4, 100.0), row(5, 99.0),
        row(6, 103.0), row(7, 104.0, gimbal=None), row(8, 105.0, alt_amsl_m=math.nan),
    )  # fmt: skip
    broken = TelemetryFault(row=9, field="position", reason="cut off")
    posed = pose_track(replace(log, faults=(broken,)), geoid_separation_m=9.0)
    assert [pose.at_s for pose in posed.track.poses] == [100.0, 103.0]
    assert [(fault.row, fault.field) for fault in posed.faults] == [
        (9, "position"), (2, "altitude"), (3, "time"), (4, "time"), (5, "time"), (7, "attitude"), (8, "position"),
    ]  # fmt: skip
    by_pts = pose_track_by_pts(log, start_utc_s=0.0, geoid_separation_m=9.0)
    assert [pose.at_s for pose in by_pts.track.poses] == [0.0, 2.0, 3.0, 4.0, 5.0]


@given(st.lists(st.one_of(st.none(), st.floats(0, 100)), min_size=1, max_size=20))
def test_every_row_is_a_pose_or_a_fault(times_s: list[float | None]) -> None:
    """Whatever the clock of a log does, poses and faults add up to its rows, and poses go on in time."""
    log = log_of(*(row(number, at_s) for number, at_s in enumerate(times_s, start=1)))
    try:
        posed = pose_track(log, geoid_separation_m=9.0)
    except TelemetryError:
        assert all(at_s is None for at_s in times_s)
        return
    assert len(posed.track.poses) + len(posed.faults) == len(times_s)


@pytest.mark.parametrize(
    ("kind", "known", "assumptions", "time_s", "yaw_deg"),
    [
        ("tlog", {}, (), 0.05, 1.0),
        ("dataflash", {}, (), DATAFLASH_CLOCK_S, 1.0),
        ("tlog", {}, (STATION_CLOCK,), STATION_CLOCK_S, 1.0),
        ("dataflash", {"gimbal": None}, (), DATAFLASH_CLOCK_S, ASSUMED_YAW_DEG),
        ("dji-srt", {}, (), 0.1, 3.0),
    ],
)
def test_uncertainties_follow_the_kind_of_log(
    kind: str, known: dict[str, object], assumptions: tuple[str, ...], time_s: float, yaw_deg: float
) -> None:
    """An autopilot's log is better than a consumer's; a ground station's clock and a stated heading are worse."""
    log = replace(log_of(row(1, 1.0, **known), kind=kind), assumptions=assumptions)
    sigmas = pose_track(log, geoid_separation_m=9.0, assumed_gimbal=DOWN).track.poses[0].sigmas
    assert (sigmas.time_s, sigmas.yaw_deg) == (time_s, yaw_deg)
