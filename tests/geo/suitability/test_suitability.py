"""Suitability: the valley computed by hand, every rule by itself, and a slow obvious reference on random plots."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from geo.contract.classes import CLASSES
from geo.contract.criterion import Measured, not_assessed
from geo.contract.memberships import ByClass, Knots, Probability
from geo.contract.shut_land import REASONS
from geo.criteria import BY_ID, LAND_CRITERIA
from geo.measures.exclusion import nothing_excluded
from geo.panel.scheme import LAND_GROUPS, Scheme, load_scheme, parse_scheme
from geo.suitability.assess import Suitability, assess, classify, evaluate
from geo.suitability.combination import aggregate, owa, quantified, weighting
from geo.suitability.shown import shown_score, stored_score
from tests.worlds import valley

Floats = NDArray[np.float64]
DEFAULT = load_scheme()
IDS = [criterion.id for criterion in LAND_CRITERIA]
UNKNOWN = np.nan

# By hand with the weights of domain reference 4.2 (W .3328 H .2256 E .1514 T .1204 A .1018 C .0679) and r ** 1.857:
#   one group at x, the others at 1: score = q + x (1 - q), q = (1 - weight of the group) ** 1.857
#   steep      T .50          q .8796 ** 1.857 = .7880 -> 89.4
#   mudflow    H .30          q .7744 ** 1.857 = .6220 -> 73.5; medium every 30 years: no better than S3
#   unsampled  E 0-1, E1 1/2  q .8486 ** 1.857 = .7372 -> 86.8 with E at .50; unknown salinity: no better than S2, and
#              N1 were it the worst there is
#   outside    W 0-1, W1 + W3 = .60 unknown, q .6672 ** 1.857 = .4717 -> 68.2 with W at .40
#   mediocre   E .50 (E1 .25, E2 .50, E3 1), T .25: .7281 ** 1.857 = .5547, .8795 ** 1.857 = .7879,
#              .5547 + .50 (.7879 - .5547) + .25 (1 - .7879) = 72.4; salinity at .25 is S3: no better than S2
#   cut_off    the only canal is destroyed, so W1 = 0 until it is repaired; then everything is perfect
#   unmapped   no hazard was looked for on the plot nor on the end of its way: H 0-1, q .7744 ** 1.857 = .6220
#   evidence: of all weight climate .068, access .102 and the way .075 are D (home assumed), the rest C or better: .755
#              shown, low, high, class, low, high, subclass, limiting, confidence, potential
EXPECTED: Mapping[str, tuple[object, ...]] = {
    "clean": (100.0, 100.0, 100.0, "S1", "S1", "S1", "S1", None, "C", "S1"),
    "steep": (89.3, 89.3, 89.3, "S1", "S1", "S1", "S1t", "slope_pct", "C", "S1"),
    "mudflow": (73.5, 73.5, 73.5, "S3", "S3", "S3", "S3h", "flood_level", "C", "S3"),
    "unsampled": (86.8, 86.8, 100.0, "S2", "N1", "S1", "S2", "salinity_ds_m", "D", "S2"),
    "cut_off": (None, None, None, "N2", "N2", "N2", "N2x", "canal_condition", None, "S1"),
    "outside": (68.2, 68.2, 100.0, "S2", "N1", "S1", "S2", "water_adequacy", "D", "S2"),
    "mined": (None, None, None, "N2", "N2", "N2", "N2x", None, None, "N2"),
    "mediocre": (72.4, 72.4, 72.4, "S2", "S2", "S2", "S2tz", "slope_pct", "C", "S2"),
    "unmapped": (62.1, 62.1, 100.0, "S2", "N1", "S1", "S2h", "flood_level", "D", "S2"),
}


def test_the_valley_computed_by_hand() -> None:
    frame = assess(valley.plots(), valley.layers(), valley.judgement(), DEFAULT).to_frame()
    scores = [shown_score(frame[name].to_numpy()) for name in ("score", "score_low", "score_high")]
    texts = ["class", "class_low", "class_high", "subclass", "limiting", "confidence", "potential_class"]
    for row, name in enumerate(valley.NAMES):
        numbers = [None if np.isnan(score[row]) else round(float(score[row]), 1) for score in scores]
        words = [None if value != value else value for value in frame[texts].iloc[row].tolist()]
        assert (*numbers, *words) == EXPECTED[name], name
    assert frame["hazard_free"].tolist() == [name not in ("mudflow", "unmapped") for name in valley.NAMES]
    assert frame["irrigated"].all()


def values_of(memberships: Floats) -> dict[str, Measured]:
    """Return values whose memberships in the first table are those given, float64 (17, n)."""
    result = {}
    for criterion, wanted in zip(LAND_CRITERIA, memberships, strict=True):
        membership = criterion.memberships[0]
        if isinstance(membership, ByClass):
            codes = {level: float(code) for code, level in membership.table.items()}
            value = np.array([codes.get(level, np.nan) for level in wanted.tolist()])
        else:
            knots = membership.surveyed if isinstance(membership, Probability) else membership
            assert isinstance(knots, Knots)
            value = np.interp(wanted, (0.0, 0.25, 0.5, 0.75, 1.0), knots.values[::-1])
        result[criterion.id] = Measured(value)
    return result


def judged(memberships: Floats, scheme: Scheme = DEFAULT) -> Suitability:
    return evaluate(values_of(memberships), nothing_excluded(memberships.shape[1]), scheme)


def perfect(n: int = 1, **changed: float) -> Floats:
    """Return full memberships of n plots, except the criteria named."""
    memberships = np.ones((len(IDS), n))
    for name, value in changed.items():
        memberships[IDS.index(name)] = value
    return memberships


levels = st.one_of(st.sampled_from([0.0, 0.125, 0.25, 0.3, 0.5, 0.75, 1.0, UNKNOWN]), st.floats(0.0, 1.0))
graded = st.sampled_from([1.0, 0.85, 0.6, 0.3, UNKNOWN])
avalanche = st.sampled_from([1.0, 0.95, 0.9, 0.8, 0.6, UNKNOWN])
one_plot = st.tuples(
    *(avalanche if criterion.code == "H2" else graded if criterion.levels else levels for criterion in LAND_CRITERIA)
)
some_plots = st.lists(one_plot, min_size=1, max_size=6).map(lambda plots: np.array(plots, dtype=np.float64).T)


# --- properties --------------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=60)
@given(some_plots, st.randoms(use_true_random=False))
def test_neither_order_nor_company_of_plots_changes_a_result(memberships: Floats, random: object) -> None:
    n = memberships.shape[1]
    order = list(range(n))
    random.shuffle(order)  # type: ignore[attr-defined]
    together = judged(memberships).to_frame().drop(columns="memberships")
    shuffled = judged(memberships[:, order]).to_frame().drop(columns="memberships")
    alone = judged(memberships[:, :1]).to_frame().drop(columns="memberships")
    assert shuffled.to_csv(index=False) == together.iloc[order].to_csv(index=False)
    assert alone.to_csv(index=False) == together.iloc[:1].to_csv(index=False)


@settings(deadline=None, max_examples=100)
@given(one_plot, one_plot)
def test_more_information_never_widens_an_interval_nor_lowers_the_score(
    before: tuple[float, ...], found: tuple[float, ...]
) -> None:
    known = np.array(before)
    learnt = np.where(np.isnan(known), np.array(found), known)
    result = judged(np.stack([known, learnt], axis=1)).combined
    assert result.low[1] >= result.low[0] - 1e-12
    assert result.high[1] <= result.high[0] + 1e-12
    assert result.low[1] <= result.high[1] + 1e-12


@settings(deadline=None, max_examples=100)
@given(one_plot, st.sampled_from([c.id for c in LAND_CRITERIA if c.group in ("water", "hazard") or c.code == "E1"]))
def test_no_data_is_never_s1(drawn: tuple[float, ...], missing: str) -> None:
    memberships = np.array(drawn)[:, np.newaxis]
    memberships[IDS.index(missing)] = UNKNOWN
    result = judged(memberships)
    assert CLASSES[result.classes[0]] != "S1"
    assert result.classes[0] >= classify(result.combined.low)[0]


@settings(deadline=None, max_examples=100)
@given(one_plot, st.sampled_from(IDS), st.floats(0.0, 1.0))
def test_a_better_value_never_gives_a_lower_score(drawn: tuple[float, ...], name: str, better: float) -> None:
    if BY_ID[name].levels:
        return
    memberships = np.repeat(np.array(drawn)[:, np.newaxis], 2, axis=1)
    row = IDS.index(name)
    memberships[row, 1] = np.fmax(memberships[row, 0], better)
    low = judged(memberships).combined.low
    assert low[1] >= low[0] - 1e-12


# --- the rules one by one ----------------------------------------------------------------------------------------


def test_ordered_weighting_of_the_domain_reference() -> None:
    values = np.array([[0.9], [0.6], [0.3]])
    third = np.full(3, 1 / 3)
    assert owa(values, third, 1.0)[0] == pytest.approx(0.600)
    assert owa(values, third, 2.0)[0] == pytest.approx(0.4667, abs=5e-5)
    assert owa(values, np.array([0.5, 0.3, 0.2]), 2.0)[0] == pytest.approx(0.567, abs=5e-4)
    assert owa(values, np.array([0.2, 0.3, 0.5]), 2.0)[0] == pytest.approx(0.387, abs=5e-4)
    assert np.diff(quantified(third, 2.0)[[0, 1, 3, 7]]) == pytest.approx([0.1111, 0.3333, 0.5556], abs=5e-5)
    assert owa(values[::-1], third, 2.0)[0] == pytest.approx(0.4667, abs=5e-5)


@pytest.mark.parametrize(
    ("score", "name"),
    [(75, "S1"), (74.99, "S2"), (50, "S2"), (25, "S3"), (24.99, "N1"), (12.5, "N1"), (12.49, "N2"), (0, "N2")],
)
def test_class_limits_belong_to_the_better_class(score: float, name: str) -> None:
    assert CLASSES[classify(np.array([score / 100]))[0]] == name


def test_scores_are_rounded_down_and_never_into_a_better_class() -> None:
    assert shown_score(np.array([74.9501])).tolist() == [74.9]
    score = np.array([74.999999, 75.0, 80.1, 12.49999, 100.0, 0.0, np.nan])
    kept = stored_score(score)
    np.testing.assert_array_equal(shown_score(kept), [74.9, 75.0, 80.1, 12.4, 100.0, 0.0, np.nan])
    np.testing.assert_array_equal(shown_score(score), shown_score(kept))
    for limit in (75.0, 50.0, 25.0, 12.5):
        below = np.nextafter(limit, 0.0, dtype=np.float64) - 1e-7
        assert shown_score(stored_score(np.array([below])))[0] < limit
        assert classify(np.array([below / 100]))[0] > classify(np.array([limit / 100]))[0]


def test_the_worst_hazard_counts_and_the_gate_of_gravity_holds_back_a_full_canal() -> None:
    result = judged(perfect(avalanche_level=0.6, flood_level=0.3)).combined
    assert result.group_low[LAND_GROUPS.index("hazard"), 0] == pytest.approx(0.3)
    water = LAND_GROUPS.index("water")
    assert judged(perfect(gravity_head_m=0.2)).combined.group_low[water, 0] == pytest.approx(0.2)
    # The gate only holds back: with everything else poor the mean (.40 + .60 x .1) counts.
    poor = perfect(water_adequacy=0.1, turn_reliability=0.1, canal_condition=0.1)
    assert judged(poor).combined.group_low[water, 0] == pytest.approx(0.40 + 0.60 * 0.1, abs=5e-4)


def test_a_pumped_land_use_has_no_gate() -> None:
    scheme = parse_scheme(DEFAULT.text.replace('gates = ["gravity_head_m"]', "gates = []"), source="pumped.toml")
    group = judged(perfect(gravity_head_m=0.2), scheme).combined.group_low[LAND_GROUPS.index("water"), 0]
    assert group == pytest.approx(1 - 0.8 * 0.40, abs=5e-4)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"flood_level": 0.6}, "S1"),  # worst S2: at most S1
        ({"flood_level": 0.3}, "S2"),  # worst S3: at most S2
        ({"flood_level": 0.0}, "N1"),  # worst N2: at most N1, whatever the score
        ({"salinity_ds_m": 0.2}, "S3"),  # worst N1: at most S3
        ({"gravity_head_m": 0.0}, "N1"),
        ({"water_adequacy": 0.3}, "S2"),  # each member by itself, not only the mean of the group
        ({"heat_ratio": 0.45}, "S2"),
        ({"frost_margin_d": 0.1}, "N1"),
        ({"slope_pct": 0.2}, "S3"),  # surface-irrigated and not terraced
        ({"turn_reliability": 0.45}, "S2"),  # two better, but no S1 with a criterion below .5
        ({"turn_reliability": 0.2}, "S2"),
        ({"turn_reliability": 0.0}, "S3"),
        ({"soil_depth_cm": 0.2}, "S2"),
        ({"soil_water": 0.0}, "S3"),
    ],
)
def test_a_class_is_at_most_so_much_better_than_the_worst(changed: dict[str, float], expected: str) -> None:
    result = judged(perfect(1, **changed))
    assert CLASSES[result.classes[0]] == expected
    assert result.limiting[0] == IDS.index(next(iter(changed)))


def test_a_cap_changes_the_class_and_never_the_score() -> None:
    capped, free = judged(perfect(salinity_ds_m=0.2)), judged(perfect(soil_depth_cm=0.0, soil_water=0.4))
    assert CLASSES[capped.classes[0]] == "S3"
    assert capped.score[0] == pytest.approx(100 * capped.combined.low[0])
    assert CLASSES[free.classes[0]] == "S3"  # as poor a soil group; depth holds it at two better than N2
    assert free.combined.low[0] == pytest.approx(capped.combined.low[0])


def test_medium_hazard_every_thirty_years_is_no_better_than_s3() -> None:
    from geo.measures.hazard import MEDIUM_OFTEN

    for often, expected in ((False, "S2"), (True, "S3")):
        values = values_of(perfect(flood_level=0.3))
        values["flood_level"] = replace(values["flood_level"], notes={MEDIUM_OFTEN: np.array([often])})
        result = evaluate(values, nothing_excluded(1), DEFAULT)
        assert CLASSES[result.classes[0]] == expected
        assert IDS[result.limiting[0]] == "flood_level"
        assert result.score[0] == pytest.approx(73.53, abs=0.05)


def test_not_evaluated_when_less_than_half_of_the_weight_is_known() -> None:
    memberships = perfect(3)
    for name in IDS:
        if BY_ID[name].group not in ("water", "hazard", "terrain"):
            memberships[IDS.index(name)] = UNKNOWN
    memberships[IDS.index("gravity_head_m"), 1] = UNKNOWN
    memberships[IDS.index("flood_level"), 1] = UNKNOWN
    memberships[IDS.index("slope_pct"), 2] = UNKNOWN
    result = judged(memberships)
    # Water, hazard and terrain carry .6788; without W2 and H1 .6788 - .40 x .3328 - .333 x .2256 = .4705 is known.
    assert [CLASSES[code] for code in result.classes] == ["S3", "NE", "NE"]
    assert np.isnan(result.score[1:]).all()
    assert result.subclass()[1] == "NE"
    assert result.to_frame()["known_weight_pct"].tolist() == [67, 47, 55]
    assert [CLASSES[code] for code in result.class_high] == ["S1", "S1", "S1"]


def test_what_cannot_be_assessed_counts_as_unknown_and_keeps_its_weight() -> None:
    values = values_of(perfect(soil_depth_cm=0.5))
    values["soil_water"] = not_assessed(1, "no grid")
    for name in ("heat_ratio", "frost_margin_d"):
        values[name] = not_assessed(1, "no normals")
    result = evaluate(values, nothing_excluded(1), DEFAULT)
    soil, climate = (LAND_GROUPS.index(name) for name in ("soil", "climate"))
    assert result.combined.group_low[soil, 0] == pytest.approx(0.5 + 0.25 * 0.5)  # E1 .50, E2 .25 at .5, E3 .25 at 0
    assert result.combined.group_high[soil, 0] == pytest.approx(0.5 + 0.25 * 0.5 + 0.25)
    assert (result.combined.group_low[climate, 0], result.combined.group_high[climate, 0]) == (0.0, 1.0)
    # By hand: soil 5/8 behind the four perfect groups (.7807), climate 0 behind it (.9321).
    expected = 0.7807**1.857 + 0.625 * (0.9321**1.857 - 0.7807**1.857)
    assert result.score[0] == pytest.approx(100 * expected, abs=0.05)
    assert dict(result.not_assessed) == {
        "soil_water": "no grid",
        "heat_ratio": "no normals",
        "frost_margin_d": "no normals",
    }
    assert result.to_frame()["not_assessed"].tolist() == [["soil_water", "heat_ratio", "frost_margin_d"]]


@pytest.mark.parametrize("name", ["turn_reliability", "way_exposure_m", "salinity_ds_m"])
def test_what_is_not_assessed_of_water_hazard_and_salinity_bars_s1(name: str) -> None:
    values = values_of(perfect())
    values[name] = not_assessed(1, "not loaded")
    result = evaluate(values, nothing_excluded(1), DEFAULT)
    assert result.score_high[0] == pytest.approx(100.0)
    assert result.score[0] < 90.0
    assert CLASSES[result.classes[0]] == "S2"
    assert CLASSES[result.class_high[0]] == "S1"
    assert IDS[result.limiting[0]] == name


def test_without_any_assessed_hazard_nothing_is_evaluated() -> None:
    values = values_of(perfect())
    for criterion in LAND_CRITERIA:
        if criterion.group == "hazard":
            values[criterion.id] = not_assessed(1, "not loaded")
    assert CLASSES[evaluate(values, nothing_excluded(1), DEFAULT).classes[0]] == "NE"


def test_nothing_assessed_at_all() -> None:
    frame = assess(valley.plots(), {}, valley.judgement(), DEFAULT).to_frame()
    assert set(frame["class"]) == {"NE"}
    assert frame["score"].isna().all()
    assert set(frame["confidence"]) == {"D"}


@pytest.mark.parametrize(
    ("name", "at_limit", "beyond", "table"),
    [
        ("water_adequacy", 0.3, 0.29, 0),
        ("slope_pct", 25.0, 25.1, 0),
        ("slope_pct", 50.0, 50.1, 1),
        ("slope_pct", 55.0, 55.1, 2),
        ("soil_depth_cm", 15.0, 14.9, 0),
        ("heat_ratio", 0.7, 0.69, 0),
        ("frost_margin_d", -20.0, -20.5, 0),
        ("slide_level", 3.0, 4.0, 0),
    ],
)
def test_hard_limits_exclude_beyond_them_only(name: str, at_limit: float, beyond: float, table: int) -> None:
    values = values_of(perfect(2))
    tables = np.full(2, table, dtype=np.int8)
    values[name] = Measured(np.array([at_limit, beyond]), table=tables)
    result = evaluate(values, nothing_excluded(2), DEFAULT)
    assert CLASSES[result.classes[0]] != "N2" or not np.isnan(result.score[0])
    assert result.subclass().tolist()[1] == "N2x"
    assert np.isnan([result.score[1], result.score_low[1], result.score_high[1]]).all()
    assert IDS[result.limiting[1]] == name


def test_a_height_model_alone_never_rejects_and_a_survey_does() -> None:
    values = values_of(perfect(2))
    values["gravity_head_m"] = Measured(np.array([-0.6, -0.6]), sigma=np.array([2.5, np.nan]))
    result = evaluate(values, nothing_excluded(2), DEFAULT)
    assert [name == "N2x" for name in result.subclass()] == [False, True]


def test_a_destroyed_canal_takes_the_water_even_where_the_ratio_is_unknown_or_not_assessed() -> None:
    from geo.measures.water import ONLY_FEEDING_REACH

    condition = Measured(np.array([5.0, 5.0]), notes={ONLY_FEEDING_REACH: np.array([True, False])})
    unknown = Measured(np.full(2, np.nan))
    for ratio in (Measured(np.ones(2)), unknown, not_assessed(2, "not loaded")):
        values = values_of(perfect(2)) | {"canal_condition": condition, "water_adequacy": ratio}
        result = evaluate(values, nothing_excluded(2), DEFAULT)
        assert [name == "N2x" for name in result.subclass()] == [True, False]
        assert IDS[result.limiting[0]] == "canal_condition"


def test_a_limit_a_scheme_replaces_holds_instead() -> None:
    scheme = parse_scheme(DEFAULT.text + "\n[limits.slope_pct]\nnot_terraced = 30\n", source="x.toml")
    values = values_of(perfect()) | {"slope_pct": Measured(np.array([28.0]))}
    assert evaluate(values, nothing_excluded(1), DEFAULT).subclass()[0] == "N2x"
    assert evaluate(values, nothing_excluded(1), scheme).subclass()[0] != "N2x"


def test_mines_are_final_and_named() -> None:
    found = assess(valley.plots(), valley.layers(), valley.judgement(), DEFAULT)
    reasons = [None if code < 0 else REASONS[code] for code in found.land.excluded.reason]
    assert reasons == ["mine_confirmed" if name == "mined" else None for name in valley.NAMES]
    assert found.potential.subclass()[valley.NAMES.index("mined")] == "N2x"


def test_repair_lifts_the_water_of_a_worn_canal_by_the_conveyance_gained() -> None:
    layers = valley.layers()
    canals = valley.canals()
    canals.loc[canals["code"] == "upper", "condition"] = 4.0
    areas = valley.command_areas().assign(sdr=0.6)
    found = assess(valley.plots(), {**layers, "canals": canals, "command_areas": areas}, valley.judgement(), DEFAULT)
    # Condition 4 conveys half; the upper reach is 1,050 m of 1,800 m, so repair multiplies by 2 ** (1050 / 1800).
    clean = valley.NAMES.index("clean")
    assert found.findings.values["water_adequacy"].value[clean] == 0.6
    assert found.potential.rated.memberships[0, clean] == pytest.approx(
        np.interp(0.6 * 2 ** (1_050 / 1_800), (0.75, 0.9), (0.5, 0.75))
    )
    assert found.potential.score[clean] > found.land.score[clean]


def test_confidence_is_the_letter_that_carries_seven_tenths_of_the_weight() -> None:
    values = values_of(perfect())
    a, d = np.zeros(1, dtype=np.int8), np.full(1, 3, dtype=np.int8)
    values = {name: replace(value, evidence=a) for name, value in values.items()}
    assert evaluate(values, nothing_excluded(1), DEFAULT).to_frame()["confidence"].tolist() == ["A"]
    # Water .3328 is more than three tenths; hazard .2256 is not, hazard with slope .1204 is.
    for poor, expected in ((["water"], "D"), (["hazard"], "A"), (["hazard", "terrain"], "D")):
        worse = {name: replace(v, evidence=d) if BY_ID[name].group in poor else v for name, v in values.items()}
        assert evaluate(worse, nothing_excluded(1), DEFAULT).to_frame()["confidence"].tolist() == [expected], poor


def test_letters_name_up_to_three_groups_below_s1_worst_first() -> None:
    memberships = perfect(slope_pct=0.1, walk_minutes=0.0, heat_ratio=0.0, frost_margin_d=0.4, flood_level=0.6)
    assert judged(memberships).subclass()[0].endswith("tca")
    drained = perfect(soil_water=0.0, soil_depth_cm=0.25)
    assert judged(drained).subclass()[0].endswith("d")
    shallow = perfect(soil_water=0.6, soil_depth_cm=0.0)
    assert judged(shallow).subclass()[0].endswith("s")
    assert judged(perfect(slope_pct=0.75)).subclass()[0] == "S1"


def test_weights_of_the_whole_sum_to_one() -> None:
    weights = weighting(DEFAULT)
    assert weights.share.sum() == pytest.approx(1.0)
    assert weights.quantified[-1] == pytest.approx(1.0)
    assert len(weights.active) == len(IDS) - 1  # the condition of the canal is shown, not weighed


def test_many_plots_are_judged_as_one_by_one() -> None:
    random = np.random.default_rng(7)
    memberships = np.where(random.random((len(IDS), 20_000)) < 0.05, np.nan, random.random((len(IDS), 20_000)))
    weights = weighting(DEFAULT)
    together = aggregate(memberships, weights)
    for plot in random.integers(0, 20_000, 25):
        alone = aggregate(memberships[:, [plot]], weights)
        for name in ("low", "high", "known", "held", "held_by", "limiting", "letters", "unknown_by", "enough"):
            np.testing.assert_array_equal(getattr(alone, name)[0], getattr(together, name)[plot])


def test_where_no_water_can_be_led_the_outlook_is_unlikely_and_the_class_stays() -> None:
    values = values_of(perfect(2, water_adequacy=UNKNOWN, flood_level=UNKNOWN, way_exposure_m=UNKNOWN))
    plain = evaluate(values, nothing_excluded(2), DEFAULT)
    dry = evaluate(values, nothing_excluded(2), DEFAULT, without_water=np.array([True, False]))
    assert plain.to_frame()["outlook"].tolist() == ["likely", "likely"]
    assert dry.to_frame()["outlook"].tolist() == ["unlikely", "likely"]
    assert (dry.classes == plain.classes).all()
    settled = evaluate(values_of(perfect()), nothing_excluded(1), DEFAULT, without_water=np.ones(1, dtype=bool))
    assert settled.to_frame()["outlook"].tolist() == [None]
