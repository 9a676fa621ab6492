"""What is watched in the air: limits earlier and softer than the autopilot's own, and a table of what follows."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from enum import IntEnum, StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

import shapely
from shapely.geometry import LineString
from shapely.geometry import Point as ShapelyPoint
from shapely.ops import nearest_points

from flights.airframe import Airframe
from flights.errors import PlanRefused
from flights.mission_items import mission_of, return_item, strip_items
from flights.plan_checks import MAX_HEIGHT_AGL_M, MIN_HEIGHT_AGL_M
from flights.plane import plane_point
from flights.transit import TransitMap

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shapely.geometry.base import BaseGeometry

    from flights.autopilot import VehicleState
    from flights.plane import Point
    from flights.samples import PositionSample
    from flights.survey_plan import SurveyPlan
    from geofences.local_frame import LocalFrame

WAY_INSET_M = 3.0  # our own ways keep this far inside the fence: satellite positions err by 1 to 2 m
CONFIRM_S = 1.0  # an event counts when it lasts so long: one late or wild message is none
# Without a fix the estimator coasts for 7 s (ArduPilot EKF3 posRetryTimeNoVel_ms), then the autopilot lands blind and
# level, gliding on as fast as it flew. LAND while there still is a position stops it first: 4 s from 10 m/s.
FIX_LOST_S = 2.0


class Action(IntEnum):
    """What follows from an event; the greatest of several is done."""

    WARN = 1
    PAUSE = 2
    RETURN = 3
    LAND = 4


class Event(StrEnum):
    """What may be noticed in the air."""

    HEARTBEAT_LATE = "heartbeat late"
    WIND_RISING = "wind rising"
    CAPTURE_GAP = "capture gap"
    GPS_WEAK = "satellite fix weak"
    GPS_GLITCH = "satellite position jumps"
    WIND = "wind"
    BATTERY_RETURN = "battery"
    FENCE_NEAR = "fence near"
    OFF_TRACK = "off track"
    TOO_HIGH = "too high"
    STALLED = "stalled"
    APPROVAL_EXPIRED = "approval expired"
    BATTERY_LAND = "battery below the way home"
    FIX_LOST = "no satellite fix"
    POSITION_LOST = "position lost"


# Source: flights design, section 4. Silence beyond `link_lost_s` and a mode that somebody else chose are no rows here:
# after them nothing is ordered at all.
POLICY: dict[Event, Action] = {
    Event.HEARTBEAT_LATE: Action.WARN,
    Event.WIND_RISING: Action.WARN,
    Event.CAPTURE_GAP: Action.WARN,
    Event.GPS_WEAK: Action.PAUSE,
    Event.GPS_GLITCH: Action.PAUSE,
    Event.WIND: Action.RETURN,
    Event.BATTERY_RETURN: Action.RETURN,
    Event.FENCE_NEAR: Action.RETURN,
    Event.OFF_TRACK: Action.RETURN,
    Event.TOO_HIGH: Action.RETURN,
    Event.STALLED: Action.RETURN,
    Event.APPROVAL_EXPIRED: Action.RETURN,
    Event.BATTERY_LAND: Action.LAND,
    Event.FIX_LOST: Action.LAND,
    Event.POSITION_LOST: Action.LAND,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PatrolLimits:
    """Where our own limits lie. Source: flights design, section 4; all are earlier than the autopilot's.

    Attributes:
        heartbeat_late_s: silence that is noted.
        link_lost_s: silence after which nothing is commanded any more (FS_GCS_TIMEOUT is 5).
        mode_grace_s: time the autopilot has to show a mode that it acknowledged.
        max_wind_m_s: come home above this.
        min_satellites: fewer, or no 3D fix, is a weak position.
        fence_margin_m: come home when nearer to the fence or a no-fly area than this.
        off_track_m: come home when further from the planned route than this.
        height_margin_m: come home when this much above the planned height.
        stall_s: come home after so long without `stall_m` of movement.
        stall_m: movement that counts as progress.
        capture_gap_s: note a gap when no picture was taken on a strip for so long beyond the planned interval.
        pause_s: a pause that nobody ends brings the aircraft home after so long.
        ceiling_m: of the approval, above home.
        airspace_until_s: end of the approval, UTC; None when it does not matter (simulation, tests).
        airframe: for the cost of coming home.
    """

    heartbeat_late_s: float = 2.5
    link_lost_s: float = 4.0
    mode_grace_s: float = 5.0
    max_wind_m_s: float = 12.0
    min_satellites: int = 6
    fence_margin_m: float = 1.5
    off_track_m: float = 20.0
    height_margin_m: float = 10.0
    stall_s: float = 40.0
    stall_m: float = 5.0
    capture_gap_s: float = 5.0
    pause_s: float = 120.0
    ceiling_m: float = MAX_HEIGHT_AGL_M
    airspace_until_s: float | None = None
    airframe: Airframe = field(default_factory=Airframe)


@dataclass(frozen=True, kw_only=True)
class Route:
    """A plan as the monitors need it; computed once per flight.

    Attributes:
        plan: what is flown.
    """

    plan: SurveyPlan

    @cached_property
    def return_seq(self) -> int:
        """Index of the first item of the way home."""
        return return_item(mission_of(self.plan))

    @cached_property
    def last_seq(self) -> int:
        """Index of the mission's last item."""
        return len(mission_of(self.plan)) - 1

    @cached_property
    def strip_seqs(self) -> frozenset[int]:
        """Items flown towards with the trigger on."""
        return strip_items(mission_of(self.plan))

    @cached_property
    def top_m(self) -> float:
        """Greatest planned height above home: over terrain not the take-off's."""
        return max(waypoint.height_home_m for waypoint in self.plan.waypoints)

    @cached_property
    def track(self) -> LineString:
        """The planned way, east, north metres of home."""
        return LineString([(0.0, 0.0), *(leg.end_m for leg in self.plan.legs())])

    @cached_property
    def border(self) -> shapely.Geometry:
        """The fence's border and all no-fly areas, east, north metres of home."""
        return shapely.union_all([self.plan.airspace_m.boundary, *self.plan.no_fly_m])

    @cached_property
    def allowed(self) -> BaseGeometry:
        """Inside the fence and outside all no-fly areas, east, north metres of home."""
        allowed: BaseGeometry = self.plan.airspace_m.difference(shapely.union_all(self.plan.no_fly_m))
        return allowed

    @cached_property
    def _ways(self) -> TransitMap:
        inner = self.allowed.buffer(-WAY_INSET_M, join_style="mitre")
        home = ShapelyPoint(0.0, 0.0)
        return TransitMap(min(shapely.get_parts(inner), key=lambda part: float(part.distance(home))))

    @cached_property
    def _inside(self) -> BaseGeometry:
        inside: BaseGeometry = self._ways.allowed.buffer(1e-6)
        shapely.prepare(inside)
        return inside

    def is_inside(self, point_m: Point) -> bool:
        """Whether a point may be flown to."""
        return bool(self._inside.covers(ShapelyPoint(point_m)))

    def way(self, start_m: Point, goal_m: Point) -> tuple[Point, ...]:
        """Corners of a way that stays inside, the goal last; empty when there is none.

        A start or goal nearer to the fence than `WAY_INSET_M` is entered and left by the nearest inner point.
        """
        starts, goals = self._inner(start_m), self._inner(goal_m)
        try:
            route = self._ways.route(starts[-1], goals[-1])
        except PlanRefused:
            return ()
        corners = (*starts[1:], *route[1:], *reversed(goals[:-1]))
        return corners or (goal_m,)

    def _inner(self, point_m: Point) -> tuple[Point, ...]:
        if self.is_inside(point_m):
            return (point_m,)
        inner = nearest_points(self._ways.allowed, ShapelyPoint(point_m))[0]
        return point_m, (inner.x, inner.y)

    def place(self, lat_deg: float, lon_deg: float) -> Point:
        """East, north metres of home."""
        home = self.plan.home
        return plane_point(replace(home, lat_deg=lat_deg, lon_deg=lon_deg), self._frame)

    @cached_property
    def _frame(self) -> LocalFrame:
        return self.plan.frame

    def point(self, position: PositionSample) -> Point:
        """East, north metres of home."""
        return self.place(position.lat_deg, position.lon_deg)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What the monitors remember between two looks.

    Attributes:
        since_s: when each present event began.
        told: events that were noted and are still there.
        moved_from_m: where the aircraft last made progress.
        moved_at_s: when.
        strip_seq: the strip it is on, if any.
        strip_since_s: since when.
    """

    since_s: tuple[tuple[Event, float], ...] = ()
    told: frozenset[Event] = frozenset()
    moved_from_m: Point | None = None
    moved_at_s: float = 0.0
    strip_seq: int | None = None
    strip_since_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """An event that lasted long enough to count, and what follows."""

    event: Event
    text: str

    @property
    def action(self) -> Action:
        """By the policy."""
        return POLICY[self.event]

    @property
    def confirm_s(self) -> float:
        """How long it must last to count."""
        return FIX_LOST_S if self.event is Event.FIX_LOST else CONFIRM_S


def events(route: Route, limits: PatrolLimits, vehicle: VehicleState) -> Iterator[Alarm]:
    """Everything noticed in one look that needs no memory."""
    if vehicle.link_age_s > limits.heartbeat_late_s:
        yield Alarm(event=Event.HEARTBEAT_LATE, text=f"no heartbeat for {vehicle.link_age_s:.1f} s")
    position = vehicle.position
    if position is None or not vehicle.ekf_ok:
        yield Alarm(event=Event.POSITION_LOST, text="position unknown")
        return
    here = route.point(position)
    yield from _air_events(limits, vehicle)
    yield from _gps_events(limits, vehicle)
    yield from _place_events(route, limits, position, here)
    yield from _battery_events(limits.airframe, vehicle, here)


def _air_events(limits: PatrolLimits, vehicle: VehicleState) -> Iterator[Alarm]:
    wind, most = vehicle.wind_m_s or 0.0, limits.max_wind_m_s
    if wind > 0.8 * most:
        event = Event.WIND if wind > most else Event.WIND_RISING
        yield Alarm(event=event, text=f"wind {wind:.1f} m/s, limit {most:.1f}")
    until_s = limits.airspace_until_s
    if until_s is not None and vehicle.utc_s is not None and vehicle.utc_s > until_s:
        yield Alarm(event=Event.APPROVAL_EXPIRED, text="airspace approval expired")


def _gps_events(limits: PatrolLimits, vehicle: VehicleState) -> Iterator[Alarm]:
    fix, satellites = vehicle.gps_fix or 0, vehicle.satellites or 0
    if fix < 3 or satellites < limits.min_satellites:
        yield Alarm(event=Event.GPS_WEAK, text=f"fix type {fix} with {satellites} satellites")
    if fix < 3:
        yield Alarm(event=Event.FIX_LOST, text="no satellite fix")
    if vehicle.gps_glitch:
        yield Alarm(event=Event.GPS_GLITCH, text="the satellite position jumps")


def _battery_events(airframe: Airframe, vehicle: VehicleState, here: Point) -> Iterator[Alarm]:
    if vehicle.battery_share is None or vehicle.position is None:
        yield Alarm(event=Event.BATTERY_RETURN, text="battery unknown")
        return
    headwind = 0.0
    if vehicle.wind_m_s is not None and vehicle.wind_from_deg is not None:
        bearing_home = math.atan2(-here[0], -here[1])
        headwind = vehicle.wind_m_s * math.cos(math.radians(vehicle.wind_from_deg) - bearing_home)
    have_wh = vehicle.battery_share * airframe.battery_wh
    way_wh = airframe.return_wh(
        distance_m=math.hypot(*here), height_m=max(0.0, vehicle.position.height_home_m), headwind_m_s=headwind
    )
    if have_wh < way_wh + airframe.reserve_wh:
        # A wind against which it cannot come home now is a reason to come home, not to land wherever it is.
        event = Event.BATTERY_LAND if have_wh < way_wh < math.inf else Event.BATTERY_RETURN
        needs = f"the way home needs {way_wh:.0f} and the reserve {airframe.reserve_wh:.0f}"
        yield Alarm(event=event, text=f"battery {have_wh:.0f} Wh, {needs}")


def _place_events(route: Route, limits: PatrolLimits, position: PositionSample, here: Point) -> Iterator[Alarm]:
    at = ShapelyPoint(here)
    to_border_m = at.distance(route.border)
    if to_border_m < limits.fence_margin_m or not route.allowed.covers(at):
        text = f"{to_border_m:.1f} m from the fence or a no-fly area, limit {limits.fence_margin_m:.1f}"
        yield Alarm(event=Event.FENCE_NEAR, text=text)
    off_track_m = at.distance(route.track)
    if off_track_m > limits.off_track_m:
        text = f"{off_track_m:.0f} m off the planned route, limit {limits.off_track_m:.0f}"
        yield Alarm(event=Event.OFF_TRACK, text=text)
    highest = highest_m(route, limits)
    if position.height_home_m > highest:
        yield Alarm(event=Event.TOO_HIGH, text=f"height {position.height_home_m:.0f} m, limit {highest:.0f}")


def highest_m(route: Route, limits: PatrolLimits) -> float:
    """Greatest height above home: the plan's with a margin, never above the approval's or the law's."""
    return max(MIN_HEIGHT_AGL_M, min(MAX_HEIGHT_AGL_M, limits.ceiling_m + 2, route.top_m + limits.height_margin_m))


