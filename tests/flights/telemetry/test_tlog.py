"""Telemetry logs: recorded from the simulator, written by pymavlink, damaged, and shared with others on the link."""

from __future__ import annotations

import io
import math
import struct
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flights.errors import TelemetryError
from flights.mavlink_decode import quaternion
from flights.simulator.aircraft import Aircraft
from flights.simulator.autopilot import BOOT_S, Autopilot
from flights.simulator.commands import Commands
from flights.simulator.telemetry import Telemetry
from flights.simulator.wire import Mode
from flights.telemetry.log import NO_ATTITUDE, STATION_CLOCK
from flights.telemetry.poses import pose_track
from flights.telemetry.reader import read_telemetry
from flights.telemetry.tlog import parse_tlog

if TYPE_CHECKING:
    from pathlib import Path

UTC_S = 1_772_416_800.0  # of the autopilot's start
LATE_S = 0.3  # of the ground station's clock
COPTER, CAMERA, GIMBAL, GCS = (1, 1), (1, 100), (1, 154), (255, 190)


class Tlog:
    """Writes a .tlog as ground stations do."""

    def __init__(self) -> None:
        self.file = io.BytesIO()
        self.links: dict[tuple[int, int], Any] = {}
        self.utc_s = UTC_S

    def add(self, boot_s: float, message: Any, sender: tuple[int, int] = COPTER, *, v1: bool = False) -> None:
        """One packet, heard `LATE_S` after it was sent."""
        link = self.links.setdefault(sender, mavlink.MAVLink(None, *sender))
        packet = message.pack(link, force_mavlink1=v1)
        self.file.write(struct.pack(">Q", round((self.utc_s + boot_s + LATE_S) * 1e6)) + packet)

    def heartbeat(self, boot_s: float, sender: tuple[int, int] = COPTER, *, autopilot: int = 3) -> None:
        """Alive."""
        self.add(boot_s, mavlink.MAVLink_heartbeat_message(2, autopilot, 0, 0, 4, 3), sender)

    def flight(self, *, first: int = 10, last: int = 30, clock: bool = True, lens: bool = True) -> None:
        """Tenths of seconds of flight eastward, the nose at 90 degrees, the lens 60 degrees down."""
        for tenth in range(first, last + 1):
            ms, boot_s = tenth * 100, tenth / 10
            if tenth % 10 == 0:
                self.heartbeat(boot_s)
            if clock and tenth % 10 == 0:
                self.add(boot_s, mavlink.MAVLink_system_time_message(round((self.utc_s + boot_s) * 1e6), ms))
            self.add(boot_s, mavlink.MAVLink_attitude_message(ms, 0, 0, math.pi / 2, 0, 0, 0))
            if lens:
                q = quaternion(yaw_deg=90, pitch_deg=-60, roll_deg=0)
                self.add(boot_s, mavlink.MAVLink_gimbal_device_attitude_status_message(0, 0, ms, 64, q, 0, 0, 0, 0))
            self.add(boot_s, position(ms, 1_201_390_000 + 100 * tenth))

    @property
    def content(self) -> bytes:
        """So far."""
        return self.file.getvalue()


def position(ms: int, lon_e7: int) -> Any:
    """Over Hangzhou."""
    return mavlink.MAVLink_global_position_int_message(ms, 303195000, lon_e7, 46_000, 40_000, 0, 95, 0, 9000)


def test_a_flight_is_read_with_its_own_clock_and_lens() -> None:
    """Position, heights, velocity, airframe, lens and UTC of the satellite clock, not of the ground station's."""
    log = Tlog()
    log.flight()
    found = parse_tlog(log.content, source="f.tlog")
    assert (len(found.rows), found.faults, found.assumptions) == (21, (), ())
    row = found.rows[5]
    assert (row.lat_deg, row.lon_deg) == pytest.approx((30.3195, 120.13915), abs=1e-9)
    assert (row.alt_amsl_m, row.height_home_m, row.velocity_enu_m_s) == (46.0, 40.0, (0.95, 0.0, 0.0))
    assert row.at_s == pytest.approx(UTC_S + 1.5)
    assert row.gimbal is not None
    assert row.body is not None
    assert (row.gimbal.yaw_deg, row.gimbal.pitch_deg) == pytest.approx((90, -60), abs=1e-4)
    assert row.body.yaw_deg == pytest.approx(90, abs=1e-4)


def test_without_satellite_time_the_ground_stations_clock_is_said_to_count() -> None:
    """UTC is then late by the link's delay, and the assumption says so."""
    log = Tlog()
    log.flight(clock=False)
    found = parse_tlog(log.content, source="f.tlog")
    assert found.rows[0].at_s == pytest.approx(UTC_S + 1.0 + LATE_S)
    assert STATION_CLOCK in found.assumptions


