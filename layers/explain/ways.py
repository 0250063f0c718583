"""Ways of stored plots: home and back with their dangers, a safer way, and minutes to services; information only.

Searched on demand on the layers as they are now, on ground that neighbours share; a district's minutes to services are
searched from the services instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from sqlalchemy import Connection, and_, func, select

from geo.contract.criterion import Block
from geo.contract.reasons import NO_WAY, NONE_NEAR
from geo.criteria import BY_ID
from geo.errors import NotAssessed
from geo.geometry.crs import to_stored
from geo.hazard.levels import LEVELS, caution_of, threatens_life
from geo.measures.hazard import zone_levels
from geo.measures.ways_of_plot import (
    BEYOND_MIN,
    EXCHANGE,
    SERVICE_KINDS,
    HomeWay,
    ServiceMinutes,
    Way,
    home_way,
    service_minutes,
)
from layers.catalogue.hazards import HazardZone
from layers.catalogue.land import Plot
from layers.catalogue.services import Service
from layers.errors import NotFound
from layers.explain.surroundings import read_plot, unjudged, unjudged_block
from layers.features.features import DERIVED
from layers.frames.around import Around, as_of, district_bounds, read_layer, read_plots
from layers.records.snapshot import Snapshot

HOME_CRITERION, SERVICE_CRITERION = BY_ID["way_exposure_m"], BY_ID["market_minutes"]  # what is read, and how far around
REACH_M = {name: criterion.reach_m for criterion in (HOME_CRITERION, SERVICE_CRITERION) for name in criterion.layers}
NAMES = ("name_tg", "name_ru", "name_en")


def ways_of_plot(
    connection: Connection, plot_id: str, served: Snapshot, plots: gpd.GeoDataFrame | None = None
) -> dict[str, Any]:
    """Return ``way`` and ``services`` of a plot, ready for JSON.

    ``way`` : home, minutes and exposure of the quickest way and of a safer one, if any; None where no way is known, and
    then ``why_no_way`` is the reason. ``services`` : of every kind, minutes when dry and in winter and the nearest one;
    ``known`` is false for a kind of which none is loaded near, and then ``why_unknown`` is the reason. Reasons are of
    ``geo.contract.reasons``. ``plots`` : the plot as it stands now, where it was read before.

    Raises
    ------
    NotFound : there is no such plot.
    """
    plots = read_plot(connection, plot_id, None) if plots is None else plots
    found = _home_way(unjudged_block(connection, served, plots))
    return {
        "way": None if isinstance(found, str) else _way_as_dict(found),
        "why_no_way": found if isinstance(found, str) else None,
        "services": _services(connection, unjudged_block(connection, served, plots, far=True)),
    }


def hazards_on(connection: Connection, plot_id: str) -> list[dict[str, Any]]:
    """Return the hazard zones that touch a plot, the highest level first, with what they threaten and when.

    Danger to life is told apart from loss of crop and land; ``caution`` says what a derived zone is not.
    """
    outline = select(Plot.__table__.c.geom).where(Plot.plot_id == plot_id, as_of(Plot, None)).scalar_subquery()
    touches = func.ST_Intersects(HazardZone.__table__.c.geom, outline)
    zones = read_layer(connection, HazardZone, and_(as_of(HazardZone, None), touches))
    told = {
        (
            int(level),
            str(row["process"]),
            row["months"] or None,
            str(row["source_class"]),
            bool(threatens_life(str(row["process"]), level)),
        )
        for level, (_, row) in zip(zone_levels(zones), zones.iterrows(), strict=True)
        if level > 0
    }
    return [
        {
            "process": process,
            "level": LEVELS[level],
            "months": months,
            "threatens": "life" if life else "crop",
            "source_class": source,
            "caution": caution_of(process) if source == DERIVED else None,
        }
        for level, process, months, source, life in sorted(told, key=lambda zone: (-zone[0], *map(str, zone[1:])))
    ]


def way_lines(connection: Connection, plot_id: str, served: Snapshot) -> dict[str, Any]:
    """Return the quickest and the safer way from home to a plot as a GeoJSON feature collection.

    Raises
    ------
    NotFound : there is no such plot, or no way to it is known.
    """
    block = unjudged_block(connection, served, read_plot(connection, plot_id, None))
    found = _home_way(block)
    if isinstance(found, str):
        raise NotFound(f"No way between plot {plot_id} and its home is known: {found}.")
    ways = {"quickest": found.quickest, **({"safer": found.safer} if found.safer else {})}
    return {
        "type": "FeatureCollection",
        "plot_id": plot_id,
        "home": found.home,
        "features": [
            {
                "type": "Feature",
                "geometry": shapely.geometry.mapping(to_stored(np.array([line], dtype=object))[0]),
                "properties": {"way": name, "direction": direction, **_minutes_and_exposure(way)},
            }
            for name, way in ways.items()
            for direction, line in (("out", way.out), ("back", way.back))
        ],
    }


def services_of_district(connection: Connection, district: str) -> pd.DataFrame:
    """Return minutes from every plot of a district to the nearest service of each kind.

    Returns
    -------
    one row per plot, in order of ``plot_id``: for each kind of which any is loaded, ``<kind>_min``,
    ``<kind>_winter_min`` (NaN beyond six hours) and ``<kind>_nearest`` (code).

    Raises
    ------
    NotFound : no such district or no plot in it. NotAssessed : services or heights are not loaded, or too coarse.
    """
    bounds = district_bounds(connection, district, None)
    plots = read_plots(connection, district, None)
    if plots.empty:
        raise NotFound(f"District {district} holds no plot.")
    around = Around(connection, district, bounds, REACH_M, None)
    block = Block(plots, around, unjudged(len(plots)))
    columns: dict[str, Any] = {"plot_id": plots["plot_id"].to_numpy()}
    for found in service_minutes(block, SERVICE_CRITERION.coarsest_m):
        if found.loaded:
            columns[f"{found.kind}_min"] = np.round(found.dry, 1)
            columns[f"{found.kind}_winter_min"] = np.round(found.winter, 1)
            columns[f"{found.kind}_nearest"] = found.nearest
    return pd.DataFrame(columns)


def _home_way(block: Block) -> HomeWay | str:
    """The ways between home and a plot, or why none is known."""
    try:
        return home_way(block, HOME_CRITERION.coarsest_m) or NO_WAY
    except NotAssessed as reason:
        return str(reason)


def _way_as_dict(found: HomeWay) -> dict[str, Any]:
    quickest, safer = found.quickest, found.safer
    return {
        "home": found.home,
        "home_assumed": found.assumed,
        **_minutes_and_exposure(quickest),
        "unmapped_m": round(found.unmapped_m),
        "meets": [{"process": process, "months": months or None} for process, months in found.processes],
        "safer": None
        if safer is None
        else {
            **_minutes_and_exposure(safer),
            "extra_minutes": round(
                safer.minutes_out + safer.minutes_back - quickest.minutes_out - quickest.minutes_back, 1
            ),
            "exposure_saved_m": round(quickest.yearly_m - safer.yearly_m),
        },
        "exchange": EXCHANGE,
        "note": "Exposure is metres in hazard zones times 1 for low, 2 for medium, 4 for high; default to calibrate.",
    }


def _minutes_and_exposure(way: Way) -> dict[str, Any]:
    return {
        "minutes_out": round(way.minutes_out, 1),
        "minutes_back": round(way.minutes_back, 1),
        "exposure_m": round(way.yearly_m),
        "exposure_by_month_m": [round(metres) for metres in way.exposure_m.tolist()],
    }


def _services(connection: Connection, block: Block) -> list[dict[str, Any]]:
    """Minutes from one plot to each kind of service, the nearest named in every language it has a name in."""
    why = NONE_NEAR
    try:
        found = service_minutes(block, SERVICE_CRITERION.coarsest_m)
    except NotAssessed as reason:
        why = str(reason)
        found = [ServiceMinutes(kind, False, *_nothing()) for kind in SERVICE_KINDS]
    codes = [str(item.nearest[0]) for item in found if item.nearest[0] is not None]
    chosen = and_(as_of(Service, None), Service.code.in_(codes))
    rows = connection.execute(select(Service.code, *(getattr(Service, name) for name in NAMES)).where(chosen))
    names = {row.code: row for row in rows}
    return [_service_as_dict(item, names, why) for item in found]


def _nothing() -> tuple[Any, Any, Any]:
    return np.full(1, np.nan), np.full(1, np.nan), np.array([None], dtype=object)


def _service_as_dict(found: ServiceMinutes, names: Mapping[str, Any], why: str) -> dict[str, Any]:
    code = found.nearest[0]
    named = names.get(str(code))
    return {
        "kind": found.kind,
        "known": found.loaded,
        "why_unknown": None if found.loaded else why,
        "minutes": _minutes(found.dry[0]),
        "minutes_winter": _minutes(found.winter[0]),
        "farther_than_minutes": BEYOND_MIN if found.loaded and np.isnan(found.dry[0]) else None,
        "nearest": None
        if code is None
        else {"code": str(code), **{name: None if named is None else getattr(named, name) for name in NAMES}},
    }


def _minutes(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 1)
