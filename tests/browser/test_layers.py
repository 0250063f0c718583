"""Layers of the map in a real browser: in groups, as strong as asked, one over the other; the address keeps it."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, FrameLocator, Locator, Page, expect

from api.language.translate import LANGUAGES, Language, translate
from layers.catalogue.land import CLASS_STYLES
from tests.clients.browser import PATIENCE_MS, PHONE, Noticed, drawn_map
from tests.clients.pictures import all_colours, colours_of, picture_of, rgb, serious_faults
from tests.worlds.region_on_the_page import GHARM, RASHT

pytestmark = pytest.mark.browser

BROKEN_CANAL = rgb("#a0127f")  # condition 4
DARK = rgb("#111111")
S1 = rgb(CLASS_STYLES["S1"].colour)


def _row(frame: FrameLocator, layer: str) -> Locator:
    """Return the row of a layer among those that are on, unfolded."""
    if not frame.locator("#drawn").evaluate("rows => rows.open"):
        frame.locator("#drawn > summary").click()
    return frame.locator(f"#drawn li[data-of={layer}]")


def _dark(frame: FrameLocator) -> int:
    """Count the pixels in the colour of what was chosen; signs of buttons have it too."""
    picture = picture_of(frame)
    return sum(count for count, colour in picture.getcolors(picture.width * picture.height) or [] if colour == DARK)


def _asked(page: Page) -> list[str]:
    return parse_qs(urlsplit(page.url).query).get("layers", [""])[0].split(",")


def test_a_layer_is_painted_as_strongly_as_the_slider_says_by_key(page: Page) -> None:
    page.goto(f"/?lang=en&district={RASHT}")
    frame = drawn_map(page)
    assert BROKEN_CANAL in all_colours(frame)
    slider = _row(frame, "canals").get_by_role("slider", name="How strongly it is painted: Canals", exact=True)
    slider.focus()
    slider.press("Home")
    drawn_map(page)
    assert BROKEN_CANAL not in all_colours(frame)
    assert "canals:10" in _asked(page)
    page.reload()
    frame = drawn_map(page)
    assert BROKEN_CANAL not in all_colours(frame)
    expect(_row(frame, "canals").get_by_role("slider")).to_have_value("10")
    tajik = page.get_by_role("link", name="Тоҷикӣ").get_attribute("href") or ""
    assert "canals%3A10" in tajik or "canals:10" in tajik
    _row(frame, "canals").get_by_role("slider").press("End")
    drawn_map(page)
    assert BROKEN_CANAL in all_colours(frame)
    assert "layers=" not in page.url  # as a map that nobody has changed


def test_a_layer_is_moved_over_another_by_key_and_stays_there(page: Page) -> None:
    page.goto(f"/?lang=en&district={RASHT}&opacity=100")
    frame = drawn_map(page)
    frame.get_by_label("Elevation", exact=True).check()
    drawn_map(page)
    assert colours_of(frame, 5, "S1") == {S1}
    expect(_row(frame, "dem").get_by_role("button", name="One layer down: Elevation")).to_be_disabled()
    up = _row(frame, "dem").get_by_role("button", name="One layer up: Elevation")
    up.focus()
    while _asked(page).index("dem") > _asked(page).index("plots"):
        expect(up).to_be_focused()
        up.press("Enter")
        drawn_map(page)
    expect(frame.locator("#drawn [role=status]")).to_have_text(
        f"Elevation: place {_asked(page).index('dem') + 1} of {len(_asked(page))} from the top"
    )
    assert S1 not in colours_of(frame, 5, "S1")
    order = _asked(page)
    page.reload()
    frame = drawn_map(page)
    assert S1 not in colours_of(frame, 5, "S1")
    assert frame.locator("#drawn li").evaluate_all("rows => rows.map((row) => row.dataset.of)") == order


def test_what_marks_mines_lies_over_everything(page: Page) -> None:
    page.goto(f"/?lang=en&district={RASHT}&layers=dem,plots")
    drawn_map(page)
    parts = page.frames[1].evaluate(
        "() => { let gl; map_plots.eachLayer((one) => { gl = one.getMaplibreMap?.() ?? gl; });"
        " return gl.getStyle().layers.map((part) => part.id); }"
    )
    assert parts.index("plots-fill") < parts.index("dem") < parts.index("plots-mines") < parts.index("plots-mines-line")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_groups_source_date_and_accuracy_are_said_in_every_language_on_a_phone(
    browser: Browser, address: str, noticed: Noticed, lang: Language
) -> None:
    with browser.new_context(viewport=PHONE, base_url=address) as context:
        context.set_default_timeout(PATIENCE_MS)
        noticed.watch(context)
        page = context.new_page()
        page.goto(f"/?lang={lang}&district={RASHT}&layers=plots,dem:40,canals")
        frame = drawn_map(page)
        frame.locator("#panel > summary").click()
        headings = frame.locator(".theme > summary").all_inner_texts()
        named = ("Land", "Water", "Boundaries and villages", "Ground and climate")
        assert headings == [translate(name, lang) for name in named]
        of_grid = frame.locator(".switch", has=frame.locator("[data-layer=dem]")).locator(".of-layer")
        expect(of_grid).to_contain_text({"en": "Cells of 69 m", "tg": "Чашмакҳои 69 м", "ru": "Ячейки 69 м"}[lang])
        of_canals = frame.locator(".switch", has=frame.locator("[data-layer=canals]")).locator(".of-layer")
        expect(of_canals).to_contain_text(translate("accuracy not stated", lang)[1:])
        rows = frame.locator("#drawn li .title").all_inner_texts()
        assert rows == [translate(title, lang) for title in ("Plots", "Elevation", "Canals")]
        panel = frame.locator("#panel")
        assert panel.evaluate("panel => panel.scrollWidth <= panel.clientWidth")
        assert [serious_faults(part) for part in page.frames] == [[], []]
    noticed.nothing_wrong()


def test_names_that_are_no_layers_are_refused(page: Page, address: str) -> None:
    for asked, said in (("canal", "There is no layer 'canal'"), ("plots,canals,plots", "layers names plots twice")):
        for path in ("/", "/maps/plots"):
            answer = page.request.get(f"{address}{path}?layers={asked}", headers={"Accept": "application/json"})
            assert answer.status == 400, path
            assert said in answer.text(), path
    assert page.request.get(f"{address}/?layers=canals:9").status == 400


def test_the_chosen_jamoat_and_the_village_that_was_found_are_marked(page: Page) -> None:
    page.goto(f"/?lang=tg&district={RASHT}&jamoat={GHARM}&layers=none&village=v1")
    frame = drawn_map(page)
    marked = _dark(frame)
    expect(frame.locator(".village")).to_have_text("Ғарм")
    page.get_by_role("link", name="Русский").click()
    frame = drawn_map(page)
    expect(frame.locator(".village")).to_have_text("Гарм")
    assert [serious_faults(part) for part in page.frames] == [[], []]
    page.goto(f"/?lang=tg&district={RASHT}&layers=none")
    assert marked > 5 * _dark(drawn_map(page))


def test_on_a_low_laptop_the_map_has_the_screen_and_the_list_is_a_bar_below_it(browser: Browser, address: str) -> None:
    with browser.new_context(viewport={"width": 1366, "height": 768}, base_url=address) as context:
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.goto(f"/?lang=ru&district={RASHT}")
        title = page.locator("#rows summary")
        title.wait_for()
        box, bar = page.locator("#map").bounding_box(), title.bounding_box()
        assert box is not None
        assert bar is not None
        assert box["height"] > 500
        assert bar["y"] + bar["height"] < 768
        expect(page.locator("#rows-body")).to_be_hidden()
        title.press("Enter")
        expect(page.locator("#rows-body tbody tr").first).to_be_visible()
