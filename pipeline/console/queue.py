"""The queue: cases that wait for an officer, and the account of what was left alone."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse  # noqa: TC002 - FastAPI reads annotations at run time

from pipeline.console.desk import Desk, DeskOf  # noqa: TC001 - FastAPI reads annotations at run time
from pipeline.console.evidence_index import SHOWN
from pipeline.console.trail import COOKIE, LastDecision, last_decision
from pipeline.domain.case import Case, CaseState
from pipeline.domain.manifest import EvidenceRole
from pipeline.domain.offence import Offence

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipeline.domain.finding import DropReason
    from pipeline.store.summaries import FiledDrop

router = APIRouter()
_RECENT_DROPS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRow:
    """One case in the list.

    Attributes:
        case: the case.
        picture_sha256: its newest picture, or None.
        sources: names of who saw it, each once.
    """

    case: Case
    picture_sha256: str | None
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuePage:
    """What the queue shows.

    Attributes:
        rows: this page's cases, newest sight first.
        total: how many match.
        number: this page, from 1.
        pages: how many pages.
        state: cases in this state are shown.
        offence: only these, or None for all.
        counts: cases of that state per offence.
        drops: tracks left alone per reason, most frequent first.
        undo: the latest decision, which one key undoes.
    """

    rows: tuple[QueueRow, ...]
    total: int
    number: int
    pages: int
    state: CaseState
    offence: Offence | None
    counts: dict[Offence, int]
    drops: tuple[tuple[DropReason, int], ...]
    undo: LastDecision | None

    def at_state(self, state: CaseState) -> str:
        """The queue of another state."""
        return _address(state, self.offence)

    def at_offence(self, offence: Offence | None) -> str:
        """The queue of another offence, or of all."""
        return _address(self.state, offence)

    def at_page(self, number: int) -> str:
        """Another page of this queue."""
        return _address(self.state, self.offence, number)


@dataclass(frozen=True, slots=True, kw_only=True)
class DropsPage:
    """What was left alone, and why.

    Attributes:
        offences: columns.
        rows: per reason, most frequent first: the reason, its count per offence, its sum.
        total: all of them.
        largest: the largest sum.
        recent: the latest ones with what decided each.
        sources: names by source id.
    """

    offences: tuple[Offence, ...]
    rows: tuple[tuple[DropReason, tuple[int, ...], int], ...]
    total: int
    largest: int
    recent: tuple[FiledDrop, ...]
    sources: dict[str, str]


@router.get("/")
def show_queue(
    request: Request,
    desk: DeskOf,
    state: CaseState = CaseState.DRAFT,
    offence: Offence | None = None,
    page: Annotated[int, Query(ge=1)] = 1,
) -> HTMLResponse:
    """The list of cases in one state."""
    in_state = desk.store.cases(state=state)
    cases = of_offence(in_state, offence)
    size = desk.settings.page_size
    shown = cases[(page - 1) * size : page * size]
    desk.evidence.learn(shown)
    context = QueuePage(
        rows=tuple(_row(case, desk) for case in shown),
        total=len(cases),
        number=page,
        pages=max(1, -(-len(cases) // size)),
        state=state,
        offence=offence,
        counts={kind: sum(case.offence is kind for case in in_state) for kind in Offence},
        drops=_by_reason(desk),
        undo=last_decision(request.cookies.get(COOKIE), desk.store),
    )
    return desk.page(request, "queue.html", context)


@router.get("/drops")
def show_drops(request: Request, desk: DeskOf) -> HTMLResponse:
    """What was left alone, and why."""
    counts = {(row.reason, row.offence): row.count for row in desk.store.drop_counts()}
    reasons = _by_reason(desk)
    recent = desk.store.drops(limit=_RECENT_DROPS)
    context = DropsPage(
        offences=tuple(Offence),
        rows=tuple((r, tuple(counts.get((r, offence), 0) for offence in Offence), total) for r, total in reasons),
        total=sum(total for _, total in reasons),
        largest=max((total for _, total in reasons), default=0),
        recent=recent,
        sources={filed.source_id: desk.source_name(filed.source_id) for filed in recent},
    )
    return desk.page(request, "drops.html", context)


def _address(state: CaseState, offence: Offence | None, number: int = 1) -> str:
    query = {"state": state.value} | ({"offence": offence.value} if offence else {})
    return f"/?{urlencode(query | ({'page': str(number)} if number > 1 else {}))}"


def of_offence(cases: Iterable[Case], offence: Offence | None) -> tuple[Case, ...]:
    """The cases of one offence, or all of them."""
    return tuple(case for case in cases if offence is None or case.offence is offence)


def best_picture(case: Case) -> str | None:
    """The picture that stands for a case: its newest finding's annotated one, else any that may be shown."""
    items = [item for finding in reversed(case.findings) for item in finding.items if item.role in SHOWN]
    items.sort(key=lambda item: item.role is not EvidenceRole.ANNOTATED)
    return items[0].sha256 if items else None


def _row(case: Case, desk: Desk) -> QueueRow:
    sources = dict.fromkeys(desk.source_name(finding.source_id) for finding in case.findings)
    return QueueRow(case=case, picture_sha256=best_picture(case), sources=tuple(sources))


def _by_reason(desk: Desk) -> tuple[tuple[DropReason, int], ...]:
    counts: Counter[DropReason] = Counter()
    for row in desk.store.drop_counts():
        counts[row.reason] += row.count
    return tuple(counts.most_common())
