"""What a patrol is to see, from where, and where the aircraft may be: all that a plan is made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import shapely

from flights.airframe import Airframe
from flights.cells import Layout
from flights.coverage import footprint_on_ground
from flights.errors import PlanRefused
from flights.plan_checks import around_crowd
from flights.plane import map_from_plane, plane_from_map
from flights.transit import TransitMap
from geofences.local_frame import LocalFrame

if TYPE_CHECKING:
    from shapely.geometry import MultiPolygon, Polygon
    from shapely.geometry.base import BaseGeometry

    from flights.coverage import Footprint
    from flights.plan_checks import Obstacle, Terrain
    from geofences.camera import Camera
    from geofences.position import Geodetic


@dataclass(frozen=True, kw_only=True)
class SurveyRequest:
    """A wish for a plan.

    Attributes:
        zone_id: name of what is covered.
        outline: the ground to see, (lon, lat); may be concave, in parts, with holes.
        home: the take-off point, on the ground, ellipsoid height.
        height_agl_m: flying height above the ground under the aircraft.
        camera: its lens and picture size; it looks along the track.
        no_fly: where the aircraft may not be, (lon, lat); the camera may still look there.
        crowds: where people gather while it is flown, (lon, lat); the aircraft stays as far away as it is high, and
            at least 30 m.
        airspace: where the aircraft may be, (lon, lat). Without one: the convex hull of zone and home, widened by the
            look-ahead of the camera and twice the inset.
        gimbal_pitch_deg: -90 straight down; flatter lenses look ahead along the track.
        front_overlap: share of a picture's depth seen again by the next, 0..0.95.
        side_overlap: share of a picture's width seen again by the next strip, 0..0.95.
        speed_m_s: over ground.
        border_inset_m: distance kept from the airspace's border and from no-fly areas.
        airframe: what flies.
        terrain: ellipsoid height of the ground at a (lat, lon); flat at home's height when None.
        obstacles: what stands on the ground.
    """

    zone_id: str
    outline: Polygon | MultiPolygon
    home: Geodetic
    height_agl_m: float
    camera: Camera
    no_fly: tuple[Polygon, ...] = ()
    crowds: tuple[Polygon, ...] = ()
    airspace: Polygon | None = None
    gimbal_pitch_deg: float = -90.0
    front_overlap: float = 0.7
    side_overlap: float = 0.3
    speed_m_s: float = 8.0
    border_inset_m: float = 5.0
    airframe: Airframe = field(default_factory=Airframe)
    terrain: Terrain | None = None
    obstacles: tuple[Obstacle, ...] = ()

    def __post_init__(self) -> None:
        """Refuse settings that no flight could have, and outlines that enclose nothing.

        Raises:
            PlanRefused: names the setting or outline.
        """
        top_m_s = self.airframe.max_speed_m_s
        faults = (
            (not 0 <= self.front_overlap <= 0.95, f"front overlap {self.front_overlap}, allowed 0 to 0.95"),
            (not 0 <= self.side_overlap <= 0.95, f"side overlap {self.side_overlap}, allowed 0 to 0.95"),
            (not 0.5 <= self.speed_m_s <= top_m_s, f"speed {self.speed_m_s} m/s, allowed 0.5 to {top_m_s}"),
            (not self.height_agl_m > 0, f"height {self.height_agl_m} m above ground, must be positive"),
            (not self.border_inset_m >= 0, f"border inset {self.border_inset_m} m, must not be negative"),
        )
        for wrong, fault in faults:
            if wrong:
                raise PlanRefused(leg="all strips", fault=fault, remedy="Change this setting.")
        areas = [("the zone", self.outline), *(("the airspace", one) for one in (self.airspace,) if one is not None)]
        for name, area in (*areas, *(("a no-fly area", one) for one in (*self.no_fly, *self.crowds))):
            if area.is_empty or not area.area > 0:
                raise PlanRefused(leg=name, fault="it encloses no ground", remedy="Draw it with three corners or more.")

    @cached_property
    def frame(self) -> LocalFrame:
        """East, north, up about home."""
        return LocalFrame(origin=self.home)

    @cached_property
    def footprint(self) -> Footprint:
        """Of one picture on the ground."""
        return footprint_on_ground(self.camera, height_agl_m=self.height_agl_m, gimbal_pitch_deg=self.gimbal_pitch_deg)

    @cached_property
    def layout(self) -> Layout:
        """How strips lie."""
        return Layout(footprint=self.footprint, side_overlap=self.side_overlap, front_overlap=self.front_overlap)

    @property
    def trigger_m(self) -> float:
        """Distance between pictures."""
        return self.footprint.trigger_m(self.front_overlap)

    @cached_property
    def zone_m(self) -> BaseGeometry:
        """The ground to see, east, north metres of home."""
        return shapely.make_valid(plane_from_map(self.outline, self.frame))

    @cached_property
    def closed(self) -> tuple[Polygon, ...]:
        """No-fly areas and the surroundings of crowds, (lon, lat)."""
        around = (around_crowd(crowd, self.frame, height_agl_m=self.height_agl_m) for crowd in self.crowds)
        return (*self.no_fly, *(map_from_plane(area, self.frame) for area in around))

    @cached_property
    def closed_m(self) -> BaseGeometry:
        """The same as one area, east, north metres of home."""
        return shapely.union_all([plane_from_map(polygon, self.frame) for polygon in self.closed])

    @cached_property
    def sky(self) -> Polygon:
        """Where the aircraft may be, (lon, lat): the airspace, or a surrounding of zone and home."""
        if self.airspace is not None:
            return self.airspace
        hull = shapely.union_all([self.zone_m, shapely.Point(0, 0)]).convex_hull
        width_m = self.footprint.centre_m + 2 * self.border_inset_m
        return map_from_plane(hull.buffer(width_m, join_style="mitre", mitre_limit=2), self.frame)

    @cached_property
    def transit(self) -> TransitMap:
        """Ways in the part of the airspace, inset and without no-fly areas, that can be reached from home.

        Raises:
            PlanRefused: home lies outside it.
        """
        inset_m = self.border_inset_m
        inset = plane_from_map(self.sky, self.frame).buffer(-inset_m, join_style="mitre")
        kept = inset.difference(self.closed_m.buffer(inset_m, join_style="mitre", mitre_limit=2))
        around_home = [part for part in shapely.get_parts(kept) if part.covers(shapely.Point(0, 0))]
        if not around_home:
            raise PlanRefused(
                leg="take-off",
                fault=f"home is not at least {inset_m:.0f} m inside the airspace and outside no-fly areas",
                remedy="Move the take-off point, or give an airspace that holds it.",
            )
        return TransitMap(around_home[0])
