"""One case: what was seen, where, why it was flagged, and the officer's decision on exactly that version of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from pipeline.console.desk import Desk, DeskOf  # noqa: TC001 - FastAPI reads annotations at run time
from pipeline.console.evidence_index import SHOWN
from pipeline.console.queue import best_picture, of_offence
from pipeline.console.reasons import Reason, explain
from pipeline.console.trail import COOKIE, LastDecision, Step, last_decision, parse_trail, write_trail
from pipeline.domain.case import Case, CaseState, Decision, EventKind, RejectReason, SealedFinding
from pipeline.domain.manifest import EvidenceItem, EvidenceRole
from pipeline.domain.offence import Offence  # noqa: TC001 - FastAPI reads annotations at run time
from pipeline.errors import IllegalTransition, StaleCase

if TYPE_CHECKING:
    from pipeline.errors import PipelineError

router = APIRouter()


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One picture of the evidence strip.

    Attributes:
        item: what is shown.
        plain_sha256: the same picture without boxes, or None.
        finding: whose it is.
        source: who took it.
    """

    item: EvidenceItem
    plain_sha256: str | None
    finding: SealedFinding
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CasePage:
    """What a case's page shows.

    Attributes:
        case: the case as it is now.
        pictures: newest finding first.
        why: in sentences.
        sources: names by source id.
        offence: the queue's filter, kept while the officer goes through it.
        waiting: drafts under that filter.
        rank: place of this case among them from 1, or 0 when it is none of them.
        previous_id: the draft before it, or None.
        next_id: the draft after it, or None.
        prefetch_sha256: the next draft's picture, or None.
        undo: what one key undoes: on a decided case its own decision, else the latest of this browser.
        fault: why the decision just sent was not taken, or None.
    """

    case: Case
    pictures: tuple[Picture, ...]
    why: tuple[Reason, ...]
    sources: dict[str, str]
    offence: Offence | None
    waiting: int
    rank: int
    previous_id: str | None
    next_id: str | None
    prefetch_sha256: str | None
    undo: LastDecision | None
    fault: PipelineError | None = None

    def address(self, case_id: str) -> str:
        """The page of a case, the queue's filter kept."""
        return case_address(case_id, self.offence)

    def decide_address(self, case_id: str) -> str:
        """Where a decision on a case is sent, the queue's filter kept."""
        return case_address(case_id, self.offence, "/decisions")

    @property
    def reasons(self) -> tuple[RejectReason, ...]:
        """Reject reasons in the order of their digits."""
        return tuple(RejectReason)


def case_address(case_id: str, offence: Offence | None, below: str = "") -> str:
    """The address of a case's page, or of something below it, the queue's filter kept."""
    return f"/cases/{case_id}{below}" + (f"?{urlencode({'offence': offence})}" if offence else "")


@router.get("/cases/{case_id}")
def show_case(request: Request, desk: DeskOf, case_id: str, offence: Offence | None = None) -> HTMLResponse:
    """One case."""
    return desk.page(request, "case.html", _case_page(request, desk, desk.store.case(case_id), offence))


@router.get("/cases/{case_id}/decisions")
def back_to_case(case_id: str, offence: Offence | None = None) -> RedirectResponse:
    """A reloaded refusal shows the case."""
    return RedirectResponse(case_address(case_id, offence), status_code=303)


@router.post("/cases/{case_id}/decisions")
def decide(
    request: Request,
    desk: DeskOf,
    case_id: str,
    kind: Annotated[EventKind, Form()],
    version: Annotated[int, Form(ge=1)],
    reason: Annotated[RejectReason | None, Form()] = None,
    offence: Offence | None = None,
) -> Response:
    """Take a decision and go on to the next draft; a refused one shows the case as it is now, unchanged."""
    decision = Decision(kind=kind, actor=desk.settings.officer, reason=reason)
    trail = tuple(step for step in parse_trail(request.cookies.get(COOKIE)) if step.case_id != case_id)
    try:
        case = desk.store.decide(case_id, decision, version=version, now_s=desk.clock())
    except (StaleCase, IllegalTransition) as fault:
        page = _case_page(request, desk, desk.store.case(case_id), offence, fault=fault)
        return _with_trail(desk.page(request, "case.html", page, status=409), trail)
    if kind is EventKind.REOPENED:
        return _with_trail(RedirectResponse(case_address(case_id, offence), status_code=303), trail)
    _, _, after = _place(case, of_offence(desk.store.cases(state=CaseState.DRAFT), offence))
    onward = case_address(after.case_id, offence) if after else "/"
    step = Step(case_id=case_id, version=case.version)
    return _with_trail(RedirectResponse(onward, status_code=303), (*trail, step))


def _with_trail(response: Response, trail: tuple[Step, ...]) -> Response:
    response.set_cookie(COOKIE, write_trail(trail), httponly=True, samesite="strict")
    return response


def _case_page(
    request: Request, desk: Desk, case: Case, offence: Offence | None, *, fault: PipelineError | None = None
) -> CasePage:
    drafts = of_offence(desk.store.cases(state=CaseState.DRAFT), offence)
    rank, before, after = _place(case, drafts)
    desk.evidence.learn((case, after) if after else (case,))
    own = LastDecision(case=case, version=case.version) if case.state is not CaseState.DRAFT else None
    zones = {zone.zone_id: zone for zone in desk.index.zones}
    permits = {permit.permit_id: permit for permit in desk.index.permits}
    return CasePage(
        case=case,
        pictures=tuple(picture for finding in reversed(case.findings) for picture in _pictures(finding, desk)),
        why=explain(case, zones, permits, desk.wording(request)),
        sources={finding.source_id: desk.source_name(finding.source_id) for finding in case.findings},
        offence=offence,
        waiting=len(drafts),
        rank=rank,
        previous_id=before.case_id if before else None,
        next_id=after.case_id if after else None,
        prefetch_sha256=best_picture(after) if after else None,
        undo=own or last_decision(request.cookies.get(COOKIE), desk.store),
        fault=fault,
    )


def _place(case: Case, drafts: tuple[Case, ...]) -> tuple[int, Case | None, Case | None]:
    """Rank of a case among the drafts (0: it is none of them), and the drafts before and after it, round the end."""
    others = [draft for draft in drafts if draft.case_id != case.case_id]
    if not others:
        return len(drafts), None, None
    rank = next((i for i, draft in enumerate(drafts, start=1) if draft.case_id == case.case_id), 0)
    ahead = rank - 1 if rank else sum(draft.last_s >= case.last_s for draft in others)
    return rank, others[ahead - 1], others[ahead % len(others)]


def _pictures(finding: SealedFinding, desk: Desk) -> tuple[Picture, ...]:
    """The pictures of one finding: the annotated ones, or whatever may be shown where there are none."""
    shown = [item for item in finding.items if item.role in SHOWN]
    # A frame and its annotated copy come from the same original.
    frames = {item.derived_from_sha256: item.sha256 for item in shown if item.role is EvidenceRole.FRAME}
    best = [item for item in shown if item.role is EvidenceRole.ANNOTATED] or shown[:1]
    return tuple(
        Picture(
            item=item,
            plain_sha256=frames.get(item.derived_from_sha256),
            finding=finding,
            source=desk.source_name(finding.source_id),
        )
        for item in best
    )
