"""Two balances of the same network, without a scenario and with it: who gains, who loses, what is saved."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geo.water.balance import Balance, Fields, least_ratio
from geo.water.network.parts import Floats, Ints
from geo.water.works.valuation import ENOUGH, ROUNDING

HARM = 0.01  # -, by which the ratio of an area has to fall to be told; issue of scenarios, 2.4
TAIL = 2.0 / 3.0  # -, share of a canal's hectares beyond whose middle an area lies at the tail


class Side(NamedTuple):
    """A balance, the need it was for, and bool (areas, periods), the periods that count for each area."""

    balance: Balance
    fields: Fields
    season: NDArray[np.bool_]


class Difference(NamedTuple):
    """What a scenario does to areas, in their order.

    before, after : float64 (areas,), least ratio of the periods that count with all unknowns at their worst, NaN
    unknown. before_best, after_best : at their best. gained, lost : bool (areas,), brought to ``ENOUGH`` or from it.
    gained_best : bool (areas,), with all unknowns at their best. harmed : bool (areas,), falls by more than ``HARM``
    at worst or at best. unknown : bool (areas,), nothing can be said of it without or with. tail : bool (areas,), lies
    on the last third of its canal's hectares. delivered_m3 : float, more over the year; lost_m3, head_m3 : less lost by
    canals, less taken in at intakes; all at worst, and only of what is known both times, NaN where nothing is.
    """

    before: Floats
    after: Floats
    before_best: Floats
    after_best: Floats
    gained: NDArray[np.bool_]
    gained_best: NDArray[np.bool_]
    lost: NDArray[np.bool_]
    harmed: NDArray[np.bool_]
    unknown: NDArray[np.bool_]
    tail: NDArray[np.bool_]
    delivered_m3: float
    lost_m3: float
    head_m3: float


def compare_balances(without: Side, with_it: Side, canal: NDArray[np.str_]) -> Difference:
    """Compare a network with itself as it becomes.

    Parameters
    ----------
    without : as it is.
    with_it : as it becomes; the same areas in the same order.
    canal : str (areas,), canal of each area, empty unknown.

    Returns
    -------
    Difference : an area that is unknown without or with neither gains nor loses.
    """
    before, after = (least_ratio(side.balance.ratio.worst, side.season) for side in (without, with_it))
    before_best, after_best = (least_ratio(side.balance.ratio.best, side.season) for side in (without, with_it))
    unknown = np.isnan(before) | np.isnan(after)
    enough = ENOUGH * (1 - ROUNDING)
    known = ~unknown
    with np.errstate(invalid="ignore"):
        had, has = known & (before >= enough), known & (after >= enough)
        had_best, has_best = known & (before_best >= enough), known & (after_best >= enough)
        falls = known & ((before - after > HARM) | (before_best - after_best > HARM))
    delivered, lost, head = (
        _more(getattr(without.balance.worst, name), getattr(with_it.balance.worst, name))
        for name in ("delivered_m3", "lost_m3", "diverted_m3")
    )
    return Difference(
        before,
        after,
        before_best,
        after_best,
        has & ~had,
        has_best & ~had_best,
        had & ~has,
        falls,
        unknown,
        find_tails(canal, without.fields.area_ha, without.balance.distance_m),
        delivered,
        -lost,
        -head,
    )


def _more(before: Floats, after: Floats) -> float:
    if before.shape != after.shape:  # a canal more cuts others into other pieces: only their sums can be compared
        before, after = before.sum(axis=0), after.sum(axis=0)
    difference = after - before
    known = ~np.isnan(difference)
    return float(difference[known].sum()) if known.any() or not known.size else np.nan


def find_tails(canal: NDArray[np.str_], area_ha: Floats, distance_m: Floats) -> NDArray[np.bool_]:
    """Return which areas lie at the tail of their canal.

    Parameters
    ----------
    canal : str (areas,), empty unknown.
    area_ha : float64 (areas,).
    distance_m : float64 (areas,), along the water; not finite where no water leads.

    Returns
    -------
    bool (areas,): the middle of its hectares lies on the last third of those of its canal, by distance; an area alone
    on its canal is no tail.
    """
    found = np.zeros(len(canal), dtype=bool)
    for name in np.unique(canal[canal != ""]):
        rows: Ints = np.flatnonzero((canal == name) & np.isfinite(distance_m) & (area_ha > 0))
        if len(rows) < 2:
            continue
        rows = rows[np.argsort(distance_m[rows], kind="stable")]
        ends = np.cumsum(area_ha[rows])
        found[rows] = ends - area_ha[rows] / 2 > TAIL * ends[-1]
    return found
