"""Before and after a scenario in a browser: two maps of one place and one month, and no request for another month."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, FrameLocator, Page, Request, ViewportSize, expect
from sqlalchemy import Engine

from api.language.translate import LANGUAGES, Language
from layers.catalogue.balances import LEGEND
from tests.clients.browser import DESK, PATIENCE_MS, PHONE, fold_panel
from tests.clients.command import run
from tests.clients.pictures import all_colours, rgb, serious_faults
from tests.worlds.branches import plant_branches

pytestmark = pytest.mark.browser

# Each reach conveys half, so that .06 m3/s are .375 of 6 q; with the main canal whole q and 2 q are needed: .7513.
FILE = (
    'name = "one"\ntitle = "Main canal"\n[[works]]\nname = "Lined"\ncost_usd = 12000\n'
    '[[works.repairs]]\ncanal = "M"\nconveyance = 1.0\n'
)
WORKS = "work,reach,cost_usd,conveyance\nfirst,m1,10,1\nsecond,m2,10,1\nbranch,b1,15,1\n"
ADDRESS = "/water?month=7&year=dry&rule=proportional&scenario=one&district=TJ.RR.GA"


@pytest.fixture(scope="module", name="planted")
def _planted(database: Engine, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder: Path = tmp_path_factory.mktemp("plans")
    plant_branches(database)
    (folder / "one.toml").write_text(FILE, encoding="utf-8")
    (folder / "works.csv").write_text(WORKS, encoding="utf-8")
    assert run("water", "balance") == 0
    assert run("scenario", "add", folder / "one.toml") == 0
    assert run("scenario", "publish", "one") == 0
    assert run("works", "rank", folder / "works.csv", "--budget", "20", "--keep", "of-2027") == 0


def both(page: Page) -> tuple[FrameLocator, FrameLocator]:
    """The maps of now and of the scenario, once they are drawn."""
    found = page.frame_locator("#map"), page.frame_locator("#map-plan")
    for frame in found:
        frame.locator(".folium-map[data-state=idle]").wait_for(timeout=PATIENCE_MS)
    return found


def shows(frame: FrameLocator, supply: str) -> bool:
    """Whether a map has a colour between that of a supply, as strongly as land is painted, and what lies under it."""
    wanted = rgb(LEGEND[supply].colour)
    return any(sum(abs(a - b) for a, b in zip(colour, wanted, strict=True)) < 60 for colour in all_colours(frame))


VIEW = """() => {
  const map = Object.values(window).find((found) => found instanceof L.Map);
  const { lat, lng } = map.getCenter();
  return [map.getZoom(), lat, lng];
}"""


def test_both_maps_open_at_one_place_though_one_alone_has_its_legend_open(page: Page) -> None:
    page.goto(f"{ADDRESS}&lang=en")
    panels = [frame.locator("#panel").get_attribute("open") is not None for frame in both(page)]
    assert panels == [True, False]
    now, planned = (page.frames[number].evaluate(VIEW) for number in (1, 2))
    assert now == pytest.approx(planned, abs=1e-6)


def test_both_maps_show_one_month_and_place_and_ask_for_nothing(page: Page) -> None:
    page.goto(f"{ADDRESS}&lang=en")
    now, planned = both(page)
    fold_panel(now)
    assert shows(now, "scarce")
    assert shows(planned, "fair")
    assert not shows(planned, "scarce")
    asked: list[str] = []

    def note(request: Request) -> None:
        if "/static/img/" not in request.url:  # the browser looks for the icon again when the address changes
            asked.append(request.url)

    page.context.on("request", note)
    slider = planned.get_by_label("Month")
    slider.focus()
    slider.press("Home")
    slider.press("ArrowRight")
    expect(now.get_by_label("Month")).to_have_attribute("aria-valuetext", "January")
    expect(page.locator("#water-month")).to_have_value("1")
    page.locator("#water-month").select_option("7")
    for frame in (now, planned):
        expect(frame.get_by_label("Month")).to_have_value("7")
    assert asked == []
    found = parse_qs(urlsplit(page.url).query)
    assert (found["month"], found["scenario"]) == (["7"], ["one"])
    scales = [frame.locator(".leaflet-control-scale-line") for frame in (now, planned)]
    near = scales[0].inner_text()
    now.get_by_role("button", name="Zoom out").click()
    expect(scales[0]).not_to_have_text(near)
    expect(scales[1]).to_have_text(scales[0].inner_text())


def test_both_maps_go_to_what_changes(page: Page) -> None:
    """They open there where the whole country is shown, and a link brings both back."""
    page.goto(f"{ADDRESS.replace('&district=TJ.RR.GA', '')}&lang=en")
    frames = both(page)
    scales = [frame.locator(".leaflet-control-scale-line") for frame in frames]
    near = scales[0].inner_text()
    expect(scales[1]).to_have_text(near)
    frames[0].get_by_role("button", name="Zoom out").click()
    for scale in scales:
        expect(scale).not_to_have_text(near)
    page.get_by_role("link", name="Show what changes").click()
    for scale in scales:
        expect(scale).to_have_text(near)
    now, planned = (page.frames[number].evaluate(VIEW) for number in (1, 2))
    assert now == pytest.approx(planned, abs=2e-5)  # addresses keep five digits


def test_another_choice_of_the_form_keeps_the_scenario(page: Page) -> None:
    page.goto(f"{ADDRESS}&lang=en")
    expect(page.locator("#plan-title")).to_have_text("Scenario: Main canal")
    page.locator("#water-scenario").select_option("")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator("#map-plan")).to_have_count(0)
    page.goto(f"{ADDRESS}&lang=en".replace("proportional", "tail-first"))
    expect(page.locator("[role=status] strong").first).to_contain_text("No water balance of this kind of year")


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("view", [DESK, PHONE])
def test_nothing_is_cut_or_seriously_wrong(browser: Browser, address: str, lang: Language, view: ViewportSize) -> None:
    with browser.new_context(viewport=view, base_url=address) as context:
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.goto(f"{ADDRESS}&lang={lang}")
        fold_panel(both(page)[0])
        assert [serious_faults(part) for part in page.frames] == [[], [], []]
        assert page.evaluate("document.documentElement.scrollWidth") <= view["width"]
