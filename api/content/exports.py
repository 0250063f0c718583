"""Files of plots as answers: as they are read, or finished ones for whoever takes them again, or in parts."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import Final, cast

from fastapi.responses import FileResponse
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from api.web.heads import HEAD_ONLY
from layers.catalogue.base import Audience
from layers.catalogue.land import Plot
from layers.features.export import About, Format, stream_csv, stream_geojson, write_file
from layers.features.exports import Exports
from layers.features.file_dictionary import CSVW_TYPE
from layers.features.paging import Listing
from layers.postgres.engine import reading
from layers.settings import get_settings

CHUNK: Final = 1 << 16  # bytes read at a time from a finished file
AS_READ: Final = {Format.CSV: stream_csv, Format.GEOJSON: stream_geojson}  # forms that leave as they are read


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


def file_parts(
    audience: Audience, listing: Listing, wanted: Format, about: About, limit: int | None
) -> Generator[bytes, None, None]:
    """Yield a file: as its rows are read, or written first, so that the database is let go before the first byte."""
    seconds = get_settings().export_seconds
    if wanted in AS_READ:
        with reading(audience, timeout_s=seconds) as connection:
            yield from AS_READ[wanted](connection, listing, about, limit)
        return
    with tempfile.TemporaryDirectory(prefix="obod-export-") as folder:
        path = Path(folder) / f"plots.{wanted}"
        with reading(audience, timeout_s=seconds) as connection:
            write_file(connection, listing, wanted, path, about, limit)
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk


def file_links(request: Request, wanted: Format, rest: Mapping[str, str] | None) -> dict[str, str]:
    """Return the header that says where the columns of a CSV file are described, and where the rest of a cut file is.

    ``rest`` : parameters that ask for the rows that come next; None = these are all.
    """
    links = []
    if wanted is Format.CSV:
        spoken = {name: request.query_params[name] for name in ("lang",) if name in request.query_params}
        columns = request.url_for("get_columns", layer=Plot.__tablename__).include_query_params(**spoken)
        links.append(f'<{columns}>; rel="describedby"; type="{CSVW_TYPE}"')
    if rest is not None:
        links.append(f'<{request.url.include_query_params(**rest)}>; rel="next"; type="{wanted.media_type}"')
    return {"Link": ", ".join(links)} if links else {}
