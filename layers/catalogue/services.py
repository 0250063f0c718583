"""Ways and services: roads, paths and bridges, services, energy points, weather stations."""

from __future__ import annotations

from datetime import date

from sqlalchemy.orm import Mapped

from layers.catalogue.base import PUBLIC, Card, Layer, Style, Thinned, attribute, geometry, identifier


class Road(Layer):
    """Roads, paths and bridges."""

    __tablename__ = "roads"
    card = Card(
        title="Roads and paths",
        audience=PUBLIC,
        about="Roads, tracks, paths and bridges; tracks, paths and bridges are drawn from a closer view on.",
        drawn_by="kind",
        legend={
            "paved": Style("#4d4d4d", "Paved road"),
            "gravel": Style("#8c6d31", "Gravel road"),
            "track": Style("#b5946a", "Track"),
            "path": Style("#b58863", "Path"),
            "bridge": Style("#111827", "Bridge"),
            "footbridge": Style("#374151", "Footbridge"),
        },
        tiles_from=9,
        thinned=Thinned("kind", {"track": 11, "path": 12, "bridge": 12, "footbridge": 13}),
    )
    code: Mapped[str] = identifier("Road")
    kind: Mapped[str] = attribute(
        "Kind",
        values=("paved", "gravel", "track", "path", "bridge", "footbridge"),
        filter=True,
        in_tile=True,
    )
    name: Mapped[str | None] = attribute("Name", of_place=True, in_tile=True)
    closed_months: Mapped[str | None] = attribute("Months closed, such as 12-3")
    geom = geometry("MULTILINESTRING")


class Service(Layer):
    """Places people go to: market, health, registry, legal aid, support, school, processor, water."""

    __tablename__ = "services"
    card = Card(
        title="Services",
        audience=PUBLIC,
        about="Markets, health posts, registry and legal aid, schools, processors, drinking-water points.",
        drawn_by="kind",
        legend={
            "market": Style("#b45309", "Market"),
            "health": Style("#be185d", "Health post"),
            "registry": Style("#4338ca", "Civil registry"),
            "legal_aid": Style("#6d28d9", "Legal aid"),
            "psychosocial": Style("#9d174d", "Psychosocial support"),
            "school": Style("#0f766e", "School"),
            "processor": Style("#92400e", "Processor or cold store"),
            "drinking_water": Style("#0369a1", "Drinking water"),
        },
        tiles_from=9,
    )
    code: Mapped[str] = identifier("Service")
    kind: Mapped[str] = attribute(
        "Kind",
        values=(
            "market",
            "health",
            "registry",
            "legal_aid",
            "psychosocial",
            "school",
            "processor",
            "drinking_water",
        ),
        filter=True,
        in_tile=True,
    )
    name_en: Mapped[str | None] = attribute("Name in English", of_place=True, in_tile=True)
    name_tg: Mapped[str | None] = attribute("Name in Tajik", of_place=True, in_tile=True)
    name_ru: Mapped[str | None] = attribute("Name in Russian", of_place=True, in_tile=True)
    open_days: Mapped[str | None] = attribute("Days open")
    geom = geometry("POINT")


class EnergyPoint(Layer):
    """Power plants, substations and pump stations."""

    __tablename__ = "energy_points"
    card = Card(
        title="Energy points",
        audience=PUBLIC,
        about="Power plants, substations and pump stations.",
        legend={"": Style("#ca8a04", "Energy point")},
        tiles_from=5,
    )
    code: Mapped[str] = identifier("Energy point")
    kind: Mapped[str] = attribute(
        "Kind", values=("power_plant", "substation", "pump_station", "unknown"), filter=True, in_tile=True
    )
    name: Mapped[str | None] = attribute("Name", of_place=True, in_tile=True)
    capacity_mw: Mapped[float | None] = attribute("Capacity", unit="MW", minimum=0, maximum=10_000)
    status: Mapped[str | None] = attribute("Status")
    geom = geometry("POINT")


class WeatherStation(Layer):
    """Weather stations; place and number only."""

    __tablename__ = "weather_stations"
    card = Card(
        title="Weather stations",
        audience=PUBLIC,
        about="Weather stations.",
        legend={"": Style("#0e7490", "Weather station")},
        tiles_from=5,
    )
    code: Mapped[str] = identifier("Station")
    name: Mapped[str | None] = attribute("Name", of_place=True, in_tile=True)
    wmo: Mapped[str | None] = attribute("WMO number", filter=True)
    elevation_m: Mapped[float | None] = attribute("Elevation", unit="m", minimum=-100, maximum=8_000)
    geom = geometry("POINT")


class MarketPrice(Layer):
    """What food cost on a market in a month, in somoni."""

    __tablename__ = "market_prices"
    card = Card(
        title="Market prices",
        audience=PUBLIC,
        about="What food cost on markets, by month, in somoni. Shown for orientation; no class follows from it.",
        legend={"": Style("#92400e", "Market price")},
    )
    code: Mapped[str] = identifier("Record")
    market: Mapped[str] = attribute("Market", of_place=True, filter=True)
    priced_on: Mapped[date] = attribute("Day of the price", filter=True)
    commodity: Mapped[str] = attribute("Commodity", filter=True)
    sold_by: Mapped[str] = attribute("Sold by")
    sold_as: Mapped[str] = attribute("How it is sold", values=("retail", "wholesale", "farm_gate"), filter=True)
    price_tjs: Mapped[float] = attribute("Price", unit="TJS", minimum=0, maximum=1_000_000)


SERVICES: tuple[type[Layer], ...] = (Road, EnergyPoint, WeatherStation, Service)
SERVICE_TABLES: tuple[type[Layer], ...] = (MarketPrice,)
