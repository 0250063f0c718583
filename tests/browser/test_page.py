"""The planner's page in a real browser: pick a district, read a plot, in three languages, by hand and by key."""

from __future__ import annotations

import math
import re
import threading
from pathlib import Path
from typing import Any

import mapbox_vector_tile
import pytest
import shapely
from playwright.sync_api import (
    Browser,
    Page,
    Playwright,
    Route,
    expect,
)

from api.language.translate import LANGUAGES, Language, translate
from api.language.wording import CLASS_WORDS
from api.maps.legend import CRITERIA_BY_ID, criterion_colours
from layers.catalogue.land import CLASS_STYLES
from tests.clients.browser import DESK, PATIENCE_MS, PHONE, Noticed, chromium, drawn_map, fold_panel, map_point
from tests.clients.pictures import (
    all_colours,
    click_plot,
    colours_of,
    is_blended,
    is_striped,
    paint_fully,
    rgb,
    serious_faults,
)
from tests.worlds.region_on_the_page import RASHT, plot_box, plot_id

pytestmark = pytest.mark.browser

LIBRARY = "**/maplibre-gl-csp.js*"  # what draws everything but the first picture
MOST_BYTES = 1_500_000  # of the first page with its map, as they come over the line


@pytest.mark.parametrize("lang", LANGUAGES)
def test_pick_a_district_click_a_plot_read_its_class(
    page: Page, noticed: Noticed, tmp_path: Path, lang: Language
) -> None:
    page.goto(f"/?lang={lang}")
    drawn_map(page)
    assert noticed.received < MOST_BYTES
    page.get_by_label(translate("District", lang), exact=True).select_option(RASHT)
    page.wait_for_url(f"**district={RASHT}**")
    frame = drawn_map(page)
    expect(page.get_by_role("heading", level=1)).to_have_text(
        {"en": "Rasht district", "tg": "ноҳияи Рашт", "ru": "район Рашт"}[lang]
    )
    expect(page.locator(".figures tfoot .figure").last).to_have_text("60")
    fold_panel(frame)
    for judged in ("S3", "NE", "N2"):
        click_plot(frame, 4, judged)
        card = frame.locator(f"article[data-plot='{plot_id(4, judged)}'] h2")
        expect(card).to_contain_text(translate(CLASS_WORDS[judged], lang))
        expect(card).to_contain_text(judged)
        drawn_map(page)
    limiting = translate("high mudflow or flood level", lang)
    expect(frame.locator(".limiting")).to_contain_text(limiting)
    assert [serious_faults(part) for part in page.frames] == [[], []]
    picture = tmp_path / f"page-{lang}.png"
    page.screenshot(path=picture)
    assert picture.stat().st_size > 50_000


def test_plots_have_exactly_the_declared_colours_and_what_is_unknown_is_hatched(page: Page) -> None:
    page.goto(f"/?lang=en&district={RASHT}")
    frame = drawn_map(page)
    paint_fully(frame)
    for judged, look in CLASS_STYLES.items():
        seen = colours_of(frame, 5, judged)
        assert is_striped(look.colour, seen) if look.hatched else seen == {rgb(look.colour)}, judged
    frame.get_by_label("Colour plots by").select_option("slope_pct")
    drawn_map(page)
    stops = dict(criterion_colours(CRITERIA_BY_ID["slope_pct"]))
    share = (7.1 - 5.0) / (8.0 - 5.0)  # all known plots of the region slope 7.1 %; knots at 5 and 8 %
    between = zip(rgb(stops[5.0]), rgb(stops[8.0]), strict=True)
    mixed = tuple(a + share * (b - a) for a, b in between)
    for judged in ("S1", "N2"):
        (only,) = colours_of(frame, 5, judged)
        assert only == pytest.approx(mixed, abs=2)
    assert len(colours_of(frame, 5, "NE")) > 1
    expect(frame.locator("[data-legend=slope_pct]")).to_be_visible()
    expect(frame.locator("[data-legend=class]")).to_be_hidden()
    assert "colour=slope_pct" in page.url


