"""What a printed page shows is what is said of the plot everywhere: read as a browser lays it out for paper."""

from __future__ import annotations

import orjson
import pytest
from playwright.sync_api import Browser
from sqlalchemy import Engine, text

from api.content.plot_truth import tell_plot
from api.language.translate import LANGUAGES, Language
from layers.catalogue.base import PUBLIC
from layers.features.paging import read_feature
from layers.features.places import Gazetteer, read_gazetteer
from layers.features.plots import PLOTS, scored_plots
from layers.postgres.engine import reading, writing
from layers.records.snapshot import Choice, read_runs
from tests.clients.browser import PATIENCE_MS
from tests.worlds import region_on_the_page
from tests.worlds.region_on_the_page import UNSETTLED_ROW, plot_id

pytestmark = pytest.mark.browser

MINED = plot_id(0, "N2")
KINDS = (
    *(plot_id(1, judged) for judged in ("S1", "S2", "S3", "N1", "N2", "NE")),
    plot_id(UNSETTLED_ROW, "S3"),
    MINED,
)


@pytest.fixture(scope="module", name="planted")
def _planted(database: Engine) -> None:  # noqa: ARG001 - names the database the service reads
    with writing() as connection:
        region_on_the_page.fill(connection)
        number = "plot_no = (SELECT plot_no FROM plots WHERE plot_id = :plot)"
        shut = "shut_by = 'mine_confirmed', limiting = NULL"
        connection.execute(text(f"UPDATE suitability SET {shut} WHERE {number}"), {"plot": MINED})


def _public(name: str) -> tuple[dict[str, object], Gazetteer]:
    with reading() as connection:
        runs = read_runs(connection).runs_of(Choice())
        found = read_feature(connection, scored_plots(PUBLIC, runs), PLOTS.plot_id == name)
        return orjson.loads(found or b"{}")["properties"], read_gazetteer(connection)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", KINDS)
def test_what_is_printed_says_all_that_is_said_of_a_plot(
    address: str, browser: Browser, name: str, lang: Language
) -> None:
    plot, places = _public(name)
    truth = tell_plot(plot, places, lang)
    page = browser.new_page()
    page.set_default_timeout(PATIENCE_MS)
    try:
        page.goto(f"{address}/plots/{name}/why?lang={lang}")
        page.emulate_media(media="print")
        shown = " ".join(page.locator("body").inner_text().split())  # what is hidden on paper has no inner text
        for sentence in (truth.words, truth.where, *truth.sentences):
            assert sentence in shown, (name, sentence)
        assert not page.locator(".top").is_visible()
        assert len(page.pdf()) > 10_000
    finally:
        page.close()
