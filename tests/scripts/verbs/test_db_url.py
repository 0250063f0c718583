"""What `obod db url` hands out, and what a service logs in with where the database is not the embedded one."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterator

import psycopg
import pytest
import uvicorn
from sqlalchemy import Engine, make_url, text

from layers.catalogue.base import PARTNER, STAFF
from layers.postgres.cluster import Cluster
from layers.postgres.engine import noting
from layers.postgres.login_file import LOGINS
from layers.schema.access import create_key, public_half
from layers.settings import get_settings
from scripts.verbs import serve
from tests.clients import command
from tests.clients.command import Said
from tests.clients.process import forget_settings
from tests.worlds.three_districts import Land

Obod = Callable[..., Said]


@pytest.fixture
def obod(land: Land, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Obod]:
    """Give a function that runs ``obod`` in this process, on no terminal."""
    assert land.rows
    monkeypatch.delenv("OBOD_KEY", raising=False)

    def run(*words: str) -> Said:
        forget_settings()
        monkeypatch.setattr(sys, "stdin", io.StringIO())
        return Said(command.run(*words), *capsys.readouterr())

    yield run
    forget_settings()


def may(url: str, statement: str) -> bool:
    """Whether a login opens the database and may run a statement; False where it is refused either."""
    try:
        with psycopg.connect(url) as connection:
            connection.execute(statement)
    except (psycopg.errors.InsufficientPrivilege, psycopg.OperationalError):
        return False
    return True


def test_without_a_word_it_is_the_login_of_the_public_views(obod: Obod, cluster: Cluster) -> None:
    said = obod("db", "url")
    assert (said.code, said.err, len(said.out.splitlines())) == (0, "", 1)
    url = said.out.strip()
    assert str(make_url(cluster.url()).password) not in url
    assert may(url, "SELECT * FROM qgis.plots")
    assert not may(url, "SELECT * FROM public.plots")
    assert not may(url, "SELECT * FROM qgis.pastures")
    assert json.loads(obod("db", "url", "--json").out) == {"url": url, "for": "public"}


def test_that_of_the_owner_is_asked_for_by_name_and_comes_with_a_warning(obod: Obod) -> None:
    said = obod("db", "url", "--owner")
    assert said.code == 0
    assert "change and delete everything" in " ".join(said.err.split())
    assert may(said.out.strip(), "SELECT * FROM public.api_keys")
    refused = obod("db", "url", "--owner", "--for", "staff")
    assert (refused.code, refused.out) == (2, "")


def test_one_of_partners_or_staff_needs_a_key_and_ends_with_it(
    obod: Obod, database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.begin() as connection:
        partner, staff = (create_key(connection, audience, "of a test") for audience in (PARTNER, STAFF))
    keyless = obod("db", "url", "--for", "staff")
    assert (keyless.code, keyless.out) == (1, "")
    assert keyless.err == "A login for staff belongs to a key; name it in --key or OBOD_KEY.\n"
    weak = obod("db", "url", "--for", "staff", "--key", partner)
    assert (weak.code, weak.out) == (1, "")
    assert "This key is for partner" in weak.err
    assert obod("db", "url", "--for", "bishop").code == 2
    for words in ((), ("--for", "public"), ("--owner",)):  # it would not be of the audience that the key opens
        passed_over = obod("db", "url", *words, "--key", partner)
        assert (passed_over.code, passed_over.out) == (2, "")
        assert "--key goes with --for partner or --for staff." in passed_over.err

    of_partner = obod("db", "url", "--for", "partner", "--key", partner).out.strip()
    monkeypatch.setenv("OBOD_KEY", staff)
    of_staff = obod("db", "url", "--for", "staff").out.strip()
    assert (
        json.loads(obod("db", "url", "--json").out)["for"] == "public"
    )  # the variable is there for other commands too
    for key in (partner, staff):
        assert key.rpartition("_")[2] not in of_partner + of_staff
    households = "SELECT * FROM qgis.jamoat_households"
    assert (may(of_partner, households), may(of_staff, households)) == (False, True)
    assert may(of_partner, "SELECT * FROM qgis.pastures")

    assert obod("key", "revoke", public_half(staff)).code == 0
    assert not may(of_staff, "SELECT 1")
    assert may(of_partner, "SELECT 1")
    assert obod("db", "url", "--for", "staff").code == 1


def test_a_service_refuses_to_be_the_owner_and_has_a_login_once_migrated(
    obod: Obod, monkeypatch: pytest.MonkeyPatch
) -> None:
    served: list[str] = []

    def run(*_: object, **__: object) -> None:
        with noting() as connection:
            served.append(str(connection.execute(text("SELECT session_user")).scalar_one()))

    monkeypatch.setattr(uvicorn, "run", run)
    monkeypatch.setattr(serve, "require_free", lambda *_: None)
    monkeypatch.setattr(serve, "compile_all", lambda: None)
    monkeypatch.setattr(serve, "start_drawing", lambda: None)
    (get_settings().home / LOGINS).unlink(missing_ok=True)
    refused = obod("serve")
    assert (refused.code, served) == (1, [])
    assert "does not log in as the owner of the database" in " ".join(refused.err.split())

    assert obod("db", "migrate").code == 0
    assert obod("serve").code == 0
    assert obod("db", "migrate").code == 0  # a second time changes nothing
    assert obod("serve").code == 0
    assert len(set(served)) == 1
    assert served[0].startswith("obod_service_")

    owner = make_url(obod("db", "url", "--owner").out.strip())
    monkeypatch.delenv("OBOD_DATABASE_URL")
    monkeypatch.setenv("OBOD_SERVICE_DATABASE_URL", f"postgresql://{owner.host}:{owner.port}/{owner.database}")
    assert obod("serve").code == 0  # as in docker-compose.yml: an address without a user, and the login of the home
    assert served[-1] == served[0]
    for words in (("url",), ("url", "--owner"), ("status",)):
        no_owner = obod("db", *words)
        assert (no_owner.code, no_owner.out) == (1, "")
        assert " ".join(no_owner.err.split()).startswith(
            "OBOD_SERVICE_DATABASE_URL alone names the database here, with"
        )


def test_a_service_waits_for_a_database_of_another_machine(obod: Obod, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[int] = []
    monkeypatch.setattr(uvicorn, "run", lambda *_, **__: begun.append(1))
    monkeypatch.setattr(serve, "require_free", lambda *_: None)
    monkeypatch.setattr(serve, "compile_all", lambda: None)
    monkeypatch.setattr(serve, "start_drawing", lambda: None)
    monkeypatch.setenv("OBOD_DATABASE_URL", "postgresql://nobody:secret@127.0.0.1:9/obod")
    said = obod("serve")
    assert (said.code, begun) == (0, [1])
    first = " ".join(said.err.split())
    assert first.startswith("The database does not answer; obod db status says more. The service answers once it does.")
    assert "secret" not in said.err
