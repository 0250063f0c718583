"""An obvious, slow judge of what lifts one plot, written from the words of domain reference 3.6 step 7, 4 and 6.4.

It imports nothing of the science: knots, limits, what remedies do and what they cost are typed here a second time.
Every set of remedies is tried, the cheapest first. Values are those measured, in their units.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from tests.worlds.slow_reference import LEVELS, Plot, caps, class_of, score_of

Values = dict[str, float]

KNOTS = {  # values at membership 1, .75, .5, .25 and 0; section 4
    **{"W1": (1.0, 0.9, 0.75, 0.5, 0.3), "W2": (1.0, 0.5, 0.2, 0.0, -0.5), "W3": (0.9, 0.8, 0.65, 0.5, 0.3)},
    **{"H4": (0, 100, 300, 800, 1500), "T1": (2, 5, 8, 16, 25), "T1b": (8, 16, 25, 35, 50)},
    **{"E2": (100, 75, 50, 30, 15), "C1": (1.1, 1.0, 0.9, 0.8, 0.7), "C2": (30, 15, 0, -10, -20)},
    **{"A1": (10, 20, 35, 60, 90), "A2": (30, 60, 120, 180, 300), "A3": (20, 40, 60, 120, 180)},
    **{"salt": (2, 4, 8, 12, 16), "awc": (170, 130, 90, 60, 30), "groundwater": (2.5, 1.8, 1.2, 0.8, 0.4)},
}
POTATO = tuple(1.7 + (100 - left) / 12 for left in (95, 80, 60, 40, 20))  # yield response, section 5
CONVEYS = {1: 1.0, 2: 0.9, 3: 0.75, 4: 0.5}  # section 6.4; class 5 conveys nothing


@dataclass(frozen=True)
class Ground:
    """What is known around a plot."""

    reach_share: float = 1.0  # of the canal's length
    only_reach: bool = False
    earth_canal: bool = False
    terraced: bool = False
    debris_flow: bool = False
    groundwater_m: float = 9.0
    available_water_mm: float = 150.0
    drain_near: bool = False
    esp_pct: float = 0.0
    gypsum_pct: float = 0.0
    outlet_ha: float = 10.0
    area_ha: float = 0.2


def between(value: float, knots: tuple[float, ...]) -> float:
    levels = [1.0, 0.75, 0.5, 0.25, 0.0]
    if knots[0] > knots[-1]:
        return float(np.interp(value, knots[::-1], levels[::-1]))
    return float(np.interp(value, knots, levels))


def memberships(values: Values, *, terraced: bool) -> dict[str, float]:
    found = {}
    for code, value in values.items():
        if code in LEVELS:
            found[code] = float(LEVELS[code][int(value)])
        elif code == "E1":
            found[code] = min(between(value, KNOTS["salt"]), between(value, POTATO))
        elif code == "E3":
            found[code] = value
        elif code != "W4":
            found[code] = between(value, KNOTS["T1b" if code == "T1" and terraced else code])
    return found


def class_and_score(values: Values, around: Ground, *, terraced: bool) -> tuple[int, float]:
    """Class 0 to 4 and score 0-1; land a hard limit shuts is N2 and has none."""
    values = dict(values)
    if values["W4"] == 5 and around.only_reach:
        values["W1"] = 0.0
    steepest = 50 if terraced else 25
    shut = values["W1"] < 0.3 or values["W2"] < -0.5 or values["H3"] == 4 or values["T1"] > steepest
    if shut or values["E2"] < 15 or values["C1"] < 0.7 or values["C2"] < -20:
        return 4, -1.0
    found = memberships(values, terraced=terraced)
    plot = Plot({code: (value, value) for code, value in found.items()}, head_from_dem=False, furrows=not terraced)
    held = max(cap for cap, _ in caps(plot, found, with_group=found))
    held = max(held, 3 if values["E1"] > POTATO[-1] else 0)  # salt leaves less than a fifth of the yield
    score = score_of(found)
    return max(class_of(score), held), score


def repaired(values: Values, around: Ground) -> Values:
    before = int(values["W4"])
    gain = (1 / CONVEYS[before]) ** around.reach_share if before in CONVEYS else 1.0
    return {**values, "W4": 1.0, "W1": values["W1"] * gain}


def drained(values: Values, around: Ground) -> Values:
    lower = between(around.groundwater_m + 0.5, KNOTS["groundwater"])
    return {**values, "E3": max(values["E3"], min(between(around.available_water_mm, KNOTS["awc"]), lower))}


def scaled(**by: float) -> Callable[[Values, Ground], Values]:
    return lambda values, _: {**values, **{code: values[code] * factor for code, factor in by.items()}}


def lowered(code: str) -> Callable[[Values, Ground], Values]:
    return lambda values, _: {**values, code: max(values[code] - 1, 0.0)}


def options(values: Values, around: Ground) -> Mapping[str, tuple[float, Callable[[Values, Ground], Values]]]:
    """Remedies whose conditions hold and that change something: what each costs on this plot, and what it does."""
    wet = between(around.groundwater_m, KNOTS["groundwater"])
    sodic = around.esp_pct >= 15 and around.gypsum_pct < 2
    deep = around.groundwater_m > 3 and around.groundwater_m - 2.5 >= 1.5  # 200 mm lift the table by 2.5 m
    leachable = deep or (around.drain_near and around.groundwater_m >= 1.5)
    found: dict[str, tuple[float, float, bool, Callable[[Values, Ground], Values]]] = {
        "canal_repair": (150, 350, values["W4"] > 1, repaired),
        "canal_lining": (400, 1800, around.earth_canal and values["W1"] > 0, scaled(W1=1.26)),
        "gates": (120, 60, values["W3"] < 1, lambda v, _: {**v, "W3": min(v["W3"] + 0.15, 1.0)}),
        "terracing": (100, 2400, not around.terraced, lambda v, _: v),
        "land_levelling": (50, 700, 0 < values["T1"] <= 8, scaled(T1=0.5)),
        "check_dam": (
            *(2500, 0, around.debris_flow and (values["H1"] > 0 or values["H4"] > 0)),
            lambda v, a: scaled(H4=0.5)(lowered("H1")(v, a), a),
        ),
        "slope_stabilising": (1200, 300, values["H3"] > 0, lowered("H3")),
        "leaching": (40, 300, leachable and not sodic and values["E1"] > 0, scaled(E1=0.5)),
        "leaching_with_gypsum": (40, 450, leachable and sodic and values["E1"] > 0, scaled(E1=0.5)),
        "manure_and_soil": (0, 1500, True, lambda v, _: {**v, "E2": v["E2"] + 10}),
        "footbridge": (1800, 0, values["A1"] > 0 or values["H4"] > 0, scaled(A1=0.7, H4=0.2)),
    }
    offered = {
        name: (fixed + per_ha * around.area_ha, change)
        for name, (fixed, per_ha, holds, change) in found.items()
        if holds
    }
    binds = wet < 0.75 and wet <= between(around.available_water_mm, KNOTS["awc"])
    if binds and drained(values, around) != values:
        offered["drainage"] = (200 + 600 * around.outlet_ha, drained)
    return offered


def cheapest(values: Values, around: Ground) -> tuple[float, int, float] | None:
    """Cost, class and score of the cheapest set that lifts by a class or more, to S3 or better; of equals the best."""
    now, _ = class_and_score(values, around, terraced=around.terraced)
    offered = options(values, around)
    sets = [chosen for size in range(1, len(offered) + 1) for chosen in combinations(offered, size)]
    best: tuple[float, int, float] | None = None
    for cost, chosen in sorted((round(sum(offered[name][0] for name in chosen), 9), chosen) for chosen in sets):
        if best is not None and cost > best[0] + 1e-6:
            break
        after = values
        for name in chosen:
            after = offered[name][1](after, around)
        found, score = class_and_score(after, around, terraced=around.terraced or "terracing" in chosen)
        if found < now and found <= 2 and (best is None or score > best[2]):
            best = cost, found, score
    return best
