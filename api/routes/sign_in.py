"""Staff sign in on a page with their key, and out again. The key is sent in the body once, and kept nowhere."""

from __future__ import annotations

import logging
import re
import threading
import time
from typing import Annotated, Any, Final, cast

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse

from api.deps import LanguageDep, known_parameters
from api.language.translate import Language
from api.rendering.pages import render
from api.routes.found import HTML
from api.routes.links import Links, tongues
from api.web.description import REFUSED, given
from api.web.errors import KeyRefused
from api.web.rates import Rate, counted_address
from api.web.signed_in import (
    FORM,
    SignedIn,
    ended_cookie,
    form_fields,
    held_cookie,
    held_secret,
    is_unread_on_its_way,
    reader_now,
    require_own_page,
    require_token,
)
from layers.catalogue.base import PUBLIC, STAFF
from layers.errors import LayersError, NotAllowed
from layers.postgres.engine import noting, reading
from layers.schema.access import holder_of
from layers.schema.sign_ins import begin_sign_in, end_sign_in, note_refused_sign_ins
from layers.settings import get_settings

router = APIRouter(tags=["pages"], dependencies=[Depends(known_parameters)])

WRITTEN: Final = re.compile(r"obod_[0-9a-f]{16}_[0-9a-f]{64}", re.ASCII)  # a key; what is none is looked up nowhere
REFUSED_EVERY_S: Final = 12.0  # seconds in which an address may send one more key that is not good
AT_ONCE_S: Final = 60.0  # of these, what it may send at once: five
ENTERED_EVERY_S: Final = 60.0  # seconds between two entries of refused keys in the audit log, of one process
SECONDS_PER_HOUR: Final = 3600.0

# What is said where nobody is signed in, by status.
NO_KEY: Final = "This is not a key that is good. Look whether it is whole, or ask whoever gave it to you for a new one."
OF_PARTNERS: Final = (
    "Only staff sign in on the page. Partners send their key with a program; the documentation of the API tells how."
)
READ_ALONG: Final = "Here a key could be read on its way. Signing in needs an address that begins with https."
TOO_MANY: Final = "Too many keys that are not good were sent from here. Wait a minute."
MESSAGES: Final = (NO_KEY, OF_PARTNERS, READ_ALONG, TOO_MANY)
UNAUTHORISED, FORBIDDEN, TOO_OFTEN = 401, 403, 429

log = logging.getLogger(__name__)


class RefusedKeys:
    """Keys that were refused: how many an address may send, and what the audit log is told of them.

    A good key is let in whatever else came from its address: nobody can be locked out by somebody else's guesses, and
    256 random bits are guessed by nobody.
    """

    def __init__(self) -> None:
        self._rate = Rate(1.0 / REFUSED_EVERY_S, AT_ONCE_S)
        self._untold = 0
        self._told_at = -ENTERED_EVERY_S
        self._lock = threading.Lock()

    def take(self, address: str) -> bool:
        """Count a refused key of an address; tell whether it has sent too many."""
        now = time.monotonic()
        with self._lock:
            self._untold += 1
            is_due = now - self._told_at >= ENTERED_EVERY_S
            waits_s = self._rate.take(address, 1.0, now)
        if is_due:
            self.enter()
        return waits_s > 0.0

    def enter(self) -> None:
        """Enter in the audit log how many there were since the last entry; the service calls it every minute.

        Raises
        ------
        LayersError : the database is away; they are told later.
        """
        with self._lock:
            untold, self._untold, self._told_at = self._untold, 0, time.monotonic()
        if not untold:
            return
        try:
            with noting() as connection:
                note_refused_sign_ins(connection, untold)
        except LayersError:
            with self._lock:
                self._untold += untold
            raise


async def _from_own_page(request: Request) -> None:
    require_own_page(request)


async def _token_checked(request: Request) -> SignedIn | None:
    reader = reader_now()
    if reader is not None:
        await require_token(request, reader)
    return reader


Fields = Annotated[dict[str, str], Depends(form_fields)]


def _taking(name: str, *, required: bool) -> dict[str, Any]:
    """Describe the form of one field that an operation takes."""
    schema: dict[str, Any] = {"type": "object", "properties": {name: {"type": "string"}}}
    if required:
        schema |= {"required": [name], "additionalProperties": False}
    return {"requestBody": {"required": required, "content": {FORM: {"schema": schema}}}}


