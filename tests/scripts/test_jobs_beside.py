"""A process beside a service works on jobs as long as that runs, however short."""

from __future__ import annotations

import subprocess
import threading

import pytest
from sqlalchemy import Engine

from scripts.jobs import beside

PATIENCE_S = 60.0  # after which a service that is still there counts as never ending


def served_for_a_moment(waits: threading.Event | None) -> None:
    with beside.working_beside():
        if waits is not None:
            assert waits.wait(PATIENCE_S)


@pytest.mark.parametrize("is_begun", [True, False], ids=["once it works", "at once"])
def test_it_ends_with_the_service(database: Engine, monkeypatch: pytest.MonkeyPatch, is_begun: bool) -> None:
    started: list[subprocess.Popen[bytes]] = []
    begun = threading.Event()

    def begin() -> subprocess.Popen[bytes]:
        started.append(subprocess.Popen(["sleep", "600"]))
        begun.set()
        return started[-1]

    monkeypatch.setattr(beside, "_begun", begin)
    assert database.url.database
    for _ in range(20):  # at once: before, while and after the process is started
        begun.clear()
        service = threading.Thread(target=served_for_a_moment, args=(begun if is_begun else None,), daemon=True)
        service.start()
        service.join(PATIENCE_S)
        ends = not service.is_alive()
        left = [process for process in started if process.poll() is None]
        for process in left:
            process.kill()
        assert (ends, left) == (True, [])
