"""Every class of a crop is right by the crop's own table; the index is the published one; nothing is guessed."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.crops.ranking import numbered, rank
from geo.crops.ratings import (
    Ground,
    Limits,
    best_crops,
    class_of_index,
    climate_rating,
    crops,
    rank_crops,
    rate_crop,
    read_crops,
    read_limits,
    square_root_index,
    storie_index,
)
from geo.errors import TableError

HEADER = "crop,factor,unit,s3_low,s2_low,s1_low,s1_high,s2_high,s3_high\n"
SWEEPS = [(crop.id, factor) for crop in crops().values() for factor in crop.limits]


def class_of_rating(rating):
    return np.select([rating >= 0.75, rating >= 0.5, rating >= 0.25], ["S1", "S2", "S3"], "N")


def ground(n=1, **changes):
    base = {
        "slope_pct": np.full(n, 1.0),
        "work": np.full(n, "furrow"),
        "salinity_ds_m": np.full(n, 1.0),
        "elevation_m": np.full(n, 1_300.0),
        "mean_c": np.tile([-3, -1, 5, 12, 16, 20, 22, 21, 17, 11, 5, 0.0], (n, 1)),
        "soil": {
            "depth": np.full(n, 120.0),
            "coarse_fragments": np.full(n, 0.0),
            "caco3": np.full(n, 5.0),
            "gypsum": np.full(n, 0.0),
            "ph": np.full(n, 6.4),
            "esp": np.full(n, 5.0),
        },
    }
    return Ground(**{**base, **changes})


def test_there_are_fifteen_crops():
    assert len(crops()) == 15


@pytest.mark.parametrize(("crop", "factor"), SWEEPS)
def test_a_sweep_gives_the_class_the_table_gives(crop, factor):
    limits = crops()[crop].limits[factor]
    values = np.round(np.arange(0, 130, 0.01), 2)
    assert (class_of_rating(limits.rating(values)) == limits.class_of(values)).all()


@pytest.mark.parametrize(("crop", "factor"), SWEEPS)
def test_limits_are_inclusive_and_ratings_stay_in_bounds(crop, factor):
    limits = crops()[crop].limits[factor]
    for side, order in ((limits.low, ("S3", "S2", "S1")), (limits.high, ("S1", "S2", "S3"))):
        if side is not None:
            assert list(class_of_rating(limits.rating(np.array(side)))) == list(order)
    swept = limits.rating(np.linspace(-50, 200, 5_001))
    assert swept.min() >= 0
    assert swept.max() <= 1


def test_a_reversed_row_changes_nothing():
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
def test_rows_that_are_not_ordered_are_refused_with_file_and_row(row, message):
    with pytest.raises(TableError, match=message) as refusal:
        read_limits((HEADER + row).splitlines(), source="limits.csv")
    assert "limits.csv, row 2" in str(refusal.value)


def test_limits_of_an_unknown_crop_are_refused():
    with pytest.raises(TableError, match="rice"):
        read_crops(["crop"], {"rice": {}}, source="crops.csv")


def test_published_indices():
    ratings = np.array([[95.0, 85, 60, 90], [95, 85, 25, 90]])
    assert storie_index(ratings)[0] == pytest.approx(43.6, abs=0.05)
    assert square_root_index(ratings) == pytest.approx([51.15, 21.3], abs=0.05)
    assert list(class_of_index(square_root_index(ratings))) == ["S2", "N1"]


def test_class_boundaries():
    index = np.array([75, 74.99, 50, 25, 12.5, 12.49, np.nan])
    assert list(class_of_index(index)) == ["S1", "S2", "S2", "S3", "N1", "N2", "NE"]


def test_an_unknown_rating_is_left_out_and_none_is_nan():
    index = square_root_index(np.array([[80, np.nan, 100.0], [np.nan] * 3]))
    assert index == pytest.approx([80, np.nan], nan_ok=True)


def test_climate_finds_the_best_season():
    potato = crops()["potato"]
    rating, start = climate_rating(potato, ground().mean_c)
    # Three months of 15-25 degC: May to July, June to August or July to September; the first counts.
    assert (rating[0], start[0]) == (1.0, 5)
    assert np.isnan(climate_rating(potato, np.full((1, 12), np.nan))[0][0])


def test_potato_on_good_ground_is_s1_and_loses_what_is_not_known():
    full = rate_crop(crops()["potato"], ground())
    assert full.suitability_class[0] == "S1"
    without = rate_crop(crops()["potato"], ground(salinity_ds_m=np.array([np.nan])))
    assert without.suitability_class[0] == "S2"
    assert without.unknown[0]
    assert without.index[0] >= full.index[0]


def test_without_climate_or_slope_nothing_is_ranked():
    for change in ({"mean_c": np.full((1, 12), np.nan)}, {"slope_pct": np.array([np.nan])}):
        rating = rate_crop(crops()["potato"], ground(**change))
        assert rating.suitability_class[0] == "NE"
    assert best_crops(rank_crops(ground(mean_c=np.full((1, 12), np.nan))))[0] == []


def test_too_high_and_too_steep():
    assert rate_crop(crops()["potato"], ground(elevation_m=np.array([2_801.0]))).suitability_class[0] == "N2"
    steep = rate_crop(crops()["potato"], ground(slope_pct=np.array([12.0])))
    assert steep.limiting[0] == "slope"
    by_hand = rate_crop(crops()["potato"], ground(slope_pct=np.array([12.0]), work=np.array(["hand"])))
    assert by_hand.index[0] > steep.index[0]


def test_crops_without_limits_say_so():
    walnut = rate_crop(crops()["walnut"], ground())
    assert {"slope", "salinity", "depth"} <= set(walnut.not_assessed)
    assert walnut.suitability_class[0] != "S1"


def test_best_crops_are_sorted_and_at_most_three():
    ratings = rank_crops(ground(3))
    best = best_crops(ratings)
    index = {rating.crop: rating.index[0] for rating in ratings}
    assert len(best[0]) == 3
    assert [index[name] for name in best[0]] == sorted((index[name] for name in best[0]), reverse=True)
    assert "cotton" not in best[0]


def test_one_sided_ratings_reach_one_at_zero():
    assert Limits(None, (3.0, 15.0, 35.0)).rating(np.array([0.0]))[0] == 1.0
    assert dataclasses.replace(Limits(None, (2.0, 4.0, 6.0))).rating(np.array([8.0]))[0] == 0.0


def ranked_slowly(ground):
    """Numbers of the crops of class S1 or S2, best first, from the ratings of one crop after the other."""
    ratings = rank_crops(ground)
    index = np.column_stack([rating.index for rating in ratings])
    suits = np.column_stack([np.isin(rating.suitability_class, ("S1", "S2")) for rating in ratings])
    order = np.argsort(-np.where(suits, index, -np.inf), axis=1, kind="stable")
    rated = ~np.isnan(index).all(axis=1)
    return np.where(np.take_along_axis(suits, order, axis=1), order, -1), rated


def scattered(seed, n=400):
    """Return plots of all kinds: values on the limits of the tables, beyond them, usual ones and unknown ones."""
    random = np.random.default_rng(seed)

    def drawn(*factors, usual):
        sides = [side for crop in crops().values() for name in factors if name in crop.limits
                 for side in crop.limits[name].sides() if side is not None]  # fmt: skip
        on_limits = np.array([knot for knots, _ in sides for knot in knots] or [0.0])
        kinds = [
            random.uniform(*usual, n),
            random.choice(on_limits, n),
            random.uniform(-10.0, 2.0 * on_limits.max() + 10.0, n),
            np.full(n, np.nan),
        ]
        return np.choose(random.choice(4, n, p=[0.5, 0.3, 0.1, 0.1]), kinds)

    mean_c = random.uniform(-5.0, 12.0, (n, 1)) + np.array([-3, -1, 5, 12, 16, 20, 22, 21, 17, 11, 5, 0.0])
    mean_c[random.random(n) < 0.05, random.integers(12)] = np.nan
    soil = {"depth": (50, 150), "coarse_fragments": (0, 20), "caco3": (0, 15), "gypsum": (0, 4), "ph": (6, 8),
            "esp": (0, 15)}  # fmt: skip
    return ground(
        n,
        slope_pct=drawn("slope_furrow", "slope_mechanised", "slope_hand", usual=(0, 5)),
        work=random.choice(["furrow", "terraced", "hand", "elsewhere"], n, p=[0.4, 0.3, 0.2, 0.1]),
        salinity_ds_m=np.where(random.random(n) < 0.2, np.nan, np.round(random.uniform(0.0, 4.0, n), 1)),
        elevation_m=np.where(random.random(n) < 0.1, np.nan, np.round(random.uniform(300.0, 3_500.0, n), -2)),
        mean_c=mean_c,
        soil={name: drawn(name, usual=usual) for name, usual in soil.items()},
    )


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_compiled_ranking_is_that_of_one_crop_after_the_other(seed):
    plots = scattered(seed)
    order, rated = rank(plots)
    slowly, rated_slowly = ranked_slowly(plots)
    assert (order == slowly).all()
    assert (rated == rated_slowly).all()
    assert (order >= 0).any(axis=1).sum() > len(order) / 10


def test_equal_rows_get_one_number_and_others_another():
    rows = np.random.default_rng(1).integers(-1, 2, (5_000, 6)).astype(np.int8)
    which, first = numbered(rows)
    assert (rows[first][which] == rows).all()
    assert len(first) == len(np.unique(rows, axis=0))
    assert (np.sort(first) == first).all()
