"""What staff send: stored whole, by a key the database itself looks at; refused in the reader's language."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, func, select, text

import api.routes.scenario_writing as routes
from api.main import create_app
from layers.catalogue.base import PARTNER, STAFF
from layers.errors import NotAllowed
from layers.postgres.engine import noting
from layers.runs.scenario_plots import judge_plots
from layers.schema.access import create_key, public_half, revoke
from layers.water.scenario_service import COMPUTING
from tests.clients.command import run
from tests.worlds.branches import plant_branches

FILE = 'name = "one"\n[[works]]\nname = "w"\ncost_usd = 12000\n[[works.repairs]]\nreach = "m1"\nconveyance = 1.0\n'
WORKS = "work,reach,cost_usd,conveyance\na,m1,100,1.0\nb,b1,50,1.0\n"
TABLES = ("scenarios", "scenario_runs", "scenario_areas", "scenario_reaches", "scenario_plots")


@pytest.fixture(scope="module")
def client(database: Engine) -> Iterator[TestClient]:
    plant_branches(database)
    with TestClient(create_app()) as opened:
        yield opened


@pytest.fixture(autouse=True)
def empty(database: Engine, client: TestClient) -> None:
    assert client
    with database.begin() as connection:
        connection.execute(text("TRUNCATE scenarios CASCADE"))


@pytest.fixture(scope="module")
def keys(database: Engine) -> dict[str, str]:
    with database.begin() as connection:
        return {
            "staff": create_key(connection, STAFF, "all"),
            "partner": create_key(connection, PARTNER, "all"),
            "district": create_key(connection, STAFF, "one", ["TJ.RR.GA"]),
        }


def by(key: str) -> dict[str, str]:
    return {"X-API-Key": key}


def rows(database: Engine, query: str) -> list[dict[str, Any]]:
    with database.connect() as connection:
        return [dict(row) for row in connection.execute(text(query)).mappings()]


def stored(database: Engine) -> list[int]:
    return [rows(database, f"SELECT count(*) AS n FROM {table}")[0]["n"] for table in TABLES]


def test_a_run_is_that_of_the_command(client: TestClient, keys: dict[str, str], database: Engine) -> None:
    added = client.post("/scenarios", content=FILE, headers=by(keys["staff"]))
    assert (added.status_code, added.json()["name"], added.json()["works"]) == (200, "one", 1)
    found = client.post("/scenarios/one/runs?lang=ru&by=decade", headers=by(keys["staff"]))
    assert found.status_code == 200
    assert found.headers["cache-control"] == "private, no-store"
    told = found.json()
    assert "Рассчитано по оценённой подаче воды." in told["said"]
    assert run("scenario", "run", "one", "--by", "decade") == 0
    both = [row["run"] for row in rows(database, "SELECT run FROM scenario_runs ORDER BY run")]
    assert both[0] == told["run"]
    for table in ("scenario_areas", "scenario_reaches"):
        asked = f"SELECT to_jsonb(t) - 'run' AS row FROM {table} t WHERE run = {{}} ORDER BY 1"
        one, two = (rows(database, asked.format(number)) for number in both)
        assert one == two
        assert len(one) > 0
    kept = "SELECT to_jsonb(t) - 'run' - 'made_at' AS row FROM scenario_runs t ORDER BY run"
    first, second = rows(database, kept)
    assert first == second
    entered = rows(database, "SELECT what, key_id, audience FROM audit_log WHERE what LIKE 'scenario%' ORDER BY entry")
    assert entered[-3] == {"what": "scenario-added", "key_id": public_half(keys["staff"]), "audience": "staff"}
    assert entered[-2] == {"what": "scenario-run", "key_id": public_half(keys["staff"]), "audience": "staff"}


def test_a_second_of_its_name_has_to_be_meant(client: TestClient, keys: dict[str, str], database: Engine) -> None:
    headers = by(keys["staff"])
    assert client.post("/scenarios", content=FILE, headers=headers).status_code == 200
    again = client.post("/scenarios", content=FILE.replace("12000", "1"), headers=headers)
    assert again.status_code == 422
    assert "there is a scenario 'one' already; replace=true" in again.json()["detail"]
    assert rows(database, "SELECT cost_usd FROM scenarios") == [{"cost_usd": 12_000}]
    other = client.post("/scenarios?replace=true", content=FILE.replace("12000", "1"), headers=headers)
    assert other.status_code == 200
    assert rows(database, "SELECT cost_usd FROM scenarios") == [{"cost_usd": 1}]


ADDRESSES = ("/scenarios", "/scenarios/one/runs", "/scenarios/one/publication", "/works/rankings?budget=100")


@pytest.mark.parametrize("address", ADDRESSES)
def test_nobody_else_writes(client: TestClient, keys: dict[str, str], database: Engine, address: str) -> None:
    for headers in ({}, by(keys["partner"]), by(keys["district"])):
        answer = client.post(address, content=FILE, headers=headers)
        assert answer.status_code == 403
        assert answer.headers["content-type"] == "application/problem+json"
    assert client.post(address, content=FILE, headers=by("obod_0_0")).status_code == 401
    assert stored(database) == [0] * len(TABLES)


def test_the_database_looks_at_the_key_itself(client: TestClient, database: Engine, keys: dict[str, str]) -> None:
    """A key that the service still remembers as good was revoked: the database does not write for it."""
    with database.begin() as connection:
        key = create_key(connection, STAFF, "short")
    assert client.post("/works/rankings?budget=100", content=WORKS, headers=by(key)).status_code == 200
    with database.begin() as connection:
        revoke(connection, key)
    answer = client.post("/scenarios", content=FILE, headers=by(key))
    assert answer.status_code in (401, 403)
    wrong = [key, keys["partner"], keys["district"], None]
    for one in wrong:
        values = {"key": None if one is None else public_half(one)}
        with pytest.raises(NotAllowed), noting() as connection:
            connection.execute(text("SELECT store_scenario(:key, 'x', '', 0, 'x', 'x', true)"), values)
        for asked in ("show_scenario(:key, 1, 1, '{}', '[]')", "hide_scenario(:key, 'one')"):
            with pytest.raises(NotAllowed), noting() as connection:
                connection.execute(text(f"SELECT {asked}"), values)
        with pytest.raises(NotAllowed), noting() as connection:
            connection.execute(text("SELECT store_scenario_run(:key, '{}', '[]', '[]', '[]')"), values)
    with pytest.raises(NotAllowed), noting() as connection:
        connection.execute(text("INSERT INTO scenarios (name) VALUES ('x')"))
    assert stored(database) == [0] * len(TABLES)


HOSTILE = {
    "huge": (b"#" * 70_000, 413),
    "nested": (b"a = " + b"[" * 30_000, 422),
    "tables": (b"[" + b".".join([b"a"] * 20_000) + b"]", 422),
    "nul": (FILE.encode() + b"\0", 422),
    "bytes": (b"\xff\xfe\x00", 422),
    "nothing": (b"", 422),
    "other": (b'{"name": "one"}', 422),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_body_is_one_sentence(client: TestClient, keys: dict[str, str], database: Engine, kind: str) -> None:
    body, status = HOSTILE[kind]
    for address in ("/scenarios", "/works/rankings?budget=100"):
        answer = client.post(address, content=body, headers=by(keys["staff"]))
        assert answer.status_code == status
        detail = answer.json()["detail"]
        assert len(detail) < 400
        assert "Traceback" not in detail
    assert stored(database) == [0] * len(TABLES)


def test_what_is_not_mapped_is_refused_in_the_readers_language(client: TestClient, keys: dict[str, str]) -> None:
    sent = FILE.replace("m1", "m9")
    english, russian = (
        client.post(f"/scenarios?lang={lang}", content=sent, headers=by(keys["staff"])).json()["detail"]
        for lang in ("en", "ru")
    )
    assert english == ("the request: works.0.repairs.0.reach: a canal reach that is mapped expected, got 'm9'.")
    assert "m9" in russian
    assert "expected" not in russian


def test_one_is_computed_at_a_time(client: TestClient, keys: dict[str, str], database: Engine) -> None:
    assert client.post("/scenarios", content=FILE, headers=by(keys["staff"])).status_code == 200
    with database.connect() as other:
        other.execute(select(func.pg_advisory_lock(COMPUTING)))
        for address, body in (("/scenarios/one/runs", ""), ("/works/rankings?budget=100", WORKS)):
            answer = client.post(address, content=body, headers=by(keys["staff"]))
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
            assert answer.json()["detail"] == "Another scenario or ranking is being computed; ask again in a minute."
        assert client.get("/scenarios", headers=by(keys["staff"])).status_code == 200
        other.execute(select(func.pg_advisory_unlock(COMPUTING)))
    assert client.post("/scenarios/one/runs", headers=by(keys["staff"])).status_code == 200


def test_nothing_is_half_stored(
    client: TestClient, keys: dict[str, str], database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row that cannot be stored takes the run with it; so does a scenario that is another by now."""
    assert client.post("/scenarios", content=FILE, headers=by(keys["staff"])).status_code == 200
    computed = judge_plots

    def broken(*of: Any) -> Any:
        found = computed(*of)
        return found._replace(reaches=found.reaches.assign(month="no month"))

    monkeypatch.setattr(routes, "judge_plots", broken)
    assert client.post("/scenarios/one/runs", headers=by(keys["staff"])).status_code == 400
    assert stored(database) == [1, 0, 0, 0, 0]

    def replaced(*of: Any) -> Any:
        with database.begin() as connection:
            connection.execute(text("UPDATE scenarios SET sha256 = 'other'"))
        return computed(*of)

    monkeypatch.setattr(routes, "judge_plots", replaced)
    answer = client.post("/scenarios/one/runs", headers=by(keys["staff"]))
    assert answer.status_code == 422
    assert "was deleted or replaced while it was computed" in answer.json()["detail"]
    assert stored(database) == [1, 0, 0, 0, 0]


