"""A map for paper, drawn here from the rows: outlines in millimetres of the sheet, with a bar for lengths.

Nothing is fetched and nothing is a picture: lines stay sharp in print, and the same rows give the same map.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import orjson
import shapely
from numpy.typing import NDArray
from pyproj import Transformer

from api.language.translate import LANGUAGES, Language, local_name, number, translate
from api.rendering.paper_signs import MINES, SIGNS, is_mined, sign_of
from layers.catalogue.admin import District, Jamoat
from layers.catalogue.base import PUBLIC, Layer
from layers.catalogue.irrigation import Canal, River
from layers.catalogue.land import MINED
from layers.features.features import layer_features, rows_in_district
from layers.features.paging import Listing, stream_features
from layers.postgres.engine import Connection

WIDTH_MM: Final = 180.0
LEAST_MM, MOST_MM = 70.0, 175.0  # of its height
AROUND: Final = 0.04  # of the larger side is left around the plots
LEAST_M: Final = 400.0  # side of the ground that is shown at least
FINEST_MM: Final = 0.04  # what a printer cannot show is left out of an outline
BAR_MM: Final = 45.0  # the bar is at most so long
DRAWN_PROPERTIES: Final = ("plot_id", "class", "settled", "outlook", MINED.attribute)
BELOW: Final[tuple[type[Layer], ...]] = (District, Jamoat, River, Canal)  # what is drawn for orientation

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Shape:
    """Outlines of one look as the path of an SVG in mm; ``name`` of its sign or layer."""

    name: str
    path: str


@dataclass(frozen=True, slots=True)
class Label:
    """A name and where its middle stands [mm]."""

    text: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class PaperMap:
    """A map on paper, all lengths in mm, y down. North is up.

    ``below`` : lines for orientation. ``plots`` : by sign, in the order of the key. ``mined`` : over all of them.
    ``marked`` : the outline of the plot that the map is of. ``bar_mm`` : length of the bar that stands for ``bar``;
    ``scale`` : one unit on paper is so many on the ground.
    """

    width: float
    height: float
    below: tuple[Shape, ...]
    plots: tuple[Shape, ...]
    mined: str
    marked: str
    labels: tuple[Label, ...]
    bar_mm: float
    bar: str
    scale: int

    @property
    def used(self) -> tuple[str, ...]:
        """Names of the signs and layers that occur, in the order of the key."""
        mines = (MINES,) if self.mined else ()
        return (*(shape.name for shape in self.plots), *mines, *(shape.name for shape in self.below))


def draw_map(
    connection: Connection,
    listing: Listing,
    districts: Sequence[str],
    lang: Language,
    *,
    marked: str | None = None,
    most_mm: float = MOST_MM,
) -> PaperMap | None:
    """Return the map of the plots of a listing; None where there is no plot.

    Parameters
    ----------
    connection : may read public rows.
    listing : plots, with the properties of ``DRAWN_PROPERTIES``.
    districts : whose outlines, jamoats, rivers and canals are drawn.
    lang : of names and units.
    marked : the plot that is outlined.
    most_mm : height it has at most.
    """
    features = listing.features
    slim = {name: features.properties[name] for name in DRAWN_PROPERTIES}
    rows = list(_read(connection, replace(listing, features=replace(features, properties=slim), keys=())))
    if not rows:
        return None
    outlines = np.array([shape for shape, _ in rows])
    ground = _Sheet.around(shapely.total_bounds(outlines), most_mm)
    drawn: dict[str, list[str]] = {name: [] for name in SIGNS}
    paths = ground.paths(outlines, closed=True)
    for (_, plot), path in zip(rows, paths, strict=True):
        drawn[sign_of(plot)].append(path)
        if is_mined(plot):
            drawn[MINES].append(path)
    outlined = (path for (_, plot), path in zip(rows, paths, strict=True) if plot["plot_id"] == marked)
    below, labels = _orientation(connection, ground, districts, lang)
    bar_m = _round_length(BAR_MM * ground.metres_per_mm)
    return PaperMap(
        width=WIDTH_MM,
        height=round(ground.height, 2),
        below=below,
        plots=tuple(Shape(name, "".join(found)) for name, found in drawn.items() if found and name != MINES),
        mined="".join(drawn[MINES]),
        marked="".join(outlined),
        labels=labels,
        bar_mm=round(bar_m / ground.metres_per_mm, 2),
        bar=_length(bar_m, lang),
        scale=_two_digits(ground.metres_per_mm * 1_000.0),
    )


def _read(connection: Connection, listing: Listing) -> Iterator[tuple[Any, Mapping[str, Any]]]:
    """Shape in degrees and properties of every row that has a shape."""
    for texts in stream_features(connection, listing):
        shapes = shapely.from_geojson(texts)
        for shape, text in zip(shapes, texts, strict=True):
            if shape is not None and not shape.is_empty:
                yield shape, orjson.loads(text)["properties"]


def _orientation(
    connection: Connection, ground: _Sheet, districts: Sequence[str], lang: Language
) -> tuple[tuple[Shape, ...], tuple[Label, ...]]:
    """Lines of districts, jamoats and water, and the names of jamoats."""
    below: list[Shape] = []
    labels: list[Label] = []
    for layer in BELOW:
        features = layer_features(layer, PUBLIC)
        paths = []
        for code in districts:
            if layer is Jamoat:
                condition = features.property("district").value == code
            else:
                condition = rows_in_district(features, code)
            rows = list(_read(connection, Listing(features, [condition])))
            areas = layer in (District, Jamoat)
            shapes = [shapely.boundary(shape) if areas else shape for shape, _ in rows]
            paths += ground.paths(np.array(shapes, dtype=object), closed=False)
            if layer is Jamoat:
                labels += ground.labels(rows, lang)
        if path := "".join(paths):
            below.append(Shape(layer.__tablename__, path))
    return tuple(below), tuple(labels)


@dataclass(frozen=True, slots=True)
class _Sheet:
    """The part of the ground that lies on the sheet: equal areas around its middle, in metres, north up."""

    to_metres: Transformer
    west: float
    north: float
    metres_per_mm: float
    height: float

    @classmethod
    def around(cls, bounds: Array, most_mm: float) -> _Sheet:
        """Return the sheet that holds a box of degrees, with some ground around it."""
        west, south, east, north = bounds
        middle = f"+proj=laea +lat_0={(south + north) / 2:.5f} +lon_0={(west + east) / 2:.5f} +datum=WGS84"
        to_metres = Transformer.from_crs("EPSG:4326", middle, always_xy=True)
        left, bottom, right, top = to_metres.transform_bounds(west, south, east, north)
        across, up = max(right - left, LEAST_M), max(top - bottom, LEAST_M)
        margin = 2 * AROUND * max(across, up)
        across, up = across + margin, up + margin
        metres_per_mm = max(across / WIDTH_MM, up / most_mm)
        height = max(up / metres_per_mm, LEAST_MM)
        x, y = (left + right) / 2, (bottom + top) / 2
        return cls(to_metres, x - metres_per_mm * WIDTH_MM / 2, y + metres_per_mm * height / 2, metres_per_mm, height)

    def on_paper(self, degrees: Array) -> Array:
        """Return longitudes and latitudes (n, 2) as mm of the sheet."""
        x, y = self.to_metres.transform(degrees[:, 0], degrees[:, 1])
        return np.column_stack([(x - self.west) / self.metres_per_mm, (self.north - y) / self.metres_per_mm])

    def paths(self, shapes: NDArray[np.object_], *, closed: bool) -> list[str]:
        """Return the path of every shape that lies in degrees; empty of what is off the sheet."""
        if not len(shapes):
            return []
        placed = shapely.transform(shapes, self.on_paper)
        if not closed:
            placed = shapely.clip_by_rect(placed, 0.0, 0.0, WIDTH_MM, self.height)
        placed = shapely.simplify(placed, FINEST_MM, preserve_topology=closed)
        parts, of = shapely.get_parts(placed, return_index=True)
        found: list[list[str]] = [[] for _ in shapes]
        for part, index in zip(parts, of, strict=True):
            rings = [part.exterior, *part.interiors] if closed else [part]
            found[index] += (_path(shapely.get_coordinates(ring), closed=closed) for ring in rings)
        return ["".join(texts) for texts in found]

    def labels(self, rows: Sequence[tuple[Any, Mapping[str, Any]]], lang: Language) -> Iterator[Label]:
        """Yield the names of areas at the middle of what of them lies on the sheet."""
        for shape, about in rows:
            seen = shapely.clip_by_rect(shapely.transform(shape, self.on_paper), 0, 0, WIDTH_MM, self.height)
            text = local_name({one: about.get(f"name_{one}") for one in LANGUAGES}, lang)
            if text and not seen.is_empty and seen.area > 0:
                at = seen.representative_point()
                yield Label(text, round(min(max(at.x, 15.0), WIDTH_MM - 15.0), 2), round(max(at.y, 4.0), 2))


def _path(points: Array, *, closed: bool) -> str:
    """Points (n, 2) as a path; the last of a ring repeats the first and is left out."""
    if len(points) < 2:
        return ""
    texts = [f"{x:.2f} {y:.2f}" for x, y in (points[:-1] if closed else points).tolist()]
    return f"M{texts[0]}L{' '.join(texts[1:])}{'Z' if closed else ''}"


def _round_length(metres: float) -> float:
    """The longest of 1, 2 or 5 times a power of ten that is not more."""
    power = 10.0 ** math.floor(math.log10(metres))
    return max(step * power for step in (1.0, 2.0, 5.0) if step * power <= metres)


def _two_digits(scale: float) -> int:
    power: int = 10 ** max(math.floor(math.log10(scale)) - 1, 0)
    return round(scale / power) * power


def _length(metres: float, lang: Language) -> str:
    unit, value = ("km", metres / 1_000.0) if metres >= 1_000.0 else ("m", metres)
    return f"{number(value, lang)} {translate(unit, lang)}"
