"""Tiles of land as crowded as a million plots in one tile of zoom 8: none too large, no plot left out or counted twice.

30,000 plots stand on 3 km by 2.4 km; a tile of zoom 8 is 150 km wide and would hold 70 million of them.
The district is not judged, so that all of it is of one class; shares of several are tested on the small land.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import mapbox_vector_tile
import pytest
from sqlalchemy import Connection, Engine, text

from layers.catalogue.base import PUBLIC
from layers.features.plots import scored_plots
from layers.postgres.engine import reading
from layers.records.snapshot import Choice, read_snapshot
from layers.tiles import plot_tiles
from layers.tiles.layer_tiles import BUFFER, EXTENT, LARGEST_TILE, Tile, TileAddress
from layers.tiles.plot_tiles import CELLS_INSTEAD, plots_tile
from tests.worlds.three_districts import Land, add_load

DISTRICT = "TJ.XX"
PLOTS, ACROSS = 30_000, 200
WEST, SOUTH, STEP = 68.9, 38.1, 0.00017  # degrees; plots of about 15 m by 18 m, shrunk a little
NORTH, EAST = SOUTH + PLOTS // ACROSS * STEP, WEST + ACROSS * STEP
MADE = text(
    "INSERT INTO plots (plot_id, plot_no, district, area_ha, land_form, availability, load_id, row_hash, geom) "
    "SELECT 'dense-' || n, 500000 + n, :district, 0.01 + n % 7 * 0.01, 'household', 'unknown', :load, '-', "
    "ST_Multi(ST_Segmentize(ST_MakeEnvelope(x, y, x + 0.00015, y + 0.00015, 4326), :longest)) FROM "
    "(SELECT n, :west + n % :across * :step AS x, :south + n / :across * :step AS y "
    "FROM generate_series(0, :plots - 1) AS n) AS place"
)


@pytest.fixture(scope="module")
def crowd(land: Land, database: Engine) -> None:
    """The crowded district, outlines of 20 corners."""
    assert land.rows
    with database.begin() as connection:
        load = add_load(connection, "plots", synthetic=True)
        place = {"west": WEST, "south": SOUTH, "step": STEP, "across": ACROSS, "plots": PLOTS}
        connection.execute(MADE, {**place, "district": DISTRICT, "load": load, "longest": 0.00003})
        connection.execute(text("ANALYZE plots"))


def over(z: int) -> Iterator[TileAddress]:
    """Tiles of a zoom that touch the crowd."""

    def column(lon: float) -> int:
        return int((lon + 180) / 360 * 2**z)

    def row(lat: float) -> int:
        return int((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * 2**z)

    for x in range(column(WEST), column(EAST) + 1):
        for y in range(row(NORTH), row(SOUTH) + 1):
            yield TileAddress(z, x, y)


def tile(connection: Connection, address: TileAddress) -> Tile:
    served = read_snapshot(connection)
    here = served.districts_in(address.bounds_degrees(BUFFER / EXTENT))
    runs = {code: run for code, run in served.runs_of(Choice()).items() if code in here}
    unjudged = [code for code in here if code not in runs]
    return plots_tile(connection, scored_plots(PUBLIC, runs), address, runs, unjudged, {}, DISTRICT)


def features(made: Tile) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = mapbox_vector_tile.decode(made.body)["plots"]["features"]
    return found


@pytest.mark.usefixtures("crowd")
@pytest.mark.parametrize("z", [8, 10, 12])
def test_cells_of_a_crowd_hold_every_plot_once_and_all_hectares(z: int) -> None:
    plots, hectares = 0, 0.0
    with reading(PUBLIC) as connection:
        for address in over(z):
            made = tile(connection, address)
            assert len(made.body) <= LARGEST_TILE
            for feature in features(made):
                plots += feature["properties"]["plots"]
                hectares += feature["properties"]["area_ha"]
    assert plots == PLOTS
    expected = sum(0.01 + n % 7 * 0.01 for n in range(PLOTS))
    assert hectares == pytest.approx(expected, abs=0.005 * 256 * 4)  # a cell is rounded to 0.01 ha


@pytest.mark.usefixtures("crowd")
@pytest.mark.parametrize("z", [13, 15, 16])
def test_closer_up_no_tile_is_too_large_and_one_with_too_many_plots_says_so(z: int) -> None:
    seen: set[int] = set()
    instead = 0
    with reading(PUBLIC) as connection:
        for address in over(z):
            made = tile(connection, address)
            assert len(made.body) <= LARGEST_TILE
            if made.note:
                assert CELLS_INSTEAD in made.note
                instead += sum(feature["properties"]["plots"] for feature in features(made))
            else:
                seen |= {feature["id"] for feature in features(made)} if made.body else set()
    assert instead + len(seen) >= PLOTS
    assert (instead > 0) == (z < 16)
    assert seen <= {500_000 + n for n in range(PLOTS)}
    if not instead:
        assert len(seen) == PLOTS


@pytest.mark.usefixtures("crowd")
def test_plots_of_too_many_corners_are_shown_as_cells_too(monkeypatch: pytest.MonkeyPatch) -> None:
    address = next(iter(over(16)))
    with reading(PUBLIC) as connection:
        assert tile(connection, address).note == ""
        monkeypatch.setattr(plot_tiles, "LARGEST_TILE", 1_000)
        assert tile(connection, address).note == f"plots of many corners: {CELLS_INSTEAD}"
