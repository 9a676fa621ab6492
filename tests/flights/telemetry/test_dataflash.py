"""Dataflash logs: encoded here as ArduPilot writes them, read back by pymavlink too, damaged, and as text."""

from __future__ import annotations

import math
import os
import struct
from typing import TYPE_CHECKING

import numpy as np
import pytest

from flights.errors import TelemetryError
from flights.telemetry.dataflash import parse_dataflash, unix_s
from flights.telemetry.log import NO_ATTITUDE
from flights.telemetry.reader import read_telemetry

if TYPE_CHECKING:
    from pathlib import Path

    from flights.telemetry.log import TelemetryLog

FORMATS = {  # name: type, codes, columns. Source: ArduPilot 4.5, AP_Logger/LogStructure.h and the libraries' own
    "FMT": (128, "BBnNZ", "Type,Length,Name,Format,Columns"),
    "GPS": (130, "QBBIHBcLLeffffB", "TimeUS,I,Status,GMS,GWk,NSats,HDop,Lat,Lng,Alt,Spd,GCrs,VZ,Yaw,U"),
    "ATT": (131, "QccccCCCC", "TimeUS,DesRoll,Roll,DesPitch,Pitch,DesYaw,Yaw,ErrRP,ErrYaw"),
    "POS": (132, "QLLfff", "TimeUS,Lat,Lng,Alt,RelHomeAlt,RelOriginAlt"),
    "MNT": (133, "QBfffffffff", "TimeUS,I,DesRoll,Roll,DesPitch,Pitch,DesYawB,YawB,DesYawE,YawE,Dist"),
    "CAM": (134, "QBHIHLLeeefff", "TimeUS,I,Img,GPSTime,GPSWeek,Lat,Lng,Alt,RelAlt,GPSAlt,R,P,Y"),
    "TRIG": (135, "QIHLLeeeccC", "TimeUS,GPSTime,GPSWeek,Lat,Lng,Alt,RelAlt,GPSAlt,Roll,Pitch,Yaw"),  # as before 4.4
    "MSG": (136, "QZ", "TimeUS,Message"),
}
CODES = {"Q": "Q", "B": "B", "I": "I", "H": "H", "c": "h", "C": "H", "e": "i", "L": "i", "f": "f",
         "n": "4s", "N": "16s", "Z": "64s"}  # fmt: skip
SCALE = {"c": 100, "C": 100, "e": 100, "L": 1e7}
WEEK, WEEK_MS = 2408, 100_000_000  # in March 2026
UTC_S = 315_964_800 + WEEK * 604_800 + WEEK_MS / 1000 - 18  # at boot


def record(name: str, *values: float | bytes) -> bytes:
    """One message."""
    kind, codes, _ = FORMATS[name]
    packed = [
        value if isinstance(value, bytes) else round(value * SCALE.get(code, 1)) if code != "f" else value
        for code, value in zip(codes, values, strict=True)
    ]
    return b"\xa3\x95" + bytes([kind]) + struct.pack("<" + "".join(CODES[code] for code in codes), *packed)


def formats(*left_out: str) -> bytes:
    """The log's description of itself."""
    made = b""
    for name, (kind, codes, columns) in FORMATS.items():
        if name not in left_out:
            size = 3 + struct.calcsize("<" + "".join(CODES[code] for code in codes))
            made += record("FMT", kind, size, name.encode(), codes.encode(), columns.encode())
    return made


def gps(boot_s: float, *, status: int = 3, instance: int = 0, late_s: float = 0.0) -> bytes:
    """A fix, going east at 10 m/s and climbing at 1 m/s."""
    us, ms = round(boot_s * 1e6), round(WEEK_MS + (boot_s - late_s) * 1000)
    place = (30.3195, 120.139, 47.0, 10.0, 90.0, -1.0, 0.0, 1)
    return record("GPS", us, instance, status, ms, WEEK, 14, 0.8, *place)


