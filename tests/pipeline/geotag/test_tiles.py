"""Tiles are looked at where a zone lies and small things would be too small; nowhere else."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from geofences.attitude import Attitude
from geofences.camera import Camera
from geofences.local_frame import LocalFrame
from geofences.pose import Pose
from geofences.position import Geodetic
from geofences.zone import Zone, ZoneKind
from geofences.zone_index import ZoneIndex
from pipeline.geotag.ground import Ground
from pipeline.geotag.tiles import TILE_PX, TilePlan, grid

FRAME = LocalFrame(origin=Geodetic(lat_deg=30.3195, lon_deg=120.1390, alt_ellipsoid_m=15.0))
GROUND = Ground(frame=FRAME, alt_ellipsoid_m=15.0)


def zone(east_m: float, north_m: float, half_m: float, kind: ZoneKind = ZoneKind.ROAD) -> Zone:
    """A square zone."""
    corners = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]]) * half_m + [east_m, north_m, 0]
    outline = shapely.Polygon(FRAME.geodetics_from_enu(corners)[:, [1, 0]])
    return Zone(zone_id=f"{kind}", name="z", kind=kind, outline=outline)


def tiles(*zones: Zone, height_m: float = 80.0, width_px: int = 3840, pitch_deg: float = -90.0) -> tuple[object, ...]:
    """Tiles of a look from over the origin, north up."""
    camera = Camera.from_fov(size_px=(width_px, width_px * 9 // 16), hfov_deg=70.0)
    look = Attitude(yaw_deg=0.0, pitch_deg=pitch_deg)
    place = FRAME.geodetic_from_enu(np.array([0.0, 0.0, height_m]))
    pose = Pose(at_s=0.0, position=place, body=look, gimbal=look)
    return TilePlan(camera=camera, ground=GROUND, index=ZoneIndex(zones), long_side_px=1280).tiles(pose)


def test_only_tiles_a_zone_touches_are_looked_at() -> None:
    """A zone at the picture's left upper corner asks for the tiles there; one over all of it for the whole grid."""
    corner = tiles(zone(-50.0, 28.0, 3.0))
    assert 1 <= len(corner) <= 4
    assert all(left < 3840 / 4 and top < 2160 / 3 for left, top, _, _ in corner)  # type: ignore[misc]
    assert tiles(zone(0.0, 0.0, 200.0)) == grid(3840, 2160)


@pytest.mark.parametrize(
    ("zones", "height_m", "width_px"),
    [
        ((), 80.0, 3840),
        ((zone(500.0, 0.0, 20.0),), 80.0, 3840),
        ((zone(0.0, 0.0, 200.0, ZoneKind.PATROL),), 80.0, 3840),
        ((zone(0.0, 0.0, 200.0, ZoneKind.GRID_CELL),), 80.0, 3840),
        ((zone(0.0, 0.0, 200.0),), 20.0, 3840),
        ((zone(0.0, 0.0, 200.0),), 80.0, 1280),
    ],
    ids=[
        "no zone",
        "zone out of sight",
        "patrol zone only",
        "grid cell only",
        "low: large enough already",
        "native already",
    ],
)
def test_where_tiles_give_nothing_there_are_none(zones: tuple[Zone, ...], height_m: float, width_px: int) -> None:
    """No zone, or small things large enough in the whole picture: the whole picture will do."""
    assert tiles(*zones, height_m=height_m, width_px=width_px) == ()


def test_sky_is_not_looked_at() -> None:
    """Looking 5 degrees down, no tile of the upper half is asked for."""
    found = tiles(zone(0.0, 150.0, 140.0), pitch_deg=-5.0)
    assert found
    assert all(bottom > 1080 for _, _, _, bottom in found)  # type: ignore[misc]


@pytest.mark.parametrize("size_px", [(3840, 2160), (640, 400), (1920, 1080), (700, 641)])
def test_the_grid_covers_the_picture(size_px: tuple[int, int]) -> None:
    """Every pixel is in a tile, and no tile is larger than the network's input or reaches outside."""
    seen = np.zeros(size_px[::-1], dtype=bool)
    for left, top, right, bottom in grid(*size_px):
        assert 0 <= left < right <= size_px[0]
        assert 0 <= top < bottom <= size_px[1]
        assert max(right - left, bottom - top) <= TILE_PX
        seen[top:bottom, left:right] = True
    assert seen.all()
