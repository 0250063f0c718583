"""How many requests are worked on at once, with places kept free for health and pages.

Lists, files and tiles may take as long as their readers do. They never hold all connections to the database, and one
address never more than half of what they may hold: who comes when none is free waits, in the order of coming.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from typing import Final, NamedTuple

from starlette.types import ASGIApp, Receive, Scope, Send

from api.web.policy import route_path
from api.web.rates import COUNTED, wait_for

HEALTH: Final = ("/healthz", "/readyz", "/metrics")  # never wait
PAGES: Final = ("/", "/compare", "/found", "/places", "/docs", "/openapi.json")
BELOW: Final = ("/maps/", "/static/")  # begin addresses of pages, and of what pages are made of
PAGE_ENDINGS: Final = ("/why", "/list")  # end addresses of the page of a plot and of the list of a district
KEPT: Final = 6  # one place of so many is kept for pages, and one for health


class Turn(NamedTuple):
    """What a place is wanted for: a page or another answer, and the address it is counted for, None = nobody's."""

    page: bool
    address: str | None


class Capacity:
    """ASGI middleware: lets so many requests be worked on that pages and health always find a place.

    Parameters
    ----------
    at_once : requests that the service can work on at once: connections to the database it may open.
    """

    def __init__(self, app: ASGIApp, at_once: int) -> None:
        self.app = app
        kept = at_once // KEPT
        self._most = max(at_once - kept, 1)
        self._most_others = max(at_once - 2 * kept, 1)
        self._most_of_one = max(self._most_others // 2, 1)
        self._begun = self._others = 0
        self._by_address: Counter[str] = Counter()
        self._waiting: deque[tuple[Turn, asyncio.Future[bool]]] = deque()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or (path := route_path(scope)) in HEALTH:
            await self.app(scope, receive, send)
            return
        page = path in PAGES or path.startswith(BELOW) or path.endswith(PAGE_ENDINGS)
        turn = Turn(page, scope.get(COUNTED))
        if self._may_begin(turn):
            self._begin(turn)
        elif not await self._wait(turn, receive):
            return
        try:
            await self.app(scope, receive, send)
        finally:
            self._end(turn)

    def _may_begin(self, turn: Turn) -> bool:
        free = self._begun < self._most and (turn.page or self._others < self._most_others)
        return free and (turn.address is None or self._by_address[turn.address] < self._most_of_one)

    def _begin(self, turn: Turn) -> None:
        self._begun += 1
        self._others += not turn.page
        if turn.address is not None:
            self._by_address[turn.address] += 1

    def _end(self, turn: Turn) -> None:
        """Give a place back, and hand places on to those who came first of all who may have one."""
        self._begun -= 1
        self._others -= not turn.page
        if turn.address is not None:
            self._by_address[turn.address] -= 1
            if not self._by_address[turn.address]:
                del self._by_address[turn.address]
        for _ in range(len(self._waiting)):
            waiter = self._waiting.popleft()
            if waiter[1].done():  # it has gone
                continue
            if self._may_begin(waiter[0]):
                self._begin(waiter[0])
                waiter[1].set_result(True)
            else:
                self._waiting.append(waiter)

    async def _wait(self, turn: Turn, receive: Receive) -> bool:
        """Wait for a place as long as the client does; tell whether it has one now."""
        given: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((turn, given))
        try:
            return await wait_for(given, receive)
        except asyncio.CancelledError:
            if given.done() and not given.cancelled():
                self._end(turn)
            raise
