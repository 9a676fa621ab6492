"""DJI subtitle logs: every style, every fault, and twenty real logs."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flights.errors import TelemetryError
from flights.telemetry.dji_srt import NO_ATTITUDE, parse_dji_srt
from flights.telemetry.reader import read_telemetry

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


# Rows and faults counted by hand in the files (blocks with a position; blocks without one or cut off).
REAL = {
    "air2s.srt": (17, 0), "broken_incomplete.SRT": (19, 1), "broken_incomplete2.SRT": (4, 2),
    "head60k_MAVIC3.srt": (207, 0), "head60k_m2zoom.SRT": (203, 0), "head60k_mavic_2pro_new.SRT": (218, 0),
    "matrice_300.srt": (381, 0), "mavic_2_style.SRT": (468, 0), "mavic_air2.srt": (25, 0), "mavic_mini.SRT": (117, 0),
    "mavic_pro.SRT": (468, 0), "mavic_pro_buggy.SRT": (530, 16), "mix_p4rtk_mavic2pro.srt": (12, 0),
    "old_format.SRT": (468, 0), "p4_rtk.SRT": (55, 0), "p4p_sample.SRT": (5, 0),
}  # fmt: skip


@pytest.mark.real
@pytest.mark.skipif(not LOGS.exists(), reason="shared/data is absent")
@pytest.mark.parametrize("name", [*REAL, "broken_empty.SRT", "broken_empty2.SRT", "mavic_air.SRT", "preparedData.json"])
def test_each_real_log_gives_rows_or_a_named_error(name: str) -> None:
    """Twenty logs of many models, some broken: rows and faults add up to the file's cues."""
    if name not in REAL:
        with pytest.raises(TelemetryError, match=name) as error:
            read_telemetry(LOGS / name)
        assert error.value.remedy
        return
    log = read_telemetry(LOGS / name)
    assert (len(log.rows), len(log.faults)) == REAL[name]


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
