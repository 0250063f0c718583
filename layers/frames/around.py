"""Rows of PostGIS as frames in the working CRS: the plots to score and everything around them, read on first use."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS, Transformer
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Connection,
    Float,
    FromClause,
    LargeBinary,
    and_,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.orm import InstrumentedAttribute

from geo.geometry.crs import STORED_CRS, WORKING_CRS, to_working
from geo.terrain.grid import Grid
from layers.cache.array_cache import ArrayCache
from layers.catalogue import BY_NAME, RASTERS_BY_NAME
from layers.catalogue.admin import District
from layers.catalogue.base import STORED_SRID, Layer
from layers.catalogue.land import Plot
from layers.errors import NotFound
from layers.frames.windows import Bounds, Made, Windows
from layers.grids.rasters import file_digests, read_grid
from layers.postgres.read_arrays import read_raw, series_of
from layers.postgres.read_geometries import geometries_of

AREAS = "command_areas"
LATTICE_M = 3_000.0  # windows are widened to multiples of this, so that neighbours never shift a grid's cells

Alter = Callable[[type[Layer], gpd.GeoDataFrame], gpd.GeoDataFrame]  # rows of a layer as they are to be read

_WORKING = CRS.from_user_input(WORKING_CRS)  # made once: to read it from text for every frame takes longer
_TO_STORED = Transformer.from_crs(WORKING_CRS, STORED_CRS, always_xy=True)


def as_stored(_layer: type[Layer], frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return rows as they are stored."""
    return frame


def as_of(layer: type[Layer], load_id: int | None) -> ColumnElement[bool]:
    """Rows of a layer as they stood after a load; None = as they stand now."""
    if load_id is None:
        return layer.ended_by.is_(None)
    return and_(layer.load_id <= load_id, or_(layer.ended_by.is_(None), layer.ended_by > load_id))


def holds_rows(connection: Connection, layer: type[Layer], load_id: int | None) -> bool:
    """Whether a layer held any row after a load; None = now."""
    # The newest load with such a row is soon found in an index; any row is looked for among all there ever were.
    newest = select(func.max(layer.load_id)).where(as_of(layer, load_id))
    return connection.execute(newest).scalar() is not None


def among(column: ColumnElement[Any] | InstrumentedAttribute[Any], values: Collection[Any]) -> ColumnElement[bool]:
    """Return the condition that a column is one of some values, sent as one array: thousands of them cost nothing."""
    given: ColumnElement[bool] = column == func.any(literal(sorted(values), ARRAY(column.type)))
    return given


def window(bounds: Bounds) -> ColumnElement[bool]:
    """Return the stored-CRS envelope that holds a window of the working CRS, for use with ``&&``."""
    west, south, east, north = _TO_STORED.transform_bounds(*bounds, densify_pts=21)
    envelope: ColumnElement[bool] = func.ST_MakeEnvelope(west, south, east, north, STORED_SRID)
    return envelope


def in_any_window(several: Sequence[Bounds], shape: ColumnElement[Any]) -> tuple[FromClause, ColumnElement[bool]]:
    """Return a table of windows of the working CRS, sent as four arrays, and the condition that a shape is in one."""
    degrees = np.array([_TO_STORED.transform_bounds(*bounds, densify_pts=21) for bounds in several]).T
    given = func.unnest(*(literal(edge.tolist(), ARRAY(Float(53))) for edge in degrees))
    edges = given.table_valued("west", "south", "east", "north").render_derived(name="windows")
    envelope = func.ST_MakeEnvelope(*edges.c, STORED_SRID)
    return edges, shape.op("&&", is_comparison=True)(envelope)


def widened(bounds: Bounds, reach_m: float, lattice_m: float = LATTICE_M) -> Bounds:
    """Bounds grown by ``reach_m`` metres and then outwards to the lattice, a multiple of ``LATTICE_M``."""
    x_min, y_min, x_max, y_max = bounds
    low = [float(np.floor((value - reach_m) / lattice_m) * lattice_m) for value in (x_min, y_min)]
    high = [float(np.ceil((value + reach_m) / lattice_m) * lattice_m) for value in (x_max, y_max)]
    return low[0], low[1], high[0], high[1]


