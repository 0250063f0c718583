"""How sure the classes of a run are: its kept memberships drawn again, district by district, and stored beside it.

Memberships come out of PostgreSQL as arrays of one binary COPY, so that a district of a million plots takes some
hundred megabytes and seconds to read. What is drawn is described in ``geo.suitability.robustness``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, cast

import numpy as np
import pandas as pd
import psycopg
from numpy.typing import NDArray
from psycopg import sql
from psycopg.adapt import Buffer
from sqlalchemy import Connection, Engine, and_, delete, func, insert, select, update

from geo.contract.classes import CLASSES, NE
from geo.criteria import BY_ID, LAND_CRITERIA
from geo.panel.scheme import Scheme, parse_scheme
from geo.suitability.combination import Codes, Floats, weighting
from geo.suitability.kept_columns import EVIDENCE_LETTERS, TABLE_DIGITS
from geo.suitability.model import NOTHING
from geo.suitability.robustness import DRAWS, Noise, Robustness
from geo.suitability.robustness import robustness as drawn
from geo.suitability.value_errors import values_to_draw
from layers.errors import DataRefused, NotFound
from layers.postgres.copy_rows import copy_frame
from layers.records.rows_of_run import of_run, rows_of_district
from layers.records.runs import RunDraws, ScoringRun, robustness, suitability
from layers.records.snapshot import Choice, read_runs, run_of

BEST = 100  # plots of a district that count as its best; default to calibrate to what a programme can support
SEED = 1
KEPT_DECIMALS = 7  # of a membership kept in 4 bytes; brings back the round ones that limits of classes rest on
SHARE_NOISE = 1e-9  # percent; a sum of shares is a whole number of draws within rounding
BLOCK = 65_536  # rows read or written at a time

_COPY_HEAD = 19  # bytes before the first row: signature, flags, length of the extension (none)
_EVIDENCE = np.full(256, NOTHING, dtype=np.int8)
_EVIDENCE[[ord(letter) for letter in EVIDENCE_LETTERS]] = range(len(EVIDENCE_LETTERS))
_TABLE = np.full(256, NOTHING, dtype=np.int8)
_TABLE[[ord(digit) for digit in TABLE_DIGITS]] = range(len(TABLE_DIGITS))


@dataclass(frozen=True, slots=True)
class StoredMemberships:
    """What a run kept of n plots, as ``geo.suitability.robustness`` takes it.

    plot_no : int64 (n,), rising. memberships : float64 (17, n), NaN unknown. evidence : int8 (17, n), 0..3 = A..D, -1
    unknown. highest : as memberships, high ends. loose : int32 (n,). value : float64 (17, n), as measured, NaN unknown.
    table : int8 (17, n), membership tables, -1 where the run kept none.
    cap, fixed : int8 (n,), see ``geo.suitability.robustness.robustness``. judged : int8 (n,), class.
    """

    plot_no: NDArray[np.int64]
    memberships: Floats
    highest: Floats
    evidence: Codes
    loose: NDArray[np.int32]
    value: Floats
    table: Codes
    cap: Codes
    fixed: Codes
    judged: Codes


@dataclass(frozen=True, slots=True)
class Drawn:
    """Draws of one district of a run: plots, those whose class is doubtful, those drawn mostly in another class."""

    district: str
    run_id: int
    plots: int
    flagged: int
    changed: int


def store_robustness(
    engine: Engine,
    *,
    districts: Sequence[str] | None = None,
    run_id: int | None = None,
    best: int = BEST,
    draws: int = DRAWS,
    seed: int = SEED,
    progress: Callable[[Sequence[str]], Iterable[str]] = lambda names: names,
) -> list[Drawn]:
    """Draw every plot of some districts (all that a run is served in when None) and store what came out.

    ``run_id`` names a finished run instead of the served ones. Each district is drawn and stored by itself, in a
    transaction of its own, and takes the place of its earlier draws.

    Raises
    ------
    NotFound : no such run, or a district it did not score. DataRefused : the run kept no caps.
    """
    with engine.connect() as connection:
        runs = read_runs(connection).runs_of(Choice(run=run_id))
    wanted = sorted(runs) if districts is None else list(dict.fromkeys(districts))
    if not wanted:
        raise NotFound("No run is served anywhere: score plots first.")
    for district in wanted:
        if district not in runs:
            asked = "No run is served" if run_id is None else f"Run {run_id} scored nothing"
            raise NotFound(f"{asked} in district {district}.")
    found = []
    for district in progress(wanted):
        with engine.begin() as connection:
            found.append(_store(connection, runs[district].run_id, district, best=best, draws=draws, seed=seed))
    return found


def draws_of_district(
    connection: Connection, run_id: int, district: str, *, best: int, draws: int, seed: int, noise: Noise = Noise()
) -> tuple[NDArray[np.int64], Robustness]:
    """Return the plot numbers of a district and the draws of its kept results."""
    kept, found = _draw_district(connection, run_id, district, best=best, draws=draws, seed=seed, noise=noise)
    return kept.plot_no, found


def _draw_district(
    connection: Connection, run_id: int, district: str, *, best: int, draws: int, seed: int, noise: Noise = Noise()
) -> tuple[StoredMemberships, Robustness]:
    """What a run kept of a district, and the draws of it."""
    run = connection.execute(
        select(ScoringRun.scheme_text, ScoringRun.criteria).where(ScoringRun.run_id == run_id)
    ).one()
    kept = read_kept(connection, run_id, district, run.criteria)
    scheme = parse_scheme(run.scheme_text, source=f"run {run_id}", judged=run.criteria)
    found = _drawn(kept, scheme, best=best, draws=draws, seed=seed, noise=noise)
    return kept, found


def stored_row(connection: Connection, run_id: int, plot_no: int) -> Mapping[str, Any] | None:
    """Return what is stored of one plot's draws, None where nothing is."""
    table = robustness.c
    found = connection.execute(select(robustness).where(table.run_id == run_id, table.plot_no == plot_no))
    row = found.mappings().one_or_none()
    return None if row is None else dict(row)