def test_works_are_ranked_as_the_command_ranks_them(client: TestClient, keys: dict[str, str]) -> None:
    answer = client.post("/works/rankings?budget=150&lang=tg", content=WORKS, headers=by(keys["staff"]))
    assert answer.status_code == 200
    found = answer.json()
    assert (found["objective"], found["all_sets_tried"], found["gap"]) == ("ha", True, 0.0)
    assert {work["work"] for work in found["works"]} <= {"a", "b"}
    assert "Аз рӯйи обрасонии тахминӣ ҳисоб шудааст." in found["said"]
    bad = client.post("/works/rankings?budget=150&lang=ru", content="work,cost\n", headers=by(keys["staff"]))
    assert bad.status_code == 422
    for query in ("budget=-1", "budget=nan", "budget=1&objective=trees", "", "budget=1&year=arid", "budget=1&other=1"):
        assert client.post(f"/works/rankings?{query}", content=WORKS, headers=by(keys["staff"])).status_code == 400


LISTED = [
    {"work": "a", "reach": "m1", "cost_usd": 100, "conveyance": 1.0},
    {"work": "b", "reach": "b1", "cost_usd": 50.0, "conveyance": 1, "lining": None},
]


def test_works_in_json_are_those_of_the_table(client: TestClient, keys: dict[str, str]) -> None:
    headers = by(keys["staff"])
    table = client.post("/works/rankings?budget=150", content=WORKS, headers=headers)
    listed = client.post("/works/rankings", json={"works": LISTED, "budget": 150}, headers=headers)
    assert listed.status_code == table.status_code == 200
    assert listed.json() == table.json()
    assert len(listed.json()["works"]) > 0


