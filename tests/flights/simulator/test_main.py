"""The program: its line, its exits, its truth file, and its faults over a real socket."""

from __future__ import annotations

import json
import signal
import time
from typing import TYPE_CHECKING

import pytest
from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flights.simulator.__main__ import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Client, Running

BEAT = mavlink.MAVLink_heartbeat_message(mavlink.MAV_TYPE_GCS, 8, 0, 0, 4, 3)
BASE = ["--home", "30.3,120.1,6", "--start-utc", "2026-03-02T02:00:00Z", "--truth"]


def run(tmp_path: Path, *arguments: str) -> int:
    """Run the program with the given and otherwise good arguments (the last of each name counts)."""
    return main([*BASE, str(tmp_path / "t"), "--listen", "tcp:127.0.0.1:0", *arguments])


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--listen", "udp:127.0.0.1:1"), "--listen: udp:127.0.0.1:1: want tcp:127.0.0.1:PORT"),
        (("--listen", "tcp:0.0.0.0:1"), "--listen: tcp:0.0.0.0:1: want tcp:127.0.0.1:PORT"),
        (("--home", "30,120"), "--home: 30,120: want LAT,LON,ALT_AMSL_M"),
        (("--home", "120,30,0"), "--home: 120,30,0: want LAT,LON,ALT_AMSL_M in degrees and metres, latitude first"),
        (("--start-utc", "noon"), "--start-utc: noon: want an ISO 8601 time"),
        (("--speed", "0"), "--speed: 0.0: want more than 0"),
        (("--fault", "boom@1"), "--fault: boom@1: want NAME@SECOND"),
        (("--truth", "/nowhere/truth"), "/nowhere/truth"),
    ],
)
def test_bad_arguments_are_one_line_and_exit_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], complaint: str
) -> None:
    """The line names the argument, what was given and what is wanted."""
    assert run(tmp_path, *arguments) == 2
    said = capsys.readouterr().err
    assert complaint in said
    assert said.count("\n") == 1


def test_a_taken_port_is_one_line_and_exit_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], launch: Callable[..., Running]
) -> None:
    """A second simulator on the same port says so and leaves."""
    assert run(tmp_path, "--listen", f"tcp:127.0.0.1:{launch().port}") == 2
    said = capsys.readouterr().err
    assert "choose another port" in said
    assert said.count("\n") == 1


def test_it_stops_on_sigterm_and_by_itself(launch: Callable[..., Running]) -> None:
    """A signal ends it at once, --max-wall-s ends it without one; both are exit 0."""
    told, patient = launch(), launch("--max-wall-s", "1")
    told.popen.send_signal(signal.SIGTERM)
    assert told.popen.wait(5) == 0
    assert patient.popen.wait(8) == 0


def test_it_stops_when_stdin_closes(launch: Callable[..., Running]) -> None:
    """A parent that dies takes the simulator with it."""
    running = launch()
    assert running.popen.stdin is not None
    running.popen.stdin.close()
    assert running.popen.wait(5) == 0
    running.popen.stdin = None


def test_truth_is_written_at_20_hz_of_simulated_time(launch: Callable[..., Running]) -> None:
    """Each line has the promised fields; simulated time runs as fast as asked."""
    running = launch(speed=8.0)
    time.sleep(1.5)
    rows = [json.loads(line) for line in running.truth.read_text().splitlines()[:-1]]
    assert set(rows[0]) == {
        "at_s", "lat_deg", "lon_deg", "alt_amsl_m", "yaw_deg", "pitch_deg", "roll_deg",
        "gimbal_yaw_deg", "gimbal_pitch_deg", "gimbal_roll_deg",
    }  # fmt: skip
    span_s = rows[-1]["at_s"] - rows[0]["at_s"]
    assert len(rows) == pytest.approx(span_s * 20, rel=0.05)
    assert 6 < span_s < 16
    assert rows[0]["at_s"] == pytest.approx(1_772_416_800.0, abs=0.1)
    assert rows[0]["lat_deg"] == pytest.approx(30.3195, abs=1e-6)
    assert rows[0]["alt_amsl_m"] == 6.0


def test_a_client_may_come_back(launch: Callable[..., Running], connect: Callable[[int], Client]) -> None:
    """After a hang-up the next client gets telemetry, and time went on."""
    running = launch()
    first = connect(running.port)
    before = first.wait("ATTITUDE").time_boot_ms
    first.close()
    assert connect(running.port).wait("ATTITUDE").time_boot_ms > before


def test_planned_faults_happen_in_time(launch: Callable[..., Running], connect: Callable[[int], Client]) -> None:
    """At their simulated seconds: a refused arming, a foreign heartbeat, a GPS jump, then no fix at all."""
    running = launch(
        "--fault", "arm_refuse@1", "--fault", "foreign_camera_heartbeat@4", "--fault", "gps_glitch@6",
        "--fault", "gps_loss@10", "--fault", "wind_20@2",
    )  # fmt: skip
    client = connect(running.port)
    assert client.wait("STATUSTEXT", text="PreArm: Compass not healthy")
    beat = client.wait("HEARTBEAT", type=mavlink.MAV_TYPE_CAMERA)
    assert beat.get_srcComponent() == mavlink.MAV_COMP_ID_CAMERA
    assert beat.autopilot == mavlink.MAV_AUTOPILOT_INVALID
    assert client.wait("STATUSTEXT", text="GPS Glitch or Compass error")
    client.send(mavlink.MAVLink_command_long_message(1, 1, 400, 0, 1, 0, 0, 0, 0, 0, 0))
    assert client.wait("COMMAND_ACK", command=400).result == mavlink.MAV_RESULT_FAILED
    assert client.wait("GPS_RAW_INT", fix_type=1).satellites_visible == 0
