"""The loop over plots under schemes of every kind, against a judge that follows the words of the domain reference."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from geo.suitability.combination import Aggregate, Weighting, aggregate, quantified
from geo.suitability.model import LETTERS
from tests.worlds.slow_reference import CODES, class_of

GROUPS = "WHTECA"
GROUP_OF = [GROUPS.index(code[0]) for code in CODES]
ROUND = [0.0, 0.0625, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1.0]  # sums of such are exact: ties are ties
LETTER = {"W": "w", "H": "h", "T": "t", "C": "c", "A": "a", "E1": "z", "E2": "s", "E3": "d"}
NOTHING = -1


@dataclass(frozen=True)
class Weighed:
    """A scheme: weight of each group, of each criterion in its group, gates, groups of which the worst counts."""

    groups: list[float]
    within: dict[str, float]
    gates: set[str]
    worst_counts: set[str]
    alpha: float

    @property
    def codes(self) -> list[str]:
        return [code for code in CODES if self.within[code] > 0 and self.groups[GROUPS.index(code[0])] > 0]

    def weight(self, code: str) -> float:
        return self.groups[GROUPS.index(code[0])] * self.within[code]

    def for_kernel(self) -> Weighting:
        within, groups = np.array([self.within[code] for code in CODES]), np.array(self.groups)
        return Weighting(
            active=np.flatnonzero(within > 0),
            within=within,
            gate=np.array([code in self.gates for code in CODES]),
            group_weights=groups,
            minimum=np.array([name in self.worst_counts for name in GROUPS]),
            quantified=quantified(groups, self.alpha),
            share=within * groups[GROUP_OF],
        )


def shares_out(random: np.random.Generator, count: int, *, exact: bool) -> list[float]:
    """Weights that sum to 1, some of them 0; exact: halves of halves."""
    if exact:
        found = [1.0]
        while len(found) < count:
            found[0:1] = [found[0] / 2] * 2 if random.random() < 0.75 else [found[0], 0.0]
            found = sorted(found, reverse=True)
        return [found[k] for k in random.permutation(count)]
    drawn = random.random(count) * (random.random(count) < 0.9) + 1e-3 * (random.random(count) < 0.05)
    drawn = drawn if drawn.any() else np.ones(count)
    return [float(value) for value in drawn / drawn.sum()]


def some_scheme(random: np.random.Generator, *, exact: bool) -> Weighed:
    within: dict[str, float] = {}
    for name in GROUPS:
        codes = [code for code in CODES if code[0] == name]
        within |= dict(zip(codes, shares_out(random, len(codes), exact=exact), strict=True))
    alpha = 1.0 if exact else float(random.choice([0.4, 1.0, 1.857, 4.0]))
    gates = {code for code in CODES if random.random() < 0.15}
    worst = {name for name in GROUPS if random.random() < 0.3}
    return Weighed(shares_out(random, 6, exact=exact), within, gates, worst, alpha)


def some_plot(random: np.random.Generator, *, exact: bool) -> dict[str, tuple[float, float]]:
    """Memberships of what is known: all but a few perfect, or of any kind, or all good; from nothing known to all."""
    few, good = random.random() < 0.4, random.random() < 0.2
    other = set(random.choice(CODES, size=random.integers(1, 4), replace=False)) if few else set(CODES)
    unknown = random.choice([0.0, 0.1, 0.3, 0.6, 1.0])
    known = {}
    for code in CODES:
        low = high = 1.0
        if code in other:
            if random.random() < unknown:
                continue
            low = (
                float(random.choice(ROUND[-3:] if good else ROUND))
                if exact or random.random() < 0.5
                else float(random.random())
            )
            high = float(random.choice([value for value in ROUND if value >= low])) if random.random() < 0.2 else low
        if (low, high) != (0.0, 1.0):
            known[code] = (low, max(low, high))
    return known


class Judge:
    """One plot under one scheme."""

    def __init__(self, scheme: Weighed, known: dict[str, tuple[float, float]], loose: set[str]) -> None:
        self.scheme, self.loose = scheme, loose
        self.known = {code: ends for code, ends in known.items() if code in scheme.codes}
        self.low = {code: self.known.get(code, (0.0, 1.0))[0] for code in scheme.codes}
        self.high = {code: self.known.get(code, (0.0, 1.0))[1] for code in scheme.codes}

    def group(self, name: str, values: dict[str, float]) -> float:
        """The worst member where that counts; else their mean, no better than any gate."""
        members = {code: value for code, value in values.items() if code[0] == name}
        if name in self.scheme.worst_counts:
            return min(members.values())
        weight = sum(self.scheme.within[code] for code in members)
        mean = sum(self.scheme.within[code] * value for code, value in members.items()) / weight
        return min([mean, *(value for code, value in members.items() if code in self.scheme.gates)])

    def groups(self, values: dict[str, float]) -> dict[str, float]:
        return {name: self.group(name, values) for name in GROUPS if any(code[0] == name for code in values)}

    def score(self, values: dict[str, float]) -> float:
        groups = self.groups(values)
        weight = {name: self.scheme.groups[GROUPS.index(name)] for name in groups}
        whole = sum(weight.values())
        total = reached = 0.0
        for name in sorted(groups, key=lambda name: -groups[name]):
            before, reached = reached, min(1.0, reached + weight[name] / whole)
            total += groups[name] * (reached**self.scheme.alpha - before**self.scheme.alpha)
        return total

    def caps(self, alone: dict[str, float], together: dict[str, float]) -> list[tuple[int, int]]:
        """Class at best, and the criterion behind it: each alone, and the mean of water beside a head from a grid."""
        found = []
        for code, value in alone.items():
            if code[0] != "A" and code != "W4":
                better = 1 + (code in ("W3", "E2", "E3")) + (code in self.loose)
                found.append((max(class_of(value) - better, 1 if value < 0.5 else 0), CODES.index(code)))
        water = {code: value for code, value in together.items() if code[0] == "W" and code not in self.loose}
        if water:
            weight = {code: self.scheme.within[code] for code in water}
            mean = sum(weight[code] * value for code, value in water.items()) / sum(weight.values())
            lack = {code: weight[code] * (1 - value) for code, value in water.items()}
            best = max(class_of(mean) - 1, 1 if mean < 0.5 else 0)
            found.append((best, CODES.index(next(code for code in lack if lack[code] == max(lack.values())))))
        return found

    def gains(self) -> dict[int, float]:
        """What the score gains by each criterion at 1; where the worst counts all poor ones rise, the worst named."""
        found = {}
        for code in self.scheme.codes:
            raised = dict(self.low)
            raised[code] = 1.0
            if code[0] in self.scheme.worst_counts:
                members = [other for other in self.scheme.codes if other[0] == code[0]]
                least = min(self.low[other] for other in members)
                if code != next(other for other in members if self.low[other] == least):
                    continue
                poor = [other for other in members if self.low[other] < 0.75]
                raised |= dict.fromkeys(poor or [other for other in members if self.low[other] == least], 1.0)
            found[CODES.index(code)] = self.score(raised) - self.score(self.low)
        return found

    def letters(self) -> list[tuple[float, str]]:
        known = {code: low for code, (low, _) in self.known.items()}
        found = []
        for name, value in self.groups(known).items():
            worst = min((code for code in known if code[0] == name), key=lambda code: known[code])
            if value < 0.75:
                found.append((value, LETTER.get(worst, LETTER.get(name, ""))))
        return sorted(found, key=lambda pair: pair[0])  # of equals the first group


def judged(scheme: Weighed, plots: list[dict[str, tuple[float, float]]], loose: list[set[str]]) -> Aggregate:
    ends = np.full((2, len(CODES), len(plots)), np.nan)
    bits = np.zeros(len(plots), dtype=np.int32)
    for i, plot in enumerate(plots):
        for code, pair in plot.items():
            ends[:, CODES.index(code), i] = pair
        bits[i] = sum(1 << CODES.index(code) for code in loose[i])
    return aggregate(ends[0], scheme.for_kernel(), highest=ends[1], loose=bits)


def spell(code: int) -> list[str]:
    """Letters of a subclass code: base 16, worst first, counted from 1."""
    return [LETTERS[(code >> shift & 15) - 1] for shift in (0, 4, 8, 12) if code >> shift & 15]


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("seed", range(12))
def test_schemes_of_every_kind_agree_with_a_judge_by_the_words(seed: int, *, exact: bool) -> None:
    random = np.random.default_rng([seed, exact])
    scheme = some_scheme(random, exact=exact)
    plots = [some_plot(random, exact=exact) for _ in range(60)]
    loose: list[set[str]] = [
        {code for code in ("W2", "T1") if code in plot and random.random() < 0.5} for plot in plots
    ]
    found = judged(scheme, plots, loose)
    for i, plot in enumerate(plots):
        judge = Judge(scheme, plot, loose[i])
        assert found.low[i] == pytest.approx(judge.score(judge.low), abs=1e-12)
        assert found.high[i] == pytest.approx(judge.score(judge.high), abs=1e-12)
        certain = {code: high for code, (_, high) in judge.known.items()}
        known = {code: low for code, (low, _) in judge.known.items()}
        assert found.known[i] == pytest.approx(judge.score(known) if known else np.nan, abs=1e-12, nan_ok=True)
        for name, low in judge.groups(judge.low).items():
            assert found.group_low[GROUPS.index(name), i] == pytest.approx(low, abs=1e-12)
            assert found.group_high[GROUPS.index(name), i] == pytest.approx(judge.group(name, judge.high), abs=1e-12)
        weight = sum(scheme.weight(code) for code in known)
        assert found.known_weight[i] == pytest.approx(weight, abs=1e-12)
        some = all(any(code[0] == name for code in known) for name in "WH")
        assert found.enough[i] == (weight >= 0.5 - 1e-12 and some and ("T1" in known or "T1" not in scheme.codes))
        assert found.firm_water[i] == any(code[0] == "W" and code not in loose[i] for code in known)
        decisive = [code for code in scheme.codes if code[0] in "WH" or code == "E1"]
        unknown = [CODES.index(code) for code in decisive if code not in known]
        assert found.unknown_by[i] == (unknown[0] if unknown else NOTHING)
        held = judge.caps(certain, certain)
        best = max([cap for cap, _ in held], default=0)
        assert found.held[i] == best
        if best:
            assert found.held_by[i] == min(behind for cap, behind in held if cap == best)
        worst = max([cap for cap, _ in judge.caps(judge.low, judge.low)], default=0)
        assert found.held_low[i] == max(worst, 1 if unknown else 0)
        assert found.held_high[i] == max([cap for cap, _ in judge.caps(certain, judge.high)], default=0)
        gains = judge.gains()
        most = max(gains.values())
        if most < 1e-12:
            assert found.limiting[i] == NOTHING
        elif exact:  # of equal gains the first
            assert found.limiting[i] == next(k for k, gain in gains.items() if gain == most)
        else:  # rounding may put either first
            assert gains[int(found.limiting[i])] == pytest.approx(most, abs=1e-9)
        letters = judge.letters()
        if exact or len({round(value, 9) for value, _ in letters}) == len(letters):
            assert spell(int(found.letters[i])) == [letter for _, letter in letters[:3]]


EVEN = [1 / 8, 1 / 4, 1 / 8, 1 / 4, 1 / 8, 1 / 8]


def water_only(**within: float) -> Weighed:
    """A scheme with these weights within water, and one criterion of each other group."""
    alone = {**dict.fromkeys(CODES, 0.0), "H1": 1.0, "T1": 1.0, "E1": 1.0, "C1": 1.0, "A1": 1.0}
    return Weighed(EVEN, alone | within, gates=set(), worst_counts=set(), alpha=1.0)


def one(scheme: Weighed, loose: set[str] | None = None, **known: float) -> Aggregate:
    ends = {**dict.fromkeys(scheme.codes, 1.0), **known}
    plot = {code: (value, value) for code, value in ends.items() if value == value}
    return judged(scheme, [plot], [loose or set()])


def test_the_mean_of_water_holds_the_class_to_the_last_hundredth() -> None:
    found = one(water_only(W3=1.0), W3=0.249)  # N1: alone no better than S2, as all the water there is than S3
    assert (found.held[0], found.held_low[0], found.held_high[0]) == (2, 2, 2)
    assert CODES[found.held_by[0]] == "W3"


def test_what_lacks_most_water_by_weight_is_behind_the_mean_and_of_equals_the_first() -> None:
    # W1 lacks .6 x .46 = .276, turns .4 x .70 = .280, mean .444; alone turns hold at S2 as well.
    assert CODES[one(water_only(W1=0.6, W3=0.4), W1=0.54, W3=0.3).held_by[0]] == "W3"
    assert CODES[one(water_only(W1=0.6, W3=0.4), W1=0.53, W3=0.3).held_by[0]] == "W1"
    equal = one(water_only(W3=0.5, W4=0.5), W3=0.1875, W4=0.1875)
    assert (int(equal.held[0]), CODES[equal.held_by[0]]) == (2, "W3")


def test_a_small_weight_is_a_weight() -> None:
    few = one(water_only(W1=0.995, W3=0.005), W1=np.nan, W3=0.2)
    assert (bool(few.firm_water[0]), bool(few.enough[0]), int(few.held[0])) == (True, True, 2)
    grid = one(water_only(W2=0.995, W3=0.005), {"W2"}, W3=0.2)
    assert (int(grid.held[0]), int(grid.held_low[0]), int(grid.held_high[0])) == (2, 2, 2)
    scheme = water_only(W1=1.0, H1=0.995, H2=0.005)
    assert one(scheme, H1=np.nan).enough[0]


def test_a_head_from_a_grid_that_is_all_the_water_holds_by_itself_alone() -> None:
    found = one(water_only(W2=1.0), {"W2"}, W2=0.2)  # N1 at best two better
    assert (int(found.held[0]), int(found.held_low[0]), int(found.held_high[0])) == (1, 1, 1)
    assert not found.firm_water[0]


def test_a_gain_within_rounding_limits_nothing() -> None:
    assert one(water_only(W1=1.0), W1=1.0 - 1e-14).limiting[0] == NOTHING
    assert CODES[one(water_only(W1=1.0), W1=1.0 - 1e-9).limiting[0]] == "W1"
