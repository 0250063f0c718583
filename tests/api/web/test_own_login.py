"""A service that a server of its own starts, past ``obod serve``, looks at its login too."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from api.main import create_app
from api.web import own_login
from layers.errors import DatabaseUnavailable, LayersError
from layers.postgres.login_file import LOGINS
from layers.settings import get_settings
from tests.clients.process import forget_settings

REFUSAL = "The service does not log in as the owner of the database: "


@pytest.fixture
def without_login(database: Engine) -> Iterator[None]:
    """Take the login of the service away, so that the owner's is the only one."""
    assert database.url.username == "obod"
    kept, away = get_settings().home / LOGINS, get_settings().home / "away.json"
    kept.rename(away)
    forget_settings()
    yield
    away.rename(kept)
    forget_settings()


@pytest.mark.usefixtures("without_login")
def test_no_server_begins_as_the_owner_and_says_so_in_one_line() -> None:
    command = [sys.executable, "-m", "uvicorn", "--factory", "api.main:create_app", "--port", "0"]
    ended = subprocess.run([*command, "--log-level", "error"], capture_output=True, text=True, check=False, timeout=120)
    assert ended.returncode == 3  # of a start that failed, by which a supervisor knows it
    told, exiting = ended.stderr.strip().splitlines()
    assert REFUSAL in told
    assert "startup failed" in exiting


@pytest.mark.usefixtures("without_login")
def test_an_app_of_the_owner_does_not_begin() -> None:
    with pytest.raises(LayersError, match=REFUSAL), TestClient(create_app()):
        pass


@pytest.mark.usefixtures("without_login")
def test_where_the_database_is_away_at_first_it_looks_once_it_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise DatabaseUnavailable("The database does not answer.")

    with monkeypatch.context() as patch:
        patch.setattr(own_login, "_look", away)
        client = TestClient(create_app())
        with client:
            assert client.get("/healthz").status_code == 200
            patch.undo()
            answer = client.get("/districts")
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:obod:problem:owner-serves"
    assert "obod_" not in answer.text


def test_an_app_with_a_login_of_its_own_begins(database: Engine) -> None:
    assert database.url.username == "obod"
    with TestClient(create_app()) as client:
        assert client.get("/healthz").status_code == 200
