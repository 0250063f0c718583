"""Kernels in the database, walking time and combination, beside their peers."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import psycopg
import rasterio
import shapely

from bench import peers
from bench.routing import relief
from bench.table import Row
from geo.contract.criterion import Measured
from geo.criteria import LAND_CRITERIA
from geo.measures.exclusion import nothing_excluded
from geo.panel.scheme import load_scheme
from geo.routing.surface import walking_surface
from geo.routing.ways import least_time, travel_minutes
from geo.suitability.assess import classify_plots, evaluate
from geo.suitability.rating import rate
from geo.terrain.grid import Grid, north_up
from geo.water.gravity_command import water_clearance
from layers.postgres.cluster import Cluster

DATABASE_PLOTS = 20_000  # plots the slow statements of PostGIS are given
MATRIX_PLOTS = 1_000_000
SMALL, LARGE = (1_000, 1_650), (2_000, 3_300)  # rows and columns of 30 m; the larger is a large district


def kernels(region: Path, plots: int) -> list[Row]:
    """Rows of bench/kernels.py, which measures each case in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder) / "rows.json"
        command = [sys.executable, "bench/kernels.py", str(region), "--plots", str(plots), "--json", str(found)]
        subprocess.run(command, cwd=peers.ROOT, check=True, stdout=subprocess.DEVNULL)
        measured = json.loads(found.read_text())
    reach = {
        "zonal, in memory": "30x",
        "zonal, from the file": "10x",
        "nearest canal": "30x",
        "share under hazards": "4x",
    }
    rows = []
    for row in measured:
        own = row["method"].startswith("obod")
        note = f"{row['plots']:,} plots, largest difference {row['difference']:.0e}"
        rate = f"{row['plots_per_s']:,} plots/s"
        rows.append(
            Row(row["work"], row["method"], rate, f"{row['ratio']:,}x", reach.get(row["work"], "") if own else "", note)
        )
    return rows


def postgis(home: Path, region: Path, plots: int) -> list[Row]:
    """Nearest canal and hazard share as statements in PostGIS, on the region's first plots."""
    frame = gpd.read_parquet(region / f"plots_{plots}.parquet").iloc[:DATABASE_PLOTS]
    others = {name: gpd.read_parquet(region / f"{name}.parquet") for name in ("canals", "hazards")}
    with psycopg.connect(Cluster(home).url(), autocommit=True) as connection:
        row = connection.execute("SELECT postgis_lib_version()").fetchone()
        name = f"PostGIS {row[0] if row else ''}"
        for table, rows in {"region_plots": frame, **{f"region_{key}": value for key, value in others.items()}}.items():
            connection.execute(f"DROP TABLE IF EXISTS bench.{table}")
            connection.execute(f"CREATE TABLE bench.{table} (id int, geom geometry)")
            with connection.cursor().copy(f"COPY bench.{table} FROM STDIN") as copy:
                for number, shape in enumerate(shapely.to_wkb(rows.geometry.values, hex=True)):
                    copy.write_row((number, shape))
            connection.execute(f"CREATE INDEX ON bench.{table} USING gist (geom)")
        connection.execute(
            "DROP TABLE IF EXISTS bench.region_union; CREATE TABLE bench.region_union AS "
            "SELECT (ST_Dump(ST_Union(geom))).geom FROM bench.region_hazards; "
            "CREATE INDEX ON bench.region_union USING gist (geom)"
        )
        connection.execute("VACUUM ANALYZE")
        nearest = _timed(connection, _NEAREST)
        share = _timed(connection, _SHARE)
    works = (("nearest canal", "KNN", nearest), ("share under hazards", "ST_Intersection, union made before", share))
    return [
        Row(work, f"{name} {how}", f"{len(frame) / seconds:,.0f} plots/s", note=f"{len(frame):,} plots")
        for work, how, seconds in works
    ]


_NEAREST = (
    "SELECT sum(d) FROM bench.region_plots p CROSS JOIN LATERAL "
    "(SELECT p.geom <-> c.geom AS d FROM bench.region_canals c ORDER BY d LIMIT 1) AS near"
)
_SHARE = (
    "SELECT sum(s) FROM (SELECT sum(ST_Area(ST_Intersection(p.geom, u.geom))) / ST_Area(p.geom) AS s "
    "FROM bench.region_plots p JOIN bench.region_union u ON ST_Intersects(p.geom, u.geom) "
    "GROUP BY p.id, p.geom) AS shares"
)


