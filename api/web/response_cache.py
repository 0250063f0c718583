"""Finished public answers, given again before routing: a look-up and two messages instead of a chain of dependencies.

Tiles and pages of plots are kept with the snapshot of what was served when they were made, and are given again only
while that very snapshot holds; whatever changes, they are asked for anew. Requests that name a key or anything else
that could change the answer pass through. A crowd that asks for the same lets it be made once.

When a new run is published, the answers that were asked for most are made again one after another, before somebody
asks. Here, and for every answer of the service, who has it already is told so (304).
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.web.compression import CODINGS, GZIP
from api.web.policy import route_path
from api.web.preferences import choose_encoding
from api.web.tags import is_known
from layers.cache.memory import Memo
from layers.errors import DatabaseUnavailable
from layers.records.snapshot import Snapshot, SnapshotCache

MEMORY_BYTES: Final = 128 * 1024 * 1024  # bytes of answers kept by one process, unless the settings say otherwise
LARGEST_SHARE: Final = 1 / 32  # of that, one answer; a larger one would push out too many others
LONGEST_KEY: Final = 2_000  # bytes; nobody's map or list asks with more, and what asks is kept as well
ENTRY_BYTES: Final = 3_000  # bytes an answer takes beside its body and what asks for it: fields, in two forms
WARMED: Final = 200  # answers made again after a change; a few screens of the places people look at
COUNTED: Final = 20_000  # kinds of answers counted, to know which are asked for most
AT_ONCE: Final = max(2, os.cpu_count() or 2)  # pages made at a time; more would only slow each other down
ENDINGS: Final = (".mvt", ".png")
OTHERS: Final = frozenset({b"authorization", b"x-api-key", b"cookie", b"range"})  # fields that may change the answer
OF_BODY: Final = frozenset({b"content-length", b"content-type", b"content-encoding", b"content-range"})  # not in a 304

OF_CONNECTION: Final = ("app", "type", "asgi", "http_version", "method", "scheme", "server", "client", "root_path")

Fields = list[tuple[bytes, bytes]]


class Key(NamedTuple):
    """What changes a public answer. A page holds links, so how the service was addressed is part of it."""

    path: str
    coding: str
    foreign: bool  # asked by another site
    of_page: tuple[bytes, bytes, bytes, str, str] | None  # query, host, accept, scheme, root path


@dataclass(frozen=True, slots=True)
class _Answer:
    """A whole answer, and the route it is counted under."""

    route: Any
    etag: bytes
    whole: Message
    body: Message
    unchanged: Message


def _size(answer: _Answer) -> int:
    """Bytes an answer takes, about."""
    return len(answer.body["body"]) + ENTRY_BYTES


class FinishedAnswers:
    """ASGI middleware around everything but the counting of requests."""

    def __init__(
        self, app: ASGIApp, served: SnapshotCache, memory_bytes: int = MEMORY_BYTES, largest: int | None = None
    ) -> None:
        self.app = app
        self.served = served
        self._largest = int(memory_bytes * LARGEST_SHARE) if largest is None else largest
        self._answers: Memo[Key, _Answer] = Memo("answers", most_bytes=memory_bytes, size_of=_size)
        self._asked: Counter[Key] = Counter()
        self._making: dict[Key, asyncio.Event] = {}
        self._places = asyncio.Semaphore(AT_ONCE)
        self._known: Snapshot | None = None
        self._warming: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        key, known = _asked(scope)
        served = None if key is None else await self._snapshot()
        if key is None or served is None:
            await self.app(scope, receive, _with_not_modified(send, known))
            return
        if self._known is not served:
            self._changed(served, scope)
        if not await self._given(key, known, served, scope, send):
            await self._made_once(key, known, served, scope, receive, send)

    async def _snapshot(self) -> Snapshot | None:
        """What is served now; None while nobody can tell."""
        try:
            return self.served.kept() or await run_in_threadpool(self.served.current)
        except DatabaseUnavailable:
            return None

    async def _given(self, key: Key, known: bytes | None, served: Snapshot, scope: Scope, send: Send) -> bool:
        """Give a finished answer, if there is one of this snapshot."""
        found = self._answers.find(key, served)
        if found is None:
            return False
        self._asked[key] += 1
        scope["route"] = found.route
        if is_known(known, found.etag):
            await send(found.unchanged)
            await send(_NOTHING)
        else:
            await send(found.whole)
            await send(found.body)
        return True

    async def _made_once(
        self, key: Key, known: bytes | None, served: Snapshot, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Wait for whoever makes the same, or make it."""
        maker = self._making.get(key)
        if maker is not None:
            await maker.wait()
            if await self._given(key, known, served, scope, send):
                return
        done = self._making[key] = asyncio.Event()
        has_place = False

        def begun() -> None:
            """The answer is made and leaves: who waits for it, or for a place to make another, may go on."""
            if done.is_set():
                return
            done.set()
            if has_place:
                self._places.release()
            if self._making.get(key) is done:
                del self._making[key]

        try:
            if key.of_page is not None:
                has_place = await self._places.acquire()
            await self._made(key, served, scope, receive, _with_not_modified(send, known), begun)
        finally:
            begun()

    def _changed(self, served: Snapshot, scope: Scope) -> None:
        """Begin to make what was asked for most, unless this is the first snapshot."""
        most = [key for key, _ in self._asked.most_common(WARMED)]
        self._forget()
        if self._known is not None:
            if self._warming is not None:
                self._warming.cancel()
            self._warming = asyncio.create_task(self._warm(most, dict(scope)))
        self._known = served

    def _forget(self) -> None:
        """Forget what hardly anybody wanted."""
        self._asked = Counter(dict(self._asked.most_common(2 * WARMED)))

    async def _warm(self, keys: list[Key], like: Scope) -> None:
        """Ask as browsers do, one after another, so that people's own requests come first."""
        for key in keys:
            served = await self._snapshot()
            if served is not None:
                await self._made(key, served, _scope_of(key, like), _idle_client(), _discard, lambda: None)

    async def _made(
        self, key: Key, served: Snapshot, scope: Scope, receive: Receive, send: Send, begun: Callable[[], None]
    ) -> None:
        """Let the service answer, and keep what it says if it is a whole public answer.

        It is kept under the snapshot from before: were it made of a newer one, that one would hold by now, and what
        is kept under the older would never be given.
        """
        start: Message = {}

        async def watched(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
            else:
                if not message.get("more_body", False):
                    self._keep(key, served, scope.get("route"), start, message)
                begun()
            await send(message)

        await self.app(scope, receive, watched)

    def _keep(self, key: Key, served: Snapshot, route: Any, start: Message, body: Message) -> None:
        said = dict(start.get("headers", ()))
        etag, size = said.get(b"etag"), len(body.get("body", b""))
        whole = start.get("status") == 200 and said.get(b"content-length") == str(size).encode()
        if not whole or etag is None or said.get(b"cache-control", b"private").startswith(b"private"):
            return
        if size > self._largest:
            self._answers.drop(key)
            return
        self._answers.put(key, _Answer(route, etag, start, body, _unchanged(start)), served)
        self._asked[key] += 1
        if len(self._asked) > COUNTED:
            self._forget()


def _idle_client() -> Receive:
    """A client that asks and stays."""
    said = False

    async def receive() -> Message:
        nonlocal said
        if said:
            await asyncio.Future()
        said = True
        return {"type": "http.request", "body": b"", "more_body": False}

    return receive


async def _discard(_: Message) -> None:
    return None


_NOTHING: Final[Message] = {"type": "http.response.body", "body": b""}


def _asked(scope: Scope) -> tuple[Key | None, bytes | None]:
    """Return what a request asks for, None unless it is a plain one for something public, and the tags it knows."""
    if scope["type"] != "http" or scope["method"] != "GET":
        return None, None
    path, query = route_path(scope), scope["query_string"]
    tile = not query and path.startswith("/tiles/") and path.endswith(ENDINGS)
    page = not tile and path.startswith("/districts/") and path.endswith("/plots")
    foreign, plain, known, host, accept, codings = False, True, None, b"", b"", ""
    for name, value in scope["headers"]:
        if name in OTHERS:
            plain = False
        elif name == b"accept-encoding":
            codings = value.decode("latin-1")
        elif name == b"origin":
            foreign = True
        elif name == b"if-none-match":
            known = value
        elif name == b"host":
            host = value
        elif name == b"accept":
            accept = value
    of_page = None if tile else (query, host, accept, scope["scheme"], scope.get("root_path", ""))
    if tile and accept and b"*/*" not in accept:
        plain = False  # it may be refused
    if not plain or not (tile or page) or len(path) + sum(map(len, of_page or ())) > LONGEST_KEY:
        return None, known
    return Key(path, choose_encoding(codings, (GZIP,) if tile else CODINGS), foreign, of_page), known


def _scope_of(key: Key, like: Scope) -> Scope:
    """A request for the same, over a connection like that of another."""
    query, host, accept, scheme, root_path = key.of_page or (b"", b"obod", b"*/*", like["scheme"], like["root_path"])
    fields: Fields = [(b"host", host), (b"accept", accept)]
    fields += [(b"accept-encoding", key.coding.encode())]
    fields += [(b"origin", b"null")] if key.foreign else []
    asked = {name: like[name] for name in OF_CONNECTION if name in like}
    path = root_path + key.path
    asked |= {"path": path, "raw_path": path.encode(), "query_string": query, "headers": fields, "state": {}}
    return asked | {"scheme": scheme, "root_path": root_path}


def _with_not_modified(send: Send, known: bytes | None) -> Send:
    """Pass an answer on, without its body to who has it."""
    if known is None:
        return send
    told = False

    async def passed(message: Message) -> None:
        nonlocal told
        if message["type"] == "http.response.start" and message["status"] in (200, 206):
            told = is_known(known, dict(message["headers"]).get(b"etag"))
            message = _unchanged(message) if told else message
        elif told:
            if message.get("more_body", False):
                return
            message = _NOTHING
        await send(message)

    return passed


def _unchanged(start: Message) -> Message:
    return {
        "type": "http.response.start",
        "status": 304,
        "headers": [(name, value) for name, value in start["headers"] if name not in OF_BODY],
    }
