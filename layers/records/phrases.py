"""Sentences that are told in the reader's language later: a message id, and what is put into it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

M2_PER_HA: Final = 10_000.0
SMALL_HA: Final = 0.01  # ha; less is told in square metres
DIGITS: Final = 3  # of an area under a thousand hectares
AND_MORE: Final = "{listed} and {more} more"
AREA_HA, AREA_M2 = "{area} ha", "{area} m²"
MESSAGES: Final = (AND_MORE, AREA_HA, AREA_M2)


class Area(float):
    """Hectares."""


class Digits(str):
    """A number as English writes it."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Phrase:
    """A message id with what is put in for its names: texts, whole numbers, areas, phrases and lists of them."""

    message: str
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Listed:
    """Some things by name, how many more there are, and what stands between them."""

    things: Sequence[str | Phrase]
    more: int = 0
    between: str = ", "


class Told(str):
    """A sentence, or a part of one, in English, that keeps the phrase it was put together from."""

    phrase: Phrase


class Speech(Protocol):
    """A language."""

    def text(self, message: str) -> str:
        """Return a message in it."""
        ...

    def number(self, digits: str) -> str:
        """Return a number, given as English writes it, as it writes it."""
        ...


class English:
    """The language of message ids."""

    def text(self, message: str) -> str:
        """Return the message."""
        return message

    def number(self, digits: str) -> str:
        """Return the number."""
        return digits


ENGLISH: Final = English()


def say(phrase: Phrase, speech: Speech) -> str:
    """Return a phrase in a language."""
    return speech.text(phrase.message).format(**{name: _said(value, speech) for name, value in phrase.values.items()})


def told(message: str, **values: Any) -> Told:
    """Return a message with its values in English, to be told again in another language."""
    phrase = Phrase(message, values)
    text = Told(say(phrase, ENGLISH))
    text.phrase = phrase
    return text


def retold(text: str, speech: Speech) -> str:
    """Return in a language what was told; any other text as it is."""
    return say(text.phrase, speech) if isinstance(text, Told) else text


def _said(value: Any, speech: Speech) -> str:
    if isinstance(value, Told):
        return retold(value, speech)
    if isinstance(value, Digits):
        return speech.number(value)
    if isinstance(value, Phrase):
        return say(value, speech)
    if isinstance(value, Listed):
        listed = value.between.join(_said(thing, speech) for thing in value.things)
        return say(Phrase(AND_MORE, {"listed": listed, "more": value.more}), speech) if value.more > 0 else listed
    if isinstance(value, Area):
        small = value < SMALL_HA
        number = significant(value * M2_PER_HA, 2) if small else significant(value, DIGITS)
        return speech.text(AREA_M2 if small else AREA_HA).format(area=speech.number(number))
    return speech.number(f"{value:,}") if isinstance(value, int) else str(value)


def significant(value: float, digits: int) -> str:
    """Return a number with so many significant digits, whole ones from a thousand on, as English writes it."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    decimals = max(digits - 1 - math.floor(math.log10(abs(value))), 0)
    told = f"{value:,.{decimals}f}"
    return told.rstrip("0").rstrip(".") if "." in told else told
