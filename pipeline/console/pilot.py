"""The pilot's page, and the API behind it: what a flight does now, as a stream, and commands with their answers.

It decides nothing: the flight's own process admits or refuses, and keeps the lease. See ADR 0014.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, JSONResponse, StreamingResponse
from pydantic import TypeAdapter, ValidationError

from flights.patrol_states import PatrolState
from flights.pilot_desk import ADMITTED_IN
from flights.pilot_request import Action, PilotRequest, Refusal
from flights.pilot_spool import FOLDER, SILENT_S, FlightView, PilotSpool
from pipeline.console.desk import Desk, DeskOf  # noqa: TC001 - FastAPI reads annotations at run time
from pipeline.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from flights.pilot_request import Answer
    from pipeline.console.wording import Wording

router = APIRouter()
LIVE_S = 0.5
LINES = "application/x-ndjson"
_STATUS = {"": 200, Refusal.BAD_REQUEST: 400, Refusal.FLIGHT_SILENT: 504}
_REQUEST = TypeAdapter(PilotRequest)


@dataclass(frozen=True, slots=True, kw_only=True)
class PilotPage:
    """What the pilot's page shows before its stream begins.

    Attributes:
        view: the flight, or None when none was ever flown.
        pilots: who may take command.
        supervisors: who may take it from them.
    """

    view: FlightView | None
    pilots: tuple[str, ...]
    supervisors: tuple[str, ...]


@router.get("/pilot")
def show_newest(request: Request, desk: DeskOf) -> HTMLResponse:
    """The flight in the air, or the latest one."""
    views = [view for spool in _spools(desk) if (view := spool.view()) is not None]
    return _page(request, desk, max(views, key=lambda view: (not view.over, view.at_s), default=None))


@router.get("/flights/{flight_id}")
def show_flight(request: Request, desk: DeskOf, flight_id: str) -> HTMLResponse:
    """One flight."""
    return _page(request, desk, _spool(desk, flight_id).view())


@router.get("/flights/{flight_id}/chart.geojson")
def flight_chart(desk: DeskOf, flight_id: str) -> JSONResponse:
    """Its fence, no-fly areas, route and home."""
    return JSONResponse(_spool(desk, flight_id).chart(), media_type="application/geo+json")


@router.get("/flights/{flight_id}/live")
def flight_live(request: Request, desk: DeskOf, flight_id: str) -> StreamingResponse:
    """Its views as server-sent events, or as JSON lines for who accepts those; ends with the flight."""
    spool, say = _spool(desk, flight_id), desk.wording(request)
    lines = LINES in request.headers.get("accept", "")

    async def rows() -> AsyncIterator[str]:
        over = False
        while not over:
            view = spool.view()
            over = view is None or view.over
            row = json.dumps(live_row(view, say, desk.clock()), ensure_ascii=False) if view else "{}"
            yield f"{row}\n" if lines else f"data: {row}\n\n"
            await asyncio.sleep(0 if over else LIVE_S)

    return StreamingResponse(rows(), media_type=LINES if lines else "text/event-stream")


@router.post("/flights/{flight_id}/commands")
async def command(request: Request, desk: DeskOf, flight_id: str) -> JSONResponse:
    """Ask one thing of a flight and wait for its answer."""
    spool, say = _spool(desk, flight_id), desk.wording(request)
    try:
        asked = _REQUEST.validate_json(await request.body())
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        detail = f"{'.'.join(map(str, first['loc']))} {first['msg']}".strip()
        why = Refusal.BAD_REQUEST
        return JSONResponse({"refusal": why, "detail": detail, "said": say.name("refusal", why)}, 400)
    answer = await run_in_threadpool(spool.ask, asked, now_s=desk.clock())
    row = {name: value for name, value in asdict(answer).items() if name != "digest"}
    return JSONResponse({**row, "said": told(answer, say)}, _STATUS.get(answer.refusal, 409))


def told(answer: Answer, say: Wording) -> str:
    """An answer in words."""
    what = say.name("act", answer.action)
    if not answer.refusal:
        return say.text("pilot.done", what=what, who=answer.pilot)
    detail = say.name("patrol", answer.detail)
    why = say.name("refusal", answer.refusal)
    return say.text("pilot.refused", what=what, who=answer.pilot, why=f"{why} ({detail})" if detail else why)


def live_row(view: FlightView, say: Wording, now_s: float) -> dict[str, object]:
    """A view with the words of the page."""
    silent_s = now_s - view.at_s
    silent = not view.over and silent_s > SILENT_S
    state = say.text("pilot.silent", n=f"{silent_s:.0f}") if silent else say.name("patrol", view.state)
    left_s = view.lease_until_s - now_s
    lease = say.text("pilot.nobody")
    if view.pilot and left_s > 0:
        lease = say.text("pilot.commands", who=view.pilot, n=f"{left_s:.0f}")
    if view.offered_to:
        lease = say.text("pilot.offered", lease=lease, who=view.offered_to)
    words = {
        "state": state,
        "reason": view.reason,
        "mode": view.mode,
        "lease": lease,
        "height": say.metres(view.height_home_m),
        "speed": f"{view.speed_m_s:.1f} m/s",
        "battery": "–" if view.battery_share is None else f"{view.battery_share:.0%}",
        "heartbeat": f"{view.link_age_s + (0.0 if view.over else max(0.0, silent_s)):.1f} s",
        "wind": "–" if view.wind_m_s is None else f"{view.wind_m_s:.1f} m/s",
        "progress": f"{view.progress:.0%}",
        "last": told(view.last, say) if view.last else "–",
    }
    open_to = (
        [] if silent or view.over else [a for a, states in ADMITTED_IN.items() if PatrolState(view.state) in states]
    )
    return {**asdict(view), "silent": silent, "words": words, "open_to": [*map(Action, open_to)]}


def _page(request: Request, desk: Desk, view: FlightView | None) -> HTMLResponse:
    settings = desk.settings
    return desk.page(
        request, "pilot.html", PilotPage(view=view, pilots=settings.pilots, supervisors=settings.supervisors)
    )


def _spools(desk: Desk) -> list[PilotSpool]:
    return [PilotSpool(path.parent) for path in desk.flights.glob(f"*/{FOLDER}")] if desk.flights else []


def _spool(desk: Desk, flight_id: str) -> PilotSpool:
    for spool in _spools(desk):
        if spool.folder.parent.name == flight_id:
            return spool
    raise NotFound(flight_id)
