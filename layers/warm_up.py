"""``python -m layers.warm_up``: compile every kernel that runs, tiles and requests use, once, into a cache on disk.

The cache lies beside the sources, or in ``NUMBA_CACHE_DIR``; all processes share it.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import rasterio
import shapely
from affine import Affine
from sqlalchemy import String

from geo.geometry.crs import STORED_CRS
from geo.warm_up import steps as steps_of_geo
from layers.catalogue.base import TILE_SRID
from layers.catalogue.land import Plot
from layers.grids.resampling import resampled
from layers.loading.derive import spatially_ordered
from layers.loading.faults import Faults
from layers.loading.repair import sound
from layers.loading.shapes import Shapes
from layers.postgres.copy_columns import Values, columns_of, digests, stream
from layers.postgres.pieces import Pieces
from layers.postgres.read_arrays import series_of
from layers.postgres.read_geometries import geometries_of
from layers.tiles.cell_classes import classes_shown
from layers.tiles.mvt import coded, encode
from layers.tiles.outlines import boxes, draw_outlines
from layers.tiles.raster_tiles import LATTICE, PIXELS, densified, fill

EXTENT, BUFFER = 4_096, 64  # of a tile, in its units


def steps() -> dict[str, Callable[[], object]]:
    """Return what has to be compiled, in parts people can follow: name -> what compiles it."""
    return {
        **steps_of_geo(),
        "vector tiles": _tiles,
        "raster tiles": _pictures,
        "reading of rasters": _rasters,
        "reading of rows": _rows,
        "loading of layers": _loading,
    }


def compile_all(say: Callable[[str], None] = lambda _: None) -> None:
    """Compile what is not in the cache yet; ``say`` is told of every step. A second or two where all of it is."""
    todo = steps()
    for number, (name, compiles) in enumerate(todo.items(), start=1):
        say(f"      {number} of {len(todo)}: {name}")
        compiles()


def _tiles() -> None:
    plot = shapely.set_srid(shapely.MultiPolygon([shapely.box(10.0, 10.0, 90.0, 90.0)]), TILE_SRID)
    ewkb = np.frombuffer(shapely.to_wkb(plot, include_srid=True), dtype=np.uint8)
    drawing = draw_outlines(ewkb, 1, 0.0, 100.0, 100.0 / EXTENT, EXTENT, BUFFER, 1.0)
    encode("plots", EXTENT, drawing, {"class": coded(["S1"])}, np.ones(1, dtype=np.int64))
    edge = np.zeros(1, dtype=np.int64)
    encode("plots", EXTENT, boxes(edge, edge, edge + 256, edge + 256), {"class": coded(["S1"])})
    classes_shown(edge, edge, np.arange(2, dtype=np.int64), np.ones((1, 1), dtype=np.int64))


def _pictures() -> None:
    lattice = densified(np.zeros((LATTICE, LATTICE)))
    cells = np.ones((1, 1), dtype=np.uint8)
    fill(np.zeros((PIXELS, PIXELS), dtype=np.uint8), cells, lattice, lattice, 1, 0, 0)


def _loading() -> None:
    shapes = Shapes.of(np.array([shapely.box(69.0, 38.0, 69.1, 38.1), shapely.Point(69.0, 38.0)]))
    shapes = Shapes.of_wkb(pa.array(shapely.to_wkb(shapes.objects()).tolist(), type=pa.binary()))
    shapes, bounds, _ = sound(shapes, "MULTIPOLYGON", Faults(np.arange(2)), Plot.box)
    part = shapes.take(np.flatnonzero(shapes.plain)[spatially_ordered(bounds[shapes.plain])])
    table = {
        "plot_id": Values.known(np.array(["made up"], dtype=object)),
        "area_ha": Values.known(part.area_ha()),
        "geom": Values.known(part.ewkb("MULTIPOLYGON")),
    }
    columns = [columns_of(Plot)[name] for name in table]
    table["row_hash"] = Values.known(Pieces.of(digests(table, columns)))
    b"".join(stream(table, [*columns, columns_of(Plot)["row_hash"]]))


def _rows() -> None:
    head = b"".join(number.to_bytes(4) for number in (1, 0, 25, 1, 1))  # one dimension, no nulls, text, one item from 1
    series_of(head + (2).to_bytes(4) + b"S1", String())
    place = shapely.to_wkb(shapely.Point(69.5, 38.5))
    geometries_of(head + len(place).to_bytes(4) + place)


def _rasters() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "heights.tif"
        profile = {"driver": "GTiff", "width": 8, "height": 8, "count": 1, "dtype": "float32", "crs": STORED_CRS}
        with rasterio.open(path, "w", transform=Affine(0.001, 0.0, 69.0, 0.0, -0.001, 39.0), **profile) as file:
            file.write(np.ones((1, 8, 8), dtype=np.float32))
        for nearest in (False, True):
            resampled(path, (1, 4, 4), Affine(30.0, 0.0, 500_100.0, 0.0, -30.0, 4_316_000.0), nearest=nearest)


if __name__ == "__main__":
    compile_all(lambda text: print(text, file=sys.stderr))  # noqa: T201
