"""Scored plots: each current plot with the result served for it.

A plot that no served run has judged is still there: class ``NE``, no score, no run. Scores are shown rounded
down to one decimal, so that 74.96 never reads as 75; filters and files use the value shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Integer,
    Numeric,
    String,
    Text,
    and_,
    case,
    cast,
    column,
    func,
    literal,
    null,
    or_,
    select,
    values,
)

from geo.criteria import LAND_CRITERIA
from layers.catalogue.base import PUBLIC, Audience
from layers.catalogue.land import Plot
from layers.errors import NotFound
from layers.features.features import Features, Kind, Property, layer_properties, plain_property
from layers.records.rows_of_run import holds_in, in_run
from layers.records.runs import robustness, suitability
from layers.records.snapshot import Run

PLOTS = Plot.__table__.c
RESULT = suitability.c
DRAWN = robustness.c

UNJUDGED = "NE"  # class of a plot that no served run has judged

# Order of the properties in pages and files; what the catalogue declares beyond these follows.
FIRST = (
    "plot_id",
    "plot_no",
    "district",
    "jamoat",
    "area_ha",
    "land_form",
    "availability",
    "score",
    "score_low",
    "score_high",
    "class",
    "subclass",
    "limiting",
    "potential_score",
    "potential_class",
    "confidence",
    "run",
    "class_low",
    "class_high",
    "not_assessed",
)


def scored_plots(audience: Audience, runs: Mapping[str, Run]) -> Features:
    """Return current plots with their results as ``audience`` may read them.

    ``runs`` is district -> run to take results from; plots of other districts come without a result.
    """
    return _scored_plots(audience, tuple(runs.items()))


@lru_cache(maxsize=256)  # a few kB each; making one takes a millisecond, which every page and tile would pay
def _scored_plots(audience: Audience, runs: tuple[tuple[str, Run], ...]) -> Features:
    source, run_id = _join_results(dict(runs))
    found = {**layer_properties(Plot, audience), **_results(run_id)}
    order = [*FIRST, *(name for name in found if name not in FIRST)]
    return Features(
        layer=Plot,
        properties={name: found[name] for name in order},
        source=source.outerjoin(robustness, and_(DRAWN.run_id == run_id, DRAWN.plot_no == RESULT.plot_no)),
        where=(Plot.ended_by.is_(None),),
        key=PLOTS.plot_id,
        number=PLOTS.plot_no,
        geom=PLOTS.geom,
    )


def in_district(code: str) -> ColumnElement[bool]:
    """Return the condition that holds for the plots of one district.

    Written as a range, because with ``=`` PostgreSQL walks the index on plot_no through every other district when
    a page is asked for in order of plot_no; as a range it takes the index on (district, plot_no).
    """
    return PLOTS.district.between(code, code)


def _join_results(runs: Mapping[str, Run]) -> tuple[FromClause, ColumnElement[int]]:
    """Plots with the result of the run of their district, if there is one, and the number of that run."""
    if not runs:
        return Plot.__table__.outerjoin(suitability, literal(False)), cast(null(), Integer)
    same_plot = and_(RESULT.plot_no == PLOTS.plot_no, RESULT.district == PLOTS.district)
    if len(runs) == 1:
        ((district, run),) = runs.items()
        same = and_(same_plot, in_run(run), PLOTS.district == district)
        return Plot.__table__.outerjoin(suitability, same), literal(run.run_id, Integer)
    served = (
        values(column("district", String), column("run_id", Integer), column("base_run", Integer), name="served")
        .data([(district, run.run_id, run.base_run) for district, run in runs.items()])
        .alias("served")
    )
    kept_in = RESULT.base_run.in_(sorted({run.base_run for run in runs.values()}))  # spares all other partitions
    held = and_(kept_in, holds_in(served.c.base_run, served.c.run_id))
    source = Plot.__table__.outerjoin(served, served.c.district == PLOTS.district)
    return source.outerjoin(suitability, and_(same_plot, held)), served.c.run_id


def _results(run_id: ColumnElement[int]) -> dict[str, Property]:
    """What scoring adds to a plot, by public name."""
    run = case((RESULT.plot_no.is_not(None), run_id))
    recorded = or_(PLOTS.irrigated, null())  # recorded as irrigated, or not known: a record alone proves no "no"
    found = [
        *(_score(name) for name in ("score", "score_low", "score_high", "potential_score")),
        _text("class", func.coalesce(RESULT["class"], UNJUDGED)),
        *(_text(name, RESULT[name]) for name in ("subclass", "limiting", "potential_class", "confidence")),
        Property("run", "Scoring run", "", Kind.INTEGER, PUBLIC, run, run),
        *(_text(name, RESULT[name]) for name in ("class_low", "class_high")),
        plain_property(RESULT.not_assessed, "Criteria this run could not assess", "", PUBLIC),
        Property(
            "irrigated",
            "In a command area or recorded as irrigated",
            "",
            Kind.BOOLEAN,
            PUBLIC,
            func.coalesce(RESULT.irrigated, recorded),
            func.coalesce(RESULT.irrigated, recorded),
        ),
        plain_property(RESULT.hazard_free, "All hazard levels known and none or residual", "", PUBLIC),
        _text("robust_class", DRAWN.robust_class),
        *(plain_property(DRAWN[name], _TITLES[name], "", PUBLIC) for name in ("robust_share", "top_share", "top_of")),
        plain_property(RESULT.crops, "Crops that are S1 or S2 here, best first", "", PUBLIC),
        *(plain_property(RESULT[item.id], item.title, item.unit, PUBLIC) for item in LAND_CRITERIA),
    ]
    return {item.name: item for item in found}


def _score(name: str) -> Property:
    stored: ColumnElement[Any] = RESULT[name]
    return Property(name, _TITLES[name], "", Kind.NUMBER, PUBLIC, shown_score(stored), stored)


def shown_score(stored: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a kept score as it is shown, in SQL what ``geo.suitability.shown.shown_score`` is in arrays."""
    return func.trunc(cast(cast(stored, Text), Numeric), 1, type_=Numeric(asdecimal=False))


