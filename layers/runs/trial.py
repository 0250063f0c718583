"""A district by other weights than its run's: what the run kept of its plots is held in memory and combined again.

Nothing is stored, and nothing of a trial is ever served as a result. The first trial of a district reads its rows; from
then on a trial costs what the combination costs.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import Connection, Float, cast, select

from geo.contract.classes import CLASSES, NE, OUTLOOKS
from geo.errors import SchemeError
from geo.panel.scheme import Scheme, parse_scheme
from geo.suitability.model import NOTHING
from geo.suitability.rating import Rated
from geo.suitability.trial import Emphasis, Tried, reweigh, try_weights
from layers.cache.memory import Memo
from layers.errors import DataRefused
from layers.features.hectares import Figures
from layers.features.matches import LOOKS
from layers.features.paging import Listing
from layers.features.standing import OPEN, WHOLE, Standing
from layers.postgres.engine import computing
from layers.records.rows_of_run import in_run
from layers.records.runs import ScoringRun, suitability
from layers.records.snapshot import Run
from layers.runs.robustness import read_kept

MOST_PLOTS = 250_000  # of a district that is tried; the largest has a fifth of that
KEPT_BYTES = 128_000_000  # of kept districts, some 350 bytes a plot

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class KeptDistrict:
    """What a run kept of the n plots of a district, in the order of their numbers.

    scheme : of the run. rated : memberships and caps; what limits is no part of a trial. fixed : int8 (n,), class of
    plots no weights can change, -1 for the others. outlook : int8 (n,), index into ``OUTLOOKS``, -1 none. places :
    plot_no, jamoat ('' = none recorded), area_ha, shut_by and shut_from_year of each plot.
    """

    scheme: Scheme
    rated: Rated
    fixed: NDArray[np.int8]
    outlook: NDArray[np.int8]
    places: pd.DataFrame

    @property
    def plot_no(self) -> Numbers:
        """Numbers of the plots, rising, int64 (n,)."""
        return self.places["plot_no"].to_numpy(dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Trial:
    """A district, or the plots of it that filters leave, by the weights of a trial.

    scheme : with these weights. plot_no : int64 (n,), rising. look : int64 (n,), place in ``LOOKS``. parts : jamoat
    ('' = none recorded, ``WHOLE`` = all) -> hectares and plots by class, and what stands behind them; what to ask first
    is told of published results alone.
    """

    scheme: Scheme
    plot_no: Numbers
    look: Numbers
    parts: dict[str | None, tuple[Figures, Standing]]


def try_district(run: Run, district: str, emphasis: Emphasis, among: Numbers | None = None) -> Trial:
    """Return the plots of a district by other weights than its run's.

    Parameters
    ----------
    run : whose kept results are combined again.
    district : one that the run judged.
    emphasis : how the weights depart from the run's.
    among : int64, numbers of the only plots to tell of; None = all that the run judged.

    Raises
    ------
    DataRefused : the run was made by the earlier rule or before caps were kept, or the district has too many plots.
    """
    kept = _kept(run, district)
    scheme = reweigh(kept.scheme, emphasis)
    tried = try_weights(kept.rated, kept.fixed, kept.outlook, scheme)
    judged = _as_shown(tried)
    frame = kept.places.assign(judged=judged["class"], settled=judged["settled"], outlook=judged["outlook"])
    look = judged["look"]
    if among is not None:
        chosen = np.isin(kept.plot_no, among, assume_unique=True)
        frame, look = frame[chosen], look[chosen]
    return Trial(scheme, frame["plot_no"].to_numpy(dtype=np.int64), look, _parts(frame))


def readable_scheme(connection: Connection, run: Run) -> Scheme | None:
    """Return the scheme a run judged by; None of a run of long ago whose scheme is none of today."""
    try:
        return scheme_of(connection, run)
    except DataRefused:
        return None


def scheme_of(connection: Connection, run: Run) -> Scheme:
    """Return the scheme a run judged by, which a trial departs from.

    Raises
    ------
    DataRefused : the text the run kept of it is no scheme of today.
    """

    def read() -> Scheme:
        made = connection.execute(
            select(ScoringRun.scheme_text, ScoringRun.criteria).where(ScoringRun.run_id == run.run_id)
        ).one()
        try:
            return parse_scheme(made.scheme_text, source=f"run {run.run_id}", judged=made.criteria)
        except SchemeError as error:
            raise DataRefused(f"The scheme that this run kept is not understood: {error}") from None

    return _SCHEMES.get((run.run_id, run.finished_at), read)


_SCHEMES: Memo[tuple[object, ...], Scheme] = Memo("schemes of runs", most=64)


def numbers_of(connection: Connection, listing: Listing) -> Numbers:
    """Return the numbers of the plots of a listing, whatever its order."""
    features = listing.features
    found = select(features.number).select_from(features.source).where(*features.where, *listing.conditions)
    return np.array(connection.execute(found.order_by(features.number)).scalars().all(), dtype=np.int64)


def _as_shown(tried: Tried) -> dict[str, NDArray[Any]]:
    """Classes, whether they are settled, outlooks, and places in ``LOOKS``."""
    classes = np.array(CLASSES, dtype=object)[tried.classes]
    outlook = np.array([*OUTLOOKS, None], dtype=object)[tried.outlook]
    unsettled = ~tried.settled & (tried.classes != NE)
    of_class = np.array([LOOKS.index(name) for name in CLASSES], dtype=np.int64)[tried.classes]
    open_ = OUTLOOKS.index(OPEN)
    of_outlook = np.array([LOOKS.index(name) for name in OUTLOOKS], dtype=np.int64)[
        np.where(tried.outlook == NOTHING, open_, tried.outlook)
    ]
    look = np.where(unsettled, of_outlook, of_class)
    return {"class": classes, "settled": tried.settled, "outlook": outlook, "look": look}


def _parts(frame: pd.DataFrame) -> dict[str | None, tuple[Figures, Standing]]:
    kinds = ["jamoat", "judged", "settled", "outlook", "shut_by", "shut_from_year"]
    counted = frame.groupby(kinds, dropna=False, sort=True, observed=True)["area_ha"].agg(["size", "sum"])
    found: dict[str | None, tuple[Figures, Standing]] = {WHOLE: _nothing()}
    for (jamoat, judged, settled, outlook, shut_by, year), plots, area_ha in counted.itertuples(name=None):
        for classes, standing in (found[WHOLE], found.setdefault(jamoat, _nothing())):
            classes[judged]["plots"] += plots
            classes[judged]["area_ha"] += area_ha
            filled = None if pd.isna(year) else int(year)
            standing.count(judged, bool(settled), _or_none(outlook), None, _or_none(shut_by), filled, plots, area_ha)
    return found


def _nothing() -> tuple[Figures, Standing]:
    return {name: {"plots": 0, "area_ha": 0.0} for name in CLASSES}, Standing()


def _or_none(value: Any) -> str | None:
    return None if pd.isna(value) else str(value)


def _kept(run: Run, district: str) -> KeptDistrict:
    return _KEPT.get((run.run_id, run.finished_at, district), lambda: _read(run, district))


def _size(kept: KeptDistrict) -> int:
    arrays = [getattr(kept.rated, part.name) for part in fields(Rated) if part.name != "limits"]
    return sum(int(array.nbytes) for array in arrays) + int(kept.places.memory_usage(deep=True).sum())


# What a run kept never changes.
_KEPT: Memo[tuple[object, ...], KeptDistrict] = Memo("districts to try", most_bytes=KEPT_BYTES, size_of=_size)


def _read(run: Run, district: str) -> KeptDistrict:
    if run.earlier_rule:
        raise DataRefused(
            "This result was made by the earlier rule; other weights can be tried once it is scored anew."
        )
    result = suitability.c
    columns = (result.plot_no, result.jamoat, cast(result.area_ha, Float(53)), result.shut_by, result.shut_from_year)
    with computing() as connection:
        scheme = scheme_of(connection, run)
        criteria = connection.execute(select(ScoringRun.criteria).where(ScoringRun.run_id == run.run_id)).scalar_one()
        statement = select(*columns, result.outlook).where(in_run(run), result.district == district)
        rows = connection.execute(statement.order_by(result.plot_no).limit(MOST_PLOTS + 1)).all()
        if len(rows) > MOST_PLOTS:
            raise DataRefused(f"Other weights can be tried in districts of at most {MOST_PLOTS} plots.")
        kept = read_kept(connection, run.run_id, district, criteria)
    names = ["plot_no", "jamoat", "area_ha", "shut_by", "shut_from_year", "outlook"]
    places = pd.DataFrame([tuple(row) for row in rows], columns=names)
    outlook = places.pop("outlook").map({name: place for place, name in enumerate(OUTLOOKS)})
    places["jamoat"] = places["jamoat"].fillna("").astype("category")
    places["shut_by"] = places["shut_by"].astype("category")
    places["shut_from_year"] = places["shut_from_year"].astype("Int16")
    nobody = np.full(len(places), NOTHING, dtype=np.int8)
    rated = Rated(
        memberships=kept.memberships,
        highest=kept.highest,
        evidence=kept.evidence,
        loose=kept.loose,
        tables=kept.table,
        excluded_by=nobody,
        cap=kept.cap,
        cap_by=nobody,
        limits={},
    )
    return KeptDistrict(
        scheme=scheme,
        rated=rated,
        fixed=kept.fixed,
        outlook=np.asarray(outlook.fillna(NOTHING), dtype=np.int8),
        places=places,
    )
