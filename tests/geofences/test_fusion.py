"""Fusing looks: shared errors stay, own errors average away, outliers lose, and the ellipse keeps its promise."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from shapely import Polygon

from geofences.ellipse import CHI2_95, ErrorEllipse
from geofences.error_terms import ErrorTerm, Sharing, covariance_of
from geofences.errors import InvalidGeometry
from geofences.fusion import DISAGREEMENT, fuse, middle
from geofences.ground_fix import GroundFix
from geofences.local_frame import LocalFrame
from geofences.position import Geodetic
from geofences.verdict import Containment, judge_containment

_FRAME = LocalFrame(origin=Geodetic(lat_deg=30.3195, lon_deg=120.139, alt_ellipsoid_m=15.0))


def _fix(east_m: float, north_m: float, *terms: ErrorTerm) -> GroundFix:
    return GroundFix.from_terms(enu_m=np.array([east_m, north_m, 0.0]), frame=_FRAME, terms=terms)


def _circle(sigma_m: float, *, share: float, by: str = "flight") -> tuple[ErrorTerm, ...]:
    """Both axes of one cause, of which a share of the variance is `by`'s."""
    sharing = Sharing(parts=(("position", share, by),))
    return tuple(sharing.terms("position", sigma_m * np.eye(2)))


def test_fusing_one_look_changes_nothing() -> None:
    """One fix fused is that fix."""
    one = _fix(3, 4, *_circle(2, share=0.6), ErrorTerm(cause="yaw", axis=0, shared_by="", east_m=3, north_m=1))
    fused = fuse([one], _FRAME)
    assert fused.enu_m == pytest.approx((3, 4, 0), abs=1e-6)
    assert fused.ellipse.covariance_m2 == pytest.approx(one.ellipse.covariance_m2, rel=1e-4, abs=1e-4)
    assert dict(fused.budget) == pytest.approx(dict(one.budget), abs=1e-4)


@pytest.mark.parametrize("share", [0.0, 0.8, 1.0])
def test_only_a_looks_own_errors_average_away(share: float) -> None:
    """Sixteen equal looks: a quarter of the error if it is their own, all of it if it is common to all."""
    fused = fuse([_fix(0, 0, *_circle(4, share=share))] * 16, _FRAME)
    sigma_m = 4 * math.sqrt(share + (1 - share) / 16)
    assert fused.ellipse.semi_major_m == pytest.approx(sigma_m * math.sqrt(CHI2_95), rel=1e-4)


def test_two_flights_share_the_ground_but_not_the_satellites() -> None:
    """Position errors of two flights average, the site's wrong height does not."""
    ground = ErrorTerm(cause="ground", axis=0, shared_by="site", east_m=0, north_m=3)
    fused = fuse([_fix(0, 0, *_circle(2, share=1, by=flight), ground) for flight in ("a", "b")], _FRAME)
    assert np.diag(fused.ellipse.covariance_m2) == pytest.approx([2, 2 + 9], rel=1e-3)
    assert fused.budget[0][0] == "ground"


def test_an_error_that_turns_with_the_heading_cancels_between_opposite_lines() -> None:
    """A lens seated askew errs forwards: seen flying north and flying south, the middle is right, and known to be."""
    own = _circle(0.1, share=0)
    seat = [ErrorTerm(cause="tilt", axis=0, shared_by="flight", east_m=0, north_m=north_m) for north_m in (5.0, -5.0)]
    fused = fuse([_fix(0, 4, *own, seat[0]), _fix(0, -4, *own, seat[1])], _FRAME)
    assert fused.enu_m == pytest.approx((0, 0, 0), abs=1e-3)
    assert fused.ellipse.semi_major_m < 0.2
    assert DISAGREEMENT not in dict(fused.budget)


def test_an_outlier_has_little_say() -> None:
    """One of ten looks 60 m off moves the result by less than half a metre, and is named as disagreement."""
    good = [_fix(0.2 * i, -0.1 * i, *_circle(1.2, share=0.5)) for i in range(9)]
    with_outlier, without = fuse([*good, _fix(60, 0, *_circle(1.2, share=0.5))], _FRAME), fuse(good, _FRAME)
    assert np.linalg.norm(with_outlier.enu_m - without.enu_m) < 0.5
    assert with_outlier.ellipse.semi_major_m < 1.2 * without.ellipse.semi_major_m


