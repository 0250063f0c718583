"""Loading plots from a file, checks included, beside ogr2ogr and GeoPandas, which check nothing."""

from __future__ import annotations

import json
import math
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import geopandas as gpd
import pandas as pd
import psycopg

from bench import land, peers
from bench.table import Row
from layers.postgres.cluster import Cluster

SLOW_PLOTS = 100_000  # plots geopandas is given at most
MILLION = 1_000_000  # plots of the larger file
GROUND = (66.1, 36.1, 73.4, 41.7)  # degrees; where plots may lie, a little less
BESIDE = 0.01  # of a degree, between copies of the region


def loading(region: Path, plots: int) -> list[Row]:
    """Time ``obod layer load plots FILE`` into an empty database, and the peers into the same server."""
    rows = []
    for count in sorted({plots, MILLION}):
        path = peers.CACHE / f"plots-{count}.fgb"
        _write(region, plots, count, path)
        work = f"loading {count:,} plots from a FlatGeobuf"
        rows += _beside_peers(work, path, count, region, plots)
    return rows


def _write(region: Path, plots: int, count: int, path: Path) -> None:
    """The plots as a file people would load: degrees, a key and what is recorded.

    For more plots than the region has, copies of it lie beside one another.
    """
    if path.exists():
        return
    frame = gpd.read_parquet(region / f"plots_{plots}.parquet").to_crs(4326)
    if "land_form" not in frame:  # a region of another make
        frame = frame[["plot_id", "geometry"]].assign(land_form="unknown", availability="unknown")
    frame["plot_id"] = frame["plot_id"].astype(str)
    if count != plots:
        west, south, east, north = frame.total_bounds
        width, height = east - west + BESIDE, north - south + BESIDE
        columns = int((GROUND[2] - GROUND[0]) // width)
        copies = []
        for copy in range(math.ceil(count / plots)):
            row, column = divmod(copy, columns)
            moved = frame.translate(GROUND[0] + column * width - west, GROUND[1] + row * height - south)
            copies.append(frame.assign(plot_id=frame["plot_id"] + f"-{copy}", geometry=moved))
        frame = pd.concat(copies, ignore_index=True).iloc[:count]
    part = path.with_suffix(".part.fgb")
    frame.to_file(part, driver="FlatGeobuf", SPATIAL_INDEX="NO")
    part.rename(path)


@contextmanager
def _empty_database() -> Iterator[tuple[Path, str]]:
    """Yield the home and the address of a migrated database with nothing in it."""
    home = peers.CACHE / "home-loading"
    if Cluster(home).made:
        land.run(home, "db", "remove", "--yes")
    land.run(home, "db", "start")
    land.run(home, "db", "migrate")
    try:
        yield home, Cluster(home).url()
    finally:
        land.run(home, "db", "remove", "--yes")


def _beside_peers(work: str, path: Path, count: int, region: Path, plots: int) -> list[Row]:
    rows = []
    took: float | None = None
    with _empty_database() as (home, url):
        try:
            name = peers.program_version("ogr2ogr")
            took = _ogr2ogr(url, path)
            rows.append(Row(work, f"{name}, COPY and spatial index", _speed(took, count)))
        except (peers.Missing, subprocess.CalledProcessError) as error:
            rows.append(Row(work, "ogr2ogr", note=str(error) if isinstance(error, peers.Missing) else "it failed"))
        rows.append(_to_postgis(work, url, region, plots))
        own, said = _own(home, path)
        note = f"{said}; five indexes and the copy in Web Mercator"
        rows.append(
            Row(work, "obod layer load", f"{own:.1f} s, {count / own:,.0f} plots/s", _ratio(own, took), "", note)
        )
    with _empty_database() as (home, url):
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("ALTER TABLE plots DROP COLUMN tile_geom CASCADE")
        own, _ = _own(home, path)
        method, note = "obod layer load, without the copy in Web Mercator", "all else is the same"
        rows.append(Row(work, method, _speed(own, count), _ratio(own, took), "2 times", note))
    return rows


def _ogr2ogr(url: str, path: Path) -> float:
    """Load with ogr2ogr into a table of its own, which is dropped again; return the seconds."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA bench")
    command = ["ogr2ogr", "-f", "PostgreSQL", f"PG:{url}", str(path), "-nln", "bench.plots"]
    command += ["-lco", "GEOMETRY_NAME=geom", "-lco", "SPATIAL_INDEX=GIST", "-nlt", "PROMOTE_TO_MULTI"]
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env=os.environ | {"PG_USE_COPY": "YES"})
    took = time.perf_counter() - began
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA bench CASCADE")
    return took


def _own(home: Path, path: Path) -> tuple[float, str]:
    """Load with the project's command; return the seconds and what it says it did."""
    began = time.perf_counter()
    command = ["layer", "load", "plots", str(path), "--source", "benchmark", "--synthetic", "--json"]
    report = json.loads(land.run(home, *command))
    return time.perf_counter() - began, f"{report['added']:,} loaded, {report['rejected']:,} rejected"


def _speed(seconds: float, count: int) -> str:
    return f"{seconds:.1f} s, {count / seconds:,.0f} plots/s"


def _ratio(own: float, took: float | None) -> str:
    return f"{own / took:.1f} times ogr2ogr" if took else ""


_TO_POSTGIS = """
import sys, time
import geopandas, sqlalchemy
frame = geopandas.read_parquet(sys.argv[1]).iloc[: int(sys.argv[3])]
engine = sqlalchemy.create_engine(sys.argv[2].replace("postgresql://", "postgresql+psycopg://"))
began = time.perf_counter()
frame.to_postgis("to_postgis", engine)
print(len(frame) / (time.perf_counter() - began))
"""


def _to_postgis(work: str, url: str, region: Path, plots: int) -> Row:
    try:
        program = str(peers.python("loading"))
        command = [program, "-c", _TO_POSTGIS, str(region / f"plots_{plots}.parquet"), url, str(SLOW_PLOTS)]
        ended = subprocess.run(command, capture_output=True, text=True, check=True)
    except (peers.Missing, subprocess.CalledProcessError):
        return Row(work, "geopandas to_postgis", note="not measured")
    name = peers.version("loading", "geopandas")
    note = f"no index; {min(plots, SLOW_PLOTS):,} plots"
    return Row(work, f"{name} to_postgis", f"{float(ended.stdout):,.0f} plots/s", note=note)
