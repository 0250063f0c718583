"""Hazard zones from the stored heights, where nobody has mapped: a susceptibility, not a hazard map.

Each process of each district is two ordinary loads, zones and the extent they were looked for in, each of which
``undo`` takes back. What officials or experts have mapped wins: neither zones nor extents are derived there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import Connection, LargeBinary, and_, func, or_, select

from geo.contract.columns import numbers
from geo.errors import NotAssessed
from geo.geometry.crs import STORED_CRS, area_ha, to_stored, to_working
from geo.hazard import susceptibility as terrain
from geo.hazard.levels import SUSCEPTIBILITY
from geo.measures.water import BARRIER_CLASS
from geo.terrain.drainage import Drainage, drainage
from layers.catalogue.admin import District
from layers.catalogue.hazards import HazardExtent, HazardZone
from layers.catalogue.irrigation import River
from layers.errors import NotFound
from layers.frames.around import Bounds, as_of, read_layer, widened, window
from layers.grids.rasters import read_grid
from layers.loading import load_frame, undo
from layers.records.loads import Load, Raster

MARK = "susceptibility"  # how the loads of this module begin their file name
MAPPED = ("official", "expert")  # kinds of source that win over the terrain
AROUND_M = 6_000.0  # m; ground beyond a district from which something can run or flow into it, default to calibrate
MEETING_M = 300.0  # m that districts are looked at beyond their outlines, which never agree to the last metre
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


Rule = Callable[[Drainage, gpd.GeoDataFrame | None], terrain.Susceptibility]
RULES: Mapping[str, Rule] = {
    "flood": terrain.flood,
    "debris_flow": lambda flow, _: terrain.debris_flow(flow),
    "avalanche": lambda flow, _: terrain.avalanche(flow),
    "rockfall": lambda flow, _: terrain.rockfall(flow.dem),
}
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
    outline = shapely.buffer(_outline(connection, district), MEETING_M)
    bounds = widened(_bounds(outline), AROUND_M)
    dem = read_grid(connection, "dem", bounds, cell_m=terrain.CELL_M)
    if dem is None or np.isnan(dem.values).all():
        raise NotFound(f"There is no elevation in district {district}; load a dem first.")
    if dem.native_m > terrain.COARSEST_M:
        raise NotAssessed(
            f"The heights in district {district} have cells of {dem.native_m:.0f} m; hazards are derived from "
            f"{terrain.COARSEST_M:g} m or finer. Coarser ones flatten the slopes that avalanches and mudflows start on."
        )
    rivers = _large_rivers(connection, bounds)
    provenance = _provenance(connection, bounds, rivers is not None)
    tell("drainage")
    flow = drainage(dem)
    for process in processes:
        tell(process)
        found = RULES[process](flow, rivers)
        mapped = _mapped(connection, process, outline)
        frames = {
            "hazard_zones": _within(terrain.zones(found), outline, mapped, f"{MARK}-{district}-{process}"),
            "hazard_extents": _within(terrain.extent(found), outline, mapped, f"{MARK}-{district}-{process}"),
        }
        yield _loaded(connection, district, process, frames, provenance, dry_run=dry_run)


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


def _mapped(connection: Connection, process: str, outline: shapely.Geometry) -> shapely.Geometry:
    """Ground on which officials or experts have mapped a process, zones and extents alike, EPSG:32642."""
    found = []
    for layer in (HazardExtent, HazardZone):
        where = and_(as_of(layer, None), layer.process == process, layer.source_class.in_(MAPPED))
        near = layer.__table__.c.geom.op("&&")(window(_bounds(outline)))
        found.append(read_layer(connection, layer, and_(where, near), ("code",)).geometry.to_numpy())
    return shapely.union_all(np.concatenate(found))


def _provenance(connection: Connection, bounds: Bounds, with_rivers: bool) -> dict[str, object]:
    """Where the heights, and the rivers used with them, come from; made up if any of them is."""
    reached = Raster.footprint.op("&&")(window(bounds))
    used = select(Raster.load_id).where(Raster.layer == "dem", Raster.ended_by.is_(None), reached)
    loads = [used]
    if with_rivers:
        near = River.__table__.c.geom.op("&&")(window(bounds))
        loads.append(select(River.load_id).where(as_of(River, None), near))
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