def watch_progress(watch: Watch, limits: PatrolLimits, here: Point, at_s: float) -> tuple[Watch, Alarm | None]:
    """Notice an aircraft that hangs in one place."""
    if watch.moved_from_m is None or math.dist(watch.moved_from_m, here) > limits.stall_m:
        return replace(watch, moved_from_m=here, moved_at_s=at_s), None
    if at_s - watch.moved_at_s > limits.stall_s:
        return watch, Alarm(event=Event.STALLED, text=f"no progress for {at_s - watch.moved_at_s:.0f} s")
    return watch, None


def watch_captures(
    watch: Watch, route: Route, limits: PatrolLimits, *, seq: int | None, at_s: float, last_capture_s: float | None
) -> tuple[Watch, Alarm | None]:
    """Notice a strip without pictures."""
    if seq not in route.strip_seqs:
        return replace(watch, strip_seq=None), None
    if watch.strip_seq != seq:
        return replace(watch, strip_seq=seq, strip_since_s=at_s), None
    since_s = at_s - max(watch.strip_since_s, last_capture_s or 0.0)
    if since_s > route.plan.trigger_m / route.plan.speed_m_s + limits.capture_gap_s:
        return watch, Alarm(event=Event.CAPTURE_GAP, text=f"no picture for {since_s:.0f} s on the strip to item {seq}")
    return watch, None


def confirm(watch: Watch, noticed: list[Alarm], at_s: float) -> tuple[Watch, list[Alarm], str]:
    """Keep what lasts: the new memory, the alarms that count, and the text of those that are new."""
    before = dict(watch.since_s)
    since = {alarm.event: before.get(alarm.event, at_s) for alarm in noticed}
    counting = [alarm for alarm in noticed if at_s - since[alarm.event] >= alarm.confirm_s]
    fresh = "; ".join(alarm.text for alarm in counting if alarm.event not in watch.told)
    told = frozenset(alarm.event for alarm in counting)
    return replace(watch, since_s=tuple(since.items()), told=told), counting, fresh
