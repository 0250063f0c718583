"""An obvious, slow judge of one plot, written from the words of domain reference 3.6, 4 and 4.2 and from nothing else.

It imports nothing of the science: weights, caps and prices are typed here a second time. Steps are numbered as there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

Interval = tuple[float, float]

CODES = ["W1", "W2", "W3", "W4", "H1", "H2", "H3", "H4", "T1", "E1", "E2", "E3", "C1", "C2", "A1", "A2", "A3"]
CLASSES = ["S1", "S2", "S3", "N1", "N2"]
ALPHA = 1 / 0.35 - 1
# 4.2, groups W H F L E T A C; upper triangle of the judgements.
NAMES = "WHFLETAC"
UPPER = [[2, 2, 2, 2, 3, 3, 4], [1, 2, 2, 2, 2, 3], [1, 1, 2, 2, 3], [1, 1, 2, 2], [1, 2, 2], [1, 2], [2]]
WITHIN = {
    "W": {"W1": 0.40, "W2": 0.40, "W3": 0.20},
    "H": {"H1": 1 / 3, "H2": 1 / 6, "H3": 1 / 6, "H4": 1 / 3},
    "T": {"T1": 1.0},
    "E": {"E1": 0.50, "E2": 0.25, "E3": 0.25},
    "C": {"C1": 0.50, "C2": 0.50},
    "A": {"A1": 0.60, "A2": 0.20, "A3": 0.20},
}
USD = {  # price of measuring one plot, as the criteria state it
    **{"W1": 60, "W2": 40, "W3": 25, "H1": 120, "H2": 120, "H3": 120, "H4": 30, "T1": 20, "E1": 12, "E2": 10, "E3": 18},
    **{"C1": 50, "C2": 50, "A1": 8, "A2": 15, "A3": 15},
}
LEVELS = {  # memberships of none, residual, low, medium, high; section 4
    "H1": [1, 0.85, 0.60, 0.30, 0],
    "H2": [1, 0.95, 0.90, 0.80, 0.60],
    "H3": [1, 0.85, 0.60, 0.30, 0],
}


def land_weights() -> dict[str, float]:
    """Weights of the land groups: principal eigenvector of all eight, labour and tenure left out."""
    matrix = np.eye(8)
    for row, above in enumerate(UPPER):
        for step, value in enumerate(above):
            matrix[row, row + 1 + step], matrix[row + 1 + step, row] = value, 1 / value
    values, vectors = np.linalg.eig(matrix)
    weight = np.abs(np.real(vectors[:, np.argmax(np.real(values))]))
    found = dict(zip(NAMES, (weight / weight.sum()).tolist(), strict=True))
    total = sum(found[name] for name in WITHIN)
    return {name: found[name] / total for name in WITHIN}


WEIGHTS = land_weights()
WEIGHED = [code for code in CODES if code != "W4"]
SHARE = {code: WEIGHTS[code[0]] * WITHIN[code[0]][code] for code in WEIGHED}


@dataclass(frozen=True)
class Plot:
    """What is known of a plot: memberships as intervals, missing = unknown; where the head and the slope come from."""

    known: Mapping[str, Interval]
    head_from_dem: bool = True
    furrows: bool = True  # surface-irrigated and not terraced
    evidence: Mapping[str, str] | None = None
    no_better_than: int = 0  # by a hazard of medium level every 30 years, and the like
    behind: str | None = None


def class_of(membership: float) -> int:
    return next((k for k, limit in enumerate((0.75, 0.50, 0.25, 0.125)) if membership >= limit - 1e-12), 4)


def owa(groups: Mapping[str, float], weights: Mapping[str, float]) -> float:
    """Step 5."""
    total, reached = 0.0, 0.0
    for name in sorted(groups, key=lambda name: -groups[name]):
        before, reached = reached, reached + weights[name]
        total += groups[name] * (min(reached, 1.0) ** ALPHA - min(before, 1.0) ** ALPHA)
    return total


def group_score(name: str, members: Mapping[str, float]) -> float:
    """Step 4, over the members given: the worst hazard; a mean with the head of water as a gate; a mean."""
    if name == "H":
        return min(members.values())
    weight = sum(WITHIN[name][code] for code in members)
    mean = sum(WITHIN[name][code] * value for code, value in members.items()) / weight
    return min(mean, members.get("W2", 1.0))


def groups_of(memberships: Mapping[str, float]) -> dict[str, float]:
    found = {}
    for name, weights in WITHIN.items():
        members = {code: memberships[code] for code in weights if code in memberships}
        if members:
            found[name] = group_score(name, members)
    return found


def score_of(memberships: Mapping[str, float]) -> float:
    return owa(groups_of(memberships), WEIGHTS)


def caps(plot: Plot, memberships: Mapping[str, float], *, with_group: Mapping[str, float]) -> list[tuple[int, str]]:
    """Step 6: (class at best, criterion behind it). ``with_group``: members of water for the cap of their mean."""
    found = [(plot.no_better_than, plot.behind)] if plot.behind else []
    for code, value in memberships.items():
        if code[0] == "A" or code == "W4":
            continue
        own = class_of(value)
        two = code in ("W3", "E2", "E3") or (code == "W2" and plot.head_from_dem and "W2" in plot.known)
        two = two or (code == "T1" and not plot.furrows)
        found.append((max(own - (2 if two else 1), 1 if value < 0.5 - 1e-12 else 0), code))
    members = {
        code: value
        for code, value in with_group.items()
        if code[0] == "W" and not (code == "W2" and plot.head_from_dem and "W2" in plot.known)
    }
    if members:
        weight = sum(WITHIN["W"][code] for code in members)
        mean = sum(WITHIN["W"][code] * value for code, value in members.items()) / weight
        lacks = {code: WITHIN["W"][code] * (1 - value) for code, value in members.items()}
        most = max(lacks.values())
        found.append((max(class_of(mean) - 1, 0), next(code for code in lacks if lacks[code] == most)))
    return found


def class_range(plot: Plot) -> tuple[int, int, float]:
    """Class with every unknown at 0, caps too, and at 1; and the width of the score. Step 2."""
    low = {code: plot.known.get(code, (0.0, 1.0))[0] for code in WEIGHED}
    high = {code: plot.known.get(code, (0.0, 1.0))[1] for code in WEIGHED}
    worst = max([class_of(score_of(low)), *(cap for cap, _ in caps(plot, low, with_group=low))])
    certain = {code: ends[1] for code, ends in plot.known.items() if code in WEIGHED}
    best = max([class_of(score_of(high)), *(cap for cap, _ in caps(plot, certain, with_group=high))])
    return worst, best, score_of(high) - score_of(low)


def limiting(low: Mapping[str, float]) -> tuple[str | None, dict[str, float]]:
    """What gains most at full membership, and the gains; poor hazards rise together and the least is named. Step 7."""
    gains: dict[str, float] = {}
    for code in WEIGHED:
        raised = dict(low)
        raised[code] = 1.0
        if code[0] == "H":
            members = list(WITHIN["H"])
            least = min(low[other] for other in members)
            if code != next(other for other in members if low[other] == least):
                continue
            poor = [other for other in members if low[other] < 0.75 - 1e-12]
            for other in poor or [other for other in members if low[other] == least]:
                raised[other] = 1.0
        gains[code] = score_of(raised) - score_of(low)
    most = max(gains.values())
    return (None if most < 1e-9 else next(code for code in gains if gains[code] > most - 1e-9)), gains


def judge(plot: Plot) -> dict[str, Any]:
    """Judge one plot that no exclusion and no hard limit shuts."""
    known = {code: ends for code, ends in plot.known.items() if code in WEIGHED}
    low = {code: known.get(code, (0.0, 1.0))[0] for code in WEIGHED}
    high = {code: known.get(code, (0.0, 1.0))[1] for code in WEIGHED}
    weight = sum(SHARE[code] for code in known)
    judged = weight >= 0.5 - 1e-12 and "T1" in known and all(any(c[0] == g for c in known) for g in "WH")
    score = score_of(low)
    certain = {code: known[code][1] for code in WEIGHED if code in known}
    held = caps(plot, certain, with_group=certain)
    of_known = max([cap for cap, _ in held], default=0)
    decisive = [code for code in WEIGHED if (code[0] in "WH" or code == "E1") and code not in known]
    best = max(of_known, 1 if decisive else 0)
    worst_class, best_class, _ = class_range(plot)
    settled = worst_class - best_class < 2
    most, gains = limiting(low)
    capped = best > class_of(score)
    if capped:
        behind = [code for cap, code in held if cap == best and code is not None]
        most = min(behind, key=CODES.index) if behind else decisive[0]
    asked = not judged or not settled
    return {
        "judged": judged,
        "score": score,
        "high": score_of(high),
        "class": max(class_of(score), best) if judged else 5,
        "class_low": worst_class,
        "class_high": best_class,
        "settled": settled,
        "limiting": most if judged else None,
        "gains": gains,
        "capped": capped,
        "known_weight_pct": int(np.floor(100 * weight + 1e-9)),
        "score_known": score_known(known) if asked else None,
        "outlook": outlook(plot, known, of_known) if asked else None,
        "ask_first": ask_first(plot, judged=judged) if asked else None,
        "confidence": confidence(plot, known),
        "letters": letters(known),
    }


def score_known(known: Mapping[str, Interval]) -> float | None:
    groups = groups_of({code: known[code][0] for code in WEIGHED if code in known})
    total = sum(WEIGHTS[name] for name in groups)
    return owa(groups, {name: WEIGHTS[name] / total for name in groups}) if groups else None


def outlook(plot: Plot, known: Mapping[str, Interval], held: int) -> str:
    score = score_known(known)
    if score is None:
        return "open"
    promised = max(class_of(score), held)
    water = [code for code in known if code[0] == "W" and not (code == "W2" and plot.head_from_dem)]
    if promised >= 3:
        return "unlikely"
    return "likely" if promised < 2 and water else "open"


def ask_first(plot: Plot, *, judged: bool) -> str | None:
    unknown = [code for code in WEIGHED if code not in plot.known]
    if not judged:
        if "T1" in unknown:
            return "T1"
        bare = [
            code for code in unknown if code[0] in "WH" and not any(c[0] == code[0] for c in plot.known if c != "W4")
        ]
        if bare:
            return max(bare, key=lambda code: (round(SHARE[code], 12), -CODES.index(code)))
    low, high, width = class_range(plot)
    found, best = None, (-1.0, -1.0)
    for code in unknown:
        saved = fall = 0.0
        levels = LEVELS.get(code, [step / 10 for step in range(11)])
        for level in levels:
            # What it will come from is not known: a head found later counts as surveyed.
            tried = Plot(
                known={**plot.known, code: (level, level)},
                head_from_dem=plot.head_from_dem and "W2" in plot.known,
                furrows=plot.furrows,
                no_better_than=plot.no_better_than,
                behind=plot.behind,
            )
            at_low, at_high, after = class_range(tried)
            saved += ((low - high) - (at_low - at_high)) / len(levels)
            fall += (width - after) / len(levels)
        gain = (saved / USD[code], fall)
        if gain[0] > best[0] + 1e-12 or (abs(gain[0] - best[0]) <= 1e-12 and gain[1] > best[1] + 1e-12):
            found, best = code, gain
    return found


def confidence(plot: Plot, known: Mapping[str, Interval]) -> str:
    """Step 9: the best letter for which evidence as good or better carries 70 % of all weight, else D."""
    letters = plot.evidence or {}
    for letter in "ABCD":
        if sum(SHARE[code] for code in known if letters.get(code, "D") <= letter) >= 0.7 - 1e-12:
            return letter
    return "D"


def letters(known: Mapping[str, Interval]) -> list[tuple[float, str]]:
    """Groups whose known members are below S1, worst first: their value, and the letter of their worst member."""
    names = {"W": "w", "H": "h", "T": "t", "C": "c", "A": "a", "E1": "z", "E2": "s", "E3": "d"}
    low = {code: known[code][0] for code in WEIGHED if code in known}
    found = []
    for name, value in groups_of(low).items():
        members = {code: low[code] for code in WITHIN[name] if code in low}
        worst = min(members, key=lambda code: members[code])
        if value < 0.75 - 1e-12:
            found.append((value, names.get(worst, names.get(name, ""))))
    return sorted(found)
