"""The planner's page: made here, readable without a script."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from api.content.cards import unknown_in_run
from api.content.figures import ByClass, Figures, figures
from api.content.histograms import Bars, spread
from api.content.outlines import tell_agreement
from api.content.place_names import jamoat_names
from api.content.standing import Line, StandingTold, tell_standing
from api.content.state_sentence import say_filters
from api.content.unknown_text import tell_not_assessed, tell_unrecorded
from api.deps import LanguageDep, SnapshotDep
from api.language.translate import Language, local_name, name_district, sort_key, translate
from api.language.wording import EARLIER_RULE
from api.maps.places_cache import AtlasDep
from api.rendering.pages import render
from api.routes.background import offer
from api.routes.chosen import choose
from api.routes.comparison import published_runs
from api.routes.found import FRESH, HTML, look_for
from api.routes.links import Links, tongues
from api.routes.narrowing import Narrowing, asked_columns, asked_filters, asked_shortlist, narrows, spread_of
from api.routes.picked import Picked, PickedDep
from api.routes.plots import FILTER_PARAMETERS, ChoiceDep
from api.routes.priorities import by_jamoat
from api.routes.trial_panel import open_panel
from api.web.description import given, or_empty
from geo.programme.priority import NOTE
from geo.suitability.trial import NEUTRAL
from layers.catalogue.admin import Jamoat, Region, Settlement
from layers.catalogue.base import PUBLIC
from layers.errors import NotFound
from layers.features.districts import Summary, require_jamoats, summaries
from layers.features.filters import plot_conditions
from layers.features.hectares import hectares_by_jamoat, summed
from layers.features.paging import Listing
from layers.features.places import Gazetteer, Place
from layers.features.plots import held_in, in_district, scored_plots
from layers.features.standing import WHOLE, Standing, parts_of, standing_by_jamoat, together
from layers.postgres.engine import Connection, reading
from layers.records.snapshot import Choice, ShownRun

router = APIRouter(tags=["pages"])

FORMATS: Final = {
    "xlsx": ("Excel", "for a spreadsheet, with a sheet that explains it"),
    "csv": ("CSV", "plain table"),
    "gpkg": ("GeoPackage", "for QGIS, with outlines"),
    "geojson": ("GeoJSON", "for web maps"),
}


@dataclass(frozen=True, slots=True)
class Named:
    """A place in a list: code, name in the reader's language, what it lies in."""

    code: str
    name: str
    region: str | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the place on the page, with its own bar; ``priority`` for support in words, None where not reported.

    ``code`` : of a jamoat.
    """

    name: str
    address: str | None
    figures: Figures
    priority: str | None = None
    code: str | None = None


@router.get(
    "/",
    summary="The planner's page",
    response_class=Response,
    responses=given({HTML: None}, 404),
    openapi_extra={"parameters": [or_empty(item) for item in FILTER_PARAMETERS if item["name"] != "jamoat"]},
)
def get_page(
    request: Request, picked: PickedDep, lang: LanguageDep, state: SnapshotDep, atlas: AtlasDep, choice: ChoiceDep
) -> Response:
    """Return the page: pick a district, see its map and figures, take its data away.

    Filters, as the list of plots takes them, and the result that is asked for hold for the map, the figures, the list
    and the files of a district.
    """
    base = request.scope.get("root_path", "")
    links = Links(base, lang)
    filters = asked_filters(request)
    columns = asked_columns(request.query_params.getlist("column"), unasked=())
    plot_conditions(scored_plots(PUBLIC, {}), filters)  # what is not understood is refused at every place
    with reading() as connection:
        served = state.fresh(connection)
        places = atlas.gazetteer(connection, served)
        if picked.view.village:
            places.get(Settlement, picked.view.village)  # refused here, not in the frame of the map
        districts = {summary.code: summary for summary in summaries(connection, served)}
        chosen = choose(connection, served, _district(districts, picked), choice, lang)
        here = chosen.here
        narrowed = here is not None and here.plots > 0 and narrows(filters)
        if narrowed and here is not None:
            whole, hectares, standing = _left(connection, here, filters, picked)
        else:
            whole = here.classes if here else summed(district.classes for district in districts.values())
            hectares = _hectares(connection, here)
            standing = _standing(connection, here, districts)
        run = _run(connection, here, lang)
        bars = _bars(connection, here, filters, columns, lang) if here else {}
        found = look_for(connection, picked.q, places, links) if picked.q else None
        # The picker takes the short list along; of another district it holds nothing.
        shortlist = held_in(connection, here.code, asked_shortlist(request)) if here else []
        tried = here if chosen.choice == Choice() else None  # what is tried departs from the result that is served
        panel = open_panel(connection, tried, _without_place(filters, picked), picked.view.emphasis, narrowed=narrowed)
    if panel.trial is not None:
        hectares = {code: counted for code, (counted, _) in panel.trial.parts.items() if code is not WHOLE}
        whole, standing = panel.trial.parts[WHOLE][0], {code: behind for code, (_, behind) in panel.trial.parts.items()}
    shown = here.shown if here else None
    asked = Narrowing(
        links,
        here.code if here else "",
        filters,
        view=replace(picked.view, emphasis=panel.emphasis if panel.trial is not None else NEUTRAL),
        sortby=request.query_params.get("sortby"),
        columns=columns,
        run=chosen.choice.asked(),
        shortlist=shortlist,
    )
    names = jamoat_names(places, here.code, lang) if here else {}
    priorities = by_jamoat(request.app, served, here.code, shown.run.run_id, PUBLIC) if here and shown else []
    counted = _figures(whole, hectares, standing, picked, lang)
    content = render(
        "page.html",
        lang=lang,
        base=base,
        root=str(request.base_url).rstrip("/"),
        tongues=tongues(request),
        address=str(request.url),
        synthetic=here.synthetic if here else any(district.synthetic for district in districts.values()),
        picked=picked,
        place=_place(here, places, picked, lang),
        around=_around(here, picked, lang),
        regions=_sorted((_named(place, lang) for place in places.of(Region)), lang),
        district_groups=_grouped(districts.values(), lang),
        jamoats=_sorted((_named(place, lang) for place in places.of(Jamoat, within=here.code)), lang) if here else [],
        found=found,
        figures=counted,
        parts=_parts(here, hectares, districts, standing, picked, asked, names, priorities),
        parts_title="Jamoats" if here else "Districts",
        priority_note=NOTE,
        standing=_told(standing, here, picked, lang),
        asked_by_jamoat=_asked_by_jamoat(standing, here, names, picked, lang),
        run=run,
        chosen=chosen,
        other_runs=_other_runs(published_runs(served, here.code), asked, shown) if here else [],
        served_address=asked.of_run(None) if here else None,
        outline=tuple(tell_agreement(here.agreement, lang)) if here else (),
        # A single jamoat is the place the page names already.
        sentence=say_filters(_without_place(filters, picked), names, lang) if narrowed else None,
        form=asked.form(names, bars=bars, on_page=True) if here and here.plots else None,
        hidden=[*asked.hidden_of_picker(), *asked.short()],
        trial=panel.told(asked),
        whole_address=asked.whole(),
        downloads=_downloads(here, asked),
        map_address=asked.map(picked.plot) if here else links.map(picked),
        rows_address=asked.rows() if here and here.plots else None,
        list_address=asked.plot_list() if here else None,
        compare_address=links.compare(here.code, shown.run.run_id if shown and chosen.told else None) if here else None,
        repair_address=links.after_repair(here.code) if here and shown and not chosen.told else None,
        water_address=links.water(here.code if here else None),
        report_address=asked.report("pdf") if here else None,
        background=offer(asked, here.code, counted.total_plots) if here and here.plots else None,
        file_forms=[(form, name) for form, (name, _about) in FORMATS.items()],
    )
    return HTMLResponse(content, headers=FRESH)


def _district(districts: Mapping[str, Summary], picked: Picked) -> Summary | None:
    if picked.district is None:
        return None
    if picked.district not in districts:
        raise NotFound(f"There is no district {picked.district!r}; GET /districts lists them.")
    return districts[picked.district]


def _without_place(filters: Mapping[str, Sequence[str]], picked: Picked) -> dict[str, Sequence[str]]:
    return {name: texts for name, texts in filters.items() if name != "jamoat" or picked.jamoat is None}


def _left(
    connection: Connection, here: Summary, filters: Mapping[str, Sequence[str]], picked: Picked
) -> tuple[ByClass, dict[str, Any], dict[str | None, Standing]]:
    """What filters leave of a district: plots and hectares by class, the same by jamoat, what stands behind them."""
    run = here.shown.run if here.shown else None
    require_jamoats(connection, here.code, filters.get("jamoat", ()))
    features = scored_plots(PUBLIC, {} if run is None else {here.code: run})
    conditions = [in_district(here.code), *plot_conditions(features, _without_place(filters, picked))]
    parts = parts_of(connection, Listing(features, conditions))
    judged = run is not None and not run.earlier_rule
    hectares = {code: counted for code, (counted, _) in parts.items() if code is not WHOLE}
    return parts[WHOLE][0], hectares, {code: behind for code, (_, behind) in parts.items() if judged}


def _bars(
    connection: Connection,
    here: Summary,
    filters: Mapping[str, Sequence[str]],
    columns: Sequence[str],
    lang: Language,
) -> dict[str, Bars]:
    """How the properties spread that are bounded or asked for."""
    features = scored_plots(PUBLIC, {here.code: here.shown.run} if here.shown else {})
    return spread(connection, features, here.code, filters, spread_of(filters, columns), lang)


def _hectares(connection: Connection, here: Summary | None) -> dict[str, Any]:
    if here is None or here.shown is None:
        return {}
    return hectares_by_jamoat(connection, here.code, here.shown.run.run_id)


def _standing(
    connection: Connection, here: Summary | None, districts: Mapping[str, Summary]
) -> dict[str | None, Standing]:
    """What stands behind the classes of a district, by jamoat, or of all districts, together and by their code."""
    if here is not None:
        return standing_by_jamoat(connection, here.shown.run, here.code) if here.shown else {}
    found: dict[str | None, Standing] = {
        one.code: standing_by_jamoat(connection, one.shown.run, one.code)[WHOLE]
        for one in districts.values()
        if one.shown is not None and not one.shown.run.earlier_rule
    }
    return {WHOLE: together(found.values()), **found} if found else {}


def _told(
    standing: Mapping[str | None, Standing], here: Summary | None, picked: Picked, lang: Language
) -> StandingTold | None:
    place = standing.get(picked.jamoat if here is not None and picked.jamoat else WHOLE)
    return None if place is None else tell_standing(place, lang)


def _asked_by_jamoat(
    standing: Mapping[str | None, Standing],
    here: Summary | None,
    names: Mapping[str, str],
    picked: Picked,
    lang: Language,
) -> list[tuple[str, tuple[Line, ...]]]:
    """What to ask first in each jamoat of a district, by name; empty elsewhere."""
    if here is None or picked.jamoat:
        return []
    found = [
        (names.get(code, code) or translate("No jamoat recorded", lang), tell_standing(place, lang).asked)
        for code, place in standing.items()
        if code is not WHOLE and place.ask_first
    ]
    return sorted(found, key=lambda row: sort_key(row[0], lang))


def _run(connection: Connection, here: Summary | None, lang: Language) -> dict[str, Any] | None:
    """What the page says about the run shown in a district."""
    if here is None or here.shown is None:
        return None
    shown: ShownRun = here.shown
    unknown = unknown_in_run(connection, shown.run, here.code)
    return {
        "run_id": shown.run.run_id,
        "scheme": shown.run.scheme,
        "finished_at": shown.run.finished_at,
        "published_at": shown.published_at,
        "warning": EARLIER_RULE if shown.run.earlier_rule else None,
        "not_assessed": tell_not_assessed(unknown.not_assessed, lang),
        "unrecorded": tell_unrecorded(unknown.unrecorded, lang),
    }


def _other_runs(
    published: Sequence[Mapping[str, Any]], asked: Narrowing, shown: ShownRun | None
) -> list[dict[str, Any]]:
    """Published results of the district beside the one on the page, each with its address."""
    return [
        {**run, "address": asked.of_run(run["run_id"])}
        for run in published
        if shown is None or run["run_id"] != shown.run.run_id
    ]


def _place(here: Summary | None, places: Gazetteer, picked: Picked, lang: Language) -> Named | None:
    if here is None:
        return None
    if picked.jamoat:
        return _named(places.get(Jamoat, picked.jamoat), lang)
    return Named(here.code, name_district(local_name(here.names, lang, otherwise=here.code), lang))


def _around(here: Summary | None, picked: Picked, lang: Language) -> str | None:
    """The district a jamoat lies in; None where the page is of no jamoat."""
    if here is None or not picked.jamoat:
        return None
    return name_district(local_name(here.names, lang, otherwise=here.code), lang)


def _named(place: Place, lang: Language) -> Named:
    return Named(place.code, local_name(place.names, lang, otherwise=place.code))


def _sorted(named: Iterator[Named], lang: Language) -> list[Named]:
    return sorted(named, key=lambda place: sort_key(place.name, lang))


def _grouped(districts: Sequence[Summary] | Any, lang: Language) -> list[tuple[str, list[Named]]]:
    """Districts with plots first, then the others."""
    by_plots = sorted(districts, key=lambda district: district.plots == 0)
    return [
        (
            translate("Without plots yet", lang) if empty else translate("With plots", lang),
            _sorted(
                (Named(one.code, local_name(one.names, lang, otherwise=one.code), one.region) for one in members), lang
            ),
        )
        for empty, members in groupby(by_plots, key=lambda district: district.plots == 0)
    ]


def _figures(
    whole: ByClass,
    hectares: Mapping[str, Any],
    standing: Mapping[str | None, Standing],
    picked: Picked,
    lang: Language,
) -> Figures:
    jamoat = picked.jamoat if picked.district else None
    return figures(hectares.get(jamoat, {}) if jamoat else whole, lang, standing.get(jamoat or WHOLE))


def _parts(
    here: Summary | None,
    hectares: Mapping[str, Any],
    districts: Mapping[str, Summary],
    standing: Mapping[str | None, Standing],
    picked: Picked,
    asked: Narrowing,
    names: Mapping[str, str],
    priorities: Sequence[Mapping[str, Any]],
) -> list[Part]:
    """Districts of the country with plots, or jamoats of the district, each with its bar."""
    lang = asked.links.lang
    if here is None:
        found = [
            Part(
                local_name(one.names, lang, otherwise=one.code),
                asked.of_district(one.code, picked.region),
                figures(one.classes, lang, standing.get(one.code)),
            )
            for one in districts.values()
            if one.plots and picked.region in (None, one.region)
        ]
    else:
        words = {found["jamoat"]: _priority(found, lang) for found in priorities}
        found = [
            Part(
                names.get(code, code) or translate("No jamoat recorded", lang),
                asked.of_jamoat(code) if code in names else None,
                figures(classes, lang, standing.get(code)),
                words.get(code),
                code,
            )
            for code, classes in hectares.items()
        ]
        if len(found) == 1 and found[0].address is None:
            return []
    return sorted(found, key=lambda part: sort_key(part.name, lang))


def _priority(found: Mapping[str, Any], lang: Language) -> str:
    """Return the band of a jamoat's priority in words: an interval while something is unknown, a dash if left out."""
    lowest, highest = found["lowest"], found["highest"]
    if lowest is None:
        return "–"
    return " – ".join(translate(band, lang) for band in dict.fromkeys((lowest, highest)))


def _downloads(here: Summary | None, asked: Narrowing) -> list[dict[str, str]]:
    if here is None or not here.plots:
        return []
    return [{"address": asked.file(form), "format": name, "about": about} for form, (name, about) in FORMATS.items()]
