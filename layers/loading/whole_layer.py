"""A layer looked at as a whole: what no row shows by itself.

Rows are sound one by one and may still overlap, leave land out, stand there twice under other keys, or lie in no
district. What concerns rows of the file is reported; ``--strict`` refuses it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, LargeBinary, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from geo.geometry.crs import area_ha, area_ha_of
from geo.geometry.pairs import lie_apart, pairs_of_boxes
from geo.geometry.ragged import Ragged, join, ragged
from geo.geometry.shares import share_of_pairs
from geo.geometry.wkb import polygons_of_wkb
from layers.catalogue.base import STORED_SRID, Layer
from layers.loading.chunks import CHUNK
from layers.loading.finding_texts import (
    AT_LEAST,
    BOTH,
    DOUBLE,
    DOUBLES,
    GAP,
    GAPS,
    LEFT_OUT_OF,
    LOST,
    LOST_MANY,
    ONE,
    OVERLAP,
    OVERLAPS,
    PART,
    SAME,
    SIZE,
    SIZES,
    VERTICES,
    VERTICES_OF_MANY,
)
from layers.loading.given_rows import Given
from layers.postgres.read_arrays import pieces_of, read_raw, series_of, spans
from layers.records.load_report import Finding
from layers.records.phrases import Area, Listed, Phrase

OVERLAP_SHARE = 0.01  # of the smaller row; less is how exactly borders are drawn. Default to calibrate
OVERLAP_HA = 1.0  # of outlines that tile the land, and of gaps between them; default to calibrate
DOUBLE_SHARE = 0.9  # of each of two rows that lies in the other: they are the same place. Default to calibrate
MOSTLY = 0.5  # share of a parent that its parts cover before what they leave out counts as a gap
LEFT_OUT = 0.01  # share of a parent that its parts may leave out: outlines of two sources never agree to a metre
MANY_VERTICES = 10_000  # of one row; tiles and analyses of such a row take seconds
NAMED = 5  # rows spelled out in a finding
MOST_PAIRS = 50  # of rows whose boxes meet, a row: plots of a cadastre have about three, rows all on one spot thousands
PAIRS_AT_ONCE = 100_000  # pairs whose coordinates are held at a time, some 30 MB

Flags = NDArray[np.bool_]
Places = NDArray[np.int64]
Hectares = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Outlines:
    """Polygons of rows that must not overlap.

    keys : object (n,). shapes : in EPSG:4326. bounds : float64 (n, 4), degrees. area_ha : float64 (n,).
    """

    keys: NDArray[np.object_]
    shapes: Ragged
    bounds: NDArray[np.float64]
    area_ha: Hectares

    @classmethod
    def of(cls, given: Given) -> Outlines:
        """Return those of a file."""
        assert given.shapes is not None
        assert given.area_ha is not None
        return cls(given.keys, given.shapes, given.bounds, given.area_ha)

    def followed_by(self, keys: NDArray[np.object_], shapes: Ragged) -> Outlines:
        """Return them and some more."""
        return Outlines(
            np.concatenate([self.keys, keys]),
            join([self.shapes, shapes]),
            np.concatenate([self.bounds, shapes.bounds()]),
            np.concatenate([self.area_ha, area_ha_of(shapes)]),
        )


@dataclass(frozen=True, slots=True)
class Meetings:
    """Pairs of outlines whose boxes share ground.

    keys : object (m, 2), of the rows; the first is one of the file. shared_ha, smaller_ha, larger_ha : float64 (m,),
    what both cover, and the areas of the two. whole : there are no more than these.
    """

    keys: NDArray[np.object_]
    shared_ha: Hectares
    smaller_ha: Hectares
    larger_ha: Hectares
    whole: bool


def meet_own(layer: type[Layer], given: Given | None) -> Meetings | None:
    """Return which rows of a file meet each other; None for a layer whose rows may overlap. Needs no database."""
    if given is None or not (layer.tiles_land or layer.disjoint):
        return None
    return _met(Outlines.of(given), len(given.keys))


def look_at(
    connection: Connection, layer: type[Layer], given: Given | None, own: Meetings | None, load_id: int
) -> list[Finding]:
    """Return what is to be said of the rows of a file among all rows of the layer, as they stand now.

    Parameters
    ----------
    given : the rows of the file; None where there is none. own : how they meet each other, see ``meet_own``.
    load_id : of the load that has stored them.
    """
    if given is None:
        return []
    found: list[Finding] = []
    if own is None:
        found += _doubles_by_content(connection, layer, given)
    else:
        found += _overlaps(layer, [own, *_met_before(connection, layer, given, load_id)])
    if layer.tiles_land:
        found += _gaps(connection, layer)
    return [*found, *_sizes(layer, given), *_vertices(given), *_without_district(given)]


def _doubles_by_content(connection: Connection, layer: type[Layer], given: Given) -> Iterator[Finding]:
    """Rows that say the same of the same place under another key."""
    columns = layer.__table__.c
    content = [columns[name] for name in layer.attributes() if name != layer.key and name not in layer.computed]
    rows = select(func.array_agg(aggregate_order_by(columns[layer.key], layer.gid))).where(layer.ended_by.is_(None))
    if layer.geometry_kind is not None:
        content.append(columns.geom)
        rows = rows.where(columns.geom.op("&&")(_box_of(given)))
    rows = rows.group_by(*content).having(func.count() > 1).order_by(func.min(layer.gid))
    mine = set(given.keys.tolist())
    twice = [group for group in connection.execute(rows).scalars() if not mine.isdisjoint(group)]
    if twice:
        yield _double([(group[0], group[1]) for group in twice])


def _box_of(given: Given) -> ColumnElement[Any]:
    """The ground that the rows of a file lie on, for a query."""
    west, south = np.nanmin(given.bounds[:, :2], axis=0).tolist()
    east, north = np.nanmax(given.bounds[:, 2:], axis=0).tolist()
    return func.ST_MakeEnvelope(west, south, east, north, STORED_SRID)


def _met_before(connection: Connection, layer: type[Layer], given: Given, load_id: int) -> Iterator[Meetings]:
    """How the rows of a file meet those that were there before under other keys; some at a time."""
    columns = layer.__table__.c
    mine = set(given.keys.tolist())
    last = 0
    while True:
        block = (
            select(layer.gid, columns[layer.key], func.ST_AsBinary(columns.geom, type_=LargeBinary))
            .where(layer.ended_by.is_(None), layer.load_id != load_id)
            .where(layer.gid > last, columns.geom.op("&&")(_box_of(given)))
            .order_by(layer.gid)
            .limit(CHUNK)
        )
        raw = read_raw(connection, block)
        if raw is None:
            return
        gids, names = (series_of(raw[place], block.selected_columns[place].type) for place in (0, 1))
        last = int(gids.iloc[-1])
        others = np.flatnonzero([name not in mine for name in names])
        if len(others):
            keys, shapes = names.to_numpy(dtype=object)[others], _polygons(raw[2]).take(others)
            yield _met(Outlines.of(given).followed_by(keys, shapes), len(given.keys))


def _polygons(raw: bytes) -> Ragged:
    """An array of Well-Known Binary, as PostgreSQL sends it, as coordinates."""
    data = np.frombuffer(raw, dtype=np.uint8)
    start, size = spans(data, int.from_bytes(raw[12:16]))
    found, _ = polygons_of_wkb(data, start, size)
    return found if found.areal.all() else ragged(shapely.from_wkb(pieces_of(raw, start, size)))


def _double(pairs: Sequence[Sequence[Any]], *, whole: bool = True) -> Finding:
    named = _listed([Phrase(SAME, {"one": one, "other": other}) for one, other in pairs[:NAMED]], len(pairs))
    said = _counted(len(pairs), DOUBLE, DOUBLES, named=named)
    return Finding("double", len(pairs), said if whole else Phrase(AT_LEAST, {"said": said}), _spelled(pairs))


def _spelled(pairs: Sequence[Sequence[Any]]) -> tuple[str, ...]:
    return tuple(str(one) for one, _ in pairs[:NAMED])


def _met(rows: Outlines, given: int) -> Meetings:
    """Pairs of outlines, the first so many of which are the file's; pairs of others among themselves are no news."""
    most = MOST_PAIRS * len(rows.keys)
    of_file = np.arange(len(rows.keys)) < given
    if of_file.all():
        one, other = pairs_of_boxes(rows.bounds, of_file, most)
        whole = len(one) < most
    else:
        other, one = pairs_of_boxes(rows.bounds, ~of_file, most)
        whole = len(one) < most
        one, other = one[of_file[one]], other[of_file[one]]
    areas = rows.area_ha
    return Meetings(
        np.column_stack([rows.keys[one], rows.keys[other]]),
        _shared(rows.shapes, one, other) * areas[one],
        np.minimum(areas[one], areas[other]),
        np.maximum(areas[one], areas[other]),
        whole,
    )


