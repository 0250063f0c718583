"""The embedded PostGIS: made once, started by anybody at once, found again after a crash, closed to the outside."""

from __future__ import annotations

import os
import signal
import socket
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from layers.errors import DatabaseUnavailable
from layers.postgres import installation, server
from layers.postgres.cluster import SOCKET_PATH_LIMIT, Cluster


@pytest.fixture(scope="module", params=["reachable by a long path", "below a folder of mode 700"])
def cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    with tempfile.TemporaryDirectory(prefix="obod-embedded-") as folder:
        if request.param.startswith("reachable"):
            os.chmod(folder, 0o711)
            home = Path(folder) / ("long-" * 30)
        else:
            home = Path(folder) / "home with spaces"
        embedded = Cluster(home, durable=False)
        embedded.start()
        yield embedded
        files = embedded.files
        embedded.remove()
        assert not files.exists()
        assert not embedded.status().made


def test_both_addresses_reach_postgis_as_the_owner(cluster: Cluster) -> None:
    for url in (cluster.url(), cluster.socket_url()):
        with psycopg.connect(url) as connection:
            row = connection.execute("SELECT current_user, current_database(), postgis_lib_version()").fetchone()
            assert row is not None
            assert row[:2] == ("obod", "obod")
            assert row[2] >= "3.3"
            superuser = connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
            assert superuser == (False,)


def test_starting_again_changes_nothing(cluster: Cluster) -> None:
    before = cluster.status()
    cluster.start()
    assert cluster.status() == before
    assert before.running


def test_it_is_closed_to_the_outside(cluster: Cluster) -> None:
    pid = cluster.status().pid
    assert pid is not None
    server_process = psutil.Process(pid)
    assert server_process.uids().effective != 0
    listening = [c.laddr for c in server_process.net_connections("tcp") if c.status == psutil.CONN_LISTEN]
    assert [(address.ip, address.port) for address in listening] == [("127.0.0.1", cluster.status().port)]
    for url in (cluster.url(), cluster.socket_url()):
        secret = psycopg.conninfo.conninfo_to_dict(url)["password"]
        with pytest.raises(psycopg.OperationalError, match="authentication failed"):
            psycopg.connect(url.replace(str(secret), "wrong"))
    assert (cluster.home / "database.json").stat().st_mode & 0o777 == 0o600
    assert cluster.files.stat().st_mode & 0o077 == 0


def test_the_socket_path_fits_its_limit(cluster: Cluster) -> None:
    folder = psycopg.conninfo.conninfo_to_dict(cluster.socket_url())["host"]
    assert len(os.fsencode(f"{folder}/.s.PGSQL.{cluster.status().port}")) <= SOCKET_PATH_LIMIT


def test_several_callers_may_start_it_at_once(cluster: Cluster) -> None:
    cluster.stop()
    assert not cluster.status().running
    failures: list[BaseException] = []

    def start() -> None:
        try:
            Cluster(cluster.home, durable=False).start()
        except BaseException as failure:
            failures.append(failure)

    callers = [threading.Thread(target=start) for _ in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert not failures
    servers = [p for p in psutil.process_iter() if _is_server_in(p, cluster.data)]
    assert len(servers) == 1


def test_it_comes_back_after_being_killed(cluster: Cluster) -> None:
    with psycopg.connect(cluster.url(), autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (n int)")
        connection.execute("INSERT INTO kept VALUES (7)")
    port, pid = cluster.status().port, cluster.status().pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(pid)] if psutil.pid_exists(pid) else [], timeout=10)
    assert not cluster.status().running
    cluster.start()
    assert cluster.status().port == port
    with psycopg.connect(cluster.url()) as connection:
        assert connection.execute("SELECT n FROM kept").fetchone() == (7,)
        connection.execute("DROP TABLE kept")


