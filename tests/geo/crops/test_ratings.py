"""Every class of a crop is right by the crop's own table; the index is the published one; nothing is guessed."""

import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from geo.crops.catalogue import Limits, crops, read_crops, read_limits
from geo.crops.climate import rate_climate, runs_of
from geo.crops.kernels.ranking import GRADES
from geo.crops.ranking import numbered, rank
from geo.crops.ratings import (
    NOT_RATED,
    NOT_RELEVANT,
    CropRating,
    Ground,
    class_of_index,
    ordered,
    rank_crops,
    rate_crop,
    recommended,
    square_root_index,
    storie_index,
    strictest,
)
from geo.crops.season import Window, daily_normals, growing_days, read_windows, warmest_run
from geo.errors import TableError

HEADER = "crop,factor,unit,s3_low,s2_low,s1_low,s1_high,s2_high,s3_high\n"
SWEEPS = [(crop.id, factor) for crop in crops().values() for factor in crop.limits]
NAMES = ("S1", "S2", "S3", "N1", "N2")
VALLEY_C = [-3, -1, 5, 12, 16, 20, 22, 21, 17, 11, 5, 0.0]  # monthly means at Gharm


WARM = {"mean_c": np.full((1, 12), 27.0), "ph": 6.5}  # what suits mung beans


def class_of_rating(rating: NDArray[np.float64]) -> NDArray[np.str_]:
    return np.select([rating >= 0.75, rating >= 0.5, rating >= 0.25], ["S1", "S2", "S3"], "N")


def ground(n: int = 1, **changes: Any) -> Ground:
    """Return n good plots of the Rasht valley, with changes; a number stands for all of them."""
    base = {
        "slope_rating": 1.0,
        "slope_pct": 1.0,
        "slope_column": "",
        "salinity_ds_m": 1.0,
        "saltless": False,
        "elevation_m": 1_300.0,
        "mean_c": np.tile(VALLEY_C, (n, 1)),
        "depth_cm": 150.0,
        "tree_depth_cm": 150.0,
        "groundwater_m": 4.0,
        "torrent_level": 0.0,
        "frost_season_d": np.full((n, 3), 180.0),
        "summer_water": np.nan,
        "first": -1,
    }
    soil = {"coarse_fragments": 0.0, "caco3": 4.0, "gypsum": 0.0, "ph": 6.3, "esp": 5.0}
    soil |= {name: changes.pop(name) for name in list(changes) if name in soil}
    spread: dict[str, Any] = {
        name: value if isinstance(value, str | np.ndarray) else np.full(n, value)
        for name, value in {**base, **changes}.items()
    }
    return Ground(**spread, soil={name: np.broadcast_to(np.float64(value), (n,)) for name, value in soil.items()})


def class_of(crop: str, **changes: Any) -> str:
    number = rate_crop(crops()[crop], ground(**changes)).classes[0]
    return {NOT_RELEVANT: "NR", NOT_RATED: "NE"}.get(number) or NAMES[number]


