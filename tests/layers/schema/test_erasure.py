"""After a purge no value of it is anywhere: files of the database, of the home, of a dump, of a new backup."""

from __future__ import annotations

import os
import subprocess
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import geopandas as gpd
import pandas as pd
import psycopg
import pytest
from fastapi.testclient import TestClient
from shapely import box
from sqlalchemy import Connection, Engine, text
from sqlalchemy.engine import make_url
from typer.testing import CliRunner

from api.main import create_app
from geo.panel.scheme import load_scheme
from layers.cache.files import files_in
from layers.errors import DataRefused, NotFound
from layers.loading import Options, check_file, load_file, load_frame, undo
from layers.postgres.cluster import Cluster
from layers.postgres.engine import writing
from layers.postgres.installation import find
from layers.postgres.roles import SUPERUSER
from layers.runs.score import publish_run, score
from layers.schema.backup import backup
from layers.schema.erasure import delete_runs, purge_ended, purge_load
from layers.schema.remains import finish_purges, has_remains, listed, sweep
from layers.settings import get_settings
from scripts.main import app
from tests.drills.moments import run
from tests.worlds import valley
from tests.worlds.valley_in_database import RASHT, load_valley

NAME = "Zulfiyaqandova"  # planted wherever a file may bring a name
LAST = 10**9  # load that brought no row


@pytest.fixture(scope="module")
def runs(database: Engine) -> list[int]:
    with writing() as connection:
        load_valley(connection, second=False)
    return [
        score(database, load_scheme(), districts=[RASHT], day=valley.AS_OF, publish=publish).run_id
        for publish in (False, True)
    ]


def planted(folder: Path, name: str = NAME, availability: str = "in_use") -> Path:
    """A file of plots with the name in a key, a value that is kept, one that is refused, and the name of the file."""
    shapes = [box(70.35 + k / 1000, 39.01, 70.3505 + k / 1000, 39.0104) for k in range(3)]
    frame = gpd.GeoDataFrame(
        {
            "plot_id": [f"{name}-1", f"plain-{name}", f"{name}-3"],
            "district": RASHT,
            "land_form": ["dehkan", "dehkan", f"land of {name}"],
            "availability": availability,
            "cadastral_no": [f"c-{name}", f"d-{name}", "e"],
        },
        geometry=shapes,
        crs=4326,
    )
    path = folder / f"{name}-land.geojson"
    frame.to_file(path, driver="GeoJSON")
    return path


def loaded(path: Path, mode: str = "add") -> int:
    with writing() as connection:
        report = load_file(connection, "plots", path, Options(mode=mode))
    assert report.load_id is not None
    assert report.rejected == 1
    return report.load_id


def files_with(word: str, folder: Path) -> list[str]:
    """Files below a folder that hold a word; the write-ahead log is written over later, as the docs say."""
    found = []
    for path in folder.rglob("*"):
        if not path.is_file() or path.is_symlink() or "pg_wal" in path.parts:
            continue
        if word.encode() in path.read_bytes() or word in path.name:
            found.append(str(path.relative_to(folder)))
    return found


def dumped(database: Engine) -> str:
    url = make_url(database.url).set(drivername="postgresql").render_as_string(hide_password=False)
    with database.connect() as connection:
        major = int(connection.execute(text("SHOW server_version_num")).scalar_one()) // 10_000
    return subprocess.run([find(major).program("pg_dump"), url], capture_output=True, text=True, check=True).stdout


def database_files(database: Engine) -> Path:
    """The files of the test's database."""
    with database.connect() as connection:
        oid = connection.execute(text("SELECT oid FROM pg_database WHERE datname = current_database()")).scalar_one()
    home = Path(os.environ["OBOD_TEST_HOME"])
    (folder,) = [path for path in Cluster(home).files.rglob(f"base/{oid}") if path.is_dir()]
    return folder


def checkpoint() -> None:
    with psycopg.connect(Cluster(Path(os.environ["OBOD_TEST_HOME"])).url(SUPERUSER, "postgres"), autocommit=True) as at:
        at.execute("CHECKPOINT")


