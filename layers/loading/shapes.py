"""Geometry of a batch of rows: coordinates of the polygons that need no more, an object for everything else.

Nearly every plot of a file is a valid polygon in Well-Known Binary. Those are read, moved, measured and stored as
arrays of coordinates; GEOS makes an object only of what it has to judge or to mend.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from geo.geometry.crs import area_ha, area_ha_of
from geo.geometry.kernels.wkb import HEAD_BYTES, SRID_FOLLOWS
from geo.geometry.ragged import Ragged
from geo.geometry.wkb import multipolygons_as_ewkb, polygons_of_wkb
from layers.catalogue.base import STORED_SRID
from layers.postgres.copy_columns import ewkb
from layers.postgres.pieces import Pieces

Geometries = NDArray[np.object_]
Floats = NDArray[np.float64]

CURVED = (8, 9, 10, 11, 12)  # types with arcs: string, compound, polygon, multicurve, multisurface; ISO 13249-3
DIMENSIONS = 1000  # a type with heights is 1000 more, with measures 2000, with both 3000; the same
COLLECTION = 7
NESTED_IN_WKB = b"\x07\0\0\0"  # the type of a collection, small end first
NESTING = 32  # collections within collections, as GDAL takes them
POLYGONS = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)


class CurvedGeometry(Exception):
    """Geometries with arcs, which GEOS cannot hold: ``arcs``, bool (n,), says which of a column."""

    def __init__(self, arcs: NDArray[np.bool_]) -> None:
        super().__init__("has arcs; expected straight lines")
        self.arcs = arcs


def _objects(wkb: NDArray[np.object_], kinds: NDArray[np.int64]) -> Geometries:
    """Return geometries from their bytes, None for what cannot be read; ``kinds`` are their types."""
    for place in np.flatnonzero(kinds == COLLECTION):
        if wkb[place].count(NESTED_IN_WKB) > NESTING or wkb[place].count(NESTED_IN_WKB[::-1]) > NESTING:
            wkb[place] = None  # GEOS goes down into each, until there is no more room to go
    found = np.asarray(shapely.from_wkb(wkb, on_invalid="ignore"))
    for place in np.flatnonzero(kinds == COLLECTION):
        if _has_arcs(found[place]):
            found[place] = None
    return found


def _kinds(wkb: NDArray[np.object_]) -> NDArray[np.int64]:
    """Return the type of each geometry without its dimensions, -1 where the bytes are too few to say."""
    return np.array(
        [
            int.from_bytes(item[1:HEAD_BYTES], "little" if item[0] & 1 else "big") % SRID_FOLLOWS % DIMENSIONS
            if len(item) >= HEAD_BYTES
            else -1
            for item in wkb
        ],
        dtype=np.int64,
    )


def _has_arcs(collection: shapely.Geometry) -> bool:
    """Whether a collection holds arcs at any depth; GEOS reads it and can do nothing with it."""
    try:
        shapely.get_coordinates(collection)
    except shapely.GEOSException:
        return True
    return False


@dataclass(frozen=True, slots=True)
class Shapes:
    """Geometries of n rows, any of which may be missing.

    flat : polygons as coordinates; no path where a row has an object, or nothing. multiple : bool (n,), the polygon is
    a multipolygon. others : object (n,), what is not in ``flat``, None elsewhere.
    """

    flat: Ragged
    multiple: NDArray[np.bool_]
    others: Geometries

    @classmethod
    def of_wkb(cls, column: pa.Array) -> Shapes:
        """Return the geometries of a column of Well-Known Binary; what cannot be read is missing.

        Raises
        ------
        CurvedGeometry : some of them have arcs.
        """
        width = np.int64 if pa.types.is_large_binary(column.type) else np.int32
        _, offsets, data = column.buffers()
        ends = np.frombuffer(offsets, dtype=width)[column.offset : column.offset + len(column) + 1].astype(np.int64)
        known = column.is_valid().to_numpy(zero_copy_only=False)
        size = np.where(known, np.diff(ends), -1)
        flat, multiple = polygons_of_wkb(np.frombuffer(data or b"", dtype=np.uint8), ends[:-1], size)
        others = np.full(len(column), None, dtype=object)
        left = np.flatnonzero(known & ~flat.areal)
        if len(left):
            wkb = column.take(pa.array(left)).to_numpy(zero_copy_only=False)
            kinds = _kinds(wkb)
            curved = np.isin(kinds, CURVED)
            if curved.any():
                arcs = np.zeros(len(column), dtype=np.bool_)
                arcs[left[curved]] = True
                raise CurvedGeometry(arcs)
            others[left] = _objects(wkb, kinds)
        return cls(flat, multiple, others)

    @classmethod
    def of(cls, geometries: Geometries) -> Shapes:
        """Return geometries that are objects already."""
        areal = np.isin(shapely.get_type_id(geometries), POLYGONS)
        wkb = np.full(len(geometries), b"", dtype=object)
        wkb[areal] = shapely.to_wkb(geometries[areal], byte_order=1)
        pieces = Pieces.of(wkb.tolist())
        flat, multiple = polygons_of_wkb(pieces.data, pieces.start, pieces.size)
        others = geometries.copy()
        others[flat.areal] = None
        return cls(flat, multiple, others)

    @classmethod
    def none(cls, count: int) -> Shapes:
        """Return as many missing geometries."""
        return cls.of(np.full(count, None, dtype=object))

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.others)

    @property
    def plain(self) -> NDArray[np.bool_]:
        """Which rows are coordinates alone, bool (n,)."""
        return self.flat.areal

    def missing(self) -> NDArray[np.bool_]:
        """Which rows have no geometry, bool (n,)."""
        return shapely.is_missing(self.others) & ~self.plain

    def reaching(self, box: tuple[float, float, float, float]) -> NDArray[np.bool_]:
        """Which rows have a geometry that reaches into a box (west, south, east, north), by their bounds; bool (n,)."""
        west, south, east, north = shapely.bounds(self.objects()).T
        reaching: NDArray[np.bool_] = (west <= box[2]) & (east >= box[0]) & (south <= box[3]) & (north >= box[1])
        return reaching  # bounds of nothing are NaN, which reaches nowhere

    def vertices(self) -> NDArray[np.int64]:
        """Return how many vertices each geometry has, int64 (n,)."""
        per_path = self.flat.path_start[self.flat.geometry_start]
        return np.asarray(np.diff(per_path) + shapely.get_num_coordinates(self.others))

    def take(self, rows: NDArray[np.int64]) -> Shapes:
        """Return the geometries of some rows, by position."""
        return Shapes(self.flat.take(rows), self.multiple[rows], self.others[rows])

    def replaced(self, rows: NDArray[np.int64], geometries: Geometries) -> Shapes:
        """Return the geometries with other ones in some rows; a missing one leaves what is there."""
        areal, others = self.flat.areal.copy(), self.others.copy()
        others[rows] = geometries
        areal[rows[~shapely.is_missing(geometries)]] = False
        return Shapes(replace(self.flat, areal=areal), self.multiple, others)

    def moved(self, move: Callable[[Floats], Floats]) -> Shapes:
        """Return the geometries with other coordinates, (m, 2) from (m, 2), without Z."""
        flat = replace(self.flat, xy=move(self.flat.xy)) if len(self.flat.xy) else self.flat
        known = np.flatnonzero(~shapely.is_missing(self.others))
        others = self.others.copy()
        if len(known):
            others[known] = shapely.transform(self.others[known], move)
        return Shapes(flat, self.multiple, others)

    def coordinates(self) -> Floats:
        """Return all coordinates, float64 (m, 2)."""
        return np.concatenate([self.flat.xy, shapely.get_coordinates(self.others)])

    def objects(self, rows: NDArray[Any] | slice = slice(None)) -> Geometries:
        """Return geometries of some rows, by position, mask or slice, as objects; None for a missing one."""
        place = np.arange(len(self))[rows]
        found: Geometries = self.others[place].copy()
        plain = np.flatnonzero(self.plain[place])
        if len(plain):
            flat = self.flat.take(place[plain])
            part_start = np.append(np.flatnonzero(~flat.hole), len(flat.hole))
            parts = np.searchsorted(part_start, flat.geometry_start)
            whole = shapely.from_ragged_array(
                shapely.GeometryType.MULTIPOLYGON, flat.xy, (flat.path_start, part_start, parts)
            )
            single = ~self.multiple[place[plain]]
            whole[single] = shapely.get_geometry(whole[single], 0)
            found[plain] = whole
        return found

    def area_ha(self) -> Floats:
        """Return geodesic areas of polygons in EPSG:4326, hectares, float64 (n,)."""
        areas = area_ha_of(self.flat)
        rest = np.flatnonzero(~self.plain)
        areas[rest] = area_ha(self.others[rest])
        return areas

    def ewkb(self, kind: str) -> Pieces:
        """Return valid geometries in EPSG:4326 as PostGIS stores them, as multiple geometries but for points."""
        data, start = multipolygons_as_ewkb(self.flat, STORED_SRID)
        pieces = Pieces(data, start[:-1], np.diff(start))
        rest = np.flatnonzero(~self.plain)
        if not len(rest):
            return pieces
        others = ewkb(self.others[rest], kind)
        start, size = pieces.start.copy(), pieces.size.copy()
        start[rest], size[rest] = len(data) + others.start, others.size
        return Pieces(np.concatenate([data, others.data]), start, size)
