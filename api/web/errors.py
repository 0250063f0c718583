"""What a caller is told when something is wrong: RFC 9457 problem details, one table exception -> answer.

A refusal is a sentence a planner understands. A fault of ours says only an id; what happened is in the log.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from api.web.policy import route_path, security_headers
from geo.errors import SuitabilityError
from layers.errors import (
    BadFilter,
    Busy,
    DatabaseUnavailable,
    DataRefused,
    LayersError,
    NotAllowed,
    NotFound,
    OperatorNeeded,
    TooMuchAsked,
    public_text,
)
from layers.postgres.engine import UnusableValue

MEDIA_TYPE: Final = "application/problem+json"
READ_ONLY: Final = ("GET", "HEAD")  # methods of nearly every address
RETRY_S: Final = "5"  # seconds after which asking again makes sense while the database is away

log = logging.getLogger(__name__)


class KeyRefused(NotAllowed):
    """A key that is not known, revoked or malformed."""


class NotFromPage(NotAllowed):
    """Something was to be changed for somebody who is signed in, and no page of ours asked for it."""


class AnswerCut(Exception):
    """Why an answer that has begun cannot be finished; the server cuts the connection, so that its reader knows."""


@dataclass(frozen=True, slots=True)
class Problem:
    """How one kind of refusal is answered. ``name`` ends its stable type, ``urn:obod:problem:<name>``."""

    status: int
    name: str
    title: str
    headers: Mapping[str, str] = field(default_factory=dict)


# The first class an exception is an instance of counts.
PROBLEMS: Final[Mapping[type[Exception], Problem]] = {
    BadFilter: Problem(400, "bad-filter", "The filter or parameter is not understood"),
    NotFound: Problem(404, "not-found", "There is no such thing"),
    KeyRefused: Problem(401, "key-refused", "The key is not accepted", {"WWW-Authenticate": "Bearer"}),
    NotFromPage: Problem(403, "not-from-page", "No page of this service asked for this"),
    NotAllowed: Problem(403, "not-allowed", "Not open to this caller"),
    DataRefused: Problem(422, "data-refused", "The data cannot be used"),
    TooMuchAsked: Problem(429, "too-much-asked", "Too much was asked for at once", {"Retry-After": "60"}),
    Busy: Problem(503, "busy", "Something else is being computed", {"Retry-After": "60"}),
    DatabaseUnavailable: Problem(503, "database-unavailable", "The database does not answer", {"Retry-After": RETRY_S}),
    SuitabilityError: Problem(422, "cannot-be-judged", "This cannot be judged"),
    LayersError: Problem(400, "refused", "The request is refused"),
}


Page = Callable[[Request, int, str, str, Mapping[str, str]], Response | None]


def answer(request: Request, problem_: Problem, detail: str, **members: Any) -> Response:
    """Return the answer to a reader, who gets a page where the service has one, or to a program."""
    page: Page | None = getattr(request.app.state, "error_page", None)
    shown = page and page(request, problem_.status, problem_.name, detail, problem_.headers)
    return shown or problem(problem_, detail, **members)


NOT_ACCEPTABLE: Final = Problem(406, "not-acceptable", "Nothing here is of a media type that is accepted")
NOT_SATISFIABLE: Final = Problem(416, "range-not-satisfiable", "The range lies beyond the end")


def problem(problem: Problem, detail: str, **members: Any) -> Response:
    """Return the answer for one problem; ``members`` are added to it."""
    content = {
        "type": f"urn:obod:problem:{problem.name}",
        "title": problem.title,
        "status": problem.status,
        "detail": detail,
        **members,
    }
    return Response(orjson.dumps(content), problem.status, {**problem.headers, "Cache-Control": "no-store"}, MEDIA_TYPE)


def add_error_handlers(app: FastAPI) -> None:
    """Answer every exception as a problem."""
    for exception in PROBLEMS:
        app.add_exception_handler(exception, _refusal)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(UnusableValue, _unusable)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _fault)
    logging.getLogger("uvicorn.error").addFilter(_is_untold)


def _is_untold(record: logging.LogRecord) -> bool:
    """Whether the server says something that the log does not tell yet: why an answer was cut it does."""
    return not (record.exc_info and isinstance(record.exc_info[1], AnswerCut))


def _refusal(request: Request, error: Exception) -> Response:
    known = next(answer for exception, answer in PROBLEMS.items() if isinstance(error, exception))
    if isinstance(error, OperatorNeeded):
        log.error("%s", error)
    return answer(request, known, public_text(error) if isinstance(error, LayersError) else str(error))


def _invalid(request: Request, error: Exception) -> Response:
    """Parameters that are not of their type: one sentence for each."""
    assert isinstance(error, RequestValidationError)
    told = [f"{'.'.join(str(part) for part in item['loc'][1:])}: {item['msg']}" for item in error.errors()]
    return answer(request, PROBLEMS[BadFilter], "; ".join(told) + ".")


def _unusable(request: Request, _error: Exception) -> Response:
    return answer(request, PROBLEMS[BadFilter], "A value of the request is out of range or not of its type.")


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    status = HTTPStatus(error.status_code)
    name = status.phrase.lower().replace(" ", "-")
    headers = dict(error.headers or {})
    methods = methods_of(request)
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(methods)
    known = Problem(error.status_code, name, status.phrase, headers)
    plain = {404: NOWHERE, 405: ONLY_READ if methods == READ_ONLY else OTHER_METHOD.format(methods=", ".join(methods))}
    told = error.detail if error.detail != status.phrase else plain.get(error.status_code, status.description)
    return answer(request, known, str(told or status.phrase))


NOWHERE: Final = "There is nothing at this address."
ONLY_READ: Final = "This address is only read: use GET or HEAD."
OTHER_METHOD: Final = "This address does not take that method: use {methods}."


def methods_of(request: Request) -> tuple[str, ...]:
    """Return the methods that the address of a request takes."""
    path = route_path(request.scope)
    for template, operations in request.app.openapi()["paths"].items():
        if compile_path(template)[0].match(path):
            methods = {method.upper() for method in operations}
            return tuple(sorted(methods | ({"HEAD"} if "GET" in methods else set())))
    return READ_ONLY


def _fault(request: Request, error: Exception) -> Response:
    fault = uuid.uuid4().hex[:8]
    route = getattr(request.scope.get("route"), "path_format", "other")  # never the address, which may name a plot
    if isinstance(error, AnswerCut):
        log.error("An answer of %s was cut: %s", route, error)
    else:
        log.error("fault %s at %s %s", fault, request.method, route, exc_info=error)
    # This answer is made outside every middleware, so it brings its headers itself.
    known = Problem(500, "fault", "Something went wrong on our side", security_headers(route_path(request.scope)))
    return answer(request, known, f"Something went wrong on our side (fault {fault}).", fault=fault)
