"""Crop water, salinity and supply: published examples and identities."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import TableError
from geo.water import irrigation
from geo.water.need.coefficients import CropCoefficients
from geo.water.need.rain import effective_rain_dependable_mm, effective_rain_scs_mm
from geo.water.need.soil_water import depletion_fraction
from tests.published import published


@pytest.mark.parametrize("row", published("yield_under_salt.csv"), ids=lambda row: row["crop"])
def test_salinity_response(row: dict[str, str]) -> None:
    threshold, slope = float(row["threshold_ds_m"]), float(row["slope_pct"])
    printed = irrigation.relative_yield_pct([2, 4, 6, 8, 10, 12], threshold, slope)
    assert printed == pytest.approx([float(row[ece]) for ece in ("2", "4", "6", "8", "10", "12")], abs=0.05)
    ends = [float(row["half_at"]), float(row["none_at"])]
    assert irrigation.relative_yield_pct(ends, threshold, slope) == pytest.approx([50, 0], abs=0.1)


def test_after_its_stages_a_crop_has_no_coefficient() -> None:
    assert np.isnan(CropCoefficients(0.5, 1.15, 0.75, 25, 30, 45, 30).on_day(131))


def test_effective_rain_has_no_step() -> None:
    assert effective_rain_scs_mm(250 + 1e-9) == pytest.approx(150)
    assert effective_rain_dependable_mm(70 + 1e-9) == pytest.approx(32)


def test_net_requirement_of_a_month() -> None:
    net = irrigation.net_requirement_mm(6 * 1.15 * 30, effective_rain_scs_mm(20))
    assert net == pytest.approx(187.64)


def test_one_litre_per_second_and_hectare_is_8_64_mm_a_day() -> None:
    assert irrigation.duty_l_s_ha(8.64, 1) == pytest.approx(1.0)


def test_command_balance_of_a_july() -> None:
    rain = effective_rain_scs_mm(10)
    coefficients, hectares = np.array([1.15, 0.95, 0.90]), np.array([10.0, 6.0, 4.0])
    net = irrigation.net_requirement_mm(6.2506 * 31 * coefficients, rain)
    assert net == pytest.approx([213.0, 174.2, 164.6], abs=0.06)
    demand = float((net * hectares).sum() * irrigation.M3_PER_MM_HA)
    assert demand == pytest.approx(38_335, abs=5)
    for conveyance, expected in [(0.60, 0.755), (0.80, 1.006)]:
        ratio = irrigation.supply_demand_ratio(
            intake_m3_s=0.030, days=31, conveyance=conveyance, application=0.6, net_demand_m3=demand
        )
        assert ratio == pytest.approx(expected, abs=5e-4)


def test_conveyance_classes_and_unknown_bed() -> None:
    lengths = (2_001, 2_000, 200, 199)
    assert [irrigation.canal_conveyance(length, "loam") for length in lengths] == [0.7, 0.75, 0.75, 0.85]
    with pytest.raises(TableError, match="gravel"):
        irrigation.canal_conveyance(100, "gravel")


@given(
    cuts=st.lists(st.floats(1, 1_000), min_size=1, max_size=12),
    condition=st.sampled_from([1, 2, 3, 4]),
    whole=st.sampled_from([0.6, 0.75, 0.95]),
)
def test_cutting_a_canal_into_reaches_changes_nothing(cuts: list[float], condition: int, whole: float) -> None:
    length = sum(cuts)
    parts = irrigation.reach_conveyance(whole, np.full(len(cuts), condition), cuts, length)
    uncut = irrigation.reach_conveyance(whole, condition, length, length)
    assert float(np.prod(parts)) == pytest.approx(float(uncut), rel=1e-12)


def test_a_destroyed_reach_carries_nothing_and_an_unknown_one_stays_unknown() -> None:
    carried = irrigation.reach_conveyance(0.75, [5, np.nan], [10, 10], [100, 100])
    assert carried[0] == 0
    assert np.isnan(carried[1])


def test_depletion_fraction_is_held() -> None:
    assert depletion_fraction([0.35, 0.1, 0.8], [5, 8, 0]) == pytest.approx([0.35, 0.1, 0.8])
