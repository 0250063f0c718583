"""Works to do under a budget, with a proof of how far from the best they may be."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from geo.water.works.bound import TIME_S, Bound, bound_gain, proved_gap
from geo.water.works.ranking import Ranking, rank_works
from geo.water.works.valuation import Valuation


class Choice(NamedTuple):
    """``ranking`` : works to do. ``bound`` : no set gains more. ``gap`` : 0-1, part of the bound it may miss."""

    ranking: Ranking
    bound: Bound
    gap: float


def choose_works(valuation: Valuation, budget_usd: float, *, time_s: float = TIME_S) -> Choice:
    """Choose works under a budget.

    Parameters
    ----------
    valuation : of the works.
    budget_usd : most that may be spent.
    time_s : time the proof may take.

    Returns
    -------
    Choice : of few works the best set, for all are tried; of more the better of the greedy set and of the one the
        programme of the bound came to, each improved by exchanges and valued by the balance.

    Raises
    ------
    TableError : a budget that is not above 0.
    """
    cost = np.array([work.cost_usd for work in valuation.works])
    ranking = rank_works(cost, valuation.gain, budget_usd)
    if ranking.exact:
        return Choice(ranking, Bound(ranking.gain, True, ranking.chosen), 0.0)
    bound = bound_gain(valuation, budget_usd, at_least=ranking.gain, time_s=time_s)
    plan = bound.plan
    if plan is not None and cost[plan].sum() <= budget_usd and valuation.gain(plan) > ranking.gain:
        ranking = rank_works(cost, valuation.gain, budget_usd, start=plan)
    return Choice(ranking, bound, proved_gap(ranking.gain, bound))
