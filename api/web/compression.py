"""Answers compressed as the caller prefers: Zstandard (RFC 8878), Brotli (RFC 7932) or gzip (RFC 1952).

Zstandard and Brotli are those of Arrow, gzip that of ISA-L. Of codings wanted alike, the one that is quickest to make
for its size comes first.
"""

from __future__ import annotations

import zlib
from typing import Any, Final

import pyarrow as pa
from isal import igzip, isal_zlib
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.web.preferences import IDENTITY, choose_encoding
from layers.features.export import Format

ZSTD, BROTLI, GZIP = "zstd", "br", "gzip"
CODINGS: Final = (ZSTD, BROTLI, GZIP)  # of those wanted alike the first
ZSTD_LEVEL: Final = 3  # as small as gzip at 6, several times as fast
BROTLI_LEVEL: Final = 5  # a tenth smaller than gzip; above it the time grows faster than the gain
SMALLEST_LEVEL: Final = 11  # of Brotli, for files that are compressed once
GZIP_LEVEL: Final = 1  # ISA-L level: a tenth smaller than zlib at 1 and in a quarter of its time
SMALLEST_BODY: Final = 500  # bytes; below, a coding gains nothing
LONG_BODY: Final = 64 * 1024  # bytes from which a thread compresses, so that nobody else waits
PACKED: Final = (  # beginnings of media types that are compressed in themselves
    *(kind.removesuffix("*") for kind in DEFAULT_EXCLUDED_CONTENT_TYPES if not kind.startswith("text/")),
    *(kind.media_type for kind in (Format.XLSX, Format.PARQUET)),
)


def compress(body: bytes, coding: str, *, once: bool = False) -> bytes:
    """Return a body in a coding, the same bytes for the same body; ``once``: as small as can be, however long."""
    if coding == ZSTD:
        return bytes(pa.Codec("zstd", compression_level=ZSTD_LEVEL).compress(body, asbytes=True))
    if coding == BROTLI:
        level = SMALLEST_LEVEL if once else BROTLI_LEVEL
        return bytes(pa.Codec("brotli", compression_level=level).compress(body, asbytes=True))
    if coding == GZIP:
        return igzip.compress(body, 3 if once else GZIP_LEVEL, mtime=0)
    return body


def coded_tag(tag: str, coding: str) -> str:
    """Return the tag of the same answer in a coding."""
    return tag if coding == IDENTITY else f'{tag[:-1]}-{coding}"'


class Compression:
    """ASGI middleware: compresses what gains by it and is not compressed yet, whole answers and streams."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        wanted = choose_encoding(Headers(scope=scope).get("accept-encoding"), CODINGS)
        await self.app(scope, receive, _Sender(send, wanted).send)


class _Sender:
    """Passes one answer on, compressed if it gains by that."""

    def __init__(self, send: Send, coding: str) -> None:
        self._send = send
        self._coding = coding
        self._start: Message | None = None
        self._stream: _Stream | None = None

    async def send(self, message: Message) -> None:
        """Pass one message on; the start waits for the first part of the body, by which its fields are decided."""
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=list(message["headers"]))
            packed = headers.get("content-type", "").startswith(PACKED)
            if message["status"] in (204, 206, 304) or "content-encoding" in headers or packed:
                await self._send(message)
                return
            headers.add_vary_header("Accept-Encoding")
            self._start = {**message, "headers": headers.raw}
        elif self._start is not None:
            start, self._start = self._start, None
            await self._begin(start, message)
        elif self._stream is not None:
            await self._send(await _coded_part(self._stream, message))
        else:
            await self._send(message)

    async def _begin(self, start: Message, first: Message) -> None:
        body, more = first.get("body", b""), first.get("more_body", False)
        if self._coding == IDENTITY or (not more and len(body) < SMALLEST_BODY):
            await self._send(start)
            await self._send(first)
            return
        headers = MutableHeaders(raw=start["headers"])
        headers["content-encoding"] = self._coding
        if tag := headers.get("etag"):
            headers["etag"] = coded_tag(tag, self._coding)
        if more:
            del headers["content-length"]
            self._stream = _Stream(self._coding)
            message = await _coded_part(self._stream, first)
        else:
            long = len(body) >= LONG_BODY
            coded = await run_in_threadpool(compress, body, self._coding) if long else compress(body, self._coding)
            headers["content-length"] = str(len(coded))
            message = {**first, "body": coded}
        await self._send({**start, "headers": headers.raw})
        await self._send(message)


async def _coded_part(stream: _Stream, message: Message) -> Message:
    body, last = message.get("body", b""), not message.get("more_body", False)
    return {**message, "body": await run_in_threadpool(stream.code, body, last)}


class _Stream:
    """A body that is compressed as it is made; nothing is held back that has been read."""

    def __init__(self, coding: str) -> None:
        if coding == GZIP:
            self._made: Any = isal_zlib.compressobj(GZIP_LEVEL, wbits=16 + zlib.MAX_WBITS)
        else:
            self._made = _ArrowStream("zstd" if coding == ZSTD else "brotli")

    def code(self, body: bytes, last: bool) -> bytes:
        """Return the coded bytes of a part."""
        coded = self._made.compress(body)
        return bytes(coded + (self._made.flush() if last else self._made.flush(zlib.Z_SYNC_FLUSH)))


class _ArrowStream:
    """A coding of Arrow, at the level that is usual for it, with the calls of zlib."""

    def __init__(self, codec: str) -> None:
        self._sink = _Sink()
        self._stream = pa.CompressedOutputStream(pa.PythonFile(self._sink, mode="w"), codec)

    def compress(self, body: bytes) -> bytes:
        self._stream.write(body)
        return self._sink.take()

    def flush(self, mode: int = zlib.Z_FINISH) -> bytes:
        if mode == zlib.Z_FINISH:
            self._stream.close()
        else:
            self._stream.flush()
        return self._sink.take()


class _Sink:
    """A file that keeps what is written until it is taken."""

    closed = False

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, part: Any) -> int:
        self._parts.append(bytes(part))
        return len(part)

    def flush(self) -> None:
        pass

    def close(self) -> None:
        self.closed = True

    def take(self) -> bytes:
        taken, self._parts = b"".join(self._parts), []
        return taken
