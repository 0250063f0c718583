"""A district in a V-valley of 6 km with a river, on heights of 30 m, and mountains to lay in its place."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from affine import Affine
from sqlalchemy import Connection

from geo.geometry.crs import to_stored
from layers.catalogue.hazards import HazardExtent, HazardZone
from layers.derived.susceptibility import derive
from layers.frames.around import read_layer
from layers.grids.rasters import store_grid
from layers.loading import load_frame

RASHT = "TJ.RR.GA"
X, Y = 500_010.0, 4_300_020.0  # m, EPSG:32642; north-west corner of the heights, on the lattice of 30 m cells
N, CELL_M = 200, 30.0
BED = 100  # column of the river


def valley_heights() -> np.ndarray:
    """A V-valley that falls south by 2 %, its sides rising by 0.6 m a cell up to 60 cells and by 21 m beyond."""
    row, col = np.mgrid[:N, :N]
    away = np.abs(col - BED)
    return 2_000.0 - row * CELL_M * 0.02 + 0.6 * np.minimum(away, 60) + 21.0 * np.maximum(away - 60, 0)


def stored(shape: shapely.Geometry) -> shapely.Geometry:
    return to_stored(np.array([shape], dtype=object))[0]


def frame(**columns: Any) -> gpd.GeoDataFrame:
    geometry = columns.pop("geometry")
    return gpd.GeoDataFrame([columns], geometry=[stored(geometry)], crs=4326)


LINE = shapely.MultiLineString([[(X, Y), (X + 100.0, Y)]])
OUTLINE = shapely.box(X + 1_200, Y - 4_800, X + 4_800, Y - 1_200)


def load_valley(connection: Connection) -> None:
    """Load district, heights and river."""
    load_frame(connection, "districts", frame(code=RASHT, name_en="Rasht", geometry=shapely.MultiPolygon([OUTLINE])))
    to = Affine(CELL_M, 0.0, X, 0.0, -CELL_M, Y)
    store_grid(
        connection,
        "dem",
        valley_heights(),
        to,
        "EPSG:32642",
        source="made-up valley",
        licence="CC0-1.0",
        synthetic=True,
    )
    bed = X + (BED + 0.5) * CELL_M
    line = shapely.MultiLineString([[(bed, Y - 600), (bed, Y - 5_900)]])
    load_frame(connection, "rivers", frame(code="river", stream_class=1, basis="surveyed", geometry=line))


def current(connection: Connection, layer: type[HazardZone | HazardExtent], process: str) -> gpd.GeoDataFrame:
    return read_layer(connection, layer, (layer.ended_by.is_(None)) & (layer.process == process))


def mountains() -> np.ndarray:
    """Main ridges running north to south every 1,800 m, 2,700 m high, their sides of 33 degrees; valleys between."""
    col = np.arange(N)
    from_ridge = np.abs((col % 60) - 30)
    return np.tile(2_700.0 - from_ridge * CELL_M * 0.65, (N, 1)) - np.arange(N)[:, np.newaxis] * 0.5


def lay(connection: Connection, layer: str, values: np.ndarray, **to: float) -> None:
    """Store a made-up grid whose cells lie off those of the heights by ``off`` metres."""
    off = to.get("off", 0.0)
    affine = Affine(CELL_M, 0.0, X - off, 0.0, -CELL_M, Y + off)
    mode = "replace" if layer == "dem" else "add"
    store_grid(connection, layer, values, affine, "EPSG:32642", mode=mode, source=f"made-up {layer}", synthetic=True)


def derived_ha(connection: Connection, process: str) -> dict[str, float]:
    """Hectares by level that a process gives."""
    return dict(next(iter(derive(connection, RASHT, [process]))).area_ha)
