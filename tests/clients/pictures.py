"""What a test sees of a map: its pixels, and what axe finds wrong with a page."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import shapely
from PIL import Image
from playwright.sync_api import Frame, FrameLocator

from tests.clients.browser import map_point
from tests.worlds.region_on_the_page import plot_box

AXE = Path("node_modules/axe-core/axe.min.js")


def serious_faults(frame: Frame) -> list[tuple[str, list[str]]]:
    """What axe finds seriously wrong for people who read with a keyboard or a screen reader."""
    frame.evaluate(AXE.read_text())
    found = frame.evaluate("axe.run(document, { iframes: false })")
    return [
        (fault["id"], [str(node["target"]) for node in fault["nodes"]])
        for fault in found["violations"]
        if fault["impact"] in ("serious", "critical")
    ]


def click_plot(frame: FrameLocator, row: int, judged: str) -> None:
    """Click in the middle of a plot of the world."""
    middle = plot_box(row, judged).centroid
    frame.locator(".folium-map").click(position=map_point(frame, middle.y, middle.x))  # type: ignore[arg-type]


def paint_fully(frame: FrameLocator) -> None:
    """Have plots cover the ground, so that their colours are those declared."""
    slider = frame.locator("#opacity")
    slider.fill("100")
    frame.locator(".folium-map[data-state=idle]").wait_for()


def picture_of(frame: FrameLocator) -> Image.Image:
    """Return the map as it is seen."""
    return Image.open(io.BytesIO(frame.locator(".folium-map").screenshot())).convert("RGB")


def colours_of(frame: FrameLocator, row: int, judged: str) -> set[tuple[int, ...]]:
    """Colours inside a plot, away from its outline."""
    west, south, east, north = shapely.buffer(plot_box(row, judged), -0.00012).bounds
    low, high = map_point(frame, south, west), map_point(frame, north, east)
    part = picture_of(frame).crop((round(low["x"]), round(high["y"]), round(high["x"]), round(low["y"])))
    return {colour for _count, colour in part.getcolors(part.width * part.height) or []}  # type: ignore[misc]


def all_colours(frame: FrameLocator) -> set[tuple[int, ...]]:
    """Return every colour on the map."""
    picture = picture_of(frame)
    return {colour for _count, colour in picture.getcolors(picture.width * picture.height) or []}  # type: ignore[misc]


def is_striped(colour: str, seen: set[tuple[int, ...]]) -> bool:
    """Whether a plot is hatched in a colour.

    Stripes that do not begin on a whole pixel are smoothed with the ground between them: the darkest colour seen is the
    declared one, or lies between it and the lightest, at most half of the way.
    """
    darkest, lightest = (np.array(end(seen, key=sum), dtype=float) for end in (min, max))
    way = lightest - darkest
    share = float((darkest - rgb(colour)) @ way) / float(way @ way) if way.any() else np.inf
    return -0.02 <= share <= 0.5 and bool(np.abs(darkest - share * way - rgb(colour)).max() <= 3)


def is_blended(colour: str, seen: set[tuple[int, ...]]) -> bool:
    """Whether some seen colour is the declared one laid at 78 % over anything lighter."""
    red, green, blue = rgb(colour)
    return any(
        all(
            0.78 * part - 2 <= got <= 0.78 * part + 0.22 * 255 + 2
            for part, got in zip((red, green, blue), one, strict=True)
        )
        for one in seen
    )


def rgb(colour: str) -> tuple[int, ...]:
    """Return red, green and blue of a colour as it is declared."""
    return tuple(int(colour[start : start + 2], 16) for start in (1, 3, 5))
