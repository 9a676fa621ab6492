"""The autopilot's own failsafes: ground station lost, battery, position lost, fence. They act without any command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flights.simulator.battery import CAPACITY_MAH
from flights.simulator.fence import FenceType, breaches
from flights.simulator.wire import PILOT_MODES, Mode

if TYPE_CHECKING:
    from flights.simulator.autopilot import Autopilot

# Source: ArduPilot EKF3 posRetryTimeNoVel_ms is 7 s, of which we are given 5; then ten bad looks in ekf_check.cpp.
EKF_PATIENCE_S = 5.0 + 1.0
CHECK_EVERY_S = 0.1
_COMING_DOWN = frozenset({Mode.RTL, Mode.LAND})
_GCS_CONTINUE_IN_AUTO, _GCS_CONTINUE_PILOTED, _CONTINUE_LANDING = 2, 16, 8  # Source: ArduCopter FS_OPTIONS bits
# Source: ArduCopter BATT_FS_LOW_ACT / BATT_FS_CRT_ACT and FS_GCS_ENABLE values (SmartRTL falls back to RTL).
_BATTERY_MODES = {1: Mode.LAND, 2: Mode.RTL, 3: Mode.RTL, 4: Mode.LAND}
_GCS_MODES = {1: Mode.RTL, 3: Mode.RTL, 4: Mode.LAND, 5: Mode.LAND}


class Failsafes:
    """Watches, and changes the mode once per event.

    Attributes:
        gcs_heard_s: simulated time of the last heartbeat of our ground station, None before the first.
        gcs_lost: whether it is overdue.
        battery_stage: 0 fine, 1 low, 2 critical; never goes back in flight.
        position_lost: whether the estimator gave up.
        broken_fence: which fences are broken now.
        breach_count: breaches since the start.
        breach_s: simulated time of the last breach.
    """

    def __init__(self, pilot: Autopilot) -> None:
        self._pilot = pilot
        self.gcs_heard_s: float | None = None
        self.gcs_lost = False
        self.battery_stage = 0
        self.position_lost = False
        self.broken_fence = FenceType.NONE
        self.breach_count = 0
        self.breach_s = 0.0
        self._low_since_s: list[float | None] = [None, None]
        self._gps_lost_s: float | None = None
        self._next_s = 0.0

    @property
    def active(self) -> bool:
        """Whether any failsafe is on (HEARTBEAT then says CRITICAL)."""
        return self.gcs_lost or self.battery_stage > 0 or self.position_lost

    def step(self, now_s: float) -> None:
        """Look at everything, ten times a second."""
        if now_s < self._next_s:
            return
        self._next_s = now_s + CHECK_EVERY_S
        self._watch_position(now_s)
        self._watch_ground_station(now_s)
        self._watch_battery(now_s)
        self._watch_fence(now_s)

    def _react(self, mode: Mode | None) -> None:
        pilot = self._pilot
        if mode is None or not pilot.armed or pilot.mode is Mode.LAND or pilot.mode is mode:
            return
        if not pilot.flying:
            pilot.disarm()
        elif not pilot.set_mode(mode):
            pilot.set_mode(Mode.LAND)

    def _watch_ground_station(self, now_s: float) -> None:
        if self.gcs_heard_s is None or not self._pilot.params["FS_GCS_ENABLE"]:
            return
        lost = now_s - self.gcs_heard_s > self._pilot.params["FS_GCS_TIMEOUT"]
        if lost and not self.gcs_lost and self._pilot.armed:
            self._pilot.say(mavlink.MAV_SEVERITY_WARNING, "GCS Failsafe")
            options, mode = int(self._pilot.params["FS_OPTIONS"]), self._pilot.mode
            stays = (
                (options & _GCS_CONTINUE_IN_AUTO and mode is Mode.AUTO)
                or (options & _GCS_CONTINUE_PILOTED and mode in PILOT_MODES)
                or (options & _CONTINUE_LANDING and mode is Mode.LAND)
            )
            self._react(None if stays else _GCS_MODES.get(int(self._pilot.params["FS_GCS_ENABLE"])))
        elif self.gcs_lost and not lost:
            self._pilot.say(mavlink.MAV_SEVERITY_WARNING, "GCS Failsafe Cleared")
        self.gcs_lost = lost and (self.gcs_lost or self._pilot.armed)

    def _watch_battery(self, now_s: float) -> None:
        voltage = self._pilot.aircraft.battery.voltage_v
        if not self._pilot.armed:
            self.battery_stage, self._low_since_s = 0, [None, None]
            return
        stages = (("BATT_LOW_VOLT", "BATT_FS_LOW_ACT", "low"), ("BATT_CRT_VOLT", "BATT_FS_CRT_ACT", "critical"))
        for place, (limit, action, word) in enumerate(stages):
            since = self._low_since_s[place]
            if voltage >= self._pilot.params[limit]:
                self._low_since_s[place] = None
            elif since is None:
                self._low_since_s[place] = now_s
            elif self.battery_stage <= place and now_s - since >= self._pilot.params["BATT_LOW_TIMER"]:
                self.battery_stage = place + 1
                used = (1 - self._pilot.aircraft.battery.remaining) * CAPACITY_MAH
                self._pilot.say(mavlink.MAV_SEVERITY_WARNING, f"Battery 1 is {word} {voltage:.2f}V used {used:.0f} mAh")
                self._react(_BATTERY_MODES.get(int(self._pilot.params[action])))

    def _watch_position(self, now_s: float) -> None:
        if self._pilot.aircraft.sensors.gps_healthy:
            self._gps_lost_s = None
            self.position_lost = False
            return
        self._gps_lost_s = now_s if self._gps_lost_s is None else self._gps_lost_s
        if self.position_lost or now_s - self._gps_lost_s < EKF_PATIENCE_S:
            return
        self.position_lost = True
        if self._pilot.armed and self._pilot.flying and self._pilot.mode is not Mode.STABILIZE:
            self._pilot.say(mavlink.MAV_SEVERITY_CRITICAL, "EKF Failsafe: changed to LAND Mode")
            self._pilot.land_blind()

    def _watch_fence(self, now_s: float) -> None:
        pilot = self._pilot
        if self.position_lost:
            return
        broken = breaches(pilot.fence_ground, pilot.params, pilot.aircraft.believed.enu_m, pilot.home_m)
        fresh = broken & ~self.broken_fence
        self.broken_fence = broken
        if not fresh or not pilot.armed:
            return
        self.breach_count += 1
        self.breach_s = now_s
        pilot.say(mavlink.MAV_SEVERITY_NOTICE, "Fence Breached")
        action = int(pilot.params["FENCE_ACTION"])
        if action and pilot.mode not in _COMING_DOWN:
            # Source: ArduCopter FENCE_ACTION: 1 RTL or land, 2 always land, 4 brake or land, 5 SmartRTL or land.
            self._react({2: Mode.LAND, 4: Mode.BRAKE}.get(action, Mode.RTL))
