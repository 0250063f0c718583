"""Water: rivers, lakes, glaciers; canals, outlets, command areas and their monthly figures."""

from __future__ import annotations

from datetime import date

from sqlalchemy.orm import Mapped

from layers.catalogue.base import PARTNER, PUBLIC, Card, Layer, Style, Thinned, attribute, geometry, identifier

CANAL_TYPES = ("main", "secondary", "distributary", "field", "pipe", "drain", "unknown")
LININGS = ("earth", "concrete", "stone", "membrane", "pipe", "unknown")
SOILS = ("sand", "loam", "clay", "unknown")


class River(Layer):
    """Rivers and streams."""

    __tablename__ = "rivers"
    card = Card(
        title="Rivers",
        audience=PUBLIC,
        about="Rivers and streams; small ones are drawn from a closer view on.",
        legend={"": Style("#3b7dbf", "River or stream")},
        line_width=1.6,
        tiles_from=5,
        # One class more every zoom or two keeps about as many lines on a screen (default to calibrate).
        thinned=Thinned("stream_class", {2: 6, 3: 7, 4: 8, 5: 9, None: 9, 6: 10, 7: 11, 8: 11, 9: 12, 10: 12}),
    )
    code: Mapped[str] = identifier("River")
    name_en: Mapped[str | None] = attribute("Name in English", of_place=True, in_tile=True)
    name_tg: Mapped[str | None] = attribute("Name in Tajik", of_place=True, in_tile=True)
    name_ru: Mapped[str | None] = attribute("Name in Russian", of_place=True, in_tile=True)
    stream_class: Mapped[int | None] = attribute(
        "Stream class, 1 the largest", minimum=1, maximum=10, filter=True, in_tile=True
    )
    upstream_km2: Mapped[float | None] = attribute("Area drained", unit="km2", minimum=0)
    basis: Mapped[str] = attribute(
        "How it was obtained", values=("surveyed", "mapped", "derived", "unknown"), filter=True
    )
    geom = geometry("MULTILINESTRING")


class Lake(Layer):
    """Lakes and reservoirs."""

    __tablename__ = "lakes"
    card = Card(
        title="Lakes",
        audience=PUBLIC,
        about="Lakes and reservoirs; water bodies are excluded from farming.",
        legend={"": Style("#6baed6", "Lake or reservoir")},
        tiles_from=4,
    )
    code: Mapped[str] = identifier("Lake")
    name_en: Mapped[str | None] = attribute("Name in English", of_place=True, in_tile=True)
    name_tg: Mapped[str | None] = attribute("Name in Tajik", of_place=True)
    name_ru: Mapped[str | None] = attribute("Name in Russian", of_place=True)
    kind: Mapped[str] = attribute("Kind of water body", values=("lake", "reservoir", "unknown"), filter=True)
    geom = geometry("MULTIPOLYGON")


class Glacier(Layer):
    """Glaciated areas."""

    __tablename__ = "glaciers"
    card = Card(
        title="Glaciers",
        audience=PUBLIC,
        about="Glaciated areas.",
        legend={"": Style("#c6dbef", "Glacier")},
        tiles_from=4,
    )
    code: Mapped[str] = identifier("Glacier")
    name: Mapped[str | None] = attribute("Name", of_place=True)
    geom = geometry("MULTIPOLYGON")


