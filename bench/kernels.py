"""Side by side: the geometric kernels of ``geo`` and the libraries people use instead, on one region.

    python bench/kernels.py REGION [--plots 100000] [--only zonal] [--json FILE]

REGION is a directory with ``plots_<n>.parquet``, ``canals.parquet``, ``hazards.parquet`` (column ``level``, 1 to 4) and
``slope.tif``, all in EPSG:32642. Every row is measured in a process of its own, one after another, data loaded and
kernels compiled beforehand; the median of the repetitions counts. Slow peers get the first plots only, as many as the
table says. Results are compared too: a fast wrong number is no gain.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyproj
import rasterio
import shapely
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from geo.geometry.crs import STORED_CRS, WORKING_CRS, area_ha, to_stored, to_working
from geo.geometry.nearest import nearest_line
from geo.geometry.ragged import ragged
from geo.geometry.shares import share_by_level, share_covered
from geo.terrain.grid import Grid, north_up
from geo.terrain.zonal import zonal

Floats = NDArray[np.float64]
Prepared = Callable[[], Floats]

ALL = 10_000_000  # plots; more than any region here has


@dataclass(frozen=True)
class Case:
    """One row of the table: ``prepare`` loads what it needs and returns what is timed."""

    work: str
    name: str
    prepare: Callable[[Path, gpd.GeoDataFrame], Prepared]
    at_most: int = ALL
    repeat: int = 3
    package: str = ""


def slope(region: Path) -> Grid:
    with rasterio.open(region / "slope.tif", num_threads="all_cpus") as source:
        values = source.read(1)
        if source.nodata is not None:
            values[values == source.nodata] = np.nan
        place = source.transform
        return Grid(values, place.c, place.f, place.a, place.a)


def zonal_in_memory(region: Path, plots: gpd.GeoDataFrame) -> Prepared:
    grid, polygons = slope(region), np.asarray(plots.geometry.values)
    return lambda: zonal(grid, polygons, ("mean", "max"))["mean"]


def zonal_ragged(region: Path, plots: gpd.GeoDataFrame) -> Prepared:
    grid, shapes = slope(region), ragged(np.asarray(plots.geometry.values))
    return lambda: zonal(grid, shapes, ("mean", "max"))["mean"]


def zonal_from_file(region: Path, plots: gpd.GeoDataFrame) -> Prepared:
    polygons = np.asarray(plots.geometry.values)
    return lambda: zonal(slope(region), polygons, ("mean", "max"))["mean"]


def zonal_bands(region: Path, plots: gpd.GeoDataFrame) -> Prepared:
    one, polygons = slope(region), np.asarray(plots.geometry.values)
    grid = Grid(np.stack([one.values] * 4), one.x_min, one.y_max, one.cell_m, one.native_m)
    return lambda: zonal(grid, polygons, ("mean", "max"))["mean"][0]


def exactextract_in_memory(region: Path, plots: gpd.GeoDataFrame) -> Prepared:
    from exactextract import exact_extract
    from exactextract.raster import NumPyRasterSource

    grid = slope(region)
    raster = NumPyRasterSource(grid.values, *grid.bounds, srs_wkt=plots.crs.to_wkt())
    features = [{"type": "Feature", "geometry": shape.__geo_interface__, "properties": {}} for shape in plots.geometry]

    def run() -> Floats:
        found = exact_extract(raster, features, ["mean", "max"])
        return np.array([feature["properties"]["mean"] for feature in found])

    return run


def exactextract_from_file(region: Path, plots: gpd.GeoDataFrame) -> Prepared:
    from exactextract import exact_extract

    path = str(region / "slope.tif")

    def run() -> Floats:
        found = exact_extract(path, plots, ["mean", "max"], output="pandas", strategy="raster-sequential")
        return found["mean"].to_numpy()

    return run


def rasterstats_in_memory(region: Path, plots: gpd.GeoDataFrame) -> Prepared:
    from rasterstats import zonal_stats

    grid = slope(region)
    affine = north_up(grid.x_min, grid.y_max, grid.cell_m, grid.cell_m)

    def run() -> Floats:
        found = zonal_stats(plots.geometry, grid.values, affine=affine, stats=["mean", "max"], nodata=np.nan)
        return np.array([np.nan if one["mean"] is None else one["mean"] for one in found])

    return run


def nearest_ours(region: Path, plots: gpd.GeoDataFrame) -> Prepared:
    canals = np.asarray(gpd.read_parquet(region / "canals.parquet").geometry.values)
    polygons = np.asarray(plots.geometry.values)
    return lambda: nearest_line(polygons, canals).distance_m


def nearest_ragged(region: Path, plots: gpd.GeoDataFrame) -> Prepared:
    canals = np.asarray(gpd.read_parquet(region / "canals.parquet").geometry.values)
    shapes = ragged(np.asarray(plots.geometry.values))
    return lambda: nearest_line(shapes, canals).distance_m


def nearest_geopandas(region: Path, plots: gpd.GeoDataFrame) -> Prepared:
    canals = gpd.read_parquet(region / "canals.parquet")[["geometry"]]
    frame = plots[["geometry"]]

    def run() -> Floats:
        joined = gpd.sjoin_nearest(frame, canals, distance_col="distance_m")
        return joined["distance_m"].groupby(level=0).min().to_numpy()

    return run


def nearest_shapely(region: Path, plots: gpd.GeoDataFrame) -> Prepared:
    canals = np.asarray(gpd.read_parquet(region / "canals.parquet").geometry.values)
    polygons = np.asarray(plots.geometry.values)

    def run() -> Floats:
        tree = shapely.STRtree(canals)
        return np.asarray(tree.query_nearest(polygons, return_distance=True, all_matches=False)[1])

    return run


def shares_ours(region: Path, plots: gpd.GeoDataFrame) -> Prepared:
    zones = np.asarray(gpd.read_parquet(region / "hazards.parquet").geometry.values)
    polygons = np.asarray(plots.geometry.values)
    return lambda: share_covered(polygons, zones)


def shares_by_level_ours(region: Path, plots: gpd.GeoDataFrame) -> Prepared:
    hazards = gpd.read_parquet(region / "hazards.parquet")
    zones, levels = np.asarray(hazards.geometry.values), hazards["level"].to_numpy()
    polygons = np.asarray(plots.geometry.values)
    return lambda: share_by_level(polygons, zones, levels, 5).sum(axis=1)


def overlay(plots: gpd.GeoDataFrame, union: gpd.GeoDataFrame) -> Floats:
    frame = gpd.GeoDataFrame({"plot": np.arange(len(plots))}, geometry=plots.geometry.values, crs=plots.crs)
    pieces = gpd.overlay(frame, union, how="intersection")
    covered = pieces.area.groupby(pieces["plot"]).sum().reindex(frame["plot"], fill_value=0.0)
    return (covered / frame.area).to_numpy()


def united(zones: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(geometry=[shapely.union_all(zones.geometry.values)], crs=zones.crs).explode()


def shares_overlay(region: Path, plots: gpd.GeoDataFrame) -> Prepared:
    union = united(gpd.read_parquet(region / "hazards.parquet"))
    return lambda: overlay(plots, union)


def shares_overlay_with_union(region: Path, plots: gpd.GeoDataFrame) -> Prepared:
    hazards = gpd.read_parquet(region / "hazards.parquet")
    return lambda: overlay(plots, united(hazards))


def shares_by_level_overlay(region: Path, plots: gpd.GeoDataFrame) -> Prepared:
    hazards = gpd.read_parquet(region / "hazards.parquet")
    unions = [united(hazards[hazards["level"] >= level]) for level in range(1, 5)]

    def run() -> Floats:
        above = [overlay(plots, union) for union in unions]
        return above[0]

    return run


def areas_ours(_: Path, plots: gpd.GeoDataFrame) -> Prepared:
    degrees = to_stored(np.asarray(plots.geometry.values))
    return lambda: area_ha(degrees)


def areas_pyproj(_: Path, plots: gpd.GeoDataFrame) -> Prepared:
    degrees = shapely.orient_polygons(to_stored(np.asarray(plots.geometry.values)))
    geod = pyproj.Geod(ellps="WGS84")
    return lambda: np.array([geod.geometry_area_perimeter(shape)[0] for shape in degrees]) / 10_000.0


def working_ours(_: Path, plots: gpd.GeoDataFrame) -> Prepared:
    degrees = to_stored(np.asarray(plots.geometry.values))
    return lambda: shapely.get_coordinates(shapely.get_point(shapely.get_exterior_ring(to_working(degrees)), 0))[:, 0]


def working_geopandas(_: Path, plots: gpd.GeoDataFrame) -> Prepared:
    degrees = gpd.GeoSeries(to_stored(np.asarray(plots.geometry.values)), crs=STORED_CRS)

    def run() -> Floats:
        rings = shapely.get_exterior_ring(degrees.to_crs(WORKING_CRS).values)
        return shapely.get_coordinates(shapely.get_point(rings, 0))[:, 0]

    return run


# The first of each work is the yardstick its ratios are to.
CASES = (
    Case("zonal, in memory", "exactextract, features as dicts", exactextract_in_memory, 20_000, 1, "exactextract"),
    Case("zonal, in memory", "rasterstats", rasterstats_in_memory, 3_000, 1, "rasterstats"),
    Case("zonal, in memory", "obod", zonal_in_memory),
    Case("zonal, in memory", "obod, coordinates at hand", zonal_ragged),
    Case("zonal, in memory", "obod, four rasters in one pass", zonal_bands),
    Case("zonal, from the file", "exactextract, raster-sequential", exactextract_from_file, ALL, 1, "exactextract"),
    Case("zonal, from the file", "obod", zonal_from_file),
    Case("nearest canal", "geopandas sjoin_nearest", nearest_geopandas, 20_000, 1, "geopandas"),
    Case("nearest canal", "shapely STRtree.query_nearest", nearest_shapely, 20_000, 1, "shapely"),
    Case("nearest canal", "obod", nearest_ours),
    Case("nearest canal", "obod, coordinates at hand", nearest_ragged),
    Case("share under hazards", "geopandas overlay, union made before", shares_overlay, ALL, 1, "geopandas"),
    Case("share under hazards", "geopandas overlay, union included", shares_overlay_with_union, ALL, 1, "geopandas"),
    Case("share under hazards", "obod, union never made", shares_ours),
    Case("share by hazard level", "geopandas overlay, unions before", shares_by_level_overlay, 50_000, 1, "geopandas"),
    Case("share by hazard level", "obod", shares_by_level_ours),
    Case("area on the ellipsoid", "pyproj Geod", areas_pyproj, 20_000, 1, "pyproj"),
    Case("area on the ellipsoid", "obod", areas_ours),
    Case("reprojection", "geopandas to_crs", working_geopandas, ALL, 3, "geopandas"),
    Case("reprojection", "obod", working_ours),
)


def measure(case: Case, region: Path, plots: int, results: Path) -> dict[str, float]:
    """Run one case in this process; write its numbers to ``results`` and return seconds and plots."""
    frame = gpd.read_parquet(region / f"plots_{plots}.parquet")[["geometry"]].iloc[: case.at_most]
    run = case.prepare(region, frame)
    if not case.package:
        case.prepare(region, frame.iloc[:10])()  # compiled, or read from the compiler's cache
    seconds = []
    for _ in range(case.repeat):
        began = time.perf_counter()
        found = run()
        seconds.append(time.perf_counter() - began)
    np.save(results, found)
    return {"seconds": statistics.median(seconds), "plots": len(frame)}


def furthest(found: Floats, yardstick: Floats) -> float:
    """Return the largest difference of two results, relative where they are large."""
    n = min(len(found), len(yardstick))
    if n == 0:
        return float("nan")
    gap = np.abs(found[:n] - yardstick[:n]) / np.maximum(np.abs(yardstick[:n]), 1.0)
    return float(np.nanmax(gap))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("region", type=Path)
    parser.add_argument("--plots", type=int, default=100_000)
    parser.add_argument("--only", default="", help="works whose name contains this")
    parser.add_argument("--json", type=Path, help="write the rows here too")
    parser.add_argument("--case", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--results", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.case is not None:
        sys.stdout.write(json.dumps(measure(CASES[asked.case], asked.region, asked.plots, asked.results)))
        return
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        yardsticks: dict[str, tuple[float, Floats]] = {}
        for number, case in enumerate(CASES):
            if asked.only not in case.work:
                continue
            results = Path(scratch) / f"{number}.npy"
            command = [sys.executable, __file__, str(asked.region), "--plots", str(asked.plots)]
            command += ["--case", str(number), "--results", str(results)]
            ended = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            rate, found = ended["plots"] / ended["seconds"], np.load(results)
            own_rate, expected = yardsticks.setdefault(case.work, (rate, found))
            rows.append(
                {
                    "work": case.work,
                    "method": f"{case.name} {version(case.package)}" if case.package else case.name,
                    "plots": int(ended["plots"]),
                    "plots_per_s": round(rate),
                    "ratio": round(rate / own_rate, 1),
                    "difference": float(f"{furthest(found, expected):.1e}"),
                }
            )
            sys.stderr.write(f"{rows[-1]}\n")
    sys.stdout.write(table(rows))
    if asked.json:
        asked.json.write_text(json.dumps(rows, indent=1))


def table(rows: list[dict[str, object]]) -> str:
    """Return the rows as a Markdown table."""
    heads = ("work", "method", "plots", "plots/s", "ratio", "largest difference")
    lines = [heads, ("---",) * len(heads)]
    lines += [
        (
            str(row["work"]),
            str(row["method"]),
            f"{row['plots']:,}",
            f"{row['plots_per_s']:,}",
            f"{row['ratio']:,}",
            f"{row['difference']:.0e}",
        )
        for row in rows
    ]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


if __name__ == "__main__":
    main()
