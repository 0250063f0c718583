"""The page of a job in a real browser, in three languages: asked for, left, come back to, ready by itself, stopped."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pypdfium2
import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from sqlalchemy import Engine, text

from api.language.translate import LANGUAGES, Language, translate
from tests.clients.browser import DESK, PATIENCE_MS, PHONE
from tests.clients.command import run
from tests.clients.pictures import serious_faults
from tests.worlds.region_on_the_page import RASHT

pytestmark = pytest.mark.browser

SIZES: Final = {"tg": DESK, "ru": PHONE, "en": PHONE}


@pytest.fixture(name="lang", params=LANGUAGES)
def _lang(request: pytest.FixtureRequest) -> Language:
    lang: Language = request.param
    return lang


@pytest.fixture(name="job")
def _job(
    browser: Browser, address: str, database: Engine, monkeypatch: pytest.MonkeyPatch, lang: Language
) -> Iterator[Page]:
    """Open the page of a report that was asked for on the list; nobody works on jobs."""
    monkeypatch.setattr("api.routes.background.LONG_PLOTS", 1)
    with database.begin() as connection:
        connection.execute(text("TRUNCATE jobs"))
    with browser.new_context(viewport=SIZES[lang], base_url=address) as context:
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.goto(f"/districts/{RASHT}/list?lang={lang}")
        asked = page.locator("form.background").filter(has=page.locator('input[name="kind"][value="report"]'))
        asked.get_by_role("button").click()
        expect(look(page)).to_have_text(translate("Nobody works on jobs now", lang))
        yield page


def look(page: Page) -> Locator:
    return page.locator(".job-look")


def require_whole(page: Page) -> None:
    assert not page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    assert serious_faults(page.main_frame) == []


def test_it_is_left_and_come_back_to_and_is_ready_by_itself(job: Page, lang: Language, tmp_path: Path) -> None:
    require_whole(job)
    address = job.url
    job.goto(f"/?lang={lang}")
    job.goto(address)
    expect(look(job)).to_have_text(translate("Nobody works on jobs now", lang))
    assert run("jobs", "work", "--once") == 0
    expect(look(job)).to_have_text(translate("It is ready", lang))  # nobody loads the page anew
    require_whole(job)
    with job.expect_download() as taken:
        job.get_by_role("link", name=translate("Take the file", lang)).click()
    taken.value.save_as(tmp_path / "report.pdf")
    paper = pypdfium2.PdfDocument(tmp_path / "report.pdf")
    assert len(paper) >= 1
    paper.close()


def test_it_is_stopped_and_asked_for_again(job: Page, lang: Language) -> None:
    job.get_by_role("button", name=translate("Stop it", lang)).click()
    expect(look(job)).to_have_text(translate("It was stopped", lang))
    require_whole(job)
    address = job.url
    job.get_by_role("button", name=translate("Ask for it again", lang)).click()
    expect(look(job)).to_have_text(translate("Nobody works on jobs now", lang))
    assert job.url != address