def test_others_on_the_link_are_not_taken_for_the_autopilot() -> None:
    """A camera's and a second aircraft's positions and attitudes are left out and counted; heartbeats fool nobody."""
    log = Tlog()
    for boot_s in (0.1, 0.2, 0.3, 0.4, 0.5):
        log.heartbeat(boot_s, CAMERA, autopilot=8)
        log.heartbeat(boot_s, GCS, autopilot=8)
    log.flight()
    log.heartbeat(3.0, (7, 1))
    for sender in (CAMERA, (7, 1)):
        log.add(3.0, position(2_000, 1_000_000_000), sender)
        log.add(3.0, mavlink.MAVLink_attitude_message(2_000, 1, 1, 1, 0, 0, 0), sender)
    found = parse_tlog(log.content, source="f.tlog")
    assert len(found.rows) == 21
    assert {round(row.lon_deg, 2) for row in found.rows} == {120.14}
    assert all(row.body is not None and abs(row.body.roll_deg) < 1e-3 for row in found.rows)
    assert found.assumptions == ("4 messages of others on the link than system 1 are left out",)


def test_a_gimbals_own_boot_clock_does_not_count() -> None:
    """A gimbal on the link started an hour earlier: its attitude belongs to the moment at which it was heard."""
    log, q = Tlog(), quaternion(yaw_deg=10, pitch_deg=-45, roll_deg=0)
    log.flight(last=14, lens=False)
    for tenth in range(15, 31):
        log.add(tenth / 10, mavlink.MAVLink_attitude_message(tenth * 100, 0, 0, math.pi / 2, 0, 0, 0))
        status = mavlink.MAVLink_gimbal_device_attitude_status_message(0, 0, 3_600_000 + tenth * 100, 32, q, 0, 0, 0, 0)
        log.add(tenth / 10, status, GIMBAL)
        log.add(tenth / 10, position(tenth * 100, 1_201_390_000))
    found = parse_tlog(log.content, source="f.tlog")
    assert found.rows[-2].gimbal is not None
    assert (found.rows[-2].gimbal.yaw_deg, found.rows[-2].gimbal.pitch_deg) == pytest.approx((100, -45), abs=1e-4)
    assert {fault.field for fault in found.faults} == {"lens attitude"}
    assert len(found.rows) + len(found.faults) == 21


@pytest.mark.parametrize(
    ("message", "yaw_deg"),
    [
        (mavlink.MAVLink_mount_status_message(0, 0, -6000, 100, 500), 95.0),
        (mavlink.MAVLink_mount_orientation_message(0, 1.0, -60.0, 5.0, 20.0), 20.0),
        (mavlink.MAVLink_mount_orientation_message(0, 1.0, -60.0, 5.0, math.nan), 95.0),
    ],
)
def test_older_mount_messages_give_the_lens_too(message: Any, yaw_deg: float) -> None:
    """MOUNT_STATUS counts yaw from the nose, MOUNT_ORIENTATION from north where it knows it."""
    log = Tlog()
    for tenth in range(10, 21):
        log.flight(first=tenth, last=tenth, lens=False)
        if hasattr(message, "time_boot_ms"):
            message.time_boot_ms = tenth * 100
        log.add(tenth / 10, message, v1=message.get_type() == "MOUNT_STATUS")
    row = parse_tlog(log.content, source="f.tlog").rows[5]
    assert row.gimbal is not None
    assert [row.gimbal.yaw_deg, row.gimbal.pitch_deg, row.gimbal.roll_deg] == pytest.approx([yaw_deg, -60, 1], abs=1e-4)


def test_a_flight_without_a_gimbal_has_rows_without_a_lens() -> None:
    """The pilot may then state where it looked; the log says that it does not."""
    log = Tlog()
    log.flight(lens=False)
    found = parse_tlog(log.content, source="f.tlog")
    assert (len(found.rows), found.rows[0].gimbal, found.assumptions) == (21, None, (NO_ATTITUDE,))


def test_a_restarted_autopilot_is_two_flights_on_one_clock() -> None:
    """Its boot clock begins anew: the second stretch has its own offset, and no pose lies between them."""
    log = Tlog()
    log.flight(first=100, last=120)
    log.utc_s += 60
    log.flight(first=10, last=30)
    found = parse_tlog(log.content, source="f.tlog")
    assert [found.rows[0].at_s, found.rows[-1].at_s] == pytest.approx([UTC_S + 10, UTC_S + 63])
    assert len(found.rows) == 42


