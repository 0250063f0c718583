"""Whole scoring runs of a database: with nothing kept, with other weights, and after an edit of 1,000 plots."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
from sqlalchemy import text

from bench import land, peers
from bench.table import Row

WORK = "whole scoring run, database to finished run"
GOAL_PLOTS = 1_000_000
SERIES = (10_000, 100_000, 1_000_000)  # plots of the regions a run is timed on, as far as they are there
EDITED = 1_000  # plots of an edit, neighbours
EDITS = 3  # the first loads the compiled kernels, as a process that serves has done long ago


def scoring(home: Path, plots: int) -> list[Row]:
    """Read, measure, judge, write: time on the clock of the command, memory of its process."""
    rows = []
    for size, at in _homes(home, plots):
        goal = "90 s and 6 GiB" if size == GOAL_PLOTS else ""
        shutil.rmtree(at / "scoring", ignore_errors=True)
        first = _run(at)
        rows.append(Row(WORK, "obod, nothing kept before", first, reach=goal, note=f"{size:,} plots"))
        again = _run(at, "--scheme", "womens-panel")
        rows.append(Row(WORK, "obod, other weights, findings kept", again, note=f"{size:,} plots"))
    return rows


def _homes(home: Path, plots: int) -> list[tuple[int, Path]]:
    """Sizes of the regions at hand and their homes, smallest first."""
    there = {size: peers.CACHE / f"home-{size}" for size in SERIES}
    return sorted(({size: path for size, path in there.items() if path.exists()} | {plots: home}).items())


def _run(home: Path, *options: str) -> str:
    """Score everything as a draft; seconds and memory as text.

    Raises
    ------
    Missing : the command failed.
    """
    land.run(home, "db", "migrate")
    began = time.perf_counter()
    started = subprocess.Popen(
        [land.OBOD, "score", "--draft", "--json", *options],
        env=land.environment(home),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(started.pid, 0)
    if status:
        raise peers.Missing("obod score failed")
    return f"{time.perf_counter() - began:.1f} s, {usage.ru_maxrss / 1e6:.1f} GB"


def edits(home: Path, plots: int) -> list[Row]:
    """Scoring again after new surveys of neighbouring plots, in a process that has scored before."""
    rows = []
    for size, at in _homes(home, plots):
        land.run(at, "db", "migrate")
        command = [sys.executable, "-m", "bench.runs"]
        ended = subprocess.run(command, env=land.environment(at), cwd=peers.ROOT, capture_output=True, text=True)
        if ended.returncode:
            raise peers.Missing("scoring after an edit failed")
        found = json.loads(ended.stdout)
        first, *others = found["seconds"]
        note = f"of {size:,} plots; {found['district']:,} in their district; the first time {first:.1f} s"
        work = f"scoring again after an edit of {EDITED:,} plots"
        rows.append(Row(work, "obod", f"{min(others):.1f} s", reach="2 s", note=note))
    return rows


def _edits() -> dict[str, object]:
    """Survey plots and score what that touches, several times; seconds of each and plots of the district."""
    from geo.panel.scheme import load_scheme
    from layers.loading import load_frame
    from layers.postgres.engine import engine, writing
    from layers.runs.incremental import score_changed
    from layers.runs.score import score

    with engine().connect() as connection:
        district, count = connection.execute(
            text(
                "SELECT district, count(*) FROM plots WHERE ended_by IS NULL AND district IS NOT NULL"
                " GROUP BY 1 ORDER BY 2 DESC LIMIT 1"
            )
        ).one()
        plots = connection.execute(
            text(
                "WITH here AS (SELECT plot_id, geom FROM plots WHERE district = :district AND ended_by IS NULL)"
                " SELECT plot_id FROM here ORDER BY geom <->"
                " (SELECT ST_SetSRID(ST_Centroid(ST_Extent(geom)::geometry), 4326) FROM here) LIMIT :edited"
            ),
            {"district": district, "edited": EDITED},
        ).scalars()
        chosen = list(plots)
    score(engine(), load_scheme())
    with engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE suitability, plot_surveys"))  # it comes by itself, but at any time
    seconds = []
    chance = np.random.default_rng()  # the first edit has to differ from the last one of an earlier measurement
    for _ in range(EDITS):
        surveys = pd.DataFrame(
            {
                "code": [f"bench {number}" for number in range(EDITED)],
                "plot_id": chosen,
                "survey_date": date.today(),
                "salinity_ds_m": round(float(chance.uniform(1.0, 9.0)), 2),
            }
        )
        with writing() as connection:
            load_frame(
                connection, "plot_surveys", surveys, mode="update", source="made up for measuring", synthetic=True
            )
        began = time.perf_counter()
        reports = score_changed(engine())
        seconds.append(time.perf_counter() - began)
        if [f"{EDITED:,} plots scored again" in note for report in reports for note in report.notes] != [True]:
            raise peers.Missing("more was scored than was edited")
    return {"seconds": seconds, "district": count}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_edits()))
