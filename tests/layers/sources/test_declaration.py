"""Sources as data: each of the list is declared, and what is not understood is refused with file and key."""

from __future__ import annotations

import tomllib
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from layers.errors import DataRefused, NotFound
from layers.sources.declaration import Source, declared_sources, require_sources

# Source -> layers, as the list of the programme has them; typed, so that a lost file or layer is noticed.
EXPECTED = {
    "cod_ab": ("country", "regions", "districts", "jamoats"),
    "geoboundaries": ("districts",),
    "openstreetmap": ("settlements", "rivers", "canals", "lakes", "roads", "services", "energy_points"),
    "rgi": ("glaciers",),
    "nasa_landslides": ("hazard_events",),
    "usgs_earthquakes": ("hazard_events",),
    "copernicus_dem": ("dem",),
    "chelsa": ("mean_temperature", "minimum_temperature", "snow_days"),
    "worldclim": ("mean_temperature", "minimum_temperature", "climate_relief"),
    "gmted2010": ("climate_relief",),
    "worldcover": ("crown_cover", "cropland"),
    "soilgrids": ("available_water", "available_water_low", "available_water_high"),
    "agera5": ("climate_months",),
    "chirps": ("climate_months",),
    "fields_of_the_world": (),
    "jrc_water": ("water_occurrence",),
    "river_discharge": (),
    "sentinel2": ("august_greenness",),
    "wfp_prices": ("market_prices",),
}

PLAIN = """
title = "Wells"
about = "Wells of a survey."
version = "1"
date = 2026-01-02
cycle = "yearly"
[terms]
licence = "CC BY 4.0"
attribution = "A survey"
[addresses.wells]
uri = "https://example.org/wells.csv"
checked_on = 2026-11-28
mb = 1
[[rows]]
layer = "services"
address = "wells"
fields = { code = "id" }
"""


@pytest.fixture
def shipped(tmp_path: Path) -> dict[str, Source]:
    """Sources of an installation that corrects none."""
    return dict(declared_sources(tmp_path))


def test_every_source_of_the_list_is_declared(shipped: dict[str, Source]) -> None:
    assert {name: source.layers for name, source in shipped.items()} == EXPECTED
    assert {name: source.reserve_of for name, source in shipped.items() if source.reserve_of} == {
        "geoboundaries": "cod_ab",
        "worldclim": "chelsa",
    }


def test_no_address_is_said_to_work_that_was_not_tried(shipped: dict[str, Source]) -> None:
    for name, source in shipped.items():
        for address in source.addresses.values():
            assert address.checked_on == "to be checked at first use", name
            assert address.uri.startswith("https://"), name


def test_each_says_licence_and_attribution_and_what_it_must_not_be_used_for(shipped: dict[str, Source]) -> None:
    for source in shipped.values():
        assert source.terms.licence in source.terms.said
        assert source.terms.attribution in source.terms.said
    assert shipped["openstreetmap"].terms.said == "ODbL-1.0; © OpenStreetMap contributors"
    assert "[NO REDISTRIBUTION]" in shipped["worldclim"].terms.said
    assert [name for name, source in shipped.items() if source.terms.restriction] == ["worldclim"]


def test_all_stands_for_what_fills_a_layer_and_is_no_reserve(shipped: dict[str, Source]) -> None:
    wanted = {name for name, layers in EXPECTED.items() if layers} - {
        "geoboundaries", "worldclim", "sentinel2", "chirps", "agera5",
    }  # fmt: skip
    assert set(require_sources(["all"], shipped)) == wanted
    assert list(require_sources(["rgi", "cod_ab"], shipped)) == ["cod_ab", "rgi"]  # districts first
    with pytest.raises(NotFound, match="There is no source osm; the sources are all, agera5, "):
        require_sources(["osm"], shipped)