def test_a_stale_pid_of_another_program_does_not_count(cluster: Cluster) -> None:
    cluster.stop()
    stale = f"{os.getpid()}\n{cluster.data}\n1\n{cluster.status().port}\n"
    (cluster.data / "postmaster.pid").write_text(stale)
    assert not cluster.status().running
    cluster.start()
    assert cluster.status().running


def test_stopping_is_clean_and_may_be_repeated(cluster: Cluster) -> None:
    cluster.stop()
    cluster.stop()
    control = installation.find().programs / "pg_controldata"
    state = server.server_user(cluster.data).run([str(control), str(cluster.data)]).stdout
    assert "shut down\n" in state
    cluster.start()


def test_a_port_taken_by_another_program_is_named(cluster: Cluster) -> None:
    cluster.stop()
    port = cluster.status().port
    assert port is not None
    with socket.create_server(("127.0.0.1", port)), pytest.raises(DatabaseUnavailable, match=f"Port {port}"):
        cluster.start()
    cluster.start()


def test_nothing_is_made_by_looking(tmp_path: Path) -> None:
    status = Cluster(tmp_path / "none").status()
    assert not status.made
    assert not (tmp_path / "none").exists()
    Cluster(tmp_path / "none").stop()


@pytest.mark.parametrize(
    ("version", "postgis", "usable"),
    [("15.3", "3.3.2", True), ("16beta1", "3.4.0", True), ("14.9", "3.3.2", False), ("15.3", "3.2.1", False)],
)
def test_only_new_enough_servers_with_postgis_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, postgis: str, usable: bool
) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in installation.PROGRAMS:
        (programs / name).write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version} (Debian {version})'\n")
        (programs / name).chmod(0o755)
    extension = tmp_path / "share" / "extension"
    extension.mkdir(parents=True)
    (extension / "postgis.control").write_text(f"default_version = '{postgis}'\n")
    monkeypatch.setattr(installation, "_places", lambda: iter([programs]))
    monkeypatch.setattr(installation, "SHARED_BY_VERSION", tmp_path / "elsewhere")
    found = installation.installations()
    assert [(one.version, one.postgis) for one in found] == ([(version, postgis)] if usable else [])


def test_without_postgis_the_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation, "_places", lambda: iter([]))
    with pytest.raises(DatabaseUnavailable, match="postgresql-15-postgis-3") as refusal:
        installation.find()
    assert str(refusal.value).count(".") - str(refusal.value).count("3.3") - str(refusal.value).count("4.04") <= 1


@pytest.mark.parametrize(("memory_gb", "shared_mb"), [(2, 512), (24, 1024)])
def test_memory_of_the_server_follows_the_machine(
    monkeypatch: pytest.MonkeyPatch, memory_gb: int, shared_mb: int
) -> None:
    memory = psutil.virtual_memory()._replace(total=memory_gb * 1024 * server.MB)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    settings = server.server_settings(5432, Path("/it's/here"), Path("/log"), durable=True)
    assert f"shared_buffers = '{shared_mb}MB'" in settings
    assert "unix_socket_directories = '/it''s/here'" in settings
    assert "fsync" not in settings


@pytest.mark.parametrize(
    ("release", "how"), [("5.7.19-arch1", "fsync"), ("5.8.0", "syncfs"), ("6.1.0-18-amd64", "syncfs"), ("odd", "fsync")]
)
def test_a_disk_is_put_in_order_at_once_only_where_its_faults_are_told(
    monkeypatch: pytest.MonkeyPatch, release: str, how: str
) -> None:
    monkeypatch.setattr("layers.postgres.server.platform.release", lambda: release)
    monkeypatch.setattr("layers.postgres.server.sys.platform", "linux")
    settings = server.server_settings(5432, Path("/here"), Path("/log"), durable=True)
    assert f"recovery_init_sync_method = '{how}'" in settings


def _is_server_in(process: psutil.Process, data: Path) -> bool:
    try:
        return "-D" in process.cmdline() and str(data) in process.cmdline()
    except psutil.Error:
        return False
