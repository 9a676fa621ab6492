"""DJI subtitle logs: every style, every fault, and twenty real logs."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flights.errors import TelemetryError
from flights.telemetry.dji_srt import parse_dji_srt
from flights.telemetry.log import NO_ATTITUDE
from flights.telemetry.poses import pose_track
from flights.telemetry.reader import read_telemetry
from geofences.attitude import Attitude

if TYPE_CHECKING:
    from flights.telemetry.log import TelemetryLog

LOGS = Path(__file__).resolve().parents[4] / "shared" / "data" / "geo" / "dji_srt"

BRACKETS = """1
00:00:00,000 --> 00:00:00,033
<font size="28">FrameCnt: 1, DiffTime: 33ms
2025-04-01 09:30:00.250
[iso: 100] [shutter: 1/80.0] [focal_len: 24.00] [latitude: 30.319500] [longitude: 120.139000] [rel_alt: 40.100 abs_alt: 46.300] [gb_yaw: 93.5 gb_pitch: -60.0 gb_roll: 0.0] </font>
"""  # noqa: E501 - as the aircraft writes it
MISSPELT = """1
00:00:00,000 --> 00:00:00,040
<font size="36">FrameCnt : 1, DiffTime : 40ms
2025-04-01 09:30:00,250,125
[iso : 110] [latitude : 30.319500] [longtitude : 120.139000] [altitude: 46.299999] </font>
"""
GPS_LON_LAT = """1
00:00:01,000 --> 00:00:02,000
HOME(120.1380,30.3190) 2025.4.1 09:30:00
GPS(120.1390,30.3195,16) BAROMETER:40.1
ISO:100 Shutter:60 EV: Fnum:2.2
"""
GPS_LAT_LON = """1
00:00:01,000 --> 00:00:02,000
2025.04.01 09:30:00
GPS(30.3195,120.1390,46.3M) BAROMETER:40.1M
"""
PHANTOM = """1
00:15:04,904 --> 00:15:05,905
F/5.6, SS 400, GPS (120.139000, 30.319500, 16), HOME (120.138000, 30.319000, 7.60m), D 153.32m, H 40.10m, H.S 1.84m/s, F.PRY (-8.9°, 2.9°, -75.0°), G.PRY (-27.3°, 0.0°, -76.0°)
"""  # noqa: E501 - as the aircraft writes it


def read(text: str, timezone: str | None = None) -> TelemetryLog:
    """Parse a text."""
    return parse_dji_srt(text, source="t.SRT", timezone=timezone)


@pytest.mark.parametrize("text", [BRACKETS, MISSPELT, GPS_LON_LAT, GPS_LAT_LON, PHANTOM])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_every_style_gives_the_same_place(text: str, line_end: str) -> None:
    """Latitude and longitude are told apart in all of them, with either line end and a byte order mark."""
    (row,) = read("\ufeff" + text.replace("\n", line_end)).rows
    assert (row.lat_deg, row.lon_deg) == (30.3195, 120.139)


def test_heights_keep_their_datum() -> None:
    """Above home, above the sea; a satellite count is no height."""
    found = {text: read(text).rows[0] for text in (BRACKETS, MISSPELT, GPS_LON_LAT, GPS_LAT_LON, PHANTOM)}
    heights = [(row.height_home_m, row.alt_amsl_m) for row in found.values()]
    assert heights == [(40.1, 46.3), (None, 46.299999), (40.1, None), (40.1, 46.3), (40.1, None)]


def test_attitudes_are_read_where_stated() -> None:
    """Lens and airframe of the two styles that have them; the others say so."""
    lens = read(BRACKETS).rows[0].gimbal
    assert lens is not None
    assert (lens.yaw_deg, lens.pitch_deg) == (93.5, -60.0)
    phantom = read(PHANTOM).rows[0]
    assert phantom.gimbal is not None
    assert phantom.body is not None
    assert (phantom.gimbal.yaw_deg, phantom.gimbal.pitch_deg, phantom.body.roll_deg) == (-76.0, -27.3, 2.9)
    assert NO_ATTITUDE in read(GPS_LON_LAT).assumptions


def test_a_local_time_needs_its_zone() -> None:
    """Without a zone it is UTC and said so; with one it is eight hours earlier in Hangzhou."""
    noon = datetime(2025, 4, 1, 9, 30, tzinfo=UTC).timestamp()
    assumed, stated = read(MISSPELT), read(MISSPELT, "Asia/Shanghai")
    assert assumed.rows[0].at_s == pytest.approx(noon + 0.250125, abs=1e-6)
    assert stated.rows[0].at_s == pytest.approx(noon + 0.250125 - 8 * 3600, abs=1e-6)
    assert any("UTC" in assumption for assumption in assumed.assumptions)
    assert not any("UTC" in assumption for assumption in stated.assumptions)
    assert read(PHANTOM).rows[0].pts_s == pytest.approx(904.904)


@pytest.mark.parametrize(
    ("broken", "field"),
    [
        (BRACKETS.replace("[longitude: 120.139000]", "[longi"), "longitude"),
        (BRACKETS.replace("[latitude: 30.319500]", ""), "latitude"),
        (BRACKETS.replace("30.319500", "95.0"), "position"),
        (BRACKETS.replace("30.319500", "0.0").replace("120.139000", "0.0"), "position"),
        (GPS_LON_LAT.replace("120.1390,30.3195,16", "N/A,N/A,3"), "position"),
        (BRACKETS.replace("2025-04-01", "2025-13-01"), "time"),
        ("1\n", "position"),
    ],
)
def test_an_unusable_cue_is_a_fault_with_its_row(broken: str, field: str) -> None:
    """A good cue before it is still read; alone, it is an error that names file, row and field."""
    log = read(BRACKETS + "\n" + broken)
    assert [(fault.row, fault.field) for fault in log.faults] == [(2, field)]
    assert len(log.rows) == 1
    with pytest.raises(TelemetryError) as error:
        read(broken)
    assert (error.value.path, error.value.row, error.value.field) == ("t.SRT", 1, field)


@settings(max_examples=200, deadline=None)
@given(cut=st.integers(0, 900), noise=st.text(max_size=20))
def test_no_cue_is_lost_whatever_happens_to_the_file(cut: int, noise: str) -> None:
    """Cut anywhere and followed by noise, the cues before the cut are all rows, and nothing else is raised."""
    text = f"{MISSPELT}\n{GPS_LON_LAT}\n{PHANTOM}\n{BRACKETS}"
    whole = [i for i in (len(MISSPELT), len(MISSPELT) + 1 + len(GPS_LON_LAT)) if i <= cut]
    try:
        log = read(text[:cut] + noise)
    except TelemetryError:
        assert not whole
        return
    assert len(log.rows) >= len(whole)


@pytest.mark.parametrize("lost", ["number", "blank", "both"])
def test_a_cue_whose_separator_is_lost_is_still_a_row(lost: str) -> None:
    """Without its number, without the blank line before it, or without either, the second cue is not swallowed."""
    number, blank = ("" if lost in ("number", "both") else "2\n"), ("" if lost in ("blank", "both") else "\n")
    second = MISSPELT.removeprefix("1\n").replace("30.319500", "30.319600")
    log = read(MISSPELT + blank + number + second)
    assert [row.lat_deg for row in log.rows] == [30.3195, 30.3196]


def test_a_height_cut_off_inside_its_number_is_not_a_height() -> None:
    """A file that ends in "BAROMETER:4" of 40.1 does not put the aircraft at four metres."""
    assert read(GPS_LON_LAT[: GPS_LON_LAT.index("0.1\nISO")]).rows[0].height_home_m is None


@pytest.mark.parametrize(
    ("text", "heights", "said"),
    [
        (MISSPELT, (None, 46.299999), "[altitude] is taken as height above mean sea level"),
        (MISSPELT.replace("FrameCnt", "SrtCnt"), (46.299999, None), "[altitude] is taken as height above the take-off"),
        (GPS_LAT_LON, (40.1, 46.3), "the altitude in GPS(.., .., ..M) is taken as height above mean sea level"),
        (PHANTOM, (40.1, None), "the height in HOME(..) is not used"),
    ],
)
def test_an_unstated_height_datum_is_an_assumption(
    text: str, heights: tuple[float | None, float | None], said: str
) -> None:
    """The Mavic 2 counts FrameCnt and gives heights above the sea; the Air 2 counts SrtCnt: above home."""
    log = read(text)
    assert (log.rows[0].height_home_m, log.rows[0].alt_amsl_m) == heights
    assert any(assumption.startswith(said) for assumption in log.assumptions)


# Of each real log, by eye from its text: rows and faults; then one cue's number, latitude, longitude, height above
# home, height above the sea, cue time and UTC stamp (its local time read as UTC).
REAL = {
    "air2s.srt": (17, 0, (9, 41.424726, 2.234130, 117.0, None, 0.266, "2022-08-07T13:40:41.041721")),
    "broken_incomplete.SRT": (19, 1, (18, -34.7383, -58.4563, 7.8, None, 18.0, "2017-07-03T10:15:20")),
    "broken_incomplete2.SRT": (4, 2, (5, -34.869945, -57.823383, None, 74.725998, 0.16, "2020-08-12T08:55:21.905078")),
    "head60k_MAVIC3.srt": (207, 0, (100, 3.41531, -3.37440, -2.4, 0.401, 1.98, "2021-12-25T12:27:54.350")),
    "head60k_m2zoom.SRT": (203, 0, (150, 31.452012, 74.398751, None, 214.014008, 2.485, "2020-04-02T15:20:01.206572")),
    "head60k_mavic_2pro_new.SRT": (
        218, 0, (200, -35.081015, -60.286298, None, None, 10.2, "2019-09-27T10:28:18.598917")
    ),
    "matrice_300.srt": (381, 0, (190, 36.6170, -6.1142, 82.9, None, 189.0, "2022-06-21T16:09:26")),
    "mavic_2_style.SRT": (468, 0, (300, -20.2538, 149.0243, None, None, None, "2017-08-05T14:16:51.393525")),
    "mavic_air2.srt": (25, 0, (20, 41.420685, 2.162162, 29.0, None, 0.316, "2022-05-01T15:01:58.848509")),
    "mavic_mini.SRT": (117, 0, (60, 48.0776, -121.7454, 200.9, None, 59.0, None)),
    "mavic_pro.SRT": (468, 0, (300, -20.2538, 149.0243, 116.4, None, 300.0, "2017-08-05T14:16:51")),
    "mavic_pro_buggy.SRT": (530, 16, (500, 42.4666, -1.2212, 119.5, None, 500.0, "2018-08-19T08:08:56")),
    "mix_p4rtk_mavic2pro.srt": (
        12, 0, (7, -34.65118, -59.409483, None, 120.060997, 909.942, "2020-10-07T12:00:10.123182")
    ),
    "old_format.SRT": (468, 0, (300, -20.2538, 149.0243, 116.4, None, 300.0, "2017-08-05T14:16:51")),
    "p4_rtk.SRT": (55, 0, (28, -34.235313, -58.850546, 85.67, None, 27.0, None)),
    "p4p_sample.SRT": (5, 0, (3, 47.4692, 8.2090, 45.6, None, 2.0, None)),
}  # fmt: skip
EMPTY = {  # file: row and field of the error
    "broken_empty.SRT": (None, "file"), "broken_empty2.SRT": (1, "position"), "mavic_air.SRT": (1, "position"),
    "preparedData.json": (None, "file"),
}  # fmt: skip
CUES = {"broken_incomplete.SRT": [20], "broken_incomplete2.SRT": [3, 6], "mavic_pro_buggy.SRT": list(range(15, 31))}


@pytest.mark.real
@pytest.mark.skipif(not LOGS.exists(), reason="shared/data is absent")
@pytest.mark.parametrize("name", REAL)
def test_each_cue_of_a_real_log_is_a_row_or_a_fault(name: str) -> None:
    """Sixteen logs of many models: rows and faults add up to the file's cues, and one row is as its text says."""
    log = read_telemetry(LOGS / name)
    rows, faults, (number, *wanted, stamp) = REAL[name]
    assert (len(log.rows), [fault.row for fault in log.faults]) == (rows, CUES.get(name, []))
    assert faults == len(log.faults)
    assert sorted([row.row for row in log.rows] + [fault.row for fault in log.faults]) == list(
        range(1, rows + faults + 1)
    )
    row = next(row for row in log.rows if row.row == number)
    assert [row.lat_deg, row.lon_deg, row.height_home_m, row.alt_amsl_m, row.pts_s] == pytest.approx(wanted, abs=1e-9)
    at_s = None if stamp is None else datetime.fromisoformat(stamp).replace(tzinfo=UTC).timestamp()
    assert row.at_s == pytest.approx(at_s, abs=1e-6)


