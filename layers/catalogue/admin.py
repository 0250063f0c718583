"""Where things are: country, regions, districts, jamoats, settlements, and every name a place has had."""

from __future__ import annotations

from datetime import date

from sqlalchemy.orm import Mapped

from layers.catalogue.base import PUBLIC, STAFF, Card, Layer, Style, attribute, geometry, identifier


class Country(Layer):
    """Outline of the country."""

    __tablename__ = "country"
    tiles_land = True
    card = Card(
        title="Country outline",
        audience=PUBLIC,
        about="Outline of Tajikistan. Not an official boundary.",
        legend={"": Style("#5b6770", "Country outline")},
        line_width=2.5,
    )
    code: Mapped[str] = identifier("ISO 3166-1 code")
    name_en: Mapped[str] = attribute("Name in English", of_place=True)
    name_tg: Mapped[str | None] = attribute("Name in Tajik", of_place=True)
    name_ru: Mapped[str | None] = attribute("Name in Russian", of_place=True)
    population: Mapped[int | None] = attribute("Population", unit="people", minimum=0)
    geom = geometry("MULTIPOLYGON")


class Region(Layer):
    """Regions (viloyat) and the Districts of Republican Subordination."""

    __tablename__ = "regions"
    tiles_land = True
    part_of = Country
    card = Card(
        title="Regions",
        audience=PUBLIC,
        about="Regions (viloyat level). Not official boundaries.",
        legend={"": Style("#7a6a8a", "Region boundary (not official)")},
        line_width=2.2,
    )
    code: Mapped[str] = identifier("ISO 3166-2 code")
    name_en: Mapped[str] = attribute("Name in English", of_place=True, in_tile=True)
    name_tg: Mapped[str | None] = attribute("Name in Tajik", of_place=True, in_tile=True)
    name_ru: Mapped[str | None] = attribute("Name in Russian", of_place=True, in_tile=True)
    population: Mapped[int | None] = attribute("Population", unit="people", minimum=0)
    boundary_date: Mapped[date | None] = attribute("Date of the boundary")
    geom = geometry("MULTIPOLYGON")


class District(Layer):
    """Districts (nohiya) and cities of that level; the unit plots are asked for and runs are published by."""

    __tablename__ = "districts"
    key_in_address = True
    tiles_land = True
    part_of = Region
    card = Card(
        title="Districts",
        audience=PUBLIC,
        about="Districts (nohiya) and cities of that level. Not official boundaries.",
        legend={"": Style("#4a4e69", "District boundary (not official)")},
        line_width=1.8,
    )
    code: Mapped[str] = identifier("District code")
    region: Mapped[str | None] = attribute("Region code", filter=True, in_tile=True)
    name_en: Mapped[str] = attribute("Name in English", of_place=True, in_tile=True)
    name_tg: Mapped[str | None] = attribute("Name in Tajik", of_place=True, in_tile=True)
    name_ru: Mapped[str | None] = attribute("Name in Russian", of_place=True, in_tile=True)
    population: Mapped[int | None] = attribute("Population", unit="people", minimum=0)
    boundary_date: Mapped[date | None] = attribute("Date of the boundary")
    boundary_note: Mapped[str | None] = attribute(
        "What is known to be wrong with the boundary", empty="nothing is known to be wrong"
    )
    geom = geometry("MULTIPOLYGON")


class Jamoat(Layer):
    """Jamoats; may be empty, then everything works by district and settlement."""

    __tablename__ = "jamoats"
    tiles_land = True
    part_of = District
    card = Card(
        title="Jamoats",
        audience=PUBLIC,
        about="Jamoats (rural municipalities). Not official boundaries.",
        legend={"": Style("#9a8c98", "Jamoat boundary (not official)")},
        line_width=1.0,
        tiles_from=8,
    )
    code: Mapped[str] = identifier("Jamoat code")
    district: Mapped[str | None] = attribute("District code", filter=True, in_tile=True)
    name_en: Mapped[str] = attribute("Name in English", of_place=True, in_tile=True)
    name_tg: Mapped[str | None] = attribute("Name in Tajik", of_place=True, in_tile=True)
    name_ru: Mapped[str | None] = attribute("Name in Russian", of_place=True, in_tile=True)
    population: Mapped[int | None] = attribute("Population", unit="people", minimum=0)
    boundary_date: Mapped[date | None] = attribute("Date of the boundary")
    geom = geometry("MULTIPOLYGON")


