"""Vector tiles: one statement makes the Mapbox vector tile of any layer.

The window is searched in EPSG:4326, where the index is; shapes come from the stored Web Mercator copy. What is
too much for one tile is generalised in steps, never cut off: a tile that shows less than all says so.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Select, and_, case, cast, func, literal, select

from layers.catalogue import BY_NAME
from layers.catalogue.base import STORED_SRID, TILE_SRID, Audience, Layer
from layers.errors import BadFilter, NotFound
from layers.features.features import CAUTION, Features, Property, layer_features
from layers.records.loads import Raster
from layers.records.plans import ShownScenarioRow

Bounds = tuple[float, float, float, float]  # west, south, east, north, degrees in EPSG:4326

WORLD: Bounds = (-180.0, -85.051129, 180.0, 85.051129)  # what Web Mercator shows, degrees

EXTENT = 4096  # units of a tile's side; vector tile specification 2.1, the usual value
BUFFER = 64  # units beyond the edge, so that outlines and icons meet the neighbour's
DISPLAY_PX = 512  # side of a tile on screen at its own zoom, pixels
DEEPEST_ZOOM = 22  # deeper than any map shows
LARGEST_TILE = 500_000  # bytes before compression; a slow line is the normal case
MOST_ATTRIBUTES = 5  # columns that may be asked for on top
HALF_SPAN_M = 20_037_508.342789244  # half the side of the Web Mercator square, metres (OGC 17-083r4)

# Steps of generalisation: tolerance of the outline, and size below which a feature is left out, screen pixels.
_STEPS = ((0.5, 0.0), (1.0, 1.0), (2.0, 2.0), (4.0, 4.0), (8.0, 8.0), (16.0, 32.0), (32.0, 128.0))


@dataclass(frozen=True, slots=True)
class Tile:
    """A finished tile: its bytes, not compressed, what was left out of it (empty = nothing), whether it is blank."""

    body: bytes
    note: str = ""
    blank: bool = False

    @property
    def empty(self) -> bool:
        """Whether nothing lies here: no feature, or a picture that is transparent throughout."""
        return self.blank or not self.body


@dataclass(frozen=True, slots=True)
class TileAddress:
    """Zoom, column and row of a tile in the usual scheme, row 0 in the north.

    Raises
    ------
    NotFound : there is no such tile.
    """

    z: int
    x: int
    y: int

    def __post_init__(self) -> None:
        if not (0 <= self.z <= DEEPEST_ZOOM and 0 <= self.x < 2**self.z and 0 <= self.y < 2**self.z):
            raise NotFound(f"There is no tile {self.z}/{self.x}/{self.y}.")

    @property
    def side_m(self) -> float:
        """Side in metres of Web Mercator (not of the ground)."""
        return 2 * HALF_SPAN_M / float(2**self.z)

    @property
    def pixel_m(self) -> float:
        """Side of a screen pixel at the tile's own zoom, metres of Web Mercator."""
        return self.side_m / DISPLAY_PX

    def bounds_m(self, margin: float = 0.0) -> tuple[float, float, float, float]:
        """West, south, east, north in Web Mercator, grown by ``margin`` sides."""
        side, grown = self.side_m, margin * self.side_m
        west, north = self.x * side - HALF_SPAN_M, HALF_SPAN_M - self.y * side
        return west - grown, north - side - grown, west + side + grown, north + grown

    def bounds_degrees(self, margin: float = 0.0) -> tuple[float, float, float, float]:
        """West, south, east, north in degrees of EPSG:4326, grown by ``margin`` sides, within the world."""
        west, south, east, north = self.bounds_m(margin)
        return max(_longitude(west), -180.0), _latitude(south), min(_longitude(east), 180.0), _latitude(north)