REFUSED: list[tuple[Any, str]] = [
    ([], "the request: an object with works, budget expected."),
    ({"works": LISTED}, "the request: an object with works, budget expected."),
    ({"works": LISTED, "budget": 1, "other": 1}, "the request: an object with works, budget expected."),
    ({"works": "a", "budget": 1}, "the request: works: a list of works expected."),
    ({"works": LISTED, "budget": 0}, "the request: budget: a number above 0 expected."),
    ({"works": LISTED, "budget": True}, "the request: budget: a number above 0 expected."),
    ({"works": [], "budget": 1}, "the request: column work expected, there are -."),
    ({"works": [LISTED[0], {"work": "b", "reach": ["m1"]}], "budget": 1}, "row 2, reach: a text or a number expected."),
    ({"works": [LISTED[0] | {"reach": "m9"}], "budget": 1}, "row 1, reach: a canal reach that is mapped expected"),
    (
        {"works": [LISTED[0] | {"conveyance": 2}], "budget": 1},
        "conveyance: a number of 0 to 1 expected, got '2'.",
    ),
    ({"works": [LISTED[0] | {"colour": "red"}], "budget": 1}, "the request, column colour: not known;"),
]


@pytest.mark.parametrize(("sent", "said"), REFUSED, ids=[said[-40:] for _, said in REFUSED])
def test_bad_works_in_json_are_one_sentence(client: TestClient, keys: dict[str, str], sent: Any, said: str) -> None:
    answer = client.post("/works/rankings", json=sent, headers=by(keys["staff"]))
    assert answer.status_code == 422
    assert said in answer.json()["detail"]


def test_a_budget_is_said_once(client: TestClient, keys: dict[str, str]) -> None:
    headers = by(keys["staff"])
    twice = client.post("/works/rankings?budget=1&lang=ru", json={"works": LISTED, "budget": 150}, headers=headers)
    assert twice.status_code == 400
    assert "expected" not in twice.json()["detail"]
    assert client.post("/works/rankings", content=WORKS, headers=headers).status_code == 400
    torn = client.post("/works/rankings", content="{", headers={**headers, "Content-Type": "application/json"})
    assert (torn.status_code, torn.json()["detail"]) == (422, "the request: JSON expected.")


def test_methods_of_addresses_are_told(client: TestClient) -> None:
    for address, allowed in (
        ("/scenarios", "GET, HEAD, POST"),
        ("/works/rankings", "POST"),
        ("/scenarios/one/runs", "POST"),
        ("/districts", "GET, HEAD"),
    ):
        answer = client.request("DELETE", address)
        assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
