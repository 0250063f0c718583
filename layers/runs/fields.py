"""Candidate fields where there is no cadastre: judged like plots, kept apart from them, never offered.

A field is land somebody may be using until the jamoat says who, with the women's committee present: it has no right, no
land form and no availability. Where mines are known of, the one question is that of the mine action centre.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from sqlalchemy import Connection

from geo.contract.classes import MINES
from geo.criteria import LAND_CRITERIA
from geo.geometry.crs import STORED_CRS, WORKING_CRS, area_ha, to_stored
from geo.panel.judging import judgement_by
from geo.panel.scheme import Scheme
from geo.suitability.assess import assess
from layers.catalogue.admin import District, Jamoat
from layers.catalogue.land import Field, Plot
from layers.errors import DataRefused, NotFound
from layers.frames.around import PLOT_COLUMNS, Around, as_of, district_bounds, read_layer, window
from layers.grids.rasters import read_grid
from layers.loading.in_memory import frame_of_file
from layers.loading.load import load_frame
from layers.loading.opened_file import Options
from layers.loading.replacement import EndingLimits
from layers.records.load_report import LoadReport
from layers.runs.parts import reach_of_layers

CROPPED = 50.0  # % of a cell that has to be cropland, default to calibrate
COVERED = 0.5  # share of a field under plots from which it is no news, default to calibrate
MOST_FIELDS = 500_000  # of one district; a finer grid is a slip of the keyboard
NOBODY_ASKED = ""  # jamoat of fields that lie in none on record


class Question(NamedTuple):
    """What to ask of the fields of a jamoat, for how much."""

    jamoat: str
    ask: str
    fields: int
    hectares: float
    usd: float

    @property
    def usd_per_ha(self) -> float:
        """Price of an answer per hectare."""
        return self.usd / self.hectares


@dataclass(frozen=True, slots=True)
class Proposal:
    """What was proposed for a district. covered : candidates that were left out, for plots are there already."""

    report: LoadReport
    fields: int
    hectares: float
    covered: int
    questions: tuple[Question, ...]


def fields_of_files(paths: Sequence[Path], options: Options | None = None) -> gpd.GeoDataFrame:
    """Return outlines of files as candidates: ``code`` and geometry, EPSG:32642; no other column of them is taken.

    Raises
    ------
    NotFound : no such file. DataRefused : it cannot be read, or an outline in it is broken; names file and row.
    """
    frames = [frame_of_file("plots", path, options or Options(key="digest"))[0] for path in paths]
    codes = [f"f-{plot}" for frame in frames for plot in frame["plot_id"]]
    shapes = [shape for frame in frames for shape in frame.geometry]
    return gpd.GeoDataFrame({"code": codes}, geometry=shapes, crs=WORKING_CRS)


def fields_of_grid(connection: Connection, district: str, hectares: float) -> gpd.GeoDataFrame:
    """Return squares of so many hectares that lie on cropland of a district as candidates, EPSG:32642.

    Raises
    ------
    NotFound : no such district. DataRefused : no cropland is loaded, or there would be too many squares.
    """
    side = math.sqrt(hectares * 10_000)
    grid = read_grid(connection, "cropland", district_bounds(connection, district, None), cell_m=side)
    if grid is None:
        raise DataRefused("No cropland is loaded, and a grid without it would cover mountains: obod fetch worldcover.")
    rows, cols = np.nonzero(grid.values >= CROPPED)
    if len(rows) > MOST_FIELDS:
        raise DataRefused(f"{hectares:g} ha would make {len(rows):,} fields; expected {MOST_FIELDS:,} at most.")
    x, y = grid.x_min + cols * grid.cell_m, grid.y_max - (rows + 1) * grid.cell_m
    codes = [f"g{side:.0f}-{round(east)}-{round(north)}" for east, north in zip(x, y, strict=True)]
    squares = shapely.box(x, y, x + grid.cell_m, y + grid.cell_m)
    return gpd.GeoDataFrame({"code": codes}, geometry=squares, crs=WORKING_CRS)


def propose_fields(
    connection: Connection,
    district: str,
    candidates: gpd.GeoDataFrame,
    scheme: Scheme,
    *,
    basis: str,
    day: date,
    source: str,
    licence: str | None = None,
    file_name: str | None = None,
) -> Proposal:
    """Judge candidates and keep them as the fields of a district, within the caller's transaction.

    Fields of the district that are not among them end. Plots are neither read for a field nor changed.

    Parameters
    ----------
    candidates : ``code`` and geometry, EPSG:32642. basis : outline or grid. day : ages of evidence are counted to it.
    source, licence, file_name : where the outlines come from.

    Raises
    ------
    NotFound : no such district. DataRefused : no candidate lies in it beside its plots.
    """
    outline = read_layer(connection, District, (District.code == district) & as_of(District, None), ("code",))
    if not len(outline):
        raise NotFound(f"There is no district {district}; load its outline first.")
    inside = shapely.contains(outline.geometry.to_numpy()[0], shapely.centroid(candidates.geometry.to_numpy()))
    mine = candidates[inside].drop_duplicates("code").reset_index(drop=True)
    free = ~_covered(connection, mine)
    covered, mine = int((~free).sum()), mine[free].reset_index(drop=True)
    if not len(mine):
        raise DataRefused(f"No candidate field lies in {district} beside plots that are there.")
    plots = _as_plots(connection, district, mine)
    around = Around(connection, district, district_bounds(connection, district, None), reach_of_layers(), None)
    found = assess(
        plots, around, judgement_by(scheme, day, plots["district"].to_numpy(dtype=object)), scheme
    ).to_frame()
    rows = gpd.GeoDataFrame(
        {
            "code": mine["code"],
            "district": district,
            "jamoat": plots["jamoat"],
            "area_ha": plots["area_ha"],
            "basis": basis,
            "class_low": found["class_low"],
            "class_high": found["class_high"],
            "outlook": found["outlook"],
            "ask_first": found["ask_first"],
            "known_weight_pct": found["known_weight_pct"],
            "judged_on": day,
        },
        geometry=to_stored(mine.geometry.to_numpy()),
        crs=STORED_CRS,
    )
    report = load_frame(
        connection,
        Field.__tablename__,
        rows,
        mode="replace",
        source=source,
        licence=licence,
        source_date=day,
        file_name=file_name,
        ending=EndingLimits(districts=(district,)),
    )
    return Proposal(report, len(rows), float(rows["area_ha"].sum()), covered, questions_of(rows))


def questions_of(fields: pd.DataFrame) -> tuple[Question, ...]:
    """Return what to ask of fields, by jamoat, the cheapest answer per hectare first.

    Where mines are not answered for, nothing else is asked of those fields, and it stands before all: its price is a
    letter for all of them.
    """
    price = {item.id: 0.0 if item.measuring is None else item.measuring.usd for item in LAND_CRITERIA}
    asked = fields[fields["ask_first"].notna()].assign(jamoat=fields["jamoat"].fillna(NOBODY_ASKED))
    found = [
        Question(str(jamoat), str(ask), len(rows), float(rows["area_ha"].sum()), price.get(str(ask), 0.0) * len(rows))
        for (jamoat, ask), rows in asked.groupby(["jamoat", "ask_first"], sort=True)
    ]
    return tuple(sorted(found, key=lambda one: (one.ask != MINES, one.usd_per_ha, one.jamoat, one.ask)))


def _covered(connection: Connection, fields: gpd.GeoDataFrame) -> NDArray[np.bool_]:
    """Which fields lie half under plots, bool (n,)."""
    if not len(fields):
        return np.zeros(0, dtype=bool)
    x_min, y_min, x_max, y_max = (float(edge) for edge in fields.total_bounds)
    near = as_of(Plot, None) & Plot.__table__.c.geom.op("&&")(window((x_min, y_min, x_max, y_max)))
    plots = read_layer(connection, Plot, near, ("plot_id",)).geometry.to_numpy()
    shapes = fields.geometry.to_numpy()
    under = np.zeros(len(shapes))
    pairs = shapely.STRtree(plots).query(shapes, predicate="intersects") if len(plots) else np.zeros((2, 0), dtype=int)
    np.add.at(under, pairs[0], shapely.area(shapely.intersection(shapes[pairs[0]], plots[pairs[1]])))
    return np.asarray(under >= COVERED * shapely.area(shapes))


def _as_plots(connection: Connection, district: str, fields: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Fields with the columns that plots are judged by; whatever a cadastre would say is unknown."""
    count = len(fields)
    frame = gpd.GeoDataFrame(
        {
            "plot_id": fields["code"],
            "plot_no": np.arange(1, count + 1, dtype=np.int64),
            "district": np.full(count, district, dtype=object),
            "jamoat": _jamoats(connection, district, fields),
            "settlement": np.full(count, None, dtype=object),
            "area_ha": area_ha(to_stored(fields.geometry.to_numpy())),
            "land_form": np.full(count, "unknown", dtype=object),
            "availability": np.full(count, "unknown", dtype=object),
            "irrigated": np.full(count, None, dtype=object),
            "terraced": np.full(count, None, dtype=object),
        },
        geometry=fields.geometry.to_numpy(),
        crs=WORKING_CRS,
    )
    assert tuple(frame.columns[:-1]) == PLOT_COLUMNS
    return frame


def _jamoats(connection: Connection, district: str, fields: gpd.GeoDataFrame) -> NDArray[np.object_]:
    """Code of the jamoat each field's middle lies in, None where it lies in none on record."""
    jamoats = read_layer(connection, Jamoat, (Jamoat.district == district) & as_of(Jamoat, None), ("code",))
    found = np.full(len(fields), None, dtype=object)
    if len(jamoats):
        tree = shapely.STRtree(jamoats.geometry.to_numpy())
        which, holding = tree.query(shapely.centroid(fields.geometry.to_numpy()), predicate="within")
        found[which] = jamoats["code"].to_numpy(dtype=object)[holding]
    return found


def listed(questions: Sequence[Question]) -> list[dict[str, object]]:
    """Return questions as rows for people."""
    return [
        {
            "jamoat": one.jamoat or "not on record",
            "ask": one.ask,
            "fields": one.fields,
            "hectares": round(one.hectares, 1),
            "usd": round(one.usd),
            "usd_per_ha": round(one.usd_per_ha, 1),
        }
        for one in questions
    ]
