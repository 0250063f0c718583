"""An upper bound of what any set of works under a budget can gain, whatever way the water is shared: one MILP."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geo.water.works.entries import Entries, Solved, solve_rows
from geo.water.works.reach_bounds import bound_reaches
from geo.water.works.thresholds import Thresholds
from geo.water.works.valuation import ENOUGH, ROUNDING, Valuation

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

TIME_S = 20.0  # s, after which the bound that is proved by then is taken


class Bound(NamedTuple):
    """``gain`` : no set of works under the budget gains more. ``solved`` : the programme was solved to its end.

    plan : bool (works,), set the programme itself came to, which the balance has still to value; None without one.
    """

    gain: float
    solved: bool
    plan: NDArray[np.bool_] | None = None


def bound_gain(valuation: Valuation, budget_usd: float, *, at_least: float = 0.0, time_s: float = TIME_S) -> Bound:
    """Bound what works can gain.

    Parameters
    ----------
    valuation : of the works.
    budget_usd : most that may be spent.
    at_least : gain of a set that is known to fit the budget; the search leaves out what is worse.
    time_s : time the solver may take; what it has proved by then is a bound too.

    Returns
    -------
    Bound : in the unit of the objective.

    Notes
    -----
    Maximise the sum of weight x z over flows on the old and the repaired arc of each reach, deliveries, works y and
    areas z, the last two 0 or 1: what comes to a node goes out of it; an old arc carries nothing once its work is done,
    a repaired one nothing before; z asks for 0.75 of the need in every period that counts. The rule's own way of
    sharing is one of the ways the programme may choose, so its optimum is no less. Where several works change one
    reach, each of their arcs is given the best figures of all.

    On trees fed at their head alone, ``proportional`` and ``max-min`` by ratio give all areas at a node one ratio,
    which falls along the water only where a reach may be full: there the programme is held to it too. Areas brought to
    enough by ``max-min`` are bounded by ``Thresholds``, which has the rule itself in it.
    """
    programme: _Programme | Thresholds
    if Thresholds.fits(valuation, goes_by_level(valuation)):
        programme = Thresholds(valuation, budget_usd)
    else:
        programme = _Programme(valuation, budget_usd)
    found = programme.solve(time_s, at_least)
    if found is None:  # what is known to fit is not found within the solver's precision
        found = programme.solve(time_s, -np.inf)
    solved = Solved(programme.everything, False, None) if found is None else found
    # What the solver takes for equal, on top.
    most = min(solved.most, programme.everything) * (1 + 1e-6) - valuation.nothing
    return Bound(max(most, at_least), solved.to_its_end, solved.plan)


class _Programme:
    """The programme of a valuation: its variables, period by period, its rows and its objective.

    Parameters
    ----------
    valuation : of the works.
    budget_usd : most that may be spent.
    """

    def __init__(self, valuation: Valuation, budget_usd: float) -> None:
        self.valuation, self.budget = valuation, budget_usd
        ways, works, aim = valuation.ways, valuation.works, valuation.aim
        self.need = np.nan_to_num(valuation.claims.need_m3_s)
        self.supply = np.nan_to_num(valuation.supply_m3_s)
        self.periods = self.need.shape[1]
        self.of = bound_reaches(valuation)
        reaches, areas = len(ways.tail), len(self.need)
        touched = [np.unique(work.reach) for work in works]
        self.arc_reach = np.concatenate([np.arange(reaches), *touched]).astype(np.int64)
        numbers = [np.full(len(rows), k) for k, rows in enumerate(touched)]
        self.arc_work = np.concatenate([np.full(reaches, -1), *numbers]).astype(np.int64)
        self.new = self.arc_work >= 0
        self.share = np.where(self.new, self.of.new_share[self.arc_reach], self.of.old_share[self.arc_reach])
        self.most = np.where(self.new[:, None], self.of.new_most[self.arc_reach], self.of.old_most[self.arc_reach])
        self.outlet = np.minimum(self.need, np.nan_to_num(ways.outlet_m3_s, nan=0.0, posinf=np.inf)[:, None])
        self.levelled = goes_by_level(valuation)
        self.scale = max(float(self.supply.sum(axis=0).max(initial=0.0)), 1e-9)
        self.arcs, self.intakes, self.areas = len(self.arc_reach), len(ways.intake_node), areas
        # Levels of the nodes that a rule goes by are variables too: they fall with the water.
        self.levels = ways.nodes if self.levelled.any() else 0
        self.per_period = self.arcs + self.intakes + areas + self.levels
        self.y0 = self.per_period * self.periods
        self.z0 = self.y0 + len(works)
        self.size = self.z0 + areas
        self.rows = Entries()
        for p in range(self.periods):
            self._conserve(p)
            self._switch(p)
            self._ask(p)
            if self.levels:
                self._level(p)
        cost = np.array([work.cost_usd for work in works]) / budget_usd
        self.rows.add(self.y0 + np.arange(len(works))[None, :], cost[None, :], -np.inf, 1.0 + 1e-9)
        weights = aim.weight * valuation.able
        able = float(weights.sum())
        self.everything = able if aim.objective != "m3" else float((self.outlet * aim.volume_s)[valuation.able].sum())

    def _at(self, p: int) -> tuple[int, int, int]:
        """First variable of the arcs, areas and levels of a period."""
        arcs = p * self.per_period
        areas = arcs + self.arcs + self.intakes
        return arcs, areas, areas + self.areas

    def _conserve(self, p: int) -> None:
        ways, at = self.valuation.ways, p * self.per_period
        node = np.concatenate([ways.head[self.arc_reach], ways.tail[self.arc_reach], ways.intake_node, ways.area_node])
        arcs = np.arange(self.arcs)
        column = np.concatenate([arcs, arcs, self.arcs + np.arange(self.intakes + self.areas)])
        value = np.concatenate([self.share, -np.ones(self.arcs), np.ones(self.intakes), -np.ones(self.areas)])
        self.rows.add_whole(node, at + column, value, ways.nodes)

    def _switch(self, p: int) -> None:
        """A repaired arc carries something only with its work, an old one only without."""
        at, made = p * self.per_period, np.flatnonzero(self.new)
        old, most = self.arc_reach[made], self.most[:, p] / self.scale  # an old arc stands at its reach's number
        work = self.y0 + self.arc_work[made]
        ones = np.ones(len(made))
        self.rows.add(np.column_stack([at + made, work]), np.column_stack([ones, -most[made]]), -np.inf, 0.0)
        self.rows.add(np.column_stack([at + old, work]), np.column_stack([ones, most[old]]), -np.inf, most[old])

    def _ask(self, p: int) -> None:
        """An area that counts has enough."""
        _, areas, levels = self._at(p)
        node = self.valuation.ways.area_node
        counts = self.valuation.aim.counts[:, p] & (self.need[:, p] > 0)
        enough = ENOUGH * (1 - ROUNDING)
        by_level = np.flatnonzero(counts & self.levelled[node])
        columns = np.column_stack([levels + node[by_level], self.z0 + by_level])
        self.rows.add(columns, np.array([[1.0, -enough]]), 0.0, np.inf)
        asks = np.flatnonzero(counts & ~self.levelled[node])
        wanted = enough * self.need[asks, p] / self.scale
        columns = np.column_stack([areas + asks, self.z0 + asks])
        self.rows.add(columns, np.column_stack([np.ones(len(asks)), -wanted]), 0.0, np.inf)

    def _level(self, p: int) -> None:
        """Areas at a node have one level, which falls along the water only where a reach may be full."""
        ways, of = self.valuation.ways, self.of
        _, areas, levels = self._at(p)
        even = np.flatnonzero(self.levelled[ways.area_node])
        columns = np.column_stack([areas + even, levels + ways.area_node[even]])
        self.rows.add(columns, np.column_stack([np.ones(len(even)), -self.need[even, p] / self.scale]), 0.0, 0.0)
        down = np.flatnonzero(self.levelled[ways.tail])
        pair = levels + np.column_stack([ways.tail[down], ways.head[down]])
        stays = of.never_full[down, p]
        self.rows.add(pair[stays], np.array([[1.0, -1.0]]), 0.0, 0.0)
        self.rows.add(pair[~stays], np.array([[1.0, -1.0]]), 0.0, np.inf)

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
        value, aim = self.valuation, self.valuation.aim
        objective, integer = np.zeros(self.size), np.zeros(self.size)
        high = np.ones(self.size)
        for p in range(self.periods):
            arcs, areas, _ = self._at(p)
            flows = np.concatenate([self.most[:, p], self.supply[:, p], self.outlet[:, p]])
            high[arcs : arcs + len(flows)] = flows / self.scale
            if aim.objective == "m3":
                objective[areas : areas + self.areas] = aim.volume_s[p] * self.scale * value.able
        if aim.objective != "m3":
            objective[self.z0 :] = aim.weight * value.able
            integer[self.z0 :] = value.able
        high[self.z0 :] = value.able
        integer[self.y0 : self.z0] = 1
        works = slice(self.y0, self.z0)
        return solve_rows(self.rows, objective, high, integer, works, value.nothing + at_least, time_s)


def goes_by_level(valuation: Valuation) -> NDArray[np.bool_]:
    """Return where areas at a node have one ratio that never rises along the water.

    Parameters
    ----------
    valuation : of works, with the rule they are valued by.

    Returns
    -------
    bool (nodes,), the same for all of a system.
    """
    ways, aim = valuation.ways, valuation.aim
    if aim.rule not in ("proportional", "max-min") or (aim.rule == "max-min" and aim.per != "ratio"):
        return np.zeros(ways.nodes, dtype=bool)
    fits = ~ways.joined
    below = np.bincount(ways.head, minlength=ways.nodes)[ways.intake_node] > 0
    fits[ways.system[ways.intake_node[below]]] = False
    narrow = (np.nan_to_num(valuation.claims.need_m3_s) > ways.outlet_m3_s[:, None]).any(axis=1)
    fits[ways.system[ways.area_node[narrow | np.isnan(ways.outlet_m3_s)]]] = False
    return np.asarray(fits[ways.system])


def proved_gap(gain: float, bound: Bound) -> float:
    """Return by how much of the bound a set of works may miss the best one.

    Parameters
    ----------
    gain : of the set.
    bound : of all sets.

    Returns
    -------
    float, 0-1; 0 where nothing can be gained.
    """
    return max(0.0, 1.0 - gain / bound.gain) if bound.gain > 0 else 0.0