def _overlaps(layer: type[Layer], met: Sequence[Meetings]) -> Iterator[Finding]:
    keys = np.concatenate([some.keys for some in met])
    shared_ha = np.concatenate([some.shared_ha for some in met])
    least_ha = np.concatenate([OVERLAP_SHARE * some.smaller_ha for some in met])
    double = shared_ha > DOUBLE_SHARE * np.concatenate([some.larger_ha for some in met])
    partly = (shared_ha > (OVERLAP_HA if layer.tiles_land else least_ha)) & ~double
    whole = all(some.whole for some in met)
    if double.any():
        yield _double(keys[double].tolist(), whole=whole)
    if partly.any():
        order = np.flatnonzero(partly)[np.argsort(-shared_ha[partly], kind="stable")]
        pairs, hectares = keys[order].tolist(), shared_ha[order]
        named = [
            Phrase(BOTH, {"one": one, "other": other, "area": Area(ha)})
            for (one, other), ha in zip(pairs[:NAMED], hectares[:NAMED], strict=True)
        ]
        total = Area(hectares.sum())
        said = _counted(len(pairs), OVERLAP, OVERLAPS, area=total, named=_listed(named, len(pairs)))
        yield Finding("overlap", len(pairs), said if whole else Phrase(AT_LEAST, {"said": said}), _spelled(pairs))