def test_a_layer_is_switched_off_and_on(page: Page) -> None:
    page.goto(f"/?lang=en&district={RASHT}")
    frame = drawn_map(page)
    broken_canal = rgb("#a0127f")  # condition 4
    assert broken_canal in all_colours(frame)
    frame.get_by_label("Canals", exact=True).uncheck()
    drawn_map(page)
    assert broken_canal not in all_colours(frame)
    frame.get_by_label("Canals", exact=True).check()
    drawn_map(page)
    assert broken_canal in all_colours(frame)


def test_the_plots_are_drawn_before_the_library_for_the_rest_has_come(page: Page) -> None:
    held: list[Route] = []
    free = threading.Event()
    page.route(LIBRARY, lambda route: route.continue_() if free.is_set() else held.append(route))
    page.goto(f"/?lang=en&district={RASHT}", wait_until="commit")
    frame = page.frame_locator("#map")
    frame.locator(".folium-map[data-state=subject]").wait_for(timeout=PATIENCE_MS)
    broken_canal = rgb("#a0127f")  # condition 4
    first = all_colours(frame)
    assert {is_blended(CLASS_STYLES[judged].colour, first) for judged in ("S1", "S2", "S3", "N1", "N2")} == {True}
    assert broken_canal not in first
    free.set()
    for route in held:
        route.continue_()
    drawn_map(page)
    assert broken_canal in all_colours(frame)


def test_a_link_opens_at_its_place_though_the_page_is_laid_out_anew_meanwhile(page: Page) -> None:
    held: list[Route] = []
    page.route("**/static/js/map.js*", lambda route: held.append(route))
    with page.expect_request("**/static/js/map.js*"):
        page.goto(f"/?lang=en&district={RASHT}&at=14/39.03300/70.38400", wait_until="commit")
    frame = page.frame_locator("#map")
    ground = frame.locator(".folium-map.leaflet-container")
    ground.wait_for(timeout=PATIENCE_MS)
    ground.evaluate("map => { map.style.height = '300px'; }")
    for route in held:
        route.continue_()
    drawn_map(page)
    size = ground.evaluate("map => [map.clientWidth, map.clientHeight]")
    point = map_point(frame, 39.033, 70.384)
    assert size[1] == 300
    assert (point["x"], point["y"]) == pytest.approx((size[0] / 2, size[1] / 2), abs=2)


ONLY_PLOTS = """(panel) => {
  for (const box of panel.querySelectorAll("input[data-layer]:checked:not([data-layer=plots])")) box.click();
}"""


@pytest.mark.parametrize("colour", ["class", "score", "confidence", "slope_pct", "flood_level"])
def test_plots_look_the_same_before_and_after(browser: Browser, address: str, colour: str) -> None:
    pictures = []
    for library in (False, True):
        with browser.new_context(viewport=DESK, base_url=address) as context:
            context.set_default_timeout(PATIENCE_MS)
            page = context.new_page()
            if not library:
                page.route(LIBRARY, lambda route: route.abort())
            page.goto(f"/?lang=en&district={RASHT}&colour={colour}", wait_until="commit")
            frame = page.frame_locator("#map")
            frame.locator(f".folium-map[data-state={'idle' if library else 'fault'}]").wait_for()
            if library:
                frame.locator("#panel").evaluate(ONLY_PLOTS)
                drawn_map(page)
            pictures.append({judged: colours_of(frame, 5, judged) for judged in CLASS_STYLES})
    for judged, seen in pictures[0].items():
        assert (len(seen) > 1) == (len(pictures[1][judged]) > 1), judged  # hatched in both or in none
        if len(seen) == 1:
            assert min(seen) == pytest.approx(min(pictures[1][judged]), abs=2), judged


