"""What routes ask for: who calls, in which language, and what is served now."""

from __future__ import annotations

import hashlib
import math
import re
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final, cast

import orjson
from fastapi import Depends, Header, Query, Request, Response, Security
from fastapi.concurrency import run_in_threadpool
from fastapi.security import APIKeyHeader, HTTPBearer

from api.language.translate import LANGUAGES, Language, language_of
from api.web.compression import CODINGS, compress
from api.web.errors import KeyRefused
from api.web.preferences import IDENTITY, choose_encoding
from api.web.signed_in import CHANGES_NOTHING, reader_now, require_token
from layers.cache.background import BACKGROUND
from layers.cache.memory import Memo
from layers.catalogue.base import PUBLIC, Audience
from layers.errors import BadFilter, LayersError, NotAllowed
from layers.features.features import nearest, require_code
from layers.postgres.engine import noting, reading
from layers.records.audit import Act, note_reading
from layers.records.snapshot import SnapshotCache
from layers.schema.access import EXPIRED, KeyHolder, holder_of, note_use
from layers.settings import get_settings
from layers.tiles.cache import TileCache
from layers.tiles.raster_tiles import RasterFiles

JSON: Final = "application/json"
# How a key may be sent, as the description of the API tells it.
KEY: Final = APIKeyHeader(
    name="X-API-Key", scheme_name="key", description="Key of a partner or of staff.", auto_error=False
)
BEARER: Final = HTTPBearer(scheme_name="bearer", description="The same key.", auto_error=False)
NOTED_EVERY_S: Final = 60.0  # seconds between two notes that a key was used, in one process


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls. A key for some districts opens more only there; elsewhere its holder is the public."""

    audience: Audience = PUBLIC
    districts: frozenset[str] | None = None
    key_id: str | None = None

    def audience_in(self, district: str | None) -> Audience:
        """Return the audience that holds in a district (None = anywhere)."""
        if self.districts is None or district in self.districts:
            return self.audience
        return PUBLIC


class Callers:
    """Callers by key, checked in the database and remembered for ``key_seconds`` of the settings.

    When a key was last used is kept in the background, so that no request waits for it.
    """

    def __init__(self) -> None:
        settings = get_settings()
        self._known: Memo[bytes, KeyHolder] = Memo(
            "keys", most=settings.keys_in_memory, good_for_s=settings.key_seconds
        )
        self._noted: dict[str, float] = {}  # seconds of the monotonic clock by public half of a key

    def of(self, key: str) -> Caller:
        """Return who holds a key.

        Raises
        ------
        KeyRefused : it is not known, was revoked or has expired.
        """

        def check() -> KeyHolder:
            try:
                with reading(PUBLIC) as connection:
                    return holder_of(connection, key)
            except NotAllowed as refusal:
                raise KeyRefused(str(refusal)) from None

        holder = self._known.get(hashlib.sha256(key.encode()).digest(), check)
        if holder.expires_at <= datetime.now(UTC):  # since it was checked
            raise KeyRefused(EXPIRED)
        return self.for_holder(holder)

    def for_holder(self, holder: KeyHolder) -> Caller:
        """Return whoever calls with a key that was found good, and keep that it was used."""
        self._note(holder.key_id)
        districts = None if holder.districts is None else frozenset(holder.districts)
        return Caller(holder.audience, districts, holder.key_id)

    def _note(self, key_id: str) -> None:
        now = time.monotonic()
        if now - self._noted.get(key_id, -math.inf) < NOTED_EVERY_S:
            return
        self._noted[key_id] = now

        def note() -> None:
            with suppress(LayersError), noting() as connection:  # the database is away: the next use is kept
                note_use(connection, key_id)

        BACKGROUND.ask(("key used", key_id), note)


# Dependencies that only look at the request are coroutines: a plain function would wait for a thread of its own.


async def get_caller(
    request: Request,
    authorization: Annotated[str | None, Header(include_in_schema=False)] = None,
    x_api_key: Annotated[str | None, Header(include_in_schema=False)] = None,
    _key: Annotated[object, Security(KEY)] = None,
    _bearer: Annotated[object, Security(BEARER)] = None,
) -> Caller:
    """Return who calls, by ``X-API-Key`` or ``Authorization: Bearer``, else who is signed in, else the public.

    Raises
    ------
    KeyRefused : the key is not good, or not sent as one.
    NotFromPage : something is to be changed for somebody signed in, and no page of ours asks for it.
    """
    key = x_api_key
    if key is None and authorization is not None:
        scheme, _, key = authorization.partition(" ")
        if scheme.lower() != "bearer":
            raise KeyRefused("A key is sent as X-API-Key or as Authorization: Bearer.")
    callers = cast(Callers, request.app.state.callers)
    if key is None:
        reader = reader_now()
        if reader is None:
            return Caller()
        if request.method not in CHANGES_NOTHING:
            await require_token(request, reader)
        return callers.for_holder(reader.holder)
    return await run_in_threadpool(callers.of, key.strip())


async def get_language(
    lang: Annotated[
        str | None, Query(description="Language of names and texts.", json_schema_extra={"enum": [*LANGUAGES]})
    ] = None,
    accept_language: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> Language:
    """Return the language to answer in: ``lang``, else the best the caller accepts.

    Raises
    ------
    BadFilter : there is no such language; names them.
    """
    if lang is not None:
        require_code("language", lang, LANGUAGES)
    return language_of(lang, accept_language)


async def get_snapshot(request: Request) -> SnapshotCache:
    """Return what this process knows of what is served."""
    return cast(SnapshotCache, request.app.state.served)


async def get_tile_cache(request: Request) -> TileCache:
    """Return the finished tiles of this process."""
    return cast(TileCache, request.app.state.tiles)


async def get_raster_files(request: Request) -> RasterFiles:
    """Return what this process knows of the files of grids."""
    return cast(RasterFiles, request.app.state.raster_files)


async def known_parameters(request: Request) -> None:
    """Refuse a query parameter the route does not have; a misspelt filter must not read as no filter.

    One that takes a single value is refused if it is given twice, since caches and proxies take different ones of them.
    A whole number is written in digits: ``1_0`` and the digits of other scripts are the same number under other names.

    Raises
    ------
    BadFilter : names the unknown parameter and the nearest known one, or what a known one takes.
    """
    route = request.scope["route"]
    described = request.app.openapi()["paths"][route.path_format][request.method.lower()].get("parameters", [])
    known = {item["name"]: _types(item["schema"]) for item in described if item["in"] == "query"}
    for name in request.query_params:
        if name not in known:
            raise BadFilter(f"There is no parameter {name!r}{nearest(name, known)}.")
        texts = request.query_params.getlist(name)
        if len(texts) > 1 and "array" not in known[name]:
            raise BadFilter(f"{name} may be given only once.")
        if "integer" in known[name]:
            _require_digits(name, texts[0])
    for item in described:
        if item["in"] == "path" and "integer" in _types(item["schema"]):
            _require_digits(item["name"], request.path_params[item["name"]])


def _types(schema: dict[str, Any]) -> set[str]:
    """Types a JSON Schema lets a parameter be of."""
    return {str(part.get("type")) for part in (schema, *schema.get("anyOf", ()))}


def _require_digits(name: str, text: str) -> None:
    if not _WHOLE.fullmatch(text):
        raise BadFilter(f"{name} needs a whole number, not {text!r}.")


_WHOLE: Final = re.compile(r"-?[0-9]+")


def enter_reading(caller: Caller, district: str | None, what: Act, layer: str, rows: int | None) -> None:
    """Enter in the audit log that a key reads what is not public; called before the answer leaves.

    Raises
    ------
    DatabaseUnavailable : it cannot be entered; then nothing is given out.
    """
    audience = caller.audience_in(district)
    if audience is PUBLIC:
        return
    with noting() as connection:
        places = sorted(caller.districts or ()) or None if district is None else [district]
        note_reading(connection, what, caller.key_id, audience, layer, places, rows)


def json_answer(content: Any, *, in_language: bool = False) -> Response:
    """Return JSON that may be kept but is to be asked for again; ``bytes`` are JSON already.

    ``in_language``: it holds words in the language of the reader.
    """
    body = content if isinstance(content, bytes) else orjson.dumps(content)
    vary = {"Vary": "Accept-Language"} if in_language else {}
    return Response(body, media_type=JSON, headers={"Cache-Control": "no-cache", **vary})


def packed(request: Request, body: bytes, media_type: str, headers: dict[str, str]) -> Response:
    """Return an answer, compressed here if the caller takes that.

    The middleware would do it in the event loop, where everybody waits for it; a route has a thread of its own.
    """
    vary = ", ".join(filter(None, (headers.get("Vary"), "Accept-Encoding")))
    headers = {**headers, "Vary": vary}
    coding = choose_encoding(request.headers.get("accept-encoding"), CODINGS)
    if coding != IDENTITY:
        body, headers["Content-Encoding"] = compress(body, coding), coding
    return Response(body, media_type=media_type, headers=headers)


CallerDep = Annotated[Caller, Depends(get_caller)]
LanguageDep = Annotated[Language, Depends(get_language)]
SnapshotDep = Annotated[SnapshotCache, Depends(get_snapshot)]
TilesDep = Annotated[TileCache, Depends(get_tile_cache)]
FilesDep = Annotated[RasterFiles, Depends(get_raster_files)]