def named(**changes: Any) -> tuple[list[str], list[str]]:
    """Return the crops that suit one plot, best first, and those that stand apart."""
    codes = [code for code in rank(ground(**changes))[0] if code >= 0]
    names = [(list(crops())[code // len(GRADES)], GRADES[code % len(GRADES)]) for code in codes]
    return [name for name, grade in names if grade != "apart"], [name for name, grade in names if grade == "apart"]


@pytest.mark.parametrize(("crop", "factor"), SWEEPS)
def test_a_sweep_gives_the_class_the_table_gives(crop: str, factor: str) -> None:
    limits = crops()[crop].limits[factor]
    values = np.round(np.arange(0, 130, 0.01), 2)
    assert (class_of_rating(limits.rating(values)) == limits.class_of(values)).all()


@pytest.mark.parametrize(("crop", "factor"), SWEEPS)
def test_limits_are_inclusive_and_ratings_stay_in_bounds(crop: str, factor: str) -> None:
    limits = crops()[crop].limits[factor]
    for side, order in ((limits.low, ("S3", "S2", "S1")), (limits.high, ("S1", "S2", "S3"))):
        if side is not None:
            assert list(class_of_rating(limits.rating(np.array(side)))) == list(order)
    swept = limits.rating(np.linspace(-50, 200, 5_001))
    assert swept.min() >= 0
    assert swept.max() <= 1


def test_a_reversed_row_changes_nothing() -> None:
    forward = read_limits((HEADER + "x,ph,,5.2,5.6,6.0,8.2,8.3,8.5\nx,ece,dS/m,,,,3,5,6\n").splitlines(), source="a")
    backward = read_limits((HEADER + "x,ece,dS/m,6,5,3,,,\nx,ph,,8.5,8.3,8.2,6.0,5.6,5.2\n").splitlines(), source="b")
    assert forward == backward


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("x,cec,,16,16,16,,,", "strictly"),
        ("x,ph,,5.2,5.6,6.0,8.2,8.1,8.5", "strictly"),
        ("x,ph,,5.2,,6.0,8.2,8.3,8.5", "three numbers"),
        ("x,ph,,,,,,,", "no limit"),
    ],
)
def test_rows_that_are_not_ordered_are_refused_with_file_and_row(row: str, message: str) -> None:
    with pytest.raises(TableError, match=message) as refusal:
        read_limits((HEADER + row).splitlines(), source="limits.csv")
    assert "limits.csv, row 2" in str(refusal.value)


def test_limits_of_an_unknown_crop_are_refused() -> None:
    with pytest.raises(TableError, match="rice"):
        read_crops(["crop"], {"rice": {}}, source="crops.csv")


def test_published_indices() -> None:
    ratings = np.array([[95.0, 85, 60, 90], [95, 85, 25, 90]])
    assert storie_index(ratings)[0] == pytest.approx(43.6, abs=0.05)
    assert square_root_index(ratings) == pytest.approx([51.15, 21.3], abs=0.05)
    assert [NAMES[number] for number in class_of_index(square_root_index(ratings))] == ["S2", "N1"]


def test_class_boundaries() -> None:
    index = np.array([75, 74.99, 50, 25, 12.5, 12.49])
    assert [NAMES[number] for number in class_of_index(index)] == ["S1", "S2", "S2", "S3", "N1", "N2"]


def test_an_unknown_rating_is_left_out_and_none_is_nan() -> None:
    index = square_root_index(np.array([[80, np.nan, 100.0], [np.nan] * 3]))
    assert index == pytest.approx([80, np.nan], nan_ok=True)


def test_a_year_of_one_temperature_has_the_heat_of_its_days() -> None:
    run = warmest_run(np.full((1, 12), 15.0), 5.0, 130, Window(110, 163))
    assert run.degree_days[0] == pytest.approx(1_300.0)
    assert run.mean_c[0] == pytest.approx(15.0)


def test_a_window_shorter_than_the_cycle_is_the_run() -> None:
    run = warmest_run(np.full((1, 12), 15.0), 5.0, 150, Window(181, 123))
    assert run.degree_days[0] == pytest.approx(1_230.0)


def test_each_of_many_plots_has_its_own_run_and_an_unknown_month_spoils_no_other() -> None:
    even_c = np.arange(600) / 20.0  # degC, the same all year
    monthly = np.repeat(even_c[:, np.newaxis], 12, axis=1)
    monthly[[0, 300, 599], [11, 5, 0]] = np.nan
    known = np.isfinite(monthly).all(axis=1)
    run = warmest_run(monthly, 10.0, 100, Window(330, 150))
    assert run.degree_days == pytest.approx(np.where(known, 100 * np.clip(even_c - 10.0, 0, None), np.nan), nan_ok=True)
    assert run.mean_c == pytest.approx(np.where(known, even_c, np.nan), nan_ok=True)
    assert run.first[0] == run.first[300] == run.first[599] == 0
    assert (run.first[1:200] == 330).all()  # none is warm enough: of equal runs the earliest


def test_the_warmest_run_is_that_of_all_runs_one_after_the_other() -> None:
    random = np.random.default_rng(7)
    monthly = np.array(VALLEY_C) + random.uniform(-6, 6, (20, 1))
    window, days, base = Window(273, 335), 240, 3.0
    daily = daily_normals(monthly)
    for row, run in zip(daily, np.column_stack(warmest_run(monthly, base, days, window)), strict=True):
        year = np.tile(row, 3)
        runs = [year[start : start + days] for start in range(window.first, window.first + window.days - days + 1)]
        sums = [np.clip(one - base, 0, None).sum() for one in runs]
        assert run[0] == pytest.approx(max(sums))
        assert run[1] == pytest.approx(runs[int(np.argmax(sums))].mean())


def test_a_temperature_in_mid_month_is_that_of_the_month() -> None:
    daily = daily_normals(np.array([VALLEY_C]))[0]
    assert daily[15] == pytest.approx(-3.0)  # 16 January, the middle of its 31 days
    assert daily[45] == pytest.approx((-1 + -1 + 6 / 29.5 * 0.5 * 2 - 6 / 29.5) / 2, abs=0.2)


def test_winter_wheat_leaves_its_dormant_days_out() -> None:
    """October, November, April to June at 10 degC and above; frost between: the mean is of growing days alone."""
    monthly = np.array([[-10, -10, -10, 10, 15, 20, 25, 25, 20, 15, 10, -10.0]])
    days, mean = growing_days(monthly, 5.0, Window(273, 273))
    assert 130 < days[0] < 160
    assert 13 < mean[0] < 16
    assert rate_climate(crops()["wheat"], monthly, np.array([400.0])).rating[0] >= 0.75


def test_wheat_with_few_growing_days_falls_by_one_class() -> None:
    short = np.array([[-10, -10, -10, -5, 3, 12, 16, 4, -2, -8, -10, -10.0]])
    climate = rate_climate(crops()["wheat"], short, np.array([2_500.0]))
    assert climate.short[0]
    cold: dict[str, Any] = {"mean_c": short, "elevation_m": 2_500.0}
    longer = rate_crop(dataclasses.replace(crops()["wheat"], gdd=1.0), ground(**cold))
    falls = NAMES[longer.classes[0]]
    assert NAMES.index(falls) == class_of_index(longer.index)[0] + 1


MID_MONTH = (15.5, 45.0, 74.5, 105.0, 135.5, 166.0, 196.5, 227.5, 258.0, 288.5, 319.0, 349.5)  # day of a year of 365


def warm_days(monthly: list[float], above_c: float) -> int:
    """Days of October to June as warm as that, by straight lines between the middles of months."""
    around = np.interp(np.arange(-365, 730) + 0.5, np.add.outer((-365, 0, 365), MID_MONTH).ravel(), monthly * 3)
    return int((around[365 + 273 : 365 + 273 + 273] >= above_c).sum())


def test_a_winter_crop_with_less_than_ninety_growing_days_is_short_of_them() -> None:
    """May and June at 10 degC, July too, else frost but for April: the warmer it is, the earlier days reach 5 degC."""
    springs = [[-20.0] * 3 + [april] + [10.0] * 3 + [-20.0] * 5 for april in np.arange(-20.0, 1_000.0, 1.0)]
    by_days = {warm_days(curve, 5.0): curve for curve in springs}
    for days, short in ((89, True), (90, False), (91, False)):
        found = rate_climate(crops()["wheat"], np.array([by_days[days]]), np.array([400.0]))
        assert found.short[0] == short, days


def test_a_single_growing_day_is_rated_by_its_warmth_and_none_not_at_all() -> None:
    """Wheat of 8/10/12 degC: one day at 12 degC in mid-May is S1 on the limit, a year of frost nothing."""
    one = [-900.0] * 4 + [12.0] + [-900.0] * 7
    assert warm_days(one, 5.0) == 1
    found = rate_climate(crops()["wheat"], np.array([one, [-20.0] * 12]), np.array([400.0, 400.0]))
    assert found.rating[0] == pytest.approx(0.75)
    assert found.rating[1] == 0.0


def test_a_crop_is_rated_by_the_mean_of_its_cycle() -> None:
    """Potato of 10/13/16: at a steady 13 degC S1 on the limit, at 10 degC S2 on the limit."""
    for warmth, rating in ((13.0, 0.75), (10.0, 0.5), (8.0, 0.25), (24.0, 0.75), (27.0, 0.5)):
        found = rate_climate(crops()["potato"], np.full((1, 12), warmth), np.array([1_300.0]))
        assert found.rating[0] == pytest.approx(rating)


def test_a_crop_without_such_limits_is_rated_by_its_worst_month() -> None:
    """Carrot: 40 days are one month; in the Rasht window of May to September the best month counts."""
    found = rate_climate(crops()["carrot"], np.array([VALLEY_C]), np.array([1_300.0]))
    assert (found.rating[0], found.start_month[0]) == (1.0, 5)
    outside = np.array([[20, 20, 20, 20, 35, 35, 35, 35, 35, 20, 20, 20.0]])
    assert rate_climate(crops()["carrot"], outside, np.array([1_300.0])).rating[0] == 0.0


def test_potato_on_good_ground_is_s1_and_the_less_is_known_the_worse_it_stands() -> None:
    assert class_of("potato") == "S1"
    for unknown in ("salinity_ds_m", "slope_rating", "depth_cm", "groundwater_m"):
        assert class_of("potato", **{unknown: np.nan}) == "S2"
    assert class_of("potato", mean_c=np.full((1, 12), np.nan)) == "S2"
    for named_only in ("coarse_fragments", "caco3", "gypsum", "ph", "esp"):
        assert class_of("potato", **{named_only: np.nan}) == "S1"


def test_where_nothing_is_known_nothing_is_rated() -> None:
    nothing = {"salinity_ds_m": np.nan, "slope_rating": np.nan, "depth_cm": np.nan, "mean_c": np.full((1, 12), np.nan)}
    assert class_of("potato", **nothing) == "NE"
    assert named(**nothing, tree_depth_cm=np.nan) == ([], [])


@pytest.mark.parametrize(
    ("crop", "changes", "expected"),
    [
        ("apple", {"depth_cm": 39.9}, "NR"),
        ("apple", {"groundwater_m": 1.49}, "NR"),
        ("mulberry", {"groundwater_m": 1.49, "mean_c": np.full((1, 12), 22.0)}, "NR"),
        ("apricot", {"torrent_level": 3.0}, "NR"),
        ("walnut", {"torrent_level": 4.0}, "NR"),
        ("apple", {"torrent_level": 2.0, "groundwater_m": 1.5, "depth_cm": 40.0}, "S2"),
        ("potato", {"depth_cm": 39.9, "groundwater_m": 1.49, "torrent_level": 4.0}, "S3"),
        ("potato", {"groundwater_m": 0.99}, "S2"),
        ("potato", {"groundwater_m": 1.0}, "S1"),
        ("potato", {"groundwater_m": 0.49}, "NR"),
        ("potato", {"salinity_ds_m": 8.4}, "NR"),
        ("potato", {"salinity_ds_m": 8.3}, "N2"),
        ("walnut", {"salinity_ds_m": 5.0}, "NR"),
        ("sainfoin", {"salinity_ds_m": 9.0}, "NR"),
        ("maize", {"mean_c": np.array([VALLEY_C]) - 6.0}, "NR"),
        ("melon", {}, "NR"),
        ("cotton", {}, "NR"),
        ("tomato", {"frost_season_d": np.full((1, 3), 89.9)}, "NR"),
        ("tomato", {"frost_season_d": np.full((1, 3), 90.0)}, "S2"),
        ("potato", {"frost_season_d": np.full((1, 3), np.nan)}, "S2"),
        ("wheat", {"frost_season_d": np.full((1, 3), np.nan)}, "S1"),
    ],
)
def test_what_shuts_a_crop_out_and_what_makes_it_fall(crop: str, changes: dict[str, Any], expected: str) -> None:
    assert class_of(crop, **changes) == expected


def test_salinity_is_rated_by_the_yield_it_leaves() -> None:
    """Potato 1.7 and 12: 95, 80, 60, 40 and 20 % of the yield at 2.1, 3.4, 5.0, 6.7 and 8.4 dS/m."""
    salt = np.array([2.117, 3.367, 5.033, 6.7])
    rated = rate_crop(crops()["potato"], ground(4, salinity_ds_m=salt)).index
    assert rated == pytest.approx([100, 75, 50, 25], abs=0.05)


def test_where_salt_cannot_gather_it_counts_as_the_limit_of_s1() -> None:
    assert class_of("potato", salinity_ds_m=np.nan, saltless=True) == "S1"
    assert rate_crop(crops()["potato"], ground(salinity_ds_m=np.nan, saltless=True)).index[0] == pytest.approx(75.0)


def test_lime_and_acidity_hold_a_crop_at_s2_but_sodium_measured_beyond_s3_does_not() -> None:
    assert class_of("onion", caco3=60.0) == "S2"
    assert class_of("potato", ph=9.5) == "S2"
    assert class_of("onion", esp=36.0) == "S2"
    assert class_of("onion", esp=55.0) == "N1"
    assert class_of("onion", gypsum=5.5) in ("N1", "N2")
    assert class_of("onion", caco3=60.0, depth_cm=25.0) == "S3"


def test_a_known_value_that_is_not_good_holds_a_crop_without_limits_for_it() -> None:
    bean = {"mean_c": np.array([VALLEY_C]), "ph": 6.5}
    assert class_of("bean", **bean) == "S1"
    assert class_of("bean", **bean, caco3=6.0) == "S2"
    assert class_of("bean", **bean, coarse_fragments=4.0) == "S2"


def test_land_worked_in_basins_has_the_limits_of_the_crop() -> None:
    assert class_of("potato", slope_column="basin", slope_pct=3.0) == "S2"
    assert class_of("potato", slope_column="hand", slope_pct=3.0) == "S1"
    suits, apart = named(slope_column="basin", slope_pct=1.0)
    assert "potato" in suits
    assert "carrot" in apart
    assert "carrot" not in suits
    unknown, nobody = named(slope_column="basin", slope_pct=np.nan)
    assert "carrot" in unknown
    assert not nobody


def test_cotton_is_never_recommended_where_it_grows_best() -> None:
    hot = {"mean_c": np.full((1, 12), 26.0), "elevation_m": 400.0, "salinity_ds_m": 6.0}
    assert class_of("cotton", **hot) == "S1"
    assert "cotton" not in named(**hot)[0]


def test_of_equals_the_reference_crop_comes_first() -> None:
    same = named()[0][:2]
    preferred = list(crops()).index(same[1])
    index = [rate_crop(crops()[name], ground()).index[0] for name in same]
    assert index[0] == index[1]
    assert named(first=preferred)[0][:2] == same[::-1]


def hand_made(crop: str, classes: list[int], high: list[int], index: list[float]) -> CropRating:
    n = len(classes)
    two = (np.array(classes, dtype=np.int8), np.array(high, dtype=np.int8))
    return CropRating(crop, np.array(index), *two, np.full(n, "slope"), np.ones(n, dtype=np.int8), ())


def test_crops_stand_by_class_and_index_and_those_without_limits_after_them() -> None:
    """Numbers of classes: 0 S1, 1 S2, 2 S3; on the second plot all are alike but for the crop judged first."""
    ratings = [
        hand_made("potato", [1, 1], [1, 1], [70.0, 60.0]),
        hand_made("wheat", [0, 1], [0, 1], [80.0, 60.0]),
        hand_made("onion", [1, 1], [1, 1], [72.0, 60.0]),
        hand_made("carrot", [4, 1], [1, 1], [0.0, 60.0]),
        hand_made("bean", [4, 1], [0, 1], [9.0, 60.0]),
        hand_made("tomato", [2, 2], [2, 2], [40.0, 40.0]),
        hand_made("cotton", [0, 0], [0, 0], [95.0, 95.0]),
    ]
    suited, apart = recommended(ratings)
    assert suited.tolist() == [[True, True, True, False, False, False, False], [True] * 5 + [False] * 2]
    assert apart.tolist() == [[False, False, False, True, True, False, False], [False] * 7]
    order = ordered(ratings, np.array([-1, 2]))
    assert order[0, :5].tolist() == [1, 2, 0, 3, 4]  # of those that stand apart the order is that of the table
    assert order[1, :5].tolist() == [2, 0, 1, 3, 4]
    assert ordered(ratings, np.array([4, -1]))[0, :5].tolist() == [1, 2, 0, 4, 3]


def test_a_crop_without_limits_for_what_is_known_has_its_low_end_and_no_more_than_the_rest_gives() -> None:
    """Carrot in basins, which has no row of slope, on 73.8 cm of soil, rated .73: S2 were the slope perfect."""
    rated = rate_crop(crops()["carrot"], ground(slope_column="basin", depth_cm=73.8))
    assert rated.without_limits == ("slope",)
    assert rated.index[0] == 0.0
    assert (NAMES[rated.classes[0]], NAMES[rated.high[0]]) == ("N2", "S2")


@pytest.mark.parametrize(
    ("factor", "good"),
    [
        ("coarse_fragments", (-np.inf, 3.0)),  # potato
        ("caco3", (-np.inf, 5.0)),  # onion, tomato
        ("gypsum", (-np.inf, 0.3)),  # chickpea
        ("esp", (-np.inf, 8.0)),  # chickpea
        ("ph", (6.5, 6.5)),  # apricot and sainfoin from 6.5, walnut to 6.5
    ],
)
def test_not_good_is_what_lies_beyond_the_strictest_limit_of_s1(factor: str, good: tuple[float, float]) -> None:
    assert strictest(factor) == good
    for at in (value for value in good if np.isfinite(value)):
        assert class_of("mung_bean", **{**WARM, factor: at}) == "S1"
        assert class_of("mung_bean", **{**WARM, factor: at + 0.01}) == "S2"
    if factor == "ph":
        assert class_of("mung_bean", **{**WARM, "ph": 6.49}) == "S2"


def test_a_crop_is_shut_out_beyond_its_limits_and_not_on_them() -> None:
    """Barley, 8.0 and 5.0, has a fifth of its yield at 24 dS/m; potato seven tenths of its heat at 12 degC."""
    assert class_of("barley", salinity_ds_m=24.0) != "NR"
    assert class_of("barley", salinity_ds_m=24.01) == "NR"
    assert class_of("mulberry", salinity_ds_m=9.0) == "NR"  # by classes of salt: nothing is left at 9
    cool = {"mean_c": np.full((1, 12), 12.0)}  # 130 days of 7 degC above 5 are 910 of the 1,300 it needs
    assert class_of("potato", **cool) != "NR"
    assert class_of("potato", mean_c=np.full((1, 12), 11.99)) == "NR"


def test_of_an_unknown_year_no_month_is_named_and_without_heat_on_record_there_are_no_runs() -> None:
    unknown = rate_crop(crops()["potato"], ground(mean_c=np.full((1, 12), np.nan)))
    assert unknown.start_month[0] == 0
    window = Window(110, 163)
    assert runs_of(crops()["potato"], window) == (130, 34)
    assert runs_of(crops()["walnut"], window) == runs_of(crops()["sainfoin"], window) == (0, 0)


def test_too_high_and_too_steep() -> None:
    assert class_of("potato", elevation_m=2_801.0) == "N2"
    steep = rate_crop(crops()["potato"], ground(slope_rating=0.4))
    assert steep.limiting[0] == "slope"


def test_one_sided_ratings_reach_one_at_zero() -> None:
    assert Limits(None, (3.0, 15.0, 35.0)).rating(np.array([0.0]))[0] == 1.0
    assert dataclasses.replace(Limits(None, (2.0, 4.0, 6.0))).rating(np.array([8.0]))[0] == 0.0


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("potato,valley,04-21,09-30", "lowland or mountain expected, got 'valley'"),
        ("potato,lowland,4/21,09-30", "first: a day such as 04-21 expected, got '4/21'"),
        ("potato,lowland,02-30,09-30", "got '02-30'"),
    ],
)
def test_windows_that_are_no_days_are_refused_with_file_and_row(row: str, message: str) -> None:
    with pytest.raises(TableError, match=message) as refusal:
        read_windows(["crop,zone,first,last", row], source="windows.csv")
    assert "windows.csv, row 2 (potato)" in str(refusal.value)


