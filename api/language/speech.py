"""Phrases of the layers in the reader's language."""

from __future__ import annotations

from dataclasses import dataclass

from babel import Locale

from api.language.translate import SOURCE_LANGUAGE, Language, translate


@dataclass(frozen=True, slots=True)
class Spoken:
    """A language that phrases are said in, as ``layers.records.phrases.say`` asks for it."""

    lang: Language

    def text(self, message: str) -> str:
        """Return a message in it."""
        return translate(message, self.lang)

    def number(self, digits: str) -> str:
        """Return a number, given with commas between thousands and a decimal point, with the signs of the language."""
        return with_own_signs(digits, self.lang)


def with_own_signs(digits: str, lang: Language) -> str:
    """Return a number, given with commas between thousands and a decimal point, with the signs of a language."""
    if lang == SOURCE_LANGUAGE:
        return digits
    signs = Locale.parse(lang).number_symbols["latn"]
    own = {",": signs["group"], ".": signs["decimal"]}
    return "".join(own.get(sign, sign) for sign in digits)
