"""What is said of a household fit follows from the kept values: light, limit, area alone, month, what helps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from geo.household.profile import load_profile
from geo.household_fit.explanation import alone_with, explain_fit, kept_values, limiting_criterion
from geo.household_fit.rating import rate_fit
from geo.household_fit.remedies import Papers
from geo.panel.scheme import load_scheme
from geo.suitability.crop_choice import RankedCrop

SCHEME = load_scheme()
MOTHER = load_profile("mother-with-small-children")
FINE = {
    "labour_balance": 1.2,
    "heavy_turns": 0.0,
    "right_class": 1.0,
    "document_steps": 0.0,
    "light": "green",
    "actions": [],
}


def explained(walk: float = 10.0, papers: Papers = Papers(0.0, 0.0), **values: Any) -> dict[str, Any]:
    return explain_fit(
        {**FINE, **values},
        SCHEME,
        MOTHER,
        walk_minutes=walk,
        papers=papers,
        crop="potato",
        zone="mountain",
        area_ha=0.12,
    )


def texts(found: dict[str, Any]) -> list[str]:
    return [said["text"].format(**said["args"]) for said in found["says"]]


def limit_of(**values: Any) -> str | None:
    return limiting_criterion(rate_fit(kept_values({**FINE, **values}, 10.0, MOTHER), SCHEME, MOTHER), SCHEME)


def test_a_fit_that_is_fine_needs_nothing_and_says_what_can_be_run_alone() -> None:
    found = explained()
    assert (found["light"], found["limiting"], found["remedies"]) == ("green", None, None)
    assert texts(found) == [
        "The plot fits this kind of household as it is.",
        "0.24 ha of potato can be run alone; the peak of the work is in September.",
    ]


@pytest.mark.parametrize(
    ("values", "limiting"),
    [
        ({"labour_balance": 0.4}, "labour_balance"),
        ({"heavy_turns": 90.0}, "heavy_turns"),
        ({"right_class": 9.0}, "right_class"),
        ({"document_steps": 4.0}, "document_steps"),
        ({"right_class": 4.0, "document_steps": 4.0}, "document_steps"),  # lacks .333, the right .667 x .35 = .233
        ({"labour_balance": 0.7, "document_steps": 4.0}, "labour_balance"),  # labour .583, tenure .667
        ({"labour_balance": None}, "labour_balance"),
    ],
)
def test_the_limit_is_what_would_lift_the_worse_group_most(values: dict[str, float | None], limiting: str) -> None:
    assert limit_of(**values) == limiting


def test_a_limit_is_named_when_it_makes_the_light_red() -> None:
    found = explained(right_class=12.0, document_steps=2.0, papers=Papers(1.0, 1.0))
    assert (found["light"], found["light_at_best"]) == ("red", "red")
    assert any("ask legal aid before any investment" in text for text in texts(found))
    assert found["remedies"] is None  # what a court decides is no lift
    far = explained(walk=119.0)
    assert any("two hours" in text for text in texts(far))
    assert far["light"] == "red"


def test_what_is_not_known_is_asked_for() -> None:
    found = explained(right_class=None, document_steps=None, papers=Papers(np.nan, np.nan))
    assert (found["light"], found["light_at_worst"], found["light_at_best"]) == ("unknown", "red", "green")
    assert found["unknown"] == ["right_class", "document_steps"]
    assert "ask for: " in texts(found)[0].lower()
    assert found["remedies"] is None


def test_a_crop_without_labour_figures_promises_no_area() -> None:
    assert alone_with(MOTHER, "saffron", "mountain") is None
    lowland = alone_with(MOTHER, "wheat", "lowland")
    assert lowland is not None
    # June: 30 person-days/ha x .40 = 12; supply 9.625 days: .80 ha.
    assert (lowland["peak_month"], lowland["area_ha"]) == (6, pytest.approx(9.625 / 12, abs=1e-4))


def test_the_best_crops_come_with_their_reason_and_what_their_work_asks() -> None:
    ranked = [
        RankedCrop("potato", 81.26, "S1", "slope", 4, apart=False, unknown=()),
        RankedCrop("wheat", 66.0, "S2", "climate", 10, apart=False, unknown=("salinity",)),
        RankedCrop("almond", 55.0, "S2", "depth", 3, apart=True, unknown=()),
    ]
    found = explain_fit(
        FINE,
        SCHEME,
        MOTHER,
        walk_minutes=10.0,
        papers=Papers(0.0, 0.0),
        crop="potato",
        zone="mountain",
        area_ha=0.5,
        ranked=ranked,
    )["crops"]
    assert [(crop["crop"], crop["class"], crop["limiting"]) for crop in found] == [
        ("potato", "S1", "slope"),
        ("wheat", "S2", "climate"),
        ("almond", "S2", "depth"),
    ]
    potato, wheat, almond = (crop["labour"] for crop in found)
    # Potato in September: 9.625 / 39; wheat in July: 9.625 / (30 x .35); nothing is known of an almond's work.
    assert (potato["peak_month"], potato["area_ha"]) == (9, pytest.approx(9.625 / 39, abs=1e-4))
    assert (wheat["peak_month"], wheat["area_ha"]) == (7, pytest.approx(9.625 / 10.5, abs=1e-4))
    assert almond is None
    assert [crop["whole_plot_alone"] for crop in found] == [False, True, None]
