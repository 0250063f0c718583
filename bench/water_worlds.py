"""Canal systems made up for measuring: a main canal with branches, reaches in every condition, works to choose from."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geo.water.irrigation import CONDITION_FACTOR, SECONDS_PER_DAY
from geo.water.sharing.division import Claims
from geo.water.sharing.waterways import Waterways
from geo.water.works.valuation import Aim, Valuation, Work

Floats = NDArray[np.float64]

MONTH_S = 30 * SECONDS_PER_DAY  # s
SEASON = (0.45, 0.7, 1.0, 1.05, 0.9, 0.5)  # need of April to September over that of June
RIVER = (1.0, 1.15, 1.2, 1.0, 0.75, 0.6)  # what the river offers in the same months over its mean
DUTY_L_S_HA = 1.3  # net duty of June at the outlet
CLASS_SHARES = (0.3, 0.3, 0.2, 0.2)  # share of reaches in condition 1 to 4
USD_PER_M = (4.0, 22.0)  # cost of a work, by the metre
EARTH_LOST = 0.03  # -, share of its water an earthen reach in good order loses on 500 m
LINED_LOST = 0.003  # -, likewise of the lined canals of long systems, whose tails nothing would reach otherwise
SUPPLIED = 0.8  # what the river brings on average over what the intake asks for in June
BUDGET_SHARE = 0.25  # share of the cost of all works that there is


class CanalWorld(NamedTuple):
    """One canal system in a dry year; reaches run from ``tail`` to ``head``, node 0 is the intake.

    conveyance, limit_m3_s : float64 (reaches,). node : int64 (areas,), where each is served. ha : float64 (areas,).
    need_m3_s : float64 (areas, periods). supply_m3_s : float64 (periods,). good, design_m3_s, factor : float64
    (reaches,), share conveyed and room in good order, and what their condition leaves of it. length_m : (reaches,).
    """

    tail: NDArray[np.int64]
    head: NDArray[np.int64]
    conveyance: Floats
    limit_m3_s: Floats
    node: NDArray[np.int64]
    ha: Floats
    need_m3_s: Floats
    supply_m3_s: Floats
    good: Floats
    design_m3_s: Floats
    factor: Floats
    length_m: Floats

    def ways(self) -> Waterways:
        """Return the network."""
        return Waterways(self.tail, self.head, self.conveyance, self.limit_m3_s, self.node, np.inf, [0])

    def claims(self) -> Claims:
        """Return what the areas ask for."""
        codes = np.array([f"a{number:05d}" for number in range(len(self.node))])
        return Claims(self.need_m3_s, self.ha, np.zeros_like(self.need_m3_s), self.node.astype(np.float64), codes)


class WorksWorld(NamedTuple):
    """Works on a system and what they cost together; ``budget_usd`` : what there is."""

    valuation: Valuation
    cost_usd: Floats
    budget_usd: float


def canal_tree(rng: np.random.Generator, reaches: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Tail and head of the reaches of a tree: a main canal whose nodes branch, and branch again; node 0 is its head."""
    tail = np.zeros(reaches, dtype=np.int64)
    main = max(reaches // 8, 1)
    for reach in range(reaches):
        # The main canal first; a branch goes on from its own end, or leaves somewhere above.
        goes_on = reach < main or rng.random() < 0.7
        tail[reach] = reach if goes_on and reach != main else rng.integers(1, main + 1)
    return tail, np.arange(1, reaches + 1)


def works_world(
    works: int, reaches: int, periods: int, *, seed: int = 0, objective: str = "ha", rule: str = "max-min"
) -> WorksWorld:
    """Return works on a tree of canals in a dry year.

    Parameters
    ----------
    works : repairs to class 1 of the worst reaches. reaches : of the tree. periods : months from April on.
    seed : of the world. objective, rule : as ``Aim`` has them.
    """
    rng = np.random.default_rng(seed)
    canal = canal_world(rng, reaches, np.array(SEASON[:periods]), np.array(RIVER[:periods]))
    worst = np.argsort(canal.factor + 1e-6 * rng.random(reaches), kind="stable")[:works]
    cost = (canal.length_m[worst] * rng.uniform(*USD_PER_M, works)).round()
    done = [
        Work(float(usd), np.array([reach]), canal.good[[reach]], canal.design_m3_s[[reach]])
        for reach, usd in zip(worst, cost, strict=True)
    ]
    aim = Aim(objective, canal.ha, canal.need_m3_s > 0, rule, "ratio", np.full(periods, MONTH_S))
    value = Valuation(canal.ways(), canal.claims(), canal.supply_m3_s[None, :], done, aim)
    return WorksWorld(value, cost, float((cost.sum() * BUDGET_SHARE).round()))


def canal_world(
    rng: np.random.Generator, reaches: int, season: Floats, river: Floats, *, lost: float = EARTH_LOST
) -> CanalWorld:
    """Return a system whose river brings four fifths of the greatest need, reaches in every condition.

    Parameters
    ----------
    rng : of the world. reaches : of the tree.
    season, river : float64 (periods,), need over its greatest, and what the river offers over its mean.
    lost : share of its water that a reach in good order loses on 500 m.
    """
    tail, head = canal_tree(rng, reaches)
    node = np.unique(np.concatenate([head[~np.isin(head, tail)], rng.choice(head, reaches // 3, replace=False)]))
    ha = rng.uniform(10, 120, len(node)).round(1)
    need = ha[:, None] * DUTY_L_S_HA / 1_000 * season * rng.uniform(0.8, 1.2, (len(node), 1))
    length_m = rng.uniform(150, 900, reaches)
    good = (1.0 - lost) ** (length_m / 500)
    condition = rng.choice([1, 2, 3, 4], reaches, p=CLASS_SHARES)
    factor = np.array([CONDITION_FACTOR[int(state)] for state in condition])
    conveyance = good * factor ** (length_m / 4_000 * lost / EARTH_LOST)
    design = requirement(tail, head, good, node, need.max(axis=1)) * rng.uniform(1.0, 1.3, reaches)
    peak = need[:, int(np.abs(season - 1.0).argmin())]
    supply = requirement(tail, head, conveyance, node, peak)[tail == 0].sum() * SUPPLIED * river
    return CanalWorld(tail, head, conveyance, design * factor, node, ha, need, supply, good, design, factor, length_m)


def requirement(
    tail: NDArray[np.int64], head: NDArray[np.int64], conveyance: Floats, node: NDArray[np.int64], need: Floats
) -> Floats:
    """Flow each reach of a tree has to take in for the needs beyond it, m3/s; heads are numbered along the water."""
    wanted = np.zeros(len(head) + 1)
    np.add.at(wanted, node, need)
    taken = np.zeros(len(head))
    for reach in range(len(head) - 1, -1, -1):
        taken[reach] = wanted[head[reach]] / conveyance[reach]
        wanted[tail[reach]] += taken[reach]
    return taken
