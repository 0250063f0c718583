"""The contract of a layer, in one screen.

A layer is one class: its columns, who may see each, how it is drawn. Table, spatial index, column
comments, vector tile, TileJSON, filter, legend, access rule, loader check and documentation row are all
computed from that class. Every row of every layer carries the load that brought it and the load that
ended it, so any past state can be read again and any load can be taken back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, ClassVar, cast

from geoalchemy2 import Geometry
from sqlalchemy import BigInteger, Computed, ForeignKey, Identity, Index, LargeBinary, MetaData, text
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedColumn, mapped_column

from layers.audience import PARTNER as PARTNER  # every declaration names its audience, from here
from layers.audience import PUBLIC as PUBLIC
from layers.audience import STAFF as STAFF
from layers.audience import Audience as Audience

STORED_SRID = 4326  # EPSG code; storage and exchange, domain reference 2.2
NOT_KNOWN = "not known"  # what an empty value means unless it is said otherwise
TILE_SRID = 3857  # EPSG code; Web Mercator, the projection of web map tiles

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Declarative base of every table, so that Alembic sees one metadata."""

    metadata = MetaData(naming_convention=NAMING)


@dataclass(frozen=True, slots=True)
class Box:
    """Longitudes and latitudes a layer's geometry may lie in, degrees, with words for messages."""

    west: float
    south: float
    east: float
    north: float
    words: str


# Domain reference 2.2: layers may lie anywhere in the country's box, with a margin for rivers and quakes beyond it.
COUNTRY = Box(66.4, 35.9, 76.1, 41.85, "a place in or near Tajikistan (66.4-76.1 E, 35.9-41.85 N)")


@dataclass(frozen=True, slots=True)
class Style:
    """How one value of the drawn attribute looks and reads.

    ``colour`` is #rrggbb; ``label`` is a message id; ``hatched`` marks what is unknown, not evaluated or not settled:
    stripes of ``colour`` on a ``ground`` of #rrggbb, nearly white where there is none.
    """

    colour: str
    label: str
    hatched: bool = False
    ground: str = ""


@dataclass(frozen=True, slots=True)
class Thinned:
    """Rows that are drawn from a later zoom than the layer: value of ``attribute`` -> that zoom (None = not known).

    For lines that would hide the land under them from afar; never for land itself.
    """

    attribute: str
    zooms: Mapping[int | str | None, int]

    def hidden(self, zoom: int) -> list[int | str | None]:
        """Return the values whose rows are not drawn yet at a zoom."""
        return [value for value, first in self.zooms.items() if zoom < first]


@dataclass(frozen=True, slots=True)
class Mark:
    """What rows wear over every colour if ``attribute`` holds one of ``values``."""

    attribute: str
    values: tuple[str, ...]
    style: Style


@dataclass(frozen=True, slots=True)
class Card:
    """What people are told about a layer, and how its map is drawn.

    ``audience`` has no default on purpose: nobody publishes a sensitive layer by forgetting.
    ``drawn_by`` names the attribute that ``legend`` gives a style for, value by value; without it the
    legend has the single key ``""``. ``caution`` is said of every row whose ``source_class`` is derived, and
    beside the legend. ``tiles_from`` is the lowest tile zoom at which rows are sent one by one; ``thinned``
    says which of them come later, and ``about`` tells people so. ``caution_of`` says it otherwise for some processes.
    ``mark`` : the one thing nobody may miss, whatever rows are coloured by.
    """

    title: str
    audience: Audience
    about: str
    legend: Mapping[str, Style]
    drawn_by: str | None = None
    caution: str = ""
    caution_of: Mapping[str, str] = field(default_factory=dict)
    tiles_from: int = 0
    line_width: float = 1.5
    thinned: Thinned | None = None
    mark: Mark | None = None


@dataclass(frozen=True, slots=True)
class About:
    """What is declared about one attribute; stored in ``Column.info['about']``.

    ``empty`` is what an empty value means, a message id; of a column that is never empty it counts for nothing.
    ``of_place`` : its values are names of places, which are often called after people.
    """

    title: str
    unit: str = ""
    audience: Audience = PUBLIC
    values: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    filter: bool = False
    in_tile: bool = False
    empty: str = NOT_KNOWN
    shown_as: str = ""
    exact_for: Audience = PUBLIC
    told_as: Mapping[str, str] = field(default_factory=dict)
    of_place: bool = False

    def told_to(self, audience: Audience) -> Mapping[str, str]:
        """Return value -> what an audience is told in its place; empty where it is told all as it is."""
        return {} if audience >= self.exact_for else self.told_as

    def values_for(self, audience: Audience) -> tuple[str, ...]:
        """Return the codes an audience may meet."""
        hidden = self.told_to(audience)
        return tuple(value for value in self.values if value not in hidden)


def attribute(
    title: str,
    *,
    unit: str = "",
    audience: Audience = PUBLIC,
    values: tuple[str, ...] = (),
    minimum: float | None = None,
    maximum: float | None = None,
    filter: bool = False,
    in_tile: bool = False,
    empty: str = NOT_KNOWN,
    shown_as: str = "",
    exact_for: Audience = PUBLIC,
    told_as: Mapping[str, str] = MappingProxyType({}),
    of_place: bool = False,
    column: Any = None,
    **options: Any,
) -> Mapped[Any]:
    """Return a mapped column that says what it holds.

    Parameters
    ----------
    title : message id; becomes the column comment QGIS and psql show, with the unit.
    unit : unit of the stored value, empty for text and counts.
    audience : who may read it; the layer's own audience applies as well.
    values : the codes a text attribute may hold; anything else is refused on loading.
    minimum, maximum : inclusive plausible range in ``unit``; outside is refused on loading.
    filter : offered as a filter and a queryable. in_tile : carried by the vector tile.
    empty : what an empty value means, a message id.
    shown_as : its name in lists, files and views, where an outcome of scoring has the column's own; files are loaded
        from either.
    exact_for : audience from which every value is told as it is; those below are told ``told_as`` in place of a value.
    of_place : its values are names of places; they are not taken for names of people when a file is loaded.
    """
    about = About(
        title, unit, audience, values, minimum, maximum, filter, in_tile, empty, shown_as, exact_for, told_as, of_place
    )
    comment = f"{title} [{unit}]" if unit else title
    positional = () if column is None else (column,)
    return mapped_column(*positional, comment=comment, info={"about": about}, **options)


