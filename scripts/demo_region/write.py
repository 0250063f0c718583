"""The demo region into the database: all of it in one transaction, the demo that was there before taken back first."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import date
from pathlib import Path

import geopandas as gpd

from geo.geometry.crs import STORED_CRS, WORKING_CRS, to_stored
from geo.terrain.grid import north_up
from layers.catalogue import BY_NAME, RASTERS
from layers.errors import DataRefused
from layers.features.districts import real_load_of_districts
from layers.grids.rasters import store_grid
from layers.loading import load_frame, undo
from layers.loading.listing import list_layers
from layers.postgres.engine import Connection
from layers.records.loads import files_of_loads
from scripts.demo_region.places import DISTRICTS
from scripts.demo_region.region import Region

Say = Callable[[str], None]

MARK = "demo region "  # how the loads of a demo begin their file name
LICENCE = "CC0-1.0"
DRAWN_ON = date(2026, 9, 1)  # date of the made-up data
ON_RELIEF = "with synthetic detail on the GEBCO 2023 Grid (GEBCO Compilation Group 2023)"


def mark(plots: int, seed: int, ground: str) -> str:
    """Return what the loads of this very demo are known by; another generator, size or seed has another mark."""
    digest = hashlib.sha256()
    for source in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(source.name.encode() + source.read_bytes())
    return f"{MARK}{plots} plots, seed {seed}, {ground}, {digest.hexdigest()[:8]}"


def loaded(connection: Connection) -> dict[int, str]:
    """Return the demo loads that still have rows or files, newest first, with what they are known by."""
    current = {holding.load for holding in list_layers(connection) if holding.load is not None}
    return files_of_loads(connection, current, MARK)


def is_loaded(connection: Connection, known_as: str) -> bool:
    """Whether this very demo, and no part of another one, is what is loaded."""
    found = loaded(connection).values()
    return bool(found) and all(name.startswith(known_as) for name in found)


def require_room(connection: Connection) -> None:
    """Refuse where districts of the demo are loaded from somewhere else: theirs are not to be drawn over."""
    codes = [district.code for district in DISTRICTS]
    other = real_load_of_districts(connection, codes)
    if other is not None:
        load_id, file_name = other
        raise DataRefused(
            f"Districts of the demo region are loaded from {file_name or 'another source'}: lay the demo on "
            f"them with --on DIR, or take them back first with obod layer undo {load_id}."
        )


def take_back(connection: Connection) -> None:
    """Take back whatever demo is loaded. Raises DataRefused where someone has since changed its rows."""
    for load_id in sorted(loaded(connection), reverse=True):
        undo(connection, load_id)


def write(connection: Connection, region: Region, known_as: str, say: Say = lambda _: None) -> int:
    """Write a region within the caller's transaction, no demo being there; return the rows written.

    Raises DataRefused where a layer has rows of another source under the same keys.
    """
    source = f"Synthetic demo region, seed {region.seed}"
    rows = 0
    for name in (layer for layer in BY_NAME if layer in region.frames):
        frame = region.frames[name]
        if not len(frame):
            continue
        if isinstance(frame, gpd.GeoDataFrame) and BY_NAME[name].geometry_kind is not None:
            frame = frame.set_geometry(to_stored(frame.geometry.to_numpy()), crs=STORED_CRS)
        say(f"{name}: {len(frame):,}")
        report = load_frame(
            connection,
            name,
            frame,
            source=source,
            licence=LICENCE,
            source_date=DRAWN_ON,
            synthetic=True,
            file_name=known_as,
        )
        rows += report.added
    for raster in (layer.id for layer in RASTERS if layer.id in region.grids):
        say(raster)
        for area, grid in zip(region.areas, region.grids[raster], strict=True):
            store_grid(
                connection,
                raster,
                grid.values,
                north_up(grid.x_min, grid.y_max, grid.cell_m, grid.cell_m),
                WORKING_CRS,
                source=f"{source}, {ON_RELIEF}" if region.true_relief and raster == "dem" else source,
                licence=LICENCE,
                source_date=DRAWN_ON,
                synthetic=True,
                file_name=f"{known_as}, {area.id}",
            )
    return rows
