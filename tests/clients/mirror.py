"""A loopback server that answers as public stores of open data do, faults included; no other host can be reached."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import unquote

import pytest

MODIFIED = formatdate(1_780_000_000, usegmt=True)  # 28 May 2026


@dataclass
class Answer:
    """What is sent for one path. cut : bytes after which the connection ends. headers : beside those that follow."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    etag: str | None = None
    ranges: bool = True
    heeds_if_range: bool = True

    @property
    def tag(self) -> str:
        """Strong validator of the content."""
        return f'"{hashlib.md5(self.body).hexdigest()}"' if self.etag is None else self.etag


@dataclass
class Asked:
    """One request, as it came."""

    method: str
    path: str
    headers: dict[str, str]


class Mirror:
    """Answers by path, query included where one is given; the answers in ``first`` go before, one a request."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer | Callable[[], Answer]] = {}
        self.first: dict[str, list[Answer]] = {}
        self.log: list[Asked] = []
        handler = type("Handler", (_Handler,), {"mirror": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.other = f"http://localhost:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    def put(self, path: str, body: bytes | str, **how: Any) -> str:
        """Have a path answered; return its address."""
        self.answers[path] = Answer(body.encode() if isinstance(body, str) else body, **how)
        return self.url + path

    def fault(self, path: str, *answers: Answer) -> None:
        """Have the next requests of a path go wrong."""
        self.first.setdefault(path, []).extend(answers)

    def asked(self, path: str) -> list[Asked]:
        """Return all requests that brought content of a path, in their order."""
        return [asked for asked in self.log if asked.path == path and asked.method == "GET"]

    def answer(self, path: str) -> Answer:
        """Return what comes next for a path."""
        if self.first.get(path):
            return self.first[path].pop(0)
        found = self.answers.get(path) or self.answers.get(path.partition("?")[0])
        if found is None:
            return Answer(b"no such file", status=404)
        return found() if callable(found) else found

    def end(self) -> None:
        """Stop the server."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    mirror: Mirror

    def do_GET(self) -> None:
        self._send(body=True)

    def do_HEAD(self) -> None:
        self._send(body=False)

    def _send(self, *, body: bool) -> None:
        path = unquote(self.path)
        asked = Asked(self.command, path, dict(self.headers))
        self.mirror.log.append(asked)
        answer = self.mirror.answer(path)
        status, content, extra = answer.status, answer.body, dict(answer.headers)
        if status == 200:
            extra = {"ETag": answer.tag, "Last-Modified": MODIFIED, "Content-Type": "application/octet-stream"} | extra
            status, content, part = _partial(answer, asked.headers)
            extra |= part
        self.send_response(status)
        for name, value in extra.items():
            if value:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if not body or status == 304:
            return
        if answer.cut is not None and answer.cut < len(content):
            self.wfile.write(content[: answer.cut])
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def _partial(answer: Answer, headers: dict[str, str]) -> tuple[int, bytes, dict[str, str]]:
    """What RFC 9110 has of a request with conditions: nothing new, a part, or the whole."""
    if answer.tag and headers.get("If-None-Match") == answer.tag:
        return 304, b"", {}
    asked = headers.get("Range")
    current = headers.get("If-Range") in (None, answer.tag, MODIFIED) or not answer.heeds_if_range
    if asked is None or not answer.ranges or not current:
        return 200, answer.body, {}
    start = int(asked.removeprefix("bytes=").partition("-")[0])
    if start >= len(answer.body):
        return 416, b"", {}
    rest = answer.body[start:]
    return 206, rest, {"Content-Range": f"bytes {start}-{len(answer.body) - 1}/{len(answer.body)}"}


@contextmanager
def running_mirror() -> Iterator[Mirror]:
    """Run a mirror, and refuse every connection to another host meanwhile."""
    mirror = Mirror()
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and address[0] not in ("127.0.0.1", "::1", "localhost"):
            raise AssertionError(f"a connection to {address} left the machine")
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded)
        try:
            yield mirror
        finally:
            mirror.end()
