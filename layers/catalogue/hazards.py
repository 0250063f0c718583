"""Danger: hazard zones, how far hazard mapping reaches, events, faults, and land shut to farming."""

from __future__ import annotations

from datetime import date

from sqlalchemy.orm import Mapped

from geo.contract.shut_land import LOOKED_FOR_MINES, LOOKED_FOR_SHUT_LAND
from geo.hazard.levels import SUSCEPTIBILITY, UNTESTED, UNTESTED_PROCESSES
from layers.catalogue.base import PUBLIC, Card, Layer, Style, attribute, geometry, identifier

PROCESSES = ("flood", "debris_flow", "avalanche", "landslide", "rockfall", "hillslope_debris_flow")
LOOKED_FOR = (*PROCESSES, LOOKED_FOR_MINES, LOOKED_FOR_SHUT_LAND)
LEVELS = ("none", "residual", "low", "medium", "high", "unknown")
NEVER_TESTED = dict.fromkeys(UNTESTED_PROCESSES, UNTESTED)
SOURCE_CLASSES = ("official", "expert", "derived", "unknown")


class HazardExtent(Layer):
    """Where a hazard was looked for; outside, a plot is unmapped, not free of hazard."""

    __tablename__ = "hazard_extents"
    card = Card(
        title="Hazard mapping extents",
        audience=PUBLIC,
        about="Area a hazard mapping covered. Outside it the hazard is unknown, not absent.",
        legend={"": Style("#b8a9c9", "Mapped for hazards")},
        caution=SUSCEPTIBILITY,
        caution_of=NEVER_TESTED,
        tiles_from=6,
    )
    code: Mapped[str] = identifier("Mapping")
    process: Mapped[str] = attribute("Process", values=LOOKED_FOR, filter=True, in_tile=True)
    source_class: Mapped[str] = attribute("Kind of source", values=SOURCE_CLASSES, filter=True)
    mapped_on: Mapped[date | None] = attribute("Date of the mapping")
    geom = geometry("MULTIPOLYGON")


class HazardZone(Layer):
    """Zones of one process with intensity, return period and level."""

    __tablename__ = "hazard_zones"
    card = Card(
        title="Hazard zones",
        audience=PUBLIC,
        about="Hazard levels after the Swiss scheme. Derived zones are a susceptibility, not a hazard map.",
        drawn_by="level",
        caution=SUSCEPTIBILITY,
        caution_of=NEVER_TESTED,
        legend={
            "high": Style("#d7191c", "High: no dwellings"),
            "medium": Style("#3f6fb5", "Medium: with conditions"),
            "low": Style("#fff200", "Low: awareness"),
            "residual": Style("#f5e9b3", "Residual", hatched=True),
            "unknown": Style("#9aa0a6", "Level unknown", hatched=True),
        },
        tiles_from=7,
    )
    code: Mapped[str] = identifier("Zone")
    process: Mapped[str] = attribute("Process", values=PROCESSES, filter=True, in_tile=True)
    level: Mapped[str] = attribute("Level", values=LEVELS, filter=True, in_tile=True)
    intensity: Mapped[str] = attribute("Intensity", values=("weak", "medium", "strong", "unknown"), filter=True)
    return_period_y: Mapped[int | None] = attribute(
        "Return period", unit="years", minimum=1, maximum=100_000, filter=True
    )
    source_class: Mapped[str] = attribute("Kind of source", values=SOURCE_CLASSES, filter=True, in_tile=True)
    method: Mapped[str | None] = attribute("Method")
    months: Mapped[str | None] = attribute("Months of danger, such as 3-7")
    mapped_on: Mapped[date | None] = attribute("Date of the mapping")
    geom = geometry("MULTIPOLYGON")