def read_layer(
    connection: Connection,
    layer: type[Layer],
    where: ColumnElement[bool],
    columns: tuple[str, ...] | None = None,
    order: str | None = None,
) -> gpd.GeoDataFrame:
    """Rows of a layer as a frame in EPSG:32642 (no geometry column for tables), RangeIndex.

    ``columns`` names the attributes to read; None = all of them, whoever may see them: scoring sees everything.
    ``order`` : the column the rows are ordered by, their key when None. A multiple geometry of one part comes as that
    part.
    """
    names = list(columns or layer.attributes())
    selected: list[InstrumentedAttribute[Any] | ColumnElement[Any]] = [getattr(layer, name) for name in names]
    spatial = layer.geometry_kind is not None
    if spatial:
        selected.append(func.ST_AsBinary(layer.__table__.c.geom, type_=LargeBinary).label("geom"))
    read = read_raw(connection, select(*selected).where(where).order_by(getattr(layer, order or layer.key)))
    if read is None:
        frame = pd.DataFrame(columns=names, dtype=object)
    else:
        kinds = [column.type for column in selected]
        found = [series_of(*of) for of in zip(read[: len(names)], kinds, strict=False)]
        frame = pd.DataFrame(dict(zip(names, found, strict=True)), columns=names)
    if not spatial:
        return gpd.GeoDataFrame(frame)
    geometry = np.empty(0, dtype=object) if read is None else geometries_of(read[-1])
    return gpd.GeoDataFrame(frame, geometry=geometry, crs=_WORKING)


def district_bounds(connection: Connection, district: str, load_id: int | None) -> Bounds:
    """Bounds of a district's outline and of all its plots, metres in EPSG:32642.

    The outline decides, not the plots alone, so that adding a plot does not move the window of the others.
    """
    outline = connection.execute(
        select(func.ST_AsBinary(District.__table__.c.geom, type_=LargeBinary)).where(
            District.code == district, as_of(District, load_id)
        )
    ).scalar()
    extent = connection.execute(
        select(func.ST_AsBinary(func.ST_SetSRID(func.ST_Extent(Plot.__table__.c.geom), STORED_SRID))).where(
            Plot.district == district, as_of(Plot, load_id)
        )
    ).scalar()
    known = [shape for shape in (outline, extent) if shape is not None]
    if not known:
        raise NotFound(f"There is no district {district}.")
    bounds = shapely.total_bounds(to_working(shapely.from_wkb([bytes(shape) for shape in known])))
    return float(bounds[0]), float(bounds[1]), float(bounds[2]), float(bounds[3])


PLOT_COLUMNS = (
    "plot_id",
    "plot_no",
    "district",
    "jamoat",
    "settlement",
    "area_ha",
    "land_form",
    "availability",
    "irrigated",
    "terraced",
)


def read_plots(
    connection: Connection, district: str, load_id: int | None, *, only: Collection[int] | None = None
) -> gpd.GeoDataFrame:
    """Plots of a district, EPSG:32642, ordered by ``plot_no``, neighbours together; no staff attribute is read.

    ``only`` : numbers of the plots to read, where not all are.
    """
    return read_layer(connection, Plot, _plots_of(district, load_id, only), PLOT_COLUMNS, order="plot_no")


def _plots_of(district: str, load_id: int | None, only: Collection[int] | None) -> ColumnElement[bool]:
    where = and_(Plot.district == district, as_of(Plot, load_id))
    if only is None:
        return where
    return and_(where, among(Plot.plot_no, only))


def rows_digest(frame: gpd.GeoDataFrame) -> bytes:
    """Digest of the attributes and coordinates of some rows, in their order."""
    spatial = isinstance(frame, gpd.GeoDataFrame) and frame.active_geometry_name is not None
    attributes = frame.drop(columns=frame.geometry.name) if spatial else frame
    digest = hashlib.sha256(repr(list(attributes.columns)).encode())
    digest.update(pd.util.hash_pandas_object(pd.DataFrame(attributes), index=False).to_numpy().tobytes())
    if spatial:
        digest.update(b"\0".join(shape or b"-" for shape in shapely.to_wkb(frame.geometry.to_numpy())))
    return digest.digest()


