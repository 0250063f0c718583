"""Salinity by the crop's response and by generic classes, of which the lower counts; figures typed from the text."""

from __future__ import annotations

import numpy as np
import pytest

from geo.contract.classes import CLASSES
from geo.contract.criterion import Measured
from geo.criteria import BY_ID, LAND_CRITERIA
from geo.measures.exclusion import nothing_excluded
from geo.measures.soil import response_tables, saltless
from geo.panel.scheme import load_scheme, parse_scheme
from geo.suitability.assess import assess, evaluate
from tests.published import published
from tests.worlds import valley

SCHEME = load_scheme()
LEVELS = (1.0, 0.75, 0.5, 0.25, 0.0)
# ECe [dS/m] at the levels by the crop's response.
PUBLISHED = {row["crop"]: [float(row[f"{level:.2f}"]) for level in LEVELS] for row in published("salinity_knots.csv")}
GENERIC = PUBLISHED.pop("generic")


def membership(crop: str, ece_ds_m: float, scheme: object = SCHEME) -> float:
    tables = scheme.memberships(BY_ID["salinity_ds_m"])  # type: ignore[attr-defined]
    return float(tables[response_tables(np.array([crop]))[0]](np.array([ece_ds_m]))[0])


@pytest.mark.parametrize("crop", PUBLISHED)
def test_the_lower_of_response_and_generic_classes_counts(crop: str) -> None:
    for ece in np.linspace(0.0, 20.0, 81):
        own, generic = (np.interp(ece, knots, LEVELS) for knots in (PUBLISHED[crop], GENERIC))
        assert membership(crop, float(ece)) == pytest.approx(min(own, generic), abs=0.02)


def test_a_schemes_own_knots_stand_instead() -> None:
    text = SCHEME.text + "\n[knots.salinity_ds_m]\ngeneric = [1, 2, 3, 4, 5]\n"
    assert membership("potato", 4.0, parse_scheme(text, source="x.toml")) == 0.25


@pytest.mark.parametrize(("ece", "held"), [(8.3, False), (8.4, True)])
def test_less_than_a_fifth_of_the_yield_is_n1_at_best_and_still_scored(ece: float, held: bool) -> None:
    found = assess(valley.plots(), valley.layers(), valley.judgement(), SCHEME)
    one = {
        name: Measured(m.value[:1], table=None if m.table is None else m.table[:1], sigma=None)
        for name, m in found.findings.values.items()
    }
    one["salinity_ds_m"] = Measured(np.array([ece]), table=response_tables(np.array(["potato"])))
    result = evaluate(one, nothing_excluded(1), SCHEME)
    # The membership alone (0) holds at N1 as well; the limit is what says so.
    reached = [limit for (name, limit), where in result.rated.limits.items() if name == "salinity_ds_m" and where.any()]
    assert bool(reached) is held
    assert CLASSES[result.classes[0]] == "N1" if held else True
    assert not np.isnan(result.score[0])
    assert len(LAND_CRITERIA) == len(one)


def test_salt_gathers_where_it_is_low_and_flat_or_wet() -> None:
    height = np.array([999.0, 1_001.0, 400.0, 400.0, 400.0, 400.0])
    slope = np.array([1.0, 1.0, 3.0, 3.1, 3.1, 3.1])
    water = np.array([np.nan, np.nan, np.nan, np.nan, 2.5, 3.5])
    assert saltless(height, slope, water).tolist() == [False, True, False, True, False, True]
