"""Other weights tried in a real browser: map, figures, sentence and address follow a slider, and come back."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect
from sqlalchemy import Engine, text

from api.language.translate import LANGUAGES, Language, translate
from api.language.wording import NOT_PUBLISHED
from geo.criteria import LAND_CRITERIA
from layers.catalogue.base import STAFF
from layers.catalogue.land import CLASS_STYLES
from layers.postgres.engine import writing
from layers.schema.access import create_key
from tests.clients.browser import DESK, PATIENCE_MS, PHONE, drawn_map, fold_panel
from tests.clients.pictures import all_colours, colours_of, paint_fully, rgb, serious_faults
from tests.worlds import region_on_the_page
from tests.worlds.region_on_the_page import RASHT, plot_box

pytestmark = pytest.mark.browser

# Memberships of every criterion but access, and of access; far plots are S2 by the scheme and S3 where nearness counts
# twice at orness .2: .8 (1 - .1848) ** 4 = .353.
KEPT = {"S1": (0.95, 0.95), "S2": (0.8, 0.0), "S3": (0.4, 0.4), "N1": (0.2, 0.2), "N2": (0.9, 0.9), "NE": (None, 0.9)}
TRIED = "&weigh_nearness=200&orness=20"


@pytest.fixture(scope="module", name="planted")
def _planted(database: Engine) -> None:  # noqa: ARG001 - names the database the service reads
    with writing() as connection:
        region_on_the_page.fill(connection)
        # What a process keeps of a run goes by its number and time: this one is not that of other tests of the region.
        connection.execute(text("UPDATE scoring_runs SET finished_at = '2026-05-10T10:00:00Z'"))
        kept = text(
            "UPDATE suitability SET memberships = :kept, class_cap = 'S1', settled = true WHERE class = :judged"
        )
        for judged, (most, near) in KEPT.items():
            values = [near if criterion.group == "access" else most for criterion in LAND_CRITERIA]
            numbers = [float("nan") if value is None else value for value in values]
            connection.execute(kept, {"kept": numbers, "judged": judged})


def plots_by_class(page: Page) -> dict[str, str]:
    rows = page.locator("#class-table tbody tr").all()
    return {row.locator(".code").inner_text(): row.locator("td").last.inner_text() for row in rows}


def test_a_slider_recolours_map_and_figures_without_a_page_being_loaded(page: Page) -> None:
    page.goto(f"/?lang=en&district={RASHT}")
    frame = drawn_map(page)
    paint_fully(frame)
    assert rgb(CLASS_STYLES["S2"].colour) in colours_of(frame, 5, "S2")
    before = plots_by_class(page)
    assert (before["S2"], before["S3"]) == ("10", "10")
    loaded: list[str] = []
    page.on("request", lambda request: loaded.append(request.url) if request.is_navigation_request() else None)
    page.get_by_text("Try other weights").click()
    page.get_by_label("Nearness").fill("200")
    page.get_by_label("orness").fill("20")
    expect(page.locator("#trial-told strong")).to_have_text(
        "Trial of other weights: weight of nearness × 2, orness 0.2"
    )
    # The map has the trial once its own note says which; then it is drawn anew.
    expect(frame.locator("#trial-note strong")).to_have_text(
        "Trial of other weights: weight of nearness × 2, orness 0.2"
    )
    drawn_map(page)
    expect(frame.locator("#trial-note")).to_contain_text("not a published result")
    assert rgb(CLASS_STYLES["S3"].colour) in colours_of(frame, 5, "S2")
    assert rgb(CLASS_STYLES["S1"].colour) in colours_of(frame, 5, "S1")
    tried = plots_by_class(page)
    assert (tried["S1"], tried["S2"], tried["S3"], tried["N2"], tried["NE"]) == ("10", "0", "20", "10", "10")
    assert parse_qs(urlsplit(page.url).query)["weigh_nearness"] == ["200"]
    # Another way to colour shows what is measured; back at the class the trial is there again.
    frame.get_by_label("Colour plots by").select_option("slope_pct")
    drawn_map(page)
    frame.get_by_label("Colour plots by").select_option("class")
    drawn_map(page)
    assert rgb(CLASS_STYLES["S3"].colour) in colours_of(frame, 5, "S2")
    page.get_by_text("Back to the published result").click()
    expect(page.locator("#trial-told")).to_be_hidden()
    drawn_map(page)
    expect(frame.locator("#trial-note")).to_be_hidden()
    assert rgb(CLASS_STYLES["S2"].colour) in colours_of(frame, 5, "S2")
    assert plots_by_class(page) == before
    assert "weigh" not in page.url
    assert "orness" not in page.url
    assert loaded == []


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("view", [DESK, PHONE])
def test_a_link_to_a_trial_opens_it(browser: Browser, address: str, view: ViewportSize, lang: Language) -> None:
    with browser.new_context(viewport=view, base_url=address) as context:
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        middle = plot_box(3, "S2").centroid
        page.goto(f"/?lang={lang}&district={RASHT}{TRIED}&at=12/{middle.y}/{middle.x}&layers=plots&opacity=100")
        frame = drawn_map(page)
        fold_panel(frame)
        drawn_map(page)
        assert rgb(CLASS_STYLES["S3"].colour) in all_colours(frame)
        assert rgb(CLASS_STYLES["S2"].colour) not in all_colours(frame)  # neither a dot nor a square
        expect(frame.locator("#trial-note")).to_be_visible()
        expect(page.locator("#trial-told")).to_be_visible()
        assert plots_by_class(page)["S2"] == "0"
        assert [serious_faults(part) for part in page.frames] == [[], []]
        for part in page.frames:
            assert part.evaluate("document.documentElement.scrollWidth") <= view["width"]
        page.locator("#trial-end").click()
        page.wait_for_url(lambda url: "orness" not in url)
        assert plots_by_class(page)["S2"] == "10"
        expect(page.get_by_text(translate("Try other weights", lang))).to_be_visible()


def test_without_a_script_the_form_tries_the_weights(browser: Browser, address: str) -> None:
    with browser.new_context(viewport=PHONE, base_url=address, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"/?lang=en&district={RASHT}{TRIED}")
        page.locator("#trial button").click()
        asked = parse_qs(urlsplit(page.url).query)
        assert (asked["weigh_nearness"], asked["orness"]) == (["200"], ["20"])
        assert plots_by_class(page)["S3"] == "20"


def test_a_trial_that_does_not_come_leaves_what_was_shown(browser: Browser, address: str) -> None:
    with browser.new_context(viewport=DESK, base_url=address) as context:
        page = context.new_page()
        page.route("**/trial?*", lambda route: route.abort())
        page.goto(f"/?lang=en&district={RASHT}")
        page.get_by_text("Try other weights").click()
        before = plots_by_class(page)
        page.get_by_label("Nearness").fill("200")
        expect(page.locator("#trial-state")).to_have_text(
            "The trial did not come. The map shows what it showed before."
        )
        assert plots_by_class(page) == before
        page.goto(f"/?lang=en&district={RASHT}{TRIED}")
        frame = page.frame_locator("#map")
        frame.locator("#map-untried").wait_for(timeout=PATIENCE_MS)
        expect(frame.locator(".folium-map")).to_have_attribute("data-state", "fault")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_paper_says_that_it_is_a_trial_with_its_weights_and_not_published(page: Page, lang: Language) -> None:
    page.goto(f"/?lang={lang}&district={RASHT}{TRIED}")
    told = " ".join(page.locator(".sentence.trial").inner_text().split())
    assert "2" in told  # nearness counts twice
    page.emulate_media(media="print")
    shown = " ".join(page.locator("body").inner_text().split())
    assert told in shown
    assert translate(NOT_PUBLISHED, lang) in shown
    weights = " ".join(page.locator("#trial-weights").inner_text().split())
    assert weights in shown
    assert translate("Weights of the land", lang) in weights
    assert not page.locator(".trial-panel .slider").first.is_visible()


def test_what_staff_store_follows_the_sliders(page: Page) -> None:
    with writing() as connection:
        key = create_key(connection, STAFF, "A. of the office")
    page.goto("/sign-in?lang=en")
    page.get_by_label("Your key").fill(key)
    page.keyboard.press("Enter")
    page.wait_for_url("**/?lang=en")
    page.goto(f"/?lang=en&district={RASHT}")
    page.get_by_text("Try other weights").click()
    page.get_by_label("Nearness").fill("200")
    link = page.get_by_role("link", name="Store as a scheme")
    expect(link).to_have_attribute("href", re.compile(r"/schemes/new\?.*weigh_nearness=200"))
    link.click()
    expect(page.get_by_text("weight of nearness × 2")).to_be_visible()
