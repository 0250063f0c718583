"""``HEAD`` wherever ``GET`` is: the same answer without its body (RFC 9110, 9.3.2)."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEAD_ONLY: Final = "obod.head_only"  # in the scope of a request whose body nobody will get
WATCHED: Final = "2.3"  # version of ASGI in which a stream looks whether its reader has gone


class Heads:
    """ASGI middleware: answers ``HEAD`` with what ``GET`` would say, and ends a stream once its head is sent."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return
        asgi = {**scope.get("asgi", {}), "spec_version": WATCHED}
        asked = {**scope, "method": "GET", HEAD_ONLY: True, "asgi": asgi}
        said = asyncio.Event()
        begun = False

        async def gone() -> Message:
            """Nothing is sent with the request; its sender goes once the head is told."""
            nonlocal begun
            if not begun:
                begun = True
                return {"type": "http.request", "body": b"", "more_body": False}
            await said.wait()
            return {"type": "http.disconnect"}

        async def headed(message: Message) -> None:
            if message["type"] != "http.response.start":
                return
            if "route" in asked:
                scope["route"] = asked["route"]  # under which it is counted
            await send(message)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            said.set()

        await self.app(asked, gone, headed)
