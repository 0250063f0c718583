"""What is seen of land from above: greenness in August, of each field for staff and of canals for everybody.

A list of land that is not green is a list for confiscation: of a single field nobody but staff learns it, and never
beside a cadastral number.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import Index
from sqlalchemy.orm import Mapped

from geo.programme.seen_by_group import LEVELS
from geo.terrain.greenness import SEEN
from layers.catalogue.base import PUBLIC, STAFF, Card, Layer, Style, attribute, geometry, identifier


class AugustGreenness(Layer):
    """Greenness of plots and candidate fields, one row for each August that was looked at."""

    __tablename__ = "august_greenness"
    card = Card(
        title="Greenness in August",
        audience=STAFF,
        about="Whether a field was green in August, seen from above: a sign that water came, never how much. That "
        "nothing was green says nothing of who farms. Never hand it on as a list of fields.",
        legend={"": Style("#525252", "Greenness in August")},
    )
    code: Mapped[str] = identifier("Field and year")
    land: Mapped[str] = attribute("Plot or candidate field", filter=True)
    kind: Mapped[str] = attribute("What the outline is", values=("plots", "fields"), filter=True)
    district: Mapped[str | None] = attribute("District code", filter=True, empty="lies in no district")
    jamoat: Mapped[str | None] = attribute("Jamoat code", filter=True, empty="lies in no jamoat on record")
    year: Mapped[int] = attribute("Year", minimum=2015, maximum=2100, filter=True)
    seen: Mapped[str] = attribute("What was seen", values=SEEN, filter=True)
    ndvi: Mapped[float | None] = attribute(
        "Vegetation index of the greenest clear day, median of the field",
        minimum=-1,
        maximum=1,
        empty="too little was seen clearly",
    )
    seen_on: Mapped[date | None] = attribute("Day of that", empty="too little was seen clearly")
    clear_pct: Mapped[int] = attribute("Share of the field seen clearly, best day", unit="%", minimum=0, maximum=100)
    days: Mapped[int] = attribute("Days on which enough was seen clearly", minimum=0)


class WaterSeen(Layer):
    """Water seen from above, by groups of ten plots or more; no plot is in two of them."""

    __tablename__ = "water_seen"
    card = Card(
        title="Water seen from above",
        audience=PUBLIC,
        about="Share of the plots of an outlet's area, or of the rest of a jamoat, that were green in August: where "
        "little is green, ask about the canal and its turns. It says nothing of any single plot, nor how much water "
        "came. Told of ten plots or more, in steps of 10 %, never as none or all.",
        drawn_by="level",
        legend={
            "most": Style("#192166", "Water was seen on most of the land"),
            "part": Style("#4d52ff", "Water was seen on part of the land"),
            "little": Style("#f199ff", "Water was seen on little of the land: ask about the canal"),
            "unknown": Style("#9aa0a6", "Too little was seen clearly", hatched=True),
        },
        tiles_from=6,
    )
    code: Mapped[str] = identifier("Group of plots")
    district: Mapped[str] = attribute("District code", filter=True)
    jamoat: Mapped[str | None] = attribute("Jamoat, where it is what is left of one", filter=True, empty="an area")
    area: Mapped[str | None] = attribute("Command area", filter=True, in_tile=True, empty="the rest of a jamoat")
    level: Mapped[str] = attribute("Water seen", values=LEVELS, filter=True, in_tile=True)
    green_pct: Mapped[int | None] = attribute(
        "Share of the plots that were green, mean of the Augusts",
        unit="%",
        minimum=10,
        maximum=90,
        in_tile=True,
        empty="too little was seen clearly",
    )
    augusts_known: Mapped[int] = attribute("Augusts that are known", minimum=0, maximum=20, in_tile=True)
    augusts_green: Mapped[int] = attribute(
        "Augusts in which half of the plots or more were green", minimum=0, maximum=20, in_tile=True
    )
    first_year: Mapped[int] = attribute("First August", minimum=2015, maximum=2100)
    last_year: Mapped[int] = attribute("Last August", minimum=2015, maximum=2100)
    last_pct: Mapped[int | None] = attribute(
        "Share of the plots that were green in the last August",
        unit="%",
        minimum=10,
        maximum=90,
        empty="too little was seen clearly",
    )
    geom = geometry("MULTIPOLYGON")


Index("ix_august_greenness_land", AugustGreenness.land, AugustGreenness.year)

SEEN_LAYERS: tuple[type[Layer], ...] = (WaterSeen,)
SEEN_TABLES: tuple[type[Layer], ...] = (AugustGreenness,)
