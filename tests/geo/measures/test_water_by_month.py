"""Water in the months of the reference crop, by hand: months typed from the field calendar, ratios chosen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from geo.contract.criterion import Block, Measured
from geo.criteria import BY_ID
from geo.crops import water_months
from geo.crops.season import is_summer_crop
from geo.crops.water_months import months_that_count
from geo.measures.reference_et import reference_et_mm_d
from geo.measures.water_by_month import SECOND_CROP, SHORT_FROM, WATER_MONTH
from geo.panel.scheme import load_scheme
from geo.suitability.assess import assess
from tests.worlds import slow_water, valley
from tests.worlds.valley import at, measured

LOW: dict[str, Any] = {"dem": valley.level(400.0)}  # metres: the calendar of the lowland
DRY = {4: 1.1, 5: 1.0, 6: 0.9, 7: 0.54, 8: 0.6, 9: 0.8}


def months(ratios: Mapping[int, float | None], year_type: str = "dry", area: str = "upper command") -> pd.DataFrame:
    rows = [{"code": f"{area}{m}{year_type}", "month": m, "ratio": ratio} for m, ratio in ratios.items()]
    return pd.DataFrame(rows).assign(command_area=area, year_type=year_type)


def water(crop: str, ratios: pd.DataFrame | None, sdr: float | None = 0.54, **layers: Any) -> Measured:
    areas = valley.command_areas().assign(sdr=sdr)
    return measured("water_adequacy", crop=crop, command_areas=areas, command_months=ratios, **layers)


# By hand, mm/d: mid-month Hargreaves of Bokhtar, 37.84 N (domain reference 6.1: Ra 35.2 39.9 41.8 40.8 37.0 30.7), with
# means 16 21 26 28 26 20.5 and nights 9 13 17 19 16.5 11 C: .000938 (T + 17.8) sqrt(2 (T - night)) Ra.
BOKHTAR_ET0 = (0.8, 1.2, 2.2, 4.18, 5.82, 7.29, 7.44, 6.64, 4.81, 2.8, 1.5, 0.8)


def told_months(crop: str, zone: str, et0: tuple[float, ...] = BOKHTAR_ET0) -> tuple[tuple[int, ...], ...]:
    found = months_that_count(crop, zone, np.array([et0]))
    assert all((one.possible == one.certain).all() for one in found)
    return tuple(tuple((np.flatnonzero(one.possible[0]) + 1).tolist()) for one in found)


@pytest.mark.parametrize(
    ("crop", "zone", "told"),
    [
        ("wheat", "lowland", ((4, 5, 6),)),  # October to June
        ("wheat", "mountain", ((4, 5, 6, 7, 8),)),  # October to August
        # Ten days of April at Kc .5 are 10 x .5 x 4.18 = 21 mm of a season of 163 days and about 910 mm: 2 %.
        ("potato", "mountain", ((5, 6, 7, 8, 9),)),
        ("potato", "lowland", ((4, 5, 6), (8, 9))),
        ("maize", "lowland", ((6, 7, 8, 9),)),
        ("cotton", "mountain", ()),
        ("apricot", "lowland", ((4, 5, 6, 7, 8, 9),)),  # picked by July, in leaf for 210 days
        ("walnut", "lowland", ((4, 5, 6, 7, 8, 9),)),  # without a window
        ("sainfoin", "lowland", ((4, 5, 6, 7, 8, 9),)),  # without a row of Kc
    ],
)
def test_months_are_those_of_need(crop: str, zone: str, told: tuple[tuple[int, ...], ...]) -> None:
    assert told_months(crop, zone) == told


def test_a_twentieth_of_the_need_counts_not_of_the_days() -> None:
    """Maize of the lowland, June to October: 30 of 122 days are September's, a quarter; in a cold autumn no need is."""
    cold = (*BOKHTAR_ET0[:8], 0.3, *BOKHTAR_ET0[9:])
    assert told_months("maize", "lowland", cold) == ((6, 7, 8),)


@pytest.mark.parametrize("seed", range(8))
def test_months_agree_with_a_slow_day_by_day_sum(seed: int) -> None:
    random = np.random.default_rng(seed)
    warmth = random.uniform(-4, 6) + np.array([-6, -3, 3, 9, 14, 18, 21, 20, 15, 9, 3, -3.0])
    nights = warmth - random.uniform(3, 9, 12)
    et0 = slow_water.et0_mm_d(38.5, warmth.tolist(), nights.tolist())
    for crop, zone in slow_water.WINDOWS:
        windows = slow_water.WINDOWS[crop, zone]
        slow = tuple(slow_water.months_of(slow_water.needs_mm(crop, window, et0)) for window in windows)
        assert told_months(crop, zone, tuple(et0)) == slow, (crop, zone)


