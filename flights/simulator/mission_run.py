"""AUTO: runs the stored mission. Navigation items one after the other; DO items at once, before the next navigation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flights.mission_items import PLAIN_FRAME, Frame
from flights.simulator.guidance import Climb, FlyLeg, Hold, Land, Manoeuvre, Sequence
from flights.simulator.mission_store import NAV_COMMANDS

if TYPE_CHECKING:
    from flights.mission_items import MissionItem
    from flights.simulator.autopilot import Autopilot
    from flights.simulator.dynamics import Demand, Vector


class MissionRun:
    """Which item is flown.

    Attributes:
        index: item being flown, 0 before the start.
        complete: whether the last item is done.
    """

    def __init__(self, pilot: Autopilot) -> None:
        self._pilot = pilot
        self.reset()

    def reset(self) -> None:
        """Back to the beginning; after a disarm."""
        self._manoeuvre: Manoeuvre | None = None
        self.index, self.complete = 0, False

    def enter(self) -> None:
        """AUTO was chosen: go on with the item that was interrupted; a complete mission begins again."""
        if self.complete:
            self.reset()
        self._manoeuvre = None

    def jump_to(self, seq: int) -> bool:
        """MISSION_SET_CURRENT. False when there is no such item."""
        if not 0 <= seq < len(self._pilot.store.mission):
            return False
        self.index, self._manoeuvre, self.complete = max(seq, 1), None, False
        return True

    def fly(self, dt_s: float) -> Demand:
        """The demand of the present item, moving on through the list where items are done."""
        if self._manoeuvre is None:
            self._manoeuvre = self._next_from(max(self.index, 1), None)
        if self._manoeuvre.done and not self.complete:
            self._pilot.send(mavlink.MAVLink_mission_item_reached_message(self.index))
            self._pilot.say(mavlink.MAV_SEVERITY_INFO, f"Reached command #{self.index}")
            done = self._manoeuvre
            self._manoeuvre = self._next_from(self.index + 1, done.end_m if isinstance(done, FlyLeg) else None)
        return self._manoeuvre.fly(self._pilot.aircraft.believed, self._pilot.speeds(), dt_s)

    def _next_from(self, index: int, start_m: Vector | None) -> Manoeuvre:
        """Run DO items from `index` on, and begin the next navigation item."""
        for seq, item in enumerate(self._pilot.store.mission[index:], start=index):
            if item.command in NAV_COMMANDS:
                self.index = seq
                return self._manoeuvre_for(item, start_m)
            self._pilot.do(item.command, (*item.params, float(item.lat_e7), float(item.lon_e7), item.height_m))
        self.complete = True
        return Hold()

    def target(self, item: MissionItem) -> Vector:
        """Local place of an item; latitude and longitude 0 mean "where I am"."""
        aircraft = self._pilot.aircraft
        is_here = not (item.lat_e7 or item.lon_e7)
        east, north = aircraft.believed.enu_m[:2] if is_here else aircraft.local(item.lat_e7, item.lon_e7)
        if PLAIN_FRAME.get(item.frame, item.frame) == Frame.RELATIVE:
            return east, north, self._pilot.home_m[2] + item.height_m
        return east, north, item.height_m - aircraft.ground_alt_amsl_m

    def _manoeuvre_for(self, item: MissionItem, start_m: Vector | None) -> Manoeuvre:
        up_m = self._pilot.aircraft.believed.enu_m[2]
        if item.command == mavlink.MAV_CMD_NAV_TAKEOFF:
            return Climb(up_m=max(self.target(item)[2], up_m if self._pilot.flying else 0.0))
        if item.command == mavlink.MAV_CMD_NAV_RETURN_TO_LAUNCH:
            return self._pilot.way_home()
        east, north, height_m = self.target(item)
        if item.command == mavlink.MAV_CMD_NAV_LAND:
            return Sequence(parts=[FlyLeg(end_m=(east, north, up_m), face_leg=False), Land()])
        radius_m = self._pilot.params["WPNAV_RADIUS"] / 100
        leg = FlyLeg(end_m=(east, north, height_m), start_m=start_m, radius_m=radius_m)
        return Sequence(parts=[leg, Hold(for_s=item.params[0])]) if item.params[0] > 0 else leg
