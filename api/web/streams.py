"""Answers that leave as they are made."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from itertools import chain

from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send


class BegunStream(StreamingResponse):
    """A stream whose first part is already made: what is wrong with it is said before the answer begins.

    However it ends, also when its reader goes early, the stream is closed, and with it what it reads from.
    """

    def __init__(self, stream: Generator[bytes, None, None], *, media_type: str, headers: Mapping[str, str]) -> None:
        self._stream = stream
        super().__init__(chain((next(stream),), stream), media_type=media_type, headers=headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._stream.close()  # at once: a thread is not given to whoever has gone
