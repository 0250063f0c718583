"""Loading plots from a file, checks included, beside ogr2ogr and GeoPandas, which check nothing."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path

import geopandas as gpd
import psycopg

from bench import land, peers
from bench.table import Row
from layers.embedded import Cluster


def loading(region: Path, plots: int, *, slow_plots: int = 100_000) -> list[Row]:
    """Time ``obod layer load plots FILE`` into an empty database, and the peers into the same server."""
    work = f"loading {plots:,} plots from a FlatGeobuf"
    home = peers.CACHE / "home-loading"
    path = peers.CACHE / f"plots-{plots}.fgb"
    _write(region, plots, path)
    if Cluster(home).made:
        land.run(home, "db", "remove", "--yes")
    land.run(home, "db", "start")
    land.run(home, "db", "migrate")
    try:
        return _measured(work, home, path, plots, region, slow_plots)
    finally:
        land.run(home, "db", "remove", "--yes")


def _write(region: Path, plots: int, path: Path) -> None:
    """The plots as a file people would load: degrees, a key and what is recorded."""
    if path.exists():
        return
    frame = gpd.read_parquet(region / f"plots_{plots}.parquet").to_crs(4326)
    if "land_form" not in frame:  # a region of another make
        frame = frame[["plot_id", "geometry"]].assign(land_form="unknown", availability="unknown")
    frame["plot_id"] = frame["plot_id"].astype(str)
    frame.to_file(path, driver="FlatGeobuf", SPATIAL_INDEX="NO")


def _measured(work: str, home: Path, path: Path, plots: int, region: Path, slow_plots: int) -> list[Row]:
    url = Cluster(home).url()
    rows = []
    took: float | None = None
    try:
        name = peers.program_version("ogr2ogr")
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE SCHEMA bench")
        command = ["ogr2ogr", "-f", "PostgreSQL", f"PG:{url}", str(path), "-nln", "bench.plots"]
        command += ["-lco", "GEOMETRY_NAME=geom", "-lco", "SPATIAL_INDEX=GIST", "-nlt", "PROMOTE_TO_MULTI"]
        began = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True, env=os.environ | {"PG_USE_COPY": "YES"})
        took = time.perf_counter() - began
        rows.append(Row(work, f"{name}, COPY and spatial index", f"{took:.1f} s, {plots / took:,.0f} plots/s"))
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("DROP SCHEMA bench CASCADE")
    except (peers.Missing, subprocess.CalledProcessError) as error:
        rows.append(Row(work, "ogr2ogr", note=str(error) if isinstance(error, peers.Missing) else "it failed"))
    rows.append(_to_postgis(work, url, region, plots, slow_plots))
    began = time.perf_counter()
    command = ["layer", "load", "plots", str(path), "--source", "benchmark", "--synthetic", "--json"]
    report = json.loads(land.run(home, *command))
    own = time.perf_counter() - began
    said = f"{own / took:.1f} times ogr2ogr" if took else ""
    note = f"{report['added']:,} loaded, {report['rejected']:,} rejected; five indexes and the copy in Web Mercator"
    rows.append(Row(work, "obod layer load", f"{own:.1f} s, {plots / own:,.0f} plots/s", said, "2 times", note))
    return rows


_TO_POSTGIS = """
import sys, time
import geopandas, sqlalchemy
frame = geopandas.read_parquet(sys.argv[1]).iloc[: int(sys.argv[3])]
engine = sqlalchemy.create_engine(sys.argv[2].replace("postgresql://", "postgresql+psycopg://"))
began = time.perf_counter()
frame.to_postgis("to_postgis", engine)
print(len(frame) / (time.perf_counter() - began))
"""


def _to_postgis(work: str, url: str, region: Path, plots: int, slow_plots: int) -> Row:
    try:
        program = str(peers.python("loading"))
        command = [program, "-c", _TO_POSTGIS, str(region / f"plots_{plots}.parquet"), url, str(slow_plots)]
        ended = subprocess.run(command, capture_output=True, text=True, check=True)
    except (peers.Missing, subprocess.CalledProcessError):
        return Row(work, "geopandas to_postgis", note="not measured")
    name = peers.version("loading", "geopandas")
    return Row(work, f"{name} to_postgis", f"{float(ended.stdout):,.0f} plots/s", note="no index")
