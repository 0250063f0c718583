"""Tiles of plots: each plot from the zoom of its card on, shares of the classes on square cells before.

A cell shows all hectares in it: it is cut into strips from S1 down to NE, each as high as its class is large; land
that is not settled has strips of its own, by its outlook.
No plot is left out for being small, since small plots are the ones families live on. Where even a deep tile
would hold more plots than a slow line carries, it shows cells too and says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg import sql
from sqlalchemy import Connection, Float, Integer, Numeric, Select, func, select, text
from sqlalchemy import cast as converted

from geo.contract.classes import CLASSES
from layers.catalogue.base import STORED_SRID
from layers.catalogue.land import Plot
from layers.features.features import Features, Property
from layers.features.plots import PLOTS
from layers.records.outcomes import OUTCOMES, UNJUDGED
from layers.records.runs import UNSETTLED_CODES, suitability_cells
from layers.records.snapshot import Run
from layers.tiles.layer_tiles import BUFFER, DISPLAY_PX, EXTENT, HALF_SPAN_M, LARGEST_TILE, Tile, TileAddress, window
from layers.tiles.mvt import Coded, coded, encode
from layers.tiles.outlines import boxes, draw_outlines
from layers.tiles.results_in_memory import TEXTS, results_of_district

CELL_BITS = 4  # 2**4 cells along a tile's side
CELL_ZOOM = 12  # finest zoom cells are kept for
FINEST_CELLS_ZOOM = CELL_ZOOM + CELL_BITS  # zoom at which one such cell fills a tile
THINNEST_STRIP = 2 / 256  # share of a cell's height a class gets at least, so that none rounds away
CELL_ATTRIBUTES = {
    "class": "Suitability class, or not_settled",
    "outlook": "Outlook of land that is not settled",
    "plots": "Plots of the class in the cell",
    "area_ha": "Hectares of the class in the cell",
    "share": "Share of the class in the hectares of the cell, 0-1",
}

NOT_SETTLED = "not_settled"
# Strips of a cell from top to bottom: code it is kept under, class and outlook its feature carries.
STRIPS = (
    *((name, name, None) for name in CLASSES if name != UNJUDGED),
    *((code, NOT_SETTLED, outlook) for outlook, code in UNSETTLED_CODES.items()),
    (UNJUDGED, UNJUDGED, None),
)

PLOT_ATTRIBUTES = tuple(outcome.name for outcome in OUTCOMES if outcome.in_tile)
FINE_FROM = 15  # zoom from which outlines are drawn on the whole grid of a tile
OUTLINE_PX = 0.5  # how far an outline may move, screen pixels
COARSE_EXTENT = 2048  # units of a tile's side below FINE_FROM: a quarter of a screen pixel

# Nine tiles can touch a screen of 1024 x 768 pixels, and a screen may take 600 kB compressed.
TILE_BUDGET = 65_000  # bytes of one tile, compressed
# Bytes a plot adds to a compressed tile: measured with zlib on 1,000,000 plots of 19 vertices (bench/), and 7 % on top,
# which ISA-L takes more.
PLOT_BYTES = 38  # outline, number, plot_id (10 of them) and PLOT_ATTRIBUTES
ATTRIBUTE_BYTES = 7  # one more number

CELLS_INSTEAD = "shares of the classes on cells; zoom in for the plots"

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Cells = Mapping[tuple[int, int, str], tuple[int, float]]  # column, row, class -> plots, hectares


def plots_tile(
    connection: Connection,
    features: Features,
    address: TileAddress,
    runs: Mapping[str, Run],
    unjudged: Sequence[str],
    asked: Mapping[str, Property],
    district: str | None = None,
) -> Tile:
    """Return the tile of plots.

    Parameters
    ----------
    features : scored plots with the results of ``runs``, from which ``asked`` is read.
    runs : district -> run served there, of the districts the tile may touch; ``unjudged`` are those without
        one ('' = plots of no district).
    asked : properties to carry besides ``PLOT_ATTRIBUTES``, where plots are sent one by one.
    district : only the plots of this district.
    """
    if district is not None:
        runs = {name: run for name, run in runs.items() if name == district}
        unjudged = [name for name in unjudged if name == district]
    if address.z < Plot.card.tiles_from:
        return Tile(_cells_tile(connection, address, runs, unjudged))
    most = most_plots(len(asked)) if address.z <= FINEST_CELLS_ZOOM else None
    found = _plots_in(connection, address, district, most)
    if most is not None and found.count > most:
        return Tile(_cells_tile(connection, address, runs, unjudged), f"more than {most} plots: {CELLS_INSTEAD}")
    attributes = {"plot_id": Coded(found.plot_id, np.arange(found.count)), **_results(connection, found, runs)}
    if asked:
        attributes |= _further(connection, features, address, found.plot_no, asked)
    extent = EXTENT if address.z >= FINE_FROM else COARSE_EXTENT
    west, _, _, north = address.bounds_m()
    tolerance = OUTLINE_PX * extent / DISPLAY_PX
    drawing = draw_outlines(
        np.frombuffer(found.ewkb, dtype=np.uint8),
        found.count,
        west,
        north,
        address.side_m / extent,
        extent,
        BUFFER * extent // EXTENT,
        tolerance,
    )
    body, _count = encode(Plot.__tablename__, extent, drawing, attributes, found.plot_no)
    if len(body) > LARGEST_TILE and address.z <= FINEST_CELLS_ZOOM:
        return Tile(_cells_tile(connection, address, runs, unjudged), f"plots of many corners: {CELLS_INSTEAD}")
    return Tile(body)


def most_plots(asked: int) -> int:
    """Return how many plots a tile takes one by one with ``asked`` further attributes."""
    return TILE_BUDGET // (PLOT_BYTES + ATTRIBUTE_BYTES * asked)


@dataclass(frozen=True, slots=True)
class _Found:
    """Plots in a window, their shapes (EWKB in Web Mercator) one after the other."""

    count: int
    plot_no: Ints
    plot_id: Sequence[str]
    district: NDArray[np.object_]
    ewkb: bytes


# One row comes back, whatever it holds: fetching and sorting row by row would take as long as the search.
_PLOTS_IN = sql.SQL(
    "SELECT array_agg(plot_no), array_agg(district), array_agg(plot_id), "
    "string_agg(ST_AsEWKB(tile_geom, 'NDR'), ''::bytea) FROM ("
    "SELECT plot_no, plot_id, coalesce(district, '') AS district, tile_geom FROM {plots} "
    "WHERE ended_by IS NULL AND geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, {srid}) "
    "AND (%(district)s::text IS NULL OR district = %(district)s::text) LIMIT %(most)s) AS here"
).format(plots=sql.Identifier(Plot.__tablename__), srid=sql.Literal(STORED_SRID))


def _plots_in(connection: Connection, address: TileAddress, district: str | None, most: int | None) -> _Found:
    """Current plots whose box may touch a tile or its buffer; one more than ``most`` where there are more."""
    west, south, east, north = address.bounds_degrees(BUFFER / EXTENT)
    asked = {"west": west, "south": south, "east": east, "north": north, "district": district}
    driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
    with driver.cursor(binary=True) as cursor:
        cursor.execute(_PLOTS_IN, {**asked, "most": None if most is None else most + 1})
        row = cursor.fetchone()
    numbers, districts, ids, ewkb = row if row and row[0] else ([], [], [], b"")
    return _Found(len(numbers), np.array(numbers, np.int64), ids, np.array(districts, dtype=object), ewkb)


def _results(connection: Connection, found: _Found, runs: Mapping[str, Run]) -> dict[str, Coded]:
    """``PLOT_ATTRIBUTES`` of the plots found."""
    score = np.full(found.count, np.nan)
    texts = {name: np.full(found.count, None, dtype=object) for name in TEXTS}
    texts["class"][:] = UNJUDGED
    for district in {str(name) for name in found.district} & runs.keys():
        result = results_of_district(connection, runs[district], district)
        here = np.flatnonzero(found.district == district)
        known, place = result.find(found.plot_no[here])
        score[here[known]] = result.score[place]
        for name, values in result.texts.items():
            texts[name][here[known]] = values[place]
    shown, codes = np.unique(score[~np.isnan(score)], return_inverse=True)
    scored = np.full(found.count, -1)
    scored[~np.isnan(score)] = codes
    columns = {name: coded(values) for name, values in texts.items()} | {"score": Coded(shown.tolist(), scored)}
    return {name: columns[name] for name in PLOT_ATTRIBUTES}


def _further(
    connection: Connection, features: Features, address: TileAddress, numbers: Ints, asked: Mapping[str, Property]
) -> dict[str, Coded]:
    """Properties asked for on top, of the plots found."""
    values = (_sent(item).label(name) for name, item in asked.items())
    rows = select(features.number, *values).select_from(features.source)
    read = connection.execute(rows.where(*features.where, window(address, PLOTS.geom))).all()
    by_number = {row[0]: row[1:] for row in read}
    unknown = (None,) * len(asked)
    table = [by_number.get(number, unknown) for number in numbers.tolist()]
    return {name: coded([_flat(row[place]) for row in table]) for place, name in enumerate(asked)}


def _sent(named: Property) -> Any:
    """A property as the tile carries it: decimal numbers as double, so that 75.1 stays 75.1."""
    exact = isinstance(named.value.type, Numeric) and not named.single
    return converted(named.value, Float(53)) if exact else named.value


def _flat(value: Any) -> Any:
    """A value as a tile can hold it: lists as one text, dates as ISO text."""
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return value if value is None or isinstance(value, str | int | float) else str(value)


def _cells_tile(
    connection: Connection, address: TileAddress, runs: Mapping[str, Run], unjudged: Sequence[str]
) -> bytes:
    """Shares of the classes on cells: each cell cut into strips, one per class, S1 on top."""
    block = _Block.of(address)
    hectares = _judged_cells(connection, block, runs)
    if unjudged:
        for key, more in _unjudged_cells(connection, block, address, unjudged).items():
            before = hectares.get(key, (0, 0.0))  # plots not evaluated come from both and are one class
            hectares[key] = before[0] + more[0], before[1] + more[1]
    rank = {code: place for place, (code, _, _) in enumerate(STRIPS)}
    cells = sorted((x, y, rank[name], plots, area) for (x, y, name), (plots, area) in hectares.items() if area > 0)
    if not cells:
        return b""
    column, row, classes, held, area_ha = map(np.array, zip(*cells, strict=True))
    first = np.flatnonzero(np.r_[True, (np.diff(column) != 0) | (np.diff(row) != 0)])
    count = np.diff(np.r_[first, len(cells)])
    share = area_ha / np.repeat(np.add.reduceat(area_ha, first), count)
    height = np.maximum(share, THINNEST_STRIP)
    filled = np.repeat(np.add.reduceat(height, first), count)
    reached = np.cumsum(height)
    reached -= np.repeat(reached[first] - height[first], count)  # within the cell
    side = EXTENT // block.across
    west, north = (column - block.x) * side, (row - block.y) * side
    top = north + np.rint((reached - height) / filled * side).astype(np.int64)
    bottom = north + np.rint(reached / filled * side).astype(np.int64)
    attributes = {
        "class": Coded([name for _, name, _ in STRIPS], classes),
        "outlook": coded([STRIPS[place][2] for place in classes]),
        "plots": coded(held.tolist()),
        "area_ha": coded(np.round(area_ha, 2).tolist()),
        "share": coded(np.round(share, 3).tolist()),
    }
    return encode(Plot.__tablename__, EXTENT, boxes(west, top, west + side, bottom), attributes)[0]


@dataclass(frozen=True, slots=True)
class _Block:
    """A square of cells of one zoom: column and row of the first, and how many across."""

    zoom: int
    x: int
    y: int
    across: int

    @classmethod
    def of(cls, address: TileAddress) -> _Block:
        """The cells a tile shows."""
        zoom = min(address.z, CELL_ZOOM)
        deeper = address.z - zoom
        first_x, first_y = (address.x << CELL_BITS) >> deeper, (address.y << CELL_BITS) >> deeper
        return cls(zoom, first_x, first_y, max(1, (1 << CELL_BITS) >> deeper))


_JUDGED = text(
    f"SELECT c.x, c.y, c.class, sum(c.plots), sum(c.area_ha::float8) FROM {suitability_cells.name} c "  # noqa: S608
    "JOIN unnest(CAST(:districts AS text[]), CAST(:runs AS integer[])) AS served(district, run_id) "
    "ON c.run_id = served.run_id AND c.district = served.district "
    "WHERE c.run_id = ANY(CAST(:runs AS integer[])) AND c.zoom = :zoom "
    "AND c.x BETWEEN :x AND :last_x AND c.y BETWEEN :y AND :last_y GROUP BY c.x, c.y, c.class"
)


def _judged_cells(
    connection: Connection, block: _Block, runs: Mapping[str, Run]
) -> dict[tuple[int, int, str], tuple[int, float]]:
    """Plots and hectares by cell and class, of the runs served."""
    place = {"zoom": block.zoom, "x": block.x, "y": block.y}
    ends = {"last_x": block.x + block.across - 1, "last_y": block.y + block.across - 1}
    served = {"districts": list(runs.keys()), "runs": [run.run_id for run in runs.values()]}
    rows = connection.execute(_JUDGED, {**place, **ends, **served}).all()
    return {(x, y, name): (int(plots), float(area_ha)) for x, y, name, plots, area_ha in rows}


def _unjudged_cells(connection: Connection, block: _Block, address: TileAddress, districts: Sequence[str]) -> Cells:
    """The same for plots of districts no run is served for: all of them are not evaluated."""
    rows = connection.execute(_not_judged(block, address, districts)).all()
    last_x, last_y = block.x + block.across, block.y + block.across
    return {
        (x, y, UNJUDGED): (int(plots), float(area_ha))
        for x, y, plots, area_ha in rows
        if block.x <= x < last_x and block.y <= y < last_y
    }


def _not_judged(block: _Block, address: TileAddress, districts: Sequence[str]) -> Select[Any]:
    box = func.box2d(PLOTS.tile_geom)
    per_metre = 2 ** (block.zoom + CELL_BITS) / (2 * HALF_SPAN_M)
    east = (func.ST_XMin(box) + func.ST_XMax(box)) / 2 + HALF_SPAN_M
    south = HALF_SPAN_M - (func.ST_YMin(box) + func.ST_YMax(box)) / 2
    x, y = (converted(func.floor(way * per_metre), Integer) for way in (east, south))
    cell = (
        select(x.label("x"), y.label("y"), PLOTS.area_ha)
        .where(
            Plot.ended_by.is_(None),
            window(address, PLOTS.geom),
            func.coalesce(PLOTS.district, "").in_(list(districts)),
        )
        .subquery("unjudged")
        .c
    )
    return select(cell.x, cell.y, func.count(), func.sum(cell.area_ha)).group_by(cell.x, cell.y)
