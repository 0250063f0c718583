"""One browser and one service a module; the module plants what they show, else it is the region of the page."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Playwright, sync_playwright
from sqlalchemy import Engine

from layers.postgres.engine import writing
from tests.clients.browser import DESK, PATIENCE_MS, Noticed, chromium, served
from tests.worlds import region_on_the_page


@pytest.fixture(scope="module", name="planted")
def _planted(database: Engine) -> None:  # noqa: ARG001 - names the database the service reads
    """Fill the database; a module that looks at another world has a fixture of this name of its own."""
    with writing() as connection:
        region_on_the_page.fill(connection)


@pytest.fixture(scope="module", name="address")
def _address(planted: None) -> Iterator[str]:  # noqa: ARG001 - the service starts on what is planted
    with served() as address:
        yield address


@pytest.fixture(scope="module", name="playwright")
def _playwright() -> Iterator[Playwright]:
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="module", name="browser")
def _browser(playwright: Playwright) -> Iterator[Browser]:
    with chromium(playwright) as browser:
        yield browser


@pytest.fixture(name="noticed")
def _noticed(address: str) -> Noticed:
    return Noticed(address)


@pytest.fixture(name="page")
def _page(browser: Browser, address: str, noticed: Noticed) -> Iterator[Page]:
    """Open a page on a desk; nothing may have gone wrong on it when the test ends."""
    with browser.new_context(viewport=DESK, base_url=address) as context:
        context.set_default_timeout(PATIENCE_MS)
        noticed.watch(context)
        yield context.new_page()
    noticed.nothing_wrong()
