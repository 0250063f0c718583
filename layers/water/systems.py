"""What a balance needs of what is stored: reaches as water finds them, what intakes offer, what areas ask for."""

from __future__ import annotations

import re
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import Connection, and_

from geo.water.balance import Beds, Fields, Offers
from geo.water.need.climate_table import PeriodClimate
from geo.water.need.periods import MONTH_DAYS, Periods
from geo.water.network.conveyance import HOURS_PER_DAY, PUMP_AVAILABILITY, pump_limit
from geo.water.network.joints import rows_of
from layers.catalogue.irrigation import Canal, CommandArea, Outlet
from layers.catalogue.supply import Intake, IntakeFlow, Pump
from layers.frames.around import Alter, as_of, as_stored, read_layer
from layers.water.needs import Among, Asked, find_needs
from layers.water.networks import StoredNetwork, read_network

Floats = NDArray[np.float64]

RIVER_SHARE = 0.10  # share of its flow that stays in a river where nothing is said; domain reference 6.5


class Systems(NamedTuple):
    """The network that is stored, and what ``geo.water.balance.find_balance`` asks of it.

    season : bool (areas, periods), an area needs at least a twentieth of the need of its year. edition : of the crops.
    needs : what ``layers.water.needs.find_needs`` says of the same areas and periods.
    """

    stored: StoredNetwork
    beds: Beds
    offers: Offers
    fields: Fields
    season: NDArray[np.bool_]
    edition: str
    needs: pd.DataFrame


SEASON_SHARE = 0.05  # share of the need of a year from which a period counts; default to calibrate


def read_systems(
    connection: Connection,
    climate: PeriodClimate | None,
    asked: Asked,
    *,
    stored: StoredNetwork | None = None,
    alter: Alter = as_stored,
    needs: pd.DataFrame | None = None,
) -> Systems:
    """Return the canals, intakes and command areas that are stored now, for a kind of year.

    Parameters
    ----------
    connection : reads what computing needs.
    climate : of the periods, one for all areas; None: that on record.
    asked : how the need is found.
    stored : the network, where it was read before.
    alter : what rows are to be read as, where a scenario has others; ``stored`` was read by the same.
    needs : of all areas, where they were found before and ``alter`` changes neither areas nor their crops.

    Returns
    -------
    Systems

    Raises
    ------
    NotFound : no canal or no command area is mapped.
    """
    stored = read_network(connection, alter=alter) if stored is None else stored
    periods = asked.periods
    pumps = alter(Pump, read_layer(connection, Pump, as_of(Pump, None)))
    needs = find_needs(connection, Among(), climate, asked, alter) if needs is None else needs
    fields = _fields(connection, stored, needs, periods, alter)
    year = np.nansum(fields.need_m3, axis=1, keepdims=True)
    season = (fields.need_m3 > 0) & (fields.need_m3 >= SEASON_SHARE * year)
    canals = alter(Canal, read_layer(connection, Canal, as_of(Canal, None)))
    beds = _beds(canals, stored, pumps, periods)
    flows = read_layer(connection, IntakeFlow, and_(as_of(IntakeFlow, None), IntakeFlow.year_type == asked.year))
    offers = _offers(connection, stored, pumps, periods, alter(IntakeFlow, flows))
    return Systems(stored, beds, offers, fields, season, str(needs["crop_table"].iloc[0]), needs)


def _numbers(frame: pd.DataFrame, name: str) -> Floats:
    return np.asarray(pd.to_numeric(frame[name], errors="coerce"), dtype=np.float64)


def _words(frame: pd.DataFrame, name: str) -> NDArray[np.str_]:
    return np.array(["unknown" if pd.isna(value) else str(value) for value in frame[name]], dtype=str)


def _beds(canals: gpd.GeoDataFrame, stored: StoredNetwork, pumps: gpd.GeoDataFrame, periods: Periods) -> Beds:
    count, span = len(canals), len(periods.days)
    pump, stages = np.full((count, span), np.inf), np.zeros(count)
    for row, here in _by_place(pumps, "reach", stored.reaches.code):
        pump[row] = sum(
            pump_limit(flow, hours, availability)
            for flow, hours, availability in zip(
                _numbers(here, "flow_m3_s"),
                _hours(here, periods),
                _numbers(here, "availability"),
                strict=True,
            )
        )
        stages[row] = _numbers(here, "stages").max()  # of several the worst; of one nobody knows, none is known
    return Beds(
        lining=_words(canals, "lining"),
        soil=_words(canals, "soil"),
        condition=_numbers(canals, "condition"),
        measured=_numbers(canals, "conveyance"),
        capacity_m3_s=_numbers(canals, "capacity_m3_s"),
        pump=pump,
        stages=stages,
    )


