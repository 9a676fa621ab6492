"""Maps: the district with what waits in it, and the GeoJSON behind every map."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse

from pipeline.console.charts import case_chart, district_chart
from pipeline.console.desk import DeskOf  # noqa: TC001 - FastAPI reads annotations at run time
from pipeline.domain.case import CaseState

router = APIRouter()
_GEOJSON = "application/geo+json"


@dataclass(frozen=True, slots=True, kw_only=True)
class MapPage:
    """The district's map.

    Attributes:
        waiting: drafts on it.
    """

    waiting: int


@router.get("/map")
def show_map(request: Request, desk: DeskOf) -> HTMLResponse:
    """The district with its drafts."""
    return desk.page(request, "map.html", MapPage(waiting=len(desk.store.cases(state=CaseState.DRAFT))))


@router.get("/map/district.geojson")
def district_features(request: Request, desk: DeskOf) -> JSONResponse:
    """Zones, permits, cameras and drafts."""
    drafts = desk.store.cases(state=CaseState.DRAFT)
    chart = district_chart(drafts, desk.index, desk.sites, desk.wording(request), datum=desk.settings.tile_datum)
    return JSONResponse(chart, media_type=_GEOJSON)


@router.get("/map/cases/{case_id}.geojson")
def case_features(request: Request, desk: DeskOf, case_id: str) -> JSONResponse:
    """One case among its surroundings."""
    chart = case_chart(
        desk.store.case(case_id),
        desk.index,
        desk.sites,
        desk.wording(request),
        radius_m=desk.settings.map_radius_m,
        datum=desk.settings.tile_datum,
    )
    return JSONResponse(chart, media_type=_GEOJSON)
