"""A state of plots: filters, order and columns as an address has them, the form that shows them, addresses around."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import Request

from api.content.histograms import Bars
from api.content.plot_list import COLUMNS, usual_order
from api.language.translate import sort_key, translate
from api.language.wording import CLASS_WORDS, CODES
from api.routes.emphasis import PARAMETER_OF
from api.routes.links import Links
from api.routes.picked import MapView
from geo.criteria import LAND_CRITERIA
from geo.crops.catalogue import crops
from layers.catalogue.land import CLASS_STYLES, LAND_FORMS, ON_OFFER
from layers.errors import BadFilter
from layers.features.features import require_code
from layers.features.filters import MOST_PLOTS_BY_ID, PLOT_FILTERS

MOST_COLUMNS: Final = 6  # criteria beside one another; more cannot be read on a screen
SHOWN_UNASKED: Final = ("walk_minutes", "water_adequacy")
OPEN_TO_ALL: Final = (*ON_OFFER, "unknown")  # below partner all other land reads unknown
SORTED_BY: Final = ("plot_id", "class", "score", "area_ha")  # beside the criteria that are shown
CRITERIA: Final = tuple(criterion.id for criterion in LAND_CRITERIA)


@dataclass(frozen=True, slots=True)
class Choosable:
    """One value of a filter that can be ticked: its code, words, and whether it is."""

    code: str
    words: str
    ticked: bool


@dataclass(frozen=True, slots=True)
class Bounds:
    """Least and most of a property, as they were typed, and how its values spread, where that is shown.

    Titles and units are in the reader's language.
    """

    name: str
    title: str
    unit: str
    least: str
    most: str
    bars: Bars | None = None


def asked_filters(request: Request) -> dict[str, list[str]]:
    """Return filter name -> the texts an address gives it; an empty text, as a form sends it, counts as not asked."""
    return {
        name: texts for name in PLOT_FILTERS if (texts := [text for text in request.query_params.getlist(name) if text])
    }


def asked_shortlist(request: Request) -> list[str]:
    """Return the plots an address has on its short list, each once.

    Raises
    ------
    BadFilter : there are too many.
    """
    found = list(dict.fromkeys(text for text in request.query_params.getlist("shortlist") if text))
    if len(found) > MOST_PLOTS_BY_ID:
        raise BadFilter(f"A short list takes at most {MOST_PLOTS_BY_ID} plots.")
    return found


def spread_of(filters: Mapping[str, Sequence[str]], columns: Sequence[str]) -> list[str]:
    """Return the properties whose spread is shown: those that are bounded, then the columns."""
    bounded = [name for name in ("score", "area_ha", *CRITERIA) if f"min_{name}" in filters or f"max_{name}" in filters]
    return list(dict.fromkeys((*bounded, *columns)))


def narrows(filters: Mapping[str, Sequence[str]]) -> bool:
    """Tell whether filters leave other plots than those of a district or of one jamoat."""
    return any(name != "jamoat" or len(texts) > 1 for name, texts in filters.items())


class Narrowing:
    """One state of the plots of a district, and the addresses of the states that are one step from it.

    Parameters
    ----------
    links : addresses in the reader's language.
    code : of the district.
    filters : filter -> the texts it was given.
    sortby, columns : order and columns of the list.
    view : how the map is looked at.
    run : result that is asked for, if not the one that is shown unasked.
    shortlist : plots that were put on the short list of the district.
    """

    def __init__(
        self,
        links: Links,
        code: str,
        filters: Mapping[str, Sequence[str]],
        *,
        view: MapView,
        sortby: str | None = None,
        columns: Sequence[str] = (),
        run: Mapping[str, str] | None = None,
        shortlist: Sequence[str] = (),
    ) -> None:
        self.links = links
        self._code, self._here, self._lang = code, f"{links.base}/districts/{code}", links.lang
        self._filters, self._sortby, self._columns = filters, sortby or "", columns
        self._shortlist = tuple(shortlist)
        self._bars: Mapping[str, Bars] = {}
        self._view, self._run = tuple(view.asked().items()), tuple((run or {}).items())

    def plot_list(self, **changed: str) -> str:
        """Address of the list with another order or page."""
        return f"{self._here}/list?{self._query(self._of_list(changed))}"

    def rows(self) -> str:
        """Address of the first rows of the list, as a part of the planner's page."""
        return f"{self._here}/list/rows?{self._query(self._of_list({}))}"

    def page(self) -> str:
        """Address of the planner's page of these plots."""
        asked = [("district", self._code), *self._narrowed(), *self._listed(), *self._view, *self._short()]
        return f"{self.links.base}/?{self._query(asked)}"

    def of_run(self, run: int | None) -> str:
        """Address of the planner's page of these plots by another result; None: the one that is served."""
        asked = [*self._texts(), ("run", "" if run is None else str(run)), *self._listed(), *self._view, *self._short()]
        return f"{self.links.base}/?{self._query([('district', self._code), *asked])}"

    def only_shortlist(self) -> Narrowing:
        """Return the state of exactly the plots of the short list."""
        return Narrowing(
            self.links,
            self._code,
            {"plot_id": self._shortlist},
            view=MapView(None, dict(self._view).get("colour"), None, None),
            columns=self._columns,
            run=dict(self._run),
            shortlist=self._shortlist,
        )

    def without_shortlist(self) -> str:
        """Address of the list with an empty short list."""
        asked = [*self._narrowed(), *self._listed(), *self._view]
        return f"{self._here}/list?{self._query([item for item in asked if item[0] != 'plot_id'])}"

    def hidden_of_ticks(self, listed: Collection[str]) -> Sequence[tuple[str, str]]:
        """Fields that go along when rows are ticked: the state, and what is on the short list but not on the page."""
        short = [(name, text) for name, text in self._short() if text not in listed]
        return [*self._narrowed(), *self._listed(), *self._view, *short]

    def whole(self) -> str:
        """Address of the planner's page of all plots of the district."""
        return f"{self.links.base}/?{self._query([('district', self._code), *self._run, *self._view, *self._short()])}"

    def of_jamoat(self, code: str) -> str:
        """Address of the planner's page of these plots in one jamoat of the district."""
        narrowed = [(name, text) for name, text in self._narrowed() if name not in _OF_PLACE]
        asked = [("district", self._code), ("jamoat", code), *narrowed, *self._listed(), *self._looked()]
        return f"{self.links.base}/?{self._query([*asked, *self._short()])}"

    def of_district(self, code: str, region: str | None) -> str:
        """Address of the planner's page of another district, narrowed and looked at as this one."""
        asked = [("region", region or ""), ("district", code), *self.hidden_of_picker()]
        return f"{self.links.base}/?{self._query(asked)}"

    def map(self, plot: str | None = None) -> str:
        """Address of the map of these plots."""
        asked = [("district", self._code), *self._narrowed(), ("plot", plot or ""), *self._view]
        return f"{self.links.base}/maps/plots?{self._query(asked)}"

    def trial(self) -> str:
        """Address of these plots by other weights; the weights themselves are no part of it."""
        return f"{self._here}/trial?{self._query(self._texts())}"

    def saved_trial(self, emphasis: Mapping[str, str]) -> str:
        """Address of the page on which staff store other weights as a scheme."""
        return f"{self.links.base}/schemes/new?{self._query([('district', self._code), *emphasis.items()])}"

    def untried(self) -> str:
        """Address of the planner's page of these plots by the published result."""
        return f"{self.links.base}/?{self._query(self.hidden_of_trial())}"

    def hidden_of_trial(self) -> Sequence[tuple[str, str]]:
        """Fields that go along when other weights are tried."""
        view = [(name, text) for name, text in self._view if name not in _OF_TRIAL]
        return [("district", self._code), *self._texts(), *self._listed(), *view, *self._short()]

    def file(self, form: str) -> str:
        """Address of the file of exactly these plots, in this order."""
        order = self._sortby or usual_order(self._filters) or ""
        return f"{self._here}/plots?{self._query([*self._narrowed(), ('sortby', order), ('f', form)])}"

    def report(self, form: str) -> str:
        """Address of these plots on paper."""
        return f"{self._here}/report?{self._query([*self._narrowed(), ('sortby', self._sortby), ('f', form)])}"

    def in_background(self) -> str:
        """Return what a job is asked for of exactly these plots, in this order."""
        order = self._sortby or usual_order(self._filters) or ""
        return self._query([*self._narrowed(), ("sortby", order)])

    def hidden_of_picker(self) -> Sequence[tuple[str, str]]:
        """Fields that go along to another place: all but what lies in this one."""
        narrowed = [(name, text) for name, text in self._narrowed() if name not in _OF_PLACE]
        return [*narrowed, *self._listed(), *self._looked()]

    def short(self) -> Sequence[tuple[str, str]]:
        """Fields of the short list, which go along to another jamoat of the district."""
        return self._short()

    def heads(self) -> list[dict[str, Any]]:
        """Columns that can be sorted by: title, address that sorts by it, and which way it is sorted now."""
        found = []
        for name in (*SORTED_BY, *self._columns):
            now = "ascending" if self._sortby == name else "descending" if self._sortby == f"-{name}" else None
            wanted = f"-{name}" if now == "ascending" or (now is None and name == "score") else name
            title = translate(COLUMNS[name], self._lang)
            found.append({"title": title, "address": self.plot_list(sortby=wanted), "sorted": now})
        return found

    def form(
        self, jamoats: Mapping[str, str], *, bars: Mapping[str, Bars] | None = None, on_page: bool = False
    ) -> dict[str, Any]:
        """What the form of filters shows, on the list or on the planner's page; ``bars`` by property."""
        self._bars = bars or {}
        lang = self._lang
        crop_titles = {name: crop.title for name, crop in crops().items()}
        return {
            "action": f"{self.links.base}/" if on_page else f"{self._here}/list",
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
                *([("district", self._code)] if on_page else []),
                *((name, text) for name, text in self._narrowed() if not _in_form(name)),
                *self._view,
                *self._short(),
            ],
            "sortby": self._sortby,
            "more": any(name[:4] in ("min_", "max_") or name in ("crop", "land_form") for name in self._filters),
        }

    def _ticks(self, name: str, words: Mapping[str, str]) -> list[Choosable]:
        ticked = self._filters.get(name, ())
        return [Choosable(code, translate(text, self._lang), code in ticked) for code, text in words.items()]

    def _bounds(self, name: str, title: str, unit: str) -> Bounds:
        least, most = (self._filters.get(f"{end}_{name}", [""])[0] for end in ("min", "max"))
        said = translate(title, self._lang), translate(unit, self._lang) if unit else ""
        return Bounds(name, *said, least, most, self._bars.get(name))

    def _of_list(self, changed: Mapping[str, str]) -> list[tuple[str, str]]:
        asked = [*self._narrowed(), *(("column", name) for name in self._columns), *self._view, *self._short()]
        return [*asked, *{"sortby": self._sortby, **changed}.items()]

    def _narrowed(self) -> list[tuple[str, str]]:
        return [*self._texts(), *self._run]

    def _short(self) -> list[tuple[str, str]]:
        return [("shortlist", name) for name in self._shortlist]

    def _texts(self) -> list[tuple[str, str]]:
        return [(name, text) for name, texts in self._filters.items() for text in texts]

    def _listed(self) -> list[tuple[str, str]]:
        return [("sortby", self._sortby), *(("column", name) for name in self._columns)]

    def _looked(self) -> list[tuple[str, str]]:
        """How the map is looked at, at another place."""
        return [(name, text) for name, text in self._view if name not in ("at", "village")]

    def _query(self, asked: Sequence[tuple[str, str]]) -> str:
        return urlencode([*((name, text) for name, text in asked if text), ("lang", self._lang)], safe="/,:")


_TICKED: Final = frozenset({"class", "availability", "land_form", "crop", "jamoat"})
_OF_TRIAL: Final = frozenset({*PARAMETER_OF.values(), "orness"})
_OF_PLACE: Final = frozenset({"jamoat", "bbox", "plot_id"})


def _in_form(name: str) -> bool:
    """Whether the form itself has a field for a filter."""
    return name in _TICKED or name[:4] in ("min_", "max_")


def asked_columns(asked: Sequence[str], unasked: Sequence[str] = SHOWN_UNASKED) -> tuple[str, ...]:
    """Return criteria to be shown, in the order of their declaration; ``unasked`` when none is asked for.

    Raises
    ------
    BadFilter : there is no such criterion; names the nearest.
    """
    for name in asked:
        require_code("column", name, CRITERIA)
    wanted = asked or unasked
    return tuple(name for name in CRITERIA if name in wanted)[:MOST_COLUMNS]
