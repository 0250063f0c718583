"""How plots look on paper: the tone of their class, and a sign that is still there in a black and white copy.

S2, N1 and NE have nearly one grey, S1 and N2 another; dots, lines and crosses tell them apart where tones cannot.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from layers.catalogue.admin import District, Jamoat
from layers.catalogue.base import Layer, Style
from layers.catalogue.irrigation import Canal, River
from layers.catalogue.land import MINED, SHOWN_STYLES
from layers.features.standing import OPEN

TILE_MM: Final = 1.2  # side of the square that a sign is repeated in
PAPER: Final = "#fafafa"  # ground of what is hatched and has none of its own
MINES: Final = "mines"  # name of the sign that lies over all others
_INK, _BARE = "#1f1400", "#ffffff"
_RISING: Final = "M-.3 .3 .3 -.3M0 1.2 1.2 0M.9 1.5 1.5 .9"
_FALLING: Final = "M-.3 .9 .3 1.5M0 0 1.2 1.2M.9 -.3 1.5 .3"
_DOT: Final = "M.6 .6h.01"  # with round ends
_LEVEL: Final = "M0 .6h1.2"
_UPRIGHT: Final = "M.6 0v1.2"


class Look(Protocol):
    """What is drawn of a class: a style, or an entry of a legend."""

    @property
    def colour(self) -> str:
        """#rrggbb."""

    @property
    def hatched(self) -> bool:
        """Whether stripes are drawn in it."""

    @property
    def ground(self) -> str:
        """Colour below the stripes; empty for none."""


@dataclass(frozen=True, slots=True)
class Sign:
    """Ground and lines of one look; both #rrggbb, ``lines`` a path in a square of ``TILE_MM``, empty for none.

    ``ground`` is empty where what lies below shows through. ``width`` of the lines and ``edge`` of an outline [mm].
    """

    name: str
    ground: str
    ink: str = ""
    lines: str = ""
    width: float = 0.25
    edge: str = ""


def _sign(name: str, look: Style, ink: str, lines: str, width: float) -> Sign:
    ground = (look.ground or PAPER) if look.hatched else look.colour
    edge = look.colour if look.hatched else ground if ink == _BARE else ink
    return Sign(name, ground, ink or look.colour, lines, width, edge)


_LINES: Final[Mapping[str, tuple[str, str, float]]] = {  # ink, "" = the colour of the stripes; lines; their width [mm]
    "S1": ("", "", 0.0),
    "S2": (_BARE, _DOT, 0.45),
    "S3": ("#8a7a1f", "", 0.0),
    "N1": (_INK, _LEVEL, 0.3),
    "N2": (_BARE, _RISING + _FALLING, 0.13),
    "likely": ("", _RISING, 0.25),
    "open": ("", _UPRIGHT, 0.25),
    "unlikely": ("", _FALLING, 0.25),
    "NE": ("", _RISING, 0.3),
}
SIGNS: Final[Mapping[str, Sign]] = {name: _sign(name, look, *_LINES[name]) for name, look in SHOWN_STYLES.items()} | {
    MINES: Sign(MINES, "", MINED.style.colour, _RISING + _FALLING, 0.3, MINED.style.colour)
}


_OF_LOOKS: Final = {(look.colour, look.hatched, look.ground): SIGNS[name] for name, look in SHOWN_STYLES.items()}
DRAWN_OVER: Final = tuple(sign for sign in SIGNS.values() if sign.lines and sign.name != MINES)


def sign_of_look(look: Look) -> Sign | None:
    """Return the sign of a look of plots that a black and white copy needs; None where it needs none, or is another."""
    sign = _OF_LOOKS.get((look.colour, look.hatched, look.ground))
    return sign if sign is not None and sign.lines else None


def sign_of(plot: Mapping[str, Any]) -> str:
    """Return the name of the sign of a plot: its class, or its outlook while that is not settled."""
    judged = str(plot["class"])
    if judged == "NE" or plot.get("settled") is not False:
        return judged
    return str(plot.get("outlook") or OPEN)


def is_mined(plot: Mapping[str, Any]) -> bool:
    """Return whether mines shut a plot: the sign that lies over all others."""
    return plot.get(MINED.attribute) in MINED.values


@dataclass(frozen=True, slots=True)
class LineLook:
    """A line for orientation: colour #rrggbb, width and dashes [mm], and what it is, a message id."""

    colour: str
    width: float
    dash: str
    label: str


def _line(layer: type[Layer], width: float, dash: str = "") -> LineLook:
    look = next(iter(layer.card.legend.values()))
    plain = layer.card.drawn_by is None  # what looks differ by is not told on paper
    return LineLook(look.colour, width, dash, look.label if plain else layer.card.title)


LINES: Final[Mapping[str, LineLook]] = {
    District.__tablename__: _line(District, 0.5, "3 1"),
    Jamoat.__tablename__: _line(Jamoat, 0.3, "1 .8"),
    River.__tablename__: _line(River, 0.35),
    Canal.__tablename__: _line(Canal, 0.2, "1.6 .5"),
}
MINED_LABEL: Final = MINED.style.label
