"""Headings and titles of pages name places by their names in the reader's language, never by codes."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

import layers.explain.plot
from api.language.translate import LANGUAGES, Language
from api.main import create_app
from layers.postgres.engine import writing
from tests.worlds import region_on_the_page
from tests.worlds.region_on_the_page import GHARM, RASHT, plot_id

NAMES = {  # district, jamoat
    "en": ("Rasht", "Gharm", "Rasht district"),
    "ru": ("Рашт", "Гарм", "Рашт"),
    "tg": ("Рашт", "Ғарм", "Рашт"),
}


@pytest.fixture(scope="module", name="client")
def _client(database: Engine) -> Iterator[TestClient]:  # noqa: ARG001 - names the database the service reads
    with writing() as connection:
        region_on_the_page.fill(connection)
    with pytest.MonkeyPatch.context() as patch, TestClient(create_app()) as opened:
        patch.setattr(
            layers.explain.plot,
            "ways_of_plot",
            lambda *_: {"way": None, "why_no_way": "the layer settlements is not loaded", "services": []},
        )
        yield opened


@pytest.mark.parametrize("lang", LANGUAGES)
def test_pages_name_the_district(client: TestClient, lang: Language) -> None:
    district, jamoat, around = NAMES[lang]
    for address, named in (
        (f"/?district={RASHT}", (district,)),
        (f"/?district={RASHT}&jamoat={GHARM}", (jamoat, around)),
        (f"/maps/plots?district={RASHT}", (district,)),
        (f"/maps/plots?district={RASHT}&jamoat={GHARM}", (jamoat,)),
        (f"/plots/{plot_id(0, 'S1')}/why", (jamoat, around)),
    ):
        page = client.get(f"{address}{'&' if '?' in address else '?'}lang={lang}").text
        (title,) = re.findall(r"<title>([^<]*)</title>", page)[:1]
        headings = " ".join(re.findall(r"<h1>.*?</h1>|<p class=\"where\">.*?</p>", page, re.DOTALL))
        for name in named:
            assert name in title, (address, title)
            if not address.startswith("/maps"):
                assert name in headings, (address, headings)
        assert RASHT not in title + headings
        assert GHARM not in title + headings


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_page_of_the_planner_says_how_the_views_are_opened_in_qgis(client: TestClient, lang: Language) -> None:
    everywhere, here = ["/tiles/plots/{z}/{x}/{y}.mvt", "obod db url"], f"/districts/{RASHT}/plots?f=gpkg"
    for address, codes in (("/?", everywhere), (f"/?district={RASHT}&", [everywhere[0], here, everywhere[1]])):
        page = client.get(f"{address}lang={lang}").text
        shown = re.findall(r"<p><code>(.*?)</code></p>", page)
        assert [code.removeprefix("http://testserver") for code in shown] == codes
