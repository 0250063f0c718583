"""HTML of pages and cards: Jinja templates with the reader's language, numbers and dates built in."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from api.language.translate import Language, clock, count_unreviewed, day, number, translate
from api.language.wording import scheme_title
from api.rendering import assets
from api.rendering.paper_signs import DRAWN_OVER, TILE_MM, sign_of_look
from api.web.signed_in import reader_now

TEMPLATES: Final = Path(__file__).parent / "templates"


def make_environment(folder: Path) -> Environment:
    """Return what renders the templates of a folder as they are now.

    All are read at once and none again: an upgrade that changes files under a running service must not give its code
    templates it does not know.
    """
    made = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        auto_reload=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # Jinja's own ``capitalize`` makes every other letter small.
    made.filters["capitalised"] = lambda text: text[:1].upper() + text[1:]
    made.globals |= {"paper_sign": sign_of_look, "signs_over": DRAWN_OVER, "sign_tile": TILE_MM}
    for name in made.list_templates():
        made.get_template(name)
    return made


environment: Final = make_environment(TEMPLATES)


def render(template: str, *, lang: Language, base: str, **values: Any) -> str:
    """Return a template's HTML in ``lang``; ``base`` is the service's root path (empty at the root of a host)."""
    return environment.get_template(template).render(
        **in_language(lang), base=base, asset=partial(assets.address, base), signed_in=tell_reader(lang), **values
    )


def tell_reader(lang: Language) -> Mapping[str, Any] | None:
    """Return what a page tells whoever is signed in: as whom, until when; None to everybody else."""
    reader = reader_now()
    if reader is None:
        return None
    holder = reader.holder
    return {
        "label": holder.label or holder.key_id,
        "districts": ", ".join(holder.districts or ()),
        "until": clock(holder.expires_at, lang),
        "unreviewed": count_unreviewed(lang),
        "token": reader.token,
    }


def in_language(lang: Language) -> Mapping[str, Any]:
    """Return what templates use to speak one language, and its code ``lang``."""
    return {
        "_": partial(translate, lang=lang),
        "number": partial(number, lang=lang),
        "day": partial(day, lang=lang),
        "scheme_title": partial(scheme_title, lang=lang),
        "lang": lang,
    }
