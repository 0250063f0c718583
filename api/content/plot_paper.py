"""One plot on paper: a sheet for whoever plans, and a small one for a family, both as everybody may see the plot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from api.content.cards import Card, plot_card, unknown_in_run
from api.content.measured import measured_by_group, tell_hazard
from api.content.plot_truth import PlotTruth
from api.content.plot_water import tell_water
from api.content.reasons import Reasons, reasons
from api.content.report import MINES_CAUTION
from api.content.value_text import told_value
from api.language.translate import Language, day, number, translate
from api.maps.paper_map import PaperMap, draw_map
from geo.criteria.hazard import AVALANCHE_LEVEL, FLOOD_LEVEL, SLIDE_LEVEL
from geo.criteria.terrain import SLOPE
from geo.criteria.water import WATER_ADEQUACY
from geo.household.labour import MONTH_NAMES
from layers.catalogue.base import PUBLIC
from layers.catalogue.land import Plot
from layers.errors import NotFound
from layers.explain.plot import explain_plot
from layers.explain.water import water_as_shown
from layers.features.filters import plot_conditions
from layers.features.paging import Listing, read_feature
from layers.features.places import Gazetteer
from layers.features.plots import scored_plots
from layers.postgres.engine import Connection
from layers.records.snapshot import Choice, Run, Snapshot
from layers.settings import get_settings

SOTIKH_HA: Final = 0.01  # hectares of a sotikh, by which people count land
MONEY_DIGITS: Final = 2  # figures of an amount that is an estimate
MAP_MM: Final = 95.0  # height of the map of a plot
AROUND: Final = 4.0  # of its own size is shown of the land around a plot
DANGERS: Final = (FLOOD_LEVEL, AVALANCHE_LEVEL, SLIDE_LEVEL)
SOTIKH: Final = "{count} sotikh (1 sotikh is 0.01 ha)"
NOT_SETTLED_YET: Final = "It is not settled yet how good this land is; more has to be known."
COST: Final = "What would help costs about {cost} somoni ({rate} somoni for a dollar on {date})."
DANGER_MONTHS: Final = "Months of danger on record: {months}."
NO_DANGER_MONTHS: Final = "In which months there is danger is not on record."
NO_DANGER: Final = "No danger is on record on this land, which does not mean safe."
DANGER_NOT_KNOWN: Final = "Whether and in which months there is danger here is not known."
MESSAGES: Final = (SOTIKH, NOT_SETTLED_YET, COST, DANGER_MONTHS, NO_DANGER_MONTHS, NO_DANGER, DANGER_NOT_KNOWN)


@dataclass(frozen=True, slots=True)
class PlotSheet:
    """What stands on paper about a plot; texts are in the reader's language.

    ``plot`` : its public properties. ``state`` : address of its page, below the service. ``cost`` : of what would
    help, in somoni; empty where none is told or no rate is set.
    """

    plot: Mapping[str, Any]
    card: Card
    run: Run | None
    dated: str
    synthetic: bool
    reasons: Reasons | None
    hazards: tuple[str, ...]
    measured: Sequence[tuple[str, Sequence[Mapping[str, Any]]]]
    cost: str
    drawn: PaperMap | None
    state: str
    cautions: tuple[str, ...]
    months: frozenset[int]
    of_months: str


@dataclass(frozen=True, slots=True)
class FamilyPaper:
    """What a family is told; ``water`` 0-1 and ``slope`` [%] as they are drawn, None unknown.

    ``danger`` : the worst level on record, 0 to 4, None where none is known; ``unsure`` : not all are.
    """

    area: str
    sentences: tuple[str, ...]
    water: float | None
    of_water: str
    slope: float | None
    of_slope: str
    danger: int | None
    unsure: bool
    of_danger: tuple[str, ...]


def plot_sheet(
    connection: Connection, served: Snapshot, places: Gazetteer, plot_id: str, choice: Choice, lang: Language
) -> PlotSheet:
    """Return what a sheet of a plot says.

    Raises
    ------
    NotFound : there is no such plot, or the run that is asked for did not judge it.
    """
    runs = served.runs_open_to(PUBLIC, choice)
    features = scored_plots(PUBLIC, runs)
    found = read_feature(connection, features, Plot.plot_id == plot_id)
    if found is None:
        raise NotFound(f"There is no plot {plot_id!r}.")
    feature = orjson.loads(found)
    plot = feature["properties"]
    run = runs.get(plot["district"] or "")
    explained = None
    if plot["run"]:
        explained = explain_plot(connection, plot_id, audience=PUBLIC, choice=choice, served=served)
    synthetic = served.synthetic(plot["district"] or "") or bool(run and run.synthetic)
    water = explained["water"] if explained else water_as_shown(served, plot, run, PUBLIC)
    card = plot_card(
        plot,
        places,
        lang,
        synthetic=synthetic,
        unknown=unknown_in_run(connection, run, plot["district"]),
        water=tell_water(water, plot, lang),
    )
    why = reasons(explained, lang) if explained else None
    zones = explained["hazards"] if explained else []
    months = frozenset(month for zone in zones for month in months_of(zone["months"] or ""))
    around = Listing(features, plot_conditions(features, {"bbox": [_box(feature["geometry"]["coordinates"])]}))
    districts = [plot["district"]] if plot["district"] else []
    return PlotSheet(
        plot=plot,
        card=card,
        run=run,
        dated=day(run.finished_at, lang) if run else "",
        synthetic=synthetic,
        reasons=why,
        hazards=tuple(tell_hazard(zone, lang) for zone in zones),
        measured=measured_by_group(plot, explained, lang),
        cost=in_somoni(why.lift.cost_usd, lang) if why and why.lift else "",
        drawn=draw_map(connection, around, districts, lang, marked=plot_id, most_mm=MAP_MM),
        state=f"/plots/{plot_id}/why?lang={lang}",
        cautions=tuple(translate(text, lang) for text in ("Boundaries are not official.", MINES_CAUTION)),
        months=months,
        of_months=_of_months(zones, plot, months, lang),
    )


def family_paper(sheet: PlotSheet, lang: Language) -> FamilyPaper:
    """Return what a family is told of a plot: no name, no right, no number of a cadastre."""
    plot, truth = sheet.plot, sheet.card.truth
    water, slope = plot.get(WATER_ADEQUACY.id), plot.get(SLOPE.id)
    levels = [plot.get(criterion.id) for criterion in DANGERS]
    known = [level for level in levels if level is not None]
    sotikh = plot["area_ha"] / SOTIKH_HA
    return FamilyPaper(
        area=translate(SOTIKH, lang).format(count=number(sotikh, lang, digits=0 if sotikh >= 10.0 else 1)),
        sentences=tuple(_sentences(truth, lang)),
        water=None if water is None else min(max(float(water), 0.0), 1.0),
        of_water=told_value(WATER_ADEQUACY, plot, lang),
        slope=None if slope is None else float(slope),
        of_slope=told_value(SLOPE, plot, lang),
        danger=max((round(level) for level in known), default=None),
        unsure=len(known) < len(levels),
        of_danger=tuple(f"{translate(one.title, lang)}: {told_value(one, plot, lang)}" for one in DANGERS),
    )


def in_somoni(cost_usd: float, lang: Language) -> str:
    """Return what something costs in somoni, with the rate and its day; empty where no rate is set."""
    settings = get_settings()
    rate, dated = settings.somoni_per_usd, settings.somoni_rate_date
    if rate is None or dated is None:
        return ""
    cost = float(f"{cost_usd * rate:.{MONEY_DIGITS - 1}e}")
    said = {"cost": number(cost, lang), "rate": number(rate, lang, digits=2), "date": day(dated, lang)}
    return translate(COST, lang).format(**said)


def months_of(text: str) -> Iterator[int]:
    """Yield the months of a record such as ``3-7`` or ``11-2, 5``; none of one that is no such record."""
    for part in text.split(","):
        first, _, last = (end.strip() for end in part.partition("-"))
        ends = (first, last or first)
        if all(end.isdigit() and 1 <= int(end) <= 12 for end in ends):
            start, count = int(ends[0]), (int(ends[1]) - int(ends[0])) % 12 + 1
            yield from ((start - 1 + step) % 12 + 1 for step in range(count))


def _sentences(truth: PlotTruth, lang: Language) -> Iterator[str]:
    """Three sentences: how good the land is, why, and the first step."""
    yield f"{truth.words}." if truth.settled else translate(NOT_SETTLED_YET, lang)
    yield truth.reason
    yield truth.step


def _of_months(
    zones: Sequence[Mapping[str, Any]], plot: Mapping[str, Any], months: frozenset[int], lang: Language
) -> str:
    """In which months there is danger; where no zone says so, what the levels allow to say."""
    if months:
        named = ", ".join(translate(MONTH_NAMES[month - 1], lang) for month in sorted(months))
        return translate(DANGER_MONTHS, lang).format(months=named)
    levels = [plot.get(criterion.id) for criterion in DANGERS]
    if not zones and None in levels:
        return translate(DANGER_NOT_KNOWN, lang)
    return translate(NO_DANGER_MONTHS if zones or any(levels) else NO_DANGER, lang)


def _box(polygons: Sequence[Any]) -> str:
    """The box of a multipolygon with the land around it, as a filter takes it."""
    points = [point for polygon in polygons for ring in polygon for point in ring]
    west, east = min(point[0] for point in points), max(point[0] for point in points)
    south, north = min(point[1] for point in points), max(point[1] for point in points)
    wide, high = AROUND * (east - west), AROUND * (north - south)
    return ",".join(f"{value:.6f}" for value in (west - wide, south - high, east + wide, north + high))
