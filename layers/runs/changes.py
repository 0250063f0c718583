"""What has changed since a run, and which plots of a district that can touch.

How far a change reaches is declared with what reads the layer (``geo.contract.needs``); a changed layer touches the
union of that. Every rule takes in too much rather than too little: a plot that is scored again without need comes out
the same. Grids, and layers whose reach nobody declared, touch every plot of a district whose window they lie in.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import shapely
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Connection,
    FromClause,
    LargeBinary,
    and_,
    bindparam,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.types import Float

from geo.contract.needs import AlongWayHome, Everything, NamedPlots, Need, SameCanal, Touches, Within
from geo.geometry.crs import to_working
from geo.measures.access import FASTEST_WALK_M_S, MOST_WALK_MIN
from geo.suitability.findings import needs
from layers.catalogue import BY_NAME, RASTERS_BY_NAME
from layers.catalogue.admin import District
from layers.catalogue.base import STORED_SRID, Layer
from layers.catalogue.irrigation import Canal, CommandArea, Outlet
from layers.catalogue.land import Plot
from layers.frames.around import among, as_of, district_bounds, holds_rows, in_any_window, widened, window
from layers.frames.windows import Bounds
from layers.records.loads import Raster
from layers.records.rows_of_run import of_run
from layers.records.runs import suitability
from layers.runs.parts import reach_of_layers

# A way is at most this long for each minute of the mean of both ways: the way out takes at most twice the mean.
WAY_M_PER_MIN = 2.0 * 60.0 * FASTEST_WALK_M_S  # m/min
MARGIN_M = 1.0  # m; outlines and windows differ by rounding

Rows = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Touched:
    """Plots of a district to score again: ``plots`` by number, None = all of them; ``why`` names the layers."""

    plots: frozenset[int] | None
    why: tuple[str, ...]

    def __bool__(self) -> bool:
        return self.plots is None or bool(self.plots)


def changed_layers(connection: Connection, before: int, after: int, through: Collection[Need]) -> dict[str, Rows]:
    """Return the layers and grids that are needed and that differ between two loads, in order of name.

    Rows that came or went with gid, key and shape; those of grids are not listed.
    """
    read = {Plot.__tablename__, District.__tablename__, *(need.layer for need in through)}
    found: dict[str, Rows] = {}
    for name in sorted(read & set(BY_NAME)):
        if rows := _differing(connection, BY_NAME[name], before, after):
            found[name] = rows
    for name in read & set(RASTERS_BY_NAME):
        if connection.execute(
            select(exists().where(Raster.layer == name, _came_or_went(Raster, before, after)))
        ).scalar():
            found[name] = ()
    return dict(sorted(found.items()))


def touched_plots(
    connection: Connection,
    districts: Sequence[str],
    run_id: int,
    before: int,
    after: int,
    through: Collection[Need] = tuple(dict.fromkeys(needs())),
) -> dict[str, Touched]:
    """Return the plots of each district whose result may differ from that of a run made as of load ``before``.

    through : what is read of the layers; all that a result follows from, or the needs of one criterion.
    """
    changed = changed_layers(connection, before, after, through)
    naming = {Plot.__tablename__, *(need.layer for need in through if need.touches == NamedPlots())}
    on_plots = {
        name: _plots_named(connection, BY_NAME[name], rows, after) for name, rows in changed.items() if name in naming
    }
    begun_or_ended = {
        name
        for name in changed.keys() & BY_NAME.keys()
        if holds_rows(connection, BY_NAME[name], before) != holds_rows(connection, BY_NAME[name], after)
    }
    return {
        district: _touched(
            DistrictChange(
                connection,
                district,
                run_id,
                before,
                after,
                {name: found.get(district, set()) for name, found in on_plots.items()},
                begun_or_ended,
                through,
            ),
            changed,
        )
        for district in districts
    }


def _touched(here: DistrictChange, changed: Mapping[str, Rows]) -> Touched:
    """What changed layers touch in one district."""
    moved = {Plot.__tablename__, District.__tablename__} & set(changed)
    if moved and not _same_windows(district_bounds(here.connection, here.code, here.before), here.bounds):
        return Touched(None, (Plot.__tablename__,))
    plots: set[int] = set()
    why: list[str] = []
    for name, rows in changed.items():
        found = _touched_by(here, name, rows)
        if found is None:
            return Touched(None, (name,))
        if found:
            plots |= found
            why.append(name)
    return Touched(frozenset(plots), tuple(why))


@dataclass(frozen=True)
class DistrictChange:
    """A district as it stood after two loads, and the run made as of the first.

    on_plots : layer -> the plots that its changed rows are about, for those that are about single plots.
    begun_or_ended : layers that held no row after the first load, or hold none after the second. through : what is
    read of the layers.
    """

    connection: Connection
    code: str
    run_id: int
    before: int
    after: int
    on_plots: Mapping[str, set[int]]
    begun_or_ended: Collection[str]
    through: Collection[Need]

    @cached_property
    def bounds(self) -> Bounds:
        """Where it lies now: a pass over its plots, which changes of what belongs to single plots do without."""
        return district_bounds(self.connection, self.code, self.after)

    def around(self, name: str) -> Bounds:
        """Return the window scoring reads a layer in."""
        return widened(self.bounds, reach_of_layers().get(name, 0.0))


def _touched_by(here: DistrictChange, name: str, rows: Rows) -> set[int] | None:
    """Plots one changed layer can touch, None = all of the district."""
    if name in RASTERS_BY_NAME:
        near = Raster.footprint.op("&&")(window(here.around(name)))
        there = select(exists().where(Raster.layer == name, _came_or_went(Raster, here.before, here.after), near))
        return None if here.connection.execute(there).scalar() else set()
    layer = BY_NAME[name]
    if name in here.begun_or_ended:
        return None  # criteria are assessed that were not, or the reverse
    if layer is Plot:
        return here.on_plots[name]
    if layer is District:
        return None if any(row.key == here.code for row in rows) else set()
    plots: set[int] = set()
    for need in (need for need in here.through if need.layer == name):
        found = _touched_through(here, need, rows)
        if found is None:
            return None
        plots |= found
    return plots


def _touched_through(here: DistrictChange, need: Need, rows: Rows) -> set[int] | None:
    """Plots that changed rows of a layer can touch through one need, None = all of the district."""
    layer = BY_NAME[need.layer]
    if need.unread and _differ_only_in(here.connection, layer, rows, need.unread):
        return set()
    if isinstance(need.touches, NamedPlots):
        return here.on_plots[need.layer]
    return None if layer.geometry_kind is None else reached_near(here, need, layer, rows)


def reached_near(here: DistrictChange, need: Need, layer: type[Layer], rows: Rows) -> set[int] | None:
    """Plots that those of some rows reach which lie near enough to be read, None = all of the district."""
    shapes = to_working(shapely.from_wkb([bytes(row.shape) for row in rows]))
    near = shapely.intersects(shapes, shapely.box(*here.around(need.layer)))
    rows = [row for row, there in zip(rows, near, strict=True) if there]
    return _reached(here, need.touches, layer, rows, shapes[near]) if rows else set()


def _reached(here: DistrictChange, touches: Touches, layer: type[Layer], rows: Rows, shapes: Any) -> set[int] | None:
    """Plots that changed rows near a district reach, None = all of it."""
    match touches:
        case Within(metres, column):
            distance_m = max(metres, _longest(here.connection, layer, rows, column))
            return _beside(here, shapes, distance_m + MARGIN_M)
        case AlongWayHome(metres):
            return _on_ways_through(here, rows, layer, metres)
        case SameCanal(within_m):
            return _fed_by(here, rows, within_m)
        case Everything() | NamedPlots():
            return None


def _plots_named(connection: Connection, layer: type[Layer], rows: Rows, after: int) -> dict[str | None, set[int]]:
    """District -> numbers of the plots that rows of a layer are, or are about."""
    gids = among(layer.gid, [row.gid for row in rows])
    if layer is Plot:
        named = select(Plot.district, Plot.plot_no).where(gids)
    else:
        about = select(layer.__table__.c.plot_id).where(gids).distinct()
        ids = bindparam("ids", list(connection.execute(about).scalars()), ARRAY(Plot.__table__.c.plot_id.type))
        mine = Plot.plot_id == func.any(ids)
        # Each half has an index: of current rows by their id, of ended ones by their end.
        either = or_(and_(Plot.ended_by.is_(None), mine), and_(Plot.ended_by > after, mine))
        named = select(Plot.district, Plot.plot_no).where(either, Plot.load_id <= after)
    found: dict[str | None, set[int]] = {}
    for district, number in connection.execute(named):
        found.setdefault(district, set()).add(number)
    return found


def _came_or_went(table: Any, before: int, after: int) -> ColumnElement[bool]:
    came = and_(table.load_id > before, table.load_id <= after, or_(table.ended_by.is_(None), table.ended_by > after))
    went = and_(table.load_id <= before, table.ended_by > before, table.ended_by <= after)
    return or_(came, went)


def _differing(connection: Connection, layer: type[Layer], before: int, after: int) -> Rows:
    """Rows that came or went between two loads with gid, key and shape; not those replaced by their like."""
    came = and_(layer.load_id > before, as_of(layer, after))
    went = and_(as_of(layer, before), layer.ended_by <= after)
    new, old = (select(layer.row_hash).where(chosen) for chosen in (came, went))
    differing = or_(and_(came, layer.row_hash.not_in(old)), and_(went, layer.row_hash.not_in(new)))
    key = getattr(layer, layer.key).label("key")
    columns = [layer.gid, key]
    if layer.geometry_kind is not None:
        columns.append(func.ST_AsBinary(layer.__table__.c.geom, type_=LargeBinary).label("shape"))
    return connection.execute(select(*columns).where(differing).order_by(layer.gid)).all()


def _same_windows(before: Bounds, after: Bounds) -> bool:
    reaches = {0.0, *reach_of_layers().values()}
    return all(widened(before, reach_m) == widened(after, reach_m) for reach_m in reaches)


def _beside(here: DistrictChange, shapes: Any, distance_m: float) -> set[int]:
    """Plots whose box comes near the box of any of the shapes (EPSG:32642)."""
    if not len(shapes):
        return set()
    grown = shapely.bounds(shapes) + np.array([-distance_m, -distance_m, distance_m, distance_m])
    several, near = in_any_window([tuple(box) for box in grown.tolist()], Plot.__table__.c.geom)
    mine = and_(Plot.district == here.code, as_of(Plot, here.after))
    return set(here.connection.execute(select(Plot.plot_no).join(several, near).where(mine).distinct()).scalars())


def _on_ways_through(here: DistrictChange, rows: Rows, layer: type[Layer], slack_m: float) -> set[int]:
    """Plots that lie no farther from a changed zone than the way from their home was long in the run."""
    zone = _lying(layer, rows)
    minutes = suitability.c.walk_minutes
    longest_m = MOST_WALK_MIN * WAY_M_PER_MIN / 2.0 + slack_m  # no way out takes longer than the limit
    way_m = func.least(cast(minutes, Float) * WAY_M_PER_MIN, longest_m) + slack_m
    statement = (
        select(Plot.plot_no)
        .join(suitability, and_(suitability.c.plot_no == Plot.plot_no, of_run(here.connection, here.run_id)))
        .join(zone, true())
        .where(
            Plot.district == here.code,
            suitability.c.district == here.code,
            as_of(Plot, here.after),
            minutes.is_not(None),
            Plot.__table__.c.geom.op("&&")(func.ST_Expand(zone.c.geom, _degrees(longest_m))),
            func.ST_DWithin(_geography(Plot.__table__.c.geom), _geography(zone.c.geom), way_m),
        )
        .distinct()
    )
    return set(here.connection.execute(statement).scalars())


def _lying(layer: type[Layer], rows: Rows) -> FromClause:
    """Shapes of rows, those that are stored and those that are drawn, as ``geom``."""
    stored = select(layer.__table__.c.geom).where(among(layer.gid, [row.gid for row in rows if row.gid is not None]))
    drawn = [row.shape for row in rows if row.gid is None]
    if not drawn:
        return stored.subquery("changed")
    given = func.unnest(literal(drawn, ARRAY(LargeBinary))).table_valued("shape").render_derived(name="given")
    shape = func.ST_GeomFromWKB(given.c.shape, STORED_SRID).label("geom")
    return union_all(stored, select(shape)).subquery("changed")


def _geography(column: Any) -> Any:
    return func.geography(column)


def _degrees(distance_m: float) -> float:
    """Return degrees of longitude that are surely longer than a distance anywhere this CRS is good for."""
    return distance_m / 80_000.0  # m in a degree of longitude at 43 N, where it is shortest


def _longest(connection: Connection, layer: type[Layer], rows: Rows, column: str | None) -> float:
    """The longest distance that a column gives any of the rows [m], 0 where none does."""
    if column is None:
        return 0.0
    stored = [row.gid for row in rows if row.gid is not None]
    given = select(func.max(layer.__table__.c[column])).where(among(layer.gid, stored))
    return float(connection.execute(given).scalar() or 0.0)


def _differ_only_in(connection: Connection, layer: type[Layer], rows: Rows, names: Collection[str]) -> bool:
    """Whether every changed row was and is there, the same but for some attributes."""
    kept = [column for column in layer.attributes() if column not in names]
    columns = [getattr(layer, name) for name in kept]
    if layer.geometry_kind is not None:
        columns.append(func.ST_AsBinary(layer.__table__.c.geom, type_=LargeBinary))
    statement = select(*columns).where(among(layer.gid, [row.gid for row in rows]))
    versions: dict[str, list[tuple[Any, ...]]] = {}
    for row in connection.execute(statement):
        versions.setdefault(row[kept.index(layer.key)], []).append(tuple(row))
    return all(len(found) == 2 and found[0] == found[1] for found in versions.values())


def _fed_by(here: DistrictChange, rows: Rows, within_m: float) -> set[int]:
    """Plots in command areas that any reach of the same canals feeds, or near enough to take water from one."""
    connection, gids = here.connection, [row.gid for row in rows]
    changed = select(Canal.canal).where(among(Canal.gid, gids))
    same = or_(Canal.canal.in_(changed), among(Canal.gid, gids))
    reaches = connection.execute(
        select(Canal.code, func.ST_AsBinary(Canal.__table__.c.geom, type_=LargeBinary)).where(
            or_(as_of(Canal, here.after), among(Canal.gid, gids)), same
        )
    ).all()
    names = [row[0] for row in reaches]
    through = select(Outlet.command_area).where(as_of(Outlet, here.after), Outlet.reach.in_(names))
    areas = connection.execute(
        select(func.ST_AsBinary(CommandArea.__table__.c.geom, type_=LargeBinary)).where(
            as_of(CommandArea, here.after), or_(CommandArea.reach.in_(names), CommandArea.code.in_(through))
        )
    ).scalars()
    held = [bytes(shape) for shape in areas]
    found = _beside(here, to_working(shapely.from_wkb(held)), MARGIN_M) if held else set()
    lines = to_working(shapely.from_wkb([bytes(row[1]) for row in reaches]))
    pieces = shapely.get_parts(shapely.segmentize(lines, within_m))
    return found | _beside(here, _segments(pieces), within_m + MARGIN_M)


def _segments(lines: Any) -> Any:
    """Cut lines at every tenth vertex, so that their boxes are small."""
    cut = []
    for line in lines:
        xy = shapely.get_coordinates(line)
        cut += [shapely.LineString(xy[start : start + 11]) for start in range(0, max(len(xy) - 1, 1), 10)]
    return cut
