"""Mines are asked about wherever they are known of, whatever list the codes of districts are from."""

from __future__ import annotations

import geopandas as gpd
import pytest
import shapely

from geo.measures.mined_ground import CONTAMINATED, is_mined_ground

# Centres of districts, degrees, read from maps: on the Panj, and four of the Rasht Valley.
KNOWN_OF = {
    "Gharm (Rasht)": (70.37, 39.02),
    "Tojikobod": (70.86, 39.15),
    "Darband (Nurobod)": (69.95, 38.88),
    "Tavildara (Sangvor)": (70.48, 38.70),
    "Panj": (69.10, 37.24),
    "Farkhor": (69.40, 37.49),
    "Shahritus": (68.14, 37.26),
    "Hamadoni": (69.65, 37.62),
    "Khorugh (Shughnon)": (71.55, 37.49),
}
NOT_KNOWN_OF = {
    "Dushanbe": (68.77, 38.56),
    "Bokhtar": (68.78, 37.84),
    "Kulob": (69.78, 37.92),
    "Danghara": (69.34, 38.10),
    "Vahdat of Lakhsh": (71.30, 39.25),
    "Khujand": (69.62, 40.28),
}


def plots(places: dict[str, tuple[float, float]], code: str | None) -> gpd.GeoDataFrame:
    """A plot of a hectare at each place, EPSG:32642."""
    points = gpd.GeoSeries([shapely.Point(place) for place in places.values()], crs=4326).to_crs(32642)
    squares = points.buffer(50, cap_style="square")
    return gpd.GeoDataFrame({"district": [code] * len(places)}, geometry=squares.to_numpy(), crs=32642)


@pytest.mark.parametrize("code", ["TJ0401", "28457612B93461877641213", "", None])
def test_codes_of_another_list_do_not_hide_mines(code: str | None) -> None:
    assert is_mined_ground(plots(KNOWN_OF, code)).tolist() == [True] * len(KNOWN_OF)
    assert is_mined_ground(plots(NOT_KNOWN_OF, code)).tolist() == [False] * len(NOT_KNOWN_OF)


def test_codes_of_the_list_say_it_themselves() -> None:
    everywhere = {**KNOWN_OF, **NOT_KNOWN_OF}
    assert is_mined_ground(plots(everywhere, "TJ.RR.GA")).all()
    assert not is_mined_ground(plots(everywhere, "TJ.RR.DZ")).any()
    assert not is_mined_ground(plots(NOT_KNOWN_OF, "TJ.KL.KC")).any()
    assert is_mined_ground(plots(NOT_KNOWN_OF, "TJ.KL.KC"), {"TJ.KL.KC"}).all()


def test_a_frame_without_rows_has_no_answer() -> None:
    assert is_mined_ground(plots({}, None)).shape == (0,)


def test_districts_on_the_panj_and_four_of_the_rasht_valley_are_named() -> None:
    assert len(CONTAMINATED) == len(set(CONTAMINATED)) == 8 + 4 + 5
    assert {"TJ.RR.GA", "TJ.RR.TJ", "TJ.RR.DA", "TJ.RR.TV"} < set(CONTAMINATED)