LED: Final[dict[int | str, dict[str, Any]]] = {
    303: {"description": "The page to go on with.", "headers": {"Location": {"schema": {"type": "string"}}}},
    403: {"description": REFUSED["403"]},
}
PAGE: Final = {"content": {HTML: {"schema": {"type": "string"}}}}


@router.get("/sign-in", summary="The page where staff sign in", response_class=Response, responses=given({HTML: None}))
def get_sign_in(request: Request, lang: LanguageDep) -> Response:
    """One field for a key; or, to who is signed in, as whom and until when."""
    refusal = None if is_unread_on_its_way(request.scope) else READ_ALONG
    return _page(request, lang, refusal)


@router.post(
    "/sign-in",
    summary="Sign in with a staff key",
    status_code=303,
    response_class=Response,
    responses={**LED, **{status: PAGE | {"description": REFUSED["401"]} for status in (UNAUTHORISED, TOO_OFTEN)}},
    openapi_extra=_taking("key", required=True),
    dependencies=[Depends(_from_own_page)],
)
def sign_in(request: Request, lang: LanguageDep, fields: Fields) -> Response:
    """Check the key and give the browser a cookie that stands for it until it ends, at most for some hours."""
    if not is_unread_on_its_way(request.scope):
        return _page(request, lang, READ_ALONG, FORBIDDEN)
    key = fields.get("key", "").strip()
    try:
        if not WRITTEN.fullmatch(key):
            raise KeyRefused(NO_KEY)
        with reading(PUBLIC) as connection:
            holder = holder_of(connection, key)
    except NotAllowed:
        return _refused(request, lang)
    if holder.audience is not STAFF:
        return _page(request, lang, OF_PARTNERS, FORBIDDEN)
    seconds = round(get_settings().sign_in_hours * SECONDS_PER_HOUR)
    with noting() as connection:
        if (former := held_secret(request.scope)) is not None:
            end_sign_in(connection, former)
        secret, _until = begin_sign_in(connection, holder, seconds)
    return _led(Links(request.scope.get("root_path", ""), lang).page(), held_cookie(request.scope, secret, seconds))


@router.post(
    "/sign-out",
    summary="Sign out",
    status_code=303,
    response_class=Response,
    responses=LED,
    openapi_extra=_taking("token", required=False),
    dependencies=[Depends(_token_checked)],
)
def sign_out(request: Request, lang: LanguageDep) -> Response:
    """End the sign-in of this browser; the token of the page is needed only where somebody is signed in."""
    secret = held_secret(request.scope)
    if secret is not None:
        with noting() as connection:
            end_sign_in(connection, secret)
    return _led(Links(request.scope.get("root_path", ""), lang).sign_in(), ended_cookie(request.scope))


def _refused(request: Request, lang: Language) -> Response:
    refused = cast(RefusedKeys, request.app.state.refused_keys)
    has_too_many = refused.take(counted_address(request.scope, with_loopback=True) or "")
    return _page(request, lang, *((TOO_MANY, TOO_OFTEN) if has_too_many else (NO_KEY, UNAUTHORISED)))


def _page(request: Request, lang: Language, refusal: str | None, status: int = 200) -> Response:
    links = Links(request.scope.get("root_path", ""), lang)
    content = render(
        "sign_in.html",
        lang=lang,
        base=links.base,
        tongues=tongues(request),
        synthetic=False,
        refusal=refusal,
        is_open=refusal is not READ_ALONG,
        address=links.sign_in(),
        start=links.page(),
    )
    headers = {"Cache-Control": "private, no-store", "Vary": "Accept-Language"}
    if status == UNAUTHORISED:
        headers["WWW-Authenticate"] = "Bearer"
    if status == TOO_OFTEN:
        headers["Retry-After"] = f"{AT_ONCE_S:.0f}"
    return HTMLResponse(content, status, headers)


def _led(address: str, cookie: str) -> Response:
    return Response(
        status_code=303, headers={"Location": address, "Set-Cookie": cookie, "Cache-Control": "private, no-store"}
    )
