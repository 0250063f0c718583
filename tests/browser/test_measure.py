"""Measuring on the map, and the picture that is taken of it, in a real browser; pyproj measures the same."""

from __future__ import annotations

import io
import re
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, FrameLocator, Page, expect
from pyproj import Geod

from api.language.translate import LANGUAGES, Language, translate
from layers.catalogue.land import CLASS_STYLES
from tests.clients.browser import DESK, PATIENCE_MS, PHONE, Noticed, drawn_map, fold_panel, map_point
from tests.clients.pictures import picture_of, rgb, serious_faults
from tests.worlds.region_on_the_page import RASHT

pytestmark = pytest.mark.browser

AROUND = "14/39.03300/70.38400"
CORNERS = [(39.031, 70.381), (39.031, 70.385), (39.035, 70.385)]  # latitude, longitude
ELLIPSOID = Geod(ellps="WGS84")
UNITS = {"m": 1.0, "м": 1.0, "km": 1000.0, "км": 1000.0}


def _begin(frame: FrameLocator, lang: Language = "en") -> None:
    fold_panel(frame)
    frame.get_by_role("button", name=translate("Measure a distance or an area", lang)).press("Enter")
    expect(frame.locator("#measured")).to_have_text(re.compile("Escape"))


def _click(frame: FrameLocator, place: tuple[float, float]) -> None:
    frame.locator(".folium-map").click(position=map_point(frame, *place))  # type: ignore[arg-type]


def _numbers(said: str) -> list[float]:
    """Return the numbers of a sentence; lengths in metres."""
    found = re.findall(r"(\d[\d\s,.]*)\s?(km|км|m\b|м\b)?", said.replace("\N{NO-BREAK SPACE}", ""))
    return [float(number.strip(" .,").replace(",", ".")) * UNITS.get(unit, 1.0) for number, unit in found]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_line_and_area_are_those_of_the_ellipsoid(page: Page, lang: Language) -> None:
    page.goto(f"/?lang={lang}&district={RASHT}&at={AROUND}")
    frame = drawn_map(page)
    _begin(frame, lang)
    for corner in CORNERS:
        _click(frame, corner)
    latitudes, longitudes = zip(*CORNERS, strict=True)
    line = ELLIPSOID.line_length(longitudes, latitudes)
    area, around = ELLIPSOID.polygon_area_perimeter(longitudes, latitudes)
    said = frame.locator("#measured").inner_text()
    found = _numbers(said)
    pixel = found[4]  # clicks fall on whole pixels
    assert pixel == pytest.approx(156543.03 * np.cos(np.radians(39.033)) / 2**14, rel=0.1)
    assert found[0] == pytest.approx(line, abs=3 * pixel)
    assert found[1] == pytest.approx(abs(area) / 1e4, rel=0.05)
    assert found[2] == pytest.approx(100 * found[1], rel=0.01)
    assert found[3] == pytest.approx(around, abs=4 * pixel)
    expect(frame.locator("#measured")).to_have_attribute("role", "status")
    expect(frame.locator("#card")).to_be_hidden()  # a click that measures opens nothing
    assert [serious_faults(part) for part in page.frames] == [[], []]


OWN = """async (points) => {
  const own = await import("/static/js/measure.js");
  const places = points.map(([lat, lng]) => ({ lat, lng }));
  return [own.alongLine(places), own.within(places).area, own.within(places).perimeter, own.crosses(places)];
}"""


@pytest.mark.parametrize(
    ("points", "crosses"),
    [
        (CORNERS, False),
        ([(37.0, 67.0), (37.0, 75.0), (41.0, 75.0), (41.0, 67.0)], False),
        ([(39.0, 70.0), (39.1, 70.1), (39.1, 70.0), (39.0, 70.1)], True),
        ([(39.0, 70.0), (39.0, 70.2), (39.2, 70.2), (39.1, 70.1), (39.2, 70.0)], False),
    ],
)
def test_the_library_agrees_with_pyproj_to_a_millimetre(
    page: Page, points: list[tuple[float, float]], crosses: bool
) -> None:
    page.goto("/maps/settlements?lang=en")
    page.add_script_tag(url="/static/vendor/geographiclib-geodesic/geographiclib-geodesic.min.js")
    line, area, around, crossed = page.evaluate(OWN, points)
    latitudes, longitudes = zip(*points, strict=True)
    expected, perimeter = ELLIPSOID.polygon_area_perimeter(longitudes, latitudes)
    assert line == pytest.approx(ELLIPSOID.line_length(longitudes, latitudes), abs=1e-3)
    assert (area, around) == (pytest.approx(abs(expected), rel=1e-9, abs=0.1), pytest.approx(perimeter, abs=1e-3))
    assert crossed is crosses