def test_months_agree_with_a_slow_sum_under_any_sky() -> None:
    """Evapotranspiration of any size in any month, so that many a month lies near the twentieth of the need."""
    random = np.random.default_rng(11)
    for _ in range(40):
        et0 = (10 ** random.uniform(-1.5, 1.0, 12)).tolist()
        for (crop, zone), windows in slow_water.WINDOWS.items():
            slow = tuple(slow_water.months_of(slow_water.needs_mm(crop, window, et0)) for window in windows)
            assert told_months(crop, zone, tuple(et0)) == slow, (crop, zone, et0)


@pytest.mark.parametrize(("crop", "month"), [("potato", 8), ("carrot", 7), ("apricot", 9), ("maize", 6)])
def test_a_month_counts_from_the_same_sky_on_as_by_the_slow_sum(crop: str, month: int) -> None:
    """Evapotranspiration of one month in steps of a hundredth: stages of another length would count it sooner or later.

    Potato and carrot stand shorter in the lowland than the season of FAO-56, apricot is in leaf longer than to July.
    """
    counted = []
    for low in np.geomspace(0.05, 4.0, 440):
        et0 = [5.0] * 12
        et0[month - 1] = float(low)
        windows = slow_water.WINDOWS[crop, "lowland"]
        slow = tuple(slow_water.months_of(slow_water.needs_mm(crop, window, et0)) for window in windows)
        assert told_months(crop, "lowland", tuple(et0)) == slow, low
        counted.append(any(month in months for months in slow))
    assert set(counted) == {False, True}


def test_a_plot_has_its_months_whatever_its_neighbours_have() -> None:
    """One with the sky of Bokhtar, one on which nothing evaporates, one of which it is not known."""
    (found,) = months_that_count("maize", "lowland", np.array([BOKHTAR_ET0, np.zeros(12), np.full(12, np.nan)]))
    told = np.isin(np.arange(1, 13), (6, 7, 8, 9))
    np.testing.assert_array_equal(found.possible[[0, 2]], [told, told])
    np.testing.assert_array_equal(found.certain, [told, np.zeros(12), np.zeros(12)])


def test_where_no_coefficient_or_window_is_on_record_every_day_needs_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    cold = (*BOKHTAR_ET0[:8], 0.05, *BOKHTAR_ET0[9:])
    assert told_months("walnut", "mountain", cold) == ((4, 5, 6, 7, 8, 9),)
    monkeypatch.setattr(water_months, "crop_water", dict)
    assert told_months("maize", "lowland", cold) == ((6, 7, 8, 9),)  # stands to October
    assert told_months("chickpea", "lowland", cold) == ((4, 5, 6, 7),)  # stands from March


@pytest.mark.parametrize("seed", range(4))
def test_water_of_plots_agrees_with_a_slow_reference(seed: int) -> None:
    random = np.random.default_rng(50 + seed)
    normals = 10.0 + np.array([-12, -9, -3, 3, 8, 12, 15, 14, 9, 3, -3, -9.0]) + random.uniform(-3, 5)
    nights = normals - random.uniform(3, 8, 12)
    sky: dict[str, Any] = {}
    for name, values in (("mean_temperature", normals), ("minimum_temperature", nights)):
        sky[name] = valley.level(0.0, cell_m=valley.CLIMATE_CELL_M, bands=12)
        sky[name].values[:] = values[:, None, None]
    latitude = 38.0  # of the valley, to a degree: months do not hang on it
    for zone, dem in (("lowland", 400.0), ("mountain", 1_500.0)):
        lapse = 0.0065 * (dem - 1_000.0)
        et0 = slow_water.et0_mm_d(latitude, (normals - lapse).tolist(), (nights - lapse).tolist())
        ratios = random.uniform(0.2, 1.3, 12).round(2)
        table = months(dict(zip(range(1, 13), ratios.tolist(), strict=True)))
        for crop in {name for name, _ in slow_water.WINDOWS}:
            found = water(crop, table, float(ratios.min()), dem=valley.level(dem), **sky)
            least, month, first = slow_water.water_of(crop, zone, et0, ratios.tolist())
            row = valley.NAMES.index("clean")
            assert (found.value[row], found.beside[WATER_MONTH][row]) == (least, month), (crop, zone)
            short = found.beside[SHORT_FROM][row]
            assert (None if np.isnan(short) else short) == first, (crop, zone)


