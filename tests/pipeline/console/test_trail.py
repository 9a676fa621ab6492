"""The trail of decisions in the cookie."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.console.trail import Step, parse_trail, write_trail

STEPS = st.builds(
    Step, case_id=st.from_regex(r"C[0-9]{8}-[0-9a-f]{6,12}", fullmatch=True), version=st.integers(1, 999999)
)


@given(steps=st.lists(STEPS, max_size=30))
def test_a_trail_survives_its_cookie(steps: list[Step]) -> None:
    """What is written is read again, the latest twenty steps of it."""
    assert parse_trail(write_trail(tuple(steps))) == tuple(steps)[-20:]


@given(cookie=st.text())
def test_any_cookie_is_readable(cookie: str) -> None:
    """Whatever a browser sends is a trail, if an empty one."""
    assert all(step.version < 10**6 for step in parse_trail(cookie))


def test_no_cookie_is_no_trail() -> None:
    """A first visit has nothing to undo."""
    assert parse_trail(None) == ()
