"""Errors of values on their own scale, against draws written again by hand: knots typed, numbers by a typed hash."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import norm

from geo.contract.classes import CLASSES
from geo.criteria import LAND_CRITERIA
from geo.panel.scheme import load_scheme
from geo.suitability.combination import weighting
from geo.suitability.robustness import SILENT, Noise, Robustness, robustness
from geo.suitability.value_errors import HEAD, LEVEL, LINE, scales_of, values_to_draw
from tests.worlds import slow_reference as slow

SCHEME = load_scheme()
VALUES_ONLY = Noise(weights=0.0, orness=None)
CODES = [criterion.code for criterion in LAND_CRITERIA]
HALF_WIDTH = (0.04, 0.10, 0.20, 0.30)  # domain reference 3.6 step 9, of A, B, C, D
LEVEL_CHANCE = (0.02, 0.05, 0.10, 0.15)
LEVELS = [1.0, 0.75, 0.5, 0.25, 0.0]
KNOTS: dict[tuple[str, int], list[float]] = {  # section 4, first table and others that count
    ("W1", 0): [1.0, 0.9, 0.75, 0.5, 0.3],
    ("W2", 0): [1.0, 0.5, 0.2, 0.0, -0.5],
    ("W3", 0): [0.9, 0.8, 0.65, 0.5, 0.3],
    ("H4", 0): [0.0, 100.0, 300.0, 800.0, 1500.0],
    ("T1", 0): [2.0, 5.0, 8.0, 16.0, 25.0],
    ("T1", 1): [8.0, 16.0, 25.0, 35.0, 50.0],
    ("T1", 2): [8.0, 15.0, 25.0, 40.0, 55.0],
    ("E1", 0): [2.0, 4.0, 8.0, 12.0, 16.0],
    ("E2", 0): [100.0, 75.0, 50.0, 30.0, 15.0],
    ("E3", 0): [1.0, 0.75, 0.5, 0.25, 0.0],
    ("C1", 0): [1.10, 1.00, 0.90, 0.80, 0.70],
    ("C2", 0): [30.0, 15.0, 0.0, -10.0, -20.0],
    ("A1", 0): [10.0, 20.0, 35.0, 60.0, 90.0],
    ("A2", 0): [30.0, 60.0, 120.0, 180.0, 300.0],
    ("A3", 0): [20.0, 40.0, 60.0, 120.0, 180.0],
}
SIGMA_M = 2.5  # section 4, W2


def rated(code: str, table: int, value: float) -> float:
    """Membership of a value by the typed knots, or of a level."""
    if code in slow.LEVELS:
        return slow.LEVELS[code][int(value)]
    x, y = np.array(KNOTS[code, table]), np.array(LEVELS)
    return float(np.interp(value, x[::-1], y[::-1]) if x[0] > x[-1] else np.interp(value, x, y))


def chance_of(seed: int, draw: int, plot: int, k: int) -> float:
    """SplitMix64 of Steele, Lea and Flood 2014 over three numbers, in whole numbers of Python."""
    mask = 2**64 - 1
    z = ((seed * 1_000_003 + draw) * 0x9E3779B97F4A7C15 + plot * 0xD1B54A32D192ED03 + k) & mask
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
    return ((z ^ (z >> 31)) >> 11) / 2**53


def drawn(code: str, table: int, value: float, letter: int, chance: float, *, from_dem: bool) -> float:
    """Membership of a value that is off, domain reference 3.6 step 9."""
    if code in slow.LEVELS:
        step = -1 if chance < LEVEL_CHANCE[letter] else 1 if chance < 2 * LEVEL_CHANCE[letter] else 0
        return slow.LEVELS[code][min(max(int(value) + step, 0), 4)]
    knots = KNOTS[code, table]
    if code == "W2" and from_dem:
        return rated(code, table, value + SIGMA_M * float(norm.ppf((int(4096 * chance) + 0.5) / 4096)))
    return rated(code, table, value + HALF_WIDTH[letter] * abs(knots[1] - knots[3]) * (2 * chance - 1))


class Land:
    """Plots of random values; every value known, a slope by any of its three tables, heads surveyed or from a DEM."""

    def __init__(self, n: int, seed: int, **fixed: float) -> None:
        random = np.random.default_rng(seed)
        shape = (len(CODES), n)
        self.value, self.table = np.full(shape, np.nan), np.zeros(shape, dtype=np.int8)
        self.membership = np.full(shape, np.nan)
        self.letter = random.integers(0, 4, shape).astype(np.int8)
        self.from_dem = random.random(n) < 0.5
        self.loose = np.zeros(n, dtype=np.int32)
        for k, code in enumerate(CODES):
            if code == "W4":
                continue
            self.table[k] = random.integers(0, 3, n) if code == "T1" else 0
            for i in range(n):
                table = int(self.table[k, i])
                if code in slow.LEVELS:
                    value = float(random.integers(0, 4))
                else:
                    best, half = KNOTS[code, table][0], KNOTS[code, table][2]
                    value = half + float(random.random()) * 1.3 * (best - half)
                self.value[k, i] = fixed.get(code, value)
                grid = code == "W2" and self.from_dem[i]
                self.membership[k, i] = norm.cdf(value / SIGMA_M) if grid else rated(code, table, self.value[k, i])
                if grid or (code == "T1" and table):
                    self.loose[i] |= 1 << k

    def draw(self, **options: Any) -> Robustness:
        n = self.value.shape[1]
        found = values_to_draw(self.value, self.table, self.membership, self.loose, SCHEME)
        return robustness(
            self.membership,
            np.where(np.isnan(self.membership), -1, self.letter).astype(np.int8),
            np.zeros(n, dtype=np.int8),
            np.full(n, -1, dtype=np.int8),
            np.arange(n),
            weighting(SCHEME),
            SCHEME.orness,
            loose=self.loose,
            values=found,
            **options,
        )

    def slow_class(self, i: int, memberships: Mapping[str, float]) -> int:
        plot = slow.Plot(
            {code: (value, value) for code, value in memberships.items()},
            head_from_dem=bool(self.from_dem[i]),
            furrows=self.table[CODES.index("T1"), i] == 0,
        )
        return int(slow.judge(plot)["class"])


@pytest.mark.parametrize("seed", [1, 7])
def test_draws_of_values_are_those_made_by_hand(seed: int) -> None:
    land, draws = Land(60, seed), 12
    found = land.draw(draws=draws, seed=seed, noise=VALUES_ONLY)
    expected = np.zeros((60, len(CLASSES)))
    for i in range(60):
        for draw in range(draws):
            memberships = {
                code: drawn(
                    code,
                    int(land.table[k, i]),
                    land.value[k, i],
                    int(land.letter[k, i]),
                    chance_of(seed, draw, i, k),
                    from_dem=bool(land.from_dem[i]),
                )
                for k, code in enumerate(CODES)
                if code != "W4"
            }
            expected[i, land.slow_class(i, memberships)] += 1 / draws
    assert found.shares == pytest.approx(expected)
    assert len(np.unique(found.modal)) > 1


def test_without_errors_a_plot_keeps_its_class() -> None:
    land = Land(50, 3)
    found = land.draw(draws=2, noise=SILENT)
    assert set(np.unique(found.shares)) == {0.0, 1.0}
    for i in range(50):
        memberships = {code: land.membership[k, i] for k, code in enumerate(CODES) if code != "W4"}
        assert found.modal[i] == land.slow_class(i, memberships)


PERFECT: dict[str, float] = {
    **{"W1": 1.4, "W2": 9.0, "W3": 1.2, "H1": 0.0, "H2": 0.0, "H3": 0.0, "H4": 0.0, "T1": 0.5, "E1": 0.2, "E2": 200.0},
    **{"E3": 1.0, "C1": 1.4, "C2": 90.0, "A1": 2.0, "A2": 5.0, "A3": 5.0},
}


def one_plot(letters: str, **values: float) -> Land:
    """One plot that is perfect but for the values given; ``letters``: evidence of all of it."""
    land = Land(1, 0)
    land.table[:], land.loose[:], land.from_dem[:] = 0, 0, False
    for k, code in enumerate(CODES):
        if code != "W4":
            land.value[k] = {**PERFECT, **values}[code]
            land.membership[k] = rated(code, 0, land.value[k, 0])
    land.letter[:] = "ABCD".index(letters)
    return land


def share(found: Robustness, *classes: str) -> float:
    return float(sum(found.shares[0, CLASSES.index(name)] for name in classes))


def test_an_error_far_beyond_the_best_knot_takes_nothing_away() -> None:
    """A ratio of 1.4 by the worst evidence is off by .12 at most; a membership clipped at 1 could only fall."""
    found = one_plot("D").draw(draws=400, noise=Noise(weights=0.0, orness=None, levels=(0.0,) * 4))
    assert share(found, "S1") == 1.0


def test_errors_go_both_ways() -> None:
    """At the knot of .50 half of the draws are below it, where no plot is S1; by A nearly so, by D no less."""
    for letter in "AD":
        found = one_plot(letter, W1=0.75).draw(draws=2000, noise=Noise(0.0, None, levels=(0.0,) * 4))
        assert share(found, "S1") == pytest.approx(0.5, abs=0.04), letter


def test_how_far_an_error_goes_follows_its_evidence() -> None:
    """SDR .78: the distance of .9 to .5 is .4, so that A errs by .016 and never falls under .75, and B to D do.

    Even errors of half-width h fall below it in (h - .03) / 2 h of the draws: B .04 1/8, C .08 5/16, D .12 3/8.
    """
    for letter, below in (("A", 0.0), ("B", 0.125), ("C", 0.3125), ("D", 0.375)):
        found = one_plot(letter, W1=0.78).draw(draws=4000, noise=Noise(0.0, None, levels=(0.0,) * 4))
        assert 1.0 - share(found, "S1") == pytest.approx(below, abs=0.03 if below else 1e-9), letter


def test_a_level_is_one_higher_or_one_lower_by_its_chance() -> None:
    """A slide level of low stays so in 70 of 100 draws by D, is medium in 15 and residual in 15."""
    for letter, chance in zip("ABCD", LEVEL_CHANCE, strict=True):
        land = one_plot(letter, H3=2.0)
        found = land.draw(draws=4000, noise=Noise(0.0, None, values=(0.0,) * 4))
        expected = np.zeros(len(CLASSES))
        for level, part in ((0.85, chance), (0.6, 1.0 - 2.0 * chance), (0.3, chance)):
            members = {code: 1.0 for code in CODES if code != "W4"} | {"H3": level}
            expected[land.slow_class(0, members)] += part
        assert found.shares[0] == pytest.approx(expected, abs=0.02), letter
        assert expected[0] < 1.0


def test_a_head_from_a_grid_errs_by_its_standard_error() -> None:
    """2.5 m, one standard error, over the ground: below .2 m, where no plot is S1, in Phi(-.92) of the draws."""
    land = one_plot("A", W2=2.5)
    k = CODES.index("W2")
    land.loose[:] = 1 << k
    land.membership[k] = norm.cdf(1.0)
    noise = Noise(0.0, None, values=(0.0,) * 4, levels=(0.0,) * 4)
    found = land.draw(draws=4000, noise=noise)
    assert 1.0 - share(found, "S1") == pytest.approx(float(norm.cdf(-0.92)), abs=0.03)
    assert share(land.draw(draws=10, noise=SILENT), "S1") in (0.0, 1.0)


def test_a_value_that_is_not_what_was_rated_is_left_out() -> None:
    """Water of a destroyed canal is 0 whatever was measured: its membership is drawn, as without a value on record."""
    land = one_plot("D", W1=1.4)
    k = CODES.index("W1")
    land.membership[k] = 0.0
    found = values_to_draw(land.value, land.table, land.membership, land.loose, SCHEME)
    assert np.isnan(found.value[k, 0])
    assert not np.isnan(np.delete(found.value[:, 0], [k, CODES.index("W4")])).any()
    assert np.isnan(values_to_draw(land.value, land.table - 1, land.membership, land.loose, SCHEME).value).all()


def test_a_value_is_what_was_rated_to_the_digits_that_are_kept() -> None:
    """Values are kept in 4 bytes: a membership is theirs to a ten-thousandth."""
    land = one_plot("A", W1=0.8, A1=30.0)
    water, way = CODES.index("W1"), CODES.index("A1")
    for off, kept in ((5e-5, True), (-5e-5, True), (2e-4, False), (-0.005, False)):
        memberships = land.membership.copy()
        memberships[water] += off
        found = values_to_draw(land.value, land.table, memberships, land.loose, SCHEME).value
        assert np.isnan(found[water, 0]) != kept
        assert found[way, 0] == 30.0
    land.value[way] = np.nan
    assert np.isnan(values_to_draw(land.value, land.table, land.membership, land.loose, SCHEME).value[way, 0])


def test_scales_are_those_of_the_typed_knots_and_levels() -> None:
    """Each criterion by its own kind of scale: levels, lines between knots, a head with the error of its grid."""
    scales = scales_of(SCHEME)
    told = {**dict.fromkeys(("W4", "H1", "H2", "H3"), LEVEL), "W2": HEAD}
    for k, code in enumerate(CODES):
        assert scales.kind[k, 0] == told.get(code, LINE), code
        assert scales.sigma[k, 0] == (2.5 if code == "W2" else 0.0), code
        if code in slow.LEVELS:
            assert scales.x[k, 0, :5].tolist() == [0, 1, 2, 3, 4]
            assert scales.y[k, 0, :5].tolist() == slow.LEVELS[code]
            assert scales.distance[k, 0] == 1.0  # a level
    for (code, table), knots in {**KNOTS, ("W4", 0): [1.0, 2.0, 3.0, 4.0, 5.0]}.items():
        k = CODES.index(code)
        points = int(scales.points[k, table])
        assert points == 5
        rising = sorted(zip(knots, LEVELS, strict=True))
        x, y = np.array([x for x, _ in rising]), np.array([y for _, y in rising])
        np.testing.assert_array_equal(scales.x[k, table, :5], x)
        np.testing.assert_array_equal(scales.y[k, table, :5], y)
        np.testing.assert_allclose(scales.slope[k, table, :4], np.diff(y) / np.diff(x))
        assert (scales.x[k, table, 5:] == np.inf).all()
        assert scales.distance[k, table] == pytest.approx(abs(knots[3] - knots[1]))
        assert scales.kind[k, table] == told.get(code, LINE)


def test_scales_bend_where_the_lower_of_two_tables_does() -> None:
    """Potato: 95, 80, 60, 40, 20 % of the yield by Maas-Hoffman, at 1.7 + (100 - Yr) / 12, and the generic 2 to 16."""
    scales = scales_of(SCHEME)
    k = CODES.index("E1")
    potato = LAND_CRITERIA[k].tables.index("potato")
    by_yield = [1.7 + (100 - left) / 12 for left in (95, 80, 60, 40, 20)]
    points = int(scales.points[k, potato])
    x, y = scales.x[k, potato, :points], scales.y[k, potato, :points]
    at = np.linspace(0, 18, 4001)
    lower: NDArray[np.float64] = np.minimum(np.interp(at, by_yield, LEVELS), np.interp(at, [2, 4, 8, 12, 16], LEVELS))
    assert np.interp(at, x, y) == pytest.approx(lower, abs=2e-3)
    assert scales.distance[k, potato] == pytest.approx(by_yield[3] - by_yield[1], abs=0.1)
