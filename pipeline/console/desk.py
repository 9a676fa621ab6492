"""What every page needs: the store, the vault, the site, and how to answer in the officer's language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Protocol, cast
from zoneinfo import ZoneInfo

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse

from pipeline.console.wording import LANGUAGES, Wording, choose_language
from pipeline.ports import CaseStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from jinja2 import Environment

    from geofences.zone_index import ZoneIndex
    from pipeline.console.evidence_index import EvidenceIndex
    from pipeline.console.settings import ConsoleSettings, SourceSite
    from pipeline.ports import Vault
    from pipeline.store.summaries import DropCount, FiledDrop

LANGUAGE_COOKIE = "offsite_language"


class ReviewStore(CaseStore, Protocol):
    """The case store with the account of what was left alone."""

    def drop_counts(self) -> tuple[DropCount, ...]:
        """How many tracks were left alone per class and reason."""
        ...

    def drops(self, *, limit: int) -> tuple[FiledDrop, ...]:
        """Tracks left alone, newest first."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Desk:
    """The officers' desk: one per application, shared by all requests.

    Attributes:
        store: cases.
        vault: their evidence.
        evidence: which of it may be shown.
        index: the site's zones and permits.
        sites: its aircraft and cameras.
        settings: how the console looks.
        clock: seconds since the Unix epoch, UTC.
        templates: the pages.
        libraries: whether the browser libraries are installed.
        flights: the folder of flight records, if the site flies.
    """

    store: ReviewStore
    vault: Vault
    evidence: EvidenceIndex
    index: ZoneIndex
    sites: tuple[SourceSite, ...]
    settings: ConsoleSettings
    clock: Callable[[], float]
    templates: Environment
    libraries: bool
    flights: Path | None = None

    def source_name(self, source_id: str) -> str:
        """What people call an aircraft or camera; its id where the site does not name it."""
        return next((site.name for site in self.sites if site.source_id == source_id), source_id)

    def wording(self, request: Request) -> Wording:
        """The language and clock to answer one request in."""
        language = choose_language(
            asked=request.query_params.get("lang"),
            remembered=request.cookies.get(LANGUAGE_COOKIE),
            accepted=request.headers.get("accept-language", ""),
            default=self.settings.language,
        )
        return Wording(language=language, timezone=ZoneInfo(self.settings.timezone), now_s=self.clock())

    def page(self, request: Request, template: str, page: object, *, status: int = 200) -> HTMLResponse:
        """One whole page.

        Args:
            request: what is answered.
            template: the template's file name.
            page: its documented context.
            status: HTTP status.
        """
        say = self.wording(request)
        other = next(language for language in LANGUAGES if language != say.language)
        html = self.templates.get_template(template).render(
            page=page,
            say=say,
            t=say.text,
            settings=self.settings,
            libraries=self.libraries,
            other_language=other,
            other_language_url=f"{request.url.path}?{request.url.include_query_params(lang=other).query}",
        )
        return HTMLResponse(html, status_code=status)


def desk_of(request: Request) -> Desk:
    """The application's desk."""
    return cast("Desk", request.app.state.desk)


DeskOf = Annotated[Desk, Depends(desk_of)]
