"""Schemes: the weights of the domain reference from its judgements, and files that do not hold together."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from geo.contract.memberships import ByClass, Knots, Probability
from geo.criteria import BY_ID, LAND_CRITERIA
from geo.errors import SchemeError
from geo.panel.judging import judgement_by
from geo.panel.scheme import load_scheme, parse_scheme, shipped_schemes

DEFAULT = load_scheme()
UNWEIGHED = 'unweighed = ["canal_condition"]'


def test_default_weights_are_those_of_the_domain_reference() -> None:
    expected = {"water": 0.2484, "hazard": 0.1684, "labour": 0.1406, "tenure": 0.1130}
    expected |= {"soil": 0.1130, "terrain": 0.0899, "access": 0.0760, "climate": 0.0507}
    assert DEFAULT.group_weights == pytest.approx(expected, abs=5e-4)
    land = {"water": 0.3328, "hazard": 0.2256, "soil": 0.1514, "terrain": 0.1204, "access": 0.1018, "climate": 0.0679}
    assert DEFAULT.land_weights == pytest.approx(land, abs=5e-4)
    codes = {"W1": 0.40, "W2": 0.40, "W3": 0.20, "H1": 0.333, "H2": 0.167, "H3": 0.167, "H4": 0.333}
    codes |= {"T1": 1.0, "E1": 0.5, "E2": 0.25, "E3": 0.25, "C1": 0.5, "C2": 0.5, "A1": 0.6, "A2": 0.2, "A3": 0.2}
    weighed = (criterion for criterion in LAND_CRITERIA if criterion.id not in DEFAULT.unweighed)
    within = {c.code: DEFAULT.groups[c.group].weights[c.id] for c in weighed}
    assert within == pytest.approx(codes, abs=5e-4)
    assert DEFAULT.group_cr == pytest.approx(0.013, abs=5e-4)
    assert DEFAULT.alpha == pytest.approx(1.857, abs=5e-4)


@pytest.mark.parametrize("name", shipped_schemes())
def test_every_shipped_scheme_places_every_criterion_and_is_consistent(name: str) -> None:
    scheme = load_scheme(name)
    assert scheme.name == name
    weighed = [criterion for group in scheme.groups.values() for criterion in group.weights]
    assert sorted([*weighed, *scheme.unweighed]) == sorted(criterion.id for criterion in LAND_CRITERIA)
    assert sum(scheme.group_weights.values()) == pytest.approx(1.0)
    assert sum(scheme.land_weights.values()) == pytest.approx(1.0)
    for group in scheme.groups.values():
        assert sum(group.weights.values()) == pytest.approx(1.0)
        assert group.cr is None or group.cr < 0.10
    assert scheme.group_cr is not None
    assert scheme.group_cr < 0.10
    assert scheme.panel
    assert "calibrate" in scheme.note


def test_the_panels_differ_and_are_kept_apart() -> None:
    women, officials = load_scheme("womens-panel"), load_scheme("officials-panel")
    assert women.group_weights["labour"] > 3 * officials.group_weights["labour"]
    assert women.orness < officials.orness


def test_the_reference_crop_follows_the_district() -> None:
    assert [DEFAULT.crop_of(code) for code in ("TJ.RR.GA", "TJ.KL.KA", None)] == ["potato", "wheat", "wheat"]
    apple = edited('"TJ.RR.*" = "potato"', '"TJ.RR.*" = "potato"\n"TJ.RR.DZ" = "apple"')
    assert parse_scheme(apple, source="x.toml").crop_of("TJ.RR.DZ") == "apple"


def edited(old: str, new: str) -> str:
    assert old in DEFAULT.text
    return DEFAULT.text.replace(old, new, 1)


def test_a_file_may_replace_knots_limits_and_weights(tmp_path: Path) -> None:
    text = DEFAULT.text + (
        "\n[knots.slope_pct]\nterraced = [10, 20, 30, 40, 60]\n"
        "[knots.gravity_head_m]\ngeneric = [2, 1, 0.5, 0, -1]\n"
        "[knots.flood_level]\ngeneric = [1, 0.9, 0.5, 0.2, 0]\n"
        "[limits.slope_pct]\nnot_terraced = 30\n"
    )
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    scheme = load_scheme(path)
    assert scheme.memberships(BY_ID["slope_pct"])[1] == Knots(10, 20, 30, 40, 60)
    assert scheme.memberships(BY_ID["slope_pct"])[0] == BY_ID["slope_pct"].memberships[0]
    assert scheme.memberships(BY_ID["gravity_head_m"]) == (Probability(Knots(2, 1, 0.5, 0, -1)),)
    assert scheme.memberships(BY_ID["flood_level"]) == (ByClass({0: 1.0, 1: 0.9, 2: 0.5, 3: 0.2, 4: 0.0}),)
    assert [limit.above for limit in scheme.limits(BY_ID["slope_pct"])] == [30.0, 50.0, 55.0]
    assert scheme.text == text


def test_an_unweighed_criterion_leaves_its_group_to_the_others() -> None:
    text = edited(UNWEIGHED, 'unweighed = ["canal_condition", "frost_margin_d"]')
    text = text.replace(
        'names = ["heat_ratio", "frost_margin_d"]\njudgements = [\n    [1, 1],\n    [1, 1],\n]',
        "weights = { heat_ratio = 1 }",
    )
    scheme = parse_scheme(text, source="x.toml")
    assert scheme.groups["climate"].weights == {"heat_ratio": 1.0}
    assert scheme.unweighed == ("canal_condition", "frost_margin_d")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("orness = 0.35", "orness = 0.35\nornes = 1", r"^x.toml: ornes: this key is not known$"),
        ("orness = 0.35", "orness = 1.5", r"^x.toml: orness: "),
        ('panel = "Authors of the reference model"', "", r"^x.toml: panel: this key is missing$"),
        ("orness = 0.35", "orness = ", r"^x.toml: not valid TOML"),
        ('default = "wheat"', "", r"^x.toml: reference_crop.default: this key is missing$"),
        (
            UNWEIGHED,
            'unweighed = ["canal_condition", "beauty"]',
            r"^x.toml: unweighed: there is no land criterion 'beauty'$",
        ),
        (
            UNWEIGHED,
            'unweighed = ["canal_condition", "slope_pct"]',
            r"^x.toml: criteria.terrain: at least one criterion",
        ),
        ("{ slope_pct = 1 }", "{ slope_pct = 0 }", r"^x.toml: criteria.terrain.weights.slope_pct: "),
        ("{ slope_pct = 1 }", "{ beauty = 1 }", r"^x.toml: criteria.terrain: expected exactly slope_pct, got beauty$"),
        ('"heat_ratio", "frost_margin_d"]', '"heat_ratio"]', r"^x.toml: criteria.climate.judgements: .* need"),
        ('["1/4", "1/3"', '["1/5", "1/3"', r"^x.toml: groups.judgements: row 'climate', column 'water': expected the"),
        ('["1/2", 1, 1, 2, 2, 2, 2, 3]', '["1/2", 1, 1, 2, 2, 2, 2, "x"]', "row 'hazard', column 'climate'"),
        ('gates = ["gravity_head_m"]', 'gates = ["slope_pct"]', r"^x.toml: criteria.water.gates: 'slope_pct' is not"),
        ('criterion = "canal_condition"', 'criterion = "luck"', r"^x.toml: improvement: there is no land criterion"),
    ],
)
def test_a_file_that_does_not_hold_together_is_refused_by_file_and_key(old: str, new: str, message: str) -> None:
    with pytest.raises(SchemeError, match=message):
        parse_scheme(edited(old, new), source="x.toml")


@pytest.mark.parametrize(
    ("addition", "message"),
    [
        (
            "[knots.slope_pct]\ngeneric = [2, 5, 8, 16, 25]",
            r"knots.slope_pct.generic: expected one of the tables not_t",
        ),
        ("[knots.slope_pct]\nterraced = [25, 16, 8, 5, 2]", r"knots.slope_pct.terraced: the first value is the best"),
        ("[knots.slope_pct]\nterraced = [2, 5, 5, 16, 25]", r"knots.slope_pct.terraced: knots must rise or fall"),
        ("[knots.slope_pct]\nterraced = [2, 5]", r"knots.slope_pct.terraced: "),
        ("[knots.beauty]\ngeneric = [1, 2, 3, 4, 5]", r"knots.beauty: there is no such land criterion"),
        ("[knots.flood_level]\ngeneric = [1, 0.5, 0.6, 0.3, 0]", r"knots.flood_level.generic: memberships of levels"),
        ("[limits.walk_minutes]\ngeneric = 120", r"limits.walk_minutes.generic: this criterion has no hard limit"),
    ],
)
def test_replaced_knots_and_limits_must_fit_the_declaration(addition: str, message: str) -> None:
    with pytest.raises(SchemeError, match=rf"^x.toml: {message}"):
        parse_scheme(f"{DEFAULT.text}\n{addition}\n", source="x.toml")


def test_contradictory_judgements_are_refused_with_where_to_get_advice() -> None:
    text = edited(
        '[1, 2, 2],\n    ["1/2", 1, 1],\n    ["1/2", 1, 1],', '[1, 2, "1/9"],\n    ["1/2", 1, 7],\n    [9, "1/7", 1],'
    )
    with pytest.raises(SchemeError, match=r"criteria.soil.judgements: consistency ratio .*saaty-2005.*`obod weights`"):
        parse_scheme(text, source="x.toml")


def test_an_unknown_scheme_names_those_there_are_and_no_path(tmp_path: Path) -> None:
    with pytest.raises(
        SchemeError, match=r"there is no scheme 'absent.toml': give one of default, officials-panel"
    ) as e:
        load_scheme(tmp_path / "absent.toml")
    assert str(tmp_path) not in str(e.value)


def test_a_scheme_kept_with_a_run_weighs_nothing_that_was_declared_since() -> None:
    """As if frost had been declared after the run: the scheme kept with it neither weighs nor unweighs it."""
    older = edited(
        'names = ["heat_ratio", "frost_margin_d"]\njudgements = [\n    [1, 1],\n    [1, 1],\n]',
        "weights = { heat_ratio = 1 }",
    )
    judged = [criterion.id for criterion in LAND_CRITERIA if criterion.id != "frost_margin_d"]
    with pytest.raises(SchemeError, match=r"criteria\.climate"):
        parse_scheme(older, source="x.toml")
    kept = parse_scheme(older, source="run 1", judged=judged)
    assert "frost_margin_d" in kept.unweighed
    assert kept.groups["climate"].weights == {"heat_ratio": 1.0}
    assert kept.text == older


def test_salt_may_gather_where_a_scheme_says_so() -> None:
    assert not DEFAULT.salt_gathers_in("TJ.KL.KA")
    lowland = parse_scheme(edited("orness =", 'salt_gathers = ["TJ.KL.*", "TJ.RR.GA"]\norness ='), source="x.toml")
    codes = ("TJ.KL.KA", "TJ.RR.GA", "TJ.RR.DZ", None)
    assert [lowland.salt_gathers_in(code) for code in codes] == [True, True, False, False]
    judged = judgement_by(lowland, date(2026, 6, 1), np.array(codes, dtype=object))
    assert np.asarray(judged.salt_gathers).tolist() == [True, True, False, False]
    assert judged.crop.tolist() == ["wheat", "potato", "potato", "wheat"]


def test_a_scheme_that_weighs_the_condition_of_canals_is_taken_as_written_with_a_note() -> None:
    weighed = edited('unweighed = ["canal_condition"]', "unweighed = []")
    a = weighed.index("[criteria.water]")
    b = weighed.index("[criteria.hazard]")
    water = (
        "[criteria.water]\n"
        "weights = { water_adequacy = 35, gravity_head_m = 35, turn_reliability = 19, canal_condition = 11 }\n"
    )
    scheme = parse_scheme(weighed[:a] + water + weighed[b:], source="x.toml")
    assert scheme.groups["water"].weights["canal_condition"] == pytest.approx(0.11)
    assert scheme.notes == (
        "The scheme weighs the condition of the canal, which the water that arrives follows already.",
    )
    assert DEFAULT.notes == ()
