"""Places are kept free for health and pages, no address takes them all, and who came first goes first."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from starlette.types import Message, Receive, Scope, Send

from api.web.capacity import Capacity
from api.web.rates import COUNTED

LIST, PAGE, HEALTH = "/districts/TJ.RR.DA/plots", "/", "/readyz"


@dataclass
class Work:
    """An application whose answers end when the test says so: names of those that are worked on, in their order."""

    begun: list[str] = field(default_factory=list)
    ends: dict[str, asyncio.Event] = field(default_factory=dict)

    async def __call__(self, scope: Scope, _receive: Receive, _send: Send) -> None:
        self.begun.append(scope["name"])
        self.ends[scope["name"]] = asyncio.Event()
        await self.ends[scope["name"]].wait()


class Visitors:
    """Requests to a service with so many places; each has a name."""

    def __init__(self, at_once: int) -> None:
        self.work = Work()
        self.capacity = Capacity(self.work, at_once)
        self.asked: dict[str, asyncio.Task[None]] = {}
        self.leave: dict[str, asyncio.Event] = {}

    async def ask(self, name: str, path: str = LIST, address: str | None = None) -> None:
        """Ask for something, and let all go on as far as they can."""
        leaves = self.leave[name] = asyncio.Event()

        async def receive() -> Message:
            await leaves.wait()
            return {"type": "http.disconnect"}

        async def send(_: Message) -> None:
            raise AssertionError

        scope = {"type": "http", "path": path, "name": name, COUNTED: address}
        self.asked[name] = asyncio.create_task(self.capacity(scope, receive, send))
        await settle()

    async def end(self, name: str) -> None:
        """Finish an answer."""
        self.work.ends[name].set()
        await settle()

    async def finish(self) -> None:
        """Finish all there is."""
        while not all(task.done() for task in self.asked.values()):
            for name in list(self.work.ends):
                await self.end(name)


async def settle() -> None:
    """Let every task go on until none can."""
    for _ in range(20):
        await asyncio.sleep(0)


def test_lists_leave_places_for_pages_and_these_for_health() -> None:
    async def drill() -> None:
        visitors = Visitors(at_once=12)  # 2 kept for pages, 2 for health: 8 lists, 10 in all
        for number in range(9):
            await visitors.ask(f"list {number}")
        assert visitors.work.begun == [f"list {number}" for number in range(8)]
        for number in range(3):
            await visitors.ask(f"page {number}", PAGE)
        assert visitors.work.begun[8:] == ["page 0", "page 1"]
        await visitors.ask("health", HEALTH)
        assert visitors.work.begun[10:] == ["health"]
        await visitors.end("page 0")
        assert visitors.work.begun[11:] == ["page 2"]
        await visitors.end("list 3")
        assert visitors.work.begun[12:] == ["list 8"]
        await visitors.finish()

    asyncio.run(drill())


def test_pages_may_take_what_lists_leave() -> None:
    async def drill() -> None:
        visitors = Visitors(at_once=6)
        for number in range(6):
            await visitors.ask(f"page {number}", "/plots/7/why")
        assert len(visitors.work.begun) == 5
        await visitors.finish()

    asyncio.run(drill())


def test_one_address_never_takes_more_than_half() -> None:
    async def drill() -> None:
        visitors = Visitors(at_once=12)
        for number in range(6):
            await visitors.ask(f"a{number}", address="192.0.2.1")
        await visitors.ask("b0", address="192.0.2.2")
        assert visitors.work.begun == ["a0", "a1", "a2", "a3", "b0"]
        await visitors.end("b0")
        assert visitors.work.begun == ["a0", "a1", "a2", "a3", "b0"]
        await visitors.end("a1")
        assert visitors.work.begun[5:] == ["a4"]
        await visitors.finish()
        assert not visitors.capacity._by_address

    asyncio.run(drill())


def test_whoever_goes_while_waiting_takes_no_place() -> None:
    async def drill() -> None:
        visitors = Visitors(at_once=1)  # where there is one place, nothing can be kept
        for name in ("first", "second", "third"):
            await visitors.ask(name)
        visitors.leave["second"].set()
        await settle()
        assert visitors.asked["second"].done()
        await visitors.end("first")
        assert visitors.work.begun == ["first", "third"]
        await visitors.finish()
        assert (visitors.capacity._begun, visitors.capacity._others) == (0, 0)

    asyncio.run(drill())


def test_a_request_that_is_given_up_while_it_waits_gives_its_place_back() -> None:
    async def drill() -> None:
        visitors = Visitors(at_once=1)
        for name in ("first", "second", "third"):
            await visitors.ask(name)
        visitors.work.ends["first"].set()
        await asyncio.sleep(0)
        await asyncio.sleep(0)  # the place is handed to the second, which has not gone on yet
        visitors.asked["second"].cancel()
        await settle()
        assert visitors.work.begun[-1] == "third"
        visitors.asked.pop("second")
        await visitors.finish()
        assert (visitors.capacity._begun, visitors.capacity._others) == (0, 0)

    asyncio.run(drill())
