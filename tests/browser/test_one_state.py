"""Filters of the planner's page in a real browser: what they leave is on the map, in figures and in the address."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from api.language.translate import LANGUAGES, Language
from layers.catalogue.land import CLASS_STYLES
from tests.clients.browser import DESK, PATIENCE_MS, PHONE, drawn_map, fold_panel
from tests.clients.pictures import all_colours, colours_of, paint_fully, rgb, serious_faults
from tests.worlds.region_on_the_page import QUBODIYON, RASHT, plot_box

pytestmark = pytest.mark.browser


def test_filters_leave_a_map_of_only_these_plots_from_afar_and_near(page: Page) -> None:
    page.goto(f"/?lang=en&district={RASHT}")
    whole = drawn_map(page)
    paint_fully(whole)
    assert rgb(CLASS_STYLES["S3"].colour) in all_colours(whole)
    page.get_by_text("Narrow the plots").click()
    form = page.locator(".narrowing form")
    form.get_by_label("Highly suitable S1").check()
    form.get_by_label("Not suitable N2").check()
    form.get_by_role("button", name="Show").click()
    expect(page.locator(".picker .sentence:not(#trial-told) strong")).to_have_text("S1, N2")
    expect(page.locator(".figures tfoot .figure").last).to_have_text("20")
    frame = drawn_map(page)
    expect(frame.locator(".panel .sentence")).to_have_text("S1, N2")
    paint_fully(frame)
    for judged in ("S1", "N2"):
        assert rgb(CLASS_STYLES[judged].colour) in colours_of(frame, 5, judged)
    for judged in ("S2", "S3", "N1"):
        assert rgb(CLASS_STYLES[judged].colour) not in colours_of(frame, 5, judged), judged
    # Another colour leaves the same plots; another district keeps filter and colour.
    frame.get_by_label("Colour plots by").select_option("slope_pct")
    drawn_map(page)
    assert len(colours_of(frame, 5, "S1")) == 1
    frame.locator("label", has_text="Canals").locator("input").uncheck()
    drawn_map(page)
    page.get_by_label("District", exact=True).select_option(QUBODIYON)
    page.wait_for_url(f"**district={QUBODIYON}**")
    asked = parse_qs(urlsplit(page.url).query)
    assert (asked["class"], asked["colour"]) == (["S1", "N2"], ["slope_pct"])
    assert "canals" not in asked["layers"][0]
    other = drawn_map(page)
    expect(other.locator("#colour")).to_have_value("slope_pct")
    expect(other.get_by_label("Canals", exact=True)).not_to_be_checked()
    expect(page.locator(".figures tfoot .figure").last).to_have_text("1")


@pytest.mark.parametrize("view", [DESK, PHONE])
def test_from_afar_each_plot_that_filters_leave_is_a_dot(browser: Browser, address: str, view: ViewportSize) -> None:
    with browser.new_context(viewport=view, base_url=address) as context:
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        middle = plot_box(3, "N1").centroid
        page.goto(f"/?lang=tg&district={RASHT}&class=N1&at=12/{middle.y}/{middle.x}&layers=plots&opacity=100")
        frame = drawn_map(page)
        fold_panel(frame)
        drawn_map(page)
        assert rgb(CLASS_STYLES["N1"].colour) in all_colours(frame)
        assert rgb(CLASS_STYLES["S1"].colour) not in all_colours(frame)
        assert [serious_faults(part) for part in page.frames] == [[], []]
        assert page.evaluate("document.documentElement.scrollWidth") <= view["width"]


def test_without_a_script_filters_leave_figures_files_and_a_sentence(browser: Browser, address: str) -> None:
    with browser.new_context(viewport=PHONE, base_url=address, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"/?lang=ru&district={RASHT}")
        page.get_by_text("Отобрать участки").click()
        page.locator(".narrowing form input[name=class][value=S1]").check()
        page.locator(".narrowing form button").click()
        expect(page.locator(".picker .sentence:not(#trial-told) strong")).to_have_text("S1")
        expect(page.locator(".figures tfoot .figure").last).to_have_text("10")
        assert "class=S1" in (page.get_by_role("link", name="CSV").get_attribute("href") or "")


def test_plots_that_do_not_come_are_not_taken_for_all_of_them(browser: Browser, address: str) -> None:
    with browser.new_context(viewport=DESK, base_url=address) as context:
        page = context.new_page()
        page.route("**/matches?*", lambda route: route.abort())
        page.goto(f"/?lang=en&district={RASHT}&class=S1")
        frame = page.frame_locator("#map")
        frame.locator("#map-unfiltered").wait_for(timeout=PATIENCE_MS)
        expect(frame.locator(".folium-map")).to_have_attribute("data-state", "fault")


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("view", [DESK, PHONE])
def test_remarks_on_a_short_list_stay_after_the_number_sign(
    browser: Browser, address: str, view: ViewportSize, lang: Language
) -> None:
    asked: list[str] = []
    with browser.new_context(viewport=view, base_url=address) as context:
        context.on("request", lambda request: asked.append(request.url + (request.post_data or "")))
        page = context.new_page()
        page.goto(f"/districts/{RASHT}/list?lang={lang}&class=S1")
        page.locator("table.plots input[name=shortlist]").nth(0).check()
        page.locator("table.plots input[name=shortlist]").nth(2).check()
        page.locator("#ticks button").click()
        fields = page.locator("ul.shortlist input")
        expect(fields).to_have_count(2)
        expect(page.locator("#remarks-note")).to_be_visible()
        fields.nth(0).fill("stony " * 20)
        assert len(fields.nth(0).input_value()) == 80
        page.locator("form.narrow > button").click()
        expect(fields.nth(0)).to_have_value(("stony " * 20)[:80])
        assert "stony" in urlsplit(page.url).fragment
        assert not urlsplit(page.url.partition("#")[0]).fragment
        assert "stony" not in page.url.partition("#")[0]
        assert serious_faults(page.main_frame) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= view["width"]
        report = page.locator("section[aria-labelledby=short-title] a[href*=report]").first
        assert "stony" not in (report.get_attribute("href") or "")
    assert [url for url in asked if "stony" in url.partition("#")[0]] == []


def test_handles_of_the_bars_move_what_is_typed_and_the_other_way(browser: Browser, address: str) -> None:
    with browser.new_context(viewport=DESK, base_url=address) as context:
        page = context.new_page()
        page.goto(f"/districts/{RASHT}/list?lang=en&column=slope_pct&max_slope_pct=30")
        row = page.locator("tr.spread[data-of=slope_pct]")
        low, high = row.locator("input").nth(0), row.locator("input").nth(1)
        most = page.locator("form.narrow input[name=max_slope_pct]")
        most.fill("7.1")
        assert float(high.input_value()) == pytest.approx(7.1, abs=0.2)
        high.focus()
        page.keyboard.press("Home")
        assert high.input_value() == low.input_value()
        page.keyboard.press("End")
        expect(most).to_have_value("")
