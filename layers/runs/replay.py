"""A run computed again from what it stored: the same numbers to the last bit, or the input that has changed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import ARRAY, REAL, Connection, Engine, Float, select

from geo.panel.scheme import parse_scheme
from layers.errors import NotFound
from layers.records.rows_of_run import FOUND, of_run
from layers.records.runs import ScoringRun, suitability
from layers.runs.code_digest import code_version
from layers.runs.parts import Part, score_plots
from layers.runs.versions import layer_versions


@dataclass(frozen=True, slots=True)
class Replay:
    """Plots compared, plots that differ and in which columns, and what is no longer as the run saw it."""

    run_id: int
    plots: int
    differing: int
    columns: tuple[str, ...]
    changed: tuple[str, ...]

    @property
    def identical(self) -> bool:
        """Whether every kept value came out again, bit for bit."""
        return self.differing == 0


def replay(
    engine: Engine, run_id: int, *, progress: Callable[[Sequence[str]], Iterable[str]] = lambda names: names
) -> Replay:
    """Compute a finished run again on the rows it saw and compare every value; nothing is stored.

    Raises
    ------
    NotFound : there is no such finished run.
    """
    with engine.connect() as connection:
        run = connection.execute(select(ScoringRun.__table__).where(ScoringRun.run_id == run_id)).mappings().first()
        if run is None or run["status"] != "complete":
            raise NotFound(f"There is no finished run {run_id}.")
        scheme = parse_scheme(run["scheme_text"], source=f"run {run_id}", judged=run["criteria"])
        plots, differing, columns = 0, 0, set[str]()
        for district in progress(run["districts"]):
            again, _ = score_plots(connection, Part(run_id, 0, district, 0, 1, scheme, run["as_of"], run["as_of_load"]))
            different = _different(_kept(connection, run_id, district), again)
            plots += len(again)
            differing += int(np.any(list(different.values()), axis=0).sum()) if different else 0
            columns |= set(different)
        changed = _changed(connection, dict(run))
        connection.rollback()
    return Replay(run_id, plots, differing, tuple(sorted(columns)), tuple(changed))


def _kept(connection: Connection, run_id: int, district: str) -> pd.DataFrame:
    chosen = (of_run(connection, run_id), suitability.c.district == district)
    rows = connection.execute(select(*FOUND).where(*chosen).order_by(suitability.c.plot_no)).mappings()
    return pd.DataFrame([dict(row) for row in rows], columns=[column.name for column in FOUND])


def _different(kept: pd.DataFrame, again: pd.DataFrame) -> dict[str, NDArray[np.bool_]]:
    """Columns with values that differ, and where; plots that came or went differ in ``plot_no``."""
    again = again.sort_values("plot_no").reset_index(drop=True)
    if kept["plot_no"].tolist() != again["plot_no"].tolist():
        return {"plot_no": np.ones(len(again), dtype=bool)}
    found = {}
    for column in FOUND:
        first, second = kept[column.name], again[column.name]
        if isinstance(column.type, ARRAY) and isinstance(column.type.item_type, REAL):
            one = np.array(first.to_list(), dtype=np.float32).reshape(len(first), -1)
            two = np.array(second.to_list(), dtype=np.float32).reshape(len(second), -1)
            unlike = ((one != two) & ~(np.isnan(one) & np.isnan(two))).any(axis=1)
        elif isinstance(column.type, Float):
            a, b = (series.to_numpy(dtype=np.float32, na_value=np.nan) for series in (first, second))
            unlike = (a != b) & ~(np.isnan(a) & np.isnan(b))
        else:
            unlike = np.array([x != y for x, y in zip(_plain(first), _plain(second), strict=True)], dtype=bool)
        if unlike.any():
            found[column.name] = unlike
    return found


def _plain(series: pd.Series[Any]) -> list[object]:
    return [None if item is None or item is pd.NA or item != item else item for item in series.astype(object)]


def _changed(connection: Connection, run: dict[str, object]) -> list[str]:
    """What is no longer as the run saw it, a sentence each."""
    said = []
    if hashlib.sha256(str(run["scheme_text"]).encode()).hexdigest() != run["scheme_sha256"]:
        said.append("The stored text of the scheme was changed.")
    if run["code_version"] != code_version():
        said.append(f"The run was computed by {run['code_version']}; this is {code_version()}.")
    load_id = int(str(run["as_of_load"]))
    now, then = layer_versions(connection, load_id), run["layer_versions"]
    assert isinstance(then, dict)
    for name in sorted({*now, *then}):
        if now.get(name) != then.get(name):
            said.append(f"What the run saw of {name} was changed.")
    return said
