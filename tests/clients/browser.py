"""A real browser before the service: headless Chromium, and what it noticed while a test looked at a page."""

from __future__ import annotations

import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import uvicorn
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    FrameLocator,
    Page,
    Playwright,
    Request,
    ViewportSize,
)

from api.main import create_app

DESK: ViewportSize = {"width": 1360, "height": 1180}  # so high that map and list below it both have room
PHONE: ViewportSize = {"width": 360, "height": 740}
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
# Drawn by the processor, since no machine that tests has to have a graphics card; nothing is fetched on its own.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
)
PATIENCE_MS = 240_000.0  # how long a test waits for what must come; a busy machine draws slowly


@contextmanager
def served() -> Iterator[str]:
    """Serve the app of the settings from a thread; give its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(create_app(), log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


@contextmanager
def chromium(playwright: Playwright, *arguments: str) -> Iterator[Browser]:
    """Give a headless Chromium."""
    path = next((found for name in CHROMIUM if (found := shutil.which(name))), None)
    assert path is not None, "the browser tests need Chromium"
    browser = playwright.chromium.launch(executable_path=path, args=[*ARGUMENTS, *arguments])
    try:
        yield browser
    finally:
        browser.close()


@dataclass
class Noticed:
    """What a browser complained about, and the hosts and bytes it asked for."""

    host: str
    complaints: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    received: int = 0

    def watch(self, context: BrowserContext) -> None:
        """Listen to every page of a context, frames included."""
        context.on("console", self._console)
        context.on("weberror", lambda error: self.complaints.append(f"error: {error.error}"))
        context.on("request", self._request)
        context.on("requestfinished", self._finished)

    def nothing_wrong(self) -> None:
        """Fail on a complaint or a request to another host."""
        assert self.strangers == []
        assert self.complaints == []

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and "GPU stall" not in message.text:
            self.complaints.append(f"{message.type}: {message.text}")

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https", "ws", "wss") and f"{parts.scheme}://{parts.netloc}" != self.host:
            self.strangers.append(request.url)

    def _finished(self, request: Request) -> None:
        sizes = request.sizes()
        self.received += sizes["responseBodySize"] + sizes["responseHeadersSize"]


def drawn_map(page: Page) -> FrameLocator:
    """Wait until the framed map has drawn all it has; give its frame."""
    frame = page.frame_locator("#map")
    frame.locator(".folium-map[data-state=idle]").wait_for(timeout=PATIENCE_MS)
    return frame


def map_point(frame: FrameLocator, latitude: float, longitude: float) -> dict[str, float]:
    """Return where a place is on the map, pixels from its top left corner."""
    point: dict[str, float] = frame.locator(".folium-map").evaluate(
        "(_, [lat, lng]) => { const { x, y } = window.map_plots.latLngToContainerPoint([lat, lng]); return { x, y }; }",
        [latitude, longitude],
    )
    return point


def fold_panel(frame: FrameLocator) -> None:
    """Fold the legend away, if the screen was wide enough to have it open."""
    if frame.locator("#panel").evaluate("panel => panel.open"):
        frame.locator("#panel > summary").click()
