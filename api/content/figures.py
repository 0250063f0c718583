"""Hectares and plots by class, made ready to be shown: rows of a table and the parts of a bar."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from api.language.translate import Language, translate
from api.language.wording import CLASS_WORDS
from geo.contract.classes import CLASSES
from layers.catalogue.base import Style
from layers.catalogue.land import SHOWN_STYLES
from layers.features.standing import Standing, settled_classes

ByClass = Mapping[str, Mapping[str, float]]  # class -> plots, area_ha


@dataclass(frozen=True, slots=True)
class Row:
    """One class, or an outlook of land that is not settled.

    Its code, look, plain words (message id), hectares, share 0-1 of all hectares, plots.
    """

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
    look: Style
    label: str


@dataclass(frozen=True, slots=True)
class Figures:
    """Figures of one place."""

    rows: tuple[Row, ...]
    bar: tuple[BarPart, ...]
    total_ha: float
    total_plots: int


def figures(classes: ByClass, lang: Language, standing: Standing | None = None) -> Figures:
    """Return the figures of a place, best class first, with every class whether it occurs or not.

    Parameters
    ----------
    classes : plots and hectares by class, land that is not settled in the class at its low end.
    lang : language of the reader.
    standing : of the same place; what is not settled is taken out of the classes and stands by itself.
    """
    total_ha = sum(found["area_ha"] for found in classes.values())
    rows = [
        Row(name, SHOWN_STYLES[name], words, area_ha, area_ha / total_ha if total_ha > 0 else 0.0, plots)
        for name, words, plots, area_ha in _counted(classes, standing)
    ]
    bar, start = [], 0.0
    for row in rows:
        if row.share > 0:
            words = translate(row.words, lang)
            bar.append(BarPart(start, row.share, row.look, f"{words} ({row.value})" if row.value in CLASSES else words))
            start += row.share
    return Figures(tuple(rows), tuple(bar), total_ha, sum(row.plots for row in rows))


def _counted(classes: ByClass, standing: Standing | None) -> Iterator[tuple[str, str, int, float]]:
    """Class or outlook, its words, plots and hectares; outlooks only where there is such land."""
    settled = classes if standing is None else settled_classes(classes, standing)
    by_outlook = {} if standing is None else standing.not_settled_by_outlook()
    for name, look in SHOWN_STYLES.items():
        if name in CLASSES:
            found = settled.get(name, {"plots": 0, "area_ha": 0.0})
            yield name, CLASS_WORDS[name], int(found["plots"]), found["area_ha"]
        elif name in by_outlook:
            yield name, look.label, by_outlook[name].plots, by_outlook[name].area_ha
