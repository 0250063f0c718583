"""Layers of a map in groups that everybody understands, and which of them lies over which at first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from api.maps.maplibre_style import Mapped
from layers.catalogue import RasterLayer
from layers.catalogue.admin import ADMIN
from layers.catalogue.balances import BALANCES
from layers.catalogue.base import Layer
from layers.catalogue.hazards import HAZARDS
from layers.catalogue.irrigation import IRRIGATION, WATERS
from layers.catalogue.land import LAND
from layers.catalogue.seen import SEEN_LAYERS
from layers.catalogue.services import SERVICES
from layers.catalogue.supply import SUPPLY

THEMES: Final[Mapping[str, tuple[type[Layer], ...]]] = {  # message id -> its layers
    "Land": LAND,
    "Water": (*WATERS, *IRRIGATION, *BALANCES, *SUPPLY, *SEEN_LAYERS),
    "Dangers": HAZARDS,
    "People and services": SERVICES,
    "Boundaries and villages": ADMIN,
}
GROUND: Final = "Ground and climate"  # every grid
TITLES: Final = (*THEMES, GROUND)
MESSAGES: Final = TITLES


def theme_of(mapped: Mapped) -> str:
    """Return the group of a layer or grid, a message id."""
    if isinstance(mapped, RasterLayer):
        return GROUND
    return next(theme for theme, layers in THEMES.items() if mapped in layers)


def uppermost_first(layers: Iterable[Mapped]) -> list[Mapped]:
    """Return layers given in draw order as they lie on the map, the uppermost first: points lie over all others."""
    downwards = list(layers)[::-1]
    return sorted(downwards, key=lambda mapped: not _of_points(mapped))


def _of_points(mapped: Mapped) -> bool:
    return not isinstance(mapped, RasterLayer) and mapped.geometry_kind == "POINT"