def test_garbage_and_a_cut_off_end_are_faults_and_cost_no_whole_packet() -> None:
    """Bytes in the middle that even look like packets, a flipped bit, and half a packet at the end."""
    log = Tlog()
    log.flight(last=20)
    log.file.write(b"\xfd\xfe" + np.random.default_rng(1).bytes(300) + b"\xfd\x09\x00")
    log.flight(first=21, last=30)
    whole = log.content
    log.add(3.1, position(3_100, 1_201_390_000))
    cut = log.content[:-7]
    found = parse_tlog(cut, source="f.tlog")
    assert len(found.rows) == 21
    assert [fault.field for fault in found.faults] == ["packet", "packet"]
    assert "305 bytes are no packet" in found.faults[0].reason
    flipped = bytearray(whole)
    flipped[flipped.index(position(1_500, 1_201_391_500).pack(mavlink.MAVLink(None, 1, 1))[10:30]) + 5] ^= 1
    damaged = parse_tlog(bytes(flipped), source="f.tlog")
    assert (len(damaged.rows), len(damaged.faults)) == (20, 2)


def test_a_position_before_the_fix_is_a_fault() -> None:
    """0, 0 is no place, and neither is it lost silently."""
    log = Tlog()
    log.flight()
    log.add(2.0, mavlink.MAVLink_global_position_int_message(2000, 0, 0, 0, 0, 0, 0, 0, 0))
    found = parse_tlog(log.content, source="f.tlog")
    assert [(fault.field, fault.reason) for fault in found.faults] == [("position", "0, 0: there was no satellite fix")]


@pytest.mark.parametrize("content", [b"", b"nonsense", struct.pack(">Q", round(UTC_S * 1e6)) + b"\xfd" * 40])
def test_what_holds_no_autopilot_is_a_named_error(content: bytes, tmp_path: Path) -> None:
    """Empty, text, or bytes that only begin well: file, field and remedy."""
    path = tmp_path / "f.tlog"
    path.write_bytes(content)
    with pytest.raises(TelemetryError, match=r"f\.tlog: HEARTBEAT: no autopilot"):
        read_telemetry(path)


def test_pictures_are_captures_by_the_cameras_clock() -> None:
    """UTC where the autopilot stamps with it, its own start where it does not; the index is kept."""
    log = Tlog()
    log.flight(last=20)
    for index, time_us in ((1, round((UTC_S + 1.25) * 1e6)), (2, 1_750_000)):
        at = (303195000, 1_201_390_000, 46.0, 40.0, 1.0, 2.0, 90.0, 0.0, 0, index)
        log.add(2.0, mavlink.MAVLink_camera_feedback_message(time_us, 0, 0, index, *at))
    log.flight(first=21)
    shots = parse_tlog(log.content, source="f.tlog").captures
    assert [shot.index for shot in shots] == [1, 2]
    assert [shot.at_s for shot in shots] == pytest.approx([UTC_S + 1.25, UTC_S + 1.75])
    assert (shots[0].attitude.roll_deg, shots[0].attitude.pitch_deg, shots[0].attitude.yaw_deg) == (1.0, 2.0, 90.0)


def test_a_recorded_simulated_flight_gives_its_poses(tmp_path: Path) -> None:
    """The built-in simulator, with a camera on the link, recorded for half a minute: poses along the true path."""
    pilot = Autopilot(Aircraft(30.3195, 120.1390, 6.0, seed=7))
    telemetry = Telemetry(pilot, start_utc_s=UTC_S)
    telemetry.camera_heartbeat = True
    commands, log = Commands(pilot, telemetry), Tlog()
    truth: dict[int, tuple[float, ...]] = {}

    def run(seconds: float) -> None:
        for _ in range(round(seconds / 0.02)):
            pilot.failsafes.gcs_heard_s = pilot.now_s
            pilot.step(0.02)
            commands.missions.step(pilot.now_s)
            telemetry.step()
            truth[round(pilot.now_s * 1000)] = tuple(pilot.aircraft.motion.enu_m)
            for component, message in pilot.outbox:
                log.add(pilot.now_s, message, (1, component))
            pilot.outbox.clear()

    run(BOOT_S + 0.1)
    assert pilot.set_mode(Mode.GUIDED)
    assert pilot.arm()
    assert pilot.take_off(20)
    run(12)
    pilot.payload.command(mavlink.MAV_CMD_DO_SET_CAM_TRIGG_DIST, (5.0, 0, 1, 0, 0, 0, 0))
    pilot.go_to((60.0, 0.0, 20.0))
    run(15)
    path = tmp_path / "flight.tlog"
    path.write_bytes(log.content)
    found = read_telemetry(path)
    posed = pose_track(found, geoid_separation_m=9.0)
    assert len(found.rows) > 250
    assert len(posed.track.poses) == len(found.rows)
    assert {fault.field for fault in found.faults} <= {"body attitude", "lens attitude", "position", "time"}
    for row in found.rows[-100:]:
        assert row.at_s is not None
        east, _, _ = truth[round((row.at_s - UTC_S) * 1000)]
        assert (row.lon_deg - 120.1390) * 111_320 * math.cos(math.radians(30.3195)) == pytest.approx(east, abs=5)
    assert [shot.index for shot in found.captures] == list(range(1, len(found.captures) + 1))
    assert len(found.captures) == pilot.payload.pictures > 5
