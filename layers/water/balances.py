"""Water balances of the stored network: made, stored and published in one transaction, or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import Connection, func, insert, select

from geo.geometry.crs import STORED_CRS, to_stored
from geo.water.along_reaches import AlongReaches, sum_reaches
from geo.water.balance import Balance, find_balance
from geo.water.irrigation import SECONDS_PER_DAY
from geo.water.need.periods import Periods, periods_of_year
from geo.water.need.rain import RAIN_METHODS
from geo.water.sharing.equity import gini, head_tail_ratio, rate_deliveries, thirds_by_distance
from layers.catalogue.balances import AreaBalance, ReachBalance
from layers.catalogue.irrigation import CommandArea
from layers.errors import DataRefused
from layers.frames.around import as_of, read_layer
from layers.loading import load_frame
from layers.loading.replacement import EndingLimits
from layers.records.balances import INPUTS, BalanceArea, BalanceReach, WaterBalance
from layers.records.loads import Load
from layers.records.open_load import LOADS_LOCK
from layers.records.undos import read_undos
from layers.water.layer_rows import rows_of_areas, rows_of_reaches
from layers.water.needs import Asked
from layers.water.systems import Systems, read_systems

Floats = NDArray[np.float64]

SOURCE = "Water balance"


class Made(NamedTuple):
    """A balance that was stored: its number, what it counted, and why networks are left out."""

    balance_id: int
    counts: dict[str, Any]
    left_out: list[str]
    equity: dict[str, dict[str, float | None]]


@dataclass(frozen=True, slots=True)
class Listed:
    """A stored balance. state : published, earlier or draft. taken_back : a load it was made from was undone since."""

    balance_id: int
    made_at: datetime
    year_type: str
    rule: str
    split: str
    state: str
    as_of_load: int
    code_version: str
    crop_table: str
    taken_back: bool


def make_balance(connection: Connection, *, year: str, rule: str, by: str, draft: bool, code: str) -> Made:
    """Compute the balance of all networks and store it, published unless it is a draft.

    It takes the place of the published balance of its own year and rule; those of others stay published beside it.

    Parameters
    ----------
    connection : in a transaction that writes; loads wait until it ends.
    year : dry, normal or wet.
    rule : of sharing.
    by : month or decade.
    draft : for staff only; the layers stay as they are.
    code : version and digest of the science.

    Returns
    -------
    Made : what was stored.

    Raises
    ------
    NotFound : no canal or no command area is mapped.
    DataRefused : no ratio at all is known.
    """
    connection.execute(select(func.pg_advisory_xact_lock(LOADS_LOCK)))
    last = int(connection.execute(select(func.coalesce(func.max(Load.load_id), 0))).scalar_one())
    periods = periods_of_year(by)
    systems = read_systems(connection, None, Asked(year, periods, RAIN_METHODS[0], None))
    stored, fields = systems.stored, systems.fields
    found = find_balance(stored.reaches, stored.network, systems.beds, systems.offers, fields, rule)
    ratio = found.ratio
    if np.isnan(ratio.worst).all():
        raise DataRefused(f"No ratio of any command area is known in a {year} year: {_why(systems)}.")
    areas = systems.needs.iloc[:: len(periods.days)].reset_index(drop=True)
    left_out = [fault.sentence for fault in stored.faults() if fault.matters]
    counts: dict[str, Any] = {
        **stored.counts(),
        "areas": len(areas),
        "areas_known": int((~np.isnan(ratio.worst)).any(axis=1).sum()),
        "areas_between": int((ratio.best - ratio.worst > 1e-9).any(axis=1).sum()),
        "areas_left_out": int(np.isnan(found.distance_m).sum()),
    }
    equity = _equity(areas, fields.need_m3, found)
    synthetic = is_synthetic(connection)
    made = insert(WaterBalance).values(
        year_type=year,
        rule=rule,
        split=by,
        rain_method=RAIN_METHODS[0],
        crop_table=systems.edition,
        as_of_load=last,
        code_version=code,
        draft=draft,
        synthetic=synthetic,
        counts=counts,
        left_out=left_out,
        equity=equity,
    )
    number = connection.execute(made.returning(WaterBalance.balance_id)).scalar_one()
    along = sum_reaches(stored.reaches, stored.network, fields, found)
    _store(connection, number, areas, systems, found, along, periods)
    if not draft:
        _publish(connection, number, areas, systems, found, along, periods, (year, rule), synthetic=synthetic)
    return Made(number, counts, left_out, equity)


def list_balances(connection: Connection) -> list[Listed]:
    """Return the balances that are stored, the newest first."""
    rows = connection.execute(select(WaterBalance).order_by(WaterBalance.balance_id.desc())).mappings().all()
    shown = set(connection.execute(select(AreaBalance.balance_id).where(as_of(AreaBalance, None)).distinct()).scalars())
    undos = read_undos(connection, INPUTS)
    return [
        Listed(
            row["balance_id"],
            row["made_at"],
            row["year_type"],
            row["rule"],
            row["split"],
            "draft" if row["draft"] else "published" if row["balance_id"] in shown else "earlier",
            row["as_of_load"],
            row["code_version"],
            row["crop_table"],
            undos.reach(row["as_of_load"]),
        )
        for row in rows
    ]


def _why(systems: Systems) -> str:
    gross, offers = systems.needs["gross_m3"], systems.offers
    reasons = systems.needs.loc[gross.isna(), "unknown"]
    if len(reasons) and not (gross > 0).any():
        return str(reasons.iloc[0])
    if np.isnan(offers.flow_m3_s).all():
        return "no flow at an intake is on record"
    if np.isnan(offers.pump * offers.runs).any():
        return "how much a pump lifts and how long it runs is not on record"
    return "no intake leads to an area that has a need"


def _equity(areas: pd.DataFrame, need_m3: Floats, found: Balance) -> dict[str, dict[str, float | None]]:
    """Figures of each canal, by the worst end; of periods in which all its areas are known."""
    canals, delivered = areas["canal"].fillna("").to_numpy(dtype=str), found.delivered_m3.worst
    figures: dict[str, dict[str, float | None]] = {}
    for canal in np.unique(canals):
        rows = np.flatnonzero((canals == canal) & np.isfinite(found.distance_m))
        known = ~np.isnan(delivered[rows]).any(axis=0) & ~np.isnan(need_m3[rows]).any(axis=0)
        asked, got = need_m3[np.ix_(rows, known)], delivered[np.ix_(rows, known)]
        if not canal or not (asked > 0).any():
            continue
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = np.where(asked.sum(axis=1) > 0, got.sum(axis=1) / asked.sum(axis=1), np.nan)
        hectares = areas["land_ha"].to_numpy(dtype=np.float64)[rows]
        thirds = thirds_by_distance(mean, hectares, found.distance_m[rows])
        rated = rate_deliveries(asked, got)
        values = {
            **dict(zip(("head", "middle", "tail"), thirds, strict=True)),
            "head_tail": head_tail_ratio(thirds),
            **rated._asdict(),
            "gini": gini(mean, hectares),
        }
        figures[str(canal)] = {name: round(value, 4) if np.isfinite(value) else None for name, value in values.items()}
    return figures


def is_synthetic(connection: Connection) -> bool:
    """Whether any command area that is mapped now is made up, and with it all that is balanced."""
    made_up = select(func.count()).select_from(CommandArea).join(Load, Load.load_id == CommandArea.load_id)
    return bool(connection.execute(made_up.where(Load.synthetic, as_of(CommandArea, None))).scalar_one())


def _store(
    connection: Connection,
    number: int,
    areas: pd.DataFrame,
    systems: Systems,
    found: Balance,
    along: AlongReaches,
    periods: Periods,
) -> None:
    seconds, stored = periods.days * SECONDS_PER_DAY, systems.stored
    need, delivered = systems.fields.need_m3, found.delivered_m3
    why = systems.needs["unknown"].to_numpy(dtype=object).reshape(need.shape)
    _store_rows(
        connection,
        BalanceArea,
        number,
        {"area": areas["area"].tolist(), "canal": [None if pd.isna(c) else c for c in areas["canal"]]},
        {
            "need_m3_s": need / seconds,
            "delivered_m3_s": delivered.worst / seconds,
            "delivered_best_m3_s": delivered.best / seconds,
            "ratio": found.ratio.worst,
            "ratio_best": found.ratio.best,
            "unknown": np.where(np.isnan(need), why, ""),
        },
        periods,
    )
    _store_rows(
        connection,
        BalanceReach,
        number,
        {"reach": stored.reaches.code.tolist(), "canal": [c or None for c in stored.reaches.canal.tolist()]},
        {
            "need_m3_s": along.need_m3 / seconds,
            "flow_m3_s": along.taken_m3.worst / seconds,
            "flow_most_m3_s": along.taken_m3.best / seconds,
            "lost_m3_s": along.lost_m3.worst / seconds,
            "lost_most_m3_s": along.lost_m3.best / seconds,
            "ratio": along.ratio.worst,
            "ratio_best": along.ratio.best,
        },
        periods,
    )


def _store_rows(
    connection: Connection,
    table: type[BalanceArea] | type[BalanceReach],
    number: int,
    names: dict[str, list[Any]],
    values: dict[str, NDArray[Any]],
    periods: Periods,
) -> None:
    columns = ["balance_id", *names, "month", "part", *values]
    raw: Any = connection.connection.cursor()
    with raw.copy(f"COPY {table.__tablename__} ({', '.join(columns)}) FROM STDIN") as copy:
        for k, own in enumerate(zip(*names.values(), strict=True)):
            for p in range(len(periods.days)):
                cells = [array[k, p] for array in values.values()]
                figures = [None if cell == "" or cell != cell else cell for cell in cells]
                period = (int(periods.month[p]), int(periods.part[p]))
                copy.write_row((number, *own, *period, *(float(f) if isinstance(f, float) else f for f in figures)))


def _publish(
    connection: Connection,
    number: int,
    areas: pd.DataFrame,
    systems: Systems,
    found: Balance,
    along: AlongReaches,
    periods: Periods,
    choice: tuple[str, str],
    *,
    synthetic: bool,
) -> None:
    stored = systems.stored
    base: dict[str, Any] = {"year_type": choice[0], "rule": choice[1], "balance_id": number}
    lands = read_layer(connection, CommandArea, as_of(CommandArea, None), ("code",)).set_index("code")
    of_areas = rows_of_areas(systems.fields, found, periods).assign(canal=areas["canal"], **base)
    of_reaches = rows_of_reaches(stored.reaches, along, periods).assign(**base)
    shapes = {
        AreaBalance: (of_areas, lands.loc[areas["area"].tolist()].geometry.to_numpy()),
        ReachBalance: (of_reaches, stored.reaches.geometry),
    }
    for layer, (frame, outlines) in shapes.items():
        frame["entry"] = frame["code"] + f":{choice[0]}:{choice[1]}"
        load_frame(
            connection,
            layer.__tablename__,
            gpd.GeoDataFrame(frame, geometry=to_stored(outlines), crs=STORED_CRS),
            mode="replace",
            ending=EndingLimits(alike={"year_type": choice[0], "rule": choice[1]}),
            source=f"{SOURCE} {number}",
            synthetic=synthetic,
            file_name=f"balance {number}",
        )
