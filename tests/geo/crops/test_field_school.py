"""What an agronomist of a field school answers about crops on a plot; each row typed by hand, all else good."""

import numpy as np
import pytest

from geo.crops.catalogue import crops
from tests.geo.crops.test_ratings import class_of, named

GOOD = {"caco3": 4.0, "ph": 6.6, "coarse_fragments": 0.0, "gypsum": 0.0, "esp": 5.0, "salinity_ds_m": 1.0}
# Monthly means [degC] and the season between the frosts of each kind [d], from nearby stations, rounded.
LAKHSH = {
    "elevation_m": 1_950.0,
    "mean_c": np.array([[-8, -6, 0, 8, 12.5, 16, 19, 19, 14, 8, 2, -4.0]]),
    "frost_season_d": np.array([[179.0, 164.0, 137.0]]),
}
GHARM = {
    "elevation_m": 1_320.0,
    "mean_c": np.array([[-3, -1, 5, 12, 16, 20, 23, 22.5, 18, 12, 6, 0.0]]),
    "frost_season_d": np.array([[215.0, 205.0, 190.0]]),
}
BOKHTAR = {
    "elevation_m": 430.0,
    "mean_c": np.array([[3, 5.5, 11, 17, 22, 27, 29, 27, 22, 16, 10, 5.0]]),
    "frost_season_d": np.array([[270.0, 255.0, 240.0]]),
}
VEGETABLES = {"potato", "onion", "carrot", "tomato", "cucumber", "cabbage", "bean", "melon"}


def slope(pct: float) -> dict[str, float]:
    """Rating of a slope under surface irrigation: 1 to 2 %, .75 at 5 %."""
    return {"slope_rating": 1.0 - 0.25 * (pct - 2.0) / 3.0, "slope_pct": pct}


def test_lakhsh_grows_potato_first() -> None:
    """Others do as well there; potato is the reference crop of the Rasht valley and comes first of equals."""
    plot = {**GOOD, **LAKHSH, **slope(4.0), "ph": 6.3, "depth_cm": 80.0, "tree_depth_cm": 80.0}
    assert named(**plot, first=list(crops()).index("potato"))[0][0] == "potato"
    assert class_of("potato", **plot) in ("S1", "S2")


def test_gharm_has_winter_wheat_in_the_list() -> None:
    plot = {**GOOD, **GHARM, **slope(4.0), "depth_cm": 80.0, "tree_depth_cm": 80.0}
    assert "wheat" in named(**plot)[0]
    assert class_of("wheat", **plot) in ("S1", "S2")


def test_at_bokhtar_the_climate_is_no_limit_to_wheat() -> None:
    assert class_of("wheat", **GOOD, **BOKHTAR) == "S1"


def test_on_a_salty_lower_terrace_barley_and_wheat_stand_and_no_vegetables() -> None:
    plot = {**GOOD, **BOKHTAR, "salinity_ds_m": 9.0, "groundwater_m": 1.0}
    found = named(**plot)[0]
    assert {"barley", "wheat"} <= set(found)
    assert not VEGETABLES & set(found)
    assert "cotton" not in found


def test_potato_is_not_named_on_salt_of_7_9() -> None:
    assert "potato" not in named(**{**GOOD, **LAKHSH, "salinity_ds_m": 7.9})[0]


def test_a_stony_fan_bears_apricots_with_limits() -> None:
    """90 cm, half of it stones: roots of trees go between them, 67.5 cm count."""
    assert class_of("apricot", **GOOD, **GHARM, depth_cm=45.0, tree_depth_cm=67.5) in ("S2", "S3")


def test_deep_drained_loess_bears_walnuts() -> None:
    assert class_of("walnut", **GOOD, **GHARM, depth_cm=120.0, tree_depth_cm=120.0) == "S2"


def test_without_a_laboratory_sheet_potato_carrot_and_apple_are_named() -> None:
    unknown = dict.fromkeys(("salinity_ds_m", "caco3", "ph", "coarse_fragments", "gypsum", "esp"), np.nan)
    for saltless in (True, False):
        found = named(**{**GHARM, **unknown, "saltless": saltless})[0]
        assert {"potato", "carrot", "apple"} <= set(found)
        assert saltless or all(class_of(crop, **{**GHARM, **unknown}) == "S2" for crop in found)


@pytest.mark.parametrize("salt", [8.1, 10.0, 16.0])
def test_no_tree_is_named_on_salt(salt: float) -> None:
    found = named(**{**GOOD, **GHARM, "salinity_ds_m": salt})[0]
    assert not {"walnut", "apple", "apricot", "almond", "grape"} & set(found)
