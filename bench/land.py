"""What is measured on: the project's own demo region, in a database of its own, and the same as files.

All of it is synthetic. The region as files is a folder with ``plots_<n>.parquet``, ``canals.parquet``,
``hazards.parquet`` (column ``level``, 1 to 4) and ``slope.tif``, in EPSG:32642; another folder of that form may be
measured instead.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import pandas as pd
import psycopg
import rasterio
import shapely

from bench import peers
from geo.geometry.crs import WORKING_CRS, to_working
from layers.postgres.cluster import Cluster

LEVELS = {"residual": 1, "low": 2, "medium": 3, "high": 4}
OBOD = str(Path(sys.executable).with_name("obod"))


def home_of(plots: int) -> Path:
    """Return the home of the database with a demo region of so many plots, made if it is not there."""
    home = peers.CACHE / f"home-{plots}"
    peers.say(f"demo region of {plots:,} plots")
    run(home, "up", "--no-serve", "--plots", str(plots))
    run(home, "robustness", "--pending")
    return home


def started(home: Path) -> Path:
    """Return the home of a database that is there, running and up to date; it is measured, and not stopped after.

    Raises
    ------
    Missing : there is none.
    """
    if not Cluster(home).made:
        raise peers.Missing(f"there is no database in {home}")
    run(home, "db", "start")
    run(home, "db", "migrate")
    return home


def run(home: Path, *command: str) -> str:
    """Run an ``obod`` command on a home; return what it printed.

    Raises
    ------
    Missing : it failed; the text is its last line.
    """
    home.mkdir(parents=True, exist_ok=True)
    ended = subprocess.run([OBOD, *command], env=environment(home), capture_output=True, text=True)
    if ended.returncode:
        said = (ended.stderr or ended.stdout).strip().splitlines()
        raise peers.Missing(f"obod {command[0]} failed: {said[-1] if said else 'no word'}")
    return ended.stdout


def environment(home: Path) -> dict[str, str]:
    """Return the environment in which commands use the database of a home, whatever is set outside.

    Nothing is drawn beside what is measured.
    """
    kept = {name: value for name, value in os.environ.items() if name != "OBOD_DATABASE_URL"}
    return kept | {"OBOD_HOME": str(home), "OBOD_DRAW_AFTER_PUBLICATION": "false"}


def region_of(home: Path, plots: int) -> tuple[Path, int]:
    """Return the folder with the region of a home as files, and how many plots it has.

    The demo lies in two valleys; the kernels are measured in the one with the larger grid, so that one raster file
    covers every plot.
    """
    folder = peers.CACHE / f"region-{plots}"
    if folder.exists():
        return folder, plots_in(folder)
    peers.say("writing the region as files")
    part = folder.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    with psycopg.connect(Cluster(home).url()) as connection:
        for layer in ("dem", "slope"):
            names = connection.execute(
                "SELECT file_name FROM rasters WHERE layer = %s AND ended_by IS NULL", [layer]
            ).fetchall()
            files = [home / "rasters" / str(name) for (name,) in names]
            shutil.copy(max(files, key=lambda path: path.stat().st_size), part / f"{layer}.tif")
        with rasterio.open(part / "slope.tif") as source:
            ground = shapely.box(*source.bounds)
        frames = {
            "plots": _frame(
                connection, "SELECT plot_id, land_form, availability, irrigated, ST_AsBinary(geom) FROM plots"
            ),
            "canals": _frame(connection, "SELECT code, ST_AsBinary(geom) FROM canals"),
            "hazards": _frame(connection, "SELECT level, ST_AsBinary(geom) FROM hazard_zones"),
        }
    frames = {name: frame[shapely.within(frame.geometry.values, ground)] for name, frame in frames.items()}
    hazards = frames["hazards"].assign(level=frames["hazards"]["level"].map(LEVELS))
    frames["hazards"] = hazards[hazards["level"].notna()].astype({"level": int})
    count = len(frames["plots"])
    for name, frame in frames.items():
        frame.reset_index(drop=True).to_parquet(
            part / (f"plots_{count}.parquet" if name == "plots" else f"{name}.parquet")
        )
    part.rename(folder)
    return folder, count


def plots_in(region: Path) -> int:
    """Return the most plots a region has in one file."""
    return max(int(path.stem.removeprefix("plots_")) for path in region.glob("plots_*.parquet"))


def _frame(connection: psycopg.Connection[tuple[object, ...]], query: str) -> gpd.GeoDataFrame:
    """Current rows of a layer in EPSG:32642."""
    cursor = connection.execute(f"{query} WHERE ended_by IS NULL ORDER BY gid")
    names = [column.name for column in cursor.description or ()]
    table = pd.DataFrame(cursor.fetchall(), columns=names)
    shapes = to_working(shapely.from_wkb(table.pop(names[-1]).map(bytes).to_numpy()))
    single = shapely.get_num_geometries(shapes) == 1  # stored as multiple geometries of one part
    shapes[single] = shapely.get_geometry(shapes[single], 0)
    return gpd.GeoDataFrame(table, geometry=shapes, crs=WORKING_CRS)
