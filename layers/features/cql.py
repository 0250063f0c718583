"""CQL2 text to SQLAlchemy: parsed by the cql2 library, translated here with every literal a bound parameter.

Part of OGC 21-065r2 that is understood: and, or, not; = <> < <= > >=; in, between, like, isNull; casei;
s_intersects and s_within with GeoJSON-like or WKT literals and bounding boxes; dates. Only properties of the
given features are known; a hidden one reads as one that does not exist.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import cql2
import shapely
from shapely.errors import GEOSException
from shapely.geometry import shape
from sqlalchemy import ColumnElement, Date, and_, cast, false, func, literal, not_, or_, true

from layers.catalogue.base import STORED_SRID
from layers.errors import BadFilter
from layers.features.features import Features, Kind, Property, require_code

LONGEST = 4_000  # characters of a filter; a URL carries little more
DEEPEST = 10  # brackets within brackets; the parser's time doubles with each, and at some hundreds it overflows
MOST_NESTED = 50  # conditions within conditions after parsing
MOST_VERTICES = 5_000  # vertices of a geometry in a filter

GEOMETRY_NAMES = ("geom", "geometry")

_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_MIRRORED = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_ARGUMENTS = {
    "not": 1,
    "isnull": 1,
    "in": 2,
    "like": 2,
    "between": 3,
    "s_intersects": 2,
    "s_within": 2,
} | dict.fromkeys(_COMPARE, 2)
_SPATIAL = {"s_intersects": func.ST_Intersects, "s_within": func.ST_Within}
_KIND_WORDS = {
    Kind.TEXT: "a text in single quotes",
    Kind.INTEGER: "a number",
    Kind.NUMBER: "a number",
    Kind.BOOLEAN: "TRUE or FALSE",
    Kind.DATE: "a date such as DATE('2024-05-01')",
    Kind.TEXTS: "nothing: it is a list",
}


def cql2_condition(features: Features, text: str) -> ColumnElement[bool]:
    """Return the condition a CQL2 text states about features.

    Raises
    ------
    BadFilter : the text is not CQL2, names a property that is not readable, or compares unlike things.
    """
    if len(text) > LONGEST:
        raise BadFilter(f"The filter is longer than {LONGEST} characters.")
    if "\0" in text:
        raise BadFilter("The filter holds a character that no text here has.")
    _check_brackets(text)
    try:
        parsed = cql2.parse_text(text).to_json()
    except Exception:  # besides its own errors the library raises bare Exception, such as for POINT EMPTY
        raise BadFilter(
            "The filter is not understood; expected CQL2 text such as class = 'S1' AND score >= 60."
        ) from None
    return _Translation(features).condition(parsed)


def _check_brackets(text: str) -> None:
    """Refuse brackets that do not close or lie too deep, before the parser meets them; quoted text is skipped."""
    depth = 0
    for sign in _BRACKETS.sub("", text):
        depth += (sign == "(") - (sign == ")")
        if depth < 0 or depth > DEEPEST:
            break
    if depth > DEEPEST:
        raise BadFilter(f"The filter has more than {DEEPEST} brackets within each other.")
    if depth:
        raise BadFilter("The brackets of the filter do not match.")


_BRACKETS = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|[^()'\"]+")  # what is not a bracket


class _Translation:
    """One filter on one set of features."""

    def __init__(self, features: Features) -> None:
        self.features = features
        self.depth = 0

    def condition(self, node: Any) -> ColumnElement[bool]:
        self.depth += 1
        if self.depth > MOST_NESTED:
            raise BadFilter(f"The filter has more than {MOST_NESTED} conditions within each other.")
        translated = self._condition(node)
        self.depth -= 1
        return translated

    def _condition(self, node: Any) -> ColumnElement[bool]:
        if isinstance(node, bool):
            return true() if node else false()
        if not isinstance(node, dict):
            raise BadFilter("A filter is made of conditions; expected one such as score >= 60.")
        if "property" in node:
            named = self._property(node)
            self._expect(named, Kind.BOOLEAN)
            return named.value.is_(True)
        name, arguments = str(node.get("op", "")), node.get("args", [])
        operation = name.lower()
        if len(arguments) != _ARGUMENTS.get(operation, len(arguments)):
            raise BadFilter(f"{name} takes {_ARGUMENTS[operation]} arguments, {len(arguments)} are given.")
        match operation:
            case "and":
                return and_(*(self.condition(part) for part in arguments))
            case "or":
                return or_(*(self.condition(part) for part in arguments))
            case "not":
                return not_(self.condition(arguments[0]))
            case "isnull":
                return self._property(arguments[0]).value.is_(None)
            case "in":
                return self._in(*arguments)
            case "between":
                return and_(
                    self._compare(">=", arguments[0], arguments[1]), self._compare("<=", arguments[0], arguments[2])
                )
            case "like":
                return self._like(*arguments)
            case comparison if comparison in _COMPARE:
                return self._compare(comparison, *arguments)
            case relation if relation in _SPATIAL:
                return self._spatial(relation, *arguments)
        raise BadFilter(
            f"The filter uses {name!r}, which is not supported; there are: and, or, not, "
            f"{', '.join(_COMPARE)}, in, between, like, is null, casei, {', '.join(_SPATIAL)}."
        )

    def _property(self, node: Any) -> Property:
        if not isinstance(node, dict) or "property" not in node:
            raise BadFilter("A condition needs a property on one side, such as score >= 60.")
        return self.features.property(node["property"])

    def _compare(self, comparison: str, left: Any, right: Any) -> ColumnElement[bool]:
        if not _names_property(left):
            left, right, comparison = right, left, _MIRRORED[comparison]
        folded = _folds_case(left)
        named = self._property(left["args"][0] if folded else left)
        if named.kind is Kind.TEXTS:
            raise BadFilter(f"{named.name} is a list and cannot be compared.")
        if folded:
            self._expect(named, Kind.TEXT)
        if _names_property(right):
            other = self._property(right["args"][0] if _folds_case(right) else right)
            if not _alike(named.kind, other.kind):
                raise BadFilter(f"{named.name} and {other.name} cannot be compared: they hold unlike things.")
            operand: ColumnElement[Any] = other.value
            if named.ranks and named.ranks == other.ranks and comparison in _ORDERING:
                return _COMPARE[comparison](named.order, other.order)  # type: ignore[no-any-return]
        elif named.ranks and comparison in _ORDERING:
            return _COMPARE[comparison](named.order, literal(_rank(named, right)))  # type: ignore[no-any-return]
        else:
            text = right["args"][0] if _folds_case(right) else right
            operand = self._operand(named, text, folded=folded)
        if folded or _folds_case(right):
            return _COMPARE[comparison](func.lower(named.value), func.lower(operand))  # type: ignore[no-any-return]
        return _COMPARE[comparison](named.value, operand)  # type: ignore[no-any-return]

    def _in(self, tested: Any, listed: Any) -> ColumnElement[bool]:
        if not isinstance(listed, list) or not listed:
            raise BadFilter("IN needs a list of values in brackets, such as class IN ('S1', 'S2').")
        return or_(*(self._compare("=", tested, item) for item in listed))

    def _like(self, tested: Any, pattern: Any) -> ColumnElement[bool]:
        folded = _folds_case(tested)
        named = self._property(tested["args"][0] if folded else tested)
        self._expect(named, Kind.TEXT)
        wanted = pattern["args"][0] if _folds_case(pattern) else pattern
        if not isinstance(wanted, str):
            raise BadFilter("LIKE needs a pattern in single quotes, such as subclass LIKE 'S3%'.")
        if (len(wanted) - len(wanted.rstrip("\\"))) % 2:
            raise BadFilter("The LIKE pattern ends in a lone backslash; write two for the sign itself.")
        value: ColumnElement[Any] = named.value
        if folded:
            return func.lower(value).like(func.lower(literal(wanted)))
        return value.like(literal(wanted))

    def _spatial(self, relation: str, left: Any, right: Any) -> ColumnElement[bool]:
        if not (isinstance(left, dict) and left.get("property") in GEOMETRY_NAMES):
            left, right = right, left
            relation = {"s_within": "s_contains"}.get(relation, relation)
        named = isinstance(left, dict) and left.get("property") in GEOMETRY_NAMES
        if not named or relation not in _SPATIAL or self.features.geom is None:
            raise BadFilter(f"A spatial condition is written {relation}(geom, POLYGON((...))).")
        found: ColumnElement[bool] = _SPATIAL[relation](self.features.geom, bound_geometry(_geometry(right)))
        return found

    def _operand(self, named: Property, value: Any, *, folded: bool) -> ColumnElement[Any]:
        """Return a literal bound as what the property holds; capitals count unless ``folded``."""
        if value is None:
            raise BadFilter(f"Write {named.name} IS NULL for what is not known.")
        match named.kind:
            case Kind.NUMBER | Kind.INTEGER if isinstance(value, int | float) and not isinstance(value, bool):
                return named.comparable(finite(value, named.name))
            case Kind.BOOLEAN if isinstance(value, bool):
                return literal(value)
            case Kind.TEXT if isinstance(value, str):
                if named.codes and not (folded and value.lower() in map(str.lower, named.codes)):
                    require_code(named.name, value, named.codes)
                return literal(value)
            case Kind.DATE:
                return cast(literal(_date(value, named.name)), Date)
        raise BadFilter(f"{named.name} is compared with {_KIND_WORDS[named.kind]}.")

    def _expect(self, named: Property, kind: Kind) -> None:
        if named.kind is not kind:
            raise BadFilter(f"{named.name} is compared with {_KIND_WORDS[named.kind]}.")


_ORDERING = frozenset({"<", "<=", ">", ">="})


def _rank(named: Property, value: Any) -> int:
    """Return the place of a code among those a property may hold, 1 for the first."""
    if value not in named.ranks:
        raise BadFilter(f"{named.name} is compared with one of {', '.join(named.ranks)}, the best first.")
    return named.ranks.index(value) + 1


def finite(value: float, name: str) -> float:
    """Return a number PostgreSQL can hold in single precision.

    Raises
    ------
    BadFilter : it is not a number, or larger than any value stored.
    """
    if not math.isfinite(value) or abs(value) > _LARGEST:
        raise BadFilter(f"{name} needs a finite number.")
    return float(value)


_LARGEST = 3.4e38  # largest magnitude of a single-precision number


def bound_geometry(geometry: shapely.Geometry) -> ColumnElement[Any]:
    """Return a geometry in EPSG:4326 as a bound parameter."""
    bound: ColumnElement[Any] = func.ST_GeomFromWKB(literal(shapely.to_wkb(geometry)), STORED_SRID)
    return bound


def envelope(bounds: Sequence[float], name: str) -> shapely.Geometry:
    """Return the rectangle of west, south, east, north in degrees, a line or point where it has no area.

    Heights of a six-number box are ignored.

    Raises
    ------
    BadFilter : not four or six numbers, out of range or in another order.
    """
    corners = [bounds[0], bounds[1], bounds[3], bounds[4]] if len(bounds) == 6 else list(bounds)
    if len(corners) != 4 or not all(math.isfinite(value) for value in corners):
        raise BadFilter(f"{name} needs four numbers: west,south,east,north in degrees.")
    west, south, east, north = corners
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise BadFilter(f"{name} must be west,south,east,north in degrees, west below east and south below north.")
    # A polygon without area touches nothing in PostGIS, so a box that is thin in one way is a line.
    if west == east and south == north:
        return shapely.Point(west, south)
    if west == east or south == north:
        return shapely.LineString([(west, south), (east, north)])
    return shapely.box(west, south, east, north)


def _geometry(node: Any) -> shapely.Geometry:
    """Return the geometry of a literal."""
    if isinstance(node, dict) and "bbox" in node:
        return envelope(node["bbox"], "BBOX")
    if not (isinstance(node, dict) and "type" in node):
        raise BadFilter("A spatial condition needs a geometry such as POLYGON((...)) or BBOX(west,south,east,north).")
    try:
        geometry = shape(node)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, GEOSException):
        raise BadFilter("The geometry of the filter is not understood.") from None
    if shapely.get_num_coordinates(geometry) > MOST_VERTICES:
        raise BadFilter(f"The geometry of the filter has more than {MOST_VERTICES} vertices.")
    if geometry.is_empty or not geometry.is_valid:
        raise BadFilter("The geometry of the filter is empty or crosses itself.")
    west, south, east, north = geometry.bounds
    if west < -180 or east > 180 or south < -90 or north > 90:
        raise BadFilter("The geometry of the filter must be in degrees, longitude first.")
    return geometry


def _date(value: Any, name: str) -> date:
    written = value.get("date") if isinstance(value, dict) else value
    try:
        return date.fromisoformat(str(written))
    except ValueError:
        raise BadFilter(f"{name} is compared with {_KIND_WORDS[Kind.DATE]}.") from None


def _folds_case(node: Any) -> bool:
    return isinstance(node, dict) and str(node.get("op", "")).lower() == "casei" and len(node.get("args", [])) == 1


def _names_property(node: Any) -> bool:
    return isinstance(node, dict) and ("property" in node or (_folds_case(node) and _names_property(node["args"][0])))


def _alike(one: Kind, other: Kind) -> bool:
    numbers = {Kind.NUMBER, Kind.INTEGER}
    return one is other or {one, other} <= numbers
