"""The planner's page of a result that is not the one served: figures, list, map, files and links are all of it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from api.main import create_app
from layers.postgres.engine import writing
from tests.worlds import two_results
from tests.worlds.region_on_the_page import GHARM, QUBODIYON, RASHT
from tests.worlds.two_results import BETTER, DRAFT, OPENED, SHUT


@pytest.fixture(scope="module", name="client")
def _client(database: Engine) -> Iterator[TestClient]:  # noqa: ARG001 - names the database the service reads
    with writing() as connection:
        two_results.fill(connection)
    with TestClient(create_app()) as opened:
        yield opened


def page(client: TestClient, query: str, status: int = 200) -> str:
    answer = client.get(f"/?lang=en&{query}", headers={"Accept": "text/html"})
    assert answer.status_code == status, answer.text
    return answer.text


def by_class(html: str) -> dict[str, int]:
    """Plots by class, as the table of figures has them; land that is not settled stands under its outlook."""
    table = html[html.index('id="class-table"') :].partition("</tbody>")[0]
    rows = re.findall(r"<tr>(.*?)</tr>", table.partition("<tbody>")[2], re.DOTALL)
    told = [(re.search(r'class="code">([^<]*)<', row), row) for row in rows]
    return {code[1]: int(re.findall(r'class="figure">([\d,]+)<', row)[-1]) for code, row in told if code}


def link(html: str, pattern: str) -> str:
    found = re.search(rf'(?:href|src|data-address)="([^"]*{pattern}[^"]*)"', html)
    assert found is not None, pattern
    return unescape(found[1])


@pytest.mark.parametrize("asked", ["run=2", "scheme=other-2026"])
def test_everything_on_the_page_is_of_the_result_that_is_asked_for(client: TestClient, asked: str) -> None:
    served, other = page(client, f"district={RASHT}"), page(client, f"district={RASHT}&{asked}")
    # One plot of N1 became S2, one of S1 is shut, one of NE became S3.
    assert by_class(served) | {"S1": 9, "S2": 11, "S3": 10, "N1": 9, "N2": 11, "NE": 9} == by_class(other)
    assert "not the one that is served now" in other
    assert "not the one that is served now" not in served
    rows = client.get(link(other, "/list/rows")).text
    assert re.search(rf'data-plot="{BETTER}".*?<span class="code">S2</span>', rows, re.DOTALL)
    file = client.get(link(other, "f=csv")).text.lstrip("\ufeff")
    judged = {row["plot_id"]: row["class"] for row in csv.DictReader(io.StringIO(file))}
    assert (judged[BETTER], judged[SHUT], judged[OPENED]) == ("S2", "N2", "S3")
    name, _, value = asked.partition("=")
    for part in ("/maps/plots", "/list", "/report", f"jamoat={GHARM}"):
        assert parse_qs(urlsplit(link(other, part)).query)[name] == [value], part
    assert f'<input type="hidden" name="{name}" value="{value}">' in other.partition("</form>")[0]


def test_filters_hold_for_the_result_that_is_asked_for(client: TestClient) -> None:
    html = page(client, f"district={RASHT}&run=2&class=S2")
    assert by_class(html)["S2"] == 11
    assert "S2; scoring run 2" in html.partition("</title>")[0]


def test_a_district_it_does_not_cover_shows_what_is_served_and_says_so(client: TestClient) -> None:
    html = page(client, f"district={QUBODIYON}&run=2")
    assert by_class(html) == by_class(page(client, f"district={QUBODIYON}"))
    assert "does not cover this district" in html
    assert "run" not in parse_qs(urlsplit(link(html, "/maps/plots")).query)
    assert "Pick a district to see the result" in page(client, "run=2")


def test_other_published_results_are_offered_and_drafts_are_not(client: TestClient) -> None:
    html = page(client, f"district={RASHT}&class=S1")
    offered = re.findall(r'<li><a href="([^"]*)" data-keep-view>Scoring run (\d+)</a>', html)
    assert [number for _address, number in offered] == ["2"]
    assert parse_qs(urlsplit(unescape(offered[0][0])).query)["class"] == ["S1"]
    for run in (DRAFT, 99):
        refusal = page(client, f"district={RASHT}&run={run}", status=404)
        assert f"There is no finished run {run}." in unescape(refusal)


def test_no_other_weights_are_tried_on_a_result_that_is_not_served(client: TestClient) -> None:
    html = page(client, f"district={RASHT}&run=2&weigh_water=150")
    assert 'id="trial"' not in html
    assert "trial of other weights" not in html
