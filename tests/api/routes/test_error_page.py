"""A refusal is a page to a reader, in the language of the reader, and problem details to a program."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from api.language.translate import LANGUAGES, Language
from api.main import create_app
from tests.worlds.three_districts import RASHT, Land

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
HEADINGS = {
    "not-found": {"en": "This page is not here", "ru": "Этой страницы здесь нет", "tg": "Ин саҳифа дар ин ҷо нест"},
    "bad-filter": {"en": "The address is not understood", "ru": "Адрес не понят", "tg": "Нишонӣ фаҳмо нест"},
    "fault": {
        "en": "Something went wrong on our side",
        "ru": "Ошибка на нашей стороне",
        "tg": "Аз тарафи мо хато рӯй дод",
    },
}
REFUSED = [
    ("/nothing", 404, "not-found"),
    ("/plots/none/why", 404, "not-found"),
    ("/?district=XX", 404, "not-found"),
    ("/maps/nothing", 404, "not-found"),
    (f"/districts/{RASHT}/plots?min_score=x", 400, "bad-filter"),
    ("/maps/plots?at=here", 400, "bad-filter"),
]


@pytest.fixture(scope="module", name="client")
def _client(land: Land) -> Iterator[TestClient]:  # noqa: ARG001 - the land must be there
    with TestClient(create_app(), raise_server_exceptions=False) as opened:
        yield opened


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(("address", "status", "name"), REFUSED)
def test_a_reader_gets_a_page(client: TestClient, address: str, status: int, name: str, lang: Language) -> None:
    chosen = f"{address}{'&' if '?' in address else '?'}lang={lang}"
    for asked, accepted in ((chosen, "fr"), (address, f"{lang}, fr;q=0.5")):
        answer = client.get(asked, headers={"Accept": BROWSER, "Accept-Language": accepted})
        assert answer.status_code == status
        assert answer.headers["content-type"].startswith("text/html")
        assert answer.headers["cache-control"] == "no-store"
        assert f'<html lang="{lang}">' in answer.text
        assert f"<h1>{HEADINGS[name][lang]}</h1>" in answer.text
        assert f"<title>{HEADINGS[name][lang]}" in answer.text
        assert f'href="/?lang={lang}"' in answer.text


@pytest.mark.parametrize(("address", "status", "name"), REFUSED)
@pytest.mark.parametrize("accept", ["*/*", "application/json", "application/geo+json, */*;q=0.1"])
def test_a_program_gets_problem_details(client: TestClient, address: str, status: int, name: str, accept: str) -> None:
    answer = client.get(address, headers={"Accept": accept})
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, answer.json()["type"]) == (status, f"urn:obod:problem:{name}")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_fault_of_ours_is_a_page_with_the_number_of_the_fault_and_nothing_of_its_cause(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, lang: Language
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("SELECT secret FROM /somewhere")

    monkeypatch.setattr("api.routes.planner.summaries", broken)
    answer = client.get(f"/?lang={lang}", headers={"Accept": BROWSER})
    assert answer.status_code == 500
    assert f"<h1>{HEADINGS['fault'][lang]}</h1>" in answer.text
    assert "(fault " in answer.text
    assert "secret" not in answer.text
    assert "default-src 'self'" in answer.headers["content-security-policy"]


def test_what_was_asked_for_cannot_write_markup(client: TestClient) -> None:
    answer = client.get("/?district=<script>x</script>", headers={"Accept": BROWSER})
    assert answer.status_code == 404
    assert "<script>x" not in answer.text
