"""Which zones and permits are at or near a place: points by the million, ellipses, footprints, owners, grid cells."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from shapely import STRtree

from geofences.belonging import Belonging, judge_belonging
from geofences.ellipse import ErrorEllipse
from geofences.outline_grid import OutlineGrid
from geofences.zone import ZoneKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from geofences.position import Geodetic
    from geofences.zone import Outline, Permit, Zone


class ZoneIndex:
    """A spatial index over zones and permits; it does not change once built, and each part is built when first asked.

    Attributes:
        zones: all zones, in the order given.
        permits: all permits, in the order given.
    """

    def __init__(self, zones: Iterable[Zone], permits: Iterable[Permit] = ()) -> None:
        self.zones = tuple(zones)
        self.permits = tuple(permits)

    def zones_near(self, position: Geodetic, radius_m: float) -> tuple[Zone, ...]:
        """Zones that reach within `radius_m` of a position (up to 0.13 % beyond), in the order given."""
        return self.zones_touching(_circle(position, radius_m))

    def permits_near(self, position: Geodetic, radius_m: float) -> tuple[Permit, ...]:
        """Permits that reach within `radius_m` of a position (up to 0.13 % beyond), in the order given."""
        return self.permits_touching(_circle(position, radius_m))

    def zones_touching(self, footprint: Outline) -> tuple[Zone, ...]:
        """Zones that share at least a point with a lon, lat outline, in the order given."""
        return tuple(self.zones[i] for i in _touched(self._zone_tree, footprint))

    def permits_touching(self, footprint: Outline) -> tuple[Permit, ...]:
        """Permits that share at least a point with a lon, lat outline, in the order given."""
        return tuple(self.permits[i] for i in _touched(self._permit_tree, footprint))

    def zones_at(self, lat_lon_deg: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Every point with every zone that holds it, borders included, whatever its kind and schedule.

        Args:
            lat_lon_deg: (n, 2) latitude, longitude; a row that is not finite lies nowhere.

        Returns:
            (m,) row numbers of points and (m,) places in `zones`, in order of points, then zones.
        """
        if not self.zones:
            return np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp)
        return self._grid.pairs(lat_lon_deg[:, 1], lat_lon_deg[:, 0])

    def owner_at(self, position: Geodetic, ellipse: ErrorEllipse, *, at_s: float | None = None) -> Belonging:
        """Who answers for a place: the `owner` of its zones, grid cells aside; all zones of one owner are one area.

        Args:
            position: the best estimate.
            ellipse: its 95 % error ellipse.
            at_s: only zones in force then, seconds since the Unix epoch; None asks all.
        """
        near = self._reached(position, ellipse, at_s)
        areas = ((zone.owner, zone.outline) for zone in near if zone.owner and zone.kind is not ZoneKind.GRID_CELL)
        return judge_belonging(position, ellipse, areas)

    def grid_cell_at(self, position: Geodetic, ellipse: ErrorEllipse, *, at_s: float | None = None) -> Belonging:
        """The id of the grid cell a place lies in; as `owner_at`."""
        near = self._reached(position, ellipse, at_s)
        areas = ((zone.zone_id, zone.outline) for zone in near if zone.kind is ZoneKind.GRID_CELL)
        return judge_belonging(position, ellipse, areas)

    @cached_property
    def _zone_tree(self) -> STRtree:
        return STRtree([zone.outline for zone in self.zones])

    @cached_property
    def _permit_tree(self) -> STRtree:
        return STRtree([permit.outline for permit in self.permits])

    @cached_property
    def _grid(self) -> OutlineGrid:
        return OutlineGrid([zone.outline for zone in self.zones])

    def _reached(self, position: Geodetic, ellipse: ErrorEllipse, at_s: float | None) -> Iterable[Zone]:
        near = self.zones_touching(ellipse.outline_at(position))
        return near if at_s is None else (zone for zone in near if zone.in_force(at_s))


def _circle(position: Geodetic, radius_m: float) -> Outline:
    return ErrorEllipse(semi_major_m=radius_m, semi_minor_m=radius_m, bearing_deg=0.0).outline_at(position)


def _touched(tree: STRtree, footprint: BaseGeometry) -> list[int]:
    return sorted(int(i) for i in tree.query(footprint, predicate="intersects"))
