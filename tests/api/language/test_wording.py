"""Names that are kept short in data are said in words."""

from __future__ import annotations

import pytest

from api.language.translate import LANGUAGES, Language
from api.language.wording import scheme_title
from api.rendering.pages import environment, in_language
from geo.panel.scheme import shipped_schemes


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("en", "Reference weighting; our-panel"),
        ("tg", "Вазнбандии асосӣ; our-panel"),
        ("ru", "Базовая схема весов; our-panel"),
    ],
)
def test_a_template_says_what_a_scheme_is_called(lang: Language, said: str) -> None:
    page = environment.from_string("{{ scheme_title('default') }}; {{ scheme_title('our-panel') }}")
    assert page.render(**in_language(lang)) == said


def test_every_scheme_that_ships_has_a_title_in_every_language() -> None:
    for name in shipped_schemes():
        assert len({scheme_title(name, lang) for lang in LANGUAGES} - {name}) == 3, name
