"""Lists of features: filtered, sorted, and cut into pages that neither skip nor repeat a row.

A page begins after the last row of the one before it (keyset), so its cost does not grow with its number and a
row that is added or removed meanwhile shifts nothing. Ties are settled by the feature number, unknown values
come last.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import (
    REAL,
    BigInteger,
    ColumnElement,
    Connection,
    Integer,
    Row,
    Select,
    String,
    Text,
    and_,
    case,
    cast,
    false,
    func,
    literal,
    literal_column,
    or_,
    select,
)
from sqlalchemy.types import TypeEngine

from geo.geometry.crs import DEGREE_DIGITS
from layers.errors import BadFilter
from layers.features.features import Features, Kind, Property
from layers.features.filters import SortKey
from layers.features.text_store import BETWEEN, FeatureTexts

FETCHED_ROWS = 2_000  # rows fetched at a time from a streamed list
SHORT_CODE = 8  # characters; text columns that are so short hold codes
MOST_ARGUMENTS = 90  # of one call; PostgreSQL takes 100


@dataclass(frozen=True, slots=True)
class Listing:
    """What is listed: features that meet all conditions, in the order of keys, then of feature numbers."""

    features: Features
    conditions: Sequence[ColumnElement[bool]] = ()
    keys: Sequence[SortKey] = ()

    def ordered(self, statement: Select[Any]) -> Select[Any]:
        """Return a selection from these features with conditions and order applied."""
        order = [*(key.ordered() for key in self.keys), self.features.number]
        statement = statement.select_from(self.features.source)
        return statement.where(*self.features.where, *self.conditions).order_by(*order)

    def after(self, last: Sequence[Any]) -> ColumnElement[bool]:
        """Return the condition that holds for rows after one whose key values and number are ``last``."""
        number = self.features.number
        equal: list[ColumnElement[bool]] = []
        later: list[ColumnElement[bool]] = []
        for key, value in zip(self.keys, last, strict=False):
            later.append(and_(*equal, _beyond(key, value)))
            equal.append(key.value.is_(None) if value is None else key.value == _bound(key.value.type, value))
        later.append(and_(*equal, number > literal(last[-1], number.type)))
        return or_(*later)


@dataclass(frozen=True, slots=True)
class Page:
    """GeoJSON features, ``BETWEEN`` between them; how many; the token of the next page (None = that was all)."""

    body: bytes
    count: int
    next: str | None


def read_page(
    connection: Connection, listing: Listing, *, limit: int, after: str | None = None, texts: FeatureTexts | None = None
) -> Page:
    """Return up to ``limit`` features in order, those after the page whose token is ``after``.

    ``texts`` has the features of the listing, if they are at hand; only which of them, and in what order, is asked.

    Raises
    ------
    BadFilter : ``after`` is not a token of a list sorted like this one.
    """
    last = None if after is None else _read_token(listing, after)
    if texts is not None:
        rows, more = _rows_of_page(connection, listing, _numbers(listing), limit, last)
        found = texts.of([row[-1] for row in rows])
        if found is not None:
            return Page(found, len(rows), more)
    rows, more = _rows_of_page(connection, listing, geojson_rows(listing), limit, last)
    return Page(BETWEEN.join([row[0].encode() for row in rows]), len(rows), more)


def _rows_of_page(
    connection: Connection, listing: Listing, statement: Select[Any], limit: int, last: Sequence[Any] | None
) -> tuple[Sequence[Row[Any]], str | None]:
    """Rows of a page, and the token of the next; the last columns are the key values and the number."""
    if last is not None:
        statement = statement.where(listing.after(last))
    rows = connection.execute(statement.limit(limit + 1)).all()
    more = _token(listing, rows[limit - 1][-1 - len(listing.keys) :]) if len(rows) > limit else None
    return rows[:limit], more


def read_ready_page(texts: FeatureTexts, listing: Listing, *, limit: int, after: str | None = None) -> Page | None:
    """Return the same page of a listing without conditions: ``texts`` are all of it, in its order.

    None where the page before ended with a feature that is not among them, or not with these values.

    Raises
    ------
    BadFilter : ``after`` is not a token of a list sorted like this one.
    """
    first = 0
    if after is not None:
        *keys, number = _read_token(listing, after)
        place = texts.place_of(number)
        if place is None or texts.keys_at(place) != keys:
            return None
        first = place + 1
    last = min(first + limit, len(texts.numbers))
    more = None
    if last < len(texts.numbers):
        types = [key.value.type.python_type for key in listing.keys]
        kept = [v if v is None else of(v) for of, v in zip(types, texts.keys_at(last - 1), strict=True)]
        more = _token(listing, [*kept, int(texts.numbers[last - 1])])
    return Page(texts.slice(first, last), last - first, more)


def stream_features(
    connection: Connection, listing: Listing, limit: int | None = None
) -> Generator[list[str], None, None]:
    """Yield features in order as GeoJSON texts, some thousand at a time, never all in memory.

    Whoever takes fewer closes it, as with ``stream_rows``.
    """
    with closing(stream_rows(connection, geojson_rows(listing).limit(limit))) as parts:
        for rows in parts:
            yield [row[0] for row in rows]


def stream_rows(connection: Connection, statement: Select[Any]) -> Generator[Sequence[Row[Any]], None, None]:
    """Yield the rows of a statement in parts of ``FETCHED_ROWS`` through a server-side cursor.

    Whoever takes fewer closes it before the transaction ends: what is left to the garbage collector closes its cursor
    some time later, when another may have the connection.
    """
    with connection.execute(statement, execution_options={"yield_per": FETCHED_ROWS}) as rows:  # closed if cut short
        yield from rows.partitions()


def read_feature(connection: Connection, features: Features, condition: ColumnElement[bool]) -> str | None:
    """Return the one feature that meets a condition as GeoJSON text, or None."""
    statement = geojson_rows(Listing(features, (condition,))).limit(1)
    row = connection.execute(statement).first()
    return None if row is None else str(row[0])


def count_rows(connection: Connection, listing: Listing) -> int:
    """Return how many rows meet the conditions."""
    return int(connection.execute(listing.ordered(select(func.count())).order_by(None)).scalar_one())


def cut_after(connection: Connection, listing: Listing, limit: int) -> str | None:
    """Return the token of the rows that come after the first ``limit``; None if these are all."""
    rows = connection.execute(_numbers(listing).offset(limit - 1).limit(2)).all()
    return _token(listing, rows[0]) if len(rows) == 2 else None


def rows_after(listing: Listing, token: str) -> Listing:
    """Return the listing of the rows that come after those a token stands for.

    Raises
    ------
    BadFilter : it is not a token of a list sorted like this one.
    """
    return replace(listing, conditions=[*listing.conditions, listing.after(_read_token(listing, token))])


def geojson_rows(listing: Listing) -> Select[Any]:
    """Return the statement for feature text, key values and number of each row; the database builds the text."""
    features = listing.features
    return listing.ordered(select(_feature_text(features), *(key.value for key in listing.keys), features.number))


def _numbers(listing: Listing) -> Select[Any]:
    return listing.ordered(select(*(key.value for key in listing.keys), listing.features.number))


@lru_cache(maxsize=256)
def _feature_text(features: Features) -> ColumnElement[Any]:
    """A row as a GeoJSON feature.

    Written member by member, since ``row_to_json`` looks up the type of every column again for every row, which
    takes twice as long.
    """
    parts: list[ColumnElement[Any]] = []
    for name, item in features.properties.items():
        # Names are declared, so they stand in the statement itself: fifty parameters fewer in each.
        parts += (literal_column(f"'{',' if parts else ''}\"{name}\":'", Text), _json_text(item))
    groups = [func.concat(*parts[at : at + MOST_ARGUMENTS]) for at in range(0, len(parts), MOST_ARGUMENTS)]
    text: ColumnElement[Any] = func.concat(
        '{"type":"Feature","id":',
        func.to_json(features.key),
        ',"geometry":',
        "null" if features.geom is None else func.ST_AsGeoJSON(features.geom, DEGREE_DIGITS),
        ',"properties":{',
        *groups,
        "}}",
    )
    return text


def _json_text(item: Property) -> ColumnElement[Any]:
    """A property as JSON text. Stored numbers are finite: what is not known is empty."""
    if item.kind in (Kind.INTEGER, Kind.NUMBER, Kind.BOOLEAN):
        return func.coalesce(cast(item.value, Text), _NULL)
    said: ColumnElement[Any] = cast(func.to_json(item.value), Text)
    if isinstance(item.value.type, String) and (item.value.type.length or SHORT_CODE + 1) <= SHORT_CODE:
        said = _QUOTE.concat(item.value).concat(_QUOTE)  # a class, subclass or confidence, which scoring itself writes
    elif item.kind is Kind.TEXT:
        # Looking for what must be escaped takes half the time of escaping.
        said = case((item.value.regexp_match(_ESCAPED), said), else_=_QUOTE.concat(item.value).concat(_QUOTE))
    return func.coalesce(said, _NULL)


_ESCAPED = literal_column("E'[\\x01-\\x1f\"\\\\\\\\]'", Text)  # characters JSON does not take as they are (RFC 8259, 7)
_QUOTE: ColumnElement[Any] = literal_column("'\"'", Text)
_NULL: ColumnElement[Any] = literal_column("'null'", Text)


_LARGEST = {float: 3.4e38, int: 2**63, bool: 2}  # beyond what single precision, bigint and boolean hold


def _beyond(key: SortKey, value: Any) -> ColumnElement[bool]:
    """Rows whose key comes after a value; nothing comes after an unknown one."""
    if value is None:
        return false()
    bound = _bound(key.value.type, value)
    return or_(key.value < bound if key.falling else key.value > bound, key.value.is_(None))


def _bound(stored: TypeEngine[Any], value: Any) -> ColumnElement[Any]:
    if isinstance(stored, REAL):
        return cast(literal(value), REAL)
    return literal(value, BigInteger() if isinstance(stored, Integer) else stored)


def _order_text(listing: Listing) -> str:
    return ",".join(f"{'-' if key.falling else '+'}{key.name}" for key in listing.keys)


def _token(listing: Listing, last: Sequence[Any]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([_order_text(listing), *last])).decode().rstrip("=")


def _read_token(listing: Listing, token: str) -> list[Any]:
    """Return the key values and number a token stands for."""
    try:
        order, *last = orjson.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        types = [*(key.value.type.python_type for key in listing.keys), int]
        if order != _order_text(listing) or len(last) != len(types):
            raise ValueError("a token of another list")
        read: list[Any] = []
        for value, wanted in zip(last, types, strict=True):
            if value is not None and wanted is date:
                value = date.fromisoformat(value)
            if value is not None and not isinstance(value, (int, float) if wanted is float else wanted):
                raise ValueError("a value of another type")
            if isinstance(value, int | float) and abs(value) >= _LARGEST[wanted]:
                raise ValueError("a value no column holds")
            read.append(value)
    except (ValueError, TypeError, binascii.Error):
        raise BadFilter("The next link belongs to another list; begin again at its first page.") from None
    if read[-1] is None or "\0" in str(read):
        raise BadFilter("The next link is damaged; begin again at the first page.")
    return read
