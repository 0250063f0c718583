"""Hazard zones from the stored heights, where nobody has mapped: a susceptibility, not a hazard map.

Each process of each district is two ordinary loads, zones and the extent they were looked for in, each of which
``undo`` takes back. What officials or experts have mapped wins: neither zones nor extents are derived there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio.features import geometry_mask
from sqlalchemy import Connection, LargeBinary, and_, func, or_, select

from geo.contract.columns import numbers
from geo.errors import NotAssessed
from geo.geometry.crs import STORED_CRS, area_ha, to_stored, to_working
from geo.hazard import susceptibility as terrain
from geo.hazard.avalanche import avalanche
from geo.hazard.levels import SUSCEPTIBILITY
from geo.hazard.slope_failure import rockfall
from geo.hazard.torrents import EVENT_WITHIN_M, debris_flow, flood
from geo.measures.water import BARRIER_CLASS
from geo.terrain.drainage import Drainage, drainage
from geo.terrain.grid import Grid, north_up
from layers.catalogue.admin import District
from layers.catalogue.base import Layer
from layers.catalogue.hazards import HazardEvent, HazardExtent, HazardZone
from layers.catalogue.irrigation import River
from layers.errors import NotFound
from layers.frames.around import as_of, read_layer, widened, window
from layers.frames.windows import Bounds
from layers.grids.rasters import read_grid
from layers.loading import load_frame, undo
from layers.records.loads import Load, Raster

MARK = "susceptibility"  # how the loads of this module begin their file name
MAPPED = ("official", "expert")  # kinds of source that win over the terrain
AROUND_M = 6_000.0  # m; ground beyond a district from which something can run or flow into it, default to calibrate
MEETING_M = 300.0  # m that districts are looked at beyond their outlines, which never agree to the last metre
OUTLINED_M = 1_000.0  # m beyond a district that is drawn and then cut off, so that small patches at its edge stay
LEAST_M2 = 100.0  # m2; slivers that cutting leaves are dropped


@dataclass(frozen=True, slots=True)
class Derived:
    """What one process gave in one district: zones by level and hectares, the loads that brought them, None = none."""

    district: str
    process: str
    zones: Mapping[str, int]
    area_ha: Mapping[str, float]
    extent_ha: float
    zones_load: int | None = None
    extent_load: int | None = None
    unchanged: bool = False


class Ground(NamedTuple):
    """What the rules read around a district; None where nothing of the kind is loaded."""

    flow: Drainage
    rivers: gpd.GeoDataFrame | None
    events: gpd.GeoDataFrame | None
    snow_days: NDArray[np.float32] | None
    crown_cover_pct: NDArray[np.float32] | None


Rule = Callable[[Ground], terrain.Susceptibility]
RULES: Mapping[str, Rule] = {
    "flood": lambda ground: flood(ground.flow, ground.rivers),
    "debris_flow": lambda ground: debris_flow(ground.flow, ground.events),
    "avalanche": lambda ground: avalanche(
        ground.flow, snow_days=ground.snow_days, crown_cover_pct=ground.crown_cover_pct
    ),
    "rockfall": lambda ground: rockfall(ground.flow),
}
SNOW, FOREST = "snow_days", "crown_cover"  # grids that mask where avalanches release
NOT_DERIVED = "Landslides are not derived: no map of loess is among the layers."


def processes_named(names: Sequence[str] | None) -> tuple[str, ...]:
    """Return the processes asked for, all that can be derived when None.

    Raises
    ------
    NotFound : one that cannot be derived.
    """
    for name in names or ():
        if name not in RULES:
            raise NotFound(f"{name} cannot be derived from heights; what can be is {', '.join(RULES)}.")
    return tuple(RULES) if not names else tuple(dict.fromkeys(names))


def districts_named(connection: Connection, names: Sequence[str] | None) -> tuple[str, ...]:
    """Return the districts asked for; when None, those whose outline the stored heights reach.

    Raises
    ------
    NotFound : a district that has no outline, or none to derive anything for.
    """
    known = list(connection.execute(select(District.code).where(as_of(District, None))).scalars())
    for name in names or ():
        if name not in known:
            raise NotFound(f"There is no outline of a district {name}.")
    if names:
        return tuple(dict.fromkeys(names))
    heights = select(Raster.raster_id).where(
        Raster.layer == "dem",
        Raster.ended_by.is_(None),
        func.ST_Intersects(Raster.footprint, District.__table__.c.geom),
    )
    found = connection.execute(
        select(District.code).where(as_of(District, None), heights.exists()).order_by(District.code)
    ).scalars()
    reached = tuple(found)
    if not reached:
        raise NotFound("There is no elevation in any district; load a dem first.")
    return reached


def derive(
    connection: Connection,
    district: str,
    processes: Sequence[str],
    *,
    dry_run: bool = False,
    tell: Callable[[str], None] = lambda _: None,
) -> Iterator[Derived]:
    """Yield what each process gives in a district, loaded in the caller's transaction unless ``dry_run``.

    Earlier results of this district and process are taken back first; where nothing has changed nothing is loaded.

    Raises
    ------
    NotFound : no outline or no heights. NotAssessed : heights coarser than the rules are for.
    """
    tell("heights")
    outline = shapely.buffer(_outline(connection, district), MEETING_M)
    bounds = widened(_bounds(outline), AROUND_M)
    dem = read_grid(connection, "dem", bounds, cell_m=terrain.CELL_M)
    if dem is not None:
        dem = _near(dem, outline)
    if dem is None or np.isnan(dem.values).all():
        raise NotFound(f"There is no elevation in district {district}; load a dem first.")
    if dem.native_m > terrain.COARSEST_M:
        raise NotAssessed(
            f"The heights in district {district} have cells of {dem.native_m:.0f} m; hazards are derived from "
            f"{terrain.COARSEST_M:g} m or finer. Coarser ones flatten the slopes that avalanches and mudflows start on."
        )
    rivers, events = _large_rivers(connection, bounds), _debris_flow_events(connection, bounds)
    masks = {name: read_grid(connection, name, bounds, cell_m=terrain.CELL_M) for name in (SNOW, FOREST)}
    snow_days, crown_cover_pct = (None if mask is None else _on_cells_of(dem, mask) for mask in masks.values())
    provenance = _provenance(
        connection,
        bounds,
        ["dem", *(name for name, mask in masks.items() if mask is not None)],
        [layer for layer, rows in ((River, rivers), (HazardEvent, events)) if rows is not None],
    )
    tell("drainage")
    ground = Ground(drainage(dem), rivers, events, snow_days, crown_cover_pct)
    window_m = widened(_bounds(outline), OUTLINED_M)
    looked = terrain.seen_ground(dem.cropped(window_m))
    for process, found in _found_ahead(processes, ground, tell):
        tell(f"{process}: outlines")
        mapped = _mapped(connection, process, outline)
        frames = {
            "hazard_zones": _within(
                terrain.zones(found.cropped(window_m)), outline, mapped, f"{MARK}-{district}-{process}"
            ),
            "hazard_extents": _within(terrain.extent(process, looked), outline, mapped, f"{MARK}-{district}-{process}"),
        }
        yield _loaded(connection, district, process, frames, provenance, dry_run=dry_run)


def _found_ahead(
    processes: Sequence[str], ground: Ground, tell: Callable[[str], None]
) -> Iterator[tuple[str, terrain.Susceptibility]]:
    """Yield each process with its levels; those of the next are found while the caller draws and stores these."""
    with ThreadPoolExecutor(1) as pool:
        coming = [pool.submit(RULES[process], ground) for process in processes[:1]]
        for process, following in zip_longest(processes, processes[1:]):
            tell(process)
            found = coming.pop().result()
            if following is not None:
                coming.append(pool.submit(RULES[following], ground))
            yield process, found


def take_back(connection: Connection, district: str, process: str) -> list[int]:
    """Take back what was derived earlier in a district; return the loads taken back, the newest first."""
    earlier = sorted(_earlier(connection, district, process), reverse=True)
    for load_id in earlier:
        undo(connection, load_id)
    return earlier


def _loaded(
    connection: Connection,
    district: str,
    process: str,
    frames: Mapping[str, gpd.GeoDataFrame],
    provenance: Mapping[str, object],
    *,
    dry_run: bool,
) -> Derived:
    """Load zones and extent, in the place of earlier ones, and say what they are."""
    digest = hashlib.sha256()
    for frame in frames.values():
        digest.update(frame.drop(columns="geometry").to_csv(index=False).encode())
        digest.update(b"".join(shapely.to_wkb(frame.geometry.to_numpy())))
    known_as = f"{_mark(district, process)}{digest.hexdigest()[:12]}"
    earlier = _earlier(connection, district, process)
    unchanged = bool(earlier) and set(earlier.values()) == {known_as}
    loads: dict[str, int | None] = dict.fromkeys(frames)
    if not dry_run and not unchanged:
        take_back(connection, district, process)
        for layer, frame in frames.items():
            report = load_frame(connection, layer, frame, file_name=known_as, **provenance)  # type: ignore[arg-type]
            loads[layer] = report.load_id
    zones, extent = frames["hazard_zones"], frames["hazard_extents"]
    hectares = zones.assign(area=area_ha(zones.geometry.to_numpy())).groupby("level")["area"]
    return Derived(
        district=district,
        process=process,
        zones={str(level): int(count) for level, count in zones["level"].value_counts().sort_index().items()},
        area_ha={str(level): round(float(total), 1) for level, total in hectares.sum().items()},
        extent_ha=round(float(area_ha(extent.geometry.to_numpy()).sum()), 1),
        zones_load=loads["hazard_zones"],
        extent_load=loads["hazard_extents"],
        unchanged=unchanged,
    )


def _within(
    frame: gpd.GeoDataFrame, outline: shapely.Geometry, mapped: shapely.Geometry, code: str
) -> gpd.GeoDataFrame:
    """The part of a frame inside an outline and off what is mapped, EPSG:4326, rows numbered under ``code``."""
    shapes = frame.geometry.to_numpy().copy()
    shapely.prepare(outline)
    cut = ~shapely.contains_properly(outline, shapes) | shapely.intersects(mapped, shapes)
    shapes[cut] = _areas(shapely.difference(shapely.intersection(shapes[cut], outline), mapped))
    kept = frame.set_geometry(shapes)[~shapely.is_empty(shapes)]
    kept = kept.assign(code=[f"{code}-{number:05d}" for number in range(1, len(kept) + 1)])
    return kept.set_geometry(to_stored(kept.geometry.to_numpy()), crs=STORED_CRS, inplace=False).reset_index(drop=True)


def _areas(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    """The polygons of each geometry, without the lines and points that cutting leaves."""
    parts, whose = shapely.get_parts(shapes, return_index=True)
    area = shapely.area(parts) >= LEAST_M2
    areas = np.full(len(shapes), shapely.MultiPolygon(), dtype=object)
    for number in np.unique(whose[area]).tolist():
        areas[number] = shapely.multipolygons(parts[area & (whose == number)])
    return areas


def _outline(connection: Connection, district: str) -> shapely.Geometry:
    stored = connection.execute(
        select(func.ST_AsBinary(District.__table__.c.geom, type_=LargeBinary)).where(
            District.code == district, as_of(District, None)
        )
    ).scalar()
    if stored is None:
        raise NotFound(f"There is no outline of a district {district}.")
    outline: shapely.Geometry = to_working(shapely.from_wkb([bytes(stored)]))[0]
    return outline


def _bounds(outline: shapely.Geometry) -> Bounds:
    x_min, y_min, x_max, y_max = (float(edge) for edge in shapely.bounds(outline))
    return x_min, y_min, x_max, y_max


def _large_rivers(connection: Connection, bounds: Bounds) -> gpd.GeoDataFrame | None:
    """Rivers nobody wades around a window, None where none is stored."""
    here = and_(as_of(River, None), River.__table__.c.geom.op("&&")(window(bounds)))
    rivers = read_layer(connection, River, here, ("code", "stream_class"))
    large = rivers[~(numbers(rivers, "stream_class") > BARRIER_CLASS)]
    return large if len(large) else None


def _debris_flow_events(connection: Connection, bounds: Bounds) -> gpd.GeoDataFrame | None:
    """Recorded debris flows around a window, None where none is; those known to lie farther off than counts are out."""
    here = and_(
        as_of(HazardEvent, None),
        HazardEvent.process == "debris_flow",
        or_(HazardEvent.accuracy_m.is_(None), HazardEvent.accuracy_m <= EVENT_WITHIN_M),
        HazardEvent.__table__.c.geom.op("&&")(window(bounds)),
    )
    events = read_layer(connection, HazardEvent, here, ("code", "happened_on"))
    return events if len(events) else None


def _near(dem: Grid, outline: shapely.Geometry) -> Grid:
    """The heights from which something can reach an outline; others unknown, so that nothing is computed for them."""
    reach = shapely.buffer(shapely.simplify(outline, MEETING_M), AROUND_M)
    corner = north_up(dem.x_min, dem.y_max, dem.cell_m, dem.cell_m)
    away = geometry_mask([reach], out_shape=dem.shape, transform=corner, all_touched=True)
    return replace(dem, values=np.where(away, np.float32(np.nan), dem.values))


def _on_cells_of(dem: Grid, mask: Grid) -> NDArray[np.float32]:
    """The values of a grid at the middles of the cells of another, whose lattice may lie otherwise; NaN beyond it."""
    rows, cols = mask.shape
    y = dem.y_max - (np.arange(dem.shape[0]) + 0.5) * dem.cell_m
    x = dem.x_min + (np.arange(dem.shape[1]) + 0.5) * dem.cell_m
    row = np.floor((mask.y_max - y) / mask.cell_m).astype(np.int64)
    col = np.floor((x - mask.x_min) / mask.cell_m).astype(np.int64)
    beyond = ((row < 0) | (row >= rows))[:, np.newaxis] | ((col < 0) | (col >= cols))
    found = mask.values[np.ix_(row.clip(0, rows - 1), col.clip(0, cols - 1))]
    return np.where(beyond, np.float32(np.nan), found)


def _mapped(connection: Connection, process: str, outline: shapely.Geometry) -> shapely.Geometry:
    """Ground on which officials or experts have mapped a process, zones and extents alike, EPSG:32642."""
    found = []
    for layer in (HazardExtent, HazardZone):
        where = and_(as_of(layer, None), layer.process == process, layer.source_class.in_(MAPPED))
        near = layer.__table__.c.geom.op("&&")(window(_bounds(outline)))
        found.append(read_layer(connection, layer, and_(where, near), ("code",)).geometry.to_numpy())
    return shapely.union_all(np.concatenate(found))


def _provenance(
    connection: Connection, bounds: Bounds, grids: Sequence[str], rows_of: Sequence[type[Layer]]
) -> dict[str, object]:
    """Where the heights, and the grids and rows used with them, come from; made up if any of them is."""
    reached = Raster.footprint.op("&&")(window(bounds))
    loads = [select(Raster.load_id).where(Raster.layer.in_(grids), Raster.ended_by.is_(None), reached)]
    for layer in rows_of:
        near = layer.__table__.c.geom.op("&&")(window(bounds))
        loads.append(select(layer.load_id).where(as_of(layer, None), near))
    rows = connection.execute(
        select(Load.source, Load.licence, Load.synthetic)
        .where(or_(*(Load.load_id.in_(ids) for ids in loads)))
        .order_by(Load.load_id)
    ).all()
    sources = list(dict.fromkeys(row.source for row in rows if row.source))
    licences = list(dict.fromkeys(row.licence for row in rows if row.licence))
    return {
        "source": f"Derived from terrain, {SUSCEPTIBILITY}" + (f"; from: {'; '.join(sources)}" if sources else ""),
        "licence": "; ".join(licences) or None,
        "synthetic": any(row.synthetic for row in rows),
    }


def _mark(district: str, process: str) -> str:
    return f"{MARK} {process} {district} "


def _earlier(connection: Connection, district: str, process: str) -> dict[int, str]:
    """Loads of this district and process that still have rows, and what they are known by."""
    found: dict[int, str] = {}
    for layer in (HazardZone, HazardExtent):
        current = select(layer.load_id).where(layer.ended_by.is_(None))
        rows = connection.execute(
            select(Load.load_id, Load.file_name).where(
                Load.load_id.in_(current), Load.file_name.startswith(_mark(district, process), autoescape=True)
            )
        )
        found |= {row.load_id: row.file_name for row in rows}
    return found
