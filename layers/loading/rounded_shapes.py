"""Shapes that a text file holds cut after seven decimals: what is there and reads the same at that precision stays.

A GeoJSON, CSV or XLSX file that was written from a layer says of a corner no more than where it lies to a centimetre.
Taking that for a correction would move every corner of the layer, and end every row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import Connection, LargeBinary, String, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from geo.geometry.crs import DEGREE_DIGITS
from layers.catalogue.base import Layer
from layers.loading.shapes import Shapes

STEPS = 10.0**DEGREE_DIGITS  # of a degree
ON_STEP = 1e-3  # of a step; what floating point makes of a coordinate that was written with these decimals
HALF_STEP = 0.5 + ON_STEP  # farthest a coordinate moves when it is rounded
Floats = NDArray[np.float64]


def restore_rounded(
    connection: Connection,
    layer: type[Layer],
    keys: Sequence[str | None],
    shapes: Shapes,
    known: Mapping[str, shapely.Geometry] | None = None,
) -> Shapes:
    """Return shapes in EPSG:4326 with those of current rows in the place of what is the same at seven decimals.

    Parameters
    ----------
    keys : of the rows. shapes : as the file has them. known : shapes of the current rows under these keys, where they
        are at hand; else they are read.
    """
    rows = _on_steps(shapes)
    rows = rows[[keys[row] is not None for row in rows]]
    if not len(rows):
        return shapes
    held = _current(connection, layer, [str(keys[row]) for row in rows]) if known is None else known
    rows = np.array([row for row in rows if keys[row] in held], dtype=np.int64)
    if not len(rows):
        return shapes
    stored = np.full(len(rows), None, dtype=object)
    stored[:] = [held[str(keys[row])] for row in rows]
    same = _same_rounded(shapes.objects(rows), stored)
    return shapes.replaced(rows[same], stored[same]) if same.any() else shapes


def _on_steps(shapes: Shapes) -> NDArray[np.int64]:
    """Rows all of whose coordinates have seven decimals at most."""
    objects = np.flatnonzero(~shapely.is_missing(shapes.others))
    found = [objects[_objects_on_steps(shapes.others[objects])]]
    flat = shapes.flat
    if len(flat.xy):
        off = ~_whole(flat.xy)
        before = np.concatenate([[0], np.cumsum(off)])
        first = flat.path_start[flat.geometry_start]
        found.append(np.flatnonzero(shapes.plain & (before[first[1:]] == before[first[:-1]])))
    return np.sort(np.concatenate(found))


def _objects_on_steps(objects: NDArray[np.object_]) -> NDArray[np.bool_]:
    xy, of = shapely.get_coordinates(objects, return_index=True)
    on = np.ones(len(objects), dtype=bool)
    on[of[~_whole(xy)]] = False
    return on


def _whole(xy: Floats) -> NDArray[np.bool_]:
    steps = xy * STEPS
    with np.errstate(invalid="ignore"):
        return np.asarray((np.abs(steps - np.rint(steps)) < ON_STEP).all(axis=1), dtype=np.bool_)


def _current(connection: Connection, layer: type[Layer], keys: Sequence[str]) -> dict[str, shapely.Geometry]:
    columns = layer.__table__.c
    key = columns[layer.key]
    here = key == func.any(bindparam("keys", list(keys), type_=ARRAY(String)))
    shape = func.ST_AsBinary(columns.geom, type_=LargeBinary)
    rows = connection.execute(select(key, shape).where(here, columns.ended_by.is_(None))).all()
    return dict(zip([name for name, _ in rows], shapely.from_wkb([bytes(wkb) for _, wkb in rows]), strict=True))


def _same_rounded(given: NDArray[np.object_], stored: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Whether each stored shape has the paths of the given one, no coordinate farther from it than rounding moves."""
    whole = np.array([_promoted(shape) for shape in given], dtype=object)
    same = np.asarray(shapely.equals_exact(whole, stored, 2.0 / STEPS), dtype=bool)
    if not same.any():
        return same
    xy, of = shapely.get_coordinates(whole[same], return_index=True)
    far = np.abs(xy - shapely.get_coordinates(stored[same])).max(axis=1) > HALF_STEP / STEPS
    near = np.ones(int(same.sum()), dtype=bool)
    near[of[far]] = False
    same[same] = near
    return same


def _promoted(shape: shapely.Geometry) -> shapely.Geometry:
    """Return a shape as layers store it, a single one as a multiple one of one part; points stay points."""
    if isinstance(shape, shapely.Polygon):
        return shapely.MultiPolygon([shape])
    return shapely.MultiLineString([shape]) if isinstance(shape, shapely.LineString) else shape