READ = """async ([data, name]) => {
  const { featuresOf } = await import("/static/js/vector-tile.js");
  return featuresOf(Uint8Array.from(data), name).map(({ type, properties, trace }) => {
    const drawn = [];
    const draws = (command) => (...place) => drawn.push([command, ...place]);
    trace({ moveTo: draws("M"), lineTo: draws("L"), closePath: draws("Z") }, 4096);
    return [type, properties, drawn];
  });
}"""


def test_tiles_are_read_as_another_program_wrote_them(page: Page) -> None:
    hole = shapely.Polygon([(0, 0), (90, 0), (90, 90), (0, 90)], [[(20, 20), (20, 40), (40, 40), (40, 20)]])
    shapes = [hole, shapely.MultiLineString([[(-80, 5), (4000, 4095)], [(7, 7), (8, 9), (10, 7)]]), shapely.Point(3, 4)]
    carried = {"name": "Қубодиён", "whole": 2**40, "below": -(2**40), "share": -0.125, "known": True}
    features = [{"geometry": shape, "properties": carried} for shape in shapes] + [{"geometry": hole, "properties": {}}]
    layers = [{"name": "others", "features": features[:1]}, {"name": "asked", "features": features}]
    tile = mapbox_vector_tile.encode(layers, default_options={"y_coord_down": True})
    page.goto("/maps/settlements?lang=en")
    read = page.evaluate(READ, [list(tile), "asked"])
    told = mapbox_vector_tile.decode(tile, default_options={"y_coord_down": True})["asked"]["features"]
    assert [properties for _type, properties, _drawn in read] == [feature["properties"] for feature in told]
    assert [type_ for type_, _properties, _drawn in read] == [3, 2, 1, 3]
    rings = told[0]["geometry"]["coordinates"]
    assert [[step[1:] for step in ring] for ring in _steps(read[0][2])] == [ring[:-1] for ring in rings]
    lines = told[1]["geometry"]["coordinates"]
    assert [[step[1:] for step in line] for line in _steps(read[1][2])] == lines
    assert page.evaluate(READ, [list(tile), "absent"]) == page.evaluate(READ, [[], "asked"]) == []


def _steps(drawn: list[list[Any]]) -> list[list[list[Any]]]:
    """Corners of each part of an outline, which begins where the pen is moved."""
    parts: list[list[list[Any]]] = []
    for step in drawn:
        if step[0] == "M":
            parts.append([])
        if step[0] != "Z":
            parts[-1].append(step)
    return parts


def test_the_address_keeps_the_view_the_plot_and_the_language(page: Page) -> None:
    page.goto(f"/?lang=ru&district={RASHT}")
    click_plot(drawn_map(page), 2, "S2")
    frame = page.frame_locator("#map")
    expect(frame.locator("article")).to_have_attribute("data-plot", plot_id(2, "S2"))
    page.wait_for_url(f"**plot={plot_id(2, 'S2')}**")
    page.get_by_role("link", name="Тоҷикӣ").click()
    again = drawn_map(page)
    expect(again.locator(f"article[data-plot='{plot_id(2, 'S2')}'] h2")).to_contain_text("Мувофиқ")
    assert page.get_by_role("heading", level=1).inner_text() == "ноҳияи Рашт"


def test_a_plot_is_found_and_read_by_key_alone(page: Page) -> None:
    middle = plot_box(3, "N1").centroid
    page.goto(f"/?lang=en&district={RASHT}&at=17/{middle.y}/{middle.x}")
    frame = drawn_map(page)
    expect(frame.locator(".crosshair")).to_be_hidden()
    for _ in range(40):
        page.keyboard.press("Tab")
        if frame.locator(".folium-map:focus").count():
            break
    expect(frame.locator(".crosshair")).to_be_visible()
    page.keyboard.press("Enter")
    expect(frame.locator(f"article[data-plot='{plot_id(3, 'N1')}']")).to_be_visible()
    page.keyboard.press("Escape")
    expect(frame.locator("#card")).to_be_hidden()


