"""A disk that fills in the middle of a load, a run or a tile costs the work at hand, one sentence, and nothing else."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from layers.postgres.cluster import Cluster
from layers.postgres.engine import engine, writing
from layers.schema.migrate import migrate
from tests.clients.process import forget_settings
from tests.drills.figures import Note
from tests.drills.lots import PLOTS, RESULTS, digest, load_in_turn
from tests.drills.moments import FillDisk, run
from tests.drills.serving import ask, serving
from tests.worlds.valley_in_database import RASHT, load_valley

SEED = int(os.environ.get("DRILL_SEED") or 20261128)
DISK_MB = 600  # room for a database with the valley and its log
TIMES = 10  # that the disk fills in a load, and in a run
FIELDS = 600
CODES = (0, 1)
NEEDS_ROOT = "Drills of a full disk mount a small disk of their own, which only root may: run `make test-all` as root."

pytestmark = pytest.mark.heavy


@contextmanager
def small_disk() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="obod-disk-") as name:
        Path(name).chmod(0o711)
        mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m,mode=711", "tmpfs", name]
        if subprocess.run(mount, capture_output=True, check=False).returncode:
            pytest.fail(NEEDS_ROOT, pytrace=False)
        try:
            yield Path(name)
        finally:
            subprocess.run(["umount", name], check=True)


@pytest.fixture(scope="module")
def disk() -> Iterator[Path]:
    """Give a small disk with a home and its running database, which the settings name."""
    with small_disk() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("OBOD_HOME", str(folder / "home"))
        patch.setenv("OBOD_DRAW_AFTER_PUBLICATION", "false")
        patch.delenv("OBOD_DATABASE_URL", raising=False)
        forget_settings()
        cluster = Cluster(folder / "home")
        cluster.start()
        try:
            migrate(engine())
            with writing() as connection:
                load_valley(connection, second=False)
            yield folder
        finally:
            forget_settings()
            cluster.remove()


def started(disk: Path) -> None:
    """Have the database run again, as the next command would, with room on its disk."""
    (disk / "filler").unlink(missing_ok=True)
    engine().dispose()
    Cluster(disk / "home").start()


def is_one_sentence(said: str) -> bool:
    lines = said.strip().splitlines()
    return len(lines) == 1 and "Traceback" not in said and lines[0].endswith(".")


def test_a_drill_that_cannot_be_held_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is left out would look like one that went well."""
    (tmp_path / "mount").write_text("#!/bin/sh\necho must be superuser to use mount >&2\nexit 1\n")
    (tmp_path / "mount").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(pytest.fail.Exception, match=f"^{re.escape(NEEDS_ROOT)}$"), small_disk():
        raise AssertionError("no disk was mounted")


def test_the_disk_fills_in_a_load(disk: Path, tmp_path: Path, figure: Note) -> None:
    loads, wholes, moments = load_in_turn(tmp_path, engine(), FIELDS)
    random = np.random.default_rng(SEED)
    refused = 0
    for _ in range(TIMES):
        before = digest(engine(), PLOTS)
        other = 1 - wholes.index(before)
        at = int(random.integers(len(moments)))
        struck = run(loads[other], at=at, blow=FillDisk(disk / "filler"))
        started(disk)
        assert struck is not None
        assert struck.code in CODES
        after = digest(engine(), PLOTS)
        if struck.code:
            assert after == before, (SEED, moments[at])
            assert is_one_sentence(struck.said), struck.said
            refused += 1
        else:
            assert after == wholes[other], (SEED, moments[at])
    figure(
        "disk full in loads",
        f"the disk filled at {TIMES} random moments of `obod layer load` of {FIELDS} plots: {refused} refused in one "
        f"sentence with nothing changed, {TIMES - refused} still had the room they needed and were whole; "
        "the next load went through once there was room",
        SEED,
    )


def test_the_disk_fills_in_a_run(disk: Path, figure: Note) -> None:
    score = ["score", "--district", RASHT]
    ended = run(score)
    assert ended is not None
    assert ended.code == 0, ended.said
    whole = digest(engine(), RESULTS)
    random = np.random.default_rng(SEED + 1)
    refused = 0
    for _ in range(TIMES):
        at = int(random.integers(len(ended.moments)))
        struck = run(score, at=at, blow=FillDisk(disk / "filler"))
        started(disk)
        assert struck is not None
        assert struck.code in CODES
        assert digest(engine(), RESULTS) == whole, (SEED + 1, ended.moments[at])
        if struck.code:
            assert is_one_sentence(struck.said), struck.said
            refused += 1
    figure(
        "disk full in runs",
        f"the disk filled at {TIMES} random moments of `obod score`: {refused} refused in one sentence, "
        f"{TIMES - refused} went through; what is served was whole each time",
        SEED + 1,
    )


def test_tiles_come_from_a_full_disk(disk: Path, figure: Note) -> None:
    asked = ["/tiles/plots/12/2848/1564.mvt", f"/districts/{RASHT}/plots?limit=all", f"/districts/{RASHT}/plots?f=csv"]
    with serving() as (address, _):
        right = [ask(address + path) for path in asked]
    assert {said.status for said in right} <= {200, 204}
    for folder in ("tiles", "features", "exports"):
        subprocess.run(["rm", "-rf", disk / "home" / folder], check=True)
    with serving() as (address, _):
        FillDisk(disk / "filler")()
        full = [ask(address + path) for path in asked]
    started(disk)
    assert [(said.status, said.body) for said in full] == [(said.status, said.body) for said in right]
    figure("disk full in tiles and files", f"{len(asked)} kinds of answers with the disk full: the same bytes", SEED)
