"""Finished files of public plots as answers, for whoever takes them again, or in parts."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import cast

from fastapi.responses import FileResponse
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from api.web.heads import HEAD_ONLY
from layers.features.export import Format
from layers.features.exports import Exports


class FinishedFile(FileResponse):
    """A kept file: with its length, its tag, and in parts."""

    def __init__(self, path: Path, *, media_type: str, headers: Mapping[str, str]) -> None:
        tag = f'"{path.stem.rpartition("-")[2]}"'
        super().__init__(path, media_type=media_type, headers={**headers, "ETag": tag}, stat_result=path.stat())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; of one that asks for the head alone the file is not read."""
        await super().__call__({**scope, "method": "HEAD"} if scope.get(HEAD_ONLY) else scope, receive, send)


def kept_file(
    request: Request, token: str, wanted: Format, parts: Callable[[], Generator[bytes, None, None]], *, whole: bool
) -> Path | None:
    """Return the finished file; None if it is not at hand and nobody needs it whole.

    ``whole``: its form cannot leave as it is read. Whoever asks for the head or a part of it needs it whole too.
    """
    exports = cast(Exports, request.app.state.exports)
    whole = whole or bool(request.scope.get(HEAD_ONLY)) or "range" in request.headers
    return exports.find(token) or (exports.make(token, wanted, parts) if whole else None)
