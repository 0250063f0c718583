"""Measure everything beside its peers and write the table: ``python -m bench``, or ``make bench``.

BENCH_PLOTS says how many plots (100,000), REGION a folder to measure the kernels and the loading on instead of the
demo region, BENCH_HOME the home of a database to serve instead, BENCH_ONLY names sections to run. A section that
cannot run says so in the table; nothing fails.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psutil

from bench import explanations, land, loading, pages, peers, runs, scenarios, science, serving, water
from bench.table import Row, markdown

RESULTS = Path(__file__).with_name("RESULTS.md")
PLOTS = 100_000
ON_FILES = {"kernels", "postgis", "page", "loading"}  # sections that measure the region as files
PACKAGES = ("numpy", "numba", "shapely", "geopandas", "exactextract", "rasterstats", "rasterio", "fastapi", "uvicorn")


def main() -> None:
    """Run the sections one after another and write what they found."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # commands start from bytecode, as they do where they are installed
    plots = int(os.environ.get("BENCH_PLOTS") or PLOTS)
    only = os.environ.get("BENCH_ONLY", "").split()
    load, began = psutil.getloadavg()[0], time.monotonic()
    there = os.environ.get("BENCH_HOME")
    home = land.started(Path(there)) if there else land.home_of(plots)
    given = os.environ.get("REGION")
    region, count = Path(), 0
    if not only or ON_FILES & set(only):
        region, count = (Path(given), land.plots_in(Path(given))) if given else land.region_of(home, plots)
    served = serving.prepare(home)
    plots = served.plots
    sections: dict[str, Callable[[], list[Row]]] = {
        "kernels": lambda: science.kernels(region, count),
        "postgis": lambda: science.postgis(home, region, count),
        "walking": science.walking,
        "combination": science.combination,
        "water": water.water,
        "scoring": lambda: runs.scoring(home, plots),
        "vector": lambda: serving.vector_tiles(served),
        "raster": lambda: pages.raster_tiles(served),
        "features": lambda: pages.features(served),
        "explanations": lambda: explanations.explanations(served),
        "page": lambda: pages.page(served, region / f"plots_{count}.parquet"),
        "edits": lambda: runs.edits(home, plots),
        "scenarios": lambda: scenarios.scenarios(home),
        "loading": lambda: loading.loading(region, count),
    }
    rows: list[Row] = []
    for name, section in sections.items():
        if only and name not in only:
            continue
        at = time.monotonic()
        try:
            rows += section()
        except Exception as error:
            rows.append(Row(name, "not measured", note=f"{type(error).__name__}: {error}".replace("\n", " ")[:160]))
        peers.say(f"{name}: {time.monotonic() - at:.0f} s")
    text = about(plots, count, load, time.monotonic() - began, given) + markdown(_together(rows))
    sys.stdout.write(text)
    if not only:
        RESULTS.write_text(text)
    if not there:
        land.run(home, "db", "stop")


def _together(rows: Sequence[Row]) -> list[Row]:
    """Rows of one kind of work one after another, kinds in the order they came."""
    works = list(dict.fromkeys(row.work for row in rows))
    return sorted(rows, key=lambda row: works.index(row.work))


def about(plots: int, count: int, load: float, seconds: float, given: str | None) -> str:
    """Return what is said above the table: when, where, on what."""
    processor = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else ():
        if line.startswith("model name"):
            processor = line.partition(":")[2].strip()
            break
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=peers.ROOT, capture_output=True, text=True)
    land_said = "another region" if given else f"the {count:,} of them that lie in the larger valley"
    kernels_said = f"; kernels and loading: {land_said}" if count else ""
    return (
        "# Measured side by side\n\n"
        "Written by `make bench`; [README.md](README.md) says how. All numbers are of one run, ratios are to the\n"
        "first peer of the same work, all land is synthetic.\n\n"
        f"- {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, commit {commit.stdout.strip() or 'unknown'}, "
        f"{seconds / 60:.0f} minutes\n"
        f"- {processor}, {psutil.cpu_count()} cores, {psutil.virtual_memory().total / 2**30:.0f} GiB, "
        f"{platform.system()}, Python {platform.python_version()}; load when it began: {load:.1f}, when it ended: "
        f"{psutil.getloadavg()[0]:.1f}\n"
        f"- served and scored: the demo region of {plots:,} plots{kernels_said}\n"
        f"- {', '.join(f'{name} {version(name)}' for name in PACKAGES)}\n\n"
    )


if __name__ == "__main__":
    main()