def test_the_far_view_shows_hectares_of_every_class_on_squares(page: Page) -> None:
    page.goto(f"/?lang=en&district={RASHT}&at=11/39.03/70.38")
    frame = drawn_map(page)
    expect(frame.locator("#zoom-hint")).to_be_visible()
    expect(frame.locator("#zoom-hint")).to_contain_text("share of each class in the hectares")
    shares = all_colours(frame)
    assert {is_blended(CLASS_STYLES[judged].colour, shares) for judged in ("S1", "N2")} == {True}
    click_plot(frame, 5, "S3")
    card = frame.locator("#card-body")
    expect(card.get_by_role("heading")).to_have_text("Land in this square")
    told = dict(zip(card.locator("dt").all_inner_texts(), card.locator("dd").all_inner_texts(), strict=True))
    assert set(told) == {look.label for look in CLASS_STYLES.values()}
    plots = sum(int(_number(text, r"plots: (\d+)")) for text in told.values())
    hectares = sum(float(_number(text, r"([\d.]+) ha")) for text in told.values())
    assert plots in (60, 61)  # the square may hold all plots of Rasht; none is lost for being small
    assert hectares == pytest.approx(float(page.locator(".figures tfoot .figure").first.inner_text()), abs=0.1)


def test_a_place_is_found_as_its_name_is_typed_in_any_script(page: Page) -> None:
    page.goto("/?lang=en")
    drawn_map(page)
    for spelling in ("Кабодиён", "qabodiyon", "Кубод"):
        page.get_by_label("Find a place, in any spelling").fill(spelling)
        expect(page.locator("#found a")).to_have_text("Qubodiyon")
    page.get_by_label("Find a place, in any spelling").fill("Атлантида")
    expect(page.locator("#found-note")).to_have_text("No place of that name is known.")
    page.get_by_label("Find a place, in any spelling").fill("гарм")
    page.locator("#found a").first.click()
    drawn_map(page)
    assert "district=TJ.RR.GA" in page.url


def test_no_word_of_the_page_of_a_plot_is_cut_on_a_phone(browser: Browser, address: str, noticed: Noticed) -> None:
    """Each word of a list of facts stands on one line, however the browser knows to hyphenate."""
    cut = """() => [...document.querySelectorAll("dt, dd")].flatMap((cell) => {
        const range = document.createRange(), found = [];
        for (const node of cell.childNodes) {
            for (const word of (node.nodeValue || "").matchAll(/\\p{L}+/gu)) {
                range.setStart(node, word.index);
                range.setEnd(node, word.index + word[0].length);
                if (range.getClientRects().length > 1) found.push(word[0]);
            }
        }
        return found;
    })"""
    with browser.new_context(viewport=PHONE, base_url=address) as context:
        context.set_default_timeout(PATIENCE_MS)
        noticed.watch(context)
        page = context.new_page()
        for lang in ("ru", "tg", "en"):
            page.goto(f"/plots/{plot_id(4, 'S1')}/why?lang={lang}")
            assert page.locator("dd").count() > 3
            assert page.evaluate(cut) == [], lang