def test_two_looks_that_contradict_each_other_are_not_believed() -> None:
    """When two looks are ten ellipses apart, the fused ellipse covers most of the way between them, and says why."""
    fused = fuse([_fix(0, 0, *_circle(0.8, share=0.8)), _fix(20, 0, *_circle(0.8, share=0.8))], _FRAME)
    assert fused.enu_m[0] == pytest.approx(10, abs=1e-3)
    assert fused.ellipse.semi_major_m > 8
    assert fused.budget[0][0] == DISAGREEMENT


def test_ellipses_without_their_causes_hardly_shrink() -> None:
    """Of what is stored without terms, four fifths may be the same error everywhere and do not average away."""
    enu_m, ellipse = np.zeros(3), ErrorEllipse(semi_major_m=6, semi_minor_m=2, bearing_deg=30)
    bare = GroundFix(position=_FRAME.origin, enu_m=enu_m, ellipse=ellipse, budget=(("yaw", 1.0),))
    left = math.sqrt(0.8 + 0.2 / 9)
    fused = fuse([bare] * 9, _FRAME)
    assert fused.ellipse.semi_major_m == pytest.approx(6 * left, rel=1e-3)
    assert fused.ellipse.bearing_deg == pytest.approx(30, rel=1e-3)
    assert fused.budget[0] == ("yaw", pytest.approx(1.0, abs=1e-4))


_LOOK = st.tuples(st.floats(-20, 20), st.floats(-20, 20), st.floats(0.2, 10), st.floats(0, 1))


@given(looks=st.lists(_LOOK, min_size=1, max_size=7), seed=st.integers(0, 99))
@settings(deadline=None, max_examples=60)
def test_more_error_never_makes_the_fused_position_surer(
    looks: list[tuple[float, float, float, float]], seed: int
) -> None:
    """The fused variance is never below what the common error leaves, and never above the surest look's by much."""
    rng = np.random.default_rng(seed)
    fixes = [
        _fix(0.1 * float(rng.normal()), 0.1 * float(rng.normal()), *_circle(sigma_m, share=share))
        for _, _, sigma_m, share in looks
    ]
    fused = fuse(fixes, _FRAME)
    surest_m2 = min(float(np.trace(fix.ellipse.covariance_m2)) for fix in fixes)
    assert np.trace(fused.ellipse.covariance_m2) <= surest_m2 * 1.2 + 0.1
    assert covariance_of(fused.terms) == pytest.approx(fused.ellipse.covariance_m2, rel=1e-6, abs=1e-9)


_PLACE = st.tuples(st.floats(-3, 3), st.floats(-3, 3), st.floats(0.5, 4), st.floats(0.5, 4))
_GROWTH = st.floats(1, 30)


def _joint_m2(fixes: list[GroundFix]) -> np.ndarray:
    """(2n, 2n) covariance of all looks together, straight from their terms."""
    apart = [(look, term) for look, fix in enumerate(fixes) for term in fix.terms]
    joint = np.zeros((2 * len(fixes), 2 * len(fixes)))
    for i, one in apart:
        for j, other in apart:
            if one is other or (one.shared_by and one.key == other.key):
                joint[2 * i : 2 * i + 2, 2 * j : 2 * j + 2] += np.outer(one.effect_m, other.effect_m)
    return joint


def _misfit(fixes: list[GroundFix], joint_m2: np.ndarray) -> float:
    """How far the looks lie apart, squared, in units of what their errors allow."""
    found, design = np.concatenate([fix.enu_m[:2] for fix in fixes]), np.tile(np.eye(2), (len(fixes), 1))
    pulled = design.T @ np.linalg.inv(joint_m2)
    miss = found - design @ np.linalg.solve(pulled @ design, pulled @ found)
    return float(miss @ np.linalg.solve(joint_m2, miss))


def _grown(term: ErrorTerm, cause: str, times: float) -> ErrorTerm:
    if term.cause != cause:
        return term
    return replace(term, east_m=term.east_m * times, north_m=term.north_m * times)


