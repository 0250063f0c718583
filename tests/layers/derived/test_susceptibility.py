"""Zones from stored heights: loaded like any layer, off what is mapped, labelled, repeatable, taken back."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import mapbox_vector_tile
import numpy as np
import orjson
import pytest
import shapely
from affine import Affine
from shapely import affinity
from sqlalchemy import Connection, Engine, select, text
from typer.testing import CliRunner

from geo.errors import NotAssessed
from geo.hazard.levels import SUSCEPTIBILITY
from layers.catalogue.base import PUBLIC
from layers.catalogue.hazards import HazardExtent, HazardZone
from layers.derived.susceptibility import derive, districts_named, processes_named, take_back
from layers.errors import NotFound
from layers.features.export import About, stream_csv
from layers.features.features import layer_features
from layers.features.paging import Listing
from layers.grids.rasters import store_grid
from layers.loading import load_frame, undo
from layers.loading.opened_file import Options
from layers.loading.raster_files import load_raster
from layers.records.loads import Load
from layers.tiles.layer_tiles import TileAddress, layer_tile, tile_properties
from scripts.main import app
from tests.worlds.mapped_by_nobody import BED, CELL_M, OUTLINE, RASHT, N, X, Y, current, frame, stored, valley_heights


def test_the_flooded_strip_is_where_the_height_above_the_river_says(clean: Connection) -> None:
    (found,) = derive(clean, RASHT, ["flood"])
    zones = current(clean, HazardZone, "flood")
    bed = X + (BED + 0.5) * CELL_M
    south, north = Y - 4_800, Y - 1_200
    # 0.6 m a column: under 2 m up to the third beside the bed, under 5 m up to the eighth.
    for level, reach in (("medium", 3.5), ("low", 8.5)):
        strip = shapely.box(bed - reach * CELL_M, south, bed + reach * CELL_M, north)
        inner = shapely.box(bed - 3.5 * CELL_M, south, bed + 3.5 * CELL_M, north)
        expected = strip if level == "medium" else strip - inner
        drawn = shapely.union_all(zones[zones["level"] == level].geometry.to_numpy()) & OUTLINE
        assert shapely.symmetric_difference(drawn, expected).area < 0.02 * expected.area
    assert set(found.zones) == {"low", "medium"}
    assert sum(found.zones.values()) == len(zones)
    assert sum(found.area_ha.values()) == pytest.approx(zones.area.sum() / 1e4, rel=0.01)


def test_what_is_loaded_says_what_it_is_and_where_from(clean: Connection) -> None:
    (found,) = derive(clean, RASHT, ["flood"])
    zones, extents = current(clean, HazardZone, "flood"), current(clean, HazardExtent, "flood")
    assert set(zones["source_class"]) == set(extents["source_class"]) == {"derived"}
    assert zones["method"].str.endswith(SUSCEPTIBILITY).all()
    assert set(zones["months"]) == {"3-7"}
    assert set(zones["return_period_y"]) == {100}
    assert zones.is_valid.all()
    for load_id in (found.zones_load, found.extent_load):
        load = clean.execute(select(Load).where(Load.load_id == load_id)).mappings().one()
        assert load["synthetic"]  # as the heights are
        assert SUSCEPTIBILITY in load["source"]
        assert "made-up valley" in load["source"]
        assert load["licence"] == "CC0-1.0"
    looked = shapely.union_all(extents.geometry.to_numpy())
    assert looked.contains(OUTLINE.buffer(250.0))
    assert OUTLINE.buffer(350.0).contains(looked)


def test_what_officials_mapped_wins_and_other_processes_do_not_count(clean: Connection) -> None:
    half = shapely.MultiPolygon([shapely.box(X, Y - 6_000, X + 6_000, Y - 3_000)])
    other = affinity.translate(half, yoff=3_000)
    official = {"source_class": "official"}
    for code, process, shape in (("a", "flood", half), ("b", "avalanche", other)):
        load_frame(clean, "hazard_extents", frame(code=code, process=process, geometry=shape, **official))
    list(derive(clean, RASHT, ["flood"]))
    mine = {"flood": current(clean, HazardZone, "flood"), "extent": current(clean, HazardExtent, "flood")}
    derived = mine["extent"][mine["extent"]["source_class"] == "derived"]
    for shapes in (mine["flood"].geometry, derived.geometry):
        whole = shapely.union_all(shapes.to_numpy())
        assert (whole & half).area < 100.0
        assert (whole & other).area > 0.0


def test_doing_it_again_changes_nothing_and_new_heights_take_the_place_of_the_old_zones(clean: Connection) -> None:
    (first,) = derive(clean, RASHT, ["flood"])
    codes = set(current(clean, HazardZone, "flood")["code"])
    (again,) = derive(clean, RASHT, ["flood"])
    assert again.unchanged
    assert (again.zones_load, again.extent_load) == (None, None)
    wider = valley_heights() - 0.4 * np.minimum(np.abs(np.arange(N) - BED), 60)
    to = Affine(CELL_M, 0.0, X, 0.0, -CELL_M, Y)
    store_grid(clean, "dem", wider, to, "EPSG:32642", mode="replace", source="wider", synthetic=True)
    (other,) = derive(clean, RASHT, ["flood"])
    assert not other.unchanged
    assert other.area_ha["medium"] > 2 * first.area_ha["medium"]
    loads = set(clean.execute(select(HazardZone.load_id).where(HazardZone.ended_by.is_(None))).scalars())
    assert loads == {other.zones_load}
    assert codes


def test_it_is_taken_back_load_by_load_or_all_at_once(clean: Connection) -> None:
    (found,) = derive(clean, RASHT, ["flood"])
    assert found.zones_load is not None
    undo(clean, found.zones_load)
    assert current(clean, HazardZone, "flood").empty
    assert len(current(clean, HazardExtent, "flood")) == 1
    assert take_back(clean, RASHT, "flood") == [found.extent_load]
    assert current(clean, HazardExtent, "flood").empty
    list(derive(clean, RASHT, ["flood"]))
    assert len(take_back(clean, RASHT, "flood")) == 2


def test_a_dry_run_loads_nothing(clean: Connection) -> None:
    (found,) = derive(clean, RASHT, ["flood"], dry_run=True)
    assert sum(found.zones.values()) > 0
    assert current(clean, HazardZone, "flood").empty


def test_every_surface_that_shows_a_derived_zone_says_that_it_is_no_hazard_map(clean: Connection) -> None:
    list(derive(clean, RASHT, ["flood"]))
    official = {"code": "o", "process": "avalanche", "level": "high", "intensity": "strong", "source_class": "official"}
    load_frame(clean, "hazard_zones", frame(geometry=shapely.MultiPolygon([OUTLINE]), **official))
    middle: Any = stored(OUTLINE.centroid)
    for layer in (HazardZone, HazardExtent):
        features = layer_features(layer, PUBLIC)
        expected = {"derived": SUSCEPTIBILITY, "official": None}
        said = (features.properties[name].value for name in ("source_class", "caution"))
        assert dict(clean.execute(select(*said).where(*features.where)).all()).items() <= expected.items()
        table = b"".join(stream_csv(clean, Listing(features), About(""))).decode().splitlines()
        assert "caution" in table[0]
        assert all(SUSCEPTIBILITY in row for row in table[1:] if "derived" in row)
        zoom = 12
        x = int((middle.x + 180) / 360 * 2**zoom)
        y = int((1 - np.arcsinh(np.tan(np.radians(middle.y))) / np.pi) / 2 * 2**zoom)
        made = layer_tile(clean, layer, TileAddress(zoom, x, y), tile_properties(layer, PUBLIC))
        (drawn,) = mapbox_vector_tile.decode(made.body).values()
        flooded = [row["properties"] for row in drawn["features"] if row["properties"]["process"] == "flood"]
        assert flooded
        assert {row["caution"] for row in flooded} == {SUSCEPTIBILITY}
        others = [row["properties"] for row in drawn["features"] if row["properties"]["process"] != "flood"]
        assert not any("caution" in row for row in others)


def test_every_process_gives_zones_that_may_overlap_only_between_processes(clean: Connection) -> None:
    for found in derive(clean, RASHT, processes_named(None)):
        zones = current(clean, HazardZone, found.process)
        assert zones.is_valid.all()
        assert zones.area.sum() == pytest.approx(shapely.union_all(zones.geometry.to_numpy()).area, rel=1e-6)


def test_what_cannot_be_derived_is_refused_in_a_sentence(clean: Connection) -> None:
    with pytest.raises(NotFound, match="landslide cannot be derived"):
        processes_named(["landslide"])
    with pytest.raises(NotFound, match=r"no outline of a district TJ\.XX"):
        districts_named(clean, ["TJ.XX"])
    assert districts_named(clean, None) == (RASHT,)
    clean.execute(text("UPDATE rasters SET resolution_m = 90"))
    with pytest.raises(NotAssessed, match="cells of 90 m; hazards are derived from 31 m or finer"):
        list(derive(clean, RASHT, ["flood"]))
    clean.execute(text("UPDATE rasters SET ended_by = load_id"))
    with pytest.raises(NotFound, match="no elevation"):
        list(derive(clean, RASHT, ["flood"]))


def test_the_command_labels_what_it_did(valley: Engine) -> None:
    told = CliRunner().invoke(app, ["susceptibility", "--process", "flood", "--dry-run", "--json"])
    assert told.exit_code == 0, told.output
    found = orjson.loads(told.stdout)
    assert found["label"] == SUSCEPTIBILITY
    assert [one["district"] for one in found["results"]] == [RASHT]
    done = CliRunner().invoke(app, ["susceptibility", "--process", "flood"])
    assert done.exit_code == 0, done.output
    assert SUSCEPTIBILITY in done.stdout
    gone = CliRunner().invoke(app, ["susceptibility", "--process", "flood", "--take-back", "--json"])
    assert len(orjson.loads(gone.stdout)["taken_back"]) == 2
    with valley.begin() as connection:
        assert current(connection, HazardZone, "flood").empty


@pytest.mark.real_data
def test_the_heights_at_hand_for_the_country_are_too_coarse_and_said_to_be(clean: Connection) -> None:
    file = Path(os.environ["OBOD_REAL_DATA"]) / "dem_gebco2023_15s_tjk.tif"
    clean.execute(text("UPDATE rasters SET ended_by = load_id"))
    load_raster(clean, "dem", file, Options(source="GEBCO 2023", licence="public domain"))
    with pytest.raises(NotAssessed, match="hazards are derived from 31 m or finer"):
        list(derive(clean, RASHT, ["avalanche"]))
