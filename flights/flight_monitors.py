"""What is watched while the aircraft flies its mission: earlier, softer limits than the autopilot's own."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import shapely
from shapely.geometry import LineString
from shapely.geometry import Point as ShapelyPoint

from flights.airframe import Airframe
from flights.mission_items import mission_of, return_item, strip_items
from flights.plan_checks import MAX_HEIGHT_AGL_M
from flights.plane import plane_from_map

if TYPE_CHECKING:
    from flights.autopilot import VehicleState
    from flights.plane import Point
    from flights.samples import PositionSample
    from flights.survey_plan import SurveyPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class PatrolLimits:
    """Where our own limits lie. Source: flights design, section 4; all are earlier than the autopilot's.

    Attributes:
        link_lost_s: silence after which nothing is commanded any more (FS_GCS_TIMEOUT is 5).
        mode_grace_s: time the autopilot has to show a mode that it acknowledged.
        max_wind_m_s: come home above this.
        fence_margin_m: come home when nearer to the fence or a no-fly area than this.
        off_track_m: come home when further from the planned route than this.
        height_margin_m: come home when this much above the planned height.
        stall_s: come home after so long without `stall_m` of movement.
        stall_m: movement that counts as progress.
        capture_gap_s: note a gap when no picture was taken on a strip for so long beyond the planned interval.
        airspace_until_s: end of the approval, UTC; None when it does not matter (simulation, tests).
        airframe: for the cost of coming home.
    """

    link_lost_s: float = 4.0
    mode_grace_s: float = 5.0
    max_wind_m_s: float = 12.0
    fence_margin_m: float = 1.5
    off_track_m: float = 20.0
    height_margin_m: float = 10.0
    stall_s: float = 40.0
    stall_m: float = 5.0
    capture_gap_s: float = 5.0
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
    def last_seq(self) -> int:
        """Index of the mission's last item."""
        return len(mission_of(self.plan)) - 1

    @cached_property
    def return_seq(self) -> int:
        """Index of the first item of the way home."""
        return return_item(mission_of(self.plan))

    @cached_property
    def strip_seqs(self) -> frozenset[int]:
        """Items flown towards with the trigger on."""
        return strip_items(mission_of(self.plan))

    @cached_property
    def track(self) -> LineString:
        """The planned way, east, north metres of home."""
        return LineString([(0.0, 0.0), *(leg.end_m for leg in self.plan.legs())])

    @cached_property
    def border(self) -> shapely.Geometry:
        """The fence's border and all no-fly areas, east, north metres of home."""
        return shapely.union_all([self.plan.airspace_m.boundary, *self.plan.no_fly_m])

    def point(self, position: PositionSample) -> Point:
        """East, north metres of home."""
        at = plane_from_map(ShapelyPoint(position.lon_deg, position.lat_deg), self.plan.frame)
        return at.x, at.y


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What the monitors remember between two looks.

    Attributes:
        moved_from_m: where the aircraft last made progress.
        moved_at_s: when.
        strip_seq: the strip it is on, if any.
        strip_since_s: since when.
        gap_seq: the strip for which a capture gap was noted.
    """

    moved_from_m: Point | None = None
    moved_at_s: float = 0.0
    strip_seq: int | None = None
    strip_since_s: float = 0.0
    gap_seq: int | None = None


def alarm(route: Route, limits: PatrolLimits, vehicle: VehicleState) -> str | None:
    """Why the aircraft must come home now, or None."""
    position = vehicle.position
    if position is None:
        return "position unknown"
    here = route.point(position)
    windy = vehicle.wind_m_s is not None and vehicle.wind_m_s > limits.max_wind_m_s
    until_s = limits.airspace_until_s
    expired = until_s is not None and vehicle.utc_s is not None and vehicle.utc_s > until_s
    checks = (
        f"wind {vehicle.wind_m_s:.1f} m/s, limit {limits.max_wind_m_s:.1f}" if windy else None,
        "airspace approval expired" if expired else None,
        _place_alarm(route, limits, position, here),
        _battery_alarm(limits.airframe, vehicle, here),
    )
    return next((reason for reason in checks if reason), None)


def _battery_alarm(airframe: Airframe, vehicle: VehicleState, here: Point) -> str | None:
    if vehicle.battery_share is None or vehicle.position is None:
        return "battery unknown"
    headwind = 0.0
    if vehicle.wind_m_s is not None and vehicle.wind_from_deg is not None:
        bearing_home = math.atan2(-here[0], -here[1])
        headwind = vehicle.wind_m_s * math.cos(math.radians(vehicle.wind_from_deg) - bearing_home)
    have_wh = vehicle.battery_share * airframe.battery_wh
    way_wh = airframe.return_wh(
        distance_m=math.hypot(*here), height_m=max(0.0, vehicle.position.height_home_m), headwind_m_s=headwind
    )
    if have_wh < way_wh + airframe.reserve_wh:
        return f"battery {have_wh:.0f} Wh, the way home needs {way_wh:.0f} and the reserve {airframe.reserve_wh:.0f}"
    return None


def _place_alarm(route: Route, limits: PatrolLimits, position: PositionSample, here: Point) -> str | None:
    at = ShapelyPoint(here)
    to_border_m = at.distance(route.border)
    if to_border_m < limits.fence_margin_m:
        return f"{to_border_m:.1f} m from the fence or a no-fly area, limit {limits.fence_margin_m:.1f}"
    off_track_m = at.distance(route.track)
    if off_track_m > limits.off_track_m:
        return f"{off_track_m:.0f} m off the planned route, limit {limits.off_track_m:.0f}"
    highest = min(MAX_HEIGHT_AGL_M, route.plan.height_home_m + limits.height_margin_m)
    if position.height_home_m > highest:
        return f"height {position.height_home_m:.0f} m, limit {highest:.0f}"
    return None


def watch_progress(watch: Watch, limits: PatrolLimits, here: Point, at_s: float) -> tuple[Watch, str | None]:
    """Notice an aircraft that hangs in one place: the new memory, and why it must come home, if it must."""
    if watch.moved_from_m is None or math.dist(watch.moved_from_m, here) > limits.stall_m:
        return replace(watch, moved_from_m=here, moved_at_s=at_s), None
    if at_s - watch.moved_at_s > limits.stall_s:
        return watch, f"no progress for {at_s - watch.moved_at_s:.0f} s"
    return watch, None


def watch_captures(
    watch: Watch, route: Route, limits: PatrolLimits, *, seq: int | None, at_s: float, last_capture_s: float | None
) -> tuple[Watch, str | None]:
    """Notice a strip without pictures: the new memory, and a note, once per strip."""
    if seq not in route.strip_seqs:
        return replace(watch, strip_seq=None), None
    if watch.strip_seq != seq:
        return replace(watch, strip_seq=seq, strip_since_s=at_s), None
    since_s = at_s - max(watch.strip_since_s, last_capture_s or 0.0)
    allowed_s = route.plan.trigger_m / route.plan.speed_m_s + limits.capture_gap_s
    if since_s > allowed_s and watch.gap_seq != seq:
        return replace(watch, gap_seq=seq), f"no picture for {since_s:.0f} s on the strip to item {seq}"
    return watch, None
