"""One machine or many: the same rows to the last bit, a lost worker costs only its parts, an error is said once."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from distributed import Client, LocalCluster
from distributed.security import Security
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import ProgrammingError
from typer.testing import CliRunner

from geo.panel.scheme import load_scheme
from layers.errors import LayersError
from layers.postgres.engine import writing
from layers.runs.parts import Part, partition_name, parts_name
from layers.runs.score import RunReport, score
from layers.runs.worker_login import worker_login
from layers.runs.workers import (
    ClusterPlace,
    Work,
    each_done,
    in_process,
    local_cluster,
    on_cluster,
    on_workers,
    over_client,
)
from scripts.main import app
from tests.worlds import valley
from tests.worlds.stored_run import rows_of
from tests.worlds.valley_in_database import NUROBOD, RASHT, load_valley

SCHEME = load_scheme()
PIECE = 5  # plots per part: nine plots in each of two districts make four parts


@pytest.fixture(scope="module")
def valley_database(database: Engine) -> Engine:
    with writing() as connection:
        load_valley(connection)
    return database


@pytest.fixture(scope="module")
def client(valley_database: Engine) -> Iterator[Client]:  # noqa: ARG001 - workers inherit its address
    with local_cluster(2) as opened:
        yield opened


def scored(engine: Engine, work: Work, plots_per_part: int = PIECE) -> RunReport:
    return score(engine, SCHEME, day=valley.AS_OF, publish=False, work=work, plots_per_part=plots_per_part)


def over(client: Client) -> Work:
    return lambda engine, parts: over_client(client, engine, parts)


def test_processes_and_pieces_give_the_same_to_the_last_bit(valley_database: Engine, client: Client) -> None:
    whole = rows_of(valley_database, scored(valley_database, in_process, plots_per_part=1_000).run_id)
    serial = rows_of(valley_database, scored(valley_database, in_process).run_id)
    spread = rows_of(valley_database, scored(valley_database, over(client)).run_id)
    assert len(whole["suitability"]) == 18
    assert spread == serial
    assert serial["suitability"] == whole["suitability"]


def test_a_worker_that_is_killed_costs_only_its_parts(valley_database: Engine, client: Client) -> None:
    expected = rows_of(valley_database, scored(valley_database, in_process).run_id)

    def work(engine: Engine, parts: Sequence[Part]) -> Iterator[str]:
        done = over_client(client, engine, parts)
        yield next(done)
        at_work = next(worker for worker, keys in client.processing().items() if keys)
        os.kill(client.run(os.getpid, workers=[at_work])[at_work], signal.SIGKILL)
        yield from done

    report = scored(valley_database, work)
    assert report.plots == 18
    assert rows_of(valley_database, report.run_id) == expected


def test_parts_scored_twice_are_kept_once(valley_database: Engine) -> None:
    expected = rows_of(valley_database, scored(valley_database, in_process).run_id)

    def twice(engine: Engine, parts: Sequence[Part]) -> Iterator[str]:
        yield from in_process(engine, parts)
        yield from in_process(engine, list(reversed(parts)))

    assert rows_of(valley_database, scored(valley_database, twice).run_id) == expected


def test_the_list_of_parts_goes_when_the_run_is_done(valley_database: Engine) -> None:
    report = scored(valley_database, in_process)
    with valley_database.connect() as connection:
        assert connection.execute(text(f"SELECT to_regclass('{parts_name(report.run_id)}')")).scalar() is None


def test_an_error_in_the_data_is_said_and_not_tried_again(valley_database: Engine, client: Client) -> None:
    with writing() as connection:
        connection.execute(text("UPDATE canals SET tail_level_m = 1005 WHERE code = 'upper'"))
    try:
        with pytest.raises(ValueError, match="canal reach upper: tail_level_m 1005 is above head_level_m 1001"):
            scored(valley_database, over(client))
    finally:
        with writing() as connection:
            connection.execute(text("UPDATE canals SET tail_level_m = 1001 WHERE code = 'upper'"))
    assert scored(valley_database, over(client)).plots == 18


def test_a_part_that_kills_every_worker_ends_the_run_with_one_sentence(client: Client) -> None:
    with pytest.raises(LayersError, match="have died one after the other"):
        list(each_done(client, os._exit, [(1,)], ["deadly"]))


def test_nothing_listens_beyond_this_machine(client: Client) -> None:
    info = client.scheduler_info()
    addresses = [info["address"], *info["workers"], *(worker["nanny"] for worker in info["workers"].values())]
    assert all(address.startswith("tls://127.0.0.1:") for address in addresses)


def test_whoever_has_no_certificate_of_the_run_is_not_let_in(client: Client) -> None:
    address = client.scheduler_info()["address"]
    for security, place in (
        (Security.temporary(), address),  # a certificate, of another run
        (Security(require_encryption=False), address.replace("tls://", "tcp://")),
    ):
        with pytest.raises((OSError, TimeoutError)):
            Client(place, security=security, timeout=3, set_as_default=False)
    assert client.submit(sum, (1, 2)).result() == 3


def test_workers_log_in_as_the_run_and_no_more(valley_database: Engine, client: Client) -> None:
    seen: list[str] = []

    def work(engine: Engine, parts: Sequence[Part]) -> Iterator[str]:
        with worker_login(engine, parts[0].run_id) as login:
            seen.append(str(login.username))
            limited = create_engine(login)
            with limited.connect() as connection:
                for forbidden in (
                    "SELECT right_class FROM plots",
                    "SELECT cadastral_no FROM plots",
                    "SELECT * FROM api_keys",
                    "UPDATE plots SET area_ha = 1",
                    "DELETE FROM publications",
                    f"DELETE FROM {partition_name(parts[0].run_id)}",
                    "CREATE TABLE mine (n integer)",
                    "CREATE ROLE another",
                ):
                    with pytest.raises(ProgrammingError, match="permission denied"):
                        connection.execute(text(forbidden))
                    connection.rollback()
            limited.dispose()
        yield from over_client(client, engine, parts)

    report = scored(valley_database, work)
    assert report.plots == 18
    assert seen[0].startswith(f"obod_run_{report.run_id}_")
    with valley_database.connect() as connection:
        left = connection.execute(text("SELECT rolname FROM pg_roles WHERE starts_with(rolname, 'obod_run_')"))
        assert left.scalars().all() == []


def test_a_login_whose_run_was_killed_is_ended_by_a_later_run(valley_database: Engine) -> None:
    with valley_database.begin() as connection:
        connection.execute(text("CREATE ROLE obod_run_1_gone LOGIN VALID UNTIL '2026-01-01'"))
    scored(valley_database, on_workers(1))
    with valley_database.connect() as connection:
        left = connection.execute(text("SELECT rolname FROM pg_roles WHERE starts_with(rolname, 'obod_run_')"))
        assert left.scalars().all() == []


def test_a_cluster_that_is_not_protected_is_refused_before_anything_is_sent() -> None:
    for address, certificates in (("tcp://127.0.0.1:8786", None), ("tls://127.0.0.1:8786", None)):
        with pytest.raises(LayersError, match=r"is not protected.*--insecure"):
            ClusterPlace(address, certificates)


def test_certificates_without_a_file_are_named(valley_database: Engine, tmp_path: Path) -> None:
    with pytest.raises(LayersError, match=r"holds no ca\.pem"):
        scored(valley_database, on_cluster(ClusterPlace("tls://127.0.0.1:9", tmp_path)))


def test_a_cluster_that_is_not_there_is_named(valley_database: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("layers.runs.workers.CONNECT_S", 1)
    with pytest.raises(LayersError, match=r"No Dask cluster answers at tcp://127\.0\.0\.1:9"):
        scored(valley_database, on_cluster(ClusterPlace.unprotected("tcp://127.0.0.1:9")))


def test_a_cluster_is_used_with_the_certificates_its_machines_share(valley_database: Engine, tmp_path: Path) -> None:
    folder = tmp_path / "certificates"
    told = CliRunner().invoke(app, ["cluster", "certificates", str(folder)])
    assert told.exit_code == 0, told.output
    assert f"--cluster tls://SCHEDULER:8786 --certificates {folder}" in told.output
    assert {path.stat().st_mode & 0o077 for path in (folder, *folder.iterdir())} == {0}
    again = CliRunner().invoke(app, ["cluster", "certificates", str(folder)])
    assert isinstance(again.exception, LayersError)
    shared = Security(
        require_encryption=True,
        tls_ca_file=str(folder / "ca.pem"),
        **{
            f"tls_{who}_{what}": str(folder / name)
            for who in ("scheduler", "worker", "client")
            for what, name in (("cert", "certificate.pem"), ("key", "key.pem"))
        },
    )
    expected = rows_of(valley_database, scored(valley_database, in_process).run_id)
    with LocalCluster(
        n_workers=1, threads_per_worker=1, host="127.0.0.1", protocol="tls", security=shared, dashboard_address=None
    ) as machines:
        found = scored(valley_database, on_cluster(ClusterPlace(machines.scheduler_address, folder)))
    assert rows_of(valley_database, found.run_id) == expected
    assert set(found.districts) == {RASHT, NUROBOD}