class HazardEvent(Layer):
    """What has happened: mudflows, slides, avalanches, floods, earthquakes."""

    __tablename__ = "hazard_events"
    card = Card(
        title="Hazard events",
        audience=PUBLIC,
        about="Recorded events. Press reports are biased to roads and towns.",
        drawn_by="process",
        legend={
            "earthquake": Style("#6a3d9a", "Earthquake"),
            "landslide": Style("#8c510a", "Landslide"),
            "debris_flow": Style("#bf812d", "Mudflow"),
            "flood": Style("#3182bd", "Flood"),
            "avalanche": Style("#6baed6", "Avalanche"),
            "rockfall": Style("#543005", "Rockfall"),
            "other": Style("#6b7280", "Other"),
        },
        tiles_from=4,
    )
    code: Mapped[str] = identifier("Event")
    process: Mapped[str] = attribute(
        "Process",
        values=("earthquake", "landslide", "debris_flow", "flood", "avalanche", "rockfall", "other"),
        filter=True,
        in_tile=True,
    )
    happened_on: Mapped[date | None] = attribute("Date", filter=True, in_tile=True)
    title: Mapped[str | None] = attribute("What was reported")
    magnitude: Mapped[float | None] = attribute("Magnitude", minimum=0, maximum=10, in_tile=True)
    deaths: Mapped[int | None] = attribute("Deaths reported", minimum=0)
    accuracy_m: Mapped[float | None] = attribute("Accuracy of the position", unit="m", minimum=0)
    geom = geometry("POINT")


class Fault(Layer):
    """Active faults and folds."""

    __tablename__ = "faults"
    card = Card(
        title="Faults",
        audience=PUBLIC,
        about="Active faults and folds, for building advice only; they do not enter the score.",
        legend={"": Style("#6a3d9a", "Active fault or fold")},
        tiles_from=4,
    )
    code: Mapped[str] = identifier("Fault")
    name: Mapped[str | None] = attribute("Name", of_place=True, in_tile=True)
    kind: Mapped[str | None] = attribute("Kind of fault or fold", in_tile=True)
    geom = geometry("MULTILINESTRING")


class Exclusion(Layer):
    """Land shut to farming. Where nothing is drawn there is no record, which is not the same as safe."""

    __tablename__ = "exclusions"
    card = Card(
        title="Exclusions",
        audience=PUBLIC,
        about="Land shut to farming. No polygon means no record, never safe.",
        drawn_by="kind",
        legend={
            "mine_confirmed": Style("#80003a", "Mines or unexploded ordnance, confirmed"),
            "mine_suspected": Style("#c8102e", "Mines or unexploded ordnance, suspected"),
            "inundation": Style("#2171b5", "Planned inundation"),
            "river_bed": Style("#6baed6", "River bed"),
            "water_body": Style("#4292c6", "Water body"),
            "built_up": Style("#737373", "Built-up"),
            "protected": Style("#238b45", "Protected forest or reserve"),
            "border_strip": Style("#54278f", "Border strip"),
        },
        tiles_from=7,
    )
    code: Mapped[str] = identifier("Exclusion")
    kind: Mapped[str] = attribute(
        "Kind",
        values=(
            "mine_confirmed",
            "mine_suspected",
            "mine_cleared",
            "inundation",
            "river_bed",
            "water_body",
            "built_up",
            "protected",
            "border_strip",
        ),
        filter=True,
        in_tile=True,
    )
    name: Mapped[str | None] = attribute("Name", of_place=True)
    buffer_m: Mapped[float | None] = attribute(
        "Safety distance given by the authority", unit="m", minimum=0, maximum=5_000
    )
    status_date: Mapped[date | None] = attribute("Date of the status")
    from_year: Mapped[int | None] = attribute(
        "Year from which it holds, of a planned reservoir the year it fills", minimum=1_900, maximum=2_200
    )
    geom = geometry("MULTIPOLYGON")


HAZARDS: tuple[type[Layer], ...] = (HazardExtent, HazardZone, Exclusion, Fault, HazardEvent)