def att(boot_s: float, yaw_deg: float = 90.0) -> bytes:
    """The airframe."""
    return record("ATT", round(boot_s * 1e6), 0, 2.0, 0, -3.0, 0, yaw_deg, 0, 0)


def pos(boot_s: float, lat: float = 30.3195) -> bytes:
    """The estimate."""
    return record("POS", round(boot_s * 1e6), lat, 120.139 + boot_s * 1e-4, 46.0, 40.0, 40.0)


def mnt(boot_s: float, *, from_nose: float = 5.0, from_north: float = 95.0, instance: int = 0) -> bytes:
    """The lens."""
    return record("MNT", round(boot_s * 1e6), instance, 0, 1.0, 0, -60.0, 0, from_nose, 0, from_north, 0)


def cam(boot_s: float, index: int, *, week: int = WEEK) -> bytes:
    """A picture, as newer logs have it."""
    at = (round(WEEK_MS + boot_s * 1000), week, 30.3195, 120.139, 46.0, 40.0, 47.0, 2.0, -3.0, 90.0)
    return record("CAM", round(boot_s * 1e6), 0, index, *at)


def trig(boot_s: float) -> bytes:
    """A picture ordered, as older logs have it: without a number."""
    at = (round(WEEK_MS + boot_s * 1000), WEEK, 30.3195, 120.139, 46.0, 40.0, 47.0, 2.0, -3.0, 90.0)
    return record("TRIG", round(boot_s * 1e6), *at)


def flight(first: int = 10, last: int = 30) -> bytes:
    """Tenths of seconds of flight."""
    made = b""
    for tenth in range(first, last + 1):
        boot_s = tenth / 10
        made += att(boot_s) + mnt(boot_s) + pos(boot_s)
        made += gps(boot_s) if tenth % 5 == 0 else record("MSG", round(boot_s * 1e6), b"hello")
    return made


def read(content: bytes) -> TelemetryLog:
    """Parse."""
    return parse_dataflash(content, source="00000007.BIN")


def test_a_flight_gives_position_attitude_lens_velocity_and_utc() -> None:
    """UTC is GPS week and time without the leap seconds; the yaw of the mount counts from north."""
    log = read(formats() + flight())
    assert (len(log.rows), log.faults, log.assumptions) == (21, (), ())
    row = log.rows[5]
    assert (row.lat_deg, row.lon_deg) == pytest.approx((30.3195, 120.13915), abs=1e-7)
    assert (row.alt_amsl_m, row.height_home_m) == (46.0, 40.0)
    assert row.velocity_enu_m_s == pytest.approx((10.0, 0.0, 1.0), abs=1e-6)
    assert row.at_s == pytest.approx(UTC_S + 1.5, abs=1e-3)
    assert row.gimbal is not None
    assert row.body is not None
    assert (row.gimbal.yaw_deg, row.gimbal.pitch_deg, row.gimbal.roll_deg) == pytest.approx((95, -60, 1))
    assert (row.body.yaw_deg, row.body.pitch_deg, row.body.roll_deg) == pytest.approx((90, -3, 2))


def test_pymavlink_reads_the_same_values(tmp_path: Path) -> None:
    """The encoder here writes what pymavlink's own reader understands, and both find the same positions and angles."""
    os.environ["MAVLINK20"] = "1"  # before the first import of pymavlink.mavutil: DroneKit takes that moment's dialect
    from pymavlink.DFReader import DFReader_binary  # noqa: PLC0415 - as above

    path = tmp_path / "00000007.BIN"
    path.write_bytes(formats() + flight())
    peer, theirs = DFReader_binary(str(path)), []
    while (message := peer.recv_match(type=["POS", "ATT", "MNT"])) is not None:
        theirs.append(message)
    places = [message for message in theirs if message.get_type() == "POS"]
    rows = read_telemetry(path).rows
    assert len(places) == len(rows) == 21
    for row, place in zip(rows, places, strict=True):
        assert (row.lat_deg, row.lon_deg) == pytest.approx((place.Lat, place.Lng), abs=1e-9)
        assert row.height_home_m == place.RelHomeAlt
        assert row.at_s == pytest.approx(place._timestamp, abs=0.02)  # where pymavlink keeps it
    peer.close()


