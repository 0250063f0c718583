"""Routes of scenarios: what ``obod scenario`` stored, to staff of all districts and to nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from api.main import create_app
from layers.catalogue.base import PARTNER, STAFF
from layers.schema.access import create_key
from tests.clients.command import run
from tests.worlds.branches import plant_branches

FILE = 'name = "one"\n[[works]]\nname = "w"\ncost_usd = 12000\n[[works.repairs]]\nreach = "m1"\nconveyance = 1.0\n'


@pytest.fixture(scope="module")
def client(database: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    plant_branches(database)
    path: Path = tmp_path_factory.mktemp("scenarios") / "one.toml"
    path.write_text(FILE, encoding="utf-8")
    assert run("scenario", "add", path) == 0
    assert run("scenario", "run", "one") == 0
    with TestClient(create_app()) as opened:
        yield opened


@pytest.fixture(scope="module")
def keys(database: Engine) -> dict[str, dict[str, str]]:
    with database.begin() as connection:
        made = {
            "staff": create_key(connection, STAFF, "all"),
            "partner": create_key(connection, PARTNER, "all"),
            "district": create_key(connection, STAFF, "one", ["TJ.RR.GA"]),
        }
    return {name: {"X-API-Key": key} for name, key in made.items()}


def test_staff_are_told_what_was_stored(client: TestClient, keys: dict[str, dict[str, str]], database: Engine) -> None:
    (row,) = client.get("/scenarios", headers=keys["staff"]).json()["scenarios"]
    assert (row["name"], row["cost_usd"], row["harmed_areas"], row["state"]) == ("one", 12_000, 0, "")
    answer = client.get("/scenarios/one?lang=ru", headers=keys["staff"])
    assert answer.headers["cache-control"] == "private, no-store"
    found = answer.json()
    assert found["file"] == FILE
    (told,) = found["runs"]
    assert (told["areas"], told["gain"]["families"]) == (2, "<10")
    assert "Рассчитано по оценённой подаче воды." in told["said"]
    with database.connect() as connection:
        asked = text("SELECT count(*) FROM audit_log WHERE what = 'list' AND layer = 'scenarios'")
        assert connection.execute(asked).scalar_one() == 2


@pytest.mark.parametrize("address", ["/scenarios", "/scenarios/one", "/scenarios/none"])
def test_nobody_else_is_told_anything(client: TestClient, keys: dict[str, dict[str, str]], address: str) -> None:
    """Not even which names there are."""
    for headers in ({}, keys["partner"], keys["district"]):
        answer = client.get(address, headers=headers)
        assert answer.status_code == 403
        assert answer.json()["detail"] == "This is for staff only; ask with a staff key of all districts."


def test_a_name_there_is_not_is_refused_by_name(client: TestClient, keys: dict[str, dict[str, str]]) -> None:
    answer = client.get("/scenarios/two", headers=keys["staff"])
    assert answer.status_code == 404
    assert answer.json()["detail"] == "There is no scenario 'two'; there are: one."
    assert client.get("/scenarios?year=dry", headers=keys["staff"]).status_code == 400


def test_the_balance_is_told_without_a_scenario_and_with_it(
    client: TestClient, keys: dict[str, dict[str, str]], database: Engine
) -> None:
    """Its numbers are those of the run, and no others: nothing is balanced again for the question."""
    with database.begin() as connection:
        connection.execute(
            text("UPDATE command_areas SET canal = 'North' WHERE code <> (SELECT min(code) FROM command_areas)")
        )
        rows = connection.execute(text("SELECT * FROM scenario_areas ORDER BY area, month, part")).mappings().all()
        concerned = {row["area"] for row in rows}
    assert len(concerned) == 2
    found = client.get("/water/balance?canal=North&scenario=one", headers=keys["staff"]).json()
    assert (found["scenario"], found["year"], found["by"], found["of_file"], found["taken_back"]) == (
        *("one", "dry", "month"),
        *(True, False),
    )
    assert {area["code"] for area in found["areas"]} <= concerned
    assert found["areas"]
    for area in found["areas"]:
        own = [row for row in rows if row["area"] == area["code"]]
        assert [period["month"] for period in area["periods"]] == list(range(1, 13))
        for period, row in zip(area["periods"], own, strict=True):
            assert {name: row[name] for name in period} == pytest.approx(period)
    table = client.get("/water/balance?canal=North&scenario=one&f=csv&lang=tg", headers=keys["staff"])
    assert table.headers["content-disposition"] == f'attachment; filename="scenario-one-{found["run"]}.csv"'
    lines = table.content.decode("utf-8-sig").splitlines()
    assert len(lines) == 1 + 12 * len(found["areas"])
    assert lines[0].startswith("scenario,run,year,rule,by,")
    assert "Аз рӯйи" in lines[1] or "ҳисоб" in lines[1]


@pytest.mark.parametrize(
    ("query", "status", "detail"),
    [
        ("canal=North&scenario=two", 404, "There is no scenario 'two'; there are: one."),
        ("canal=North&scenario=one&year=wet", 404, "The scenario 'one' was never run so: wet."),
        ("canal=Nowhere&scenario=one", 404, "The run concerns no command area on a canal 'Nowhere'."),
        ("scenario=one", 400, "Ask for a canal or for a district: one of the two."),
    ],
)
def test_a_scenario_that_cannot_be_told_is_refused(
    client: TestClient, keys: dict[str, dict[str, str]], query: str, status: int, detail: str
) -> None:
    answer = client.get(f"/water/balance?{query}", headers=keys["staff"])
    assert (answer.status_code, answer.json()["detail"]) == (status, detail)
    for headers in ({}, keys["partner"], keys["district"]):
        assert client.get(f"/water/balance?{query}", headers=headers).status_code in {403, 400}
