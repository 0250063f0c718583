"""The map that a browser prints: signs tell classes apart without colour, and its key stands on the sheet."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator

import numpy as np
import pypdfium2
import pytest
import shapely
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from layers.catalogue.land import CLASS_STYLES
from tests.clients.browser import DESK, PATIENCE_MS, PHONE, drawn_map, fold_panel, map_point
from tests.clients.pictures import picture_of, rgb
from tests.worlds.region_on_the_page import RASHT, plot_box

pytestmark = pytest.mark.browser

S1 = rgb(CLASS_STYLES["S1"].colour)  # has no sign: its plots are of one tone
INK = (31, 20, 0)  # of the level lines of N1, as the sheets of reports have it
NEAR = "17/39.03200/70.38350"
ALIKE = 12.0  # steps of grey of 256 that a copier does not keep apart


@pytest.fixture(scope="module", name="opened")
def _opened(browser: Browser, address: str) -> Iterator[Page]:
    with browser.new_context(viewport=DESK, base_url=address) as context:
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.goto(f"/?lang=tg&district={RASHT}&opacity=100&layers=plots&at={NEAR}")
        fold_panel(drawn_map(page))
        drawn_map(page)
        yield page


def _sheet(page: Page) -> NDArray[np.uint8]:
    """Return the pixels that are printed in place of the map."""
    page.frames[1].evaluate("window.dispatchEvent(new Event('beforeprint'))")
    data: str = page.frames[1].locator("#paper-map").evaluate("sheet => sheet.toDataURL()")
    page.frames[1].evaluate("window.dispatchEvent(new Event('afterprint'))")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data.partition(",")[2]))).convert("RGB"))


def _corner(pixels: NDArray[np.uint8]) -> tuple[int, int]:
    """Return the uppermost row and the leftmost column of S1: to a constant, where the map begins."""
    rows, columns = np.nonzero((pixels == S1).all(axis=-1))
    return int(rows.min()), int(columns[rows < rows.min() + 20].min())


def test_on_a_black_and_white_copy_every_class_has_a_sign_of_its_own(opened: Page) -> None:
    frame = opened.frame_locator("#map")
    sheet, seen = _sheet(opened), np.asarray(picture_of(frame))
    down, across = (one - other for one, other in zip(_corner(sheet), _corner(seen), strict=True))
    grey = np.asarray(Image.fromarray(sheet).convert("L"), dtype=float)
    parts = {}
    for judged in ("S1", "S2", "S3", "N1", "N2"):
        west, south, east, north = shapely.buffer(plot_box(4, judged), -0.0001).bounds
        low, high = map_point(frame, south, west), map_point(frame, north, east)
        rows = slice(round(high["y"]) + down, round(low["y"]) + down)
        parts[judged] = grey[rows, round(low["x"]) + across : round(high["x"]) + across]
    tone = {judged: float(np.array(rgb(CLASS_STYLES[judged].colour)) @ (0.299, 0.587, 0.114)) for judged in parts}
    assert tone["S2"] == pytest.approx(tone["N1"], abs=ALIKE)  # what the signs are for
    assert tone["S1"] == pytest.approx(tone["N2"], abs=ALIKE)
    assert np.ptp(parts["S1"]) < ALIKE
    assert np.median(parts["S1"]) == pytest.approx(tone["S1"], abs=2)
    assert np.ptp(parts["S3"]) < ALIKE
    assert parts["S2"].max() > tone["S2"] + 60  # light dots
    assert parts["S2"].min() > tone["S2"] - ALIKE
    assert parts["N1"].min() < tone["N1"] - 60  # dark lines, level: each row is of one tone
    assert np.median(np.ptp(parts["N1"], axis=1)) < ALIKE
    assert parts["N2"].max() > tone["N2"] + 60  # light lines, crossed
    assert np.median(np.ptp(parts["N2"], axis=1)) > 60


def test_the_pdf_holds_map_and_signs_and_the_page_is_as_before(opened: Page) -> None:
    document = pypdfium2.PdfDocument(opened.pdf(format="A4"))
    pages = [np.asarray(page.render(scale=2).to_pil().convert("RGB"), dtype=int) for page in document]
    close = [{look: int((np.abs(page - look).max(axis=-1) < 24).sum()) for look in (S1, INK)} for page in pages]
    assert any(counted[S1] > 2000 and counted[INK] > 200 for counted in close)
    expect(opened.frame_locator("#map").locator("#paper-map")).to_have_count(0)
    expect(opened.frame_locator("#map").locator(".map-frame")).to_be_visible()


def test_what_plots_are_coloured_by_otherwise_has_no_signs_of_classes(opened: Page) -> None:
    frame = opened.frame_locator("#map")
    assert (_sheet(opened) == INK).all(axis=-1).any()
    frame.locator("#colour").evaluate("one => { one.value = 'slope_pct'; one.dispatchEvent(new Event('change')); }")
    drawn_map(opened)
    assert not (_sheet(opened) == INK).all(axis=-1).any()


def test_a_telephone_prints_a_sheet_with_the_key_in_columns(browser: Browser, address: str) -> None:
    with browser.new_context(viewport=PHONE, base_url=address) as context:
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.goto(f"/?lang=ru&district={RASHT}")
        drawn_map(page)
        height, width, _ = _sheet(page).shape
        assert 650 <= width <= 750
        assert height < 1.5 * width  # fits on a page of A4