@pytest.mark.usefixtures("runs")
def test_after_a_purge_the_planted_name_is_nowhere(database: Engine, tmp_path: Path) -> None:
    home = get_settings().home
    load = loaded(planted(tmp_path))
    with writing() as connection:  # an update and an undo carry the name on
        changed = pd.DataFrame({"plot_id": [f"{NAME}-1"], "land_form": ["household"]})
        later = load_frame(connection, "plots", changed, mode="update").load_id
        undo(connection, later or 0)
    with TestClient(create_app()) as client:
        listed = client.get(f"/districts/{RASHT}/plots", params={"limit": "all"})
        assert NAME in listed.text
        for f in ("csv", "gpkg"):
            assert client.get(f"/districts/{RASHT}/plots", params={"f": f}).status_code == 200
        (home / "logs").mkdir(exist_ok=True)
        (home / "logs" / "obod.log").write_text(f"a fault at {NAME}\n")
        checkpoint()
        assert NAME in dumped(database)
        assert files_with(NAME, home)
        assert files_with(NAME, database_files(database))
        answer = CliRunner().invoke(app, ["layer", "purge", str(load), "--yes"])
        assert answer.exit_code == 1
        assert "in force; nothing was erased" in str(answer.exception)
        assert NAME in dumped(database)
        answer = CliRunner().invoke(app, ["layer", "purge", str(load), "--yes", "--with-current"])
        assert answer.exit_code == 0, answer.output
        listed = client.get(f"/districts/{RASHT}/plots", params={"limit": "all"})
        assert NAME not in listed.text
    checkpoint()
    assert NAME not in dumped(database)
    assert files_with(NAME, home) == []
    assert files_with(NAME, database_files(database)) == []
    backup(database, home, tmp_path / "new.zip")
    with zipfile.ZipFile(tmp_path / "new.zip") as archive:
        assert not any(NAME.encode() in archive.read(name) for name in archive.namelist())


@pytest.mark.usefixtures("runs")
def test_a_check_leaves_nothing(database: Engine, tmp_path: Path) -> None:
    home, name = get_settings().home, "Checkedqandova"
    before = sorted(str(path) for path in home.rglob("*"))
    with writing() as connection:
        report = check_file(connection, "plots", planted(tmp_path, name), Options())
    assert report.added == 2
    assert report.rejected == 1
    assert name not in dumped(database)
    assert [path for path in sorted(str(path) for path in home.rglob("*")) if path not in before] == []


def test_rows_in_force_are_refused_with_the_runs_made_from_them(connection: Connection, runs: list[int]) -> None:
    load = connection.execute(text("SELECT min(load_id) FROM plots")).scalar_one()
    count = connection.execute(text("SELECT count(*) FROM plots")).scalar_one()
    with pytest.raises(DataRefused, match=rf"rows of plots are in force.* Runs made from them: {runs[0]}, {runs[1]}"):
        purge_load(connection, load, with_current=False)
    assert connection.execute(text("SELECT count(*) FROM plots")).scalar_one() == count
    erased = purge_load(connection, load, with_current=True)
    assert (erased.rows, erased.runs) == ({"plots": count}, runs)
    for table in ("plots", "suitability", "robustness"):
        assert connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() == 0
    entry = connection.execute(text("SELECT what, layer, rows FROM audit_log ORDER BY entry DESC LIMIT 1")).one()
    assert tuple(entry) == ("purge", "plots", count)


@pytest.mark.usefixtures("runs")
def test_rows_that_ended_before_a_day_go_and_those_in_force_stay(connection: Connection) -> None:
    frame = pd.DataFrame({"plot_id": ["clean"], "land_form": ["household"]})
    load_frame(connection, "plots", frame, mode="update")
    current = connection.execute(text("SELECT count(*) FROM plots WHERE ended_by IS NULL")).scalar_one()
    assert purge_ended(connection, datetime.now(UTC) - timedelta(days=1), with_current=False).rows == {}
    with pytest.raises(DataRefused, match="Results that are served"), connection.begin_nested():
        purge_ended(connection, datetime.now(UTC) + timedelta(days=1), with_current=False)
    erased = purge_ended(connection, datetime.now(UTC) + timedelta(days=1), with_current=True)
    assert (erased.rows, erased.current) == ({"plots": 1}, {"plots": 0})
    assert connection.execute(text("SELECT count(*) FROM plots WHERE ended_by IS NULL")).scalar_one() == current
    assert connection.execute(text("SELECT count(*) FROM plots WHERE ended_by IS NOT NULL")).scalar_one() == 0


def test_a_purge_is_final_and_named_once(connection: Connection, runs: list[int]) -> None:
    assert runs
    with pytest.raises(NotFound, match="no load"):
        purge_load(connection, LAST, with_current=True)
    load = connection.execute(text("SELECT min(load_id) FROM plot_surveys")).scalar_one()
    purge_load(connection, load, with_current=True)
    purge = connection.execute(text("SELECT max(load_id) FROM loads")).scalar_one()
    with pytest.raises(DataRefused, match="nothing brings them back"):
        undo(connection, purge)
    with pytest.raises(DataRefused, match="a purge itself"):
        purge_load(connection, purge, with_current=True)
    assert purge_load(connection, load, with_current=False).rows == {"plot_surveys": 0}


