"""Tiles of plots: each plot from the zoom of its card on, cells in the colours of the classes before.

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
from sqlalchemy import Connection, Float, Numeric, select
from sqlalchemy import cast as converted

from layers.catalogue.base import STORED_SRID
from layers.catalogue.land import Plot
from layers.features.features import Features, Property
from layers.features.plots import PLOTS
from layers.records.outcomes import OUTCOMES, UNJUDGED
from layers.records.snapshot import Run
from layers.tiles.layer_tiles import BUFFER, DISPLAY_PX, EXTENT, LARGEST_TILE, Tile, TileAddress, window
from layers.tiles.mvt import Coded, coded, encode
from layers.tiles.outlines import draw_outlines
from layers.tiles.plot_cells import cells_tile
from layers.tiles.results_in_memory import TEXTS, results_of_district

FINEST_CELLS_ZOOM = 16  # deeper plots always come one by one
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

CELLS_INSTEAD = "cells in the colours of the classes; zoom in for the plots"

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


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
        return Tile(cells_tile(connection, address, runs, unjudged))
    most = most_plots(len(asked)) if address.z <= FINEST_CELLS_ZOOM else None
    found = _plots_in(connection, address, district, most)
    if most is not None and found.count > most:
        return Tile(cells_tile(connection, address, runs, unjudged), f"more than {most} plots: {CELLS_INSTEAD}")
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
        return Tile(cells_tile(connection, address, runs, unjudged), f"plots of many corners: {CELLS_INSTEAD}")
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
