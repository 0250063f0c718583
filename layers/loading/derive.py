"""What the loader knows without being told: the district and jamoat a row lies in, a plot's number and area."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import Connection, LargeBinary, func, select

from geo.geometry.hilbert import hilbert_distance
from layers.catalogue.admin import District, Jamoat
from layers.catalogue.base import Layer
from layers.catalogue.land import Plot
from layers.loading.shapes import Shapes
from layers.postgres.copy_columns import Values
from layers.records.phrases import Digits, told

UNITS: dict[str, type[Layer]] = {"district": District, "jamoat": Jamoat}  # field -> outlines that tell it
AREA_DECIMALS = 6  # of a hectare: a hundredth of a square metre
AREA_DIFFERS = 0.05  # share by which a file's own area may differ before the report says so

Geometries = NDArray[np.object_]


class Surroundings:
    """Fills in the district and jamoat of rows that do not say theirs; one per load."""

    def __init__(self, connection: Connection, layer: type[Layer]) -> None:
        fields = layer.attributes() if layer.geometry_kind is not None else {}
        self._outlines = {
            name: _outlines(connection, unit) for name, unit in UNITS.items() if name in fields and unit is not layer
        }
        self._found = dict.fromkeys(self._outlines, 0)
        self._lost = dict.fromkeys(self._outlines, 0)

    def fill(self, table: dict[str, Values], shapes: Shapes) -> None:
        """Set ``district`` and ``jamoat``, where they are unknown, to the unit a point inside the row lies in.

        On no outline a row stays unknown; on the edge of two the first code counts.
        """
        inside: Geometries | None = None
        for name, (codes, outlines) in self._outlines.items():
            column = table[name]
            if not column.null.any() or not len(codes):
                continue
            if inside is None:
                inside = shapely.point_on_surface(shapes.objects())
            unknown = np.flatnonzero(column.null)
            row, outline = outlines.query(inside[unknown])
            x, y = shapely.get_coordinates(inside[unknown[row]]).T
            hit = shapely.intersects_xy(outlines.geometries[outline], x, y)
            order = np.lexsort((outline[hit], row[hit]))
            found, first = np.unique(row[hit][order], return_index=True)
            data, null = column.data.copy(), column.null.copy()
            data[unknown[found]] = codes[outline[hit][order][first]]
            null[unknown[found]] = False
            table[name] = Values(data, null)
            self._found[name] += len(found)
            self._lost[name] += len(unknown) - len(found)

    def notes(self) -> list[str]:
        """Say how many rows were placed by where they lie, and how many could not be."""
        return [
            told(
                "{count} rows got their {field} from the outline they lie in, {lost} lie in none.",
                count=found,
                field=name,
                lost=self._lost[name],
            )
            for name, found in self._found.items()
            if found or self._lost[name]
        ]


def recorded_area_ha(shapes: Shapes) -> NDArray[np.float64]:
    """Return geodesic areas [ha] as they are kept, to a hundredth of a square metre."""
    return np.round(shapes.area_ha(), AREA_DECIMALS)


class PlotFacts:
    """Numbers and measures plots; one per load."""

    def __init__(self, connection: Connection) -> None:
        known = connection.execute(select(Plot.plot_id, Plot.plot_no).distinct())
        self._numbers: dict[str, int] = {row.plot_id: row.plot_no for row in known}
        self._last: int = connection.execute(select(func.coalesce(func.max(Plot.plot_no), 0))).scalar_one()
        self._differing = 0

    def measure(self, table: dict[str, Values], shapes: Shapes) -> None:
        """Set ``area_ha``: hectares on the ellipsoid, whatever the file says."""
        areas = recorded_area_ha(shapes)
        given = table["area_ha"]
        differs = ~given.null & (np.abs(given.data - areas) > AREA_DIFFERS * areas)
        self._differing += int(differs.sum())
        table["area_ha"] = Values(areas, np.zeros(len(areas), dtype=bool))

    def numbers(self, plot_ids: Sequence[str]) -> Values:
        """Plot numbers of plots that are stored: the one a plot had before, else the next that was never used."""
        if not self._numbers:
            first, self._last = self._last + 1, self._last + len(plot_ids)
            return Values.known(np.arange(first, self._last + 1, dtype=np.int64))
        data = np.empty(len(plot_ids), dtype=np.int64)
        for position, plot_id in enumerate(plot_ids):
            number = self._numbers.get(plot_id)
            if number is None:
                number = self._last = self._last + 1
            data[position] = number
        return Values.known(data)

    def notes(self) -> list[str]:
        """Say how many plots are of another size than the file says."""
        if not self._differing:
            return []
        return [
            told(
                "{count} plots: the file's own area differs by more than {most} % from the area on the ellipsoid, "
                "which is stored.",
                count=self._differing,
                most=Digits(f"{100 * AREA_DIFFERS:.0f}"),
            )
        ]


def _outlines(connection: Connection, layer: type[Layer]) -> tuple[Geometries, shapely.STRtree]:
    """Codes of the current outlines of a layer in the order of the code, and a tree of their shapes."""
    rows = connection.execute(
        select(getattr(layer, layer.key), func.ST_AsBinary(layer.__table__.c.geom, type_=LargeBinary))
        .where(layer.ended_by.is_(None))
        .order_by(getattr(layer, layer.key))
    ).all()
    shapes = np.empty(len(rows), dtype=object)
    shapes[:] = [shapely.from_wkb(bytes(shape)) for _, shape in rows]
    shapely.prepare(shapes)
    codes = np.empty(len(rows), dtype=object)
    codes[:] = [code for code, _ in rows]
    return codes, shapely.STRtree(shapes)


def spatially_ordered(bounds: NDArray[np.float64]) -> NDArray[np.int64]:
    """Positions of boxes (n, 4) along a Hilbert curve: rows near each other are then stored near each other."""
    return np.argsort(hilbert_distance(bounds), kind="stable")