def _text(name: str, value: ColumnElement[Any]) -> Property:
    return Property(name, _TITLES[name], "", Kind.TEXT, PUBLIC, value, value)


_TITLES = {
    "score": "Score 0-100",
    "score_low": "Lowest score the unknown values allow",
    "score_high": "Highest score the unknown values allow",
    "potential_score": "Score after the scheme's improvements",
    "class": "Suitability class",
    "subclass": "Class with what limits it, worst first",
    "limiting": "Criterion that limits most",
    "potential_class": "Class after the scheme's improvements",
    "confidence": "Confidence, A surveyed to D coarse",
    "class_low": "Class at the lowest score",
    "class_high": "Class at the highest score",
    "robust_class": "Class in most draws of weights and errors",
    "robust_share": "Share of draws in that class, 0-1",
    "top_share": "Share of draws among the best of the district, 0-1",
    "top_of": "How many plots count as the best of the district",
}


def find_plot(connection: Connection, plot_id: str) -> tuple[str, str | None]:
    """Return id and district of the current plot of that id or, failing that, of that number.

    Raises
    ------
    NotFound : there is none.
    """
    named = [PLOTS.plot_id == plot_id]
    if plot_id.isascii() and plot_id.isdigit() and len(plot_id) < 19:
        named.append(PLOTS.plot_no == int(plot_id))
    found = select(PLOTS.plot_id, PLOTS.district).where(Plot.ended_by.is_(None), or_(*named))
    row = connection.execute(found.order_by(PLOTS.plot_id != plot_id).limit(1)).first()
    if row is None:
        raise NotFound(f"There is no plot {plot_id!r}.")
    return row[0], row[1]
