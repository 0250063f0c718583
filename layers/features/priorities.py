"""Priority for support of a district: by jamoat for everybody, small cells left out; by plot for staff.

Need rests on counts of households, which are for staff only. Below staff only bands leave this module, and none of a
jamoat in which they would rest on fewer households than the audience may be told of.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import ColumnElement, Connection, func, select

from geo.programme.disclosure import PARTNER_CELL, PUBLIC_CELL
from geo.programme.priority import NOTE, Priority, band, by_area, need_index, priority, too_few
from layers.catalogue.admin import Jamoat, JamoatHouseholds
from layers.catalogue.base import PARTNER, PUBLIC, STAFF, Audience
from layers.catalogue.land import Plot
from layers.records.rows_of_run import of_run
from layers.records.runs import suitability

LANGUAGES = ("tg", "ru", "en")
SMALLEST_CELL = {PUBLIC: PUBLIC_CELL, PARTNER: PARTNER_CELL, STAFF: 0}  # households; domain reference section 8
DIGITS = 3  # decimals of a priority and its parts


@dataclass(frozen=True, slots=True)
class Statistics:
    """Programme statistics of the jamoats of a district, as staff have them.

    frame : code, names, households, households_led_by_women, need (index 0-1, NaN unknown), one row per jamoat.
    """

    frame: pd.DataFrame

    def need_of(self, jamoats: pd.Series[Any]) -> Any:
        """Return the need of each plot by its jamoat's code, float64 (n,), NaN unknown."""
        return jamoats.map(self.frame.set_index("code")["need"]).to_numpy(dtype=np.float64, na_value=np.nan)


def priority_by_jamoat(connection: Connection, district: str, run_id: int, audience: Audience) -> list[dict[str, Any]]:
    """Return the priority of each jamoat of a district as ``audience`` may see it, on a connection to compute with.

    ``lowest`` and ``highest`` are the bands the unknown values allow, ``band`` the one that is certain; all None where
    ``suppressed``. Plots in no jamoat have the code None. Staff also get the numbers and the counts behind them.
    """
    plots, statistics = _plots(connection, district, run_id), _statistics(connection, district)
    found = _priority(plots, statistics)
    codes = sorted({*plots["jamoat"], *statistics.frame["code"]} - {""})
    places = [*codes, ""] if (plots["jamoat"] == "").any() else codes
    place = plots["jamoat"].map({code: number for number, code in enumerate(places)}).to_numpy(dtype=np.int64)
    area_ha = plots["area_ha"].to_numpy(dtype=np.float64)
    low, high = by_area(found, area_ha, place, len(places))
    counted, hectares = np.bincount(place, minlength=len(places)), np.bincount(place, area_ha, len(places))
    rows = statistics.frame.set_index("code").reindex(places)
    known = rows["need"].notna().to_numpy()
    counts = rows[["households", "households_led_by_women"]].fillna(0).to_numpy(dtype=np.int64)
    few = known & too_few(counts[:, 0], counts[:, 1], SMALLEST_CELL[audience])
    empty = np.isnan(low)
    answers = []
    for k, (code, row) in enumerate(zip(places, rows.to_dict("records"), strict=True)):
        hidden = bool(few[k] or empty[k])
        ends = None if hidden else [str(end) for end in band(np.array([low[k], high[k]]))]
        need = None if hidden or not known[k] else str(band(np.array([float(row["need"])]))[0])
        answer = {
            "jamoat": code or None,
            "names": {lang: row[f"name_{lang}"] if known_text(row[f"name_{lang}"]) else None for lang in LANGUAGES},
            "plots": int(counted[k]),
            "area_ha": round(float(hectares[k]), 2),
            "band": ends[0] if ends is not None and ends[0] == ends[1] else None,
            "lowest": None if ends is None else ends[0],
            "highest": None if ends is None else ends[1],
            "need": need,
            "need_known": bool(known[k]),
            "suppressed": bool(few[k]),
        }
        if audience is STAFF:
            answer |= {
                "priority_low": shown(low[k]),
                "priority_high": shown(high[k]),
                "need_index": shown(float(row["need"])),
                "households": int(counts[k, 0]) if known[k] else None,
                "households_led_by_women": int(counts[k, 1]) if known[k] else None,
            }
        answers.append(answer)
    return answers


