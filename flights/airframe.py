"""What a flight costs: time along a route and energy out of the battery. Estimates, kept on the cautious side."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flights.plane import Point


@dataclass(frozen=True, slots=True, kw_only=True)
class Airframe:
    """An aircraft as its manual states it.

    Attributes:
        name: the model.
        battery_wh: energy of a full battery.
        cruise_power_w: drawn in level flight at survey speed.
        hover_power_w: drawn while turning on the spot and coming down.
        climb_extra_power_w: drawn on top of it while climbing.
        reserve_share: share of a full battery that is still there after landing.
        max_speed_m_s: in level flight, through the air.
        climb_m_s: rate of climb.
        descend_m_s: rate of descent.
        half_turn_s: time lost in a turn by 180 degrees.
    """

    name: str = "quadcopter, 3.5 kg"
    battery_wh: float = 260.0
    cruise_power_w: float = 420.0
    hover_power_w: float = 440.0
    climb_extra_power_w: float = 180.0
    reserve_share: float = 0.25
    max_speed_m_s: float = 15.0
    climb_m_s: float = 2.5
    descend_m_s: float = 1.5
    half_turn_s: float = 5.0

    @property
    def reserve_wh(self) -> float:
        """Energy that must be left after landing."""
        return self.battery_wh * self.reserve_share

    @property
    def endurance_s(self) -> float:
        """The longest that a flight can last: until the battery is empty."""
        return 3600 * self.battery_wh / min(self.cruise_power_w, self.hover_power_w)

    def route_time_s(self, route_m: Sequence[Point], speed_m_s: float) -> float:
        """Seconds along a route of (east, north) metres: straight flight and the turns between."""
        straight_s = sum(math.dist(a, b) for a, b in pairwise(route_m)) / speed_m_s
        return straight_s + self.half_turn_s * turning_deg(route_m) / 180

    def flight_wh(self, route_m: Sequence[Point], speed_m_s: float, *, climb_m: float, descend_m: float) -> float:
        """Energy of a route of (east, north) metres with its climbs, its turns and the descent to land."""
        straight_s = sum(math.dist(a, b) for a, b in pairwise(route_m)) / speed_m_s
        hover_s = self.route_time_s(route_m, speed_m_s) - straight_s + descend_m / self.descend_m_s
        climb_w = self.cruise_power_w + self.climb_extra_power_w
        seconds_w = straight_s * self.cruise_power_w + hover_s * self.hover_power_w + climb_m / self.climb_m_s * climb_w
        return seconds_w / 3600

    def return_wh(self, *, distance_m: float, height_m: float, headwind_m_s: float = 0.0) -> float:
        """Energy to come straight home against a wind and to land; infinite when the wind is too strong for that."""
        over_ground_m_s = self.max_speed_m_s - max(0.0, headwind_m_s)
        if over_ground_m_s <= 0:
            return math.inf
        return (distance_m / over_ground_m_s + height_m / self.descend_m_s) * self.cruise_power_w / 3600


def turning_deg(route_m: Sequence[Point]) -> float:
    """The sum of the absolute changes of direction along a route."""
    headings = [math.atan2(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(route_m) if math.dist(a, b) > 0.01]
    turns = (abs((b - a + math.pi) % math.tau - math.pi) for a, b in pairwise(headings))
    return math.degrees(sum(turns))
