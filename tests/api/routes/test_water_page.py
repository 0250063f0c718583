"""The page of water: what it says of a July that was computed by hand, in every state and language.

The canals are those of ``tests.worlds.two_canals``: in proportion each of two areas gets .4666 of its need in July; by
head-first the first gets all of it and the last (.017 x .72457 - .0110918) x .72457 / .0110918 = .0801.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from api.language.translate import LANGUAGES, Language
from api.main import create_app
from layers.catalogue.base import STAFF
from layers.schema.access import create_key
from tests.clients.command import run
from tests.worlds.two_canals import plant_canals


@pytest.fixture(scope="module")
def client(database: Engine) -> Iterator[TestClient]:
    plant_canals(database)
    for rule in ("head-first", "proportional"):
        assert run("water", "balance", "--rule", rule) == 0
    with TestClient(create_app()) as opened:
        yield opened


def page(client: TestClient, query: str, headers: dict[str, str] | None = None) -> str:
    answer = client.get(f"/water?{query}", headers=headers or {})
    assert answer.status_code == 200, answer.text
    return unescape(answer.text)


def says(html: str) -> list[str]:
    """Return the sentences about the chosen canal that are not hidden."""
    return re.findall(r'<p class="says" data-period="\d+"><strong>[^<]*</strong> ([^<]*)</p>', html)


def test_a_july_in_parts_of_ten_never_more_than_they_are(client: TestClient) -> None:
    html = page(client, "lang=en&month=7&canal=C1")
    assert says(html) == ["The first fields get 4.6 of 10 parts of the water they need, the last fields 4.6."]
    html = page(client, "lang=en&month=7&canal=C1&rule=head-first")
    (said,) = says(html)
    assert said.startswith("The first fields get ")
    assert said.endswith("the last fields 0.8.")  # the tail third lies in the last area alone
    assert says(page(client, "lang=en&month=1&canal=C1")) == ["Nothing is needed in this month."]
    unknown = "How much the fields get is not known; areas of which it is not known: 1."
    assert says(page(client, "lang=en&month=7&canal=C2")) == [unknown]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_without_a_balance_of_the_choice_it_says_so_and_shows_no_other(client: TestClient, lang: Language) -> None:
    html = page(client, f"lang={lang}&year=wet&rule=max-min&month=7&canal=C1")
    assert "obod water balance --year wet --rule max-min" in html
    assert "<iframe" not in html
    assert "4,6" not in html
    assert "4.6" not in html
    assert len(re.findall(r"<li><a href=\"/water\?[^\"]*year=dry", html)) == 2


@pytest.mark.parametrize("lang", LANGUAGES)
def test_choices_stay_in_every_link(client: TestClient, lang: Language) -> None:
    html = page(client, f"lang={lang}&year=dry&rule=head-first&month=7&district=TJ.RR.GA&layers=canals")
    (framed,) = re.findall(r'<iframe id="map" src="([^"]*)"', html)
    canals = re.findall(r'<a href="([^"]*)" data-canal="C1"', html)
    for address in (framed, *canals):
        for part in ("year=dry", "rule=head-first", "month=7", "district=TJ.RR.GA", f"lang={lang}"):
            assert part in address
    answer = client.get(framed)
    assert answer.status_code == 200
    assert 'type="range"' in answer.text
    style = client.get(framed.replace("reach_balance?", "reach_balance.js?")).text
    assert "reach_balance/{z}/{x}/{y}.mvt?year=dry\\u0026rule=head-first" in style
    assert style.count("/tiles/reach_balance/") == 1  # one source for all months


def test_staff_are_told_need_supply_and_faults_and_nobody_else(client: TestClient, database: Engine) -> None:
    with database.begin() as connection:
        key = create_key(connection, STAFF, "staff")
    public = page(client, "lang=en&month=7&canal=C2")
    staff = page(client, "lang=en&month=7&canal=C2", {"X-API-Key": key})
    assert "It is not known which way water runs in canal reach C2-1." in staff
    assert "0.011" in staff
    for hidden in ("which way water runs", "Need and supply", "0.011"):
        assert hidden not in public


def test_wrong_words_are_refused_and_a_canal_there_is_not_is_said(client: TestClient) -> None:
    for query in ("year=arid", "rule=fair", "month=13", "month=-1"):
        assert client.get(f"/water?{query}").status_code in (400, 422)
        assert client.get(f"/maps/reach_balance?{query}").status_code in (400, 422)
    assert client.get("/maps/plots?month=7").status_code == 400
    assert "No canal C9 is in this water balance." in page(client, "lang=en&canal=C9")


def test_with_no_balance_at_all_the_page_says_who_makes_one(client: TestClient, database: Engine) -> None:
    with database.begin() as connection:
        for table in ("area_balance", "reach_balance", "water_balances CASCADE"):
            connection.execute(text(f"TRUNCATE {table}"))
    assert "No water balance is published yet." in page(client, "lang=en")
    assert client.get("/maps/reach_balance").status_code == 200
