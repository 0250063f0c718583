"""The filters of the plot list, declared once: name, what it means, and the condition it makes.

Parsing, the OpenAPI text and the refusal of unknown names all come from ``PLOT_FILTERS``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, literal, or_

from geo.crops.catalogue import crops
from layers.catalogue.land import AVAILABILITIES, LAND_FORMS, TOLD_AS
from layers.errors import BadFilter
from layers.features.cql import bound_geometry, cql2_condition, envelope, finite
from layers.features.features import Features, Kind, kind_of, nearest, require_code
from layers.records.outcomes import OUTCOME_BY_NAME, OUTCOMES
from layers.records.runs import suitability

Build = Callable[[Features, Sequence[str]], ColumnElement[bool]]

MOST_SORT_KEYS = 5  # properties one list may be sorted by
MOST_PLOTS_BY_ID = 50  # plots of a short list: what a person looks at one by one, and an address can hold


@dataclass(frozen=True, slots=True)
class Filter:
    """One filter parameter.

    ``schema`` is its JSON Schema for the OpenAPI description; an array may be given several times and any of its
    values is then enough. ``condition`` takes the features and the texts given.
    """

    name: str
    about: str
    schema: Mapping[str, Any]
    condition: Build

    @property
    def repeatable(self) -> bool:
        """Whether the parameter may be given several times."""
        return self.schema.get("type") == "array"


def _number(name: str, text: str) -> float:
    try:
        if not _WRITTEN.fullmatch(text):
            raise ValueError
        return finite(float(text), name)
    except ValueError:
        raise BadFilter(f"{name} needs a number, not {text!r}.") from None


_WRITTEN = re.compile(r"[-+.0-9A-Za-z]+")  # float() takes 1_0, blanks and the digits of every script, too


def _at_least(name: str, about: str, of: str) -> Filter:
    def condition(features: Features, given: Sequence[str]) -> ColumnElement[bool]:
        bounded = features.property(of)
        return bounded.value >= bounded.comparable(_number(name, given[0]))

    return Filter(name, about, {"type": "number"}, condition)


def _at_most(name: str, about: str, of: str) -> Filter:
    def condition(features: Features, given: Sequence[str]) -> ColumnElement[bool]:
        bounded = features.property(of)
        return bounded.value <= bounded.comparable(_number(name, given[0]))

    return Filter(name, about, {"type": "number"}, condition)


def _one_of(name: str, about: str, codes: tuple[str, ...] = ()) -> Filter:
    def condition(features: Features, given: Sequence[str]) -> ColumnElement[bool]:
        asked = features.property(name)
        for text in given if codes else ():
            require_code(name, text, asked.codes)
        return asked.value.in_([literal(text) for text in given])

    items = {"type": "string", "enum": list(codes)} if codes else {"type": "string"}
    return Filter(name, about, {"type": "array", "items": items}, condition)


def _is(name: str, about: str) -> Filter:
    def condition(features: Features, given: Sequence[str]) -> ColumnElement[bool]:
        try:
            wanted = _TRUTH[given[0].lower()]
        except KeyError:
            raise BadFilter(f"{name} is true or false, not {given[0]!r}.") from None
        return features.property(name).value.is_(wanted)

    return Filter(name, about, {"type": "boolean"}, condition)


def _touches_box(features: Features, given: Sequence[str]) -> ColumnElement[bool]:
    bounds = [_number("bbox", text) for text in given[0].split(",")]
    found: ColumnElement[bool] = func.ST_Intersects(features.geom, bound_geometry(envelope(bounds, "bbox")))
    return found


def _carries_crop(_features: Features, given: Sequence[str]) -> ColumnElement[bool]:
    for text in given:
        require_code("crop", text, tuple(crops()))
    return or_(*(literal(text) == func.any(suitability.c.crops) for text in given))


def _is_plot(features: Features, given: Sequence[str]) -> ColumnElement[bool]:
    if len(given) > MOST_PLOTS_BY_ID:
        raise BadFilter(f"plot_id may be given at most {MOST_PLOTS_BY_ID} times.")
    return features.key.in_([literal(text) for text in given])


def _holds(features: Features, given: Sequence[str]) -> ColumnElement[bool]:
    return cql2_condition(features, given[0])


def _filters_of(name: str) -> Iterator[Filter]:
    """The filters of one outcome: true or false, one of its codes, or at least and at most."""
    outcome = OUTCOME_BY_NAME[name]
    match kind_of(outcome.column):
        case Kind.BOOLEAN:
            yield _is(name, f"{outcome.title}.")
        case Kind.TEXT:
            yield _one_of(name, f"{outcome.title}; may be given several times.", outcome.codes)
        case _:
            unit = f", {outcome.unit}" if outcome.unit else ""
            yield _at_least(f"min_{name}", f"{outcome.title} of at least this{unit}.", name)
            yield _at_most(f"max_{name}", f"{outcome.title} of at most this{unit}.", name)


_TRUTH = {"true": True, "1": True, "false": False, "0": False}
_CROPS = {"type": "array", "items": {"type": "string", "enum": list(crops())}}

PLOT_FILTERS: dict[str, Filter] = {
    item.name: item
    for item in (
        _at_least("min_score", "Score of at least this, 0-100.", "score"),
        _at_most("max_score", "Score of at most this, 0-100.", "score"),
        *_filters_of("class"),
        _one_of("jamoat", "Jamoat code; may be given several times."),
        Filter(
            "plot_id",
            f"The plot of this id, as of a short list; may be given up to {MOST_PLOTS_BY_ID} times.",
            {"type": "array", "items": {"type": "string"}, "maxItems": MOST_PLOTS_BY_ID},
            _is_plot,
        ),
        _at_least("min_area_ha", "Area of at least this, hectares.", "area_ha"),
        _at_most("max_area_ha", "Area of at most this, hectares.", "area_ha"),
        Filter(
            "bbox",
            "Touches the box west,south,east,north, degrees.",
            {"type": "string", "pattern": r"^[-+0-9.eE]+(,[-+0-9.eE]+){3}$"},
            _touches_box,
        ),
        *_filters_of("irrigated"),
        *_filters_of("hazard_free"),
        _one_of("land_form", "Land form; may be given several times.", LAND_FORMS),
        _one_of(
            "availability",
            f"Availability; may be given several times. Partners and staff may ask for {' and '.join(TOLD_AS)}, too.",
            tuple(code for code in AVAILABILITIES if code not in TOLD_AS),
        ),
        Filter("crop", "The crop is S1 or S2 there; may be given several times.", _CROPS, _carries_crop),
        *(item for outcome in OUTCOMES if outcome.filter for item in _filters_of(outcome.name)),
        Filter(
            "filter",
            "A condition in CQL2 text on any property and on geom, such as "
            "`class IN ('S1','S2') AND walk_minutes <= 30`.",
            {"type": "string"},
            _holds,
        ),
    )
}


def plot_conditions(features: Features, given: Mapping[str, Sequence[str]]) -> list[ColumnElement[bool]]:
    """Return the conditions of the filters given; all must hold.

    ``given`` is filter name -> the texts it was given.

    Raises
    ------
    BadFilter : an unknown filter, a value it cannot take, or one that may be given only once given twice.
    """
    conditions = []
    for name, texts in given.items():
        known = PLOT_FILTERS.get(name)
        if known is None:
            raise BadFilter(f"There is no filter {name!r}{nearest(name, PLOT_FILTERS)}.")
        if len(texts) > 1 and not known.repeatable:
            raise BadFilter(f"{name} may be given only once.")
        if any("\0" in text for text in texts):
            raise BadFilter(f"{name} holds a character that no text here has.")
        conditions.append(known.condition(features, texts))
    return conditions


@dataclass(frozen=True, slots=True)
class SortKey:
    """One property to sort by; unknown values come last either way."""

    name: str
    value: ColumnElement[Any]
    falling: bool

    def ordered(self) -> ColumnElement[Any]:
        """Return the ORDER BY term."""
        return self.value.desc().nulls_last() if self.falling else self.value.asc().nulls_last()


def sort_keys(features: Features, text: str | None) -> list[SortKey]:
    """Return what ``sortby`` asks for: readable properties separated by commas, ``-`` before one that falls.

    Raises
    ------
    BadFilter : a property that does not exist or may not be read, a list, or too many.
    """
    names = [part.strip() for part in (text or "").split(",") if part.strip()]
    if len(names) > MOST_SORT_KEYS:
        raise BadFilter(f"sortby takes at most {MOST_SORT_KEYS} properties.")
    keys = []
    for name in names:
        named = features.property(name[1:] if name[0] in "+-" else name)
        if named.kind is Kind.TEXTS:
            raise BadFilter(f"{named.name} is a list and cannot be sorted by.")
        keys.append(SortKey(named.name, named.order, falling=name.startswith("-")))
    return keys
