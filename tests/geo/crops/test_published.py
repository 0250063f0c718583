"""The tables of crops hold the published figures, typed a second time in ``tests/published`` from their sources."""

import calendar
from datetime import date

import numpy as np
import pytest

from geo.crops.catalogue import crops
from geo.crops.season import windows_of
from tests.published import published as rows

Side = tuple[float, ...] | None
MONTHS = {name: number for number, name in enumerate(calendar.month_abbr) if name}


def expected_limits() -> dict[tuple[str, str], tuple[Side, Side]]:
    """Crop and factor -> (low side S1 S2 S3, high side S1 S2 S3) as published."""
    found: dict[tuple[str, str], tuple[Side, Side]] = {}
    for row in rows("crop_limits.csv"):
        if "/" in row["limits"]:
            s1, s2, s3 = map(float, row["limits"].split("/"))
            found[row["crop"], row["factor"]] = ((s1, s2, s3), None) if s1 > s3 else (None, (s1, s2, s3))
        else:
            a3, a2, a1, b1, b2, b3 = map(float, row["limits"].split())
            found[row["crop"], row["factor"]] = (a1, a2, a3), (b1, b2, b3)
    for row in rows("crop_limits_ecocrop.csv"):
        found[row["crop"], "depth"] = tuple(map(float, row["depth"].split("/"))), None
        if row["ece"]:
            found[row["crop"], "ece"] = None, tuple(map(float, row["ece"].split("/")))
        if row["ph_optimum"]:
            best_low, best_high = map(float, row["ph_optimum"].split("-"))
            least, most = map(float, row["ph_absolute"].split("-"))
            found[row["crop"], "ph"] = (
                (best_low, (best_low + least) / 2, least),
                (best_high, (best_high + most) / 2, most),
            )
    return found


def test_there_is_no_limit_that_is_not_published_and_none_is_missing() -> None:
    assert {(crop.id, factor) for crop in crops().values() for factor in crop.limits} == set(expected_limits())


@pytest.mark.parametrize(("crop", "factor"), sorted(expected_limits()))
def test_limits_are_the_published_ones(crop: str, factor: str) -> None:
    low, high = expected_limits()[crop, factor]
    held = crops()[crop].limits[factor]
    assert held.low == (None if low is None else pytest.approx(low[::-1]))
    assert held.high == (None if high is None else pytest.approx(high))


@pytest.mark.parametrize("row", rows("ecocrop.csv"), ids=lambda row: row["crop"])
def test_temperatures_and_cycles_are_those_of_ecocrop(row: dict[str, str]) -> None:
    crop = crops()[row["crop"]]
    suited = crop.temperature
    assert (suited.low, suited.optimum_low, suited.optimum_high, suited.high, crop.cycle_d) == tuple(
        float(row[name]) for name in ("t_min", "optimum_low", "optimum_high", "t_max", "shortest_cycle_d")
    )


def test_every_crop_has_its_rows() -> None:
    for name in ("ecocrop.csv", "season.csv"):
        assert {row["crop"] for row in rows(name)} == set(crops())


@pytest.mark.parametrize("row", rows("maas_hoffman.csv"), ids=lambda row: f"{row['crop']} {row['ece_ds_m']}")
def test_yields_on_salt_are_those_of_maas_and_hoffman(row: dict[str, str]) -> None:
    threshold, slope = crops()[row["crop"]].salinity
    left = 100.0 - slope * max(float(row["ece_ds_m"]) - threshold, 0.0)
    assert left == pytest.approx(float(row["yield_pct"]), abs=0.15)


def test_every_pair_of_threshold_and_slope_is_held_by_a_published_yield() -> None:
    falling = {row["crop"] for row in rows("maas_hoffman.csv") if float(row["yield_pct"]) < 100}
    assert falling == {crop.id for crop in crops().values() if not np.isnan(crop.salinity[0])}


@pytest.mark.parametrize("row", rows("stages.csv"), ids=lambda row: row["crop"])
def test_field_cycles_are_the_sums_of_the_stages(row: dict[str, str]) -> None:
    assert crops()[row["crop"]].field_cycle_d == sum(map(int, row["stages"].split("+")))


def days_between(first: str, last: str) -> tuple[int, int]:
    day, month = first.split()
    end, until = last.split()
    start = date(2026, MONTHS[month], int(day))
    stop = date(2026, MONTHS[until], int(end))
    days = (stop - start).days + 1
    return start.timetuple().tm_yday - 1, days if days > 0 else days + 365


@pytest.mark.parametrize("row", rows("season.csv"), ids=lambda row: row["crop"])
def test_windows_and_heat_are_those_of_the_calendar(row: dict[str, str]) -> None:
    crop = crops()[row["crop"]]
    for zone in ("lowland", "mountain"):
        if row[zone] == "any":
            assert [window.days for window in windows_of(crop.id, zone)] == [365]
        elif row[zone] == "never":
            assert windows_of(crop.id, zone) == ()
        else:
            expected = [days_between(*span.strip().split("-")) for span in row[zone].split(";")]
            assert [tuple(window) for window in windows_of(crop.id, zone)] == expected
    for held, published in ((crop.base_c, row["base_c"]), (crop.gdd, row["gdd"])):
        assert np.isnan(held) if not published else held == float(published)
    assert crop.frost_tender == (row["tender"] == "yes")


def test_frost_figures() -> None:
    damage = {
        name: (crop.frost_damage_c, crop.autumn_frost_risk_pct) for name, crop in crops().items() if crop.frost_tender
    }
    assert damage == dict.fromkeys(damage, (0, 20)) | {"potato": (-2, 50), "maize": (-1, 50)}
    stands = {name: crops()[name].above_ground_d for name in ("potato", "bean", "maize", "tomato", "cucumber")}
    assert stands == {"potato": 85, "bean": 85, "maize": 100, "tomato": 110, "cucumber": 85}


def test_trees_and_contrast() -> None:
    trees = {"apricot", "apple", "mulberry", "walnut", "grape", "pomegranate", "almond"}
    assert {crop.id for crop in crops().values() if crop.tree} == trees
    assert [crop.id for crop in crops().values() if crop.contrast] == ["cotton"]
