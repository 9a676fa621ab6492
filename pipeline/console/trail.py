"""The way back: which cases this browser decided last, so that one key undoes the latest.

The trail only says what to offer; whether a case may be reopened is the store's judgement, by its version.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.domain.case import CaseState
from pipeline.errors import NotFound

if TYPE_CHECKING:
    from pipeline.domain.case import Case
    from pipeline.ports import CaseStore

COOKIE = "offsite_trail"
_KEPT = 20
_STEP = re.compile(r"([A-Za-z0-9_-]{1,64})\.([0-9]{1,6})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One decision.

    Attributes:
        case_id: what was decided.
        version: the case's version right after it.
    """

    case_id: str
    version: int


def parse_trail(cookie: str | None) -> tuple[Step, ...]:
    """The steps in a cookie, oldest first; what is no step is left out."""
    matches = (_STEP.fullmatch(part) for part in (cookie or "").split("~"))
    return tuple(Step(case_id=match[1], version=int(match[2])) for match in matches if match)


def write_trail(steps: tuple[Step, ...]) -> str:
    """The cookie of some steps, the oldest dropped beyond twenty."""
    return "~".join(f"{step.case_id}.{step.version}" for step in steps[-_KEPT:])


@dataclass(frozen=True, slots=True, kw_only=True)
class LastDecision:
    """The latest decision that can still be offered for undoing.

    Attributes:
        case: the case as it is now.
        version: the one it had right after the decision.
    """

    case: Case
    version: int


def last_decision(cookie: str | None, store: CaseStore) -> LastDecision | None:
    """The latest decision of this browser, or None when there is none or its case was reopened since."""
    steps = parse_trail(cookie)
    if not steps:
        return None
    try:
        case = store.case(steps[-1].case_id)
    except NotFound:
        return None
    return None if case.state is CaseState.DRAFT else LastDecision(case=case, version=steps[-1].version)
