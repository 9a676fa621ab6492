"""Single linkage: things in a chain of neighbours are one group, however far apart its ends are."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_Thing = TypeVar("_Thing")


def linked(things: Iterable[_Thing], near: Callable[[_Thing, _Thing], bool]) -> list[list[_Thing]]:
    """Part things into groups; two that are `near` (a symmetric relation) are in the same one."""
    groups: list[list[_Thing]] = []
    for thing in things:
        joined = [group for group in groups if any(near(thing, member) for member in group)]
        groups = [group for group in groups if group not in joined] + [[*itertools.chain(*joined), thing]]
    return groups
