"""The list beside the map in a real browser: rows and map point at one another, in one state, by hand and by key."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from api.language.translate import LANGUAGES, Language, translate
from tests.clients.browser import DESK, PATIENCE_MS, PHONE, drawn_map, fold_panel
from tests.clients.pictures import click_plot, serious_faults
from tests.worlds.region_on_the_page import RASHT, plot_id

pytestmark = pytest.mark.browser

RINGS = ".leaflet-overlay-pane path"


def test_rows_are_the_plots_of_the_state_and_sorting_is_a_part_of_it(page: Page) -> None:
    page.goto(f"/?lang=en&district={RASHT}&class=S1&class=S3&column=slope_pct")
    rows = page.locator("#rows-body tbody tr")
    expect(rows).to_have_count(20)
    expect(page.locator("#rows-body thead")).to_contain_text("Slope")
    page.locator("#rows-body thead a", has_text="Plot").click()
    expect(page.locator("#rows-body th[aria-sort=ascending]")).to_have_text("Plot ↑")
    expect(rows.first).to_have_attribute("data-plot", plot_id(0, "S1"))
    assert parse_qs(urlsplit(page.url).query)["sortby"] == ["plot_id"]
    expect(page.locator("#rows-body [aria-sort] a")).to_be_focused()
    page.reload()
    expect(rows.nth(1)).to_have_attribute("data-plot", plot_id(0, "S3"))
    assert "sortby=plot_id" in (page.get_by_role("link", name="CSV").get_attribute("href") or "")


def test_pages_of_the_list_hold_every_plot_once(page: Page) -> None:
    page.goto(f"/?lang=en&district={RASHT}")
    rows = page.locator("#rows-body tbody tr")
    seen: list[str] = []
    for left in (25, 25, 10):
        expect(rows).to_have_count(left, timeout=PATIENCE_MS)
        seen += rows.evaluate_all("(rows) => rows.map((row) => row.dataset.plot)")
        onward = page.locator("#rows-body .pages").get_by_role("link", name="Next page")
        if left == 25:
            first = rows.first.get_attribute("data-plot")
            onward.click()
            expect(rows.first).not_to_have_attribute("data-plot", str(first), timeout=PATIENCE_MS)
    expect(onward).to_have_count(0)
    assert len(seen) == len(set(seen)) == 60


def test_a_row_is_ringed_on_the_map_opens_its_card_and_focus_comes_back(page: Page) -> None:
    page.goto(f"/?lang=en&district={RASHT}&at=9/38.5/69.9")
    frame = drawn_map(page)
    row = page.locator(f"#rows-body tr[data-plot='{plot_id(1, 'S2')}']")
    row.hover()
    expect(frame.locator(RINGS)).to_have_count(2)
    page.mouse.move(5, 5)
    expect(frame.locator(RINGS)).to_have_count(0)
    opener = row.get_by_role("button")
    opener.focus()
    expect(frame.locator(RINGS)).to_have_count(2)
    page.keyboard.press("Enter")
    expect(frame.locator(f"article[data-plot='{plot_id(1, 'S2')}']")).to_be_visible()
    expect(row).to_have_attribute("aria-current", "true")
    page.wait_for_url(f"**plot={plot_id(1, 'S2')}**")
    page.keyboard.press("Escape")
    expect(frame.locator("#card")).to_be_hidden()
    expect(row).not_to_have_attribute("aria-current", "true")
    expect(opener).to_be_focused()


def test_a_plot_clicked_on_the_map_is_marked_in_the_list(page: Page) -> None:
    page.goto(f"/?lang=en&district={RASHT}&class=S1&class=S2&class=N2&sortby=-plot_id")
    frame = drawn_map(page)
    expect(page.locator("#rows-body tbody tr")).to_have_count(25)
    fold_panel(frame)
    click_plot(frame, 3, "S2")
    row = page.locator("#rows-body tr[aria-current]")
    expect(row).to_have_attribute("data-plot", plot_id(3, "S2"))
    expect(row).to_be_in_viewport()
    drawn_map(page)
    click_plot(frame, 0, "N2")
    expect(page.locator("#rows-note")).to_contain_text(plot_id(0, "N2"))
    expect(row).to_have_count(0)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("view", [DESK, PHONE])
def test_the_list_is_read_by_everybody_and_nothing_is_cut(
    browser: Browser, address: str, view: ViewportSize, lang: Language
) -> None:
    with browser.new_context(viewport=view, base_url=address) as context:
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.goto(f"/?lang={lang}&district={RASHT}")
        drawn_map(page)
        expect(page.get_by_role("heading", name=translate("List of plots", lang))).to_be_visible()
        expect(page.locator("#rows-body tbody tr")).to_have_count(25)
        assert serious_faults(page.main_frame) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= view["width"]
        map_box, list_box = page.locator("#map").bounding_box(), page.locator("#rows").bounding_box()
        assert map_box is not None
        assert list_box is not None
        assert map_box["y"] + map_box["height"] <= list_box["y"]
        if view is DESK:
            assert list_box["y"] + list_box["height"] <= view["height"]


def test_a_list_that_does_not_come_is_told_and_the_link_to_it_stays(browser: Browser, address: str) -> None:
    with browser.new_context(viewport=DESK, base_url=address) as context:
        page = context.new_page()
        page.route("**/list/rows?*", lambda route: route.abort())
        page.goto(f"/?lang=en&district={RASHT}")
        expect(page.locator("#rows-note")).to_have_text("The list did not come. Load the page again.")
        expect(page.get_by_role("link", name="List of plots: narrow, sort, take away")).to_be_visible()
    with browser.new_context(java_script_enabled=False, base_url=address) as context:
        page = context.new_page()
        page.goto(f"/?lang=en&district={RASHT}")
        expect(page.locator("#rows")).to_be_hidden()
        expect(page.get_by_role("link", name="List of plots: narrow, sort, take away")).to_be_visible()
