"""Two of everything at once: each command ends, done or in one sentence; the land is as if they had come in turn."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from api.main import create_app
from layers.postgres.engine import writing
from tests.drills.figures import Note
from tests.drills.lots import PLOTS, RESULTS, digest, replacing, write_file
from tests.drills.moments import Ended, run
from tests.worlds.valley_in_database import NUROBOD, RASHT, load_valley

SEED = int(os.environ.get("DRILL_SEED") or 20261128)
ROUNDS, FIELDS = 4, 400
TWICE = """SELECT plot_id FROM plots WHERE ended_by IS NULL GROUP BY plot_id HAVING count(*) > 1"""

pytestmark = pytest.mark.heavy


def one(database: Engine, query: str) -> int:
    with database.connect() as connection:
        return int(connection.execute(text(query)).scalar_one())


def at_once(commands: Sequence[Sequence[str]]) -> list[Ended]:
    with ThreadPoolExecutor(len(commands)) as threads:
        ended = [found for found in threads.map(run, commands) if found is not None]
    assert len(ended) == len(commands)
    return ended


def test_two_of_everything_at_once(database: Engine, tmp_path: Path, figure: Note) -> None:
    with writing() as connection:
        load_valley(connection)
    files = [write_file(tmp_path, name, FIELDS) for name in ("first", "second")]
    for command in (replacing(files[0], FIELDS), ["score"], ["score"]):
        ended = run(command)
        assert ended is not None
        assert ended.code == 0, ended.said
    wholes = set()
    for path in (files[1], files[0]):
        ended = run(replacing(path, FIELDS))
        assert ended is not None
        assert ended.code == 0, ended.said
        wholes.add(digest(database, PLOTS))
    random = np.random.default_rng(SEED)
    told: Counter[str] = Counter()
    with TestClient(create_app()) as client:
        for _ in range(ROUNDS):
            last = one(database, "SELECT max(load_id) FROM loads")
            older = one(database, "SELECT min(run_id) FROM scoring_runs WHERE status = 'complete'")
            commands = [
                replacing(files[0], FIELDS),
                replacing(files[1], FIELDS),
                ["score", "--district", RASHT],
                ["score"],
                ["run", "publish", str(older)],
                ["run", "publish", str(older + 1)],
                ["layer", "undo", str(last)],
                ["layer", "undo", str(last)],
                ["db", "migrate"],
                ["db", "migrate"],
            ]
            order = random.permutation(len(commands))
            for command, ended in zip(order, at_once([commands[k] for k in order]), strict=True):
                verb = " ".join(commands[command][: 1 if commands[command][0] == "score" else 2])
                assert ended.code in (0, 1), (SEED, verb, ended.said)
                assert "Traceback" not in ended.said
                if ended.code:
                    assert len(ended.said.strip().splitlines()) == 1, (SEED, verb, ended.said)
                    assert "fault" not in ended.said.lower(), (SEED, verb, ended.said)
                told[f"{verb} {'refused' if ended.code else 'done'}"] += 1
            for address in ("/districts", f"/districts/{RASHT}/plots?limit=all", f"/districts/{NUROBOD}/list"):
                assert client.get(address).status_code == 200
            with database.connect() as connection:
                assert connection.execute(text(TWICE)).all() == []
            assert one(database, "SELECT count(*) FROM scoring_runs WHERE status = 'running'") == 0
    for command in (replacing(files[0], FIELDS), ["score"]):
        ended = run(command)
        assert ended is not None
        assert ended.code == 0, ended.said
    assert digest(database, PLOTS) in wholes
    served = digest(database, RESULTS)
    ended = run(["score"])
    assert ended is not None
    assert digest(database, RESULTS) == served
    figure(
        "two of everything at once",
        f"{ROUNDS} rounds of ten commands at the same time while the service answered "
        f"({', '.join(f'{name} {times}' for name, times in sorted(told.items()))}): no fault, no plot twice, no run "
        "left at work, the land and its results in the end as after one command at a time",
        SEED,
    )
