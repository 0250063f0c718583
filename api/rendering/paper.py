"""Pages as paper: HTML that needs nothing beside it, and PDF made of it. Nothing is fetched from anywhere."""

from __future__ import annotations

import threading
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from api.language.translate import Language
from api.rendering.assets import OWN
from api.rendering.pages import render
from layers.errors import LayersError

STYLE: Final = OWN / "css" / "sheet.css"
FONT: Final = "DejaVuSans.ttf"  # has every letter of Tajik, and is free to embed
FONT_FOLDERS: Final = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path.home() / ".local/share/fonts")
NO_PANGO: Final = (
    "A PDF needs the library Pango, which is not on this machine (Debian: libpango-1.0-0 libpangoft2-1.0-0 "
    "libharfbuzz-subset0); HTML needs nothing."
)
NO_FONT: Final = "A PDF needs the font DejaVu Sans, which is not on this machine (Debian: fonts-dejavu-core)."
_ONE_AT_A_TIME: Final = threading.Lock()  # laying out takes a core for seconds


def render_sheet(template: str, *, lang: Language, base: str = "", alone: bool, **values: Any) -> str:
    """Return the HTML of a sheet; ``alone``: its style stands in it, else it is asked for below ``base``."""
    style = STYLE.read_text(encoding="utf-8") if alone else None
    return render(template, lang=lang, base=base, style=style, **values)


def make_pdf(html: str) -> bytes:
    """Return a sheet that stands alone as PDF, its fonts embedded.

    Raises
    ------
    LayersError : Pango or the font is not on this machine; says what to install.
    """
    try:
        from weasyprint import HTML
        from weasyprint.urls import URLFetcher
    except OSError:
        raise LayersError(NO_PANGO) from None
    if not _has_font():
        raise LayersError(NO_FONT)
    with _ONE_AT_A_TIME:
        # All that a sheet needs stands in it: nothing is fetched, by no protocol.
        pdf = HTML(string=html, url_fetcher=URLFetcher(allowed_protocols=())).write_pdf()
    assert isinstance(pdf, bytes)
    return pdf


@lru_cache
def _has_font() -> bool:
    return any(True for folder in FONT_FOLDERS if folder.is_dir() for _ in folder.rglob(FONT))
