"""How exact a layer is, is what its own records say."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely
from sqlalchemy import Connection

from geo.terrain.grid import north_up
from layers.features.accuracy import Accuracy, accuracy_of
from layers.grids.rasters import store_grid
from layers.loading import load_frame
from tests.worlds.region_on_the_page import ABOUT


def test_a_grid_is_as_exact_as_its_cells_and_an_event_as_its_row_says(connection: Connection) -> None:
    assert accuracy_of(connection, "dem") == Accuracy()
    heights = np.full((8, 8), 500.0, dtype=np.float32)
    for size in (30.0, 90.0):
        store_grid(
            connection,
            "dem",
            heights,
            north_up(500_000.0, 4_300_000.0, size, size),
            "EPSG:32642",
            file_name=f"{size}",
            **ABOUT,
        )
    cells = accuracy_of(connection, "dem").cells_m
    assert cells is not None
    np.testing.assert_allclose(cells, (30.0, 90.0), rtol=0.01)
    events = gpd.GeoDataFrame(
        {"code": ["a", "b", "c"], "process": "flood", "accuracy_m": [50.0, 400.0, None]},
        geometry=[shapely.Point(70.4, 39.0 + place / 100) for place in range(3)],
        crs="EPSG:4326",
    )
    load_frame(connection, "hazard_events", events, **ABOUT)
    assert accuracy_of(connection, "hazard_events") == Accuracy(None, 400.0, 2, 3)


def test_outlines_are_as_exact_as_the_least_that_a_second_source_agrees(connection: Connection) -> None:
    box = shapely.box(70.0, 39.0, 70.2, 39.1)
    districts = gpd.GeoDataFrame(
        {"code": ["A", "B"], "name_en": ["A", "B"]},
        geometry=[box, shapely.box(70.2, 39.0, 70.4, 39.1)],
        crs="EPSG:4326",
    )
    load_frame(connection, "districts", districts, **ABOUT)
    assert accuracy_of(connection, "districts") == Accuracy()
    half = shapely.box(70.0, 39.0, 70.1, 39.1)
    drawn = {"code": ["x", "y"], "layer": "districts", "place": ["A", "B"]}
    outlines = gpd.GeoDataFrame(drawn, geometry=[half, districts.geometry[1]], crs="EPSG:4326")
    load_frame(connection, "reference_outlines", outlines, **ABOUT)
    assert accuracy_of(connection, "districts") == Accuracy(agreed=50)