class Canal(Layer):
    """Canal reaches, digitised in the direction of flow."""

    __tablename__ = "canals"
    together = True
    card = Card(
        title="Canals",
        audience=PUBLIC,
        about="Canal reaches with type, lining and condition; drawn in the direction of flow.",
        drawn_by="condition",
        legend={
            "1": Style("#74b9f5", "1 good, cleaned this year"),
            "2": Style("#3d87dd", "2 some silt or weeds, minor leaks"),
            "3": Style("#4747c2", "3 cracked lining or silted"),
            "4": Style("#a0127f", "4 breaches, gates missing"),
            "5": Style("#4a0038", "5 destroyed or buried"),
            "": Style("#6b7280", "Condition unknown", hatched=True),
        },
        line_width=2.0,
        tiles_from=8,
    )
    code: Mapped[str] = identifier("Canal reach")
    canal: Mapped[str | None] = attribute("Canal the reach belongs to", filter=True, in_tile=True)
    name: Mapped[str | None] = attribute("Name", of_place=True, in_tile=True)
    type: Mapped[str] = attribute("Type", values=CANAL_TYPES, filter=True, in_tile=True)
    lining: Mapped[str] = attribute("Lining", values=LININGS, filter=True)
    soil: Mapped[str] = attribute("Bed soil", values=SOILS)
    condition: Mapped[int | None] = attribute(
        "Condition class, 1 good to 5 destroyed", minimum=1, maximum=5, filter=True, in_tile=True
    )
    capacity_m3_s: Mapped[float | None] = attribute("Capacity", unit="m3/s", minimum=0, maximum=1_000)
    head_level_m: Mapped[float | None] = attribute(
        "Water level at the upper end, EGM2008", unit="m", minimum=-100, maximum=8_000
    )
    tail_level_m: Mapped[float | None] = attribute(
        "Water level at the lower end, EGM2008", unit="m", minimum=-100, maximum=8_000
    )
    level_basis: Mapped[str] = attribute("How the levels were obtained", values=("surveyed", "dem", "unknown"))
    flow_known: Mapped[bool] = attribute("The line runs in the direction of flow")
    pumped: Mapped[bool | None] = attribute("Fed by a pump", filter=True)
    conveyance: Mapped[float | None] = attribute(
        "Share of its water the reach conveys, measured", unit="ratio", minimum=0, maximum=1
    )
    conveyance_date: Mapped[date | None] = attribute("Day it was measured")
    conveyance_method: Mapped[str | None] = attribute("How it was measured")
    closed: Mapped[bool | None] = attribute("It carries nothing", filter=True)
    upstream: Mapped[str | None] = attribute("Canal reach it takes its water from, where the drawing cannot say")
    position: Mapped[str] = attribute(
        "Position on the canal", values=("head", "middle", "tail", "unknown"), filter=True
    )
    geom = geometry("MULTILINESTRING")


class Outlet(Layer):
    """Outlets from a canal to a command area."""

    __tablename__ = "outlets"
    together = True
    card = Card(
        title="Outlets",
        audience=PUBLIC,
        about="Points where a canal gives water to a command area.",
        legend={"": Style("#08306b", "Outlet")},
        tiles_from=11,
    )
    code: Mapped[str] = identifier("Outlet")
    reach: Mapped[str | None] = attribute("Canal reach", filter=True)
    command_area: Mapped[str | None] = attribute("Command area", filter=True)
    level_m: Mapped[float | None] = attribute("Water level, EGM2008", unit="m", minimum=-100, maximum=8_000)
    level_basis: Mapped[str] = attribute("How the level was obtained", values=("surveyed", "dem", "unknown"))
    capacity_m3_s: Mapped[float | None] = attribute("Capacity", unit="m3/s", minimum=0, maximum=1_000)
    along_m: Mapped[float | None] = attribute("Metres along the reach", unit="m", minimum=0, maximum=500_000)
    position: Mapped[str] = attribute(
        "Position on the canal", values=("head", "middle", "tail", "unknown"), filter=True
    )
    geom = geometry("POINT")


