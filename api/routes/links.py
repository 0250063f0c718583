"""Addresses of pages in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from fastapi import Request

from api.language.translate import LANGUAGES, OWN_NAMES, Language
from api.routes.picked import Picked


class Links:
    """Addresses of pages in one language."""

    def __init__(self, base: str, lang: Language) -> None:
        self.base = base
        self.lang = lang

    def page(self, **asked: str | None) -> str:
        return f"{self.base}/?{self._query(asked)}"

    def map(self, picked: Picked) -> str:
        asked = {"district": picked.district, "jamoat": picked.jamoat, "plot": picked.plot, **picked.view.asked()}
        return f"{self.base}/maps/plots?{self._query(asked)}"

    def compare(self, district: str, run: int | None = None) -> str:
        return f"{self.base}/compare?{self._query({'district': district, 'run': None if run is None else str(run)})}"

    def after_repair(self, district: str) -> str:
        return f"{self.base}/districts/{district}/after-repair?{self._query({})}"

    def sign_in(self) -> str:
        return f"{self.base}/sign-in?{self._query({})}"

    def water(self, district: str | None) -> str:
        return f"{self.base}/water?{self._query({'district': district})}"

    def _query(self, asked: Mapping[str, str | None]) -> str:
        return urlencode({key: value for key, value in {**asked, "lang": self.lang}.items() if value}, safe="/,:")


def tongues(request: Request) -> list[tuple[Language, str, str]]:
    """The same page in every language: code, the language's own name, address."""
    return [(code, OWN_NAMES[code], str(request.url.include_query_params(lang=code).query)) for code in LANGUAGES]
