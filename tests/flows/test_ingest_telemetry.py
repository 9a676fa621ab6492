"""Telemetry as it really comes: gaps, foreign encodings, and logs that do not say where the lens looked."""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from pymavlink.dialects.v20 import ardupilotmega as mavlink
from shapely import box

from flights.mavlink_decode import quaternion
from flows.ingest import clip_source
from flows.misplaced import withhold_misplaced
from flows.site_folder import init_site
from geofences.datum import Datum, from_wgs84
from geofences.errors import OutsideTrack
from geofences.zone import Zone, ZoneKind
from pipeline.site import read_site
from pipeline.sources.camera_file import Aim, CameraEntry, Lens, LogSigmas, MountEntry
from pipeline.sources.media import ClipWriter

if TYPE_CHECKING:
    from pathlib import Path

    from geofences.pose import Pose
    from pipeline.sources.clip import ClipSource

SECONDS = 12
# 2026-11-02 10:00 in Hangzhou.
STARTED_S = 1_793_584_800.0


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve grey seconds."""
    path = tmp_path_factory.mktemp("clips") / "flight.mp4"
    with ClipWriter(path, size_px=(160, 120), rate_hz=2, start_s=0.0) as writer:
        for _ in range(2 * SECONDS):
            writer.write(np.full((120, 160, 3), 90, dtype=np.uint8))
    return path


def srt(seconds: list[int], *, aimed: bool = True, note: str = "") -> str:
    """A log of one cue a second, stamped in local time."""
    look = "[gb_yaw: 10.0 gb_pitch: -60.0 gb_roll: 0.0]" if aimed else ""
    return "\n".join(
        f"{n + 1}\n00:00:{second:02d},000 --> 00:00:{second + 1:02d},000\n{note}2026-11-02 10:00:{second:02d}.000\n"
        f"[latitude: 30.319500] [longitude: 120.139000] [rel_alt: 35.000 abs_alt: 41.000] {look}\n"
        for n, second in enumerate(seconds)
    )


def read(clip: Path, telemetry: Path, camera: CameraEntry | None = None, *, start_s: float | None = None) -> ClipSource:
    """The clip with its log, in the demo's city."""
    return clip_source(
        clip,
        telemetry=telemetry,
        camera=camera,
        start_s=start_s,
        look_hz=None,
        geoid_separation_m=9.0,
        ground_alt_amsl_m=6.0,
        timezone="Asia/Shanghai",
    )


def test_local_stamps_are_read_in_the_sites_time_zone(clip: Path, tmp_path: Path) -> None:
    """DJI stamps local time: schedules would be judged eight hours off if it were taken for UTC."""
    path = tmp_path / "flight.SRT"
    path.write_text(srt(list(range(SECONDS))))
    assert read(clip, path).start_s == STARTED_S


def test_a_gap_in_the_log_locates_nothing(clip: Path, tmp_path: Path) -> None:
    """Where the log is silent for four seconds there is no pose; on both sides there is."""
    path = tmp_path / "flight.SRT"
    path.write_text(srt([0, 1, 2, 3, 8, 9, 10, 11]))
    source = read(clip, path)
    for pts_s in (0.5, 3.0, 8.0, 10.5):
        assert source.pose_at(STARTED_S + pts_s).position.alt_ellipsoid_m == pytest.approx(50.0)
    for pts_s in (3.5, 5.0, 7.5, 11.5):
        with pytest.raises(OutsideTrack):
            source.pose_at(STARTED_S + pts_s)


@pytest.mark.parametrize("encoding", ["gb18030", "latin-1", "utf-8-sig"])
def test_a_log_in_another_encoding_is_read(clip: Path, tmp_path: Path, encoding: str) -> None:
    """Notes in GB 18030 or Latin-1, or a byte order mark, do not hide the numbers."""
    path = tmp_path / "flight.SRT"
    note = {"gb18030": "备注 拱墅 ", "latin-1": "Vol d'été "}.get(encoding, "")
    path.write_bytes(srt(list(range(SECONDS)), note=note).encode(encoding))
    assert read(clip, path).pose_at(STARTED_S + 2.0).gimbal.pitch_deg == pytest.approx(-60.0)


