"""The state machine of a case: every state with every decision."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.case import TRANSITIONS, CaseState, Decision, EventKind, RejectReason, state_after
from pipeline.errors import IllegalTransition

LEGAL = {
    ("draft", "case.confirmed"): "confirmed",
    ("draft", "case.rejected"): "rejected",
    ("confirmed", "case.reopened"): "draft",
    ("rejected", "case.reopened"): "draft",
}


@pytest.mark.parametrize(("state", "kind"), list(itertools.product(CaseState, EventKind)))
def test_only_the_listed_decisions_are_open(state: CaseState, kind: EventKind) -> None:
    """Of all states and events exactly four pairs lead anywhere; all others are refused."""
    decision = Decision(kind=kind, actor="li", reason=RejectReason.LAWFUL)
    wanted = LEGAL.get((state.value, kind.value))
    if wanted is None:
        with pytest.raises(IllegalTransition):
            state_after(state, decision)
    else:
        assert state_after(state, decision) == wanted


def test_a_rejection_needs_a_reason() -> None:
    """Rejecting without a reason code is refused; with one of each it is not."""
    with pytest.raises(IllegalTransition, match="reason"):
        state_after(CaseState.DRAFT, Decision(kind=EventKind.REJECTED, actor="li"))
    for reason in RejectReason:
        decision = Decision(kind=EventKind.REJECTED, actor="li", reason=reason)
        assert state_after(CaseState.DRAFT, decision) is CaseState.REJECTED


@given(st.lists(st.sampled_from(EventKind), max_size=30))
def test_no_sequence_of_decisions_skips_the_draft(kinds: list[EventKind]) -> None:
    """Whatever is tried, a confirmed case becomes rejected, or the other way about, only by way of a draft."""
    state, visited = CaseState.DRAFT, [CaseState.DRAFT]
    for kind in kinds:
        if (state, kind) in TRANSITIONS:
            state = state_after(state, Decision(kind=kind, actor="li", reason=RejectReason.UNCLEAR))
            visited.append(state)
    assert all(CaseState.DRAFT in step for step in itertools.pairwise(visited))
