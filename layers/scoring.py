"""Scoring runs: frames in, one partition of results out, published at once or not at all.

A run writes into a table of its own that nothing reads. The last step attaches it as a partition, writes the
figures by district and jamoat, and publishes, in one transaction; a run that is killed before leaves a table
that the next run sweeps away.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import cast

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import Transformer
from sqlalchemy import Connection, Engine, Table, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

import geo
from geo import exclusion
from geo.criteria import LAND_CRITERIA
from geo.criterion import Judgement
from geo.crs import WORKING_CRS
from geo.scheme import Scheme
from geo.suitability import assess
from layers.catalogue.admin import District
from layers.catalogue.land import Plot
from layers.errors import NotFound
from layers.frames import Around, as_of, district_bounds, read_plots
from layers.result_rows import copy_frame
from layers.results import Load, Publication, RunHectares, ScoringRun, suitability, suitability_cells
from layers.versions import layer_versions

CELL_BITS = 4  # 16 cells along a tile's side
CELL_ZOOM = 12  # finest zoom that is served by cells; plots themselves begin one zoom deeper
RUN_LOCK = 0x0B0D  # advisory lock class; a run holds (RUN_LOCK, run_id) while it works

_TO_TILES = Transformer.from_crs(WORKING_CRS, "EPSG:3857", always_xy=True)
_TILE_SPAN_M = 2 * 20_037_508.342789244  # side of the Web Mercator square, metres (OGC 17-083r4)

Progress = Callable[[Sequence[str]], Iterable[str]]


@dataclass(frozen=True, slots=True)
class RunReport:
    """What a run did: hectares and plots by class, criteria not assessed and why, per district."""

    run_id: int
    scheme: str
    published: bool
    districts: tuple[str, ...]
    plots: int
    classes: dict[str, dict[str, float]]
    not_assessed: dict[str, dict[str, str]]
    notes: tuple[str, ...] = field(default=())


@lru_cache
def code_version() -> str:
    """Version of the package and a digest of the science it scores with, such as ``0.1.0+geo.1a2b3c4d``."""
    digest = hashlib.sha256()
    home = Path(geo.__file__).parent
    for source in sorted(home.rglob("*")):
        if source.suffix in {".py", ".toml", ".csv"}:
            digest.update(source.relative_to(home).as_posix().encode() + source.read_bytes())
    return f"{metadata.version('obod')}+geo.{digest.hexdigest()[:8]}"


def score(
    engine: Engine,
    scheme: Scheme,
    *,
    districts: Sequence[str] | None = None,
    publish: bool = True,
    day: date | None = None,
    progress: Progress = lambda names: names,
) -> RunReport:
    """Score every plot of some districts (all that hold plots when None) and return what came out.

    ``day`` is the date ages of evidence are counted to (today when None). ``publish`` False keeps a draft.

    Raises
    ------
    NotFound : a district that does not exist, or none that holds a plot.
    """
    sweep_abandoned(engine)
    with _lock(engine) as (connection, hold):
        scope, synthetic, notes = _scope(connection, districts)
        last_load = connection.execute(select(func.coalesce(func.max(Load.load_id), 0))).scalar_one()
        run_id = connection.execute(
            insert(ScoringRun)
            .values(
                scheme=scheme.name,
                scheme_text=scheme.text,
                scheme_sha256=hashlib.sha256(scheme.text.encode()).hexdigest(),
                districts=list(scope),
                status="running",
                as_of=day or date.today(),
                as_of_load=last_load,
                layer_versions=layer_versions(connection, last_load),
                criteria=[criterion.id for criterion in LAND_CRITERIA],
                synthetic=synthetic,
                code_version=code_version(),
            )
            .returning(ScoringRun.run_id)
        ).scalar_one()
        hold(run_id)
        table = partition_name(run_id)
        connection.execute(text(f"CREATE TABLE {table} (LIKE suitability INCLUDING COMMENTS)"))
        connection.commit()

        not_assessed: dict[str, dict[str, str]] = {}
        hectares: list[pd.DataFrame] = []
        cells: list[pd.DataFrame] = []
        total = 0
        for district in progress(scope):
            frame, why, cell = score_district(connection, scheme, district, day or date.today(), last_load, run_id)
            copy_frame(connection, suitability, frame, into=table)
            connection.commit()
            not_assessed[district] = why
            hectares.append(_hectares(frame))
            cells.append(_cells(frame, cell))
            total += len(frame)

        figures = pd.concat(hectares, ignore_index=True)
        _finish(connection, run_id, figures, pd.concat(cells, ignore_index=True), not_assessed, total)
        if publish:
            publish_run(connection, run_id)
        connection.commit()
    return RunReport(
        run_id=run_id,
        scheme=scheme.name,
        published=publish,
        districts=scope,
        plots=total,
        classes=_by_class(figures),
        not_assessed=not_assessed,
        notes=notes,
    )


def partition_name(run_id: int) -> str:
    """Name of the table that holds the results of one run."""
    return f"suitability_run_{int(run_id)}"


def score_district(
    connection: Connection, scheme: Scheme, district: str, day: date, last_load: int, run_id: int
) -> tuple[pd.DataFrame, dict[str, str], pd.DataFrame]:
    """Score the plots of one district as they stood after ``last_load``.

    Returns
    -------
    rows of the suitability table, criteria that could not be assessed with the reason, and the Web Mercator
    cell (x, y at zoom ``CELL_ZOOM`` + 4) of each plot.
    """
    plots = read_plots(connection, district, last_load)
    bounds = district_bounds(connection, district, last_load)
    nearby = Around(connection, district, bounds, reach_of_layers(), last_load, {})
    crop = np.full(len(plots), scheme.crop_of(district))
    assessment = assess(plots, nearby, Judgement(as_of=day, crop=crop), scheme)
    frame = assessment.to_frame()
    frame.insert(0, "run_id", np.int32(run_id))
    frame.insert(1, "plot_no", plots["plot_no"].to_numpy())
    frame.insert(2, "district", plots["district"].to_numpy())
    frame.insert(3, "jamoat", plots["jamoat"].to_numpy())
    frame.insert(4, "area_ha", plots["area_ha"].to_numpy(dtype=np.float32))
    return frame, dict(assessment.not_assessed), _tile_cells(plots)


def reach_of_layers() -> dict[str, float]:
    """How far beyond the plots each layer is read, metres: the farthest any criterion that needs it asks for."""
    reach = dict.fromkeys(exclusion.NEEDS, exclusion.REACH_M)
    for criterion in LAND_CRITERIA:
        for name in criterion.needs:
            reach[name] = max(reach.get(name, 0.0), criterion.reach_m)
    return reach


def publish_run(connection: Connection, run_id: int) -> None:
    """Serve a finished run in its districts from now on, in the caller's transaction.

    Raises
    ------
    NotFound : there is no such run, or it never finished.
    """
    run = connection.execute(
        select(ScoringRun.scheme, ScoringRun.scenario, ScoringRun.districts, ScoringRun.status).where(
            ScoringRun.run_id == run_id
        )
    ).one_or_none()
    if run is None or run.status != "complete":
        raise NotFound(f"There is no finished run {run_id}.")
    connection.execute(
        update(Publication)
        .where(Publication.district.in_(run.districts), Publication.scenario == run.scenario, Publication.shown)
        .values(shown=False)
    )
    statement = upsert(Publication)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["district", "scheme", "scenario"],
            set_={"run_id": statement.excluded.run_id, "shown": True, "published_at": func.now()},
        ),
        [
            {"district": name, "scheme": run.scheme, "scenario": run.scenario, "run_id": run_id, "shown": True}
            for name in run.districts
        ],
    )


def sweep_abandoned(engine: Engine) -> list[int]:
    """Drop what runs that were killed left behind; returns their ids. A run still at work is left alone."""
    swept: list[int] = []
    with engine.begin() as connection:
        for run_id in connection.execute(select(ScoringRun.run_id).where(ScoringRun.status == "running")).scalars():
            free = select(func.pg_try_advisory_xact_lock(RUN_LOCK, run_id))
            if connection.execute(free).scalar_one():
                connection.execute(text(f"DROP TABLE IF EXISTS {partition_name(run_id)}"))
                connection.execute(update(ScoringRun).where(ScoringRun.run_id == run_id).values(status="failed"))
                swept.append(run_id)
    return swept


@contextmanager
def _lock(engine: Engine) -> Iterator[tuple[Connection, Callable[[int], None]]]:
    """Yield a connection and a function that marks a run as being at work for as long as the connection lives."""
    with engine.connect() as connection:
        held: list[int] = []

        def hold(run_id: int) -> None:
            connection.execute(select(func.pg_advisory_lock(RUN_LOCK, run_id)))
            held.append(run_id)

        try:
            yield connection, hold
        finally:
            connection.rollback()
            for run_id in held:
                connection.execute(select(func.pg_advisory_unlock(RUN_LOCK, run_id)))
            connection.commit()


def _scope(connection: Connection, districts: Sequence[str] | None) -> tuple[tuple[str, ...], bool, tuple[str, ...]]:
    """Districts to score in order of code, whether any plot of theirs is synthetic, and what was left out."""
    counted = connection.execute(
        select(Plot.district, func.count()).where(as_of(Plot, None)).group_by(Plot.district)
    ).all()
    with_plots = {str(row[0]): int(row[1]) for row in counted if row[0] is not None}
    astray = sum(int(row[1]) for row in counted if row[0] is None)
    wanted = sorted(with_plots) if districts is None else list(dict.fromkeys(districts))
    known = set(connection.execute(select(District.code).where(as_of(District, None))).scalars()) | set(with_plots)
    for name in wanted:
        if name not in known:
            raise NotFound(f"There is no district {name}; `obod layer list` and GET /districts name those there are.")
        if name not in with_plots:
            raise NotFound(f"District {name} holds no plot to score.")
    if not wanted:
        raise NotFound("There is no plot to score: load plots and districts first.")
    synthetic = connection.execute(
        select(func.coalesce(func.bool_or(Load.synthetic), False)).where(
            Load.load_id.in_(select(Plot.load_id).where(as_of(Plot, None)).distinct())
        )
    ).scalar_one()
    notes = (f"{astray} plots lie in no district and are not scored.",) if astray else ()
    return tuple(wanted), bool(synthetic), notes


def _finish(
    connection: Connection,
    run_id: int,
    figures: pd.DataFrame,
    cells: pd.DataFrame,
    not_assessed: dict[str, dict[str, str]],
    plots: int,
) -> None:
    """Make the run's table a partition and keep its figures; visible only once the caller commits."""
    table, number = partition_name(run_id), int(run_id)
    connection.execute(text(f"ALTER TABLE {table} ADD PRIMARY KEY (run_id, plot_no)"))
    connection.execute(text(f"ALTER TABLE {table} ADD CHECK (run_id = {number})"))  # spares the scan on attaching
    connection.execute(text(f"ALTER TABLE suitability ATTACH PARTITION {table} FOR VALUES IN ({number})"))
    connection.execute(text(f"ANALYZE {table}"))
    figures = figures.assign(run_id=np.int32(run_id))
    copy_frame(connection, cast(Table, RunHectares.__table__), figures)
    cells = cells.assign(run_id=np.int32(run_id))
    columns = [column.name for column in suitability_cells.columns]
    copy_frame(connection, suitability_cells, cells[columns])
    connection.execute(
        update(ScoringRun)
        .where(ScoringRun.run_id == run_id)
        .values(status="complete", finished_at=func.clock_timestamp(), plots=plots, not_assessed=not_assessed)
    )


