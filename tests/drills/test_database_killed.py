"""The database killed under eight clients: right answers or a refusal that says what is waited for, and soon back."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from itertools import cycle

import numpy as np
import psutil
import pytest

from tests.drills.figures import Note
from tests.drills.serving import Home, Said, ask, planted_home, serving
from tests.worlds.three_districts import RASHT

SEED = int(os.environ.get("DRILL_SEED") or 20261128)
CLIENTS, KILLS = 8, 5
LONGEST_AWAY_S = 10.0  # what the issue of safe defaults allows
MOST_ANSWERS = 100_000
PATHS = (
    "/districts",
    f"/districts/{RASHT}",
    f"/districts/{RASHT}/plots?limit=all",
    f"/districts/{RASHT}/plots?limit=20&sortby=-score",
    f"/districts/{RASHT}/plots?f=csv&lang=en",
    f"/districts/{RASHT}/list?lang=ru",
    "/plots/TJ-RR-GA-00001",
    "/tiles/plots/15/22789/12520.mvt",
    "/maps/plots?lang=tg",
)

pytestmark = pytest.mark.heavy


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    with planted_home() as made:
        yield made


def test_the_database_killed_under_eight_clients(home: Home, figure: Note) -> None:
    random = np.random.default_rng(SEED)
    with serving() as (address, _):
        right = {path: settled(address + path) for path in PATHS}
        assert {said.status for said in right.values()} == {200}
        statuses: Counter[int] = Counter()
        wrong: list[str] = []
        stop = threading.Event()
        clients = [
            threading.Thread(target=client, args=(address, right, number, stop, statuses, wrong))
            for number in range(CLIENTS)
        ]
        for one in clients:
            one.start()
        away = []
        for _ in range(KILLS):
            answered = sum(statuses.values()) + int(random.integers(20, 200))
            while sum(statuses.values()) < answered:
                ask(f"{address}/healthz")
            away.append(killed_and_back(home, address))
        stop.set()
        for one in clients:
            one.join()
    assert wrong == []
    assert max(away) < LONGEST_AWAY_S, (SEED, away)
    back = ", ".join(f"{seconds:.1f}" for seconds in away)
    figure(
        "database killed under 8 clients",
        f"{KILLS} kills -9 of the database under {CLIENTS} clients that asked for {len(PATHS)} kinds of answers: "
        f"{statuses.total():,} answers, {statuses[200]:,} right, {statuses[503]:,} refusals that say what is waited "
        f"for, {statuses[0]:,} cut off and known for it, 0 wrong; ready again after {back} s",
        SEED,
    )


def killed_and_back(home: Home, address: str) -> float:
    """Kill the server and return the seconds until the service is ready with another one."""
    pid = home.cluster.status().pid
    assert pid is not None
    began = time.monotonic()
    psutil.Process(pid).send_signal(signal.SIGKILL)
    for _ in range(MOST_ANSWERS):
        said = ask(f"{address}/readyz")
        if said.status == 200 and home.cluster.status().pid not in (None, pid):
            return time.monotonic() - began
        assert said.status in (200, 503)
    raise AssertionError("the database does not come back")


def settled(address: str) -> Said:
    """The answer once it comes twice alike."""
    before = ask(address)
    while (said := ask(address)).body != before.body:
        before = said
    return said


def client(
    address: str,
    right: dict[str, Said],
    number: int,
    stop: threading.Event,
    statuses: Counter[int],
    wrong: list[str],
) -> None:
    """Ask for one after the other until told to stop; note what is neither the right answer nor a refusal.

    An answer that is cut off is known for one by its length.
    """
    for path in cycle(PATHS[number:] + PATHS[:number]):
        if stop.is_set():
            return
        said = ask(address + path)
        statuses[said.status] += 1
        if said.status == 200:
            if said.body != right[path].body:
                wrong.append(f"{path}: {said.body[:200]!r}")
        elif said.status and (said.status != 503 or not is_refusal(said)):
            wrong.append(f"{path}: {said.status} {said.body[:200]!r}")


def is_refusal(said: Said) -> bool:
    """Whether an answer is problem details, or a page for people, that tells no path of the machine."""
    if said.fields["content-type"].startswith("text/html"):
        return True
    told = json.loads(said.body)["detail"]
    return bool(told) and "/" not in told
