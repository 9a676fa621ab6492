"""A site whose positions and outlines come from maps of different datums is noticed; a consistent one never is."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from random_outlines import outlines

from geofences.datum import Datum, from_wgs84, shape_from_wgs84
from geofences.datum_check import NEAR_M, DatumMixUp, suspect_datum
from geofences.local_frame import metres_per_degree


def _beside(shapes: list, seed: int, away_m: float) -> np.ndarray:
    """Positions up to so far from a corner of each outline, a few for each."""
    rng = np.random.default_rng(seed)
    corners = np.repeat(np.vstack([shapely.get_coordinates(shape)[:1] for shape in shapes]), 3, axis=0)
    turn, reach_m = rng.uniform(0, 2 * np.pi, len(corners)), rng.uniform(0, away_m, len(corners))
    per_lon_m, per_lat_m = metres_per_degree(corners[0, 1])
    return corners[:, ::-1] + np.column_stack((reach_m * np.cos(turn) / per_lat_m, reach_m * np.sin(turn) / per_lon_m))


@pytest.mark.parametrize("datum", [Datum.GCJ02, Datum.BD09])
@given(shapes=st.lists(outlines(extent_m=60.0), min_size=1, max_size=4), seed=st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=40)
def test_a_mix_up_is_named(datum: Datum, shapes: list, seed: int) -> None:
    """Zones within 300 m, positions at them: whichever side was shifted is named, with its datum."""
    positions = _beside(shapes, seed, 60.0)
    moved = [shape_from_wgs84(shape, datum) for shape in shapes]
    assert suspect_datum(from_wgs84(positions, datum), shapes) == DatumMixUp(side="positions", datum=datum)
    assert suspect_datum(positions, moved) == DatumMixUp(side="outlines", datum=datum)


@given(
    shapes=st.lists(outlines(extent_m=1500.0), min_size=1, max_size=6),
    seed=st.integers(0, 2**32 - 1),
    datum=st.sampled_from(Datum),
)
@settings(deadline=None, max_examples=80)
def test_a_consistent_site_never_alarms(shapes: list, seed: int, datum: Datum) -> None:
    """Positions near their zones are not suspected, in WGS 84 or in any one datum for both."""
    positions = _beside(shapes, seed, NEAR_M - 1)
    assert suspect_datum(positions, shapes) is None
    both = from_wgs84(positions, datum), [shape_from_wgs84(shape, datum) for shape in shapes]
    assert suspect_datum(*both) is None


def test_nothing_is_concluded_from_nothing() -> None:
    """No positions, no outlines, positions a world away, or a place where the datums agree: no suspicion."""
    here = np.array([[30.3, 120.1]])
    abroad = shapely.box(-0.1, 51.4, -0.09, 51.41)
    assert suspect_datum(here[:0], [abroad]) is None
    assert suspect_datum(here, []) is None
    assert suspect_datum(here, [abroad]) is None
    assert suspect_datum(np.array([[51.405, -0.08]]), [abroad]) is None
