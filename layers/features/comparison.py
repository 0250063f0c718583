"""What changed in a district from one run to another: plots by class before and after, and what holds them back."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import ColumnCollection, ColumnElement, Connection, String, case, cast, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import aliased

from geo.contract.classes import CLASSES, NE
from layers.records.rows_of_run import in_run
from layers.records.runs import suitability
from layers.records.snapshot import Run

Columns = ColumnCollection[str, Any]


class Move(NamedTuple):
    """Plots that both runs judged, with their hectares in the second.

    before, after : class, or the outlook where it is not settled. cause : what the lesser class comes from: the kind of
    area that shuts a plot, what is to be asked first of one that is not evaluated, else the criterion that limits it;
    None where nothing does.
    """

    before: str
    after: str
    cause: str | None
    plots: int
    area_ha: float


def moves_between(connection: Connection, before: Run, after: Run, district: str) -> list[Move]:
    """Return the plots of a district by what they were and are, those that stayed what they were among them."""
    old, new = aliased(suitability, name="old").c, aliased(suitability, name="new").c
    lesser = case((_rank(new) >= _rank(old), _cause(new)), else_=_cause(old))
    kinds = [_state(old), _state(new), lesser]
    statement = (
        select(*kinds, func.count(), func.sum(new.area_ha))
        .where(new.plot_no == old.plot_no, in_run(before, old), in_run(after, new))
        .where(old.district == district, new.district == district)
        .group_by(*kinds)
        .order_by(*kinds)
    )
    return [Move(*row[:3], int(row[3]), float(row[4])) for row in connection.execute(statement)]


def _state(columns: Columns) -> ColumnElement[str]:
    judged = columns["class"]
    open_ = columns.settled.is_(False) & (judged != CLASSES[NE]) & columns.outlook.is_not(None)
    return case((open_, columns.outlook), else_=judged)


def _rank(columns: Columns) -> ColumnElement[int]:
    order = cast(literal(list(CLASSES), ARRAY(String)), ARRAY(String))
    return func.array_position(order, cast(columns["class"], String))


def _cause(columns: Columns) -> ColumnElement[str | None]:
    found = case((columns["class"] == CLASSES[NE], columns.ask_first), else_=columns.limiting)
    return func.coalesce(columns.shut_by, found)
