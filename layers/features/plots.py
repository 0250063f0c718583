"""Scored plots: each current plot with the result served for it.

A plot that no served run has judged is still there: class ``NE``, no score, no run. Scores are shown rounded
down to one decimal, so that 74.96 never reads as 75; filters and files use the value shown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
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
    literal_column,
    null,
    or_,
    select,
    values,
)

from geo.contract.classes import CLASSES
from layers.cache.memory import Memo
from layers.catalogue.base import NOT_KNOWN, PARTNER, PUBLIC, Audience
from layers.catalogue.land import ON_OFFER, Plot
from layers.errors import NotFound
from layers.features.features import Features, Property, kind_of, layer_properties, plain_property
from layers.features.filters import SortKey
from layers.records.outcome import Kept, Outcome
from layers.records.outcomes import OUTCOMES
from layers.records.rows_of_run import holds_in, in_run
from layers.records.runs import robustness, suitability
from layers.records.snapshot import Run

NO_RUN = "no run has judged the plot"  # what empty results mean, message ids
NOT_DRAWN = "not drawn yet"

PLOTS = Plot.__table__.c
RESULT = suitability.c
DRAWN = robustness.c
# A number as people write it: 7, № 7, plot 7, участок 7, қитъаи 7. One of more digits is none of ours.
_NUMBER: Final = re.compile(r"(?:(?:№|no\.?|#|plot|участок|қитъаи?)\s*)*([0-9]{1,18})", re.IGNORECASE)


def scored_plots(audience: Audience, runs: Mapping[str, Run]) -> Features:
    """Return current plots with their results as ``audience`` may read them.

    ``runs`` is district -> run to take results from; plots of other districts come without a result.
    """
    return _SCORED.get((audience, tuple(runs.items())), lambda: _scored_plots(audience, runs))


# A few kB each; making one takes a millisecond, which every page and tile would pay.
_SCORED: Memo[tuple[Audience, tuple[tuple[str, Run], ...]], Features] = Memo("queries", most=256)


def _scored_plots(audience: Audience, runs: Mapping[str, Run]) -> Features:
    source, run_id = _join_results(runs)
    found = {**layer_properties(Plot, audience), **_results(run_id, audience)}
    first = (*Plot.leading, *(outcome.name for outcome in OUTCOMES if outcome.leads))
    order = [*first, *(name for name in found if name not in first)]
    return Features(
        layer=Plot,
        properties={name: found[name] for name in order},
        source=source.outerjoin(robustness, and_(DRAWN.run_id == run_id, DRAWN.plot_no == RESULT.plot_no)),
        where=(Plot.ended_by.is_(None),),
        key=PLOTS.plot_id,
        number=PLOTS.plot_no,
        geom=PLOTS.geom,
    )


def by_class_and_score(features: Features) -> list[SortKey]:
    """Return the order of every list of plots unless it is asked for otherwise: by class, S1 first, then by score."""
    return [
        SortKey("class", features.property("class").order, falling=False),
        SortKey("score", features.property("score").order, falling=True),
    ]


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


def _results(run_id: ColumnElement[int], audience: Audience) -> dict[str, Property]:
    """What scoring adds to a plot, by public name."""
    found = {outcome.name: _property(outcome, run_id) for outcome in OUTCOMES if outcome.shown}
    guarded = [outcome.name for outcome in OUTCOMES if outcome.on_offer]
    return found | {name: _guarded(found[name], audience) for name in guarded}


def _guarded(whole: Property, audience: Audience) -> Property:
    """A property below partners, who may read it of every plot: empty of plots neither offered nor in reserve."""
    if audience >= PARTNER:
        return replace(whole, audience=PARTNER)
    offered = PLOTS.availability.in_(ON_OFFER)
    return replace(whole, value=case((offered, whole.value)), order=case((offered, whole.order)))


def _property(outcome: Outcome, run_id: ColumnElement[int]) -> Property:
    """What people are shown of one outcome."""
    if outcome.kept is Kept.RUN:
        run = case((RESULT.plot_no.is_not(None), run_id))
        of_run = Property(outcome.name, outcome.title, outcome.unit, kind_of(outcome.column), PUBLIC, run, run)
        return replace(of_run, empty=NO_RUN)
    column = (DRAWN if outcome.kept is Kept.DRAWS else RESULT)[outcome.name]
    plain = replace(plain_property(column, outcome.title, outcome.unit, PUBLIC), codes=outcome.codes)
    plain = replace(plain, empty=meaning_of_empty(outcome))
    if outcome.rounded_down:
        return replace(plain, value=shown_score(column), single=False)
    if outcome.codes == CLASSES:
        named = column if outcome.missing is None else func.coalesce(column, outcome.missing)
        return replace(plain, value=named, order=_rank(named), ranks=CLASSES)
    if outcome.recorded:
        shown = shown_record(column, PLOTS[outcome.name])
        return replace(plain, value=shown, order=shown)
    return plain


def meaning_of_empty(outcome: Outcome) -> str:
    """Return what an empty value of an outcome means, a message id; "" = it is never empty."""
    if outcome.missing is not None:
        return ""
    if outcome.empty:
        return outcome.empty
    if outcome.kept is Kept.DRAWS:
        return NOT_DRAWN
    return NO_RUN if outcome.required else NOT_KNOWN


def _rank(judged: ColumnElement[Any]) -> ColumnElement[int]:
    """Place of a class among all, 1 for the best."""
    classes = literal_column(f"'{{{','.join(CLASSES)}}}'", ARRAY(Text))
    return func.array_position(cast(classes, ARRAY(Text)), cast(judged, Text), type_=Integer)


def shown_score(stored: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a kept score as it is shown, in SQL what ``geo.suitability.shown.shown_score`` is in arrays."""
    return func.trunc(cast(cast(stored, Text), Numeric), 1, type_=Numeric(asdecimal=False))


