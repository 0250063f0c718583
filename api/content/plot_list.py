"""Plots as rows of a list: each from its one sentence of truth, with the criteria that were asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
import shapely

from api.content.cards import look_of
from api.content.plot_truth import PlotTruth, tell_plot
from api.content.standing import first_question
from api.content.value_text import UNKNOWN, measured_text
from api.language.translate import Language, translate
from api.language.wording import CODES
from api.maps.legend import CRITERIA_BY_ID
from geo.criteria import LAND_CRITERIA
from layers.catalogue.base import Style
from layers.features.places import Gazetteer

# Columns a list can be sorted by -> heading, a message id.
COLUMNS: Final[Mapping[str, str]] = {
    "plot_id": "Plot",
    "class": "Class",
    "score": "Score",
    "area_ha": "Area",
    **{criterion.id: criterion.title for criterion in LAND_CRITERIA},
}
MESSAGES: Final = tuple(COLUMNS.values())


@dataclass(frozen=True, slots=True)
class ListedPlot:
    """One row. All texts are in the reader's language.

    ``ask_first`` and ``outlook`` are empty where nothing is to be asked; ``cells`` are the criteria asked for.
    ``number`` is what tiles name the plot by, ``at`` a place on it: latitude and longitude, degrees.
    """

    number: int
    at: str
    look: Style
    truth: PlotTruth
    score: float | None
    area_ha: float
    availability: str
    outlook: str
    ask_first: str
    cells: tuple[str, ...]


def list_plots(
    features: Iterable[Mapping[str, Any]], places: Gazetteer, lang: Language, columns: Sequence[str]
) -> list[ListedPlot]:
    """Return the rows of plots, as everybody sees them.

    Parameters
    ----------
    features : plots as GeoJSON features, EPSG:4326.
    places : name where they lie.
    lang : the reader's language.
    columns : ids of criteria, one cell each.
    """
    return [
        ListedPlot(
            number=plot["plot_no"],
            at=_place_on(feature["geometry"]),
            look=look_of(plot, truth := tell_plot(plot, places, lang)),
            truth=truth,
            score=plot.get("score"),
            area_ha=plot["area_ha"],
            availability=translate(CODES.get(plot.get("availability") or UNKNOWN, UNKNOWN), lang),
            outlook=translate(CODES.get(plot.get("outlook") or "", ""), lang),
            ask_first=first_question(plot["ask_first"], lang) if plot.get("ask_first") else "",
            cells=tuple(measured_text(CRITERIA_BY_ID[name], plot.get(name), lang) for name in columns),
        )
        for feature in features
        for plot in (feature["properties"],)
    ]


def _place_on(geometry: Mapping[str, Any]) -> str:
    """A place on an outline, as a map is told it."""
    place = shapely.from_geojson(orjson.dumps(geometry)).representative_point()
    return f"{place.y:.5f}/{place.x:.5f}"


def usual_order(filters: Mapping[str, Sequence[str]]) -> str | None:
    """Return what a list is sorted by unless it is asked otherwise: land that is not evaluated by its outlook.

    None: by class and score. The words of outlooks are in the order of the alphabet.
    """
    return "outlook,-score_known" if set(filters.get("class", ())) == {"NE"} else None
