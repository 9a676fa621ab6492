"""Containment has three answers, and error can only lead to doubt."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_outlines import outlines
from shapely import MultiPolygon, Polygon, get_coordinates, transform

from geofences.ellipse import ErrorEllipse
from geofences.local_frame import LocalFrame
from geofences.position import Geodetic
from geofences.verdict import Containment, judge_containment

if TYPE_CHECKING:
    from geofences.zone import Outline

_FRAME = LocalFrame(origin=Geodetic(lat_deg=30.3195, lon_deg=120.139))


def _on_map(outline_m: Outline) -> Outline:
    def lon_lat(east_north_m: np.ndarray) -> np.ndarray:
        rows = np.column_stack((east_north_m, np.zeros(len(east_north_m))))
        return _FRAME.geodetics_from_enu(rows)[:, 1::-1]

    return transform(outline_m, lon_lat)


def _at(east_m: float, north_m: float) -> Geodetic:
    return _FRAME.geodetic_from_enu(np.array([east_m, north_m, 0.0]))


_SQUARE = Polygon([(-50, -50), (50, -50), (50, 50), (-50, 50)], [[(-10, -10), (-10, 10), (10, 10), (10, -10)]])
_ISLANDS = MultiPolygon([_SQUARE, Polygon([(100, 0), (120, 0), (120, 20), (100, 20)])])


@pytest.mark.parametrize(
    ("east", "north", "ellipse", "verdict"),
    [
        (30, 0, (15, 15, 0), Containment.INSIDE),
        (30, 0, (21, 2, 0), Containment.INSIDE),
        (30, 0, (21, 2, 90), Containment.UNDECIDED),
        (30, 0, (20.5, 20.5, 0), Containment.UNDECIDED),
        (0, 0, (9.5, 9.5, 0), Containment.OUTSIDE),
        (0, 0, (10.5, 10.5, 0), Containment.UNDECIDED),
        (70, 0, (19, 19, 0), Containment.OUTSIDE),
        (70, 0, (21, 1, 90), Containment.UNDECIDED),
        (70, 0, (40, 1, 0), Containment.OUTSIDE),
        (110, 10, (9, 9, 0), Containment.INSIDE),
    ],
)
def test_literal_verdicts(east: float, north: float, ellipse: tuple[float, float, float], verdict: Containment) -> None:
    """A 100 m square with a 20 m hole and an island: the ellipse decides, by size and by bearing."""
    major_m, minor_m, bearing_deg = ellipse
    region = ErrorEllipse(semi_major_m=major_m, semi_minor_m=minor_m, bearing_deg=bearing_deg)
    assert judge_containment(_at(east, north), region, _on_map(_ISLANDS)) is verdict


@given(
    place=st.tuples(st.floats(-150, 150), st.floats(-150, 150)),
    major=st.floats(0, 60),
    part=st.floats(0, 1),
    bearing=st.floats(0, 180),
    more_major=st.floats(0, 60),
    more_minor=st.floats(0, 1),
)
@settings(deadline=None, max_examples=150)
def test_more_error_never_flips_a_verdict(
    place: tuple[float, float], major: float, part: float, bearing: float, more_major: float, more_minor: float
) -> None:
    """An ellipse that grows about its position turns a verdict into UNDECIDED at most, and doubt stays doubt."""
    minor = major * part
    small = ErrorEllipse(semi_major_m=major, semi_minor_m=minor, bearing_deg=bearing)
    grown = major + more_major
    large = ErrorEllipse(semi_major_m=grown, semi_minor_m=minor + (grown - minor) * more_minor, bearing_deg=bearing)
    before, after = (judge_containment(_at(*place), ellipse, _on_map(_ISLANDS)) for ellipse in (small, large))
    assert after in {before, Containment.UNDECIDED}


@given(
    outline=outlines(),
    place=st.one_of(st.tuples(st.floats(-250, 250), st.floats(-250, 250)), st.integers(0, 10**6)),
    major=st.one_of(st.just(0.0), st.floats(0, 100)),
    part=st.floats(0, 1),
    bearing=st.floats(0, 180),
    growths=st.lists(st.tuples(st.floats(0, 60), st.floats(0, 1)), min_size=1, max_size=4),
)
@settings(deadline=None, max_examples=200)
def test_more_error_never_flips_a_verdict_on_any_outline(
    outline: Outline,
    place: tuple[float, float] | int,
    major: float,
    part: float,
    bearing: float,
    growths: list[tuple[float, float]],
) -> None:
    """Concave outlines with holes and islands, positions anywhere and on a corner: once in doubt, always in doubt."""
    if isinstance(place, int):
        corners = get_coordinates(outline)
        lon_deg, lat_deg = map(float, corners[place % len(corners)])
        position = Geodetic(lat_deg=lat_deg, lon_deg=lon_deg)
    else:
        position = _at(*place)
    minor = major * part
    verdicts = []
    for more, share in [(0.0, 0.0), *growths]:
        major, minor = major + more, minor + (major + more - minor) * share
        ellipse = ErrorEllipse(semi_major_m=major, semi_minor_m=min(minor, major), bearing_deg=bearing)
        verdicts.append(judge_containment(position, ellipse, outline))
    for before, after in pairwise(verdicts):
        assert after in {before, Containment.UNDECIDED}
    if isinstance(place, int):
        assert set(verdicts) == {Containment.UNDECIDED}


def test_touching_counts_as_doubt() -> None:
    """A position on the very edge is undecided however well it is known."""
    edge = Polygon([(120.0, 30.0), (120.1, 30.0), (120.1, 30.1), (120.0, 30.1)])
    exact = ErrorEllipse(semi_major_m=0, semi_minor_m=0, bearing_deg=0)
    on_edge = Geodetic(lat_deg=30.05, lon_deg=120.0)
    assert judge_containment(on_edge, exact, edge) is Containment.UNDECIDED
