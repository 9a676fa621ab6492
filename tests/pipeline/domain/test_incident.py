"""Which findings are the same incident, in one look and across looks."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain.case import Case, CaseEvent, CaseState, EventKind, Grade, RejectReason, SealedFinding
from pipeline.domain.incident import cluster, merge_target, reach_m, separation_m
from pipeline.domain.offence import Offence

if TYPE_CHECKING:
    from collections.abc import Callable

    from geofences.ground_fix import GroundFix

    type_fix = Callable[..., GroundFix]
    type_sealed = Callable[..., SealedFinding]

PLACES = st.lists(st.tuples(st.integers(-40, 40), st.integers(-40, 40)), max_size=9)


def case_of(
    finding: SealedFinding, case_id: str, state: CaseState = CaseState.DRAFT, reason: RejectReason | None = None
) -> Case:
    """A case of one finding, rejected for that reason if there is one."""
    rejection = CaseEvent(
        sequence=2,
        kind=EventKind.REJECTED,
        at_s=1.0,
        actor="li",
        reason=reason or "",
        note="",
        finding_id="",
        previous_sha256="",
        sha256="",
    )
    return Case(
        case_id=case_id,
        offence=finding.offence,
        state=state,
        grade=Grade.LEAD,
        fix=finding.fix,
        findings=(finding,),
        events=(rejection,) if reason else (),
    )


@settings(max_examples=60, deadline=None)
@given(PLACES)
def test_clusters_part_the_fixes_exactly(fix: type_fix, places: list[tuple[int, int]]) -> None:
    """Every fix is in one group; fixes in different groups are further apart than the distance."""
    fixes = [fix(*place) for place in places]
    groups = cluster(fixes, 9.5)
    assert sorted(itertools.chain(*groups)) == list(range(len(fixes)))
    for one, other in itertools.combinations(groups, 2):
        assert all(separation_m(fixes[i], fixes[j]) > 9.5 for i in one for j in other)


@settings(max_examples=60, deadline=None)
@given(PLACES, st.randoms(use_true_random=False))
def test_clusters_do_not_depend_on_the_order(fix: type_fix, places: list[tuple[int, int]], random: object) -> None:
    """The same fixes in another order make the same groups."""
    order = list(range(len(places)))
    random.shuffle(order)  # type: ignore[attr-defined]  # hypothesis' own Random
    usual = cluster([fix(*place) for place in places], 9.5)
    other = cluster([fix(*places[index]) for index in order], 9.5)
    assert {frozenset(group) for group in usual} == {frozenset(order[i] for i in group) for group in other}


def test_a_row_is_one_cluster_however_long(fix: type_fix) -> None:
    """Cones each within the distance of the next are one group, though its ends are far apart."""
    assert cluster([fix(8.0 * n, 0.0) for n in range(12)], 9.5) == (tuple(range(12)),)
    assert cluster([fix(0, 0), fix(30, 0), fix(5, 0)], 9.5) == ((0, 2), (1,))
    assert cluster([], 9.5) == ()


@given(st.integers(-40, 40), st.integers(-40, 40))
def test_separation_is_the_distance_on_the_ground(fix: type_fix, east_m: int, north_m: int) -> None:
    """The separation is that of the local frame, both ways, and of a fix with itself nothing."""
    here, there = fix(0, 0), fix(east_m, north_m)
    assert separation_m(here, there) == pytest.approx(float(np.hypot(east_m, north_m)), abs=1e-3)
    assert separation_m(here, there) == pytest.approx(separation_m(there, here), abs=1e-3)
    assert separation_m(there, there) == pytest.approx(0, abs=1e-6)


def test_reach_grows_with_both_errors(fix: type_fix) -> None:
    """Two fixes may be apart by the rule's distance and the root of the sum of their squared radii."""
    assert reach_m(fix(0, 0), fix(1, 0), 10.0) == pytest.approx(10 + 8**0.5)


@pytest.mark.parametrize(
    ("change", "joins"),
    [
        ({}, True),
        ({"east_m": 12.8}, True),
        ({"east_m": 12.9}, False),
        ({"east_m": 12.9, "error_m": 4.0}, True),
        ({"offence": Offence.DUST}, False),
        ({"first_s": 1793579400.0 + 3604.0}, True),
        ({"first_s": 1793579400.0 + 3605.0}, False),
        ({"first_s": 1793579400.0 - 3604.0}, True),
        ({"first_s": 1793579400.0 - 3605.0}, False),
    ],
)
def test_a_finding_joins_what_is_near_in_space_time_and_class(
    sealed: type_sealed, change: dict[str, object], *, joins: bool
) -> None:
    """The rule's distance beyond the joint error, and its window before the first or after the last sight, decide."""
    case = case_of(sealed("f1"), "C1")
    assert merge_target(sealed("f2", **change), [case]) is (case if joins else None)


@pytest.mark.parametrize(
    ("state", "reason", "joins"),
    [
        ("draft", None, True),
        ("confirmed", None, True),
        ("rejected", RejectReason.LAWFUL, True),
        ("rejected", RejectReason.NOT_THE_OBJECT, True),
        ("rejected", RejectReason.PERMITTED, True),
        ("rejected", RejectReason.DUPLICATE, True),
        ("rejected", RejectReason.UNCLEAR, False),
        ("rejected", RejectReason.WRONG_PLACE, False),
    ],
)
def test_no_offence_stays_quiet_and_poor_evidence_may_come_again(
    sealed: type_sealed, state: str, reason: RejectReason | None, *, joins: bool
) -> None:
    """What is no offence takes further sights without a new draft; what was rejected as poor evidence does not."""
    case = case_of(sealed("f1"), "C1", CaseState(state), reason)
    assert (merge_target(sealed("f2"), [case]) is not None) == joins


@settings(max_examples=60, deadline=None)
@given(st.permutations([3.0, -5.0, 8.0, 11.0]))
def test_the_nearest_case_wins_in_any_order(sealed: type_sealed, places_m: list[float]) -> None:
    """Of several cases within reach it is the nearest, whatever their order; of equals the first id."""
    cases = [case_of(sealed(f"f{east_m}", east_m=east_m), f"C{east_m}") for east_m in places_m]
    target = merge_target(sealed("new"), cases)
    assert target is not None
    assert target.case_id == "C3.0"
    twins = [case_of(sealed("t"), case_id) for case_id in ("C9", "C2")]
    assert merge_target(sealed("new"), twins) is twins[1]
