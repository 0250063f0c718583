"""Signing in and out in a real browser, in three languages: nothing stays in its storage, nothing is cut."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pytest
from playwright.sync_api import Browser, Page, expect

from api.language.translate import LANGUAGES, Language, translate
from layers.catalogue.base import STAFF
from layers.postgres.engine import writing
from layers.schema.access import create_key
from tests.clients.browser import DESK, PATIENCE_MS, PHONE
from tests.clients.pictures import serious_faults
from tests.worlds.region_on_the_page import RASHT

pytestmark = pytest.mark.browser

PLOT: Final = "ga-01-S1"


@pytest.fixture(scope="module", name="key")
def _key(planted: None) -> str:  # noqa: ARG001 - the database must be filled
    with writing() as connection:
        return create_key(connection, STAFF, "A. of the office in Gharm")


@pytest.fixture(name="opened", params=[DESK, PHONE], ids=["desk", "phone"])
def _opened(request: pytest.FixtureRequest, browser: Browser, address: str) -> Iterator[Page]:
    """Open a page of a browser of its own."""
    with browser.new_context(viewport=request.param, base_url=address) as context:
        context.set_default_timeout(PATIENCE_MS)
        yield context.new_page()


def is_cut(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_staff_sign_in_read_and_sign_out(opened: Page, key: str, lang: Language) -> None:
    opened.goto(f"/districts/{RASHT}/list?lang={lang}")
    opened.get_by_role("link", name=translate("Sign in", lang), exact=True).click()
    field = opened.get_by_label(translate("Your key", lang))
    field.fill("wrong")
    opened.keyboard.press("Enter")
    refusal = translate(
        "This is not a key that is good. Look whether it is whole, or ask whoever gave it to you for a new one.", lang
    )
    expect(opened.get_by_role("alert")).to_have_text(refusal)
    expect(field).to_have_value("")
    assert serious_faults(opened.main_frame) == []
    assert not is_cut(opened)
    field.fill(key)
    opened.get_by_role("button", name=translate("Sign in", lang)).click()
    opened.goto(f"/districts/{RASHT}/list?lang={lang}")
    band = opened.get_by_role("region", name=translate("Signed in", lang), exact=True)
    expect(band).to_contain_text("A. of the office in Gharm")
    band.locator("summary").click()
    assert serious_faults(opened.main_frame) == []
    assert not is_cut(opened)
    assert opened.evaluate("[document.cookie, localStorage.length, sessionStorage.length]") == ["", 0, 0]
    assert key not in opened.content()
    opened.emulate_media(media="print")
    assert not band.is_visible()
    opened.emulate_media(media="screen")
    band.get_by_role("button", name=translate("Sign out", lang)).click()
    expect(opened.get_by_label(translate("Your key", lang))).to_be_visible()
    opened.go_back()
    opened.reload()
    expect(band).to_have_count(0)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_staff_remark_something_on_a_plot(opened: Page, key: str, lang: Language) -> None:
    said = f"{lang}: the sluice is stuck, see the mirab of the lower canal before the season begins, please"[:80]
    opened.goto(f"/sign-in?lang={lang}")
    opened.get_by_label(translate("Your key", lang)).fill(key)
    opened.keyboard.press("Enter")
    opened.wait_for_url(f"**/?lang={lang}")
    opened.goto(f"/plots/{PLOT}/why?lang={lang}")
    remarks = opened.locator("#remarks")
    remarks.get_by_label(translate("Remark", lang), exact=True).fill(said)
    remarks.get_by_role("button", name=translate("Store the remark", lang)).click()
    expect(remarks.get_by_role("listitem")).to_have_count(1)
    expect(remarks).to_contain_text(said)
    assert serious_faults(opened.main_frame) == []
    assert not is_cut(opened)
    opened.emulate_media(media="print")
    assert not remarks.is_visible()
    opened.emulate_media(media="screen")
    opened.goto(f"/districts/{RASHT}/list?lang={lang}")
    expect(opened.locator(".staff-only")).to_contain_text(said)
    assert serious_faults(opened.main_frame) == []
    assert not is_cut(opened)
    opened.goto(f"/plots/{PLOT}/why?lang={lang}")
    remarks.get_by_role("button", name=translate("Take back", lang)).click()
    expect(remarks.get_by_role("listitem")).to_have_count(0)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_staff_store_what_the_sliders_try(opened: Page, key: str, lang: Language) -> None:
    opened.goto(f"/sign-in?lang={lang}")
    opened.get_by_label(translate("Your key", lang)).fill(key)
    opened.keyboard.press("Enter")
    opened.wait_for_url(f"**/?lang={lang}")
    opened.goto(f"/schemes/new?district={RASHT}&lang={lang}&weigh_water=150&orness=20")
    assert serious_faults(opened.main_frame) == []
    assert not is_cut(opened)
    name = f"{lang}-{opened.evaluate('innerWidth')}"
    opened.locator("#name").fill(name)
    opened.locator("#panel").fill("Women of the jamoat")
    opened.get_by_role("button", name=translate("Store as a scheme", lang)).click()
    expect(opened.locator("code")).to_have_text(f"obod score --scheme staff-{name} --draft")
    assert serious_faults(opened.main_frame) == []
    assert not is_cut(opened)
