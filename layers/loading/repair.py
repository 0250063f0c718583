"""Geometry of a file as valid, two-dimensional geometry of the layer's kind; every change of shape is reported."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import GeometryType

from geo.geometry.validity import certainly_valid
from layers.catalogue.base import Box
from layers.loading.faults import Faults
from layers.loading.shapes import Shapes
from layers.records.load_report import Repair
from layers.records.phrases import Digits, Phrase, told
from layers.settings import get_settings

Geometries = NDArray[np.object_]

AREA_CHANGE = 0.05  # largest share by which mending may change an area before the shape is anybody's guess

NOT_NUMBERS = told("has coordinates that are not numbers")

DIMENSION = {"POINT": 0, "MULTILINESTRING": 1, "MULTIPOLYGON": 2}
EDGES = ("west", "east", "south", "north")
# Of each kind of geometry, by its dimension: what else the parts of a row are, what it is, what is left of it.
OTHERS = {
    0: "{kept} of {parts} parts kept, the others are no points",
    1: "{kept} of {parts} parts kept, the others are no lines",
    2: "{kept} of {parts} parts kept, the others are no polygons",
}
EXPECTED = {0: "is {found}; expected a point", 1: "is {found}; expected a line", 2: "is {found}; expected a polygon"}
NOTHING_LEFT = {
    0: "has no point left once mended ({fault})",
    1: "has no line left once mended ({fault})",
    2: "has no polygon left once mended ({fault})",
}
OF_ANOTHER_KIND = {
    "Point": told("a Point"),
    "LineString": told("a LineString"),
    "LinearRing": told("a LineString"),
    "Polygon": told("a Polygon"),
    "MultiPoint": told("a MultiPoint"),
    "MultiLineString": told("a MultiLineString"),
    "MultiPolygon": told("a MultiPolygon"),
    "GeometryCollection": told("a GeometryCollection"),
}
# What GEOS says of a geometry that is not valid.
FAULTS = {
    "self-intersection": told("self-intersection"),
    "ring self-intersection": told("ring self-intersection"),
    "too few points in geometry component": told("too few points in geometry component"),
    "hole lies outside shell": told("hole lies outside shell"),
    "holes are nested": told("holes are nested"),
    "nested shells": told("nested shells"),
    "duplicate rings": told("duplicate rings"),
    "interior is disconnected": told("interior is disconnected"),
    "invalid coordinate": told("invalid coordinate"),
    "ring is not closed": told("ring is not closed"),
}


def repaired(geometries: Geometries, kind: str, faults: Faults, box: Box) -> tuple[Geometries, list[Repair]]:
    """Return geometries of ``kind`` or its single form, and what had to be mended.

    Parameters
    ----------
    geometries : in EPSG:4326, as read: None, empty, invalid, Z or M, mixed and collections are all met here.
    kind : POINT, MULTILINESTRING or MULTIPOLYGON. faults : gets the rows that cannot be used.
    box : where the layer's geometry may lie.
    """
    wanted = DIMENSION[kind]
    absent = shapely.is_missing(geometries) | shapely.is_empty(geometries)
    faults.add(absent & ~faults.bad, told("has no geometry"))
    bounds = shapely.bounds(geometries)
    broken = ~absent & ~np.isfinite(bounds).all(axis=1)
    faults.add(broken, NOT_NUMBERS)
    usable = ~absent & ~broken
    result = geometries.copy()
    deep = usable & (shapely.has_z(result) | shapely.has_m(result))
    result[deep] = shapely.force_2d(result[deep])
    usable &= ~_outside(bounds, usable, box, faults)

    repairs: list[Repair] = []
    for position in np.flatnonzero(usable & ~_as_wanted(result, wanted)):
        _take_parts(int(position), result, wanted, faults, repairs)
    usable &= ~faults.bad
    for position in np.flatnonzero(usable & ~shapely.is_valid(result)):
        _mend(int(position), result, wanted, faults, repairs)
    return result, repairs


def sound(shapes: Shapes, kind: str, faults: Faults, box: Box) -> tuple[Shapes, NDArray[np.float64], list[Repair]]:
    """Return geometries of ``kind`` or its single form, their boxes, and what had to be mended.

    Polygons that are valid beyond doubt are taken as they are; the others go the way of ``repaired``, one by one.
    The boxes are float64 (n, 4): west, south, east, north.
    """
    most = get_settings().file_vertices
    endless = shapes.vertices() > most
    faults.add(endless, told("has more than {most} vertices, the most that OBOD_FILE_VERTICES allows", most=most))
    certain, bounds = certainly_valid(shapes.flat)
    certain &= kind == "MULTIPOLYGON"
    _outside(bounds, certain, box, faults)
    doubtful = np.flatnonzero(~certain & ~endless)
    if not len(doubtful):
        return shapes, bounds, []
    part = faults.part(doubtful)
    mended, repairs = repaired(shapes.objects(doubtful), kind, part, box)
    faults.note_part(part, doubtful)
    bounds[doubtful] = shapely.bounds(mended)
    return shapes.replaced(doubtful, mended), bounds, repairs


def _outside(bounds: NDArray[np.float64], usable: NDArray[np.bool_], box: Box, faults: Faults) -> NDArray[np.bool_]:
    """Note the geometries that lie where the layer's may not; return which they are."""
    outside = usable & (
        (bounds[:, 0] < box.west) | (bounds[:, 1] < box.south) | (bounds[:, 2] > box.east) | (bounds[:, 3] > box.north)
    )
    places = np.full(len(bounds), None, dtype=object)
    places[outside] = [
        told(
            "lies at {west}..{east} E, {south}..{north} N; expected {place}",
            **{edge: Digits(f"{degrees:.4f}") for edge, degrees in zip(EDGES, (west, east, south, north), strict=True)},
            place=Phrase(box.words),
        )
        for west, south, east, north in bounds[outside]
    ]
    faults.add(outside, places)
    return outside


