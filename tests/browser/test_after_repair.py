"""A district now and after repair in a real browser: two maps that move together, on a phone and on paper too."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import Engine, text

from api.language.translate import LANGUAGES, Language, translate
from layers.postgres.engine import writing
from tests.clients.browser import PATIENCE_MS, PHONE
from tests.worlds import region_on_the_page
from tests.worlds.region_on_the_page import RASHT

pytestmark = pytest.mark.browser

NEARER = re.compile(r"at=15(/|%2F)")


@pytest.fixture(scope="module", name="planted")
def _planted(database: Engine) -> None:  # noqa: ARG001 - names the database the service reads
    with writing() as connection:
        region_on_the_page.fill(connection)
        connection.execute(text("UPDATE plots SET availability = 'offered' WHERE plot_id LIKE 'ga-01-%'"))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_both_states_are_drawn_by_their_own_key_and_move_together(page: Page, lang: Language) -> None:
    page.goto(f"/districts/{RASHT}/after-repair?lang={lang}&at=14/39.03/70.38")
    for state in ("Now", "After repair"):
        expect(page.get_by_role("heading", name=translate(state, lang)).first).to_be_visible()
    frames = page.locator("iframe[data-together]")
    expect(frames).to_have_count(2)
    maps = [frame.content_frame for frame in frames.all()]
    for one in maps:
        expect(one.locator(".leaflet-container")).to_be_visible()
    colours = [frame.get_attribute("src") or "" for frame in frames.all()]
    assert ["colour=potential_class" in address for address in colours] == [False, True]
    maps[0].locator(".leaflet-control-zoom-in").click()
    page.wait_for_url(NEARER)
    follower = frames.last.element_handle().content_frame()
    assert follower is not None
    follower.wait_for_url(NEARER)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_phone_cuts_nothing_and_paper_says_what_the_page_says(address: str, browser: Browser, lang: Language) -> None:
    page = browser.new_page(viewport=PHONE)
    page.set_default_timeout(PATIENCE_MS)
    try:
        page.goto(f"{address}/districts/{RASHT}/after-repair?lang={lang}")
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        heading = page.locator("h1").inner_text()
        note = "What else holds a plot back stays, and so does what is unknown. Nothing lifts mines."
        page.emulate_media(media="print")
        shown = " ".join(page.locator("body").inner_text().split())
        for said in (heading, translate(note, lang), translate("SYNTHETIC DATA", lang)):
            assert said in shown
        assert page.locator("table.differences").is_visible()
        assert not page.locator(".top").is_visible()
        assert len(page.pdf()) > 10_000
    finally:
        page.close()
