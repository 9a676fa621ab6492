"""One autopilot for all contracts: `--autopilot tcp:HOST:PORT` is flown as it stands; default: the simulator.

A real one must stand in the open with 150 m of free air around it. Parameters that a patrol's audit does not accept are
set for the time of the tests, and set back.
"""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pymavlink.dialects.v20 import ardupilotmega as mavlink
from shapely.geometry import Polygon

from flights.checks import audit_parameters, audited_parameters
from flights.dronekit_autopilot import DroneKitAutopilot
from flights.preflight import Briefing
from flights.registers import Approval, Pilot, RegisteredAircraft, Release, Waiver, Weather
from flights.survey import plan_survey
from flights.survey_request import SurveyRequest
from geofences.camera import Camera
from geofences.local_frame import LocalFrame
from geofences.position import Geodetic

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flights.survey_plan import SurveyPlan

SPEED = 6.0  # of the simulator; a real one runs at 1
REPOSITORY = Path(__file__).resolve().parents[2]
HEIGHT_M = 20.0
ACCEPTED_VALUES = {
    "FS_GCS_ENABLE": 1, "FS_THR_ENABLE": 1, "FS_EKF_ACTION": 1, "FS_EKF_THRESH": 0.8, "FS_OPTIONS": 0,
    "BATT_LOW_VOLT": 10.5, "BATT_CRT_VOLT": 10.0, "BATT_FS_LOW_ACT": 2, "BATT_FS_CRT_ACT": 1, "FENCE_ENABLE": 1,
    "FENCE_TYPE": 5, "FENCE_ACTION": 1, "FENCE_ALT_MAX": 100, "MIS_RESTART": 0, "ARMING_CHECK": 1, "RTL_ALT": 1500,
}  # fmt: skip


def pytest_addoption(parser: pytest.Parser) -> None:
    """The address of a real autopilot."""
    parser.addoption("--autopilot", default="simulator", help="tcp:HOST:PORT of an ArduCopter; default: the simulator")


@dataclass(frozen=True, slots=True)
class Place:
    """Where contracts are flown.

    Attributes:
        address: of the autopilot.
        speed: of its clock.
        plan: a small survey beside where it stands.
        briefing: complete, for the vehicle's own time.
    """

    address: str
    speed: float
    plan: SurveyPlan
    briefing: Briefing

    def connect(self) -> DroneKitAutopilot:
        """One more link; the last one must be closed."""
        return DroneKitAutopilot.connect(self.address, timeout_s=90.0, time_speed=self.speed)


@contextmanager
def _simulated(folder: Path) -> Iterator[str]:
    command = [
        sys.executable, "-m", "flights.simulator", "--listen", "tcp:127.0.0.1:0", "--home", "30.3195,120.1390,6",
        "--start-utc", "2026-03-02T02:00:00Z", "--speed", str(SPEED), "--truth", str(folder / "truth.jsonl"),
    ]  # fmt: skip
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY) as child:  # noqa: S603 - our own module
        assert child.stdin is not None
        assert child.stdout is not None
        try:
            yield child.stdout.readline().split()[1]
        finally:
            child.stdin.close()
            child.wait(timeout=20)


def _survey(autopilot: DroneKitAutopilot) -> SurveyPlan:
    at = autopilot.observe().position
    assert at is not None
    home = Geodetic(lat_deg=at.lat_deg, lon_deg=at.lon_deg, alt_ellipsoid_m=at.alt_amsl_m)
    frame = LocalFrame(origin=home)
    corners = (frame.geodetic_from_enu((x, y, 0.0)) for x, y in ((15, 10), (65, 10), (65, 40), (15, 40)))
    outline = Polygon([(p.lon_deg, p.lat_deg) for p in corners])
    camera = Camera.from_fov(size_px=(1920, 1080), hfov_deg=73.0, name="contract")
    return plan_survey(
        SurveyRequest(zone_id="contract", outline=outline, home=home, height_agl_m=HEIGHT_M, camera=camera)
    )


def _briefing(plan: SurveyPlan, now_s: float) -> Briefing:
    pilot = Pilot(name="tester", licence="T1", licence_until_s=now_s + 1e6, duty=((now_s - 1e6, now_s + 1e6),))
    approval = Approval(number="T1", outline=plan.airspace, valid_from_s=now_s - 1e6, valid_until_s=now_s + 1e6)
    calm = Weather(wind_m_s=0, gust_m_s=0, visibility_m=9000, precipitation=False, entered_by="t", entered_s=now_s)
    waivable = ("daylight", "plan_warnings", "gimbal", "weather_fresh")
    return Briefing(
        approval=approval,
        release=Release(pilot=pilot, by_itself=False, at_s=now_s),
        aircraft=RegisteredAircraft(id="t", registration="T", remote_id="T"),
        weather=calm,
        waivers={name: Waiver(by="tester", reason="contract test") for name in waivable},
    )


def _set(autopilot: DroneKitAutopilot, values: dict[str, float]) -> None:
    for name, value in values.items():
        kind = mavlink.MAV_PARAM_TYPE_REAL32
        autopilot._send(mavlink.MAVLink_param_set_message(1, 1, name.encode(), value, kind))
    read = autopilot.parameters(values)
    assert read == pytest.approx(values), "parameters cannot be set"


@pytest.fixture(scope="session")
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """The autopilot, standing still and set up for patrols."""
    given = request.config.getoption("--autopilot", default="simulator")
    simulated = _simulated(tmp_path_factory.mktemp("contracts")) if given == "simulator" else None
    address, speed = (simulated.__enter__(), SPEED) if simulated else (given, 1.0)
    with DroneKitAutopilot.connect(address, timeout_s=90.0, time_speed=speed) as autopilot:
        until = time.monotonic() + 90
        while not ((seen := autopilot.observe()).position and seen.utc_s and seen.ekf_ok) and time.monotonic() < until:
            time.sleep(0.1)
        assert not seen.armed, "the autopilot must stand on the ground, disarmed"
        plan = _survey(autopilot)
        before = autopilot.parameters(audited_parameters())
        bad = {
            c.name.removeprefix("parameter_")
            for c in audit_parameters(before, height_m=HEIGHT_M, reach_m=150)
            if not c.ok
        }
        _set(autopilot, {name: float(value) for name, value in ACCEPTED_VALUES.items() if name in bad})
        briefing = _briefing(plan, seen.utc_s or 0.0)
    yield Place(address, speed, plan, replace(briefing, max_wind_m_s=10.0))
    with DroneKitAutopilot.connect(address, timeout_s=90.0, time_speed=speed) as autopilot:
        _set(autopilot, {name: before[name] for name in bad & before.keys()})
    if simulated:
        simulated.__exit__(None, None, None)


@pytest.fixture
def autopilot(place: Place) -> Iterator[DroneKitAutopilot]:
    """One link, closed afterwards."""
    with place.connect() as connected:
        yield connected
