"""AUTO: runs the stored mission. Navigation items one after the other; DO items at once, before the next navigation."""

from __future__ import annotations

import math
from enum import IntEnum
from typing import TYPE_CHECKING

from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flights.simulator.guidance import Climb, FlyLeg, Hold, Land, Manoeuvre, Sequence
from flights.simulator.mission_store import NAV_COMMANDS, RELATIVE_FRAMES, StoredItem

if TYPE_CHECKING:
    from flights.simulator.autopilot import Autopilot
    from flights.simulator.dynamics import Demand, Vector
    from flights.simulator.guidance import Speeds

STRAIGHT_ON_DEG = 30.0


class MissionState(IntEnum):
    """MISSION_STATE of MISSION_CURRENT."""

    NO_MISSION = 1
    NOT_STARTED = 2
    ACTIVE = 3
    PAUSED = 4
    COMPLETE = 5


class MissionRun:
    """Which item is flown.

    Attributes:
        index: item being flown, 0 before the start.
        started: whether the mission was begun and has not been reset.
        complete: whether the last item is done.
    """

    def __init__(self, pilot: Autopilot) -> None:
        self._pilot = pilot
        self._manoeuvre: Manoeuvre | None = None
        self.index = 0
        self.started = False
        self.complete = False

    def reset(self) -> None:
        """Back to the beginning; after a disarm and when the mission is replaced."""
        self._manoeuvre, self.index, self.started, self.complete = None, 0, False, False

    def state(self, *, flying: bool) -> MissionState:
        """For MISSION_CURRENT."""
        if len(self._pilot.store.mission) < 2:
            return MissionState.NO_MISSION
        if self.complete:
            return MissionState.COMPLETE
        if not self.started:
            return MissionState.NOT_STARTED
        return MissionState.ACTIVE if flying else MissionState.PAUSED

    def enter(self) -> None:
        """AUTO was chosen: go on with the item that was interrupted; a complete mission begins again."""
        if self.complete or self._pilot.params["MIS_RESTART"]:
            self.reset()
        self._manoeuvre = None

    def jump_to(self, seq: int) -> bool:
        """MISSION_SET_CURRENT. False when there is no such item."""
        if not 0 <= seq < len(self._pilot.store.mission):
            return False
        self.index, self._manoeuvre, self.complete = max(seq, 1), None, False
        return True

    def change_speed(self, speeds: Speeds) -> None:
        """DO_CHANGE_SPEED from the ground station counts for the leg being flown, too."""
        if isinstance(self._manoeuvre, FlyLeg):
            self._manoeuvre.speeds = speeds

    def fly(self, dt_s: float) -> Demand:
        """The demand of the present item, moving on through the list where items are done."""
        motion = self._pilot.aircraft.believed
        if self._manoeuvre is None:
            if not self.started:
                self.started, self.index = True, max(self.index, 1)
            self._manoeuvre = self._next_from(self.index, None)
        if self._manoeuvre.done and not self.complete:
            self._pilot.send(mavlink.MAVLink_mission_item_reached_message(self.index))
            self._pilot.say(mavlink.MAV_SEVERITY_INFO, f"Reached command #{self.index}")
            done = self._manoeuvre
            self._manoeuvre = self._next_from(self.index + 1, done.end_m if isinstance(done, FlyLeg) else None)
        return self._manoeuvre.fly(motion, dt_s)

    def _next_from(self, index: int, start_m: Vector | None) -> Manoeuvre:
        """Run DO items from `index` on, and begin the next navigation item."""
        items = self._pilot.store.mission
        for item in items[index:]:
            if item.command in NAV_COMMANDS:
                self.index = item.seq
                self._pilot.new_leg()
                return self._manoeuvre_for(item, start_m)
            self._pilot.do(item.command, (*item.params, float(item.x), float(item.y), item.z))
        self.complete = True
        return self._pilot.hold()

    def target(self, item: StoredItem) -> Vector:
        """Local place of an item; latitude and longitude 0 mean "where I am"."""
        here = self._pilot.aircraft.believed.enu_m
        east, north = self._pilot.aircraft.local(item.x, item.y) if item.x or item.y else here[:2]
        if item.frame in RELATIVE_FRAMES:
            return east, north, self._pilot.home_m[2] + item.z
        return east, north, item.z - self._pilot.aircraft.place.alt_amsl_m

    def _manoeuvre_for(self, item: StoredItem, start_m: Vector | None) -> Manoeuvre:
        speeds, here = self._pilot.speeds(), self._pilot.aircraft.believed.enu_m
        if item.command == mavlink.MAV_CMD_NAV_TAKEOFF:
            return Climb(up_m=max(self.target(item)[2], here[2] if self._pilot.flying else 0.0), speeds=speeds)
        if item.command == mavlink.MAV_CMD_NAV_RETURN_TO_LAUNCH:
            return self._pilot.way_home()
        leg = FlyLeg(
            end_m=self.target(item), speeds=speeds, start_m=start_m, radius_m=self._pilot.arrival_radius_m,
            end_speed_m_s=self._speed_through(item, start_m or here), face_leg=self._pilot.faces_legs,
        )  # fmt: skip
        if item.command == mavlink.MAV_CMD_NAV_LAND:
            over = FlyLeg(end_m=(*leg.end_m[:2], here[2]), speeds=speeds, face_leg=False)
            return Sequence(parts=[over, Land(speeds=speeds)])
        if item.params[0] > 0:
            return Sequence(parts=[leg, Hold(speeds=speeds, for_s=item.params[0])])
        return leg

    def _speed_through(self, item: StoredItem, start_m: Vector) -> float:
        """Speed kept through a waypoint when the next leg goes nearly straight on; else it is a stop."""
        if item.command != mavlink.MAV_CMD_NAV_WAYPOINT or item.params[0] > 0:
            return 0.0
        later = (i for i in self._pilot.store.mission[item.seq + 1 :] if i.command in NAV_COMMANDS)
        follower = next(later, None)
        if follower is None or follower.command != mavlink.MAV_CMD_NAV_WAYPOINT:
            return 0.0
        here, there = self.target(item), self.target(follower)
        come = math.atan2(here[0] - start_m[0], here[1] - start_m[1])
        leave = math.atan2(there[0] - here[0], there[1] - here[1])
        turn = abs((math.degrees(leave - come) + 180) % 360 - 180)
        return self._pilot.speeds().cruise_m_s * math.cos(math.radians(turn)) if turn < STRAIGHT_ON_DEG else 0.0
