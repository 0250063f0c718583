"""While its own database is away the service says what it waits for, starts it again, and tells no path."""

from __future__ import annotations

import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from fastapi.testclient import TestClient

from api.main import create_app
from layers.errors import OperatorNeeded
from layers.postgres.cluster import Cluster
from layers.postgres.engine import engine
from layers.schema.migrate import migrate
from tests.clients.process import forget_settings

MOST_LOOKS = 2_000  # requests after which a database that is not back is taken for lost


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """Give the running, migrated database of a home that the settings name."""
    with tempfile.TemporaryDirectory(prefix="obod-away-") as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("OBOD_HOME", f"{folder}/home")
        patch.delenv("OBOD_DATABASE_URL", raising=False)
        forget_settings()
        made = Cluster(Path(folder) / "home", durable=False)
        made.start()
        migrate(engine())
        yield made
        forget_settings()
        made.remove()


def test_a_killed_database_is_back_without_anybody_doing_anything(cluster: Cluster) -> None:
    with TestClient(create_app()) as client:
        assert client.get("/readyz").status_code == 200
        pid = cluster.status().pid
        assert pid is not None
        killed = psutil.Process(pid)
        killed.send_signal(signal.SIGKILL)
        killed.wait(10)
        answers = [client.get("/readyz")]
        while answers[-1].status_code != 200 and len(answers) < MOST_LOOKS:
            answers.append(client.get("/readyz"))
    assert answers[-1].status_code == 200
    for answer in answers[:-1]:
        assert answer.status_code == 503
        assert answer.headers["content-type"] == "application/problem+json"
        assert "/" not in answer.json()["detail"]
    assert cluster.status().running
    assert cluster.status().pid != pid


def test_a_database_stopped_by_name_is_left_and_told(cluster: Cluster) -> None:
    with TestClient(create_app()) as client:
        assert client.get("/readyz").status_code == 200
        cluster.stop()
        answers = [client.get("/readyz").json()["detail"]]
        while "obod db start" not in answers[-1] and len(answers) < MOST_LOOKS:
            answers.append(client.get("/readyz").json()["detail"])
        assert answers[-1] == "The database was stopped; obod db start starts it again."
        assert not cluster.running
        cluster.start()
        assert client.get("/readyz").status_code == 200


def test_what_only_the_operator_may_know_stays_in_the_log(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OperatorNeeded(f"The data of {cluster.home} are missing.")

    with TestClient(create_app()) as client:
        monkeypatch.setattr("api.routes.health.reading", refuse)
        answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["detail"] == OperatorNeeded.PUBLIC_TEXT
    assert str(cluster.home) not in answer.text
    assert str(cluster.home) in caplog.text
