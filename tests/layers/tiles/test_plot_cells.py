"""Cells of the far view, decoded and compared with the land: where they are, what they show, what they say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import mapbox_vector_tile
import pytest
from shapely.geometry import shape
from sqlalchemy import Connection, Engine, NullPool, create_engine, text

from layers.catalogue.base import PUBLIC
from layers.features.plots import scored_plots
from layers.records.snapshot import Choice, Snapshot, read_snapshot
from layers.tiles import plot_tiles
from layers.tiles.layer_tiles import BUFFER, EXTENT, HALF_SPAN_M, TileAddress
from layers.tiles.plot_tiles import plots_tile
from tests.worlds.three_districts import Land

CELLS, IN_SQUARE = 64, 8  # cells along a tile's side and a square's
CELL = EXTENT // CELLS
KEPT_TO = 12  # what is kept is drawn; closer up the plots themselves are added up
ZOOMS = (0, 3, 7, 10, 12, 13, 16)

Place = tuple[int, int]


@pytest.fixture
def alone(land: Land, database: Engine) -> Iterator[Connection]:
    """A connection that keeps nothing, neither in the database nor what it read of results."""
    assert land.rows
    engine = create_engine(database.url, poolclass=NullPool)
    with engine.connect() as connection:
        yield connection
        connection.rollback()


@pytest.fixture(autouse=True)
def cells_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Show no plot by itself, however close."""
    monkeypatch.setattr(plot_tiles, "TILE_BUDGET", 0)


def features(connection: Connection, served: Snapshot, address: TileAddress) -> list[dict[str, Any]]:
    """What a tile holds, rows counted southwards."""
    here = served.districts_in(address.bounds_degrees(BUFFER / EXTENT))
    runs = {code: run for code, run in served.runs_of(Choice()).items() if code in here}
    unjudged = [code for code in here if code not in runs]
    tile = plots_tile(connection, scored_plots(PUBLIC, runs), address, runs, unjudged, {})
    content = mapbox_vector_tile.decode(tile.body, default_options={"y_coord_down": True})
    found: list[dict[str, Any]] = content["plots"]["features"] if content else []
    return found