@pytest.mark.parametrize(
    ("mount", "yaw_deg"),
    [({}, 95.0), ({"from_north": math.nan}, 95.0), ({"from_north": math.nan, "from_nose": -30.0}, 60.0)],
)
def test_a_mount_that_counts_from_the_nose_turns_with_it(mount: dict[str, float], yaw_deg: float) -> None:
    """Where the log has no yaw from north, the airframe's is added."""
    body = b"".join(att(t) + mnt(t, **mount) + pos(t) for t in (1.0, 1.1, 1.2))  # type: ignore[arg-type]  # a table
    gimbal = read(formats() + gps(1.0) + body).rows[1].gimbal
    assert gimbal is not None
    assert gimbal.yaw_deg == pytest.approx(yaw_deg)


def test_second_instances_and_times_without_a_fix_do_not_count() -> None:
    """Another receiver, another mount, and a receiver that has no fix yet."""
    noise = b"".join(gps(t, instance=1, late_s=500) + mnt(t, instance=1, from_north=0.0) for t in (1.0, 1.5, 2.0))
    early = gps(0.5, status=1, late_s=9000)
    log = read(formats() + early + noise + flight())
    assert log.rows[5].at_s == pytest.approx(UTC_S + 1.5, abs=1e-3)
    assert {row.gimbal.yaw_deg for row in log.rows if row.gimbal} == {95.0}


def test_a_log_without_pos_is_placed_by_its_receiver() -> None:
    """Older logs: fewer rows, no height above home, still by the fix."""
    body = b"".join(gps(t) + att(t) + mnt(t) for t in (1.0, 1.2, 1.4))
    rows = read(formats() + body).rows
    assert [(row.alt_amsl_m, row.height_home_m) for row in rows] == [(47.0, None)] * 3


def test_without_a_mount_the_rows_have_no_lens() -> None:
    """And the log says so."""
    log = read(formats() + gps(1.0) + b"".join(att(t) + pos(t) for t in (1.0, 1.1)))
    assert (len(log.rows), log.rows[0].gimbal, log.assumptions) == (2, None, (NO_ATTITUDE,))


def test_nothing_is_extrapolated() -> None:
    """Positions before the first and after the last attitude, or in a gap of it, are faults with their row."""
    body = pos(1.0) + att(1.1) + mnt(1.1) + pos(1.15) + att(1.2) + mnt(1.2) + pos(1.3) + pos(3.0) + att(6.0) + mnt(6.0)
    log = read(formats() + gps(1.0) + body)
    assert len(log.rows) == 1
    assert [(fault.row, fault.field) for fault in log.faults] == [
        (10, "body attitude"), (16, "body attitude"), (17, "body attitude")
    ]  # fmt: skip


@pytest.mark.parametrize("garbage", [b"\xa3\x95\x84short", b"\x00" * 200, b"\xa3\x95\xff" * 9, b"\xa3"])
def test_garbage_in_the_middle_is_one_fault_and_costs_at_most_the_message_before_it(garbage: bytes) -> None:
    """Messages have no checksum: one that nothing follows is not believed."""
    content = formats() + flight(10, 19) + garbage + flight(20, 30)
    log = read(content)
    assert (len(log.rows), [fault.field for fault in log.faults]) == (21, ["message"])
    assert "are no message" in log.faults[0].reason


@pytest.mark.parametrize("cut", [1, 2, 3, 10, 40])
def test_a_truncated_log_keeps_what_was_written(cut: int) -> None:
    """A battery pulled in the middle of a message."""
    content = formats() + flight() + pos(3.05)
    log = read(content[:-cut])
    assert len(log.rows) == 21
    assert len(log.faults) == 1


