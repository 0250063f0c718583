"""A tag for every public answer that has none: a digest of what is sent (RFC 9110, 8.8.3)."""

from __future__ import annotations

import hashlib
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

DIGEST_BYTES: Final = 16
CLOSED: Final = ("private", "no-store")  # begins what nobody but the caller may keep


class Tags:
    """ASGI middleware: tags whole public answers. A stream, whose end nobody knows yet, brings its own or has none."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["method"] != "GET":
            await self.app(scope, receive, send)
            return
        start: Message | None = None

        async def tagged(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message["headers"])
                closed = headers.get("cache-control", "").startswith(CLOSED)
                if message["status"] == 200 and "etag" not in headers and not closed:
                    start = message
                    return
            elif start is not None:
                if not message.get("more_body", False):
                    headers = MutableHeaders(raw=list(start["headers"]))
                    headers["etag"] = make_tag(message.get("body", b""))
                    start = {**start, "headers": headers.raw}
                await send(start)
                start = None
            await send(message)

        await self.app(scope, receive, tagged)


def make_tag(body: bytes) -> str:
    """Return the strong tag of a body."""
    return f'"{hashlib.blake2b(body, digest_size=DIGEST_BYTES).hexdigest()}"'


def is_known(known: bytes | None, tag: bytes | None) -> bool:
    """Tell whether an ``If-None-Match`` names a tag (RFC 9110, 13.1.2)."""
    if known is None or tag is None:
        return False
    tags = [part.strip().removeprefix(b"W/") for part in known.split(b",")]
    return known == b"*" or tag.removeprefix(b"W/") in tags
