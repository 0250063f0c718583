"""The rows a run left behind, in a form that two runs can be compared in."""

from __future__ import annotations

from sqlalchemy import ARRAY, Engine, String, cast, func, literal_column, select, text

from layers.records.rows_of_run import PLACE, of_run
from layers.records.runs import suitability


def rows_of(engine: Engine, run_id: int) -> dict[str, list[str]]:
    """Every row of a run as PostgreSQL prints it, which for reals is exact, without the number of the run."""
    orders = {"run_hectares": "district, jamoat, class", "suitability_cells": "zoom, x, y, district, class"}
    found = {}
    with engine.connect() as connection:
        for name, order in orders.items():
            statement = f"SELECT (to_jsonb(t) - 'run_id')::text FROM {name} t WHERE run_id = :run ORDER BY {order}"
            rows = connection.execute(text(statement), {"run": run_id}).scalars().all()
            found[name] = list(rows)
        whole = func.to_jsonb(literal_column("suitability")) - cast(list(PLACE), ARRAY(String))
        judged = select(cast(whole, String)).where(of_run(connection, run_id)).order_by(suitability.c.plot_no)
        found["suitability"] = list(connection.execute(judged).scalars())
    return found