def shown_record(kept: ColumnElement[Any], recorded: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return what a run found, in SQL, and where none judged the plot what is recorded of it, but never as *no*."""
    found: ColumnElement[Any] = func.coalesce(kept, or_(recorded, null()))  # a record alone proves no "no"
    return found


def district_of_plot(connection: Connection, plot_id: str) -> str | None:
    """Return the district of the current plot of that id; None if it lies in none. A number is no id.

    Raises
    ------
    NotFound : there is no such plot.
    """
    row = connection.execute(
        select(PLOTS.district).where(Plot.ended_by.is_(None), PLOTS.plot_id == plot_id)
    ).one_or_none()
    if row is None:
        raise NotFound(f"There is no plot {plot_id!r}.")
    district: str | None = row[0]
    return district


def held_in(connection: Connection, district: str, plot_ids: Sequence[str]) -> list[str]:
    """Return those of some plots that lie in a district now, in the order they were given."""
    if not plot_ids:
        return []
    found = select(PLOTS.plot_id).where(Plot.ended_by.is_(None), in_district(district), PLOTS.plot_id.in_(plot_ids))
    there = set(connection.execute(found).scalars())
    return [plot_id for plot_id in plot_ids if plot_id in there]


def id_of_plot(connection: Connection, plot_no: int) -> str:
    """Return the id of the current plot of that number, which is its feature id in tiles.

    Raises
    ------
    NotFound : there is none.
    """
    found = select(PLOTS.plot_id).where(Plot.ended_by.is_(None), PLOTS.plot_no == plot_no)
    plot_id: str | None = connection.execute(found).scalar_one_or_none()
    if plot_id is None:
        raise NotFound(f"There is no plot number {plot_no}.")
    return plot_id


@dataclass(frozen=True, slots=True)
class PlotAddress:
    """A plot as it is called, and the district it lies in."""

    plot_id: str
    plot_no: int
    district: str | None


def plots_called(connection: Connection, text: str) -> list[PlotAddress]:
    """Return the current plots of an id, or of a number: "7", "№ 7", "plot 7"."""
    said = text.strip()
    number = _NUMBER.fullmatch(said)
    called: list[ColumnElement[bool]] = [PLOTS.plot_id == said]
    if number is not None:
        called.append(PLOTS.plot_no == int(number[1]))
    rows = connection.execute(
        select(PLOTS.plot_id, PLOTS.plot_no, PLOTS.district)
        .where(Plot.ended_by.is_(None), or_(*called))
        .order_by(PLOTS.plot_no)
    )
    return [PlotAddress(*row) for row in rows]