def ranked_slowly(ground: Ground) -> NDArray[np.int64]:
    """Codes of the crops that suit or stand apart, best first, from the ratings of one crop after the other."""
    ratings = rank_crops(ground)
    suited, apart = recommended(ratings)
    classes = np.column_stack([rating.classes for rating in ratings])
    codes = np.arange(len(ratings)) * 3 + np.where(apart, 2, classes)
    codes = np.where(suited | apart, codes, -1)
    return np.take_along_axis(codes, ordered(ratings, ground.first), axis=1)


def scattered(seed: int, n: int = 400) -> Ground:
    """Return plots of all kinds: values on the limits of the tables, beyond them, usual ones and unknown ones."""
    random = np.random.default_rng(seed)

    def drawn(*factors: str, usual: tuple[int, int]) -> NDArray[np.float64]:
        sides = [side for crop in crops().values() for name in factors if name in crop.limits
                 for side in crop.limits[name].sides() if side is not None]  # fmt: skip
        on_limits = np.array([knot for knots, _ in sides for knot in knots] or [0.0])
        kinds = [
            random.uniform(*usual, n),
            random.choice(on_limits, n),
            random.uniform(-10.0, 2.0 * on_limits.max() + 10.0, n),
            np.full(n, np.nan),
        ]
        return np.choose(random.choice(4, n, p=[0.6, 0.25, 0.05, 0.1]), kinds)

    def level(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.where(random.random(n) < 0.1, np.nan, values)

    mean_c = random.uniform(-8.0, 12.0, (n, 1)) + np.array(VALLEY_C)
    mean_c[random.random(n) < 0.05, random.integers(12)] = np.nan
    soil = {"coarse_fragments": (0, 20), "caco3": (0, 15), "gypsum": (0, 4), "ph": (6, 8), "esp": (0, 15)}
    depth = drawn("depth", usual=(50, 150))
    return ground(
        n,
        slope_rating=level(np.round(random.uniform(0.0, 1.5, n), 2).clip(0.0, 1.0)),
        slope_pct=drawn("slope_basin", "slope_mechanised", "slope_hand", usual=(0, 5)),
        slope_column=random.choice(["", "basin", "mechanised", "hand"], p=[0.7, 0.1, 0.1, 0.1]).item(),
        salinity_ds_m=level(np.round(random.uniform(0.0, 6.0, n), 1)),
        saltless=random.random(n) < 0.5,
        elevation_m=level(np.round(random.uniform(300.0, 3_500.0, n), -2)),
        mean_c=mean_c,
        depth_cm=depth,
        tree_depth_cm=depth * random.choice([1.0, 1.2], n),
        groundwater_m=level(random.choice([0.4, 0.5, 0.8, 1.0, 1.3, 1.5, 2.0, 5.0], n)),
        torrent_level=level(random.choice([0.0, 1.0, 2.0, 3.0, 4.0], n, p=[0.6, 0.1, 0.1, 0.1, 0.1])),
        frost_season_d=random.uniform(60.0, 250.0, (n, 3)) * np.where(random.random((n, 1)) < 0.05, np.nan, 1.0),
        summer_water=level(random.choice([0.2, 0.49, 0.5, 0.8, 1.2], n)),
        first=random.integers(-1, len(crops()), n),
        **{name: drawn(name, usual=usual) for name, usual in soil.items()},
    )


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
@example(seed=149)  # a plot of which only the minor factors are known
def test_the_compiled_ranking_is_that_of_one_crop_after_the_other(seed: int) -> None:
    plots = scattered(seed)
    order, slowly = rank(plots), ranked_slowly(plots)
    assert (order == slowly).all()
    assert (order >= 0).any(axis=1).sum() > len(order) / 10


def test_of_a_plot_of_which_nothing_that_decides_is_known_no_crop_is_named() -> None:
    """Neither as one that suits nor as one that would if it had limits: there is nothing to have limits of."""
    plots = ground(
        1,
        slope_rating=np.full(1, np.nan),
        salinity_ds_m=np.full(1, np.nan),
        depth_cm=np.full(1, np.nan),
        tree_depth_cm=np.full(1, np.nan),
        mean_c=np.full((1, 12), np.nan),
        ph=np.full(1, 7.2),
    )
    suited, apart = recommended(rank_crops(plots))
    assert not suited.any()
    assert not apart.any()
    assert (rank(plots) == -1).all()


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), unknown=st.sampled_from(["salinity_ds_m", "groundwater_m", "depth_cm"]))
def test_what_is_not_known_never_makes_a_class_better_than_the_best_it_could_be(seed: int, unknown: str) -> None:
    """A plot with an unknown is S2 at best; whatever the value turns out to be, no crop is S1 before it is known."""
    plots = scattered(seed, 100)
    gone: dict[str, Any] = {unknown: np.full(100, np.nan), "saltless": np.zeros(100, dtype=bool)}
    blind = dataclasses.replace(plots, **gone)
    for rating in rank_crops(blind):
        assert not (rating.classes == 0).any()


def test_equal_rows_get_one_number_and_others_another() -> None:
    rows = np.random.default_rng(1).integers(-1, 2, (5_000, 6)).astype(np.int8)
    which, first = numbered(rows)
    assert (rows[first][which] == rows).all()
    assert len(first) == len(np.unique(rows, axis=0))
    assert (np.sort(first) == first).all()


def test_nothing_is_sown_after_grain_where_less_than_half_of_the_water_comes_in_summer() -> None:
    """Mung bean stands June to September; tomato from April on takes what there is."""
    lowland = {
        "elevation_m": 400.0,
        "mean_c": np.array(VALLEY_C)[np.newaxis] + 4.0,
        "frost_season_d": np.full((1, 3), 240.0),
    }
    for ratio, nothing in ((0.49, True), (0.5, False), (np.nan, False)):
        suited, apart = named(summer_water=ratio, **lowland)
        assert ("mung_bean" in suited + apart) != nothing
        assert (class_of("mung_bean", summer_water=ratio, **lowland) == "NR") == nothing
        assert class_of("tomato", summer_water=ratio, **lowland) != "NR"
