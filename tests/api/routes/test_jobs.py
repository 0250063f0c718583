"""What is asked for in the background: who may ask, look, take and stop; what a page and a program are told."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from api.main import create_app
from api.routes import jobs as asked_jobs
from geo.panel.scheme import load_scheme
from layers.catalogue.base import PARTNER, STAFF
from layers.postgres.engine import writing
from layers.records.job_work import working_alone
from layers.runs.score import score
from layers.schema.access import create_key, public_half, revoke
from tests.clients.command import run
from tests.worlds import valley
from tests.worlds.valley_in_database import RASHT, load_valley

OWN: Final = "https://obod.example"
FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
PAGE: Final = {"Accept": "text/html"}
FROM_OWN: Final = {**FORM, **PAGE, "Origin": OWN, "Sec-Fetch-Site": "same-origin"}
CSV: Final = {"kind": "export", "district": RASHT, "form": "csv"}
PAPER: Final = {"kind": "report", "district": RASHT, "form": "pdf"}
DRAFT: Final = {"kind": "score", "district": RASHT, "scheme": "default"}
PLOTS: Final = 9  # of Rasht in the valley


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
        connection.execute(text("TRUNCATE jobs, sign_ins"))
    served.cookies.clear()
    served.app.state.asking = asked_jobs.Asking()  # type: ignore[attr-defined]
    return served


@pytest.fixture(scope="module")
def keys(database: Engine, served: TestClient) -> dict[str, str]:
    assert served
    with database.begin() as connection:
        return {
            "staff": create_key(connection, STAFF, "all"),
            "district": create_key(connection, STAFF, "of Rasht", [RASHT]),
            "elsewhere": create_key(connection, STAFF, "of Nurobod", ["TJ.RR.NU"]),
            "partner": create_key(connection, PARTNER, "a partner"),
        }


def ask(client: TestClient, fields: dict[str, str], key: str | None = None, lang: str = "en", **headers: str) -> Any:
    sent = {**FORM, **headers, **({} if key is None else {"X-API-Key": key})}
    return client.post(f"/jobs?lang={lang}", content=urlencode(fields), headers=sent)


def look(client: TestClient, number: str, key: str | None = None, **headers: str) -> Any:
    return client.get(f"/jobs/{number}", headers={**headers, **({} if key is None else {"X-API-Key": key})})


def waiting(database: Engine) -> int:
    with database.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM jobs")).scalar_one())


def test_a_program_asks_looks_and_takes(client: TestClient) -> None:
    query = "class=S1&class=S2&class=S3&class=N1&class=N2&sortby=-area_ha&lang=ru"
    answer = ask(client, {**CSV, "query": query})
    assert (answer.status_code, answer.headers["cache-control"]) == (202, "private, no-store")
    job = answer.json()
    assert re.fullmatch("[0-9a-f]{32}", job["job"])
    assert answer.headers["location"] == f"/jobs/{job['job']}"
    assert (job["state"], job["has_worker"], job["file"], job["before"]) == ("waiting", False, None, 0)
    assert client.get(f"/jobs/{job['job']}/file").status_code == 404
    assert run("jobs", "work", "--once") == 0
    done = look(client, job["job"]).json()
    assert (done["state"], done["kind"]) == ("done", "export")
    taken = client.get(done["file"]["href"])
    at_once = client.get(f"/districts/{RASHT}/plots?{query.replace('&lang=ru', '')}&f=csv&lang=en")
    assert taken.content == at_once.content
    assert taken.headers["content-disposition"] == f'attachment; filename="{done["file"]["name"]}"'
    assert taken.headers["content-type"].startswith("text/csv")
    assert taken.headers["cache-control"] == "private, no-store"
    assert done["file"]["bytes"] == len(taken.content)
    assert taken.text.count("\n") - 1 == done["plots"]


def test_a_page_asks_and_is_led_to_what_can_be_come_back_to(client: TestClient) -> None:
    answer = client.post("/jobs?lang=tg", content=urlencode(PAPER), headers=FROM_OWN)
    assert answer.status_code == 303
    assert re.fullmatch(r"/jobs/[0-9a-f]{32}\?lang=tg", answer.headers["location"])
    page = client.get(answer.headers["location"], headers=PAGE)
    assert "Ҳоло вазифаҳо иҷро намешаванд" in page.text
    assert '<noscript><meta http-equiv="refresh" content="10"></noscript>' in page.text
    again = client.post("/jobs?lang=tg", content=urlencode(PAPER), headers=FROM_OWN)
    assert again.headers["location"] == answer.headers["location"]
    assert run("jobs", "work", "--once") == 0
    done = client.get(answer.headers["location"], headers=PAGE).text
    assert "Тайёр аст" in done
    assert "refresh" not in done
    (href,) = re.findall(r'href="(/jobs/[0-9a-f]{32}/file)"', done)
    assert client.get(href).content.startswith(b"%PDF")


@pytest.mark.parametrize(("lang", "word"), [("tg", "Навбати худро"), ("ru", "Ждёт своей очереди"), ("en", "It waits")])
def test_somebody_who_works_is_told(client: TestClient, database: Engine, lang: str, word: str) -> None:
    address = ask(client, PAPER, lang=lang, **FROM_OWN).headers["location"]
    assert word not in client.get(address, headers=PAGE).text
    with working_alone(database):
        assert word in client.get(address, headers=PAGE).text


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, 400),
        ({**CSV, "kind": "everything"}, 400),
        ({**CSV, "form": "exe"}, 400),
        ({**CSV, "form": "../../x"}, 400),
        ({**PAPER, "form": "csv"}, 400),
        ({**CSV, "district": "nope"}, 404),
        ({**CSV, "district": "x" * 5000}, 404),
        ({**CSV, "district": "a\0b"}, 400),
        ({**CSV, "run": "1"}, 400),
        ({**CSV, "scheme": "default"}, 400),
        ({**CSV, "query": "class=S9"}, 400),
        ({**CSV, "query": "drop=table"}, 400),
        ({**CSV, "query": "run=99999999999999999999"}, 400),
        ({**CSV, "query": "run=77"}, 404),
        ({**CSV, "query": "jamoat=nope"}, 400),
        ({**CSV, "query": "sortby=key_id"}, 400),
        ({**CSV, "query": "plot_id=%00"}, 400),
        ({**CSV, "query": "plot_id=%FF"}, 400),
        ({**CSV, "query": "class=S1&" * 2000}, 400),
        ({**DRAFT, "query": "class=S1"}, 400),
        (DRAFT, 403),
    ],
)
def test_nothing_else_is_taken(client: TestClient, database: Engine, fields: dict[str, str], status: int) -> None:
    answer = ask(client, fields)
    assert answer.status_code == status, answer.text
    assert "SELECT" not in answer.text
    assert waiting(database) == 0


@pytest.mark.parametrize("header", [{"Origin": "https://other.example"}, {"Sec-Fetch-Site": "cross-site"}])
def test_no_other_site_asks_for_a_visitor(client: TestClient, database: Engine, header: dict[str, str]) -> None:
    assert ask(client, CSV, **header).status_code == 403
    assert waiting(database) == 0
    number = ask(client, CSV).json()["job"]
    assert client.delete(f"/jobs/{number}", headers=header).status_code == 403
    assert client.post(f"/jobs/{number}/stop", headers=header).status_code == 403
    assert look(client, number).json()["state"] == "waiting"


def test_an_address_asks_for_no_more_than_its_share(client: TestClient, database: Engine) -> None:
    found = [ask(client, {**CSV, "query": f"min_area_ha={number}"}).status_code for number in range(12)]
    assert found == [202] * 10 + [429] * 2
    assert waiting(database) == 10


def test_what_staff_asked_for_is_told_to_their_key_alone(client: TestClient, keys: dict[str, str]) -> None:
    number = ask(client, CSV, keys["district"]).json()["job"]
    assert run("jobs", "work", "--once") == 0
    href = look(client, number, keys["district"]).json()["file"]["href"]
    assert "cadastral_no" in client.get(href, headers={"X-API-Key": keys["district"]}).text
    for stranger in (None, keys["staff"], keys["elsewhere"], keys["partner"]):
        headers = {} if stranger is None else {"X-API-Key": stranger}
        assert look(client, number, stranger).status_code == 404
        assert client.get(href, headers=headers).status_code == 404
        assert client.delete(f"/jobs/{number}", headers=headers).status_code == 404


def test_who_holds_a_key_for_elsewhere_gets_what_everybody_gets(client: TestClient, keys: dict[str, str]) -> None:
    number = ask(client, CSV, keys["elsewhere"]).json()["job"]
    assert run("jobs", "work", "--once") == 0
    href = look(client, number, keys["elsewhere"]).json()["file"]["href"]
    assert "cadastral_no" not in client.get(href, headers={"X-API-Key": keys["elsewhere"]}).text


@pytest.mark.parametrize("who", ["elsewhere", "partner"])
def test_only_staff_of_the_district_score(client: TestClient, keys: dict[str, str], database: Engine, who: str) -> None:
    assert ask(client, DRAFT, keys[who]).status_code == 403
    assert waiting(database) == 0


def test_staff_score_a_draft_that_staff_alone_see(client: TestClient, keys: dict[str, str]) -> None:
    assert ask(client, {**DRAFT, "scheme": "/etc/passwd"}, keys["district"]).status_code == 404
    number = ask(client, DRAFT, keys["district"]).json()["job"]
    assert run("jobs", "work", "--once") == 0
    job = look(client, number, keys["district"]).json()
    assert (job["state"], job["plots"], job["file"]) == ("done", PLOTS, None)
    listed = f"/districts/{RASHT}/plots?run={job['run']}"
    assert client.get(listed).status_code == 404
    assert client.get(listed, headers={"X-API-Key": keys["district"]}).status_code == 200
    page = look(client, number, keys["district"], **PAGE).text
    assert f"/maps/plots?district={RASHT}&amp;run={job['run']}" in page


def test_staff_who_are_signed_in_ask_with_the_token_of_the_page(client: TestClient, keys: dict[str, str]) -> None:
    client.post("/sign-in?lang=en", content=urlencode({"key": keys["district"]}), headers=FROM_OWN)
    page = client.get(f"/?district={RASHT}&lang=en", headers=PAGE).text
    assert "Score as a draft" in page
    (token,) = set(re.findall(r'name="token" value="([0-9a-f]{64})"', page))
    assert client.post("/jobs?lang=en", content=urlencode(DRAFT), headers=FROM_OWN).status_code == 403
    answer = client.post("/jobs?lang=en", content=urlencode(DRAFT | {"token": token}), headers=FROM_OWN)
    assert answer.status_code == 303
    shown = client.get(answer.headers["location"], headers=PAGE).text
    assert "It opens to you alone" in shown
    number = answer.headers["location"].partition("?")[0]
    stopped = client.post(f"{number}/stop", content=urlencode({"token": token}), headers=FROM_OWN)
    assert stopped.status_code == 303
    assert "It was stopped" in client.get(answer.headers["location"], headers=PAGE).text
    client.cookies.clear()
    assert client.get(answer.headers["location"], headers=PAGE).status_code == 404
    assert "Score as a draft" not in client.get(f"/?district={RASHT}&lang=en", headers=PAGE).text


def test_a_job_ends_with_the_key_it_was_asked_with(client: TestClient, database: Engine) -> None:
    with database.begin() as connection:
        key = create_key(connection, STAFF, "short")
    number = ask(client, CSV, key).json()["job"]
    with database.begin() as connection:
        revoke(connection, public_half(key))
    assert look(client, number, key).status_code in (401, 404)


def test_whoever_asked_stops_it(client: TestClient) -> None:
    number = ask(client, CSV).json()["job"]
    assert client.delete(f"/jobs/{number}").json()["state"] == "stopped"
    assert client.delete(f"/jobs/{number}").json()["state"] == "stopped"
    page = look(client, number, **PAGE).text
    assert "It was stopped" in page
    assert 'name="kind" value="export"' in page
    other = ask(client, CSV).json()["job"]
    assert other != number
    assert ask(client, CSV).json()["job"] == other
    refused = client.delete(f"/jobs/{other}")
    assert (refused.status_code, refused.json()["detail"]) == (403, "Others wait for the same; it goes on.")


@pytest.mark.parametrize("number", ["0" * 32, "1", "x" * 400, "..%2F..%2Fstaff.key", "%00"])
def test_there_is_nothing_behind_other_numbers(client: TestClient, number: str) -> None:
    for address in (f"/jobs/{number}", f"/jobs/{number}/file"):
        assert client.get(address).status_code in (400, 404)


def test_a_file_that_made_room_is_made_anew(client: TestClient) -> None:
    number = ask(client, CSV).json()["job"]
    assert run("jobs", "work", "--once") == 0
    (path,) = (Path(client.app.state.exports._folder.path).parent / "jobs").glob(f"{number}-*")  # type: ignore[attr-defined]
    path.unlink()
    assert look(client, number).json()["file"] is None
    assert "The file is not here any more" in look(client, number, **PAGE).text
    assert client.get(f"/jobs/{number}/file").status_code == 404
    anew = ask(client, CSV).json()
    assert (anew["state"], anew["job"] == number) == ("waiting", False)


def test_why_it_failed_is_told_as_it_was_asked(client: TestClient) -> None:
    address = ask(client, {**CSV, "query": "min_area_ha=5000"}, lang="ru", **FROM_OWN).headers["location"]
    assert run("jobs", "work", "--once") == 0
    page = client.get(address, headers=PAGE).text
    assert "Сделать не удалось" in page
    assert '<p class="notice" lang="ru">Не осталось ни одного участка; ничего не сделано.</p>' in page


def test_long_answers_are_offered_in_the_background(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    pages = (f"/?district={RASHT}&lang=en", f"/districts/{RASHT}/list?lang=en&class=S1")
    for address in pages:
        assert "Make it in the background" not in client.get(address).text
    monkeypatch.setattr("api.routes.background.LONG_PLOTS", 1)
    for address in pages:
        page = client.get(address).text
        assert page.count("Make it in the background") == 2
        assert "Score as a draft" not in page
    (query, *_rest) = re.findall(r'name="query" value="([^"]*)"', client.get(pages[1]).text)
    assert query == "class=S1&amp;lang=en"


def test_a_restart_loses_nothing(client: TestClient) -> None:
    number = ask(client, PAPER).json()["job"]
    assert run("jobs", "work", "--once") == 0
    with TestClient(create_app(), base_url=OWN) as another:
        assert look(another, number).json()["state"] == "done"
        assert another.get(f"/jobs/{number}/file").content.startswith(b"%PDF")
