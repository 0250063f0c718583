"""The kernels against an obvious judge written from the text, on random plots of every kind; it shares no code."""

from __future__ import annotations

import numpy as np
import pytest

from geo.contract.classes import CLASSES, OUTLOOKS
from geo.criteria import LAND_CRITERIA
from geo.measures.exclusion import nothing_excluded
from geo.panel.scheme import load_scheme
from geo.suitability.assess import Suitability, classify_plots
from geo.suitability.kept_columns import EVIDENCE_LETTERS
from geo.suitability.questions import ask_first
from geo.suitability.rating import Rated
from geo.suitability.shown import shown_score
from tests.worlds import slow_reference
from tests.worlds.slow_reference import CODES, Plot

SCHEME = load_scheme()
ROUND = [0.0, 0.1, 0.125, 0.25, 0.3, 0.5, 0.6, 0.75, 0.85, 1.0]


def one_plot(random: np.random.Generator) -> Plot:
    """A plot of any kind: fully or hardly known, with intervals, by grid or by survey, held by a hard limit or not."""
    unknown, good = random.choice([0.0, 0.05, 0.2, 0.5, 0.8]), random.random() < 0.5
    known, evidence = {}, {}
    for code in CODES:
        if random.random() < unknown:
            continue
        low = random.choice(ROUND) if random.random() < 0.5 else random.random()
        low = float(random.choice(slow_reference.LEVELS[code]) if code in slow_reference.LEVELS else low)
        low = max(low, 0.6) if good else low
        high = random.uniform(low, 0.99) if random.random() < 0.15 and low < 0.99 else low
        known[code] = (low, float(high))
        evidence[code] = str(random.choice(list("ABCD")))
    cap = int(random.choice([0, 0, 0, 2, 3]))
    behind = str(random.choice(["H1", "H2", "H3", "E1"])) if cap else None
    if behind is not None and behind not in known:
        known[behind] = (0.3, 0.3)
    return Plot(known, bool(random.random() < 0.5), bool(random.random() < 0.5), evidence, cap, behind)


def some_plots(seed: int, count: int) -> list[Plot]:
    random = np.random.default_rng(seed)
    return [one_plot(random) for _ in range(count)]


def judged(plots: list[Plot]) -> Suitability:
    """Rate the plots as the land evaluation does, from their memberships on."""
    n = len(plots)
    low, high = np.full((len(CODES), n), np.nan), np.full((len(CODES), n), np.nan)
    evidence = np.full((len(CODES), n), -1, dtype=np.int8)
    loose = np.zeros(n, dtype=np.int32)
    for i, plot in enumerate(plots):
        for code, (at_low, at_high) in plot.known.items():
            k = CODES.index(code)
            low[k, i], high[k, i] = at_low, at_high
            evidence[k, i] = EVIDENCE_LETTERS.index((plot.evidence or {}).get(code, "D"))
        head = plot.head_from_dem and "W2" in plot.known
        loose[i] = head << CODES.index("W2") | (not plot.furrows) << CODES.index("T1")
    rated = Rated(
        memberships=low,
        highest=high,
        evidence=evidence,
        loose=loose,
        tables=np.zeros((len(CODES), n), dtype=np.int8),
        excluded_by=np.full(n, -1, dtype=np.int8),
        cap=np.array([plot.no_better_than for plot in plots], dtype=np.int8),
        cap_by=np.array([CODES.index(plot.behind) if plot.behind else -1 for plot in plots], dtype=np.int8),
        limits={},
    )
    return classify_plots(rated, nothing_excluded(n), SCHEME, {})


def named(number: int) -> str | None:
    return CODES[number] if number >= 0 else None


def test_the_reference_has_the_published_weights() -> None:
    published = {"W": 0.3328, "H": 0.2256, "E": 0.1514, "T": 0.1204, "A": 0.1018, "C": 0.0679}
    assert pytest.approx(published, abs=1e-4) == slow_reference.WEIGHTS
    assert [criterion.code for criterion in LAND_CRITERIA] == CODES


