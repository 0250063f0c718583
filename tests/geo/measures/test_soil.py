"""Slope and soil of plots: exact means, the newest survey, and nothing made up in between."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest

from geo.contract.criterion import A, C, D, Measured
from geo.criteria import BY_ID
from tests.worlds import valley
from tests.worlds.valley import at, measured, surveys


def test_slope_is_the_exact_mean_and_the_table_follows_terraces_and_water() -> None:
    assert at(measured("slope_pct"), "steep") == 8.0
    half = valley.slope()
    x_min, y_min, _, y_max = valley.square("clean").bounds
    rows = slice(round((valley.Y + 3_000 - y_max) / 10), round((valley.Y + 3_000 - y_min) / 10))
    half.values[rows, round((x_min - valley.X) / 10) : round((x_min - valley.X) / 10) + 3] = 11.0
    assert at(measured("slope_pct", slope=half), "clean") == pytest.approx(6.0)  # half at 11 %, half at 1 %
    half.values[rows, round((x_min - valley.X) / 10) : round((x_min - valley.X) / 10) + 4] = np.nan
    assert np.isnan(at(measured("slope_pct", slope=half), "clean"))  # two thirds unknown

    plots = valley.plots()
    plots["irrigated"] = [True, False, None, False, None, False, True, True, True]
    plots["terraced"] = [True, None, None, None, None, None, False, None, True]
    # unsampled and steep are recorded dry but lie in a command area; 'outside' is dry indeed
    table = measured("slope_pct", of=plots).table
    assert table is not None
    assert table.tolist() == [1, 0, 0, 0, 0, 2, 0, 0, 1]


def test_the_newest_measured_value_counts_with_its_age() -> None:
    rows = surveys(
        {"plot_id": "clean", "survey_date": date(2020, 5, 1), "salinity_ds_m": 9.0},
        {"plot_id": "clean", "survey_date": date(2025, 5, 1), "salinity_ds_m": 3.0},
        {"plot_id": "clean", "survey_date": date(2026, 5, 1), "salinity_ds_m": None},
        {"plot_id": "clean", "survey_date": date(2027, 5, 1), "salinity_ds_m": 1.0},  # after the day of the run
        {"plot_id": "steep", "survey_date": date(2020, 5, 1), "salinity_ds_m": 5.0},
        {"plot_id": "elsewhere", "survey_date": date(2026, 5, 1), "salinity_ds_m": 7.0},
    )
    found = measured("salinity_ds_m", plot_surveys=rows.sample(frac=1.0, random_state=3))
    assert found.value[:2].tolist() == [3.0, 5.0]
    assert np.isnan(found.value[2:]).all()
    assert found.evidence is not None
    assert found.evidence[:2].tolist() == [A, C]


def test_soil_depth_is_surveyed_else_from_the_grid_less_stones() -> None:
    day = {"survey_date": date(2026, 5, 1)}
    rows = surveys(
        {"plot_id": "clean", **day, "soil_depth_cm": 80.0, "coarse_fragments_pct": 25.0},
        {"plot_id": "steep", **day, "coarse_fragments_pct": 50.0},
    )
    found = measured("soil_depth_cm", plot_surveys=rows, soil_depth=valley.level(90.0, cell_m=250.0))
    assert found.value[:3].tolist() == [60.0, 45.0, 90.0]
    assert found.evidence is not None
    assert found.evidence[:3].tolist() == [A, D, D]
    coarse = measured("soil_depth_cm", plot_surveys=rows, soil_depth=valley.level(90.0, cell_m=300.0))
    np.testing.assert_equal(coarse.value[:3], [60.0, np.nan, np.nan])
    alone = measured("soil_depth_cm", plot_surveys=None, soil_depth=valley.level(90.0, cell_m=300.0))
    assert alone.not_assessed is not None
    assert "cells of 300 m" in alone.not_assessed


@pytest.mark.parametrize(
    ("held_mm_m", "groundwater_m", "expected", "standing"),
    [
        (170.0, 2.5, 1.0, False),
        (130.0, 2.5, 0.75, False),
        (170.0, 0.8, 0.25, False),
        (170.0, None, np.nan, False),
        (None, 2.5, np.nan, False),
        (130.0, None, 0.75, False),  # between 0 and this
        (None, 0.4, 0.0, True),  # already the worst there can be
        (20.0, None, 0.0, False),
    ],
)
def test_soil_water_is_the_worse_of_two_and_unknown_with_one(
    held_mm_m: float | None, groundwater_m: float | None, expected: float, standing: bool
) -> None:
    row = {"plot_id": "clean", "survey_date": date(2026, 5, 1), "awc_mm_m": held_mm_m, "groundwater_m": groundwater_m}
    found = measured("soil_water", plot_surveys=surveys(row))
    np.testing.assert_equal(at(found, "clean"), expected)
    if (held_mm_m is None) != (groundwater_m is None) and not np.isnan(expected):
        assert (found.at_worst[0], found.at_best[0]) == (0.0, expected)
    limit = BY_ID["soil_water"].limits[0]
    assert bool(limit.reached(found)[0]) is standing


def test_groundwater_counts_at_its_shallowest_of_the_growing_season() -> None:
    """Domain reference 3.6 step 7: knots of depth 2.5 1.8 1.2 .8 .4; a reading out of season is off by .7 m at most."""

    def found(*readings: tuple[date, float]) -> tuple[float, float, float]:
        rows = [
            {"plot_id": "clean", "survey_date": day, "awc_mm_m": 200.0, "groundwater_m": depth}
            for day, depth in readings
        ]
        measure = measured("soil_water", plot_surveys=surveys(*rows))
        return measure.value[0], measure.at_worst[0], measure.at_best[0]

    assert found((date(2025, 5, 1), 1.2), (date(2025, 8, 1), 1.8)) == (0.5, 0.5, 0.5)  # the newest is not the worst
    assert found((date(2024, 6, 1), 0.4), (date(2025, 8, 1), 1.8)) == (0.75, 0.75, 0.75)  # of the newest season
    assert found((date(2025, 8, 1), 1.2), (date(2026, 1, 1), 2.5)) == (0.5, 0.5, 0.5)  # winter tells less
    assert found((date(2026, 1, 1), 1.5)) == pytest.approx((0.625, 0.25, 0.75 + 0.25 * 0.4 / 0.7))  # .8 to 2.2 m
    row = {"plot_id": "clean", "survey_date": date(2026, 1, 1), "awc_mm_m": 200.0, "groundwater_m": 0.4}
    winter = measured("soil_water", plot_surveys=surveys(row))
    assert not BY_ID["soil_water"].limits[0].reached(winter)[0]  # it may be deeper in the season


def test_a_model_of_soils_is_an_interval_and_a_survey_is_not() -> None:
    """Knots of available water 170 130 90 60 30 mm/m: at the mean 110 halfway from .5 to .75, at 60 .25, at 130 .75."""
    cells = {"available_water": 110.0, "available_water_low": 60.0, "available_water_high": 130.0}
    grids: dict[str, Any] = {name: valley.level(value, cell_m=250.0) for name, value in cells.items()}
    deep = {"plot_id": "clean", "survey_date": date(2026, 5, 1), "groundwater_m": 3.0}
    found = measured("soil_water", plot_surveys=surveys(deep), **grids)
    assert (at(found, "clean"), at_ends(found, "clean")) == (pytest.approx(0.625), pytest.approx((0.25, 0.75)))
    dug = measured("soil_water", plot_surveys=surveys({**deep, "awc_mm_m": 110.0}), **grids)
    assert at_ends(dug, "clean") == pytest.approx((0.625, 0.625))
    alone = measured("soil_water", plot_surveys=None, **grids)  # groundwater unknown: from 0 to the better end
    assert at_ends(alone, "clean") == pytest.approx((0.0, 0.75))
    mean_only: dict[str, Any] = {**grids, "available_water_low": None, "available_water_high": None}
    plain = measured("soil_water", plot_surveys=surveys(deep), **mean_only)
    assert at_ends(plain, "clean") == pytest.approx((0.625, 0.625))


def at_ends(found: Measured, plot_id: str) -> tuple[float, float]:
    """Worse and better end of one plot."""
    return at(replace(found, value=found.at_worst), plot_id), at(replace(found, value=found.at_best), plot_id)
