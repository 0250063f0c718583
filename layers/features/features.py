"""The rows of a layer as people see them: which properties an audience may read, filter and sort by, and from where.

Features of every surface (pages, files, tiles, filters) come from here, so that a column that is hidden on one
is hidden on all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ARRAY,
    REAL,
    Boolean,
    ColumnElement,
    Date,
    Float,
    FromClause,
    Integer,
    and_,
    case,
    cast,
    func,
    literal,
    select,
)
from sqlalchemy.sql.elements import KeyedColumnElement
from sqlalchemy.types import TypeEngine

from layers.catalogue import BY_NAME
from layers.catalogue.admin import District
from layers.catalogue.base import PUBLIC, Audience, Layer
from layers.errors import BadFilter, DataRefused, NotFound
from layers.records.loads import ROW_COLUMNS, Load

DERIVED = "derived"  # kind of source of what was computed from other layers
MOST_TOLD = 8  # codes that a refusal lists; of more it names the nearest
CAUTION = "caution"  # property of rows of such a kind
NO_CAUTION = "the row was mapped, not derived"


class Kind(StrEnum):
    """What a property holds; decides what it may be compared with and its type in a file."""

    TEXT = "text"
    TEXTS = "texts"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"


@dataclass(frozen=True, slots=True)
class Property:
    """One readable property: the value as shown and, where it is cheaper to sort by, another column in its order.

    ``single`` marks a number stored in single precision: what it is compared with is brought to that precision
    first, so that ``slope_pct <= 7.1`` holds for a slope shown as 7.1. ``ranks`` are its codes, the best first, where
    they have an order that is not that of the alphabet; ``order`` then counts from 1 by it. ``codes`` are all texts it
    may hold, where they are few. ``empty`` is what an empty value means, a message id; "" = it is never empty.
    """

    name: str
    title: str
    unit: str
    kind: Kind
    audience: Audience
    value: ColumnElement[Any]
    order: ColumnElement[Any]
    single: bool = False
    ranks: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    empty: str = ""

    def comparable(self, number: float) -> ColumnElement[Any]:
        """Return a bound number in the precision of this property."""
        bound = literal(number, Float(53))
        return cast(bound, REAL) if self.single else bound


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """Readable rows of one layer; equal only to itself.

    ``number`` is unique among the rows and settles ties; ``geom`` is in EPSG:4326 and None for a table without
    geometry.
    """

    layer: type[Layer]
    properties: Mapping[str, Property]
    source: FromClause
    where: tuple[ColumnElement[bool], ...]
    key: ColumnElement[str]
    number: ColumnElement[int]
    geom: ColumnElement[Any] | None

    def property(self, name: str) -> Property:
        """Return a readable property.

        Raises
        ------
        BadFilter : it does not exist or may not be read; the sentence is the same for both.
        """
        found = self.properties.get(name)
        if found is None:
            raise BadFilter(f"There is no property {name!r}{nearest(name, self.properties)}.")
        return found


def nearest(name: str, known: Iterable[str]) -> str:
    """Return words that name the closest of the known names, or all of them when none is close."""
    names = list(known)
    close = get_close_matches(name, names, n=1)
    return f"; the nearest is {close[0]!r}" if close else f"; there are: {', '.join(names) or 'none'}"


def require_code(name: str, text: str, codes: Sequence[str]) -> None:
    """Refuse a text that is none of the codes something may hold.

    Raises
    ------
    BadFilter : names the codes, or the nearest of them where they are more than ``MOST_TOLD``.
    """
    if text not in codes:
        told = f"; there are: {', '.join(codes)}" if len(codes) <= MOST_TOLD else nearest(text, codes)
        raise BadFilter(f"There is no {name} {text!r}{told}.")


def readable_layer(name: str, audience: Audience) -> type[Layer]:
    """Return the layer or table of that name.

    Raises
    ------
    NotFound : it does not exist or is not for this audience; the sentence is the same for both.
    """
    layer = BY_NAME.get(name)
    if layer is None or layer.card.audience > audience:
        raise NotFound(f"There is no layer {name!r}.")
    return layer


def layer_features(layer: type[Layer], audience: Audience) -> Features:
    """Return the current rows of a layer with the attributes the audience may read, key first."""
    table = layer.__table__
    return Features(
        layer=layer,
        properties=layer_properties(layer, audience),
        source=table,
        where=(layer.ended_by.is_(None),),
        key=table.c[layer.key],
        number=table.c.gid,
        geom=table.c.geom if layer.geometry_kind else None,
    )


def layer_properties(layer: type[Layer], audience: Audience) -> dict[str, Property]:
    """Return the attributes of a layer that the audience may read, as declared and in that order.

    ``synthetic`` follows them: whether the row was made up rather than surveyed; before it, where the card has one,
    ``caution``: what must be said with a row that was derived and not mapped.
    """
    columns = layer.__table__.c
    declared = {
        about.shown_as or name: _declared(layer, name, audience) for name, about in layer.attributes(audience).items()
    }
    if layer.card.caution:
        derived = columns.source_class == DERIVED
        apart = [
            (and_(derived, columns.process == name), literal(text)) for name, text in layer.card.caution_of.items()
        ]
        said = case(*apart, (derived, literal(layer.card.caution)))
        caution = Property(CAUTION, "Caution", "", Kind.TEXT, layer.card.audience, said, said)
        declared[CAUTION] = replace(caution, empty=NO_CAUTION)
    made_up = columns.load_id.in_(select(Load.load_id).where(Load.synthetic))
    name = ROW_COLUMNS["synthetic"]
    return {**declared, name: Property(name, "Synthetic", "", Kind.BOOLEAN, PUBLIC, made_up, made_up)}


def _declared(layer: type[Layer], name: str, audience: Audience) -> Property:
    """The property that shows an attribute as an audience is told it, under the name that people see."""
    column, about = layer.__table__.c[name], layer.attributes()[name]
    plain = plain_property(column, about.title, about.unit, about.audience)
    empty = about.empty if column.nullable else ""
    plain = replace(plain, name=about.shown_as or name, codes=about.values_for(audience), empty=empty)
    told_as = about.told_to(audience)
    if not told_as:  # an answer that holds the values as they are is one for those who may read them, and kept so
        return replace(plain, audience=max(plain.audience, about.exact_for))
    told = case(*((column == value, literal(told)) for value, told in told_as.items()), else_=column)
    return replace(plain, value=told, order=told)


def plain_property(column: KeyedColumnElement[Any], title: str, unit: str, audience: Audience) -> Property:
    """Return the property that shows a column as it is stored."""
    single = isinstance(column.type, REAL)
    return Property(column.key, title, unit, kind_of(column.type), audience, column, column, single)


def kind_of(stored: TypeEngine[Any]) -> Kind:
    """Return the kind of a column's type."""
    for kind, types in _KINDS.items():
        if isinstance(stored, types):
            return kind
    return Kind.TEXT


_KINDS: dict[Kind, tuple[type[TypeEngine[Any]], ...]] = {
    Kind.TEXTS: (ARRAY,),
    Kind.BOOLEAN: (Boolean,),
    Kind.INTEGER: (Integer,),
    Kind.NUMBER: (Float,),
    Kind.DATE: (Date,),
}


def rows_in_district(features: Features, district: str) -> ColumnElement[bool]:
    """Return the condition that rows lie in a district: by code where rows have one, else by touching its outline.

    Raises
    ------
    DataRefused : the layer knows no districts and has no position.
    """
    if "district" in features.properties:
        return features.property("district").value == district
    if features.layer is District:
        return features.key == district
    if features.geom is None:
        raise DataRefused(f"{features.layer.__tablename__} knows no districts: leave out --district.")
    outline = select(District.__table__.c.geom).where(District.code == district, District.ended_by.is_(None))
    touches: ColumnElement[bool] = func.ST_Intersects(features.geom, outline.scalar_subquery())
    return touches