def test_a_log_without_the_lens_attitude_locates_nothing(clip: Path, tmp_path: Path) -> None:
    """Where the lens looked is never guessed: such a clip is looked at, and its tracks are left alone as no_pose."""
    path = tmp_path / "flight.SRT"
    path.write_text(srt(list(range(SECONDS)), aimed=False))
    source = read(clip, path)
    assert source.start_s == STARTED_S
    with pytest.raises(OutsideTrack, match="does not say where the lens looked"):
        source.pose_at(STARTED_S + 2.0)


def test_the_pilot_may_state_where_the_lens_looked(clip: Path, tmp_path: Path) -> None:
    """A camera file's `aim` places such a clip, with the large errors of a stated heading."""
    path = tmp_path / "flight.SRT"
    path.write_text(srt(list(range(SECONDS)), aimed=False))
    lens = Lens(width_px=160, height_px=120, hfov_deg=70.0)
    aim = Aim(yaw_deg=250.0, pitch_deg=-45.0)
    source = read(clip, path, CameraEntry(id="uav", name="uav", kind="drone", lens=lens, aim=aim))
    pose = source.pose_at(STARTED_S + 2.0)
    assert (pose.gimbal.yaw_deg, pose.gimbal.pitch_deg) == (250.0, -45.0)
    assert pose.sigmas.yaw_deg >= 15.0


def test_a_mount_corrects_what_the_log_says(clip: Path, tmp_path: Path) -> None:
    """A clip two seconds late, with a lens turned by three degrees and two metres below the antenna."""
    path = tmp_path / "flight.SRT"
    moving = srt(list(range(SECONDS)))
    for second in range(SECONDS):
        moving = moving.replace("abs_alt: 41.000", f"abs_alt: {41 + second}.0", 1)
    path.write_text(moving)
    mount = MountEntry(
        lever_arm_frd_m=(0.0, 0.0, 2.0),
        seat_cam_deg=(3.0, 0.0, 0.0),
        time_offset_s=2.0,
        log=LogSigmas(horizontal_m=0.3, vertical_m=0.3, yaw_deg=0.5, tilt_deg=0.2),
        seat_sigma_cam_deg=(0.1, 0.1, 1.2),
    )
    lens = Lens(width_px=160, height_px=120, hfov_deg=70.0)
    source = read(clip, path, CameraEntry(id="uav", name="uav", kind="drone", lens=lens, mount=mount))
    pose = read_at(source, 4.0)
    assert pose.at_s == pytest.approx(STARTED_S + 4.0)
    assert pose.position.alt_ellipsoid_m == pytest.approx(47 + 9 - 2, abs=1e-6)
    assert pose.gimbal.pitch_deg == pytest.approx(-57.0)
    assert (pose.sigmas.horizontal_m, pose.sigmas.time_s) == (0.3, 0.05)
    assert 1.0 < pose.sigmas.yaw_deg < 1.3
    with pytest.raises(OutsideTrack):
        read_at(source, SECONDS - 2.0)


def test_heights_above_the_take_off_place_stand_on_the_sites_ground(clip: Path, tmp_path: Path) -> None:
    """35 m above ground that is 6 m above the sea, and so 15 m above the ellipsoid, are 50 m."""
    path = tmp_path / "flight.SRT"
    path.write_text(srt(list(range(SECONDS))).replace(" abs_alt: 41.000", ""))
    assert read(clip, path).pose_at(STARTED_S + 2.0).position.alt_ellipsoid_m == pytest.approx(50.0)


