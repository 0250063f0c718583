"""Parts of finished answers: ``Range``, ``If-Range``, ``206`` and ``416`` (RFC 9110, 14).

Whatever has a length and a strong tag can be taken in parts, one at a time, as GDAL reads a file it has not fetched.
A request for a part is answered uncompressed: its bytes are counted in the file itself.
"""

from __future__ import annotations

import re
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.web.errors import NOT_SATISFIABLE, problem

ONE_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII | re.IGNORECASE)


class Ranges:
    """ASGI middleware: says what can be taken in parts, and sends the part that is asked for."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            await self.app(scope, receive, send)
            return
        asked = Headers(scope=scope)
        wanted = ONE_RANGE.fullmatch(asked.get("range", "").strip())
        if "range" in asked:  # one nobody understands is none
            left = (b"range",) if wanted is None else (b"accept-encoding",)
            scope["headers"] = [(name, value) for name, value in scope["headers"] if name not in left]
        part: slice | None = None
        at = 0
        refused = False

        async def parted(message: Message) -> None:
            nonlocal part, at, refused
            if refused:
                return
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=list(message["headers"]))
                tag, length = headers.get("etag", "W/"), headers.get("content-length", "")
                if message["status"] == 200 and length.isdigit() and not tag.startswith("W/"):
                    headers.setdefault("accept-ranges", "bytes")
                    unchanged = asked.get("if-range", tag) == tag
                    if wanted is not None and unchanged:
                        part = find_part(wanted, int(length))
                        refused = part is None
                    message = {**message, "headers": headers.raw}
                    if part is not None:
                        headers["content-range"] = f"bytes {part.start}-{part.stop - 1}/{length}"
                        headers["content-length"] = str(part.stop - part.start)
                        message["status"] = 206
                if message["status"] == 416:  # of a file that takes itself apart
                    refused, length = True, headers.get("content-range", "").rpartition("/")[2]
                if refused:
                    answer = problem(NOT_SATISFIABLE, f"The answer has {length} bytes; the range begins after them.")
                    answer.headers["Content-Range"] = f"bytes */{length}"
                    await answer(scope, receive, send)
                    return
            elif part is not None:
                body = message.get("body", b"")
                begin, at = at, at + len(body)
                cut = body[max(part.start - begin, 0) : max(part.stop - begin, 0)]
                message = {**message, "body": cut}
            await send(message)

        await self.app(scope, receive, parted)


def find_part(wanted: re.Match[str], length: int) -> slice | None:
    """Return the bytes a range means in an answer of so many; None where it lies beyond them."""
    first, last = wanted.groups()
    if not first and not last:
        return slice(0, length) if length else None
    if not first:
        start, stop = max(length - int(last), 0), length
    else:
        start, stop = int(first), min(int(last) + 1, length) if last else length
    return slice(start, stop) if start < stop else None
