"""A trial that staff store is a scheme: scored by its name it finds what the trial showed; nobody else stores one."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from api.main import create_app
from geo.panel.scheme import load_scheme, parse_scheme, shipped_schemes
from geo.suitability.trial import Emphasis, reweigh
from layers.catalogue.base import PARTNER, STAFF
from layers.errors import NotAllowed
from layers.postgres.engine import noting, writing
from layers.records.schemes import BEGINNING, scheme_called
from layers.runs.score import score
from layers.schema.access import create_key, public_half
from layers.schema.backup import backup, restore
from tests.clients.command import run
from tests.worlds import valley
from tests.worlds.valley_in_database import RASHT, load_valley

OWN = "https://obod.example"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
FROM_OWN = {**FORM, "Origin": OWN, "Sec-Fetch-Site": "same-origin"}
TRIED = {"weigh_water": "150", "weigh_nearness": "200", "orness": "20"}
ASKED = {"district": RASHT, "name": "workshop-1", "panel": "Women of the jamoat", "note": 'She said: "far"', **TRIED}


@pytest.fixture(scope="module")
def served(database: Engine) -> Iterator[TestClient]:
    with writing() as connection:
        load_valley(connection)
    score(database, load_scheme(), day=valley.AS_OF)
    with TestClient(create_app(), base_url=OWN, follow_redirects=False) as opened:
        yield opened


@pytest.fixture
def client(served: TestClient, database: Engine) -> TestClient:
    with database.begin() as connection:
        connection.execute(text("TRUNCATE stored_schemes, sign_ins"))
    served.cookies.clear()
    return served


@pytest.fixture(scope="module")
def keys(database: Engine, served: TestClient) -> dict[str, str]:
    assert served
    with database.begin() as connection:
        return {
            "staff": create_key(connection, STAFF, "all"),
            "district": create_key(connection, STAFF, "of Rasht", [RASHT]),
            "partner": create_key(connection, PARTNER, "a partner"),
        }


def store(client: TestClient, key: str, lang: str = "en", **other: str) -> Any:
    headers = {**FORM, "X-API-Key": key}
    return client.post(f"/schemes?lang={lang}", content=urlencode(ASKED | other), headers=headers)


def rows(database: Engine, query: str = "SELECT * FROM stored_schemes") -> list[dict[str, Any]]:
    with database.connect() as connection:
        return [dict(row) for row in connection.execute(text(query)).mappings()]


def test_what_is_stored_judges_as_the_trial_did(client: TestClient, keys: dict[str, str], database: Engine) -> None:
    answer = store(client, keys["staff"])
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "private, no-store")
    assert answer.json() == {"name": "staff-workshop-1", "command": "obod score --scheme staff-workshop-1 --draft"}
    trial = client.get(f"/districts/{RASHT}/trial", params=TRIED).json()
    before = rows(database, "SELECT max(run_id) AS run FROM scoring_runs")[0]["run"]
    with database.connect() as connection:
        stored = scheme_called(connection, "staff-workshop-1")
    score(database, stored, day=valley.AS_OF, publish=False)
    (made,) = rows(database, f"SELECT run_id, scheme, published FROM scoring_runs WHERE run_id > {before}")
    assert (made["scheme"], made["published"]) == ("staff-workshop-1", False)
    kept = rows(
        database,
        f"SELECT plot_no, class, settled, outlook FROM suitability WHERE base_run = {made['run_id']} "
        f"AND district = '{RASHT}' ORDER BY plot_no",
    )
    assert [row["plot_no"] for row in kept] == list(accumulate(trial["plot_no"]))
    looks = [trial["looks"][look] for look in trial["look"]]
    judged = [(row, look) for row, look in zip(kept, looks, strict=True) if row["settled"] and row["class"] != "NE"]
    settled = [(row["class"], look) for row, look in judged]
    assert len(settled) >= 3
    assert all(found == look for found, look in settled)


def test_the_file_is_read_as_any_scheme_is(client: TestClient, keys: dict[str, str], tmp_path: Path) -> None:
    store(client, keys["staff"])
    answer = client.get("/schemes/staff-workshop-1?f=toml", headers={"X-API-Key": keys["staff"]})
    assert answer.headers["content-type"] == "application/toml"
    assert answer.headers["content-disposition"] == 'attachment; filename="staff-workshop-1.toml"'
    path = tmp_path / "staff-workshop-1.toml"
    path.write_bytes(answer.content)
    found, wanted = load_scheme(path), reweigh(load_scheme(), Emphasis(water=1.5, nearness=2.0, orness=0.2))
    assert (found.name, found.panel, found.note) == ("staff-workshop-1", "Women of the jamoat", 'She said: "far"')
    assert (found.orness, found.group_cr) == (0.2, None)
    assert found.group_weights == pytest.approx(wanted.group_weights, rel=1e-12)
    assert (found.groups, found.knots, found.bounds) == (wanted.groups, wanted.knots, wanted.bounds)
    # By hand: the weights of the file that ships, water times 1.5 and access times 2, made to sum to 1.
    shares = load_scheme().group_weights
    total = sum(shares.values()) + 0.5 * shares["water"] + shares["access"]
    assert found.group_weights["water"] == pytest.approx(1.5 * shares["water"] / total)
    assert found.group_weights["climate"] == pytest.approx(shares["climate"] / total)
    today = datetime.now(UTC) + timedelta(hours=5)
    assert tomllib.loads(answer.text)["date"] == today.date()


def test_nobody_else_stores_or_reads(client: TestClient, keys: dict[str, str], database: Engine) -> None:
    store(client, keys["staff"])
    for headers in ({}, {"X-API-Key": keys["partner"]}, {"X-API-Key": keys["district"]}):
        for answer in (
            client.post("/schemes", content=urlencode(ASKED | {"name": "other"}), headers={**FORM, **headers}),
            client.get("/schemes", headers=headers),
            client.get(f"/schemes/new?district={RASHT}", headers=headers),
            client.get("/schemes/staff-workshop-1", headers=headers),
            client.get("/schemes/staff-workshop-1?f=toml", headers=headers),
        ):
            assert answer.status_code == 403
            assert "Women of the jamoat" not in answer.text
    for key in (keys["partner"], keys["district"]):
        values = {"key": public_half(key)}
        with pytest.raises(NotAllowed), noting() as connection:
            connection.execute(text("SELECT store_scheme(:key, 'staff-x', 'x', 'x')"), values)
    values = {"key": public_half(keys["staff"])}
    for name in ("default", "staff-", "staff-A", "staff-a;b", "staff-" + "a" * 41):
        with pytest.raises(Exception, match="no scheme"), noting() as connection:
            connection.execute(text("SELECT store_scheme(:key, :name, 'x', 'x')"), {**values, "name": name})
    with pytest.raises(NotAllowed), noting() as connection:
        connection.execute(text("DELETE FROM stored_schemes"))
    assert [row["name"] for row in rows(database)] == ["staff-workshop-1"]
    (entry,) = rows(
        database, "SELECT what, key_id FROM audit_log WHERE what LIKE 'scheme%' ORDER BY entry DESC LIMIT 1"
    )
    assert entry == {"what": "scheme-stored", "key_id": public_half(keys["staff"])}


WRONG = {
    "same name": ({}, 422, "There is a scheme 'staff-workshop-1' already"),
    "no move": ({"weigh_water": "100", "weigh_nearness": "100", "orness": ""}, 422, "the weights of the scheme itself"),
    "own orness": ({"weigh_water": "", "weigh_nearness": "", "orness": "35"}, 422, "the weights of the scheme itself"),
    "big letters": ({"name": "Workshop"}, 422, "small Latin letters"),
    "a path": ({"name": "../../etc/passwd"}, 422, "small Latin letters"),
    "other digits": ({"name": "a٣"}, 422, "small Latin letters"),
    "long name": ({"name": "a" * 41}, 422, "small Latin letters"),
    "no panel": ({"name": "x", "panel": " "}, 422, "Who decided"),
    "long note": ({"name": "x", "note": "n" * 301}, 422, "Who decided"),
    "control": ({"name": "x", "note": "a\0b"}, 422, "Who decided"),
    "turned": ({"name": "x", "panel": "a\u202eb"}, 422, "Who decided"),
    "beyond": ({"name": "x", "weigh_water": "900"}, 400, "whole percents from 50 to 200"),
    "no number": ({"name": "x", "orness": "nan"}, 400, "whole percents from 20 to 50"),
    "no district": ({"name": "x", "district": "nope"}, 404, "nope"),
}


@pytest.mark.parametrize(("other", "status", "said"), WRONG.values(), ids=WRONG.keys())
def test_what_is_no_scheme_is_refused(
    client: TestClient, keys: dict[str, str], database: Engine, other: dict[str, str], status: int, said: str
) -> None:
    store(client, keys["staff"])
    answer = store(client, keys["staff"], **other)
    assert answer.status_code == status
    assert said in answer.json()["detail"]
    assert len(rows(database)) == 1


def test_no_more_schemes_are_kept_than_fit(client: TestClient, keys: dict[str, str], database: Engine) -> None:
    with database.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO stored_schemes (name, file, sha256, key_id) "
                "SELECT 'staff-' || k, '', '', 'x' FROM generate_series(1, 200) k"
            )
        )
    answer = store(client, keys["staff"], "ru")
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("Больше схем оценки не хранится")
    assert len(rows(database)) == 200


def test_everybody_else_is_told_what_key_is_needed(client: TestClient) -> None:
    assert client.get("/schemes").json()["detail"] == "This is for staff only; ask with a staff key of all districts."


def test_refusals_speak_the_readers_language(client: TestClient, keys: dict[str, str]) -> None:
    assert "Ожидалось имя" in store(client, keys["staff"], "ru", name="Ж").json()["detail"]
    assert "Ном аз ҳарфҳои хурди лотинӣ" in store(client, keys["staff"], "tg", name="Ж").json()["detail"]


def test_no_scheme_that_ships_has_such_a_name() -> None:
    assert not any(name.startswith(BEGINNING) for name in shipped_schemes())


@pytest.mark.parametrize("lang", ["tg", "ru", "en"])
def test_the_page_stores_what_the_panel_tries(client: TestClient, keys: dict[str, str], lang: str) -> None:
    panel = f"/?district={RASHT}&lang={lang}&{urlencode(TRIED)}"
    assert 'id="trial-save"' not in client.get(panel).text
    client.post("/sign-in", content=urlencode({"key": keys["staff"]}), headers=FROM_OWN)
    link = re.search(r'id="trial-save" href="([^"]+)"', client.get(panel).text)
    assert link is not None
    page = client.get(link[1].replace("&amp;", "&"))
    assert page.status_code == 200
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text))
    assert {name: hidden[name] for name in ("district", *TRIED)} == {"district": RASHT, **TRIED}
    fields = {name: text for name, text in hidden.items() if name in ("token", "district", *TRIED)}
    html = {**FROM_OWN, "Accept": "text/html"}
    said = {"name": "from-page", "panel": "<b>Panel</b>", "note": ""}
    forged = client.post(f"/schemes?lang={lang}", content=urlencode({**fields, **said, "token": "0"}), headers=html)
    assert forged.status_code == 403
    sent = client.post(f"/schemes?lang={lang}", content=urlencode({**fields, **said}), headers=html)
    assert (sent.status_code, sent.headers["location"]) == (303, f"/schemes/staff-from-page?lang={lang}")
    shown = client.get(sent.headers["location"])
    assert "obod score --scheme staff-from-page --draft" in shown.text
    assert "&lt;b&gt;Panel&lt;/b&gt;" in shown.text
    assert shown.headers["cache-control"] == "private, no-store"
    unmoved = client.get(f"/schemes/new?district={RASHT}&lang={lang}")
    assert (unmoved.status_code, 'name="panel"' in unmoved.text) == (200, False)


def test_commands_list_show_and_delete_and_a_backup_brings_back(
    client: TestClient, keys: dict[str, str], database: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store(client, keys["staff"])
    before = rows(database)
    assert run("scheme", "list", "--json") == 0
    told = capsys.readouterr().out
    assert all(name in told for name in ("staff-workshop-1", *shipped_schemes()))
    assert run("scheme", "show", "staff-workshop-1") == 0
    assert parse_scheme(capsys.readouterr().out, source="shown").name == "staff-workshop-1"
    assert run("score", "--scheme", "staff-workshop-1", "--draft") == 0
    backup(database, tmp_path, tmp_path / "kept.zip")
    assert run("scheme", "delete", "staff-workshop-1", "--yes") == 0
    assert rows(database) == []
    assert run("score", "--scheme", "staff-workshop-1") == 1
    assert run("scheme", "delete", "default", "--yes") == 1
    assert "There is no stored scheme 'staff-workshop-1'" in capsys.readouterr().err
    restore(database, tmp_path, tmp_path / "kept.zip")
    assert rows(database) == before
    listed = client.get("/schemes", headers={"X-API-Key": keys["staff"]}).json()["schemes"]
    assert [(one["name"], one["panel"]) for one in listed] == [("staff-workshop-1", "Women of the jamoat")]
