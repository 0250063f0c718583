"""The far view of plots: cells of 8 pixels in the colour of one class each, figures by squares of 64 pixels.

A cell is drawn where plots have their middle, so that the shape of the land shows; which class it shows is chosen so
that in every square the share of the cells is the share of the hectares (``cell_classes``). Land that is not settled
stands apart, by its outlook, and land that is not evaluated is a class of its own.
A feature is one class in one square: its cells, and its plots and hectares there, added up exactly. A class that has
less land in a square than it takes for a cell is a speck of half a pixel: no hectare is missing from a
tile, and no plot is left out for being small, since small plots are the ones families live on.
To zoom ``KEPT_TO`` the sums of cells are kept with the run; closer up, and of runs made when finer ones were not kept,
the plots of a tile are added up as it is made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg import sql
from sqlalchemy import Connection, Integer, Select, func, select, text
from sqlalchemy import cast as converted

from geo.contract.classes import CLASSES
from layers.catalogue.base import STORED_SRID
from layers.catalogue.land import Plot
from layers.features.plots import PLOTS
from layers.records.outcomes import UNJUDGED
from layers.records.runs import CELL_BITS, CELL_ZOOM, PER_HECTARE, UNSETTLED_CODES, suitability_cells
from layers.records.snapshot import Run
from layers.tiles.cell_classes import SQUARE, SQUARE_BITS, classes_shown, order_of_cells, squares_of
from layers.tiles.layer_tiles import BUFFER, DISPLAY_PX, EXTENT, HALF_SPAN_M, TileAddress, window
from layers.tiles.mvt import Coded, coded, encode
from layers.tiles.outlines import boxes
from layers.tiles.results_in_memory import results_of_district

DRAWN_BITS = 6  # 2**6 cells along a tile's side, of 8 pixels each
ACROSS = 1 << DRAWN_BITS
KEPT_TO = CELL_ZOOM + CELL_BITS - DRAWN_BITS  # deepest zoom that is drawn from what is kept
CELL_UNITS = EXTENT // ACROSS
SPECK_UNITS = EXTENT // DISPLAY_PX // 2  # half a pixel
CELL_ATTRIBUTES = {
    "class": "Suitability class, or not_settled",
    "outlook": "Outlook of land that is not settled",
    "plots": "Plots of the class in the square of 64 pixels",
    "area_ha": "Hectares of the class in the square of 64 pixels",
    "share": "Share of the class in the hectares of the square of 64 pixels, 0-1",
    "square": "Square of 64 pixels: zoom/column/row of the tile that is this square",
}

NOT_SETTLED = "not_settled"
# What a cell can be of: code it is kept under, class and outlook its features carry. Where nothing else decides, the
# first is shown: the unknown, then the worst.
KINDS = (
    (UNJUDGED, UNJUDGED, None),
    *((code, NOT_SETTLED, outlook) for outlook, code in reversed(UNSETTLED_CODES.items())),
    *((name, name, None) for name in reversed(CLASSES) if name != UNJUDGED),
)
_KIND_OF = {code: place for place, (code, _, _) in enumerate(KINDS)}
_PLACE = {  # class and outlook of a plot -> kind; land that is not evaluated has an outlook too and stays what it is
    (name, outlook): _KIND_OF[name if name == UNJUDGED or outlook is None else UNSETTLED_CODES[outlook]]
    for name in CLASSES
    for outlook in (None, *UNSETTLED_CODES)
}

Ints = NDArray[np.int64]


def cells_tile(connection: Connection, address: TileAddress, runs: Mapping[str, Run], unjudged: Sequence[str]) -> bytes:
    """Return the tile of cells; empty where no plot lies.

    runs : district -> run served there. unjudged : districts without one ('' = plots of no district).
    """
    if address.z > KEPT_TO:
        return _drawn(address, _sums_of_plots(connection, address, runs, unjudged))
    kept = _with_cells(connection, address, runs)
    sums = [_sums_of_cells(connection, address, kept, unjudged)]
    if coarse := {name: run for name, run in runs.items() if name not in kept}:
        sums.append(_sums_of_plots(connection, address, coarse, ()))
    return _drawn(address, np.concatenate(sums))


def _drawn(address: TileAddress, sums: Ints) -> bytes:
    """The features of a tile: a class in a square each, specks first, since what comes later lies above.

    sums : land by cell of the tile and kind (n, 5): column, row, place among ``KINDS``, plots, area (``PER_HECTARE``).
    """
    column, row, kind, held, size = sums[sums[:, 4] > 0].T
    if not len(column):
        return b""
    _, first, cell = np.unique(order_of_cells(column, row), return_index=True, return_inverse=True)
    area = np.zeros((len(first), len(KINDS)), dtype=np.int64)
    plots = np.zeros_like(area)
    np.add.at(area, (cell, kind), size)
    np.add.at(plots, (cell, kind), held)
    column, row = column[first], row[first]
    begins = np.flatnonzero(np.diff(squares_of(column, row), prepend=-1))
    square = np.repeat(np.arange(len(begins)), np.diff(np.r_[begins, len(column)]))
    shown = classes_shown(column, row, np.r_[begins, len(column)], area)

    in_square = np.add.reduceat(area, begins)
    cells = np.zeros_like(in_square)
    np.add.at(cells, (square, shown), 1)
    specks, drawn = np.argwhere((in_square > 0) & (cells == 0)), np.argwhere(cells > 0)
    most = np.array([begins[s] + np.argmax(area[square == s, k]) for s, k in specks], dtype=np.int64)
    corner = np.array([column[most], row[most], column[most], row[most]]) * CELL_UNITS
    corner[2:] += SPECK_UNITS
    west, north, east, south, starts = _merged(column, row, square * len(KINDS) + shown)
    at, of = np.concatenate([specks, drawn]).T
    share = in_square[at, of] / in_square.sum(axis=1)[at]
    attributes = {
        "class": Coded([name for _, name, _ in KINDS], of),
        "outlook": coded([KINDS[place][2] for place in of]),
        "plots": coded(np.add.reduceat(plots, begins)[at, of].tolist()),
        "area_ha": coded(np.round(in_square[at, of] / PER_HECTARE, 4).tolist()),
        "share": coded(np.round(share, 4).tolist()),
        "square": Coded(_named(address, column[begins], row[begins]), at),
    }
    edges = np.concatenate([corner, np.array([west, north, east, south]) * CELL_UNITS], axis=1)
    first_box = np.r_[np.arange(len(specks)), len(specks) + starts]
    return encode(Plot.__tablename__, EXTENT, boxes(edges[0], edges[1], edges[2], edges[3], first_box), attributes)[0]


def _named(address: TileAddress, column: Ints, row: Ints) -> list[str]:
    """Names of the squares that cells of a tile lie in."""
    deeper = DRAWN_BITS - SQUARE_BITS
    x = (address.x << deeper) + column // SQUARE
    y = (address.y << deeper) + row // SQUARE
    return [f"{address.z + deeper}/{i}/{j}" for i, j in zip(x.tolist(), y.tolist(), strict=True)]


def _merged(column: Ints, row: Ints, feature: Ints) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    """West, north, east and south of boxes that cover the cells of each feature, and where those of each begin.

    Cells side by side are one box, and so are boxes of one width above each other. Features come in order of their
    number; the last beginning is the end.
    """
    order = np.lexsort((column, row, feature))
    column, row, feature = column[order], row[order], feature[order]
    along = (np.diff(feature) == 0) & (np.diff(row) == 0) & (np.diff(column) == 1)
    first = np.flatnonzero(np.r_[True, ~along])
    west, north, of = column[first], row[first], feature[first]
    east = column[np.r_[first[1:], len(column)] - 1] + 1
    order = np.lexsort((north, east, west, of))
    west, east, north, of = west[order], east[order], north[order], of[order]
    below = (np.diff(of) == 0) & (np.diff(west) == 0) & (np.diff(east) == 0) & (np.diff(north) == 1)
    first = np.flatnonzero(np.r_[True, ~below])
    south = north[np.r_[first[1:], len(north)] - 1] + 1
    starts = np.flatnonzero(np.r_[True, np.diff(of[first]) != 0, True])
    return west[first], north[first], east[first], south, starts


_KEPT = text(
    f"SELECT c.x, c.y, c.class, sum(c.plots), sum(c.area_ha::float8) FROM {suitability_cells.name} c "  # noqa: S608
    "JOIN unnest(CAST(:districts AS text[]), CAST(:runs AS integer[])) AS served(district, run_id) "
    "ON c.run_id = served.run_id AND c.district = served.district "
    "WHERE c.run_id = ANY(CAST(:runs AS integer[])) AND c.zoom = :zoom "
    "AND c.x BETWEEN :x AND :last_x AND c.y BETWEEN :y AND :last_y GROUP BY c.x, c.y, c.class"
)
_WITH_CELLS = text(
    "SELECT served.run_id FROM unnest(CAST(:runs AS integer[])) AS served(run_id) WHERE EXISTS "  # noqa: S608
    f"(SELECT FROM {suitability_cells.name} c WHERE c.run_id = served.run_id AND c.zoom = :zoom)"
)


def _with_cells(connection: Connection, address: TileAddress, runs: Mapping[str, Run]) -> dict[str, Run]:
    """The runs that keep the cells a tile shows."""
    asked = {"runs": sorted({run.run_id for run in runs.values()}), "zoom": _kept_zoom(address)}
    kept = {row[0] for row in connection.execute(_WITH_CELLS, asked).all()}
    return {name: run for name, run in runs.items() if run.run_id in kept}


def _kept_zoom(address: TileAddress) -> int:
    """The zoom whose kept cells are those a tile shows."""
    return address.z + DRAWN_BITS - CELL_BITS


def _sums_of_cells(
    connection: Connection, address: TileAddress, runs: Mapping[str, Run], unjudged: Sequence[str]
) -> Ints:
    """Land by cell, as kept with the runs served, and as it lies in districts without one."""
    x, y = address.x << DRAWN_BITS, address.y << DRAWN_BITS
    place = {"zoom": _kept_zoom(address), "x": x, "y": y, "last_x": x + ACROSS - 1, "last_y": y + ACROSS - 1}
    served = {"districts": list(runs.keys()), "runs": [run.run_id for run in runs.values()]}
    found = [_columns(connection.execute(_KEPT, {**place, **served}).all())]
    if unjudged:
        column, row, plots, area_ha = _columns(connection.execute(_not_judged(address, unjudged)).all(), 4)
        found.append((column, row, (UNJUDGED,) * len(column), plots, area_ha))
    sums = [
        np.column_stack(
            [
                np.array(column, dtype=np.int64) - x,
                np.array(row, dtype=np.int64) - y,
                np.array([_KIND_OF[kind] for kind in kinds], dtype=np.int64),
                np.array(plots, dtype=np.int64),
                np.rint(np.array(area_ha, dtype=np.float64) * PER_HECTARE).astype(np.int64),
            ]
        )
        for column, row, kinds, plots, area_ha in found
    ]
    return _inside(np.concatenate(sums))


def _columns(rows: Sequence[Any], count: int = 5) -> tuple[tuple[Any, ...], ...]:
    """The columns of some rows; ``count`` empty ones of none."""
    return tuple(zip(*rows, strict=True)) or ((),) * count


def _inside(sums: Ints) -> Ints:
    """Sums of the cells that lie in a tile."""
    return sums[((sums[:, :2] >= 0) & (sums[:, :2] < ACROSS)).all(axis=1)]


def _not_judged(address: TileAddress, districts: Sequence[str]) -> Select[Any]:
    """Plots and hectares by cell in districts no run is served for: none of them is evaluated."""
    box = func.box2d(PLOTS.tile_geom)
    per_metre = 2 ** (address.z + DRAWN_BITS) / (2 * HALF_SPAN_M)
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


# One row comes back, whatever it holds, as for plots one by one.
_PLOTS = sql.SQL(
    "SELECT array_agg(plot_no), array_agg(district), array_agg(area_ha::float8), array_agg(x), array_agg(y) FROM ("
    "SELECT plot_no, coalesce(district, '') AS district, area_ha, (ST_XMin(box) + ST_XMax(box)) / 2 AS x, "
    "(ST_YMin(box) + ST_YMax(box)) / 2 AS y FROM {plots}, box2d(tile_geom) AS box "
    "WHERE ended_by IS NULL AND geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, {srid}) "
    "AND coalesce(district, '') = ANY(%(districts)s::text[])) AS here"
).format(plots=sql.Identifier(Plot.__tablename__), srid=sql.Literal(STORED_SRID))


def _sums_of_plots(
    connection: Connection, address: TileAddress, runs: Mapping[str, Run], unjudged: Sequence[str]
) -> Ints:
    """Land by cell of the plots whose box has its middle in a tile."""
    west, south, east, north = address.bounds_degrees(BUFFER / EXTENT)
    asked = {"west": west, "south": south, "east": east, "north": north, "districts": [*runs, *unjudged]}
    driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
    with driver.cursor(binary=True) as cursor:
        cursor.execute(_PLOTS, asked)
        found = cursor.fetchone()
    number, named, *measured = found if found and found[0] else ([], [], [], [], [])
    area_ha, x, y = (np.array(values, dtype=np.float64) for values in measured)
    left, _, _, top = address.bounds_m()
    cell_m = address.side_m / ACROSS
    column, row = np.floor((x - left) / cell_m), np.floor((top - y) / cell_m)
    kind = _kinds(connection, np.array(number, dtype=np.int64), np.array(named, dtype=object), runs)
    sums = np.column_stack([column, row, kind, np.ones(len(kind)), np.rint(area_ha * PER_HECTARE)])
    return _inside(sums.astype(np.int64))


def _kinds(connection: Connection, plot_no: Ints, district: NDArray[np.object_], runs: Mapping[str, Run]) -> Ints:
    """Place among ``KINDS`` of some plots (n,); what a run has not judged is not evaluated."""
    kinds = np.full(len(plot_no), _KIND_OF[UNJUDGED], dtype=np.int64)
    for name in set(district.tolist()) & runs.keys():
        result = results_of_district(connection, runs[name], name)
        here = np.flatnonzero(district == name)
        known, place = result.find(plot_no[here])
        pairs = zip(result.texts["class"][place].tolist(), result.texts["outlook"][place].tolist(), strict=True)
        kinds[here[known]] = [_PLACE[pair] for pair in pairs]
    return kinds
