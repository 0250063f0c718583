"""Finished public tiles, answered before routing: a look-up and two messages instead of a chain of dependencies.

An answer is kept with the snapshot of what was served when it was made, and is given again only while that very
snapshot holds; whatever changes, it is asked for anew. Requests that name a key, a query or anything else that
could change the answer pass through.

When a new run is published, the tiles that were asked for most are made again one after another, before somebody asks.
"""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from dataclasses import dataclass
from typing import Any, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from layers.served import Served, ServedState

MEMORY_BYTES: Final = 64 * 1024 * 1024  # bytes of answers kept; the same bytes the tile cache holds where it has them
WARMED: Final = 200  # tiles made again after a change; a few screens of the places people look at
ENDINGS: Final = (".mvt", ".png")
OTHERS: Final = frozenset({b"authorization", b"x-api-key", b"cookie", b"range"})  # fields that may change the answer
OF_BODY: Final = frozenset({b"content-length", b"content-type", b"content-encoding"})  # not in a 304

OF_CONNECTION: Final = ("app", "type", "asgi", "http_version", "method", "scheme", "server", "client", "root_path")

Fields = list[tuple[bytes, bytes]]
Key = tuple[str, bool, bool]  # path, packed, asked by another site


@dataclass(frozen=True, slots=True)
class _Answer:
    """A whole answer, the snapshot it holds for, and the route it is counted under."""

    served: Served
    route: Any
    etag: bytes
    whole: Message
    body: Message
    unchanged: Message


class FinishedTiles:
    """ASGI middleware around everything but the counting of requests."""

    def __init__(self, app: ASGIApp, served: ServedState, memory_bytes: int = MEMORY_BYTES) -> None:
        self.app = app
        self.served = served
        self._memory_bytes = memory_bytes
        self._held = 0
        self._answers: OrderedDict[Key, _Answer] = OrderedDict()
        self._asked: Counter[Key] = Counter()
        self._known: Served | None = None
        self._warming: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        read = _plain(scope)
        served = None if read is None else self.served.kept()
        if read is None or served is None:
            await self.app(scope, receive, send)
            return
        key, known = read
        self._asked[key] += 1
        if self._known is not served:
            self._changed(served, scope)
        found = self._answers.get(key)
        if found is None or found.served is not served:
            await self._made(key, served, scope, receive, send)
            return
        self._answers.move_to_end(key)
        scope["route"] = found.route
        if known is not None and (known == b"*" or found.etag in [_bare(part) for part in known.split(b",")]):
            await send(found.unchanged)
            await send(_NOTHING)
            return
        await send(found.whole)
        await send(found.body)

    def _changed(self, served: Served, scope: Scope) -> None:
        """Begin to make what was asked for most, unless this is the first snapshot."""
        most = [key for key, _ in self._asked.most_common(WARMED)]
        self._asked = Counter(dict(self._asked.most_common(2 * WARMED)))  # forget what hardly anybody wanted
        if self._known is not None:
            if self._warming is not None:
                self._warming.cancel()
            self._warming = asyncio.create_task(self._warm(most, dict(scope)))
        self._known = served

    async def _warm(self, keys: list[Key], like: Scope) -> None:
        """Ask for tiles as browsers do, one after another, so that people's own requests come first."""
        for key in keys:
            path, packed, foreign = key
            fields = [(b"host", b"obod"), *([(b"accept-encoding", b"gzip")] if packed else [])]
            fields += [(b"origin", b"null")] if foreign else []
            asked = {name: like[name] for name in OF_CONNECTION if name in like}
            asked |= {"path": path, "raw_path": path.encode(), "query_string": b"", "headers": fields, "state": {}}
            served = self.served.kept()
            if served is not None:
                await self._made(key, served, asked, _nothing_more, _to_nobody)

    async def _made(self, key: Key, served: Served, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the service answer, and keep what it says if it is a whole public tile.

        It is kept under the snapshot from before: were it made of a newer one, that one would hold by now, and what
        is kept under the older would never be given.
        """
        start: Message = {}

        async def watched(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
            elif not message.get("more_body", False):
                self._keep(key, served, scope.get("route"), start, message)
            await send(message)

        await self.app(scope, receive, watched)

    def _keep(self, key: Key, served: Served, route: Any, start: Message, body: Message) -> None:
        fields: Fields = list(start.get("headers", ()))
        said = dict(fields)
        etag, size = said.get(b"etag"), len(body.get("body", b""))
        whole = start.get("status") == 200 and said.get(b"content-length") == str(size).encode()
        if not whole or etag is None or not said.get(b"cache-control", b"").startswith(b"public"):
            return
        unchanged = {
            "type": "http.response.start",
            "status": 304,
            "headers": [(name, value) for name, value in fields if name not in OF_BODY],
        }
        before = self._answers.pop(key, None)
        self._held += size - (len(before.body["body"]) if before else 0)
        self._answers[key] = _Answer(served, route, etag, start, body, unchanged)
        while self._held > self._memory_bytes:
            _, oldest = self._answers.popitem(last=False)
            self._held -= len(oldest.body["body"])


async def _nothing_more() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _to_nobody(_: Message) -> None:
    return None


_NOTHING: Final[Message] = {"type": "http.response.body", "body": b""}


def _plain(scope: Scope) -> tuple[Key, bytes | None] | None:
    """Return what a request asks for and the tags it knows; None unless it is a plain one for a public tile."""
    if scope["type"] != "http" or scope["method"] != "GET" or scope["query_string"]:
        return None
    path = scope["path"]
    if not path.startswith("/tiles/") or not path.endswith(ENDINGS):
        return None
    packed, foreign, known = False, False, None
    for name, value in scope["headers"]:
        if name in OTHERS:
            return None
        if name == b"accept-encoding":
            packed = b"gzip" in value
        elif name == b"origin":
            foreign = True
        elif name == b"if-none-match":
            known = value
    return (path, packed, foreign), known


def _bare(tag: bytes) -> bytes:
    return tag.strip().removeprefix(b"W/")
