"""Pictures and camera feedbacks: joined where that is certain, and the rest named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flights.telemetry.captures import WITHIN_S, join_captures
from flights.telemetry.log import Capture
from geofences.attitude import Attitude

DOWN = Attitude(yaw_deg=0.0, pitch_deg=0.0)


def shot(index: int, at_s: float | None, row: int | None = None) -> Capture:
    """A feedback."""
    return Capture(
        row=index * 10 if row is None else row, index=index, at_s=at_s, lat_deg=30.3, lon_deg=120.1, alt_amsl_m=46.0,
        attitude=DOWN,
    )  # fmt: skip


def joined(shots: list[Capture], taken_s: list[float | None]) -> list[tuple[int, int]]:
    """Number of the picture and of the feedback."""
    return [(n, one.index) for n, one in join_captures(shots, taken_s).pairs]


@pytest.mark.parametrize("apart_s", [0.0, 0.3, 28_800.0, -5.0])
def test_as_many_pictures_as_feedbacks_are_joined_in_order(apart_s: float) -> None:
    """Whatever the camera's clock is off by, if it is off by the same for all; without any clock, too."""
    shots = [shot(n, 100.0 + 2 * n) for n in (1, 2, 3)]
    assert joined(shots, [102 + apart_s, 104 + apart_s, 106 + apart_s]) == [(0, 1), (1, 2), (2, 3)]
    assert joined(shots, [None] * 3) == joined([shot(n, None) for n in (1, 2, 3)], [1.0, 2.0, 3.0])
    assert join_captures(shots, [None] * 3).faults == ()


def test_another_count_is_said_and_joined_by_time() -> None:
    """Three pictures and four feedbacks: each by its moment, and the one too many by its row."""
    found = join_captures([shot(n, 100.0 + 2 * n) for n in (1, 2, 3, 4)], [102.1, 106.2, 108.0])
    assert [(n, one.index) for n, one in found.pairs] == [(0, 1), (1, 3), (2, 4)]
    assert [(fault.row, fault.field, fault.reason) for fault in found.faults] == [
        (1, "pictures", "3 pictures, 4 camera feedbacks: joined by time, not by order"),
        (20, "feedback", f"no picture within {WITHIN_S} s"),
    ]


@pytest.mark.parametrize(
    ("shots", "taken_s", "pairs"),
    [
        ([shot(1, 102.0), shot(3, 106.0)], [102.0, 104.0], [(0, 1)]),  # a lost feedback and a lost picture
        ([shot(1, 102.0), shot(2, 104.0)], [102.0, 109.0], [(0, 1)]),  # another picture than the second
        ([shot(1, 102.0)], [101.8, 102.1], [(1, 1)]),  # one feedback is of one picture: the nearer
        ([shot(1, None), shot(2, None)], [1.0], []),  # no time, no order: nothing
        ([shot(1, 102.0)], [None, None], []),
        ([], [1.0], []),
        ([shot(1, 102.0)], [], []),
    ],
)
def test_what_is_not_certain_is_not_joined(
    shots: list[Capture], taken_s: list[float | None], pairs: list[tuple[int, int]]
) -> None:
    """Nothing is extrapolated over a gap, and everything left over is a fault."""
    found = join_captures(shots, taken_s)
    assert [(n, one.index) for n, one in found.pairs] == pairs
    assert len(found.faults) == 1 + len(shots) + len(taken_s) - 2 * len(pairs)


def test_a_feedback_told_twice_counts_once() -> None:
    """Two radios carry the same message."""
    assert joined([shot(1, 102.0), shot(1, 102.0, row=11), shot(2, 104.0)], [102.0, 104.0]) == [(0, 1), (1, 2)]


@given(
    feedback=st.lists(st.one_of(st.none(), st.floats(0, 20)), max_size=12),
    taken=st.lists(st.one_of(st.none(), st.floats(0, 20)), max_size=12),
)
def test_every_picture_and_feedback_is_joined_once_or_named(
    feedback: list[float | None], taken: list[float | None]
) -> None:
    """Whatever the times, nothing is used twice and nothing is lost."""
    shots = [shot(n, at_s) for n, at_s in enumerate(feedback, start=1)]
    found = join_captures(shots, taken)
    used = [one.index for _, one in found.pairs]
    assert len(set(used)) == len(used)
    named = [fault.field for fault in found.faults if fault.field != "pictures"]
    assert len(named) + 2 * len(found.pairs) == len(shots) + len(taken)
