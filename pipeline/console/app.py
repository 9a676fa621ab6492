"""The console put together: `create_app` builds it, `serve` runs it on this machine only."""

from __future__ import annotations

import hashlib
import socket
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from geofences.zone_index import ZoneIndex
from pipeline.console import case, evidence, health, maps, pilot, queue
from pipeline.console.desk import LANGUAGE_COOKIE, Desk, ReviewStore
from pipeline.console.evidence_index import EvidenceIndex
from pipeline.console.failures import show_failure, show_failures_as_pages
from pipeline.console.guard import answer_headers, is_loopback, judge_request
from pipeline.console.settings import ConsoleSettings, SourceSite
from pipeline.console.wording import LANGUAGES
from pipeline.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from fastapi import Request, Response

    from geofences.zone import Permit, Zone
    from pipeline.ports import Vault

__all__ = ["ConsoleSettings", "ReviewStore", "SourceSite", "create_app", "serve"]

_HERE = Path(__file__).parent
_STATIC = _HERE / "static"
_YEAR_S = 365 * 86400


def create_app(
    *,
    store: ReviewStore,
    vault: Vault,
    zones: tuple[Zone, ...] = (),
    permits: tuple[Permit, ...] = (),
    sites: tuple[SourceSite, ...] = (),
    settings: ConsoleSettings | None = None,
    clock: Callable[[], float] = time.time,
    flights: Path | None = None,
) -> FastAPI:
    """The console over a site.

    Args:
        store: cases and drops; called from several threads at once.
        vault: evidence.
        zones: the site's zones.
        permits: its permits.
        sites: its aircraft and cameras.
        settings: how the console looks.
        clock: seconds since the Unix epoch, UTC.
        flights: the folder of flight records, if the site flies.
    """
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.state.desk = Desk(
        store=store,
        vault=vault,
        evidence=EvidenceIndex(store),
        index=ZoneIndex(zones, permits),
        sites=sites,
        settings=settings or ConsoleSettings(),
        clock=clock,
        templates=_templates(),
        libraries=(_STATIC / "vendor" / "htmx.min.js").is_file(),
        flights=flights,
    )
    for pages in (queue, case, evidence, maps, pilot, health):
        app.include_router(pages.router)
    app.mount("/static", StaticFiles(directory=_STATIC))
    show_failures_as_pages(app)
    app.middleware("http")(_guarded)
    return app


async def _guarded(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
    """Refuse what is not for us, and put the common headers on every answer."""
    refusal = judge_request(request.method, request.url.scheme, request.headers)
    response = show_failure(request, refusal, 403) if refusal else await answer(request)
    for name, value in answer_headers(request.app.state.desk.settings).items():
        response.headers.setdefault(name, value)
    lasting = request.url.path.startswith("/static/") and "v" in request.query_params
    response.headers.setdefault("Cache-Control", "max-age=31536000, immutable" if lasting else "no-store")
    asked = request.query_params.get("lang")
    if asked in LANGUAGES and not refusal:
        response.set_cookie(LANGUAGE_COOKIE, asked, max_age=_YEAR_S, samesite="lax", httponly=True)
    return response


def _templates() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["static"] = _static_address
    return environment


@cache
def _static_address(name: str) -> str:
    """A changed file has a changed address, so no browser mixes an old script with a new page."""
    mark = hashlib.sha256((_STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={mark}"


def serve(
    app: FastAPI,
    *,
    host: str = "127.0.0.1",
    port: int = 8750,
    on_ready: Callable[[str], None] | None = None,
) -> None:
    """Run the console until it is told to stop (Ctrl-C or SIGTERM).

    Args:
        app: from `create_app`.
        host: a loopback name or address.
        port: 0 takes any free one.
        on_ready: called with the console's address once connections are taken.

    Raises:
        BadInput: the host is not this machine's loopback, or the port cannot be had.
    """
    if not is_loopback(host):
        raise BadInput(
            path="console",
            field="host",
            fault=f"{host} is reachable by others, and the console has no accounts yet",
            remedy="Use 127.0.0.1, and an SSH tunnel to reach it from elsewhere",
        )
    with _listening(host, port) as listener:
        bound_port = listener.getsockname()[1]
        if on_ready is not None:
            on_ready(f"http://{f'[{host}]' if ':' in host else host}:{bound_port}/")
        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            server_header=False,
            lifespan="off",
            ws="none",
            proxy_headers=False,
            timeout_graceful_shutdown=5,
        )
        uvicorn.Server(config).run(sockets=[listener])


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(128)
    except (OSError, OverflowError) as error:
        listener.close()
        raise BadInput(
            path=f"{host}:{port}",
            field="port",
            fault=f"cannot listen there ({getattr(error, 'strerror', None) or error})",
            remedy="Stop the other program that listens there, or choose another port",
        ) from error
    return listener
