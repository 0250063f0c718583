"""How fast ways, canal command and drainage are computed on a synthetic district of 2,000 x 3,300 cells of 30 m.

Run from the root of the checkout: ``python bench/routing.py``; ``--rows`` and ``--cols`` make it smaller. Prints
processor seconds and microseconds per cell; the small grid that comes first warms the compiled code.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from scipy.ndimage import gaussian_filter

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from geo.routing.ways import travel_minutes
from geo.terrain.drainage import drainage
from geo.terrain.grid import Grid
from geo.terrain.relief import slope_pct
from geo.water.gravity_command import water_clearance

CELL_M = 30.0
RELIEF = ((60, 600.0), (25, 250.0), (10, 100.0), (4, 40.0))  # cells and metres of the bumps laid over one another


def relief(rows: int, cols: int) -> Grid:
    """A synthetic mountain district, seeded."""
    rng = np.random.default_rng(0)
    z = np.full((rows, cols), 1_500.0)
    for width, height_m in RELIEF:
        bumps = gaussian_filter(rng.normal(size=(rows, cols)), width)
        z += bumps / bumps.std() * height_m
    return Grid(z.astype(np.float32), 0.0, rows * CELL_M, CELL_M, CELL_M)


def timed(name: str, cells: int, work: Callable[[], object]) -> None:
    """Run ``work`` once and print what it took."""
    start = time.process_time()
    work()
    seconds = time.process_time() - start
    sys.stdout.write(f"{name:<28}{seconds:8.2f} s {1e6 * seconds / cells:8.3f} us/cell\n")


def main() -> None:
    """Measure on a small grid first, which compiles, then on the one asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=2_000)
    parser.add_argument("--cols", type=int, default=3_300)
    asked = parser.parse_args()
    for rows, cols in ((60, 60), (asked.rows, asked.cols)):
        dem = relief(rows, cols)
        home = [[cols * CELL_M / 2, rows * CELL_M / 2]]
        canal = shapely.LineString([(0.0, rows * CELL_M / 2), (cols * CELL_M, rows * CELL_M / 2)])
        canals = gpd.GeoDataFrame(geometry=[canal], crs="EPSG:32642")
        sys.stdout.write(f"{rows} x {cols} cells\n")
        timed("slope", rows * cols, partial(slope_pct, dem))
        timed("drainage", rows * cols, partial(drainage, dem))
        timed("least time, out", rows * cols, partial(travel_minutes, dem, home, both_ways=False))
        timed("least time, out and back", rows * cols, partial(travel_minutes, dem, home))
        timed("canal command", rows * cols, partial(water_clearance, dem, canals))


if __name__ == "__main__":
    main()