class CommandArea(Layer):
    """Land served by one outlet or canal, with how much of its need is met."""

    __tablename__ = "command_areas"
    together = True
    card = Card(
        title="Command areas",
        audience=PUBLIC,
        about="Land a canal serves. The supply-demand ratio is of the worst month of a dry year.",
        legend={"": Style("#74a9cf", "Command area")},
        tiles_from=8,
    )
    code: Mapped[str] = identifier("Command area")
    name: Mapped[str | None] = attribute("Name", of_place=True, in_tile=True)
    canal: Mapped[str | None] = attribute("Feeding canal", filter=True)
    reach: Mapped[str | None] = attribute("Feeding canal reach", filter=True)
    sdr: Mapped[float | None] = attribute(
        "Supply-demand ratio, worst month", unit="ratio", minimum=0, maximum=50, in_tile=True
    )
    sdr_basis: Mapped[str] = attribute(
        "How the ratio was obtained", values=("surveyed", "balance", "loaded", "unknown")
    )
    sdr_date: Mapped[str | None] = attribute("Season of the ratio")
    turns_scheduled: Mapped[int | None] = attribute("Water turns scheduled, April-September", minimum=0)
    turns_delivered: Mapped[int | None] = attribute("Water turns delivered, April-September", minimum=0)
    heavy_turns_pct: Mapped[float | None] = attribute(
        "Turns at night or with heavy gate work", unit="%", minimum=0, maximum=100
    )
    position: Mapped[str] = attribute(
        "Position on the canal", values=("head", "middle", "tail", "unknown"), filter=True
    )
    irrigation_method: Mapped[str | None] = attribute(
        "How fields are watered", values=("surface", "sprinkler", "drip", "unknown"), filter=True
    )
    application: Mapped[float | None] = attribute(
        "Share of the water at the outlet that reaches the roots", unit="ratio", minimum=0, maximum=1
    )
    garden_ha: Mapped[float | None] = attribute("Kitchen gardens", unit="ha", minimum=0, maximum=10_000)
    water_salinity_ds_m: Mapped[float | None] = attribute("Salinity of the water", unit="dS/m", minimum=0, maximum=60)
    soil_salinity_ds_m: Mapped[float | None] = attribute("Salinity of the soil", unit="dS/m", minimum=0, maximum=200)
    geom = geometry("MULTIPOLYGON")


class CommandMonth(Layer):
    """Flow at the intake of a command area, and how much of its need is met, month by month."""

    __tablename__ = "command_months"
    card = Card(
        title="Monthly flows",
        audience=PARTNER,
        about="Flow at the intake of a command area by month, and the need it meets; dry is 80 % dependable.",
        legend={"": Style("#08306b", "Monthly flow")},
    )
    code: Mapped[str] = identifier("Record")
    command_area: Mapped[str] = attribute("Command area", filter=True)
    month: Mapped[int] = attribute("Month", minimum=1, maximum=12, filter=True)
    year_type: Mapped[str] = attribute("Kind of year", values=("dry", "normal", "wet"), filter=True)
    flow_m3_s: Mapped[float] = attribute("Flow at the intake", unit="m3/s", minimum=0, maximum=2_000)
    ratio: Mapped[float | None] = attribute("Supply-demand ratio of the month", unit="ratio", minimum=0, maximum=50)


class CommandCrop(Layer):
    """Crop mix of a command area."""

    __tablename__ = "command_crops"
    together = True
    own_columns = True
    card = Card(
        title="Crop mix",
        audience=PARTNER,
        about="Hectares of each crop in a command area.",
        legend={"": Style("#5aae61", "Crop")},
    )
    code: Mapped[str] = identifier("Record")
    command_area: Mapped[str] = attribute("Command area", filter=True)
    crop: Mapped[str] = attribute("Crop", filter=True)
    area_ha: Mapped[float] = attribute("Area", unit="ha", minimum=0)
    begins: Mapped[str | None] = attribute("Day of sowing or bud break, MM-DD")


WATERS: tuple[type[Layer], ...] = (Glacier, Lake, River)
IRRIGATION: tuple[type[Layer], ...] = (CommandArea, Canal, Outlet)
IRRIGATION_TABLES: tuple[type[Layer], ...] = (CommandMonth, CommandCrop)
