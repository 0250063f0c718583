"""A closed-loop HTTP client: each of n clients asks for its next address when the last answer has arrived whole.

Plain sockets and one selector, so that the client takes little of the two cores it shares with the server; it
reads as fast as the servers here can send. It sends ``Accept-Encoding: gzip``, as every browser does.
"""

from __future__ import annotations

import gzip
import selectors
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

PATIENCE_S = 60.0  # seconds an answer may take
READ_BYTES = 1 << 18  # bytes taken from a socket at once


@dataclass
class Answer:
    """Status, header fields (names in lower case) and body as sent."""

    status: int
    fields: Mapping[str, str]
    body: bytes

    @property
    def content(self) -> bytes:
        """Body, unpacked."""
        return gzip.decompress(self.body) if self.fields.get("content-encoding") == "gzip" else self.body


@dataclass
class Pass:
    """What a pass over a list of addresses showed; ``seconds`` by address, in the order of the list."""

    seconds: list[float] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    wall_s: float = 0.0

    @property
    def per_s(self) -> float:
        """Answers per second."""
        return len(self.seconds) / self.wall_s

    def quantile_ms(self, share: float) -> float:
        """Time that ``share`` of the answers stayed below, milliseconds."""
        ordered = sorted(self.seconds)
        return 1000.0 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    @property
    def faults(self) -> int:
        """Answers that were neither 200 nor 204 nor 304."""
        return sum(count for status, count in self.statuses.items() if status not in (200, 204, 304))


class _Client:
    """One connection and the answer that is on its way over it."""

    def __init__(self, host: str, port: int) -> None:
        self._address = host, port
        self.connect()

    def connect(self) -> None:
        self.socket = socket.create_connection(self._address, timeout=PATIENCE_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, message: bytes) -> None:
        self.message = message
        self.received = bytearray()
        self.head = -1  # length of the header, -1 = not all there
        self.length = -1  # length of the body, -1 = in chunks
        self.status = 0
        self.socket.sendall(message)

    def done(self, data: bytes) -> bool:
        """Take what has arrived and tell whether the answer is whole."""
        self.received += data
        if self.head < 0:
            end = self.received.find(b"\r\n\r\n")
            if end < 0:
                return False
            self.head = end + 4
            self.status = int(self.received[9:12])
            lower = bytes(self.received[: self.head]).lower()
            at = lower.find(b"\r\ncontent-length:")
            if at >= 0:
                self.length = int(lower[at + 17 : lower.find(b"\r\n", at + 2)])
            elif self.status in (204, 304):
                self.length = 0
        if self.length >= 0:
            return len(self.received) >= self.head + self.length
        return self.received.endswith(b"0\r\n\r\n")


def requests(addresses: Sequence[str], fields: Mapping[str, str] | None = None) -> tuple[str, int, list[bytes]]:
    """Return host, port and the bytes of a GET for each address."""
    parts = [urlsplit(address) for address in addresses]
    said = {"Accept-Encoding": "gzip"} | dict(fields or {})
    extra = "".join(f"{name}: {value}\r\n" for name, value in said.items())
    made = [
        f"GET {part.path}{'?' + part.query if part.query else ''} HTTP/1.1\r\nHost: {part.netloc}\r\n"
        f"{extra}\r\n".encode()
        for part in parts
    ]
    return str(parts[0].hostname), int(parts[0].port or 80), made


def run(
    addresses: Sequence[str], clients: int = 1, *, least_s: float = 0.0, fields: Mapping[str, str] | None = None
) -> Pass:
    """Ask for every address, again and again until ``least_s`` seconds have passed; whole passes only."""
    host, port, messages = requests(addresses, fields)
    found, rounds = Pass(), 1
    began = time.perf_counter()
    queue = _rounds(messages)
    with selectors.DefaultSelector() as selector:
        asked: dict[_Client, float] = {}
        for _ in range(min(clients, len(messages))):
            client = _Client(host, port)
            selector.register(client.socket, selectors.EVENT_READ, client)
            client.ask(next(queue))
            asked[client] = time.perf_counter()
        sent = len(asked)
        while asked:
            ready = selector.select(PATIENCE_S)
            if not ready:
                raise TimeoutError(f"no answer within {PATIENCE_S:g} s")
            for key, _ in ready:
                client = key.data
                data = client.socket.recv(READ_BYTES)
                if not data:  # a server may end a connection between two answers
                    if client.received:
                        raise ConnectionError("the server broke off in the middle of an answer")
                    selector.unregister(client.socket)
                    client.connect()
                    selector.register(client.socket, selectors.EVENT_READ, client)
                    client.ask(client.message)
                    continue
                if not client.done(data):
                    continue
                now = time.perf_counter()
                found.seconds.append(now - asked.pop(client))
                found.sizes.append(len(client.received) - client.head)
                found.statuses[client.status] = found.statuses.get(client.status, 0) + 1
                if sent == rounds * len(messages) and now - began < least_s:
                    rounds += 1
                if sent < rounds * len(messages):
                    client.ask(next(queue))
                    asked[client] = time.perf_counter()
                    sent += 1
                else:
                    selector.unregister(client.socket)
                    client.socket.close()
    found.wall_s = time.perf_counter() - began
    return found


def _rounds(messages: Sequence[bytes]) -> Iterator[bytes]:
    while True:
        yield from messages


def get(address: str, fields: Mapping[str, str] | None = None) -> Answer:
    """Return one answer."""
    host, port, (message,) = requests([address], fields)
    client = _Client(host, port)
    with client.socket:
        client.ask(message)
        while not client.done(data := client.socket.recv(READ_BYTES)):
            if not data:
                raise ConnectionError("the server closed the connection")
    head, _, body = bytes(client.received).partition(b"\r\n\r\n")
    pairs = (line.partition(":") for line in head.decode("latin-1").split("\r\n")[1:])
    named = {name.strip().lower(): value.strip() for name, _, value in pairs}
    return Answer(client.status, named, body if client.length >= 0 else _joined(body))


def _joined(chunked: bytes) -> bytes:
    """Body of an answer that came in chunks (RFC 9112, 7.1)."""
    parts = []
    while chunked:
        size, _, chunked = chunked.partition(b"\r\n")
        length = int(size.partition(b";")[0], 16)
        if length == 0:
            break
        parts.append(chunked[:length])
        chunked = chunked[length + 2 :]
    return b"".join(parts)
