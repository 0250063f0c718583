"""Runs of scenarios: the balance of the systems concerned without and with one, what it gains and whom it harms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from sqlalchemy import Connection, func, insert, select

from geo.water.along_reaches import sum_reaches
from geo.water.balance import find_balance
from geo.water.irrigation import SECONDS_PER_DAY
from geo.water.need.periods import Periods, periods_of_year
from geo.water.need.rain import RAIN_METHODS
from geo.water.scenario.compare import Difference, Side, compare_balances
from geo.water.scenario.cut import Cut
from layers.catalogue.balances import AreaBalance, ReachBalance
from layers.catalogue.base import STAFF, Layer
from layers.catalogue.irrigation import CommandArea, CommandCrop
from layers.catalogue.services import Service
from layers.catalogue.supply import Intake, Well
from layers.errors import DataRefused
from layers.frames.around import as_of, read_layer
from layers.records.audit import Act, note
from layers.records.loads import Load
from layers.records.phrases import told
from layers.records.scenarios import ScenarioArea, ScenarioPlot, ScenarioReach, ScenarioRun
from layers.water.alteration import Alteration
from layers.water.balances import is_synthetic
from layers.water.layer_rows import rows_of_areas, rows_of_reaches
from layers.water.month_ratios import cut_ratio, tell_months
from layers.water.needs import Asked
from layers.water.networks import StoredNetwork, read_network
from layers.water.scenario_systems import cut_alike
from layers.water.scenarios import Kept
from layers.water.systems import Systems, read_systems
from layers.water.works import BAND, banded, families_by_area

Floats = NDArray[np.float64]
Found = dict[str, Any]

NEAR_M: Final = 500.0  # m, within which wells and springs may live on what a canal loses; domain reference 6.5


class Choice(NamedTuple):
    """How a scenario is run. year : of need and flows. rule : of sharing. by : month or decade."""

    year: str
    rule: str
    by: str


class Computed(NamedTuple):
    """A run that is not stored yet.

    areas, reaches : rows by period. alteration : what rows of layers become. water : ratios by month of the areas
    without and with the scenario, as ``layers.water.month_ratios.tell_months`` has them, with code, year_type and rule.
    maps : layer -> its rows without and with the scenario, as ``layers.water.layer_rows`` has them.
    plots : those that another class follows for, where it was looked for.
    """

    kept: Kept
    choice: Choice
    as_of_load: int
    crop_table: str
    synthetic: bool
    report: Found
    areas: pd.DataFrame
    reaches: pd.DataFrame
    alteration: Alteration
    water: tuple[pd.DataFrame, pd.DataFrame]
    maps: Mapping[type[Layer], tuple[pd.DataFrame, pd.DataFrame]]
    plots: pd.DataFrame | None = None


def compute_run(connection: Connection, kept: Kept, choice: Choice) -> Computed:
    """Return what a scenario does, by the balance of all systems it reaches without it and with it.

    Parameters
    ----------
    connection : of one snapshot; reads what computing needs.
    kept : the scenario.
    choice : how it is run.

    Raises
    ------
    NotFound : no canal or no command area is mapped.
    DataRefused : what it names is not mapped any more, or is so already; or it reaches no command area.
    """
    last = int(connection.execute(select(func.coalesce(func.max(Load.load_id), 0))).scalar_one())
    scenario = kept.scenario
    periods = periods_of_year(choice.by)
    asked = Asked(choice.year, periods, RAIN_METHODS[0], None)
    stored = read_network(connection)
    alteration = Alteration(connection, scenario, stored, source=scenario.name)
    river = scenario.river
    if river is not None and river.factor is None and river.year == choice.year and not scenario.works:
        message = "{file}: river.year: another kind of year than that of the run expected, which is {year}."
        raise DataRefused(told(message, file=scenario.name, year=choice.year))
    now = read_systems(connection, None, asked, stored=stored)
    needs = None if alteration.alters(CommandArea, CommandCrop) else now.needs
    then = read_systems(connection, None, asked, stored=alteration.network, alter=alteration, needs=needs)
    before, after = cut_alike(now, then, alteration)
    if alteration.moves_water and not len(before.area):
        message = "{file}: a change that water of a command area depends on expected; this one reaches none."
        raise DataRefused(told(message, file=scenario.name))
    sides = [
        Side(
            find_balance(part.reaches, part.network, part.beds, part.offers, part.fields, choice.rule),
            part.fields,
            systems.season[part.area],
        )
        for part, systems in ((before, now), (after, then))
    ]
    canals = _canals(now, before.area)
    difference = compare_balances(sides[0], sides[1], canals)
    names = _names(connection, before.fields.code)
    report = _report(connection, kept, alteration, (before, names, canals), difference, stored)
    return Computed(
        kept,
        choice,
        last,
        now.edition,
        is_synthetic(connection),
        report,
        _area_rows(sides, before, periods),
        _reach_rows(sides, (before, after), periods),
        alteration,
        (_by_month(sides[0], choice, periods), _by_month(sides[1], choice, periods)),
        _on_maps(sides, (before, after), periods),
    )


def store_run(connection: Connection, run: Computed, *, code: str, key_id: str | None = None) -> int:
    """Store a run and return its number, in the caller's transaction, which writes; nothing of it is published.

    Parameters
    ----------
    connection : the owner's.
    run : as it was computed.
    code : version and digest of the science.
    key_id : public half of the key it was asked for with; None a command on the machine.
    """
    made = insert(ScenarioRun).values(about_run(run, code))
    number = int(connection.execute(made.returning(ScenarioRun.run)).scalar_one())
    raw: Any = connection.connection.cursor()
    for table, rows in ((ScenarioArea, run.areas), (ScenarioReach, run.reaches), (ScenarioPlot, run.plots)):
        if rows is None:
            continue
        columns = ["run", *rows.columns]
        cells = rows.astype(object).where(rows.notna(), None)
        with raw.copy(f"COPY {table.__tablename__} ({', '.join(columns)}) FROM STDIN") as copy:
            for row in cells.itertuples(index=False):
                copy.write_row((number, *row))
    note(
        connection,
        Act.SCENARIO_RUN,
        key_id=key_id,
        audience=STAFF,
        layer=ScenarioRun.__tablename__,
        number=number,
        rows=len(run.areas),
    )
    return number


def about_run(run: Computed, code: str) -> Found:
    """Return what is kept of a run beside its rows, as ``ScenarioRun`` names it; ``code`` : version of the science."""
    return {
        "scenario": run.kept.scenario.name,
        "sha256": run.kept.sha256,
        "year_type": run.choice.year,
        "rule": run.choice.rule,
        "split": run.choice.by,
        "rain_method": RAIN_METHODS[0],
        "crop_table": run.crop_table,
        "as_of_load": run.as_of_load,
        "code_version": code,
        "synthetic": run.synthetic,
        "report": run.report,
    }


def _canals(systems: Systems, rows: NDArray[np.int64]) -> NDArray[np.str_]:
    span = systems.fields.need_m3.shape[1]
    return np.array(["" if pd.isna(name) else str(name) for name in systems.needs["canal"].iloc[::span].iloc[rows]])


def _names(connection: Connection, codes: NDArray[np.str_]) -> dict[str, str]:
    """Names of command areas; the code where there is none."""
    rows = read_layer(connection, CommandArea, as_of(CommandArea, None), ("code", "name"))
    named = {str(row["code"]): row["name"] for row in pd.DataFrame(rows).to_dict("records")}
    return {code: code if pd.isna(named[code]) else str(named[code]) for code in codes.tolist()}


# -- what is told ---------------------------------------------------------------------------------------------


def _report(
    connection: Connection,
    kept: Kept,
    alteration: Alteration,
    of: tuple[Cut, dict[str, str], NDArray[np.str_]],
    found: Difference,
    stored: StoredNetwork,
) -> Found:
    part, names, canals = of
    hectares, codes = part.fields.area_ha, part.fields.code

    def told_of(rows: NDArray[np.bool_]) -> list[Found]:
        fallen = found.after - found.before
        order = sorted(np.flatnonzero(rows).tolist(), key=lambda k: (-abs(np.nan_to_num(fallen[k])), codes[k]))
        return [
            {
                "area": str(codes[k]),
                "name": names[str(codes[k])],
                "canal": str(canals[k]) or None,
                "area_ha": round(float(hectares[k]), 2),
                "tail": bool(found.tail[k]),
                "before": _ratio(found.before[k]),
                "after": _ratio(found.after[k]),
                "before_best": _ratio(found.before_best[k]),
                "after_best": _ratio(found.after_best[k]),
            }
            for k in order
        ]

    gained = float(hectares[found.gained].sum())
    families = float(families_by_area(connection, codes[found.gained].tolist()).sum()) if found.gained.any() else 0.0
    cost = kept.scenario.cost_usd
    return {
        "works": [{"name": work.name, "cost_usd": work.cost_usd} for work in kept.scenario.works],
        "changes": [edit._asdict() for edit in alteration.edits],
        "land": alteration.land.report,
        "areas": len(codes),
        "areas_known": int((~found.unknown).sum()),
        "unknown": told_of(found.unknown),
        "gain": {
            "areas": told_of(found.gained),
            "area_ha": round(gained, 2),
            "area_ha_best": round(float(hectares[found.gained_best].sum()), 2),
            "families": banded(families),
            "delivered_m3": _volume(found.delivered_m3),
            "lost_m3": _volume(found.lost_m3),
            "head_m3": _volume(found.head_m3),
        },
        "cost_usd": cost,
        "usd_per_ha": round(cost / gained, 2) if gained > 0 and cost > 0 else None,
        "usd_per_family": _per_family(cost, families),
        "harm": {
            "areas": told_of(found.harmed),
            "below": told_of(found.lost),
            "below_ha": round(float(hectares[found.lost].sum()), 2),
            **_near_lined(connection, alteration, stored),
        },
    }


def _ratio(value: float) -> float | None:
    return None if np.isnan(value) else float(cut_ratio(np.float64(value)))


def _volume(value: float) -> int | None:
    return None if np.isnan(value) else round(value)


def _per_family(cost: float, families: float) -> list[float] | None:
    """Least and most that a family costs, as far as their number is told; None where fewer than ten gain."""
    if families < BAND or not cost > 0:
        return None
    low = families // BAND * BAND
    return [round(cost / (low + BAND - 1), 2), round(cost / low, 2)]


def _near_lined(connection: Connection, alteration: Alteration, stored: StoredNetwork) -> Found:
    """Wells, springs and drinking water near reaches that are lined; None where nobody has mapped any."""
    lined = alteration.lined()
    if not lined:
        return {"lined": [], "wells": [], "springs": [], "drinking_water": []}
    shapes = stored.reaches.geometry[np.isin(stored.reaches.code, lined)]

    def near(frame: Any) -> list[str] | None:
        if not len(frame):
            return None
        tree = shapely.STRtree(frame.geometry.to_numpy())
        rows = np.unique(tree.query(shapes, predicate="dwithin", distance=NEAR_M)[1])
        return sorted(str(frame["code"].iloc[row]) for row in rows)

    sources = read_layer(connection, Intake, as_of(Intake, None), ("code", "source"))
    services = read_layer(connection, Service, as_of(Service, None), ("code", "kind"))
    return {
        "lined": lined,
        "wells": near(read_layer(connection, Well, as_of(Well, None), ("code",))),
        "springs": near(sources[sources["source"] == "spring"]),
        "drinking_water": near(services[services["kind"] == "drinking_water"]),
    }


# -- rows by period -------------------------------------------------------------------------------------------


def _area_rows(sides: list[Side], part: Cut, periods: Periods) -> pd.DataFrame:
    seconds = periods.days * SECONDS_PER_DAY
    columns: dict[str, Any] = {}
    for ending, side in zip(("", "_with"), sides, strict=True):
        columns[f"counts{ending}"] = side.season
        columns[f"need{ending}_m3_s"] = side.fields.need_m3 / seconds
        columns[f"delivered{ending}_m3_s"] = side.balance.delivered_m3.worst / seconds
        columns[f"ratio{ending}"] = side.balance.ratio.worst
        columns[f"ratio_best{ending}"] = side.balance.ratio.best
    return _by_period("area", part.fields.code, columns, periods)


def _reach_rows(sides: list[Side], parts: tuple[Cut, Cut], periods: Periods) -> pd.DataFrame:
    seconds = periods.days * SECONDS_PER_DAY
    columns: dict[str, Any] = {}
    codes = parts[1].reaches.code  # has those that are dug
    for ending, side, part in zip(("", "_with"), sides, parts, strict=True):
        along = sum_reaches(part.reaches, part.network, part.fields, side.balance)
        here = np.isin(codes, part.reaches.code)
        for name, found in (("flow", along.taken_m3.worst), ("lost", along.lost_m3.worst)):
            values = np.full((len(codes), len(seconds)), np.nan)
            values[here] = found / seconds
            columns[f"{name}{ending}_m3_s"] = values
    return _by_period("reach", codes, columns, periods)


def _on_maps(
    sides: list[Side], parts: tuple[Cut, Cut], periods: Periods
) -> dict[type[Layer], tuple[pd.DataFrame, pd.DataFrame]]:
    areas = [rows_of_areas(side.fields, side.balance, periods) for side in sides]
    reaches = [
        rows_of_reaches(part.reaches, sum_reaches(part.reaches, part.network, part.fields, side.balance), periods)
        for side, part in zip(sides, parts, strict=True)
    ]
    return {AreaBalance: (areas[0], areas[1]), ReachBalance: (reaches[0], reaches[1])}


def _by_month(side: Side, choice: Choice, periods: Periods) -> pd.DataFrame:
    found = tell_months(side.balance.ratio, side.fields.need_m3, periods)
    return found.assign(code=side.fields.code.astype(object), year_type=choice.year, rule=choice.rule)


def _by_period(name: str, codes: NDArray[np.str_], columns: dict[str, Any], periods: Periods) -> pd.DataFrame:
    count, span = len(codes), len(periods.days)
    return pd.DataFrame(
        {
            name: np.repeat(codes.astype(object), span),
            "month": np.tile(periods.month, count),
            "part": np.tile(periods.part, count),
            **{title: values.ravel() for title, values in columns.items()},
        }
    )
