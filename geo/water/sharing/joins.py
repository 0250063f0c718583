"""Sharing where canals join: linear programmes of one system in one period, solved by HiGHS through SciPy."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import coo_array, csc_array, hstack

from geo.errors import TableError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

TOLERANCE = 1e-9  # -, of the largest supply at hand; the programmes are solved to a tenth of it
PRICED = 1e-6  # -, of the greatest price, from which a bound counts as what holds the level down


class Programme:
    """Flows of a system that keep what comes in equal to what goes out at every node.

    Variables are, in this order: what each reach takes in, what each node takes of its intakes, what each area gets.

    Parameters
    ----------
    tail : int64 (reaches,), node each reach begins at, from 0.
    head : int64 (reaches,), node it ends at.
    conveyance : float64 (reaches,), 0-1.
    limit : float64 (reaches,), m3/s, inf for no limit.
    area_node : int64 (areas,)
    supply : float64 (nodes,), m3/s.
    """

    def __init__(
        self, tail: Ints, head: Ints, conveyance: Floats, limit: Floats, area_node: Ints, supply: Floats
    ) -> None:
        self.reaches, self.areas, self.nodes = len(tail), len(area_node), len(supply)
        self.unit = max(float(supply.max(initial=0.0)), 1e-12)
        self.bounds = np.concatenate([np.minimum(limit, supply.sum() + 1.0), supply]) / self.unit
        self.bounds = np.maximum(self.bounds, 0.0)
        columns = np.arange(self.reaches)
        rows = np.concatenate([head, tail, np.arange(self.nodes), area_node])
        places = np.concatenate([columns, columns, self.reaches + np.arange(self.nodes)])
        places = np.concatenate([places, self.reaches + self.nodes + np.arange(self.areas)])
        values = np.concatenate([conveyance, -np.ones(self.reaches), np.ones(self.nodes), -np.ones(self.areas)])
        shape = (self.nodes, self.reaches + self.nodes + self.areas)
        self.balance = csc_array(coo_array((values, (rows, places)), shape=shape))

    def level(self, weight: Floats, most: Floats, floor: Floats) -> Floats:
        """Raise areas to levels that are lexicographically greatest from the least up.

        Parameters
        ----------
        weight : float64 (areas,), water for a level of 1; areas of weight 0 keep their floor.
        most : float64 (areas,), m3/s.
        floor : float64 (areas,), what areas have already and keep, m3/s; the level counts from there.

        Returns
        -------
        float64 (areas,), m3/s.

        Raises
        ------
        TableError : HiGHS finds no solution, which flows without numbers alone can cause.

        Notes
        -----
        The least level of those still rising is made greatest; areas whose bound has a price in that optimum stay where
        they are, the others rise on. Areas that reach ``most`` stay too.
        """
        base, slope = floor / self.unit, weight / self.unit
        low, high = np.maximum(base - TOLERANCE, 0.0), np.maximum(most / self.unit, base)
        rising = (slope > 0) & (high > base)
        high[~rising] = base[~rising]
        scale, level = float(slope.max(initial=0.0)) or 1.0, 0.0
        while rising.any():
            columns = np.flatnonzero(rising)
            rise = slope[columns] / scale
            ends = (high[columns] - base[columns]) / rise
            picks = coo_array(
                (-np.ones(len(columns)), (np.arange(len(columns)), self.reaches + self.nodes + columns)),
                shape=(len(columns), self.balance.shape[1]),
            )
            cost = np.zeros(self.balance.shape[1] + 1)
            cost[-1] = -1.0
            result = self._solve(
                cost,
                hstack([self.balance, csc_array((self.nodes, 1))]),
                (low, high),
                level=(max(level - TOLERANCE, 0.0), float(ends.min())),
                over=(hstack([picks, coo_array(rise[:, None])]), -base[columns]),
            )
            level = max(float(result.x[-1]), level)
            stays = ends <= level + TOLERANCE
            if not stays.any():
                prices = -result.ineqlin.marginals
                stays = prices >= prices.max() * PRICED
            reached = np.minimum(base[columns] + rise * level, high[columns])
            low[columns] = np.maximum(reached - TOLERANCE, base[columns])
            high[columns[stays]] = reached[stays]
            rising[columns[stays]] = False
        return np.asarray(high * self.unit)

    def fill(self, order: Ints, most: Floats) -> Floats:
        """Fill areas one after another, each as far as it goes.

        Parameters
        ----------
        order : int64 (areas,), who comes first.
        most : float64 (areas,), m3/s.

        Returns
        -------
        float64 (areas,), m3/s.

        Raises
        ------
        TableError : HiGHS finds no solution.
        """
        low, high = np.zeros(self.areas), most / self.unit
        for j in order:
            if high[j] > 0:
                cost = np.zeros(self.balance.shape[1])
                cost[self.reaches + self.nodes + j] = -1.0
                got = float(self._solve(cost, self.balance, (low, high)).x[self.reaches + self.nodes + j])
                high[j] = min(max(got, 0.0), high[j])
                low[j] = max(high[j] - TOLERANCE, 0.0)
        return np.asarray(high * self.unit)

    def run(self, delivered: Floats) -> tuple[Floats, Floats, Floats]:
        """Return the flows that bring what was delivered with the least water diverted.

        Parameters
        ----------
        delivered : float64 (areas,), m3/s.

        Returns
        -------
        tuple[Floats, Floats, Floats] : what each reach takes in, what each node takes of its intakes and what the
            areas get of it, m3/s; the last differs from ``delivered`` by the tolerance of the programmes at most.

        Raises
        ------
        TableError : HiGHS finds no solution.
        """
        first, last = self.reaches, self.reaches + self.nodes
        cost = np.zeros(self.balance.shape[1])
        cost[first:last] = 1.0
        most = delivered / self.unit
        try:
            result = self._solve(cost, self.balance, (most, most)).x * self.unit
        except TableError:  # by less than the programmes are solved to, together they are too much
            least = np.maximum(most - 10 * TOLERANCE, 0.0)
            result = self._solve(cost, self.balance, (least, most)).x * self.unit
        return result[:first], result[first:last], result[last:]

    def _solve(
        self,
        cost: Floats,
        balance: Any,
        areas: tuple[Floats, Floats],
        *,
        level: tuple[float, float] | None = None,
        over: tuple[Any, Floats] | None = None,
    ) -> Any:
        """Solve one programme; ``level`` bounds a last variable, ``over`` are inequalities with it."""
        low = np.concatenate([np.zeros(self.reaches + self.nodes), areas[0], [] if level is None else [level[0]]])
        high = np.concatenate([self.bounds, areas[1], [] if level is None else [level[1]]])
        result = cast(Any, linprog)(
            cost,
            *((None, None) if over is None else over),
            A_eq=balance,
            b_eq=np.zeros(self.nodes),
            bounds=np.column_stack([low, np.maximum(high, low)]),
            method="highs",
            options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
        )
        if result.x is None:
            raise TableError(f"sharing where canals join: no solution ({result.message})")
        return result
