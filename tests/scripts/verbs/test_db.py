"""The commands of the database as a person types them."""

from __future__ import annotations

import io
import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from layers.postgres import installation
from layers.postgres.cluster import Cluster
from tests.clients import command
from tests.clients.command import Said
from tests.clients.process import forget_settings

Obod = Callable[..., Said]


@pytest.fixture
def obod(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Obod]:
    """Give a function that runs ``obod`` with the given words in this process."""
    monkeypatch.setenv("OBOD_HOME", str(home))
    monkeypatch.delenv("OBOD_DATABASE_URL", raising=False)

    def run(*words: str) -> Said:
        forget_settings()
        return Said(command.run(*words), *capsys.readouterr())

    yield run
    forget_settings()


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("db") / "home"
    yield folder
    Cluster(folder).remove()


def test_the_life_of_an_embedded_database(obod: Obod, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert obod("db", "status").code == 1
    refused = obod("db", "url")
    assert (refused.code, refused.err) == (1, "There is no embedded database yet; obod db start makes it.\n")

    started = json.loads(obod("db", "start", "--json").out)
    assert started["running"]
    assert json.loads(obod("db", "migrate", "--json").out)["revision"]
    assert (home / "staff.key").stat().st_mode & 0o777 == 0o600

    url = obod("db", "url").out.strip()
    psql = str(installation.find().programs / "psql")
    seen = subprocess.run(
        [psql, url, "-Atc", "SELECT count(*) FROM qgis.plots"], capture_output=True, text=True, check=True
    )
    assert seen.stdout == "0\n"

    archive = str(home / "everything.zip")
    assert obod("backup", archive, "--json").code == 0
    assert json.loads(obod("restore", archive, "--json").out)["rows"]["api_keys"] == 1

    assert obod("db", "stop").code == 0
    stopped = json.loads(obod("db", "status", "--json").out)
    assert not stopped["running"]
    assert stopped["port"] == started["port"]

    place = str(Cluster(home).files)
    assert place in obod("db", "status").out
    for name in ("rasters", "features", "pictures", "scoring", "tiles", "rejects"):
        (home / name).mkdir(exist_ok=True)
        (home / name / "something").write_bytes(bytes(1_000_000))
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    declined = obod("db", "remove")
    assert declined.code == 1
    assert "rows in all (" in declined.out
    assert "api_keys 1" in declined.out
    assert place in declined.out
    assert f"5.0 MB of raster files and finished answers in {home}" in declined.out
    assert not Cluster(home).running, "left as it was found"
    assert "until somebody starts it" in obod("robustness", "--pending").err
    assert not Cluster(home).running, "what works in the background starts nothing that was stopped"
    assert (home / "rasters" / "something").exists()
    removed = obod("db", "remove", "--yes")
    assert (removed.code, place in removed.out) == (0, True)
    assert not {"postgres", "rasters", "features", "pictures", "scoring", "tiles"} & {
        path.name for path in home.iterdir()
    }
    assert (home / "rejects" / "something").exists(), "rows to correct are in no database"


def test_data_that_are_missing_are_one_line_of_every_command(obod: Obod, home: Path) -> None:
    assert obod("db", "start").code == 0
    assert obod("db", "stop").code == 0
    place, free_port = Cluster(home).files, str(Cluster(home).status().port)
    away = place.rename(place.with_name("away"))
    try:
        commands = (
            "db start",
            "db stop",
            "db migrate",
            "layer list",
            f"backup {home}/b.zip",
            f"serve --port {free_port}",
        )
        for command in commands:
            refused = obod(*command.split())
            assert (refused.code, refused.err.count("\n")) == (1, 1), refused.err
            assert f"were last in {place}" in refused.err
        looked = obod("db", "status")
        assert (looked.code, f"were last in {place}" in looked.out) == (1, True)
        assert json.loads(obod("db", "status", "--json").out)["problem"]
    finally:
        away.rename(place)
    assert obod("db", "start").code == 0


def test_a_damaged_backup_is_one_line(obod: Obod, tmp_path: Path) -> None:
    (tmp_path / "notes.zip").write_text("not a backup")
    refused = obod("restore", str(tmp_path / "notes.zip"))
    assert refused.code == 1
    assert refused.err.splitlines()[-1] == "notes.zip is not a complete backup of Obod; nothing was restored."


def test_a_database_elsewhere_is_not_started_here(obod: Obod, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OBOD_DATABASE_URL", "postgresql://me:sesame@127.0.0.1:1/obod")
    refused = obod("db", "start")
    assert refused.code == 1
    assert "sesame" not in refused.err
    assert len(refused.err.splitlines()) == 1


def test_wrong_usage_is_told_apart(obod: Obod) -> None:
    assert obod("db", "sing").code == 2