@pytest.mark.real
@pytest.mark.skipif(not LOGS.exists(), reason="shared/data is absent")
@pytest.mark.parametrize("name", EMPTY)
def test_a_real_log_without_a_position_is_a_named_error(name: str) -> None:
    """Empty files, a clip without reception, a file that is no log: the error names the file and a remedy."""
    with pytest.raises(TelemetryError, match=name) as error:
        read_telemetry(LOGS / name)
    assert (error.value.row, error.value.field) == EMPTY[name]
    assert error.value.remedy


@pytest.mark.real
@pytest.mark.skipif(not LOGS.exists(), reason="shared/data is absent")
@pytest.mark.parametrize(
    ("name", "skipped", "reason"),
    [
        ("mavic_pro.SRT", 5, "does not go on"), ("old_format.SRT", 5, "does not go on"),
        ("mavic_pro_buggy.SRT", 3, "does not go on"), ("matrice_300.srt", 0, ""), ("air2s.srt", 0, ""),
        ("mix_p4rtk_mavic2pro.srt", 6, "does not state it"),
    ],
)  # fmt: skip
def test_rows_of_real_logs_that_give_no_pose_are_counted(name: str, skipped: int, reason: str) -> None:
    """Stamps that repeat or are missing: rows stay rows, and the poses say what they left out."""
    log = read_telemetry(LOGS / name)
    home_m = None if name.startswith("mix") else 6.0
    posed = pose_track(
        log, geoid_separation_m=9.0, home_alt_amsl_m=home_m, assumed_gimbal=Attitude(yaw_deg=0, pitch_deg=-60)
    )
    own = posed.faults[len(log.faults) :]
    assert (len(own), len(posed.track.poses)) == (skipped, len(log.rows) - skipped)
    assert all(reason in fault.reason for fault in own)


