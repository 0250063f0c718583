"""How much one address may ask for, and be sent, in a time. Who asks for more is slowed, never refused.

What an address was given is paid off at the rate of the settings: the generic cell rate algorithm (ITU-T I.371, annex
A), which keeps one number for each address, the time at which all is paid off. What is asked for sooner than a burst
before that time waits until then.
"""

from __future__ import annotations

import asyncio
import time
from asyncio import sleep
from collections.abc import Awaitable, Generator
from functools import lru_cache, partial
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

BURST_S: Final = 10.0  # seconds of its requests that an address may ask for at once: a map with all its tiles
BURST_BYTES_S: Final = 60.0  # seconds of its bytes that an address is sent as fast as the network takes them
ADDRESSES: Final = 100_000  # addresses remembered by one process; those that asked longest ago go first
READ: Final = 1_000  # addresses whose meaning is kept: a map asks for many tiles
SITE: Final = 64  # bits of an IPv6 address that one customer has at least (RFC 6177)


class Rate:
    """So much a second of each address, with a burst.

    Parameters
    ----------
    per_second : what is paid off each second; 0 = any amount is given at once.
    burst_s : seconds of it that are given before anybody waits.
    """

    def __init__(self, per_second: float, burst_s: float) -> None:
        self._per_second = per_second
        self._burst_s = burst_s
        self._paid_off_at: dict[str, float] = {}  # in the order of asking

    def take(self, address: str, amount: float, now: float) -> float:
        """Give an amount to an address, and return the seconds it has to wait for it."""
        if not self._per_second:
            return 0.0
        paid_off_at = max(self._paid_off_at.pop(address, now), now) + amount / self._per_second
        self._paid_off_at[address] = paid_off_at
        if len(self._paid_off_at) > ADDRESSES:
            del self._paid_off_at[next(iter(self._paid_off_at))]
        return max(paid_off_at - self._burst_s - now, 0.0)


class Rates:
    """ASGI middleware: slows addresses that ask for more than their share, lets readers go who take nothing.

    Parameters
    ----------
    requests_per_second, bytes_per_second : of one address; 0 = any number.
    reader_s : seconds a reader may take nothing of an answer, after which it counts as gone.
    with_loopback : whether programs of this machine are counted too: behind a proxy, they are visitors.
    """

    def __init__(
        self,
        app: ASGIApp,
        requests_per_second: float,
        bytes_per_second: float,
        reader_s: float,
        *,
        with_loopback: bool,
    ) -> None:
        self.app = app
        self._requests = Rate(requests_per_second, BURST_S)
        self._bytes = Rate(bytes_per_second, BURST_BYTES_S)
        self._reader_s = reader_s
        self._with_loopback = with_loopback

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        address = counted_address(scope, with_loopback=self._with_loopback)
        scope[COUNTED] = address
        if address is not None:
            now = time.monotonic()
            due_s = max(self._requests.take(address, 1.0, now), self._bytes.take(address, 0.0, now))
            if due_s and not await wait_for(sleep(due_s, result=True), receive):
                return
        reader = _Reader(receive, send, self._reader_s)

        async def counted(message: Message) -> None:
            await reader.send(message)
            if address is not None and message["type"] == "http.response.body" and message.get("more_body", False):
                await sleep(self._bytes.take(address, len(message.get("body", b"")), time.monotonic()))
            elif address is not None:
                self._bytes.take(address, len(message.get("body", b"")), time.monotonic())

        await self.app(scope, reader.receive, counted)


COUNTED: Final = "obod.counted_address"  # in the scope of a request: whom it is counted for, None = nobody


def counted_address(scope: Scope, *, with_loopback: bool) -> str | None:
    """Return whom a request is counted for: an IPv4 address or the site of an IPv6 one; None = nobody."""
    return _counted((scope.get("client") or ("",))[0], with_loopback)


@lru_cache(maxsize=READ)
def _counted(client: str, with_loopback: bool) -> str | None:
    try:
        address = ip_address(client.partition("%")[0])
    except ValueError:
        return None  # a socket of this machine has none
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if address.is_loopback and not with_loopback:
        return None
    return str(address) if address.version == 4 else str(ip_network((address, SITE), strict=False))


async def wait_for(what: Awaitable[bool], receive: Receive) -> bool:
    """Wait for something as long as the client does; tell whether it came. A body of the request is lost meanwhile."""
    wanted, gone = asyncio.ensure_future(what), asyncio.ensure_future(_gone(receive))
    try:
        await asyncio.wait({wanted, gone}, return_when=asyncio.FIRST_COMPLETED)
        return wanted.done() and wanted.result()
    finally:
        wanted.cancel()
        gone.cancel()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


class _Reader:
    """Who reads an answer: one that takes nothing for too long counts as gone, so that nothing is held for it."""

    def __init__(self, receive: Receive, send: Send, patience_s: float) -> None:
        self._receive, self._send = receive, send
        self._patience_s = patience_s
        self._has_gone = asyncio.Event()

    async def send(self, message: Message) -> None:
        """Send a part, unless the reader has gone."""
        if self._has_gone.is_set():
            return
        sending = self._send(message).__await__()
        try:
            waits_for = next(sending)
        except StopIteration:  # the network has room, as it nearly always has: no clock need be set
            return
        try:
            async with asyncio.timeout(self._patience_s):
                await _Rest(sending, waits_for)
        except TimeoutError:
            self._has_gone.set()

    async def receive(self) -> Message:
        """Return what the client says; that it leaves, too, if it has only stopped reading."""
        said, gone = asyncio.ensure_future(self._receive()), asyncio.ensure_future(self._has_gone.wait())
        try:
            await asyncio.wait({said, gone}, return_when=asyncio.FIRST_COMPLETED)
            return said.result() if said.done() else {"type": "http.disconnect"}
        finally:
            said.cancel()
            gone.cancel()


class _Rest:
    """What is left of an awaitable that has been begun and waits for something."""

    def __init__(self, begun: Generator[Any, Any, None], waits_for: Any) -> None:
        self._begun = begun
        self._waits_for = waits_for

    def __await__(self) -> Generator[Any, Any, None]:
        waits_for = self._waits_for
        while True:
            try:
                told = yield waits_for
            except BaseException as error:  # it is cancelled, which it has to learn
                step = partial(self._begun.throw, error)
            else:
                step = partial(self._begun.send, told)
            try:
                waits_for = step()
            except StopIteration:
                return
