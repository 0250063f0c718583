"""Who asks for too much waits: counted by address, computed by hand; who has stopped reading lets what it holds go."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from fastapi.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send

from api.main import create_app
from api.web.rates import Rate, Rates, counted_address, wait_for
from tests.clients.process import other_settings
from tests.worlds.three_districts import Land

VISITOR, OTHER, PROXY = ("192.0.2.7", 50_000), ("192.0.2.8", 50_000), ("127.0.0.1", 50_000)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that requests and parts of answers were made to wait; nobody really waits."""
    told: list[float] = []

    async def note(seconds: float, result: bool | None = None) -> bool | None:
        if seconds:
            told.append(seconds)
        return result

    monkeypatch.setattr("api.web.rates.sleep", note)
    monkeypatch.setattr("api.web.rates.time.monotonic", lambda: 1_000.0)
    return told


@contextmanager
def served(client: tuple[str, int], **variables: str) -> Iterator[TestClient]:
    """A client of a service with these settings."""
    named = {name.upper(): value for name, value in variables.items()}
    with other_settings(**named), TestClient(create_app(), client=client) as opened:
        yield opened


def test_a_rate_gives_a_burst_then_what_is_paid_off() -> None:
    rate = Rate(per_second=2.0, burst_s=3.0)
    assert [rate.take("a", 1.0, 100.0) for _ in range(8)] == [0.0] * 6 + [0.5, 1.0]
    assert rate.take("b", 1.0, 100.0) == 0.0
    assert rate.take("a", 0.0, 100.5) == 0.5
    assert rate.take("a", 1.0, 104.0) == 0.0  # all is paid off
    assert rate.take("c", 10.0, 100.0) == 2.0  # more than a burst at once
    assert [Rate(0.0, 3.0).take("a", 1e9, 0.0) for _ in range(3)] == [0.0] * 3


def test_a_rate_remembers_so_many_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.web.rates.ADDRESSES", 2)
    rate = Rate(per_second=1.0, burst_s=1.0)
    assert [rate.take(name, 1.0, 0.0) for name in "aabac"] == [0.0, 1.0, 0.0, 2.0, 0.0]
    assert [rate.take(name, 1.0, 0.0) for name in "ab"] == [3.0, 0.0]  # b asked longest ago


@pytest.mark.parametrize(
    ("client", "with_loopback", "counted"),
    [
        ("192.0.2.7", False, "192.0.2.7"),
        ("::ffff:192.0.2.7", False, "192.0.2.7"),
        ("2001:db8:1:2:3::4", False, "2001:db8:1:2::/64"),
        ("fe80::1%eth0", False, "fe80::/64"),
        ("127.0.0.1", False, None),
        ("127.9.9.9", False, None),
        ("::1", False, None),
        ("127.0.0.1", True, "127.0.0.1"),
        ("", False, None),
        ("a socket", True, None),
    ],
)
def test_whom_a_request_is_counted_for(client: str, with_loopback: bool, counted: str | None) -> None:
    assert counted_address({"client": (client, 1)}, with_loopback=with_loopback) == counted


def test_requests_are_slowed_by_address_and_never_refused(land: Land, waits: list[float]) -> None:
    assert land.rows
    with served(VISITOR, requests_per_second="0.2") as client:  # two in a burst of 10 s
        for expected in ([], [], [5.0], [5.0, 10.0]):
            assert client.get("/healthz").status_code == 200
            assert waits == expected
        other = TestClient(client.app, client=OTHER)
        assert other.get("/healthz").status_code == 200
        assert waits == [5.0, 10.0]


def test_this_machine_is_not_counted_unless_a_proxy_is_trusted(land: Land, waits: list[float]) -> None:
    assert land.rows
    with served(PROXY, requests_per_second="0.1") as client:
        for number in range(4):
            said = {"X-Forwarded-For": f"192.0.2.{number}"}  # of nobody who is trusted
            assert client.get("/healthz", headers=said).status_code == 200
    assert waits == []


def test_behind_a_trusted_proxy_each_address_is_counted(land: Land, waits: list[float]) -> None:
    assert land.rows
    with served(PROXY, requests_per_second="0.1", trusted_proxies="127.0.0.1") as client:
        for visitor, expected in (("192.0.2.1", []), ("192.0.2.2", []), ("192.0.2.1", [10.0])):
            assert client.get("/healthz", headers={"X-Forwarded-For": visitor}).status_code == 200
            assert waits == expected
        forged = {"X-Forwarded-For": "198.51.100.1, 192.0.2.2"}  # what the visitor said itself does not count
        assert client.get("/healthz", headers=forged).status_code == 200
        assert waits == [10.0, 10.0]


