"""What intakes may give to fields: the river first, then drinking water; and what pumps lift."""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import Connection, and_

from geo.water.need.periods import Periods
from geo.water.network.conveyance import HOURS_PER_DAY, PUMP_AVAILABILITY, fields_supply, pump_limit, stage_conveyance
from layers.catalogue.supply import Intake, IntakeFlow, Pump
from layers.frames.around import as_of, read_layer

Floats = NDArray[np.float64]
RIVER_SHARE = 0.10  # -, of its flow the source keeps where nothing else is on record; domain reference 6.5


class Supplies(NamedTuple):
    """Drinking water and water for fields, float64 (intakes, periods) each, m3/s, NaN unknown."""

    drinking_m3_s: Floats
    fields_m3_s: Floats


def read_supplies(connection: Connection, intakes: list[str], periods: Periods, year: str) -> Supplies:
    """Return what intakes may take, as it is on record now.

    Parameters
    ----------
    connection : reads partner's layers.
    intakes : codes, in the order the result has.
    periods : of the year; a month on record counts for each of its ten-day parts, ten-day parts for their month by
        their days.
    year : dry, normal or wet.

    Returns
    -------
    Supplies : min(pump, supply) x hours / 24 x availability x 0.9 ** stages where the intake is pumped.
    """
    rows = read_layer(connection, Intake, as_of(Intake, None)).set_index("code").reindex(intakes)
    share = _numbers(rows["river_share"])
    flows = read_layer(connection, IntakeFlow, and_(as_of(IntakeFlow, None), IntakeFlow.year_type == year))
    offered = np.array([_of_periods(flows[flows["intake"] == code], periods) for code in intakes])
    offered = offered.reshape(len(intakes), len(periods.days))
    drinking, fields = fields_supply(
        offered,
        _numbers(rows["right_m3_s"])[:, None],
        np.where(np.isnan(share), RIVER_SHARE, share)[:, None],
        np.nan_to_num(_numbers(rows["drinking_m3_d"]))[:, None],
    )
    pumps = read_layer(connection, Pump, as_of(Pump, None))
    fields = fields.copy()
    for k, code in enumerate(intakes):
        own = pumps[pumps["intake"] == code]
        if len(own):
            fields[k] = _lifted(own, fields[k], periods)
        elif rows["source"].iloc[k] == "pump":
            fields[k] = np.nan  # how long it runs is not on record
    return Supplies(drinking, fields)


def read_reach_pumps(connection: Connection, reaches: list[str], periods: Periods) -> tuple[Floats, Floats]:
    """Return what pumps lift onto canal reaches at most, and what is left of it after their lift stages.

    Returns
    -------
    tuple[Floats, Floats] : m3/s (reaches, periods), inf without pumps, NaN unknown; share (reaches,), 1 without.
    """
    most, left = np.full((len(reaches), len(periods.days)), np.inf), np.ones(len(reaches))
    place = {code: k for k, code in enumerate(reaches)}
    pumps = read_layer(connection, Pump, as_of(Pump, None))
    for code, own in pumps[pumps["intake"].isna()].groupby("reach"):
        if code in place:
            flow, hours, works, stages = _pumps(own, periods)
            most[place[str(code)]] = pump_limit(flow[:, None], hours, works[:, None]).sum(axis=0)
            left[place[str(code)]] = np.average(stage_conveyance(stages), weights=flow)
    return most, left


def _lifted(pumps: pd.DataFrame, supply: Floats, periods: Periods) -> Floats:
    """What pumps at one intake bring up."""
    flow, hours, works, stages = _pumps(pumps, periods)
    total = flow.sum()
    if not total > 0:
        return np.full(len(supply), np.nan if np.isnan(total) else 0.0)
    weight = flow / total
    run = (weight[:, None] * hours / HOURS_PER_DAY * works[:, None]).sum(axis=0)
    return np.asarray(np.minimum(total, supply) * run * (weight * stage_conveyance(stages)).sum())


def _pumps(pumps: pd.DataFrame, periods: Periods) -> tuple[Floats, Floats, Floats, Floats]:
    works = _numbers(pumps["availability"])
    hours = np.array([_hours(text, periods) for text in pumps["hours"]]).reshape(len(pumps), len(periods.days))
    works = np.where(np.isnan(works), PUMP_AVAILABILITY, works)
    return _numbers(pumps["flow_m3_s"]), hours, works, _numbers(pumps["stages"])


def _hours(text: object, periods: Periods) -> Floats:
    if text is None or pd.isna(text):  # type: ignore[call-overload]
        return np.full(len(periods.days), np.nan)
    of_months = np.array([float(part) for part in re.split(r"[\s,;]+", str(text).strip())])
    return np.asarray(np.broadcast_to(of_months, (12,))[periods.month - 1])


def _of_periods(rows: pd.DataFrame, periods: Periods) -> Floats:
    """Flow of one intake by period from months or ten-day parts."""
    flow = {
        (int(month), int(part)): float(value)
        for month, part, value in zip(rows["month"], rows["part"], _numbers(rows["flow_m3_s"]), strict=True)
    }
    found = np.full(len(periods.days), np.nan)
    for k, (month, part, days) in enumerate(zip(periods.month, periods.part, periods.days, strict=True)):
        if (month, part) in flow:
            found[k] = flow[month, part]
        elif part:
            found[k] = flow.get((month, 0), np.nan)
        else:
            of_parts = np.array([flow.get((month, p), np.nan) for p in (1, 2, 3)])
            found[k] = float((of_parts * np.array([10, 10, days - 20])).sum() / days)
    return found


def _numbers(column: pd.Series) -> Floats:
    return np.asarray(pd.to_numeric(column, errors="coerce"), dtype=np.float64)
