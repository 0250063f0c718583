"""What surrounds every request: limits on its size, and headers that tell a browser what a page may do."""

from __future__ import annotations

from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.web.errors import Problem, problem
from api.web.policy import route_path, security_headers

LONGEST_QUERY: Final = 8_000  # bytes of a query string
LARGEST_BODY: Final = 64_000  # bytes of a request body; nothing here takes a larger one


class Protection:
    """ASGI middleware: refuses requests that are too large, adds security headers to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def protected(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in security_headers(route_path(scope)).items():
                    headers.setdefault(name, value)
            await send(message)

        refusal = _too_large(scope)
        if refusal is not None:
            await problem(refusal, refusal.title + ".")(scope, receive, protected)
            return
        await self.app(scope, receive, protected)


def _too_large(scope: Scope) -> Problem | None:
    if len(scope.get("query_string", b"")) > LONGEST_QUERY:
        return Problem(414, "query-too-long", f"The query is longer than {LONGEST_QUERY} bytes")
    headers = Headers(scope=scope)
    length = headers.get("content-length", "0")
    chunked = "transfer-encoding" in headers
    if chunked or not length.isdigit() or int(length) > LARGEST_BODY:
        return Problem(413, "body-too-large", f"The request carries more than {LARGEST_BODY} bytes")
    return None
