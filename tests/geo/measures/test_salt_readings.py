"""Salinity as services write it is an interval of ECe; figures worked out by hand from the published formulas."""

from __future__ import annotations

from datetime import date
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.contract.criterion import A, B, C
from geo.criteria import BY_ID
from geo.measures.salt_readings import extract_of_residue, factor_of, factors_of, salt_readings
from geo.panel.scheme import load_scheme
from geo.suitability.assess import assess
from tests.worlds import valley
from tests.worlds.valley import measured, surveys

DAY = {"plot_id": "clean", "survey_date": date(2025, 8, 1)}
SCHEME = load_scheme()


def ends(**row: Any) -> tuple[float, float]:
    found = salt_readings(pd.DataFrame([row]))
    return float(found.low[0]), float(found.high[0])


@pytest.mark.parametrize(
    ("saturation", "published"), [(0.150, 22.7), (0.267, 13.8), (0.430, 9.5), (0.493, 8.6), (0.750, 6.5)]
)
def test_factors_are_those_that_are_published_by_texture(saturation: float, published: float) -> None:
    assert factor_of(saturation) == pytest.approx(published, abs=0.05)


def test_a_texture_spreads_the_factor_and_an_unknown_one_most() -> None:
    low, high = factors_of(np.array(["loam", "sand", "clay", "unknown", ""], dtype=object))
    # Loam: 2.46 + 3.03 / (.43 x 1.25 or .75); sand .15, clay .75 likewise.
    assert low == pytest.approx([8.097, 18.62, 5.692, 5.692, 5.692], abs=0.001)
    assert high == pytest.approx([11.855, 29.393, 7.847, 29.393, 29.393], abs=0.001)


def test_dry_residue_becomes_the_conductivity_of_its_extract() -> None:
    low, high = extract_of_residue(np.array([0.32, 1.0]))  # .64 and 2 g/l, at .9 and .55 g/l for each dS/m
    assert low == pytest.approx([0.7111, 2.2222], abs=1e-4)
    assert high == pytest.approx([1.1636, 3.6364], abs=1e-4)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"salinity_class": "none"}, (0, 2)),
        ({"salinity_class": "slight"}, (2, 4)),
        ({"salinity_class": "moderate"}, (4, 8)),
        ({"salinity_class": "strong"}, (8, 16)),
        ({"salinity_class": "very_strong"}, (16, 100)),
        ({"salinity_low": 3.0, "salinity_high": 5.0}, (3, 5)),
        ({"salinity_low": 5.0, "salinity_high": 3.0}, (3, 5)),
        ({"salinity_low": 3.0}, (3, 100)),  # nobody said how much at most
        ({"salinity_high": 5.0}, (0, 5)),
        ({"extract_ds_m": 1.0, "texture": "loam"}, (8.097, 11.855)),
        ({"extract_ds_m": 1.0}, (5.692, 29.393)),
        ({"dry_residue_pct": 0.32, "texture": "loam"}, (0.7111 * 8.097, 1.1636 * 11.855)),
        ({"dry_residue_pct": 9.0, "texture": "sand"}, (372.4, 372.4)),  # beyond any survey, and no less for it
        ({"salinity_ds_m": 6.0, "salinity_class": "none", "extract_ds_m": 1.0}, (6, 6)),
        ({"salinity_class": "slight", "dry_residue_pct": 2.0}, (2, 4)),
        ({"texture": "loam"}, (np.nan, np.nan)),
    ],
)
def test_what_is_said_is_an_interval(row: dict[str, Any], expected: tuple[float, float]) -> None:
    assert ends(**row) == pytest.approx(expected, rel=1e-3, nan_ok=True)


def test_the_less_direct_the_poorer_the_evidence() -> None:
    said = {"salinity_ds_m": A, "salinity_low": B, "extract_ds_m": C, "dry_residue_pct": C}
    for name, evidence in said.items():
        found = measured("salinity_ds_m", plot_surveys=surveys({**DAY, name: 1.0}))
        assert found.evidence is not None
        assert found.evidence[0] == evidence, name


def test_an_interval_stays_one_and_its_salty_end_counts() -> None:
    found = measured("salinity_ds_m", plot_surveys=surveys({**DAY, "salinity_class": "moderate"}))
    assert (found.value[0], found.at_worst[0], found.at_best[0]) == (8.0, 8.0, 4.0)
    exact = measured("salinity_ds_m", plot_surveys=surveys({**DAY, "salinity_ds_m": 5.0}))
    assert exact.worst is None
    newer = surveys(
        {**DAY, "salinity_ds_m": 1.0},
        {**DAY, "survey_date": date(2026, 5, 1), "salinity_low": 4.0, "salinity_high": 6.0},
    )
    found = measured("salinity_ds_m", plot_surveys=newer)
    assert (found.at_worst[0], found.at_best[0]) == (6.0, 4.0)
    # A limit counts where it is certain: potato gives less than a fifth from 8.38 dS/m on, and it may be 8.
    limits = BY_ID["salinity_ds_m"].limits
    wide = measured("salinity_ds_m", plot_surveys=surveys({**DAY, "salinity_low": 8.0, "salinity_high": 30.0}))
    assert not any(limit.reached(wide)[0] for limit in limits[:1])


def score(**row: Any) -> tuple[float, float]:
    around = valley.layers()
    old = valley.plot_surveys()
    mine = old[old["plot_id"] == "clean"].drop(columns="salinity_ds_m").assign(**row)
    around["plot_surveys"] = gpd.GeoDataFrame(pd.concat([old[old["plot_id"] != "clean"], mine], ignore_index=True))
    found = assess(valley.plots(), around, valley.judgement(), SCHEME).to_frame()
    one = found[found["plot_id"] == "clean"].iloc[0] if "plot_id" in found else found.iloc[0]
    return float(one["score_low"]), float(one["score_high"])


@settings(max_examples=8, deadline=None)
@given(low=st.floats(0.5, 9.0), width=st.floats(0.1, 6.0), share=st.floats(0.0, 1.0))
def test_what_is_measured_lies_inside_what_the_interval_said(low: float, width: float, share: float) -> None:
    least, most = score(salinity_low=low, salinity_high=low + width)
    exact_least, exact_most = score(salinity_ds_m=low + share * width)
    assert least - 1e-6 <= exact_least
    assert exact_most <= most + 1e-6


def test_groundwater_by_bounds_and_by_month() -> None:
    """Knots of depth 2.5 1.8 1.2 .8 .4; a reading out of the season is off by .7 m at most."""

    def found(**row: Any) -> tuple[float, float, float]:
        measure = measured("soil_water", plot_surveys=surveys({**DAY, "awc_mm_m": 200.0, **row}))
        return measure.value[0], measure.at_worst[0], measure.at_best[0]

    assert found(groundwater_low=1.2, groundwater_high=1.8) == (0.5, 0.5, 0.75)
    assert found(groundwater_low=1.2) == (0.5, 0.5, 1.0)
    worst, best = found(groundwater_high=1.2)[1:]
    assert (worst, best) == (0.0, 0.5)
    winter = {"survey_date": date(2026, 1, 1)}
    assert found(**winter, groundwater_m=1.5) == pytest.approx((0.625, 0.25, 0.75 + 0.25 * 0.4 / 0.7))
    assert found(**winter, groundwater_m=1.5, month=8) == (
        0.625,
        0.625,
        0.625,
    )  # read in August
    bounds = {"groundwater_low": 1.5, "groundwater_high": 1.8}
    assert found(**winter, **bounds) == pytest.approx((0.625, 0.25, 1.0))  # .8 to 2.5 m
