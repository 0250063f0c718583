"""Mixed load for a while: readers of all kinds, loads and runs; memory, files and connections stay flat."""

from __future__ import annotations

import os
import statistics
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
import psycopg
import pytest

from tests.drills.figures import Note
from tests.drills.lots import write_file
from tests.drills.moments import run
from tests.drills.serving import Home, ask, planted_home, serving
from tests.worlds.three_districts import NUROBOD, RASHT

SEED = int(os.environ.get("DRILL_SEED") or 20261128)
MINUTES = float(os.environ.get("DRILL_MINUTES") or 30.0)
READERS, FIELDS = 4, 300
FOLDERS = ("tiles", "features", "exports", "pictures")
ROOM_MB = 1.0  # of each of these folders, so that it is soon full
MOST_KEPT_MB = 2 * ROOM_MB * len(FOLDERS)  # room is made after a file is written, never for one larger than the folder
GROWTH = 1.15  # of the last quarter over the second: what is kept in memory fills in the first
PATHS = (
    "/",
    "/districts",
    f"/districts/{RASHT}",
    f"/districts/{RASHT}/plots?limit=all&lang={{lang}}",
    f"/districts/{RASHT}/plots?min_score={{n}}&limit=50",
    f"/districts/{NUROBOD}/plots?f=gpkg&lang={{lang}}",
    f"/districts/{RASHT}/list?max_slope_pct={{n}}&lang={{lang}}",
    "/plots/TJ-RR-GA-{n:05d}",
    "/tiles/plots/15/22789/12520.mvt",
    "/tiles/plots/12/2848/15{n:02d}.mvt",
    "/maps/plots?lang={lang}",
    "/places?q={n}",
)

pytestmark = pytest.mark.heavy


@dataclass(frozen=True)
class Look:
    """What the service took at one moment: MB of memory of its own, open files and sockets, connections, MB on disk."""

    memory_mb: float
    open_files: int
    connections: int
    kept_mb: float


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    with planted_home() as made, pytest.MonkeyPatch.context() as patch:
        for name in ("TILE", "TEXT", "PICTURE", "EXPORT"):
            patch.setenv(f"OBOD_{name}_CACHE_GB", str(ROOM_MB / 1000))
        yield made


def look(service: psutil.Process, home: Home) -> Look:
    processes = [service, *service.children(recursive=True)]
    kept = sum(size_of(path) for name in FOLDERS for path in (home.folder / name).rglob("*"))
    with psycopg.connect(home.cluster.socket_url()) as connection:
        counted = connection.execute("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'")
        (connections,) = counted.fetchone() or (0,)
    memory = sum(one.memory_full_info().uss for one in processes) / 2**20
    return Look(memory, sum(one.num_fds() for one in processes), int(connections), kept / 1e6)


def size_of(path: Path) -> int:
    """Bytes of a file; none when it has just made room."""
    with suppress(FileNotFoundError):
        return path.stat().st_size if path.is_file() else 0
    return 0


def read(address: str, number: int, stop: threading.Event, statuses: Counter[int]) -> None:
    random = np.random.default_rng(SEED + number)
    while not stop.is_set():
        path = PATHS[random.integers(len(PATHS))]
        asked = path.format(lang=("tg", "ru", "en")[random.integers(3)], n=int(random.integers(1, 60)))
        statuses[ask(address + asked).status] += 1


def write(files: list[Path], stop: threading.Event, done: Counter[str]) -> None:
    """Load and score, one after another."""
    turn = 0
    while not stop.is_set():
        turn += 1
        load = ["layer", "load", "plots", str(files[turn % 2]), "--mode", "update" if turn > 1 else "add"]
        for command in (load, ["score", "--district", RASHT]):
            ended = run(command)
            assert ended is not None
            done[f"{command[0]} {'done' if ended.code == 0 else ended.said.strip()[:80]}"] += 1


def test_memory_files_and_connections_stay_flat(home: Home, tmp_path: Path, figure: Note) -> None:
    files = [write_file(tmp_path, name, FIELDS) for name in ("first", "second")]
    statuses: Counter[int] = Counter()
    done: Counter[str] = Counter()
    looks: list[Look] = []
    stop = threading.Event()
    with serving() as (address, service):
        readers = [threading.Thread(target=read, args=(address, k, stop, statuses)) for k in range(READERS)]
        workers = [*readers, threading.Thread(target=write, args=(files, stop, done))]
        for worker in workers:
            worker.start()
        end = time.monotonic() + 60.0 * MINUTES
        while time.monotonic() < end:
            looks.append(look(service, home))
            time.sleep(60.0 * MINUTES / 100)
        stop.set()
        for worker in workers:
            worker.join()
    assert set(statuses) <= {200, 204, 404}, statuses
    assert {name.split()[-1] for name in done} == {"done"}, done
    said = []
    for name in ("memory_mb", "open_files", "connections"):
        taken = [getattr(one, name) for one in looks]
        quarter = len(taken) // 4
        early, late = statistics.median(taken[quarter : 2 * quarter]), statistics.median(taken[-quarter:])
        assert late <= early * GROWTH + 2, (SEED, name, early, late)
        said.append(f"{name.replace('_', ' ')} {early:.0f} then {late:.0f}")
    most_kept = max(one.kept_mb for one in looks)
    assert most_kept <= MOST_KEPT_MB, (SEED, most_kept)
    figure(
        "mixed load",
        f"{MINUTES:g} minutes of {READERS} readers ({statuses.total():,} answers, none but 200, 204 and 404) beside "
        f"{done.total()} loads and runs; medians of the second and the last quarter: {', '.join(said)}; "
        f"at most {most_kept:.1f} MB of finished answers on disk, where {ROOM_MB * len(FOLDERS):g} MB are allowed",
        SEED,
    )