@pytest.mark.parametrize("seed", range(4))
def test_random_plots_agree_with_the_judge_written_from_the_text(seed: int) -> None:
    plots = some_plots(seed, 150)
    found = judged(plots)
    asked = ask_first(found, SCHEME)
    frame = found.to_frame()
    for i, plot in enumerate(plots):
        expected = slow_reference.judge(plot)
        assert bool(found.combined.enough[i]) == expected["judged"]
        np.testing.assert_allclose(found.combined.low[i], expected["score"], atol=1e-9)
        np.testing.assert_allclose(found.combined.high[i], expected["high"], atol=1e-9)
        assert CLASSES[found.classes[i]] == CLASSES[expected["class"]]
        assert CLASSES[found.class_low[i]] == CLASSES[expected["class_low"]]
        assert CLASSES[found.class_high[i]] == CLASSES[expected["class_high"]]
        assert found.settled[i] == expected["settled"]
        assert frame["known_weight_pct"][i] == expected["known_weight_pct"]
        assert frame["confidence"][i] == expected["confidence"]
        known = expected["score_known"]
        if known is None:
            assert np.isnan(found.score_known[i])
        else:
            np.testing.assert_allclose(found.score_known[i], 100 * known, atol=1e-7)
        assert (OUTLOOKS[found.outlook[i]] if found.outlook[i] >= 0 else None) == expected["outlook"]
        assert named(asked[i]) == expected["ask_first"]
        letters = [letter for _, letter in expected["letters"][:3]] if expected["judged"] else []
        if len({round(value, 9) for value, _ in expected["letters"]}) == len(expected["letters"]):  # no ties
            assert found.subclass()[i] == CLASSES[found.classes[i]] + "".join(letters)
        limits = named(found.limiting[i])
        if expected["judged"] and not expected["capped"] and limits != expected["limiting"]:
            gains = expected["gains"]  # of equal gains rounding may put either first
            assert gains[limits] == pytest.approx(gains[expected["limiting"]], abs=1e-9)
        else:
            assert limits == expected["limiting"]


def test_what_is_found_later_lies_in_the_range_and_never_costs_a_score() -> None:
    random = np.random.default_rng(5)
    plots = some_plots(6, 400)
    later = []
    for plot in plots:
        ends = {code: plot.known.get(code, (0.0, 1.0)) for code in CODES}
        values = {code: float(random.uniform(low, high)) for code, (low, high) in ends.items()}
        head = plot.head_from_dem and "W2" in plot.known
        exact = {code: (value, value) for code, value in values.items()}
        later.append(Plot(exact, head, plot.furrows, None, plot.no_better_than, plot.behind))
    before, after = judged(plots), judged(later)
    assert (after.combined.low >= before.combined.low - 1e-12).all()
    assert (after.combined.high <= before.combined.high + 1e-12).all()
    assert (before.class_high <= after.classes).all()
    assert (after.classes <= before.class_low).all()
    enough = before.combined.enough
    assert (before.class_high[enough] <= before.classes[enough]).all()
    assert (before.classes[enough] <= before.class_low[enough]).all()


def test_two_equal_hazards_are_lifted_together_and_named() -> None:
    everything = dict.fromkeys(CODES, (1.0, 1.0))
    found = judged([Plot({**everything, "H1": (0.3, 0.3), "H3": (0.3, 0.3), "A2": (0.2, 0.2)})])
    assert named(found.limiting[0]) == "H1"
    assert shown_score(found.score)[0] == pytest.approx(72.4, abs=1.5)


def test_mines_are_asked_about_first() -> None:
    plots = [Plot({"T1": (1.0, 1.0)}), Plot(dict.fromkeys(CODES, (1.0, 1.0)))]
    found = judged(plots)
    assert ask_first(found, SCHEME, mines=np.ones(2, dtype=bool)).tolist() == [len(LAND_CRITERIA), -1]
