"""Years of flows at intakes: periods whole and once, drier below wetter, no litres in a column of cubic metres."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row

from geo.crops.season import IRRIGATION_MONTHS
from layers.catalogue.supply import YEAR_TYPES, Intake, IntakeFlow
from layers.loading.file_rows import Loaded, codes_now, digits_of, require_duty, rows_now
from layers.loading.land_served import land_served_ha
from layers.records.phrases import Listed, Told, told

MONTHS = range(1, 13)
PARTS = (1, 2, 3)  # ten-day parts of a month; 0 is all of it
YEARS = {"dry": told("dry year"), "normal": told("normal year"), "wet": told("wet year")}
NAMED = 6  # things spelled out in a refusal


def check_flows(connection: Connection, loaded: Loaded) -> list[Told]:
    """Flows of intakes: periods whole and once, years in order, no litres in a column of cubic metres."""
    known = codes_now(connection, Intake)
    by_intake: dict[str, list[Row[Any]]] = defaultdict(list)
    for row in rows_now(connection, IntakeFlow, "intake", "year_type", "month", "part", "flow_m3_s"):
        by_intake[row.intake].append(row)
    touched = {intake: rows for intake, rows in by_intake.items() if any(loaded.has(row) for row in rows)}
    for intake, rows in touched.items():
        mine = sorted((row for row in rows if loaded.has(row)), key=lambda row: loaded.row_of(row.code) or 0)
        if intake not in known:
            raise loaded.refuse(
                mine[0].code, "intake", told("an intake that is mapped expected, got '{code}'", code=intake)
            )
        _require_one_split(loaded, intake, rows, mine)
        _require_periods(loaded, intake, rows, mine)
        if not loaded.accept_disorder:
            _require_order(loaded, rows)
    served = land_served_ha(connection)
    without = [intake for intake in touched if not served.get(intake, 0.0) > 0]
    for intake, rows in touched.items():
        if intake not in without:
            _require_flow_for_land(loaded, rows, served[intake])
    return _unheld(without)


def _require_one_split(loaded: Loaded, intake: str, rows: Sequence[Row[Any]], mine: Sequence[Row[Any]]) -> None:
    by_ten_days = {row.part > 0 for row in rows}
    if len(by_ten_days) > 1:
        # The first row of the file says what is meant; a file all of one kind goes against what is stored.
        first = mine[0].part > 0
        odd = next((row for row in mine if (row.part > 0) != first), mine[0])
        reason = told("months or ten-day parts expected for intake '{code}', not both", code=intake)
        raise loaded.refuse(odd.code, "part", reason)


def _require_periods(loaded: Loaded, intake: str, rows: Sequence[Row[Any]], mine: Sequence[Row[Any]]) -> None:
    years: dict[str, dict[tuple[int, int], str]] = defaultdict(dict)
    for row in sorted(rows, key=lambda row: loaded.row_of(row.code) or 0):
        period = row.month, row.part
        if period in years[row.year_type]:
            reason = told(
                "one row expected for intake '{code}' in month {month} of a {year}, row {other} is another",
                code=intake,
                month=_period(period),
                year=YEARS[row.year_type],
                other=years[row.year_type][period],
            )
            raise loaded.refuse(row.code, "part" if row.part else "month", reason)
        years[row.year_type][period] = row.code
    parts = PARTS if rows[0].part else (0,)
    for year, there in years.items():
        season = {month for month, _ in there} <= set(IRRIGATION_MONTHS)
        months = IRRIGATION_MONTHS if season else MONTHS
        lacking = [(month, part) for month in months for part in parts if (month, part) not in there]
        if lacking:
            named = Listed([_period(period) for period in lacking[: 2 * NAMED]], len(lacking) - 2 * NAMED)
            reason = told(
                "all months of a {year}, or of April to September alone, expected for intake '{code}', {months} "
                "missing",
                year=YEARS[year],
                code=intake,
                months=named,
            )
            first = next((row for row in mine if row.year_type == year), mine[0])
            raise loaded.refuse(first.code, "month", reason)


def _period(period: tuple[int, int]) -> str:
    month, part = period
    return f"{month}/{part}" if part else str(month)


def _require_order(loaded: Loaded, rows: Sequence[Row[Any]]) -> None:
    flows = {(row.month, row.part, row.year_type): row for row in rows if row.flow_m3_s is not None}
    for (month, part, year), row in flows.items():
        for wetter in YEAR_TYPES[YEAR_TYPES.index(year) + 1 :]:
            other = flows.get((month, part, wetter))
            if other is None or not (loaded.has(row) or loaded.has(other)):
                continue  # accepted before
            if row.flow_m3_s > other.flow_m3_s:
                reason = told(
                    "{flow} m3/s of a {year} are above the {other} m3/s of a {wetter} in month {month}; less "
                    "expected, or --accept-disorder",
                    flow=digits_of(row.flow_m3_s),
                    year=YEARS[year],
                    other=digits_of(other.flow_m3_s),
                    wetter=YEARS[wetter],
                    month=_period((month, part)),
                )
                raise loaded.refuse((row if loaded.has(row) else other).code, "flow_m3_s", reason)


def _require_flow_for_land(loaded: Loaded, rows: Sequence[Row[Any]], land_ha: float) -> None:
    for row in rows:
        if row.flow_m3_s is not None and loaded.has(row):
            require_duty(loaded, row.code, "flow_m3_s", row.flow_m3_s, land_ha, least=0.0)
    greatest: dict[str, Row[Any]] = {}
    for row in rows:
        best = greatest.get(row.year_type)
        if row.flow_m3_s is not None and (best is None or row.flow_m3_s > best.flow_m3_s):
            greatest[row.year_type] = row
    for row in greatest.values():
        # A source that has run dry is one; the least is asked of the month that has most.
        if row.flow_m3_s > 0:
            require_duty(loaded, row.code, "flow_m3_s", row.flow_m3_s, land_ha)


def _unheld(intakes: Sequence[str]) -> list[Told]:
    if not intakes:
        return []
    message = "Flows were not held against the land they serve, since no command area is joined to intakes {codes}."
    return [told(message, codes=Listed(sorted(intakes)[:NAMED], len(intakes) - NAMED))]
