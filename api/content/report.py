"""The report of a place on paper: what its plots are, by class and jamoat, what comes first, how it was judged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final
from urllib.parse import urlencode

import orjson

from api.content.cards import unknown_in_run
from api.content.figures import Figures, Row, figures
from api.content.outlines import tell_agreement
from api.content.place_names import district_title
from api.content.plot_list import ListedPlot, list_plots, usual_order
from api.content.standing import Line, StandingTold, tell_standing
from api.content.state_sentence import say_filters
from api.content.unknown_text import tell_not_assessed, tell_unrecorded, title_of_layer
from api.language.translate import Language, day, local_name, sort_key, translate
from api.language.wording import CONFIDENCE, EARLIER_RULE, GROUPS
from api.maps.paper_map import PaperMap, draw_map
from geo.criteria import LAND_CRITERIA
from layers.catalogue import BY_NAME, RASTERS_BY_NAME
from layers.catalogue.admin import District, Jamoat
from layers.catalogue.base import PUBLIC
from layers.catalogue.land import Plot
from layers.errors import NotFound
from layers.features.agreement import agreements
from layers.features.districts import require_district, require_jamoats
from layers.features.filters import plot_conditions, sort_keys
from layers.features.paging import Listing, read_page
from layers.features.places import Gazetteer, Place
from layers.features.plots import PLOTS, by_class_and_score, in_district, scored_plots
from layers.features.provenance import Source, sources_of, sources_of_rows
from layers.features.standing import WHOLE, Standing, Tally, parts_of, tally_by
from layers.postgres.engine import Connection
from layers.records.snapshot import Choice, Run, Snapshot

LISTED: Final = 20  # plots of the list, the first ones in its order

# How a class comes about, in a page; each is a message id.
METHOD: Final = (
    "Mines, water, river beds, built-up and protected land shut a plot: no other value makes good for it.",
    "Every other value is judged between 0 (unfit) and 1 (no limit at all).",
    "Values are put together in groups; of hazards the worst one counts, and canal water that does not reach a plot "
    "cannot be made good by anything else.",
    "The score from 0 to 100 is cautious: weak sides weigh more than strong ones, since a family with one plot cannot "
    "average a bad year away.",
    "A class is at most one better than water, the worst hazard and salinity allow; where one of them is unknown, it "
    "is S2 at best.",
    "What is not known is never guessed: it widens the span of classes and never makes a class better. A plot that "
    "may be of three classes or more is not settled; one of which too little is known is not evaluated.",
    "Land is judged, never people. This paper replaces no visit, and gives nobody a right to land.",
)
MINES_CAUTION: Final = "Where no mines are marked, none are on record, which does not mean safe."
NO_CONFIDENCE: Final = "none: land that is shut, beyond a hard limit, or not evaluated"
MESSAGES: Final = (*METHOD, MINES_CAUTION, NO_CONFIDENCE)


@dataclass(frozen=True, slots=True)
class JamoatPart:
    """Figures of one jamoat, and what to ask there first."""

    name: str
    figures: Figures
    shut: tuple[Line, ...]
    unfit: Line | None
    asked: tuple[Line, ...]

    def of(self, value: str) -> Row | None:
        """Return the figures of a class or outlook there; None where there is none of it."""
        return next((row for row in self.figures.rows if row.value == value and row.plots), None)


@dataclass(frozen=True, slots=True)
class Report:
    """A report; every text is in the reader's language but titles of :class:`Row`.

    ``state`` : address of the same plots as a list, below the service. ``standing`` : None for a run of the earlier
    rule. ``sure`` : plots and hectares by confidence. ``method`` : how a class comes about. ``criteria`` : by group.
    """

    place: str
    within: str
    sentence: str
    state: str
    run: Run | None
    dated: str
    synthetic: bool
    cautions: tuple[str, ...]
    figures: Figures
    standing: StandingTold | None
    jamoats: tuple[JamoatPart, ...]
    sure: tuple[Line, ...]
    plots: tuple[ListedPlot, ...]
    drawn: PaperMap | None
    method: tuple[str, ...]
    criteria: tuple[tuple[str, str], ...]
    sources: tuple[tuple[str, str, str, str], ...]

    @property
    def rows(self) -> tuple[Row, ...]:
        """Classes of which there is land."""
        return tuple(row for row in self.figures.rows if row.plots)


def report_of(
    connection: Connection,
    served: Snapshot,
    places: Gazetteer,
    district: str,
    filters: Mapping[str, Sequence[str]],
    choice: Choice,
    lang: Language,
    *,
    sortby: str | None = None,
) -> Report:
    """Return the report of the plots of a district that filters leave, as everybody may see them.

    Parameters
    ----------
    connection : may read public rows.
    served : what is served.
    places : names of places.
    district : its code.
    filters : as the list of plots takes them.
    choice : the run or scheme; without, the one that is shown.
    lang : the reader's language.
    sortby : order of the list.

    Raises
    ------
    NotFound : there is no such district, or the run does not cover it. BadFilter : a filter is not understood.
    """
    require_district(connection, served, district)
    require_jamoats(connection, district, filters.get("jamoat", ()))
    run = _run(served, choice, district)
    features = scored_plots(PUBLIC, {} if run is None else {district: run})
    conditions = [in_district(district), *plot_conditions(features, filters)]
    keys = sort_keys(features, sortby or usual_order(filters)) or by_class_and_score(features)
    listing = Listing(features, conditions, keys)
    parts = parts_of(connection, listing)
    earlier = run is not None and run.earlier_rule
    counted, standing = parts[WHOLE]
    first = read_page(connection, listing, limit=LISTED)
    listed = orjson.loads(b"".join((b"[", first.body, b"]")))
    names = {place.code: local_name(place.names, lang, otherwise=place.code) for place in _jamoats(places, district)}
    sources = [*sources_of_rows(connection, Plot, PLOTS.district == district), *_other_sources(connection, served)]
    return Report(
        **_titles(places, district, filters, names, lang),
        state=_address(district, filters, run, sortby, lang),
        run=run,
        dated=day(run.finished_at, lang) if run is not None else "",
        synthetic=served.synthetic(district) or bool(run and run.synthetic),
        cautions=tuple(_cautions(connection, run, district, lang)),
        figures=figures(counted, lang, None if earlier else standing),
        standing=None if earlier or run is None else tell_standing(standing, lang),
        jamoats=tuple(_by_jamoat(parts, names, lang, judged=not earlier and run is not None)),
        sure=tuple(_sure(tally_by(connection, listing, "confidence"), lang)),
        plots=tuple(list_plots(listed, places, lang, ())),
        drawn=draw_map(connection, listing, (district,), lang),
        method=tuple(translate(text, lang) for text in METHOD),
        criteria=tuple(_criteria(lang)),
        sources=tuple(_sources(sources, lang)),
    )


def _run(served: Snapshot, choice: Choice, district: str) -> Run | None:
    run = served.runs_open_to(PUBLIC, choice).get(district)
    if run is None and choice != Choice():
        raise NotFound(f"What is asked for does not cover district {district!r}.")
    return run


def _jamoats(places: Gazetteer, district: str) -> list[Place]:
    return places.of(Jamoat, within=district)


def _titles(
    places: Gazetteer, district: str, filters: Mapping[str, Sequence[str]], names: Mapping[str, str], lang: Language
) -> dict[str, str]:
    """The place, what it lies in, and what of its plots is shown; a single jamoat is a place of its own."""
    around = district_title(places, district, lang)
    asked = list(filters.get("jamoat", ()))
    if len(asked) == 1:
        place, within = translate("{name} jamoat", lang).format(name=names.get(asked[0], asked[0])), around
        filters = {name: texts for name, texts in filters.items() if name != "jamoat"}
    else:
        place, within = around, ""
    return {"place": place, "within": within, "sentence": say_filters(filters, names, lang)}


def _address(
    district: str, filters: Mapping[str, Sequence[str]], run: Run | None, sortby: str | None, lang: Language
) -> str:
    """The same plots as a list; of the same run, whatever is published later."""
    asked = [(name, text) for name, texts in filters.items() for text in texts]
    if run is not None:
        asked.append(("run", str(run.run_id)))
    if sortby:
        asked.append(("sortby", sortby))
    return f"/districts/{district}/list?{urlencode([*asked, ('lang', lang)], safe='/,')}"


def _cautions(connection: Connection, run: Run | None, district: str, lang: Language) -> Iterator[str]:
    if run is None:
        yield translate("No run has judged these plots yet.", lang)
    elif run.earlier_rule:
        yield translate(EARLIER_RULE, lang)
    yield translate("Boundaries are not official.", lang)
    yield from tell_agreement(agreements(connection, District).get(district, ()), lang)
    yield translate(MINES_CAUTION, lang)
    unknown = unknown_in_run(connection, run, district)
    if said := tell_unrecorded(unknown.unrecorded, lang):
        yield said
    for said in tell_not_assessed(unknown.not_assessed, lang):
        yield f"{translate('Not assessed in this run', lang)}: {said}"
    yield translate("Weights and limits are defaults to be calibrated with women farmers and local authorities.", lang)


def _by_jamoat(
    parts: Mapping[str | None, tuple[dict[str, dict[str, float]], Standing]],
    names: Mapping[str, str],
    lang: Language,
    *,
    judged: bool,
) -> Iterator[JamoatPart]:
    """Jamoats by name; nothing where there is but one place."""
    found = []
    for code, (counted, standing) in parts.items():
        if code is WHOLE:
            continue
        told = tell_standing(standing, lang) if judged else None
        name = names.get(code, code) or translate("No jamoat recorded", lang)
        part = JamoatPart(
            name,
            figures(counted, lang, standing if judged else None),
            told.shut if told else (),
            told.unfit if told else None,
            told.asked if told else (),
        )
        found.append(part)
    yield from sorted(found, key=lambda part: sort_key(part.name, lang)) if len(found) > 1 else ()


def _sure(tallies: Mapping[str | None, Tally], lang: Language) -> Iterator[Line]:
    for letter, tally in tallies.items():
        words = CONFIDENCE[letter] if letter else NO_CONFIDENCE
        yield Line(translate(words, lang), tally.plots, tally.area_ha)


def _criteria(lang: Language) -> Iterator[tuple[str, str]]:
    """Groups and the titles of their criteria."""
    for group, members in groupby(LAND_CRITERIA, key=lambda criterion: criterion.group):
        yield translate(GROUPS[group], lang), "; ".join(translate(one.title, lang) for one in members)


def _other_sources(connection: Connection, served: Snapshot) -> list[Source]:
    """Sources of the other layers and grids that everybody may see and that hold something."""
    names = [name for name, layer in BY_NAME.items() if layer.card.audience is PUBLIC and layer is not Plot]
    return sources_of(connection, [name for name in (*names, *RASTERS_BY_NAME) if name in served.loads])


def _sources(sources: Sequence[Source], lang: Language) -> Iterator[tuple[str, str, str, str]]:
    """Layers of one source together, who says so, as of which day, licence; what is made up says so."""
    titles: dict[tuple[str, str, str], list[str]] = {}
    for source in dict.fromkeys(sources):
        said = source.source or translate("source not stated", lang)
        if source.synthetic:
            said = f"{said} ({translate('SYNTHETIC DATA', lang)})"
        dated = day(source.source_date, lang)
        told = (said, dated, source.licence or translate("licence not stated", lang))
        titles.setdefault(told, []).append(translate(title_of_layer(source.layer), lang))
    for (said, dated, licence), named in titles.items():
        yield "; ".join(dict.fromkeys(named)), said, dated, licence