def test_bytes_are_slowed_too_and_all_of_them_come(land: Land, waits: list[float]) -> None:
    assert land.rows
    address, plain = "/static/js/plain.js", {"Accept-Encoding": "identity"}
    with served(VISITOR, mb_per_minute="0.003", requests_per_second="0") as client:  # 50 bytes a second
        body = client.get(address, headers=plain).content
        assert waits == []
        assert client.get(address, headers=plain).content == body
    assert waits == pytest.approx([len(body) / 50 - 60.0])


def test_parts_of_a_stream_wait_for_the_bytes_before_them(waits: list[float]) -> None:
    async def streams(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for size in (500, 300, 100):
            await send({"type": "http.response.body", "body": bytes(size), "more_body": True})
        await send({"type": "http.response.body"})

    sent = _run(Rates(streams, 0.0, 10.0, 60.0, with_loopback=False))
    assert sum(len(message.get("body", b"")) for message in sent) == 900
    assert waits == [20.0, 30.0]  # 10 bytes a second, 60 s of them at once


def test_whoever_goes_while_waiting_is_not_worked_for() -> None:
    async def leaves() -> bool:
        gone = asyncio.Queue[Message]()
        gone.put_nowait({"type": "http.request"})
        gone.put_nowait({"type": "http.disconnect"})
        return await wait_for(asyncio.get_running_loop().create_future(), gone.get)

    assert asyncio.run(leaves()) is False


def test_a_reader_that_takes_nothing_counts_as_gone() -> None:
    told = []

    async def streams(_scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"all that fits", "more_body": True})
        await send({"type": "http.response.body", "body": b"not taken", "more_body": True})
        told.append((await receive())["type"])
        await send({"type": "http.response.body", "body": b"not sent"})

    sent = _run(Rates(streams, 0.0, 0.0, 0.01, with_loopback=False), fits=2)
    assert told == ["http.disconnect"]
    assert [message.get("body") for message in sent] == [None, b"all that fits"]


def test_a_slow_reader_gets_all_in_order_and_one_that_is_cancelled_is_let_go() -> None:
    """The network makes the service wait for each part, a hundredth of the patience long."""
    ended = []

    async def streams(_scope: Scope, _receive: Receive, send: Send) -> None:
        try:
            for number in range(50):
                await send({"type": "http.response.body", "body": bytes([number]), "more_body": True})
        finally:
            ended.append(True)

    async def waits(sent: list[bytes], stuck_at: int) -> None:
        async def send(message: Message) -> None:
            for _ in range(3):  # several things to wait for within one sending
                await asyncio.sleep(0)
            if len(sent) == stuck_at:
                await asyncio.Future[None]()
            sent.append(message["body"])

        async def receive() -> Message:
            raise AssertionError

        app = Rates(streams, 0.0, 0.0, 60.0, with_loopback=False)
        await app({"type": "http", "client": VISITOR}, receive, send)

    sent: list[bytes] = []
    asyncio.run(waits(sent, -1))
    assert sent == [bytes([number]) for number in range(50)]
    assert ended == [True]

    async def cancelled() -> None:
        task = asyncio.create_task(waits([], 7))
        for _ in range(200):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    assert ended == [True, True]


def test_what_goes_wrong_while_sending_is_told() -> None:
    async def streams(_scope: Scope, _receive: Receive, send: Send) -> None:
        with pytest.raises(OSError, match="broken"):
            await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(_message: Message) -> None:
        await asyncio.sleep(0)
        raise OSError("broken")

    async def receive() -> Message:
        raise AssertionError

    app = Rates(streams, 0.0, 0.0, 60.0, with_loopback=False)
    asyncio.run(app({"type": "http", "client": VISITOR}, receive, send))


def _run(app: Rates, fits: int = 1_000) -> list[Message]:
    """What an application sends to a visitor who takes so many messages, then none."""
    sent: list[Message] = []

    async def receive() -> Message:
        await asyncio.Future[None]()
        raise AssertionError

    async def send(message: Message) -> None:
        if len(sent) == fits:
            await asyncio.Future[None]()
        sent.append(message)

    asyncio.run(app({"type": "http", "client": VISITOR}, receive, send))
    return sent
