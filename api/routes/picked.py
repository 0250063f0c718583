"""What the address of the planner's page asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Query

from api.maps.scene import AT
from api.routes.emphasis import EmphasisDep, address_of
from geo.suitability.trial import NEUTRAL, Emphasis
from layers.catalogue import BY_NAME, RASTERS_BY_NAME
from layers.errors import BadFilter
from layers.features.features import nearest

PERCENT: Final = r"^([1-9][0-9]|100)?$"
_LAYER: Final = r"[a-z_]+(:([1-9][0-9]|100))?"  # name, and how strongly it is painted, % of its own look
LAYERS: Final = rf"^({_LAYER}(,{_LAYER}){{0,79}})?$"
NO_LAYER: Final = "none"  # stands for no layer at all


@dataclass(frozen=True, slots=True)
class MapView:
    """How the map is looked at: it goes along from page to page, whatever plots are asked for.

    ``village`` : code of a settlement that was looked for and is marked.

    ``emphasis`` : weights that are tried on the map and in its figures; lists, files and papers are of the published
    result.
    """

    at: str | None
    colour: str | None
    layers: str | None
    opacity: str | None
    emphasis: Emphasis = NEUTRAL
    village: str | None = None

    def asked(self) -> dict[str, str]:
        """Return what of it is asked for, by the name of its parameter."""
        found = {"at": self.at, "colour": self.colour, "layers": self.layers, "opacity": self.opacity}
        found["village"] = self.village
        return {**{name: text for name, text in found.items() if text}, **address_of(self.emphasis)}


def get_layers(
    layers: Annotated[
        str | None,
        Query(
            pattern=LAYERS,
            description="Layers that are switched on, the uppermost first; canals:60 is painted at 60 %.",
        ),
    ] = None,
) -> str | None:
    """Return the layers that are asked for, as they are written in an address.

    Raises
    ------
    BadFilter : one of them is not a layer or grid, or stands there twice.
    """
    names = [part.partition(":")[0] for part in (layers or "").split(",") if part and part != NO_LAYER]
    for place, name in enumerate(names):
        if name not in BY_NAME and name not in RASTERS_BY_NAME:
            raise BadFilter(f"There is no layer {name!r}{nearest(name, (*BY_NAME, *RASTERS_BY_NAME))}.")
        if name in names[:place]:
            raise BadFilter(f"layers names {name} twice.")
    return layers or None


VillageQuery = Annotated[str | None, Query(max_length=100, description="Code of a settlement that is marked.")]
LayersDep = Annotated[str | None, Depends(get_layers)]


def get_view(
    emphasis: EmphasisDep,
    layers: LayersDep,
    at: Annotated[str | None, Query(pattern=AT.pattern, description="View: zoom/latitude/longitude.")] = None,
    colour: Annotated[str | None, Query(description="What plots are coloured by.")] = None,
    opacity: Annotated[str | None, Query(pattern=PERCENT, description="How strongly plots are painted, %.")] = None,
    village: VillageQuery = None,
) -> MapView:
    """Return how the map is looked at."""
    return MapView(at or None, colour or None, layers, opacity or None, emphasis, village or None)


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
