"""The plots of a district as a list to work with: narrowed, sorted, counted, taken away, all without a script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final
from urllib.parse import urlencode

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse

from api.content.figures import figures
from api.content.plot_list import COLUMNS, list_plots, usual_order
from api.content.state_sentence import say_filters
from api.deps import LanguageDep, SnapshotDep, known_parameters
from api.language.translate import Language, local_name, sort_key, translate
from api.language.wording import CLASS_WORDS, CODES, EARLIER_RULE
from api.maps.places_cache import AtlasDep
from api.rendering.pages import render
from api.routes.found import FRESH, HTML
from api.routes.links import Links, tongues
from api.routes.planner import FORMATS
from api.routes.plots import FILTER_PARAMETERS, ChoiceDep, run_of
from api.web.description import given, or_empty
from geo.criteria import LAND_CRITERIA
from geo.crops.catalogue import crops
from layers.catalogue.admin import District, Jamoat
from layers.catalogue.base import PUBLIC
from layers.catalogue.land import CLASS_STYLES, LAND_FORMS, ON_OFFER
from layers.features.districts import require_district, require_jamoats
from layers.features.features import require_code
from layers.features.filters import PLOT_FILTERS, plot_conditions, sort_keys
from layers.features.paging import Listing, read_page
from layers.features.places import Gazetteer
from layers.features.plots import by_class_and_score, in_district, scored_plots
from layers.features.standing import standing_of
from layers.postgres.engine import reading
from layers.records.snapshot import Choice

router = APIRouter(tags=["pages"], dependencies=[Depends(known_parameters)])

ROWS: Final = 50  # plots of a page of the list
MOST_COLUMNS: Final = 6  # criteria beside one another; more cannot be read on a screen
SHOWN_UNASKED: Final = ("walk_minutes", "water_adequacy")
OPEN_TO_ALL: Final = (*ON_OFFER, "unknown")  # below partner all other land reads unknown
SORTED_BY: Final = ("plot_id", "class", "score", "area_ha")  # beside the criteria that are shown


@dataclass(frozen=True, slots=True)
class Choosable:
    """One value of a filter that can be ticked: its code, words, and whether it is."""

    code: str
    words: str
    ticked: bool


@dataclass(frozen=True, slots=True)
class Bounds:
    """Least and most of a property, as they were typed; titles and units are in the reader's language."""

    name: str
    title: str
    unit: str
    least: str
    most: str


_CRITERIA: Final = tuple(criterion.id for criterion in LAND_CRITERIA)
COLUMN: Final[Mapping[str, Any]] = {
    "name": "column",
    "in": "query",
    "required": False,
    "description": "Criterion shown beside the class; may be given several times.",
    "schema": {"type": "array", "items": {"type": "string", "enum": [*_CRITERIA]}},
}


@router.get(
    "/districts/{code}/list",
    summary="Plots of a district as a page to work with",
    response_class=Response,
    responses=given({HTML: None}, 404),
    openapi_extra={"parameters": [*(or_empty(item) for item in FILTER_PARAMETERS), COLUMN]},
)
def get_list(
    request: Request,
    code: str,
    lang: LanguageDep,
    state: SnapshotDep,
    atlas: AtlasDep,
    choice: ChoiceDep,
    sortby: Annotated[str | None, Query(description="As for the list of plots.")] = None,
    after: Annotated[str | None, Query(description="Token of the next page.")] = None,
) -> Response:
    """The same filters and order as `GET /districts/{code}/plots`, as a table in the reader's language.

    An empty text, as a form sends it, counts as not asked. Hectares by class are of the plots that are left.
    """
    filters = {
        name: texts for name in PLOT_FILTERS if (texts := [text for text in request.query_params.getlist(name) if text])
    }
    columns = _columns(request.query_params.getlist("column"))
    with reading(PUBLIC) as connection:
        served = state.fresh(connection)
        require_district(connection, served, code)
        require_jamoats(connection, code, filters.get("jamoat", ()))
        run = run_of(served, choice, code, PUBLIC)
        features = scored_plots(PUBLIC, {} if run is None else {code: run})
        conditions = [in_district(code), *plot_conditions(features, filters)]
        keys = sort_keys(features, sortby or usual_order(filters)) or by_class_and_score(features)
        listing = Listing(features, conditions, keys)
        page = read_page(connection, listing, limit=ROWS, after=after or None)
        counted, standing = standing_of(connection, listing)
        places = atlas.gazetteer(connection, served)
    features_read = orjson.loads(b"".join((b"[", page.body, b"]")))
    asked = _Asked(request, code, lang, {**filters, **_chosen(choice)}, sortby, columns)
    names = {
        place.code: local_name(place.names, lang, otherwise=place.code) for place in places.of(Jamoat, within=code)
    }
    pinned = {} if run is None or choice != Choice() else {"run": str(run.run_id)}
    content = render(
        "list.html",
        lang=lang,
        base=asked.links.base,
        tongues=tongues(request),
        synthetic=served.synthetic(code) or bool(run and run.synthetic),
        place=_district_name(places, code, lang),
        sentence=say_filters(filters, names, lang),
        run=run,
        warning=EARLIER_RULE if run is not None and run.earlier_rule else None,
        figures=figures(counted, lang, standing),
        plots=list_plots((found["properties"] for found in features_read), places, lang, columns),
        heads=asked.heads(),
        form=asked.form(names),
        # The next page is of the same run, even if another is published meanwhile.
        next_page=None if page.next is None else asked.address(after=page.next, **pinned),
        first_page=asked.address() if after else None,
        downloads=[(name, asked.file(form)) for form, (name, _about) in FORMATS.items()],
        reports=[(name, asked.report(form)) for form, name in (("pdf", "PDF"), ("html", "HTML"))],
        map_page=asked.links.page(district=code, jamoat=next(iter(filters.get("jamoat", ())), None)),
    )
    return HTMLResponse(content, headers=FRESH)


