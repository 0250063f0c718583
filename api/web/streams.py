"""Answers that leave as they are made."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from itertools import chain

from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from api.web.compression import CODINGS, coded_tag
from api.web.errors import AnswerCut
from api.web.preferences import choose_encoding
from api.web.tags import is_known
from layers.errors import LayersError, as_disk_refusal


def known_stream(request: Request, headers: dict[str, str], token: str) -> Response | None:
    """Give a stream its tag, by a token that stands for its contents; return what is said to whoever has it already.

    Nothing has to be read then. A tag is that of a coding, which is chosen as it will be once the stream is made.
    """
    tag = headers["ETag"] = f'"{token}"'
    coded = coded_tag(tag, choose_encoding(request.headers.get("accept-encoding"), CODINGS))
    if not is_known(request.headers.get("if-none-match", "").encode("latin-1") or None, coded.encode()):
        return None
    vary = ", ".join(filter(None, (headers.get("Vary"), "Accept-Encoding")))
    return Response(status_code=304, headers={**headers, "ETag": coded, "Vary": vary})


class BegunStream(StreamingResponse):
    """A stream whose first part is already made: what is wrong with it is said before the answer begins.

    What goes wrong later, such as a database that goes away, is one line of the log, and the answer is cut: its reader
    can tell that it is not whole. However it ends, also when its reader goes early, the stream is closed, and with it
    what it reads from.
    """

    def __init__(self, stream: Generator[bytes, None, None], *, media_type: str, headers: Mapping[str, str]) -> None:
        self._stream = stream
        super().__init__(chain((next(stream),), _told(stream)), media_type=media_type, headers=headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            await super().__call__(scope, receive, send)
        except LayersError as refusal:
            raise AnswerCut(str(refusal)) from None
        finally:
            self._stream.close()  # at once: a thread is not given to whoever has gone


def _told(stream: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the parts of a stream; what a disk refuses becomes a refusal, or it would look like a reader who left."""
    try:
        yield from stream
    except OSError as error:
        raise as_disk_refusal(error) or error from error
