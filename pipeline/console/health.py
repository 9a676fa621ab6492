"""Whether the console works, for scripts."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from pipeline.console.desk import DeskOf  # noqa: TC001 - FastAPI reads annotations at run time
from pipeline.domain.case import CaseState

router = APIRouter()


@router.get("/health")
def show_health(desk: DeskOf) -> JSONResponse:
    """Answers 200 when the store can be read; a store that cannot answers as any page does."""
    drafts = len(desk.store.cases(state=CaseState.DRAFT))
    return JSONResponse({"status": "ok", "drafts": drafts, "browser_libraries": desk.libraries})