class _Asked:
    """One state of the list, and the addresses of the states that are one step from it."""

    def __init__(
        self,
        request: Request,
        code: str,
        lang: Language,
        filters: Mapping[str, Sequence[str]],
        sortby: str | None,
        columns: Sequence[str],
    ) -> None:
        self.links = Links(request.scope.get("root_path", ""), lang)
        self._here = f"{self.links.base}/districts/{code}"
        self._lang, self._filters, self._sortby, self._columns = lang, filters, sortby or "", columns

    def address(self, **changed: str) -> str:
        """Address of this list with another order or page."""
        asked = [*self._narrowed(), *(("column", name) for name in self._columns)]
        order = {"sortby": self._sortby, **changed}
        return f"{self._here}/list?{self._query([*asked, *order.items()])}"

    def file(self, form: str) -> str:
        """Address of the file of exactly these plots, in this order."""
        order = self._sortby or usual_order(self._filters) or ""
        return f"{self._here}/plots?{self._query([*self._narrowed(), ('sortby', order), ('f', form)])}"

    def report(self, form: str) -> str:
        """Address of these plots on paper."""
        return f"{self._here}/report?{self._query([*self._narrowed(), ('sortby', self._sortby), ('f', form)])}"

    def heads(self) -> list[dict[str, Any]]:
        """Columns that can be sorted by: title, address that sorts by it, and which way it is sorted now."""
        found = []
        for name in (*SORTED_BY, *self._columns):
            now = "ascending" if self._sortby == name else "descending" if self._sortby == f"-{name}" else None
            wanted = f"-{name}" if now == "ascending" or (now is None and name == "score") else name
            title = translate(COLUMNS[name], self._lang)
            found.append({"title": title, "address": self.address(sortby=wanted), "sorted": now})
        return found

    def form(self, jamoats: Mapping[str, str]) -> dict[str, Any]:
        """What the form of filters shows."""
        lang = self._lang
        crop_titles = {name: crop.title for name, crop in crops().items()}
        return {
            "action": f"{self._here}/list",
            "classes": self._ticks("class", {name: CLASS_WORDS[name] for name in CLASS_STYLES}),
            "availability": self._ticks("availability", {name: CODES[name] for name in OPEN_TO_ALL}),
            "land_form": self._ticks("land_form", {name: CODES[name] for name in LAND_FORMS}),
            "crop": self._ticks("crop", crop_titles),
            "jamoat": sorted(
                (Choosable(code, name, code in self._filters.get("jamoat", ())) for code, name in jamoats.items()),
                key=lambda one: sort_key(one.words, lang),
            ),
            "bounds": [
                self._bounds("score", COLUMNS["score"], "points"),
                self._bounds("area_ha", COLUMNS["area_ha"], "ha"),
                *(self._bounds(one.id, one.title, one.unit) for one in LAND_CRITERIA),
            ],
            "columns": [
                Choosable(one.id, translate(one.title, lang), one.id in self._columns) for one in LAND_CRITERIA
            ],
            "kept": [
                (name, text)
                for name, texts in self._filters.items()
                if name not in _IN_FORM and name[:4] not in ("min_", "max_")
                for text in texts
            ],
            "sortby": self._sortby,
            "more": any(name[:4] in ("min_", "max_") or name in ("crop", "land_form") for name in self._filters),
        }

    def _ticks(self, name: str, words: Mapping[str, str]) -> list[Choosable]:
        ticked = self._filters.get(name, ())
        return [Choosable(code, translate(text, self._lang), code in ticked) for code, text in words.items()]

    def _bounds(self, name: str, title: str, unit: str) -> Bounds:
        least, most = (self._filters.get(f"{end}_{name}", [""])[0] for end in ("min", "max"))
        return Bounds(name, translate(title, self._lang), translate(unit, self._lang) if unit else "", least, most)

    def _narrowed(self) -> list[tuple[str, str]]:
        return [(name, text) for name, texts in self._filters.items() for text in texts]

    def _query(self, asked: Sequence[tuple[str, str]]) -> str:
        return urlencode([*((name, text) for name, text in asked if text), ("lang", self._lang)])


_IN_FORM: Final = frozenset({"class", "availability", "land_form", "crop", "jamoat"})


def _chosen(choice: Choice) -> dict[str, list[str]]:
    """What says of which run the list is, kept in every address."""
    asked = {"scheme": choice.scheme, "run": None if choice.run is None else str(choice.run)}
    return {name: [text] for name, text in asked.items() if text is not None}


def _columns(asked: Sequence[str]) -> tuple[str, ...]:
    """Criteria to be shown, in the order of their declaration; some when none is asked for.

    Raises
    ------
    BadFilter : there is no such criterion; names the nearest.
    """
    for name in asked:
        require_code("column", name, _CRITERIA)
    wanted = asked or SHOWN_UNASKED
    return tuple(name for name in _CRITERIA if name in wanted)[:MOST_COLUMNS]


def _district_name(places: Gazetteer, code: str, lang: Language) -> str:
    known = places.places.get((District.__tablename__, code))
    return local_name(known.names, lang, otherwise=code) if known else code
