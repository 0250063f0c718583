"""What a printed page shows is what is said of the plot everywhere: read as a browser lays it out for paper."""

from __future__ import annotations

import io
from itertools import pairwise

import numpy as np
import orjson
import pytest
from PIL import Image
from playwright.sync_api import Browser, expect
from sqlalchemy import Engine, text

from api.content.plot_truth import tell_plot
from api.language.translate import LANGUAGES, Language, translate
from layers.catalogue.base import PUBLIC
from layers.features.paging import read_feature
from layers.features.places import Gazetteer, read_gazetteer
from layers.features.plots import PLOTS, scored_plots
from layers.postgres.engine import reading, writing
from layers.records.snapshot import Choice, read_runs
from tests.clients.browser import DESK, PATIENCE_MS, drawn_map
from tests.clients.pictures import serious_faults
from tests.worlds import region_on_the_page
from tests.worlds.region_on_the_page import RASHT, UNSETTLED_ROW, plot_id

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


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_printed_page_keeps_key_north_list_and_address(address: str, browser: Browser, lang: Language) -> None:
    page = browser.new_page(viewport=DESK, base_url=address)
    page.set_default_timeout(PATIENCE_MS)
    try:
        page.goto(f"/?lang={lang}&district={RASHT}&class=S1&class=S3")
        frame = drawn_map(page)
        expect(page.locator("#rows-body tbody tr")).to_have_count(20, timeout=PATIENCE_MS)
        page.emulate_media(media="print")
        expect(frame.locator("[data-legend=class]")).to_be_visible()
        expect(frame.locator(".north")).to_be_visible()
        for control in ("#colour", "#opacity", ".leaflet-control-zoom"):
            expect(frame.locator(control)).to_be_hidden()
        expect(page.locator(".address")).to_contain_text("class=S1&class=S3")
        expect(page.locator("#rows-body tbody tr").last).to_be_visible()
        expect(page.locator(".locate").first).to_be_hidden()
    finally:
        page.close()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_projector_gets_map_key_and_what_it_is_of(address: str, browser: Browser, lang: Language) -> None:
    page = browser.new_page(viewport={"width": 1920, "height": 1080}, base_url=address)
    page.set_default_timeout(PATIENCE_MS)
    try:
        page.goto(f"/?lang={lang}&district={RASHT}&class=S3&colour=slope_pct")
        page.get_by_role("link", name=translate("for a projector", lang)).click()
        page.locator(".folium-map[data-state=idle]").wait_for(timeout=PATIENCE_MS)
        expect(page.get_by_role("heading", level=1)).to_contain_text("S3")
        expect(page.locator("[data-legend=slope_pct]")).to_be_visible()
        for control in ("#colour", "#opacity", ".leaflet-control-zoom", "input[data-layer]"):
            expect(page.locator(control).first).to_be_hidden()
        expect(page.locator(".synthetic")).to_be_visible()
        assert serious_faults(page.main_frame) == []
    finally:
        page.close()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_black_and_white_copy_of_the_bar_tells_classes_of_one_grey_apart(
    address: str, browser: Browser, lang: Language
) -> None:
    """S2 and N1, S1 and N2 have nearly one grey: on paper the one is plain or dotted, the other lined or crossed."""
    page = browser.new_page(viewport=DESK, base_url=address, device_scale_factor=4)
    page.set_default_timeout(PATIENCE_MS)
    try:
        page.goto(f"/districts/{RASHT}/list?lang={lang}")
        bar = page.locator("main svg.bar").first
        assert not any(mark.is_visible() for mark in bar.locator(".on-paper").all())  # on the screen tones suffice
        page.emulate_media(media="print")
        greys = np.asarray(Image.open(io.BytesIO(bar.screenshot())).convert("L"), dtype=np.float64)
        widths = "e => [...e.querySelectorAll(':scope > rect:not(.on-paper)')].map(r => +r.getAttribute('width'))"
        shares = bar.evaluate(widths)
        greys = greys[len(greys) // 4 : -len(greys) // 4]  # without rounded corners
        edges = np.rint(np.cumsum([0.0, *shares]) / 100.0 * greys.shape[1]).astype(int)
        parts = (greys[:, first + (last - first) // 4 : last - (last - first) // 4] for first, last in pairwise(edges))
        classes = dict(zip(("S1", "S2", "S3", "N1", "N2"), parts, strict=False))  # what is not settled comes after them
        spread = {name: float(part.std()) for name, part in classes.items()}
        # How much of it is from row to row: all of lines along the bar, little of dots and crosses.
        along = {name: float(classes[name].mean(axis=1).std()) / spread[name] for name in ("S2", "N1", "N2")}
        assert max(spread["S1"], spread["S3"]) < 4.0
        assert min(spread["S2"], spread["N1"], spread["N2"]) > 10.0
        assert along["N1"] > 0.95
        assert max(along["S2"], along["N2"]) < 0.75
    finally:
        page.close()