def read_kept(connection: Connection, run_id: int, district: str, order: Sequence[str]) -> StoredMemberships:
    """Return what a run kept of the plots of a district, in order of their number.

    order : criteria of the run's memberships.

    Raises
    ------
    DataRefused : the run was made before caps were kept.
    """
    width = len(order)
    kind = np.dtype(
        [
            ("fields", ">i2"),
            *_fixed("plot_no", ">i8"),
            *_fixed("cap", ">i4"),
            *_fixed("judged", ">i4"),
            *_fixed("scored", "u1"),
            *_fixed("loose", ">i4"),
            ("array", _array(width)),
            ("highest", _array(width)),
            ("values", _array(width)),
            ("text", [("bytes", ">i4"), ("letters", "u1", (width,))]),
            ("tables", [("bytes", ">i4"), ("digits", "u1", (width,))]),
        ]
    )
    names = sql.SQL(", ").join(sql.Literal(name) for name in CLASSES)
    query = sql.SQL(
        "COPY (SELECT plot_no, coalesce(array_position(ARRAY[{names}], class_cap::text), 0), "
        "array_position(ARRAY[{names}], class::text), score IS NOT NULL, coalesce(loose, 0), memberships, "
        "coalesce(memberships_high, memberships), CAST(ARRAY[{values}] AS real[]), evidence, "
        "coalesce(membership_tables, repeat('-', {width})) "
        "FROM suitability WHERE {chosen} ORDER BY plot_no) TO STDOUT (FORMAT BINARY)"
    ).format(
        names=names,
        values=sql.SQL(", ").join(_value_of(name) for name in order),
        width=sql.Literal(width),
        chosen=rows_of_district(run_of(connection, run_id), district),
    )
    driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
    with driver.cursor() as cursor, cursor.copy(query) as copy:
        blocks = [_arranged_rows(rows, order) for rows in _row_blocks(copy, kind)]
    kept = StoredMemberships(*(np.concatenate(parts, axis=-1) for parts in zip(*map(_parts, blocks), strict=True)))
    if (kept.cap == NOTHING).any():
        raise DataRefused(
            f"Run {run_id} was made before the caps of classes were kept; score district {district} again."
        )
    return kept


def _value_of(criterion_id: str) -> sql.Composable:
    """SQL of the value a criterion was rated by: its own or the one judged instead; NaN of one that is no more."""
    criterion = BY_ID.get(criterion_id)
    if criterion is None:
        return sql.SQL("CAST('NaN' AS real)")
    named = [criterion.id, *([criterion.instead.id] if criterion.instead else [])]
    return sql.SQL("coalesce({}, 'NaN')").format(sql.SQL(", ").join(map(sql.Identifier, named)))


def _parts(kept: StoredMemberships) -> tuple[NDArray[Any], ...]:
    return tuple(getattr(kept, part.name) for part in fields(StoredMemberships))


def _array(width: int) -> list[Any]:
    """An array of ``width`` numbers of PostgreSQL's binary COPY."""
    return [("bytes", ">i4"), ("head", ">i4", (5,)), ("items", [("n", ">i4"), ("v", ">f4")], (width,))]


def _fixed(name: str, kind: str) -> list[tuple[str, str]]:
    """A field of a row of PostgreSQL's binary COPY: its length in bytes, then its value."""
    return [(f"{name} bytes", ">i4"), (name, kind)]


def _row_blocks(copy: Iterable[Buffer], kind: np.dtype[Any]) -> Iterator[NDArray[Any]]:
    """Yield rows of a binary COPY in blocks; at least one block, which may be empty."""
    received = bytearray()
    skipped = _COPY_HEAD
    for data in copy:
        received += data
        if len(received) >= skipped + BLOCK * kind.itemsize:
            yield np.frombuffer(bytes(received[skipped:]), dtype=kind, count=BLOCK)
            del received[: skipped + BLOCK * kind.itemsize]
            skipped = 0
    count = max(len(received) - skipped, 0) // kind.itemsize  # the two bytes of the trailer are no row
    yield np.frombuffer(bytes(received[skipped:]), dtype=kind, count=count)


