"""What feeds canals: intakes and what their sources offer, pumps, the climate; wells that live on seepage."""

from __future__ import annotations

from sqlalchemy.orm import Mapped

from layers.catalogue.base import PARTNER, PUBLIC, Card, Layer, Style, attribute, geometry, identifier

SOURCES = ("river", "spring", "reservoir", "drain", "well", "pump", "unknown")
YEAR_TYPES = ("dry", "normal", "wet")


class Intake(Layer):
    """Points where a canal takes its water from a source."""

    __tablename__ = "intakes"
    together = True
    own_columns = True
    card = Card(
        title="Intakes",
        audience=PUBLIC,
        about="Points where canals take water from a river, spring, reservoir, drain, well or pump.",
        legend={"": Style("#1d4ed8", "Intake")},
        tiles_from=9,
    )
    code: Mapped[str] = identifier("Intake")
    name: Mapped[str | None] = attribute("Name", of_place=True, in_tile=True)
    reach: Mapped[str | None] = attribute("Canal reach it feeds", filter=True)
    source: Mapped[str] = attribute("Source of the water", values=SOURCES, filter=True, in_tile=True)
    right_m3_s: Mapped[float | None] = attribute("Most it may take in", unit="m3/s", minimum=0, maximum=2_000)
    river_share: Mapped[float | None] = attribute(
        "Share of the flow left in the source, 0.10 if empty", unit="ratio", minimum=0, maximum=1
    )
    drinking_m3_d: Mapped[float | None] = attribute(
        "Drinking water taken first", unit="m3/d", minimum=0, maximum=1_000_000
    )
    geom = geometry("POINT")


class Pump(Layer):
    """Pumps that lift water at an intake or onto a canal reach."""

    __tablename__ = "pumps"
    together = True
    own_columns = True
    card = Card(
        title="Pumps",
        audience=PUBLIC,
        about="Pumps at intakes and on canal reaches, with lift, flow and hours a day.",
        legend={"": Style("#9333ea", "Pump")},
        tiles_from=9,
    )
    code: Mapped[str] = identifier("Pump")
    intake: Mapped[str | None] = attribute("Intake it lifts at", filter=True)
    reach: Mapped[str | None] = attribute("Canal reach it lifts onto", filter=True)
    lift_m: Mapped[float | None] = attribute("Lift", unit="m", minimum=0, maximum=500)
    stages: Mapped[int | None] = attribute("Lift stages", minimum=0, maximum=10)
    flow_m3_s: Mapped[float | None] = attribute("Flow while it runs", unit="m3/s", minimum=0, maximum=200)
    hours: Mapped[str | None] = attribute("Hours a day it runs, one number or twelve, January first")
    availability: Mapped[float | None] = attribute(
        "Share of its hours it works, 0.70 if empty", unit="ratio", minimum=0, maximum=1
    )
    geom = geometry("POINT")


class Well(Layer):
    """Drinking and irrigation wells, which may live on what canals lose."""

    __tablename__ = "wells"
    together = True
    card = Card(
        title="Wells",
        audience=PARTNER,
        about="Drinking and irrigation wells; lining a canal may take water from those near it.",
        drawn_by="use",
        legend={
            "drinking": Style("#0369a1", "Drinking water"),
            "irrigation": Style("#65a30d", "Irrigation"),
            "both": Style("#0f766e", "Drinking water and irrigation"),
            "unknown": Style("#525252", "Use unknown"),
        },
        tiles_from=11,
    )
    code: Mapped[str] = identifier("Well")
    use: Mapped[str] = attribute(
        "What it is used for", values=("drinking", "irrigation", "both", "unknown"), filter=True, in_tile=True
    )
    depth_m: Mapped[float | None] = attribute("Depth", unit="m", minimum=0, maximum=1_000)
    geom = geometry("POINT")


class IntakeFlow(Layer):
    """What the source of an intake offers, by kind of year and period."""

    __tablename__ = "intake_flows"
    together = True
    own_columns = True
    card = Card(
        title="Flows at intakes",
        audience=PARTNER,
        about="Flow that the source of an intake offers, by month or ten days; dry is 80 % dependable.",
        legend={"": Style("#1e3a8a", "Flow at an intake")},
    )
    code: Mapped[str] = identifier("Record")
    intake: Mapped[str] = attribute("Intake", filter=True)
    year_type: Mapped[str] = attribute("Kind of year", values=YEAR_TYPES, filter=True)
    month: Mapped[int] = attribute("Month", minimum=1, maximum=12, filter=True)
    part: Mapped[int] = attribute("Ten-day part of the month, 0 for all of it", minimum=0, maximum=3)
    flow_m3_s: Mapped[float | None] = attribute("Flow the source offers", unit="m3/s", minimum=0, maximum=5_000)
    basis: Mapped[str] = attribute(
        "How the flow was obtained", values=("gauged", "estimated", "right", "unknown"), filter=True
    )
    years: Mapped[int | None] = attribute("Years it rests on", minimum=0, maximum=200)


class ClimateMonth(Layer):
    """What the sky gives and takes in a month of a kind of year, for the farmed land of a district."""

    __tablename__ = "climate_months"
    together = True
    own_columns = True
    card = Card(
        title="Rain and temperature by month",
        audience=PUBLIC,
        about="Rain and temperature of a station by month and kind of year, for the fields of a district.",
        legend={"": Style("#0e7490", "Month of a climate")},
    )
    code: Mapped[str] = identifier("Record")
    district: Mapped[str] = attribute("District", filter=True)
    station: Mapped[str | None] = attribute("Station", of_place=True)
    elevation_m: Mapped[float | None] = attribute("Elevation", unit="m", minimum=-100, maximum=8_000)
    year_type: Mapped[str] = attribute("Kind of year", values=YEAR_TYPES, filter=True)
    month: Mapped[int] = attribute("Month", minimum=1, maximum=12, filter=True)
    rain_mm: Mapped[float | None] = attribute("Rain", unit="mm", minimum=0, maximum=2_000)
    tmin_c: Mapped[float | None] = attribute("Mean daily minimum temperature", unit="degC", minimum=-70, maximum=60)
    tmax_c: Mapped[float | None] = attribute("Mean daily maximum temperature", unit="degC", minimum=-70, maximum=60)
    et0_mm_d: Mapped[float | None] = attribute("Reference evapotranspiration", unit="mm/d", minimum=0, maximum=20)


SUPPLY: tuple[type[Layer], ...] = (Intake, Pump, Well)
SUPPLY_TABLES: tuple[type[Layer], ...] = (IntakeFlow, ClimateMonth)
