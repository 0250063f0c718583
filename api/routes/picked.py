"""What the address of the planner's page asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query

from api.maps.scene import AT


@dataclass(frozen=True, slots=True)
class Picked:
    """What the address of the page asks for; empty texts, as a form sends them, count as not asked."""

    region: str | None
    district: str | None
    jamoat: str | None
    q: str | None
    at: str | None
    plot: str | None
    colour: str | None


def get_picked(
    region: str | None = None,
    district: str | None = None,
    jamoat: str | None = None,
    q: Annotated[str | None, Query(max_length=100, description="Name of a place, in any script.")] = None,
    at: Annotated[str | None, Query(pattern=AT.pattern, description="View: zoom/latitude/longitude.")] = None,
    plot: Annotated[str | None, Query(description="Plot whose card is open.")] = None,
    colour: Annotated[str | None, Query(description="What plots are coloured by.")] = None,
) -> Picked:
    """Return what the page is asked for."""
    return Picked(*(text or None for text in (region, district, jamoat, q, at, plot, colour)))


PickedDep = Annotated[Picked, Depends(get_picked)]
