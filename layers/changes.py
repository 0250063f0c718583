"""What has changed since a run, and which plots of a district that can touch.

Every rule takes in too much rather than too little: a plot that is scored again without need comes out the same.
Changes of the ground people walk and water runs on (heights, rivers, roads, homes, services, canals that run or stand
elsewhere) can reach any plot of a district whose window they lie in; all its plots are then scored again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import shapely
from sqlalchemy import ColumnElement, Connection, LargeBinary, and_, cast, exists, func, or_, select
from sqlalchemy.types import Float

from geo.access import FASTEST_WALK_M_S, MOST_WALK_MIN
from geo.criteria import LAND_CRITERIA
from geo.crs import to_working
from geo.exclusion import MINE_BUFFER_M
from geo.exclusion import NEEDS as EXCLUSION_LAYERS
from geo.water import NEAREST_CANAL_WITHIN_M
from layers.base import Layer
from layers.catalogue import BY_NAME, RASTERS_BY_NAME
from layers.catalogue.admin import District
from layers.catalogue.irrigation import Canal, CommandArea, Outlet
from layers.catalogue.land import Plot
from layers.frames import Bounds, as_of, district_bounds, widened, window
from layers.loaded import Raster
from layers.parts import reach_of_layers
from layers.results import suitability

# A way is at most this long for each minute of the mean of both ways: the way out takes at most twice the mean.
WAY_M_PER_MIN = 2.0 * 60.0 * FASTEST_WALK_M_S  # m/min
GRID_SLACK_M = 300.0  # m; ways and zones are laid on cells of 30 m, coarser grids up to 120 m
MARGIN_M = 1.0  # m; outlines and windows differ by rounding
ON_PLOTS = {"plot_surveys"}  # tables that name the plot they belong to
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


def changed_layers(connection: Connection, before: int, after: int) -> tuple[str, ...]:
    """Return the layers and grids that scoring reads and that differ between two loads, in order of name."""
    read = {name for criterion in LAND_CRITERIA for name in criterion.needs}
    read |= {Plot.__tablename__, District.__tablename__, *EXCLUSION_LAYERS}
    found = [name for name in read & set(BY_NAME) if _differing(connection, BY_NAME[name], before, after)]
    for name in read & set(RASTERS_BY_NAME):
        if connection.execute(
            select(exists().where(Raster.layer == name, _came_or_went(Raster, before, after)))
        ).scalar():
            found.append(name)
    return tuple(sorted(found))


def touched_plots(
    connection: Connection, district: str, run_id: int, before: int, after: int, layers: Sequence[str]
) -> Touched:
    """Return the plots of a district whose result may differ from that of a run made as of load ``before``."""
    bounds = district_bounds(connection, district, after)
    reach = reach_of_layers()
    moved = {Plot.__tablename__, District.__tablename__} & set(layers)
    if moved and not _same_windows(district_bounds(connection, district, before), bounds):
        return Touched(None, (Plot.__tablename__,))
    plots: set[int] = set()
    why: list[str] = []
    for name in layers:
        found = _touched_by(connection, district, run_id, (before, after), name, widened(bounds, reach.get(name, 0.0)))
        if found is None:
            return Touched(None, (name,))
        if found:
            plots |= found
            why.append(name)
    return Touched(frozenset(plots), tuple(why))


def _touched_by(
    connection: Connection, district: str, run_id: int, loads: tuple[int, int], name: str, around: Bounds
) -> set[int] | None:
    """Plots one changed layer can touch, None = all of the district."""
    before, after = loads
    if name in RASTERS_BY_NAME:
        near = Raster.footprint.op("&&")(window(around))
        there = select(exists().where(Raster.layer == name, _came_or_went(Raster, before, after), near))
        return None if connection.execute(there).scalar() else set()
    layer = BY_NAME[name]
    if _holds_rows(connection, layer, before) != _holds_rows(connection, layer, after):
        return None
    rows = _differing(connection, layer, before, after)
    if layer is District:
        return None if any(row.key == district for row in rows) else set()
    if layer is Plot:
        numbers = select(Plot.plot_no).where(Plot.district == district, Plot.gid.in_([row.gid for row in rows]))
        return set(connection.execute(numbers).scalars())
    if name in ON_PLOTS:
        column = layer.__table__.c.plot_id
        named = select(column).where(layer.gid.in_([row.gid for row in rows]))
        mine = select(Plot.plot_no).where(Plot.district == district, as_of(Plot, after), Plot.plot_id.in_(named))
        return set(connection.execute(mine).scalars())
    shapes = to_working(shapely.from_wkb([bytes(row.shape) for row in rows]))
    box = shapely.box(*around)
    rows = [row for row, near in zip(rows, shapely.intersects(shapes, box), strict=True) if near]
    shapes = shapes[shapely.intersects(shapes, box)]
    if not rows:
        return set()
    if name in ZONES:
        return _beside(connection, district, after, shapes, GRID_SLACK_M) | _on_ways_through(
            connection, district, run_id, after, rows, layer
        )
    if name in EXCLUSION_LAYERS:
        return _beside(connection, district, after, shapes, _widest_buffer(connection, name, rows) + MARGIN_M)
    if layer is CommandArea:
        return _beside(connection, district, after, shapes, MARGIN_M)
    if layer is Canal and _only_state(connection, rows):
        return _fed_by(connection, district, loads, rows)
    return None


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


def _holds_rows(connection: Connection, layer: type[Layer], load_id: int) -> bool:
    return bool(connection.execute(select(exists(select(layer.gid).where(as_of(layer, load_id))))).scalar())


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


def _on_ways_through(
    connection: Connection, district: str, run_id: int, load_id: int, rows: Rows, layer: type[Layer]
) -> set[int]:
    """Plots that lie no farther from a changed zone than the way from their home was long in the run."""
    zone = layer.__table__.c
    minutes = suitability.c.walk_minutes
    longest_m = MOST_WALK_MIN * WAY_M_PER_MIN / 2.0 + GRID_SLACK_M  # no way out takes longer than the limit
    way_m = func.least(cast(minutes, Float) * WAY_M_PER_MIN, longest_m) + GRID_SLACK_M
    statement = (
        select(Plot.plot_no)
        .join(suitability, and_(suitability.c.plot_no == Plot.plot_no, suitability.c.run_id == run_id))
        .join(layer.__table__, zone.gid.in_([row.gid for row in rows]))
        .where(
            Plot.district == district,
            as_of(Plot, load_id),
            minutes.is_not(None),
            Plot.__table__.c.geom.op("&&")(func.ST_Expand(zone.geom, _degrees(longest_m))),
            func.ST_DWithin(_geography(Plot.__table__.c.geom), _geography(zone.geom), way_m),
        )
        .distinct()
    )
    return set(connection.execute(statement).scalars())


def _geography(column: Any) -> Any:
    return func.geography(column)


def _degrees(distance_m: float) -> float:
    """Return degrees of longitude that are surely longer than a distance anywhere this CRS is good for."""
    return distance_m / 80_000.0  # m in a degree of longitude at 43 N, where it is shortest


def _widest_buffer(connection: Connection, name: str, rows: Rows) -> float:
    column = BY_NAME[name].__table__.c.get("buffer_m")
    if column is None:
        return 0.0
    given = select(func.max(column)).where(BY_NAME[name].gid.in_([row.gid for row in rows]))
    return max(float(connection.execute(given).scalar() or 0.0), *MINE_BUFFER_M.values())


def _only_state(connection: Connection, rows: Rows) -> bool:
    """Whether every changed reach was and is there, the same but for its state."""
    kept = [column for column in Canal.attributes() if column not in STATE_OF_CANALS]
    columns = [getattr(Canal, name) for name in kept]
    statement = select(*columns, func.ST_AsBinary(Canal.__table__.c.geom, type_=LargeBinary)).where(
        Canal.gid.in_([row.gid for row in rows])
    )
    versions: dict[str, list[tuple[Any, ...]]] = {}
    for row in connection.execute(statement):
        versions.setdefault(row[kept.index(Canal.key)], []).append(tuple(row))
    return all(len(found) == 2 and found[0] == found[1] for found in versions.values())


def _fed_by(connection: Connection, district: str, loads: tuple[int, int], rows: Rows) -> set[int]:
    """Plots in command areas that any reach of the same canals feeds, or near enough to take water from one."""
    _, after = loads
    changed = select(Canal.canal).where(Canal.gid.in_([row.gid for row in rows]))
    same = or_(Canal.canal.in_(changed), Canal.gid.in_([row.gid for row in rows]))
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
