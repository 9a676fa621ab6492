"""What is read on a sign is matched with what a permit or the register says."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.sign_match import Shop, likeness, normalise, says, shop_of

sys.path.insert(0, str(Path(__file__).parents[1]))
from conftest import make_fix


@pytest.mark.parametrize(
    ("wanted", "read", "same"),
    [
        ("桥西烧烤店", "桥西烧烤店", True),
        ("桥西烧烤店", "正宗 桥西烧烤店 88062211", True),
        ("桥西烧烤店", "桥酉烧烤店", True),
        ("桥西烧烤店", "桥西面馆", False),
        ("ＫＦＣ肯德基", "kfc 肯德基!", True),
        ("Grand Opening", "GRAND-OPENlNG", True),
        ("Grand Opening", "Closing sale", False),
        ("桥西烧烤店", "", False),
        ("店", "店", False),
    ],
)
def test_a_sign_says_what_is_meant(wanted: str, read: str, *, same: bool) -> None:
    """Width, case, punctuation, other text and a misread letter do not matter; another name does."""
    assert says(wanted, read) is same


@given(st.text(min_size=2), st.text(), st.text())
def test_a_text_is_found_within_any_other(wanted: str, before: str, after: str) -> None:
    """What stands in the read text, with anything about it, is found whole."""
    if len(normalise(wanted)) >= 2:
        assert likeness(wanted, f"{normalise(before)}{normalise(wanted)}{normalise(after)}") == 1.0


@given(st.text(), st.text())
def test_likeness_is_a_share(wanted: str, read: str) -> None:
    """It lies between 0 and 1, whatever is compared."""
    assert 0.0 <= likeness(wanted, read) <= 1.0


def test_the_shop_is_the_likest_nearby() -> None:
    """A shop of the same name across the city is another shop."""
    near, other = (
        Shop(name="桥西烧烤店", fix=make_fix(5.0, 0.0, 0.0)),
        Shop(name="桥西面馆", fix=make_fix(3.0, 0.0, 0.0)),
    )
    far = Shop(name="桥西烧烤店", fix=make_fix(500.0, 0.0, 0.0))
    assert shop_of("桥西烧烤", make_fix(), (other, near, far)) == "桥西烧烤店"
    assert shop_of("桥西烧烤", make_fix(), (other, far)) == ""
