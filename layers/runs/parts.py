"""A run cut into parts of a district: each scored by itself, kept whole or not at all, in any order, on any machine.

A part reads its input from the database, writes its rows into the run's table and its figures into a table of parts,
in one transaction. A worker that dies leaves nothing; a part that is scored twice is kept once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import geopandas as gpd
import numpy as np
import orjson
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from sqlalchemy import Connection, Engine, text

from geo.contract.criterion import Block
from geo.criteria import LAND_CRITERIA
from geo.geometry.crs import WORKING_CRS
from geo.measures import exclusion
from geo.panel.judging import judgement_by
from geo.panel.scheme import Scheme
from geo.suitability.assess import assess_findings
from layers.cache.array_cache import ArrayCache
from layers.frames.around import Around, district_bounds, read_plots
from layers.postgres.copy_rows import copy_frame
from layers.records.outcomes import UNJUDGED
from layers.records.runs import CELL_BITS, CELL_ZOOM, PER_HECTARE, UNSETTLED_CODES, suitability
from layers.runs.findings_cache import findings, scoring_cache

PLOTS_PER_PART = 300_000  # plots scored together; the ground of a district is measured once for each of its parts
CELL_KEYS = ["zoom", "x", "y", "district", "class"]
HECTARE_KEYS = ["district", "jamoat", "class"]
CURVE_CELL_M = 100.0  # m; plots nearer than this need no order among themselves
CURVE_BITS = 20  # 2**20 cells of 100 m: more than the working CRS spans

_TO_TILES = Transformer.from_crs(WORKING_CRS, "EPSG:3857", always_xy=True)
_TILE_SPAN_M = 2 * 20_037_508.342789244  # side of the Web Mercator square, metres (OGC 17-083r4)


@dataclass(frozen=True, slots=True)
class Part:
    """Some plots of one district to be scored: all a worker has to know.

    number : place among the parts of the run. piece, pieces : which of how many pieces of the district, cut in order
    of place. scheme : how to judge. day : ages of evidence are counted to it. last_load : rows are read as they stood
    after that load. only : numbers of the plots to score, where not all are.
    """

    run_id: int
    number: int
    district: str
    piece: int
    pieces: int
    scheme: Scheme
    day: date
    last_load: int
    only: frozenset[int] | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """What is kept of a part beside its rows: plots and areas by jamoat, by map cell; what was not assessed."""

    plots: int
    hectares: pd.DataFrame
    cells: pd.DataFrame
    not_assessed: dict[str, str]


def partition_name(run_id: int) -> str:
    """Name of the table that holds the results of one run."""
    return f"suitability_run_{int(run_id)}"


def parts_name(run_id: int) -> str:
    """Name of the table that lists the parts of a run that are done, while it is at work."""
    return f"suitability_run_{int(run_id)}_parts"


def create_tables(connection: Connection, run_id: int) -> None:
    """Make the tables a run is written into; nothing reads them."""
    connection.execute(
        text(f"CREATE TABLE {partition_name(run_id)} (LIKE suitability INCLUDING COMMENTS INCLUDING DEFAULTS)")
    )
    connection.execute(text(f"CREATE TABLE {parts_name(run_id)} (number integer PRIMARY KEY, figures bytea NOT NULL)"))


def drop_tables(connection: Connection, run_id: int, *, results: bool) -> None:
    """Drop the list of parts, and the results too when asked."""
    connection.execute(text(f"DROP TABLE IF EXISTS {parts_name(run_id)}"))
    if results:
        connection.execute(text(f"DROP TABLE IF EXISTS {partition_name(run_id)}"))


def score_part(engine: Engine, part: Part) -> int:
    """Score a part and keep it, unless that was done already; return its plots."""
    table = parts_name(part.run_id)
    with engine.connect() as connection:
        kept = connection.execute(text(f"SELECT figures FROM {table} WHERE number = :number"), {"number": part.number})  # noqa: S608
        if (figures := kept.scalar()) is not None:
            return _unpacked(bytes(figures)).plots
        frame, found = score_plots(connection, part, scoring_cache())
        connection.rollback()
        with connection.begin():
            # A worker that was given up may still be at it: the first to enter the part keeps it, the other one waits.
            entered = connection.execute(
                text(f"INSERT INTO {table} VALUES (:number, :figures) ON CONFLICT DO NOTHING RETURNING number"),  # noqa: S608
                {"number": part.number, "figures": _packed(found)},
            ).scalar()
            if entered is not None:
                rows = frame.assign(base_run=np.int32(part.run_id))
                copy_frame(connection, suitability, rows, into=partition_name(part.run_id))
    return found.plots


def kept_figures(connection: Connection, run_id: int) -> dict[int, Figures]:
    """Return the figures of the parts that are done, by their number."""
    rows = connection.execute(text(f"SELECT number, figures FROM {parts_name(run_id)} ORDER BY number"))  # noqa: S608
    return {int(row.number): _unpacked(bytes(row.figures)) for row in rows}


def score_plots(connection: Connection, part: Part, cache: ArrayCache | None = None) -> tuple[pd.DataFrame, Figures]:
    """Score the plots of a part as they stood after its last load; return what was found of them and figures.

    Every piece of a district is measured in the same surroundings, those of the whole district. ``cache`` : what
    earlier runs handed on; None = everything is computed from the layers.
    """
    plots = piece_of(read_plots(connection, part.district, part.last_load, only=part.only), part.piece, part.pieces)
    bounds = district_bounds(connection, part.district, part.last_load)
    reach = reach_of_layers()
    nearby = Around(connection, part.district, bounds, reach, part.last_load, cache=cache, only=part.only)
    block = block_of(part, plots, nearby)
    assessment = assess_findings(findings(block, nearby), part.scheme)
    frame = assessment.to_frame()
    frame.insert(0, "plot_no", plots["plot_no"].to_numpy())
    frame.insert(1, "district", plots["district"].to_numpy())
    frame.insert(2, "jamoat", plots["jamoat"].to_numpy())
    frame.insert(3, "area_ha", plots["area_ha"].to_numpy(dtype=np.float32))
    hectares, cells = figures_of(plots, frame["class"].to_numpy(), frame["outlook"].to_numpy())
    return frame, Figures(len(frame), hectares, cells, dict(assessment.not_assessed))


def block_of(part: Part, plots: gpd.GeoDataFrame, nearby: Around) -> Block:
    """Return plots of a part, to be measured in surroundings."""
    district = np.full(len(plots), part.district, dtype=object)
    return Block(plots, nearby, judgement_by(part.scheme, part.day, district))


def piece_of(plots: gpd.GeoDataFrame, piece: int, pieces: int) -> gpd.GeoDataFrame:
    """Return one of equal pieces of a district's plots, neighbours together, in the order they came in."""
    if pieces == 1:
        return plots
    x, y = shapely.get_coordinates(shapely.centroid(plots.geometry.to_numpy())).T
    place = np.argsort(_along_curve(x, y), kind="stable")
    chosen = np.sort(place[len(place) * piece // pieces : len(place) * (piece + 1) // pieces])
    return plots.iloc[chosen].reset_index(drop=True)


def reach_of_layers() -> dict[str, float]:
    """How far beyond the plots each layer is read, metres: the farthest any criterion that needs it asks for."""
    reach = {need.layer: exclusion.REACH_M for need in exclusion.NEEDS}
    for criterion in LAND_CRITERIA:
        for name in criterion.layers:
            reach[name] = max(reach.get(name, 0.0), criterion.reach_m)
    return reach


def figures_of(
    plots: gpd.GeoDataFrame, classes: NDArray[np.object_], outlooks: NDArray[np.object_]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Plots and areas by district, jamoat and class (no jamoat recorded = empty text), and by map cell and class.

    On the map land that is not settled stands apart, see ``cell_classes``. Areas are whole numbers of
    1 / ``PER_HECTARE`` ha, so that their sums do not depend on the order of the plots.
    """
    named = pd.DataFrame(
        {
            "district": plots["district"].to_numpy(),
            "jamoat": plots["jamoat"].fillna("").to_numpy(),
            "class": classes,
            "plots": np.int64(1),
            "area": np.rint(plots["area_ha"].to_numpy(dtype=np.float64) * PER_HECTARE).astype(np.int64),
        }
    )
    on_map = named.assign(**{"class": cell_classes(classes, outlooks)})
    return summed([named], HECTARE_KEYS), cell_sums(on_map.join(tile_cells(plots)))


def cell_classes(classes: NDArray[np.object_], outlooks: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return what plots are counted as on the cells of the map: their class, or ``UNSETTLED_CODES`` of their outlook.

    Plots that are not evaluated have an outlook too and stay what they are.
    """
    shown = classes.astype(object)
    for outlook, code in UNSETTLED_CODES.items():
        shown[(outlooks == outlook) & (classes != UNJUDGED)] = code
    return shown


def tile_cells(plots: gpd.GeoDataFrame) -> pd.DataFrame:
    """Web Mercator cell of each plot's centroid at zoom ``CELL_ZOOM`` + ``CELL_BITS``, counted east and south."""
    centre = shapely.get_coordinates(shapely.centroid(plots.geometry.to_numpy()))
    east, north = _TO_TILES.transform(centre[:, 0], centre[:, 1])
    side = 2 ** (CELL_ZOOM + CELL_BITS)
    x = np.floor((east / _TILE_SPAN_M + 0.5) * side).astype(np.int32)
    y = np.floor((0.5 - north / _TILE_SPAN_M) * side).astype(np.int32)
    return pd.DataFrame({"x": x, "y": y})


def cell_sums(level: pd.DataFrame) -> pd.DataFrame:
    """Return plots and areas by cell, district and class, on the cells of every zoom 0..``CELL_ZOOM``, each once.

    level : district, class, plots, area (``PER_HECTARE``) and the cell of each plot, see ``tile_cells``.
    """
    groups = level.groupby(["district", "class"], sort=False)
    kind = groups.ngroup().to_numpy()
    kinds = level.loc[~level[["district", "class"]].duplicated(), ["district", "class"]].reset_index(drop=True)
    x, y, plots, area = (level[name].to_numpy(dtype=np.int64) for name in ("x", "y", "plots", "area"))
    levels: list[pd.DataFrame] = []
    for zoom in range(CELL_ZOOM, -1, -1):
        cell = (x * 2 ** (zoom + CELL_BITS) + y) * len(kinds) + kind
        order = np.argsort(cell, kind="stable")
        first = np.flatnonzero(np.diff(cell[order], prepend=-1))
        one = order[first]
        x, y, kind = x[one], y[one], kind[one]
        plots, area = np.add.reduceat(plots[order], first), np.add.reduceat(area[order], first)
        names = {name: kinds[name].to_numpy()[kind] for name in kinds}
        levels.append(pd.DataFrame({"zoom": np.int16(zoom), "x": x, "y": y, **names, "plots": plots, "area": area}))
        x, y = x // 2, y // 2
    return pd.concat(levels, ignore_index=True)


def summed(parts: list[pd.DataFrame], keys: list[str]) -> pd.DataFrame:
    """Return the plots and areas of some tables of figures together, in order of their keys."""
    return pd.concat(parts, ignore_index=True).groupby(keys, sort=True, as_index=False)[["plots", "area"]].sum()


def _along_curve(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the place of points along a Z-order curve of cells of ``CURVE_CELL_M``, int64 (n,)."""
    place = np.zeros(len(x), dtype=np.int64)
    for axis, values in enumerate((x, y)):
        cell = np.floor(values / CURVE_CELL_M).astype(np.int64)
        for bit in range(CURVE_BITS):
            place |= ((cell >> bit) & 1) << (2 * bit + axis)
    return place


def _packed(figures: Figures) -> bytes:
    frames = {
        name: {column: frame[column].to_list() for column in frame}
        for name, frame in (("hectares", figures.hectares), ("cells", figures.cells))
    }
    return orjson.dumps({"plots": figures.plots, "not_assessed": figures.not_assessed, **frames})


def _unpacked(packed: bytes) -> Figures:
    found: dict[str, Any] = orjson.loads(packed)
    return Figures(found["plots"], pd.DataFrame(found["hectares"]), pd.DataFrame(found["cells"]), found["not_assessed"])
