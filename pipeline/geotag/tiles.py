"""Which parts of a picture from the air are worth a look at native scale: zones lie there, and things are too small.

The rule kept here: a tile that no zone touches, or in which the smallest thing is large enough in the whole picture
already, is not looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from geofences.errors import UnlocatableRay
from geofences.projection import view_rays_enu
from geofences.zone import ZoneKind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geofences.camera import Camera
    from geofences.pose import Pose
    from geofences.zone_index import ZoneIndex
    from pipeline.geotag.ground import Ground

Tile = tuple[int, int, int, int]

TILE_PX = 640
"""Side of a tile, and of the network's input for it."""
OVERLAP = 0.2
"""Source: the overlap of SAHI (Akyon et al., 2022), so that a thing half a tile's fifth wide is whole in one."""
SMALLEST_M = 0.3
"""The smallest thing sought: a cone's width. Source: GB/T 24720, cones of 700 mm stand on about 0.35 m."""
SMALLEST_PX = 10.0
"""It must be this wide in the network's input. Source: docs/detectors.md, A look."""
NOT_JUDGED = frozenset(
    {ZoneKind.PATROL, ZoneKind.NO_FLY, ZoneKind.CROWD, ZoneKind.OBSTACLE, ZoneKind.PRIVACY, ZoneKind.GRID_CELL}
)
"""Zones that no rule asks for: they are for the flight, or to name a place by."""
MIN_SIN_DEPRESSION = 0.17
"""Flatter rays (10 degrees) leave the footprint: what is there is not located either."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TilePlan:
    """Chooses tiles for one camera over one site.

    Attributes:
        camera: the lens.
        ground: where rays end.
        index: the site's zones.
        long_side_px: longer side of the network's input for the whole picture.
    """

    camera: Camera
    ground: Ground
    index: ZoneIndex
    long_side_px: int

    def tiles(self, pose: Pose) -> tuple[Tile, ...]:
        """Tiles to look at from a pose, left to right and top to bottom; none where the whole picture will do."""
        width, height = self.camera.size_px
        scale = self.long_side_px / max(width, height)
        if scale >= 1.0:
            return ()
        found = []
        for tile in grid(width, height):
            footprint, gsd_m = self._footprint(pose, tile)
            if footprint is None or SMALLEST_M / gsd_m * scale >= SMALLEST_PX:
                continue
            if self._touched(footprint):
                found.append(tile)
        return tuple(found)

    def _footprint(self, pose: Pose, tile: Tile) -> tuple[NDArray[np.float64] | None, float]:
        """(n, 2) east, north of a tile's outline on the ground, and metres a pixel in its middle; or None: sky.

        Rays flatter than `MIN_SIN_DEPRESSION` are cut off there, so that a tile on the horizon reaches as far as that.
        """
        left, top, right, bottom = tile
        middle = ((left + right) / 2, (top + bottom) / 2)
        outline = [(left, top), (middle[0], top), (right, top), (right, bottom), (middle[0], bottom), (left, bottom)]
        try:
            rays = view_rays_enu(self.camera, pose, np.array([*outline, middle], dtype=np.float64))
        except UnlocatableRay:
            return None, 1.0
        down = -rays[:, 2]
        if down.max() < MIN_SIN_DEPRESSION:
            return None, 1.0
        drop_m = pose.position.alt_ellipsoid_m - self.ground.alt_ellipsoid_m
        eye = self.ground.frame.enu_from_geodetic(pose.position)[:2]
        reach_m = drop_m / np.maximum(down, MIN_SIN_DEPRESSION)
        return eye + rays[:-1, :2] * reach_m[:-1, None], float(reach_m[-1] / self.camera.focal_px)

    def _touched(self, footprint: NDArray[np.float64]) -> bool:
        """Whether any zone touches a piece of ground."""
        east_north_up = np.column_stack((footprint, np.zeros(len(footprint))))
        lat_lon = self.ground.frame.geodetics_from_enu(east_north_up)
        piece = shapely.MultiPoint(lat_lon[:, [1, 0]]).convex_hull
        middle = self.ground.frame.geodetic_from_enu(np.array([*footprint.mean(axis=0), 0.0]))
        reach_m = float(np.linalg.norm(footprint - footprint.mean(axis=0), axis=1).max())
        near = (zone for zone in self.index.zones_near(middle, reach_m) if zone.kind not in NOT_JUDGED)
        return any(zone.outline.intersects(piece) for zone in near)


def grid(width_px: int, height_px: int) -> tuple[Tile, ...]:
    """Tiles that cover a picture, the last of each row and column pushed back inside. Source: SAHI's slicing."""

    def starts(length: int) -> list[int]:
        if length <= TILE_PX:
            return [0]
        step = int(TILE_PX * (1 - OVERLAP))
        return [*range(0, length - TILE_PX, step), length - TILE_PX]

    return tuple(
        (x, y, min(x + TILE_PX, width_px), min(y + TILE_PX, height_px))
        for y in starts(height_px)
        for x in starts(width_px)
    )