class JamoatHouseholds(Layer):
    """Programme statistics of jamoats: what need is read from. Counts of a whole jamoat, never of a household."""

    __tablename__ = "jamoat_households"
    card = Card(
        title="Households of jamoats",
        audience=STAFF,
        about="Households of each jamoat by programme statistics; below staff only bands of large cells are shown.",
        legend={"": Style("#22223b", "Jamoat")},
    )
    code: Mapped[str] = identifier("Jamoat code")
    households: Mapped[int] = attribute("Households", minimum=0)
    households_led_by_women: Mapped[int] = attribute("Households headed by women", minimum=0)
    counted_on: Mapped[date | None] = attribute("Date of the count")


class Settlement(Layer):
    """Villages and towns as points: where walking starts and place search ends."""

    __tablename__ = "settlements"
    card = Card(
        title="Settlements",
        audience=PUBLIC,
        about="Villages and towns.",
        legend={"": Style("#22223b", "Village or town")},
        tiles_from=8,
    )
    code: Mapped[str] = identifier("Settlement code")
    district: Mapped[str | None] = attribute("District code", filter=True)
    jamoat: Mapped[str | None] = attribute("Jamoat code", filter=True)
    name_en: Mapped[str] = attribute("Name in English", of_place=True, in_tile=True)
    name_tg: Mapped[str | None] = attribute("Name in Tajik", of_place=True, in_tile=True)
    name_ru: Mapped[str | None] = attribute("Name in Russian", of_place=True, in_tile=True)
    kind: Mapped[str] = attribute(
        "Kind of settlement", values=("city", "town", "village", "unknown"), filter=True, in_tile=True
    )
    population: Mapped[int | None] = attribute("Population", unit="people", minimum=0, in_tile=True)
    geom = geometry("POINT")


class PlaceName(Layer):
    """Every name of a place in every script, with the years it was in use."""

    __tablename__ = "place_names"
    card = Card(
        title="Place names",
        audience=PUBLIC,
        about="Present and former names of places in every script; joined by code, never by name.",
        legend={"": Style("#22223b", "Name")},
    )
    code: Mapped[str] = identifier("Name record")
    layer: Mapped[str] = attribute(
        "Layer of the place", values=("regions", "districts", "jamoats", "settlements"), filter=True
    )
    place: Mapped[str] = attribute("Code of the place", filter=True)
    name: Mapped[str] = attribute("Name", of_place=True, filter=True)
    lang: Mapped[str | None] = attribute("Language", values=("tg", "ru", "en", "uz", "ky"), filter=True)
    used_from: Mapped[date | None] = attribute("In use from")
    used_to: Mapped[date | None] = attribute("In use to; empty = still", empty="still in use")


class ReferenceOutline(Layer):
    """Outlines that a second source gives to units of the layers that tile the land; source and date are the load's."""

    __tablename__ = "reference_outlines"
    second_drawing = True
    card = Card(
        title="Outlines of a second source",
        audience=PUBLIC,
        about="Outlines that a second source gives to the same units, to compare with. Not official boundaries.",
        legend={"": Style("#525252", "Outline of a second source (not official)")},
        line_width=1.0,
    )
    code: Mapped[str] = identifier("Outline record")
    layer: Mapped[str] = attribute(
        "Layer of the unit", values=("country", "regions", "districts", "jamoats"), filter=True, in_tile=True
    )
    place: Mapped[str] = attribute("Code of the unit", filter=True, in_tile=True)
    geom = geometry("MULTIPOLYGON")


ADMIN: tuple[type[Layer], ...] = (Country, Region, District, Jamoat, Settlement, ReferenceOutline)
ADMIN_TABLES: tuple[type[Layer], ...] = (PlaceName, JamoatHouseholds)