def _as_wanted(geometries: Geometries, wanted: int) -> NDArray[np.bool_]:
    kinds = {
        0: (GeometryType.POINT,),
        1: (GeometryType.LINESTRING, GeometryType.MULTILINESTRING),
        2: (GeometryType.POLYGON, GeometryType.MULTIPOLYGON),
    }
    return np.isin(shapely.get_type_id(geometries), kinds[wanted])


def _take_parts(position: int, geometries: Geometries, wanted: int, faults: Faults, repairs: list[Repair]) -> None:
    """Keep the parts of the wanted dimension of a collection or of another kind of geometry."""
    geometry = geometries[position]
    parts = _parts(geometry)
    fitting = [part for part in parts if shapely.get_dimensions(part) == wanted]
    note = told(OTHERS[wanted], kept=len(fitting), parts=len(parts))
    closed = False
    if not fitting and wanted == 2:
        fitting = [shapely.Polygon(shapely.get_coordinates(line)) for line in parts if _is_ring(line)]
        note, closed = told("closed line taken as the outline of a polygon"), bool(fitting)
    if not fitting or (wanted == 0 and len(fitting) > 1):
        several = told("{count} points", count=len(fitting)) if fitting else OF_ANOTHER_KIND[geometry.geom_type]
        _fault(position, told(EXPECTED[wanted], found=several), faults)
        return
    if len(fitting) == 1:
        geometries[position] = fitting[0]
    else:
        combine = shapely.multipolygons if wanted == 2 else shapely.multilinestrings
        geometries[position] = combine(fitting)
    if len(fitting) != len(parts) or closed:
        repairs.append(Repair(int(faults.rows[position]), faults.keys[position], note))


def _mend(position: int, geometries: Geometries, wanted: int, faults: Faults, repairs: list[Repair]) -> None:
    geometry = geometries[position]
    if not np.isfinite(shapely.get_coordinates(geometry)).all():
        _fault(position, NOT_NUMBERS, faults)
        return
    said = shapely.is_valid_reason(geometry).split("[")[0].lower()
    why = FAULTS.get(said, said)
    mended = shapely.make_valid(geometry, method="structure", keep_collapsed=False)
    if not shapely.is_valid(mended):  # met in rings that run over themselves; the other method is sound there
        mended = shapely.make_valid(geometry)
    fitting = [part for part in _parts(mended) if shapely.get_dimensions(part) == wanted]
    if not fitting:
        _fault(position, told(NOTHING_LEFT[wanted], fault=why), faults)
        return
    change: float | None = None
    if wanted == 2:
        before, after = shapely.area(geometry), float(np.sum(shapely.area(fitting)))
        change = abs(after - before) / max(before, after)
        if change > AREA_CHANGE:
            _fault(
                position,
                told(
                    "cannot be mended: its area would change by {change} % ({fault}); expected at most {most} %",
                    change=Digits(f"{100 * change:.0f}"),
                    fault=why,
                    most=Digits(f"{100 * AREA_CHANGE:.0f}"),
                ),
                faults,
            )
            return
    combine = shapely.multipolygons if wanted == 2 else shapely.multilinestrings
    geometries[position] = fitting[0] if len(fitting) == 1 else combine(fitting)
    repairs.append(
        Repair(
            int(faults.rows[position]),
            faults.keys[position],
            told("{fault} mended", fault=why),
            None if change is None else round(100 * change, 3),
        )
    )


def _parts(geometry: shapely.Geometry) -> list[shapely.Geometry]:
    """Points, lines and polygons of a geometry, collections within collections included; empty ones left out."""
    parts = list(shapely.get_parts(geometry))
    while any(shapely.get_type_id(part) >= GeometryType.MULTIPOINT for part in parts):
        parts = [inner for part in parts for inner in shapely.get_parts(part)]
    return [part for part in parts if not shapely.is_empty(part)]


def _is_ring(geometry: shapely.Geometry) -> bool:
    return bool(
        shapely.get_type_id(geometry) in (GeometryType.LINESTRING, GeometryType.LINEARRING)
        and shapely.is_closed(geometry)
        and shapely.get_num_coordinates(geometry) >= 4  # three corners and the first again
    )


def _fault(position: int, reason: str, faults: Faults) -> None:
    where = np.zeros(len(faults.rows), dtype=bool)
    where[position] = True
    faults.add(where, reason)
