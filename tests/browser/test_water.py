"""The page of water in a real browser: another month asks for nothing and changes map, words and address."""

from __future__ import annotations

import math
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, FrameLocator, Page, Request, ViewportSize, expect
from sqlalchemy import Engine

from api.language.translate import LANGUAGES, Language
from layers.catalogue.balances import LEGEND
from tests.clients.browser import DESK, PATIENCE_MS, PHONE, drawn_map, fold_panel
from tests.clients.command import run
from tests.clients.pictures import all_colours, rgb, serious_faults
from tests.worlds.two_canals import plant_canals

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module", name="planted")
def _planted(database: Engine) -> None:
    plant_canals(database)
    for rule in ("head-first", "proportional"):
        assert run("water", "balance", "--rule", rule) == 0


def shows_scarcity(frame: FrameLocator) -> bool:
    """Whether something on the map is of the purple of less than half of the need, over whatever lies under it."""
    red, green, blue = rgb(LEGEND["scarce"].colour)
    assert min(red, blue) - green > 50
    assert red - blue < 25
    return any(min(r, b) - g > 20 and abs(r - b) < 25 for r, g, b in all_colours(frame))


def test_another_month_asks_for_nothing_and_is_on_the_map_in_words_and_in_the_link(page: Page) -> None:
    page.goto("/water?lang=en&district=TJ.RR.GA&month=7&rule=proportional&year=dry")
    frame = drawn_map(page)
    fold_panel(frame)  # its key has every colour
    assert shows_scarcity(frame)
    asked: list[str] = []

    def note(request: Request) -> None:
        if "/static/img/" not in request.url:  # the browser looks for the icon again when the address changes
            asked.append(request.url)

    page.context.on("request", note)
    slider = frame.get_by_label("Month")
    slider.focus()
    slider.press("Home")
    slider.press("ArrowRight")
    expect(slider).to_have_attribute("aria-valuetext", "January")
    expect(page.locator("#water-title span:visible")).to_have_text("January")
    expect(page.locator("#water-month")).to_have_value("1")
    page.wait_for_function("new URL(location.href).searchParams.get('month') === '1'")
    drawn_map(page)
    assert not shows_scarcity(frame)  # nothing is needed in January
    page.locator("#water-month").select_option("7")
    expect(slider).to_have_value("7")
    drawn_map(page)
    assert shows_scarcity(frame)
    assert asked == []
    assert parse_qs(urlsplit(page.url).query)["month"] == ["7"]


def test_a_canal_is_told_beside_the_map_without_loading_the_page(page: Page) -> None:
    page.goto("/water?lang=en&month=7&rule=head-first&year=dry")
    drawn_map(page)
    page.locator("tbody:not([hidden]) a[data-canal=C1]").click()
    expect(page.locator("#canal-title")).to_be_focused()
    expect(page.locator("#canal .says:visible")).to_contain_text("the last fields 0.8.")
    asked = parse_qs(urlsplit(page.url).query)
    assert (asked["canal"], asked["rule"], asked["month"]) == (["C1"], ["head-first"], ["7"])


def test_the_map_goes_to_the_canal_that_is_chosen(page: Page) -> None:
    """The canal is 3 km long in a district of 10 km: seen whole, it takes most of a map that shows no more than it."""

    def kilometres_seen() -> float:
        zoom, latitude, _ = (float(part) for part in parse_qs(urlsplit(page.url).query)["at"][0].split("/"))
        width = page.locator("#map").bounding_box()
        assert width is not None
        return float(width["width"] * 156.54303 * math.cos(math.radians(latitude)) / 2**zoom)

    page.goto("/water?lang=en&month=7&rule=head-first&year=dry&at=6/38.5/71")
    drawn_map(page)
    page.locator("tbody:not([hidden]) a[data-canal=C1]").click()
    expect(page).to_have_url(re.compile("[?&]at=(?!6%2F|6/)"))
    seen = kilometres_seen()
    drawn_map(page)
    assert 3 < seen < 16
    # A link to the canal opens there too, without a script on the page around.
    page.goto("/water?lang=en&month=7&rule=head-first&year=dry&canal=C1")
    frame = drawn_map(page)
    frame.get_by_role("button", name="Zoom out").click()
    expect(page).to_have_url(re.compile("[?&]at="))
    assert kilometres_seen() == pytest.approx(2 * seen)


def test_of_a_canal_that_does_not_come_nothing_else_is_told_in_its_place(browser: Browser, address: str) -> None:
    with browser.new_context(viewport=DESK, base_url=address) as context:
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.goto("/water?lang=en&month=7&rule=head-first&year=dry&canal=C2")
        drawn_map(page)
        expect(page.locator("#canal-title")).to_have_text("Canal C2")
        page.route("**/water/canal?*", lambda route: route.abort())
        page.locator("tbody:not([hidden]) a[data-canal=C1]").click()
        expect(page.locator("#canal [role=alert]")).to_have_text(
            "What is told of this canal did not come. Load the page again."
        )
        expect(page.locator("#canal-title")).to_have_count(0)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("view", [DESK, PHONE])
def test_nothing_is_cut_or_seriously_wrong(browser: Browser, address: str, lang: Language, view: ViewportSize) -> None:
    with browser.new_context(viewport=view, base_url=address) as context:
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.goto(f"/water?lang={lang}&month=7&canal=C1&year=dry&rule=proportional")
        fold_panel(drawn_map(page))
        assert [serious_faults(part) for part in page.frames] == [[], []]
        assert page.evaluate("document.documentElement.scrollWidth") <= view["width"]
