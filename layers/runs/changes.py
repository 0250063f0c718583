"""What has changed since a run, and which plots of a district that can touch.

Every rule takes in too much rather than too little: a plot that is scored again without need comes out the same.
Changes of the ground people walk and water runs on (heights, rivers, roads, homes, services, canals that run or stand
elsewhere) can reach any plot of a district whose window they lie in; all its plots are then scored again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import shapely
from sqlalchemy import ARRAY, ColumnElement, Connection, LargeBinary, and_, bindparam, cast, exists, func, or_, select
from sqlalchemy.types import Float

from geo.criteria import LAND_CRITERIA
from geo.geometry.crs import to_working
from geo.measures.access import FASTEST_WALK_M_S, MOST_WALK_MIN
from geo.measures.exclusion import MINE_BUFFER_M
from geo.measures.exclusion import NEEDS as EXCLUSION_LAYERS
from geo.measures.water import NEAREST_CANAL_WITHIN_M
from layers.catalogue import BY_NAME, RASTERS_BY_NAME
from layers.catalogue.admin import District
from layers.catalogue.base import Layer
from layers.catalogue.irrigation import Canal, CommandArea, Outlet
from layers.catalogue.land import Plot
from layers.frames.around import Bounds, among, as_of, district_bounds, holds_rows, widened, window
from layers.records.loads import Raster
from layers.records.rows_of_run import of_run
from layers.records.runs import suitability
from layers.runs.parts import reach_of_layers

# A way is at most this long for each minute of the mean of both ways: the way out takes at most twice the mean.
WAY_M_PER_MIN = 2.0 * 60.0 * FASTEST_WALK_M_S  # m/min
GRID_SLACK_M = 300.0  # m; ways and zones are laid on cells of 30 m, coarser grids up to 120 m
MARGIN_M = 1.0  # m; outlines and windows differ by rounding
ON_PLOTS = {"plots", "plot_surveys"}  # the plots themselves, and tables that name the plot they belong to
ZONES = {"hazard_zones", "hazard_extents"}
STATE_OF_CANALS = frozenset({"condition"})  # columns of canals that move no water elsewhere

Rows = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Touched:
    """Plots of a district to score again: ``plots`` by number, None = all of them; ``why`` names the layers."""

    plots: frozenset[int] | None
    why: tuple[str, ...]

    def __bool__(self) -> bool:
        return self.plots is None or bool(self.plots)


def changed_layers(connection: Connection, before: int, after: int) -> dict[str, Rows]:
    """Return the layers and grids that scoring reads and that differ between two loads, in order of name.

    Rows that came or went with gid, key and shape; those of grids are not listed.
    """
    read = {name for criterion in LAND_CRITERIA for name in criterion.needs}
    read |= {Plot.__tablename__, District.__tablename__, *EXCLUSION_LAYERS}
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
    connection: Connection, districts: Sequence[str], run_id: int, before: int, after: int
) -> dict[str, Touched]:
    """Return the plots of each district whose result may differ from that of a run made as of load ``before``."""
    changed = changed_layers(connection, before, after)
    on_plots = {
        name: _plots_named(connection, BY_NAME[name], rows, after) for name, rows in changed.items() if name in ON_PLOTS
    }
    begun_or_ended = {
        name
        for name in changed.keys() & BY_NAME.keys()
        if holds_rows(connection, BY_NAME[name], before) != holds_rows(connection, BY_NAME[name], after)
    }
    return {
        district: _touched(
            _District(
                connection,
                district,
                run_id,
                before,
                after,
                {name: found.get(district, set()) for name, found in on_plots.items()},
                begun_or_ended,
            ),
            changed,
        )
        for district in districts
    }


def _touched(here: _District, changed: Mapping[str, Rows]) -> Touched:
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
class _District:
    """A district as it stood after two loads, and the run made as of the first.

    on_plots : layer -> the plots that its changed rows are about, for those that are about single plots.
    begun_or_ended : layers that held no row after the first load, or hold none after the second.
    """

    connection: Connection
    code: str
    run_id: int
    before: int
    after: int
    on_plots: Mapping[str, set[int]]
    begun_or_ended: Collection[str]

    @cached_property
    def bounds(self) -> Bounds:
        """Where it lies now: a pass over its plots, which changes of what belongs to single plots do without."""
        return district_bounds(self.connection, self.code, self.after)

    def around(self, name: str) -> Bounds:
        """Return the window scoring reads a layer in."""
        return widened(self.bounds, reach_of_layers().get(name, 0.0))


def _touched_by(here: _District, name: str, rows: Rows) -> set[int] | None:
    """Plots one changed layer can touch, None = all of the district."""
    connection, district, after = here.connection, here.code, here.after
    if name in RASTERS_BY_NAME:
        near = Raster.footprint.op("&&")(window(here.around(name)))
        there = select(exists().where(Raster.layer == name, _came_or_went(Raster, here.before, after), near))
        return None if connection.execute(there).scalar() else set()
    layer = BY_NAME[name]
    if name in here.begun_or_ended:
        return None  # criteria are assessed that were not, or the reverse
    if name in here.on_plots:
        return here.on_plots[name]
    if layer is District:
        return None if any(row.key == district for row in rows) else set()
    shapes = to_working(shapely.from_wkb([bytes(row.shape) for row in rows]))
    box = shapely.box(*here.around(name))
    rows = [row for row, near in zip(rows, shapely.intersects(shapes, box), strict=True) if near]
    shapes = shapes[shapely.intersects(shapes, box)]
    if not rows:
        return set()
    if name in ZONES:
        return _beside(connection, district, after, shapes, GRID_SLACK_M) | _on_ways_through(here, rows, layer)
    if name in EXCLUSION_LAYERS:
        return _beside(connection, district, after, shapes, _widest_buffer(connection, name, rows) + MARGIN_M)
    if layer is CommandArea:
        return _beside(connection, district, after, shapes, MARGIN_M)
    if layer is Canal and _only_state(connection, rows):
        return _fed_by(connection, district, after, rows)
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


def _beside(connection: Connection, district: str, load_id: int, shapes: Any, distance_m: float) -> set[int]:
    """Plots whose box comes near the box of any of the shapes (EPSG:32642)."""
    found: set[int] = set()
    for x_min, y_min, x_max, y_max in shapely.bounds(shapes):
        grown = (x_min - distance_m, y_min - distance_m, x_max + distance_m, y_max + distance_m)
        near = Plot.__table__.c.geom.op("&&")(window(tuple(map(float, grown))))  # type: ignore[arg-type]
        statement = select(Plot.plot_no).where(Plot.district == district, as_of(Plot, load_id), near)
        found.update(connection.execute(statement).scalars())
    return found


def _on_ways_through(here: _District, rows: Rows, layer: type[Layer]) -> set[int]:
    """Plots that lie no farther from a changed zone than the way from their home was long in the run."""
    zone = layer.__table__.c
    minutes = suitability.c.walk_minutes
    longest_m = MOST_WALK_MIN * WAY_M_PER_MIN / 2.0 + GRID_SLACK_M  # no way out takes longer than the limit
    way_m = func.least(cast(minutes, Float) * WAY_M_PER_MIN, longest_m) + GRID_SLACK_M
    statement = (
        select(Plot.plot_no)
        .join(suitability, and_(suitability.c.plot_no == Plot.plot_no, of_run(here.connection, here.run_id)))
        .join(layer.__table__, among(zone.gid, [row.gid for row in rows]))
        .where(
            Plot.district == here.code,
            suitability.c.district == here.code,
            as_of(Plot, here.after),
            minutes.is_not(None),
            Plot.__table__.c.geom.op("&&")(func.ST_Expand(zone.geom, _degrees(longest_m))),
            func.ST_DWithin(_geography(Plot.__table__.c.geom), _geography(zone.geom), way_m),
        )
        .distinct()
    )
    return set(here.connection.execute(statement).scalars())


def _geography(column: Any) -> Any:
    return func.geography(column)


def _degrees(distance_m: float) -> float:
    """Return degrees of longitude that are surely longer than a distance anywhere this CRS is good for."""
    return distance_m / 80_000.0  # m in a degree of longitude at 43 N, where it is shortest


def _widest_buffer(connection: Connection, name: str, rows: Rows) -> float:
    column = BY_NAME[name].__table__.c.get("buffer_m")
    if column is None:
        return 0.0
    given = select(func.max(column)).where(among(BY_NAME[name].gid, [row.gid for row in rows]))
    return max(float(connection.execute(given).scalar() or 0.0), *MINE_BUFFER_M.values())


def _only_state(connection: Connection, rows: Rows) -> bool:
    """Whether every changed reach was and is there, the same but for its state."""
    kept = [column for column in Canal.attributes() if column not in STATE_OF_CANALS]
    columns = [getattr(Canal, name) for name in kept]
    statement = select(*columns, func.ST_AsBinary(Canal.__table__.c.geom, type_=LargeBinary)).where(
        among(Canal.gid, [row.gid for row in rows])
    )
    versions: dict[str, list[tuple[Any, ...]]] = {}
    for row in connection.execute(statement):
        versions.setdefault(row[kept.index(Canal.key)], []).append(tuple(row))
    return all(len(found) == 2 and found[0] == found[1] for found in versions.values())


def _fed_by(connection: Connection, district: str, after: int, rows: Rows) -> set[int]:
    """Plots in command areas that any reach of the same canals feeds, or near enough to take water from one."""
    changed = select(Canal.canal).where(among(Canal.gid, [row.gid for row in rows]))
    same = or_(Canal.canal.in_(changed), among(Canal.gid, [row.gid for row in rows]))
    reaches = connection.execute(
        select(Canal.code, func.ST_AsBinary(Canal.__table__.c.geom, type_=LargeBinary)).where(as_of(Canal, after), same)
    ).all()
    names = [row[0] for row in reaches]
    through = select(Outlet.command_area).where(as_of(Outlet, after), Outlet.reach.in_(names))
    areas = connection.execute(
        select(func.ST_AsBinary(CommandArea.__table__.c.geom, type_=LargeBinary)).where(
            as_of(CommandArea, after), or_(CommandArea.reach.in_(names), CommandArea.code.in_(through))
        )
    ).scalars()
    held = [bytes(shape) for shape in areas]
    found = _beside(connection, district, after, to_working(shapely.from_wkb(held)), MARGIN_M) if held else set()
    lines = to_working(shapely.from_wkb([bytes(row[1]) for row in reaches]))
    pieces = shapely.get_parts(shapely.segmentize(lines, NEAREST_CANAL_WITHIN_M))
    return found | _beside(connection, district, after, _segments(pieces), NEAREST_CANAL_WITHIN_M + MARGIN_M)


def _segments(lines: Any) -> Any:
    """Cut lines at every tenth vertex, so that their boxes are small."""
    cut = []
    for line in lines:
        xy = shapely.get_coordinates(line)
        cut += [shapely.LineString(xy[start : start + 11]) for start in range(0, max(len(xy) - 1, 1), 10)]
    return cut
