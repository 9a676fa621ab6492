"""The index finds what is near, in metres, and nothing else."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Point, Polygon, box

from geofences.local_frame import LocalFrame
from geofences.position import Geodetic
from geofences.zone import Permit, Zone, ZoneKind
from geofences.zone_index import ZoneIndex

_FRAME = LocalFrame(origin=Geodetic(lat_deg=30.3195, lon_deg=120.139))
_PLACES = [(east, north) for east in (-200, 0, 200) for north in (-200, 0, 200)]


def _square(east_m: float, north_m: float) -> Polygon:
    corners = np.array(box(east_m - 20, north_m - 20, east_m + 20, north_m + 20).exterior.coords)
    return Polygon(_FRAME.geodetics_from_enu(np.column_stack((corners, np.zeros(len(corners)))))[:, 1::-1])


_ZONES = [
    Zone(zone_id=str(i), name="n", kind=ZoneKind.ROAD, outline=_square(*place)) for i, place in enumerate(_PLACES)
]
_PERMITS = [
    Permit(
        permit_id=zone.zone_id,
        number="1",
        allows="dust",
        outline=zone.outline,
        valid_from_s=0,
        valid_until_s=1,
        holder="h",
    )
    for zone in _ZONES
]
_INDEX = ZoneIndex(_ZONES, _PERMITS)


@given(east=st.floats(-300, 300), north=st.floats(-300, 300), radius=st.floats(0, 400))
@settings(deadline=None, max_examples=80)
def test_near_means_within_the_radius(east: float, north: float, radius: float) -> None:
    """The index answers what measuring every distance answers, up to half a per cent, in the order given."""
    position = _FRAME.geodetic_from_enu(np.array([east, north, 0.0]))
    distances_m = [Point(east, north).distance(box(e - 20, n - 20, e + 20, n + 20)) for e, n in _PLACES]
    found = [int(zone.zone_id) for zone in _INDEX.zones_near(position, radius)]
    assert [int(permit.permit_id) for permit in _INDEX.permits_near(position, radius)] == found
    assert found == sorted(found)
    assert {i for i, d in enumerate(distances_m) if d <= radius * 0.995 - 0.01} <= set(found)
    assert set(found) <= {i for i, d in enumerate(distances_m) if d <= radius * 1.005 + 0.01}


def test_an_empty_index_finds_nothing() -> None:
    """No zones, no answers, no error."""
    assert ZoneIndex([]).zones_near(_FRAME.origin, 100) == ()
    assert ZoneIndex([]).permits_near(_FRAME.origin, 100) == ()
    assert [found.size for found in ZoneIndex([]).zones_at(np.array([[30.0, 120.0]]))] == [0, 0]


@given(corner=st.tuples(st.floats(-300, 300), st.floats(-300, 300)), size=st.floats(1, 400))
@settings(deadline=None, max_examples=40)
def test_a_footprint_finds_what_it_covers_in_part(corner: tuple[float, float], size: float) -> None:
    """Zones and permits under a footprint are those that share a point with it."""
    east, north = corner
    corners = np.array([*box(east, north, east + size, north + size).exterior.coords])
    footprint = Polygon(_FRAME.geodetics_from_enu(np.column_stack((corners, np.zeros(len(corners)))))[:, 1::-1])
    touched = [zone.zone_id for zone in _ZONES if zone.outline.intersects(footprint)]
    assert [zone.zone_id for zone in _INDEX.zones_touching(footprint)] == touched
    assert [permit.permit_id for permit in _INDEX.permits_touching(footprint)] == touched


def test_points_by_the_thousand_find_their_zones() -> None:
    """The middle of each zone is in that zone, and a row that is no position is nowhere."""
    enu = np.array([(*place, 0.0) for place in _PLACES])
    rows = np.vstack((_FRAME.geodetics_from_enu(enu)[:, :2], [[np.nan, 120.0]]))
    points, zones = _INDEX.zones_at(rows)
    assert points.tolist() == zones.tolist() == list(range(len(_ZONES)))