@pytest.mark.real
@pytest.mark.skipif(not LOGS.exists(), reason="shared/data is absent")
def test_the_phantom_log_agrees_with_another_parser() -> None:
    """All 55 cues: position, height, airframe and lens as in the values published with the logs."""
    wanted = json.loads((LOGS / "preparedData.json").read_text(encoding="utf-8"))
    rows = read_telemetry(LOGS / "p4_rtk.SRT").rows
    assert len(rows) == len(wanted) == 55
    for row, entry in zip(rows, wanted, strict=True):
        assert row.gimbal is not None
        assert row.body is not None
        found = [row.lon_deg, row.lat_deg, row.height_home_m]
        found += [row.body.pitch_deg, row.body.roll_deg, row.body.yaw_deg]
        found += [row.gimbal.pitch_deg, row.gimbal.roll_deg, row.gimbal.yaw_deg]
        assert found == [float(text) for text in (*entry["GPS"][:2], entry["H"], *entry["F_PRY"], *entry["G_PRY"])]


@pytest.mark.real
@pytest.mark.skipif(not LOGS.exists(), reason="shared/data is absent")
def test_real_flights_of_all_styles_move_like_aircraft() -> None:
    """Between cues a second apart nothing jumps: no style has its coordinates mixed up."""
    for name in ("mavic_pro.SRT", "matrice_300.srt", "p4_rtk.SRT", "mavic_mini.SRT", "old_format.SRT"):
        rows = read_telemetry(LOGS / name).rows
        steps = [
            max(abs(b.lat_deg - a.lat_deg) * 111_000, abs(b.lon_deg - a.lon_deg) * 111_000)
            for a, b in itertools.pairwise(rows)
        ]
        assert max(steps) < 40, name  # 23 m/s and four decimals
