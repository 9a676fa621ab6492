"""What every autopilot behind the port must do: one flight in memory, the same through DroneKit over MAVLink."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from shapely.geometry import Point

from flights.dronekit_autopilot import DroneKitAutopilot
from flights.errors import CommandRefused, LinkLost, TransferFailed
from flights.mission_items import Command, Frame, ListKind, MissionItem
from flights.patrol import VehicleSpeedClock, fly
from flights.patrol_states import PatrolState
from flights.plan_picture import draw_plan
from flights.recorder import FlightRecord, FlightRecorder
from flights.survey import plan_survey
from flights.survey_request import SurveyRequest
from tests.flights.fake_autopilot import START_UNIX_S, FakeAutopilot, briefing_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flights.autopilot import Autopilot
    from flights.patrol import Clock
    from geofences.camera import Camera
    from geofences.position import Geodetic
    from tests.flights.conftest import OutlineFrom

SPEED = 6.0
GEOID_SEPARATION_M = 9.0
REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Flown:
    """One flight and what was refused before it."""

    record: FlightRecord
    refusals: dict[str, Exception | None]
    trigger_after_landing: int
    truth: Path | None


@contextmanager
def simulated(home: Geodetic, folder: Path) -> Iterator[tuple[Autopilot, Clock]]:
    """A simulated aircraft in its own process, connected through DroneKit."""
    arguments = {
        "--listen": "tcp:127.0.0.1:0",
        "--home": f"{home.lat_deg},{home.lon_deg},{home.alt_ellipsoid_m - GEOID_SEPARATION_M}",
        "--start-utc": "2026-03-02T02:00:00Z",
        "--speed": str(SPEED),
        "--seed": "7",
        "--truth": str(folder / "truth.jsonl"),
        "--fault": "foreign_camera_heartbeat@1",
    }
    command = [sys.executable, "-m", "flights.simulator", *(part for pair in arguments.items() for part in pair)]
    with subprocess.Popen(  # noqa: S603 - our own module
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY
    ) as simulator:
        assert simulator.stdin is not None
        assert simulator.stdout is not None
        try:
            address = simulator.stdout.readline().split()[1]
            with DroneKitAutopilot.connect(address, time_speed=SPEED) as autopilot:
                yield autopilot, VehicleSpeedClock(SPEED)
        finally:
            simulator.stdin.close()
            simulator.wait(timeout=20)


@contextmanager
def in_memory(home: Geodetic, _folder: Path) -> Iterator[tuple[Autopilot, Clock]]:
    """The fake."""
    fake = FakeAutopilot(home)
    yield fake, fake


def refusal(action: Callable[[], None]) -> Exception | None:
    """What an action was refused with, or None."""
    try:
        action()
    except (CommandRefused, TransferFailed) as error:
        return error
    return None


@pytest.fixture(scope="module", params=[in_memory, simulated], ids=["memory", "dronekit"])
def flown(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    camera: Camera,
    home: Geodetic,
    outline: OutlineFrom,
) -> Flown:
    """One flight from upload to landing; shared by all tests here."""
    folder = tmp_path_factory.mktemp("flight")
    zone = outline((20, 10), (80, 10), (80, 60), (20, 60))
    plan = plan_survey(
        SurveyRequest(zone_id="z", outline=zone, home=home, height_agl_m=25.0, camera=camera, gimbal_pitch_deg=-70.0)
    )
    nowhere = MissionItem(command=Command.WAYPOINT, frame=Frame.RELATIVE, lat_e7=1_000_000_000, height_m=20.0)
    with request.param(home, folder) as (autopilot, clock):
        refusals = {
            "impossible item": refusal(lambda: autopilot.transfer(ListKind.MISSION, (nowhere, nowhere))),
            "unknown mode": refusal(lambda: autopilot.set_mode("SIDEWAYS")),
            "known mode": refusal(lambda: autopilot.set_mode("GUIDED")),
            "take-off unarmed": refusal(lambda: autopilot.take_off(10.0)),
        }
        record = fly(
            plan,
            autopilot,
            briefing=briefing_for(plan),
            recorder=FlightRecorder(folder / "flight.jsonl", flight_id="F1"),
            geoid_separation_m=GEOID_SEPARATION_M,
            clock=clock,
        )
        assert autopilot.parameters(["MIS_RESTART", "NO_SUCH"]) == {"MIS_RESTART": 0.0}
        captured = len(record.captures)
        clock.sleep(2.0)
        later = sum(type(sample).__name__ == "CaptureSample" for sample in autopilot.drain())
    truth = folder / "truth.jsonl"
    assert captured
    return Flown(record=record, refusals=refusals, trigger_after_landing=later, truth=truth if truth.exists() else None)


def test_a_patrol_flies_from_upload_to_landing(flown: Flown) -> None:
    """It lands as planned, through all states in their order, with every check passed."""
    assert flown.record.completed, flown.record.reason
    states = [event.text for event in flown.record.events if event.name == "state"]
    assert states[:-1] == [
        "uploading", "preflight", "arming", "takeoff", "on_mission", "returning", "landed",
    ]  # fmt: skip
    assert flown.record.outcome is PatrolState.LANDED
    assert all(check.ok for check in flown.record.checks)


def test_what_cannot_be_done_is_refused_and_what_can_is_not(flown: Flown) -> None:
    """Answers are checked: nothing that the autopilot refused passes as done."""
    refused = {name: error is not None for name, error in flown.refusals.items()}
    assert refused == {
        "impossible item": True,
        "unknown mode": True,
        "known mode": False,
        "take-off unarmed": True,
    }
    assert isinstance(flown.refusals["impossible item"], TransferFailed)


def test_the_poses_cover_the_flight_in_the_vehicles_own_time(flown: Flown) -> None:
    """Stamped in the vehicle's UTC, without gaps, all inside the airspace."""
    track = flown.record.pose_track
    assert track is not None
    assert START_UNIX_S <= track.start_s < track.end_s < START_UNIX_S + 600
    assert track.end_s - track.start_s > 0.5 * flown.record.plan.duration_s
    assert max(b.at_s - a.at_s for a, b in pairwise(track.poses)) < 1.0
    airspace = flown.record.plan.airspace.buffer(2e-5)
    assert all(airspace.contains(Point(p.position.lon_deg, p.position.lat_deg)) for p in track.poses)


