"""Owners and grid cells: one answer, none, or doubt between some; error can only lead to doubt."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_outlines import FRAME, on_map, outlines
from shapely import box

from geofences.belonging import Belonging, judge_belonging
from geofences.ellipse import ErrorEllipse
from geofences.verdict import Containment
from geofences.zone import Zone, ZoneKind
from geofences.zone_index import ZoneIndex

_CELL = ZoneKind.GRID_CELL


def _zone(name: str, kind: ZoneKind, owner: str, west_m: float, **more: float) -> Zone:
    outline = on_map(box(west_m, -50, west_m + 100, 50))
    return Zone(zone_id=name, name=name, kind=kind, outline=outline, owner=owner, **more)


_INDEX = ZoneIndex(
    [
        _zone("33010500100101", _CELL, "网格员甲", 0),
        _zone("33010500100102", _CELL, "网格员乙", 100),
        _zone("33010500100103", _CELL, "网格员丙", 200, valid_until_s=1000.0),
        _zone("r1", ZoneKind.ROAD, "城管一中队", 0),
        _zone("r2", ZoneKind.ROAD, "城管一中队", 100),
        _zone("r3", ZoneKind.ROAD, "城管二中队", 200),
        _zone("r4", ZoneKind.ROAD, "", 300),
    ]
)


@pytest.mark.parametrize(
    ("east_m", "error_m", "cell", "owner"),
    [
        (50, 5, ("33010500100101",), ("城管一中队",)),
        (98, 5, ("33010500100101", "33010500100102"), ("城管一中队",)),
        (150, 5, ("33010500100102",), ("城管一中队",)),
        (198, 5, ("33010500100102", "33010500100103"), ("城管一中队", "城管二中队")),
        (250, 5, ("33010500100103",), ("城管二中队",)),
        (297, 5, ("33010500100103",), ("城管二中队",)),
        (350, 5, (), ()),
    ],
)
def test_who_and_which_cell(east_m: float, error_m: float, cell: tuple[str, ...], owner: tuple[str, ...]) -> None:
    """One name is sure unless the ellipse leaves the area; two are undecided; zones of one owner have no border."""
    position = FRAME.geodetic_from_enu(np.array([east_m, 0.0, 0.0]))
    ellipse = ErrorEllipse(semi_major_m=error_m, semi_minor_m=error_m, bearing_deg=0)
    for found, names in ((_INDEX.grid_cell_at(position, ellipse), cell), (_INDEX.owner_at(position, ellipse), owner)):
        assert found.names == names
        sure = len(names) == 1 and east_m != 297
        assert found.name == (names[0] if sure else "")
        assert (found.verdict is Containment.OUTSIDE) == (not names)


def test_only_what_is_in_force_counts_when_a_time_is_given() -> None:
    """A cell that has been abolished is still found without a time, and not with one."""
    position = FRAME.geodetic_from_enu(np.array([250.0, 0.0, 0.0]))
    exact = ErrorEllipse(semi_major_m=0, semi_minor_m=0, bearing_deg=0)
    assert _INDEX.grid_cell_at(position, exact).name == "33010500100103"
    assert _INDEX.grid_cell_at(position, exact, at_s=2000.0) == Belonging(verdict=Containment.OUTSIDE)


@given(
    areas=st.lists(st.tuples(st.sampled_from("ABC"), outlines()), min_size=1, max_size=4),
    place=st.tuples(st.floats(-200, 200), st.floats(-200, 200)),
    error_m=st.floats(0, 60),
    more_m=st.floats(0, 60),
)
@settings(deadline=None, max_examples=80)
def test_more_error_never_names_another(areas: list, place: tuple[float, float], error_m: float, more_m: float) -> None:
    """A growing ellipse turns any answer into UNDECIDED at most, and never drops a candidate."""
    position = FRAME.geodetic_from_enu(np.array([*place, 0.0]))
    before, after = (
        judge_belonging(position, ErrorEllipse(semi_major_m=m, semi_minor_m=m / 2, bearing_deg=30), areas)
        for m in (error_m, error_m + more_m)
    )
    assert set(before.names) <= set(after.names)
    assert after == before or after.verdict is Containment.UNDECIDED
