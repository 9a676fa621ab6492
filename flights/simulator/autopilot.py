"""The autopilot: modes, arming, take-off, landing. It owns the failsafes; whoever commands it only asks."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flights.mission_items import ListKind, MissionItem
from flights.simulator import guidance
from flights.simulator.failsafes import Failsafes
from flights.simulator.fence import EVERYWHERE, FenceType, allowed_ground, breaches
from flights.simulator.mission_run import MissionRun
from flights.simulator.mission_store import MissionStore
from flights.simulator.params import Parameters
from flights.simulator.payload import Payload
from flights.simulator.wire import ARMABLE, NEEDS_POSITION, Mode

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

    from flights.simulator.aircraft import Aircraft
    from flights.simulator.dynamics import Demand, Vector
    from flights.simulator.wire import Message, Params

BOOT_S = 3.0
LANDED_AFTER_S = 1.0
PREARM_REPEAT_S = 30.0
ACCEPTED = int(mavlink.MAV_RESULT_ACCEPTED)


class Autopilot:
    """One aircraft's brain; everything it wants to say collects in `outbox`.

    Attributes:
        now_s: simulated seconds since boot.
        armed: motors live.
        flying: off the ground, or on the way off it.
        auto_armed: somebody asked it to leave the ground (take-off, or mission start).
        home_m: where it was armed, as believed then; heights count from there.
        refusal: a fault: why arming is refused, or None.
        fence_ground: where the stored fence lets it be, local metres.
        outbox: (component, message) pairs for the link; component 1 is the autopilot.
    """

    def __init__(self, aircraft: Aircraft) -> None:
        self.aircraft = aircraft
        self.params = Parameters()
        self.payload = Payload(aircraft)
        self.now_s = 0.0
        self.mode = Mode.STABILIZE
        self.armed = self.flying = self.auto_armed = False
        self.home_m: Vector = (0.0, 0.0, 0.0)
        self.refusal: str | None = None
        self.fence_ground: BaseGeometry = EVERYWHERE
        self.outbox: list[tuple[int, Message]] = []
        self.store = MissionStore(self._home_item())
        self.run = MissionRun(self)
        self.failsafes = Failsafes(self)
        self._cruise_m_s: float | None = None
        self._manoeuvre: guidance.Manoeuvre = guidance.Hold()
        self._armed_s = 0.0
        self._touching_s = 0.0
        self._next_prearm_s = BOOT_S

    def send(self, message: Message, component: int = 1) -> None:
        """Queue a message for the link, as one of the aircraft's components."""
        self.outbox.append((component, message))

    def say(self, severity: int, text: str) -> None:
        """STATUSTEXT, at most 50 characters a message."""
        self.send(mavlink.MAVLink_statustext_message(severity, text.encode("ascii")[:50]))

    @property
    def position_ok(self) -> bool:
        """Whether the estimator has a position."""
        steady = self.aircraft.sensors.gps_healthy or self.flying  # in the air the estimator coasts on inertia
        return self.now_s >= BOOT_S and steady and not self.failsafes.position_lost

    @property
    def running_mission(self) -> bool:
        """Whether a mission is being flown now."""
        return self.armed and self.mode is Mode.AUTO and self.auto_armed and not self.run.complete

    def step(self, dt_s: float) -> None:
        """Move the whole aircraft on by one time step."""
        self.now_s += dt_s
        self.failsafes.step(self.now_s)
        demand = self._demand(dt_s) if self.armed and self.auto_armed else None
        self.aircraft.step(demand, dt_s)
        self._watch_ground(demand, dt_s)
        self.payload.step()
        if not self.armed and self.now_s >= self._next_prearm_s:
            self._next_prearm_s = self.now_s + PREARM_REPEAT_S
            self._refused()

    def _demand(self, dt_s: float) -> Demand:
        if self.mode is Mode.AUTO:
            return self.run.fly(dt_s)
        demand = self._manoeuvre.fly(self.aircraft.believed, self.speeds(), dt_s)
        return replace(demand, level=True) if self.mode is Mode.STABILIZE else demand

    def _watch_ground(self, demand: Demand | None, dt_s: float) -> None:
        """Notice lift-off and landing; disarm after a landing, or when nothing happens on the ground."""
        if self.aircraft.motion.enu_m[2] > 0.0:
            self.flying, self._touching_s = True, 0.0
            return
        self._touching_s += dt_s
        settled = self._touching_s >= LANDED_AFTER_S and (demand is None or demand.velocity_m_s[2] <= 0)
        if self.flying and settled:
            self.flying = self.auto_armed = False
            self._armed_s = self.now_s
            if self.mode in {Mode.RTL, Mode.LAND, Mode.AUTO}:
                self.disarm()
        delay_s = self.params["DISARM_DELAY"]
        if self.armed and not self.auto_armed and not self.flying and 0 < delay_s <= self.now_s - self._armed_s:
            self.disarm()

    def speeds(self) -> guidance.Speeds:
        """Speed limits from the parameters and the last DO_CHANGE_SPEED."""
        p = self.params
        return guidance.Speeds(
            cruise_m_s=self._cruise_m_s or p["WPNAV_SPEED"] / 100,
            climb_m_s=p["WPNAV_SPEED_UP"] / 100,
            descend_m_s=p["WPNAV_SPEED_DN"] / 100,
            land_m_s=p["LAND_SPEED"] / 100,
            land_slow_below_m=self.home_m[2] + p["LAND_ALT_LOW"] / 100,
        )

    def way_home(self) -> guidance.Sequence:
        """Return to launch and land."""
        height_m, loiter_s = self.params["RTL_ALT"] / 100, self.params["RTL_LOIT_TIME"] / 1000
        return guidance.come_home(self.aircraft.believed, self.home_m, height_m=height_m, loiter_s=loiter_s)

    def land_blind(self) -> None:
        """Land without a position: level, drifting with the wind."""
        self.mode = Mode.LAND
        self._manoeuvre = guidance.Land(hold_position=False)

    # What may be asked of it.

    def set_mode(self, mode: Mode) -> bool:
        """Change the mode; False (and a STATUSTEXT) when the mode cannot be entered."""
        if mode is self.mode:
            return True
        fault = self._mode_fault(mode)
        if fault is not None:
            self.say(mavlink.MAV_SEVERITY_WARNING, f"Mode change to {mode.name} failed: {fault}")
            return False
        self.mode = mode
        self._cruise_m_s = None
        if mode is Mode.AUTO:
            self.run.enter()
            self.auto_armed = self.auto_armed or self.flying
        elif mode is Mode.RTL:
            self._manoeuvre = self.way_home()
        elif mode is Mode.LAND:
            self._manoeuvre = guidance.Land(hold_position=self.position_ok)
        else:
            self._manoeuvre = guidance.Hold()
        return True

    def _mode_fault(self, mode: Mode) -> str | None:
        if self.armed and mode in NEEDS_POSITION and not self.position_ok:
            return "requires position"
        if mode is not Mode.AUTO:
            return None
        items = self.store.mission
        if len(items) < 2:
            return "init failed"
        first_nav = next((i.command for i in items[1:] if i.command < mavlink.MAV_CMD_NAV_LAST), None)
        if self.armed and not self.flying and first_nav != mavlink.MAV_CMD_NAV_TAKEOFF:
            return "Missing Takeoff Cmd"
        return None

    def arming_faults(self) -> list[str]:
        """Why it would not arm now. Without ARMING_CHECK only the position counts, in modes that need one."""
        faults = [] if self.position_ok and self.aircraft.sensors.gps_healthy else ["GPS 1: Bad fix"]
        if not self.params["ARMING_CHECK"]:
            return faults if self.mode in NEEDS_POSITION else []
        if self.refusal is not None:
            faults.append(self.refusal)
        if self.aircraft.battery.voltage_v < self.params["BATT_LOW_VOLT"]:
            faults.append("Battery 1 low voltage failsafe")
        here = self.aircraft.believed.enu_m
        if breaches(self.fence_ground, self.params, here, here):
            faults.append("Vehicle breaching Polygon fence")
        return faults

    def _refused(self) -> bool:
        """Say why it would not arm; False when it would."""
        faults = self.arming_faults()
        for fault in faults:
            self.say(mavlink.MAV_SEVERITY_CRITICAL, f"PreArm: {fault}")
        return bool(faults)

    def arm(self) -> bool:
        """Arm where checks allow it; home becomes the present place."""
        if self.armed:
            return True
        if self._refused():
            return False
        if self.mode not in ARMABLE:
            self.say(mavlink.MAV_SEVERITY_CRITICAL, f"Arm: {self.mode.name} mode not armable")
            return False
        self.armed, self.auto_armed, self._armed_s = True, False, self.now_s
        self.home_m = self.aircraft.believed.enu_m
        self.store.set_home(self._home_item())
        self.send(self.home_position())
        self.say(mavlink.MAV_SEVERITY_INFO, "Arming motors")
        self._manoeuvre = guidance.Hold()
        return True

    def disarm(self) -> bool:
        """Stop the motors; refused in the air."""
        if self.flying:
            return False
        if self.armed:
            self.say(mavlink.MAV_SEVERITY_INFO, "Disarming motors")
        self.armed = self.flying = self.auto_armed = False
        self.run.reset()
        return True

    def take_off(self, height_m: float) -> bool:
        """Climb in GUIDED, from the ground only."""
        if not self.armed or self.flying or self.mode is not Mode.GUIDED or height_m <= 0:
            return False
        self.auto_armed = True
        self._manoeuvre = guidance.Climb(up_m=self.home_m[2] + height_m)
        return True

    def start_mission(self) -> bool:
        """MISSION_START: enter AUTO and leave the ground."""
        if not self.set_mode(Mode.AUTO):
            return False
        self.auto_armed = self.armed
        return True

    def go_to(self, place_m: Vector) -> bool:
        """Fly to a place in GUIDED; refused outside the fence, and then nothing changes."""
        fence = breaches(self.fence_ground, self.params, place_m, self.home_m)
        if self.mode is not Mode.GUIDED or fence != FenceType.NONE:
            return False
        self._manoeuvre = guidance.FlyLeg(end_m=place_m)
        return True

    def do(self, command: int, params: Params) -> int:
        """MAV_RESULT of a command that mission items and COMMAND_LONG share."""
        if command != mavlink.MAV_CMD_DO_CHANGE_SPEED:
            return self.payload.command(command, params)
        if params[1] > 0 and int(params[0]) in {0, 1}:
            self._cruise_m_s = params[1]
        return ACCEPTED

    def fence_changed(self) -> None:
        """The stored fence was replaced."""
        self.fence_ground = allowed_ground(self.store.items(ListKind.FENCE), self.aircraft.local)

    def _home_item(self) -> MissionItem:
        lat, lon = self.aircraft.lat_lon(self.home_m)
        return MissionItem(
            command=mavlink.MAV_CMD_NAV_WAYPOINT, frame=mavlink.MAV_FRAME_GLOBAL, lat_e7=round(lat * 1e7),
            lon_e7=round(lon * 1e7), height_m=round(self.aircraft.alt_amsl_m(self.home_m[2]), 2),
        )  # fmt: skip

    def home_position(self) -> Message:
        """HOME_POSITION."""
        home = self._home_item()
        return mavlink.MAVLink_home_position_message(
            home.lat_e7, home.lon_e7, round(home.height_m * 1000), 0.0, 0.0, 0.0, (1.0, 0.0, 0.0, 0.0), 0.0, 0.0,
            math.nan, round(self.now_s * 1e6),
        )  # fmt: skip
