"""Staff who are signed in on pages: by a cookie that only this service reads, and only for requests of its own pages.

The cookie is ``HttpOnly`` and ``SameSite=Strict``; over https it is ``Secure`` too and bound to this host by its name
(``__Host-``, RFC 6265bis). https is what the server was asked by, or what a trusted proxy says it was. Without https
nobody signs in but on the machine itself, since a key could be read on its way.

Whatever is answered to somebody who is signed in is theirs alone: ``private, no-store``, without a tag. No answer to a
request with a cookie enters the finished answers (``api.web.response_cache``).
"""

from __future__ import annotations

import hashlib
import hmac
from contextvars import ContextVar
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from ipaddress import ip_address
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.web.errors import NotFromPage
from api.web.policy import route_path
from layers.errors import DatabaseUnavailable
from layers.postgres.engine import noting
from layers.schema.access import KeyHolder
from layers.schema.sign_ins import sign_in_holder

SAFE_COOKIE: Final = "__Host-obod"
OPEN_COOKIE: Final = "obod"  # on the machine itself, without https
LONGEST_SECRET: Final = 100  # characters of what a cookie holds; a longer one is none of ours
UNTOUCHED: Final = "/static/"  # what no sign-in changes
CHANGES_NOTHING: Final = ("GET", "HEAD", "OPTIONS")
FORM: Final = "application/x-www-form-urlencoded"
MOST_FIELDS: Final = 50
OF_FORM: Final = "token"  # field of a form that only a page of ours can fill in
OF_REQUEST: Final = "x-obod-token"  # the same as a field of the request, where its body is no form
FORGED: Final = "This did not come from a page of this service; open the page again and repeat it there."
MARKED_ENDED: Final = "{name}=; Max-Age=0; Path=/; HttpOnly; SameSite=Strict"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who is signed in. ``token`` stands in the forms of pages that are shown to them."""

    holder: KeyHolder
    token: str


_READER: ContextVar[SignedIn | None] = ContextVar("signed in", default=None)


def reader_now() -> SignedIn | None:
    """Return who asks for what is being answered, if they are signed in."""
    return _READER.get()


class SignIns:
    """ASGI middleware: finds out who is signed in, and keeps what they are told from everybody else."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        secret = None if scope["type"] != "http" or route_path(scope).startswith(UNTOUCHED) else held_secret(scope)
        if secret is None:
            await self.app(scope, receive, send)
            return
        try:
            holder = await run_in_threadpool(_holder, secret)
            is_over = holder is None
        except DatabaseUnavailable:
            holder, is_over = None, False
        reader = None if holder is None else SignedIn(holder, make_token(secret))

        async def kept_private(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message["headers"])
                headers["cache-control"] = "private, no-store"
                for name in ("etag", "last-modified"):
                    del headers[name]
                if is_over and "set-cookie" not in headers:
                    headers.append("set-cookie", ended_cookie(scope))
                message = {**message, "headers": headers.raw}
            await send(message)

        before = _READER.set(reader)
        try:
            await self.app(scope, receive, kept_private)
        finally:
            _READER.reset(before)


def _holder(secret: str) -> KeyHolder | None:
    with noting() as connection:
        return sign_in_holder(connection, secret)


def held_secret(scope: Scope) -> str | None:
    """Return what the cookie of a request holds, if it has ours."""
    name = cookie_name(scope)
    for sent in Headers(scope=scope).getlist("cookie"):
        try:
            held = SimpleCookie(sent).get(name)
        except CookieError:
            continue
        if held is not None and held.value.isascii() and 0 < len(held.value) <= LONGEST_SECRET:
            return held.value
    return None


def cookie_name(scope: Scope) -> str:
    """Return the name of our cookie on this connection."""
    return SAFE_COOKIE if scope["scheme"] == "https" else OPEN_COOKIE


def held_cookie(scope: Scope, secret: str, seconds: int) -> str:
    """Return the field that has a browser hold a secret for so long."""
    return _secured(scope, f"{cookie_name(scope)}={secret}; Max-Age={seconds}; Path=/; HttpOnly; SameSite=Strict")


def ended_cookie(scope: Scope) -> str:
    """Return the field that has a browser forget it."""
    return _secured(scope, MARKED_ENDED.format(name=cookie_name(scope)))


def _secured(scope: Scope, cookie: str) -> str:
    return f"{cookie}; Secure" if scope["scheme"] == "https" else cookie


def is_unread_on_its_way(scope: Scope) -> bool:
    """Tell whether nobody between browser and service reads along: https, or both are this machine."""
    if scope["scheme"] == "https":
        return True
    host = urlsplit(f"//{Headers(scope=scope).get('host', '')}").hostname or ""
    return _is_loopback((scope.get("client") or ("",))[0]) and (host == "localhost" or _is_loopback(host))


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


def make_token(secret: str) -> str:
    """Return what proves that a form was on a page shown to this browser; the cookie cannot be told from it."""
    return hmac.new(secret.encode(), b"forms of this sign-in", hashlib.sha256).hexdigest()


def require_own_page(request: Request) -> None:
    """Refuse a request that changes something and was not sent by a page of this very service.

    Browsers say where a request comes from (``Sec-Fetch-Site``, else ``Origin``), and no page can say it for them.

    Raises
    ------
    NotFromPage : it comes from elsewhere, or does not say from where.
    """
    site = request.headers.get("sec-fetch-site")
    own = f"{request.url.scheme}://{request.headers.get('host', '')}".lower()
    if site is not None and site != "same-origin":
        raise NotFromPage(FORGED)
    origin = request.headers.get("origin")
    if (origin is not None and origin.lower() != own) or (origin is None and site is None):
        raise NotFromPage(FORGED)


async def require_token(request: Request, reader: SignedIn) -> None:
    """Refuse a request that changes something without the token of the page it was sent from; errors as above."""
    require_own_page(request)
    sent = request.headers.get(OF_REQUEST) or (await form_fields(request)).get(OF_FORM, "")
    if not hmac.compare_digest(sent.encode(), reader.token.encode()):
        raise NotFromPage(FORGED)


async def form_fields(request: Request) -> dict[str, str]:
    """Return what was filled in on a page, by name; nothing where the body is no form."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        return {}
    try:
        text = (await request.body()).decode("ascii")
        return dict(parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS))
    except ValueError:
        return {}
