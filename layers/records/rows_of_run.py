"""Which rows of the results are those of a run.

A run that scored everything began a partition, and its rows hold from then on. A run made from it by scoring only what
had changed is kept in the same partition: the rows of the plots it scored end the earlier ones, all others hold in it
too. So an edit of a few plots writes a few rows, and what an earlier run found stays as it was.
"""

from __future__ import annotations

from typing import Any

from psycopg import sql
from sqlalchemy import ColumnCollection, ColumnElement, Connection, and_, or_

from layers.records.runs import suitability
from layers.records.snapshot import Run, run_of

PLACE = ("base_run", "from_run", "until_run")  # columns that say where a row is kept and in which runs it holds
FOUND = tuple(column for column in suitability.columns if column.name not in PLACE)  # the plot and what was found of it


def holds_in(
    base_run: int | ColumnElement[int],
    run_id: int | ColumnElement[int],
    columns: ColumnCollection[str, Any] = suitability.c,
) -> ColumnElement[bool]:
    """Return the condition that a row of a partition holds in a run kept there, whichever districts that run is of.

    ``columns`` : those of ``suitability`` or an alias.
    """
    return and_(
        columns.base_run == base_run,
        columns.from_run <= run_id,
        or_(columns.until_run.is_(None), columns.until_run > run_id),
    )


def in_run(run: Run, columns: ColumnCollection[str, Any] = suitability.c) -> ColumnElement[bool]:
    """Return the condition that holds for the rows of a run; ``columns`` are those of ``suitability`` or an alias."""
    return and_(holds_in(run.base_run, run.run_id, columns), columns.district.in_(sorted(run.districts)))


def of_run(
    connection: Connection, run_id: int, columns: ColumnCollection[str, Any] = suitability.c
) -> ColumnElement[bool]:
    """Return the condition that holds for the rows of a finished run, by its number.

    Raises
    ------
    NotFound : there is no such finished run.
    """
    return in_run(run_of(connection, run_id), columns)


def rows_of_district(run: Run, district: str) -> sql.Composed:
    """Return the same condition for one district as text for the driver."""
    return sql.SQL(
        "base_run = {base} AND district = {district} AND from_run <= {run} AND (until_run IS NULL OR until_run > {run})"
    ).format(base=sql.Literal(run.base_run), run=sql.Literal(run.run_id), district=sql.Literal(district))
