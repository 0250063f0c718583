"""What the loader knows of a plot without being told: its number, its area, the district and jamoat it lies in."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import Connection, LargeBinary, func, select

from geo.crs import area_ha
from layers.base import Layer
from layers.catalogue.admin import District, Jamoat
from layers.catalogue.land import Plot
from layers.loading.columns import Values

DERIVED = frozenset({"plot_no", "area_ha"})  # never taken from a file
AREA_DIFFERS = 0.05  # share by which a file's own area may differ before the report says so


class PlotFacts:
    """Fills in the columns of plots that follow from other rows; one per load."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        known = connection.execute(select(Plot.plot_id, Plot.plot_no).distinct())
        self._numbers: dict[str, int] = dict(known.tuples().all())
        self._last: int = connection.execute(select(func.coalesce(func.max(Plot.plot_no), 0))).scalar_one()
        self._areas = {layer: _outlines(connection, layer) for layer in (District, Jamoat)}
        self.area_differs = 0

    def fill(self, table: dict[str, Values], geometries: NDArray[np.object_]) -> None:
        """Set ``area_ha`` in hectares on the ellipsoid, and ``district`` and ``jamoat`` where they are unknown.

        A plot belongs to the district and jamoat a point inside it lies in; on no outline it stays unknown.
        """
        areas = area_ha(geometries)
        given = table["area_ha"]
        with np.errstate(invalid="ignore"):
            differs = ~given.null & (np.abs(given.data - areas) > AREA_DIFFERS * areas)
        self.area_differs += int(differs.sum())
        table["area_ha"] = Values(areas, np.zeros(len(areas), dtype=bool))
        inside: NDArray[np.object_] | None = None
        for layer, name in ((District, "district"), (Jamoat, "jamoat")):
            column = table[name]
            codes, outlines = self._areas[layer]
            if not column.null.any() or not len(codes):
                continue
            if inside is None:
                inside = shapely.point_on_surface(geometries)
            unknown = np.flatnonzero(column.null)
            plot, outline = outlines.query(inside[unknown])
            x, y = shapely.get_coordinates(inside[unknown[plot]]).T
            hit = shapely.intersects_xy(outlines.geometries[outline], x, y)
            order = np.lexsort((outline[hit], plot[hit]))  # on a shared edge the first outline counts
            found, first = np.unique(plot[hit][order], return_index=True)
            data, null = column.data.copy(), column.null.copy()
            data[unknown[found]] = codes[outline[hit][order][first]]
            null[unknown[found]] = False
            table[name] = Values(data, null)

    def numbers(self, plot_ids: list[str]) -> Values:
        """Plot numbers: the one a plot had before, else the next that was never used."""
        for plot_id in plot_ids:
            if plot_id not in self._numbers:
                self._last += 1
                self._numbers[plot_id] = self._last
        data = np.array([self._numbers[plot_id] for plot_id in plot_ids], dtype=np.int64)
        return Values(data, np.zeros(len(data), dtype=bool))


def _outlines(connection: Connection, layer: type[Layer]) -> tuple[NDArray[np.object_], shapely.STRtree]:
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


def spatially_ordered(geometries: NDArray[np.object_]) -> NDArray[np.int64]:
    """Positions of the geometries along a Hilbert curve: rows near each other are then stored near each other."""
    return np.argsort(gpd.GeoSeries(geometries).hilbert_distance().to_numpy(), kind="stable")