def _arranged_rows(rows: NDArray[Any], order: Sequence[str]) -> StoredMemberships:
    """Kept columns (n, criteria of the run) in today's order of criteria; plots no draw can change keep their class."""
    shape = (len(LAND_CRITERIA), len(rows))
    low, high, value = (np.full(shape, np.nan) for _ in range(3))
    evidence, table = (np.full(shape, NOTHING, dtype=np.int8) for _ in range(2))
    loose = np.zeros(len(rows), dtype=np.int32)
    column_of = {name: number for number, name in enumerate(order)}
    for k, criterion in enumerate(LAND_CRITERIA):
        if criterion.id in column_of:
            column = column_of[criterion.id]
            for into, kept in ((low, "array"), (high, "highest")):
                into[k] = np.round(rows[kept]["items"]["v"][:, column].astype(np.float64), KEPT_DECIMALS)
            value[k] = rows["values"]["items"]["v"][:, column]
            loose |= (((rows["loose"].astype(np.int64) >> column) & 1) << k).astype(np.int32)
            evidence[k] = _EVIDENCE[rows["text"]["letters"][:, column]]
            table[k] = _TABLE[rows["tables"]["digits"][:, column]]
    judged = (rows["judged"] - 1).astype(np.int8)
    fixed = np.where((rows["scored"] == 1) & (judged != NE), NOTHING, judged).astype(np.int8)
    cap = (rows["cap"] - 1).astype(np.int8)
    plot_no = rows["plot_no"].astype(np.int64)
    return StoredMemberships(plot_no, low, high, evidence, loose, value, table, cap, fixed, judged)


def _drawn(
    kept: StoredMemberships,
    scheme: Scheme,
    *,
    best: int | None,
    draws: int,
    seed: int,
    noise: Noise = Noise(),
) -> Robustness:
    weights = weighting(scheme)
    return drawn(
        kept.memberships,
        kept.evidence,
        kept.cap,
        kept.fixed,
        kept.plot_no,
        weights,
        scheme.orness,
        draws=draws,
        seed=seed,
        noise=noise,
        best=best,
        highest=kept.highest,
        loose=kept.loose,
        values=values_to_draw(kept.value, kept.table, kept.memberships, kept.loose, scheme),
    )


def _store(connection: Connection, run_id: int, district: str, *, best: int, draws: int, seed: int) -> Drawn:
    """Draw a district and put what came out in the place of its earlier draws."""
    kept, found = _draw_district(connection, run_id, district, best=best, draws=draws, seed=seed)
    plot_no, held = kept.plot_no, _held_pct(kept, found)
    mine = of_run(connection, run_id)
    here = select(suitability.c.plot_no).where(mine, suitability.c.district == district)
    connection.execute(delete(robustness).where(robustness.c.run_id == run_id, robustness.c.plot_no.in_(here)))
    names = np.array(CLASSES, dtype=object)
    for start in range(0, len(plot_no), BLOCK):
        part = slice(start, start + BLOCK)
        rows = pd.DataFrame(
            {
                "plot_no": plot_no[part],
                "robust_class": names[found.modal[part]],
                "robust_share": found.modal_share[part],
                "flagged": found.flagged[part],
                "top_share": found.top[part],
                "shares": list(found.shares[part]),
                "held_pct": held[part],
            }
        )
        copy_frame(connection, robustness, rows.assign(run_id=run_id, top_of=best, draws=draws, seed=seed))
    connection.execute(delete(RunDraws).where(RunDraws.run_id == run_id, RunDraws.district == district))
    connection.execute(
        insert(RunDraws).values(run_id=run_id, district=district, plots=len(plot_no), draws=draws, seed=seed)
    )
    now = update(ScoringRun).where(ScoringRun.run_id == run_id).values(drawn_at=func.clock_timestamp())
    connection.execute(now)
    same_plot = and_(robustness.c.run_id == run_id, robustness.c.plot_no == suitability.c.plot_no)
    in_another = connection.execute(
        select(func.count())
        .select_from(suitability.join(robustness, same_plot))
        .where(
            mine,
            suitability.c.district == district,
            suitability.c["class"] != robustness.c.robust_class,
        )
    ).scalar_one()
    return Drawn(district, run_id, len(plot_no), int(found.flagged.sum()), in_another)


def _held_pct(kept: StoredMemberships, found: Robustness) -> NDArray[np.object_]:
    """Percent of the draws in the class or a better one, rounded down; None for plots no draw can change."""
    reached = np.take_along_axis(found.shares.cumsum(axis=1), kept.judged[:, np.newaxis].astype(np.int64), axis=1)[:, 0]
    result = np.floor(100.0 * reached + SHARE_NOISE).astype(np.int64).astype(object)
    result[kept.fixed != NOTHING] = None
    return np.asarray(result)