def _hectares(frame: pd.DataFrame) -> pd.DataFrame:
    """Plots and hectares by district, jamoat and class; no jamoat recorded = empty text."""
    named = frame.assign(jamoat=frame["jamoat"].fillna(""), area_ha=frame["area_ha"].astype(np.float64))
    grouped = named.groupby(["district", "jamoat", "class"], sort=True)["area_ha"]
    return grouped.agg(plots="size", area_ha="sum").reset_index()


def _by_class(figures: pd.DataFrame) -> dict[str, dict[str, float]]:
    summed = figures.groupby("class")[["plots", "area_ha"]].sum()
    return {
        str(name): {"plots": int(row["plots"]), "area_ha": round(float(row["area_ha"]), 2)}
        for name, row in summed.iterrows()
    }


def _tile_cells(plots: gpd.GeoDataFrame) -> pd.DataFrame:
    """Web Mercator cell of each plot's centroid at zoom ``CELL_ZOOM`` + ``CELL_BITS``, counted east and south."""
    centre = shapely.get_coordinates(shapely.centroid(plots.geometry.to_numpy()))
    east, north = _TO_TILES.transform(centre[:, 0], centre[:, 1])
    side = 2 ** (CELL_ZOOM + CELL_BITS)
    x = np.floor((east / _TILE_SPAN_M + 0.5) * side).astype(np.int32)
    y = np.floor((0.5 - north / _TILE_SPAN_M) * side).astype(np.int32)
    return pd.DataFrame({"x": x, "y": y})


def _cells(frame: pd.DataFrame, cell: pd.DataFrame) -> pd.DataFrame:
    """Hectares by class on the cells of every zoom 0..``CELL_ZOOM``; coarser zooms are sums of finer ones."""
    keys = ["x", "y", "district", "class"]
    level = pd.DataFrame(
        {
            "x": cell["x"].to_numpy(),
            "y": cell["y"].to_numpy(),
            "district": frame["district"].to_numpy(),
            "class": frame["class"].to_numpy(),
            "plots": np.int32(1),
            "area_ha": frame["area_ha"].to_numpy(dtype=np.float64),
        }
    )
    levels: list[pd.DataFrame] = []
    for zoom in range(CELL_ZOOM, -1, -1):
        level = level.groupby(keys, sort=True, as_index=False)[["plots", "area_ha"]].sum()
        levels.append(level.assign(zoom=np.int16(zoom)))
        level = level.assign(x=level["x"] // 2, y=level["y"] // 2)
    return pd.concat(levels, ignore_index=True)