def priority_by_plot(
    connection: Connection, district: str, run_id: int, *, limit: int | None = None, plot_no: int | None = None
) -> list[dict[str, Any]]:
    """Return the priority of plots of a district, the highest certain one first; for staff, whose connection it takes.

    ``settle_first``: there is no right or a dispute is open; nothing is to be put into the plot before it is settled.
    """
    plots = _plots(connection, district, run_id, plot_no, _UNSETTLED)
    found = _priority(plots, _statistics(connection, district))
    numbers, rows = plots["plot_no"].to_numpy(dtype=np.int64), plots.to_dict("records")
    order = np.lexsort((numbers, -found.high, -found.low))[:limit]
    return [
        {
            "plot_id": rows[k]["plot_id"],
            "plot_no": int(numbers[k]),
            "jamoat": rows[k]["jamoat"] or None,
            "priority_low": shown(found.low[k]),
            "priority_high": shown(found.high[k]),
            "potential": shown(found.potential[k]),
            "improvement": shown(found.improvement[k]),
            "need": shown(found.need[k]),
            "settle_first": bool(rows[k]["unsettled"]),
        }
        for k in order
    ]


def plot_priority(connection: Connection, district: str, run_id: int, plot_id: str) -> dict[str, Any]:
    """Return the priority of one plot that a run scored, with what it is made of; for staff."""
    number = connection.execute(select(Plot.plot_no).where(Plot.plot_id == plot_id, Plot.ended_by.is_(None))).scalar()
    (found,) = priority_by_plot(connection, district, run_id, plot_no=number)
    return {**found, "note": NOTE}


def shown(value: float) -> float | None:
    """Return a number as it is shown, None unknown."""
    return None if np.isnan(value) else round(float(value), DIGITS)


def known_text(value: object) -> bool:
    """Return whether a value is a text."""
    return isinstance(value, str)


def _priority(plots: pd.DataFrame, statistics: Statistics) -> Priority:
    scores = {name: plots[name].to_numpy(dtype=np.float64, na_value=np.nan) for name in ("score", "potential_score")}
    shut = (plots["potential_class"] == "N2").to_numpy() & np.isnan(scores["potential_score"])
    return priority(scores["score"], scores["potential_score"], shut, statistics.need_of(plots["jamoat"]))


_UNSETTLED = func.coalesce((Plot.right_class == "O12") | (Plot.disputes > 0), False).label("unsettled")  # for staff


def _plots(
    connection: Connection, district: str, run_id: int, plot_no: int | None = None, *further: ColumnElement[Any]
) -> pd.DataFrame:
    """Current plots of a district with what their run found of each, and ``further``; jamoat '' = none recorded."""
    result = suitability.c
    statement = (
        select(
            Plot.plot_id,
            Plot.plot_no,
            func.coalesce(Plot.jamoat, ""),
            result.area_ha,
            result.score,
            result.potential_score,
            result.potential_class,
            *further,
        )
        .join(suitability, (result.plot_no == Plot.plot_no) & of_run(connection, run_id))
        .where(Plot.district == district, result.district == district, Plot.ended_by.is_(None))
    )
    if plot_no is not None:
        statement = statement.where(Plot.plot_no == plot_no)
    columns = ["plot_id", "plot_no", "jamoat", "area_ha", "score", "potential_score", "potential_class"]
    columns += [item.key for item in further if item.key is not None]
    return pd.DataFrame(connection.execute(statement).all(), columns=columns)


def _statistics(connection: Connection, district: str) -> Statistics:
    names, counts = [Jamoat.code, *(getattr(Jamoat, f"name_{lang}") for lang in LANGUAGES)], JamoatHouseholds
    statement = (
        select(*names, counts.households, counts.households_led_by_women)
        .outerjoin(counts, (counts.code == Jamoat.code) & counts.ended_by.is_(None))
        .where(Jamoat.district == district, Jamoat.ended_by.is_(None))
    )
    columns = ["code", *(f"name_{lang}" for lang in LANGUAGES), "households", "households_led_by_women"]
    frame = pd.DataFrame(connection.execute(statement).all(), columns=columns)
    counted = [pd.to_numeric(frame[name]).to_numpy(dtype=np.float64, na_value=np.nan) for name in columns[-2:]]
    return Statistics(frame.assign(need=need_index(*counted)))
