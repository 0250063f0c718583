"""What is kept of each plot before it is judged: evidence, which head is a grid's, hard limits and their causes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from geo.contract.criterion import Measured, not_assessed
from geo.criteria import LAND_CRITERIA
from geo.measures.hazard import MEDIUM_OFTEN
from geo.measures.water import ONLY_FEEDING_REACH
from geo.panel.scheme import load_scheme, parse_scheme
from geo.suitability.rating import Rated, confidence, overridden, rate
from tests.worlds.slow_reference import CODES

IDS = dict(zip(CODES, (criterion.id for criterion in LAND_CRITERIA), strict=True))
DEFAULT = load_scheme()
# In the unit of each criterion, domain reference 4: nothing wrong with it.
GOOD = {
    **{"W1": 1.2, "W2": 2.0, "W3": 1.0, "W4": 1.0, "H1": 0.0, "H2": 0.0, "H3": 0.0, "H4": 0.0, "T1": 1.0, "E1": 1.0},
    **{"E2": 120.0, "E3": 200.0, "C1": 1.2, "C2": 40.0, "A1": 5.0, "A2": 20.0, "A3": 10.0},
}


def values(n: int, **changed: Measured) -> dict[str, Measured]:
    return {IDS[code]: changed.get(code, Measured(np.full(n, value))) for code, value in GOOD.items()}


def bits(rated: Rated, code: str) -> list[bool]:
    return ((rated.loose >> CODES.index(code)) & 1).astype(bool).tolist()


def test_a_known_head_from_a_grid_holds_one_class_less_and_a_surveyed_one_does_not() -> None:
    sigma = np.array([2.5, 0.01, 0.0, np.nan, 2.5])
    rated = rate(values(5, W2=Measured(np.array([2, 2, 2, 2, np.nan]), sigma=sigma)), DEFAULT)
    assert bits(rated, "W2") == [True, True, False, False, False]
    assert bits(rate(values(2), DEFAULT), "W2") == [False, False]
    # An error of another criterion says nothing of where its value comes from.
    assert not rate(values(5, E2=Measured(np.full(5, 80.0), sigma=sigma)), DEFAULT).loose.any()


def test_a_slope_of_terraces_or_of_dry_land_holds_one_class_less() -> None:
    slope = Measured(np.full(3, 1.0), table=np.array([0, 1, 2], dtype=np.int8))
    head = Measured(np.full(3, 2.0), sigma=np.array([0.0, 0.0, 2.5]))
    rated = rate(values(3, T1=slope, W2=head), DEFAULT)
    assert bits(rated, "T1") == [False, True, True]
    assert bits(rated, "W2") == [False, False, True]
    assert [value for code in CODES if code not in ("T1", "W2") for value in bits(rated, code)] == [False] * 45


def test_of_equal_caps_the_first_is_named_and_a_stricter_one_replaces_it() -> None:
    medium = Measured(np.full(2, 3.0), notes={MEDIUM_OFTEN: np.ones(2, dtype=bool)})
    rated = rate(values(2, H1=medium, H3=medium), DEFAULT)
    assert rated.cap.tolist() == [2, 2]
    assert [CODES[k] for k in rated.cap_by] == ["H1", "H1"]
    ruined = Measured(np.array([30.0, 1.0]), table=np.ones(2, dtype=np.int8))
    rated = rate(values(2, H1=medium, E1=ruined), DEFAULT)
    assert rated.cap.tolist() == [3, 2]
    assert [CODES[k] for k in rated.cap_by] == ["E1", "H1"]


def destroyed(n: int) -> Measured:
    return Measured(
        np.full(n, 5.0), notes={ONLY_FEEDING_REACH: np.ones(n, dtype=bool)}, evidence=np.full(n, 1, np.int8)
    )


def test_a_destroyed_canal_leaves_no_water_at_all_and_evidence_is_its_own() -> None:
    ratio = Measured(
        np.array([0.9, np.nan]),
        evidence=np.array([2, 2], dtype=np.int8),
        worst=np.array([np.nan, 0.0]),
        best=np.array([np.nan, 0.9]),
    )
    given = values(2, W1=ratio, W4=destroyed(2))
    found = overridden(given, DEFAULT)[IDS["W1"]]
    assert found.value.tolist() == found.at_worst.tolist() == found.at_best.tolist() == [0.0, 0.0]
    assert found.evidence is not None
    assert found.evidence.tolist() == [1, 1]
    assert given[IDS["W1"]].value[0] == 0.9
    nobody = values(2, W1=not_assessed(2, "not loaded"), W4=destroyed(2))
    assert np.isnan(overridden(nobody, DEFAULT)[IDS["W1"]].value).all()
    whole = values(2, W1=ratio, W4=replace(destroyed(2), value=np.full(2, 4.0)))
    np.testing.assert_array_equal(overridden(whole, DEFAULT)[IDS["W1"]].value, [0.9, np.nan])


def test_a_destroyed_canal_shuts_only_where_no_water_does() -> None:
    rated = rate(values(1, W4=destroyed(1)), DEFAULT)
    assert CODES[rated.excluded_by[0]] == "W4"
    assert rated.memberships[CODES.index("W1"), 0] == 0.0
    patient = parse_scheme(DEFAULT.text + "\n[limits.water_adequacy]\ngeneric = 0\n", source="patient.toml")
    rated = rate(values(1, W4=destroyed(1)), patient)
    assert rated.excluded_by[0] == -1
    assert rated.memberships[CODES.index("W1"), 0] == 0.0


def test_a_plot_that_two_limits_shut_names_the_first_but_for_a_destroyed_canal() -> None:
    steep, dry = Measured(np.full(1, 60.0)), Measured(np.full(1, 0.1))
    assert CODES[rate(values(1, T1=steep, W1=dry), DEFAULT).excluded_by[0]] == "W1"
    assert CODES[rate(values(1, T1=steep, W1=dry, W4=destroyed(1)), DEFAULT).excluded_by[0]] == "W4"


@pytest.mark.parametrize(("count", "letter"), [(7, 0), (6, 3)])
def test_seven_tenths_are_enough_to_the_last_rounding(count: int, letter: int) -> None:
    share = np.full(10, 0.1)
    evidence = np.where(np.arange(10) < count, 0, -1)[:, None].astype(np.int8)
    assert confidence(evidence, share).tolist() == [letter]
    assert confidence(np.where(evidence < 0, 3, evidence + 1).astype(np.int8), share).tolist() == [
        1 if count == 7 else 3
    ]