def test_random_bytes_are_never_more_than_faults() -> None:
    """Two hundred damaged copies: rows or a named error, nothing else is raised."""
    random, whole = np.random.default_rng(5), formats() + flight()
    for _ in range(200):
        content = bytearray(whole)
        for at in random.integers(0, len(whole), 20):
            content[at] = random.integers(0, 256)
        try:
            log = read(bytes(content))
        except TelemetryError:
            continue
        assert log.rows


def test_a_format_that_lacks_a_column_is_a_fault() -> None:
    """A POS without RelHomeAlt is named, once a message; one without its FMT is no message at all."""
    kind, codes, _ = FORMATS["POS"]
    size = 3 + struct.calcsize("<QiIfff")
    other = record("FMT", kind, size, b"POS", codes.encode(), b"TimeUS,Lat,Lng,Alt,Height,RelOriginAlt")
    with pytest.raises(TelemetryError, match="RelHomeAlt"):
        read(formats("POS") + other + flight())


def test_pictures_are_captures_and_triggers_only_where_there_are_none() -> None:
    """CAM has the moment of the shutter where TRIG has that of the order; UTC is the receiver's."""
    ordered = flight(10, 15) + trig(1.55) + flight(16, 30) + trig(3.05)
    shots = [
        read(formats() + ordered + taken).captures for taken in (b"", cam(3.1, 1) + cam(3.2, 2, week=0) + att(3.3))
    ]
    assert [[shot.index for shot in some] for some in shots] == [[1, 2], [1, 2]]
    assert [shot.at_s for shot in shots[0]] == pytest.approx([UTC_S + 1.55, UTC_S + 3.05], abs=2e-3)
    assert [shot.at_s for shot in shots[1]] == pytest.approx([UTC_S + 3.1, UTC_S + 3.2], abs=2e-3)
    for some in shots:
        attitude = some[0].attitude
        assert (attitude.yaw_deg, attitude.pitch_deg, attitude.roll_deg) == pytest.approx((90, -3, 2))


def test_the_text_form_gives_the_same_rows(tmp_path: Path) -> None:
    """As ground stations convert it; a damaged line is a fault with its number."""
    lines = [f"FMT, {kind}, 0, {name}, {codes}, {columns}" for name, (kind, codes, columns) in FORMATS.items()]
    for tenth in range(10, 13):
        us = tenth * 100_000
        lines += [
            f"GPS, {us}, 0, 3, {WEEK_MS + us // 1000}, {WEEK}, 14, 0.8, 30.3195, 120.139, 47, 10, 90, -1, 0, 1",
            f"ATT, {us}, 0, 2.0, 0, -3.0, 0, 90.0, 0, 0",
            f"MNT, {us}, 0, 0, 1.0, 0, -60.0, 0, 5.0, 0, 95.0, 0",
            f"POS, {us}, 30.3195, 120.13915, 46.0, 40.0, 40.0",
        ]
    lines += ["POS, 1300000, 30.3"]
    path = tmp_path / "flight.log"
    path.write_text("\n".join(lines))
    log = read_telemetry(path)
    assert log.format == "dataflash"
    assert (len(log.rows), [(fault.row, fault.field) for fault in log.faults]) == (3, [(len(lines), "POS")])
    assert log.rows[1].at_s == pytest.approx(UTC_S + 1.1)


@pytest.mark.parametrize(
    ("week", "ms", "utc"),
    [
        (1930, 18_000, 1_483_228_800.0),  # 2017-01-01 00:00:00: the 18th leap second has just passed
        (1929, 604_800_000, 1_483_228_783.0),
        (1851, 0, 1_435_449_584.0),  # 16 before July 2015
        (1600, 0, 1_283_644_785.0),
    ],
)
def test_leap_seconds_are_those_of_the_day(week: int, ms: int, utc: float) -> None:
    """GPS time does not have them, UTC does."""
    assert unix_s(week, ms) == utc
