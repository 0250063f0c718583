"""Two results of one district, the second changed by hand: what the page says differs, and what nobody is told."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from api.main import create_app
from layers.postgres.engine import writing
from tests.worlds import two_results
from tests.worlds.region_on_the_page import QUBODIYON, RASHT, ROWS
from tests.worlds.two_results import DRAFT, SHUT


@pytest.fixture(scope="module", name="client")
def _client(database: Engine) -> Iterator[TestClient]:  # noqa: ARG001 - names the database the service reads
    with writing() as connection:
        two_results.fill(connection)
    with TestClient(create_app()) as opened:
        yield opened


def page(client: TestClient, query: str, status: int = 200) -> str:
    answer = client.get(f"/compare?{query}")
    assert answer.status_code == status, answer.text
    return answer.text


def rows(html: str) -> list[tuple[str, ...]]:
    """Cells of the table of what differs, as text."""
    table = html.partition('id="changes-title"')[2].partition("<tbody>")[2].partition("</tbody>")[0]
    plain = [
        re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", cell))).strip() for cell in re.split(r"</t[dh]>", table)
    ]
    return [tuple(plain[at : at + 6]) for at in range(0, len(plain) - 1, 6)]


def test_what_differs_is_told_by_class_and_cause(client: TestClient) -> None:
    html = page(client, f"district={RASHT}&with_run=2&lang=en")
    plots = 6 * ROWS
    assert re.search(
        rf"Of {plots} plots \([\d.,]+ ha\) that both judged, 3 \(1\.\d ha\) differ in class or outlook\.", html
    )
    found = rows(html)
    assert {row[:4] for row in found} == {
        ("Not suitable now", "Suitable", "better", "water adequacy, worst month"),
        ("Highly suitable", "Not suitable", "worse", "mines or unexploded ordnance, confirmed"),
        ("Not evaluated", "Marginally suitable", "now settled", found_of(found, "Not evaluated")),
    }
    assert [row[5] for row in found] == ["1"] * 3
    assert "a difference may come from the weights, not from the land" in html


def found_of(found: list[tuple[str, ...]], before: str) -> str:
    return next(row[3] for row in found if row[0] == before)


def test_both_maps_show_their_own_result_and_move_together(client: TestClient) -> None:
    html = page(client, f"district={RASHT}&with_run=2&at=12/39/70.5&lang=en")
    maps = re.findall(r'<iframe class="half" src="([^"]*)"[^>]* data-together>', html)
    assert [unescape(address) for address in maps] == [
        f"/maps/plots?district={RASHT}&at=12/39/70.5&lang=en",
        f"/maps/plots?district={RASHT}&run=2&at=12/39/70.5&lang=en",
    ]
    script = client.get(f"/maps/plots.js?district={RASHT}&run=2&lang=en").text
    assert "/tiles/plots/{z}/{x}/{y}.mvt?run=2" in script
    assert "attributes=walk_minutes&run=2" in script.replace("\\u0026", "&")
    assert "run=2" not in client.get(f"/maps/plots.js?district={RASHT}&lang=en").text


def test_the_card_of_a_map_is_of_its_result(client: TestClient) -> None:
    number = client.get(f"/plots/{SHUT}").json()["properties"]["plot_no"]
    assert "Highly suitable" in client.get(f"/maps/plots/{number}/card?lang=en").text
    of_second = client.get(f"/maps/plots/{number}/card?lang=en&run=2").text
    assert "Not suitable" in of_second
    assert "Do not enter" in of_second
    assert "Why this class" not in of_second  # that page explains the result which is shown unasked


def test_two_places_stand_side_by_side_without_a_table_of_changes(client: TestClient) -> None:
    html = page(client, f"district={RASHT}&with_district={QUBODIYON}&lang=ru")
    assert "район Рашт – район Кубодиён" in html
    assert "changes-title" not in html
    assert "data-together" not in html


def test_the_same_result_twice_differs_in_nothing(client: TestClient) -> None:
    assert "changes-title" not in page(client, f"district={RASHT}&lang=en")


@pytest.mark.parametrize("lang", ["tg", "ru"])
def test_the_page_stands_in_every_language(client: TestClient, lang: str) -> None:
    html = page(client, f"district={RASHT}&with_run=2&lang={lang}")
    said = unescape(re.sub(r"<[^>]*>", " ", html.partition('<main id="main">')[2].partition("</main>")[0]))
    allowed = re.compile(r"S[123]|N[12]|NE|panel-2026|other-2026|Лахш")
    assert [word for word in re.findall(r"[A-Za-z][\w-]*", said) if not allowed.fullmatch(word)] == []


def test_drafts_and_made_up_addresses_are_refused(client: TestClient) -> None:
    for query in (f"with_run={DRAFT}", "with_run=99", "run=99", f"with_district={QUBODIYON}&with_run=2"):
        page(client, f"district={RASHT}&{query}", 404)
    page(client, "district=nowhere", 404)
    page(client, f"district={RASHT}&with_run=2&colour=class", 400)
    assert client.get(f"/compare?district={RASHT}&with_run=x").status_code in (400, 422)
    html = page(client, f"district={RASHT}&lang=en")
    assert f'value="{DRAFT}"' not in html
    for path in (f"/maps/plots?run={DRAFT}", f"/maps/plots/1/card?run={DRAFT}"):
        assert client.get(path).status_code == 404, path
