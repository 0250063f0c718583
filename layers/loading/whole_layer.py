"""A layer looked at as a whole: what no row shows by itself.

Rows are sound one by one and may still overlap, leave land out, stand there twice under other keys, or lie in no
district. What concerns rows of the file is reported; ``--strict`` refuses it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, LargeBinary, String, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from geo.geometry.crs import area_ha
from geo.geometry.shares import share_of_pairs
from layers.catalogue.base import STORED_SRID, Layer
from layers.loading.shapes import Shapes
from layers.records.load_report import Finding

OVERLAP_SHARE = 0.01  # of the smaller row; less is how exactly borders are drawn. Default to calibrate
OVERLAP_HA = 1.0  # of outlines that tile the land, and of gaps between them; default to calibrate
DOUBLE_SHARE = 0.9  # of each of two rows that lies in the other: they are the same place. Default to calibrate
MOSTLY = 0.5  # share of a parent that its parts cover before what they leave out counts as a gap
LEFT_OUT = 0.01  # share of a parent that its parts may leave out: outlines of two sources never agree to a metre
MANY_VERTICES = 10_000  # of one row; tiles and analyses of such a row take seconds
NAMED = 5  # rows spelled out in a finding
M2_PER_HA = 10_000.0

Flags = NDArray[np.bool_]
Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Rows:
    """Current rows of a layer, those of the file among them.

    keys : object (n,). given : bool (n,), rows of the file. shapes : of all. other : values but for the key, by row.
    """

    keys: NDArray[np.object_]
    given: Flags
    shapes: Shapes
    other: Sequence[tuple[Any, ...]]

    def named(self, places: Sequence[int] | Places) -> tuple[str, ...]:
        """Return the keys of some rows, not more than are spelled out."""
        return tuple(str(self.keys[place]) for place in places[:NAMED])


def look_at(connection: Connection, layer: type[Layer], keys: Sequence[str]) -> list[Finding]:
    """Return what is to be said of the rows of a file among all rows of the layer, as they stand now.

    Parameters
    ----------
    keys : of the rows of the file.
    """
    if not keys:
        return []
    rows = _read(connection, layer, keys)
    found = [*_doubles_by_content(layer, rows)]
    if layer.geometry_kind == "MULTIPOLYGON":
        if layer.tiles_land or layer.disjoint:
            found += _overlaps(layer, rows)
        if layer.tiles_land:
            found += _gaps(connection, layer)
        found += _sizes(layer, rows)
    if layer.geometry_kind is not None:
        found += _vertices(rows)
    if layer.judged:
        found += _without_district(connection, layer, keys)
    return found


def _read(connection: Connection, layer: type[Layer], keys: Sequence[str]) -> Rows:
    """Current rows that can have to do with those of the file: by place, else all."""
    columns = layer.__table__.c
    mine = columns[layer.key] == func.any(bindparam("keys", list(keys), type_=ARRAY(String)))
    current = layer.ended_by.is_(None)
    where: list[ColumnElement[bool]] = [current]
    spatial = layer.geometry_kind is not None
    if spatial:
        extent = select(func.ST_SetSRID(func.ST_Extent(columns.geom), STORED_SRID)).where(current, mine)
        where.append(columns.geom.op("&&")(extent.scalar_subquery()))
    shape = func.ST_AsBinary(columns.geom, type_=LargeBinary) if spatial else columns[layer.key]
    compared = [] if layer.tiles_land or layer.disjoint else _compared(layer)
    found = connection.execute(select(columns[layer.key], shape, *(columns[name] for name in compared)).where(*where))
    rows = found.all()
    names = np.array([row[0] for row in rows], dtype=object)
    wkb = [bytes(row[1]) for row in rows] if spatial else []
    shapes = Shapes.of_wkb(pa.array(wkb, pa.binary())) if spatial else Shapes.none(len(rows))
    given = np.isin(names.astype(str), np.array(list(keys)))
    apart = layer.tiles_land or layer.disjoint  # such rows are compared by their ground
    other = [] if apart else [(*(wkb[at : at + 1]), *row[2:]) for at, row in enumerate(rows)]
    return Rows(names, given, shapes, other)


def _compared(layer: type[Layer]) -> list[str]:
    return [name for name in layer.attributes() if name != layer.key and name not in layer.computed]


def _doubles_by_content(layer: type[Layer], rows: Rows) -> Iterator[Finding]:
    """Rows that say the same of the same place under another key."""
    if layer.tiles_land or layer.disjoint:
        return  # told by how much they lie in each other
    groups: dict[tuple[Any, ...], list[int]] = {}
    for place, content in enumerate(rows.other):
        groups.setdefault(content, []).append(place)
    twice = [group for group in groups.values() if len(group) > 1 and rows.given[group].any()]
    if twice:
        yield _double(rows, [(group[0], group[1]) for group in twice])


def _double(rows: Rows, pairs: Sequence[tuple[int, int]]) -> Finding:
    named = ", ".join(f"{rows.keys[one]} is {rows.keys[other]}" for one, other in pairs[:NAMED])
    text = f"{_counted(len(pairs), 'row stands', 'rows stand')} there twice under other keys ({named}{_more(pairs)})."
    return Finding("double", len(pairs), text, rows.named([one for one, _ in pairs]))


def _overlaps(layer: type[Layer], rows: Rows) -> Iterator[Finding]:
    one, other = _touching(rows)
    if not len(one):
        return
    areas = rows.shapes.area_ha()
    zones, zone = np.unique(other, return_inverse=True)
    shared = share_of_pairs(rows.shapes.flat.take(one), rows.shapes.objects(zones), zone)
    overlap_ha = np.nan_to_num(shared) * areas[one]
    smaller, larger = np.minimum(areas[one], areas[other]), np.maximum(areas[one], areas[other])
    least = np.full(len(one), OVERLAP_HA) if layer.tiles_land else OVERLAP_SHARE * smaller
    double = overlap_ha > DOUBLE_SHARE * larger
    partly = (overlap_ha > least) & ~double
    if double.any():
        yield _double(rows, list(zip(one[double].tolist(), other[double].tolist(), strict=True)))
    if partly.any():
        order = np.flatnonzero(partly)[np.argsort(-overlap_ha[partly])]
        named = ", ".join(
            f"{rows.keys[one[at]]} and {rows.keys[other[at]]} {_hectares(overlap_ha[at])}" for at in order[:NAMED]
        )
        text = (
            f"{_counted(len(order), 'pair of rows overlaps', 'pairs of rows overlap')}, by "
            f"{_hectares(float(overlap_ha[partly].sum()))} in all ({named}{_more(order)})."
        )
        yield Finding("overlap", len(order), text, rows.named(one[order]))


def _touching(rows: Rows) -> tuple[Places, Places]:
    """Pairs of rows whose boxes have ground in common, one of the file at least, each pair once."""
    boxes = rows.shapes.flat.boxes()
    bounds = shapely.bounds(boxes)
    mine = np.flatnonzero(rows.given)
    found, other = shapely.STRtree(boxes).query(boxes[mine])
    one = mine[found]
    once = (one < other) | ((one != other) & ~rows.given[other])
    one, other = one[once], other[once]
    low = np.maximum(bounds[one, :2], bounds[other, :2])
    high = np.minimum(bounds[one, 2:], bounds[other, 2:])
    common = (high > low).all(axis=1)
    return one[common].astype(np.int64), other[common].astype(np.int64)


def _gaps(connection: Connection, layer: type[Layer]) -> Iterator[Finding]:
    """Land that no row of a layer that tiles it has: between its rows, and in parents that they mostly cover."""
    whole = shapely.union_all(list(_outlines(connection, layer).values()))
    holes = np.array([shapely.Polygon(ring) for part in shapely.get_parts(whole) for ring in part.interiors])
    areas = area_ha(holes) if len(holes) else np.empty(0)
    large = np.sort(areas[areas > OVERLAP_HA])[::-1]
    if len(large):
        text = (
            f"{_counted(len(large), 'gap lies', 'gaps lie')} between the rows, {_hectares(float(large.sum()))} in all, "
            f"the largest {_hectares(float(large[0]))}."
        )
        yield Finding("gap", len(large), text)
    if layer.part_of is None:
        return
    left = {key: _left_out(shape, whole) for key, shape in _outlines(connection, layer.part_of).items()}
    open_ha = {key: ha for key, (ha, share) in left.items() if LEFT_OUT < share < 1.0 - MOSTLY}
    if open_ha:
        named = ", ".join(f"{_hectares(ha)} of {key}" for key, ha in list(open_ha.items())[:NAMED])
        text = f"{layer.__tablename__} leave land of {layer.part_of.__tablename__} out: {named}{_more(list(open_ha))}."
        yield Finding("gap", len(open_ha), text, tuple(open_ha)[:NAMED])


def _left_out(parent: shapely.Geometry, parts: shapely.Geometry) -> tuple[float, float]:
    """Hectares of a parent outside its parts, and their share of it."""
    outside, whole = area_ha([shapely.difference(parent, parts), parent])
    return float(np.nan_to_num(outside)), float(np.nan_to_num(outside) / whole)


def _outlines(connection: Connection, layer: type[Layer]) -> dict[str, shapely.Geometry]:
    columns = layer.__table__.c
    shape = func.ST_AsBinary(columns.geom, type_=LargeBinary)
    rows = connection.execute(
        select(columns[layer.key], shape).where(layer.ended_by.is_(None)).order_by(columns[layer.key])
    ).all()
    return dict(zip([row[0] for row in rows], shapely.from_wkb([bytes(row[1]) for row in rows]), strict=True))


def _sizes(layer: type[Layer], rows: Rows) -> Iterator[Finding]:
    if layer.usual_ha is None:
        return
    least, most = layer.usual_ha
    areas = rows.shapes.area_ha()
    odd = np.flatnonzero(rows.given & ((areas < least) | (areas > most)))
    if len(odd):
        named = ", ".join(f"{rows.keys[at]} {_hectares(areas[at])}" for at in odd[:NAMED])
        text = (
            f"{_counted(len(odd), 'row is', 'rows are')} of an unusual size ({named}{_more(odd)}); a row of "
            f"{layer.__tablename__} usually has {_hectares(least)} to {_hectares(most)}."
        )
        yield Finding("size", len(odd), text, rows.named(odd))


def _vertices(rows: Rows) -> Iterator[Finding]:
    counts = rows.shapes.vertices()
    many = np.flatnonzero(rows.given & (counts > MANY_VERTICES))
    if len(many):
        named = ", ".join(f"{rows.keys[at]} {counts[at]:,}" for at in many[:NAMED])
        text = (
            f"{_counted(len(many), 'row has', 'rows have')} more than {MANY_VERTICES:,} vertices "
            f"({named}{_more(many)}), which makes tiles and scoring slow."
        )
        yield Finding("vertices", len(many), text, rows.named(many))


def _without_district(connection: Connection, layer: type[Layer], keys: Sequence[str]) -> Iterator[Finding]:
    columns = layer.__table__.c
    mine = columns[layer.key] == func.any(bindparam("keys", list(keys), type_=ARRAY(String)))
    lost = list(
        connection.execute(
            select(columns[layer.key])
            .where(layer.ended_by.is_(None), mine, columns.district.is_(None))
            .order_by(columns[layer.key])
        ).scalars()
    )
    if lost:
        text = (
            f"{_counted(len(lost), 'row lies', 'rows lie')} in no district and cannot be scored "
            f"({', '.join(lost[:NAMED])}{_more(lost)})."
        )
        yield Finding("district", len(lost), text, tuple(lost[:NAMED]))


def _counted(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"


def _more(listed: Sequence[Any] | Places) -> str:
    return f" and {len(listed) - NAMED:,} more" if len(listed) > NAMED else ""


def _hectares(area: float) -> str:
    """An area as people read it: in square metres where it is small."""
    if area < 0.01:
        return f"{area * M2_PER_HA:,.2g} m²"
    return f"{area:,.3g} ha" if area < 1_000 else f"{area:,.0f} ha"
