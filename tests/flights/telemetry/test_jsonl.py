"""Our own flight log, read back."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest

from flights.errors import TelemetryError
from flights.recorder import KIND_OF
from flights.samples import AttitudeSample, CaptureSample, ClockSample, GimbalSample, PositionSample, Sample
from flights.telemetry.jsonl import parse_flight_log
from flights.telemetry.merge import merge_samples

UTC_MINUS_BOOT = 1_772_416_000.0
PLACE = (
    '{"kind":"position","boot_s":1.0,"lat_deg":30.3,"lon_deg":120.1,"alt_amsl_m":36,"height_home_m":30,'
    '"velocity_enu_m_s":[0,0,0]}'
)


def clock(boot_s: float, *, off_s: float = 0.0) -> ClockSample:
    """The two clocks."""
    return ClockSample(boot_s=boot_s, unix_s=UTC_MINUS_BOOT + boot_s + off_s)


def position(boot_s: float) -> PositionSample:
    """Somewhere."""
    return PositionSample(
        boot_s=boot_s,
        lat_deg=30.3,
        lon_deg=120.1,
        alt_amsl_m=36.0,
        height_home_m=30.0,
        velocity_enu_m_s=(1.0, 2.0, 0.0),
    )


def body(boot_s: float, yaw_deg: float) -> AttitudeSample:
    """Turned."""
    return AttitudeSample(boot_s=boot_s, yaw_deg=yaw_deg, pitch_deg=0.0, roll_deg=0.0)


def lens(boot_s: float, yaw_deg: float, *, from_north: bool) -> GimbalSample:
    """Turned."""
    return GimbalSample(boot_s=boot_s, yaw_deg=yaw_deg, pitch_deg=-60.0, roll_deg=0.0, from_north=from_north)


def as_text(samples: list[Sample]) -> str:
    """A log file."""
    return "\n".join(json.dumps({"kind": KIND_OF[type(s)], **asdict(s)}) for s in samples)


def test_attitudes_are_interpolated_to_the_position_across_north() -> None:
    """Half way between 350 and 10 degrees is north, and a lens counted from the nose turns with it."""
    samples: list[Sample] = [
        clock(1.0), body(1.0, 350.0), body(1.2, 10.0), lens(1.0, 5.0, from_north=False), position(1.1),
        lens(1.2, 5.0, from_north=False),
    ]  # fmt: skip
    (row,) = parse_flight_log(as_text(samples), source="f.jsonl").rows
    assert row.at_s == pytest.approx(UTC_MINUS_BOOT + 1.1)
    assert row.body is not None
    assert row.gimbal is not None
    assert row.body.yaw_deg == pytest.approx(0.0, abs=1e-9)
    assert row.gimbal.yaw_deg == pytest.approx(5.0)
    assert row.velocity_enu_m_s == (1.0, 2.0, 0.0)


def test_a_lens_counted_from_north_does_not_turn_with_the_body() -> None:
    """Its yaw is taken as it is."""
    samples: list[Sample] = [clock(1.0), body(1.0, 90.0), lens(1.0, 5.0, from_north=True), position(1.0)]
    rows = merge_samples(enumerate(samples, start=1), source="f.jsonl", kind="flight-log").rows
    assert rows[0].gimbal is not None
    assert rows[0].gimbal.yaw_deg == pytest.approx(5.0)


def test_one_late_clock_message_does_not_move_the_flight() -> None:
    """The median of the offsets counts; clocks from before the fix, at zero, do not."""
    samples: list[Sample] = [ClockSample(boot_s=0.1, unix_s=0.0), clock(1.0), clock(1.5, off_s=3.0), clock(2.0)]
    samples += [body(1.0, 0.0), lens(1.0, 0.0, from_north=True), position(1.0)]
    rows = merge_samples(enumerate(samples, start=1), source="f.jsonl", kind="flight-log").rows
    assert rows[0].at_s == pytest.approx(UTC_MINUS_BOOT + 1.0)


def test_positions_without_attitude_are_faults_not_rows() -> None:
    """A gimbal silent for over a second says nothing; the fault names its line and field."""
    samples: list[Sample] = [clock(1.0), body(1.0, 0.0), lens(1.0, 0.0, from_north=True), position(1.0)]
    samples += [body(5.0, 0.0), position(5.0)]
    log = parse_flight_log(as_text(samples) + '\n{"kind":"position","boot_s":6.0,"lat_', source="f.jsonl")
    assert len(log.rows) == 1
    assert {(fault.row, fault.field) for fault in log.faults} == {(6, "lens attitude"), (7, "line")}


def test_a_log_without_a_fix_is_a_named_error() -> None:
    """No clock, no poses: the file and the missing field are named."""
    samples: list[Sample] = [body(1.0, 0.0), lens(1.0, 0.0, from_north=True), position(1.0)]
    with pytest.raises(TelemetryError, match=r"f\.jsonl: row 3: time"):
        parse_flight_log(as_text(samples), source="f.jsonl")


@pytest.mark.parametrize(
    "line",
    [
        PLACE.replace("30.3", '"30.3"'),
        PLACE.replace("[0,0,0]", "[0,0,null]"),
        PLACE.replace("[0,0,0]", "[0,0]"),
        '{"kind":"attitude","boot_s":null,"yaw_deg":0,"pitch_deg":0,"roll_deg":0}',
        '{"kind":["position"]}', "[]", "3", "", '{"kind":"clock","boot_s":1.0}',
    ],
)  # fmt: skip
def test_an_entry_with_other_values_is_a_fault(line: str) -> None:
    """Texts where numbers belong, nulls, missing fields and other JSON: the line is named, the rest is read."""
    samples: list[Sample] = [clock(1.0), body(1.0, 0.0), lens(1.0, 0.0, from_north=True), position(1.0)]
    log = parse_flight_log(f"{as_text(samples)}\n{line}\n", source="f.jsonl")
    assert (len(log.rows), [(fault.row, fault.field) for fault in log.faults]) == (1, [(5, "line")])


def test_line_separators_in_texts_do_not_break_lines() -> None:
    """The recorder writes letters as they are: U+2028 in a status text is no end of line."""
    text = '{"kind":"text","boot_s":1.0,"severity":4,"text":"a\u2028b"}'
    samples: list[Sample] = [clock(1.0), body(1.0, 0.0), lens(1.0, 0.0, from_north=True), position(1.0)]
    assert parse_flight_log(f"{text}\n{as_text(samples)}", source="f.jsonl").faults == ()


def test_pictures_triggered_are_captures() -> None:
    """With UTC of the autopilot's clock, as older logs hold no other."""
    shot = CaptureSample(
        boot_s=1.0, index=4, lat_deg=30.3, lon_deg=120.1, alt_amsl_m=36.0, yaw_deg=1.0, pitch_deg=2.0, roll_deg=3.0
    )
    samples: list[Sample] = [clock(1.0), body(1.0, 0.0), lens(1.0, 0.0, from_north=True), position(1.0), shot]
    line = as_text(samples).replace(',"unix_s":null', "").replace(', "unix_s": null', "")
    (found,) = parse_flight_log(line, source="f.jsonl").captures
    assert (found.row, found.index, found.at_s) == (5, 4, UTC_MINUS_BOOT + 1.0)
