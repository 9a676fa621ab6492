"""Chinese map datums: known pairs, the way back to a millimetre, and nothing abroad."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod
from shapely import box

from geofences.datum import Datum, from_wgs84, shape_from_wgs84, shape_to_wgs84, to_wgs84

_GEOD = Geod(ellps="WGS84")
_HANGZHOU = np.array([[30.3195, 120.139]])
_SHIFTED = (Datum.GCJ02, Datum.BD09)


def _apart_m(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return np.asarray(_GEOD.inv(first[:, 1], first[:, 0], second[:, 1], second[:, 0])[2])


@pytest.mark.parametrize(
    ("wgs84", "gcj02"),
    [
        ((31.1774276, 121.5272106), (31.17530398364597, 121.531541859215)),
        ((22.543847, 113.912316), (22.540796131694766, 113.9171764808363)),
        ((39.911954, 116.377817), (39.91334545536069, 116.38404722455657)),
    ],
)
def test_known_pairs(wgs84: tuple[float, float], gcj02: tuple[float, float]) -> None:
    """Shanghai, Shenzhen and Beijing as the commonly used converters have them."""
    assert from_wgs84(np.array([wgs84]), Datum.GCJ02)[0] == pytest.approx(gcj02, abs=1e-8)


def test_a_known_pair_of_bd09() -> None:
    """Tiananmen from GCJ-02 to BD-09."""
    wgs84 = to_wgs84(np.array([[39.915, 116.404]]), Datum.GCJ02)
    assert from_wgs84(wgs84, Datum.BD09)[0] == pytest.approx((39.92133699351021, 116.41036949371029), abs=1e-8)


def test_offsets_in_hangzhou() -> None:
    """GCJ-02 is off by 300 to 700 m, BD-09 by about a kilometre more; CGCS2000 is taken as it is."""
    assert 300 < _apart_m(_HANGZHOU, from_wgs84(_HANGZHOU, Datum.GCJ02))[0] < 700
    assert 700 < _apart_m(_HANGZHOU, from_wgs84(_HANGZHOU, Datum.BD09))[0] < 1600
    assert (from_wgs84(_HANGZHOU, Datum.CGCS2000) == _HANGZHOU).all()


@given(rows=st.lists(st.tuples(st.floats(3, 54), st.floats(73, 136)), min_size=1, max_size=40))
@settings(deadline=None, max_examples=40)
@pytest.mark.parametrize("datum", list(Datum))
def test_the_way_back_is_good_to_a_millimetre(datum: Datum, rows: list[tuple[float, float]]) -> None:
    """There and back again anywhere in China moves a position by less than a millimetre."""
    places = np.array(rows)
    assert _apart_m(places, to_wgs84(from_wgs84(places, datum), datum)).max() < 1e-3


@pytest.mark.parametrize("datum", _SHIFTED)
def test_nothing_changes_abroad(datum: Datum) -> None:
    """Outside the box, at the poles and for what is no number nothing moves, either way."""
    places = np.array([[51.5, -0.1], [-90, 0], [90, 180], [60, 110], [np.nan, 120], [np.inf, 110]])
    for there in (from_wgs84, to_wgs84):
        np.testing.assert_array_equal(there(places, datum), places)


def test_shapes_go_there_and_back() -> None:
    """An outline, longitude first, moves by its corners."""
    block = box(120.13, 30.31, 120.14, 30.32)
    moved = shape_from_wgs84(block, Datum.GCJ02)
    assert moved.bounds[:2] == pytest.approx(from_wgs84(np.array([[30.31, 120.13]]), Datum.GCJ02)[0, ::-1], abs=1e-4)
    assert shape_to_wgs84(moved, Datum.GCJ02).equals_exact(block, 1e-9)


ROOT = Path(__file__).resolve().parents[2]
CONVERSIONS = {"from_wgs84", "to_wgs84", "shape_from_wgs84", "shape_to_wgs84"}
EDGES = {
    "geofences/geojson.py",  # zone and permit files coming in, imported ones too
    "geofences/datum_check.py",  # tries the datums on, moves nothing
    "pipeline/console/charts.py",  # the map over the office's tiles
    "pipeline/delivery/deliver.py",  # events going out
}


def test_only_the_edges_convert() -> None:
    """Between what reads foreign files and what draws and sends, nothing so much as names a conversion."""
    users = {
        str(path.relative_to(ROOT))
        for room in ("geofences", "detectors", "flights", "pipeline", "flows")
        for path in (ROOT / room).rglob("*.py")
        if path.name != "datum.py" and _names(path) & CONVERSIONS
    }
    assert users == EDGES


def _names(path: Path) -> set[str]:
    text = path.read_text()
    tree = ast.walk(ast.parse(text)) if "wgs84" in text else ()
    return {getattr(node, "id", "") or getattr(node, "attr", "") or getattr(node, "name", "") or "" for node in tree}
