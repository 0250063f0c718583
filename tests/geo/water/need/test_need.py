"""Need of crops: published figures, hand-computed seasons, and what must hold for every season."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import TableError
from geo.water.need.coefficients import CropCoefficients, adjust_end, adjust_mid, weigh_periods
from geo.water.need.crop_table import crop_water, read_crop_water
from geo.water.need.periods import day_of_year, periods_of_year
from geo.water.need.requirement import Climate, Planting, find_need, gross_need, periods_of_crop, require_leaching
from geo.water.need.soil_water import deplete_soil
from geo.water.need.turns import lies_in_daylight, share_turns, start_in_daylight
from tests.published import published

POTATO = CropCoefficients(0.5, 1.15, 0.75, 25, 30, 45, 30)


def test_every_crop_is_as_published() -> None:
    expected = published("crop_water.csv")
    assert [row["crop"] for row in expected] == list(crop_water())
    for row in expected:
        crop = crop_water()[row["crop"]]
        assert crop.edition == "FAO-56 1998"
        assert [crop.kc.initial, crop.kc.mid, crop.kc.end] == [float(x) for x in row["kc"].split("/")], row["crop"]
        stages = [crop.kc.initial_d, crop.kc.development_d, crop.kc.mid_d, crop.kc.late_d]
        assert stages[: 2 if crop.whole_season else 4] == [int(x) for x in row["stages"].split("/")], row["crop"]
        assert list(crop.root_depth_m) == [float(x) for x in row["roots"].split("-")]
        assert (crop.depletion_at_5_mm, crop.height_m) == (float(row["p"]), float(row["height"]))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"kc_mid": "11.5"}, "row 2 (potato), kc_mid: a number from 0 to 1.5"),
        ({"dev_d": "x"}, "row 2 (potato), dev_d: a number expected, got 'x'"),
        ({"mid_d": "400"}, "mid_d: a whole number from 0 to 365"),
        ({"edition": ""}, "edition: the edition of the source expected"),
        ({"zr_max_m": "0.1"}, "zr_max_m: at least zr_min_m"),
    ],
)
def test_a_wrong_row_is_named(change: dict[str, str], said: str) -> None:
    good = {
        **{"crop": "potato", "edition": "mine", "kc_ini": "0.5", "kc_mid": "1.15", "kc_end": "0.75", "height_m": "0.6"},
        **{"ini_d": "25", "dev_d": "30", "mid_d": "45", "late_d": "30"},
        **{"zr_min_m": "0.4", "zr_max_m": "0.6", "p": "0.35", "row": "one"},
    }
    assert list(read_crop_water([",".join(good), ",".join(good.values())], source="mine.csv")) == ["potato"]
    rows = [",".join(good), ",".join((good | change).values())]
    with pytest.raises(TableError) as refusal:
        read_crop_water(rows, source="mine.csv")
    assert "mine.csv" in str(refusal.value)
    assert said in str(refusal.value)
    with pytest.raises(TableError, match="column 'row'"):
        read_crop_water([",".join(list(good)[:-1])], source="mine.csv")


def test_the_adjustment_is_held_to_where_it_was_fitted() -> None:
    assert adjust_mid(1.15, 9, 5, 20) == pytest.approx(1.15 + (0.04 * 4 + 0.004 * 25) * (10 / 3) ** 0.3)
    assert adjust_mid(1.15, 0, 95, 0.01) == pytest.approx(1.15 - (0.04 + 0.004 * 35) * (0.1 / 3) ** 0.3)
    assert adjust_end([0.449, 0.45], 6, 20, 3) == pytest.approx([0.449, 0.45 + 0.26])


@given(st.integers(0, 364), st.sampled_from(["month", "decade"]))
def test_stage_weights_of_periods_are_those_of_their_days(sown: int, by: str) -> None:
    periods = periods_of_year(by)
    weights = weigh_periods(POTATO, sown, periods)
    curve = np.zeros(365)
    for day in range(130):
        curve[(sown + day) % 365] = POTATO.on_day(day + 1)
    for k in range(len(periods.days)):
        first = periods.first_day[k]
        mean = curve[first : first + periods.days[k]].sum() / periods.days[k]
        assert weights[k] @ [0.5, 1.15, 0.75] == pytest.approx(mean)
    assert (weights.sum(axis=1) * periods.days).sum() == pytest.approx(130)


def test_periods_of_a_year() -> None:
    months, decades = periods_of_year("month"), periods_of_year("decade")
    assert months.days.tolist() == [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    assert decades.days.sum() == 365
    assert decades.days[3:6].tolist() == [10, 10, 8]
    assert decades.first_day[18] == day_of_year(7, 1) == 181
    with pytest.raises(TableError, match="week"):
        periods_of_year("week")
    with pytest.raises(TableError, match="02-29"):
        day_of_year(2, 29)


def flat_climate(et0: float, rain: float, span: int) -> Climate:
    return Climate(np.full((1, span), et0), np.full((1, span), rain), np.array([np.nan]), np.array([np.nan]))


def test_need_of_a_july_by_hand() -> None:
    """ET0 6.2506 mm/d, 10 mm of rain: potato 10 ha, lucerne 6 ha, apricot 4 ha in their middle stage."""
    months = periods_of_year("month")
    middle = [Planting(CropCoefficients(kc, kc, kc, 1, 1, 361, 2), 0, 1.0) for kc in (1.15, 0.95, 0.90)]
    found = find_need(flat_climate(6.2506, 10, 12), middle, [[10, 6, 4]], months, by_planting=True)
    assert found.net_m3[0, 6] == pytest.approx(38_335, abs=5)
    assert found.by_planting_m3 is not None
    assert found.by_planting_m3[0, 6] / np.array([100, 60, 40]) == pytest.approx([213.0, 174.2, 164.6], abs=0.06)
    assert found.rain_method == "scs"
    gross = gross_need(found.net_m3, 0.6, 20.0, months, 0.1)
    assert gross.m3[0, 6] == pytest.approx(38_335 / 0.6, abs=9)
    assert gross.mm[0, 6] == pytest.approx(38_335 / 0.6 / 200, abs=0.05)
    assert gross.l_s_ha[0, 6] == pytest.approx(38_335 / 0.6 * 1_000 / 20 / (31 * 86_400), abs=1e-4)
    assert gross.hours[0, 6] == pytest.approx(38_335 / 0.6 / 0.1 / 3_600, abs=0.05)
    unknown = gross_need(found.net_m3, np.nan, 0.0, months)
    assert np.isnan(unknown.m3).all()
    assert np.isnan(unknown.mm).all()


def test_need_stands_only_while_the_crop_does() -> None:
    """Ten days of ET0 5 with Kc 1 in the second third of June; rain counts on those days alone."""
    crop = Planting(CropCoefficients(1, 1, 1, 2, 3, 3, 2), day_of_year(6, 11), 1.0)
    june, decade = 5, 16
    by_month = find_need(flat_climate(5, 30, 12), [crop], [[1.0]], periods_of_year("month")).net_m3[0]
    by_decade = find_need(flat_climate(5, 0, 36), [crop], [[1.0]], periods_of_year("decade")).net_m3[0]
    assert by_month[june] == pytest.approx((50 - 30 * (125 - 6) / 125 / 3) * 10)
    assert by_decade[decade] == pytest.approx(500)
    assert np.count_nonzero(by_month) == np.count_nonzero(by_decade) == 1


def test_a_climate_that_is_unknown_gives_an_unknown_need_where_it_counts() -> None:
    et0 = np.full((1, 12), 5.0)
    et0[0, [0, 5]] = np.nan
    climate = Climate(et0, np.zeros((1, 12)), np.array([np.nan]), np.array([np.nan]))
    crop = Planting(POTATO, day_of_year(4, 1), 0.6)
    net = find_need(climate, [crop], [[1.0]], periods_of_year("month")).net_m3[0]
    assert np.isnan(net[5])
    assert net[0] == 0.0  # nothing stands in January
    assert np.isfinite(net[[3, 4, 6, 7]]).all()


def test_wind_and_dry_air_raise_the_need_of_their_area() -> None:
    months = periods_of_year("month")
    climate = Climate(np.full((1, 12), 5.0), np.zeros((1, 12)), np.array([np.nan, 3.0]), np.array([25.0, 25.0]))
    crop = Planting(CropCoefficients(0.6, 1.15, 0.8, 1, 1, 361, 2), 0, 0.6)
    net = find_need(climate, [crop], [[1.0], [1.0]], months).net_m3[:, 6]
    assert net == pytest.approx([5 * 31 * 11.5, 5 * 31 * 12.24], abs=1)


def test_leaching_is_added_and_refused_where_no_water_is_enough() -> None:
    assert require_leaching([1, np.nan], [1.7, 4]) == pytest.approx([1 / 7.5, 0])
    with pytest.raises(TableError, match=r"5 dS/m cannot hold a soil at 2 dS/m, less than 5 expected"):
        require_leaching(5, 2)
    months = periods_of_year("month")
    crop = Planting(CropCoefficients(1, 1, 1, 1, 1, 361, 2), 0, 1.0)
    plain = find_need(flat_climate(5, 0, 12), [crop], [[1.0]], months).net_m3
    for fraction, factor in ((0.05, 1.0), (0.2, 1.25)):
        raised = find_need(flat_climate(5, 0, 12), [crop], [[1.0]], months, leaching=[fraction]).net_m3
        assert raised == pytest.approx(plain * factor)


def test_periods_that_count_for_a_crop() -> None:
    assert periods_of_crop([0, 4, 5, 91]).tolist() == [False, False, True, True]
    assert not periods_of_crop([0, 0]).any()
    assert not periods_of_crop([1, np.nan]).any()


def test_wrong_needs_are_refused() -> None:
    months, crop = periods_of_year("month"), Planting(POTATO, 0, 0.6)
    with pytest.raises(TableError, match="hectares"):
        find_need(flat_climate(5, 0, 12), [crop], [[-1.0]], months)
    with pytest.raises(TableError, match="12 periods"):
        find_need(flat_climate(5, 0, 36), [crop], [[1.0]], months)
    with pytest.raises(TableError, match="scs, dependable, manual-3"):
        find_need(flat_climate(5, 0, 12), [crop], [[1.0]], months, rain_method="usda")
    with pytest.raises(TableError, match="rain of 0 mm or more"):
        find_need(flat_climate(5, -1, 12), [crop], [[1.0]], months)
    with pytest.raises(TableError, match="efficiency"):
        gross_need([[1.0]], 1.2, 1.0, months)


def test_a_week_of_turns() -> None:
    roster = share_turns(168, [2, 3, 1], [0.5, 0.3, 0.2], [0, 0, 0.4])
    assert roster.hours_per_ha == pytest.approx(27.9)
    assert roster.hours == pytest.approx([56.3, 84.0, 27.7])
    assert roster.start_h == pytest.approx([0, 56.3, 140.3])


@given(st.lists(st.floats(0.05, 20), min_size=1, max_size=30), st.floats(24, 400), st.floats(0, 0.02))
def test_turns_fill_their_interval(hectares: list[float], interval: float, filling: float) -> None:
    roster = share_turns(interval, hectares, filling)
    assert float(roster.start_h[-1] + roster.hours[-1]) == pytest.approx(interval, rel=1e-15)
    assert (roster.hours > 0).all()
    assert (roster.hours - filling) / np.array(hectares) == pytest.approx(roster.hours_per_ha)


def test_turns_that_cannot_be_are_refused() -> None:
    for hectares, filling, interval in (([0.0], 0.0, 24), ([1.0], -1.0, 24), ([1.0], 30.0, 24), ([np.nan], 0.0, 24)):
        with pytest.raises(TableError, match="turns"):
            share_turns(interval, hectares, filling)


def test_turns_in_daylight() -> None:
    roster = share_turns(24, [1, 1, 1])  # eight hours each: one in daylight as it stands, from 8 to 16
    assert lies_in_daylight(roster).tolist() == [False, True, False]
    short = share_turns(24, [6, 6, 12])  # 6, 6 and 12 hours, from midnight
    moved, light = start_in_daylight(short, 2)
    assert (moved.start_h[0], light.tolist()) == (6.0, [True, True, False])
    with pytest.raises(TableError, match="3 turns in daylight asked for, 2 of 3"):
        start_in_daylight(short, 3)


def test_soil_water_by_hand() -> None:
    """TAW 100 mm, p 0.5 at 5 mm/d: 5 mm a day, rain of 20 mm on the third, then none until stress."""
    etc, rain = np.full(30, 5.0), np.zeros(30)
    rain[2] = 20
    found = deplete_soil(etc, rain, np.zeros(30), taw_mm=100, depletion_at_5_mm=0.5)
    assert found.depletion_mm[:4] == pytest.approx([5, 10, 0, 5])
    assert found.percolation_mm[:3] == pytest.approx([0, 0, 5])
    assert found.evapotranspiration_mm[13] == pytest.approx(5)  # begins at 50 mm, the readily available water
    assert found.evapotranspiration_mm[14] == pytest.approx(5 * (100 - 55) / 50)


@given(st.lists(st.tuples(st.floats(0, 9), st.floats(0, 60)), min_size=1, max_size=40), st.booleans())
def test_soil_water_is_conserved(days: list[tuple[float, float]], turns: bool) -> None:
    etc, rain = np.array(days).T
    given = None if turns else np.zeros(len(days))
    found = deplete_soil(etc, rain, given, taw_mm=120, depletion_at_5_mm=0.4, start_mm=30)
    before = np.concatenate([[30.0], found.depletion_mm[:-1]])
    into = rain + found.irrigation_mm - found.percolation_mm - found.evapotranspiration_mm
    assert before - found.depletion_mm == pytest.approx(into, abs=1e-9)
    assert (found.depletion_mm >= 0).all()
    if turns:
        assert (found.depletion_mm <= 0.8 * 120).all()
    with pytest.raises(TableError, match="depletion"):
        deplete_soil(etc, rain, None, taw_mm=120, depletion_at_5_mm=0.4, start_mm=121)
