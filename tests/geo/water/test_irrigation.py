"""Crop water, salinity and supply: published examples and identities."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import TableError
from geo.water import irrigation
from geo.water.need.coefficients import CropCoefficients
from geo.water.need.periods import periods_of_year
from geo.water.need.rain import effective_rain_dependable_mm, effective_rain_scs_mm
from geo.water.need.requirement import gross_need
from geo.water.need.soil_water import depletion_fraction
from geo.water.network.conveyance import piece_conveyance
from tests.published import published


@pytest.mark.parametrize("row", published("yield_under_salt.csv"), ids=lambda row: row["crop"])
def test_salinity_response(row: dict[str, str]) -> None:
    threshold, slope = float(row["threshold_ds_m"]), float(row["slope_pct"])
    printed = irrigation.relative_yield_pct([2, 4, 6, 8, 10, 12], threshold, slope)
    assert printed == pytest.approx([float(row[ece]) for ece in ("2", "4", "6", "8", "10", "12")], abs=0.05)
    ends = [float(row["half_at"]), float(row["none_at"])]
    assert irrigation.relative_yield_pct(ends, threshold, slope) == pytest.approx([50, 0], abs=0.1)
    assert irrigation.relative_yield_pct([0, threshold, 30], threshold, slope).tolist() == [100, 100, 0]


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
    months = np.zeros((1, 12))
    months[0, 6] = demand
    outlet = gross_need(months, [0.6], [20.0], periods_of_year("month")).m3[0, 6]  # surface irrigation
    for conveyance, ratio, intake_l_s in [(0.60, 0.755, 39.76), (0.80, 1.006, 29.82)]:
        assert 0.030 * 31 * 86_400 * conveyance / outlet == pytest.approx(ratio, abs=5e-4)
        assert outlet / conveyance / 31 / 86.4 == pytest.approx(intake_l_s, abs=5e-3)


def test_rain_beyond_the_need_leaves_no_need() -> None:
    assert irrigation.net_requirement_mm([10, 10, 10], [4, 10, 30]).tolist() == [6, 0, 0]


def test_a_leaching_share_of_a_tenth_raises_nothing_yet() -> None:
    assert irrigation.with_leaching_mm(90, [0.0, 0.1, 0.11, 0.25]) == pytest.approx([90, 90, 90 / 0.89, 120])


# FAO Training Manual 4, annex I: canals longer than 2,000 m, of 200 to 2,000 m, shorter.
@pytest.mark.parametrize(
    ("bed", "shares"),
    [
        ("sand", (0.60, 0.70, 0.80)),
        ("loam", (0.70, 0.75, 0.85)),
        ("clay", (0.80, 0.85, 0.90)),
        ("lined", (0.95, 0.95, 0.95)),
    ],
)
def test_conveyance_of_whole_canals(bed: str, shares: tuple[float, float, float]) -> None:
    long, medium, short = shares
    lengths = (2_000.5, 2_000, 200, 199.5)
    assert [irrigation.canal_conveyance(length, bed) for length in lengths] == [long, medium, medium, short]


def test_a_bed_that_is_none_is_refused_with_those_that_are() -> None:
    with pytest.raises(TableError, match="'gravel' is not one of sand, loam, clay, lined"):
        irrigation.canal_conveyance(100, "gravel")


def earthen(pieces_m: list[float], canal_m: float, condition: float) -> np.ndarray:
    """What pieces, each a reach of its own of an earthen loam canal, convey at worst and at best."""
    lengths, count = np.array(pieces_m), len(pieces_m)
    found = piece_conveyance(
        lining=np.full(count, "earth"),
        soil=np.full(count, "loam"),
        condition=np.full(count, float(condition)),
        measured=np.full(count, np.nan),
        reach_length_m=lengths,
        canal_length_m=np.full(count, canal_m),
        piece_length_m=lengths,
    )
    return np.array([found.worst, found.best])


@given(
    cuts=st.lists(st.floats(1, 1_000), min_size=1, max_size=12),
    condition=st.sampled_from([(1, 1.0), (2, 0.9), (3, 0.75), (4, 0.5)]),
)
def test_cutting_a_canal_into_reaches_changes_nothing(cuts: list[float], condition: tuple[int, float]) -> None:
    length, (state, factor) = sum(cuts), condition
    whole = (0.70 if length > 2_000 else 0.75 if length >= 200 else 0.85) * factor
    assert np.prod(earthen(cuts, length, state), axis=1) == pytest.approx([whole, whole], rel=1e-12)


def test_a_destroyed_reach_carries_nothing_and_an_unknown_one_lies_between() -> None:
    assert earthen([10, 90], 100, 5).tolist() == [[0, 0], [0, 0]]
    assert earthen([100], 100, np.nan) == pytest.approx(np.array([[0.0], [0.85]]))


def test_depletion_fraction_is_held() -> None:
    assert depletion_fraction([0.35, 0.1, 0.8], [5, 8, 0]) == pytest.approx([0.35, 0.1, 0.8])