def test_evapotranspiration_is_that_of_hargreaves_at_the_height_of_the_plot() -> None:
    """By the formulas typed from domain reference 6.1; the valley at 39 N, mean 20 and nights 10 C at 1,000 m."""
    for dem in (1_000.0, 2_000.0):
        block = Block(valley.plots(), {**valley.layers(), "dem": valley.level(dem)}, valley.judgement())
        colder = 0.0065 * (dem - 1_000.0)
        latitude = float(valley.plots().to_crs(4326).geometry.iloc[0].centroid.y)
        slow = slow_water.et0_mm_d(latitude, [20.0 - colder] * 12, [10.0 - colder] * 12)
        assert reference_et_mm_d(block, np.inf)[0] == pytest.approx(slow, rel=1e-4)


def test_hargreaves_of_published_days() -> None:
    """Domain reference 6.1: radiation of mid-July at 37.84 N is 40.8 and at 39.02 N 40.8 MJ; section 10, 9."""
    assert slow_water.radiation_mj(37.84, 196) == pytest.approx(40.8, abs=0.05)
    seven = slow_water.et0_mm_d(37.84, [28.5] * 12, [20.0] * 12)[6]
    six = slow_water.et0_mm_d(39.02, [23.0] * 12, [15.0] * 12)[6]
    assert (round(seven, 2), round(six, 2)) == (7.31, 6.25)


def test_wheat_is_cut_before_water_is_short() -> None:
    wheat = water("wheat", months(DRY), **LOW)
    assert (at(wheat, "clean"), wheat.beside[WATER_MONTH][0]) == (0.9, 6)
    assert wheat.worst is None or np.isnan(wheat.worst[0])
    assert wheat.beside[SECOND_CROP][0] == 0.54
    upland = water("wheat", months(DRY))
    assert (at(upland, "clean"), upland.beside[WATER_MONTH][0]) == (0.54, 7)
    potato = water("potato", months(DRY), **LOW)  # the better of spring and autumn
    assert (at(potato, "clean"), potato.beside[WATER_MONTH][0]) == (0.9, 6)


def test_water_is_short_from_the_first_month_with_less_than_is_needed() -> None:
    upland = water("wheat", months(DRY))
    assert upland.beside[SHORT_FROM][0] == 6  # .9 in June, .54 in July
    assert np.isnan(water("wheat", months(dict.fromkeys(DRY, 1.0))).beside[SHORT_FROM][0])
    gap = water("wheat", months({4: 1.1, 5: None, 6: 0.9, 7: 0.5, 8: 0.6}))
    assert np.isnan(gap.beside[SHORT_FROM][0])  # May might be the first


def test_where_the_months_are_not_known_the_ratio_lies_between_all_and_the_best_of_them() -> None:
    """Height unknown: wheat to June or to August; without normals it is not known which months count."""
    for missing in ("dem", "mean_temperature", "minimum_temperature", "climate_relief"):
        found = water("wheat", months(DRY), **{missing: None})
        assert at(found, "clean") == 0.54, missing
        assert (found.at_worst[0], found.at_best[0]) == (0.54, 1.1), missing
        assert np.isnan(found.beside[WATER_MONTH][0])
        assert np.isnan(found.beside[SHORT_FROM][0])
    lowland = water("wheat", months(DRY), **LOW, mean_temperature=None)
    assert (lowland.at_worst[0], lowland.at_best[0]) == (0.9, 1.1)
    partly = water("wheat", months({4: 1.0, 6: 0.9}), 0.5, **LOW, mean_temperature=None)  # May may be the best, 1.2
    assert (partly.at_worst[0], partly.at_best[0]) == (0.5, 1.2)


def test_a_plot_that_may_lie_where_nothing_is_on_record_has_no_ratio() -> None:
    """Tomato stands in April in the lowland and not in the mountains; of a plot of unknown height neither is known."""
    april = months({4: 1.0})
    low, anywhere = water("tomato", april, None, **LOW), water("tomato", april, None, dem=None)
    inside = np.flatnonzero(low.value == 1.0)
    assert len(inside) == 7
    assert np.isnan(anywhere.value[inside]).all()


def test_of_a_plot_of_unknown_height_the_worse_calendar_counts() -> None:
    """Tomato stands from April in the lowland, from May above: April is short, and nobody knows which holds."""
    ratios = months({**DRY, 4: 0.3})
    unknown = water("tomato", ratios, 0.3, dem=None)
    assert (unknown.at_worst[0], unknown.at_best[0]) == (0.3, 1.0)
    upland = water("tomato", ratios, 0.3)
    assert (at(upland, "clean"), upland.beside[WATER_MONTH][0]) == (0.54, 7)