def test_rows_without_a_pose_reach_the_look(clip: Path, tmp_path: Path) -> None:
    """Cues without a fix or that repeat their time are counted by reason; assumptions stand beside them."""
    text = srt([0, 1, 2, 2, 2, 5, 6, 7]).replace("00:00:06,000 -->", "00:00:04,500 -->", 1)
    broken = text.replace("[latitude: 30.319500] [longitude: 120.139000]", "[latitude: 0.0] [longitude: 0.0]", 1)
    path = tmp_path / "flight.SRT"
    path.write_text(broken.replace("rel_alt: 35.000 abs_alt:", "altitude:"))
    found = read(clip, path).left_out
    assert [(fault.code, fault.message) for fault in found] == [
        ("telemetry", "flight.SRT: 1 telemetry rows from row 1 on: position: 0, 0: there was no satellite fix"),
        ("telemetry", "flight.SRT: 3 telemetry rows from row 4 on: time: does not go on from the row before"),
        (
            "telemetry_assumed",
            "flight.SRT: taken for granted: [altitude] is taken as height above mean sea level",
        ),
    ]


def test_an_autopilots_log_places_a_clip(clip: Path, tmp_path: Path) -> None:
    """A .tlog beside a clip, joined by UTC; the attitude of a stranger on the link is counted, not used."""
    path = tmp_path / "flight.tlog"
    path.write_bytes(tlog(STARTED_S))
    source = read(clip, path, start_s=STARTED_S)
    for pts_s in (0.0, 5.05):
        pose = read_at(source, pts_s)
        assert (pose.gimbal.yaw_deg, pose.gimbal.pitch_deg) == pytest.approx((90, -60), abs=1e-3)
        assert pose.position.alt_ellipsoid_m == pytest.approx(55.0)
    assert [fault.code for fault in source.left_out] == ["telemetry_assumed"]


def test_a_log_in_another_datum_places_nothing(clip: Path, tmp_path: Path) -> None:
    """A log whose places were taken from a GCJ-02 map is named; one that lies at the zones is left as it is."""
    init_site(tmp_path / "site")
    outline = box(120.1385, 30.319, 120.1395, 30.32)
    site = replace(
        read_site(tmp_path / "site"), zones=(Zone(zone_id="z", name="z", kind=ZoneKind.ROAD, outline=outline),)
    )
    path = tmp_path / "flight.SRT"
    path.write_text(srt(list(range(SECONDS))))
    assert withhold_misplaced(read(clip, path), site).profile.located
    lat_deg, lon_deg = from_wgs84(np.array([[30.3195, 120.139]]), Datum.GCJ02)[0]
    path.write_text(
        srt(list(range(SECONDS))).replace("30.319500", f"{lat_deg:f}").replace("120.139000", f"{lon_deg:f}")
    )
    withheld = withhold_misplaced(read(clip, path), site)
    assert not withheld.profile.located
    assert "the flight: looks like gcj02" in withheld.left_out[-1].message


def read_at(source: ClipSource, pts_s: float) -> Pose:
    """The pose of a moment of the clip."""
    return source.pose_at(source.start_s + pts_s)


def tlog(start_s: float) -> bytes:
    """A quarter of a minute of flight from two seconds before, as a ground station records it."""
    pilot, stranger = mavlink.MAVLink(None, 1, 1), mavlink.MAVLink(None, 9, 1)
    q, content = quaternion(yaw_deg=90, pitch_deg=-60, roll_deg=0), b""
    for tenth in range(150):
        ms, utc_s = 5_000 + tenth * 100, start_s - 2 + tenth / 10
        for link, message in (
            (pilot, mavlink.MAVLink_heartbeat_message(2, 3, 0, 0, 4, 3)),
            (pilot, mavlink.MAVLink_system_time_message(round(utc_s * 1e6), ms)),
            (pilot, mavlink.MAVLink_attitude_message(ms, 0, 0, 1, 0, 0, 0)),
            (stranger, mavlink.MAVLink_attitude_message(ms, 1, 1, 1, 0, 0, 0)),
            (pilot, mavlink.MAVLink_gimbal_device_attitude_status_message(0, 0, ms, 64, q, 0, 0, 0, 0)),
            (
                pilot,
                mavlink.MAVLink_global_position_int_message(ms, 303195000, 1201390000, 46000, 40000, 0, 0, 0, 0),
            ),
        ):
            content += struct.pack(">Q", round(utc_s * 1e6)) + message.pack(link)
    return content