def _shared(shapes: Ragged, one: Places, other: Places) -> NDArray[np.float64]:
    """Share of the first of each pair that lies in the second, float64 (pairs,); nothing is shared with no area."""
    shares = np.zeros(len(one))
    near = np.flatnonzero(~lie_apart(shapes, one, other))
    for start in range(0, len(near), PAIRS_AT_ONCE):  # coordinates are copied for every pair
        block = near[start : start + PAIRS_AT_ONCE]
        zones, zone = np.unique(other[block], return_inverse=True)
        shares[block] = share_of_pairs(shapes.take(one[block]), shapes.take(zones), zone)
    return np.nan_to_num(shares)


def _gaps(connection: Connection, layer: type[Layer]) -> Iterator[Finding]:
    """Land that no row of a layer that tiles it has: between its rows, and in parents that they mostly cover."""
    whole = shapely.union_all(list(_outlines(connection, layer).values()))
    holes = np.array([shapely.Polygon(ring) for part in shapely.get_parts(whole) for ring in part.interiors])
    areas = area_ha(holes) if len(holes) else np.empty(0)
    large = np.sort(areas[areas > OVERLAP_HA])[::-1]
    if len(large):
        said = _counted(len(large), GAP, GAPS, area=Area(large.sum()), largest=Area(large[0]))
        yield Finding("gap", len(large), said)
    if layer.part_of is None:
        return
    left = {key: _left_out(shape, whole) for key, shape in _outlines(connection, layer.part_of).items()}
    open_ha = {key: ha for key, (ha, share) in left.items() if LEFT_OUT < share < 1.0 - MOSTLY}
    if open_ha:
        named = [Phrase(PART, {"area": Area(ha), "key": key}) for key, ha in list(open_ha.items())[:NAMED]]
        tables = {"layer": layer.__tablename__, "parent": layer.part_of.__tablename__}
        said = Phrase(LEFT_OUT_OF, {**tables, "named": _listed(named, len(open_ha))})
        yield Finding("gap", len(open_ha), said, tuple(open_ha)[:NAMED])


def _left_out(parent: shapely.Geometry, parts: shapely.Geometry) -> tuple[float, float]:
    """Hectares of a parent outside its parts, and their share of it."""
    # Outlines that meet along an edge leave lines beside areas: a collection, of which each part is measured.
    outside_ha = float(np.nansum(area_ha(shapely.get_parts(shapely.difference(parent, parts)))))
    return outside_ha, outside_ha / float(area_ha([parent])[0])


def _outlines(connection: Connection, layer: type[Layer]) -> dict[str, shapely.Geometry]:
    columns = layer.__table__.c
    shape = func.ST_AsBinary(columns.geom, type_=LargeBinary)
    rows = connection.execute(
        select(columns[layer.key], shape).where(layer.ended_by.is_(None)).order_by(columns[layer.key])
    ).all()
    return dict(zip([row[0] for row in rows], shapely.from_wkb([bytes(row[1]) for row in rows]), strict=True))


def _sizes(layer: type[Layer], given: Given) -> Iterator[Finding]:
    if layer.usual_ha is None or given.area_ha is None:
        return
    least, most = layer.usual_ha
    areas = given.area_ha
    odd = np.flatnonzero((areas < least) | (areas > most))
    if len(odd):
        named = [Phrase(ONE, {"key": given.keys[at], "what": Area(areas[at])}) for at in odd[:NAMED]]
        usual = {"layer": layer.__tablename__, "least": Area(least), "most": Area(most)}
        said = _counted(len(odd), SIZE, SIZES, named=_listed(named, len(odd)), **usual)
        yield Finding("size", len(odd), said, tuple(given.keys[odd[:NAMED]]))


def _vertices(given: Given) -> Iterator[Finding]:
    many = np.flatnonzero(given.vertices > MANY_VERTICES)
    if len(many):
        named = [Phrase(ONE, {"key": given.keys[at], "what": int(given.vertices[at])}) for at in many[:NAMED]]
        said = _counted(len(many), VERTICES, VERTICES_OF_MANY, most=MANY_VERTICES, named=_listed(named, len(many)))
        yield Finding("vertices", len(many), said, tuple(given.keys[many[:NAMED]]))


def _without_district(given: Given) -> Iterator[Finding]:
    lost = sorted(given.keys[given.lost])
    if lost:
        said = _counted(len(lost), LOST, LOST_MANY, named=_listed(lost[:NAMED], len(lost)))
        yield Finding("district", len(lost), said, tuple(lost[:NAMED]))


def _counted(count: int, one: str, many: str, **values: Any) -> Phrase:
    return Phrase(one if count == 1 else many, {"count": count, **values})


def _listed(named: Sequence[str | Phrase], count: int) -> Listed:
    return Listed(tuple(named), count - len(named))