def _by_place(pumps: gpd.GeoDataFrame, field: str, codes: NDArray[np.str_]) -> list[tuple[int, pd.DataFrame]]:
    """Pumps at each reach or intake, by its row."""
    rows = {code: row for row, code in enumerate(codes.tolist())}
    named = pumps[pumps[field].notna()]
    return [(rows[str(code)], here) for code, here in named.groupby(field) if str(code) in rows]


def _hours(pumps: pd.DataFrame, periods: Periods) -> list[Floats]:
    """Hours a day in each period; NaN where nothing that can be read is on record."""
    found = []
    for text in pumps["hours"]:
        parts = [] if pd.isna(text) else re.split(r"[\s,;]+", str(text).strip())
        try:
            hours = np.array([float(part) for part in parts])
        except ValueError:
            hours = np.empty(0)
        by_month = np.full(12, hours[0]) if len(hours) == 1 else hours if len(hours) == 12 else np.full(12, np.nan)
        found.append(by_month[periods.month - 1])
    return found


def _offers(
    connection: Connection, stored: StoredNetwork, pumps: gpd.GeoDataFrame, periods: Periods, rows: gpd.GeoDataFrame
) -> Offers:
    intakes = read_layer(connection, Intake, as_of(Intake, None))
    count, span = len(intakes), len(periods.days)
    table: dict[tuple[str, int, int], float] = {
        (str(intake), int(month), int(part)): flow
        for intake, month, part, flow in zip(
            rows["intake"], rows["month"], rows["part"], _numbers(rows, "flow_m3_s"), strict=True
        )
    }
    flow = np.full((count, span), np.nan)
    for row, code in enumerate(stored.intakes.code.tolist()):
        for p, (month, part) in enumerate(zip(periods.month.tolist(), periods.part.tolist(), strict=True)):
            flow[row, p] = _flow_of(table, code, month, part)
    pump, runs, stages = np.full((count, span), np.inf), np.ones((count, span)), np.zeros(count)
    unseen = np.array([source == "pump" for source in intakes["source"]])
    for row, here in _by_place(pumps, "intake", stored.intakes.code):
        unseen[row] = False
        lifts = _numbers(here, "flow_m3_s")
        works = np.where(np.isnan(_numbers(here, "availability")), PUMP_AVAILABILITY, _numbers(here, "availability"))
        share = np.array(_hours(here, periods)) / HOURS_PER_DAY * works[:, None]
        total = lifts.sum()
        pump[row] = total
        runs[row] = (lifts[:, None] * share).sum(axis=0) / total if total > 0 else 0.0
        stages[row] = _numbers(here, "stages").max()
    pump[unseen] = np.nan  # it is pumped, and nobody knows how much
    share = _numbers(intakes, "river_share")
    drinking = _numbers(intakes, "drinking_m3_d")
    return Offers(
        flow_m3_s=flow,
        right_m3_s=_numbers(intakes, "right_m3_s"),
        river_share=np.where(np.isnan(share), RIVER_SHARE, share),
        drinking_m3_d=np.nan_to_num(drinking),
        pump=pump,
        runs=runs,
        stages=stages,
    )


def _flow_of(table: dict[tuple[str, int, int], float], intake: str, month: int, part: int) -> float:
    """Flow of a period: as it is planned, of a ten-day part that of its month, of a month the mean of its parts."""
    given = table.get((intake, month, part), table.get((intake, month, 0)))
    if given is not None or part:
        return np.nan if given is None else given
    parts = [table.get((intake, month, k), np.nan) for k in (1, 2, 3)]
    days = np.array([10, 10, MONTH_DAYS[month - 1] - 20])
    return float((np.array(parts) * days).sum() / days.sum())


def _fields(
    connection: Connection, stored: StoredNetwork, needs: pd.DataFrame, periods: Periods, alter: Alter
) -> Fields:
    areas = read_layer(connection, CommandArea, as_of(CommandArea, None), ("code", "garden_ha"))
    outlets = alter(Outlet, read_layer(connection, Outlet, as_of(Outlet, None), ("code", "capacity_m3_s")))
    span = len(periods.days)
    need = _numbers(needs, "gross_m3").reshape(-1, span)
    land = _numbers(needs, "land_ha").reshape(-1, span)[:, 0]
    gardens = np.nan_to_num(_numbers(areas, "garden_ha"))
    return Fields(
        need_m3=need,
        garden_m3=need * np.clip(gardens / land, 0.0, 1.0)[:, None],
        area_ha=land,
        code=stored.areas,
        outlet_area=rows_of(stored.areas, stored.outlets.area),
        outlet_m3_s=_numbers(outlets, "capacity_m3_s"),
        days=periods.days,
    )
