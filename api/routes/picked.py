"""What the address of the planner's page asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query

from api.maps.scene import AT
from api.routes.emphasis import EmphasisDep, address_of
from geo.suitability.trial import NEUTRAL, Emphasis

LAYERS = r"^([a-z_]+(,[a-z_]+)*)?$"
PERCENT = r"^([1-9][0-9]|100)?$"


@dataclass(frozen=True, slots=True)
class MapView:
    """How the map is looked at: it goes along from page to page, whatever plots are asked for.

    ``emphasis`` : weights that are tried on the map and in its figures; lists, files and papers are of the published
    result.
    """

    at: str | None
    colour: str | None
    layers: str | None
    opacity: str | None
    emphasis: Emphasis = NEUTRAL

    def asked(self) -> dict[str, str]:
        """Return what of it is asked for, by the name of its parameter."""
        found = {"at": self.at, "colour": self.colour, "layers": self.layers, "opacity": self.opacity}
        return {**{name: text for name, text in found.items() if text}, **address_of(self.emphasis)}


def get_view(
    emphasis: EmphasisDep,
    at: Annotated[str | None, Query(pattern=AT.pattern, description="View: zoom/latitude/longitude.")] = None,
    colour: Annotated[str | None, Query(description="What plots are coloured by.")] = None,
    layers: Annotated[str | None, Query(pattern=LAYERS, description="Layers that are switched on.")] = None,
    opacity: Annotated[str | None, Query(pattern=PERCENT, description="How strongly plots are painted, %.")] = None,
) -> MapView:
    """Return how the map is looked at."""
    return MapView(at or None, colour or None, layers or None, opacity or None, emphasis)


ViewDep = Annotated[MapView, Depends(get_view)]


@dataclass(frozen=True, slots=True)
class Picked:
    """What the address of the page asks for; empty texts, as a form sends them, count as not asked.

    ``jamoat`` is the only one that is asked for; None without, and with several, which are a filter like others.
    """

    region: str | None
    district: str | None
    jamoat: str | None
    q: str | None
    plot: str | None
    view: MapView


def get_picked(
    view: ViewDep,
    region: str | None = None,
    district: str | None = None,
    jamoat: Annotated[list[str] | None, Query(description="Jamoat code; may be given several times.")] = None,
    q: Annotated[str | None, Query(max_length=100, description="Name of a place, in any script.")] = None,
    plot: Annotated[str | None, Query(description="Plot whose card is open.")] = None,
) -> Picked:
    """Return what the page is asked for."""
    jamoats = [code for code in jamoat or () if code]
    only = jamoats[0] if len(jamoats) == 1 else None
    return Picked(region or None, district or None, only, q or None, plot or None, view)


PickedDep = Annotated[Picked, Depends(get_picked)]