def test_each_plot_has_the_months_of_its_own_crop() -> None:
    names = ["wheat", "maize", "wheat", "tomato", "maize", "wheat", "wheat", "wheat", "tomato"]
    ratios = months({**DRY, 8: 0.4})
    areas = valley.command_areas().assign(sdr=0.4)
    layers = {**valley.layers(), **LOW, "command_areas": areas, "command_months": ratios}
    judgement = replace(valley.judgement(), crop=np.array(names))
    found = BY_ID["water_adequacy"].measured(Block(valley.plots(), layers, judgement))
    clean = water("wheat", ratios, 0.4, **LOW)
    inside = [i for i in range(len(names)) if not np.isnan(clean.beside[WATER_MONTH][i])]
    assert len(inside) > 5
    told = {"wheat": (0.9, 6), "maize": (0.4, 8), "tomato": (0.4, 8)}
    for i in inside:
        assert (found.value[i], found.beside[WATER_MONTH][i]) == told[names[i]], names[i]


@pytest.mark.parametrize("month", [7, 8, 9])
def test_a_second_crop_has_the_least_of_july_to_september(month: int) -> None:
    ratios = months({**dict.fromkeys(range(4, 10), 0.9), month: 0.35, 6: 0.2})
    assert water("wheat", ratios, 0.2).beside[SECOND_CROP][0] == 0.35


def test_only_a_dry_year_counts_and_without_months_the_worst_of_the_year() -> None:
    wet = months(dict.fromkeys(range(4, 10), 1.2), "normal")
    both = pd.concat([months(DRY), wet], ignore_index=True)
    assert at(water("wheat", both, **LOW), "clean") == 0.9
    for ratios in (wet, None, months(dict.fromkeys(DRY, None)), months({7: 0.54, 8: 0.6})):
        found = water("wheat", ratios, **LOW)
        assert at(found, "clean") == 0.54
        assert found.worst is None or np.isnan(found.worst[0])
        assert np.isnan(found.beside[WATER_MONTH][0])


@pytest.mark.parametrize(("sdr", "worst"), [(0.5, 0.5), (None, 0.0), (0.95, 0.9)])
def test_a_month_without_a_figure_leaves_an_interval_down_to_the_worst_of_the_year(
    sdr: float | None, worst: float
) -> None:
    found = water("wheat", months({4: 1.0, 6: 0.9}), sdr, **LOW)  # nothing of May
    assert (at(found, "clean"), found.at_worst[0], found.at_best[0]) == (0.9, worst, 0.9)
    assert np.isnan(found.beside[WATER_MONTH][0])


def test_limits_and_class_follow_the_months_of_the_crop() -> None:
    """July at .25 shuts land for potatoes that stand in it, not for lowland wheat."""
    july = months({**DRY, 7: 0.25})
    limit = BY_ID["water_adequacy"].limits[0]
    assert limit.reached(water("potato", july, 0.25))[0]
    assert not limit.reached(water("wheat", july, 0.25, **LOW))[0]


def test_results_keep_the_month_and_what_a_second_crop_has() -> None:
    layers = {**valley.layers(), "command_months": months(DRY)}
    frame = assess(valley.plots(), layers, valley.judgement(), load_scheme()).to_frame()
    row = frame.iloc[valley.NAMES.index("clean")]
    kept = ("water_adequacy", "water_month", "water_short_from", "second_crop_water")
    assert tuple(row[name] for name in kept) == (np.float32(0.54), 7, 6, np.float32(0.54))
    outside = frame.iloc[valley.NAMES.index("outside")]
    assert outside["water_month"] is None
    assert outside["water_short_from"] is None
    assert np.isnan(outside["second_crop_water"])


def test_summer_crops_are_those_sown_after_grain() -> None:
    told = {("mung_bean", "lowland"), ("mung_bean", "mountain"), ("maize", "lowland"), ("carrot", "lowland")}
    names = ("wheat", "potato", "maize", "carrot", "mung_bean", "tomato", "walnut")
    everywhere = {(crop, zone) for crop in names for zone in ("lowland", "mountain")}
    assert {pair for pair in everywhere if is_summer_crop(*pair)} == told


def test_water_of_other_areas_is_not_taken() -> None:
    found = water("wheat", months(dict.fromkeys(range(4, 10), 0.1), area="elsewhere"), **LOW)
    assert at(found, "clean") == 0.54
    block = Block(valley.plots(), {}, valley.judgement())
    assert BY_ID["water_adequacy"].measured(block).not_assessed == "the layer command_areas is not loaded"