def test_a_line_is_measured_by_key_alone_and_escape_ends_it(page: Page) -> None:
    page.goto(f"/?lang=en&district={RASHT}&at={AROUND}")
    frame = drawn_map(page)
    _begin(frame)
    ground = frame.locator(".folium-map")
    expect(ground).to_be_focused()
    for key in ("Enter", "ArrowRight", "Enter"):
        ground.press(key)
        drawn_map(page)
    told = frame.locator("#measured")
    expect(told).to_have_text(re.compile(r"^Along the line: \d+ m\. A pixel of the map is \d+ m; "))
    ground.press("Backspace")
    expect(told).to_have_text(re.compile("Escape"))
    ground.press("Escape")
    expect(frame.locator("#measure")).to_be_hidden()
    expect(frame.get_by_role("button", name="Measure a distance or an area")).to_be_focused()
    expect(frame.locator(".leaflet-overlay-pane path")).to_have_count(0)


def test_a_line_that_crosses_itself_has_no_area(page: Page) -> None:
    page.goto(f"/?lang=en&district={RASHT}&at={AROUND}")
    frame = drawn_map(page)
    _begin(frame)
    for corner in ((39.031, 70.381), (39.035, 70.385), (39.035, 70.381), (39.031, 70.385)):
        _click(frame, corner)
    expect(frame.locator("#measured")).to_contain_text("The line crosses itself: it has no area.")
    expect(frame.locator("#measured")).not_to_contain_text("sotikh")


WATCH = """() => {
  window.written = [];
  const write = CanvasRenderingContext2D.prototype.fillText;
  CanvasRenderingContext2D.prototype.fillText = function (text, ...place) {
    window.written.push(text);
    return write.call(this, text, ...place);
  };
}"""


def _picture(page: Page, frame: FrameLocator, lang: Language) -> tuple[Image.Image, str]:
    """Return the picture that is saved and the words written on it."""
    page.frames[1].evaluate(WATCH)
    with page.expect_download() as begun:
        frame.get_by_role("button", name=translate("Save the map as a picture", lang)).click()
    assert begun.value.suggested_filename == "obod-map.png"
    picture = Image.open(io.BytesIO(begun.value.path().read_bytes())).convert("RGB")
    written: list[Any] = page.frames[1].evaluate("window.written")
    return picture, " ".join(written)


def _extent(picture: Image.Image, judged: str) -> tuple[int, int]:
    """Return how far apart the outermost pixels of a class lie, across and down, left of what may be a key."""
    rows, columns = np.nonzero((np.asarray(picture)[:600] == rgb(CLASS_STYLES[judged].colour)).all(axis=-1))
    return int(np.ptp(columns)), int(np.ptp(rows))


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("view", [DESK, PHONE])
def test_a_picture_says_all_that_a_reader_needs(
    browser: Browser, address: str, noticed: Noticed, view: Any, lang: Language
) -> None:
    with browser.new_context(viewport=view, base_url=address) as context:
        context.set_default_timeout(PATIENCE_MS)
        noticed.watch(context)
        page = context.new_page()
        page.goto(f"/?lang={lang}&district={RASHT}&class=S1&class=S3&opacity=100&layers=canals,plots&at={AROUND}")
        frame = drawn_map(page)
        fold_panel(frame)
        drawn_map(page)
        picture, written = _picture(page, frame, lang)
        said = (
            "SYNTHETIC DATA",
            "Boundaries are not official.",
            "Suitability class",
            *(look.label for look in CLASS_STYLES.values()),
        )
        for text in said:
            assert translate(text, lang) in written, text
        assert "S1, S3" in written  # which plots
        assert {"en": "Rasht", "tg": "Рашт", "ru": "Рашт"}[lang] in written
        assert translate("Canals", lang) + ": Made up for the tests <b>" in written
        assert f"↑ {translate('N', lang)}" in written
        assert frame.locator(".leaflet-control-scale-line").inner_text() in written
        assert picture.height > frame.locator(".folium-map").evaluate("map => map.offsetHeight")
        seen, taken = (_extent(one, "S1") for one in (picture_of(frame), picture))
        assert taken == pytest.approx(seen, abs=2)  # as large as on the map, so that the scale holds
        colours = {colour for _count, colour in picture.getcolors(picture.width * picture.height) or []}
        assert {rgb(CLASS_STYLES["S1"].colour), rgb(CLASS_STYLES["S3"].colour)} <= colours
    noticed.nothing_wrong()