def test_the_plan_tells_what_the_flight_was(flown: Flown) -> None:
    """Length within 5 %, number of pictures within two per strip, and none after landing."""
    record = flown.record
    assert record.flown_m == pytest.approx(record.plan.length_m, rel=0.05)
    strips = sum(waypoint.trigger_m > 0 for waypoint in record.plan.waypoints)
    assert abs(len(record.captures) - record.plan.images) <= 2 * strips
    assert flown.trigger_after_landing == 0


def test_the_lens_pointed_where_the_plan_wanted_it(flown: Flown) -> None:
    """On the strips the gimbal pitch is the plan's within a degree, in the earth frame."""
    record = flown.record
    assert record.pose_track is not None
    high = [p for p in record.pose_track.poses if p.position.alt_ellipsoid_m > record.plan.home.alt_ellipsoid_m + 24]
    assert np.median([p.gimbal.pitch_deg for p in high]) == pytest.approx(-70.0, abs=1.0)


def test_recorded_poses_agree_with_the_truth_within_their_sigmas(flown: Flown) -> None:
    """Against the simulator's truth, nine in ten errors lie within twice the stated sigma."""
    track = flown.record.pose_track
    assert track is not None
    if flown.truth is None:
        assert track.poses[0].sigmas.horizontal_m == 0.8
        return
    rows = [json.loads(line) for line in flown.truth.read_text(encoding="utf-8").splitlines()]
    by_time = {round(row["at_s"], 2): row for row in rows}
    inside = []
    for pose in track.poses:
        row = by_time.get(round(pose.at_s, 2)) or by_time.get(round(pose.at_s + 0.01, 2))
        if row is None or pose.position.alt_ellipsoid_m < 35:
            continue
        north_m = (pose.position.lat_deg - row["lat_deg"]) * 110_850
        east_m = (pose.position.lon_deg - row["lon_deg"]) * 110_850 * math.cos(math.radians(30.3))
        up_m = pose.position.alt_ellipsoid_m - GEOID_SEPARATION_M - row["alt_amsl_m"]
        tilt_deg = pose.gimbal.pitch_deg - row["gimbal_pitch_deg"]
        s = pose.sigmas
        inside.append(
            max(abs(east_m), abs(north_m)) < 2 * s.horizontal_m + 0.3
            and abs(up_m) < 2 * s.vertical_m
            and abs(tilt_deg) < 2 * s.tilt_deg
        )
    assert len(inside) > 50
    assert np.mean(inside) > 0.9


def test_the_flight_can_be_drawn_over_its_plan(flown: Flown) -> None:
    """The picture holds the flown track's colour."""
    picture = draw_plan(flown.record.plan, flown=flown.record.pose_track)
    assert (picture == (40, 40, 220)).all(axis=-1).any()


def test_nobody_at_the_address_is_a_named_error() -> None:
    """Connecting to a closed port ends in time with the address in the message."""
    with pytest.raises(LinkLost, match=r"127\.0\.0\.1:9"):
        DroneKitAutopilot.connect("tcp:127.0.0.1:9", timeout_s=1.5)