def held(land: Land, z: int, kept_to: int = KEPT_TO) -> dict[Place, list[dict[str, Any]]]:
    """Plots by cell of the world, counted east and south."""
    cells: dict[Place, list[dict[str, Any]]] = {}
    side = 2 * HALF_SPAN_M / 2**z / CELLS
    for row, outline in zip(land.rows, land.frame.to_crs(3857).geometry, strict=True):
        middle = outline.centroid if z <= kept_to else outline.envelope.centroid
        place = int((middle.x + HALF_SPAN_M) // side), int((HALF_SPAN_M - middle.y) // side)
        cells.setdefault(place, []).append(row)
    return cells


def in_squares(cells: dict[Place, Any]) -> dict[Place, list[Place]]:
    """Cells of each square of the world."""
    squares: dict[Place, list[Place]] = {}
    for x, y in cells:
        squares.setdefault((x // IN_SQUARE, y // IN_SQUARE), []).append((x, y))
    return squares


def tiles_over(cells: dict[Place, Any], z: int) -> list[TileAddress]:
    return [TileAddress(z, x, y) for x, y in sorted({(x // CELLS, y // CELLS) for x, y in cells})]


def covered(feature: dict[str, Any], address: TileAddress) -> list[Place]:
    """Cells of the world that a feature covers; none of a speck."""
    outline: Any = shape(feature["geometry"])
    found: list[Place] = []
    for part in getattr(outline, "geoms", [outline]):
        assert part.equals(part.envelope)
        assert part.exterior.is_ccw  # counted southwards, so clockwise on the map: an outer ring
        west, north, east, south = (int(edge) for edge in part.bounds)
        if east - west < CELL:
            assert (east - west, south - north, west % CELL, north % CELL) == (4, 4, 0, 0)
            assert part.equals(outline)
            return []
        assert not any(edge % CELL for edge in (west, north, east, south))
        columns, rows = range(west // CELL, east // CELL), range(north // CELL, south // CELL)
        found += [(address.x * CELLS + x, address.y * CELLS + y) for x in columns for y in rows]
    return found


@pytest.mark.parametrize(("z", "kept_to"), [*((z, KEPT_TO) for z in ZOOMS), (11, 10)])
def test_each_cell_shows_one_class_and_each_square_the_true_shares(
    land: Land, alone: Connection, z: int, kept_to: int
) -> None:
    alone.execute(text("DELETE FROM suitability_cells WHERE zoom > :kept"), {"kept": kept_to + 2})  # a run of before
    cells, served = held(land, z, kept_to), read_snapshot(alone)
    colour: dict[Place, str] = {}
    told: dict[Place, dict[str, dict[str, Any]]] = {}
    for address in tiles_over(cells, z):
        for feature in features(alone, served, address):
            about = feature["properties"]
            zoom, column, row = map(int, about["square"].split("/"))
            assert zoom == z + 3
            mine = told.setdefault((column, row), {})
            assert about["class"] not in mine
            mine[about["class"]] = about
            for x, y in covered(feature, address):
                assert (x // IN_SQUARE, y // IN_SQUARE) == (column, row)
                assert (x, y) not in colour
                colour[x, y] = about["class"]
    assert set(colour) == set(cells)  # empty land stays empty
    assert set(told) == set(in_squares(cells))
    for square, places in in_squares(cells).items():
        here = [plot for place in places for plot in cells[place]]
        whole = sum(plot["area_ha"] for plot in here)
        assert set(told[square]) == {plot["class"] for plot in here}
        for judged, about in told[square].items():
            areas = [plot["area_ha"] for plot in here if plot["class"] == judged]
            assert about["plots"] == len(areas)
            assert about["area_ha"] == pytest.approx(sum(areas), abs=0.0001)
            assert about["share"] == pytest.approx(sum(areas) / whole, abs=0.0001)
            due = sum(areas) / whole * len(places)
            assert abs(sum(colour[place] == judged for place in places) - due) < 1


@pytest.mark.parametrize("z", [12, 13])
def test_land_that_is_not_settled_stands_apart_by_its_outlook(land: Land, alone: Connection, z: int) -> None:
    for outlook, code, judged in (("likely", "UL", "S1"), ("open", "UO", "S2"), ("unlikely", "UU", "N1")):
        of = {"outlook": outlook, "code": code, "judged": judged}
        alone.execute(text("UPDATE suitability_cells SET class = :code WHERE class = :judged"), of)
        alone.execute(text("UPDATE suitability SET settled = false, outlook = :outlook WHERE class = :judged"), of)
    alone.execute(text("UPDATE suitability SET outlook = 'likely' WHERE class = 'NE'"))  # which is told of cards alone
    sums: dict[tuple[str, str | None], int] = {}
    for address in tiles_over(held(land, z), z):
        for feature in features(alone, read_snapshot(alone), address):
            about = feature["properties"]
            key = about["class"], about.get("outlook")
            sums[key] = sums.get(key, 0) + about["plots"]
    apart = {"S1": "likely", "S2": "open", "N1": "unlikely"}
    expected: dict[tuple[str, str | None], int] = {}
    for plot in land.rows:
        said = apart.get(plot["class"])
        key = ("not_settled" if said else plot["class"], said)
        expected[key] = expected.get(key, 0) + 1
    assert sums == expected


def test_a_class_too_small_for_a_cell_is_a_speck_and_keeps_its_figures(land: Land, alone: Connection) -> None:
    alone.execute(text("UPDATE suitability_cells SET area_ha = area_ha / 1000 WHERE class = 'NE'"))
    alone.execute(text("UPDATE suitability_cells SET area_ha = area_ha * 1000 WHERE class = 'S2'"))
    served, plots, specks = read_snapshot(alone), 0, []
    for address in tiles_over(held(land, 10), 10):
        found = features(alone, served, address)
        bare = [not covered(feature, address) for feature in found]
        assert bare == sorted(bare, reverse=True)  # what comes first lies below
        plots += sum(feature["properties"]["plots"] for feature in found)
        specks += [one["properties"]["class"] for one, is_speck in zip(found, bare, strict=True) if is_speck]
    assert "NE" in specks
    assert plots == len(land.rows)