def bounds_of(connection: Connection, name: str) -> Bounds:
    """Return west, south, east, north of what a layer or grid holds now, degrees; the world's when it is empty."""
    layer = BY_NAME.get(name)
    if layer is None:
        shapes, here = Raster.__table__.c.footprint, and_(Raster.layer == name, Raster.ended_by.is_(None))
    else:
        shapes, here = layer.__table__.c.geom, layer.ended_by.is_(None)
    box = func.box2d(shapes)
    edges = select(
        func.min(func.ST_XMin(box)),
        func.min(func.ST_YMin(box)),
        func.max(func.ST_XMax(box)),
        func.max(func.ST_YMax(box)),
    )
    west, south, east, north = connection.execute(edges.where(here)).one()
    return WORLD if west is None else (west, south, east, north)


def window(address: TileAddress, geom: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return the condition that a geometry in EPSG:4326 may touch a tile or its buffer."""
    envelope = func.ST_MakeEnvelope(*address.bounds_degrees(BUFFER / EXTENT), STORED_SRID)
    return geom.op("&&", is_comparison=True)(envelope)


def tile_shape(address: TileAddress, shape: ColumnElement[Any], extent: int = EXTENT) -> ColumnElement[Any]:
    """Return a Web Mercator geometry in tile units, clipped; NULL where nothing of it is left."""
    frame = func.ST_MakeEnvelope(*address.bounds_m(), TILE_SRID)
    cut: ColumnElement[Any] = func.ST_AsMVTGeom(shape, frame, extent, BUFFER * extent // EXTENT, True)
    return cut


def encoded(rows: Select[Any], layer: str, *, extent: int = EXTENT, number: str | None = None) -> Select[Any]:
    """Return the statement that turns rows with a column ``shape`` into (tile, how many features)."""
    features = rows.subquery("features")
    names: list[Any] = [layer, extent, "shape", *([number] if number else [])]
    tile = func.ST_AsMVT(features.table_valued(), *names)
    return select(tile, func.count()).select_from(features).where(features.c.shape.is_not(None))


def tile_properties(layer: type[Layer], audience: Audience) -> dict[str, Property]:
    """Return what a tile of a layer carries unasked: the key, what is declared for tiles, the drawn one, a caution."""
    declared = layer.attributes(audience)
    properties = layer_features(layer, audience).properties
    carried = [name for name, about in declared.items() if about.in_tile or name == layer.card.drawn_by]
    return {name: properties[name] for name in [*carried, *([CAUTION] if layer.card.caution else [])]}


def asked_properties(features: Features, names: tuple[str, ...]) -> dict[str, Property]:
    """Return further properties a tile is to carry.

    Raises
    ------
    BadFilter : one that does not exist or may not be read, or too many.
    """
    if len(names) > MOST_ATTRIBUTES:
        raise BadFilter(f"attributes takes at most {MOST_ATTRIBUTES} names.")
    return {name: features.property(name) for name in names}


def layer_tile(
    connection: Connection,
    layer: type[Layer],
    address: TileAddress,
    carried: Mapping[str, Property],
    alike: Mapping[str, str] = MappingProxyType({}),
    plan: int | None = None,
) -> Tile:
    """Return the tile of a layer; empty above the zoom its card starts at.

    Parameters
    ----------
    carried : what its features say. alike : attribute -> value; only rows that have these are drawn. What a layer
        declares to lie ``side_by_side`` is always one of each: what it declares where nothing is said. plan : run of a
        scenario that is shown; its rows say what they become.

    Raises
    ------
    NotFound : the layer has no geometry.
    """
    if layer.geometry_kind is None:
        raise NotFound(f"Layer {layer.__tablename__!r} has no geometry and no tiles.")
    if address.z < layer.card.tiles_from:
        return Tile(b"")
    present = 0
    for tolerance_px, smallest_px in _STEPS:
        statement = layer_statement(
            layer, address, carried, alike, plan, tolerance_px=tolerance_px, smallest_px=smallest_px
        )
        body, count = connection.execute(statement).one()
        present = max(present, count)
        if len(body) <= LARGEST_TILE:
            break
    notes = []
    if layer.card.thinned is not None and (hidden := layer.card.thinned.hidden(address.z)):
        named = ", ".join("unknown" if value is None else str(value) for value in hidden)
        notes.append(f"{layer.card.thinned.attribute} {named} from a deeper zoom on")
    if count < present:
        notes.append(f"{present - count} of {present} features below {smallest_px:g} pixels are left out")
    return Tile(bytes(body), "; ".join(notes))


def layer_statement(
    layer: type[Layer],
    address: TileAddress,
    carried: Mapping[str, Property],
    alike: Mapping[str, str] = MappingProxyType({}),
    plan: int | None = None,
    *,
    tolerance_px: float,
    smallest_px: float,
) -> Select[Any]:
    """Return the statement that makes the tile of a layer: (tile, how many features).

    ``tolerance_px`` is how far an outline may move; features smaller than ``smallest_px`` are left out (of points
    closer than that, one stays). Both in screen pixels.
    """
    table = layer.__table__.c
    chosen = [table[name] == value for name, value in {**layer.side_by_side, **alike}.items()]
    here = [layer.ended_by.is_(None), window(address, table.geom), *_drawn_at(layer, address.z), *chosen]
    shape: ColumnElement[Any] = table.tile_geom
    if layer.geometry_kind != "POINT":
        shape = func.ST_Simplify(shape, tolerance_px * address.pixel_m, True)
    rows = (
        select(
            tile_shape(address, shape).label("shape"),
            table.gid,
            *(_with_plan(name, item, plan).label(name) for name, item in carried.items()),
        )
        .select_from(layer.__table__ if plan is None else _beside_plan(layer, plan))
        .where(*here)
        .order_by(table.gid)
    )
    if smallest_px and layer.geometry_kind == "POINT":
        cell = func.ST_SnapToGrid(table.tile_geom, smallest_px * address.pixel_m)
        rows = rows.where(table.gid.in_(select(func.min(table.gid)).where(*here).group_by(cell)))
    elif smallest_px:
        box = func.box2d(table.tile_geom)
        width, height = func.ST_XMax(box) - func.ST_XMin(box), func.ST_YMax(box) - func.ST_YMin(box)
        rows = rows.where(func.greatest(width, height) >= literal(smallest_px * address.pixel_m))
    return encoded(rows, layer.__tablename__, number="gid")


def _beside_plan(layer: type[Layer], plan: int) -> FromClause:
    """Rows of a layer, each with what a scenario that is shown makes of it, if anything."""
    table, own = layer.__table__, ShownScenarioRow.__table__.c
    same = and_(own.run == plan, own.layer == layer.__tablename__, own.code == table.c.code)
    return table.outerjoin(ShownScenarioRow.__table__, same)


def _with_plan(name: str, item: Property, plan: int | None) -> ColumnElement[Any]:
    """Value of a property, as a scenario has it where it says anything of the row."""
    if plan is None:
        return item.value
    told = ShownScenarioRow.told
    return case((told.has_key(name), cast(told[name].astext, item.value.type)), else_=item.value)


def _drawn_at(layer: type[Layer], zoom: int) -> list[ColumnElement[bool]]:
    """Conditions that hold for the rows of a layer that are drawn at a zoom."""
    thinned = layer.card.thinned
    hidden = thinned.hidden(zoom) if thinned else []
    if thinned is None or not hidden:
        return []
    value = layer.__table__.c[thinned.attribute]
    shown = value.not_in([item for item in hidden if item is not None])
    return [value.is_not(None) & shown if None in hidden else value.is_(None) | shown]


def _longitude(x_m: float) -> float:
    return x_m / HALF_SPAN_M * 180.0


def _latitude(y_m: float) -> float:
    return math.degrees(math.atan(math.sinh(y_m / HALF_SPAN_M * math.pi)))
