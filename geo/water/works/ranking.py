"""The best set of works under a budget: all sets of a few, greedy with exchange of pairs of many."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from time import monotonic
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geo.errors import TableError

Floats = NDArray[np.float64]
Chosen = NDArray[np.bool_]

ALL_SETS_TO = 12  # works, up to which every set is tried
SEARCH_S = 12.0  # s, after which no better set is looked for; what is found by then is valued all the same


class Ranking(NamedTuple):
    """Works to do.

    chosen : bool (works,). gain : of them together. order : works chosen, the one that would be missed most for its
    cost first. missed : of each in this order: what is lost without it, all others done. exact : every set was tried.
    """

    chosen: Chosen
    gain: float
    order: list[int]
    missed: list[float]
    exact: bool


def rank_works(
    cost_usd: Floats, gain: Callable[[Chosen], float], budget_usd: float, *, start: Chosen | None = None
) -> Ranking:
    """Choose works under a budget and put them in order.

    Parameters
    ----------
    cost_usd : float64 (works,), above 0.
    gain : of a set of works, given as bool (works,), with minus without.
    budget_usd : most that may be spent.
    start : bool (works,), set to exchange works from instead of the greedy one, within the budget.

    Returns
    -------
    Ranking : of equal gains the cheaper set, then the one whose works come first.

    Raises
    ------
    TableError : a cost or a budget that is not above 0.
    """
    if not (cost_usd > 0).all() or not np.isfinite(cost_usd).all() or not 0 < budget_usd < np.inf:
        raise TableError("works: costs and a budget above 0 expected")
    worth = _Memo(gain)
    exact = len(cost_usd) <= ALL_SETS_TO
    chosen = _try_all(cost_usd, worth, budget_usd) if exact else search_works(cost_usd, worth, budget_usd, start)
    total = worth(chosen)
    missed = {}
    for work in np.flatnonzero(chosen):
        without = chosen.copy()
        without[work] = False
        missed[int(work)] = total - worth(without)
    order = sorted(missed, key=lambda work: (-missed[work] / cost_usd[work], work))
    return Ranking(chosen, total, order, [missed[work] for work in order], exact)


class _Memo:
    """Gains of sets, each asked for once.

    Parameters
    ----------
    gain : of a set of works.
    """

    def __init__(self, gain: Callable[[Chosen], float]) -> None:
        self.gain = gain
        self.until = monotonic() + SEARCH_S
        self.found: dict[bytes, float] = {}

    @property
    def is_over(self) -> bool:
        """Whether the time to look for better sets is over."""
        return monotonic() > self.until

    def __call__(self, chosen: Chosen) -> float:
        key = np.packbits(chosen).tobytes()
        if key not in self.found:
            self.found[key] = self.gain(chosen)
        return self.found[key]


def _try_all(cost: Floats, worth: _Memo, budget: float) -> Chosen:
    count = len(cost)
    sets = (np.arange(2**count)[:, None] >> np.arange(count)) & 1 == 1
    price = sets @ cost
    best, most, least = np.zeros(count, dtype=bool), 0.0, 0.0
    for row in np.flatnonzero(price <= budget * (1 + 1e-12)):
        gain = worth(sets[row])
        if gain > most + 1e-9 or (gain > most - 1e-9 and price[row] < least - 1e-9):
            best, most, least = sets[row], gain, float(price[row])
    return np.asarray(best)


def add_by_gain_per_cost(
    cost_usd: Floats, gain: Callable[[Chosen], float], budget_usd: float, *, pairs: bool = True
) -> Chosen:
    """Add works one after another, each time the one with the greatest gain for its cost.

    Parameters
    ----------
    cost_usd : float64 (works,)
    gain : of a set of works.
    budget_usd : most that may be spent.
    pairs : where no single work gains anything, take the best two: repairs in series give nothing alone.

    Returns
    -------
    bool (works,)
    """
    count = len(cost_usd)
    chosen, now, left = np.zeros(count, dtype=bool), 0.0, budget_usd * (1 + 1e-12)
    while True:
        best: tuple[float, tuple[int, ...]] = (0.0, ())
        for size in (1, 2) if pairs else (1,):
            if best[1]:
                break
            free = [work for work in range(count) if not chosen[work] and cost_usd[work] <= left]
            for group in combinations(free, size):
                price = float(cost_usd[list(group)].sum())
                if price <= left and not (isinstance(gain, _Memo) and gain.is_over):
                    with_them = chosen.copy()
                    with_them[list(group)] = True
                    rate = (gain(with_them) - now) / price
                    if rate > best[0] + 1e-12:
                        best = rate, group
        if not best[1]:
            return chosen
        chosen[list(best[1])] = True
        now, left = gain(chosen), left - float(cost_usd[list(best[1])].sum())


def search_works(
    cost_usd: Floats, gain: Callable[[Chosen], float], budget_usd: float, start: Chosen | None = None
) -> Chosen:
    """Search a good set of works: greedy, then exchanges as long as one helps.

    Parameters
    ----------
    cost_usd : float64 (works,)
    gain : of a set of works.
    budget_usd : most that may be spent.
    start : bool (works,), set to begin with instead of the greedy one.

    Returns
    -------
    bool (works,)

    Notes
    -----
    An exchange takes out up to two works and puts in one that fits, or two for one or none.
    """
    worth = gain if isinstance(gain, _Memo) else _Memo(gain)
    chosen = add_by_gain_per_cost(cost_usd, worth, budget_usd) if start is None else start.copy()
    budget, count = budget_usd * (1 + 1e-12), len(cost_usd)
    better = True
    while better:
        better, now, spent = False, worth(chosen), float(cost_usd[chosen].sum())
        best: tuple[float, Chosen] = (now + 1e-9, chosen)
        done = np.flatnonzero(chosen).tolist()
        for out in ((), *combinations(done, 1), *combinations(done, 2)):
            room = budget - spent + float(cost_usd[list(out)].sum())
            free = [work for work in range(count) if not chosen[work] and cost_usd[work] <= room]
            groups = list(combinations(free, 1)) + (list(combinations(free, 2)) if len(out) < 2 else [])
            for group in groups:
                if cost_usd[list(group)].sum() <= room and not worth.is_over:
                    other = chosen.copy()
                    other[list(out)] = False
                    other[list(group)] = True
                    found = worth(other)
                    if found > best[0]:
                        best, better = (found, other), True
        chosen = best[1]
    return chosen
