"""Places people name: regions, districts, jamoats, settlements; found by any of their names in any script."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from sqlalchemy import Connection, func, select

from layers.catalogue.admin import District, Jamoat, PlaceName, Region, Settlement
from layers.catalogue.base import Layer
from layers.errors import NotFound

Bounds = tuple[float, float, float, float]  # west, south, east, north, degrees in EPSG:4326

NAMED: Final[tuple[type[Layer], ...]] = (Region, District, Jamoat, Settlement)  # larger places first
PARENT: Final[Mapping[str, str]] = {"districts": "region", "jamoats": "district", "settlements": "district"}

# Letters to a common ground of both scripts. What spellings confuse is made equal: q and k, kh and h, gh and g,
# j and dzh, y and i, o and u after Tajik ӯ.
_LATIN: Final = {
    **dict(zip("абвгғдезийкқлмнопрстуфхҳчҷшэыӣӯ", "abvggdeziikklmnoprstufhhcjseiiu", strict=True)),
    "ё": "io",
    "ж": "z",
    "ц": "ts",
    "щ": "s",
    "ю": "iu",
    "я": "ia",
    "ъ": "",
    "ь": "",
}
_DIGRAPHS: Final = (
    ("dzh", "j"),
    ("dz", "j"),
    ("дж", "ҷ"),
    ("kh", "h"),
    ("gh", "g"),
    ("zh", "z"),
    ("sh", "s"),
    ("ch", "c"),
)
_LETTERS: Final = {"q": "k", "y": "i", "w": "v", "x": "h"}


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


class Gazetteer:
    """All places with all their names, ready to be searched; read once per version of the layers."""

    def __init__(self, places: list[Place], names: list[tuple[str, str, str]]) -> None:
        self.places: Mapping[tuple[str, str], Place] = {(place.layer, place.code): place for place in places}
        self._keys = [
            (spelling_key(name), name, self.places[layer, code])
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
        """Return places with a name like ``text`` in any script: whole names, then beginnings, then parts of names.

        Larger places come first among equals. Each place is named once, as it was asked for where it has that name.
        """
        wanted, said = spelling_key(text), text.strip().casefold()
        if not wanted:
            return []
        hits = [
            ((_fit(wanted, key), _ORDER[place.layer], len(key), name.casefold() != said, name), Found(place, name))
            for key, name, place in self._keys
            if wanted in key
        ]
        found: dict[tuple[str, str], Found] = {}
        for _, hit in sorted(hits, key=lambda pair: pair[0]):
            found.setdefault((hit.place.layer, hit.place.code), hit)
        return list(found.values())[:most]


def read_gazetteer(connection: Connection) -> Gazetteer:
    """Return the places of the current rows, with the names in their own columns and in the table of names."""
    places = [place for layer in NAMED for place in _places(connection, layer)]
    names = [
        (place.layer, place.code, name) for place in places for name in dict.fromkeys(place.names.values()) if name
    ]
    named = select(PlaceName.layer, PlaceName.place, PlaceName.name).where(PlaceName.ended_by.is_(None))
    names += [(row.layer, row.place, row.name) for row in connection.execute(named.order_by(PlaceName.code))]
    return Gazetteer(places, names)


def spelling_key(name: str) -> str:
    """Return a name as Latin letters that do not depend on script or way of writing.

    Қабодиён, Кабодиён and Qabodiyon have the same key; so have Ҷиргатол and Jirgatol. A key is its own key: letters
    that become a digraph only once they are Latin (qx, written for kh) are read again.
    """
    key = _spell(name)
    while key != name:
        name, key = key, _spell(key)
    return key


def _spell(name: str) -> str:
    text = unicodedata.normalize("NFC", name).casefold()
    for spelled, letter in _DIGRAPHS:
        text = text.replace(spelled, letter)
    latin = "".join(_LATIN.get(letter, letter) for letter in text)
    plain = unicodedata.normalize("NFKD", latin)
    letters = (_LETTERS.get(letter, letter) for letter in plain if letter.isalnum())
    return "".join(letter for letter, _repeated in groupby(letters))


_ORDER: Final = {layer.__tablename__: rank for rank, layer in enumerate(NAMED)}


def _fit(wanted: str, key: str) -> int:
    """0 for the whole name, 1 for its beginning, 2 for a part."""
    return 0 if key == wanted else 1 if key.startswith(wanted) else 2


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
