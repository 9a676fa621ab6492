"""The law of the demo's world: its zones and permits, as a district would file them."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np
import shapely
from shapely import Polygon

from geofences.zone import Permit, Schedule, Window, Zone, ZoneKind, standard_outline
from pipeline.scene.ground import Extent
from pipeline.scene.layout import FLATS, FOOD_COURT, PATROLLED, PLAZA, ROAD_EW, ROAD_NS, SITE

if TYPE_CHECKING:
    from shapely import MultiPolygon

    from geofences.local_frame import LocalFrame
    from pipeline.scene.world import World

TIMEZONE = "Asia/Shanghai"
SIGNAGE = Extent(west_m=-78.0, south_m=-19.0, east_m=-11.0, north_m=19.0)
NO_FLY = Extent(west_m=68.0, south_m=42.0, east_m=80.0, north_m=55.0)
WORKS = Extent(west_m=39.5, south_m=-10.5, east_m=56.5, north_m=2.0)
PERMITTED_SIGN = Extent(west_m=-72.0, south_m=5.5, east_m=-52.0, north_m=19.0)
CELL_WEST = replace(PATROLLED, east_m=0.0)
CELL_EAST = replace(PATROLLED, west_m=0.0)
_OWNER = "Gongshu demo district"
_DAY_S = 86400.0


def _outline(frame: LocalFrame, *extents: Extent) -> Polygon | MultiPolygon:
    """The union of rectangles of ground in lon, lat."""
    shapes = []
    for extent in extents:
        geodetic = frame.geodetics_from_enu(np.array([[x, y, 0.0] for x, y in extent.corners_m()]))
        shapes.append(Polygon(geodetic[:, [1, 0]]))
    return standard_outline(shapely.union_all(shapes))  # type: ignore[arg-type]  # rectangles unite to polygons


def _evening(start_s: float) -> Schedule:
    """Every day for four hours, from six hours after the patrol's start: not in force while it flies."""
    opens = dt.datetime.fromtimestamp(start_s, ZoneInfo(TIMEZONE)) + dt.timedelta(hours=6)
    opens = opens.replace(minute=0, second=0, microsecond=0)
    window = Window(
        weekdays=frozenset(range(7)), from_time=opens.time(), until_time=(opens + dt.timedelta(hours=4)).time()
    )
    return Schedule(windows=(window,), timezone=TIMEZONE)


def zones_of(world: World) -> tuple[Zone, ...]:
    """The zones in which the demo's rules apply, and where the drone may and may not go."""
    evening = _evening(world.start_s)
    rows: tuple[tuple[str, str, ZoneKind, tuple[Extent, ...], Schedule | None], ...] = (
        ("patrol", "巡查区 Patrol area", ZoneKind.PATROL, (PATROLLED,), None),
        ("carriageway", "路口车行道 Carriageways", ZoneKind.ROAD, (ROAD_EW, ROAD_NS), None),
        ("site", "在建工地 Building site", ZoneKind.CONSTRUCTION_SITE, (SITE,), None),
        ("signage-west", "西段招牌管控区 Signage control", ZoneKind.SIGNAGE_CONTROL, (SIGNAGE,), None),
        ("catering-plaza", "广场餐饮管控区 Catering, plaza", ZoneKind.CATERING_CONTROL, (PLAZA,), None),
        (
            "catering-court",
            "美食街餐饮管控区(晚间)Catering, evenings",
            ZoneKind.CATERING_CONTROL,
            (FOOD_COURT,),
            evening,
        ),
        ("no-fly", "变电站 Transformer yard", ZoneKind.NO_FLY, (NO_FLY,), None),
        ("flats", "居民窗户 Residential windows", ZoneKind.PRIVACY, (FLATS,), None),
        ("33010500010001", "网格一 Grid cell 1", ZoneKind.GRID_CELL, (CELL_WEST,), None),
        ("33010500010002", "网格二 Grid cell 2", ZoneKind.GRID_CELL, (CELL_EAST,), None),
    )
    return tuple(
        Zone(
            zone_id=zone_id,
            name=name,
            kind=kind,
            outline=_outline(world.frame, *extents),
            schedule=hours,
            source="rendered scene",
            owner=_OWNER,
        )
        for zone_id, name, kind, extents, hours in rows
    )


def permits_of(world: World) -> tuple[Permit, ...]:
    """The permits that make two look-alikes lawful, valid from ten days before the patrol to thirty after."""
    rows = (
        ("works", "SCENE-W-0001", "traffic_cone", WORKS, "Scene Road Works"),
        ("sign", "SCENE-S-0001", "illegal_signage", PERMITTED_SIGN, "Scene Tea House"),
    )
    return tuple(
        Permit(
            permit_id=permit_id,
            number=number,
            allows=allows,
            outline=_outline(world.frame, extent),
            valid_from_s=world.start_s - 10 * _DAY_S,
            valid_until_s=world.start_s + 30 * _DAY_S,
            holder=holder,
            source="rendered scene",
        )
        for permit_id, number, allows, extent, holder in rows
    )
