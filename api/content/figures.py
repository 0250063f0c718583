"""Hectares and plots by class, made ready to be shown: rows of a table and the parts of a bar."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from api.language.translate import Language, translate
from api.language.wording import CLASS_WORDS
from layers.catalogue.base import Style
from layers.catalogue.land import CLASS_STYLES

ByClass = Mapping[str, Mapping[str, float]]  # class -> plots, area_ha


@dataclass(frozen=True, slots=True)
class Row:
    """One class: its look, plain words (message id), hectares, share 0-1 of all hectares, plots."""

    value: str
    look: Style
    words: str
    area_ha: float
    share: float
    plots: int


@dataclass(frozen=True, slots=True)
class BarPart:
    """A class in a bar: where it starts and how long it is, 0-1 of the bar; ``label`` names it with its code."""

    start: float
    share: float
    colour: str
    label: str


@dataclass(frozen=True, slots=True)
class Figures:
    """Figures of one place."""

    rows: tuple[Row, ...]
    bar: tuple[BarPart, ...]
    total_ha: float
    total_plots: int


def figures(classes: ByClass, lang: Language) -> Figures:
    """Return the figures of a place, best class first, with every class whether it occurs or not."""
    total_ha = sum(found["area_ha"] for found in classes.values())
    rows = []
    for value, look in CLASS_STYLES.items():
        found = classes.get(value, {"plots": 0, "area_ha": 0.0})
        share = found["area_ha"] / total_ha if total_ha > 0 else 0.0
        rows.append(Row(value, look, CLASS_WORDS[value], found["area_ha"], share, int(found["plots"])))
    bar, start = [], 0.0
    for row in rows:
        if row.share > 0:
            bar.append(BarPart(start, row.share, row.look.colour, f"{translate(row.words, lang)} ({row.value})"))
            start += row.share
    return Figures(tuple(rows), tuple(bar), total_ha, sum(row.plots for row in rows))
