"""What is said of a layer where it is switched on: where it is from, of which day, and how exact it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from typing import Final

from api.language.translate import Language, number, translate
from layers.features.accuracy import Accuracy
from layers.features.provenance import Source

CELLS: Final = "cells of {size} m"
CELLS_BETWEEN: Final = "cells of {finest}–{coarsest} m"
POSITION: Final = "position to {size} m or better; stated for {stated} of {rows}"
AGREED: Final = "outlines agree with a second source to {percent} % or better"
NOT_STATED: Final = "accuracy not stated"
MESSAGES: Final = (CELLS, CELLS_BETWEEN, POSITION, AGREED, NOT_STATED)


@dataclass(frozen=True, slots=True)
class Credit:
    """A source of a layer on the map, with the layer's title (message id)."""

    title: str
    about: Source


def tell_accuracy(accuracy: Accuracy, lang: Language) -> str:
    """Return how exact a layer is as a phrase; that it is not stated where nothing is on record."""
    return ", ".join(_said(accuracy, lang)) or translate(NOT_STATED, lang)


def _said(accuracy: Accuracy, lang: Language) -> Iterator[str]:
    if accuracy.cells_m is not None:
        finest, coarsest = (number(size, lang) for size in accuracy.cells_m)
        said = translate(CELLS if finest == coarsest else CELLS_BETWEEN, lang)
        yield said.format(size=finest, finest=finest, coarsest=coarsest)
    if accuracy.position_m is not None:
        counts = {"stated": number(accuracy.stated, lang), "rows": number(accuracy.rows, lang)}
        yield translate(POSITION, lang).format(size=number(accuracy.position_m, lang), **counts)
    if accuracy.agreed is not None:
        yield translate(AGREED, lang).format(percent=number(accuracy.agreed, lang))


def credits_of(sources: tuple[Source, ...], titles: Mapping[str, str]) -> list[Credit]:
    """Return the sources with the titles of their layers, by public name."""
    return [Credit(titles[source.layer], source) for source in sources]


def attribution(sources: tuple[Source, ...], seen: set[str], lang: Language) -> str:
    """Return sources and licences of the layers that are seen at first, each once, as HTML for Leaflet."""
    said = [
        f"{source.source} ({source.licence})" if source.licence else source.source
        for source in sources
        if source.layer in seen and source.source
    ]
    notes = [translate("Boundaries are not official.", lang).rstrip("."), *dict.fromkeys(said)]
    return escape("; ".join(notes))
