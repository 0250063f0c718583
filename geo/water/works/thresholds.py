"""Who has enough under max-min, as a programme of its own: on a tree that is told by what 0.75 for all asks of reaches.

Under max-min by ratio on a tree that is fed at its head, the areas beyond a reach have enough if and only if each reach
on the way takes in what 0.75 of every need beyond it asks, where a reach that cannot takes in all it can: those beyond
it have less and are cut off, and water they do not get is there for the others. So no level has to be searched, only
which reaches are cut off, and the programme has the rule itself in it, not any way of sharing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from geo.water.works.entries import Entries, Solved, solve_rows
from geo.water.works.valuation import ENOUGH, ROUNDING, Valuation

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


class Thresholds:
    """The programme of a valuation under max-min on trees.

    Parameters
    ----------
    valuation : of works whose systems with areas all are trees fed at their head, see ``fits``.
    budget_usd : most that may be spent.

    Notes
    -----
    Maximise the sum of weight x z over works y, areas z and reaches s that are cut off, y and s 0 or 1. A reach takes
    in over its old arc, or over its repaired one with the work, what 0.75 beyond it asks; cut off it takes in all it
    can. z holds only below reaches that are not cut off, and only where the head has what is asked of it.
    """

    def __init__(self, valuation: Valuation, budget_usd: float) -> None:
        self.valuation = valuation
        ways = valuation.ways
        self.periods = [p for p in range(valuation.claims.need_m3_s.shape[1]) if valuation.aim.counts[:, p].any()]
        self.supply = np.zeros((ways.nodes, valuation.claims.need_m3_s.shape[1]))
        np.add.at(self.supply, ways.intake_node, np.nan_to_num(valuation.supply_m3_s))
        most = np.nan_to_num(valuation.claims.need_m3_s).max(initial=0.0)
        self.scale = max(float(self.supply.max(initial=0.0)), float(most), 1e-9)
        self._reaches()
        self.works, self.nodes, self.reaches = len(valuation.works), ways.nodes, len(ways.tail)
        # y of works, z of areas, then of each period x of nodes (it has enough), s of reaches, flows of arcs.
        self.z0 = self.works
        self.first = self.works + len(ways.area_node)
        self.span = self.nodes + 2 * self.reaches + len(self.arc_reach)
        self.size = self.first + self.span * len(self.periods)
        self.high, self.integer = np.ones(self.size), np.zeros(self.size)
        self.integer[: self.works] = 1
        self.high[self.z0 : self.first] = valuation.able
        self.rows = Entries()
        cost = np.array([work.cost_usd for work in valuation.works]) / budget_usd
        self.rows.add(np.arange(self.works)[None, :], cost[None, :], -np.inf, 1.0 + 1e-9)
        for place, p in enumerate(self.periods):
            self._period(self.first + self.span * place, p)
        self.everything = float((valuation.aim.weight * valuation.able).sum())

    @staticmethod
    def fits(valuation: Valuation, levelled: Flags) -> bool:
        """Whether this programme bounds a valuation.

        Parameters
        ----------
        valuation : of works.
        levelled : bool (nodes,), areas at a node have one level that never rises along the water.

        Returns
        -------
        bool
        """
        aim = valuation.aim
        able = valuation.ways.area_node[valuation.able]
        return aim.objective != "m3" and aim.rule == "max-min" and bool(levelled[able].all())

    def _reaches(self) -> None:
        """Figures of reaches, old and with their works, and the arcs works bring."""
        value, ways = self.valuation, self.valuation.ways
        reaches, periods = len(ways.tail), value.claims.need_m3_s.shape[1]
        self.share = np.nan_to_num(ways.conveyance)
        limit = np.nan_to_num(ways.limit_m3_s, nan=0.0, posinf=np.inf)
        # What conveys nothing is given nothing.
        self.limit = np.where(self.share[:, None] > 0, np.broadcast_to(limit, (reaches, periods)), 0.0)
        self.best_share, self.best_limit = self.share.copy(), self.limit.copy()
        for work in value.works:
            np.maximum.at(self.best_share, work.reach, work.conveyance)
            for row, room in zip(work.reach, work.limit_m3_s, strict=True):
                self.best_limit[row] = np.maximum(self.best_limit[row], room)
        touched = [np.unique(work.reach) for work in value.works]
        none = [np.empty(0, dtype=np.int64)]
        self.arc_reach = np.concatenate(none + touched).astype(np.int64)
        numbers = [np.full(len(rows), k) for k, rows in enumerate(touched)]
        self.arc_work = np.concatenate(none + numbers).astype(np.int64)
        self.order = np.argsort(-ways.rank[ways.tail], kind="stable")

    def _asked(self, p: int) -> tuple[Floats, Floats]:
        """What 0.75 asks at nodes for their own areas, and for all beyond them at most, m3/s."""
        ways = self.valuation.ways
        own = np.zeros(self.nodes)
        np.add.at(own, ways.area_node, self._wanted(p))
        most = own.copy()
        for reach in self.order.tolist():
            beyond = float(most[ways.head[reach]])
            old = min(_over(beyond, self.share[reach]), self.limit[reach, p])
            new = min(_over(beyond, self.best_share[reach]), self.best_limit[reach, p])
            most[ways.tail[reach]] += max(old, new)
        return own, most

    def _wanted(self, p: int) -> Floats:
        # A need that is not known makes its system one nobody can speak of; it asks for nothing.
        need: Floats = np.nan_to_num(self.valuation.claims.need_m3_s[:, p])
        return need * ENOUGH * (1 - ROUNDING)

    def _period(self, at: int, p: int) -> None:
        ways, rows = self.valuation.ways, self.rows
        own, most = self._asked(p)
        unit = self.scale
        x0, s0 = at, at + self.nodes
        old0, new0 = s0 + self.reaches, s0 + 2 * self.reaches
        # Who lies beyond somebody without enough has not enough either.
        rows.add(x0 + np.column_stack([ways.tail, ways.head]), np.array([[1.0, -1.0]]), 0.0, np.inf)
        counts = np.flatnonzero(self.valuation.aim.counts[:, p] & (self._wanted(p) > 0))
        rows.add(np.column_stack([x0 + ways.area_node[counts], self.z0 + counts]), np.array([[1.0, -1.0]]), 0.0, np.inf)
        made: list[list[int]] = [[] for _ in range(self.reaches)]
        for arc, reach in enumerate(self.arc_reach.tolist()):
            made[reach].append(arc)
        children: list[list[int]] = [[] for _ in range(self.nodes)]
        for reach in range(self.reaches):
            children[ways.tail[reach]].append(reach)
        for reach in range(self.reaches):
            head, arcs = int(ways.head[reach]), made[reach]
            news = [new0 + arc for arc in arcs]
            works = [int(self.arc_work[arc]) for arc in arcs]
            share, best = float(self.share[reach]), float(self.best_share[reach])
            room, wide = float(self.limit[reach, p]), float(self.best_limit[reach, p])
            old_most = min(_over(most[head], share), room)
            new_most = min(_over(most[head], best), wide)
            self.high[old0 + reach] = old_most / unit
            # With its work a reach runs over its repaired arc alone.
            for arc, work in zip(arcs, works, strict=True):
                self.high[new0 + arc] = new_most / unit
                rows.add_row([new0 + arc, work], [1.0, -new_most / unit], -np.inf, 0.0)
                rows.add_row([old0 + reach, work], [1.0, old_most / unit], -np.inf, old_most / unit)
            fits_old = _over(most[head], share) <= room
            fits_new = not arcs or _over(most[head], best) <= wide
            if fits_old and fits_new:
                self.high[s0 + reach] = 0.0
            else:
                self.integer[s0 + reach] = 1
                rows.add_row([x0 + head, s0 + reach], [1.0, 1.0], -np.inf, 1.0)
            # What arrives is what is asked beyond, but for what a reach that is cut off cannot bring.
            beyond = [flow for child in children[head] for flow in (old0 + child, *(new0 + a for a in made[child]))]
            arriving = share * room if np.isfinite(room) else most[head]
            lacking = max(most[head] - arriving, 0.0)
            columns = [old0 + reach, *news, *beyond, s0 + reach]
            values = [share, *[best] * len(news), *[-1.0] * len(beyond), lacking / unit]
            rows.add_row(columns, values, own[head] / unit, np.inf)
            if self.high[s0 + reach] == 0.0:
                continue
            if np.isfinite(room):
                # Cut off, it takes in all it can.
                rows.add_row([old0 + reach, *news, s0 + reach], [1.0, *[1.0] * len(news), -room / unit], 0.0, np.inf)
                for work in works:
                    if np.isfinite(wide):
                        columns, gained = [*news, s0 + reach, work], -wide / unit
                        rows.add_row(columns, [*[1.0] * len(news), gained, gained], gained, np.inf)
        for node in np.flatnonzero(np.bincount(ways.head, minlength=self.nodes) == 0).tolist():
            beyond = [flow for child in children[node] for flow in (old0 + child, *(new0 + a for a in made[child]))]
            free = max(most[node] - self.supply[node, p], 0.0)
            if most[node] > 0:
                # Where the head has not what is asked, nobody has enough.
                self.integer[x0 + node] = 1
                high = (self.supply[node, p] * (1 + ROUNDING) + free - own[node]) / unit
                rows.add_row([*beyond, x0 + node], [*[1.0] * len(beyond), free / unit], -np.inf, high)

    def solve(self, time_s: float, at_least: float) -> Solved | None:
        """Solve it.

        Parameters
        ----------
        time_s : time it may take.
        at_least : gain that is asked for at least; -inf for none.

        Returns
        -------
        Solved or None : None where there is no solution.
        """
        value = self.valuation
        worth = np.zeros(self.size)
        worth[self.z0 : self.first] = value.aim.weight * value.able
        works = slice(0, self.works)
        return solve_rows(self.rows, worth, self.high, self.integer, works, value.nothing + at_least, time_s)


def _over(flow: float, share: float) -> float:
    """Flow to take in so that some arrives; inf where nothing is conveyed."""
    return 0.0 if flow <= 0 else flow / share if share > 0 else np.inf
