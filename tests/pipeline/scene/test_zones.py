"""The demo's zones and permits can be filed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geofences.geojson import dump_permits, dump_zones, parse_permits, parse_zones
from geofences.zone import ZoneKind
from pipeline.scene.zones import permits_of, zones_of

if TYPE_CHECKING:
    from pipeline.scene.world import World


def test_zones_and_permits_survive_their_files(world: World) -> None:
    """Written as GeoJSON and read back, there are as many, of every kind but the flights' own, all of them valid."""
    zones = parse_zones(dump_zones(zones_of(world)), path="zones.geojson")
    permits = parse_permits(dump_permits(permits_of(world)), path="permits.geojson")
    assert {z.kind for z in zones} == set(ZoneKind) - {ZoneKind.CROWD, ZoneKind.OBSTACLE}
    assert [p.number for p in permits] == [p.number for p in permits_of(world)]
