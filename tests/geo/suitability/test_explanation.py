"""Explanations of the valley: the numbers add up, the words come first, and what is said is what happened."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from geo.contract.classes import CLASSES
from geo.contract.criterion import Measured, not_assessed
from geo.contract.shut_land import REASONS
from geo.criteria import LAND_CRITERIA
from geo.measures.exclusion import nothing_excluded
from geo.panel.scheme import load_scheme
from geo.suitability.assess import Assessment, Suitability, assess, evaluate
from geo.suitability.explanation import CLOSED, MESSAGES, explain, reached_limit
from tests.worlds import valley

DEFAULT = load_scheme()


def rows_of(found: Assessment | Suitability) -> list[dict[str, Any]]:
    """What is stored of each plot, by name."""
    return [{str(name): value for name, value in row.items()} for row in found.to_frame().to_dict("records")]


@pytest.fixture(scope="module")
def explained() -> dict[str, dict[str, Any]]:
    found = assess(valley.plots(), valley.layers(), valley.judgement(), DEFAULT)
    rows = rows_of(found)
    return {name: explain(row, DEFAULT) for name, row in zip(valley.NAMES, rows, strict=True)}


def texts(explanation: dict[str, Any]) -> list[str]:
    return [said["text"].format(**said["args"]) for said in explanation["says"]]


def test_what_is_said_about_each_plot_of_the_valley(explained: dict[str, dict[str, Any]]) -> None:
    assert {name: texts(explanation) for name, explanation in explained.items()} == {
        "clean": ["Nothing holds this plot back."],
        "steep": ["The plot is steep for the way it is watered and worked."],
        "mudflow": [
            "Mudflow or flood can reach the plot.",
            "The class is held at S3: medium hazard at least every 30 years.",
        ],
        "unsampled": [
            "Not known here, and counted as if it were poor: Salinity ECe 0-60 cm.",
            "The class is held at S2 until this is known: Salinity ECe 0-60 cm.",
        ],
        "cut_off": [
            "The plot is shut to this use: the only canal that feeds the plot is destroyed: no water until it is "
            "repaired."
        ],
        "outside": [
            "Not known here, and counted as if it were poor: Water adequacy, worst month.",
            "Not known here: ['Water turns delivered'].",
        ],
        "mined": ["The plot is shut to this use: it lies in an area closed to farming."],
        "mediocre": ["The plot is steep for the way it is watered and worked."],
        "unmapped": [
            "Not known here, and counted as if it were poor: Mudflow and flood level.",
            "Not known here: ['Avalanche level', 'Landslide and rockfall level'].",
        ],
    }


def test_points_of_the_groups_add_up_to_the_score(explained: dict[str, dict[str, Any]]) -> None:
    for name, explanation in explained.items():
        if explanation["score"] is not None:
            total = sum(group["brings"] for group in explanation["groups"])
            assert total == pytest.approx(explanation["score"], abs=0.4), name
        assert sum(group["weight"] for group in explanation["groups"]) == pytest.approx(1.0, abs=1e-3)
        assert sum(criterion["weight"] for criterion in explanation["criteria"]) == pytest.approx(1.0, abs=2e-3)


def test_the_group_that_costs_most_comes_first_and_costs_what_lifting_it_would_bring(
    explained: dict[str, dict[str, Any]],
) -> None:
    mediocre = explained["mediocre"]
    # 86.86 with slope at its best, 79.0 with soil at its best (.7880 + .25 x .2120), 72.43 now
    assert [(group["group"], group["costs"]) for group in mediocre["groups"][:2]] == [("terrain", 14.4), ("soil", 11.7)]
    gains = {criterion["id"]: criterion["gain"] for criterion in mediocre["criteria"] if criterion["gain"] > 0}
    assert max(gains, key=lambda name: gains[name]) == mediocre["limiting"]["criterion"] == "slope_pct"
    assert gains["slope_pct"] == 14.4


def test_values_memberships_and_evidence_stand_side_by_side(explained: dict[str, dict[str, Any]]) -> None:
    by_id = {criterion["id"]: criterion for criterion in explained["steep"]["criteria"]}
    assert list(by_id) == [criterion.id for criterion in LAND_CRITERIA]
    slope = by_id["slope_pct"]
    assert (slope["value"], slope["membership"], slope["class"], slope["evidence"]) == (8.0, 0.5, "S2", "C")
    assert slope["knots"]["not_terraced"] == [2.0, 5.0, 8.0, 16.0, 25.0]
    mudflow = {criterion["id"]: criterion for criterion in explained["mudflow"]["criteria"]}["flood_level"]
    assert (mudflow["level"], mudflow["membership"]) == ("medium", 0.3)
    unsampled = {criterion["id"]: criterion for criterion in explained["unsampled"]["criteria"]}["salinity_ds_m"]
    assert (unsampled["value"], unsampled["membership"], unsampled["evidence"]) == (None, None, None)
    assert explained["unsampled"]["unknown"] == ["salinity_ds_m"]
    water = {criterion["id"]: criterion for criterion in explained["cut_off"]["criteria"]}["water_adequacy"]
    assert (water["value"], water["membership"], water["overridden_by"]) == (1.0, 0.0, "canal_condition")


def test_caps_name_the_class_and_the_criterion(explained: dict[str, dict[str, Any]]) -> None:
    caps = {name: [(cap["no_better_than"], cap["criterion"]) for cap in e["caps"]] for name, e in explained.items()}
    held = {name: found for name, found in caps.items() if found}
    assert held == {"mudflow": [("S3", "flood_level")], "unsampled": [("S2", "salinity_ds_m")]}


def test_a_class_held_by_the_worst_says_so_and_names_what_was_not_assessed() -> None:
    values = {criterion.id: Measured(np.array([1.0])) for criterion in LAND_CRITERIA}
    best = {"slope_pct": 0.0, "salinity_ds_m": 15.2, "soil_depth_cm": 200.0, "heat_ratio": 2.0, "frost_margin_d": 99.0}
    best |= {
        "gravity_head_m": 9.0,
        "flood_level": 0.0,
        "avalanche_level": 0.0,
        "slide_level": 0.0,
        "way_exposure_m": 0.0,
    }
    values |= {name: Measured(np.array([value])) for name, value in best.items()}
    values["turn_reliability"] = not_assessed(1, "neither command areas nor plot surveys are loaded")
    found = evaluate(values, nothing_excluded(1), DEFAULT)
    row = rows_of(found)[0] | {name: value.value[0] for name, value in values.items()}
    explanation = explain(row, DEFAULT, not_assessed=found.not_assessed)
    assert explanation["class"] == "N1"
    assert [(cap["no_better_than"], cap["criterion"]) for cap in explanation["caps"]] == [
        ("N1", "salinity_ds_m"),
        ("S2", "turn_reliability"),
    ]
    assert explanation["not_assessed"] == {"turn_reliability": "neither command areas nor plot surveys are loaded"}
    assert "turn_reliability" in explanation["unknown"]
    assert texts(explanation)[0] == "The soil is salty."


def test_a_closed_area_may_be_named_and_warnings_are_said() -> None:
    found = assess(valley.plots(), valley.layers(), valley.judgement(), DEFAULT)
    row = rows_of(found)[valley.NAMES.index("mined")]
    named = explain(row, DEFAULT, closed_by="mine_confirmed")
    assert named["excluded"] == {"criterion": None, "text": CLOSED["mine_confirmed"]}
    assert set(CLOSED) == set(REASONS)
    clean = rows_of(found)[0] | {"health_minutes": 200.0}
    assert texts(explain(clean, DEFAULT))[-1] == "Take care: more than three hours to help."


def test_every_limit_and_every_way_to_be_poor_has_words_and_all_are_message_ids() -> None:
    assert {criterion.poor for criterion in LAND_CRITERIA} <= set(MESSAGES)
    assert len(set(MESSAGES)) == len(MESSAGES)
    assert all(text and text.isascii() for text in MESSAGES)


def test_an_explanation_is_json_and_follows_the_order_of_its_run(explained: dict[str, dict[str, Any]]) -> None:
    assert json.loads(json.dumps(explained))["clean"]["class"] in CLASSES
    row = rows_of(assess(valley.plots(), valley.layers(), valley.judgement(), DEFAULT))[1]
    order = [criterion.id for criterion in reversed(LAND_CRITERIA)]
    turned = row | {"memberships": row["memberships"][::-1], "evidence": row["evidence"][::-1]}
    assert explain(turned, DEFAULT, order=order) == explain(row, DEFAULT)


def test_a_scheme_that_weighs_the_condition_of_canals_says_so_last() -> None:
    scheme = replace(DEFAULT, unweighed=())
    found = assess(valley.plots(), valley.layers(), valley.judgement(), DEFAULT)
    row = {str(key): value for key, value in found.to_frame().iloc[valley.NAMES.index("steep")].items()}
    assert texts(explain(row, DEFAULT))[-1].startswith("The plot is steep")
    assert texts(explain(row, scheme))[-1].startswith("The scheme weighs the condition of the canal")


@pytest.mark.parametrize(
    ("criterion", "value", "told"),
    [
        ("flood_level", 4.0, "high mudflow or flood level"),  # every 30 years, or trees stand there: not kept
        ("soil_depth_cm", 35.0, "less than 40 cm of soil for trees"),
    ],
)
def test_a_kept_result_tells_no_limit_that_another_may_stand_for(criterion: str, value: float, told: str) -> None:
    declared = next(one for one in LAND_CRITERIA if one.id == criterion)
    assert reached_limit(declared, {criterion: value}) == told
