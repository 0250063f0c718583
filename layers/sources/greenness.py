"""Greenness of August, field by field for staff, and what may be told of it by groups."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from sqlalchemy import Connection

from geo.geometry.crs import STORED_CRS, to_stored
from geo.programme.seen_by_group import group_plots, seen_of_group
from geo.terrain.greenness import seen
from layers.catalogue.admin import Jamoat
from layers.catalogue.base import Layer
from layers.catalogue.irrigation import CommandArea
from layers.catalogue.seen import AugustGreenness, WaterSeen
from layers.errors import DataRefused
from layers.frames.around import as_of, read_layer
from layers.loading import load_frame
from layers.loading.replacement import EndingLimits
from layers.records.load_report import LoadReport
from layers.records.open_load import Provenance
from layers.records.phrases import told
from layers.sources.land import inside, read_land
from layers.sources.listing import Box
from layers.sources.scenes import Scene, green_on, scenes_of

AUGUST = 8

Floats = NDArray[np.float64]


def load_greenness(
    connection: Connection, files: Sequence[Path], years: Sequence[int], box: Box, provenance: Provenance
) -> list[LoadReport]:
    """Measure all land of a box in the scenes of some Augusts, and tell it by groups, in the caller's transaction.

    A year without a scene, or with too little seen clearly, is unknown; rows of other years and land stay.

    Parameters
    ----------
    files : items and bands of the scenes. years : that were asked for. box : degrees.

    Raises
    ------
    DataRefused : no plot or field lies in the box, a scene cannot be read or was not taken in August.
    """
    land = read_land(connection, lambda layer: inside(layer, box))
    if not len(land):
        raise DataRefused("No plot and no candidate field lies there; load them, then fetch this again.")
    scenes, left_out = _usable(scenes_of(files))
    rows = pd.concat([_rows(land, year, [s for s in scenes if s.day.year == year]) for year in years])
    report = _load(connection, AugustGreenness, rows, provenance, None)
    report.notes.extend(
        told("{scene} does not say its processing baseline and was left out.", scene=name) for name in left_out
    )
    reports = [report]
    for district in sorted(set(land["district"].dropna())):
        reports.append(tell_by_groups(connection, str(district), provenance))
    return reports


def _usable(found: Iterable[Scene]) -> tuple[list[Scene], list[str]]:
    """Scenes that can be measured, and names of those whose digital numbers nobody can read for certain."""
    scenes = list(found)
    for scene in scenes:
        if scene.day.month != AUGUST:
            raise DataRefused(f"{scene.name} was taken on {scene.day.isoformat()}; expected a day of August.")
    return [scene for scene in scenes if scene.offset is not None], [s.name for s in scenes if s.offset is None]


def _rows(land: gpd.GeoDataFrame, year: int, scenes: Sequence[Scene]) -> pd.DataFrame:
    """Rows of one August: of each outline the greenest of the days on which enough was clear.

    Haze and thin cloud lower the index, so that of several days the highest is nearest to the ground (B. N. Holben,
    "Characteristics of maximum-value composite images from temporal AVHRR data", 1986).
    """
    shapes = land.geometry.to_numpy()
    best, clear = np.full(len(land), np.nan), np.zeros(len(land))
    on = np.full(len(land), None, dtype=object)
    days: list[set[date]] = [set() for _ in range(len(land))]
    for scene in scenes:
        median, share = green_on(scene, shapes)
        clear = np.fmax(clear, share)
        for place in np.flatnonzero(~np.isnan(median)):
            days[place].add(scene.day)  # neighbouring tiles show the same day twice
        greener = ~np.isnan(median) & ~(median <= best)
        best[greener], on[greener] = median[greener], scene.day
    return pd.DataFrame(
        {
            "code": land["kind"].str[:-1] + "-" + land["land"].astype(str) + f"-{year}",
            **{name: land[name].to_numpy(dtype=object) for name in ("land", "kind", "district", "jamoat")},
            "year": year,
            "seen": seen(best).astype(object),
            "ndvi": np.round(best, 3),
            "seen_on": on,
            "clear_pct": np.floor(100.0 * clear + 1e-9).astype(np.int64),
            "days": np.array([len(found) for found in days], dtype=np.int64),
        }
    )


def tell_by_groups(connection: Connection, district: str, provenance: Provenance) -> LoadReport:
    """Keep what may be told of a district by groups of ten plots or more; earlier groups of it end.

    Groups are made of all land that stands in the district now, measured this time or before.
    """
    land = read_land(connection, lambda layer: layer.__table__.c.district == district)
    kept = read_layer(
        connection,
        AugustGreenness,
        as_of(AugustGreenness, None) & (AugustGreenness.district == district),
        ("land", "kind", "year", "seen"),
    )
    years = sorted({int(year) for year in kept["year"]})
    wide = kept.pivot_table(index=["kind", "land"], columns="year", values="seen", aggfunc="first")
    index = pd.MultiIndex.from_arrays([land["kind"], land["land"]])
    told_of = wide.reindex(index, columns=years).fillna("unknown").to_numpy(dtype=str)
    areas = read_layer(connection, CommandArea, as_of(CommandArea, None), ("code",))
    area, jamoat = group_plots(_holding(areas, land), land["jamoat"].to_numpy(dtype=object))
    jamoats = read_layer(connection, Jamoat, as_of(Jamoat, None) & (Jamoat.district == district), ("code",))
    shown = areas[areas["code"].isin({name for name in area if name is not None})]
    rows = [
        *(_group(told_of[area == row.code], years, district, area=row.code, shape=row.geometry)
          for row in shown.itertuples()),
        *(_group(told_of[jamoat == row.code], years, district, jamoat=row.code,
                 shape=row.geometry.difference(shown.geometry.union_all()))
          for row in jamoats[jamoats["code"].isin({name for name in jamoat if name is not None})].itertuples()),
    ]  # fmt: skip
    rows = [row for row in rows if not row["geom"].is_empty]  # a jamoat that areas cover, by outlines that disagree
    shapes = to_stored(np.array([row.pop("geom") for row in rows], dtype=object))
    frame = gpd.GeoDataFrame(pd.DataFrame(rows, columns=list(WaterSeen.attributes())), geometry=shapes, crs=STORED_CRS)
    return _load(connection, WaterSeen, frame, provenance, district)


def _holding(areas: gpd.GeoDataFrame, land: gpd.GeoDataFrame) -> NDArray[np.object_]:
    """Code of the command area the middle of each outline lies in, the first where areas overlap; None in none."""
    found = np.full(len(land), None, dtype=object)
    if len(areas) and len(land):
        tree = shapely.STRtree(areas.geometry.to_numpy())
        which, holding = tree.query(shapely.centroid(land.geometry.to_numpy()), predicate="within")
        for place, held in sorted(zip(which.tolist(), holding.tolist(), strict=True), reverse=True):
            found[place] = areas["code"].iloc[held]
    return found


def _group(
    told_of: NDArray[np.str_],
    years: Sequence[int],
    district: str,
    *,
    shape: shapely.Geometry,
    area: str | None = None,
    jamoat: str | None = None,
) -> dict[str, Any]:
    """One row of what is told of a group."""
    found = seen_of_group(told_of)
    return {
        "code": f"{district}-area-{area}" if area is not None else f"{district}-rest-{jamoat}",
        "district": district,
        "jamoat": jamoat,
        "area": area,
        "level": found.level,
        "green_pct": _whole(found.mean_pct),
        "augusts_known": found.known,
        "augusts_green": found.green,
        "first_year": years[0],
        "last_year": years[-1],
        "last_pct": _whole(float(found.share_pct[-1])),
        "geom": shape,
    }


def _whole(value: float) -> int | None:
    return None if np.isnan(value) else int(value)


def _load(
    connection: Connection, layer: type[Layer], rows: pd.DataFrame, provenance: Provenance, district: str | None
) -> LoadReport:
    return load_frame(
        connection,
        layer.__tablename__,
        rows,
        mode="update" if district is None else "replace",
        source=provenance.source,
        licence=provenance.licence,
        source_date=provenance.source_date,
        ending=None if district is None else EndingLimits(districts=(district,)),
    )
