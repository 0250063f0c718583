"""Tiles of plots: each plot from the zoom of its card on, shares of the classes on square cells before.

A cell shows all hectares in it: it is cut into strips from S1 down to NE, each as high as its class is large.
No plot is left out for being small, since small plots are the ones families live on. Where even a deep tile
would hold more plots than a slow line carries, it shows cells too and says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Connection,
    Float,
    Integer,
    Numeric,
    Select,
    String,
    and_,
    cast,
    func,
    literal,
    select,
    tuple_,
    union_all,
)

from layers.catalogue.land import Plot
from layers.features import Features, Property
from layers.plots import PLOTS, UNJUDGED
from layers.results import CLASSES, suitability_cells
from layers.tiles import (
    EXTENT,
    HALF_SPAN_M,
    Tile,
    TileAddress,
    encoded,
    tile_shape,
    window,
)

CELL_BITS = 4  # 2**4 cells along a tile's side
CELL_ZOOM = 12  # finest zoom cells are kept for
FINEST_CELLS_ZOOM = CELL_ZOOM + CELL_BITS  # zoom at which one such cell fills a tile
THINNEST_STRIP = 2 / 256  # share of a cell's height a class gets at least, so that none rounds away
CELL_ATTRIBUTES = {
    "class": "Suitability class",
    "plots": "Plots of the class in the cell",
    "area_ha": "Hectares of the class in the cell",
    "share": "Share of the class in the hectares of the cell, 0-1",
}

PLOT_ATTRIBUTES = ("class", "score", "limiting", "subclass")
PLOT_ID_FROM = 15  # zoom from which plot_id is carried; before, the feature id (plot_no) finds the plot
OUTLINE_PX = 0.5  # how far an outline may move, screen pixels
COARSE_EXTENT = 2048  # units of a tile's side below PLOT_ID_FROM: a quarter of a screen pixel

# Nine tiles can touch a screen of 1024 x 768 pixels, and a screen may take 600 kB compressed.
TILE_BUDGET = 65_000  # bytes of one tile, compressed
# Measured on 1,000,000 plots of 19 vertices (bench/), bytes a plot adds to a compressed tile.
PLOT_BYTES = 26  # outline, number and PLOT_ATTRIBUTES
PLOT_ID_BYTES = 9  # plot_id
ATTRIBUTE_BYTES = 7  # one more number


def plots_tile(
    connection: Connection,
    features: Features,
    address: TileAddress,
    runs: Mapping[str, int],
    unjudged: Sequence[str],
    asked: Mapping[str, Property],
    district: str | None = None,
) -> Tile:
    """Return the tile of plots.

    Parameters
    ----------
    features : scored plots with the results of ``runs``.
    runs : district -> run served there, of the districts the tile may touch; ``unjudged`` are those without
        one ('' = plots of no district).
    asked : properties to carry besides ``PLOT_ATTRIBUTES``, where plots are sent one by one.
    district : only the plots of this district.
    """
    if district is not None:
        runs = {name: run for name, run in runs.items() if name == district}
        unjudged = [name for name in unjudged if name == district]
    if address.z < Plot.card.tiles_from:
        return Tile(_body(connection, cells_statement(address, runs, unjudged)))
    here = [*features.where, window(address, PLOTS.geom)]
    if district is not None:
        here.append(PLOTS.district == district)
    most = most_plots(address, len(asked))
    if address.z <= FINEST_CELLS_ZOOM and _more_than(connection, here, most):
        note = f"more than {most} plots: shares of the classes on cells; zoom in for the plots"
        return Tile(_body(connection, cells_statement(address, runs, unjudged)), note)
    return Tile(_body(connection, plots_statement(features, address, here, asked)))


def most_plots(address: TileAddress, asked: int) -> int:
    """Return how many plots a tile takes one by one with ``asked`` further attributes."""
    each = PLOT_BYTES + ATTRIBUTE_BYTES * asked + (PLOT_ID_BYTES if address.z >= PLOT_ID_FROM else 0)
    return TILE_BUDGET // each


def plots_statement(
    features: Features, address: TileAddress, here: Sequence[ColumnElement[bool]], asked: Mapping[str, Property]
) -> Select[Any]:
    """Return the statement that sends plots one by one: (tile, how many)."""
    fine = address.z >= PLOT_ID_FROM
    names = dict.fromkeys([*(("plot_id",) if fine else ()), *PLOT_ATTRIBUTES, *asked])
    extent = EXTENT if fine else COARSE_EXTENT
    outline = func.ST_Simplify(PLOTS.tile_geom, OUTLINE_PX * address.pixel_m, True)
    rows = (
        select(
            tile_shape(address, outline, extent).label("shape"),
            features.number.label("plot_no"),
            *(_sent(features.properties[name]).label(name) for name in names),
        )
        .select_from(features.source)
        .where(*here)
        .order_by(features.number)
    )
    return encoded(rows, Plot.__tablename__, extent=extent, number="plot_no")


def cells_statement(address: TileAddress, runs: Mapping[str, int], unjudged: Sequence[str]) -> Select[Any]:
    """Return the statement that sends shares of the classes on cells: (tile, how many strips)."""
    zoom = min(address.z, CELL_ZOOM)
    deeper = address.z - zoom
    first_x, first_y = (address.x << CELL_BITS) >> deeper, (address.y << CELL_BITS) >> deeper
    across = max(1, (1 << CELL_BITS) >> deeper)
    side = EXTENT // across
    block = _Block(zoom, first_x, first_y, across)
    parts = [_judged(block, runs), *([_not_judged(block, address, unjudged)] if unjudged else [])]
    found = union_all(*parts).subquery("found")
    keys = (found.c.x, found.c.y, found.c["class"])
    # Plots not evaluated come from both parts and are one class.
    summed = select(*keys, func.sum(found.c.plots).label("plots"), func.sum(found.c.area_ha).label("area_ha"))
    hectares = summed.group_by(*keys).subquery("hectares")
    place = (hectares.c.x, hectares.c.y)
    whole = func.sum(hectares.c.area_ha).over(partition_by=place)
    rank = func.array_position(cast(list(CLASSES), ARRAY(String)), cast(hectares.c["class"], String))
    height = func.greatest(hectares.c.area_ha / whole, THINNEST_STRIP)
    shares = select(hectares, (hectares.c.area_ha / whole).label("share"), rank.label("rank"), height.label("height"))
    sized = shares.where(hectares.c.area_ha > 0).subquery("sized")
    cell = (sized.c.x, sized.c.y)
    reached = func.sum(sized.c.height).over(partition_by=cell, order_by=sized.c.rank)
    filled = func.sum(sized.c.height).over(partition_by=cell)
    west, north = (sized.c.x - first_x) * side, (sized.c.y - first_y) * side
    top = north + func.round((reached - sized.c.height) / filled * side)
    bottom = north + func.round(reached / filled * side)
    # Rows of a tile count southwards, so the ring is turned to stay an outer one.
    strip = func.ST_Reverse(func.ST_MakeEnvelope(west, top, west + side, bottom))
    rows = select(
        strip.label("shape"),
        sized.c["class"],
        cast(sized.c.plots, Integer).label("plots"),
        _rounded(sized.c.area_ha, 2).label("area_ha"),
        _rounded(sized.c.share, 3).label("share"),
    ).order_by(sized.c.x, sized.c.y, sized.c.rank)
    return encoded(rows, Plot.__tablename__)


@dataclass(frozen=True, slots=True)
class _Block:
    """A square of cells of one zoom: column and row of the first, and how many across."""

    zoom: int
    x: int
    y: int
    across: int

    def holds(self, x: ColumnElement[Any], y: ColumnElement[Any]) -> ColumnElement[bool]:
        last = self.across - 1
        return and_(x.between(self.x, self.x + last), y.between(self.y, self.y + last))


def _judged(block: _Block, runs: Mapping[str, int]) -> Select[Any]:
    """Plots and hectares by cell and class, of the runs served."""
    cells = suitability_cells.c
    return (
        select(
            cells.x,
            cells.y,
            cells["class"],
            func.sum(cells.plots).label("plots"),
            cast(func.sum(cells.area_ha), Float(53)).label("area_ha"),
        )
        .where(
            cells.run_id.in_(sorted(set(runs.values()))),
            cells.zoom == block.zoom,
            block.holds(cells.x, cells.y),
            tuple_(cells.district, cells.run_id).in_(list(runs.items())),
        )
        .group_by(cells.x, cells.y, cells["class"])
    )


def _not_judged(block: _Block, address: TileAddress, districts: Sequence[str]) -> Select[Any]:
    """The same for plots of districts no run is served for: all of them are not evaluated."""
    box = func.box2d(PLOTS.tile_geom)
    cells_across = 2 ** (block.zoom + CELL_BITS)
    per_metre = cells_across / (2 * HALF_SPAN_M)
    east = (func.ST_XMin(box) + func.ST_XMax(box)) / 2 + HALF_SPAN_M
    south = HALF_SPAN_M - (func.ST_YMin(box) + func.ST_YMax(box)) / 2
    x, y = cast(func.floor(east * per_metre), Integer), cast(func.floor(south * per_metre), Integer)
    unjudged = (
        select(x.label("x"), y.label("y"), PLOTS.area_ha)
        .where(
            Plot.ended_by.is_(None),
            window(address, PLOTS.geom),
            func.coalesce(PLOTS.district, "").in_(list(districts)),
        )
        .subquery("unjudged")
    )
    cell = unjudged.c
    return (
        select(cell.x, cell.y, literal(UNJUDGED), func.count(), func.sum(cell.area_ha))
        .where(block.holds(cell.x, cell.y))
        .group_by(cell.x, cell.y)
    )


def _sent(named: Property) -> ColumnElement[Any]:
    """A property as the tile carries it: decimal numbers as double, so that 75.1 stays 75.1."""
    return cast(named.value, Float(53)) if isinstance(named.value.type, Numeric) and not named.single else named.value


def _rounded(value: ColumnElement[Any], digits: int) -> ColumnElement[Any]:
    return cast(func.round(cast(value, Numeric), digits), Float(53))


def _more_than(connection: Connection, here: Sequence[ColumnElement[bool]], most: int) -> bool:
    found = select(literal(1)).select_from(Plot.__table__).where(*here).limit(most + 1).subquery("found")
    return int(connection.execute(select(func.count()).select_from(found)).scalar_one()) > most


def _body(connection: Connection, statement: Select[Any]) -> bytes:
    body, _count = connection.execute(statement).one()
    return bytes(body)
