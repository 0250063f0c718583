"""Water by the published balance: who wins, both ends, what is unknown; ratios chosen, months of the field calendar."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.contract.criterion import B, C, D, Measured
from geo.measures.water import BASES, COMPUTED_WATER, RELIABILITY_BALANCE, RELIABILITY_PROXY, WATER_BASIS
from geo.measures.water_by_month import SECOND_CROP, SHORT_FROM, WATER_MONTH
from tests.worlds import valley
from tests.worlds.valley import at, measured

LOW: dict[str, Any] = {"dem": valley.level(400.0)}  # metres: wheat of the lowland is watered in April, May and June
UPPER = "upper command"
DRY = {4: 1.0, 5: 0.9, 6: 0.8, 7: 0.5, 8: 0.6, 9: 0.75}
NOTHING: dict[str, Any] = {
    "sdr": None,
    "sdr_basis": "unknown",
    "sdr_date": None,
    "turns_scheduled": None,
    "turns_delivered": None,
}


def balance(
    worst: Mapping[int, float | None], best: Mapping[int, float | None] | None = None, **said: Any
) -> gpd.GeoDataFrame:
    """One area of a balance of a dry year, its ratios by month."""
    row: dict[str, Any] = {"code": UPPER, "year_type": "dry", "rule": "proportional", "unneeded": None, **said}
    for month in range(1, 13):
        row[f"ratio_{month:02d}"] = worst.get(month)
        row[f"ratio_best_{month:02d}"] = (worst if best is None else best).get(month)
    return valley.frame([{**row, "geometry": valley.square("clean", 5.0)}])


def water(found: gpd.GeoDataFrame | None, crop: str = "wheat", **known: Any) -> Measured:
    areas = valley.command_areas().assign(**{**NOTHING, **known})
    return measured("water_adequacy", crop=crop, command_areas=areas, area_balance=found, **LOW)


def ends(found: Measured) -> tuple[float, float]:
    return float(found.at_worst[0]), float(found.at_best[0])


def test_without_a_ratio_of_its_own_an_area_has_that_of_the_balance_in_the_months_of_the_crop() -> None:
    wheat = water(balance(DRY))
    assert (at(wheat, "clean"), ends(wheat), wheat.evidence[0]) == (0.8, (0.8, 0.8), C)  # type: ignore[index]
    assert (wheat.beside[WATER_MONTH][0], wheat.beside[SHORT_FROM][0]) == (6, 5)
    assert wheat.beside[SECOND_CROP][0] == 0.5
    assert np.isnan(wheat.beside[COMPUTED_WATER][0])  # it stands itself
    assert at(water(balance(DRY), "maize"), "clean") == 0.5  # June to September
    assert np.isnan(at(wheat, "cut_off"))  # its area is in no balance


@pytest.mark.parametrize("basis", ["surveyed", "loaded", "unknown"])
def test_a_ratio_on_record_wins_and_the_computed_one_stands_beside(basis: str) -> None:
    found = water(balance(DRY), sdr=0.95, sdr_basis=basis, sdr_date="Apr-Sep 2025")
    assert (at(found, "clean"), ends(found)) == (0.95, (0.95, 0.95))
    assert found.beside[COMPUTED_WATER][0] == 0.8
    assert np.isnan(found.beside[COMPUTED_WATER][valley.NAMES.index("cut_off")])
    assert found.evidence is not None
    assert found.evidence[0] == {"surveyed": B, "loaded": C, "unknown": D}[basis]


def test_months_that_were_loaded_win_too() -> None:
    rows = [{"code": str(m), "month": m, "ratio": 0.7, "command_area": UPPER, "year_type": "dry"} for m in (4, 5, 6)]
    areas = valley.command_areas().assign(**NOTHING)
    months = pd.DataFrame(rows)
    found = measured(
        "water_adequacy", crop="wheat", command_areas=areas, command_months=months, area_balance=balance(DRY), **LOW
    )
    assert (at(found, "clean"), found.beside[COMPUTED_WATER][0]) == (0.7, 0.8)


def test_a_ratio_that_is_itself_of_a_balance_gives_way_to_one_that_knows_the_area() -> None:
    assert at(water(balance(DRY), sdr=0.95, sdr_basis="balance"), "clean") == 0.8
    assert at(water(balance({}), sdr=0.95, sdr_basis="balance"), "clean") == 0.95
    assert at(water(None, sdr=0.95, sdr_basis="balance"), "clean") == 0.95


@pytest.mark.parametrize("said", [{"year_type": "normal"}, {"year_type": "wet"}, {"rule": "head-first"}])
def test_other_years_and_rules_judge_no_land(said: dict[str, Any]) -> None:
    assert np.isnan(at(water(balance(DRY, **said)), "clean"))
    plenty = dict.fromkeys(DRY, 1.0)
    both: gpd.GeoDataFrame = pd.concat([balance(plenty, **said), balance(DRY)], ignore_index=True)
    assert at(water(both), "clean") == 0.8


def test_what_is_unknown_of_canals_gives_both_ends_and_the_lesser_counts() -> None:
    found = water(balance(DRY, {4: 1.0, 5: 0.95, 6: 0.9}))
    assert (at(found, "clean"), ends(found), found.evidence[0]) == (0.8, (0.8, 0.9), D)  # type: ignore[index]
    assert found.beside[WATER_MONTH][0] == 6  # the same at both ends
    found = water(balance(DRY, {4: 1.0, 5: 0.92, 6: 1.0}))
    assert ends(found) == (0.8, 0.92)
    assert np.isnan(found.beside[WATER_MONTH][0])  # June or May
    assert found.beside[SHORT_FROM][0] == 5
    found = water(balance(DRY, {4: 1.0, 5: 1.0, 6: 1.0}))
    assert np.isnan(found.beside[SHORT_FROM][0])


def test_a_window_of_which_nothing_is_known_may_be_the_better_one() -> None:
    """Potato of the lowland, April to June or August and September: without water in spring, autumn is not known."""
    found = water(balance({4: 0.0, 5: 0.0, 6: 0.0}), "potato")
    assert ends(found) == (0.0, 1.2)


def test_a_balance_without_its_better_end_is_no_exact_one() -> None:
    assert ends(water(balance(DRY, {}))) == (0.8, 1.0)


def test_a_month_nobody_knows_may_have_nothing() -> None:
    assert ends(water(balance({4: 1.0, 6: 0.8}))) == (0.0, 0.8)
    found = water(balance({7: 0.5}))  # of no month that counts is anything known
    assert np.isnan(at(found, "clean"))


def test_of_several_worse_months_and_a_ratio_on_record_only_what_is_computed_is_beside() -> None:
    found = water(balance({4: 1.0, 6: 0.8}), sdr=0.9, sdr_basis="surveyed")
    assert (at(found, "clean"), found.beside[COMPUTED_WATER][0]) == (0.9, 0.0)


def turns(found: gpd.GeoDataFrame | None, **known: Any) -> Measured:
    areas = valley.command_areas().assign(**{**NOTHING, **known})
    return measured("turn_reliability", command_areas=areas, area_balance=found, plot_surveys=None)


def test_turns_nobody_counted_are_the_share_of_months_with_three_quarters_of_the_need() -> None:
    found = turns(balance(DRY))  # April, May, June and September
    assert at(found, "clean") == pytest.approx(4 / 6)
    assert found.evidence is not None
    assert found.evidence[0] == D
    assert (found.notes[RELIABILITY_BALANCE][0], found.notes[RELIABILITY_PROXY][0]) == (True, False)
    assert at(turns(balance({**DRY, 9: 0.7499})), "clean") == pytest.approx(3 / 6)


def test_counted_turns_come_before_the_balance_and_that_before_the_position() -> None:
    counted = turns(balance(DRY), turns_scheduled=10, turns_delivered=9, sdr_date="2025")
    assert (at(counted, "clean"), counted.notes[RELIABILITY_BALANCE].any()) == (0.9, False)
    for nothing in (None, balance({}), balance({1: 1.0, 11: 1.0}), balance(DRY, year_type="wet")):
        found = turns(nothing, position="tail")
        assert (at(found, "clean"), found.notes[RELIABILITY_PROXY][0]) == (0.40, True)


def test_months_of_unknown_turns_fail_at_worst_and_do_not_at_best() -> None:
    known = {month: ratio for month, ratio in DRY.items() if month not in (4, 7)}  # May, June and September have
    found = turns(balance(known, {**known, 8: 0.9}))
    assert (at(found, "clean"), ends(found)) == (pytest.approx(3 / 6), pytest.approx((3 / 6, 6 / 6)))


def test_months_without_a_need_are_no_months_without_turns() -> None:
    """September needs nothing, of August nothing is known: of five months four have water at best, three at worst."""
    known = {4: 1.0, 5: 0.9, 6: 0.8, 7: 0.5}
    found = turns(balance(known, unneeded="01 02 09 12"))
    assert ends(found) == (pytest.approx(3 / 5), pytest.approx(4 / 5))
    assert ends(water(balance({4: 1.0, 6: 0.8}, unneeded="05")))[0] == 0.0  # others need nothing in May, wheat does


@settings(max_examples=12)
@given(
    st.dictionaries(st.integers(4, 9), st.floats(0.0, 1.0), min_size=2),
    st.data(),
    st.sampled_from(["wheat", "maize", "potato", "apricot"]),
)
def test_to_know_less_improves_nothing(ratios: dict[int, float], data: st.DataObject, crop: str) -> None:
    """A month forgotten, or known between two ends: the worse end falls, and the better one does not."""
    month = data.draw(st.sampled_from(sorted(ratios)))
    low = data.draw(st.floats(0.0, ratios[month]))
    high = data.draw(st.floats(ratios[month], 1.0))
    for of, measure in ((water(balance(ratios), crop), lambda f: water(f, crop)), (turns(balance(ratios)), turns)):
        forgotten = measure(balance({k: v for k, v in ratios.items() if k != month}))
        between = measure(balance({**ratios, month: low}, {**ratios, month: high}))
        for less in (forgotten, between):
            if np.isnan(at(less, "clean")) or np.isnan(at(of, "clean")):
                continue
            assert less.at_worst[0] <= of.at_worst[0]
            assert less.at_best[0] >= of.at_best[0]


@pytest.mark.parametrize(
    ("known", "published", "expected"),
    [
        ({"sdr": 0.7, "sdr_basis": "surveyed"}, True, "surveyed"),
        ({"sdr": 0.7, "sdr_basis": "loaded"}, True, "loaded"),
        ({"sdr": 0.7, "sdr_basis": "loaded"}, False, "loaded"),
        ({"sdr": 0.7, "sdr_basis": "unknown"}, False, "unknown"),
        ({"sdr": 0.7, "sdr_basis": "balance"}, True, "balance"),
        ({}, True, "balance"),
        ({}, False, None),
    ],
)
def test_how_a_ratio_was_obtained_goes_with_it(known: dict[str, Any], published: bool, expected: str | None) -> None:
    row = water(balance(DRY) if published else None, **known).beside[WATER_BASIS][0]
    assert (None if np.isnan(row) else BASES[int(row)]) == expected
