"""Water in the months of the reference crop, by hand: months typed from the field calendar, ratios chosen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest

from geo.contract.criterion import Block, Measured
from geo.criteria import BY_ID
from geo.crops.season import is_summer_crop, watered_months
from geo.measures.water_by_month import SECOND_CROP, WATER_MONTH
from geo.panel.scheme import load_scheme
from geo.suitability.assess import assess
from tests.worlds import valley
from tests.worlds.valley import at, measured

LOW: dict[str, Any] = {"dem": valley.level(400.0)}  # metres: the calendar of the lowland
DRY = {4: 1.1, 5: 1.0, 6: 0.9, 7: 0.54, 8: 0.6, 9: 0.8}


def months(ratios: Mapping[int, float | None], year_type: str = "dry", area: str = "upper command") -> pd.DataFrame:
    rows = [{"code": f"{area}{m}{year_type}", "month": m, "ratio": ratio} for m, ratio in ratios.items()]
    return pd.DataFrame(rows).assign(command_area=area, year_type=year_type)


def water(crop: str, ratios: pd.DataFrame | None, sdr: float | None = 0.54, **layers: Any) -> Measured:
    areas = valley.command_areas().assign(sdr=sdr)
    return measured("water_adequacy", crop=crop, command_areas=areas, command_months=ratios, **layers)


@pytest.mark.parametrize(
    ("crop", "zone", "told"),
    [
        ("wheat", "lowland", ((4, 5, 6),)),  # October to June
        ("wheat", "mountain", ((4, 5, 6, 7, 8),)),  # October to August
        ("potato", "mountain", ((4, 5, 6, 7, 8, 9),)),  # 21 April to September: ten days of 163
        ("potato", "lowland", ((4, 5, 6), (8, 9))),
        ("maize", "lowland", ((6, 7, 8, 9),)),
        ("cotton", "mountain", ()),
        ("walnut", "lowland", ((4, 5, 6, 7, 8, 9),)),  # without a window
    ],
)
def test_months_are_those_of_the_field_calendar(crop: str, zone: str, told: tuple[tuple[int, ...], ...]) -> None:
    assert watered_months(crop, zone) == told


def test_wheat_is_cut_before_water_is_short() -> None:
    wheat = water("wheat", months(DRY), **LOW)
    assert (at(wheat, "clean"), wheat.beside[WATER_MONTH][0]) == (0.9, 6)
    assert wheat.worst is None or np.isnan(wheat.worst[0])
    assert wheat.beside[SECOND_CROP][0] == 0.54
    upland = water("wheat", months(DRY))
    assert (at(upland, "clean"), upland.beside[WATER_MONTH][0]) == (0.54, 7)
    potato = water("potato", months(DRY), **LOW)  # the better of spring and autumn
    assert (at(potato, "clean"), potato.beside[WATER_MONTH][0]) == (0.9, 6)


def test_a_plot_of_unknown_height_counts_the_months_of_both_zones() -> None:
    assert at(water("wheat", months(DRY), dem=None), "clean") == 0.54


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
    assert (row["water_adequacy"], row["water_month"], row["second_crop_water"]) == (
        np.float32(0.54),
        7,
        np.float32(0.54),
    )
    outside = frame.iloc[valley.NAMES.index("outside")]
    assert outside["water_month"] is None
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
