"""A load or a run that is killed while it writes leaves all of it or nothing, and the next one works."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import numpy as np
import psutil
import pytest
from sqlalchemy import Engine, text

from layers.postgres.engine import writing
from tests.drills.figures import Note
from tests.drills.lots import PLOTS, RESULTS, digest, load_in_turn
from tests.drills.moments import run
from tests.worlds.valley_in_database import RASHT, load_valley

KILLS = int(os.environ.get("DRILL_KILLS") or 100)
SEED = int(os.environ.get("DRILL_SEED") or 20261128)
FIELDS = 600
MOST_LOOKS = 3_000  # at a server that still ends what a killed command left, a hundredth of a second apart

pytestmark = pytest.mark.heavy


@pytest.fixture(scope="module")
def planted(database: Engine) -> Engine:
    with writing() as connection:
        load_valley(connection, second=False)
    return database


def settle(database: Engine) -> None:
    """Wait until nothing that a killed command began is at work: connections of the server, readers of files."""
    others = """SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"""
    database.dispose()
    for _ in range(MOST_LOOKS):
        with database.connect() as connection:
            left = connection.execute(text(others)).scalar_one()
            readers = [p.pid for p in psutil.process_iter(["cmdline"]) if is_orphan_of_this(p)]
            if not left and not readers:
                return
            connection.execute(text("SELECT pg_sleep(0.01)"))
    raise AssertionError(f"{left} connections and readers {readers} outlive a killed command")


def is_orphan_of_this(process: psutil.Process) -> bool:
    said = " ".join(process.info["cmdline"] or ())
    return "isolated_reader" in said and os.environ["OBOD_HOME"] in said


def kinds(names: Counter[str]) -> str:
    return ", ".join(f"{times} {name}" for name, times in names.most_common())


def moment_of(name: str) -> str:
    when, what = name.split(" ", 1)
    return f"{when} {what.split()[0].upper().rstrip(',')}" if what != "the commit" else name


def test_loads_killed_while_they_write(planted: Engine, tmp_path: Path, figure: Note) -> None:
    loads, wholes, moments = load_in_turn(tmp_path, planted, FIELDS)
    random = np.random.default_rng(SEED)
    met: Counter[str] = Counter()
    done = 0
    while met.total() < KILLS:
        before, entered = digest(planted, PLOTS), entries(planted)
        other = 1 - wholes.index(before)
        at = int(random.integers(len(moments)))
        ended = run(loads[other], at=at)
        settle(planted)
        after = digest(planted, PLOTS)
        whole = after == wholes[other]
        assert whole or (ended is None and after == before), (SEED, moments[at])
        assert entries(planted) == entered + whole, (SEED, moments[at])
        if ended is None:
            met[moment_of(moments[at])] += 1
            done += whole
    figure(
        "loads killed while they write",
        f"{KILLS} kills -9 of `obod layer load` of {FIELDS} plots at random moments ({kinds(met)}): "
        f"all whole or nothing ({done} whole), no connection or reader left behind, the next load went through",
        SEED,
    )


def entries(database: Engine) -> int:
    """Loads of plots that are on record."""
    with database.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM loads WHERE layer = 'plots'")).scalar_one())


def test_runs_killed_while_they_write(planted: Engine, figure: Note) -> None:
    score = ["score", "--district", RASHT]
    ended = run(score)
    assert ended is not None
    assert ended.code == 0, ended.said
    whole, moments = digest(planted, RESULTS), ended.moments
    random = np.random.default_rng(SEED + 1)
    met: Counter[str] = Counter()
    served = 0
    while met.total() < KILLS:
        run_before = served_run(planted)
        at = int(random.integers(len(moments)))
        ended = run(score, at=at)
        settle(planted)
        if ended is None:
            met[moment_of(moments[at])] += 1
            served += served_run(planted) != run_before
        assert digest(planted, RESULTS) == whole, (SEED + 1, moments[at])
    ended = run(score)
    assert ended is not None
    assert ended.code == 0, ended.said
    assert digest(planted, RESULTS) == whole
    with planted.connect() as connection:
        states = {
            str(status): int(times)
            for status, times in connection.execute(text("SELECT status, count(*) FROM scoring_runs GROUP BY 1"))
        }
        stray = connection.execute(
            text(
                "SELECT count(*) FROM pg_class WHERE relname LIKE 'suitability_run_%' AND relkind = 'r' "
                "AND NOT relispartition"
            )
        ).scalar_one()
    assert stray == 0
    assert states.keys() <= {"complete", "failed"}
    figure(
        "runs killed while they write",
        f"{KILLS} kills -9 of `obod score` at random moments ({kinds(met)}): what is served was whole each time "
        f"({served} published), the next run swept all {states.get('failed', 0)} that were given up",
        SEED + 1,
    )


def served_run(database: Engine) -> int:
    with database.connect() as connection:
        return int(connection.execute(text("SELECT max(run_id) FROM publications WHERE shown")).scalar_one())
