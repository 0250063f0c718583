"""The land now and after its repair: what is repaired, and plots and hectares of each class then and now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from api.content.figures import Figures
from api.content.value_text import in_sentence, measured_text
from api.language.translate import Language, translate
from api.maps.legend import CRITERIA_BY_ID
from geo.contract.classes import CLASSES
from geo.criteria.water import CANAL_CONDITION
from geo.panel.scheme import Scheme
from layers.catalogue.base import Style

CANALS: Final = "every reach of canal on the way of the water to the plot brought to condition class {value}"
OTHER: Final = "{title} brought to {value}"
MESSAGES: Final = (CANALS, OTHER)


@dataclass(frozen=True, slots=True)
class Difference:
    """A class, or an outlook of land that is not settled, now and after: its look and words (message id)."""

    value: str
    look: Style
    words: str
    plots: tuple[int, int]
    area_ha: tuple[float, float]


@dataclass(frozen=True, slots=True)
class JamoatAfter:
    """Plots and hectares of a jamoat by class now and after; a figure after that would single out plots is None."""

    name: str
    cells: tuple[tuple[str, int, float, int | None, float | None], ...]


def say_improvements(scheme: Scheme, lang: Language) -> list[str]:
    """Return what a scheme's improvements change, a phrase each."""
    said = []
    for change in scheme.improvements:
        if change.criterion == CANAL_CONDITION.id:
            said.append(translate(CANALS, lang).format(value=f"{change.value:g}"))
            continue
        criterion = CRITERIA_BY_ID[change.criterion]
        title = in_sentence(translate(criterion.title, lang))
        said.append(translate(OTHER, lang).format(title=title, value=measured_text(criterion, change.value, lang)))
    return said


def differences(now: Figures, after: Figures) -> list[Difference]:
    """Return the classes and outlooks that occur in either state, best first."""
    found = {row.value: [row, None] for row in now.rows}
    for row in after.rows:
        found.setdefault(row.value, [None, None])[1] = row
    told = []
    for value, (before, then) in found.items():
        some = before or then
        if some is None or not any(row is not None and row.plots for row in (before, then)):
            continue
        plots = tuple(0 if row is None else row.plots for row in (before, then))
        area_ha = tuple(0.0 if row is None else row.area_ha for row in (before, then))
        told.append(Difference(value, some.look, some.words, (plots[0], plots[1]), (area_ha[0], area_ha[1])))
    return told


def jamoat_after(
    name: str, now: Mapping[str, Mapping[str, float]], after: Mapping[str, Mapping[str, float] | None]
) -> JamoatAfter:
    """Return one jamoat now and after, class by class, those without a plot in either state left out."""
    cells = []
    for judged in CLASSES:
        before, then = now.get(judged, {"plots": 0, "area_ha": 0.0}), after.get(judged)
        if before["plots"] or then is None or then["plots"]:
            told = (None, None) if then is None else (int(then["plots"]), float(then["area_ha"]))
            cells.append((judged, int(before["plots"]), float(before["area_ha"]), *told))
    return JamoatAfter(name, tuple(cells))