def test_a_published_run_goes_only_if_that_is_said(connection: Connection, runs: list[int]) -> None:
    with pytest.raises(DataRefused, match=rf"published: run {runs[1]} in {RASHT}.*--published"):
        delete_runs(connection, runs, published=False)
    with pytest.raises(NotFound, match="no run 987654"):
        delete_runs(connection, [987654], published=True)
    found = connection.execute(text("SELECT count(*) FROM suitability WHERE base_run = :run"), {"run": runs[0]})
    assert delete_runs(connection, [runs[0]], published=False) == found.scalar_one() > 0
    with pytest.raises(NotFound):
        publish_run(connection, runs[0])
    delete_runs(connection, [runs[1]], published=True)
    for table in ("scoring_runs", "suitability", "publications", "run_hectares", "suitability_cells", "robustness"):
        assert connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() == 0
    entries = connection.execute(text("SELECT number FROM audit_log WHERE what = 'run-deleted' ORDER BY entry"))
    assert entries.scalars().all() == runs


def test_wrong_usage_and_a_retention_that_is_not_set_are_said(database: Engine) -> None:
    assert database
    for arguments in ([], ["1", "--retention"], ["--ended-before", "soon"]):
        assert CliRunner().invoke(app, ["layer", "purge", *arguments]).exit_code == 2
    refused = CliRunner().invoke(app, ["layer", "purge", "--retention", "--yes"])
    assert refused.exit_code == 1
    assert "OBOD_RETENTION_DAYS" in str(refused.exception)


def test_what_lies_in_old_rejects_goes_with_their_time(database: Engine) -> None:
    folder = get_settings().home / "rejects"
    folder.mkdir(exist_ok=True)
    old, new = folder / "plots-old-00000000-rejected.csv", folder / "plots-new-11111111-rejected.csv"
    for path in (old, new):
        path.write_text("x")
    os.utime(old, (1.0, 1.0))
    with writing() as connection:
        erased = purge_ended(connection, datetime(2020, 1, 1, tzinfo=UTC), with_current=False)
    with listed(get_settings().home, erased, datetime(2020, 1, 1, tzinfo=UTC)) as remains:
        sweep(database, get_settings().home, remains)
    assert (old.exists(), new.exists()) == (False, True)


@pytest.mark.usefixtures("runs")
def test_a_purge_that_is_killed_is_finished_by_the_next_command(database: Engine, tmp_path: Path) -> None:
    home = get_settings().home
    whole = run(["layer", "purge", str(loaded(planted(tmp_path, "Firstqandova"))), "--yes", "--with-current"])
    assert whole is not None
    assert whole.code == 0, whole.said
    swept = next(at for at, name in enumerate(whole.moments) if "VACUUM" in name)
    committed = max(at for at in range(swept) if whole.moments[at] == "after the commit")
    for at in (committed - 1, committed, swept):  # nothing is gone yet, rows are, files are
        name = f"Killed{at}qandova"
        load = loaded(planted(tmp_path, name))
        with TestClient(create_app()) as client:
            assert name in client.get(f"/districts/{RASHT}/plots", params={"limit": "all"}).text
        (home / "logs").mkdir(exist_ok=True)
        (home / "logs" / "obod.log").write_text(f"a fault at {name}\n")
        assert run(["layer", "purge", str(load), "--yes", "--with-current"], at=at) is None
        checkpoint()
        rows = text("SELECT count(*) FROM plots WHERE load_id = :load")
        with database.connect() as connection:
            assert (connection.execute(rows, {"load": load}).scalar_one() == 0) == (at >= committed)
        assert bool(files_with(name, home)) == (at < swept)
        assert files_with(name, database_files(database))
        rejects = [path for path, _ in files_in(home / "rejects") if name in path.name]
        following = run(["layer", "list", "--json"])
        assert following is not None
        assert following.code == 0
        assert following.said == "An earlier purge was not through; what it left in files is removed.\n"
        if at < committed:  # it never was: what belongs to the rows stays with them
            assert rejects == [path for path, _ in files_in(home / "rejects") if name in path.name]
            assert rejects
            continue
        checkpoint()
        assert files_with(name, home) == []
        assert files_with(name, database_files(database)) == []
        again = run(["layer", "list", "--json"])
        assert again is not None
        assert again.said == ""


@pytest.mark.usefixtures("runs")
def test_nobody_finishes_a_purge_that_is_at_work(database: Engine, tmp_path: Path) -> None:
    home = get_settings().home
    load = loaded(planted(tmp_path, "Busyqandova"))
    with writing() as connection:
        erased = purge_load(connection, load, with_current=True)
        with listed(home, erased):
            assert finish_purges(database, home) == []
            assert has_remains(home)
    assert not has_remains(home)
    with pytest.raises(OSError, match="full"), listed(home, erased):
        raise OSError("the disk is full")
    assert has_remains(home)
    assert files_with("Busyqandova", home)
    assert finish_purges(database, home) == []
    assert (has_remains(home), files_with("Busyqandova", home)) == (False, [])