@dataclass(frozen=True, slots=True)
class Around(Mapping[str, "gpd.GeoDataFrame | Grid"]):
    """Layers around the plots of one district: layer id -> frame or grid, read on first use and kept.

    A layer that holds nothing at all is absent, so that a criterion can tell *nothing near* from *not loaded*.
    ``reach_m`` says how far beyond ``bounds`` each layer is read, metres. ``cache`` keeps grids, and what follows from
    the layers, for the next time; None = everything is computed. ``windows`` keeps what is read of whole windows for
    the neighbours of a plot, but of the layers in ``unkept``. ``only`` : numbers of the plots that tables about plots
    are read for, where not all are. ``alter`` : what rows are to be read as, where a scenario has others. ``holds`` :
    whether a layer holds any row then, of those layers for which it is not as it is stored.
    """

    connection: Connection
    district: str
    bounds: Bounds
    reach_m: Mapping[str, float]
    load_id: int | None
    seen: dict[str, gpd.GeoDataFrame | Grid | None] = field(default_factory=dict)
    cache: ArrayCache | None = None
    only: Collection[int] | None = None
    windows: Windows | None = None
    unkept: frozenset[str] = frozenset()
    alter: Alter = as_stored
    holds: Mapping[type[Layer], bool] = field(default_factory=dict)

    def shared(self, what: str, needs: Sequence[str], make: Callable[[], Made]) -> Made:
        """Return what is made of some layers, kept since it was made around a neighbour or made now."""
        if self.windows is None:
            return make()
        return self.windows.made(what, [self.windows.key(name, self._window(name)) for name in needs], make)

    def surface(self, what: str, needs: Sequence[str], compute: Callable[[], Grid]) -> Grid:
        """Return a surface that follows from some layers, kept since it was computed or computed now."""
        if self.cache is None:
            return self.shared(what, needs, compute)
        return self.cache.surface(b"\0".join([what.encode(), *map(self.state, needs)]), compute)

    def state(self, name: str) -> bytes:
        """What stands for all that is read of a layer here: its window, and the digests of its files or its rows."""
        bounds = self._window(name)
        if name in RASTERS_BY_NAME:
            content = "".join(file_digests(self.connection, name, bounds, self.load_id)).encode()
        else:
            frame = self.get(name)
            content = b"not loaded" if frame is None else rows_digest(cast(gpd.GeoDataFrame, frame))
        return b"\0".join([name.encode(), repr(bounds).encode(), content])

    def __getitem__(self, name: str) -> gpd.GeoDataFrame | Grid:
        if name not in self.seen:
            self.seen[name] = self._read(name)
        found = self.seen[name]
        if found is None:
            raise KeyError(name)
        return found

    def __iter__(self) -> Iterator[str]:
        return (name for name in (*BY_NAME, *RASTERS_BY_NAME) if name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __contains__(self, name: object) -> bool:
        try:
            self[str(name)]
        except KeyError:
            return False
        return True

    def _window(self, name: str) -> Bounds:
        return widened(self.bounds, self.reach_m.get(name, 0.0))

    def _read(self, name: str) -> gpd.GeoDataFrame | Grid | None:
        """Rows or grid of a layer; a table of what was measured on plots is of these plots alone and kept for none."""
        if self.windows is None or name in self.unkept:
            return self._read_now(name)
        if name in BY_NAME and BY_NAME[name].geometry_kind is None:
            if "command_area" not in BY_NAME[name].__table__.c:
                return self._read_now(name)
            needs = [self.windows.key(needed, self._window(needed)) for needed in (name, AREAS)]
            return self.windows.made("rows of areas", needs, lambda: self._read_now(name))
        return self.windows.read(name, self._window(name), lambda: self._read_now(name))

    def _read_now(self, name: str) -> gpd.GeoDataFrame | Grid | None:
        bounds = self._window(name)
        if name in RASTERS_BY_NAME:
            return self._grid(name, bounds)
        layer = BY_NAME[name]
        if not self._holds_rows(layer):
            return None
        return self.alter(layer, read_layer(self.connection, layer, self._rows_of(layer, bounds)))

    def _holds_rows(self, layer: type[Layer]) -> bool:
        """Whether a layer holds any row; asked once for all windows of it."""
        if layer in self.holds:
            return self.holds[layer]
        if self.windows is None:
            return holds_rows(self.connection, layer, self.load_id)
        everywhere = (-np.inf, -np.inf, np.inf, np.inf)
        known = [self.windows.key(layer.__tablename__, everywhere)]
        return self.windows.made("holds rows", known, lambda: holds_rows(self.connection, layer, self.load_id))

    def _grid(self, name: str, bounds: Bounds) -> Grid | None:
        def read() -> Grid | None:
            return read_grid(self.connection, name, bounds, load_id=self.load_id)

        if self.cache is None:
            return read()
        if not file_digests(self.connection, name, bounds, self.load_id):
            return None
        return self.surface("grid", [name], lambda: cast(Grid, read()))

    def _rows_of(self, layer: type[Layer], bounds: Bounds) -> ColumnElement[bool]:
        """Rows of a layer around the plots; of a table, those of the district's plots, or of areas here, or all."""
        current = as_of(layer, self.load_id)
        if layer.geometry_kind is not None:
            return and_(current, layer.__table__.c.geom.op("&&")(window(bounds)))
        of_plot = layer.__table__.c.get("plot_id")
        if of_plot is None:
            of_area = layer.__table__.c.get("command_area")
            if self.windows is None or of_area is None or AREAS not in self:
                return current
            return and_(current, among(of_area, set(cast(gpd.GeoDataFrame, self[AREAS])["code"])))
        mine = _plots_of(self.district, self.load_id, self.only)
        return and_(current, of_plot.in_(select(Plot.plot_id).where(mine)))
