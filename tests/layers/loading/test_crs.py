"""Coordinates on the ground: published datum shifts, grids without a code, axes and units the wrong way round."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyproj
import pytest
import shapely
from numpy.typing import NDArray

from layers.catalogue.base import COUNTRY
from layers.errors import DataRefused
from layers.loading.crs import DECIMALS, Placement, parse_crs, place
from layers.loading.shapes import Shapes

RASHT = (70.3694, 39.0231)  # degrees; Gharm, centre of the district
BOKHTAR = (68.78, 37.837)
PULKOVO_TO_WGS = "Pulkovo 1942 to WGS 84 (16)"
GEOD = pyproj.Geod(ellps="WGS84")

# A local grid as cadastres have it: its own meridian and offsets, known by a .prj file only.
LOCAL = (
    'PROJCS["Local",GEOGCS["GCS_Pulkovo_1942",DATUM["D_Pulkovo_1942",SPHEROID["Krasovsky_1940",6378245.0,298.3]],'
    'PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Gauss_Kruger"],'
    'PARAMETER["False_Easting",300000.0],PARAMETER["False_Northing",-4000000.0],'
    'PARAMETER["Central_Meridian",68.5],PARAMETER["Scale_Factor",1.0],PARAMETER["Latitude_Of_Origin",0.0],'
    'UNIT["Meter",1.0]]'
)
NAMELESS = LOCAL.replace("D_Pulkovo_1942", "D_Unknown").replace("GCS_Pulkovo_1942", "GCS_Local")
SHIFTED = NAMELESS.replace("298.3]]", "298.3],TOWGS84[23.57,-140.95,-79.8,0,0.35,0.79,-0.22]]")


def around(*where: tuple[float, float], crs: str | int) -> NDArray[np.float64]:
    """Points near some places, in a CRS of the same datum as their longitudes and latitudes are read in."""
    lonlat = np.array(where)[np.newaxis] + np.random.default_rng(1).uniform(-0.02, 0.02, (50, len(where), 2))
    projected = pyproj.CRS.from_user_input(crs)
    own = projected.source_crs if projected.is_bound else projected
    assert own is not None
    there = pyproj.Transformer.from_crs(own.geodetic_crs, own, always_xy=True)
    return np.column_stack(there.transform(*lonlat.reshape(-1, 2).T))


@pytest.mark.parametrize(
    ("where", "code", "metres"), [(RASHT, 28412, 61.8), (BOKHTAR, 28412, 63.6), (RASHT, 28413, 61.8)]
)
def test_the_shift_of_pulkovo_1942_is_the_published_one(where: tuple[float, float], code: int, metres: float) -> None:
    xy = around(where, crs=code)
    placement, notes = place("cadastre.shp", pyproj.CRS.from_epsg(code), None, xy, COUNTRY)
    said = placement.described(xy)
    assert PULKOVO_TO_WGS in said.name
    assert said.accuracy_m == 4.5
    assert said.shift_m == pytest.approx(metres, abs=0.15)
    assert notes == []


def test_the_shift_said_is_the_shift_made() -> None:
    xy = around(RASHT, crs=4284)
    placement, _ = place("f", pyproj.CRS.from_epsg(4284), None, xy, COUNTRY)
    given = Shapes.of(np.array([shapely.Point(place) for place in xy]))
    moved = np.array([point.coords[0] for point in placement.to_stored(given).objects()])
    _, _, metres = GEOD.inv(*xy.T, *moved.T)
    assert np.median(metres) == pytest.approx(61.8, abs=0.15)


def test_a_local_grid_with_only_a_prj_is_placed_by_its_datum(tmp_path: Path) -> None:
    prj = tmp_path / "cadastre.prj"
    prj.write_text(LOCAL)
    xy = around(RASHT, crs=LOCAL)
    placement, notes = place("plots.csv", None, str(prj), xy, COUNTRY)
    reference = (
        pyproj.Transformer.from_pipeline(  # the same by hand: inverse projection, then the parameters of EPSG:15865
            "+proj=pipeline +step +inv +proj=tmerc +lat_0=0 +lon_0=68.5 +x_0=300000 +y_0=-4000000 +ellps=krass "
            "+step +proj=push +v_3 +step +proj=cart +ellps=krass "
            "+step +proj=helmert +x=25 +y=-141 +z=-78.5 +rx=0 +ry=-0.35 +rz=-0.736 +s=0 "
            "+convention=coordinate_frame +step +inv +proj=cart +ellps=WGS84 +step +proj=pop +v_3 "
            "+step +proj=unitconvert +xy_in=rad +xy_out=deg"
        )
    )
    wanted = np.column_stack(reference.transform(*xy.T))
    assert np.abs(placement.points(xy) - wanted).max() < 1e-8
    assert notes == []


def test_a_grid_that_does_not_say_its_shift_is_refused_and_with_towgs84_taken() -> None:
    xy = around(RASHT, crs=NAMELESS)
    with pytest.raises(DataRefused, match="does not say its shift to WGS 84"):
        place("plots.shp", pyproj.CRS.from_user_input(NAMELESS), None, xy, COUNTRY)
    placement, _ = place("plots.shp", pyproj.CRS.from_user_input(SHIFTED), None, xy, COUNTRY)
    said = placement.described(xy)
    assert said.accuracy_m is None
    assert said.shift_m is not None
    assert 55 < said.shift_m < 80


def test_a_shift_no_pulkovo_candidate_makes_is_warned_about() -> None:
    wrong = SHIFTED.replace("23.57,-140.95,-79.8", "223.57,-140.95,-79.8")
    _, notes = place("plots.shp", pyproj.CRS.from_user_input(wrong), None, around(RASHT, crs=NAMELESS), COUNTRY)
    assert len(notes) == 1
    assert "55-80 m is expected" in notes[0]


def test_a_pipeline_is_followed_whichever_angles_it_ends_in() -> None:
    xy = around(RASHT, crs=32642)
    steps = "+proj=pipeline +step +inv +proj=utm +zone=42 +ellps=WGS84"
    wanted = pyproj.Transformer.from_crs(32642, 4326, always_xy=True).transform(*xy.T)
    for pipeline in (steps, f"{steps} +step +proj=unitconvert +xy_in=rad +xy_out=deg"):
        placement, _ = place("f", None, pipeline, xy, COUNTRY)
        assert np.abs(placement.points(xy) - np.column_stack(wanted)).max() < 1e-8
        assert placement.described(xy).shift_m is None


def test_a_file_without_a_crs_is_refused_with_what_would_fit() -> None:
    with pytest.raises(DataRefused, match=r"plots\.dxf does not say its CRS; say --crs\..*EPSG:32642"):
        place("plots.dxf", None, None, around(RASHT, crs=32642), COUNTRY)


def test_metres_called_degrees_and_degrees_called_metres() -> None:
    with pytest.raises(DataRefused, match=r"are metres; say the right --crs.*EPSG:32642"):
        place("f", pyproj.CRS.from_epsg(4326), None, around(RASHT, crs=32642), COUNTRY)
    with pytest.raises(DataRefused, match=r"are degrees; say the right --crs.*EPSG:4326"):
        place("f", pyproj.CRS.from_epsg(32642), None, around(RASHT, crs=4326), COUNTRY)


@pytest.mark.parametrize("code", [4326, 32642, 28412])
def test_swapped_axes_are_refused_with_the_way_out_which_works(code: int) -> None:
    turned = around(RASHT, crs=code)[:, ::-1]
    crs = pyproj.CRS.from_epsg(code)
    with pytest.raises(DataRefused, match=r"wrong way round.*--swap-axes"):
        place("f", crs, None, turned, COUNTRY)
    placement, notes = place("f", crs, None, turned, COUNTRY, swap=True)
    assert placement.points(turned).mean(axis=0) == pytest.approx(RASHT, abs=0.02)
    assert "x and y were exchanged, as asked." in notes


def test_a_file_from_elsewhere_is_refused_but_one_that_only_reaches_beyond_is_not() -> None:
    with pytest.raises(DataRefused, match=r"f lies about 13\.4\d+ E, 52\.\d+ N; expected a place in or near"):
        place("f", pyproj.CRS.from_epsg(4326), None, around((13.4, 52.5), crs=4326), COUNTRY)
    world = np.array([[13.4, 52.5], [0.0, 10.0], [-70.0, -30.0], RASHT])
    placement, _ = place("f", pyproj.CRS.from_epsg(4326), None, world, COUNTRY)
    assert placement.transformer is None


def test_what_the_user_says_wins_and_the_report_says_so() -> None:
    xy = around(RASHT, crs=28412)
    placement, notes = place("f", pyproj.CRS.from_epsg(28411), "28412", xy, COUNTRY)
    assert placement.crs == pyproj.CRS.from_epsg(28412)
    assert notes[0].startswith("The file says EPSG:28411")


@pytest.mark.parametrize("said", ["EPSG:999999", "Tajikistan", "nowhere.prj", "+proj=pipeline +step +proj=xyz"])
def test_what_is_no_crs_is_refused_in_one_sentence(said: str) -> None:
    with pytest.raises(DataRefused) as refusal:
        parse_crs(said)
    assert "\n" not in str(refusal.value)


def test_heights_make_no_difference_to_where_a_file_lies() -> None:
    xy = around(RASHT, crs=32642)
    compound = pyproj.CRS.from_user_input("EPSG:32642+5773")
    flat, _ = place("f", pyproj.CRS.from_epsg(32642), None, xy, COUNTRY)
    deep, _ = place("f", compound, None, xy, COUNTRY)
    assert np.array_equal(flat.points(xy), deep.points(xy))


def test_coordinates_are_rounded_to_a_tenth_of_a_millimetre_so_that_digests_last() -> None:
    xy = around(RASHT, crs=32642)
    placement, _ = place("f", pyproj.CRS.from_epsg(32642), None, xy, COUNTRY)
    lonlat = placement.points(xy)
    assert np.array_equal(lonlat, np.round(lonlat, DECIMALS))
    back = pyproj.Transformer.from_crs(4326, 32642, always_xy=True).transform(*lonlat.T)
    assert np.abs(np.column_stack(back) - xy).max() < 1e-3


def test_coordinates_in_the_stored_crs_keep_every_bit() -> None:
    shapes = Shapes.of(np.array([shapely.Point(place) for place in around(RASHT, crs=4326)]))
    assert Placement(pyproj.CRS.from_epsg(4326), None, "none", 0.0).to_stored(shapes) is shapes


def test_all_grids_that_fit_are_named_since_numbers_cannot_tell_them_apart() -> None:
    """Metres without the number of a zone lie in Rasht by UTM and by the Soviet grid, 0.04 % of 4,330 km apart."""
    xy = around(RASHT, crs=28472)
    with pytest.raises(DataRefused) as refused:
        place("f", None, None, xy, COUNTRY)
    told = str(refused.value)
    assert told.startswith("f does not say its CRS; say --crs. Its coordinates would fit EPSG:28472, ")
    assert "EPSG:32642" in told
    assert "EPSG:28412" not in told  # with the number of its zone, 12 million metres east
    assert ", which cannot be told apart by numbers: check a known point" in told
    named = [word.strip(",") for word in told.split() if word.startswith("EPSG:")]
    reached = {name: place("f", None, name, xy, COUNTRY)[0].points(xy).mean(axis=0) for name in named}
    _, _, metres = GEOD.inv(*reached["EPSG:28472"], *reached["EPSG:32642"])
    assert metres == pytest.approx(0.0004 * 4_330_000, abs=100)
    assert all(66.4 < lon < 76.1 and 35.9 < lat < 41.85 for lon, lat in reached.values())


def test_a_grid_with_the_number_of_its_zone_fits_no_other() -> None:
    with pytest.raises(DataRefused, match=r"say --crs\. Its coordinates would fit EPSG:28412\.$"):
        place("f", None, None, around(RASHT, crs=28412), COUNTRY)
