"""The page of water: what it says of a July that was computed by hand, in every state and language.

The canals are those of ``tests.worlds.two_canals``: in proportion each of two areas gets .4666 of its need in July; by
head-first the first gets all of it and the last (.017 x .72457 - .0110918) x .72457 / .0110918 = .0801.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

import pytest
import shapely
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from api.content.water_told import tell_supply
from api.language.translate import LANGUAGES, Language
from api.main import create_app
from layers.catalogue.base import STAFF
from layers.loading import load_frame
from layers.schema.access import create_key
from tests.clients.command import run
from tests.worlds.two_canals import X, Y, frame, plant_canals


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


def test_ten_day_parts_are_named_as_such() -> None:
    """A number after the name of a month would be read as a day."""
    periods = [
        {"month": 6, "part": part, "need_m3_s": 1.0, "delivered_m3_s": 0.5, "delivered_best_m3_s": 1.0}
        for part in (1, 2, 3)
    ]
    said = {lang: [one["name"] for one in tell_supply([{"periods": periods}], lang)] for lang in LANGUAGES}
    assert said["en"] == ["June, ten-day part 1", "June, ten-day part 2", "June, ten-day part 3"]
    assert said["ru"][1] == "июнь, декада 2"
    assert "даҳрӯзаи 3" in said["tg"][2]


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


def test_a_district_without_canals_compares_no_rules(client: TestClient, database: Engine) -> None:
    away = {
        "code": "TJ.RR.TV",
        "name_en": "T",
        "geometry": shapely.MultiPolygon([shapely.box(X + 2e4, Y, X + 3e4, Y + 1e4)]),
    }
    with database.begin() as connection:
        load_frame(connection, "districts", frame([away]))
    assert "What each rule gives" in page(client, "lang=en&month=7&district=TJ.RR.GA")
    html = page(client, "lang=en&month=7&district=TJ.RR.TV")
    assert "No canal with command areas lies here." in html
    assert "What each rule gives" not in html


def test_rules_are_compared_over_the_same_canals_and_those_left_out_are_counted(
    client: TestClient, database: Engine
) -> None:
    """Of 31 canals the 30 with the least share differ from rule to rule: shown are those of the rule that is chosen."""
    query = text("SELECT DISTINCT rule, balance_id FROM area_balance WHERE ended_by IS NULL")
    with database.begin() as connection:
        numbers = {row.rule: row.balance_id for row in connection.execute(query)}
        odd = {"proportional": (30, 0.4), "head-first": (0, 0.6)}
        rows = [
            {"entry": f"x{n}:{rule}", "code": f"x{n}", "canal": f"X{n:02d}", "year_type": "dry", "rule": rule}
            | {"balance_id": numbers[rule], "supply": "scarce", "worst_month": 7, "distance_m": 100.0}
            | {"ratio": 1.0 if n == best else share, "ratio_07": 1.0 if n == best else share}
            | {"geometry": shapely.MultiPolygon([shapely.box(X + n * 100, Y, X + n * 100 + 90, Y + 90)])}
            for rule, (best, share) in odd.items()
            for n in range(31)
        ]
        load_frame(connection, "area_balance", frame(rows), mode="replace")
    html = page(client, "lang=en&month=7&year=dry&rule=proportional")
    said = re.findall(r'<tbody data-period="7">(.*?)</tbody>', html, re.DOTALL)
    assert "The first fields get 6.1 of 10" in said[0]  # (1.0 + 29 x 0.6) / 30 by head-first; 6 without the first canal
    assert "The first fields get 4 of 10" in said[0]
    assert said[1].count("data-canal=") == 30
    assert "These are 30 of 31 canals" in html


def test_a_switch_on_the_map_of_plots_shows_what_is_published_and_says_what(
    client: TestClient, database: Engine
) -> None:
    """The tiles asked for without a choice are those that land is judged by: where these are not, nothing came."""
    assert "tiles/area_balance/{z}/{x}/{y}.mvt?" not in client.get("/maps/plots.js?lang=en").text
    with database.begin() as connection:
        for table in ("area_balance", "reach_balance", "water_balances CASCADE"):
            connection.execute(text(f"TRUNCATE {table}"))
    assert run("water", "balance", "--rule", "max-min") == 0
    style = client.get("/maps/plots.js?lang=en").text
    for layer in ("area_balance", "reach_balance"):
        assert f"tiles/{layer}/{{z}}/{{x}}/{{y}}.mvt?year=dry\\u0026rule=max-min" in style
    shown = client.get("/maps/plots?lang=en").text
    assert "Water balance of canals: Dry year; the least share as great as can be" in shown
    assert "маловодный год" in client.get("/maps/plots?lang=ru").text.lower()


def test_with_no_balance_at_all_the_page_says_who_makes_one(client: TestClient, database: Engine) -> None:
    with database.begin() as connection:
        for table in ("area_balance", "reach_balance", "water_balances CASCADE"):
            connection.execute(text(f"TRUNCATE {table}"))
    assert "No water balance is published yet." in page(client, "lang=en")
    assert client.get("/maps/reach_balance").status_code == 200
