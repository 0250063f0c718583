"""Plots under a scenario: those that its canals and areas reach, judged as they are and as they would be.

A plot is judged by the scheme of the run that is served in its district, on all rows as they are now; what a scenario
changes is put in their place, and the water by the balance is that of the run without the scenario and with it, both
made by the same code. So the classes are those that scoring the district afresh would give, to the last bit. Land is
judged by one balance alone (``geo.water.sharing.rules.tell_judged``): a run of another year or rule says nothing of it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from sqlalchemy import Connection, and_, select

from geo.contract.classes import CLASSES, NE, RULE
from geo.contract.criterion import Block, Measured, outlines
from geo.criteria import LAND_CRITERIA
from geo.criteria.terrain import SLOPE
from geo.criteria.water import WATER_ADEQUACY
from geo.measures.climate import frost_seasons_d, plot_height_m, temperature_at_plots
from geo.measures.water import COMPUTED_WATER, command_area
from geo.measures.water_balance import LAYER
from geo.panel.scheme import Scheme, parse_scheme
from geo.suitability.assess import Assessment, assess_findings
from geo.suitability.findings import find
from geo.suitability.land_works import levelled_slope
from geo.water.sharing.rules import JUDGED_RULE, JUDGED_YEAR, tell_judged
from layers.catalogue import BY_NAME
from layers.catalogue.balances import AreaBalance
from layers.catalogue.base import Layer
from layers.catalogue.hazards import HazardZone
from layers.catalogue.irrigation import CommandArea
from layers.errors import DataRefused
from layers.frames.around import Alter, Around, among, as_of, as_stored, district_bounds, read_plots, widened
from layers.frames.windows import Bounds
from layers.records.phrases import told
from layers.records.rows_of_run import of_run
from layers.records.runs import Publication, ScoringRun, suitability
from layers.runs.edited_rows import Edits, plots_of_edits
from layers.runs.findings_cache import scoring_cache
from layers.runs.parts import Part, block_of, reach_of_layers
from layers.water.scenario_plot_text import EARLIER_RULE, NO_BALANCE
from layers.water.scenario_runs import Computed

Found = dict[str, Any]

NOT_JUDGED: Final = "another balance"  # why a run says nothing of any plot, as reports keep it
OF_GROUND: Final = (outlines, plot_height_m, temperature_at_plots, frost_seasons_d)  # follow from plots and grids alone
LEVELLED: Final = ("plots", "steep", "unknown")  # of those in command areas that are levelled
COLUMNS: Final = ("before", "before_settled", "after", "after_settled")


@dataclass(frozen=True, slots=True)
class Served:
    """The run that is served in a district, and what judging by it again takes."""

    district: str
    run_id: int
    scheme: Scheme
    day: date
    load: int
    rule: int


class Water:
    """Rows of layers with the water of one side of a run, and what ``alter`` makes of the others."""

    def __init__(self, rows: pd.DataFrame, alter: Alter, around: Callable[[str], Bounds]) -> None:
        self._rows, self._alter, self._around = rows, alter, around

    def __call__(self, layer: type[Layer], frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        """Return rows of a layer; of the balance those of the areas concerned are the run's."""
        if layer is not AreaBalance:
            return self._near(layer, frame, self._alter(layer, frame))
        own = tell_judged(frame["year_type"], frame["rule"]) & np.isin(frame["code"].astype(str), self._rows["code"])
        kept = pd.DataFrame(frame)[~own]
        every = [*kept.to_dict("records"), *self._rows.to_dict("records")]
        return gpd.GeoDataFrame(pd.DataFrame(every, columns=list(self._rows.columns), dtype=object))

    def _near(self, layer: type[Layer], frame: gpd.GeoDataFrame, altered: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        """Without new rows that lie where the layer is not read."""
        if altered is frame or altered.crs is None:
            return altered
        stored = np.isin(altered["code"], frame["code"])
        if stored.all():
            return altered
        here = shapely.intersects(altered.geometry.to_numpy(), shapely.box(*self._around(layer.__tablename__)))
        return altered[here | stored].reset_index(drop=True)


class Sides(NamedTuple):
    """Plots of a district: classes without and with.

    stored : bool (n,), the class without is the one that is served. recorded : bool (n,), a ratio on record counts and
    not that of the balance. levelled : how many of those to be levelled are, and of how many the slope is not known.
    """

    plots: pd.DataFrame
    stored: NDArray[np.bool_]
    recorded: NDArray[np.bool_]
    levelled: pd.Series


def judge_plots(connection: Connection, run: Computed, seconds: float = math.inf) -> Computed:
    """Return a run with the plots whose class it changes, and with what its report tells of plots.

    Parameters
    ----------
    connection : of the snapshot that the run was computed in; reads what computing needs.
    run : as it was computed.
    seconds : most that may have passed when a district is begun.

    Raises
    ------
    DataRefused : more have.
    """
    began = time.monotonic()
    if run.alteration.moves_water and not tell_judged(run.choice.year, run.choice.rule).all():
        return run._replace(report={**run.report, "plots": {"untold": NOT_JUDGED}})
    edits = edits_of(run)
    judged, untold = [], dict[str, str]()
    for served in read_served(connection):
        if time.monotonic() - began > seconds:
            message = "{file}: plots are judged for longer than {seconds} s; obod scenario run has no such limit."
            raise DataRefused(told(message, file=run.kept.scenario.name, seconds=f"{seconds:g}"))
        reason = _why_untold(connection, served, run.alteration.moves_water)
        if reason is not None:
            untold[served.district] = reason
            continue
        only = None
        if not (run.alteration.land.begins or _dug_near(connection, run, served)):
            only = plots_of_edits(connection, served.district, served.run_id, run.as_of_load, edits)
        if only is None or only:
            judged.append(judge_district(connection, run, served, only))
    plots = pd.concat([found.plots for found in judged], ignore_index=True) if judged else _no_plots()
    changes = plots[(plots["before"] != plots["after"]) | (plots["before_settled"] != plots["after_settled"])]
    sums = tell_plots(plots)
    falling = areas_that_fall(*run.water)
    report = {
        "untold": None,
        "districts_untold": untold,
        "otherwise_served": int(sum((~found.stored).sum() for found in judged)),
        "by_recorded_ratio": int(sum(found.recorded.sum() for found in judged)),
        "worse_by_water": sum(row["worse"]["plots"] for row in sums["by_area"] if row["area"] in falling),
        "levelled": {name: int(sum(found.levelled[name] for found in judged)) for name in LEVELLED},
        **sums,
    }
    return run._replace(report={**run.report, "plots": report}, plots=changes.drop(columns="plot_id"))


def areas_that_fall(before: pd.DataFrame, after: pd.DataFrame) -> set[str]:
    """Return codes of areas that get a smaller share of their need in some month, at worst or at best.

    Parameters
    ----------
    before, after : without a scenario and with it, as ``Computed.water`` has them, in one order.
    """
    months = [str(name) for name in before if str(name).startswith("ratio_")]
    lower = after[months].to_numpy(dtype=np.float64) < before[months].to_numpy(dtype=np.float64)
    return {str(code) for code, falls in zip(before["code"], lower, strict=True) if np.any(falls)}


def _dug_near(connection: Connection, run: Computed, served: Served) -> bool:
    """Whether a canal is dug where plots of a district look for canals; then any of them may be another."""
    lines = run.alteration.lines()
    if not lines:
        return False
    around = widened(district_bounds(connection, served.district, run.as_of_load), reach_of_layers()["canals"])
    return bool(shapely.intersects(lines, shapely.box(*around)).any())


def edits_of(run: Computed) -> dict[str, Edits]:
    """Return the attributes that a run makes others, by the layers that plots are judged by."""
    found: dict[str, dict[str, set[str]]] = {}
    for edit in run.alteration.edits:
        found.setdefault(edit.layer, {}).setdefault(edit.code, set()).add(edit.field)
    drawn = {HazardZone.__tablename__: run.alteration.land.drawn}
    edits = {
        name: Edits(BY_NAME[name], {code: frozenset(names) for code, names in rows.items()}, drawn.get(name, {}))
        for name, rows in found.items()
        if BY_NAME[name].geometry_kind is not None
    }
    before, after = (rows.set_index("code") for rows in run.water)
    unlike = (before != after) & ~(before.isna() & after.isna())
    rows = zip(before.index, unlike.to_numpy(), strict=True)
    moved = {str(code): frozenset(unlike.columns[row]) for code, row in rows}
    return {**edits, LAYER: Edits(CommandArea, {code: names for code, names in moved.items() if names})}


def read_served(connection: Connection) -> list[Served]:
    """Return the runs that are served, by district."""
    run = ScoringRun.__table__.c
    asked = (
        select(Publication.district, run.run_id, run.scheme_text, run.criteria, run.as_of, run.as_of_load, run.rule)
        .join(Publication, Publication.run_id == run.run_id)
        .where(Publication.shown, Publication.scenario == "")
        .order_by(Publication.district)
    )
    schemes: dict[int, Scheme] = {}
    found = []
    for row in connection.execute(asked):
        if row.run_id not in schemes:
            schemes[row.run_id] = parse_scheme(row.scheme_text, source=f"run {row.run_id}", judged=row.criteria)
        found.append(Served(row.district, row.run_id, schemes[row.run_id], row.as_of, row.as_of_load, row.rule))
    return found


def _why_untold(connection: Connection, served: Served, moves_water: bool) -> str | None:
    """Why nothing can be said of the plots of a district; None where it can."""
    if served.rule < RULE:
        return EARLIER_RULE
    if not moves_water:
        return None
    judged = and_(AreaBalance.year_type == JUDGED_YEAR, AreaBalance.rule == JUDGED_RULE)
    for load in (served.load, None):
        there = select(AreaBalance.gid).where(judged, as_of(AreaBalance, load)).limit(1)
        if connection.execute(there).scalar() is None:
            return NO_BALANCE
    return None


def judge_district(connection: Connection, run: Computed, served: Served, only: set[int] | None) -> Sides:
    """Return plots of a district without and with a scenario; ``only`` : numbers of those to judge, None all."""
    whole, sides, levelled = assess_sides(connection, run, served, only)
    plots = pd.DataFrame(whole[["plot_no", "plot_id", "district", "jamoat", "area_ha"]])
    recorded = np.zeros(len(whole), dtype=bool)
    for name, (_, found) in zip(("before", "after"), sides, strict=True):
        plots[name] = np.array(CLASSES, dtype=object)[found.land.classes]
        plots[f"{name}_settled"] = ~found.land.open_question
        beside = found.findings.values[WATER_ADEQUACY.id].beside
        recorded |= ~np.isnan(beside.get(COMPUTED_WATER, np.full(len(whole), np.nan)))
    plots["area"] = _holders(sides[0][0])
    return Sides(plots, _as_served(connection, served, plots), recorded, levelled)


def assess_sides(
    connection: Connection, run: Computed, served: Served, only: set[int] | None
) -> tuple[gpd.GeoDataFrame, list[tuple[Block, Assessment]], pd.Series]:
    """Return plots of a district, what is found out about them without and with a scenario, and how many it levels.

    Parameters
    ----------
    connection : reads what computing needs.
    run : of the scenario.
    served : the run that is served there.
    only : numbers of the plots; None all.
    """
    plots = read_plots(connection, served.district, run.as_of_load, only=only)
    numbers = frozenset(plots["plot_no"].tolist())
    part = Part(served.run_id, 0, served.district, 0, 1, served.scheme, served.day, run.as_of_load, numbers)
    bounds = district_bounds(connection, served.district, run.as_of_load)
    reach, cache = reach_of_layers(), scoring_cache()
    altered = {LAYER, *(edit.layer for edit in run.alteration.edits)}
    same = [criterion.id for criterion in LAND_CRITERIA if altered.isdisjoint(criterion.layers)]
    seen: dict[str, Any] = {}
    kept: dict[Any, Any] = {}
    known: dict[str, Measured] = {}
    alters: tuple[Alter, Alter] = (as_stored, run.alteration)
    sides: list[tuple[Block, Assessment]] = []
    levelled = pd.Series(0, index=LEVELLED)
    for rows, alter in zip(run.water, alters, strict=True):
        around = Around(
            *(connection, served.district, bounds, reach, run.as_of_load),
            seen=seen,
            cache=cache,
            only=numbers,
            alter=Water(rows, alter, lambda name: widened(bounds, reach.get(name, 0.0))),
            holds=run.alteration.land.holds if sides else {},
        )
        block = replace(block_of(part, plots, around), kept=kept)
        if sides and run.alteration.land.levelled:
            known[SLOPE.id], levelled = _level(block, run.alteration.land.levelled, known.get(SLOPE.id))
        found = find(block, known)
        sides.append((block, assess_findings(found, served.scheme)))
        # What no scenario alters is read and measured once.
        seen = {layer: there for layer, there in around.seen.items() if layer not in altered}
        kept = {key: value for key, value in block.kept.items() if key[0] in OF_GROUND}
        known = {name: found.values[name] for name in same}
    return plots, sides, levelled


def _level(block: Block, areas: Collection[str], known: Measured | None) -> tuple[Measured, pd.Series]:
    """Slope once the plots of some command areas are levelled, and how many of these are."""
    slope = SLOPE.measured(block) if known is None else known
    chosen = np.isin(_holders(block).astype(str), sorted(areas))
    if slope.not_assessed is not None:
        return slope, pd.Series([0, 0, chosen.sum()], index=LEVELLED)
    found, taken = levelled_slope(slope, chosen)
    unknown = chosen & np.isnan(slope.value)
    counts = [taken.sum(), (chosen & ~taken & ~unknown).sum(), unknown.sum()]
    return found, pd.Series(counts, index=LEVELLED)


def _holders(block: Block) -> NDArray[np.object_]:
    """Code of the command area that holds each plot, None outside."""
    if CommandArea.__tablename__ not in block.nearby:
        return np.full(len(block), None, dtype=object)
    codes = np.array([*block.layer(CommandArea.__tablename__)["code"], None], dtype=object)
    return np.asarray(codes[block.once(command_area)], dtype=np.object_)  # -1, none, takes the last


def _as_served(connection: Connection, served: Served, plots: pd.DataFrame) -> NDArray[np.bool_]:
    """Which plots have without the scenario the class that is served; one that is not in the run has another."""
    result = suitability.c
    rows = connection.execute(
        select(result.plot_no, result["class"]).where(
            of_run(connection, served.run_id), among(result.plot_no, plots["plot_no"].tolist())
        )
    )
    stored = {row[0]: row[1] for row in rows}
    pairs = zip(plots["plot_no"], plots["before"], strict=True)
    return np.array([stored.get(number) == name for number, name in pairs], dtype=bool)


# -- what is told ---------------------------------------------------------------------------------------------


def tell_plots(plots: pd.DataFrame) -> Found:
    """Return sums of judged plots: what moves from which class to which, and who gains, loses or stays unknown.

    Parameters
    ----------
    plots : district, jamoat, area, area_ha, class before and after and whether each is settled.

    Returns
    -------
    dict : a plot that is not settled without or with the scenario, or not evaluated, never gains; it loses where the
        class that is sure of it falls.
    """
    rank = {name: place for place, name in enumerate(CLASSES)}
    before, after = (plots[name].map(rank).to_numpy(dtype=np.int64) for name in ("before", "after"))
    settled = [plots[f"{name}_settled"].to_numpy(dtype=bool) for name in ("before", "after")]
    known = (before != NE) & (after != NE)
    better = known & settled[0] & settled[1] & (after < before)
    worse = known & (after > before)
    still = ~worse & ~better
    kinds = {
        "better": better,
        "worse": worse,
        "settled_with": still & ~settled[0] & settled[1],
        "unsettled_with": still & settled[0] & ~settled[1],
    }
    kind = np.select(list(kinds.values()), list(kinds), "")
    unknown = {"not_settled": known & ~settled[0] & ~settled[1], "not_evaluated": (before == NE) & (after == NE)}
    return {
        "judged": _sum(plots),
        **{name: _sum(plots[rows]) for name, rows in {**kinds, **unknown}.items()},
        "moves": [
            {**dict(zip(("kind", *COLUMNS), keys, strict=True)), **_sum(rows)}
            for keys, rows in plots.assign(kind=kind).groupby(["kind", *COLUMNS], sort=True)
            if keys[0]
        ],
        "by_area": _by(plots, ["area"], kinds),
        "by_jamoat": _by(plots, ["district", "jamoat"], kinds),
    }


def _by(plots: pd.DataFrame, keys: list[str], kinds: dict[str, NDArray[np.bool_]]) -> list[Found]:
    """Plots that gain and lose by place; those with neither are left out."""
    named = plots[keys].fillna("")
    found: dict[Any, Found] = {}
    for kind in ("better", "worse"):
        rows = plots[kinds[kind]]
        for place, here in rows.groupby([named.loc[rows.index, key] for key in keys], sort=True):
            found.setdefault(place, {})[kind] = _sum(here)
    nothing = _sum(plots.iloc[:0])
    return [
        {key: name or None for key, name in zip(keys, place, strict=True)}
        | {kind: found[place].get(kind, nothing) for kind in ("better", "worse")}
        for place in sorted(found)
    ]


def _sum(plots: pd.DataFrame) -> Found:
    return {"plots": len(plots), "area_ha": round(float(plots["area_ha"].astype(float).sum()), 2)}


def _no_plots() -> pd.DataFrame:
    names: Sequence[str] = ("plot_no", "plot_id", "district", "jamoat", "area_ha", *COLUMNS, "area")
    return pd.DataFrame({name: pd.Series(dtype=bool if name.endswith("settled") else object) for name in names})
