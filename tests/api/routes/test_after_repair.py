"""Now and after repair, side by side: each plot on offer, sums of jamoats for all others, and nobody's plot besides."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from api.language.translate import LANGUAGES, Language, translate
from api.main import create_app
from geo.contract.classes import CLASSES
from layers.postgres.engine import writing
from tests.worlds import region_on_the_page
from tests.worlds.region_on_the_page import LAKHSH, QUBODIYON, RASHT, plot_id

# Of the made-up region S3 becomes S2 after repair and all else stays. Offered are the six plots of row 1, in reserve
# those of row 2; all others are in use, of which two in S3 become S1 so that a leak would show.
OFFERED, RESERVED, LEAK = 1, 2, (3, 4)


@pytest.fixture(scope="module", name="client")
def _client(database: Engine) -> Iterator[TestClient]:  # noqa: ARG001 - names the database the service reads
    with writing() as connection:
        region_on_the_page.fill(connection)
        connection.execute(text("UPDATE plots SET availability = 'in_use'"))
        for row, state in ((OFFERED, "offered"), (RESERVED, "reserve")):
            is_so = text("UPDATE plots SET availability = :state WHERE plot_id LIKE :row")
            connection.execute(is_so, {"state": state, "row": f"ga-{row:02d}-%"})
        for row in LEAK:
            reached = (
                "UPDATE suitability SET potential_class = 'S1' "
                "WHERE plot_no = (SELECT plot_no FROM plots WHERE plot_id = :plot)"
            )
            connection.execute(text(reached), {"plot": plot_id(row, "S3")})
        unsettled = (
            "UPDATE suitability SET settled = false, outlook = 'likely', potential_class = class "
            "WHERE plot_no = (SELECT plot_no FROM plots WHERE plot_id = :plot)"
        )
        connection.execute(text(unsettled), {"plot": plot_id(RESERVED, "N1")})
    with TestClient(create_app()) as opened:
        yield opened


def page(client: TestClient, lang: Language = "en", district: str = RASHT) -> str:
    answer = client.get(f"/districts/{district}/after-repair", params={"lang": lang})
    assert answer.status_code == 200, answer.text
    return unescape(answer.text)


def rows(html: str, table: str) -> list[list[str]]:
    body = re.search(rf'<table class="[^"]*{table}">.*?</table>', html, flags=re.DOTALL)
    assert body is not None, table
    found = re.findall(r"<tr>(.*?)</tr>", body[0], flags=re.DOTALL)
    plain = [
        [
            " ".join(re.sub(r"<[^>]+>", " ", cell).split())
            for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)
        ]
        for row in found
    ]
    return [row for row in plain[1:] if row]


def test_plots_on_offer_now_and_after(client: TestClient) -> None:
    html = page(client)
    told = {row[0]: row[1:] for row in rows(html, "differences")}
    plots = {name: [row[0], row[1], row[2]] for name, row in told.items()}
    assert plots == {
        "Highly suitable S1": ["2", "2", "0"],
        "Suitable S2": ["2", "4", "+2"],
        "Marginally suitable S3": ["2", "0", "-2"],
        "Not suitable now N1": ["1", "1", "0"],
        "Not suitable N2": ["2", "2", "0"],
        "Not settled, likely suitable": ["1", "1", "0"],
        "Not evaluated NE": ["2", "2", "0"],
    }
    for row in told.values():
        now, after, difference = (float(cell) for cell in row[3:])
        assert after - now == pytest.approx(difference, abs=0.11)
    (move,) = rows(html, "moves")
    assert move[-1] == "2"
    assert "S3" not in move[1]
    assert "Of 12 plots" in html
    assert "brought to condition class 1" in html


def test_of_other_land_only_sums_of_jamoats_are_told(client: TestClient) -> None:
    html = page(client)
    assert "Highly suitable" not in rows(html, "moves")[0][1]  # the two plots in use that would be S1
    cells = rows(html, "jamoats-after")
    # 10 plots a class in two jamoats: below ten others are left out, another with them.
    assert any("–" in row for row in cells)
    for row in LEAK:
        assert plot_id(row, "S3") not in html
    maps = re.findall(r'<iframe class="half" src="([^"]+)"', html)
    assert len(maps) == 2
    assert "colour=potential_class" in maps[1]
    features = client.get(f"/districts/{RASHT}/plots", params={"limit": "all"}).json()["features"]
    known = {f["properties"]["plot_id"] for f in features if f["properties"].get("potential_class")}
    assert known == {plot_id(row, judged) for row in (OFFERED, RESERVED) for judged in CLASSES}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_speaks_the_readers_language(client: TestClient, lang: Language) -> None:
    html = page(client, lang)
    for words in ("now and after repair", "After repair", "All land, by jamoat", "Difference"):
        assert translate(words, lang) in html
    linked = client.get("/", params={"lang": lang, "district": RASHT}).text
    assert f"/districts/{RASHT}/after-repair?lang={lang}" in linked


def test_where_nothing_is_on_offer_or_judged_the_page_says_so(client: TestClient) -> None:
    assert "No plot here is on offer or in state reserve." in page(client, district=QUBODIYON)
    assert client.get(f"/districts/{LAKHSH}/after-repair").status_code == 404
    assert client.get("/districts/TJ.XX.XX/after-repair").status_code == 404
    assert client.get(f"/districts/{RASHT}/after-repair", params={"colour": "x"}).status_code == 400
