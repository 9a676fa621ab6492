"""Whether what was read on a sign is what a permit or the shop register says, a few misread letters allowed."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.domain.incident import separation_m

if TYPE_CHECKING:
    from collections.abc import Iterable

    from geofences.location import GroundFix

# A quarter of the letters may be misread. Source: tests/pipeline/domain/test_sign_match.py, real signs read at .6-.8.
SAME_ABOVE = 0.75
# One letter says nothing.
SHORTEST = 2
# A sign hangs at most this far, beyond the error radius, from the middle of its shop.
SHOP_REACH_M = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """A shop of the register.

    Attributes:
        name: as on its board.
        fix: where it is; a point without error.
    """

    name: str
    fix: GroundFix


def normalise(text: str) -> str:
    """Letters, digits and ideographs only, half width, without case. Source: Unicode NFKC."""
    return "".join(letter for letter in unicodedata.normalize("NFKC", text).casefold() if letter.isalnum())


def likeness(wanted: str, read: str) -> float:
    """How much of a wanted text stands in what was read, 0..1: 1 less the edits it takes, as a share of its letters.

    What else the sign says costs nothing. Source: Sellers (1980), approximate matching of a pattern in a text.
    """
    pattern, text = normalise(wanted), normalise(read)
    if len(pattern) < SHORTEST or not text:
        return 0.0
    row = [0] * (len(text) + 1)
    for i, letter in enumerate(pattern, start=1):
        above, row = row, [i, *([0] * len(text))]
        for j, other in enumerate(text, start=1):
            row[j] = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (letter != other))
    return 1.0 - min(min(row) / len(pattern), 1.0)


def says(wanted: str, read: str) -> bool:
    """Whether a sign that was read so is the one meant."""
    return likeness(wanted, read) >= SAME_ABOVE


def shop_of(read: str, fix: GroundFix, shops: Iterable[Shop]) -> str:
    """Name of the nearby shop whose sign it is, or ""."""
    near = (shop for shop in shops if separation_m(shop.fix, fix) <= SHOP_REACH_M + fix.ellipse.semi_major_m)
    best = max(near, key=lambda shop: likeness(shop.name, read), default=None)
    return best.name if best is not None and says(best.name, read) else ""