def test_a_phone_shows_everything_without_scrolling_sideways(browser: Browser, address: str, noticed: Noticed) -> None:
    with browser.new_context(viewport=PHONE, base_url=address, has_touch=True) as context:
        context.set_default_timeout(PATIENCE_MS)
        noticed.watch(context)
        page = context.new_page()
        page.goto(f"/?lang=tg&district={RASHT}")
        frame = drawn_map(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        assert frame.locator("body").evaluate("(body) => body.scrollWidth") <= PHONE["width"]
        expect(frame.locator("#panel .panel-body")).to_be_hidden()
        click_plot(frame, 4, "S1")
        expect(frame.locator(f"article[data-plot='{plot_id(4, 'S1')}']")).to_be_visible()
        box = frame.locator("#card").bounding_box()
        assert box is not None
        assert box["width"] <= PHONE["width"]
    noticed.nothing_wrong()


def test_figures_and_files_are_there_without_a_script(browser: Browser, address: str) -> None:
    with browser.new_context(java_script_enabled=False, base_url=address) as context:
        page = context.new_page()
        page.goto(f"/?lang=en&district={RASHT}&q=Қабодиён")
        expect(page.locator(".figures tfoot .figure").last).to_have_text("60")
        expect(page.get_by_role("link", name="GeoPackage")).to_be_visible()
        page.get_by_role("link", name="Qubodiyon").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Qubodiyon district")


def test_without_webgl_the_plots_are_drawn_and_the_page_says_what_is_missing(
    playwright: Playwright, address: str
) -> None:
    with chromium(playwright, "--disable-3d-apis") as browser:
        page = browser.new_page(base_url=address)
        page.goto(f"/?lang=en&district={RASHT}&at=11/39.03/70.38")
        frame = page.frame_locator("#map")
        expect(frame.locator("#map-plain")).to_be_visible(timeout=PATIENCE_MS)
        expect(frame.locator("#map-fault")).to_be_hidden()
        expect(frame.locator("#zoom-hint")).to_be_visible()
        expect(frame.get_by_label("Colour plots by")).to_be_disabled()
        shares = all_colours(frame)
        assert {is_blended(CLASS_STYLES[judged].colour, shares) for judged in ("S1", "N2")} == {True}
        page.goto("/maps/settlements?lang=en")
        expect(page.locator("#map-fault")).to_be_visible(timeout=PATIENCE_MS)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_of_a_plot_says_how_it_was_judged(page: Page, lang: Language) -> None:
    page.goto(f"/plots/{plot_id(4, 'S3')}/why?lang={lang}")
    expect(page.get_by_role("heading", level=1)).to_contain_text(plot_id(4, "S3"))
    row = page.get_by_role("row").filter(has_text=translate("Water adequacy, worst month", lang))
    expect(row.get_by_role("cell").nth(0)).to_contain_text("55")  # 55 of 100 parts, in words
    expect(row.get_by_role("cell").nth(1)).to_have_text("0.30" if lang == "en" else "0,30")
    expect(row.get_by_role("cell").nth(2)).to_have_text("C")
    expect(row).to_contain_text(translate("holds back most", lang))
    assert serious_faults(page.main_frame) == []


def _number(text: str, pattern: str) -> str:
    found = re.search(pattern, text)
    assert found is not None, text
    return found[1]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_map_fills_the_screen_and_shows_where_the_reader_stands(
    browser: Browser, address: str, noticed: Noticed, lang: Language
) -> None:
    middle = plot_box(3, "N1").centroid
    place = {"latitude": middle.y, "longitude": middle.x, "accuracy": 30}
    with browser.new_context(base_url=address, geolocation=place, permissions=["geolocation"]) as context:  # type: ignore[arg-type]
        context.set_default_timeout(PATIENCE_MS)
        noticed.watch(context)
        page = context.new_page()
        page.goto(f"/?lang={lang}&district={RASHT}")
        frame = drawn_map(page)
        frame.get_by_role("button", name=translate("Where am I", lang)).click()
        expect(frame.locator(".leaflet-overlay-pane path")).to_have_count(2, timeout=PATIENCE_MS)
        page.wait_for_url(f"**at=*{math.floor(1000 * middle.y) / 1000}*")
        frame.get_by_role("button", name=translate("Full screen", lang)).click()
        page.wait_for_function("document.fullscreenElement?.id === 'map'")
    noticed.nothing_wrong()


def test_a_layer_that_is_on_says_where_it_is_from(page: Page) -> None:
    page.goto(f"/?lang=en&district={RASHT}")
    frame = drawn_map(page)
    source = frame.locator(".switch", has_text="Canals").locator(".of-layer").first
    expect(source).to_contain_text("Made up for the tests <b> – synthetic")
    frame.get_by_label("Canals", exact=True).uncheck()
    expect(source).to_be_hidden()
