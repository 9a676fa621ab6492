"""A survey plan: typed waypoints, what the flight costs, and where the aircraft may be."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from flights.plane import plane_from_map, plane_point
from geofences.local_frame import LocalFrame

if TYPE_CHECKING:
    from shapely.geometry import MultiPolygon, Polygon

    from flights.plane import Point
    from geofences.position import Geodetic


class WaypointKind(StrEnum):
    """What the aircraft does at a waypoint."""

    TAKEOFF = "takeoff"
    TRANSIT = "transit"
    STRIP_START = "strip_start"
    BEND = "bend"  # on a strip, the trigger left as it is
    STRIP_END = "strip_end"
    RETURN = "return"


@dataclass(frozen=True, slots=True, kw_only=True)
class Waypoint:
    """A place to pass, and the trigger distance set on arrival.

    Attributes:
        kind: what happens here.
        position: where, height above the ellipsoid.
        height_home_m: the same height, above the take-off point.
        trigger_m: a picture every so many metres from here on; 0 switches the trigger off.
        strip: number of the strip that starts or ends here, from 1.
    """

    kind: WaypointKind
    position: Geodetic
    height_home_m: float
    trigger_m: float = 0.0
    strip: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """The straight way from one waypoint to the next.

    Attributes:
        name: as messages name it, e.g. "strip 4" or "return 1".
        start: where it begins.
        end: where it ends.
        start_m: the same, east, north metres of home.
        end_m: the same, east, north metres of home.
    """

    name: str
    start: Waypoint
    end: Waypoint
    start_m: Point
    end_m: Point


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyPlan:
    """A flight that covers one zone.

    Attributes:
        zone_id: what is covered.
        home: the take-off point, on the ground.
        outline: the zone, (lon, lat).
        airspace: where the aircraft may be, (lon, lat); also the fence sent to the autopilot.
        no_fly: where it may not be, the surroundings of crowds included, (lon, lat).
        waypoints: from take-off to above home again; the first is above home.
        height_agl_m: above the ground under it.
        speed_m_s: over ground.
        gimbal_pitch_deg: of the camera on the strips.
        trigger_m: distance between pictures on the strips.
        strip_angle_deg: direction of the strips, anticlockwise from east.
        gsd_m: ground size of a pixel at the picture's centre.
        length_m: of the route, without climb and descent.
        duration_s: from take-off to landing.
        images: number of pictures triggered.
        coverage_share: of the zone outside no-fly areas, seen at the width of the picture's centre row.
        energy_wh: estimate, from take-off to landing.
        warnings: what a pilot must know before accepting the plan.
        crowds: where people gather, (lon, lat).
        obstacles: what stands on the ground, (lon, lat).
    """

    zone_id: str
    home: Geodetic
    outline: Polygon | MultiPolygon
    airspace: Polygon
    no_fly: tuple[Polygon, ...]
    waypoints: tuple[Waypoint, ...]
    height_agl_m: float
    speed_m_s: float
    gimbal_pitch_deg: float
    trigger_m: float
    strip_angle_deg: float
    gsd_m: float
    length_m: float
    duration_s: float
    images: int
    coverage_share: float
    energy_wh: float
    warnings: tuple[str, ...] = ()
    crowds: tuple[Polygon, ...] = ()
    obstacles: tuple[Polygon, ...] = ()

    @property
    def frame(self) -> LocalFrame:
        """East, north, up about home."""
        return LocalFrame(origin=self.home)

    @property
    def airspace_m(self) -> Polygon:
        """Where the aircraft may be, east, north metres of home."""
        return plane_from_map(self.airspace, self.frame)

    @property
    def no_fly_m(self) -> list[Polygon]:
        """Where it may not be, east, north metres of home."""
        return [plane_from_map(polygon, self.frame) for polygon in self.no_fly]

    @property
    def height_home_m(self) -> float:
        """The height that the take-off climbs to."""
        return self.waypoints[0].height_home_m

    @property
    def summary(self) -> str:
        """What the flight costs and shows, in a line."""
        return (
            f"{self.length_m:.0f} m, {self.duration_s:.0f} s, {self.images} pictures, "
            f"{self.coverage_share:.1%} covered, {self.energy_wh:.0f} Wh, {self.gsd_m * 100:.1f} cm a pixel"
        )

    def legs(self) -> tuple[Leg, ...]:
        """Every leg after the climb, in order, the way home included."""
        frame = self.frame
        points = [plane_point(waypoint.position, frame) for waypoint in self.waypoints]
        counts: dict[str, int] = {}
        legs = []
        for i, end in enumerate(self.waypoints[1:], start=1):
            if end.kind in {WaypointKind.BEND, WaypointKind.STRIP_END}:
                name = f"strip {end.strip}"
            else:
                kind = "return" if end.kind is WaypointKind.RETURN else "transit"
                counts[kind] = counts.get(kind, 0) + 1
                name = f"{kind} {counts[kind]}"
            legs.append(Leg(name=name, start=self.waypoints[i - 1], end=end, start_m=points[i - 1], end_m=points[i]))
        return tuple(legs)
