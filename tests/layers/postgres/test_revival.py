"""The database of a service comes back: at once, then with a pause that grows, and what is awaited is said."""

from __future__ import annotations

import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from layers.errors import DatabaseUnavailable, OperatorNeeded
from layers.postgres.cluster import Cluster
from layers.postgres.engine import as_refusal
from layers.postgres.revival import Revival, awaited, kept_running

AWAY = psycopg.OperationalError("connection refused: /a/secret/path")


class Clock:
    """A clock that only moves when told to."""

    now = 1_000.0

    def __call__(self) -> float:
        """Seconds."""
        return self.now


class Unwilling(Cluster):
    """A server that stays away until it is allowed to run."""

    def __init__(self, home: Path, clock: Clock) -> None:
        super().__init__(home)
        self.clock = clock
        self.tries: list[float] = []
        self.up = False
        self.willing = False

    @property
    def running(self) -> bool:
        """Whether it runs."""
        return self.up

    def start(self, *_: object, **__: object) -> None:
        """Start it, or say why not."""
        self.tries.append(self.clock.now)
        if not self.willing:
            raise OperatorNeeded("The disk of /a/secret/path is full.")
        self.up = True


@pytest.fixture(autouse=True)
def _nothing_awaited(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin and leave with nothing awaited, since it is one per process."""
    monkeypatch.setattr("layers.postgres.revival._Awaited.sentence", None)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def _look_until(revival: Revival, clock: Clock, until: float) -> None:
    while clock.now < until:
        clock.now += revival.look()


def test_the_pause_between_tries_doubles_up_to_a_minute(tmp_path: Path, clock: Clock) -> None:
    server = Unwilling(tmp_path, clock)
    _look_until(Revival(server, clock), clock, 1_250)
    pauses = [after - before for before, after in zip(server.tries, server.tries[1:], strict=False)]
    assert pauses[:9] == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_what_is_awaited_is_said_to_everybody_without_a_path(tmp_path: Path, clock: Clock) -> None:
    server = Unwilling(tmp_path, clock)
    revival = Revival(server, clock)
    revival.look()
    told = str(as_refusal(AWAY))
    assert "tried again every 1 s" in told
    assert "secret" not in told
    clock.now += 1
    revival.look()
    assert "tried again every 2 s" in str(as_refusal(AWAY))
    server.willing = True
    clock.now += 2
    revival.look()
    assert server.up
    assert awaited() is None
    assert "does not answer" in str(as_refusal(AWAY))


def test_a_server_that_falls_again_and_again_is_started_more_and_more_slowly(tmp_path: Path, clock: Clock) -> None:
    server = Unwilling(tmp_path, clock)
    server.willing = True
    revival = Revival(server, clock)
    for _ in range(100):
        clock.now += revival.look()
        server.up = False
    assert len(server.tries) < 10
    server.willing = server.up = True
    _look_until(revival, clock, clock.now + 120)  # steady again
    server.up, before = False, len(server.tries)
    revival.look()
    assert len(server.tries) == before + 1, "at once"


def test_a_server_stopped_by_name_stays_so(tmp_path: Path, clock: Clock) -> None:
    server = Unwilling(tmp_path, clock)
    (tmp_path / "database.stopped").touch()
    _look_until(Revival(server, clock), clock, 1_100)
    assert server.tries == []
    assert "obod db start" in str(as_refusal(AWAY))


def test_a_service_tells_at_once_that_it_looks_after_its_database(tmp_path: Path, clock: Clock) -> None:
    server = Unwilling(tmp_path, clock)
    server.up = True
    with kept_running(server):
        assert "in a few seconds" in str(as_refusal(AWAY))
    assert awaited() is None


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with tempfile.TemporaryDirectory(prefix="obod-revival-") as folder:
        made = Cluster(Path(folder) / "home", durable=False)
        made.start()
        yield made
        made.remove()


def test_a_killed_server_runs_again_after_one_look(cluster: Cluster) -> None:
    pid = cluster.status().pid
    assert pid is not None
    killed = psutil.Process(pid)
    killed.send_signal(signal.SIGKILL)
    killed.wait(10)
    Revival(cluster).look()
    assert cluster.status().running
    with psycopg.connect(cluster.socket_url()) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_stopping_while_a_service_is_about_to_start_wins(cluster: Cluster) -> None:
    cluster.stop()
    cluster.start(unless_stopped=True)
    assert not cluster.running
    with pytest.raises(DatabaseUnavailable), _explained(cluster):
        pass
    cluster.start()
    assert not cluster.stopped_on_purpose


def _explained(cluster: Cluster) -> psycopg.Connection[object]:
    try:
        return psycopg.connect(cluster.socket_url())
    except psycopg.OperationalError as away:
        refusal = as_refusal(away)
        assert refusal is not None
        raise refusal from away