def _timed(connection: psycopg.Connection[tuple[object, ...]], query: str) -> float:
    began = time.perf_counter()
    connection.execute(query).fetchall()
    return time.perf_counter() - began


def walking() -> list[Row]:
    """Least walking time over a mountain district, beside GRASS and scikit-image; canal command."""
    work, command = "walking time over a district", "gravity command over a district"
    travel_minutes(relief(60, 60), [[900.0, 900.0]])
    seconds: dict[tuple[str, tuple[int, int]], float] = {}
    for shape in (SMALL, LARGE):
        dem = relief(*shape)
        middle = [[shape[1] * dem.cell_m / 2, shape[0] * dem.cell_m / 2]]
        canal = shapely.LineString([(0.0, middle[0][1]), (middle[0][0] * 2, middle[0][1])])
        canals = gpd.GeoDataFrame(geometry=[canal], crs="EPSG:32642")
        if shape == SMALL:
            water_clearance(dem, canals)
        measured = {
            "out": lambda dem=dem, at=middle: travel_minutes(dem, at, both_ways=False),
            "both": lambda dem=dem, at=middle: travel_minutes(dem, at),
            "command": lambda dem=dem, lines=canals: water_clearance(dem, lines),
        }
        for what, call in measured.items():
            seconds[what, shape] = min(_seconds(call) for _ in range(3))
    cells = {shape: shape[0] * shape[1] for shape in (SMALL, LARGE)}

    def per_cell(what: str) -> str:
        each = [seconds[what, shape] / cells[shape] * 1e6 for shape in (SMALL, LARGE)]
        return f"{each[0]:.2f} and {each[1]:.2f} us a cell at {cells[SMALL]:,} and {cells[LARGE]:,} cells"

    rows = []
    same_cost = min(_isotropic(*SMALL) for _ in range(3))
    for peer, own, how in (
        (_grass, seconds["out", SMALL], "way out"),
        (_mcp, same_cost, "the same costs and moves"),
    ):
        try:
            name, took = min((peer() for _ in range(3)), key=lambda found: found[1])
        except peers.Missing as missing:
            rows.append(Row(work, str(missing)))
            continue
        rows.append(Row(work, name, f"{took:.1f} s", note=f"{cells[SMALL]:,} cells, {how}"))
        rows.append(
            Row(work, f"obod, {how}, beside {name.split()[0].rstrip(',')}", f"{own:.1f} s", f"{took / own:.1f}x", "3x")
        )
        if peer is _grass:
            # It has no way back; the same search twice is what both ways cost with it.
            twice = 2 * took
            rows.append(Row(work, f"{name}, twice", f"{twice:.1f} s", note=f"{cells[SMALL]:,} cells"))
            ratio = f"{twice / seconds['both', SMALL]:.1f}x"
            text = f"{seconds['both', SMALL]:.1f} s"
            rows.append(
                Row(work, "obod, out and back, beside GRASS", text, ratio, "3x", "the two searches side by side")
            )
    both = f"{seconds['both', LARGE]:.1f} s"
    rows.append(Row(work, "obod, out and back", both, reach="cost linear in cells", note=per_cell("both")))
    took = seconds["command", LARGE]
    rows.append(Row(command, "obod", f"{took:.1f} s", reach="5 s, cost linear in cells", note=per_cell("command")))
    return rows


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _grass() -> tuple[str, float]:
    """GRASS r.walk from the middle of the smaller district; the time of the module alone."""
    version = peers.program_version("grass")
    dem = relief(*SMALL)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "dem.tif"
        place = {"transform": north_up(0, dem.y_max, dem.cell_m, dem.cell_m), "crs": "EPSG:32642"}
        rows, cols = SMALL
        with rasterio.open(path, "w", "GTiff", cols, rows, 1, dtype="float32", **place) as out:
            out.write(dem.values, 1)
        script = Path(folder) / "walk.sh"
        at = f"{cols * dem.cell_m / 2},{rows * dem.cell_m / 2}"
        script.write_text(
            f"r.in.gdal -o input={path} output=dem --quiet && g.region raster=dem && r.mapcalc 'zero = 0' --quiet\n"
            "began=$(date +%s.%N)\n"
            f"r.walk -k elevation=dem friction=zero output=minutes start_coordinates={at} memory=2000 --quiet\n"
            'echo "$began $(date +%s.%N)"\n'
        )
        command = ["grass", "--tmp-location", "EPSG:32642", "--exec", "bash", str(script)]
        ended = subprocess.run(command, capture_output=True, text=True)
    times = [line.split() for line in ended.stdout.splitlines() if line[:1].isdigit() and len(line.split()) == 2]
    if ended.returncode or not times:
        raise peers.Missing("GRASS r.walk did not run")
    began, done = times[-1]
    return f"GRASS r.walk {version.split()[-1]}", float(done) - float(began)


