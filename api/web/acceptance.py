"""``406`` where what would be sent is of no media type the caller accepts (RFC 9110, 12.5.1)."""

from __future__ import annotations

from typing import Final

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.web.errors import NOT_ACCEPTABLE, problem
from api.web.preferences import choose_type, weigh_type
from layers.features.export import Format

CONTENT: Final = (200, 206)  # statuses whose content was asked for; a refusal is said in any case


class Acceptance:
    """ASGI middleware: refuses to send what is not acceptable. A file asked for by ``f`` is what was asked for."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        accept = Headers(scope=scope).get("accept") if scope["type"] == "http" else None
        if accept is None:
            await self.app(scope, receive, send)
            return
        refused = False

        async def accepted(message: Message) -> None:
            nonlocal refused
            if message["type"] == "http.response.start" and message["status"] in CONTENT:
                headers = Headers(raw=message["headers"])
                media_type = headers.get("content-type")
                file = headers.get("content-disposition", "").startswith("attachment")
                if media_type is not None and not file and weigh_type(accept, media_type) == 0.0:
                    refused = True
                    told = media_type.partition(";")[0]
                    answer = problem(NOT_ACCEPTABLE, f"This address gives {told}, which Accept leaves out.")
                    await answer(scope, receive, send)
            if not refused:
                await send(message)

        await self.app(scope, receive, accepted)


def accepted_format(header: str | None) -> Format | None:
    """Return the file format an Accept header asks for; None for GeoJSON, which comes in pages.

    Raises
    ------
    HTTPException : it leaves out every format.
    """
    offered = (Format.GEOJSON.media_type, *(known.media_type for known in Format if known is not Format.GEOJSON))
    chosen = choose_type(header, offered)
    if chosen is None:
        raise HTTPException(NOT_ACCEPTABLE.status, f"Accept leaves out all there is: {', '.join(offered)}.")
    found = next(known for known in Format if known.media_type == chosen)
    return None if found is Format.GEOJSON else found
