"""Crop water, salinity and supply: published examples and identities."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import TableError
from geo.water import irrigation

POTATO = irrigation.CropCoefficients(0.5, 1.15, 0.75, 25, 30, 45, 30)
BEAN = irrigation.CropCoefficients(0.15, 1.19, 0.35, 25, 25, 30, 20)


def test_crop_coefficient_of_potato() -> None:
    assert POTATO.on_day([20, 40, 70, 115, 130]) == pytest.approx([0.50, 0.825, 1.15, 0.95, 0.75])
    assert np.isnan(POTATO.on_day(131))


def test_crop_coefficient_of_bean_example_28() -> None:
    assert BEAN.on_day([20, 40, 70, 95]) == pytest.approx([0.15, 0.774, 1.19, 0.56], abs=5e-4)


@pytest.mark.parametrize(
    ("capacity", "wilting", "expected"),
    [(0.15, 0.06, (10.8, 28.8, 49.5)), (0.32, 0.15, (20.4, 54.4, 93.5)), (0.35, 0.23, (14.4, 38.4, 66.0))],
)
def test_readily_available_water_of_example_36(
    capacity: float, wilting: float, expected: tuple[float, float, float]
) -> None:
    for (depth, share), wanted in zip([(0.4, 0.3), (0.8, 0.4), (1.0, 0.55)], expected, strict=True):
        taw = irrigation.total_available_water_mm(capacity, wilting, depth)
        assert irrigation.readily_available_water_mm(taw, share) == pytest.approx(wanted)


def test_effective_rain_tables_and_continuity() -> None:
    scs = irrigation.effective_rain_scs_mm([20, 50, 100, 250, 300])
    assert scs == pytest.approx([19.36, 46, 84, 150, 155])
    assert irrigation.effective_rain_scs_mm(250 + 1e-9) == pytest.approx(150)
    assert irrigation.effective_rain_dependable_mm([10, 50, 70, 100]) == pytest.approx([0, 20, 32, 56])
    assert irrigation.effective_rain_dependable_mm(70 + 1e-9) == pytest.approx(32)


def test_requirement_and_duty() -> None:
    net = irrigation.net_requirement_mm(6 * 1.15 * 30, irrigation.effective_rain_scs_mm(20))
    assert net == pytest.approx(187.64)
    for conveyance, application, depth, duty in [
        (0.70, 0.60, 446.76, 1.7236),
        (0.35, 0.60, 893.52, 3.4472),
        (0.95, 0.60, 329.19, 1.2700),
        (0.95, 0.90, 219.46, 0.8467),
    ]:
        gross = irrigation.gross_requirement_mm(net, application=application, conveyance=conveyance)
        assert gross == pytest.approx(depth, abs=5e-3)
        assert irrigation.duty_l_s_ha(gross, 30) == pytest.approx(duty, abs=5e-5)


def test_one_litre_per_second_and_hectare_is_8_64_mm_a_day() -> None:
    assert irrigation.duty_l_s_ha(8.64, 1) == pytest.approx(1.0)


def test_command_balance_of_a_july() -> None:
    rain = irrigation.effective_rain_scs_mm(10)
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


def test_leaching() -> None:
    assert irrigation.leaching_fraction(1, [6, 1.7]) == pytest.approx([0.034, 0.133], abs=5e-4)
    assert irrigation.with_leaching_mm(100, [0.05, 0.2]) == pytest.approx([100, 125])


# Relative yield in percent at ECe 2, 4, 6, 8, 10, 12 dS/m, and ECe at half and at no yield.
SALINITY = {
    "wheat": (6.0, 7.1, (100, 100, 100, 85.8, 71.6, 57.4), 13.04, 20.08),
    "potato": (1.7, 12, (96.4, 72.4, 48.4, 24.4, 0.4, 0), 5.87, 10.03),
    "onion": (1.2, 16, (87.2, 55.2, 23.2, 0, 0, 0), 4.33, 7.45),
    "carrot": (1.0, 14, (86, 58, 30, 2, 0, 0), 4.57, 8.14),
    "tomato": (2.5, 9.9, (100, 85.15, 65.35, 45.55, 25.75, 5.95), 7.55, 12.60),
    "lucerne": (2.0, 7.3, (100, 85.4, 70.8, 56.2, 41.6, 27.0), 8.85, 15.70),
    "cotton": (7.7, 5.2, (100, 100, 100, 98.4, 88.0, 77.6), 17.32, 26.93),
}


@pytest.mark.parametrize("crop", SALINITY)
def test_salinity_response(crop: str) -> None:
    threshold, slope, expected, half, none = SALINITY[crop]
    printed = irrigation.relative_yield_pct([2, 4, 6, 8, 10, 12], threshold, slope)
    assert printed == pytest.approx(expected, abs=0.05)
    assert irrigation.relative_yield_pct([half, none], threshold, slope) == pytest.approx([50, 0], abs=0.1)


def test_conveyance_classes_and_unknown_bed() -> None:
    assert [irrigation.canal_conveyance(length, "loam") for length in (2_001, 2_000, 200, 199)] == [
        0.7,
        0.75,
        0.75,
        0.85,
    ]
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
    assert irrigation.depletion_fraction([0.35, 0.1, 0.8], [5, 8, 0]) == pytest.approx([0.35, 0.1, 0.8])
