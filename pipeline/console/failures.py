"""Errors as pages in the officer's language, each with its code and what to do; never a traceback."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from fastapi.exceptions import RequestValidationError

from pipeline.console.desk import desk_of
from pipeline.console.guard import answer_headers
from pipeline.errors import PipelineError

if TYPE_CHECKING:
    from fastapi import FastAPI, Request
    from fastapi.responses import HTMLResponse

_STATUS_OF_CODE = {
    "not_found": 404,
    "illegal_transition": 409,
    "stale_case": 409,
    "storage_full": 507,
}
_CODE_OF_STATUS = {400: "bad_request", 404: "not_found", 405: "wrong_method"}


@dataclass(frozen=True, slots=True, kw_only=True)
class FailurePage:
    """What went wrong.

    Attributes:
        code: machine code; the catalogue has a title and a remedy for it.
        status: HTTP status.
    """

    code: str
    status: int


def show_failure(request: Request, code: str, status: int) -> HTMLResponse:
    """The page of one error."""
    answer = desk_of(request).page(request, "failure.html", FailurePage(code=code, status=status), status=status)
    answer.headers["HX-Push-Url"] = "false"
    return answer


def _pipeline_error(request: Request, error: Exception) -> HTMLResponse:
    code = error.code if isinstance(error, PipelineError) else PipelineError.code
    return show_failure(request, code, _STATUS_OF_CODE.get(code, 500))


def _refused(request: Request, _error: Exception, *, code: str, status: int) -> HTMLResponse:
    return show_failure(request, code, status)


def _bad_request(request: Request, _error: Exception) -> HTMLResponse:
    return show_failure(request, "bad_request", 422)


def _fault(request: Request, _error: Exception) -> HTMLResponse:
    """A fault of this program: the server's log has the traceback, the page has not.

    This answer is made outside the middleware, so it brings the common headers itself.
    """
    answer = show_failure(request, "internal", 500)
    answer.headers.update(answer_headers(desk_of(request).settings))
    return answer


def show_failures_as_pages(app: FastAPI) -> None:
    """Answer every error of an application with a page."""
    app.add_exception_handler(PipelineError, _pipeline_error)
    for status, code in _CODE_OF_STATUS.items():
        app.add_exception_handler(status, partial(_refused, code=code, status=status))
    app.add_exception_handler(RequestValidationError, _bad_request)
    app.add_exception_handler(Exception, _fault)
