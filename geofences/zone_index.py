"""Which zones and permits are near a position: an index over outlines, asked in metres."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shapely import STRtree

from geofences.ellipse import ErrorEllipse

if TYPE_CHECKING:
    from collections.abc import Iterable

    from geofences.position import Geodetic
    from geofences.zone import Permit, Zone


class ZoneIndex:
    """A spatial index over zones and permits; it does not change once built.

    Attributes:
        zones: all zones, in the order given.
        permits: all permits, in the order given.
    """

    def __init__(self, zones: Iterable[Zone], permits: Iterable[Permit] = ()) -> None:
        self.zones = tuple(zones)
        self.permits = tuple(permits)
        self._zone_tree = STRtree([zone.outline for zone in self.zones])
        self._permit_tree = STRtree([permit.outline for permit in self.permits])

    def zones_near(self, position: Geodetic, radius_m: float) -> tuple[Zone, ...]:
        """Zones that reach within `radius_m` of a position (up to 0.13 % beyond), in the order given."""
        return tuple(self.zones[i] for i in _touched(self._zone_tree, position, radius_m))

    def permits_near(self, position: Geodetic, radius_m: float) -> tuple[Permit, ...]:
        """Permits that reach within `radius_m` of a position (up to 0.13 % beyond), in the order given."""
        return tuple(self.permits[i] for i in _touched(self._permit_tree, position, radius_m))


def _touched(tree: STRtree, position: Geodetic, radius_m: float) -> list[int]:
    circle = ErrorEllipse(semi_major_m=radius_m, semi_minor_m=radius_m, bearing_deg=0.0).outline_at(position)
    return sorted(int(i) for i in tree.query(circle, predicate="intersects"))
