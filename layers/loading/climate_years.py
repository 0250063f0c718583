"""Years of the climate of districts: every month once, the nights no warmer than the days."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sqlalchemy import Connection, Row

from layers.catalogue.supply import ClimateMonth
from layers.loading.file_rows import Loaded, rows_now
from layers.loading.flow_years import MONTHS, YEARS
from layers.records.phrases import Listed, Told, told


def check_climate(connection: Connection, loaded: Loaded) -> list[Told]:
    """Climate of districts: a kind of year has every month once, and minima at or below maxima."""
    years: dict[tuple[str, str], dict[int, Row[Any]]] = defaultdict(dict)
    rows = rows_now(connection, ClimateMonth, "district", "year_type", "month", "tmin_c", "tmax_c")
    for row in sorted(rows, key=lambda row: loaded.row_of(row.code) or 0):
        there = years[row.district, row.year_type]
        if row.month in there and (loaded.has(row) or loaded.has(there[row.month])):
            reason = told(
                "one row expected for district '{code}' in month {month} of a {year}, row {other} is another",
                code=row.district,
                month=str(row.month),
                year=YEARS[row.year_type],
                other=there[row.month].code,
            )
            raise loaded.refuse(row.code if loaded.has(row) else there[row.month].code, "month", reason)
        there[row.month] = row
        if loaded.has(row) and row.tmin_c is not None and row.tmax_c is not None and row.tmin_c > row.tmax_c:
            raise loaded.refuse(row.code, "tmax_c", told("at least tmin_c expected"))
    for (district, year), there in years.items():
        mine = [row for row in there.values() if loaded.has(row)]
        lacking = [str(month) for month in MONTHS if month not in there]
        if mine and lacking:
            reason = told(
                "all months of a {year} expected for district '{code}', {months} missing",
                year=YEARS[year],
                code=district,
                months=Listed(lacking, 0),
            )
            raise loaded.refuse(mine[0].code, "month", reason)
    return []
