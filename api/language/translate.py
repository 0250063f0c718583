"""Tajik, Russian and English: message ids to text, numbers and dates by locale, and alphabetical order.

A message id is the English text itself, so English needs no catalogue. Catalogues are read from the ``.po``
files as they are; nothing is compiled. A text missing in Tajik is given in Russian, then in English.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import date, datetime, timedelta, timezone
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Literal, get_args

from babel import Locale
from babel.dates import format_date
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

Language = Literal["tg", "ru", "en"]

LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)
SOURCE_LANGUAGE: Final = "en"
FALLBACKS: Final[Mapping[Language, tuple[Language, ...]]] = {
    "tg": ("tg", "ru", "en"),
    "ru": ("ru", "en"),
    "en": ("en",),
}
OWN_NAMES: Final[Mapping[Language, str]] = {"tg": "Тоҷикӣ", "ru": "Русский", "en": "English"}
CATALOGUES: Final = Path(__file__).parent / "locale"
DUSHANBE: Final = timezone(timedelta(hours=5))  # all year; all of Tajikistan
UNREVIEWED: Final = "unreviewed"  # translator comment on an entry no reader of the language has checked yet

# Cyrillic in the order of the Tajik alphabet, with the letters only Russian uses at their usual places.
# The ``tg`` order of ICU puts ӣ and ӯ elsewhere, so the order is our own.
ALPHABET: Final = "абвгғдеёжзиӣйкқлмнопрстуӯфхҳцчҷшщъыьэюя"
_RANK: Final = {letter: rank for rank, letter in enumerate(ALPHABET)}

# Day before month in both; Tajik month names of CLDR lack the linking -и a reader expects, so digits are shown.
_DATE_PATTERN: Final[Mapping[Language, str]] = {"tg": "dd.MM.y", "ru": "dd.MM.y", "en": "d MMMM y"}


def read_catalogue(lang: Language) -> Catalog:
    """Return the catalogue of ``lang`` as its ``.po`` file has it, comments and flags included."""
    path = CATALOGUES / lang / "LC_MESSAGES" / "obod.po"
    with path.open("rb") as po:
        return read_po(po, locale=lang, domain="obod", abort_invalid=True)


def unreviewed(lang: Language) -> list[Message]:
    """Return the entries of ``lang`` that no reader of the language has checked yet."""
    return [entry for entry in read_catalogue(lang) if entry.id and UNREVIEWED in entry.user_comments]


@lru_cache
def count_unreviewed(lang: Language) -> int:
    """Return how many entries of ``lang`` no reader of the language has checked yet; English has none."""
    return 0 if lang == SOURCE_LANGUAGE else len(unreviewed(lang))


@lru_cache
def _texts(lang: Language) -> Mapping[str, str]:
    if lang == SOURCE_LANGUAGE:
        return {}
    return {str(entry.id): str(entry.string) for entry in read_catalogue(lang) if entry.id and entry.string}


def translate(message: str, lang: Language) -> str:
    """Return ``message`` in ``lang``, or in the next language of its fall-backs; never a key."""
    for language in FALLBACKS[lang]:
        text = _texts(language).get(message)
        if text is not None:
            return text
    return message


def language_of(requested: str | None, accept_language: str | None = None) -> Language:
    """Return the language to answer in.

    ``requested`` (the ``lang`` of a link) wins; then the best of ``accept_language``. A browser set to none of
    the three gets Tajik; a program that states nothing gets English.
    """
    for language in LANGUAGES:
        if requested is not None and requested.casefold() == language:
            return language
    ranges = _accepted(accept_language or "*")
    for accepted in ranges:
        for language in LANGUAGES:
            if accepted.split("-")[0] == language:
                return language
    return "en" if "*" in ranges else "tg"


def _accepted(header: str) -> list[str]:
    """Return the language ranges of an Accept-Language header, best first; refused ones (q=0) are left out."""
    weighed = []
    for part in header.split(","):
        tag, _, quality = part.partition(";")
        try:
            weight = float(quality.partition("=")[2]) if quality else 1.0
        except ValueError:
            weight = 0.0
        if tag.strip() and weight > 0:
            weighed.append((weight, tag.strip().casefold()))
    return [tag for _, tag in sorted(weighed, key=lambda pair: -pair[0])]


LARGEST: Final = 1e15  # above, not every whole number is a double


def number(value: float | None, lang: Language, *, digits: int = 0) -> str:
    """Return ``value`` rounded to ``digits`` decimals with the signs of ``lang``; a dash for None.

    From ``LARGEST`` on it is told as a power of ten: hundreds of digits, of which most mean nothing, are no number.
    """
    if value is None:
        return "–"
    locale = Locale.parse(lang)
    if abs(value) < LARGEST:
        text = format_decimal(value, format="#,##0" + ("." + "0" * digits if digits else ""), locale=locale)
    else:
        text = format_decimal(float(f"{value:.2e}"), format="0.##E0", locale=locale, decimal_quantization=False)
    return text if lang == SOURCE_LANGUAGE else text.replace("-", "\N{MINUS SIGN}")


def day(value: date | datetime | None, lang: Language) -> str:
    """Return a date as people write it in ``lang``; a dash for None."""
    if value is None:
        return "–"
    return format_date(value, _DATE_PATTERN[lang], locale=Locale.parse(lang))


def clock(moment: datetime, lang: Language) -> str:
    """Return a moment as day and time of day at Dushanbe, as people write them in ``lang``."""
    there = moment.astimezone(DUSHANBE)
    return f"{day(there, lang)}, {there:%H:%M}"


def sort_key(text: str, lang: Language) -> tuple[tuple[int, int], ...]:
    """Return a key that sorts ``text`` as a dictionary of ``lang`` does.

    Tajik: ғ after г, ӣ after и, қ after к, ӯ after у, ҳ after х, ҷ after ч, each a letter of its own.
    Russian: ё with е. English: accents ignored. Digits come before letters, the alphabet of the language before
    the other one.
    """
    folded = unicodedata.normalize("NFC", text).casefold()
    if lang == "ru":
        folded = folded.replace("ё", "е")
    cyrillic, latin = (2, 1) if lang == "en" else (1, 2)
    key: list[tuple[int, int]] = []
    for letter in folded:
        if letter in _RANK:
            key.append((cyrillic, _RANK[letter]))
            continue
        base = unicodedata.normalize("NFKD", letter)[0]
        if base.isalpha():
            key.append((latin, ord(base)))
        elif not unicodedata.combining(base):
            key.append((0, ord(base)))
    return tuple(key)


def local_name(names: Mapping[str, Any], lang: Language, *, otherwise: str = "") -> str:
    """Return the name of a place in ``lang`` from ``names`` (keys ``tg``, ``ru``, ``en``), else the next known one."""
    for language in (*FALLBACKS[lang], *LANGUAGES):
        if names.get(language):
            return str(names[language])
    return otherwise


# Endings of Russian names that are adjectives, before the noun; every other name stands after it.
_ADJECTIVES: Final = ("ский", "цкий", "ской")
# Words by which a name says itself what it is the name of.
_SAYS_WHAT: Final = frozenset({"ноҳияи", "ноҳия", "шаҳри", "район", "города", "город", "district", "city"})


def name_district(name: str, lang: Language) -> str:
    """Return the name of a district with the word for it, where the grammar of ``lang`` wants it.

    Раштский район, but район Дусти; ноҳияи Рашт; a name that says what it is stays as it is.
    """
    if not _SAYS_WHAT.isdisjoint(name.casefold().split()):
        return name
    if lang == "ru" and name.endswith(_ADJECTIVES):
        return f"{name} район"
    return translate("{name} district", lang).format(name=name)