def _isotropic(rows: int, cols: int) -> float:
    """Seconds for what scikit-image is given: level ground, a cost for each cell, moves in 8 directions."""
    cost = np.random.default_rng(0).uniform(1.0, 3.0, (rows, cols))
    level = Grid(np.zeros((rows, cols), dtype=np.float32), 0.0, float(rows), 1.0, 1.0)
    at = [[cols // 2 + 0.5, rows - rows // 2 - 0.5]]
    return _seconds(lambda: least_time(walking_surface(level), at, danger=cost - 1.0, directions=8))


_MCP = """
import sys, time
import numpy as np
from skimage.graph import MCP_Geometric
rows, cols = int(sys.argv[1]), int(sys.argv[2])
cost = np.random.default_rng(0).uniform(1.0, 3.0, (rows, cols))
began = time.perf_counter()
MCP_Geometric(cost).find_costs([(rows // 2, cols // 2)])
print(time.perf_counter() - began)
"""


def _mcp() -> tuple[str, float]:
    """scikit-image on the same number of cells, the same cost in every direction."""
    command = [str(peers.python("walking")), "-c", _MCP, *map(str, SMALL)]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    return f"MCP_Geometric, {peers.version('walking', 'scikit-image')}", float(ended.stdout)


_PYMCDM = """
import time
import numpy as np
from pymcdm.methods import WSM
rows, cols = 100_000, 21
matrix = np.random.default_rng(0).uniform(0.1, 1.0, (rows, cols))
weights = np.full(cols, 1 / cols)
began = time.perf_counter()
WSM()(matrix, weights, np.ones(cols))
print((time.perf_counter() - began) / rows)
"""


def combination() -> list[Row]:
    """Memberships, groups, score, classes, interval and limits of a million plots beside the plainest sum."""
    work = "combination, 1,000,000 plots"
    chance = np.random.default_rng(0)
    scheme = load_scheme("default")
    values = {}
    for criterion in LAND_CRITERIA:
        knots = getattr(criterion.memberships[0], "values", None)
        if isinstance(knots, tuple):
            drawn = chance.uniform(min(knots), max(knots), MATRIX_PLOTS)
        else:
            drawn = chance.integers(0, max(2, len(criterion.levels)), MATRIX_PLOTS).astype(float)
        values[criterion.id] = Measured(drawn)
    rated, closed = rate(values, scheme), nothing_excluded(MATRIX_PLOTS)
    matrix = np.ascontiguousarray(rated.memberships.T)
    weights = np.full(matrix.shape[1], 1.0 / matrix.shape[1])
    classify_plots(rated, closed, scheme, {})
    lowest = min(_seconds(lambda: (matrix * weights).sum(axis=1)) for _ in range(5))
    own = min(_seconds(lambda: classify_plots(rated, closed, scheme, {})) for _ in range(5))
    both = min(_seconds(lambda: evaluate(values, closed, scheme)) for _ in range(3))
    rows = [Row(work, "(X*w).sum(axis=1), float64", f"{lowest * 1000:.0f} ms", note=f"{matrix.shape[1]} criteria")]
    try:
        ended = subprocess.run([str(peers.python("pymcdm")), "-c", _PYMCDM], capture_output=True, text=True, check=True)
        each = float(ended.stdout)
        rows.append(
            Row(work, f"{peers.version('pymcdm', 'pymcdm')} WSM", f"{each * 1e6:.1f} s", note="from 100,000 plots")
        )
    except (peers.Missing, subprocess.CalledProcessError):
        each = float("nan")
        rows.append(Row(work, "pymcdm", note="not measured"))
    said = f"{own / lowest:.1f} times the sum; {each * MATRIX_PLOTS / own:.0f}x pymcdm"
    note = "groups, score, interval, classes, caps, what limits, confidence, from the same matrix"
    measured = f"{both / lowest:.1f} times the sum"
    return [
        *rows,
        Row(work, "obod", f"{own * 1000:.0f} ms", said, "6 times the sum", note),
        Row(work, "obod, from measured values", f"{both * 1000:.0f} ms", measured, note="with memberships and limits"),
    ]