def test_water_of_the_soil_is_a_mean_over_60_cm_by_thickness(shipped: dict[str, Source]) -> None:
    grid, low, high = shipped["soilgrids"].grids
    thickness = {"0_5": 5, "5_15": 10, "15_30": 15, "30_60": 30}  # cm, depths of SoilGrids 2.0
    assert {name: pytest.approx(60 * factor) for name, factor in grid.factors.items()} == {
        **{f"wv0033_{depth}": cm for depth, cm in thickness.items()},
        **{f"wv1500_{depth}": -cm for depth, cm in thickness.items()},
    }
    assert grid.offset == 0.0
    for end, (mine, other) in ((low, ("q05", "q95")), (high, ("q95", "q05"))):  # wide ends: one quantile less the other
        assert {name: pytest.approx(60 * factor) for name, factor in end.factors.items()} == {
            **{f"wv0033_{depth}_{mine}": cm for depth, cm in thickness.items()},
            **{f"wv1500_{depth}_{other}": -cm for depth, cm in thickness.items()},
        }
        assert end.floor == 0.0


def test_a_road_of_openstreetmap_is_taken_once(shipped: dict[str, Source]) -> None:
    roads = [part for part in shipped["openstreetmap"].rows if part.layer == "roads"]
    for highway in ("primary", "track", "path", "residential", "steps"):
        for bridge in ("", "yes"):
            tags = {"highway": highway, "bridge": bridge}
            taking = [
                part.fields["kind"]
                for part in roads
                if all(tags[key] in values for key, values in part.where.items())
                and not any(tags[key] in values for key, values in part.unless.items())
            ]
            assert len(taking) == 1, tags


def test_an_installation_corrects_an_address_and_adds_a_source(tmp_path: Path) -> None:
    (tmp_path / "sources").mkdir()
    moved = (resources.files("layers.sources") / "declared" / "rgi.toml").read_text(encoding="utf-8")
    moved = moved.replace("https://daacdata.apps.nsidc.org/pub", "https://glaciers.example.org")
    moved = moved.replace('"to be checked at first use"', "2026-11-28")
    (tmp_path / "sources" / "rgi.toml").write_text(moved, encoding="utf-8")
    (tmp_path / "sources" / "wells.toml").write_text(PLAIN, encoding="utf-8")
    found = declared_sources(tmp_path)
    assert set(found) == {*EXPECTED, "wells"}
    assert found["rgi"].addresses["outlines"].uri.startswith("https://glaciers.example.org/")
    assert found["rgi"].addresses["outlines"].checked_on == date(2026, 11, 28)
    assert found["wells"].layers == ("services",)


@pytest.mark.parametrize(
    ("instead", "said"),
    [
        (("version =", "edition ="), "sources/wells.toml: version: this key is missing."),
        (("mb = 1", "mb = 1\nsize = 3"), "sources/wells.toml: addresses.wells.size: this key is not known."),
        (("https://example", "http://example"), "addresses.wells.uri: expected an address that begins with https://."),
        (("https://example", "file:///etc"), "addresses.wells.uri: expected an address that begins with https://."),
        (("wells.csv", "{year}.csv"), "addresses.wells: nothing says what {year} of its uri stands for."),
        (('address = "wells"', 'address = "springs"'), "services asks for the address springs, which is not declared."),
        (('layer = "services"', 'layer = "springs"'), "there is no layer of rows springs."),
        (('code = "id"', 'code = "id", depth = "d"'), "services has no field depth."),
        (("mb = 1", 'mb = 1\nchecksum = "crc"'), "addresses.wells.checksum: String should match pattern"),
        (("cycle =", "[[x]]\ncycle ="), "sources/wells.toml: cycle: this key is missing."),
        (("title =", "title"), "sources/wells.toml: not valid TOML"),
    ],
)
def test_what_is_not_understood_is_refused(tmp_path: Path, instead: tuple[str, str], said: str) -> None:
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "wells.toml").write_text(PLAIN.replace(*instead), encoding="utf-8")
    with pytest.raises(DataRefused) as refused:
        declared_sources(tmp_path)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rows": [], "kept": ""}, "it fills no layer; say in kept why its files are fetched"),
        ({"rows": [], "grids": [{"layer": "dem", "factors": {"wells": 1}}]}, "heights must be above EGM2008"),
        (
            {"rows": [], "grids": [{"layer": "dem", "factors": {"wells": 1}, "vertical_datum": "EGM96"}]},
            "heights must be above EGM2008",
        ),
    ],
)
def test_a_source_holds_together(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Source.model_validate({**tomllib.loads(PLAIN), **change})
