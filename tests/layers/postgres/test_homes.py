"""No data are lost, nor taken for another's, however homes are moved, copied, renamed, restored, swapped or damaged."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from layers.errors import DatabaseUnavailable, OperatorNeeded
from layers.postgres import failure
from layers.postgres.cluster import Cluster
from layers.postgres.contents import count_rows
from layers.postgres.engine import engine
from layers.postgres.server import MB
from tests.clients.process import forget_settings

NOBODY = 65_534  # user id nobody's files have
IS_ROOT = os.geteuid() == 0


@contextmanager
def _folder(*, closed: bool) -> Iterator[Path]:
    """Give a folder; ``closed`` to the account a server started by root runs as."""
    made = Path(tempfile.mkdtemp(prefix="obod-homes-"))
    made.chmod(0o700 if closed else 0o711)
    yield made
    for home in {record.parent for record in made.rglob("database.json")}:
        Cluster(home).remove()
    shutil.rmtree(made)


def _cluster(home: Path) -> Cluster:
    return Cluster(home, durable=False)


def _with_a_seven(home: Path) -> Cluster:
    made = _cluster(home)
    made.start()
    with psycopg.connect(made.url(), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
    return made


def _kept(cluster: Cluster) -> list[int]:
    with psycopg.connect(cluster.socket_url()) as connection:
        return [row[0] for row in connection.execute("SELECT n FROM kept")]


def _seen(folder: Path) -> list[str]:
    return sorted(str(path) for path in folder.rglob("*") if "data/" not in str(path))


def _identities(cluster: Cluster) -> tuple[str, str]:
    """The identity in the home and the one in its data, read from the files themselves."""
    home = json.loads((cluster.home / "database.json").read_text())
    return home["id"], json.loads((cluster.data / "obod.json").read_text())["id"]


@pytest.fixture(scope="module", params=["reachable", "below a folder of mode 700"])
def tree(request: pytest.FixtureRequest) -> Iterator[Path]:
    with _folder(closed=request.param != "reachable") as folder:
        _with_a_seven(folder / "obod" / ".obod").stop()
        yield folder


@pytest.fixture
def stopped(tree: Path) -> Iterator[Cluster]:
    """A stopped database with one row; every test leaves it so."""
    cluster = _cluster(tree / "obod" / ".obod")
    cluster.stop()
    yield cluster
    cluster.start()
    assert _kept(cluster) == [7]
    cluster.stop()


def test_home_and_data_hold_the_same_identity_closed_to_others(stopped: Cluster) -> None:
    home, data = _identities(stopped)
    assert home == data
    for kept in (stopped.home / "database.json", stopped.data / "obod.json"):
        assert kept.stat().st_mode & 0o777 == 0o600
    assert stopped.home.stat().st_mode & 0o007 == 0
    inside = stopped.files.is_relative_to(stopped.home)
    assert stopped.home.stat().st_mode & 0o777 == (0o710 if IS_ROOT and inside else 0o700)


def test_where_the_account_cannot_reach_the_home_the_place_is_said(tree: Path) -> None:
    told: list[str] = []
    new = _cluster(tree / "new")
    new.start(told.append)
    inside = new.files.is_relative_to(new.home)
    assert inside == (not IS_ROOT or tree.stat().st_mode & 0o001 == 1)
    if inside:
        assert told == []
    else:
        (sentence,) = told
        assert str(new.files) in sentence
        assert "cannot reach" in sentence
    assert new.status().place == new.files
    new.remove()


def test_the_natural_upgrade_loses_nothing(tree: Path, stopped: Cluster) -> None:
    """``mv obod obod-old; git clone …; make demo``, while the former database runs."""
    stopped.start()
    moved = _cluster((tree / "obod").rename(tree / "obod-old") / ".obod")
    fresh = _cluster(tree / "obod" / ".obod")
    try:
        fresh.start()
        assert moved.running
        with pytest.raises(psycopg.errors.UndefinedTable):
            _kept(fresh)
        assert _kept(moved) == [7]
        moved.stop()
        moved.start()
        assert (_kept(moved), moved.running, fresh.running) == ([7], True, True)
        assert _identities(moved) != _identities(fresh)
        fresh.remove()
        assert _kept(moved) == [7]
        moved.stop()
    finally:
        shutil.rmtree(tree / "obod")
        (tree / "obod-old").rename(tree / "obod")


def test_homes_that_name_each_others_data_are_refused_and_nothing_is_touched(tree: Path, stopped: Cluster) -> None:
    other = _cluster(tree / "other")
    other.start()
    other.stop()
    places = {cluster: cluster.files for cluster in (stopped, other)}
    parked = tree / "parked"
    _swap(stopped.home / "postgres", other.home / "postgres", parked)
    try:
        for cluster, foreign in ((stopped, other), (other, stopped)):
            before = _seen(tree)
            with pytest.raises(OperatorNeeded, match="belong to another home") as refusal:
                cluster.start()
            assert str(foreign.home) in str(refusal.value)
            assert str(places[cluster]) in str(refusal.value), "where its own were last"
            assert cluster.status().problem == str(refusal.value)
            assert not cluster.owns_data()
            with pytest.raises(OperatorNeeded):
                cluster.stop()
            assert _seen(tree) == sorted({*before, str(cluster.home / "database.stopped")})
    finally:
        _swap(stopped.home / "postgres", other.home / "postgres", parked)
    other.remove()


def _swap(one: Path, two: Path, parked: Path) -> None:
    one.rename(parked)
    two.rename(one)
    parked.rename(two)


def test_data_that_are_missing_are_an_error_that_says_where_they_were(tree: Path, stopped: Cluster) -> None:
    place = stopped.files
    away = place.rename(place.with_name("somewhere-else"))
    before = _seen(tree)
    try:
        with pytest.raises(OperatorNeeded, match="missing; they were last in") as refusal:
            stopped.start()
        assert str(place) in str(refusal.value)
        status = stopped.status()
        assert (status.made, status.running, status.problem) == (True, False, str(refusal.value))
        assert status.place == place
        assert stopped.made, "no command may think that there never was one"
        assert _seen(tree) == before, "nothing is made in place of what is missing"
    finally:
        away.rename(place)


def test_data_given_up_by_name_make_room_for_new_ones(tree: Path) -> None:
    given_up = _cluster(tree / "given-up")
    given_up.start()
    given_up.stop()
    shutil.rmtree(given_up.files)
    given_up.remove()
    given_up.start()
    assert given_up.running
    given_up.remove()


def test_a_lost_link_is_found_again(stopped: Cluster) -> None:
    link = stopped.home / "postgres"
    if not link.is_symlink():
        place = link.rename(stopped.home / "moved-by-hand")
        link.symlink_to(place)
        stopped.start()  # the home now knows the new place
        stopped.stop()
    link.unlink()
    stopped.start()
    assert link.is_symlink()
    assert _kept(stopped) == [7]
    if (place := stopped.home / "moved-by-hand").exists():
        stopped.stop()
        link.unlink()
        place.rename(link)


def test_a_copy_with_its_data_is_a_database_of_its_own(tree: Path, stopped: Cluster) -> None:
    copy = _cluster(tree / "copy")
    subprocess.run(["cp", "-a", stopped.home, copy.home], check=True)
    told: list[str] = []
    if stopped.files.is_relative_to(stopped.home):
        stopped.start()
        copy.start(told.append)
        assert str(stopped.home) in told[0]
        assert copy.running
        assert copy.status().port != stopped.status().port
        assert _identities(copy)[0] == _identities(copy)[1] != _identities(stopped)[0]
        with psycopg.connect(copy.url(), autocommit=True) as connection:
            connection.execute("UPDATE kept SET n = 8")
        assert (_kept(copy), _kept(stopped)) == ([8], [7])
    else:  # only the link was copied
        with pytest.raises(OperatorNeeded, match="both name the same data") as refusal:
            copy.start()
        assert str(stopped.home) in str(refusal.value)
        assert not copy.owns_data()
    copy.remove()
    assert not (copy.home / "postgres").exists()
    shutil.rmtree(copy.home)


def test_a_copy_without_its_owner_gets_it_back(tree: Path, stopped: Cluster) -> None:
    if not stopped.files.is_relative_to(stopped.home):
        return  # only the link would be copied
    copy = _cluster(tree / "copy")
    subprocess.run(["cp", "-r", stopped.home, copy.home], check=True)
    copy.start()
    assert _kept(copy) == [7]
    copy.remove()
    shutil.rmtree(copy.home)


def test_a_copy_taken_while_the_database_ran_is_refused(tree: Path, stopped: Cluster) -> None:
    if not stopped.files.is_relative_to(stopped.home):
        return  # only the link would be copied
    stopped.start()
    copy = _cluster(tree / "copy")
    subprocess.run(["cp", "-a", stopped.home, copy.home], check=False, stderr=subprocess.DEVNULL)  # sockets and all
    with pytest.raises(OperatorNeeded, match="not whole") as refusal:
        copy.start()
    assert str(stopped.home) in str(refusal.value)
    shutil.rmtree(copy.home)


def test_a_copy_whose_origin_is_gone_takes_over(tree: Path, stopped: Cluster) -> None:
    before = _identities(stopped)
    subprocess.run(["cp", "-a", stopped.home, tree / "copy"], check=True)
    stopped.home.rename(tree / "gone")
    (tree / "gone" / "database.json").rename(tree / "gone" / "notes")
    copy = _cluster(tree / "copy")
    copy.start()
    assert _kept(copy) == [7]
    assert _identities(copy) == before
    copy.stop()
    shutil.rmtree(tree / "gone")
    copy.home.rename(stopped.home)


def test_a_restored_home_is_the_one_it_was(tree: Path, stopped: Cluster) -> None:
    place, before = stopped.files, _identities(stopped)
    for what, name in ((stopped.home, "home"), (place, "data")):
        subprocess.run(["cp", "-a", what, tree / f"saved-{name}"], check=True)
    stopped.remove()
    assert not place.exists()
    shutil.rmtree(stopped.home)
    (tree / "saved-home").rename(stopped.home)
    if place.exists():
        shutil.rmtree(tree / "saved-data")
    else:
        subprocess.run(["mv", tree / "saved-data", place], check=True)
    stopped.start()
    assert _kept(stopped) == [7]
    assert _identities(stopped) == before


@pytest.mark.parametrize("cut_short", [False, True], ids=["at once", "cut short half-way"])
def test_a_home_of_an_earlier_version_goes_on(stopped: Cluster, cut_short: bool) -> None:
    record = _as_by_an_earlier_version(stopped)
    if not cut_short:
        (stopped.data / "obod.json").unlink()
    stopped.start()
    assert _kept(stopped) == [7]
    assert _identities(stopped)[0] == _identities(stopped)[1]
    after = json.loads((stopped.home / "database.json").read_text())
    assert (after["port"], after["passwords"]) == (record["port"], record["passwords"])


def test_a_home_of_an_earlier_version_whose_data_are_missing_is_not_filled_again(stopped: Cluster) -> None:
    _as_by_an_earlier_version(stopped)
    (stopped.data / "obod.json").unlink()
    place = stopped.files
    away = place.rename(place.with_name("somewhere-else"))
    try:
        with pytest.raises(OperatorNeeded, match="missing") as refusal:
            stopped.start()
        assert str(place) in str(refusal.value)
    finally:
        away.rename(place)


def _as_by_an_earlier_version(cluster: Cluster) -> dict[str, object]:
    kept = cluster.home / "database.json"
    record: dict[str, object] = json.loads(kept.read_text())
    kept.write_text(json.dumps({name: record[name] for name in ("port", "passwords")}))
    return record


def test_a_first_start_that_was_cut_short_is_gone_on_with(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = _cluster(tree / "begun")
    with monkeypatch.context() as patch:
        patch.setattr("layers.postgres.cluster.initialise", _interrupt)
        with pytest.raises(KeyboardInterrupt):
            begun.start()
    assert not begun.made
    assert not begun.status().made
    begun.start()
    assert begun.running
    begun.remove()


def _interrupt(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


DAMAGE = (
    ("database.json", b'{"port": 15'),
    ("database.json", b"[]"),
    ("database.json", b"\xff\x00"),
    ("data/obod.json", b"{}"),
    ("data/PG_VERSION", b"fifteen"),
    ("data/global/pg_control", b"short"),
)


def test_a_damaged_file_of_ours_is_one_sentence(stopped: Cluster) -> None:
    folders = {"database.json": stopped.home}
    place = stopped.files
    for name, content in DAMAGE:
        kept = folders.get(name, place) / name
        whole = kept.read_bytes()
        kept.write_bytes(content)
        try:
            with pytest.raises(OperatorNeeded) as refusal:
                stopped.start()
            assert Path(name).name in str(refusal.value)
            assert "\n" not in str(refusal.value)
            if "pg_control" not in name:  # which only the server reads
                assert stopped.status().problem == str(refusal.value)
        finally:
            kept.write_bytes(whole)


def test_nothing_is_made_where_a_command_expects_a_database(tree: Path) -> None:
    with pytest.raises(DatabaseUnavailable, match="no embedded database yet"):
        _cluster(tree / "empty").start(make=False)
    assert not (tree / "empty" / "postgres").exists()


def test_passwords_that_are_missing_are_named_before_anything_is_made(tree: Path, stopped: Cluster) -> None:
    kept = stopped.home / "database.json"
    place = stopped.files
    parked = kept.rename(tree / "parked.json")
    try:
        with pytest.raises(OperatorNeeded, match=r"database\.json is missing") as refusal:
            stopped.start()
        assert str(place) in str(refusal.value)
        assert stopped.status().problem == str(refusal.value)
    finally:
        parked.rename(kept)


def test_a_home_of_another_user_is_one_sentence(stopped: Cluster) -> None:
    with _as_another_user(stopped.home):
        with pytest.raises(OperatorNeeded, match="belongs to another user"):
            stopped.start()
        assert "belongs to another user" in str(stopped.status().problem)


@contextmanager
def _as_another_user(home: Path) -> Iterator[None]:
    if IS_ROOT:
        os.seteuid(NOBODY)
    else:
        home.chmod(0o000)
    try:
        yield
    finally:
        if IS_ROOT:
            os.seteuid(0)
        else:
            home.chmod(0o700)


def test_a_port_in_use_is_told_by_status_too(stopped: Cluster) -> None:
    port = stopped.status().port
    assert port is not None
    with socket.create_server(("127.0.0.1", port)):
        assert f"Port {port}" in str(stopped.status().problem)
        with pytest.raises(OperatorNeeded, match=f"Port {port}"):
            stopped.start()
    assert stopped.status().problem is None


def test_data_closed_to_the_account_are_one_sentence(stopped: Cluster) -> None:
    if not IS_ROOT:
        return  # the account is the caller
    closed = stopped.files.parent
    mode = closed.stat().st_mode & 0o777
    if closed == stopped.home:
        closed = closed.parent
        mode = closed.stat().st_mode & 0o777
    closed.chmod(0o700)
    try:
        assert str(closed) in str(stopped.status().problem)
        with pytest.raises(OperatorNeeded, match="cannot reach its data"):
            stopped.start()
    finally:
        closed.chmod(mode)


def test_a_disk_that_may_only_be_read_is_one_sentence(stopped: Cluster) -> None:
    if not IS_ROOT:
        return  # only root mounts a disk
    subprocess.run(["mount", "--bind", stopped.home, stopped.home], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", stopped.home], check=True)
        assert "only be read" in str(stopped.status().problem)
        with pytest.raises(OperatorNeeded, match=r"OBOD_HOME.*only be read"):
            stopped.start()
        with pytest.raises(OperatorNeeded, match="only be read"):
            _cluster(stopped.home / "new").start()
    finally:
        subprocess.run(["umount", stopped.home], check=True)


def test_a_full_disk_is_one_sentence() -> None:
    if not IS_ROOT:
        return  # only root mounts a disk
    with _folder(closed=False) as folder, _small_disk(folder):
        new = _cluster(folder / "home")
        with pytest.raises(OperatorNeeded, match=r"is full: \d MB are free.* make room"):
            new.start()
        with pytest.raises(OSError, match="No space"):
            (folder / "filler").write_bytes(bytes(2 * MB))
        with pytest.raises(OperatorNeeded, match="is full"):
            _cluster(folder / "second").start()
        assert not new.made


@contextmanager
def _small_disk(folder: Path) -> Iterator[None]:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


def test_a_server_that_runs_out_of_room_is_told_before_it_stops(
    stopped: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(stopped.home)
    monkeypatch.setattr("layers.postgres.failure.shutil.disk_usage", lambda _place: usage._replace(free=3 * MB))
    assert "3 MB are free" in str(stopped.status().problem)
    monkeypatch.undo()
    assert stopped.status().problem is None


def test_a_home_that_is_a_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("notes")
    with pytest.raises(OperatorNeeded, match="is not a folder"):
        _cluster(tmp_path / "home").start()
    assert "is not a folder" in str(_cluster(tmp_path / "home").status().problem)


def test_the_reason_is_what_the_server_said_now_and_not_what_a_client_was_refused(tmp_path: Path) -> None:
    (tmp_path / "postgres-Sat.log").write_text("2026-11-21 01:00:00 UTC [3] @ FATAL:  last week's\n")
    marks = failure.LogMarks(tmp_path)
    with (tmp_path / "postgres-Sat.log").open("a") as log:
        log.write("2026-11-28 01:00:00 UTC [4] @ FATAL:  could not open directory\n")
        log.write("2026-11-28 01:00:01 UTC [5] obod@obod FATAL:  the database system is starting up\n")
    assert marks.reason("pg_ctl: could not start server\n") == "could not open directory"


def test_every_command_is_told_of_missing_data_and_makes_none(
    tree: Path, stopped: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OBOD_HOME", str(stopped.home))
    monkeypatch.delenv("OBOD_DATABASE_URL", raising=False)
    place = stopped.files
    away = place.rename(tree / "away") if place.is_relative_to(tree) else place.rename(place.with_name("away"))
    forget_settings()
    try:
        with pytest.raises(DatabaseUnavailable, match="missing"):
            engine()
    finally:
        away.rename(place)
        forget_settings()


def test_rows_are_counted_by_table_and_partitions_with_it(stopped: Cluster) -> None:
    stopped.start()
    with psycopg.connect(stopped.url(), autocommit=True) as connection:
        connection.execute("CREATE TABLE parted (n int) PARTITION BY LIST (n)")
        for n in (1, 2):
            connection.execute(f"CREATE TABLE part_{n} PARTITION OF parted FOR VALUES IN ({n})")
        connection.execute("INSERT INTO parted VALUES (1), (1), (2)")
        assert dict(count_rows(stopped.url())) == {"kept": 1, "parted": 3}
        connection.execute("DROP TABLE parted")