@given(
    places=st.lists(_PLACE, min_size=1, max_size=5),
    shared=st.tuples(st.floats(-3, 3), st.floats(-3, 3)),
    edge=st.tuples(st.floats(0, 2 * math.pi), st.floats(-12, 12)),
    which=st.integers(0, 5),
    times=_GROWTH,
)
@settings(deadline=None, max_examples=60)
def test_more_error_of_looks_that_agree_never_flips_a_verdict(
    places: list[tuple[float, float, float, float]],
    shared: tuple[float, float],
    edge: tuple[float, float],
    which: int,
    times: float,
) -> None:
    """Through the fusion, whose place moves: a look's own sigma, or the common error of all, may only bring doubt."""
    common = ErrorTerm(cause="ground", axis=0, shared_by="site", east_m=shared[0], north_m=shared[1])
    fixes = [
        _fix(
            east_m, north_m, common,
            ErrorTerm(cause=f"a{look}", axis=0, shared_by="", east_m=across_m, north_m=0.3 * along_m),
            ErrorTerm(cause=f"b{look}", axis=0, shared_by="", east_m=-0.2 * across_m, north_m=along_m),
        )
        for look, (east_m, north_m, across_m, along_m) in enumerate(places)
    ]  # fmt: skip
    cause = "ground" if which == len(places) else f"{'ab'[which % 2]}{which % len(places)}"
    worse = [_fix(fix.enu_m[0], fix.enu_m[1], *(_grown(term, cause, times) for term in fix.terms)) for fix in fixes]
    assume(_misfit(fixes, _joint_m2(fixes)) <= CHI2_95)
    before, after = (fuse(looks, _FRAME) for looks in (fixes, worse))
    assume(DISAGREEMENT not in dict(before.budget))
    turn, away_m = edge
    normal = np.array([math.cos(turn), math.sin(turn)])
    corners = away_m * normal + np.array([[-1, 0], [1, 0], [1, 1], [-1, 1]]) @ (
        900 * np.array([[-normal[1], normal[0]], normal])
    )
    zone = Polygon(_FRAME.geodetics_from_enu(np.column_stack((corners, np.zeros(4))))[:, 1::-1])
    verdicts = {judge_containment(fix.position, fix.ellipse, zone) for fix in (before, after)}
    assert verdicts != {Containment.INSIDE, Containment.OUTSIDE}


def test_of_looks_that_contradict_each_other_the_surer_is_believed() -> None:
    """Why the property asks for agreement: two looks ten sigmas apart, and a sigma decides which one is the outlier."""
    square = Polygon(
        _FRAME.geodetics_from_enu(np.array([[-5.0, -99, 0], [5, -99, 0], [5, 99, 0], [-5, 99, 0]]))[:, 1::-1]
    )
    other = _fix(10, 0, *_circle(1, share=0))
    surer, less_sure = (fuse([_fix(0, 0, *_circle(m, share=0)), other], _FRAME) for m in (0.1, 10.0))
    assert judge_containment(surer.position, surer.ellipse, square) is Containment.INSIDE
    assert judge_containment(less_sure.position, less_sure.ellipse, square) is Containment.OUTSIDE


def test_looks_with_a_shared_bias_keep_their_promise() -> None:
    """Monte Carlo, 80 % of the variance common to twelve looks: the ellipse holds 93 to 97 of 100 truths."""
    rng, inside, rounds = np.random.default_rng(7), 0, 600
    for _ in range(rounds):
        common = rng.normal(0, 3.0, 2) * math.sqrt(0.8)
        found = [common + rng.normal(0, 3.0, 2) * math.sqrt(0.2) for _ in range(12)]
        fused = fuse([_fix(east, north, *_circle(3, share=0.8)) for east, north in found], _FRAME)
        miss_m = fused.enu_m[:2]
        inside += int(miss_m @ np.linalg.inv(fused.ellipse.covariance_m2) @ miss_m <= CHI2_95)
    assert 0.93 <= inside / rounds <= 0.97


def test_the_middle_of_several_things_keeps_their_common_error() -> None:
    """Four cones of one flight: in the middle, with the flight's error whole and their own halved."""
    cones = [_fix(east, 0, *_circle(2, share=0.5)) for east in (0, 2, 4, 6)]
    whole = middle(cones, _FRAME)
    assert whole.enu_m == pytest.approx((3, 0, 0), abs=1e-6)
    assert np.diag(whole.ellipse.covariance_m2) == pytest.approx([2 + 2 / 4] * 2)


@pytest.mark.parametrize("together", [fuse, middle])
def test_nothing_to_fuse_is_refused(together: object) -> None:
    """Both take at least one fix."""
    with pytest.raises(InvalidGeometry, match="no fixes"):
        together([], _FRAME)  # type: ignore[operator]


@pytest.mark.parametrize("part", [("yaw", 1.1, "flight"), ("yaw", -0.1, "flight"), ("yaw", 0.5, "")])
def test_shares_that_are_none_are_refused(part: tuple[str, float, str]) -> None:
    """A share is within 0..1, and somebody's."""
    with pytest.raises(InvalidGeometry, match="yaw"):
        Sharing(parts=(part,))
