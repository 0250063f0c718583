"""HTML of pages and cards: Jinja templates with the reader's language, numbers and dates built in."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from api.language.translate import Language, day, number, translate
from api.rendering import assets

TEMPLATES: Final = Path(__file__).parent / "templates"

environment: Final = Environment(
    loader=FileSystemLoader(TEMPLATES),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


# Jinja's own ``capitalize`` makes every other letter small.
environment.filters["capitalised"] = lambda text: text[:1].upper() + text[1:]


def render(template: str, *, lang: Language, base: str, **values: Any) -> str:
    """Return a template's HTML in ``lang``; ``base`` is the service's root path (empty at the root of a host)."""
    return environment.get_template(template).render(
        **in_language(lang), base=base, asset=partial(assets.address, base), **values
    )


def in_language(lang: Language) -> Mapping[str, Any]:
    """Return what templates use to speak one language: ``_``, ``number``, ``day`` and its code ``lang``."""
    return {
        "_": partial(translate, lang=lang),
        "number": partial(number, lang=lang),
        "day": partial(day, lang=lang),
        "lang": lang,
    }
