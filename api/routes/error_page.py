"""What a reader in a browser sees when something is wrong: the same refusal as a page, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from fastapi import Request, Response
from fastapi.responses import HTMLResponse

from api.language.translate import SOURCE_LANGUAGE, language_of
from api.rendering.pages import render
from api.routes.links import Links, tongues

# By name of the problem: what happened, and what to do about it.
SAID: Final[Mapping[str, tuple[str, str]]] = {
    "not-found": (
        "This page is not here",
        "What the address names is not on record; it may have been renamed or taken back. Look for it by its name.",
    ),
    "bad-filter": ("The address is not understood", "Something in the address is mistyped; begin at the first page."),
    "not-allowed": ("This is not open to you", "Ask whoever runs this service for a key."),
    "not-from-page": (
        "No page of this service asked for this",
        "Nothing was changed. Open the page again and repeat it there.",
    ),
    "key-refused": ("The key is not accepted", "Ask whoever runs this service for a new key."),
    "too-much-asked": ("Too much was asked for at once", "Wait a minute, then ask again."),
    "database-unavailable": ("The service cannot reach its data", "Try again in a few minutes."),
    "fault": ("Something went wrong on our side", "Try again; if it stays so, tell whoever runs this service."),
}
OTHERWISE: Final = ("The request is refused", "Begin at the first page.")
MESSAGES: Final = (*OTHERWISE, *(text for both in SAID.values() for text in both))


def wants_page(request: Request) -> bool:
    """Tell whether a browser asks to show an answer as a page; programs and scripts get problem details."""
    return request.method in ("GET", "POST") and "text/html" in request.headers.get("accept", "")


def error_page(request: Request, status: int, name: str, detail: str, headers: Mapping[str, str]) -> Response | None:
    """Return a refusal as a page; None where the caller is no reader.

    The detail, which quotes what was asked for, is in English as in problem details: it stands below, for who helps.
    """
    if not wants_page(request):
        return None
    lang = language_of(request.query_params.get("lang"), request.headers.get("accept-language"))
    base = request.scope.get("root_path", "")
    title, advice = SAID.get(name, OTHERWISE)
    content = render(
        "error.html",
        lang=lang,
        base=base,
        tongues=tongues(request),
        synthetic=False,
        heading=title,
        advice=advice,
        detail=detail,
        detail_lang=SOURCE_LANGUAGE,
        start=Links(base, lang).page(),
    )
    return HTMLResponse(content, status, {**headers, "Cache-Control": "no-store"})