def identifier(title: str) -> Mapped[Any]:
    """Return the text column that names a row for ever: the layer's stable key."""
    about = About(title, filter=True, in_tile=True)
    return mapped_column(nullable=False, comment=title, info={"about": about, "key": True})


def geometry(kind: str) -> Mapped[Any]:
    """Return the geometry column, stored in EPSG:4326 with a spatial index.

    ``kind`` is POINT, MULTILINESTRING or MULTIPOLYGON. Loading promotes single geometries to it.
    """
    return mapped_column(
        Geometry(kind, srid=STORED_SRID, spatial_index=False), nullable=False, comment=f"{kind}, EPSG:4326"
    )


def tile_geometry() -> Mapped[Any]:
    """Return a stored copy of ``geom`` in Web Mercator: reprojecting on each tile request costs 1.3-2x."""
    return mapped_column(
        Geometry(srid=TILE_SRID, spatial_index=False),
        Computed(f"ST_Transform(geom, {TILE_SRID})", persisted=True),
        nullable=True,
        comment="geom in Web Mercator for tiles, kept by the database",
    )


class Layer(Base):
    """Base of every layer. A subclass gives ``card``, a key (``identifier``) and its attributes.

    Rows are never changed in place: a correction ends the old row (``ended_by``) and adds a new one, so
    that a run can be replayed on the rows it saw. Current rows are those with ``ended_by`` empty.

    What only some layers have is a fact on the class, so that nothing asks for a layer by name. box : where its rows
    may lie. judged : scoring finds results for its rows, and every surface shows them together. key_in_address : its
    keys stand in web addresses. computed : attributes the loader computes, never taken from a file. leading :
    attributes that stand first in pages and files. tiles_land : its rows are outlines that lie side by side without
    gap or overlap. part_of : the layer whose rows they divide. disjoint : no spot belongs to two of its rows.
    usual_ha : least and most hectares a row usually has. together : its rows mean something only together, so that a
    flow, area or share of one that does not fit refuses the whole file. own_columns : its files have its columns alone.
    side_by_side : attributes that tell apart rows of the same thing which lie over one another, with the values whose
    rows a picture shows unless others are asked for; all of them at once are no picture of anything.
    """

    __abstract__ = True
    card: ClassVar[Card]
    key: ClassVar[str]
    geometry_kind: ClassVar[str | None] = None
    box: ClassVar[Box] = COUNTRY
    judged: ClassVar[bool] = False
    key_in_address: ClassVar[bool] = False
    computed: ClassVar[tuple[str, ...]] = ()
    leading: ClassVar[tuple[str, ...]] = ()
    tiles_land: ClassVar[bool] = False
    part_of: ClassVar[type[Layer] | None] = None
    disjoint: ClassVar[bool] = False
    usual_ha: ClassVar[tuple[float, float] | None] = None
    second_drawing: ClassVar[bool] = False
    together: ClassVar[bool] = False
    own_columns: ClassVar[bool] = False
    side_by_side: ClassVar[Mapping[str, str]] = MappingProxyType({})

    gid: Mapped[int] = mapped_column(
        BigInteger,
        Identity(),
        primary_key=True,
        comment="Row number; the tile feature id unless declared otherwise",
    )
    load_id: Mapped[int] = mapped_column(
        ForeignKey("loads.load_id"), nullable=False, comment="Load that brought this row"
    )
    ended_by: Mapped[int | None] = mapped_column(
        ForeignKey("loads.load_id"), comment="Load that ended this row; empty = current"
    )
    row_hash: Mapped[bytes] = mapped_column(
        LargeBinary, nullable=False, comment="Digest of key, attributes and geometry"
    )

    def __init_subclass__(cls, **options: Any) -> None:
        declared = {name: value.column for name, value in vars(cls).items() if isinstance(value, MappedColumn)}
        keys = [name for name, column in declared.items() if column.info.get("key")]
        if len(keys) != 1:
            raise TypeError(f"{cls.__name__} must declare one identifier(), found {len(keys)}")
        cls.key = keys[0]
        table = cls.__tablename__
        indexes: list[Any] = [
            Index(f"uq_{table}_current", cls.key, unique=True, postgresql_where=text("ended_by IS NULL")),
            Index(f"ix_{table}_load", "load_id"),
            Index(f"ix_{table}_ended", "ended_by", postgresql_where=text("ended_by IS NOT NULL")),
        ]
        if "geom" in declared:
            cls.geometry_kind = cast(Geometry, declared["geom"].type).geometry_type
            cls.tile_geom = tile_geometry()
            indexes.append(Index(f"ix_{table}_geom", "geom", postgresql_using="gist"))
        cls.__table_args__ = (*indexes, {"comment": cls.card.title})
        super().__init_subclass__(**options)

    @classmethod
    def attributes(cls, audience: Audience = STAFF) -> dict[str, About]:
        """Key and attributes that ``audience`` may read, in the order they were declared."""
        return {
            column.name: column.info["about"]
            for column in cls.__table__.columns
            if "about" in column.info and column.info["about"].audience <= audience
        }
