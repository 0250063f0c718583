"""Drawings of a canal in each of its five classes of condition, for forms: a cut across it, without words.

1 cleaned and full; 2 some silt and weeds; 3 lining cracked, more than a quarter silted; 4 a bank breached, less than
half the water; 5 buried by a mudflow (domain reference 6.4).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw

WIDTH, HEIGHT = 480, 320  # pixels; small enough for the slowest line, large enough for a phone held in the sun
SKY, EARTH, LINING, WATER = "#f4f8fb", "#b08a5b", "#8d8d8d", "#2f7fd0"
SILT, WEEDS, CRACK, STONE, ABOVE = "#7a5a35", "#2e8b36", "#1a1a1a", "#5c5c5c", "#cfe6fa"
TOP, BOTTOM = 110, 270  # heights of the banks and of the bed, pixels from above
LEFT, RIGHT = 90, 390  # edges of the canal at the top of its banks
BED_LEFT, BED_RIGHT = 165, 315
LINE: Final = 9  # thickness of the lining

Point = tuple[float, float]


def draw_condition(condition: int, path: Path) -> None:
    """Draw a canal of a class of condition, 1 to 5, and write it as PNG."""
    image = Image.new("RGB", (WIDTH, HEIGHT), SKY)
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, TOP, WIDTH, HEIGHT), fill=EARTH)
    pen.polygon([(LEFT, TOP), (RIGHT, TOP), (BED_RIGHT, BOTTOM), (BED_LEFT, BOTTOM)], fill=SKY)
    _DRAWN[condition](pen)
    image.save(path, optimize=True)


def _sides(height: float) -> tuple[float, float]:
    """Where the slopes are at a height."""
    share = (height - TOP) / (BOTTOM - TOP)
    return LEFT + share * (BED_LEFT - LEFT), RIGHT + share * (BED_RIGHT - RIGHT)


def _layer(pen: ImageDraw.ImageDraw, upper: float, lower: float, colour: str) -> None:
    (left, right), (bed_left, bed_right) = _sides(upper), _sides(lower)
    pen.polygon([(left, upper), (right, upper), (bed_right, lower), (bed_left, lower)], fill=colour)


def _lining(pen: ImageDraw.ImageDraw) -> None:
    pen.line([(LEFT, TOP), (BED_LEFT, BOTTOM), (BED_RIGHT, BOTTOM), (RIGHT, TOP)], fill=LINING, width=LINE)


def _zigzag(pen: ImageDraw.ImageDraw, points: list[Point]) -> None:
    pen.line(points, fill=CRACK, width=4, joint="curve")


def _cleaned(pen: ImageDraw.ImageDraw) -> None:
    _layer(pen, 135, BOTTOM, WATER)
    _lining(pen)


def _silted(pen: ImageDraw.ImageDraw) -> None:
    _layer(pen, 150, BOTTOM, WATER)
    _layer(pen, 250, BOTTOM, SILT)
    _lining(pen)
    for at, height in ((195, 195), (205, 180), (275, 190), (287, 178), (240, 205)):
        pen.line([(at, 252), (at - 6, (252 + height) / 2), (at + 4, height)], fill=WEEDS, width=5)


def _cracked(pen: ImageDraw.ImageDraw) -> None:
    _layer(pen, 165, BOTTOM, WATER)
    _layer(pen, 212, BOTTOM, SILT)
    _lining(pen)
    _zigzag(pen, [(85, 130), (110, 138), (100, 152), (130, 160), (118, 176)])
    _zigzag(pen, [(395, 125), (370, 140), (384, 152), (352, 170), (366, 184)])
    _zigzag(pen, [(225, 285), (240, 268), (248, 284), (262, 264)])


def _breached(pen: ImageDraw.ImageDraw) -> None:
    _layer(pen, 222, BOTTOM, WATER)
    _layer(pen, 252, BOTTOM, SILT)
    _lining(pen)
    pen.polygon([(330, 215), (352, 168), (WIDTH, 205), (WIDTH, 262)], fill=SKY)  # the bank is open
    pen.polygon([(318, 226), (345, 222), (WIDTH, 236), (WIDTH, 262), (322, 252)], fill=WATER)
    for x, y in ((385, 214), (425, 222), (455, 228)):
        pen.polygon([(x, y), (x + 14, y + 8), (x, y + 16)], fill=ABOVE)  # water runs away


def _buried(pen: ImageDraw.ImageDraw) -> None:
    _lining(pen)
    mud = [(40, TOP), (120, 82), (190, 95), (260, 66), (340, 90), (440, TOP), (RIGHT, TOP), (BED_RIGHT, BOTTOM)]
    pen.polygon([*mud, (BED_LEFT, BOTTOM), (LEFT, TOP)], fill=SILT)
    for x, y, radius in (
        (150, 130, 22),
        (235, 105, 28),
        (310, 150, 24),
        (205, 190, 20),
        (270, 220, 17),
        (345, 105, 14),
    ):
        pen.ellipse((x - radius, y - radius, x + radius, y + radius * 0.8), fill=STONE, outline=CRACK, width=2)


_DRAWN: Final[dict[int, Callable[[ImageDraw.ImageDraw], None]]] = {
    1: _cleaned,
    2: _silted,
    3: _cracked,
    4: _breached,
    5: _buried,
}
