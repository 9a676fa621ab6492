"""What an ArduCopter must do for a patrol, simulated or real: nothing here needs a feature of the simulator."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from flights.checks import audited_parameters
from flights.errors import CommandRefused, TransferFailed
from flights.mission_items import Command, Frame, ListKind, MissionItem, fence_of, mission_of
from flights.patrol import VehicleSpeedClock, fly
from flights.patrol_states import Machine, PatrolState
from flights.recorder import FlightRecorder

if TYPE_CHECKING:
    from pathlib import Path

    from flights.autopilot import VehicleState
    from flights.dronekit_autopilot import DroneKitAutopilot
    from flights.flight_monitors import Route
    from flights.patrol_states import Wish
    from flights.recorder import FlightRecord
    from tests.contracts.conftest import Place


def wait(autopilot: DroneKitAutopilot, seconds: float, what: str) -> None:
    """Until the state has it."""
    until = time.monotonic() + seconds
    while not getattr(autopilot.observe(), what) and time.monotonic() < until:
        time.sleep(0.05)
    assert getattr(autopilot.observe(), what), f"no {what} after {seconds} s"


def test_it_tells_what_a_patrol_must_know(autopilot: DroneKitAutopilot) -> None:
    """Position, fix, estimate, battery, its own time, and that it would arm."""
    for what in ("position", "gps_fix", "ekf_ok", "battery_share", "utc_s", "mode", "armable"):
        wait(autopilot, 90, what)
    assert autopilot.observe().satellites


def test_parameters_are_read_afresh_and_unknown_ones_left_out(autopilot: DroneKitAutopilot) -> None:
    """Every parameter of the audit is there."""
    read = autopilot.parameters([*audited_parameters(), "NO_SUCH_THING"])
    assert set(read) == set(audited_parameters())


def test_lists_read_back_equal_and_bad_ones_are_refused(autopilot: DroneKitAutopilot, place: Place) -> None:
    """Mission, fence and rally; an impossible latitude and a fence of two corners do not pass as stored."""
    mission, fence = mission_of(place.plan), fence_of(place.plan)
    autopilot.transfer(ListKind.FENCE, fence)
    autopilot.transfer(ListKind.RALLY, ())
    autopilot.transfer(ListKind.MISSION, mission)
    assert all(a.matches(b) for a, b in zip(mission[1:], autopilot.held(ListKind.MISSION)[1:], strict=True))
    nowhere = MissionItem(command=Command.WAYPOINT, frame=Frame.RELATIVE, lat_e7=1_000_000_000, height_m=20.0)
    with pytest.raises(TransferFailed):
        autopilot.transfer(ListKind.MISSION, (*mission, nowhere))
    with pytest.raises(TransferFailed):
        autopilot.transfer(ListKind.FENCE, [replace(item, params=(2.0, 0.0, 0.0, 0.0)) for item in fence[:2]])
    assert autopilot.held(ListKind.FENCE) == () or all(
        a.matches(b) for a, b in zip(fence, autopilot.held(ListKind.FENCE), strict=True)
    )


def test_what_cannot_be_done_on_the_ground_is_refused(autopilot: DroneKitAutopilot, place: Place) -> None:
    """An unknown mode, a take-off without arming, and a place to go to outside GUIDED."""
    home = place.plan.home
    with pytest.raises(CommandRefused):
        autopilot.set_mode("SIDEWAYS")
    autopilot.set_mode("STABILIZE")
    with pytest.raises(CommandRefused):
        autopilot.go_to(home.lat_deg, home.lon_deg, 20.0)
    autopilot.set_mode("GUIDED")
    with pytest.raises(CommandRefused):
        autopilot.take_off(10.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A wish of a pilot from afar."""

    action: str
    pilot: str = "tester"
    lat_deg: float | None = None
    lon_deg: float | None = None
    height_home_m: float | None = None


class Script:
    """Wishes one after the other: each when the one before is done and the aircraft has had its time for it."""

    def __init__(self, *steps: tuple[float, Asked | type[BaseException]]) -> None:
        self.steps, self.answers, self.told = list(steps), [], 0.0

    def next_wish(self, machine: Machine, vehicle: VehicleState, _route: Route) -> Asked | None:
        """The next, so many seconds after the one before; the first when the mission is under way."""
        at_s = vehicle.utc_s or 0.0
        if machine.state is PatrolState.ON_MISSION and not self.told and machine.settled:
            self.told = at_s
        if not self.steps or not self.told or at_s < self.told + self.steps[0][0]:
            return None
        self.told, step = at_s, self.steps.pop(0)[1]
        if isinstance(step, Asked):
            return step
        raise step

    def answered(self, wish: Wish, refusal: str, *_more: object) -> None:
        """Keep it."""
        self.answers.append((wish.action, refusal))


def patrol(place: Place, autopilot: DroneKitAutopilot, folder: Path, script: Script) -> FlightRecord:
    """Fly the contract's plan."""
    wait(autopilot, 90, "armable")
    return fly(
        place.plan,
        autopilot,
        briefing=place.briefing,
        recorder=FlightRecorder(folder / "f.jsonl", flight_id="C", attach=(folder / "f.jsonl").exists()),
        geoid_separation_m=0.0,
        clock=VehicleSpeedClock(place.speed),
        desk=script,
    )


def test_a_patrol_is_flown_paused_led_aside_and_resumed(
    autopilot: DroneKitAutopilot, place: Place, tmp_path: Path
) -> None:
    """Each wish is acknowledged by the aircraft, a place outside the fence is refused, and the plan is flown out."""
    home = place.plan.home
    aside = {"lat_deg": home.lat_deg + 1e-4, "lon_deg": home.lon_deg + 1e-4}
    outside = {"lat_deg": home.lat_deg + 1e-2, "lon_deg": home.lon_deg}
    script = Script(
        (3.0, Asked(action="pause")),
        (2.0, Asked(action="go_to", **aside)),
        (2.0, Asked(action="go_to", **outside)),
        (2.0, Asked(action="resume")),
    )
    record = patrol(place, autopilot, tmp_path, script)
    assert record.completed, record.reason
    assert [action for action, refusal in script.answers if not refusal] == ["pause", "go_to", "resume"]
    with pytest.raises(CommandRefused):
        autopilot.go_to(outside["lat_deg"], outside["lon_deg"], 20.0)
    states = [event.text for event in record.events if event.name == "state"]
    assert [s for s in states if s in set(PatrolState)][:4] == ["uploading", "preflight", "arming", "takeoff"]
    assert all(check.passes for check in record.checks)
    assert not autopilot.observe().armed


class _Died(Exception):
    """Our process is gone."""


def test_a_restart_attaches_and_somebody_elses_mode_is_left_alone(place: Place, tmp_path: Path) -> None:
    """The aircraft outlives our process; the next one starts nothing, and stops commanding when somebody takes over."""
    with place.connect() as first, pytest.raises(_Died):
        patrol(place, first, tmp_path, Script((4.0, _Died)))
    with place.connect() as second:
        assert second.observe().armed
        somebody = threading.Timer(3.0 / place.speed + 1.0, lambda: second.set_mode("RTL"))
        somebody.start()
        record = patrol(place, second, tmp_path, Script())
        somebody.join()
    orders = [event.text for event in record.events if event.name == "order"]
    assert orders == ["attach: done"]
    assert record.outcome in {PatrolState.CONTROL_LOST, PatrolState.LANDED}  # landed: its own failsafe was faster
    assert "RTL" in record.reason
    assert record.pose_track is not None
