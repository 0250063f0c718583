"""Places people name: regions, districts, jamoats, settlements, rivers; found by any of their names in any script."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, func, select

from layers.catalogue.admin import District, Jamoat, PlaceName, Region, Settlement
from layers.catalogue.base import Layer
from layers.catalogue.irrigation import River
from layers.errors import NotFound
from layers.features.spelling import ONE_WRONG, Asked, Spelling, fit, one_wrong, read_asked, spell

Bounds = tuple[float, float, float, float]  # west, south, east, north, degrees in EPSG:4326

NAMED: Final[tuple[type[Layer], ...]] = (Region, District, Jamoat, Settlement)  # larger places first
PARENT: Final[Mapping[str, str]] = {"districts": "region", "jamoats": "district", "settlements": "district"}


@dataclass(frozen=True, slots=True)
class Place:
    """One place with its names by language (None = not known), what it lies in, and where."""

    layer: str
    code: str
    names: Mapping[str, str | None]
    within: str | None
    bounds: Bounds


@dataclass(frozen=True, slots=True)
class Found:
    """A place and the name of it that was looked for."""

    place: Place
    name: str


@dataclass(frozen=True, slots=True)
class _Named:
    """One name of a place, and how it is spelled."""

    spelling: Spelling
    name: str
    place: Place


class Gazetteer:
    """All places with all their names, ready to be searched; read once per version of the layers."""

    def __init__(self, places: list[Place], names: list[tuple[str, str, str]]) -> None:
        self.places: Mapping[tuple[str, str], Place] = {(place.layer, place.code): place for place in places}
        self._names = [
            _Named(spell(name), name, self.places[layer, code])
            for layer, code, name in names
            if (layer, code) in self.places
        ]

    def of(self, layer: type[Layer], *, within: str | None = None) -> list[Place]:
        """Return the places of a layer, those inside ``within`` if given."""
        name = layer.__tablename__
        return [
            place
            for place in self.places.values()
            if place.layer == name and (within is None or place.within == within)
        ]

    def get(self, layer: type[Layer], code: str) -> Place:
        """Return one place.

        Raises
        ------
        NotFound : there is none of that code.
        """
        found = self.places.get((layer.__tablename__, code))
        if found is None:
            raise NotFound(f"There is no {layer.__name__.lower()} {code!r}.")
        return found

    def find(self, text: str, *, most: int = 20) -> list[Found]:
        """Return places with a name like ``text`` in any script.

        Whole names come first, then names it is made of or differs from by ч for ҷ, beginnings of names, of later
        words, and parts of words; names with one letter wrong only where nothing else is found. Among equals those of
        the kind that was said ("Rasht district") come first, then larger places. Each place is named once, as it was
        asked for where it has that name.
        """
        asked, said = read_asked(text), text.strip().casefold()
        if asked is None:
            return []
        fits = [(how, named) for named in self._names if (how := fit(asked, named.spelling)) is not None]
        if not fits:
            fits = [(ONE_WRONG, named) for named in self._names if one_wrong(asked, named.spelling)]
        found: dict[tuple[str, str], Found] = {}
        for _, named in sorted(fits, key=lambda pair: _rank(asked, said, *pair)):
            found.setdefault((named.place.layer, named.place.code), Found(named.place, named.name))
        return list(found.values())[:most]


def _rank(asked: Asked, said: str, how: int, named: _Named) -> tuple[Any, ...]:
    layer = named.place.layer
    other_kind = asked.layer is not None and layer != asked.layer
    return (other_kind, how, _ORDER[layer], len(named.name), named.name.casefold() != said, named.name)


def read_gazetteer(connection: Connection) -> Gazetteer:
    """Return the places of the current rows, with the names in their own columns and in the table of names."""
    places = [place for layer in NAMED for place in _places(connection, layer)]
    places += _rivers(connection)
    names = [
        (place.layer, place.code, name) for place in places for name in dict.fromkeys(place.names.values()) if name
    ]
    named = select(PlaceName.layer, PlaceName.place, PlaceName.name).where(PlaceName.ended_by.is_(None))
    names += [(row.layer, row.place, row.name) for row in connection.execute(named.order_by(PlaceName.code))]
    return Gazetteer(places, names)


_ORDER: Final = {name: rank for rank, name in enumerate([*(layer.__tablename__ for layer in NAMED), "rivers"])}


def _places(connection: Connection, layer: type[Layer]) -> Iterator[Place]:
    table = layer.__table__.c
    box = func.box2d(table.geom)
    parent = PARENT.get(layer.__tablename__)
    rows = connection.execute(
        select(
            table.code,
            table.name_tg,
            table.name_ru,
            table.name_en,
            *([table[parent]] if parent else []),
            func.ST_XMin(box).label("west"),
            func.ST_YMin(box).label("south"),
            func.ST_XMax(box).label("east"),
            func.ST_YMax(box).label("north"),
        )
        .where(layer.ended_by.is_(None))
        .order_by(table.code)
    ).mappings()
    for row in rows:
        names = {"tg": row["name_tg"], "ru": row["name_ru"], "en": row["name_en"]}
        bounds = (row["west"], row["south"], row["east"], row["north"])
        yield Place(layer.__tablename__, row["code"], names, row[parent] if parent else None, bounds)


def _rivers(connection: Connection) -> Iterator[Place]:
    """Rivers that have a name, each once: lines of one name are one river, known by the least of their codes."""
    table = River.__table__.c
    names = (table.name_tg, table.name_ru, table.name_en)
    extent = func.ST_Extent(table.geom)
    rows = connection.execute(
        select(
            func.min(table.code).label("code"),
            *names,
            func.ST_XMin(extent).label("west"),
            func.ST_YMin(extent).label("south"),
            func.ST_XMax(extent).label("east"),
            func.ST_YMax(extent).label("north"),
        )
        .where(River.ended_by.is_(None), func.coalesce(*names).is_not(None))
        .group_by(*names)
        .order_by(func.min(table.code))
    )
    for row in rows:
        names_of = {"tg": row.name_tg, "ru": row.name_ru, "en": row.name_en}
        yield Place("rivers", row.code, names_of, None, (row.west, row.south, row.east, row.north))
